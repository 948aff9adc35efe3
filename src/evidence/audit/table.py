"""Every check of a topic's tables, in one list of findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pandas as pd

from ..errors import choose
from ..tables.load import Tables
from .arms import ARMS, COMPLEMENT, arms, complements
from .finding import Audit
from .overlaps import CHECK as OVERLAP
from .overlaps import overlaps
from .printed import CHECK as PERCENTAGE
from .printed import printed_percentages
from .references import CHECK as REFERENCE
from .references import references
from .scores import CHECK as SCORE
from .scores import scores
from .statements import CHECK as STATEMENT
from .statements import statements


def audit_tables(tables: Tables, checks: Iterable[str] | None = None) -> list[Audit]:
    """What the checks find in the tables; reviewed findings carry their reviewer's note.

    Args:
        tables: what `load` returned.
        checks: keys of `CHECKS`; all of them by default.

    Raises:
        SynthesisError: a check that is not in `CHECKS`.

    >>> from evidence import load
    >>> [one for one in audit_tables(load()) if one.must_change]
    []
    """
    wanted = CHECKS if checks is None else checks
    found = [one for key in wanted for one in choose(CHECKS, key, "check")(tables)]
    return _acknowledge(found, tables.acknowledged, whole=checks is None)


def _acknowledge(found: list[Audit], reviewed: pd.DataFrame, *, whole: bool) -> list[Audit]:
    """The findings with the reviewers' notes, and a finding for every note that meets none."""
    notes = {(row["subject"], row["check"]): row for row in reviewed.to_dict("records")}
    graver = {(one.subject, one.check) for one in found if one.severity != "ok"}
    stale = [
        Audit(
            "acknowledged", row["subject"], "acknowledges nothing", "error",
            f"no finding of the check {row['check']!r} is left: delete the line",
        )
        for key, row in notes.items()
        if whole and key not in graver
    ]  # fmt: skip
    return stale + [
        replace(one, acknowledged=note["note"], reviewer=note["reviewer"])
        if one.severity != "ok" and (note := notes.get((one.subject, one.check)))
        else one
        for one in found
    ]


CHECKS: dict[str, Callable[[Tables], list[Audit]]] = {
    PERCENTAGE: printed_percentages,
    ARMS: arms,
    COMPLEMENT: complements,
    SCORE: scores,
    REFERENCE: references,
    OVERLAP: overlaps,
    STATEMENT: statements,
}
"""Every check of the tables, by the name that `data/acknowledged.csv` uses."""
