"""Intervals for the mean effect and for a new study's effect; arrays and numbers only."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MeanFit:
    """A weighted mean on the analysis scale with the standard error of its interval.

    Attributes:
        effect: the mean.
        se: standard error that the interval uses.
        df: degrees of freedom of t; infinite for a normal interval.
        weights: shape (k,), summing to one.
        kind: the interval's name in print.
    """

    effect: float
    se: float
    df: float
    weights: Array
    kind: str

    def limits(self, level: float) -> tuple[float, float]:
        """The interval for the mean at this level."""
        half = quantile(level, self.df) * self.se
        return self.effect - half, self.effect + half


def quantile(level: float, df: float) -> float:
    """Two-sided critical value of t with `df` degrees of freedom, of the normal if infinite."""
    upper = (1 + level) / 2
    return float(special.ndtri(upper) if math.isinf(df) else special.stdtrit(df, upper))


def _wald(y: Array, v: Array, tau2: float) -> MeanFit:
    w = 1 / (v + tau2)
    total = float(w.sum())
    return MeanFit(float(w @ y) / total, total**-0.5, math.inf, w / total, "Wald")


def _hartung_knapp(floor: float, kind: str) -> Callable[[Array, Array, float], MeanFit]:
    """Hartung and Knapp (2001) with the scale factor of the variance held at or above `floor`."""

    def fit(y: Array, v: Array, tau2: float) -> MeanFit:
        wald = _wald(y, v, tau2)
        df = len(y) - 1
        factor = float((y - wald.effect) ** 2 @ (1 / (v + tau2))) / df
        se = wald.se * math.sqrt(max(floor, factor))
        return MeanFit(wald.effect, se, df, wald.weights, kind)

    return fit


MEAN_INTERVALS: dict[str, Callable[[Array, Array, float], MeanFit]] = {
    "wald": _wald,
    "hartung_knapp": _hartung_knapp(1.0, "Hartung-Knapp, never narrower than Wald"),
    "hartung_knapp_plain": _hartung_knapp(0.0, "Hartung-Knapp without a safeguard"),
}
"""Interval of the mean at a given tau2.

The safeguard, a standard error no smaller than Wald's, is that of Rover, Knapp and Friede (2015),
doi 10.1186/s12874-015-0091-1; it is metafor's test="adhoc" and meta's adhoc.hakn.ci="se".
"""


def prediction_limits(fit: MeanFit, tau2: float, k: int, level: float) -> tuple[float, float]:
    """Where the true effect of a new study is expected, with t on k - 1 degrees of freedom.

    It uses the standard error of the printed interval, so that it always holds that interval.

    Source: Veroniki et al. (2019), doi 10.1002/jrsm.1319; metafor's `predict()` after
    test="knha" or "adhoc".
    """
    half = quantile(level, k - 1) * math.sqrt(tau2 + fit.se**2)
    return fit.effect - half, fit.effect + half
