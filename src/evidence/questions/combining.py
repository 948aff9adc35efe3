"""Arms of one cohort that enter together: texts side by side, counts and scores taken as one."""

from __future__ import annotations

import numpy as np
import pandas as pd

WEAKEST_LAST = {
    "source_type": ("full text", "abstract", "secondary"),
    "count_from": ("reported", "derived"),
    "citation_verified": ("yes", "no"),
}
"""How far a row can be relied on; a row made of several is as good as the weakest."""


def combine(arms: pd.DataFrame) -> pd.Series:
    """One row for a cohort: its only row, or its arms with events and totals added.

    Where the arms differ, texts stand side by side, and the standing is that of the weakest.
    """
    row = arms.iloc[0].copy()
    if len(arms) == 1:
        return row
    for column in row.index:
        values = arms[column].dropna().unique()
        if column in WEAKEST_LAST:
            row[column] = max(values, key=WEAKEST_LAST[column].index)
        elif len(values) > 1 and isinstance(values[0], str):
            row[column] = " + ".join(values)
    row["row_id"] = "+".join(arms["row_id"])
    if "scale" in arms.columns:
        return groups_as_one(row, arms)
    row["events"], row["total"] = arms["events"].sum(), arms["total"].sum()
    row["printed_percent"] = None
    return row


def groups_as_one(row: pd.Series, arms: pd.DataFrame) -> pd.Series:
    """The row with the mean and standard deviation of several groups of a cohort taken together.

    Source: Cochrane Handbook for Systematic Reviews of Interventions, section 6.5.2.10.
    """
    row = row.copy()
    n = arms["n"].to_numpy(float)
    for when in ("before", "after"):
        mean, sd = (arms[f"{what}_{when}"].to_numpy(float) for what in ("mean", "sd"))
        whole = float(n @ mean / n.sum())
        squares = (n - 1) @ sd**2 + n @ (mean - whole) ** 2
        row[f"mean_{when}"] = whole
        row[f"sd_{when}"] = float(np.sqrt(squares / (n.sum() - 1)))
    row["n"] = row["total"] = int(n.sum())
    row["p_value"] = None
    return row
