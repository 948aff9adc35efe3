"""The ends and the ticks of an axis on the reading scale."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import SynthesisError
from ..formatting import fixed
from ..measures.scale import Scale

LEAST_SIDE = 0.25
"""The shorter side of no difference, of the longer one, where both sides are named."""


@dataclass(frozen=True)
class Axis:
    """Where an axis starts and ends, its ticks, their texts, and whether it is logarithmic."""

    low: float
    high: float
    ticks: tuple[float, ...]
    texts: tuple[str, ...]
    log: bool = False

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def share(self, value: float) -> float:
        """How far along the axis a value lies: 0 at its start, 1 at its end."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


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


def axis_of(
    scale: Scale,
    values: Iterable[float],
    *,
    most: int = 6,
    ends: tuple[float, float] | None = None,
) -> Axis:
    """The axis that suits a scale: even in percent and rates, logarithmic in ratios.

    A value that means no difference is always seen, unless `ends` leave it out.
    """
    seen = [*values, *(() if scale.null is None else (scale.null,))]
    if scale.log_axis:
        return log_axis(seen, factor=scale.factor, most=most, ends=ends)
    return linear_axis(seen, bounds=scale.bounds, factor=scale.factor, most=most, ends=ends)


def both_sides(scale: Scale, values: Iterable[float]) -> list[float]:
    """Values left and right of no difference that keep some of the axis on either side of it.

    >>> from evidence.measures.scale import LOG_RATIO, LOGIT
    >>> [round(end, 2) for end in both_sides(LOG_RATIO, [2.0, 16.0])]
    [0.5, 16.0]
    >>> both_sides(LOGIT, [0.1])
    []
    """
    if scale.null is None:
        return []
    log, null = scale.log_axis, scale.null
    seen = [value for value in values if math.isfinite(value) and (value > 0 or not log)]
    away = [math.log(value / null) if log else value - null for value in seen]
    far = max((abs(one) for one in away), default=0.0)
    ends = (min(*away, -LEAST_SIDE * far), max(*away, LEAST_SIDE * far)) if away else ()
    return [null * math.exp(one) if log else null + one for one in ends]


def log_axis(
    values: Iterable[float],
    *,
    factor: float = 1.0,
    most: int = 6,
    ends: tuple[float, float] | None = None,
) -> Axis:
    """A logarithmic axis with ticks at 1, 2 and 5 times powers of ten, or fewer of them.

    Args:
        values: everything that should be seen; what is not above 0 cannot be.
        factor: printed number per unit.
        most: largest number of ticks.
        ends: the ends asked for, above 0.

    >>> log_axis([0.13, 1.0, 3.2]).texts
    ('0.1', '0.2', '0.5', '1', '2', '5')
    """
    if ends is not None and ends[0] <= 0:
        raise SynthesisError(f"a logarithmic axis starts above 0, such as (0.1, 10); not {ends!r}")
    seen = [factor * value for value in values if 0 < value < math.inf]
    low, high = (min(seen), max(seen)) if seen else (0.1, 10.0)
    if ends is not None:
        low, high = factor * ends[0], factor * ends[1]
    if high / low < 4:  # less than a decade's three marks: round numbers, unevenly spaced
        if high / low < 1.05:
            low, high = low / 1.1, high * 1.1
        bounds = (low / 2, math.inf)
        even = linear_axis([low, high], bounds=bounds, most=most, ends=ends and (low, high))
        marks, low, high = list(even.ticks), max(even.low, low / 1.5), even.high
        marks = [mark for mark in marks if low <= mark * (1 + 1e-9) and mark <= high * (1 + 1e-9)]
    else:
        powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
        ladder = [float(f"{step}e{power}") for power in powers for step in (1, 2, 5)]
        if ends is None:
            low = max(mark for mark in ladder if mark <= low * (1 + 1e-9))
            high = min(mark for mark in ladder if mark >= high * (1 - 1e-9))
        marks = _thinned(ladder, low, high, most)
    texts = tuple(_shortest(mark) for mark in marks)
    return Axis(low / factor, high / factor, tuple(mark / factor for mark in marks), texts, True)


def _thinned(ladder: list[float], low: float, high: float, most: int) -> list[float]:
    """As many of 1, 2, 5 or of powers of ten, 100, 1000 as there is room for."""
    inside = [
        (i, m) for i, m in enumerate(ladder) if low <= m * (1 + 1e-9) and m <= high * (1 + 1e-9)
    ]
    unit = min((i for i, m in enumerate(ladder) if math.log10(m) % 1 == 0), default=0)
    for step in (1, 3, 6, 9, 18, 36):
        marks = [mark for index, mark in inside if (index - unit) % step == 0]
        if len(marks) <= most:
            break
    return marks or [inside[0][1]]


def _shortest(value: float) -> str:
    """A mark without trailing zeros and without an exponent."""
    decimals = max(0, 1 - math.floor(math.log10(value))) + 1
    text = fixed(decimals)(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


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
