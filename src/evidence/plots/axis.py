"""The ends and the ticks of an axis on the reading scale."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ..formatting import fixed


@dataclass(frozen=True)
class Axis:
    """Where an axis starts and ends, its ticks, and their texts."""

    low: float
    high: float
    ticks: tuple[float, ...]
    texts: tuple[str, ...]

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def linear_axis(
    values: Iterable[float],
    *,
    bounds: tuple[float, float],
    factor: float = 1.0,
    most: int = 6,
    ends: tuple[float, float] | None = None,
) -> Axis:
    """An axis with round ticks that covers the values but never leaves the scale's bounds.

    Args:
        values: everything that must be seen, reading scale.
        bounds: smallest and largest possible value.
        factor: printed number per unit (100 for percent).
        most: largest number of ticks.
        ends: the ends asked for; the values may then lie outside.

    >>> linear_axis([0.02, 0.33], bounds=(0, 1), factor=100).texts
    ('0', '10', '20', '30', '40')
    """
    seen = [value for value in values if math.isfinite(value)]
    low, high = ends or _span(seen, bounds)
    step = _step(factor * (high - low), max(most, 2))
    if ends is None:
        low = max(bounds[0], math.floor(factor * low / step + 1e-9) * step / factor)
        high = min(bounds[1], math.ceil(factor * high / step - 1e-9) * step / factor)
    first, last = math.ceil(factor * low / step - 1e-9), math.floor(factor * high / step + 1e-9)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    decimals += not math.isclose(step * 10**decimals % 1, 0, abs_tol=1e-6)
    marks = [index * step for index in range(first, last + 1)]
    text = fixed(decimals)
    return Axis(
        low, high, tuple(mark / factor for mark in marks), tuple(text(mark) for mark in marks)
    )


def _span(seen: list[float], bounds: tuple[float, float]) -> tuple[float, float]:
    """The values' own range, drawn out to a bound that is near; never empty."""
    if not seen:
        finite = all(math.isfinite(bound) for bound in bounds)
        return bounds if finite else (0.0, 1.0)
    low, high = max(min(seen), bounds[0]), min(max(seen), bounds[1])
    if low - bounds[0] <= 0.5 * (high - bounds[0]):
        low = bounds[0]
    if bounds[1] - high <= 0.1 * (high - low):
        high = bounds[1]
    if high - low < 1e-9:
        pad = 0.05 * max(abs(low), 1e-3)
        low, high = max(low - pad, bounds[0]), min(high + pad, bounds[1])
    return low, high


def _step(span: float, most: int) -> float:
    """The smallest round step that needs no more than `most` ticks."""
    power = 10.0 ** math.floor(math.log10(span / most))
    for multiple in (1, 2, 2.5, 5, 10, 20, 25, 50, 100):
        step = multiple * power
        if math.floor(span / step + 1e-9) + 2 <= most or math.isclose(span / step, most - 1):
            if multiple in (2.5, 25) and step < 10:
                continue
            return step
    return 100 * power
