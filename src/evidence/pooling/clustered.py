"""Pooling of dependent rows: cluster-robust variance, and a three-level model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import SynthesisError
from ..measures.kinds import Effects, Measure
from .inverse_variance import (
    TAU2_INTERVAL_NAMES,
    discouraged,
    events_of,
    random_spread,
    read,
    total,
    zero_cautions,
)
from .mean import quantile
from .options import Model
from .synthesis import Synthesis
from .tau2 import TAU2_ESTIMATORS
from .weighting import intercept

Array = NDArray[np.float64]
Labels = NDArray[np.intp]


@dataclass(frozen=True)
class Robust:
    """A weighted mean with its cluster-robust standard error and degrees of freedom."""

    effect: float
    se: float
    df: float
    weights: Array


def cr2(y: Array, total_variance: Array, clusters: Labels) -> Robust:
    """Bias-reduced cluster-robust variance with Satterthwaite degrees of freedom, of a mean.

    The working model is that of the weights: independent effects with these variances.
    Source: Pustejovsky and Tipton (2018), doi 10.1080/07350015.2016.1247004.
    """
    w = 1 / total_variance
    bread = 1 / w.sum()
    effect = float(bread * (w @ y))
    residual = y - effect
    k = len(y)
    away = np.eye(k) - np.outer(np.ones(k), bread * w)  # I - H
    pulls, score = [], 0.0
    for cluster in range(clusters.max() + 1):
        rows = np.flatnonzero(clusters == cluster)
        root = total_variance[rows] ** 0.5
        part = away[rows]
        inner = root[:, None] * ((part * total_variance) @ part.T) * root
        adjust = root[:, None] * _inverse_root(inner) * root
        weight = bread * (w[rows] @ adjust)
        pulls.append(weight @ part)
        score += float(weight @ residual[rows]) ** 2
    pulled = np.array(pulls)
    cross = (pulled * total_variance) @ pulled.T
    df = float(np.trace(cross) ** 2 / (cross**2).sum())
    return Robust(effect, score**0.5, df, w * bread)


def _inverse_root(matrix: Array) -> Array:
    """Symmetric inverse square root; directions without variance are left out."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > 1e-12 * values.max()
    root = np.where(kept, np.where(kept, values, 1.0) ** -0.5, 0.0)
    return np.asarray((vectors * root) @ vectors.T, float)


def robust(studies: pd.DataFrame, effects: Effects, measure: Measure, model: Model) -> Synthesis:
    """Random effects by inverse variance with a cluster-robust interval over cohorts."""
    y, v = effects.effect, effects.variance
    clusters, m = _clusters(studies)
    tau2 = float(TAU2_ESTIMATORS[model.tau2](y, v, intercept(len(y))))
    found = cr2(y, v + tau2, clusters)
    half = float(quantile(model.level, found.df)) * found.se
    spread = random_spread(effects, tau2, model)
    return Synthesis(
        measure=measure, model=model, k=len(y),
        events=events_of(studies, measure), total=total(studies, measure),
        estimate=float(measure.scale.inverse(np.array(found.effect))),
        interval=read(measure.scale, (found.effect - half, found.effect + half), model.level),
        prediction=None, effect=found.effect, se=found.se, heterogeneity=spread,
        method_text=f"Random effects, inverse variance, {measure.scale.key} scale, {model.tau2}, "
        f"{m} cohorts with several rows each as they come",
        interval_text=f"cluster-robust (CR2), t with {found.df:.3g} df", prediction_text="",
        studies=studies.assign(weight=found.weights),
        cautions=(
            *zero_cautions(studies, effects, measure, model), *discouraged(measure),
            *_few_clusters(found.df),
            f"the interval of tau² ({TAU2_INTERVAL_NAMES[model.tau2_interval]}) and Q take the "
            "rows as independent; there is no prediction interval",
        ),
    )  # fmt: skip


def _few_clusters(df: float) -> tuple[str, ...]:
    if df >= 4:
        return ()
    return (f"{df:.2g} degrees of freedom: a cluster-robust interval needs four or more",)


def _clusters(studies: pd.DataFrame) -> tuple[Labels, int]:
    codes, names = pd.factorize(studies["cohort"])
    if len(names) < 2:
        raise SynthesisError("all rows come from one cohort; there is nothing to pool over")
    return np.asarray(codes, np.intp), len(names)


@dataclass(frozen=True)
class ThreeLevel:
    """A three-level fit of a mean.

    Attributes:
        effect, se: the mean.
        between, within: variances between cohorts, and between rows of a cohort.
        log_likelihood: restricted or not, all constants included.
        weights: of the rows, summing to one.
    """

    effect: float
    se: float
    between: float
    within: float
    log_likelihood: float
    weights: Array


def fit_three_level(y: Array, v: Array, clusters: Labels, *, restricted: bool = True) -> ThreeLevel:
    """Variances between and within cohorts by (restricted) maximum likelihood.

    Newton's method with exact scores, step halving and variances held at or above zero; from
    several starts, the highest end is returned.
    Source: Konstantopoulos (2011), doi 10.1002/jrsm.35.

    Raises:
        SynthesisError: no maximum in 500 steps.
    """
    same = (clusters[:, None] == clusters[None, :]).astype(float)
    scale = float(np.var(y)) + float(np.median(v)) * 1e-3
    ends = []
    for share in (0.1, 0.5, 0.9):
        ends.append(score_up(np.array([share, 1 - share]) * scale, y, v, (same, restricted)))
    return max(ends, key=lambda found: found.log_likelihood)


def score_up(
    theta: Array,
    y: Array,
    v: Array,
    how: tuple[Array, bool],
    fixed: NDArray[np.bool_] | None = None,
) -> ThreeLevel:
    """Up to a maximum from `theta` (between, within), of which what is `fixed` stays as it is."""
    kept = np.zeros(2, bool) if fixed is None else fixed
    value, score, information, found = three_level_at(theta, y, v, how)
    last = math.inf
    for _ in range(500):
        held = kept | ((theta <= 0) & (score <= 0))
        if held.all():
            return found
        free = ~held
        step = np.zeros(2)
        # a pseudo-inverse: with one row in each cohort only the sum of both is known
        step[free] = np.linalg.pinv(information[np.ix_(free, free)], hermitian=True) @ score[free]
        gain = float(step @ score)
        if gain < 1e-16 or (gain < 1e-11 and gain > last / 4):
            return found
        last = gain
        shrink = 1.0
        while shrink > 1e-9:
            trial = np.maximum(theta + shrink * step, 0.0)
            there = three_level_at(trial, y, v, how)
            if there[0] >= value - 1e-13 * abs(value):
                break
            shrink /= 2
        else:
            return found
        theta, (value, score, information, found) = trial, there
    raise SynthesisError("the three-level model has no maximum within 500 steps; check the rows")


def three_level_at(
    theta: Array, y: Array, v: Array, how: tuple[Array, bool]
) -> tuple[float, Array, Array, ThreeLevel]:
    """Log-likelihood at (between, within), its score and expected information."""
    same, restricted = how
    k = len(y)
    covariance = np.diag(v + theta[1]) + theta[0] * same
    inverse = np.linalg.inv(covariance)
    ones = inverse.sum(axis=1)
    precision = float(ones.sum())
    effect = float(ones @ y / precision)
    residual = y - effect
    pull = inverse @ residual
    projection = inverse - np.outer(ones, ones) / precision
    trace = projection if restricted else inverse
    parts = (same, np.eye(k))
    score = np.array([pull @ part @ pull - (trace * part).sum() for part in parts]) / 2
    turned, pulls = [trace @ part for part in parts], [part @ pull for part in parts]
    information = np.array([[(a * b.T).sum() for b in turned] for a in turned]) / 2
    observed = np.array([[a @ projection @ b for b in pulls] for a in pulls]) - information
    curved = np.linalg.eigvalsh(observed)
    if curved[0] > 1e-9 * curved[1]:
        information = observed
    value = -(np.linalg.slogdet(covariance)[1] + float(residual @ pull)) / 2
    if restricted:
        value += (np.log(k) - np.log(precision) - (k - 1) * np.log(2 * np.pi)) / 2
    else:
        value -= k * np.log(2 * np.pi) / 2
    found = ThreeLevel(
        effect, precision**-0.5, float(theta[0]), float(theta[1]), float(value), ones / precision
    )
    return float(value), score, information, found


def three_level(
    studies: pd.DataFrame, effects: Effects, measure: Measure, model: Model
) -> Synthesis:
    """Rows within cohorts, cohorts within the field: two variances, REML, t(cohorts - 1)."""
    y, v = effects.effect, effects.variance
    clusters, m = _clusters(studies)
    found = fit_three_level(y, v, clusters)
    t = float(quantile(model.level, m - 1.0))
    limits = (found.effect - t * found.se, found.effect + t * found.se)
    wide = t * (found.se**2 + found.between + found.within) ** 0.5
    prediction = (found.effect - wide, found.effect + wide) if m >= 3 else None
    cautions = (*zero_cautions(studies, effects, measure, model), *discouraged(measure))
    if m < 5:
        cautions += (f"{m} cohorts: how much cohorts differ is hardly known",)
    return Synthesis(
        measure=measure, model=model, k=len(y),
        events=events_of(studies, measure), total=total(studies, measure),
        estimate=float(measure.scale.inverse(np.array(found.effect))),
        interval=read(measure.scale, limits, model.level),
        prediction=prediction and read(measure.scale, prediction, model.level),
        effect=found.effect, se=found.se, heterogeneity=None,
        method_text=f"Three-level model, {measure.scale.key} scale, REML, {len(y)} rows of {m} "
        f"cohorts; variance between cohorts {found.between:.3g}, within {found.within:.3g}",
        interval_text=f"t with {m - 1} df (cohorts less one)",
        prediction_text=f"one row of a new cohort, t with {m - 1} df" if prediction else "",
        studies=studies.assign(weight=found.weights), cautions=cautions,
    )  # fmt: skip
