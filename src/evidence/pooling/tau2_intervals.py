"""Intervals for the between-study variance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.optimize import elementwise

from ..errors import SynthesisError
from .chi2_mixture import chi2_mixture_below, quadratic_form_weights
from .likelihood import log_likelihood, slope
from .roots import falling_root
from .tau2 import maximum_likelihood, restricted_maximum_likelihood, tau2_where_q_equals
from .weighting import fit_weights

Array = NDArray[np.float64]
Limits = tuple[Array, Array]
Places = NDArray[np.intp]


def q_profile(y: Array, v: Array, x: Array, level: float) -> Limits:
    """Interval for tau2: the values at which the generalised Q equals its chi-square quantiles.

    Either end is 0 where the generalised Q at zero is already below the quantile.

    Source: Viechtbauer (2007), doi 10.1002/sim.2514.
    """
    df, miss = y.shape[-1] - x.shape[-1], 1 - level
    targets = special.chdtri(df, np.array([miss / 2, 1 - miss / 2]))
    both = tau2_where_q_equals(y[..., None, :], v[..., None, :], x, targets)
    return both[..., 0], both[..., 1]


def profile_likelihood(restricted: bool) -> Callable[[Array, Array, Array, float], Limits]:
    """Interval of the tau2 whose likelihood is within a chi-square quantile of the highest.

    Source: Hardy and Thompson (1996), doi 10.1002/(SICI)1097-0258(19960330)15:6<619>3.0.CO;2-A.
    """

    def limits(y: Array, v: Array, x: Array, level: float) -> Limits:
        estimator = restricted_maximum_likelihood if restricted else maximum_likelihood
        best = estimator(y, v, x)
        drop = float(special.chdtri(1, 1 - level)) / 2
        floor = log_likelihood(y, v, x, best, restricted) - drop

        def above(tau2: Array) -> tuple[Array, Array]:
            value = log_likelihood(y, v, x, tau2, restricted) - floor
            return value, slope(y, v, x, tau2, restricted)[0] / 2

        def mirrored(gap: Array) -> tuple[Array, Array]:
            value, rise = above(best - gap)
            return value, -rise

        inside = above(np.zeros_like(best))[0] < 0
        gap = falling_root(mirrored, np.zeros_like(best), np.where(inside, best, 0.0))
        low = np.where(inside, best - gap, 0.0)
        high = np.maximum(best, v.min(-1)) * 2
        for _ in range(200):
            still = above(high)[0] > 0
            if not still.any():
                return low, falling_root(above, best, high)
            high = np.where(still, 4 * high, high)
        raise SynthesisError("the profile likelihood of tau2 never falls; check the variances")

    return limits


def generalised_q(power: float) -> Callable[[Array, Array, Array, float], Limits]:
    """Interval from the exact distribution of Q with fixed weights v**-power.

    Source: Biggerstaff and Jackson (2008), doi 10.1002/sim.3447, power 1; Jackson (2013),
    doi 10.1002/jrsm.1081, power 1/2.
    """

    def limits(y: Array, v: Array, x: Array, level: float) -> Limits:
        shape, k = y.shape[:-1], y.shape[-1]
        y, v = y.reshape(-1, k), v.reshape(-1, k)
        a = v**-power
        observed = fit_weights(y, a, x).q
        first = v.max(-1) + observed / a.sum(-1)

        def excess(tau2: Array, which: Places, probability: float) -> Array:
            weights = quadratic_form_weights(a[which], v[which] + tau2[..., None], x)
            return np.asarray(chi2_mixture_below(observed[which], weights) - probability, float)

        def root(probability: float) -> Array:
            found, everyone = np.zeros_like(observed), np.arange(len(observed))
            which = np.flatnonzero((observed > 0) & (excess(found, everyone, probability) > 0))
            if which.size == 0:
                return found.reshape(shape)
            high = first[which]
            while (still := excess(high, which, probability) > 0).any():
                high = np.where(still, 4 * high, high)

            def there(tau2: Array, which: Places) -> Array:
                return excess(tau2, which, probability)

            crossing = elementwise.find_root(
                there, (np.zeros_like(high), high), args=(which,),
                tolerances={"xatol": 0, "xrtol": 1e-12, "fatol": 0},
            )  # fmt: skip
            if not crossing.success.all():
                raise SynthesisError("an end of the interval of tau2 was not found; try q_profile")
            found[which] = crossing.x
            return found.reshape(shape)

        miss = 1 - level
        return root(1 - miss / 2), root(miss / 2)

    return limits


TAU2_INTERVALS: dict[str, Callable[[Array, Array, Array, float], Limits]] = {
    "q_profile": q_profile,
    "profile_likelihood": profile_likelihood(restricted=True),
    "profile_likelihood_ml": profile_likelihood(restricted=False),
    "biggerstaff_jackson": generalised_q(1.0),
    "jackson": generalised_q(0.5),
}
"""Function of effects, variances, design and level; metafor calls them QP, PL and GENQ."""
