"""The analysis scale of a measure and the way back to the scale that people read."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ..formatting import fixed

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """A monotone pair of functions between what is read (estimate) and what is analysed (effect).

    Attributes:
        key: name of the scale, as in `Measure.scale.key`.
        label: its name in a sentence.
        link: estimate -> effect.
        inverse: effect -> estimate.
        unit: what follows a printed estimate, such as "%".
        factor: printed number per unit of estimate (100 for percent).
        bounds: the smallest and largest possible estimate.
        null: the estimate that means no difference (1 for a ratio, 0 for a difference); None where
            no value does, as for a rate.
        log_axis: an axis of estimates is logarithmic, as for a ratio.
    """

    key: str
    label: str
    link: Callable[[Array], Array]
    inverse: Callable[[Array], Array]
    unit: str
    factor: float
    bounds: tuple[float, float]
    null: float | None = None
    log_axis: bool = False

    @property
    def decimals(self) -> int:
        """How many decimals an estimate is printed with.

        One in percent and per 100 or more person-years, two in ratios and scores, three in a rate
        per single person-year.
        """
        if self.factor > 1:
            return 1
        return 3 if "person-year" in self.unit else 2

    def text(self, estimate: float) -> str:
        """An estimate as it is printed, without the unit."""
        return fixed(self.decimals)(self.factor * estimate)


def _arcsine(estimate: Array) -> Array:
    return np.asarray(np.arcsin(np.sqrt(estimate)), float)


def _sine_squared(effect: Array) -> Array:
    return np.asarray(np.sin(np.clip(effect, 0.0, math.pi / 2)) ** 2, float)


def _square(effect: Array) -> Array:
    return np.asarray(np.maximum(effect, 0.0) ** 2, float)


def _same(value: Array) -> Array:
    return np.asarray(value, float)


def _exp_below_one(effect: Array) -> Array:
    return np.asarray(np.exp(np.minimum(effect, 0.0)), float)


def freeman_tukey(n: float) -> Scale:
    """The double arcsine scale of proportions, read back at a sample size `n`.

    The inverse is Miller's (1978), doi 10.1080/00031305.1978.10479283; effects beyond those of 0
    of n and n of n are read as 0 and 1. It depends on `n`, which a pooled answer does not have:
    Schwarzer et al. (2019), doi 10.1002/jrsm.1348, show what that does.
    """

    def link(estimate: Array) -> Array:
        x = np.asarray(estimate, float) * n
        first = np.arcsin(np.sqrt(x / (n + 1)))
        return np.asarray((first + np.arcsin(np.sqrt((x + 1) / (n + 1)))) / 2, float)

    lowest, highest = float(link(np.array(0.0))), float(link(np.array(1.0)))

    def inverse(effect: Array) -> Array:
        double = 2 * np.clip(effect, lowest, highest)
        sine = np.sin(double)
        inside = 1 - (sine + (sine - 1 / sine) / n) ** 2
        found = (1 - np.sign(np.cos(double)) * np.sqrt(np.maximum(inside, 0.0))) / 2
        found = np.where(np.asarray(effect) <= lowest, 0.0, found)
        return np.asarray(np.where(np.asarray(effect) >= highest, 1.0, found), float)

    return Scale("freeman_tukey", "double arcsine", link, inverse, "%", 100.0, (0.0, 1.0))


def freeman_tukey_rate(time: float) -> Scale:
    """The Freeman-Tukey scale of incidence rates, read back at a person-time of `time`.

    An effect z = (sqrt(r) + sqrt(r + 1/time))/2 comes from r = (z - 1/(4 time z))**2; effects
    below that of a rate of zero are read as zero.
    """

    def link(estimate: Array) -> Array:
        rate = np.asarray(estimate, float)
        return np.asarray((np.sqrt(rate) + np.sqrt(rate + 1 / time)) / 2, float)

    lowest = 0.5 / math.sqrt(time)

    def inverse(effect: Array) -> Array:
        z = np.maximum(effect, lowest)
        return np.asarray(np.where(z <= lowest, 0.0, (z - 1 / (4 * time * z)) ** 2), float)

    return Scale("freeman_tukey_rate", "double square root", link, inverse, *RATE_UNIT)


RATE_UNIT: tuple[str, float, tuple[float, float]] = (
    " per 1000 person-years", 1000.0, (0.0, math.inf),
)  # fmt: skip

LOGIT = Scale(
    "logit", "log odds",
    lambda estimate: np.asarray(special.logit(estimate), float),
    lambda effect: np.asarray(special.expit(effect), float),
    "%", 100.0, (0.0, 1.0),
)  # fmt: skip
LOG_PROPORTION = Scale(
    "log", "log proportion", lambda estimate: np.asarray(np.log(estimate), float),
    _exp_below_one, "%", 100.0, (0.0, 1.0),
)  # fmt: skip
ARCSINE = Scale("arcsine", "arcsine", _arcsine, _sine_squared, "%", 100.0, (0.0, 1.0))
RAW_PROPORTION = Scale(
    "raw", "untransformed", _same,
    lambda effect: np.asarray(np.clip(effect, 0.0, 1.0), float), "%", 100.0, (0.0, 1.0),
)  # fmt: skip
LOG_RATE = Scale(
    "log_rate", "log rate", lambda estimate: np.asarray(np.log(estimate), float),
    lambda effect: np.asarray(np.exp(np.minimum(effect, 700.0)), float), *RATE_UNIT,
)  # fmt: skip
SQRT_RATE = Scale(
    "square_root", "square root", lambda estimate: np.asarray(np.sqrt(estimate), float),
    _square, *RATE_UNIT,
)  # fmt: skip
RAW_RATE = Scale(
    "raw_rate", "untransformed", _same,
    lambda effect: np.asarray(np.maximum(effect, 0.0), float), *RATE_UNIT,
)  # fmt: skip

LOG_RATIO = Scale(
    "log", "log", lambda estimate: np.asarray(np.log(estimate), float),
    lambda effect: np.asarray(np.exp(np.minimum(effect, 700.0)), float),
    "", 1.0, (0.0, math.inf), 1.0, True,
)  # fmt: skip
RISK_DIFFERENCE = Scale(
    "raw", "untransformed", _same,
    lambda effect: np.asarray(np.clip(effect, -1.0, 1.0), float),
    " percentage points", 100.0, (-1.0, 1.0), 0.0,
)  # fmt: skip
POINTS = Scale("raw", "untransformed", _same, _same, "", 1.0, (-math.inf, math.inf), 0.0)
STANDARDISED = Scale(
    "standardised", "untransformed", _same, _same, "", 1.0, (-math.inf, math.inf), 0.0
)
ARCSINE_DIFFERENCE = Scale(
    "arcsine", "arcsine", _same, _same, "", 1.0, (-math.pi / 2, math.pi / 2), 0.0,
)  # fmt: skip
RATE_DIFFERENCE = Scale(
    "raw", "untransformed", _same, _same, " per 1000 person-years", 1000.0,
    (-math.inf, math.inf), 0.0,
)  # fmt: skip
ROOT_RATE_DIFFERENCE = Scale(
    "square_root", "square root", _same, _same, "", 1.0, (-math.inf, math.inf), 0.0,
)  # fmt: skip

PROBIT = Scale(
    "probit", "probit", lambda estimate: np.asarray(special.ndtri(estimate), float),
    lambda effect: np.asarray(special.ndtr(effect), float), "%", 100.0, (0.0, 1.0),
)  # fmt: skip
CLOGLOG = Scale(
    "cloglog", "complementary log-log",
    lambda estimate: np.asarray(np.log(-np.log1p(-np.asarray(estimate))), float),
    lambda effect: np.asarray(-np.expm1(-np.exp(np.minimum(effect, 300.0))), float),
    "%", 100.0, (0.0, 1.0),
)  # fmt: skip

LINK_SCALES: dict[str, Scale] = {"logit": LOGIT, "probit": PROBIT, "cloglog": CLOGLOG}
"""Links that a binomial likelihood can use."""

RATE_UNITS: dict[str, float] = {
    "per person-year": 1.0,
    "per 100 person-years": 100.0,
    "per 1000 person-years": 1000.0,
    "per 100 000 person-years": 100000.0,
}
"""Units in which an incidence rate is printed, with the number that multiplies the rate."""
