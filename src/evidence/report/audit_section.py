"""The report's section on the audit: claims with their verdicts, findings in the table."""

from __future__ import annotations

import pandas as pd

from ..audit.claims import claim_counts, claim_marks, headline, ledger
from ..audit.finding import audit_frame
from ..audit.table import audit_tables
from ..plots.more_rows import add_claim
from ..plots.rows import forest_rows
from ..questions import Answer
from ..tables.load import Tables


def audit_section(tables: Tables, answers: list[Answer]) -> dict[str, object]:
    """What the page says of the audit.

    Returns:
        `headline` (blank without claims), `counts` and `claims` (the verdicts), `findings` (what is
        wrong or doubtful in the table) and `tests` (how many were made).
    """
    table = ledger(tables, {one.question.key: one for one in answers})
    found = audit_frame(audit_tables(tables))
    return {
        "headline": headline(table) if len(table) else "",
        "counts": claim_counts(table).to_dict("records"),
        "claims": _blank(table[table["verdict"] != "not checkable"]).to_dict("records"),
        "findings": found[found["severity"].isin(["error", "warning"])].to_dict("records"),
        "tests": len(found),
    }


def claimed_rows(found: Answer, tables: Tables) -> pd.DataFrame | None:
    """The rows of a question's forest plot with each claimed value; None where nothing is claimed.

    A question that nothing answers has no plot to mark.
    """
    marks = claim_marks(tables.claims, found.question.key)
    if not marks or found.synthesis.k == 0 or found.synthesis.measure.scale.unit != "%":
        return None
    rows = forest_rows(found.synthesis)
    for label, value in marks:
        rows = add_claim(rows, label, value, found.synthesis)
    return rows


def _blank(table: pd.DataFrame) -> pd.DataFrame:
    plain = table.astype(object)
    return plain.where(plain.notna(), "")
