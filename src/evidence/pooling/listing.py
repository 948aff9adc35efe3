"""Studies side by side with no pooled answer, and the reason why there is none."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from ..errors import choose
from ..measures.measure import MEASURES
from .answers import alone_rates, in_unit, with_columns
from .contrasts import own_estimates
from .inverse_variance import events_of, total
from .options import Model
from .synthesis import Synthesis


def side_by_side(
    frame: pd.DataFrame, because: str, measure: str = "proportion_logit", model: Model | None = None
) -> Synthesis:
    """A `Synthesis` of the rows of a frame that pools nothing and says why.

    Args:
        frame: as for `pool`.
        because: why nothing is pooled; the only caution of the result.
        measure: a key of `MEASURES`.
        model: its `study_interval` (`rate_interval` and `unit` for person-time) and `level` serve
            each study alone.

    Returns:
        A `Synthesis` without any pooled figure; its studies carry `estimate`, `low` and `high` on
        the reading scale, and a blank `weight`.

    Raises:
        SynthesisError: unknown measure, missing columns or counts that cannot be.

    >>> frame = pd.DataFrame({"study_id": ["a", "b"], "events": [3, 6], "total": [11, 17]})
    >>> side_by_side(frame, "two definitions of relief").estimate is None
    True
    """
    model = model or Model()
    measured = in_unit(choose(MEASURES, measure, "measure"), model)
    blank = np.full(len(frame), math.nan)  # nothing is weighted
    if measured.kind == "rate":
        studies = with_columns(frame, **alone_rates(frame, measured, model), weight=blank)
    else:
        effects = measured.compute(frame, model.zero_policy())
        studies = own_estimates(frame, effects, measured, model.level).assign(weight=blank)
    return Synthesis(
        measure=measured, model=model, k=len(studies),
        events=events_of(studies, measured), total=total(studies, measured),
        estimate=None, interval=None, prediction=None, effect=None, se=None, heterogeneity=None,
        method_text="Not pooled", interval_text="", prediction_text="",
        studies=studies, cautions=(because,),
    )  # fmt: skip
