"""Leaving studies out in turn where there are many: from one table of the likelihood."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .climbing import Height, climb, still_uphill
from .glmm_fit import GlmmFit, common_height
from .quadrature import integrate

Array = NDArray[np.float64]

POINTS = 8
"""Values of each of the two parameters at which the table holds every study's likelihood."""
WIDEST = 0.7
"""Half width of the table, in effect or log tau, beyond which it is not made."""
EXACT = 1e-9
"""How well the table must reproduce the log-likelihood, its gradient and its curvature."""


def leave_out_nearby(whole: GlmmFit) -> tuple[Array, Array, Array] | None:
    """Effect, standard error and tau without each study in turn, or None where a table won't do.

    Without one study of many the maximum moves little. Around it the log-likelihood of every study
    and its derivatives are laid on a small Chebyshev grid; what all but one study say is their sum
    less that study's own, which costs k integrals for each point where separate fits cost k for
    each study and step. The table is checked between its points.
    """
    if not float(whole.tau) > 0:
        return None
    top = np.append(whole.beta, np.log(whole.tau))
    here = _pieces(whole, top[:1], top[1:])[0, 0]
    first = top + _newton(here)
    middle = (first.max(0) + first.min(0)) / 2
    half = (first.max(0) - first.min(0)) * 0.75 + 1e-3
    if not half.max() <= WIDEST:
        return None
    nodes = np.cos((np.arange(POINTS) + 0.5) * np.pi / POINTS)
    table = _pieces(whole, *(middle[:, None] + half[:, None] * nodes))
    if not _holds(whole, table, middle, half):
        return None
    together = table.sum(-1)

    def surface(theta: Array, _: Array) -> Height:
        one, two = (_cardinal((theta[:, j] - middle[j]) / half[j]) for j in (0, 1))
        all_ = np.einsum("ia,ib,abq->iq", one, two, together)
        own = np.einsum("ia,ib,abqi->iq", one, two, table, optimize=True)
        return _height(all_ - own)

    theta, found = climb(surface, first, np.zeros((len(first), 0)))
    inside = np.abs(theta - middle) < half
    apart = _common_without(whole)
    everybody = np.ones(len(theta), bool)
    if not inside.all() or still_uphill(found, everybody) or np.any(found.value < apart + 1):
        return None
    se = np.sqrt(np.linalg.inv(-found.hessian)[:, 0, 0])
    return theta[:, 0], np.asarray(se, float), np.asarray(np.exp(theta[:, 1]), float)


def _pieces(whole: GlmmFit, effects: Array, log_taus: Array) -> Array:
    """Value and five derivatives of every study: (effects, log taus, 6, k)."""
    problem = whole.problem
    size = (len(effects), len(log_taus), problem.events.shape[-1])
    eta = np.broadcast_to(effects[:, None, None], size)
    tau = np.broadcast_to(np.exp(log_taus)[None, :, None], (*size[:2], 1))
    found = integrate(problem.family, eta, tau, problem.counts, problem.rule, whole.start)
    parts = (found.log, found.eta, found.r, found.eta_eta, found.eta_r, found.r_r)
    return np.stack(parts, axis=-2)


def _height(sums: Array) -> Height:
    """Value, gradient and Hessian from the six sums in the last axis."""
    hessian = sums[..., [[3, 4], [4, 5]]]
    return Height(sums[..., 0], sums[..., 1:3], hessian, np.zeros((len(sums), 0)))


def _newton(pieces: Array) -> Array:
    """The first step of each fit, from the maximum of the whole."""
    rest = _height((pieces.sum(-1, keepdims=True) - pieces).T)
    return np.asarray(np.linalg.solve(-rest.hessian, rest.gradient[..., None])[..., 0], float)


def _cardinal(at: Array) -> Array:
    """Weights of the Chebyshev points, shape (..., POINTS), for values between -1 and 1."""
    order = np.arange(POINTS)
    nodes = (order + 0.5) * np.pi / POINTS
    weight = np.where(order == 0, 1.0, 2.0)[:, None] * np.cos(np.outer(order, nodes)) / POINTS
    return np.asarray(np.cos(order * np.arccos(np.clip(at, -1, 1))[..., None]) @ weight, float)


def _holds(whole: GlmmFit, table: Array, middle: Array, half: Array) -> bool:
    """True where the table gives what the integrals give, at points that are not in it."""
    for spot in (np.array([0.83, -0.83]), np.array([-0.97, 0.97])):
        at = middle + half * spot
        direct = _pieces(whole, at[:1], at[1:])[0, 0]
        one, two = _cardinal(spot[0]), _cardinal(spot[1])
        read = np.einsum("a,b,abqi->qi", one, two, table)
        size = 1 + np.abs(direct).max(-1, keepdims=True)
        if np.any(np.abs(read - direct) > EXACT * size):
            return False
    return True


def _common_without(whole: GlmmFit) -> Array:
    """Log-likelihood of the others without a random effect, at the common effect of all."""
    problem = whole.problem
    each = problem.family.terms(problem.eta(whole.common_beta), *problem.counts)[0]
    return np.asarray(common_height(problem, whole.common_beta).value - each, float)
