"""Mixed models of two-arm counts: the log odds or rate ratio varies, the baseline is dealt with.

Four ways with the baseline of each study (Stijnen, Hamza and Ozdemir 2010, doi 10.1002/sim.4040;
Jackson et al. 2018, doi 10.1002/sim.7588): `fixed_baseline` gives each study its own
(unconditional, fixed study effects), `random_baseline` takes them from a normal law (unconditional,
random study effects, independent of the treatment effects), `conditional` takes the margins of each
table as given (exactly: non-central hypergeometric; for rates binomial), and
`conditional_approximate` puts a binomial in place of the hypergeometric law, which suits rare
events.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import SynthesisError, choose
from .two_arm_integrals import (
    Height,
    Surface,
    given_margins,
    normal_baselines,
    own_baselines,
)
from .two_arm_likelihoods import TWO_ARM_LIKELIHOODS, Arms

Array = NDArray[np.float64]

SMALLEST = 1e-6
"""A standard deviation below this is taken as zero."""
LARGEST = 100.0
"""A standard deviation above this is taken as endless."""


@dataclass(frozen=True)
class TwoArmFit:
    """The maximum of a two-arm mixed model.

    Attributes:
        effect, se: the mean log ratio and its standard error.
        tau: standard deviation of the log ratio between studies, 0 at the boundary.
        covariance: of effect and tau; zero in tau's part at the boundary.
        log_likelihood: with every constant.
        common_effect, common_se, common_log_likelihood: of the model with tau = 0.
        accuracy: change of the log-likelihood when there are twice as many nodes.
        weights: each study's share of the information on the effect.
        parameters: how many were estimated.
        point, common: the whole maximum, and that with tau = 0, as coordinates of `surface`.
        height: the log-likelihood there, with its derivatives.
        surface: the log-likelihood that was climbed.
    """

    effect: float
    se: float
    tau: float
    covariance: Array
    log_likelihood: float
    common_effect: float
    common_se: float
    common_log_likelihood: float
    accuracy: float
    weights: Array
    parameters: int
    point: Array
    common: Array
    height: Height
    surface: Surface


def fit_two_arm(arms: Arms, model: str) -> TwoArmFit:
    """The global maximum of a two-arm mixed model of two studies or more with information.

    Raises:
        SynthesisError: an unknown model, or counts without a finite maximum.
    """
    surface = surface_of(arms, model)
    common, zero = _highest(surface, surface.start)
    point, top = common, zero
    for tau in (0.1, 0.5, 1.5):
        start = _from(common, surface)
        start[1] = tau
        found, height = _highest(surface, start)
        if found[1] > 0 and height.value > top.value + 1e-10 * (1 + abs(top.value)):
            point, top = found, height
            break
    covariance = np.zeros((2, 2))
    size = 2 if point[1] > 0 else 1
    covariance[:size, :size] = _covariance(top, point, surface)[:size, :size]
    finer = surface.height(point, True).value
    return TwoArmFit(
        effect=float(point[0]), se=float(covariance[0, 0]) ** 0.5, tau=float(point[1]),
        covariance=covariance, log_likelihood=top.value,
        common_effect=float(common[0]),
        common_se=float(_covariance(zero, common, surface)[0, 0]) ** 0.5,
        common_log_likelihood=zero.value, accuracy=abs(finer - top.value),
        weights=np.asarray(top.information / top.information.sum(), float),
        parameters=len(point), point=point, common=common, height=top, surface=surface,
    )  # fmt: skip


def surface_of(arms: Arms, model: str) -> Surface:
    """The log-likelihood of a model, from crude starting values.

    Raises:
        SynthesisError: an unknown model, or counts without a finite maximum.
    """
    like = choose(TWO_ARM_LIKELIHOODS, model, "two_arm")(arms)
    if min(arms.a.sum(), arms.c.sum()) == 0 or (
        arms.people and min(arms.b.sum(), arms.d.sum()) == 0
    ):
        raise SynthesisError(
            "one arm has no event (or nothing but events) in any study, so the likelihood has no "
            "finite maximum; use method='peto' or a difference"
        )
    if model == "conditional" and arms.people and _at_ends(arms):
        raise SynthesisError(
            "every table lies at an end of what its margins allow, so the between-study variance "
            "of the conditional likelihood has no finite maximum; use two_arm='fixed_baseline'"
        )
    return SURFACES[model](like, *_crude(arms))


def _at_ends(arms: Arms) -> bool:
    """True where each table holds as many or as few treated events as its margins allow."""
    lowest = np.minimum(arms.a, arms.d) == 0
    highest = np.minimum(arms.b, arms.c) == 0
    return bool(np.all(lowest | highest))


def _crude(arms: Arms) -> tuple[float, Array]:
    """A crude log ratio, and crude baselines: the middle of both linear predictors."""
    half = 0.5
    if arms.people:
        up = np.log((arms.a + half) / (arms.b + half))
        down = np.log((arms.c + half) / (arms.d + half))
        spread = sum(1 / (cells + half) for cells in (arms.a, arms.b, arms.c, arms.d))
    else:
        up, down = np.log((arms.a + half) / arms.b), np.log((arms.c + half) / arms.d)
        spread = 1 / (arms.a + half) + 1 / (arms.c + half)
    weight = 1 / np.asarray(spread, float)
    return float(weight @ (up - down) / weight.sum()), (up + down) / 2


def _from(point: Array, surface: Surface) -> Array:
    """A copy to start a climb from, with no other standard deviation at zero."""
    start = point.copy()
    for i in surface.spreads[1:]:
        start[i] = max(start[i], 0.3)
    return start


def _highest(surface: Surface, start: Array) -> tuple[Array, Height]:
    """The top that a climb leads to, or a higher one where another standard deviation is zero."""
    point, top = settle(surface, start)
    for i in surface.spreads[1:]:
        flat = point.copy()
        flat[i] = 0.0
        other, height = settle(surface, flat)
        if height.value >= top.value:
            point, top = other, height
    return point, top


def _covariance(height: Height, point: Array, surface: Surface) -> Array:
    """Inverse information, without the standard deviations that are zero; tau stays in place."""
    free = free_of(point, surface)
    whole = np.zeros_like(height.hessian)
    whole[np.ix_(free, free)] = np.linalg.inv(-height.hessian[np.ix_(free, free)])
    return whole


def free_of(point: Array, surface: Surface) -> NDArray[np.bool_]:
    """Coordinates that a climb from here may change: standard deviations of zero stay there."""
    free = np.ones(len(point), bool)
    for i in surface.spreads:
        free[i] = point[i] > 0
    return free


def settle(surface: Surface, start: Array, held: int | None = None) -> tuple[Array, Height]:
    """The top of the hill that a climb from `start` leads to.

    A standard deviation that starts at zero stays there, and one that shrinks to nothing becomes
    zero. `held` is a coordinate that does not move.
    """
    point = start
    while True:
        free = free_of(point, surface)
        if held is not None:
            free[held] = False
        point, height = _climb(surface, point, free)
        small = [i for i in surface.spreads if free[i] and point[i] < SMALLEST]
        if not small:
            return point, height
        point = point.copy()
        point[small] = 0.0


def _climb(surface: Surface, start: Array, free: NDArray[np.bool_]) -> tuple[Array, Height]:
    """Newton's method with step halving; standard deviations stay positive."""
    point, here = start, surface.height(start, False)
    positive = [i for i in surface.spreads if free[i]]
    for _ in range(200):
        step, gain = _newton(here, free)
        if any(point[i] < SMALLEST for i in positive):
            return point, here
        if gain < 1e-11 * (1 + abs(here.value)):  # the last step squares what is missing
            return point + step, surface.height(point + step, False)
        if any(point[i] > LARGEST for i in positive):
            break
        for _ in range(20):
            trial = point + step
            for i in positive:
                trial[i] = trial[i] if trial[i] > 0 else point[i] / 4
            there = surface.height(trial, False)
            if there.value >= here.value - 1e-11 * (1 + abs(here.value)):
                break
            step = step / 2
        point, here = trial, there
    raise SynthesisError(
        "the two-arm likelihood has no finite maximum that 200 steps reach; use another two_arm, "
        "or method='inverse_variance'"
    )


def _newton(here: Height, free: NDArray[np.bool_]) -> tuple[Array, float]:
    """The uphill step and the gain that the quadratic model promises."""
    step = np.zeros(len(free))
    if not free.any():
        return step, 0.0
    gradient, hessian = here.gradient[free], here.hessian[np.ix_(free, free)]
    values, vectors = np.linalg.eigh(hessian)
    along = vectors.T @ gradient
    curved = np.maximum(np.abs(values), 1e-10)
    step[free] = vectors @ (along / curved)
    step *= min(1.0, 2.0 / max(1e-300, float(np.abs(step).max())))
    return step, float((along**2 / curved).sum() / 2)


SURFACES: dict[str, Callable[..., Surface]] = {
    "conditional": given_margins,
    "conditional_approximate": given_margins,
    "fixed_baseline": own_baselines,
    "random_baseline": normal_baselines,
}
"""What is integrated and what is estimated; the keys of `evidence.pooling.options.TWO_ARM`."""
