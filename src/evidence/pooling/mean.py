"""Intervals for the mean effect at a given tau2; arrays in, arrays out.

Effects and variances have shape (..., k); every field of the result drops that last axis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .tau2 import dersimonian_laird
from .weighting import fit, intercept, trace_pp

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MeanFit:
    """A weighted mean on the analysis scale with the standard error of its interval.

    Attributes:
        effect: the mean.
        se: standard error that the interval uses.
        df: degrees of freedom of t; infinite for a normal interval.
        weights: shape (..., k), summing to one.
        kind: the interval's name in print.
        classic_se: standard error of the weighted mean, (sum of weights)**-1/2.
    """

    effect: Array
    se: Array
    df: Array
    weights: Array
    kind: str
    classic_se: Array

    def limits(self, level: float) -> tuple[Array, Array]:
        """The interval for the mean at this level."""
        half = quantile(level, self.df) * self.se
        return self.effect - half, self.effect + half


def quantile(level: float, df: Array | float) -> Array:
    """Two-sided critical value of t with `df` degrees of freedom, of the normal if infinite."""
    upper, df = (1 + level) / 2, np.asarray(df, float)
    finite = np.where(np.isinf(df), 1.0, df)
    return np.where(np.isinf(df), special.ndtri(upper), special.stdtrit(finite, upper))


def _wald(y: Array, v: Array, tau2: Array, _: float) -> MeanFit:
    w = 1 / (v + np.asarray(tau2)[..., None])
    total = w.sum(-1)
    effect, se = (w * y).sum(-1) / total, total**-0.5
    return MeanFit(effect, se, np.full_like(se, np.inf), w / total[..., None], "Wald", se)


def _t(y: Array, v: Array, tau2: Array, level: float) -> MeanFit:
    wald = _wald(y, v, tau2, level)
    return replace(wald, df=np.full_like(wald.se, y.shape[-1] - 1.0), kind="Wald with t")


def _hartung_knapp(y: Array, v: Array, tau2: Array, level: float) -> MeanFit:
    """Hartung and Knapp (2001): the weighted residual variance in place of 1/sum of weights."""
    wald = _wald(y, v, tau2, level)
    residual = y - wald.effect[..., None]
    df = y.shape[-1] - 1
    return replace(
        wald,
        se=np.sqrt((wald.weights * residual**2).sum(-1) / df),
        df=np.full_like(wald.se, float(df)),
        kind="Hartung-Knapp without a safeguard",
    )


def _never_narrower(y: Array, v: Array, tau2: Array, level: float) -> MeanFit:
    plain = _hartung_knapp(y, v, tau2, level)
    se = np.maximum(plain.se, plain.classic_se)
    return replace(plain, se=se, kind="Hartung-Knapp, never narrower than Wald")


def _wider_interval(y: Array, v: Array, tau2: Array, level: float) -> MeanFit:
    """The wider of the Hartung-Knapp and the Wald interval (Jackson et al. 2017, hybrid 2)."""
    plain = _hartung_knapp(y, v, tau2, level)
    classic = quantile(level, np.inf) * plain.classic_se
    narrow = quantile(level, plain.df) * plain.se < classic
    return replace(
        plain,
        se=np.where(narrow, plain.classic_se, plain.se),
        df=np.where(narrow, np.inf, plain.df),
        kind="the wider of Hartung-Knapp and Wald",
    )


def _iqwig(y: Array, v: Array, tau2: Array, level: float) -> MeanFit:
    """Wald's standard error where Hartung-Knapp is narrower than the DL interval (IQWiG 2022)."""
    plain = _hartung_knapp(y, v, tau2, level)
    simple = _wald(y, v, dersimonian_laird(y, v, intercept(y.shape[-1])), level)
    narrow = quantile(level, plain.df) * plain.se < quantile(level, np.inf) * simple.se
    se = np.where(narrow, np.maximum(plain.se, plain.classic_se), plain.se)
    return replace(plain, se=se, kind="Hartung-Knapp with the IQWiG safeguard")


def _kenward_roger(y: Array, v: Array, tau2: Array, level: float) -> MeanFit:
    """Kenward and Roger (1997) for a mean, as in Partlett and Riley (2017), doi 10.1002/sim.7140.

    With W the variance of the REML tau2 (inverse expected information) and S the power sums of
    the weights, the variance becomes V = 1/S1 + 2 W (S3 - S2^2/S1)/S1^2 and the degrees of freedom
    2/(W (V S2)^2). Kenward and Roger's own degrees of freedom have 1/S1 in place of V.
    """
    x = intercept(y.shape[-1])
    found = fit(y, v, tau2, x)
    w, wald = found.w, _wald(y, v, tau2, level)
    variance_of_tau2 = 2 / trace_pp(found, x)
    s1, s2, s3 = w.sum(-1), (w**2).sum(-1), (w**3).sum(-1)
    extra = 2 * variance_of_tau2 * (s3 - s2**2 / s1) / s1**2
    variance = 1 / s1 + np.maximum(extra, 0.0)
    return replace(
        wald,
        se=np.sqrt(variance),
        df=np.asarray(2 / (variance_of_tau2 * (variance * s2) ** 2), float),
        kind="Kenward-Roger",
    )


MeanInterval = Callable[[Array, Array, Array, float], MeanFit]

MEAN_INTERVALS: dict[str, MeanInterval] = {
    "hartung_knapp": _never_narrower,
    "hartung_knapp_plain": _hartung_knapp,
    "hartung_knapp_wider": _wider_interval,
    "hartung_knapp_iqwig": _iqwig,
    "kenward_roger": _kenward_roger,
    "wald": _wald,
    "t": _t,
}
"""Interval of the mean: function of effects, variances, tau2 and level.

The default safeguard, a standard error no smaller than Wald's, is that of Rover, Knapp and Friede
(2015), doi 10.1186/s12874-015-0091-1; it is metafor's test="adhoc" and meta's
adhoc.hakn.ci="se". "hartung_knapp_wider" is meta's "ci", "hartung_knapp_iqwig" its "IQWiG6".
"""
