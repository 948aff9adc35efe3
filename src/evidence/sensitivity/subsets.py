"""Inverse-variance fits of many subsets of the same studies at once: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..pooling.roots import falling_root
from ..pooling.tau2 import TAU2_ESTIMATORS
from ..pooling.weighting import intercept

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

COMMON = "common"
"""In place of an estimator of tau2: one common effect."""
GRID = 60
AT_ONCE = 4096
"""Subsets whose slopes are laid on the grid in one go."""
ROUNDING = 1e-14
"""A slope this small, relative to the sum of the weights, is zero."""


@dataclass(frozen=True)
class SubsetFits:
    """One random-effects fit for each subset, shape (m,), analysis scale.

    Attributes:
        k: studies in the subset.
        effect, variance: weighted mean and 1/(sum of weights).
        tau2: between-study variance; 0 for a single study.
        q: Cochran's Q.
        i2: share of the variance between studies, a fraction; from Q for a common effect.
    """

    k: Array
    effect: Array
    variance: Array
    tau2: Array
    q: Array
    i2: Array


def fit_subsets(y: Array, v: Array, keep: Mask, tau2: str = "REML") -> SubsetFits:
    """The fit of every subset.

    Args:
        y: effects, shape (k,).
        v: their variances.
        keep: shape (m, k), true where a study belongs to the subset; each holds at least one.
        tau2: a key of `TAU2_ESTIMATORS`, or `COMMON`.

    >>> import numpy as np
    >>> y, v = np.array([0.1, 0.4, 0.9]), np.array([0.02, 0.03, 0.05])
    >>> fit_subsets(y, v, np.array([[True, True, False]]), "DL").effect.round(3).tolist()
    [0.233]
    """
    inside, k = keep.astype(float), keep.sum(-1).astype(float)
    between = tau2_of_subsets(y, v, keep, tau2)
    w = inside / (v + between[:, None])
    total = w.sum(-1)
    effect = (w @ y) / total
    fixed = inside / v
    sums = fixed.sum(-1)
    alone = (fixed @ y) / sums
    q = np.where(k > 1, (fixed * (y - alone[:, None]) ** 2).sum(-1), 0.0)
    free = sums - (fixed * fixed).sum(-1) / sums  # trace of P at tau2 = 0
    if tau2 == COMMON:
        share = 1 - (k - 1) / np.where(q > 0, q, 1.0)
        i2 = np.where((k > 1) & (q > 0), np.maximum(share, 0.0), 0.0)
    else:
        i2 = np.where(k > 1, between * free / (between * free + np.maximum(k - 1, 1)), 0.0)
    return SubsetFits(k, effect, 1 / total, between, q, i2)


def tau2_of_subsets(y: Array, v: Array, keep: Mask, method: str) -> Array:
    """Between-study variance of every subset, shape (m,)."""
    if method == COMMON:
        return np.zeros(len(keep))
    if method in ("REML", "ML"):
        parts = range(0, len(keep), AT_ONCE)
        found = [_likeliest(y, v, keep[i : i + AT_ONCE], method == "REML") for i in parts]
        return np.concatenate(found)
    best = np.zeros(len(keep))
    for rows, members in by_size(keep):
        if members.shape[-1] > 1:
            x = intercept(members.shape[-1])
            best[rows] = TAU2_ESTIMATORS[method](y[members], v[members], x)
    return best


def by_size(keep: Mask) -> Iterator[tuple[NDArray[np.int_], NDArray[np.int_]]]:
    """Subsets of one size together: their rows (m',) and their members (m', size)."""
    sizes = keep.sum(-1)
    for size in np.unique(sizes):
        rows = np.flatnonzero(sizes == size)
        yield rows, np.nonzero(keep[rows])[1].reshape(len(rows), size)


def _likeliest(y: Array, v: Array, keep: Mask, restricted: bool) -> Array:
    """The tau2 of the highest maximum of the likelihood of each subset, 0 included.

    As `most_likely_tau2`, but all subsets share one grid of tau2, so that every sum over studies
    is one product of matrices: the sign changes of the slope are found for thousands of subsets
    at once and then refined one by one.
    """
    inside = keep.astype(float)
    y = y - (y / v).sum() / (1 / v).sum()
    spread = float(((y - y.mean()) ** 2).sum())
    best = np.zeros(len(keep))
    if spread == 0:
        return best
    # beyond this value the slope is negative for every subset; see most_likely_tau2
    ceiling = spread + float(np.sqrt(spread * v.max()))
    smallest = min(float(v.min()), ceiling) * 1e-6
    grid = np.append(0.0, np.geomspace(smallest, ceiling, GRID + 1))
    slopes = _slopes_on_grid(y, v, inside, grid, restricted)
    slopes[keep.sum(-1) < 2] = -1.0
    rows, cell = np.nonzero((slopes[:, :-1] > 0) & (slopes[:, 1:] <= 0))
    if len(rows) == 0:
        return best
    own, low = inside[rows], grid[cell]
    unit = 1 / (own / (v + low[:, None])).sum(-1)  # so that rounding is told from a slope

    def slope(tau2: Array) -> tuple[Array, Array]:
        first, second = _slope(y, v, own, tau2, restricted)
        return first * unit, second * unit

    roots = falling_root(slope, low, grid[cell + 1], close=ROUNDING)
    at_zero = slopes[:, 0] <= 0
    rivals = np.bincount(rows, minlength=len(keep)) + at_zero
    alone = rivals[rows] == 1
    best[rows[alone]] = roots[alone]
    for row in np.unique(rows[~alone]):  # a likelihood with two maxima
        mine = np.flatnonzero(rows == row)
        known = np.append(roots[mine], 0.0) if at_zero[row] else roots[mine]
        heights = _height(y, v, np.repeat(inside[row][None], len(known), 0), known, restricted)
        best[row] = known[np.argmax(heights)]
    return best


def _slopes_on_grid(y: Array, v: Array, inside: Array, grid: Array, restricted: bool) -> Array:
    """Slope of the log-likelihood (twice) of each subset at each tau2 of the grid, (m, g)."""
    w = 1 / (v[:, None] + grid)
    w2, s = w * w, y[:, None]
    columns = np.concatenate([w, w2, w * s, w2 * s, w2 * s * s], axis=1)
    s1, s2, sy, s2y, s2yy = np.split(inside @ columns, 5, axis=1)
    mean = sy / s1
    first = s2yy - 2 * mean * s2y + mean**2 * s2 - s1
    return np.asarray(first + s2 / s1 if restricted else first, float)


def _slope(y: Array, v: Array, inside: Array, tau2: Array, restricted: bool) -> tuple[Array, Array]:
    """Twice the first and second derivative in tau2, exactly, each subset at its own tau2."""
    one = np.ones(len(y))  # a product with ones sums short rows faster than a sum
    w = inside / (v + tau2[:, None])
    w2 = w * w
    s1, s2 = w @ one, w2 @ one
    r = y - ((w @ y) / s1)[:, None]
    pull = w2 * r
    square = pull * r
    first = square @ one - s1
    second = s2 - 2 * ((w * square) @ one - (pull @ one) ** 2 / s1)
    if restricted:
        first = first + s2 / s1
        second = second - 2 * ((w2 * w) @ one) / s1 + (s2 / s1) ** 2
    return first, second


def _height(y: Array, v: Array, inside: Array, tau2: Array, restricted: bool) -> Array:
    """Log-likelihood (twice, without constants) of each subset at its own tau2."""
    w = inside / (v + tau2[:, None])
    s1 = w.sum(-1)
    r = y - ((w @ y) / s1)[:, None]
    value = np.log(np.where(inside > 0, w, 1.0)).sum(-1) - (w * r * r).sum(-1)
    return np.asarray(value - np.log(s1) if restricted else value, float)
