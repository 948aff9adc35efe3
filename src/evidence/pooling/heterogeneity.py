"""How much the studies differ, with the definition of each figure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .weighting import fit, trace_p

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """Two limits and their confidence level."""

    low: float
    high: float
    level: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Heterogeneity:
    """Between-study variance and what follows from it.

    Attributes:
        tau2: between-study variance on the analysis scale.
        tau2_interval: its interval; the text says which.
        i2: share of the variance that is between studies, a fraction:
            tau2 / (tau2 + typical variance) of Higgins and Thompson (2002), doi 10.1002/sim.1186.
        i2_interval: the same with the limits of tau2.
        h2, h2_interval: total over typical variance, 1 / (1 - I2).
        i2_q: the other definition in use, max(0, (Q - df)/Q), a fraction.
        i2_q_interval: its test-based interval (Higgins and Thompson 2002).
        q: Cochran's Q, with `df` degrees of freedom and p-value `p`.
        tau2_text: the estimator and the interval of tau2 in words.
        zero_p: p-value of tau2 = 0 from a likelihood ratio that knows of the boundary; None where
            the model has none.
    """

    tau2: float
    tau2_interval: Interval
    i2: float
    q: float
    df: int
    p: float
    i2_interval: Interval
    h2: float
    h2_interval: Interval
    i2_q: float
    i2_q_interval: Interval
    tau2_text: str = ""
    zero_p: float | None = None


def typical_variance(v: Array, x: Array) -> Array:
    """Typical sampling variance, (k - p) / trace of P at tau2 = 0."""
    found = fit(v, v, 0.0, x)
    return np.asarray((v.shape[-1] - x.shape[-1]) / trace_p(found, x), float)


def heterogeneity(
    y: Array, v: Array, x: Array, tau2: float, limits: tuple[float, float], level: float
) -> Heterogeneity:
    """All heterogeneity figures of k > p effects `y` with variances `v` at a given tau2."""
    df = y.shape[-1] - x.shape[-1]
    q, typical = float(fit(y, v, 0.0, x).q), float(typical_variance(v, x))

    def i2(value: float) -> float:
        return value / (value + typical)

    return Heterogeneity(
        tau2=tau2,
        tau2_interval=Interval(*limits, level),
        i2=i2(tau2),
        i2_interval=Interval(i2(limits[0]), i2(limits[1]), level),
        h2=1 + tau2 / typical,
        h2_interval=Interval(1 + limits[0] / typical, 1 + limits[1] / typical, level),
        i2_q=max(0.0, (q - df) / q) if q > 0 else 0.0,
        i2_q_interval=_i2_from_q(q, df, level),
        q=q, df=df, p=float(special.chdtrc(df, q)),
    )  # fmt: skip


def _i2_from_q(q: float, df: int, level: float) -> Interval:
    """Test-based interval of I2: that of log H = log sqrt(Q/df), never below H = 1."""
    k = df + 1
    h = math.sqrt(max(q / df, 1.0))
    if q > k:
        se = (math.log(q) - math.log(df)) / (2 * (math.sqrt(2 * q) - math.sqrt(2 * k - 3)))
    elif k > 2:
        se = math.sqrt((1 - 1 / (3 * (k - 2) ** 2)) / (2 * (k - 2)))
    else:
        return Interval(0.0, 1.0, level)
    half = float(special.ndtri((1 + level) / 2)) * se
    low, high = (max(1.0, math.exp(math.log(h) + sign * half)) for sign in (-1, 1))
    return Interval(1 - 1 / low**2, 1 - 1 / high**2, level)
