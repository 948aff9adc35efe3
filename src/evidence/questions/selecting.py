"""Which rows of the table answer a question, and what became of every other one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd

from ..measures.measure import MEASURES
from ..tables.load import Tables
from ..tables.toml import Question, Rows, Window
from .combining import combine
from .pairing import NO_PARTNER, of_comparisons, pair
from .restricting import OVERLAP, RISK, SOURCE, apart, restricted
from .scores import AFTER, INCOMPLETE, lacking, readable_scores

Row = Mapping[Any, Any]
_RANKED = ["arm", "outcome", "time_basis", "follow_up_months", "total"]

STAGES = {
    "excluded": "must not be pooled",
    "follow-up": "outside the question's follow-up",
    "other scale": "measured on another scale",
    "incomplete": INCOMPLETE,
    "source": SOURCE,
    "risk of bias": RISK,
    "no partner": NO_PARTNER,
    "same patients": "another row of the same patients enters",
    "overlap": OVERLAP,
    "enters": "enters the answer",
}
"""What can become of a row that bears on a question, in the order in which it is decided."""


def table_of(question: Question) -> Literal["studies", "scores"]:
    """Which table of the topic answers a question: of counts or of scores."""
    return "scores" if MEASURES[question.measure].kind == "score" else "studies"


def select(question: Question, tables: Tables) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every row that bears on a question with its `stage` and `reason`; and the rows to pool."""
    measure = MEASURES[question.measure]
    studies: pd.DataFrame = getattr(tables, table_of(question))
    bearing = pd.Series(True, index=studies.index)
    for column in ("outcome", "population", "intervention", "design"):
        allowed = getattr(question, f"{column}s")
        if allowed and not (measure.two_arms and column == "intervention"):
            bearing &= studies[column].isin(allowed)
    if measure.two_arms:
        bearing &= of_comparisons(studies, question.interventions, question.comparators)
    rows = studies[bearing].copy()
    if measure.kind == "score":
        rows = readable_scores(rows)
    columns = rows.dtypes.to_dict()
    standing = [_standing(row, question, tables) for row in rows.to_dict("records")]
    rows["stage"], rows["short_reason"], rows["reason"] = (
        zip(*standing, strict=True) if standing else ((), (), ())
    )
    rows = restricted(rows, question)
    if measure.two_arms:
        rows, pairs = pair(rows, question.outcomes, measure)
        names = None if pairs else list(dict.fromkeys([*columns, *measure.needs]))
        entering = pd.DataFrame(pairs, columns=names).reset_index(drop=True)
    else:
        rows, chosen = _one_each(rows, question)
        kept = pd.DataFrame(chosen, columns=list(columns)).astype(columns).reset_index(drop=True)
        alone = {name: kept[after] for name, after in AFTER.items() if name in measure.needs}
        entering = kept.assign(**alone)
    return (rows, entering) if question.overlaps else apart(rows, entering, question, tables)


def _one_each(rows: pd.DataFrame, question: Question) -> tuple[pd.DataFrame, list[pd.Series]]:
    """The rows with what became of each, and one row for each cohort."""
    rows, entering = rows.copy(), []
    for _, cohort in rows[rows["stage"] == "enters"].groupby("cohort", sort=False):
        chosen = _choose(cohort, question)
        entering.append(combine(chosen))
        passed = cohort.index.difference(chosen.index)
        if len(passed):
            short, name = STAGES["same patients"], " and ".join(chosen["row_id"])
            said = ["same patients", short, f"{short}: {name}"]
            rows.loc[passed, ["stage", "short_reason", "reason"]] = said
    return rows, entering


def _standing(row: Row, question: Question, tables: Tables) -> tuple[str, str, str]:
    """Stage, short reason and reason of one row, before the cohorts are compared."""
    if pd.notna(row["exclude_because"]):
        term = tables.term("exclusions", row["exclude_because"])
        return "excluded", term.lower(), str(row["exclude_detail"])
    outside = _outside(row, question)
    if outside:
        return "follow-up", STAGES["follow-up"], outside
    if "scale" in row:
        return _score_standing(row, question, tables)
    return "enters", STAGES["enters"], STAGES["enters"]


def _score_standing(row: Row, question: Question, tables: Tables) -> tuple[str, str, str]:
    """The same for a score: is it on the scale asked for, with every figure that is needed?"""
    if question.scales and row["scale"] not in question.scales:
        wanted = ", ".join(tables.term("scales", key) for key in question.scales)
        found = tables.term("scales", row["scale"])
        return "other scale", STAGES["other scale"], f"scale: {found}; wanted: {wanted}"
    lack = lacking(row, MEASURES[question.measure])
    if lack:
        return "incomplete", INCOMPLETE, lack
    enters, how = STAGES["enters"], row["recovered"]
    if how and not question.recovered:
        return "incomplete", INCOMPLETE, f"only printed figures are wanted; {how}"
    return "enters", enters, f"{enters}; {how}" if how else enters


def _outside(row: Row, question: Rows) -> str:
    """Why a row's follow-up does not fit the question; nothing where it does."""
    if question.time_bases and row["time_basis"] not in question.time_bases:
        return f"follow-up is {row['time_basis']}; wanted: {', '.join(question.time_bases)}"
    window = question.follow_up_months
    if window is None:
        return ""
    months = row["follow_up_months"]
    if pd.isna(months):
        return "" if window.unknown else f"follow-up is not stated; wanted: {_window_text(window)}"
    if window.min <= months <= window.max:
        return ""
    return f"follow-up of {months:g} months; wanted: {_window_text(window)}"


def _window_text(window: Window) -> str:
    if window.max == float("inf"):
        return f"{window.min:g} months or more"
    if window.min == window.max:
        return f"{window.min:g} months"
    return f"{window.min:g} to {window.max:g} months"


def _choose(cohort: pd.DataFrame, question: Question) -> pd.DataFrame:
    """The row of a cohort that enters, or its arms at one time."""
    if len(cohort) == 1:
        return cohort
    ranked = (
        cohort[_RANKED]
        .assign(
            _fixed=cohort["time_basis"] != "fixed",
            _months=-cohort["follow_up_months"].fillna(-1.0),
            _outcome=cohort["outcome"].map(question.outcomes.index),
            _total=-cohort["total"],
            _order=range(len(cohort)),
        )
        .sort_values(["_fixed", "_months", "_outcome", "_total", "_order"])
    )
    best = ranked.iloc[0]
    same = ranked[
        (ranked["time_basis"] == best["time_basis"])
        & (ranked["_months"] == best["_months"])
        & (ranked["outcome"] == best["outcome"])
    ]
    whole = same[same["arm"] == "all"]
    chosen = whole.head(1) if len(whole) else same.drop_duplicates("arm").sort_values("_order")
    return cohort[cohort.index.isin(chosen.index)]
