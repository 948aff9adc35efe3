"""Bayesian pooling without a sampler: posteriors by deterministic quadrature.

The posterior of (mean, tau) is laid on nodes of tau; given tau the mean is normal (effects) or
nearly so (counts, where each tau gets its own nodes of the mean). Every summary is a sum over the
nodes, so that the same data give the same digits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import interpolate, optimize, special

from ..errors import SynthesisError
from ..measures.kinds import Effects, Measure
from .climbing import Height, climb
from .families import Family
from .glmm_fit import Problem, height
from .heterogeneity import Heterogeneity, heterogeneity
from .inverse_variance import events_of, read, total, zero_cautions
from .options import Model
from .quadrature import log_integrals, panels
from .synthesis import Synthesis
from .weighting import fit, intercept

Array = NDArray[np.float64]

TAU_NODES = 160
COUNT_TAU_NODES = 48
MEAN_NODES = 49
FINE_NODES = 385


@dataclass(frozen=True)
class Posterior:
    """A mixture of normal distributions of the mean, one for each node, with the node's tau.

    Attributes:
        mass: probability of each node, summing to one.
        mean, sd: of the pooled effect given the node.
        tau: of each node.
    """

    mass: Array
    mean: Array
    sd: Array
    tau: Array

    def above(self, effect: float, *, new_study: bool = False) -> float:
        """Probability that the pooled effect, or a new study's, lies above a value."""
        spread = np.hypot(self.sd, self.tau) if new_study else self.sd
        return float(self.mass @ special.ndtr((self.mean - effect) / spread))

    def quantile(self, probability: float, *, new_study: bool = False) -> float:
        """The effect below which the pooled effect, or a new study's, lies with a probability."""
        spread = np.hypot(self.sd, self.tau) if new_study else self.sd
        low, high = float((self.mean - 40 * spread).min()), float((self.mean + 40 * spread).max())

        def excess(effect: float) -> float:
            return 1 - self.above(effect, new_study=new_study) - probability

        return float(optimize.brentq(excess, low - 1, high + 1, xtol=1e-12))

    def tau_quantile(self, probability: float) -> float:
        """Quantile of tau, linear between nodes."""
        order = np.argsort(self.tau, kind="stable")
        steps = np.cumsum(self.mass[order]) - self.mass[order] / 2
        return float(np.interp(probability, steps, self.tau[order]))

    def moments(self) -> tuple[float, float]:
        """Posterior mean and standard deviation of the pooled effect."""
        centre = float(self.mass @ self.mean)
        return centre, float(self.mass @ (self.sd**2 + (self.mean - centre) ** 2)) ** 0.5


Prior = Callable[[Array, float], Array]


def _half_normal(tau: Array, scale: float) -> Array:
    return -0.5 * (tau / scale) ** 2


def _half_cauchy(tau: Array, scale: float) -> Array:
    return -np.log1p((tau / scale) ** 2)


def tau_nodes(scale: float, furthest: float, count: int = TAU_NODES) -> tuple[Array, Array]:
    """Nodes of tau over (0, infinity) with their log weights; dense near zero.

    tau = c u/(1 - u) on Gauss-Legendre nodes u of (0, 1), c between the prior's scale and the
    spread of the data.
    """
    z, w = special.roots_legendre(count)
    u = (z + 1) / 2
    c = np.sqrt(scale * max(furthest, 1e-3 * scale))
    return c * u / (1 - u), np.log(w / 2 * c / (1 - u) ** 2)


def normal_posterior(y: Array, v: Array, prior: str, scale: float) -> Posterior:
    """Posterior of effects with known variances; uniform prior on the mean.

    Source: Rover (2020), doi 10.18637/jss.v093.i06.
    """
    tau, log_weight = tau_nodes(scale, float(np.std(y)) + float(np.median(v)) ** 0.5)
    found = fit(y[None, :], v[None, :], tau**2, intercept(len(y)))
    variance = found.covariance[:, 0, 0]
    density = (np.log(found.w).sum(-1) - found.q + np.log(variance)) / 2
    mass = _normalised(density + PRIORS[prior](tau, scale) + log_weight)
    return Posterior(mass, found.beta[:, 0], variance**0.5, tau)


def count_posterior(
    x: Array, n: Array, family: Family, prior: tuple[str, float], sd: float
) -> Posterior:
    """Posterior of counts; normal prior with mean 0 and a wide `sd` on the mean.

    Given tau, the mean's posterior is log-concave: equal steps are laid around its peak for each
    tau, and a spline of its logarithm carries it to finer ones.
    """
    rate = (x.sum() + 0.5) / (n.sum() + (1.0 if family.counts_people else 0.0))
    centre = float(family.link(np.array(rate)))
    tau, log_weight = tau_nodes(prior[1], 1.0, COUNT_TAU_NODES)
    problem = Problem(x[None, :], n[None, :], intercept(len(x)), family, panels(16))

    def surface(theta: Array, start: Array) -> Height:
        here = height(problem, theta, start)
        mean = theta[..., 0]
        gradient, hessian = here.gradient.copy(), here.hessian.copy()
        gradient[..., 0] -= mean / sd**2
        hessian[..., 0, 0] -= 1 / sd**2
        return Height(here.value - 0.5 * (mean / sd) ** 2, gradient, hessian, here.start)

    kept = PRIORS[prior[0]](tau, prior[1]) + log_weight > -45.0
    tau, log_weight = tau[kept], log_weight[kept]
    theta = np.stack([np.full(len(tau), centre), np.log(tau)], axis=-1)
    theta, top = climb(surface, theta, np.zeros((len(tau), len(x))), slice(0, 1))
    width = (-top.hessian[:, 0, 0]) ** -0.5

    def density(mean: Array) -> Array:
        peaks = np.repeat(top.start[:, None, :], mean.shape[1], axis=1)
        eta = np.repeat(mean[..., None], len(x), -1)
        found = log_integrals(family, eta, tau[:, None, None], (x, n), (panels(12), peaks))
        return np.asarray(found.sum(-1) - 0.5 * (mean / sd) ** 2, float)

    peak = theta[:, :1]
    left, right = (_reach(density, theta[:, 0], width, side) for side in (-1.0, 1.0))
    coarse, fine = np.linspace(-1.0, 1.0, MEAN_NODES), np.linspace(-1.0, 1.0, FINE_NODES)

    def length(t: Array) -> Array:
        return np.where(t < 0, left[:, None], right[:, None])

    spline = interpolate.CubicSpline(coarse, density(peak + length(coarse) * coarse), axis=1)
    log_mass = spline(fine) + np.log(length(fine))
    log_mass += (PRIORS[prior[0]](tau, prior[1]) + log_weight)[:, None]
    return _smooth(log_mass, peak + length(fine) * fine, length(fine) * (fine[1] - fine[0]), tau)


def _reach(density: Callable[[Array], Array], centre: Array, width: Array, side: float) -> Array:
    """How far from its peak a log-concave density has to be followed."""
    top = density(centre[:, None])[:, 0]
    reach = 6.0 * width
    for _ in range(40):
        shallow = top - density((centre + side * reach)[:, None])[:, 0] < 25.0
        if not shallow.any():
            break
        reach = np.where(shallow, 1.5 * reach, reach)
    return np.asarray(reach, float)


def _smooth(log_mass: Array, mean: Array, step: Array, tau: Array) -> Posterior:
    """Normal kernels one step wide around the nodes of each tau, drawn together to make up.

    Drawing them together takes away the variance that the kernels add.
    """
    mass = _normalised(log_mass)
    row = np.exp(log_mass - log_mass.max(-1, keepdims=True))
    row /= row.sum(-1, keepdims=True)
    centre = (row * mean).sum(-1, keepdims=True)
    variance = (row * (mean - centre) ** 2).sum(-1, keepdims=True)
    added = (row * step**2).sum(-1, keepdims=True)
    drawn = centre + (mean - centre) * np.sqrt(1 - added / variance)
    taus = np.broadcast_to(tau[:, None], mass.shape)
    return Posterior(mass.ravel(), drawn.ravel(), step.ravel(), taus.ravel())


def _normalised(log_mass: Array) -> Array:
    mass = np.exp(log_mass - log_mass.max())
    return np.asarray(mass / mass.sum(), float)


def bayes_normal(
    studies: pd.DataFrame, effects: Effects, measure: Measure, model: Model
) -> Synthesis:
    """Normal-normal model: effects with their variances, as inverse variance takes them."""
    posterior = normal_posterior(effects.effect, effects.variance, model.prior, model.prior_scale)
    return _answer(
        studies, effects, measure, model, posterior,
    )  # fmt: skip


def bayes_binomial(
    studies: pd.DataFrame, effects: Effects, measure: Measure, model: Model
) -> Synthesis:
    """Binomial-normal (or Poisson-normal) model: the counts themselves."""
    from .glmm import family_of, problem_of

    family, measure = family_of(measure, model)
    problem = problem_of(studies, measure, family)
    posterior = count_posterior(
        *problem.counts, family, (model.prior, model.prior_scale), model.prior_mean_sd
    )
    return _answer(studies, effects, measure, model, posterior)


def _answer(
    studies: pd.DataFrame,
    effects: Effects,
    measure: Measure,
    model: Model,
    posterior: Posterior,
) -> Synthesis:
    of = "counts"
    cautions: tuple[str, ...] = ()
    if model.method == "bayes_normal":
        of, cautions = "effects", zero_cautions(studies, effects, measure, model)
    k, level, scale = len(studies), model.level, measure.scale
    ends = ((1 - level) / 2, (1 + level) / 2)
    effect, sd = posterior.moments()
    limits = (posterior.quantile(ends[0]), posterior.quantile(ends[1]))
    new = [posterior.quantile(p, new_study=True) for p in ends]
    prior = f"{model.prior.replace('_', '-')} prior of scale {model.prior_scale:g} on tau"
    middle = posterior.quantile(0.5)
    return Synthesis(
        measure=measure, model=model, k=k,
        events=events_of(studies, measure), total=total(studies, measure),
        estimate=float(scale.inverse(np.array(middle))),
        interval=read(scale, limits, level), prediction=read(scale, (new[0], new[1]), level),
        effect=effect, se=sd, heterogeneity=_spread(effects, posterior, level),
        method_text=f"Bayesian random effects of {of}, {scale.key} scale, {prior}",
        interval_text="equal-tailed posterior, posterior median as estimate",
        prediction_text="posterior predictive",
        studies=studies.assign(weight=_weights(effects, posterior)),
        cautions=(*cautions, _prior_caution(k, prior)),
        posterior=posterior,
    )  # fmt: skip


def _prior_caution(k: int, prior: str) -> str:
    if k <= 5:
        return f"with {k} studies the answer leans on its {prior}: look at other scales too"
    return f"the answer depends on its {prior}"


def _spread(effects: Effects, posterior: Posterior, level: float) -> Heterogeneity:
    middle = posterior.tau_quantile(0.5) ** 2
    low, high = (posterior.tau_quantile(p) ** 2 for p in ((1 - level) / 2, (1 + level) / 2))
    y, v = effects.effect, effects.variance
    found = heterogeneity(y, v, intercept(len(y)), middle, (low, high), level)
    return replace(found, tau2_text="the equal-tailed posterior of tau")


def _weights(effects: Effects, posterior: Posterior) -> Array:
    """Weights of an inverse-variance mean, averaged over the posterior of tau."""
    w = 1 / (effects.variance + posterior.tau[:, None] ** 2)
    return np.asarray(posterior.mass @ (w / w.sum(-1, keepdims=True)), float)


def prior_sensitivity(
    frame: pd.DataFrame,
    measure: str,
    model: Model,
    scales: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0),
) -> pd.DataFrame:
    """The answer under several scales of the prior on tau, one row each.

    >>> rows = pd.DataFrame({"study_id": ["a", "b"], "events": [3, 9], "total": [40, 50]})
    >>> table = prior_sensitivity(rows, "proportion_logit", Model(method="bayes_binomial"))
    >>> table["scale"].tolist()
    [0.25, 0.5, 1.0, 2.0]
    """
    from .answers import pool

    rows = [
        pool(frame, measure, replace(model, prior_scale=scale)).to_frame().assign(scale=scale)
        for scale in scales
    ]
    return pd.concat(rows, ignore_index=True)


def probability_above(answer: Synthesis, rate: float, *, new_study: bool = False) -> float:
    """Posterior probability that the pooled rate, or a new study's, exceeds a rate.

    Raises:
        SynthesisError: an answer without a posterior, or a rate outside its range.
    """
    low, high = answer.measure.scale.bounds
    if not isinstance(answer.posterior, Posterior):
        raise SynthesisError("a probability needs method bayes_normal or bayes_binomial")
    if not low < rate < high:
        raise SynthesisError(f"the rate must lie between {low:g} and {high:g}; it is {rate!r}")
    effect = float(answer.measure.scale.link(np.array(rate)))
    return answer.posterior.above(effect, new_study=new_study)


PRIORS: dict[str, Prior] = {"half_normal": _half_normal, "half_cauchy": _half_cauchy}
"""Log densities of tau up to a constant: function of tau and scale."""
