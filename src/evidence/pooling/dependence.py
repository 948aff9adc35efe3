"""Several rows of one cohort: refused unless something is done about them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import SynthesisError, choose
from ..rates import names_of

HANDLES = ("three_level", "robust")
"""Methods that know what to do with several rows of a cohort."""


def refuse_dependent(frame: pd.DataFrame, method: str) -> None:
    """Refuse rows that share a `cohort`, and methods that need the column where it is not there.

    Rows of the same patients are not independent: pooled as if they were, they count twice.
    """
    if method in HANDLES:
        if "cohort" not in frame.columns:
            raise SynthesisError(f"method {method!r} needs a column `cohort`")
        missing = frame["cohort"].isna().to_numpy(bool)
        if missing.any():
            raise SynthesisError(f"cohort is missing for {', '.join(names_of(frame)[missing])}")
        return
    if "cohort" not in frame.columns:
        return
    shared = frame["cohort"].notna() & frame["cohort"].duplicated(keep=False)
    if not shared.any():
        return
    parts = []
    for cohort, rows in frame[shared].groupby("cohort", sort=False):
        parts.append(f"  {cohort}: {', '.join(names_of(rows))}")
    raise SynthesisError(
        "several rows come from one cohort and are not independent:\n"
        + "\n".join(parts)
        + "\nchoose one_row_per_cohort(frame), Model(method='three_level') or "
        "Model(method='robust')"
    )


def one_row_per_cohort(frame: pd.DataFrame, keep: str = "largest") -> pd.DataFrame:
    """The frame with a single row of each cohort; the others are left out.

    Args:
        frame: rows with `cohort` and a denominator (`total` or `person_time`). A row without a
            cohort stays.
        keep: a key of `KEEP`; among equals, the first row.

    >>> rows = pd.DataFrame({"study_id": ["a", "b"], "cohort": ["x", "x"], "total": [10, 20]})
    >>> one_row_per_cohort(rows)["study_id"].tolist()
    ['b']
    """
    choose(KEEP, keep, "keep")
    if "cohort" not in frame.columns:
        raise SynthesisError("the frame has no column `cohort`")
    size = "total" if "total" in frame.columns else "person_time"
    if keep == "largest" and size not in frame.columns:
        raise SynthesisError("keep='largest' needs a column `total` or `person_time`")
    kept = []
    for _, rows in frame.reset_index(drop=True).groupby("cohort", sort=False, dropna=True):
        places = rows.index.to_numpy(int)
        best = int(np.argmax(rows[size].to_numpy(float))) if keep == "largest" else 0
        kept.append(int(places[best]))
    alone = frame.reset_index(drop=True)["cohort"].isna().to_numpy().nonzero()[0].tolist()
    return frame.iloc[sorted([*kept, *alone])]


KEEP: dict[str, str] = {"largest": "the row with most people", "first": "the first row"}
"""Rules for one row per cohort."""
