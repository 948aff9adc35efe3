"""Beta-binomial model: rates of studies follow a beta distribution; maximum likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from ..errors import SynthesisError
from ..measures.kinds import Effects, Measure
from .climbing import Height, climb
from .corners import corner
from .families import FAMILIES
from .heterogeneity import Interval
from .inverse_variance import few_studies, read
from .mean import quantile
from .options import Model
from .synthesis import Likelihood, Synthesis

Array = NDArray[np.float64]

MOST = 16.0
"""Log of alpha + beta beyond which the beta distribution is a point."""


def beta_binomial(
    studies: pd.DataFrame, effects: Effects, measure: Measure, model: Model
) -> Synthesis:
    """Beta-binomial model by maximum likelihood; its estimate is the mean rate over studies.

    Source: Skellam (1948), doi 10.1111/j.2517-6161.1948.tb00014.x; for meta-analysis Kuss (2015),
    doi 10.1002/sim.6383.
    """
    del effects  # the counts are all it needs
    refuse_rates(measure)
    found_corner = corner(studies, measure, model)
    if found_corner is not None:
        return found_corner
    x, n = (studies[name].to_numpy(float) for name in ("events", "total"))
    found = fit_beta_binomial(x, n)
    k, level = len(studies), model.level
    mean, se, correlation = float(found.effect), float(found.se), float(found.correlation)
    half = float(quantile(level, np.inf if model.interval == "wald" else k - 1.0)) * se
    prediction = None
    if k >= 3 and correlation > 0:
        alpha, beta = found.shape
        ends = np.array([(1 - level) / 2, (1 + level) / 2])
        low, high = special.betaincinv(alpha, beta, ends)
        prediction = Interval(float(low), float(high), level)
    cautions = few_studies(k)
    if correlation == 0:
        cautions += (
            "the rates are estimated as all equal, the edge of what the model can say; "
            "that does not show that the studies agree",
        )
    return Synthesis(
        measure=measure, model=model, k=k, events=int(x.sum()), total=int(n.sum()),
        estimate=float(special.expit(mean)),
        interval=read(measure.scale, (mean - half, mean + half), level),
        prediction=prediction, effect=mean, se=se, heterogeneity=None,
        method_text="Beta-binomial model, maximum likelihood, intraclass correlation "
        f"{correlation:.3g}",
        interval_text="Wald" if model.interval == "wald" else f"t with {k - 1} df, log odds scale",
        prediction_text="beta distribution at the estimate" if prediction else "",
        studies=studies.assign(weight=_weights(n, correlation)), cautions=cautions,
        likelihood=Likelihood(
            float(found.log_likelihood), 2, 0.0, ((se**2, 0.0), (0.0, 0.0)), correlation
        ),
    )  # fmt: skip


def refuse_rates(measure: Measure) -> None:
    """Refuse every measure but the one that this model has."""
    if measure.key != "proportion_logit":
        raise SynthesisError("beta_binomial works on proportions; use measure proportion_logit")


@dataclass(frozen=True)
class BetaBinomialFit:
    """The maximum of a beta-binomial likelihood; every array has the leading axes of the counts.

    Attributes:
        effect: log odds of the mean rate.
        se: its standard error.
        correlation: intraclass, 1/(alpha + beta + 1); 0 where the rates are all equal.
        log_likelihood: with constants.
    """

    effect: Array
    se: Array
    correlation: Array
    log_likelihood: Array

    @property
    def shape(self) -> tuple[Array, Array]:
        """Alpha and beta of the distribution of rates, where the correlation is above 0."""
        size = 1 / self.correlation - 1
        mean = np.asarray(special.expit(self.effect), float)
        return mean * size, (1 - mean) * size


def fit_beta_binomial(x: Array, n: Array) -> BetaBinomialFit:
    """Maximum likelihood of (log odds of the mean, log of alpha + beta).

    Args:
        x: events, shape (..., k); in each meta-analysis somebody and not everybody had one.
        n: people, the same shape.
    """
    constant = FAMILIES["logit"].constant(x, n).sum(-1)
    people = n.sum(-1)
    pooled = x.sum(-1) / people
    rate = pooled[..., None]
    common = (special.xlogy(x, rate) + special.xlog1py(n - x, -rate)).sum(-1) + constant
    effect, se = special.logit(pooled), (people * pooled * (1 - pooled)) ** -0.5
    correlation, log_likelihood = np.zeros_like(pooled), common
    # starts over the whole range, since the likelihood may have two maxima
    starts = [np.stack([effect, np.full_like(effect, m)], -1) for m in (0.0, 2.0, 4.0, 7.0)]
    theta, top = climb(lambda t, _: _height(t, x, n), np.array(starts), np.zeros((4, *x.shape)))
    for j in range(4):
        value = top.value[j] + constant
        better = (theta[j, ..., 1] < MOST) & (value > log_likelihood + 1e-9)
        curved = np.where(better[..., None, None], -top.hessian[j], np.eye(2))
        effect = np.where(better, theta[j, ..., 0], effect)
        se = np.where(better, np.linalg.inv(curved)[..., 0, 0] ** 0.5, se)
        correlation = np.where(better, special.expit(-theta[j, ..., 1]), correlation)
        log_likelihood = np.where(better, value, log_likelihood)
    return BetaBinomialFit(effect, se, correlation, log_likelihood)


def _height(theta: Array, x: Array, n: Array) -> Height:
    """Log-likelihood with exact derivatives in (log odds of the mean, log of alpha + beta)."""
    mean, size = special.expit(theta[..., :1]), np.exp(np.minimum(theta[..., 1:], 20.0))
    a, b, slope = mean * size, (1 - mean) * size, size * mean * (1 - mean)
    y = n - x
    value = special.betaln(x + a, y + b) - special.betaln(a, b)
    whole = special.digamma(n + size) - special.digamma(size)
    da = special.digamma(x + a) - special.digamma(a) - whole
    db = special.digamma(y + b) - special.digamma(b) - whole
    bend = special.polygamma(1, n + size) - special.polygamma(1, size)
    daa = special.polygamma(1, x + a) - special.polygamma(1, a) - bend
    dbb = special.polygamma(1, y + b) - special.polygamma(1, b) - bend
    gradient = np.stack([(slope * (da - db)).sum(-1), (a * da + b * db).sum(-1)], axis=-1)
    one = slope**2 * (daa + dbb + 2 * bend) + slope * (1 - 2 * mean) * (da - db)
    cross = slope * (a * daa - b * dbb + bend * (a - b) + da - db)
    two = a * a * daa + b * b * dbb - 2 * a * b * bend + a * da + b * db
    one, cross, two = one.sum(-1), cross.sum(-1), two.sum(-1)
    hessian = np.stack([np.stack([one, cross], -1), np.stack([cross, two], -1)], -2)
    return Height(value.sum(-1), gradient, hessian, np.zeros_like(value))


def _weights(n: Array, correlation: float) -> Array:
    """Share of the information on the mean: n over its design effect."""
    information = n / (1 + (n - 1) * correlation)
    return np.asarray(information / information.sum(), float)
