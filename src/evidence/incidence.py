"""One study at a time: an incidence rate with its interval, from events and person-time."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import special
from scipy.optimize import elementwise

from .errors import SynthesisError, choose
from .rates import Array, Bounds, check_level, names_of, numbers


def study_incidence(
    frame: pd.DataFrame, interval: str = "exact", *, level: float = 0.95
) -> pd.DataFrame:
    """The frame with each row's incidence rate and interval added.

    Args:
        frame: rows with `events` and `person_time`; `study_id` names a row in messages.
        interval: a key of `RATE_INTERVALS`.
        level: confidence level, between 0 and 1.

    Returns:
        A new frame with `estimate`, `low` and `high` in events per unit of person-time. A row
        without events starts at exactly 0.

    Raises:
        SynthesisError: an unknown interval, a level outside (0, 1), or counts that cannot be.

    >>> frame = pd.DataFrame({"study_id": ["a"], "events": [10], "person_time": [100.0]})
    >>> study_incidence(frame)[["estimate", "low", "high"]].round(4).to_dict("records")
    [{'estimate': 0.1, 'low': 0.048, 'high': 0.1839}]
    """
    check_level(level)
    events, time = person_time_counts(frame)
    low, high = rate_limits(events, time, interval, level)
    return frame.assign(estimate=events / time, low=low, high=high)


def rate_limits(events: Array, time: Array, interval: str, level: float) -> Bounds:
    """Limits of each rate, never below zero and exactly zero where there is no event."""
    low, high = choose(RATE_INTERVALS, interval, "rate interval")(events, 1 - level)
    low = np.where(events == 0, 0.0, np.maximum(low, 0.0)) / time
    return np.asarray(low, float), np.asarray(high / time, float)


def person_time_counts(frame: pd.DataFrame) -> Bounds:
    """Events and person-time as float arrays, or one error that names every unusable row.

    >>> person_time_counts(pd.DataFrame({"study_id": ["a"], "events": [3], "person_time": [0]}))
    Traceback (most recent call last):
        ...
    evidence.errors.SynthesisError: counts cannot be used:
      a: person_time (0) must be above 0
    """
    missing = [name for name in ("events", "person_time") if name not in frame.columns]
    if missing:
        raise SynthesisError(f"the frame has no column {' or '.join(missing)}; it is needed")
    events, time = numbers(frame, "events"), numbers(frame, "person_time")
    faults = []
    for name, x, t in zip(names_of(frame), events, time, strict=True):
        if not (math.isfinite(x) and math.isfinite(t)):
            faults.append(f"{name}: events and person_time must both be given; leave the row out")
        elif x < 0 or x != round(x):
            faults.append(f"{name}: events ({x:g}) must be a whole number, 0 or more")
        elif t <= 0:
            faults.append(f"{name}: person_time ({t:g}) must be above 0")
    if faults:
        raise SynthesisError("counts cannot be used:\n  " + "\n  ".join(faults))
    return events, time


def _normal(miss: float) -> float:
    return float(special.ndtri(1 - miss / 2))


def _exact(events: Array, miss: float) -> Bounds:
    """Garwood's (1936) exact limits of a Poisson mean."""
    low = special.gammaincinv(np.maximum(events, 0.5), miss / 2)
    high = special.gammainccinv(events + 1, miss / 2)
    return np.where(events == 0, 0.0, low), np.asarray(high, float)


def _wald(events: Array, miss: float) -> Bounds:
    half = _normal(miss) * np.sqrt(events)
    return events - half, events + half


def _log(events: Array, miss: float) -> Bounds:
    """Wald on the log scale; 0.5 stands for no event, as when such a study is pooled."""
    x = np.where(events == 0, 0.5, events)
    ratio = np.exp(_normal(miss) / np.sqrt(x))
    return x / ratio, x * ratio


def _byar(events: Array, miss: float) -> Bounds:
    """Byar's approximation to the exact limits (Breslow and Day 1987)."""
    z, x, above = _normal(miss), np.maximum(events, 1.0), events + 1
    low = x * np.maximum(1 - 1 / (9 * x) - z / (3 * np.sqrt(x)), 0.0) ** 3
    high = above * (1 - 1 / (9 * above) + z / (3 * np.sqrt(above))) ** 3
    return np.where(events == 0, 0.0, low), high


def _score(events: Array, miss: float) -> Bounds:
    z = _normal(miss)
    centre, half = events + z * z / 2, z * np.sqrt(events + z * z / 4)
    return centre - half, centre + half


def _mid_p(events: Array, miss: float) -> Bounds:
    """Mid-P: tails that count half of the observed point's probability (Lancaster 1961)."""
    outer_low, outer_high = _exact(events, miss)

    def tail(mean: Array, x: Array) -> Array:
        """P(X > x) + P(X = x)/2."""
        above = special.gammainc(x + 1, mean)
        at_least = np.where(x > 0, special.gammainc(np.maximum(x, 0.5), mean), 1.0)
        return np.asarray((above + at_least) / 2, float)

    def bound(target: float, start: Array, x: Array) -> Array:
        def excess(mean: Array, x: Array) -> Array:
            return np.asarray(tail(mean, x) - target, float)

        ends = (np.minimum(start, x), np.maximum(start, x))
        found = elementwise.find_root(
            excess, ends, args=(x,), tolerances={"xatol": 0, "xrtol": 1e-13, "fatol": 0}
        )
        return np.asarray(found.x, float)

    low = np.zeros_like(events)
    some = events > 0
    if some.any():
        low[some] = bound(miss / 2, outer_low[some], events[some])
    high = bound(1 - miss / 2, outer_high, events)
    return low, high


RATE_INTERVALS: dict[str, Callable[[Array, float], Bounds]] = {
    "exact": _exact,
    "mid_p": _mid_p,
    "score": _score,
    "byar": _byar,
    "log": _log,
    "wald": _wald,
}
"""Every interval for one Poisson mean: function of events and the probability left outside."""
