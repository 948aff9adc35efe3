"""Beta-binomial model: rates of studies follow a beta distribution; maximum likelihood."""

from __future__ import annotations

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
    if measure.key != "proportion_logit":
        raise SynthesisError("beta_binomial works on proportions; use measure proportion_logit")
    found_corner = corner(studies, measure, model)
    if found_corner is not None:
        return found_corner
    x, n = (studies[name].to_numpy(float) for name in ("events", "total"))
    found = fit_beta_binomial(x, n)
    k, level = len(studies), model.level
    half = float(quantile(level, np.inf if model.interval == "wald" else k - 1.0)) * found.se
    prediction = None
    if k >= 3 and found.correlation > 0:
        alpha, beta = found.shape
        ends = np.array([(1 - level) / 2, (1 + level) / 2])
        low, high = special.betaincinv(alpha, beta, ends)
        prediction = Interval(float(low), float(high), level)
    cautions = few_studies(k)
    if found.correlation == 0:
        cautions += (
            "the rates are estimated as all equal, the edge of what the model can say; "
            "that does not show that the studies agree",
        )
    return Synthesis(
        measure=measure, model=model, k=k, events=int(x.sum()), total=int(n.sum()),
        estimate=float(special.expit(found.effect)),
        interval=read(measure.scale, (found.effect - half, found.effect + half), level),
        prediction=prediction, effect=found.effect, se=found.se, heterogeneity=None,
        method_text="Beta-binomial model, maximum likelihood, intraclass correlation "
        f"{found.correlation:.3g}",
        interval_text="Wald" if model.interval == "wald" else f"t with {k - 1} df, log odds scale",
        prediction_text="beta distribution at the estimate" if prediction else "",
        studies=studies.assign(weight=_weights(n, found.correlation)), cautions=cautions,
        likelihood=Likelihood(
            found.log_likelihood, 2, 0.0, ((found.se**2, 0.0), (0.0, 0.0)), found.correlation
        ),
    )  # fmt: skip


class BetaBinomialFit:
    """The maximum of a beta-binomial likelihood: effect (log odds), se, and correlation."""

    def __init__(self, effect: float, se: float, correlation: float, log_likelihood: float) -> None:
        self.effect, self.se = effect, se
        self.correlation, self.log_likelihood = correlation, log_likelihood

    @property
    def shape(self) -> tuple[float, float]:
        """Alpha and beta of the distribution of rates."""
        size = 1 / self.correlation - 1
        mean = float(special.expit(self.effect))
        return mean * size, (1 - mean) * size


def fit_beta_binomial(x: Array, n: Array) -> BetaBinomialFit:
    """Maximum likelihood of (log odds of the mean, log of alpha + beta)."""
    constant = float(FAMILIES["logit"].constant(x, n).sum())
    pooled = x.sum() / n.sum()
    common = float((special.xlogy(x, pooled) + special.xlog1py(n - x, -pooled)).sum()) + constant
    best = BetaBinomialFit(
        float(special.logit(pooled)), float((n.sum() * pooled * (1 - pooled)) ** -0.5), 0.0, common
    )
    # starts over the whole range, since the likelihood may have two maxima
    starts = np.array([[special.logit(pooled), m] for m in (0.0, 2.0, 4.0, 7.0)])
    theta, top = climb(lambda t, _: _height(t, x, n), starts, np.zeros((4, len(x))))
    for j in range(4):
        value = float(top.value[j]) + constant
        if theta[j, 1] < MOST and value > best.log_likelihood + 1e-9:
            covariance = np.linalg.inv(-top.hessian[j])
            best = BetaBinomialFit(
                float(theta[j, 0]), float(covariance[0, 0] ** 0.5),
                float(1 / (np.exp(theta[j, 1]) + 1)), value,
            )  # fmt: skip
    return best


def _height(theta: Array, x: Array, n: Array) -> Height:
    """Log-likelihood with exact derivatives in (log odds of the mean, log of alpha + beta)."""
    mean, size = special.expit(theta[:, :1]), np.exp(np.minimum(theta[:, 1:], 20.0))
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
    return Height(value.sum(-1), gradient, hessian, np.zeros((len(theta), len(x))))


def _weights(n: Array, correlation: float) -> Array:
    """Share of the information on the mean: n over its design effect."""
    information = n / (1 + (n - 1) * correlation)
    return np.asarray(information / information.sum(), float)
