"""The answer as it grew: studies entering one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import SynthesisError, choose
from ..pooling.inverse_variance import sizes
from ..pooling.model import Synthesis
from .check import NOTHING_STATED, Check, Stated, judged, near_rule, need_studies
from .influence import named
from .refit import refit

ORDERS: dict[str, str] = {
    "year": "oldest first",
    "size": "largest first",
    "precision": "most precise first",
}
"""In which order studies may enter."""


def cumulative_order(synthesis: Synthesis, by: str) -> list[int]:
    """The studies' positions in an order of `ORDERS`; among equals as they stand.

    Raises:
        SynthesisError: an unknown order, or one by year without a year for every study.
    """
    choose(ORDERS, by, "order")
    studies = synthesis.studies
    if by == "precision":
        key = studies["variance"].to_numpy(float)
    elif by == "size":
        key = -sizes(studies, synthesis.measure)
    elif "year" not in studies.columns or studies["year"].isna().any():
        raise SynthesisError("an order by year needs a column `year` without blanks")
    else:
        key = studies["year"].to_numpy(float)
    return [int(place) for place in np.argsort(key, kind="stable")]


def cumulate(synthesis: Synthesis, by: str = "year") -> pd.DataFrame:
    """The answer after each study has entered, one row a step, last step the whole answer.

    >>> from evidence import pool
    >>> frame = pd.DataFrame({"study_id": list("abc"), "events": [3, 6, 10],
    ...                       "total": [11, 17, 21]})
    >>> cumulate(pool(frame), "size")["study_id"].tolist()
    ['c', 'b', 'a']
    """
    need_studies(synthesis, 2, "a cumulative answer")
    order = cumulative_order(synthesis, by)
    keep = np.zeros((synthesis.k, synthesis.k), bool)
    for step in range(synthesis.k):
        keep[step:, order[step]] = True
    names = named(synthesis).iloc[order].reset_index(drop=True)
    return pd.concat([names.assign(by=by), refit(synthesis, keep)], axis=1)


def cumulative(synthesis: Synthesis, stated: Stated = NOTHING_STATED) -> Check:
    """Every order that the studies allow, one below the other."""
    need_studies(synthesis, 3, "a cumulative answer")
    years = "year" in synthesis.studies.columns and synthesis.studies["year"].notna().all()
    orders = [name for name in ORDERS if years or name != "year"]
    table = pd.concat([cumulate(synthesis, by) for by in orders], ignore_index=True)
    late = table[table["k"] >= synthesis.k / 2]
    held, rule = near_rule(late["estimate"].tolist(), synthesis, stated)
    said = ", ".join(f"by {name} ({ORDERS[name]})" for name in orders)
    missing = "" if years else " Not every study has a year, so there is no order by year."
    return Check(
        name="cumulative",
        verdict=judged(held, f"once half of the studies have entered, leaving the rest out {rule}"),
        table=table,
        text=f"Studies enter one by one: {said}; the model is fitted at every step.{missing}",
        scale=synthesis.measure.scale,
    )
