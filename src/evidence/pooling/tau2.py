"""Between-study variance from effects and their variances; never below zero.

Every estimator takes effects `y` and variances `v` of shape (..., k) and a design `x` of shape
(k, p) (a column of ones for a plain mean), and returns shape (...).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .likelihood import most_likely_tau2
from .roots import falling_root
from .weighting import Fit, cross, fit, fit_weights, trace, trace_p

Array = NDArray[np.float64]


def dersimonian_laird(y: Array, v: Array, x: Array) -> Array:
    """DerSimonian and Laird (1986): Q equals its expectation, weights 1/v."""
    return _moments(y, v, x, 1 / v)


def two_step_dersimonian_laird(y: Array, v: Array, x: Array) -> Array:
    """DerSimonian and Kacker (2007), DL2: the moment estimator with the weights of a DL fit."""
    first = dersimonian_laird(y, v, x)
    return _moments(y, v, x, 1 / (v + first[..., None]))


def hedges_olkin(y: Array, v: Array, x: Array) -> Array:
    """Hedges and Olkin (1985), also called variance component or Cochran: equal weights."""
    return _moments(y, v, x, np.ones_like(v))


def _moments(y: Array, v: Array, x: Array, a: Array) -> Array:
    """The tau2 at which the weighted sum of squares with fixed weights `a` is as expected."""
    found = fit_weights(y, a, x)
    expected = (a * v).sum(-1) - trace(found.covariance, cross(x, a * a * v))
    return np.asarray(np.maximum((found.q - expected) / trace_p(found, x), 0.0), float)


def hunter_schmidt(y: Array, v: Array, x: Array) -> Array:
    """Hunter and Schmidt: (Q - k) / sum of weights (Viechtbauer 2005, equation 10)."""
    found = fit(y, v, 0.0, x)
    return np.asarray(np.maximum((found.q - y.shape[-1]) / found.w.sum(-1), 0.0), float)


def hunter_schmidt_corrected(y: Array, v: Array, x: Array) -> Array:
    """Hunter and Schmidt with the small-sample factor k/(k - p) on Q."""
    found, k, p = fit(y, v, 0.0, x), y.shape[-1], x.shape[-1]
    return np.asarray(np.maximum((found.q * k / (k - p) - k) / found.w.sum(-1), 0.0), float)


def sidik_jonkman(y: Array, v: Array, x: Array) -> Array:
    """Sidik and Jonkman (2005), doi 10.1111/j.1467-9876.2005.00489.x; above zero if y varies."""
    k, p = y.shape[-1], x.shape[-1]
    crude = ((y - y.mean(-1, keepdims=True)) ** 2).mean(-1)
    safe = np.where(crude > 0, crude, 1.0)
    found = fit(y, v, safe, x)
    return np.asarray(np.where(crude > 0, safe * found.q / (k - p), 0.0), float)


def paule_mandel(y: Array, v: Array, x: Array) -> Array:
    """Paule and Mandel (1982): the tau2 at which the generalised Q equals k - p.

    The empirical Bayes estimator (Morris 1983) and the DL estimator repeated until it stands
    still are the same number (DerSimonian and Kacker 2007; Viechtbauer 2015).
    """
    return tau2_where_q_equals(y, v, x, y.shape[-1] - x.shape[-1])


def paule_mandel_median(y: Array, v: Array, x: Array) -> Array:
    """Median-unbiased Paule-Mandel: the generalised Q equals its chi-square median."""
    df = y.shape[-1] - x.shape[-1]
    return tau2_where_q_equals(y, v, x, float(special.chdtri(df, 0.5)))


def tau2_where_q_equals(y: Array, v: Array, x: Array, target: float | Array) -> Array:
    """The tau2 at which the generalised Q takes a value; 0 where Q is below it from the start.

    Q falls with tau2, and is at most (sum of squared residuals)/tau2, which brackets the root.
    """

    def excess(tau2: Array) -> tuple[Array, Array]:
        found: Fit = fit(y, v, tau2, x)
        return found.q - target, -np.sum(found.pull**2, axis=-1)

    at_zero = fit(y, v, 0.0, x).q
    spread = fit_weights(y, np.ones_like(v), x).q
    high = np.where(at_zero > target, np.maximum(spread, 0.0) / target * (1 + 1e-9), 0.0)
    if not np.any(high > 0):
        return np.asarray(high, float)
    start = np.maximum(spread / target - v.mean(-1), 0.0)
    return falling_root(excess, np.zeros_like(high), high, start)


def restricted_maximum_likelihood(y: Array, v: Array, x: Array) -> Array:
    """Restricted maximum likelihood (Viechtbauer 2005, equation 14)."""
    return most_likely_tau2(y, v, x, restricted=True)


def maximum_likelihood(y: Array, v: Array, x: Array) -> Array:
    """Maximum likelihood (Viechtbauer 2005, equation 12)."""
    return most_likely_tau2(y, v, x, restricted=False)


Estimator = Callable[[Array, Array, Array], Array]

TAU2_ESTIMATORS: dict[str, Estimator] = {
    "REML": restricted_maximum_likelihood,
    "ML": maximum_likelihood,
    "DL": dersimonian_laird,
    "DL2": two_step_dersimonian_laird,
    "DLIT": paule_mandel,
    "PM": paule_mandel,
    "PMM": paule_mandel_median,
    "EB": paule_mandel,
    "HE": hedges_olkin,
    "HS": hunter_schmidt,
    "HSk": hunter_schmidt_corrected,
    "SJ": sidik_jonkman,
}
"""Estimators by the abbreviations that the field uses (those of metafor, plus DL2 and DLIT)."""
