"""From the table of scores to rows that can be pooled: one change for each cohort."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

INCOMPLETE = "a mean, a spread or the number of patients is not known"
NUMBERS = ("mean_before", "sd_before", "mean_after", "sd_after")


def readable_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """The scores with their printed figures as numbers, and `total` for the people measured."""
    numeric = {name: pd.to_numeric(scores[name], errors="coerce").astype(float) for name in NUMBERS}
    return scores.assign(**numeric, total=scores["n"])


def lacking(row: pd.Series, needs: Sequence[str]) -> str:
    """Which figures a row lacks for a measure, in a sentence; nothing where it lacks none."""
    blank = [name for name in needs if name != "correlation" and pd.isna(row.get(name))]
    if not blank:
        return ""
    words = ", ".join(name.replace("_", " ") for name in blank)
    return f"the source gives no {words}, and nothing to recover it from"


def assumption(rows: pd.DataFrame) -> tuple[str, ...]:
    """Where the correlation of before and after comes from, as far as it was assumed."""
    if "correlation_from" not in rows.columns:
        return ()
    assumed = rows[rows["correlation_from"].str.startswith("assumed")]
    if assumed.empty:
        return ()
    value = f"{assumed['correlation'].iloc[0]:g}"
    names = ", ".join(assumed["study_id"].astype(str))
    return (
        f"the correlation of scores before and after is assumed to be {value}, since no source "
        f"gives one that can be: {names}",
    )
