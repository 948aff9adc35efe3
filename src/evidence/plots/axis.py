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
    if ends is None:
        step = _step(0.0, factor * (high - low), max(most - 1, 2))
        low = max(bounds[0], math.floor(factor * low / step + 1e-9) * step / factor)
        high = min(bounds[1], math.ceil(factor * high / step - 1e-9) * step / factor)
    step = _step(factor * low, factor * high, max(most, 2))
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
    if math.isfinite(bounds[0]) and low - bounds[0] <= 0.5 * (high - bounds[0]):
        low = bounds[0]
    if bounds[1] - high <= 0.1 * (high - low):
        high = bounds[1]
    if high - low < 1e-9:
        pad = 0.05 * max(abs(low), 1e-3)
        low, high = max(low - pad, bounds[0]), min(high + pad, bounds[1])
    return low, high


def _step(low: float, high: float, most: int) -> float:
    """The smallest round step with at most `most` ticks; one that meets both ends goes first."""
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    steps = [multiple * power for multiple in (1, 2, 2.5, 4, 5, 10, 20, 25, 40, 50, 100)]
    fits = [step for step in steps if _ticks(low, high, step) <= most]
    even = [step for step in fits if _whole(low / step) and _whole(high / step)]
    plain = [step for step in fits if not _whole(step / power / 4) or step / power >= 100]
    if even and even[0] <= 2.5 * plain[0]:
        return even[0]
    return plain[0]


def _ticks(low: float, high: float, step: float) -> int:
    return math.floor(high / step + 1e-9) - math.ceil(low / step - 1e-9) + 1


def _whole(value: float) -> bool:
    return math.isclose(value, round(value), abs_tol=1e-6)
