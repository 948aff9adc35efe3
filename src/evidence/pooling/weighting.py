"""Weighted least squares with weights 1/(v + tau2): what every inverse-variance model stands on.

Arrays may carry leading axes (many meta-analyses of the same number of studies at once): effects
`y` and variances `v` have shape (..., k), the design `x` shape (k, p) or (..., k, p), `tau2`
shape (...).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """A weighted least squares fit.

    Attributes:
        w: weights, shape (..., k).
        beta: coefficients, shape (..., p).
        covariance: inverse of X'WX, shape (..., p, p).
        pull: weight times residual (the vector Py), shape (..., k).
        q: weighted sum of squared residuals, shape (...).
    """

    w: Array
    beta: Array
    covariance: Array
    pull: Array
    q: Array


def intercept(k: int) -> Array:
    """The design of a plain mean: one column of ones."""
    return np.ones((k, 1))


def inverse(matrix: Array) -> Array:
    """Inverse of (..., p, p); by division where p is 1, which is most of the time."""
    found = 1 / matrix if matrix.shape[-1] == 1 else np.linalg.inv(matrix)
    return np.asarray(found, float)


def cross(x: Array, w: Array) -> Array:
    """X'diag(w)X, shape (..., p, p)."""
    if x.shape[-1] == 1 and x.ndim == 2:
        return np.asarray((w @ (x * x))[..., None], float)
    return np.asarray(np.swapaxes(x, -1, -2) @ (w[..., None] * x), float)


def fit(y: Array, v: Array, tau2: Array | float, x: Array) -> Fit:
    """Weighted least squares at a given between-study variance."""
    return fit_weights(y, 1 / (v + np.asarray(tau2)[..., None]), x)


def fit_weights(y: Array, w: Array, x: Array) -> Fit:
    """Weighted least squares with given weights."""
    if x.shape[-1] == 1 and x.ndim == 2:  # a plain mean: the same without matrices
        column = x[:, 0]
        wx = w * column
        variance = 1 / (wx @ column)
        mean = variance * (wx * y).sum(-1)
        residual = y - mean[..., None] * column
        pull = w * residual
        return Fit(w, mean[..., None], variance[..., None, None], pull, (pull * residual).sum(-1))
    covariance = inverse(cross(x, w))
    wy = w * y
    beta = (covariance @ (np.swapaxes(x, -1, -2) @ wy[..., None]))[..., 0]
    residual = y - (x @ beta[..., None])[..., 0]
    pull = w * residual
    return Fit(w, beta, covariance, pull, np.sum(pull * residual, axis=-1))


def trace(a: Array, b: Array) -> Array:
    """Trace of the product of two (..., p, p) matrices."""
    return np.asarray(np.sum(a * np.swapaxes(b, -1, -2), axis=(-1, -2)), float)


def trace_p(found: Fit, x: Array) -> Array:
    """Trace of P = W - WX(X'WX)^-1X'W."""
    if x.shape[-1] == 1:
        inside = found.covariance[..., 0, 0] * cross(x, found.w**2)[..., 0, 0]
        return np.asarray(found.w.sum(-1) - inside, float)
    return np.asarray(found.w.sum(-1) - trace(found.covariance, cross(x, found.w**2)), float)


def trace_pp(found: Fit, x: Array) -> Array:
    """Trace of PP."""
    w, inverse_ = found.w, found.covariance
    if x.shape[-1] == 1:
        square = w * w
        two, three = (inverse_[..., 0, 0] * cross(x, a)[..., 0, 0] for a in (square, square * w))
        return np.asarray(square.sum(-1) - 2 * three + two * two, float)
    second = inverse_ @ cross(x, w**2)
    return np.asarray(
        (w**2).sum(-1) - 2 * trace(inverse_, cross(x, w**3)) + trace(second, second), float
    )


def quadratic(found: Fit, x: Array, u: Array) -> Array:
    """The quadratic form of P in u."""
    wu = found.w * u
    if x.shape[-1] == 1 and x.ndim == 2:
        pulled = wu @ x[:, 0]
        return np.asarray((wu * u).sum(-1) - found.covariance[..., 0, 0] * pulled**2, float)
    xwu = (np.swapaxes(x, -1, -2) @ wu[..., None])[..., 0]
    inside = np.sum(xwu * (found.covariance @ xwu[..., None])[..., 0], axis=-1)
    return np.asarray(np.sum(wu * u, axis=-1) - inside, float)
