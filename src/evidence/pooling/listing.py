"""Studies side by side with no pooled answer, and the reason why there is none."""

from __future__ import annotations

import math

import pandas as pd

from ..errors import choose
from ..measures.measure import MEASURES
from ..rates import study_rates
from .contrasts import own_estimates
from .inverse_variance import events_of, total
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
    measured = choose(MEASURES, measure, "measure")
    if measured.kind == "rate":
        studies = study_rates(frame, model.study_interval, level=model.level)
    else:
        effects = measured.compute(frame, model.zero_policy())
        studies = own_estimates(frame, effects, measured, model.level)
    return Synthesis(
        measure=measured, model=model, k=len(studies),
        events=events_of(studies, measured), total=total(studies, measured),
        estimate=None, interval=None, prediction=None, effect=None, se=None, heterogeneity=None,
        method_text="Not pooled", interval_text="", prediction_text="",
        studies=studies.assign(weight=math.nan),  # blank: nothing is weighted
        cautions=(because,),
    )  # fmt: skip
