"""Every interval of many simulated meta-analyses, by the names that `Model` knows them by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from ..measures.measure import MEASURES
from ..measures.zero_cells import ZeroPolicy
from ..pooling.families import FAMILIES
from ..pooling.glmm import PREDICTION_LOSS, marginal_mean
from ..pooling.glmm_fit import GlmmFit, Problem, fit_glmm
from ..pooling.glmm_profile import mean_profile
from ..pooling.heterogeneity import Interval
from ..pooling.many import TOGETHER, pool_many
from ..pooling.mean import MEAN_INTERVALS, quantile
from ..pooling.model import Model, pool
from ..pooling.options import METHOD_KINDS
from ..pooling.prediction import PREDICTIONS, Evidence
from ..pooling.tau2 import TAU2_ESTIMATORS
from ..pooling.weighting import intercept
from .scenarios import Sets

Array = NDArray[np.float64]
Places = NDArray[np.intp]

LEVEL = 0.95
MEDIAN, MEAN, NEW = "median rate", "mean rate", "new study"
LABELS = {
    "inverse_variance": "log odds, REML",
    "common_effect": "log odds, common effect",
    "glmm": "GLMM",
    "beta_binomial": "beta-binomial",
    "bayes_normal": "Bayes, effects",
    "bayes_binomial": "Bayes, counts",
    "three_level": "three levels",
    "robust": "cluster-robust",
}
"""Methods in the table; the word after it is the option of `Model`."""


@dataclass(frozen=True)
class Limits:
    """One kind of interval of every set.

    Attributes:
        of: what it is to hold: `MEDIAN`, `MEAN` or `NEW`.
        name: method and option.
        low, high: on the reading scale; blank where the method gives none.
    """

    of: str
    name: str
    low: Array
    high: Array


def name_of(method: str, option: str) -> str:
    """The name of an interval in the table."""
    return f"{LABELS[method]}, {option.replace('_', ' ')}"


def _fits(sets: Sets) -> Iterator[tuple[Places, GlmmFit]]:
    """Fits of the sets that have one, a few at a time, with their places."""
    x, n = sets.events, sets.total
    k = x.shape[-1]
    places = np.flatnonzero(((x > 0) & (x < n)).any(-1))
    for first in range(0, len(places), TOGETHER):
        some = places[first : first + TOGETHER]
        yield some, fit_glmm(Problem(x[some], n[some], intercept(k), FAMILIES["logit"]))


def mixed(sets: Sets) -> list[Limits]:
    """Wald-type intervals of the binomial GLMM."""
    effect, se, tau = np.full((3, len(sets.events)), np.nan)
    for some, found in _fits(sets):
        effect[some], tau[some] = found.beta[:, 0], found.tau
        se[some] = np.sqrt(found.covariance[:, 0, 0])
    k = sets.events.shape[-1]
    parts = []
    for option, df in (("t", k - 1.0), ("wald", np.inf)):
        parts.append(_around(effect, quantile(LEVEL, df) * se, MEDIAN, name_of("glmm", option)))
    for option in METHOD_KINDS["glmm"].predictions:
        lost = PREDICTION_LOSS.get(option)
        half = quantile(LEVEL, np.inf if lost is None else k - float(lost)) * np.hypot(tau, se)
        parts.append(_around(effect, half, NEW, name_of("glmm", option)))
    return _with_corners(sets, parts)


def _around(effect: Array, half: Array, of: str, name: str) -> Limits:
    return Limits(of, name, special.expit(effect - half), special.expit(effect + half))


def _with_corners(sets: Sets, parts: list[Limits]) -> list[Limits]:
    """Where no GLMM can be fitted, the exact limit that `pool` gives, and no prediction."""
    x, n = sets.events, sets.total
    for i in np.flatnonzero(~((x > 0) & (x < n)).any(-1)):
        exact = pool(_frame(sets, int(i)), model=Model(method="glmm")).interval
        for part in parts:
            if part.of != NEW and exact is not None:
                part.low[i], part.high[i] = exact.low, exact.high
    return parts


def mixed_slow(sets: Sets) -> list[Limits]:
    """The profile interval of the GLMM, and the intervals of its mean rate."""
    k = sets.events.shape[-1]
    blank = np.full((6, len(sets.events)), np.nan)
    parts = [Limits(MEDIAN, name_of("glmm", "profile"), *blank[:2])]
    dfs = {"t": k - 1.0, "wald": np.inf}
    parts += [
        Limits(MEAN, name_of("glmm", option), *blank[at : at + 2])
        for option, at in zip(dfs, (2, 4), strict=True)
    ]
    for some, found in _fits(sets):
        for end, limit in zip(blank[:2], mean_profile(found, LEVEL), strict=True):
            end[some] = special.expit(limit)
        for j, i in enumerate(some):
            one = replace(
                found, beta=found.beta[j], tau=found.tau[j], covariance=found.covariance[j]
            )
            for part, df in zip(parts[1:], dfs.values(), strict=True):
                limits = marginal_mean(one, FAMILIES["logit"], LEVEL, df)[1]
                part.low[i], part.high[i] = limits
    return _with_corners(sets, parts)


def inverse_variance(sets: Sets) -> list[Limits]:
    """Every interval by inverse variance with REML on logits; other scales beside them."""
    parts = []
    for measure, tau2, options in (
        ("proportion_logit", "REML", tuple(MEAN_INTERVALS)),
        ("proportion_logit", "DL", ("wald",)),
        ("proportion_logit", "none", ("wald",)),
        ("proportion_arcsine", "REML", ("hartung_knapp",)),
        ("proportion_freeman_tukey", "REML", ("hartung_knapp",)),
    ):
        e, inverse = _evidence(sets, measure, tau2)
        label = f"{MEASURES[measure].scale.label}, {tau2}"
        if tau2 == "none":
            label = LABELS["common_effect"]
        for option in options:
            low, high = MEAN_INTERVALS[option](e.y, e.v, e.tau2, LEVEL).limits(LEVEL)
            name = f"{label}, {option.replace('_', ' ')}"
            parts.append(Limits(MEDIAN, name, inverse(low), inverse(high)))
    e, inverse = _evidence(sets, "proportion_logit", "REML")
    for option in (name for name in PREDICTIONS if name != "bootstrap"):
        found = PREDICTIONS[option](e, LEVEL)
        name = name_of("inverse_variance", option)
        parts.append(Limits(NEW, name, inverse(found.low), inverse(found.high)))
    return parts


def bootstrap(sets: Sets) -> list[Limits]:
    """The bootstrap prediction interval, one set at a time."""
    e, inverse = _evidence(sets, "proportion_logit", "REML")
    ends = []
    for i in range(len(e.y)):
        mean = MEAN_INTERVALS["hartung_knapp"](e.y[i], e.v[i], e.tau2[i], LEVEL)
        found = PREDICTIONS["bootstrap"](Evidence(e.y[i], e.v[i], e.tau2[i], mean), LEVEL)
        ends.append((float(found.low), float(found.high)))
    low, high = np.array(ends).T
    name = name_of("inverse_variance", "bootstrap")
    return [Limits(NEW, name, inverse(low), inverse(high))]


def _evidence(sets: Sets, measure: str, tau2: str) -> tuple[Evidence, Callable[[Array], Array]]:
    """Effects, variances, tau2 and mean of every set, and the way back to rates."""
    k, known = sets.events.shape[-1], MEASURES[measure]
    counts = {"events": sets.events.ravel().astype(int), "total": sets.total.ravel().astype(int)}
    effects = known.compute(pd.DataFrame(counts), ZeroPolicy())
    y, v = effects.effect.reshape(-1, k), effects.variance.reshape(-1, k)
    found = np.zeros(len(y)) if tau2 == "none" else TAU2_ESTIMATORS[tau2](y, v, intercept(k))
    mean = MEAN_INTERVALS["hartung_knapp"](y, v, found, LEVEL)
    return Evidence(y, v, found, mean), _way_back(measure, sets.total)


def _way_back(measure: str, total: Array) -> Callable[[Array], Array]:
    """The inverse of a scale, at the harmonic mean of each set's sizes where it needs one."""
    known = MEASURES[measure]
    scale_at = known.scale_at
    if scale_at is None:
        return known.scale.inverse
    sizes = total.shape[-1] / (1 / total).sum(-1)

    def inverse(effect: Array) -> Array:
        return np.array(
            [float(scale_at(n).inverse(np.array(e))) for n, e in zip(sizes, effect, strict=True)]
        )

    return inverse


def beta_binomial(sets: Sets) -> list[Limits]:
    """Its answer is the mean rate; sets without a fit have the same exact limits in both kinds."""
    found = pool_many(sets.events, sets.total, model=Model(method="beta_binomial", level=LEVEL))
    low, high, new_low, new_high, effect, se = (
        found[name].to_numpy(float)
        for name in ("low", "high", "prediction_low", "prediction_high", "effect", "se")
    )
    name = name_of("beta_binomial", "wald")
    wald = _around(effect, quantile(LEVEL, np.inf) * se, MEAN, name)
    fitted = ~np.isnan(se)
    return [
        Limits(MEAN, name_of("beta_binomial", "t"), low, high),
        Limits(MEAN, name, np.where(fitted, wald.low, low), np.where(fitted, wald.high, high)),
        Limits(NEW, name_of("beta_binomial", "beta"), new_low, new_high),
    ]


def one_by_one(method: str, label: str | None = None) -> Callable[[Sets], list[Limits]]:
    """What `pool` gives for each set, with the defaults of a method."""
    model, kind = Model(method=method, level=LEVEL), METHOD_KINDS[method]

    def intervals(sets: Sets) -> list[Limits]:
        answers = [pool(_frame(sets, i), model=model) for i in range(len(sets.events))]
        name = label or name_of(method, kind.intervals[0])
        parts = [Limits(MEDIAN, name, *_ends(answer.interval for answer in answers))]
        if kind.predictions[0] != "none":
            name = label or name_of(method, kind.predictions[0])
            parts.append(Limits(NEW, name, *_ends(answer.prediction for answer in answers)))
        return parts

    return intervals


def independent(sets: Sets) -> list[Limits]:
    """What the default would say if the rows of a cohort were taken as studies of their own."""
    apart = replace(sets, cohort=np.arange(len(sets.cohort)))
    return one_by_one("inverse_variance", "log odds, REML, rows taken as independent")(apart)


def _frame(sets: Sets, i: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "study_id": np.arange(len(sets.cohort)).astype(str),
            "cohort": sets.cohort.astype(str),
            "events": sets.events[i].astype(int),
            "total": sets.total[i].astype(int),
        }
    )


def _ends(intervals: Iterable[Interval | None]) -> Array:
    return np.array(
        [(np.nan, np.nan) if one is None else (one.low, one.high) for one in intervals]
    ).T


Source = tuple[Callable[[Sets], list[Limits]], int]

SOURCES: dict[str, Source] = {
    "GLMM": (mixed, 1),
    "inverse variance": (inverse_variance, 1),
    "GLMM, slow": (mixed_slow, 8),
    "beta-binomial": (beta_binomial, 5),
    "Bayes, effects": (one_by_one("bayes_normal"), 10),
    "Bayes, counts": (one_by_one("bayes_binomial"), 50),
    "bootstrap": (bootstrap, 80),
}
"""Where intervals come from, and the share of the sets, one in how many, that it is asked for."""

NESTED_SOURCES: dict[str, Source] = {
    "three levels": (one_by_one("three_level"), 10),
    "cluster-robust": (one_by_one("robust"), 10),
    "rows as studies": (independent, 10),
}
"""The same for cohorts with several rows."""

LEFT_OUT = {
    "mantel_haenszel": "for comparisons of two arms; a rate has one",
    "exact": "for comparisons of two arms; a rate has one",
    "peto": "for comparisons of two arms; a rate has one",
}
"""Methods that have no row, and why."""
