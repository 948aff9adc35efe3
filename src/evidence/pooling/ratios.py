"""Odds and rate ratios from the counts themselves: mixed models, and the exact odds ratio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, special

from ..errors import SynthesisError
from ..measures.kinds import Effects, Measure
from ..measures.two_arm import rates_of_arms, two_by_two
from .glmm import PREDICTION_LOSS
from .glmm_profile import chi_square_drop
from .heterogeneity import Interval, heterogeneity
from .inverse_variance import boundary, events_of, few_studies, random_spread, read, total
from .mean import quantile
from .options import METHOD_KINDS, TWO_ARM, Model
from .synthesis import Likelihood, Synthesis
from .two_arm_glmm import Arms, TwoArmFit, fit_two_arm, support, tau_limits
from .weighting import intercept

Array = NDArray[np.float64]


def arms_of(studies: pd.DataFrame, measure: Measure) -> Arms:
    """The counts of both arms of every study."""
    if measure.counts_people:
        return Arms(*two_by_two(studies), True)
    return Arms(*rates_of_arms(studies), False)


def two_arm_glmm(
    studies: pd.DataFrame, effects: Effects, measure: Measure, model: Model
) -> Synthesis:
    """Mixed model of an odds or rate ratio by maximum likelihood, for two studies or more.

    Sources: Stijnen, Hamza and Ozdemir (2010), doi 10.1002/sim.4040; Jackson et al. (2018), doi
    10.1002/sim.7588.
    """
    if measure.key not in ("odds_ratio", "rate_ratio"):
        raise SynthesisError(
            f"the mixed model works on odds and rate ratios, not on {measure.key}; use measure "
            "odds_ratio or rate_ratio"
        )
    if model.interval == "profile":
        raise SynthesisError("mixed models of two arms offer the intervals: t, wald")
    arms, k = arms_of(studies, measure), len(studies)
    found = fit_two_arm(arms, model.two_arm)
    df = two_arm_df(model, k)
    half = float(quantile(model.level, df)) * found.se
    prediction, shown = _prediction(found, model, k)
    low, high = tau_limits(arms, model.two_arm, found, chi_square_drop(model.level))
    spread = heterogeneity(
        effects.effect, effects.variance, intercept(k), found.tau**2, (low**2, high**2), model.level
    )
    kind = "Binomial" if measure.counts_people else "Poisson"
    return Synthesis(
        measure=measure, model=model, k=k,
        events=events_of(studies, measure), total=total(studies, measure),
        estimate=float(measure.scale.inverse(np.array(found.effect))),
        interval=read(measure.scale, (found.effect - half, found.effect + half), model.level),
        prediction=prediction and read(measure.scale, prediction, model.level),
        effect=found.effect, se=found.se,
        heterogeneity=replace(
            spread, tau2_text="profile likelihood", zero_p=_zero_p(found)
        ),
        method_text=f"{kind} GLMM of two arms, {TWO_ARM[model.two_arm]}",
        interval_text=f"{'Wald' if df == np.inf else f't with {k - 1} df'} on the log scale",
        prediction_text=shown, studies=studies.assign(weight=found.weights),
        cautions=(*few_studies(k), *boundary(found.tau), *_shown(effects)),
        likelihood=Likelihood(
            found.log_likelihood, found.parameters, found.accuracy,
            (
                (float(found.covariance[0, 0]), float(found.covariance[0, 1])),
                (float(found.covariance[1, 0]), float(found.covariance[1, 1])),
            ),
        ),
    )  # fmt: skip


def two_arm_df(model: Model, k: int) -> float:
    """Degrees of freedom of the interval of k studies; infinite for a normal one."""
    return np.inf if model.interval == "wald" else k - 1.0


def _prediction(found: TwoArmFit, model: Model, k: int) -> tuple[tuple[float, float] | None, str]:
    if k < 3:
        return None, ""
    lost = PREDICTION_LOSS.get(model.prediction)
    df = np.inf if lost is None else float(k - lost)
    half = float(quantile(model.level, df)) * float(np.hypot(found.tau, found.se))
    shown = "normal" if lost is None else f"t with {k - lost} df"
    return (found.effect - half, found.effect + half), shown


def _zero_p(found: TwoArmFit) -> float:
    """P-value of tau = 0: half a chi-square with 1 df (Self and Liang 1987)."""
    ratio = 2 * (found.log_likelihood - found.common_log_likelihood)
    return float(special.chdtrc(1, ratio) / 2) if ratio > 0 else 1.0


def _shown(effects: Effects) -> tuple[str, ...]:
    if not effects.corrected.any():
        return ()
    return (
        f"I², Q and the effects of single studies come from counts with a zero correction "
        f"({int(effects.corrected.sum())} of {len(effects.effect)} studies); nothing else does",
    )


def exact(studies: pd.DataFrame, effects: Effects, measure: Measure, model: Model) -> Synthesis:
    """The common odds ratio by exact conditional likelihood, with its exact interval.

    The treated events of all tables together, given all margins, are a sum of non-central
    hypergeometric counts; the limits leave half of the miss in each tail. Source: Mehta, Patel and
    Gray (1985), doi 10.1080/01621459.1985.10478212. An arm without events gives an estimate of 0,
    or none where it would be infinite.
    """
    if measure.key != "odds_ratio":
        raise SynthesisError(
            f"the exact conditional method pools odds ratios, not {measure.key}; use odds_ratio"
        )
    counts, log_ways, seen = _together(arms_of(studies, measure))
    estimate, low, high = _exact(counts, log_ways, seen, model.level)
    cautions = [
        "a common effect was assumed: the interval ignores any difference between the studies"
    ]
    if estimate is None:
        cautions.append("the control arms have no event, so the odds ratio has no upper limit")
    finite = estimate is not None and estimate > 0
    return Synthesis(
        measure=measure, model=model, k=len(studies),
        events=events_of(studies, measure), total=total(studies, measure),
        estimate=estimate, interval=Interval(low, high, model.level) if estimate is not None
        else None, prediction=None,
        effect=float(np.log(estimate)) if finite and estimate else None, se=None,
        heterogeneity=random_spread(effects, 0.0, model),
        method_text=METHOD_KINDS[model.method].label,
        interval_text="exact, both tails", prediction_text="",
        studies=studies.assign(weight=(1 / effects.variance) / (1 / effects.variance).sum()),
        cautions=(*cautions, *_shown(effects)),
    )  # fmt: skip


def _together(arms: Arms) -> tuple[Array, Array, int]:
    """Possible sums of treated events, the log of their number of ways, and which is seen."""
    first, seen = 0.0, 0
    ways = np.ones(1)
    for a, b, c, d in zip(arms.a, arms.b, arms.c, arms.d, strict=True):
        counts, log_ways, own = support(float(a), float(b), float(c), float(d))
        ways = np.convolve(ways, np.exp(log_ways - log_ways.max()))
        ways /= ways.max()
        first, seen = first + counts[0], seen + own
    with np.errstate(divide="ignore"):
        return first + np.arange(len(ways), dtype=float), np.asarray(np.log(ways), float), seen


def _exact(
    counts: Array, log_ways: Array, seen: int, level: float
) -> tuple[float | None, float, float]:
    """Estimate and limits of the odds ratio; no estimate where it is infinite."""
    tail, steps = (1 - level) / 2, np.arange(len(counts))

    def mass(theta: float) -> Array:
        terms = log_ways + theta * steps
        return np.asarray(np.exp(terms - special.logsumexp(terms)), float)

    def solve(function: Callable[[float], float]) -> float:
        return float(optimize.brentq(function, -60.0, 60.0, xtol=1e-13, rtol=1e-13))

    last = len(counts) - 1
    low = 0.0 if seen == 0 else solve(lambda t: float(mass(t)[seen:].sum()) - tail)
    high = np.inf if seen == last else solve(lambda t: float(mass(t)[: seen + 1].sum()) - tail)
    limits = (float(np.exp(low)) if seen else 0.0, float(np.exp(high)))
    if seen == last:
        return None, *limits
    middle = solve(lambda t: float(mass(t) @ steps) - seen) if seen else -np.inf
    return float(np.exp(middle)), *limits
