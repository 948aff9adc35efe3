"""One study at a time: a proportion with its interval, straight from events and total."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, special
from scipy.optimize import elementwise

from .errors import SynthesisError, choose

Array = NDArray[np.float64]
Bounds = tuple[Array, Array]


def study_rates(
    frame: pd.DataFrame, interval: str = "wilson", *, level: float = 0.95
) -> pd.DataFrame:
    """The frame with each row's proportion and interval added.

    Args:
        frame: rows with `events` and `total` (people); `study_id` names a row in messages.
        interval: a key of `INTERVALS`.
        level: confidence level, between 0 and 1.

    Returns:
        A new frame with `estimate`, `low` and `high` as fractions. A row of 0 of n starts at
        exactly 0 and a row of n of n ends at exactly 1, whatever the method.

    Raises:
        SynthesisError: an unknown interval, a level outside (0, 1), or counts that cannot be.

    >>> lebow = pd.DataFrame({"study_id": ["lebow-2011"], "events": [11], "total": [108]})
    >>> study_rates(lebow)[["estimate", "low", "high"]].round(4).to_dict("records")
    [{'estimate': 0.1019, 'low': 0.0578, 'high': 0.1732}]
    """
    check_level(level)
    events, total = counts(frame)
    low, high = proportion_limits(events, total, interval, level)
    return frame.assign(estimate=events / total, low=low, high=high)


def proportion_limits(events: Array, total: Array, interval: str, level: float) -> Bounds:
    """Limits of each proportion, inside [0, 1] and exactly at the bound for 0 and n of n."""
    low, high = choose(INTERVALS, interval, "interval")(events, total, 1 - level)
    return (
        np.where(events == 0, 0.0, np.clip(low, 0.0, 1.0)),
        np.where(events == total, 1.0, np.clip(high, 0.0, 1.0)),
    )


def counts(frame: pd.DataFrame) -> Bounds:
    """Events and totals as float arrays, or one error that names every row that cannot be.

    >>> counts(pd.DataFrame({"study_id": ["a"], "events": [3], "total": [2]}))
    Traceback (most recent call last):
        ...
    evidence.errors.SynthesisError: counts cannot be used:
      a: events (3) must not exceed total (2)
    """
    missing = [name for name in ("events", "total") if name not in frame.columns]
    if missing:
        raise SynthesisError(f"the frame has no column {' or '.join(missing)}; it is needed")
    events, total = (numbers(frame, name) for name in ("events", "total"))
    bad = ~((events >= 0) & (events <= total) & (total > 0))
    bad |= (events != np.round(events)) | (total != np.round(total)) | np.isinf(total)
    if bad.any():
        raise SynthesisError(_count_faults(names_of(frame)[bad], events[bad], total[bad]))
    return events, total


def _count_faults(names: NDArray[np.str_], events: Array, total: Array) -> str:
    faults = []
    for name, x, n in zip(names, events, total, strict=True):
        if not (math.isfinite(x) and math.isfinite(n)):
            faults.append(f"{name}: events and total must both be given; leave the row out")
        elif x != round(x) or n != round(n):
            faults.append(f"{name}: events ({x:g}) and total ({n:g}) must be whole numbers")
        elif n <= 0:
            faults.append(f"{name}: total ({n:g}) must be at least 1")
        elif x < 0:
            faults.append(f"{name}: events ({x:g}) must not be negative")
        else:
            faults.append(f"{name}: events ({x:.0f}) must not exceed total ({n:.0f})")
    return "counts cannot be used:\n  " + "\n  ".join(faults)


def names_of(frame: pd.DataFrame) -> NDArray[np.str_]:
    """What each row is called in messages: its `study_id`, or its index where it has none."""
    names = frame["study_id"] if "study_id" in frame.columns else frame.index
    return np.array([str(name) for name in names], dtype=str)


def numbers(frame: pd.DataFrame, column: str) -> Array:
    """A column as floats; what is not a number becomes missing, for the caller to refuse."""
    if frame[column].dtype.kind in "if":
        return frame[column].to_numpy(float)
    found = pd.to_numeric(frame[column], errors="coerce")
    return np.asarray(found.to_numpy(float, na_value=math.nan), float)


def check_level(level: float) -> None:
    """Refuse a confidence level that is not between 0 and 1."""
    if not 0 < level < 1:
        raise SynthesisError(f"level must lie between 0 and 1, such as 0.95; it is {level!r}")


def _from_statsmodels(name: str) -> Callable[[Array, Array, float], Bounds]:
    """The interval of this name in statsmodels, imported when first used (it takes 0.7 s)."""

    def bounds(events: Array, total: Array, miss: float) -> Bounds:
        from statsmodels.stats.proportion import proportion_confint

        low, high = proportion_confint(events, total, alpha=miss, method=name)
        return np.asarray(low, float), np.asarray(high, float)

    return bounds


def _wilson_corrected(events: Array, total: Array, miss: float) -> Bounds:
    """Wilson's score interval with continuity correction (Newcombe 1998, method 4)."""
    z = float(special.ndtri(1 - miss / 2))
    p = events / total

    def bound(sign: int) -> Array:
        inside = z * z + sign * 2 - 1 / total + 4 * p * (total * (1 - p) - sign)
        root = np.sqrt(np.maximum(inside, 0.0))
        return np.asarray(
            (2 * events + z * z + sign * (1 + z * root)) / (2 * (total + z * z)), float
        )

    return bound(-1), bound(1)


def _tail_above(p: Array | float, events: Array | float, total: Array | float) -> Array:
    """P(X >= events) of a binomial count; 1 when events is 0."""
    safe = np.maximum(events, 1)
    tail = special.betainc(safe, np.asarray(total) - safe + 1, p)
    return np.asarray(np.where(np.asarray(events) <= 0, 1.0, tail), float)


def _mid_p(events: Array, total: Array, miss: float) -> Bounds:
    """Mid-P: exact tails that count half of the observed point's probability (Lancaster 1961)."""

    def lower(x: Array, n: Array) -> Array:
        def excess(p: Array, x: Array, n: Array) -> Array:
            tails = _tail_above(p, x, n) + _tail_above(p, x + 1, np.maximum(n, x + 1)) * (x < n)
            return np.asarray(tails / 2 - miss / 2, float)

        inside = x > 0
        bound = np.zeros_like(x)
        if inside.any():
            x, n = x[inside], n[inside]
            ends = (np.zeros_like(x), np.ones_like(x))
            found = elementwise.find_root(
                excess, ends, args=(x, n), tolerances={"xatol": 0, "xrtol": 1e-13, "fatol": 0}
            )
            bound[inside] = found.x
        return bound

    return lower(events, total), 1 - lower(total - events, total)


def _blaker_lower(x: int, n: int, miss: float) -> float:
    """The smallest rate that Blaker's (2000) acceptability function does not reject.

    The acceptability of p below x/n is P(X >= x) + P(X <= j), where j is the largest count whose
    lower tail is no more likely than P(X >= x). It jumps up where j changes and, between two
    jumps, falls and then rises; so each piece is asked at its left end first, then at its right.
    The first piece is the one that holds the Clopper-Pearson limit: below it nothing is accepted.
    """
    if x == 0:
        return 0.0

    def above(p: float) -> float:
        return float(special.betainc(x, n - x + 1, p))

    def below(j: int, p: float) -> float:
        return float(special.betaincc(j + 1, n - j, p)) if j >= 0 else 0.0

    left = float(special.betaincinv(x, n - x + 1, miss / 2))
    j, beyond = -1, x
    while beyond - j > 1:  # the largest j whose lower tail is no more likely than P(X >= x)
        middle = (j + beyond) // 2
        j, beyond = (middle, beyond) if below(middle, left) <= above(left) else (j, middle)
    while True:
        if above(left) + below(j, left) >= miss:
            return left

        def gap(p: float, j: int = j) -> float:
            return below(j + 1, p) - above(p)

        right = float(optimize.brentq(gap, left, x / n, xtol=1e-15)) if gap(x / n) < 0 else x / n
        piece = above(right) + below(j, right)
        if piece >= miss:
            return float(
                optimize.brentq(
                    lambda p, j=j: above(p) + below(j, p) - miss, left, right, xtol=1e-15
                )
            )
        left, j = right, j + 1


def _blaker(events: Array, total: Array, miss: float) -> Bounds:
    """Blaker's (2000) exact interval, always inside the Clopper-Pearson one."""
    pairs = [(int(x), int(n)) for x, n in zip(events, total, strict=True)]
    low = np.array([_blaker_lower(x, n, miss) for x, n in pairs], float)
    high = np.array([1 - _blaker_lower(n - x, n, miss) for x, n in pairs], float)
    return low, high


def _arcsine(events: Array, total: Array, miss: float) -> Bounds:
    """Wald interval on the arcsine scale."""
    centre = np.arcsin(np.sqrt(events / total))
    half = float(special.ndtri(1 - miss / 2)) / (2 * np.sqrt(total))
    low, high = np.maximum(centre - half, 0.0), np.minimum(centre + half, math.pi / 2)
    return np.asarray(np.sin(low) ** 2, float), np.asarray(np.sin(high) ** 2, float)


def _logit(events: Array, total: Array, miss: float) -> Bounds:
    """Wald interval on the logit scale; 0.5 joins both cells of a study at 0 or n."""
    add = 0.5 * ((events == 0) | (events == total))
    x, y = events + add, total - events + add
    half = float(special.ndtri(1 - miss / 2)) * np.sqrt(1 / x + 1 / y)
    return special.expit(np.log(x / y) - half), special.expit(np.log(x / y) + half)


INTERVALS: dict[str, Callable[[Array, Array, float], Bounds]] = {
    "wilson": _from_statsmodels("wilson"),
    "wilson_corrected": _wilson_corrected,
    "clopper_pearson": _from_statsmodels("beta"),
    "agresti_coull": _from_statsmodels("agresti_coull"),
    "jeffreys": _from_statsmodels("jeffreys"),
    "mid_p": _mid_p,
    "blaker": _blaker,
    "arcsine": _arcsine,
    "logit": _logit,
}
"""Every interval for one proportion: function of events, total and the probability left outside.

Wilson (1927), Clopper and Pearson (1934), Agresti and Coull (1998), Jeffreys as in Brown, Cai and
DasGupta (2001) come from statsmodels; the others are written here because it lacks them.
"""
