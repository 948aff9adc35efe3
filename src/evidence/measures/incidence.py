"""Incidence rates, events per person-time, on four scales."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..incidence import person_time_counts
from ..rates import numbers
from .kinds import Array, Effects, Measure
from .proportions import refuse_unusable
from .scale import LOG_RATE, RAW_RATE, SQRT_RATE, freeman_tukey_rate
from .zero_cells import Mask, ZeroPolicy

CORRECTED = "0.5 added to the events"


def _cells(frame: pd.DataFrame, policy: ZeroPolicy) -> tuple[Array, Array, Mask]:
    events, time = person_time_counts(frame)
    corrected = policy.corrected(events == 0)
    return events + policy.add * corrected, time, corrected


def _finished(frame: pd.DataFrame, effect: Array, variance: Array, corrected: Mask) -> Effects:
    refuse_unusable(frame, effect, variance)
    return Effects(effect, variance, corrected, numbers(frame, "person_time"))


def _log(frame: pd.DataFrame, policy: ZeroPolicy) -> Effects:
    """Log rate with variance 1/x."""
    x, time, corrected = _cells(frame, policy)
    with np.errstate(divide="ignore"):
        return _finished(frame, np.log(x / time), 1 / x, corrected)


def _raw(frame: pd.DataFrame, policy: ZeroPolicy) -> Effects:
    """Rate with variance x/time**2."""
    x, time, corrected = _cells(frame, policy)
    return _finished(frame, x / time, x / time**2, corrected)


def _square_root(frame: pd.DataFrame, _: ZeroPolicy) -> Effects:
    """Square root of the rate, variance 1/(4 time); nothing is ever corrected."""
    x, time = person_time_counts(frame)
    return _finished(frame, np.sqrt(x / time), 1 / (4 * time), np.zeros(len(x), bool))


def _double_square_root(frame: pd.DataFrame, _: ZeroPolicy) -> Effects:
    """Freeman and Tukey's (1950) transform of a rate, variance 1/(4 time)."""
    x, time = person_time_counts(frame)
    effect = (np.sqrt(x / time) + np.sqrt((x + 1) / time)) / 2
    return _finished(frame, effect, 1 / (4 * time), np.zeros(len(x), bool))


NEEDS = ("events", "person_time")

INCIDENCE: tuple[Measure, ...] = (
    Measure("rate_log", "Incidence rate", NEEDS, _log, LOG_RATE, CORRECTED,
            'metafor and meta "IRLN"', "poisson"),
    Measure("rate_square_root", "Incidence rate", NEEDS, _square_root, SQRT_RATE,
            "nothing is added", 'metafor and meta "IRS"', "poisson"),
    Measure("rate_raw", "Incidence rate", NEEDS, _raw, RAW_RATE, CORRECTED,
            'metafor and meta "IR"', "poisson",
            discouraged="its intervals can fall below zero"),
    Measure("rate_freeman_tukey", "Incidence rate", NEEDS, _double_square_root,
            freeman_tukey_rate(1e6), "nothing is added", 'metafor and meta "IRFT"', "poisson",
            scale_at=freeman_tukey_rate,
            discouraged="the way back depends on a person-time that a pooled answer does not have"
            " (Schwarzer et al. 2019, doi 10.1002/jrsm.1348)"),
)  # fmt: skip
