"""From the arms of a table to comparisons: one row with both arms for each cohort."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..measures.kinds import Measure
from .combining import combine, side_by_side
from .scores import COMPARED, gives, ways

NO_PARTNER = "the other arm has no usable figures"
OTHER_FIGURES = "one arm gives scores after treatment only and the other changes only"
SAME_TIME = ("comparison", "outcome", "scale", "time_basis", "follow_up_months")
SIDES = {"t": "intervention", "c": "control"}


def of_comparisons(
    rows: pd.DataFrame, interventions: Sequence[str], comparators: Sequence[str]
) -> pd.Series[bool]:
    """Which rows are an arm of a comparison between these interventions and these comparators.

    An empty list means no restriction.
    """
    treated = rows["role"] == "intervention"
    control = rows["role"] == "control"
    if interventions:
        treated &= rows["intervention"].isin(interventions)
    if comparators:
        control &= rows["intervention"].isin(comparators)
    both = set(rows.loc[treated, "comparison"]) & set(rows.loc[control, "comparison"])
    inside: pd.Series[bool] = (treated | control) & rows["comparison"].isin(both)
    return inside


def pair(
    rows: pd.DataFrame, outcomes: Sequence[str], measure: Measure
) -> tuple[pd.DataFrame, list[pd.Series]]:
    """The rows with what became of each, and one comparison for each cohort.

    Only rows with stage "enters" are paired: an arm whose partner has no usable figures is set
    aside. Among the comparisons of a cohort that rule is, in this order: a fixed follow-up before
    any other, the longest, the outcome named first, the most people, the first in the table.

    Two arms of scores are compared by their scores after treatment where both arms give a mean and
    a spread of these, whatever else they give; a mean difference, where they do not, by the changes
    from before. Chance makes the two differences alike, so that both may be pooled; a standardised
    difference would divide them by different spreads, and a ratio of changes has no meaning.
    Source: Cochrane Handbook for Systematic Reviews of Interventions, sections 6.5.2.8 and 10.5.2.

    Args:
        rows: rows that bear on a question, with `stage`, `short_reason` and `reason`.
        outcomes: of the question, in its order.
        measure: what the arms are compared by.
    """
    rows = rows.copy()
    same = [name for name in SAME_TIME if name in rows.columns]
    entering = []
    for _, cohort in rows[rows["stage"] == "enters"].groupby("cohort", sort=False):
        pairs = []
        for _, arms in cohort.groupby(same, sort=False, dropna=False):
            if not set(SIDES.values()) <= set(arms["role"]):
                _mark(rows, arms.index, "no partner", NO_PARTNER, NO_PARTNER)
            elif measure.kind == "score" and not any(gives(arms, way) for way in ways(measure)):
                _mark(rows, arms.index, "no partner", NO_PARTNER, OTHER_FIGURES)
            else:
                pairs.append(arms)
        if not pairs:
            continue
        best = min(pairs, key=lambda arms: _rank(arms, outcomes))
        entering.append(_both_arms(best, measure))
        others = [arms.index for arms in pairs if arms is not best]
        short = "another row of the same patients enters"
        for index in others:
            _mark(rows, index, "same patients", short, f"{short}: {' and '.join(best['row_id'])}")
    return rows, entering


def _mark(rows: pd.DataFrame, index: pd.Index, *said: str) -> None:
    for column, text in zip(("stage", "short_reason", "reason"), said, strict=True):
        rows.loc[index, column] = text


def _rank(arms: pd.DataFrame, outcomes: Sequence[str]) -> tuple[bool, float, int, float]:
    first = arms.iloc[0]
    months = -1.0 if pd.isna(first["follow_up_months"]) else float(first["follow_up_months"])
    people = float(arms["total"].sum())
    return first["time_basis"] != "fixed", -months, outcomes.index(first["outcome"]), -people


def _both_arms(arms: pd.DataFrame, measure: Measure) -> pd.Series:
    """One row: the texts of both arms side by side, their figures under `_t` and `_c`."""
    sides = {end: combine(arms[arms["role"] == role]) for end, role in SIDES.items()}
    order = arms["role"].map({role: place for place, role in enumerate(SIDES.values())})
    row = side_by_side(arms.loc[order.sort_values(kind="stable").index])
    row["arm"] = f"{sides['t']['arm']} against {sides['c']['arm']}"
    row["role"] = "comparison"
    figures = _figures(arms, measure)
    row = pd.Series(row.drop(_own_figures(row)))
    for end, side in sides.items():
        for name, column in figures.items():
            row[f"{name}_{end}"] = side[column]
        row[f"intervention_{end}"], row[f"arm_{end}"] = side["intervention"], side["arm"]
    if measure.kind == "score":
        row["compared_by"] = COMPARED[tuple(figures.values())]
        said = [f"{s['arm']}: {s['recovered']}" for s in sides.values() if s["recovered"]]
        row["recovered"] = "; ".join(said)
    return row


def _figures(arms: pd.DataFrame, measure: Measure) -> dict[str, str]:
    """Which column of the table gives each figure of an arm; of scores the best that all give."""
    if measure.kind != "score":
        return {"events": "events", "total": "total"}
    way = next(way for way in ways(measure) if gives(arms, way))
    return dict(zip(("n", "mean", "sd"), way, strict=True))


def _own_figures(row: pd.Series) -> list[str]:
    """The figures of single arms, which a comparison has under other names."""
    own = ("events", "total", "printed_percent", "n", "p_value", "correlation")
    ends = ("_before", "_after", "_change")
    return [name for name in row.index if name in own or str(name).endswith(ends)]
