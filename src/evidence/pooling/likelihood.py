"""Likelihood of the normal-normal model as a function of tau2, with its global maximum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import SynthesisError
from .roots import falling_root
from .weighting import Fit, cross, fit, fit_weights, quadratic, trace_p, trace_pp

Array = NDArray[np.float64]

GRID = 60


def log_likelihood(y: Array, v: Array, x: Array, tau2: Array, restricted: bool) -> Array:
    """Log-likelihood at tau2 with the coefficients at their best, all constants included.

    The restricted one is that of the k - p error contrasts with the constant of
    Harville (1974), as metafor prints it.
    """
    found = fit(y, v, tau2, x)
    k, p = y.shape[-1], x.shape[-1]
    value = (np.log(found.w).sum(-1) - found.q) / 2
    if not restricted:
        return np.asarray(value - k / 2 * np.log(2 * np.pi), float)
    value = value + np.linalg.slogdet(found.covariance)[1] / 2
    size = np.linalg.slogdet(cross(x, np.ones_like(v)))[1] / 2
    return np.asarray(value + size - (k - p) / 2 * np.log(2 * np.pi), float)


def slope(y: Array, v: Array, x: Array, tau2: Array, restricted: bool) -> tuple[Array, Array]:
    """Twice the first and second derivative of the log-likelihood in tau2."""
    found = fit(y, v, tau2, x)
    first = _first(found, x, restricted)
    second = -2 * quadratic(found, x, found.pull)
    return first, second + (trace_pp(found, x) if restricted else (found.w**2).sum(-1))


def _first(found: Fit, x: Array, restricted: bool) -> Array:
    trace = trace_p(found, x) if restricted else found.w.sum(-1)
    return np.asarray((found.pull**2).sum(-1) - trace, float)


def most_likely_tau2(y: Array, v: Array, x: Array, *, restricted: bool) -> Array:
    """The tau2 of the highest maximum of the likelihood, 0 included.

    The likelihood may have two maxima, so its slope is laid on a grid over the whole range that
    can hold one, every downward crossing is refined, and the highest maximum is returned.
    """
    spread = np.maximum(fit_weights(y, np.ones_like(v), x).q, 0.0)
    # beyond this value the slope is negative: it is at most wmax**2 * spread - (k - p) * wmin
    ceiling = spread + np.sqrt(spread * v.max(-1))
    smallest = np.minimum(v.min(-1), ceiling) * 1e-6
    safe, safe_top = np.where(spread > 0, smallest, 1.0), np.where(spread > 0, ceiling, 2.0)
    steps = np.exp(np.linspace(0.0, 1.0, GRID) * np.log(safe_top / safe)[..., None])
    grid = np.concatenate([np.zeros_like(safe)[..., None], safe[..., None] * steps], axis=-1)
    slopes = _first(fit(y[..., None, :], v[..., None, :], grid, x), x, restricted)
    crossing = (slopes[..., :-1] > 0) & (slopes[..., 1:] <= 0) & (spread > 0)[..., None]
    at_zero = (slopes[..., 0] <= 0) | (spread == 0)
    if not np.all(at_zero | crossing.any(-1)):
        raise SynthesisError("no likelihood maximum was found; check effects and variances")
    best = np.zeros_like(spread)
    if not crossing.any():
        return best
    *where, cell = np.nonzero(crossing)
    index = tuple(where)
    yy, vv = y[index], v[index]
    low, high = grid[(*index, cell)], grid[(*index, cell + 1)]
    above, below = slopes[(*index, cell)], slopes[(*index, cell + 1)]
    start = low + (high - low) * above / (above - below)
    found = falling_root(lambda tau2: slope(yy, vv, x, tau2, restricted), low, high, start)
    if not at_zero.any() and np.all(crossing.sum(-1) == 1):  # one maximum each: no contest
        return found.reshape(best.shape)
    height = np.where(at_zero, log_likelihood(y, v, x, best, restricted), -np.inf)
    candidate = log_likelihood(yy, vv, x, found, restricted)
    for j in range(len(found)):  # one or two for each meta-analysis
        place = tuple(axis[j] for axis in index)
        if candidate[j] > height[place]:
            height[place], best[place] = candidate[j], found[j]
    return best
