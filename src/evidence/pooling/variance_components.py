"""Profile-likelihood intervals for the two variances of a three-level model."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import SynthesisError
from .clustered import Labels, ThreeLevel, fit_three_level, score_up, three_level_at
from .glmm_profile import chi_square_drop
from .roots import falling_root
from .synthesis import Synthesis

Array = NDArray[np.float64]
COMPONENTS = ("between cohorts", "within cohorts")


def variance_components(answer: Synthesis) -> pd.DataFrame:
    """Both variances of a three-level answer with their profile-likelihood intervals.

    Returns:
        One row for each of `COMPONENTS`, on the analysis scale: `variance`, `low`, `high` (limits
        at the level of the answer). A lower limit is 0 where 0 is within the interval.

    Raises:
        SynthesisError: an answer of another method.

    >>> from evidence import Model, pool
    >>> rows = pd.DataFrame({"study_id": list("abcdef"), "cohort": list("xxyyzz"),
    ...                      "events": [3, 4, 20, 9, 27, 16], "total": [30, 50, 60, 20, 40, 40]})
    >>> found = variance_components(pool(rows, model=Model(method="three_level")))
    >>> found["variance"].round(2).tolist(), found["low"].tolist()
    ([1.42, 0.19], [0.0, 0.0])
    """
    if answer.model.method != "three_level" or answer.k < 2:
        raise SynthesisError("variance components are those of a pooled three_level answer")
    y, v = (answer.studies[name].to_numpy(float) for name in ("effect", "variance"))
    clusters = np.asarray(pd.factorize(answer.studies["cohort"])[0], np.intp)
    best = fit_three_level(y, v, clusters)
    limits = [
        profile_limits(y, v, clusters, which, level=answer.model.level, best=best)
        for which in (0, 1)
    ]
    table = pd.DataFrame(limits, index=pd.Index(COMPONENTS, name="of"), columns=["low", "high"])
    table.insert(0, "variance", [best.between, best.within])
    return table


def profile_limits(
    y: Array, v: Array, clusters: Labels, which: int, *, level: float, best: ThreeLevel
) -> tuple[float, float]:
    """Where the restricted likelihood, highest over the other variance, has fallen far enough.

    Both ends by a safeguarded Newton method, the other variance climbed anew at each step; metafor
    calls this `confint()` of an `rma.mv` model. Source: Hardy and Thompson (1996), doi
    10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A.

    Args:
        y: effects.
        v: their variances.
        clusters: the cohort of each row.
        which: 0 for the variance between cohorts, 1 for that within.
        level: of confidence.
        best: the fit of these rows by restricted maximum likelihood.
    """
    how = ((clusters[:, None] == clusters[None, :]).astype(float), True)
    floor = best.log_likelihood - chi_square_drop(level)
    centre = (best.between, best.within)[which]
    fixed = np.arange(2) == which
    starts = ((best.between, best.within)[1 - which], float(np.var(y)))

    def gap(value: Array) -> tuple[Array, Array]:
        """How far the profile lies above the floor, and its slope."""
        ends = [score_up(np.where(fixed, value, start), y, v, how, fixed) for start in starts]
        top = max(ends, key=lambda found: found.log_likelihood)
        score = three_level_at(np.array([top.between, top.within]), y, v, how)[1]
        return np.array(top.log_likelihood - floor), np.array(score[which])

    def mirrored(distance: Array) -> tuple[Array, Array]:
        value, slope = gap(centre - distance)
        return value, -slope

    nought, close = np.array(0.0), 1e-12 * (1 + abs(best.log_likelihood))
    low, high = 0.0, np.array(2 * max(centre, float(np.var(y)), float(v.min())))
    if gap(nought)[0] < 0:
        low = centre - float(falling_root(mirrored, nought, np.array(centre), close=close))
    for _ in range(20):
        if gap(high)[0] < 0:
            return low, float(falling_root(gap, np.array(centre), high, close=close))
        high = 4 * high
    raise SynthesisError("the profile likelihood never falls; check the variances of the rows")
