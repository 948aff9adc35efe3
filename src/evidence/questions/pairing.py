"""From the arms of a table to comparisons: one row with both arms for each cohort."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from .combining import combine

NO_PARTNER = "the other arm has no usable count"
SAME_TIME = ["comparison", "outcome", "time_basis", "follow_up_months"]


def of_comparisons(
    studies: pd.DataFrame, interventions: Sequence[str], comparators: Sequence[str]
) -> pd.Series[bool]:
    """Which rows are an arm of a comparison between these interventions and these comparators.

    An empty list means no restriction.
    """
    treated = studies["role"] == "intervention"
    control = studies["role"] == "control"
    if interventions:
        treated &= studies["intervention"].isin(interventions)
    if comparators:
        control &= studies["intervention"].isin(comparators)
    both = set(studies.loc[treated, "comparison"]) & set(studies.loc[control, "comparison"])
    return (treated | control) & studies["comparison"].isin(both)


def pair(rows: pd.DataFrame, outcomes: Sequence[str]) -> tuple[pd.DataFrame, list[pd.Series]]:
    """The rows with what became of each, and one comparison for each cohort.

    Only rows with stage "enters" are paired: an arm whose partner has no usable count is set
    aside. Among the comparisons of a cohort that rule is, in this order: a fixed follow-up before
    any other, the longest, the outcome named first, the most people, the first in the table.

    Args:
        rows: rows that bear on a question, with `stage`, `short_reason` and `reason`.
        outcomes: of the question, in its order.
    """
    rows = rows.copy()
    entering = []
    for _, cohort in rows[rows["stage"] == "enters"].groupby("cohort", sort=False):
        pairs = []
        for _, arms in cohort.groupby(SAME_TIME, sort=False, dropna=False):
            if {"intervention", "control"} <= set(arms["role"]):
                pairs.append(arms)
            else:
                _mark(rows, arms.index, "no partner", NO_PARTNER, NO_PARTNER)
        if not pairs:
            continue
        best = min(pairs, key=lambda arms: _rank(arms, outcomes))
        entering.append(_both_arms(best))
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


def _both_arms(arms: pd.DataFrame) -> pd.Series:
    """One row: the texts of both arms side by side, the counts under `_t` and `_c`."""
    sides = {
        end: combine(arms[arms["role"] == role])
        for end, role in (("t", "intervention"), ("c", "control"))
    }
    order = arms["role"].map({"intervention": 0, "control": 1})
    row = combine(arms.assign(_order=order).sort_values("_order", kind="stable"))
    row = row.drop(["_order", "events", "total", "printed_percent"])
    row["arm"] = f"{sides['t']['arm']} against {sides['c']['arm']}"
    row["role"] = "comparison"
    for end, side in sides.items():
        row[f"events_{end}"], row[f"total_{end}"] = int(side["events"]), int(side["total"])
        row[f"intervention_{end}"], row[f"arm_{end}"] = side["intervention"], side["arm"]
    return row
