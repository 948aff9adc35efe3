"""Where the true effect of a new study is expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import interpolate, optimize, special

from .chi2_mixture import chi2_mixture_below, quadratic_form_weights
from .mean import MEAN_INTERVALS, MeanFit, quantile
from .weighting import fit, intercept

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """What a prediction interval is made from: effects, variances, tau2 and the mean."""

    y: Array
    v: Array
    tau2: Array
    mean: MeanFit


@dataclass(frozen=True)
class Prediction:
    """Limits on the analysis scale, and which kind of interval they are."""

    low: Array
    high: Array
    text: str


def _with_t(mean: MeanFit, tau2: Array, se: Array, df: Array | float, level: float) -> Prediction:
    half = quantile(level, df) * np.sqrt(tau2 + se**2)
    shown = "normal" if np.all(np.isinf(df)) else f"t with {float(np.min(df)):.4g} df"
    return Prediction(mean.effect - half, mean.effect + half, shown)


def _matching(e: Evidence, level: float) -> Prediction:
    """Standard error of the printed interval and t(k - 1): it always holds that interval.

    Source: Veroniki et al. (2019), doi 10.1002/jrsm.1319; metafor's `predict()` after
    test="knha" or "adhoc".
    """
    return _with_t(e.mean, e.tau2, e.mean.se, e.y.shape[-1] - 1, level)


def _classic(lost: int) -> Callable[[Evidence, float], Prediction]:
    """Wald's standard error and t(k - lost): 1 is meta's "V", 2 its "HTS" (Higgins et al. 2009)."""

    def limits(e: Evidence, level: float) -> Prediction:
        return _with_t(e.mean, e.tau2, e.mean.classic_se, e.y.shape[-1] - lost, level)

    return limits


def _of_interval(key: str, lost: int, kind: str) -> Callable[[Evidence, float], Prediction]:
    """Standard error and degrees of freedom of another interval, less `lost`.

    Source: Partlett and Riley (2017), doi 10.1002/sim.7140.
    """

    def limits(e: Evidence, level: float) -> Prediction:
        other = MEAN_INTERVALS[key](e.y, e.v, e.tau2, level)
        found = _with_t(e.mean, e.tau2, other.se, np.maximum(other.df - lost, 1e-3), level)
        return Prediction(found.low, found.high, f"{kind}, {found.text}")

    return limits


def _normal(e: Evidence, level: float) -> Prediction:
    return _with_t(e.mean, e.tau2, e.mean.classic_se, np.inf, level)


def _bootstrap(e: Evidence, level: float) -> Prediction:
    """Nagashima, Noma and Furukawa (2019), doi 10.1177/0962280218773520, without the simulation.

    Their parametric bootstrap draws tau2 from its confidence distribution (that of Cochran's Q),
    then mean(tau2) + tau z - t(k-1) se(tau2) with the Hartung-Knapp standard error. The limits
    returned are the quantiles of that very distribution, found by integration, so they do not
    depend on a seed. One meta-analysis at a time.
    """
    y, v, k = e.y, e.v, e.y.shape[-1]
    x = intercept(k)
    observed = fit(y, v, 0.0, x).q
    scale = float(np.median(v)) + float(np.var(y))
    coarse = np.append(0.0, scale * np.geomspace(1e-5, 1e7, 72))
    share = np.array(
        [1 - chi2_mixture_below(observed, quadratic_form_weights(1 / v, v + t, x)) for t in coarse]
    )
    share = np.maximum.accumulate(share)
    smooth = interpolate.PchipInterpolator(np.log(coarse[1:]), share[1:])
    fine = np.exp(np.linspace(np.log(coarse[1]), np.log(coarse[-1]), 1500))
    edges = smooth(np.log(fine))
    middle = np.append(0.0, np.sqrt(fine[1:] * fine[:-1]))
    mass = np.append(edges[0], np.diff(edges))
    plain = MEAN_INTERVALS["hartung_knapp_plain"](y, v, middle, level)
    # t = normal / sqrt(c), c = chi-square/df at equally likely points
    c = special.chdtri(k - 1, (np.arange(400) + 0.5) / 400) / (k - 1)
    spread = np.sqrt(middle[:, None] + plain.se[:, None] ** 2 / c)
    spread = np.maximum(spread, 1e-9 * scale**0.5)  # effects that are all equal

    def below(theta: float) -> float:
        return float(mass @ special.ndtr((theta - plain.effect[:, None]) / spread).mean(-1))

    def root(probability: float) -> float:
        step = float(np.sqrt(scale))
        low, high = float(e.mean.effect) - step, float(e.mean.effect) + step
        while below(low) > probability * mass.sum():
            low -= step
            step *= 2
        while below(high) < probability * mass.sum():
            high += step
            step *= 2
        return float(optimize.brentq(lambda t: below(t) - probability * mass.sum(), low, high))

    miss = (1 - level) / 2
    return Prediction(
        np.array(root(miss)), np.array(root(1 - miss)), "Nagashima, without simulation"
    )


PREDICTIONS: dict[str, Callable[[Evidence, float], Prediction]] = {
    "matching": _matching,
    "t_k1": _classic(1),
    "t_k2": _classic(2),
    "hartung_knapp": _of_interval("hartung_knapp_plain", 0, "Hartung-Knapp"),
    "hartung_knapp_k2": _of_interval("hartung_knapp_plain", 1, "Hartung-Knapp"),
    "kenward_roger": _of_interval("kenward_roger", 0, "Kenward-Roger"),
    "kenward_roger_less_one": _of_interval("kenward_roger", 1, "Kenward-Roger"),
    "normal": _normal,
    "bootstrap": _bootstrap,
}
"""Prediction intervals; meta calls the second to eighth V, HTS, HK, HK-PR, KR, KR-PR and S."""
