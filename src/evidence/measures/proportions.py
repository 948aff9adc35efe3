"""Proportions x/n on five scales."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import SynthesisError
from ..rates import counts, names_of, numbers
from .kinds import Array, Effects, Measure
from .scale import ARCSINE, LOG_PROPORTION, LOGIT, RAW_PROPORTION, freeman_tukey
from .zero_cells import Mask, ZeroPolicy

CORRECTED = "0.5 added to events and non-events"


def _cells(frame: pd.DataFrame, policy: ZeroPolicy) -> tuple[Array, Array, Mask]:
    """Events and totals after the correction, and which studies it reached."""
    events, total = counts(frame)
    corrected = policy.corrected((events == 0) | (events == total))
    if not corrected.any():
        return events, total, corrected
    return events + policy.add * corrected, total + 2 * policy.add * corrected, corrected


def _finished(frame: pd.DataFrame, effect: Array, variance: Array, corrected: Mask) -> Effects:
    refuse_unusable(frame, effect, variance)
    return Effects(effect, variance, corrected, numbers(frame, "total"))


def refuse_unusable(frame: pd.DataFrame, effect: Array, variance: Array) -> None:
    """Refuse studies without a finite effect and a positive variance, by name."""
    bad = ~(np.isfinite(effect) & np.isfinite(variance) & (variance > 0))
    if bad.any():
        raise SynthesisError(
            "without a zero correction these studies have no finite effect or no variance on this "
            f"scale: {', '.join(names_of(frame)[bad])}; use zero='only_zero' or a GLMM"
        )


def _logit(frame: pd.DataFrame, policy: ZeroPolicy) -> Effects:
    """Log odds x/(n-x) with variance 1/x + 1/(n-x).

    Source: Stijnen, Hamza and Ozdemir (2010), doi 10.1002/sim.4040.
    """
    x, n, corrected = _cells(frame, policy)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _finished(frame, np.log(x / (n - x)), 1 / x + 1 / (n - x), corrected)


def _log(frame: pd.DataFrame, policy: ZeroPolicy) -> Effects:
    """Log proportion with variance 1/x - 1/n."""
    x, n, corrected = _cells(frame, policy)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _finished(frame, np.log(x / n), 1 / x - 1 / n, corrected)


def _raw(frame: pd.DataFrame, policy: ZeroPolicy) -> Effects:
    """Proportion p with variance p(1-p)/n."""
    x, n, corrected = _cells(frame, policy)
    p = x / n
    return _finished(frame, p, p * (1 - p) / n, corrected)


def _arcsine(frame: pd.DataFrame, policy: ZeroPolicy) -> Effects:
    """Arcsine of the square root of p, variance 1/(4n); nothing is ever corrected."""
    events, total = counts(frame)
    no = policy.corrected(np.zeros(len(events), bool)) & False
    return _finished(frame, np.arcsin(np.sqrt(events / total)), 1 / (4 * total), no)


def _double_arcsine(frame: pd.DataFrame, policy: ZeroPolicy) -> Effects:
    """Freeman and Tukey's (1950) double arcsine, variance 1/(4n + 2); nothing is corrected."""
    events, total = counts(frame)
    first = np.arcsin(np.sqrt(events / (total + 1)))
    effect = (first + np.arcsin(np.sqrt((events + 1) / (total + 1)))) / 2
    no = policy.corrected(np.zeros(len(events), bool)) & False
    return _finished(frame, effect, 1 / (4 * total + 2), no)


NEEDS = ("events", "total")

PROPORTIONS: tuple[Measure, ...] = (
    Measure("proportion_logit", "Proportion", NEEDS, _logit, LOGIT, CORRECTED,
            'metafor measure="PLO", meta sm="PLOGIT"'),
    Measure("proportion_log", "Proportion", NEEDS, _log, LOG_PROPORTION, CORRECTED,
            'metafor and meta "PLN"'),
    Measure("proportion_arcsine", "Proportion", NEEDS, _arcsine, ARCSINE, "nothing is added",
            'metafor and meta "PAS"'),
    Measure("proportion_raw", "Proportion", NEEDS, _raw, RAW_PROPORTION, CORRECTED,
            'metafor measure="PR", meta sm="PRAW"',
            discouraged="its intervals can leave the range of a proportion"),
    Measure("proportion_freeman_tukey", "Proportion", NEEDS, _double_arcsine,
            freeman_tukey(1e6), "nothing is added",
            'metafor and meta "PFT"', scale_at=freeman_tukey,
            discouraged="the way back depends on a sample size that a pooled answer does not have"
            " (Schwarzer et al. 2019, doi 10.1002/jrsm.1348)"),
)  # fmt: skip
