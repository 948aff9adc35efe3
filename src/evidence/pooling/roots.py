"""Roots by bracketing, many at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..errors import SynthesisError

Array = NDArray[np.float64]
Slope = Callable[[Array], tuple[Array, Array]]


def falling_root(
    function: Slope,
    low: Array,
    high: Array,
    start: Array | None = None,
    tolerance: float = 1e-14,
    close: float = 0.0,
) -> Array:
    """Where a function that is positive at `low` and not positive at `high` crosses zero.

    Newton steps inside a bracket that only shrinks; a step that leaves it, or that shrinks too
    slowly, becomes a bisection. So it cannot diverge, and it says so if it does not finish.

    Args:
        function: x -> (value, slope), elementwise.
        low: lower ends of the brackets, any shape.
        high: upper ends.
        start: first guess; the middle where it is not given.
        tolerance: relative, of the root.
        close: a value this near zero is taken as zero (where rounding allows no better).

    Raises:
        SynthesisError: a root not found in 200 steps.
    """
    low, high = np.array(low, float), np.array(high, float)
    x = (low + high) / 2 if start is None else np.minimum(np.maximum(start, low), high)
    last = high - low
    for _ in range(200):
        value, slope = function(x)
        above = value > 0
        low, high = np.where(above, x, low), np.where(above, high, x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            newton = x - value / slope
        good = (newton >= low) & (newton <= high) & (2 * np.abs(newton - x) < np.abs(last))
        following = np.where(np.abs(value) <= close, x, np.where(good, newton, (low + high) / 2))
        last = following - x
        x = following
        # a Newton step of 1e-8 leaves an error of its square
        enough = np.where(good, max(1e-8, tolerance), tolerance)
        if (np.abs(last) <= enough * np.abs(x)).all():
            return x
    raise SynthesisError(
        "a root was not found in 200 steps; check the effects, variances or counts"
    )
