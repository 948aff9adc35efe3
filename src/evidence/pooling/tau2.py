"""Between-study variance from effects `y` and their variances `v`; arrays in, numbers out."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from ..errors import SynthesisError

Array = NDArray[np.float64]


def cochran_q(y: Array, v: Array, tau2: float = 0.0) -> float:
    """Generalised Q: squared deviations from the mean, each weighted by 1/(v + tau2)."""
    w = 1 / (v + tau2)
    return float(w @ (y - w @ y / w.sum()) ** 2)


def reml(y: Array, v: Array) -> float:
    """Between-study variance by restricted maximum likelihood, never below zero.

    The restricted likelihood may have two maxima, so its slope is bracketed on a grid over the
    whole range that can hold one, every downward crossing is refined, and the highest maximum is
    returned.

    Args:
        y: effects, shape (k,), k >= 2.
        v: their variances, shape (k,), positive.

    Source: Viechtbauer (2005), doi 10.3102/10769986030003261, equation 14.
    """
    spread = float((y - y.mean()) @ (y - y.mean()))
    if spread == 0:
        return 0.0
    # beyond this value the slope is negative: it is at most wmax**2 * spread - (k - 1) * wmin
    ceiling = spread + math.sqrt(spread * float(v.max()))
    smallest = min(float(v.min()), ceiling) * 1e-6
    grid = np.append(0.0, np.geomspace(smallest, ceiling, 80))
    slope = np.array([_reml_slope(tau2, y, v) for tau2 in grid])
    candidates = [0.0] if slope[0] <= 0 else []
    for left, right, before, after in zip(grid, grid[1:], slope, slope[1:], strict=False):
        if before > 0 >= after:
            candidates.append(
                float(
                    optimize.brentq(_reml_slope, left, right, args=(y, v), xtol=1e-300, rtol=1e-14)
                )
            )
    if not candidates:
        raise SynthesisError(
            f"REML found no maximum between 0 and {grid[-1]:g}; check the effects and variances"
        )
    return max(candidates, key=lambda tau2: _reml_loglik(tau2, y, v))


def _reml_slope(tau2: float, y: Array, v: Array) -> float:
    w = 1 / (v + tau2)
    total = w.sum()
    residual = y - w @ y / total
    return float(((w * residual) ** 2).sum() - total + (w @ w) / total)


def _reml_loglik(tau2: float, y: Array, v: Array) -> float:
    w = 1 / (v + tau2)
    residual = y - w @ y / w.sum()
    return float(np.log(w).sum() - np.log(w.sum()) - w @ residual**2) / 2


def q_profile(y: Array, v: Array, level: float) -> tuple[float, float]:
    """Interval for tau2: the values at which the generalised Q equals its chi-square quantiles.

    Either end is 0 where the generalised Q at zero is already below the quantile.

    Source: Viechtbauer (2007), doi 10.1002/sim.2514.
    """
    df, miss = len(y) - 1, 1 - level
    low, high = (
        _tau2_where_q_equals(y, v, float(special.chdtri(df, upper)))
        for upper in (miss / 2, 1 - miss / 2)
    )
    return low, high


def _tau2_where_q_equals(y: Array, v: Array, target: float) -> float:
    if cochran_q(y, v) <= target:
        return 0.0
    ceiling = float((y - y.mean()) @ (y - y.mean())) / target
    return float(
        optimize.brentq(
            lambda tau2: cochran_q(y, v, tau2) - target, 0.0, 2 * ceiling, xtol=1e-300, rtol=1e-14
        )
    )


TAU2_ESTIMATORS: dict[str, Callable[[Array, Array], float]] = {"REML": reml}
