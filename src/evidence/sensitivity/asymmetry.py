"""Do small studies say something else than large ones: regression and rank tests on arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from ..errors import SynthesisError
from ..pooling.mean import quantile
from ..pooling.tau2 import TAU2_ESTIMATORS
from ..pooling.weighting import Fit, fit
from .subsets import COMMON, Array

EXACT = 50
"""Studies up to which the rank test counts permutations."""


@dataclass(frozen=True)
class Regression:
    """Effects on a measure of (im)precision.

    Attributes:
        statistic: slope over its standard error.
        df: degrees of freedom of t; infinite for a normal.
        p: two-sided.
        slope, se: of the predictor.
        limit, limit_low, limit_high: the effect where the predictor is zero, with its interval.
    """

    statistic: float
    df: float
    p: float
    slope: float
    se: float
    limit: float
    limit_low: float
    limit_high: float


def regression_test(
    y: Array, v: Array, predictor: Array, tau2: str = "", level: float = 0.95
) -> Regression:
    """Weighted regression of effects on a predictor.

    Args:
        y: effects.
        v: their variances; weights are 1/v, or 1/(v + tau2).
        predictor: a standard error, 1/n or the like; not the same for all.
        tau2: a key of `TAU2_ESTIMATORS` for random effects and a normal statistic (metafor's
            model="rma"), or `COMMON` for tau2 = 0; empty for weights 1/v with an estimated
            dispersion and t with k - 2 df (model="lm", Egger et al. 1997).
        level: of the interval at predictor zero.

    Raises:
        SynthesisError: fewer than three studies, or a predictor or effects that are constant.

    >>> import numpy as np
    >>> y, v = np.array([0.1, 0.4, 0.9, 1.0]), np.array([0.02, 0.03, 0.05, 0.09])
    >>> round(regression_test(y, v, np.sqrt(v)).statistic, 3)
    4.05
    """
    k = len(y)
    if k < 3:
        raise SynthesisError(f"a regression test needs at least 3 studies; there are {k}")
    spread = float(np.ptp(predictor))
    if spread <= 1e-12 * float(np.abs(predictor).max()):
        raise SynthesisError(
            f"the predictor of a regression test is the same for all {k} studies; nothing can be "
            "learned from it"
        )
    if float(np.ptp(y)) <= 1e-12 * float(np.abs(y).max()):
        raise SynthesisError(f"all {k} studies have the same effect; there is nothing to test")
    centre = float(predictor.mean())
    x = np.column_stack([np.ones(k), (predictor - centre) / spread])
    found, factor, df = _fitted(y, v, x, tau2)
    scale = np.array([[1.0, -centre / spread], [0.0, 1 / spread]])  # back to the predictor's units
    beta, covariance = scale @ found.beta, scale @ found.covariance @ scale.T * factor
    se = np.sqrt(np.diag(covariance))
    statistic = float(beta[1] / se[1])
    half = float(quantile(level, df)) * float(se[0])
    tail = special.ndtr(-abs(statistic)) if np.isinf(df) else special.stdtr(df, -abs(statistic))
    return Regression(
        statistic, df, 2 * float(tail), float(beta[1]), float(se[1]),
        float(beta[0]), float(beta[0]) - half, float(beta[0]) + half,
    )  # fmt: skip


def _fitted(y: Array, v: Array, x: Array, tau2: str) -> tuple[Fit, float, float]:
    """The fit, the dispersion of its covariance, and its degrees of freedom."""
    if not tau2:
        found = fit(y, v, 0.0, x)
        df = len(y) - 2
        return found, float(found.q) / df, float(df)
    between = 0.0 if tau2 == COMMON else float(TAU2_ESTIMATORS[tau2](y, v, x))
    return fit(y, v, between, x), 1.0, np.inf


def limit_effect(y: Array, v: Array, tau2: float, level: float = 0.95) -> Regression:
    """The effect of a study of unbounded precision, by limit meta-analysis.

    Source: Rücker et al. (2011), doi 10.1093/biostatistics/kxq046. Effects are
    beta + alpha s + s * noise with s = sqrt(v + tau2); a study without sampling error has
    beta + alpha tau. `slope` is alpha, `limit` that effect, its interval by the
    delta method with noise of variance one.
    """
    scale = np.sqrt(v + tau2)
    x = np.column_stack([scale, np.ones(len(y))])
    found = fit(y, v, tau2, x)
    tau = np.array([math.sqrt(tau2), 1.0])
    limit = float(tau @ found.beta)
    half = float(quantile(level, np.inf)) * float(tau @ found.covariance @ tau) ** 0.5
    slope, se = float(found.beta[0]), float(found.covariance[0, 0]) ** 0.5
    return Regression(
        slope / se, np.inf, 2 * float(special.ndtr(-abs(slope / se))), slope, se,
        limit, limit - half, limit + half,
    )  # fmt: skip


@dataclass(frozen=True)
class Rank:
    """Kendall's rank correlation of effects with their variances.

    Attributes:
        tau: the correlation, with ties.
        z: the score over its standard deviation, for a normal approximation.
        p: two-sided; exact without ties and up to `EXACT` studies, else normal without a
            correction for continuity.
    """

    tau: float
    z: float
    p: float


def rank_test(y: Array, v: Array) -> Rank:
    """Kendall's tau of standardised effects and variances.

    Source: Begg and Mazumdar (1994), doi 10.2307/2533446.
    """
    w = 1 / v
    mean = float((w * y).sum() / w.sum())
    return kendall((y - mean) / np.sqrt(v - 1 / w.sum()), v)


def kendall(a: Array, b: Array) -> Rank:
    """Kendall's tau of two columns with its test.

    Raises:
        SynthesisError: a column that is the same for all studies.
    """
    upper = np.triu_indices(len(a), 1)
    first, second = (np.sign(np.subtract.outer(x, x)[upper]) for x in (a, b))
    score, pairs = float((first * second).sum()), len(first)
    free = math.sqrt(float((first != 0).sum()) * float((second != 0).sum()))
    if free == 0:
        raise SynthesisError(
            f"the rank test cannot be done: effects or variances of all {len(a)} studies are equal"
        )
    z = score / _rank_sd(a, b)
    if free == pairs and len(a) <= EXACT:
        return Rank(score / free, z, _exact_p(score, len(a)))
    return Rank(score / free, z, 2 * float(special.ndtr(-abs(z))))


def _exact_p(score: float, k: int) -> float:
    """Two-sided p of Kendall's score: twice the smaller tail of all orders of k numbers."""
    ways = np.ones(1)
    for size in range(2, k + 1):  # orders by their number of inversions
        ways = np.convolve(ways, np.ones(size)) / size
    inversions = round((k * (k - 1) / 2 - abs(score)) / 2)
    return min(1.0, 2 * float(ways[: inversions + 1].sum()))


def _rank_sd(a: Array, b: Array) -> float:
    """Standard deviation of Kendall's score, with ties (Kendall 1970)."""
    k = len(a)

    def ties(values: Array) -> tuple[float, float, float]:
        t = np.unique(values, return_counts=True)[1].astype(float)
        return (
            float((t * (t - 1) * (2 * t + 5)).sum()), float((t * (t - 1)).sum()),
            float((t * (t - 1) * (t - 2)).sum()),
        )  # fmt: skip

    (five_a, two_a, three_a), (five_b, two_b, three_b) = ties(a), ties(b)
    variance = (k * (k - 1) * (2 * k + 5) - five_a - five_b) / 18
    variance += two_a * two_b / (2 * k * (k - 1))
    if k > 2:
        variance += three_a * three_b / (9 * k * (k - 1) * (k - 2))
    return math.sqrt(variance)
