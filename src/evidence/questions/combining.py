"""Arms of one cohort that enter together: texts side by side, counts and scores taken as one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..tables.checklists import judged_as_one

WEAKEST_LAST = {
    "source_type": ("full text", "abstract", "secondary"),
    "count_from": ("reported", "derived"),
    "citation_verified": ("yes", "no"),
}
"""How far a row can be relied on; a row made of several is as good as the weakest."""


def combine(arms: pd.DataFrame) -> pd.Series:
    """One row for a cohort: its only row, or its arms with their counts or scores taken as one."""
    row = side_by_side(arms)
    if len(arms) == 1:
        return row
    if "scale" in arms.columns:
        return groups_as_one(row, arms)
    row["events"], row["total"] = arms["events"].sum(), arms["total"].sum()
    row["printed_percent"] = None
    return row


def side_by_side(arms: pd.DataFrame) -> pd.Series:
    """The first arm's row with the texts of all: side by side, the standing that of the weakest."""
    row = arms.iloc[0].copy()
    if len(arms) == 1:
        return row
    for column in row.index:
        values = [value for value in arms[column].dropna().unique() if value != ""]
        if column in WEAKEST_LAST:
            row[column] = max(values, key=WEAKEST_LAST[column].index)
        elif values and isinstance(values[0], str):
            row[column] = " + ".join(values)
    for column, answer in judged_as_one(arms).items():
        row[column] = answer
    row["row_id"] = "+".join(arms["row_id"])
    return row


def groups_as_one(row: pd.Series, arms: pd.DataFrame) -> pd.Series:
    """The row with the mean and standard deviation of several groups of a cohort taken together.

    Source: Cochrane Handbook for Systematic Reviews of Interventions, section 6.5.2.10.
    """
    row = row.copy()
    n = arms["n"].to_numpy(float)
    for when in ("before", "after", "change"):
        mean, sd = (arms[f"{what}_{when}"].to_numpy(float) for what in ("mean", "sd"))
        whole = float(n @ mean / n.sum())
        squares = (n - 1) @ sd**2 + n @ (mean - whole) ** 2
        row[f"mean_{when}"] = whole
        row[f"sd_{when}"] = float(np.sqrt(squares / (n.sum() - 1)))
    row["n"] = row["total"] = int(n.sum())
    printed = [
        name for name in arms.columns if str(name).endswith(("_before", "_after", "_change"))
    ]
    for name in ("p_value", "correlation", *printed):
        if name[:4] not in ("mean", "sd_b", "sd_a", "sd_c"):
            row[name] = None  # of one group only
    return row
