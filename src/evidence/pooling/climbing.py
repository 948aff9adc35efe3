"""Newton's method uphill on log-likelihoods, many at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Height:
    """Log-likelihood (without constant), gradient and Hessian in (beta, log tau)."""

    value: Array
    gradient: Array
    hessian: Array
    start: Array


Function = Callable[[Array, Array], Height]


def climb(
    function: Function,
    theta: Array,
    start: Array,
    free: slice = slice(None),
    done: NDArray[np.bool_] | None = None,
) -> tuple[Array, Height]:
    """Newton's method uphill with step halving, on the coordinates `free`.

    Where the surface is not curved downward, the eigenvalues of the Hessian are turned downward,
    so that each step still goes uphill. A climb also ends where no shorter step goes up or the
    promised gain no longer shrinks, as far as the nodes of a coarse rule can lead; the caller
    asks `still_uphill`. Members that are `done` from the start stay where they are.
    """
    here = function(theta, start)
    done = np.zeros(here.value.shape, bool) if done is None else done.copy()
    last = np.full(here.value.shape, np.inf)
    for _ in range(60):
        step, gain = _newton(here.gradient[..., free], here.hessian[..., free, free])
        finished = ((gain <= 1e-15) | ((gain < 1e-8) & (gain > last / 4))) & ~done
        last = gain
        step = np.where(done[..., None], 0.0, step)
        theta = theta + _at(free, theta, np.where(finished[..., None], step, 0.0))
        done |= finished
        if done.all():
            return theta, here
        step = np.where(done[..., None], 0.0, step)
        shrink = np.ones(here.value.shape)
        for _ in range(8):
            trial = theta + _at(free, theta, shrink[..., None] * step)
            there = function(trial, here.start)
            worse = (there.value < here.value - 1e-12 * (1 + np.abs(here.value))) & ~done
            if not worse.any():
                break
            shrink = np.where(worse, shrink / 2, shrink)
        else:
            done |= worse
            trial = np.where(worse[..., None], theta, trial)
            there = function(trial, here.start)
        theta, here = trial, there
    return theta, here


def _at(free: slice, theta: Array, step: Array) -> Array:
    """The step as a change of every coordinate."""
    change = np.zeros_like(theta)
    change[..., free] = step
    return change


def still_uphill(top: Height, which: NDArray[np.bool_]) -> bool:
    """True where the quadratic model at the end of a climb promises more than rounding."""
    gain = _newton(top.gradient, top.hessian)[1]
    return bool(np.any((gain > 1e-11 * (1 + np.abs(top.value))) & which))


def _newton(gradient: Array, hessian: Array) -> tuple[Array, Array]:
    """The uphill step and the gain that the quadratic model promises."""
    values, vectors = np.linalg.eigh(hessian)
    curved = np.maximum(np.abs(values), 1e-12 * np.abs(values).max(-1, keepdims=True) + 1e-300)
    along = (np.swapaxes(vectors, -1, -2) @ gradient[..., None])[..., 0]
    step = (vectors @ (along / curved)[..., None])[..., 0]
    length = np.abs(step).max(-1, keepdims=True)
    step = step * np.minimum(1.0, 2.0 / np.maximum(length, 1e-300))
    return step, np.asarray((along**2 / curved).sum(-1) / 2, float)
