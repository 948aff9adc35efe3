"""Profile likelihood of one-arm mixed models: intervals for tau and for the mean."""

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

Ends = tuple[float, float, Array, Array]

SIDES = np.array([-1.0, 1.0])


def chi_square_drop(level: float) -> float:
    """How far the log-likelihood falls from its maximum to the ends of an interval."""
    return float(special.chdtri(1, 1 - level)) / 2


def tau_profile(found: GlmmFit, level: float) -> tuple[float, float]:
    """Profile-likelihood interval of tau, its integrals checked at both ends."""
    return _checked(_tau_ends, found, level)


def mean_profile(found: GlmmFit, level: float) -> tuple[float, float]:
    """Profile-likelihood interval of the intercept, its integrals checked at both ends."""
    return _checked(_mean_ends, found, level)


def _checked(
    ends: Callable[[GlmmFit, float], Ends], found: GlmmFit, level: float
) -> tuple[float, float]:
    """The ends under the rule of the fit, or under finer ones where that is not good enough."""
    change, k = np.inf, found.problem.events.shape[-1]
    for rule, finer in ((found.problem.rule, 48), (panels(36), 72), (panels(60), 100)):
        here = replace(found, problem=replace(found.problem, rule=rule))
        low, high, theta, start = ends(here, level)
        used = _for_tau(here.problem, theta[:, -1])
        ours = height(used, theta, start).value
        theirs = height(replace(used, rule=panels(finer)), theta, start).value
        change = float(np.max(np.abs(ours - theirs)))
        if change < 1e-8 * (1 + k / 10) + 1e-13 * float(np.max(np.abs(ours))):
            return low, high
    raise SynthesisError(f"the profile likelihood is known only to {change:.2g}; check the counts")


def _for_tau(problem: Problem, log_tau: Array) -> Problem:
    """The problem with nodes that are good enough for this strong a random effect."""
    if problem.rule is not FIRST_RULE or np.max(log_tau) < 0.3:
        return problem
    return replace(problem, rule=panels(24))


def _close(found: GlmmFit) -> float:
    """What rounding leaves of a difference of log-likelihoods."""
    raw = found.log_likelihood - found.problem.constant()
    return 1e-11 + 1e-13 * float(np.abs(raw))


def _tau_ends(found: GlmmFit, level: float) -> Ends:
    """Both ends of the profile-likelihood interval of tau; for one meta-analysis.

    Hardy and Thompson (1996), doi 10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A,
    applied to the likelihood of the counts themselves.
    """
    problem, p = found.problem, found.beta.shape[-1]
    floor = float(found.log_likelihood) - chi_square_drop(level) - float(problem.constant())
    top = float(np.log(max(float(found.tau), np.exp(-6.0))))
    memory = {"beta": np.tile(found.beta, (2, 1)), "start": np.tile(found.start, (2, 1))}

    def gap(distance: Array) -> tuple[Array, Array]:
        theta = np.concatenate([memory["beta"], (top + SIDES * distance)[:, None]], axis=-1)
        now = _for_tau(problem, theta[:, -1])
        theta, here = climb(
            lambda theta, start: height(now, theta, start), theta, memory["start"], slice(0, p)
        )
        memory["beta"], memory["start"] = theta[:, :p], here.start
        return here.value - floor, here.gradient[:, -1] * SIDES

    at_zero = float(found.common_log_likelihood - problem.constant())
    low_exists = bool(found.tau > 0) and at_zero < floor
    reach = np.array([top - SMALLEST if low_exists else 0.0, 0.5])
    while gap(reach)[0][1] > 0:
        reach[1] *= 1.6
        if reach[1] > 50:
            raise SynthesisError("the likelihood has no upper limit for tau; check the counts")
    distance = falling_root(gap, np.zeros(2), reach, reach / 2, 1e-10, _close(found))
    low, high = np.exp(top + SIDES * distance)
    theta = np.concatenate([memory["beta"], (top + SIDES * distance)[:, None]], axis=-1)
    return (float(low) if low_exists else 0.0), float(high), theta, memory["start"]


def _mean_ends(found: GlmmFit, level: float) -> Ends:
    """Both ends of the profile-likelihood interval of the intercept of a model without others."""
    problem = found.problem
    floor = float(found.log_likelihood) - chi_square_drop(level) - float(problem.constant())
    centre, se = float(found.beta[0]), float(found.covariance[0, 0]) ** 0.5
    log_tau = np.full(2, float(np.log(max(float(found.tau), 0.1))))
    memory = {"tau": log_tau, "start": np.tile(found.start, (2, 1))}

    def gap(distance: Array) -> tuple[Array, Array]:
        beta = centre + SIDES * distance
        theta = np.stack([beta, np.maximum(memory["tau"], -3.0)], axis=-1)
        now = _for_tau(problem, theta[:, -1] + 0.5)
        theta, here = climb(
            lambda theta, start: height(now, theta, start), theta, memory["start"], slice(1, 2)
        )
        common = common_height(problem, beta[:, None])
        memory["tau"], memory["start"] = theta[:, 1], here.start
        value, slope = _better(here, common)
        return value - floor, slope * SIDES

    reach = np.full(2, 2.0 * se)
    for _ in range(60):
        still = gap(reach)[0] > 0
        if not still.any():
            break
        reach = np.where(still, 1.6 * reach, reach)
    distance = falling_root(gap, np.zeros(2), reach, np.full(2, 2.0 * se), 1e-10, _close(found))
    beta = centre + SIDES * distance
    theta = np.stack([beta, np.maximum(memory["tau"], SMALLEST)], axis=-1)
    return float(beta[0]), float(beta[1]), theta, memory["start"]


def _better(here: Height, common: Height) -> tuple[Array, Array]:
    """The higher of the two models, with its slope in the intercept."""
    inside = here.value >= common.value
    return (
        np.where(inside, here.value, common.value),
        np.where(inside, here.gradient[:, 0], common.gradient[:, 0]),
    )


def zero_tau_p(found: GlmmFit) -> float:
    """P-value of tau = 0: half a chi-square with 1 df, since tau cannot be below 0.

    Self and Liang (1987), doi 10.1080/01621459.1987.10478472.
    """
    ratio = 2 * float(found.log_likelihood - found.common_log_likelihood)
    return float(special.chdtrc(1, ratio) / 2) if ratio > 0 else 1.0
