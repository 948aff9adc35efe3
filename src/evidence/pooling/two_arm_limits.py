"""Profile likelihood of two-arm mixed models: intervals for the effect and for tau.

Hardy and Thompson (1996), doi 10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A,
applied to the likelihood of the counts themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import SynthesisError
from .roots import falling_root
from .two_arm_glmm import TwoArmFit, free_of, settle
from .two_arm_integrals import Height, Surface

Array = NDArray[np.float64]


def tau_limits(found: TwoArmFit, drop: float) -> tuple[float, float]:
    """Where the profile log-likelihood of tau has fallen by `drop`, on both sides of its top."""
    low = 0.0
    if found.tau > 0 and found.common_log_likelihood < found.log_likelihood - drop:
        low = found.tau - _distance(found, 1, -1.0, drop, found.tau)
    return low, found.tau + _distance(found, 1, 1.0, drop, max(found.tau, 0.5))


def effect_limits(found: TwoArmFit, drop: float) -> tuple[float, float]:
    """Where the profile log-likelihood of the mean log ratio has fallen by `drop`."""
    first = found.se * (2 * drop) ** 0.5
    return (
        found.effect - _distance(found, 0, -1.0, drop, first),
        found.effect + _distance(found, 0, 1.0, drop, first),
    )


def _distance(found: TwoArmFit, held: int, side: float, drop: float, first: float) -> float:
    """How far the coordinate `held` goes on one side until the profile has fallen by `drop`."""
    walk = _Walk(found, held, side, drop)
    distance, (point, height) = _root(walk, first, _followed)
    best = _searched(found.surface, point, height, held, float(point[held]))[1]
    if best.value > height.value + 1e-8:  # another hill is higher there
        distance, _ = _root(walk, first, _searched)
    return distance


Top = tuple[Array, Height]
Trace = Callable[[Surface, Array, Height, int, float], Top]
"""From a top with one coordinate held to the top with it held elsewhere."""


@dataclass(frozen=True)
class _Walk:
    """One coordinate of a fit, one of its sides, and how far to fall there."""

    found: TwoArmFit
    held: int
    side: float
    drop: float


def _root(walk: _Walk, first: float, trace: Trace) -> tuple[float, Top]:
    """The distance, and the top of the other coordinates there."""
    found, held, side = walk.found, walk.held, walk.side
    last = [(found.point, found.height)]

    def gap(distance: Array) -> tuple[Array, Array]:
        value = float(found.point[held] + side * distance)
        last[0] = trace(found.surface, *last[0], held, value)
        height = last[0][1]
        fall = height.value - found.log_likelihood + walk.drop
        return np.array(fall), np.array(side * height.gradient[held])

    outward = side > 0 or held == 0  # downward, tau ends at zero
    inner, far = 0.0, first
    while outward and gap(np.array(far))[0] > 0:
        inner, far = far, 1.6 * far
        if far > 100:
            raise SynthesisError(
                f"the profile likelihood has no limit for {'tau' if held else 'the effect'}; "
                "check the counts, or use another two_arm"
            )
    start = np.array(far if outward else far / 2)
    root = falling_root(gap, np.array(inner), np.array(far), start, 1e-6, 1e-9)
    return float(root), last[0]


def _followed(surface: Surface, point: Array, height: Height, held: int, value: float) -> Top:
    """The same hill's top; a spread of zero leaves zero where the likelihood rises from there."""
    top = settle(surface, _along(point, height, held, value, surface), held)
    rising = [
        i for i in surface.spreads if i != held and top[0][i] == 0 and top[1].hessian[i, i] > 0
    ]
    if not rising:
        return top
    start = top[0].copy()
    start[rising] = 0.1
    return settle(surface, start, held)


def _searched(surface: Surface, point: Array, height: Height, held: int, value: float) -> Top:
    """The highest of the tops reached from spreads of zero, from wider ones, and along the hill."""
    tops = [_followed(surface, point, height, held, value)]
    others = [i for i in surface.spreads if i != held]
    for spread in (0.0, 0.5) if others else ():
        start = tops[0][0].copy()
        start[others] = spread
        tops.append(settle(surface, start, held))
    return max(tops, key=lambda top: top[1].value)


def _along(point: Array, height: Height, held: int, value: float, surface: Surface) -> Array:
    """Where the top of the others has moved, by the curvature at the last point."""
    free, start = free_of(point, surface), point.copy()
    free[held] = False
    shift = np.linalg.solve(height.hessian[np.ix_(free, free)], height.hessian[free, held])
    start[free] -= shift * (value - point[held])
    start[held] = value
    for i in surface.spreads:
        if i != held and point[i] > 0:
            start[i] = max(start[i], point[i] / 2)
    return start
