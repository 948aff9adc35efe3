"""Two arms of counts: ratios and differences of risks and of incidence rates.

Columns that end in `_t` belong to the arm that is looked at (treated), those that end in `_c` to
the arm it is compared with (control).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import SynthesisError
from ..incidence import person_time_counts
from ..rates import counts
from .kinds import Array, Effects, Measure
from .proportions import refuse_unusable
from .scale import (
    ARCSINE_DIFFERENCE,
    LOG_RATIO,
    RATE_DIFFERENCE,
    RISK_DIFFERENCE,
    ROOT_RATE_DIFFERENCE,
)
from .zero_cells import Mask, ZeroPolicy

Four = tuple[Array, Array, Array, Array]

ARMS = {"t": "treated", "c": "control"}


def arm(frame: pd.DataFrame, end: str) -> pd.DataFrame:
    """One arm of every comparison under the column names of a single group."""
    names = [f"{name}_{end}" for name in ("events", "total", "person_time")]
    return frame.rename(columns={name: name[:-2] for name in names if name in frame.columns})


def two_by_two(frame: pd.DataFrame) -> Four:
    """Events and non-events of the treated arm, then of the control arm.

    Raises:
        SynthesisError: missing columns, or counts that cannot be, by arm and study.
    """
    cells: list[Array] = []
    for end, name in ARMS.items():
        _require(frame, (f"events_{end}", f"total_{end}"))
        try:
            events, total = counts(arm(frame, end))
        except SynthesisError as error:
            raise SynthesisError(f"{name} arm: {error}") from None
        cells += [events, total - events]
    return cells[0], cells[1], cells[2], cells[3]


def rates_of_arms(frame: pd.DataFrame) -> Four:
    """Events and person-time of the treated arm, then of the control arm."""
    cells: list[Array] = []
    for end, name in ARMS.items():
        _require(frame, (f"events_{end}", f"person_time_{end}"))
        try:
            cells += person_time_counts(arm(frame, end))
        except SynthesisError as error:
            raise SynthesisError(f"{name} arm: {error}") from None
    return cells[0], cells[1], cells[2], cells[3]


def _require(frame: pd.DataFrame, names: tuple[str, ...]) -> None:
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise SynthesisError(f"the frame has no column {' or '.join(missing)}; it is needed")


def without_events(frame: pd.DataFrame, measure: Measure) -> Mask:
    """Studies without an event in either arm.

    For an odds ratio, or Peto's, also those where everybody in both arms had the event.
    """
    a, b, c, d = two_by_two(frame) if measure.counts_people else rates_of_arms(frame)
    silent = (a == 0) & (c == 0)
    if measure.key in ("odds_ratio", "peto_odds_ratio"):
        silent |= (b == 0) & (d == 0)
    return np.asarray(silent, bool)


def says_nothing(frame: pd.DataFrame, measure: Measure) -> Mask:
    """Studies whose counts hold no information on a ratio; all do on a difference."""
    silent = without_events(frame, measure)
    return silent if measure.scale.log_axis else np.zeros_like(silent)


def corrected_cells(frame: pd.DataFrame, policy: ZeroPolicy) -> tuple[Four, Mask]:
    """The four cells after the correction, and which studies it reached."""
    a, b, c, d = two_by_two(frame)
    corrected = policy.corrected((a == 0) | (b == 0) | (c == 0) | (d == 0))
    add = policy.add * corrected
    return (a + add, b + add, c + add, d + add), corrected


def corrected_rates(frame: pd.DataFrame, policy: ZeroPolicy) -> tuple[Four, Mask]:
    """Events and person-time of both arms after the correction, and where it was made."""
    x1, t1, x2, t2 = rates_of_arms(frame)
    corrected = policy.corrected((x1 == 0) | (x2 == 0))
    add = policy.add * corrected
    return (x1 + add, t1, x2 + add, t2), corrected


def _finished(
    frame: pd.DataFrame, effect: Array, variance: Array, corrected: Mask, size: Array
) -> Effects:
    refuse_unusable(frame, effect, variance)
    return Effects(effect, variance, corrected, size)


def _people(frame: pd.DataFrame) -> Array:
    return np.asarray(sum(two_by_two(frame)), float)


def _time(frame: pd.DataFrame) -> Array:
    _, t1, _, t2 = rates_of_arms(frame)
    return t1 + t2


def _risk_ratio(frame: pd.DataFrame, policy: ZeroPolicy) -> Effects:
    """Log risk ratio with variance 1/a - 1/n1 + 1/c - 1/n2 (Katz et al. 1978)."""
    (a, b, c, d), corrected = corrected_cells(frame, policy)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.log(a / (a + b)) - np.log(c / (c + d))
        variance = 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    return _finished(frame, effect, variance, corrected, _people(frame))


def _odds_ratio(frame: pd.DataFrame, policy: ZeroPolicy) -> Effects:
    """Log odds ratio with variance 1/a + 1/b + 1/c + 1/d (Woolf 1955)."""
    (a, b, c, d), corrected = corrected_cells(frame, policy)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.log(a * d / (b * c))
        variance = 1 / a + 1 / b + 1 / c + 1 / d
    return _finished(frame, effect, variance, corrected, _people(frame))


def _risk_difference(frame: pd.DataFrame, policy: ZeroPolicy) -> Effects:
    """Difference of two risks with the sum of their variances p(1-p)/n."""
    (a, b, c, d), corrected = corrected_cells(frame, policy)
    variance = a * b / (a + b) ** 3 + c * d / (c + d) ** 3
    effect = a / (a + b) - c / (c + d)
    return _finished(frame, effect, variance, corrected, _people(frame))


def _arcsine_difference(frame: pd.DataFrame, _: ZeroPolicy) -> Effects:
    """Difference of arcsine roots, variance 1/(4 n1) + 1/(4 n2); nothing is corrected.

    Source: Rucker, Schwarzer, Carpenter and Olkin (2009), doi 10.1002/sim.3511.
    """
    a, b, c, d = two_by_two(frame)
    effect = np.arcsin(np.sqrt(a / (a + b))) - np.arcsin(np.sqrt(c / (c + d)))
    variance = 1 / (4 * (a + b)) + 1 / (4 * (c + d))
    return _finished(frame, effect, variance, np.zeros(len(a), bool), _people(frame))


def observed_less_expected(cells: Four) -> tuple[Array, Array]:
    """Events of the treated arm less those expected without an effect, and their variance.

    The hypergeometric moments given the margins: Yusuf et al. (1985),
    doi 10.1016/S0033-0620(85)80003-7.
    """
    a, b, c, d = cells
    n1, n2, x, y = a + b, c + d, a + c, b + d
    n = n1 + n2
    return a - x * n1 / n, x * y * (n1 / n) * (n2 / n) / (n - 1)


def _peto(frame: pd.DataFrame, policy: ZeroPolicy) -> Effects:
    """Peto's log odds ratio (O - E)/V with variance 1/V."""
    cells, corrected = corrected_cells(frame, policy)
    excess, variance = observed_less_expected(cells)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _finished(frame, excess / variance, 1 / variance, corrected, _people(frame))


def _rate_ratio(frame: pd.DataFrame, policy: ZeroPolicy) -> Effects:
    """Log ratio of two incidence rates with variance 1/x1 + 1/x2."""
    (x1, t1, x2, t2), corrected = corrected_rates(frame, policy)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.log(x1 / t1) - np.log(x2 / t2)
        return _finished(frame, effect, 1 / x1 + 1 / x2, corrected, _time(frame))


def _rate_difference(frame: pd.DataFrame, policy: ZeroPolicy) -> Effects:
    """Difference of two incidence rates with variance x1/t1**2 + x2/t2**2."""
    (x1, t1, x2, t2), corrected = corrected_rates(frame, policy)
    variance = x1 / t1**2 + x2 / t2**2
    return _finished(frame, x1 / t1 - x2 / t2, variance, corrected, _time(frame))


def _root_rate_difference(frame: pd.DataFrame, _: ZeroPolicy) -> Effects:
    """Difference of square roots of rates, variance 1/(4 t1) + 1/(4 t2); nothing is corrected."""
    x1, t1, x2, t2 = rates_of_arms(frame)
    effect = np.sqrt(x1 / t1) - np.sqrt(x2 / t2)
    variance = 1 / (4 * t1) + 1 / (4 * t2)
    return _finished(frame, effect, variance, np.zeros(len(x1), bool), _time(frame))


RISKS = ("events_t", "total_t", "events_c", "total_c")
RATES = ("events_t", "person_time_t", "events_c", "person_time_c")
CELLS = "0.5 added to all four cells"
EVENTS = "0.5 added to the events of both arms"

TWO_ARM: tuple[Measure, ...] = (
    Measure("risk_ratio", "Risk ratio", RISKS, _risk_ratio, LOG_RATIO, CELLS,
            'metafor and meta "RR"', kind="two_arm"),
    Measure("odds_ratio", "Odds ratio", RISKS, _odds_ratio, LOG_RATIO, CELLS,
            'metafor and meta "OR"', kind="two_arm"),
    Measure("risk_difference", "Risk difference", RISKS, _risk_difference, RISK_DIFFERENCE, CELLS,
            'metafor and meta "RD"', kind="two_arm"),
    Measure("arcsine_difference", "Arcsine difference", RISKS, _arcsine_difference,
            ARCSINE_DIFFERENCE, "nothing is added", 'metafor measure="AS", meta sm="ASD"',
            kind="two_arm"),
    Measure("peto_odds_ratio", "Odds ratio (Peto)", RISKS, _peto, LOG_RATIO, CELLS,
            'metafor measure="PETO"', kind="two_arm"),
    Measure("rate_ratio", "Rate ratio", RATES, _rate_ratio, LOG_RATIO, EVENTS,
            'metafor and meta "IRR"', "poisson", kind="two_arm"),
    Measure("rate_difference", "Rate difference", RATES, _rate_difference, RATE_DIFFERENCE, EVENTS,
            'metafor and meta "IRD"', "poisson", kind="two_arm"),
    Measure("root_rate_difference", "Difference of square roots of rates", RATES,
            _root_rate_difference, ROOT_RATE_DIFFERENCE, "nothing is added",
            'metafor and meta "IRSD"', "poisson", kind="two_arm"),
)  # fmt: skip
