"""Maximum likelihood of one-arm mixed models: counts with a normal random effect.

Everything takes leading batch axes: counts of shape (..., k), coefficients (..., p), log tau
(...). The design `x` has shape (k, p) or (..., k, p).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import SynthesisError
from .climbing import Height, climb, still_uphill
from .families import Family
from .quadrature import Rule, gauss_hermite, integrate, panels
from .weighting import fit

Array = NDArray[np.float64]

FIRST_RULE = gauss_hermite(24)
SMALLEST = -9.0
"""A log tau below this is the boundary."""
GRID = np.geomspace(0.03, 30.0, 12)
"""Multiples of a crude tau2 at which a second rise of the likelihood is looked for."""
GOOD_ENOUGH = 1e-10
"""Accepted difference of the log-likelihood between a rule and one twice as fine."""


@dataclass(frozen=True)
class Problem:
    """Counts, their design, the family, and how its integrals are computed.

    Attributes:
        events, size: shape (..., k).
        x: design.
        family: the count model.
        rule: where the nodes are placed.
    """

    events: Array
    size: Array
    x: Array
    family: Family
    rule: Rule = FIRST_RULE

    @property
    def counts(self) -> tuple[Array, Array]:
        """Events and size."""
        return self.events, self.size

    def eta(self, beta: Array) -> Array:
        """Linear predictors, shape (..., k)."""
        return np.asarray((self.x @ beta[..., None])[..., 0], float)

    def constant(self) -> Array:
        """The part of the log-likelihood without parameters, shape (...)."""
        return np.asarray(self.family.constant(*self.counts).sum(-1), float)


def height(problem: Problem, theta: Array, start: Array) -> Height:
    """The log-likelihood of (beta, log tau) with its exact derivatives."""
    x, tau = problem.x, np.exp(theta[..., -1:])
    found = integrate(
        problem.family, problem.eta(theta[..., :-1]), tau, problem.counts, problem.rule, start
    )
    flat = np.swapaxes(x, -1, -2)
    slope = found.r.sum(-1)
    gradient = np.concatenate([(flat @ found.eta[..., None])[..., 0], slope[..., None]], axis=-1)
    p = x.shape[-1]
    hessian = np.empty((*gradient.shape, p + 1))
    hessian[..., :p, :p] = flat @ (found.eta_eta[..., None] * x)
    cross = (flat @ found.eta_r[..., None])[..., 0]
    hessian[..., :p, p] = hessian[..., p, :p] = cross
    hessian[..., p, p] = found.r_r.sum(-1)
    return Height(found.log.sum(-1), gradient, hessian, found.peak.centre)


def common_height(problem: Problem, beta: Array) -> Height:
    """The same without a random effect: derivatives in beta only."""
    value, s, h = problem.family.terms(problem.eta(beta), *problem.counts)
    flat = np.swapaxes(problem.x, -1, -2)
    hessian = np.asarray(flat @ (h[..., None] * problem.x), float)
    return Height(value.sum(-1), (flat @ s[..., None])[..., 0], hessian, np.zeros_like(s))


@dataclass(frozen=True)
class GlmmFit:
    """The maximum of a one-arm mixed model.

    Attributes:
        problem: what was fitted, with the rule that was good enough.
        beta: coefficients, shape (..., p).
        tau: standard deviation of the random effect, 0 at the boundary.
        covariance: of (beta, tau), shape (..., p + 1, p + 1); zero in tau's part at the boundary.
        log_likelihood: with constants, shape (...).
        common_beta, common_log_likelihood: of the model without a random effect.
        accuracy: change of the log-likelihood under a rule twice as fine.
        start: peaks of the integrands, from which a nearby fit can start.
        stalled: true where the nodes were too coarse to reach the very top.
    """

    problem: Problem
    beta: Array
    tau: Array
    covariance: Array
    log_likelihood: Array
    common_beta: Array
    common_log_likelihood: Array
    accuracy: float
    start: Array
    stalled: bool


def starting_effects(problem: Problem) -> tuple[Array, Array]:
    """Crude effects on the link scale, with variances, to start from."""
    x, n = problem.counts
    if problem.family.counts_people:
        rate = (x + 0.5) / (n + 1)
        spread = rate * (1 - rate) / (n + 1)
    else:
        rate = (x + 0.5) / n
        spread = rate / n
    y = problem.family.link(rate)
    return y, spread / problem.family.slope(y) ** 2


def fit_glmm(problem: Problem) -> GlmmFit:
    """The global maximum, with finer nodes until the log-likelihood stands still."""
    found = _fit_once(problem)
    for nodes in (24, 36, 54):
        change = _change(found, panels(2 * nodes))
        if change <= GOOD_ENOUGH * problem.events.shape[-1] and not found.stalled:
            return replace(found, accuracy=change)
        found = _fit_once(replace(problem, rule=panels(nodes)), found)
    change = _change(found, panels(100))
    if change > 1e-6 + 1e-13 * float(np.max(np.abs(found.common_log_likelihood))):
        raise SynthesisError(f"the likelihood is known only to {change:.2g}; check the counts")
    return replace(found, accuracy=change)


def refit_glmm(problem: Problem, near: GlmmFit) -> GlmmFit:
    """Fits of problems that differ little from one that was fitted, such as all but one study.

    They start from that fit and keep its rule, whose accuracy was checked there. Where the random
    effect grows much stronger, or was at zero, they are fitted from scratch.
    """
    if not np.any(near.tau > 0):
        return fit_glmm(problem)
    problem = replace(problem, rule=near.problem.rule)
    shape = problem.events.shape
    y, v = starting_effects(problem)
    close = replace(
        near,
        beta=np.broadcast_to(near.beta, (*shape[:-1], near.beta.shape[-1])).copy(),
        tau=np.broadcast_to(near.tau, shape[:-1]),
        common_beta=_common(problem, y, v),
        start=np.zeros(shape),
    )
    found = _fit_once(problem, close)
    if found.stalled or np.any(found.tau > 1.3 * near.tau):
        return fit_glmm(replace(problem, rule=FIRST_RULE))
    return replace(found, accuracy=near.accuracy)


def _change(found: GlmmFit, rule: Rule) -> float:
    """By how much the log-likelihood changes at the estimate when the rule does."""
    if not np.any(found.tau > 0):
        return 0.0
    theta = _theta(found.beta, np.log(np.maximum(found.tau, 1e-8)))
    ours, finer = (
        height(replace(found.problem, rule=which), theta, found.start).value
        for which in (found.problem.rule, rule)
    )
    return float(np.max(np.abs(ours - finer) * (found.tau > 0)))


def _theta(beta: Array, log_tau: Array) -> Array:
    return np.concatenate([beta, log_tau[..., None]], axis=-1)


def _fit_once(problem: Problem, near: GlmmFit | None = None) -> GlmmFit:
    y, v = starting_effects(problem)
    p = problem.x.shape[-1]
    common_beta = _common(problem, y, v) if near is None else near.common_beta
    common = common_height(problem, common_beta)
    if near is None:
        theta, start, inside = _first_guess(problem, y, v, common_beta, common.value)
    else:
        inside, start = near.tau > 0, near.start
        theta = _theta(near.beta, np.log(np.where(inside, near.tau, 1.0)))

    def surface(theta: Array, start: Array) -> Height:
        return height(problem, theta, start)

    hessian, value, stalled = common.hessian, common.value, False
    if inside.any():
        theta, top = climb(surface, theta, start, done=~inside)
        inside = inside & (theta[..., -1] > SMALLEST) & (top.value > common.value)
        stalled = still_uphill(top, inside)
        hessian, start = top.hessian, top.start
        value = np.where(inside, top.value, common.value)
    tau = np.where(inside, np.exp(theta[..., -1]), 0.0)
    return GlmmFit(
        problem=problem,
        beta=np.where(inside[..., None], theta[..., :-1], common_beta),
        tau=tau,
        covariance=_covariance(hessian, common.hessian, tau, p),
        log_likelihood=value + problem.constant(),
        common_beta=common_beta,
        common_log_likelihood=common.value + problem.constant(),
        accuracy=np.inf,
        stalled=stalled,
        start=np.where(inside[..., None], start, 0.0),
    )


def _common(problem: Problem, y: Array, v: Array) -> Array:
    beta = fit(y, v, np.zeros(y.shape[:-1]), problem.x).beta

    def surface(beta: Array, _: Array) -> Height:
        return common_height(problem, beta)

    return climb(surface, beta, np.zeros_like(y))[0]


def _first_guess(
    problem: Problem, y: Array, v: Array, common_beta: Array, common: Array
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Where the climb starts, and which members have a maximum above tau = 0.

    The likelihood rises from tau2 = 0 where the sum of squared scores exceeds the information.
    Where it does not, it may still rise again further out: a grid of tau looks for that.
    """
    _, s, h = problem.family.terms(problem.eta(common_beta), *problem.counts)
    rising = (s * s + h).sum(-1) > 1e-9 * np.abs(h).sum(-1)
    crude = np.maximum(((y - problem.eta(common_beta)) ** 2).mean(-1) - np.median(v, -1), 0.01)
    residual = y - problem.eta(fit(y, v, crude, problem.x).beta)
    tau2 = np.maximum((residual**2).mean(-1) - np.median(v, axis=-1), 0.01)
    inside = rising
    if not np.all(rising):
        scan = tau2 * GRID.reshape(-1, *np.ones(tau2.ndim, int))
        beta = fit(y, v, scan, problem.x).beta
        values = height(problem, _theta(beta, np.log(scan) / 2), np.zeros_like(y)).value
        best = np.argmax(values, axis=0)
        inside = rising | (values.max(axis=0) > common + 1e-9)
        tau2 = np.where(rising, tau2, tau2 * GRID[best])
    found = fit(y, v, tau2, problem.x)
    theta, tau = _theta(found.beta, np.log(tau2) / 2), np.sqrt(tau2)[..., None]
    return theta, tau * (y - problem.eta(found.beta)) / (tau**2 + v), inside


def _covariance(hessian: Array, common: Array, tau: Array, p: int) -> Array:
    """Inverse observed information of (beta, tau); of beta alone at the boundary."""
    inside = tau > 0
    jacobian = np.ones((*tau.shape, p + 1))
    jacobian[..., p] = np.where(inside, 1 / np.where(inside, tau, 1.0), 1.0)
    information = -hessian * jacobian[..., :, None] * jacobian[..., None, :]
    bounded = np.zeros_like(information)
    bounded[..., :p, :p] = -common
    bounded[..., p, p] = 1.0
    information = np.where(inside[..., None, None], information, bounded)
    found = np.linalg.inv(information)
    found[..., p, :] *= np.where(inside, 1.0, 0.0)[..., None]
    found[..., :, p] *= np.where(inside, 1.0, 0.0)[..., None]
    return np.asarray(found, float)
