"""Studies side by side with no pooled answer, and the reason why there is none."""

from __future__ import annotations

import math

import pandas as pd

from ..errors import choose
from ..measures.measure import MEASURES
from ..rates import study_rates
from .model import Model, Synthesis


def side_by_side(
    frame: pd.DataFrame, because: str, measure: str = "proportion_logit", model: Model | None = None
) -> Synthesis:
    """A `Synthesis` of the rows of a frame that pools nothing and says why.

    Args:
        frame: as for `pool`.
        because: why nothing is pooled; the only caution of the result.
        measure: a key of `MEASURES`.
        model: its `study_interval` and `level` serve each study alone.

    >>> frame = pd.DataFrame({"study_id": ["a", "b"], "events": [3, 6], "total": [11, 17]})
    >>> side_by_side(frame, "two definitions of relief").estimate is None
    True
    """
    model = model or Model()
    studies = study_rates(frame, model.study_interval, level=model.level)
    return Synthesis(
        measure=choose(MEASURES, measure, "measure"), model=model, k=len(studies),
        events=int(studies["events"].sum()), total=int(studies["total"].sum()),
        estimate=None, interval=None, prediction=None, effect=None, se=None, heterogeneity=None,
        method_text="Not pooled", interval_text="", prediction_text="",
        studies=studies.assign(weight=math.nan),  # blank: nothing is weighted
        cautions=(because,),
    )  # fmt: skip
