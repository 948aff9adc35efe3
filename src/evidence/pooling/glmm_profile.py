"""Profile likelihood of one-arm mixed models: intervals for tau and for the mean.

Limits have the leading axes of the fit, so that many meta-analyses are profiled at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ..errors import SynthesisError
from .climbing import Height, climb
from .glmm_fit import FIRST_RULE, SMALLEST, GlmmFit, Problem, common_height, height
from .quadrature import panels
from .roots import falling_root

Array = NDArray[np.float64]

Ends = tuple[Array, Array, Array, Array]


FAR = 400
"""Most steps of a climb along the profile, where the mean may have to go far."""


def _sides(found: GlmmFit) -> Array:
    """Downward and upward, as a first axis before those of the fit."""
    return np.array([-1.0, 1.0]).reshape(2, *np.ones(np.ndim(found.tau), int))


def chi_square_drop(level: float) -> float:
    """How far the log-likelihood falls from its maximum to the ends of an interval."""
    return float(special.chdtri(1, 1 - level)) / 2


def tau_profile(found: GlmmFit, level: float) -> tuple[Array, Array]:
    """Profile-likelihood interval of tau, its integrals checked at both ends."""
    return _checked(_tau_ends, found, level)


def mean_profile(found: GlmmFit, level: float) -> tuple[Array, Array]:
    """Profile-likelihood interval of the intercept, its integrals checked at both ends."""
    return _checked(_mean_ends, found, level)


def _checked(
    ends: Callable[[GlmmFit, float], Ends], found: GlmmFit, level: float
) -> tuple[Array, Array]:
    """The ends under the rule of the fit, or under finer ones where that is not good enough."""
    worst, k = np.inf, found.problem.events.shape[-1]
    for rule, finer in ((found.problem.rule, 48), (panels(36), 72), (panels(60), 100)):
        here = replace(found, problem=replace(found.problem, rule=rule))
        low, high, theta, start = ends(here, level)
        used = _for_tau(here.problem, theta[..., -1])
        ours = height(used, theta, start).value
        theirs = height(replace(used, rule=panels(finer)), theta, start).value
        change = np.abs(ours - theirs)
        if np.all(change < 1e-8 * (1 + k / 10) + 1e-13 * np.abs(ours)):
            return low, high
        worst = float(np.max(change))
    raise SynthesisError(f"the profile likelihood is known only to {worst:.2g}; check the counts")


def _for_tau(problem: Problem, log_tau: Array) -> Problem:
    """The problem with nodes that are good enough for this strong a random effect."""
    if problem.rule is not FIRST_RULE or np.max(log_tau) < 0.3:
        return problem
    return replace(problem, rule=panels(24))


def _close(found: GlmmFit) -> Array:
    """What rounding leaves of a difference of log-likelihoods."""
    raw = found.log_likelihood - found.problem.constant()
    return np.asarray(1e-11 + 1e-13 * np.abs(raw), float)


def _tau_ends(found: GlmmFit, level: float) -> Ends:
    """Both ends of the profile-likelihood interval of tau.

    Hardy and Thompson (1996), doi 10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A,
    applied to the likelihood of the counts themselves.
    """
    problem, p, sides = found.problem, found.beta.shape[-1], _sides(found)
    floor = found.log_likelihood - chi_square_drop(level) - problem.constant()
    top = np.log(np.maximum(found.tau, np.exp(-6.0)))
    memory = {"beta": np.stack([found.beta] * 2), "start": np.stack([found.start] * 2)}

    def gap(distance: Array) -> tuple[Array, Array]:
        theta = np.concatenate([memory["beta"], (top + sides * distance)[..., None]], axis=-1)
        now = _for_tau(problem, theta[..., -1])
        theta, here = climb(
            lambda theta, start: height(now, theta, start),
            theta,
            memory["start"],
            slice(0, p),
            steps=FAR,
        )
        memory["beta"], memory["start"] = theta[..., :p], here.start
        return here.value - floor, here.gradient[..., -1] * sides

    at_zero = found.common_log_likelihood - problem.constant()
    low_exists = (found.tau > 0) & (at_zero < floor)
    reach = np.stack([np.where(low_exists, top - SMALLEST, 0.0), np.full_like(top, 0.5)])
    while (still := gap(reach)[0][1] > 0).any():
        reach[1] = np.where(still, 1.6 * reach[1], reach[1])
        if reach[1].max() > 50:
            raise SynthesisError("the likelihood has no upper limit for tau; check the counts")
    distance = falling_root(gap, np.zeros_like(reach), reach, reach / 2, 1e-10, _close(found))
    low, high = np.exp(top + sides * distance)
    theta = np.concatenate([memory["beta"], (top + sides * distance)[..., None]], axis=-1)
    here = height(_for_tau(problem, theta[..., -1]), theta, memory["start"])
    bend = np.abs(np.diagonal(here.hessian, 0, -2, -1))[..., :p]
    if np.any(here.gradient[..., :p] ** 2 > 1e-6 * bend):
        raise SynthesisError("the profile likelihood of tau was not climbed; check the counts")
    return np.where(low_exists, low, 0.0), high, theta, memory["start"]


def _mean_ends(found: GlmmFit, level: float) -> Ends:
    """Both ends of the profile-likelihood interval of the intercept of a model without others."""
    problem, sides = found.problem, _sides(found)
    floor = found.log_likelihood - chi_square_drop(level) - problem.constant()
    centre, se = found.beta[..., 0], np.sqrt(found.covariance[..., 0, 0])
    log_tau = np.log(np.maximum(found.tau, 0.1))
    memory = {"tau": np.stack([log_tau] * 2), "start": np.stack([found.start] * 2)}

    def gap(distance: Array) -> tuple[Array, Array]:
        beta = centre + sides * distance
        theta = np.stack([beta, np.maximum(memory["tau"], -3.0)], axis=-1)
        now = _for_tau(problem, theta[..., -1] + 0.5)
        theta, here = climb(
            lambda theta, start: height(now, theta, start),
            theta,
            memory["start"],
            slice(1, 2),
            steps=FAR,
        )
        common = common_height(problem, beta[..., None])
        memory["tau"], memory["start"] = theta[..., 1], here.start
        value, slope = _better(here, common)
        return value - floor, slope * sides

    first = np.stack([2.0 * se] * 2)
    reach = first
    for _ in range(60):
        still = gap(reach)[0] > 0
        if not still.any():
            break
        reach = np.where(still, 1.6 * reach, reach)
    distance = falling_root(gap, np.zeros_like(reach), reach, first, 1e-10, _close(found))
    beta = centre + sides * distance
    theta = np.stack([beta, np.maximum(memory["tau"], SMALLEST)], axis=-1)
    return beta[0], beta[1], theta, memory["start"]


def _better(here: Height, common: Height) -> tuple[Array, Array]:
    """The higher of the two models, with its slope in the intercept."""
    inside = here.value >= common.value
    return (
        np.where(inside, here.value, common.value),
        np.where(inside, here.gradient[..., 0], common.gradient[..., 0]),
    )


def zero_tau_p(found: GlmmFit) -> Array:
    """P-value of tau = 0: half a chi-square with 1 df, since tau cannot be below 0.

    Self and Liang (1987), doi 10.1080/01621459.1987.10478472.
    """
    ratio = np.maximum(2 * (found.log_likelihood - found.common_log_likelihood), 0.0)
    return np.asarray(np.where(ratio > 0, special.chdtrc(1, ratio) / 2, 1.0), float)
