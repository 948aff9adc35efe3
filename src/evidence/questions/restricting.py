"""What a question asks beyond its terms: where a row was read, its risk of bias, no overlap."""

from __future__ import annotations

import pandas as pd

from ..formatting import plural
from ..measures.measure import MEASURES
from ..tables.checklists import RULES, UNKNOWN, judgements, passing
from ..tables.load import Tables
from ..tables.overlaps import largest_free, people, probable
from ..tables.toml import Question

SOURCE = "not read where the question asks"
RISK = "does not pass the rule on the risk of bias"
OVERLAP = "may share patients with another cohort that enters"
_SAID = ["stage", "short_reason", "reason"]


def restricted(rows: pd.DataFrame, question: Question) -> pd.DataFrame:
    """The rows, those that would enter and were read elsewhere or fail the rule set aside."""
    rows = rows.copy()
    wanted = question.source_types
    if wanted:
        elsewhere = (rows["stage"] == "enters") & ~rows["source_type"].isin(wanted)
        for index, read in rows.loc[elsewhere, "source_type"].items():
            reason = f"read in: {read}; wanted: {', '.join(wanted)}"
            rows.loc[index, _SAID] = ["source", SOURCE, reason]
    rule = question.risk_of_bias
    if rule:
        fails = (rows["stage"] == "enters") & ~passing(rows, rule)
        rows.loc[fails, _SAID[:2]] = ["risk of bias", RISK]
        rows.loc[fails, "reason"] = _faults(rows[fails], rule)
    return rows


def _faults(rows: pd.DataFrame, rule: str) -> list[str]:
    """Why each row fails a rule, by its domains; a row that was not judged is told so."""
    found = judgements(rows)
    bad = found[~found["risk"].isin(RULES[rule])]
    said = (bad["domain"] + " " + bad["risk"]).groupby(bad["place"]).agg(", ".join)
    return [f"risk of bias: {said.get(place, 'not judged')}; wanted: {rule}"
            for place in range(len(rows))]  # fmt: skip


def unjudged(entering: pd.DataFrame, question: Question) -> tuple[str, ...]:
    """A caution where a rule on the risk of bias let cohorts in that were not fully judged."""
    if not question.risk_of_bias or entering.empty:
        return ()
    found = judgements(entering)
    known = found[found["risk"] != UNKNOWN].groupby("place").size()
    whole = found.groupby("place").size()
    open_ = len(entering) - int((known.reindex(whole.index) == whole).sum())
    return (
        (f"risk of bias: {open_} of {plural(len(entering), 'cohort')} not judged in every domain",)
        if open_
        else ()
    )


def apart(
    rows: pd.DataFrame, entering: pd.DataFrame, question: Question, tables: Tables
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows and cohorts to pool without any two that may share patients; the most people stay."""
    rows, pairs = rows.copy(), probable(tables)
    weights = people(entering, MEASURES[question.measure].needs)
    pairs = {pair: why for pair, why in pairs.items() if set(pair) <= set(weights)}
    chosen = largest_free(weights, pairs.keys())
    for pair, why in pairs.items():
        for one, other in (pair, pair[::-1]):
            if one not in chosen and other in chosen:
                out = (rows["cohort"] == one) & (rows["stage"] == "enters")
                reason = f"may share patients with {other}, which enters: {why}"
                rows.loc[out, _SAID] = ["overlap", OVERLAP, reason]
    kept = entering["cohort"].isin(chosen)
    return rows, entering[kept].reset_index(drop=True)
