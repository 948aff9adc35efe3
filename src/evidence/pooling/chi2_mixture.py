"""Distribution of a weighted sum of squared normal deviates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NODES = 24


def chi2_mixture_below(q: Array | float, weights: Array) -> Array:
    """P(sum of weights * chi-square(1) <= q), to about 1e-11.

    The Laplace transform of this distribution function is known in closed form; it is inverted
    by the trapezoidal rule on a parabola around the negative axis (Weideman and Trefethen 2007,
    doi 10.1090/S0025-5718-07-01945-X).

    Args:
        q: shape (...), 0 or more.
        weights: shape (..., m); zero and positive.

    >>> round(float(chi2_mixture_below(3.841458820694124, np.array([1.0]))), 9)
    0.95
    """
    q = np.maximum(q, 1e-200)
    h = 3.0 / NODES
    u = (np.arange(NODES) + 0.5) * h
    mu = np.pi * NODES / 12 / q[..., None]
    root = 1j * u + 1
    p = mu * root**2
    log_transform = -0.5 * np.log(1 + 2 * weights[..., None, :] * p[..., :, None]).sum(-1)
    terms = np.exp(p * q[..., None] + log_transform) / p * (2j * mu * root)
    return np.asarray(np.clip(h / np.pi * terms.imag.sum(-1), 0.0, 1.0), float)


def quadratic_form_weights(a: Array, total_variance: Array, x: Array) -> Array:
    """Weights of the chi-square mixture that a sum of squares with weights `a` follows.

    They are the eigenvalues of D^(1/2) P D^(1/2), D the variances of the effects and P the
    projection A - AX(X'AX)^-1X'A.
    """
    ax = a[..., None] * x
    p = a[..., None] * np.eye(a.shape[-1]) - ax @ np.linalg.solve(
        np.swapaxes(x, -1, -2) @ ax, np.swapaxes(ax, -1, -2)
    )
    root = np.sqrt(total_variance)
    found = np.linalg.eigvalsh(root[..., :, None] * p * root[..., None, :])
    return np.asarray(np.maximum(found[..., x.shape[-1] :], 0.0), float)
