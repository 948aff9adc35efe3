"""Pooling by a generalised linear mixed model: the counts themselves, with a random intercept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import SynthesisError
from ..measures.kinds import Effects, Measure
from ..measures.scale import LINK_SCALES
from .corners import corner
from .families import FAMILIES, Family
from .glmm_fit import GlmmFit, Problem, fit_glmm
from .glmm_profile import mean_profile, tau_profile, zero_tau_p
from .heterogeneity import Interval, heterogeneity
from .inverse_variance import boundary, few_studies, read, total
from .mean import quantile
from .options import Model
from .quadrature import integrate
from .synthesis import Likelihood, Synthesis
from .weighting import intercept

Array = NDArray[np.float64]

INTERVAL_NAMES = {
    "t": "t with {df} df on the {scale} scale",
    "wald": "Wald on the {scale} scale",
    "profile": "profile likelihood",
}
PREDICTION_LOSS = {"matching": 1, "t_k2": 2}


def glmm(studies: pd.DataFrame, effects: Effects, measure: Measure, model: Model) -> Synthesis:
    """Random-intercept model by maximum likelihood, for two studies or more.

    Sources: Stijnen, Hamza and Ozdemir (2010), doi 10.1002/sim.4040; Lin and Chu (2020), doi
    10.1097/EDE.0000000000001232, on the median and the mean rate.
    """
    family, measure = family_of(measure, model)
    problem = problem_of(studies, measure, family)
    found_corner = corner(studies, measure, model)
    if found_corner is not None:
        return found_corner
    found = fit_glmm(problem)
    mean, se, tau = float(found.beta[0]), float(found.covariance[0, 0]) ** 0.5, float(found.tau)
    k, level, scale = len(studies), model.level, measure.scale
    df = np.inf if model.interval == "wald" else k - 1.0
    half = float(quantile(level, df)) * se
    limits = (mean - half, mean + half)
    if model.interval == "profile":
        limits = mean_profile(found, level)
    prediction, shown = _prediction(found, model)
    marginal, marginal_limits = marginal_mean(found, family, level, df)
    low, high = tau_profile(found, level)
    spread = heterogeneity(
        effects.effect, effects.variance, intercept(k), tau**2, (low**2, high**2), level
    )
    covariance = found.covariance
    return Synthesis(
        measure=measure, model=model, k=k,
        events=int(studies["events"].sum()), total=total(studies, measure),
        estimate=float(family.inverse(found.beta)[0]),
        interval=read(scale, limits, level),
        prediction=prediction and read(scale, prediction, level),
        effect=mean, se=se,
        heterogeneity=replace(
            spread, tau2_text="profile likelihood", zero_p=zero_tau_p(found)
        ),
        method_text=f"{'Binomial' if measure.counts_people else 'Poisson'} GLMM, random intercept, "
        f"{scale.key} link, maximum likelihood",
        interval_text=INTERVAL_NAMES[model.interval].format(df=k - 1, scale=scale.label),
        prediction_text=shown,
        studies=studies.assign(weight=implied_weights(found)),
        cautions=few_studies(k) + boundary(tau) + _coarse(effects, studies),
        mean_rate=marginal,
        mean_rate_interval=Interval(*marginal_limits, level),
        likelihood=Likelihood(
            float(found.log_likelihood), 2, found.accuracy,
            (
                (float(covariance[0, 0]), float(covariance[0, 1])),
                (float(covariance[1, 0]), float(covariance[1, 1])),
            ),
        ),
    )  # fmt: skip


def family_of(measure: Measure, model: Model) -> tuple[Family, Measure]:
    """The count model that belongs to a measure, and the measure on that model's scale."""
    if measure.key not in ("proportion_logit", "rate_log"):
        raise SynthesisError(
            f"{model.method} works on counts, not on the {measure.scale.label} scale; use measure "
            "proportion_logit or rate_log, and the option link for another link"
        )
    if not measure.counts_people:
        return FAMILIES["log"], measure
    return FAMILIES[model.link], replace(measure, scale=LINK_SCALES[model.link])


def problem_of(studies: pd.DataFrame, measure: Measure, family: Family) -> Problem:
    """The counts of a frame as a fitting problem with an intercept."""
    size = studies["total" if measure.counts_people else "person_time"].to_numpy(float)
    return Problem(studies["events"].to_numpy(float), size, intercept(len(studies)), family)


def _prediction(found: GlmmFit, model: Model) -> tuple[tuple[float, float] | None, str]:
    k = found.problem.events.shape[-1]
    if k < 3:
        return None, ""
    mean, tau = float(found.beta[0]), float(found.tau)
    lost = PREDICTION_LOSS.get(model.prediction)
    df = np.inf if lost is None else float(k - lost)
    spread = float(np.hypot(tau, found.covariance[0, 0] ** 0.5))
    half = float(quantile(model.level, df)) * spread
    return (mean - half, mean + half), "normal" if lost is None else f"t with {k - lost} df"


def _coarse(effects: Effects, studies: pd.DataFrame) -> tuple[str, ...]:
    """A word on I2 where it had to be made from corrected effects."""
    if not effects.corrected.any():
        return ()
    return (
        f"I² and Q come from logits or log rates with a zero correction "
        f"({int(effects.corrected.sum())} of {len(studies)} studies); nothing else does",
    )


def marginal_mean(
    found: GlmmFit, family: Family, level: float, df: float
) -> tuple[float, tuple[float, float]]:
    """The mean rate over studies with its interval (delta method on the link scale).

    The inverse link of the pooled effect is the rate of the middle study; the mean of the rates
    is the integral of the inverse link over the random effect.
    """
    mean, tau = float(found.beta[0]), float(found.tau)
    b = np.linspace(-9.0, 9.0, 721)
    mass = np.exp(-0.5 * b * b)
    mass /= mass.sum()
    eta = mean + tau * b
    if family.counts_people:
        rate = float(mass @ family.inverse(eta))
        slope = family.slope(eta)
    else:  # the mean of a log-normal rate, exactly
        rate = float(family.inverse(np.array(mean + tau**2 / 2)))
        slope = None
    centre = float(family.link(np.array(rate)))
    if slope is None:
        gradient = np.array([1.0, tau])
    else:
        gradient = np.array([mass @ slope, mass @ (slope * b)]) / family.slope(np.array(centre))
    half = float(quantile(level, df)) * float(gradient @ found.covariance @ gradient) ** 0.5
    low, high = family.inverse(np.array([centre - half, centre + half]))
    return rate, (float(low), float(high))


def implied_weights(found: GlmmFit) -> Array:
    """Each study's share of the information on the mean, at the estimated tau."""
    problem = found.problem
    eta = problem.eta(found.beta)
    if float(found.tau) == 0:
        information = -problem.family.terms(eta, *problem.counts)[2]
    else:
        tau = found.tau[..., None]
        information = -integrate(
            problem.family, eta, tau, problem.counts, problem.rule, found.start
        ).eta_eta
    return np.asarray(information / information.sum(), float)
