"""Integrals over a study's random effect, adaptive: centred and scaled study by study.

The integrand of study i is exp(log-likelihood(eta_i + tau b)) times the standard normal density
of b. Its peak and curvature are found first; a rule then places nodes around the peak.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .families import Family

Array = NDArray[np.float64]

DEEP = 40.0
"""Where the integrand is exp(-DEEP) of its peak, it is left out."""


KNEE = np.array([-30.0, -10.0, -3.0, 5.0])
"""Ends of the panels around a knee, in units of the linear predictor, flat side first."""


@dataclass(frozen=True)
class Peak:
    """Where each study's integrand peaks, and its shape, all (..., k).

    Attributes:
        centre, width: of the peak.
        knee: where the likelihood of a study at a bound turns from flat to falling.
        side: -1 where it is flat on the left (no event), 1 on the right (only events), else 0.
        scale: over which that turn happens: one unit of the linear predictor for a logit.
    """

    centre: Array
    width: Array
    knee: Array
    side: Array
    scale: Array


Integrand = Callable[[Array], Array]
Rule = Callable[[Integrand, Peak], tuple[Array, Array]]


def find_peak(
    family: Family, eta: Array, tau: Array, counts: tuple[Array, Array], start: Array
) -> Peak:
    """Newton's method inside a bracket; a tenth of the width is close enough for the nodes.

    The slope of the log-integrand, tau * score - b, falls with b. It changes sign between 0 and
    the study's own effect, or, where that is infinite, between 0 and the slope at 0.
    """
    x, n = counts
    full = (x == n) & family.counts_people
    side = np.where(x == 0, -1.0, np.where(full, 1.0, 0.0))
    half_way = np.where(side == 0, x / n, np.where(full, 1 - 1 / (n + 1), 1 / (n + 1)))
    own = (family.link(half_way) - eta) / tau
    slope = tau * family.terms(eta, x, n)[1]
    far = np.where(side == 0, own, slope)
    low, high = np.minimum(far, 0.0), np.maximum(far, 0.0)
    b = np.clip(start, low, high)
    for _ in range(200):
        _, score, second = family.terms(eta + tau * b, x, n)
        gradient, curvature = tau * score - b, 1 - tau * tau * second
        step = gradient / curvature
        if np.all(step * step * curvature < 0.01):
            break
        low, high = np.where(gradient > 0, b, low), np.where(gradient > 0, high, b)
        newton = b + step
        b = np.where((newton >= low) & (newton <= high), newton, (low + high) / 2)
    _, _, second = family.terms(eta + tau * b, x, n)
    at = family.link(half_way)
    steep = np.where(side == 0, 1.0, family.slope(at) / np.where(full, 1 - half_way, half_way))
    return Peak(b, (1 - tau * tau * second) ** -0.5, own, side, 1 / (tau * steep))


@lru_cache(maxsize=32)
def _hermite(nodes: int) -> tuple[Array, Array]:
    z, w = special.roots_hermitenorm(nodes)
    kept = w > 0
    return z[kept], np.log(w[kept]) + z[kept] ** 2 / 2


def gauss_hermite(nodes: int) -> Rule:
    """Adaptive Gauss-Hermite quadrature (Liu and Pierce 1994, doi 10.1093/biomet/81.3.624)."""

    def place(_: Integrand, peak: Peak) -> tuple[Array, Array]:
        z, log_weight = _hermite(nodes)
        points = peak.centre[..., None] + peak.width[..., None] * z
        return points, log_weight + np.log(peak.width)[..., None]

    return place


@lru_cache(maxsize=32)
def _legendre(nodes: int) -> tuple[Array, Array]:
    z, w = special.roots_legendre(nodes)
    return z, w


def panels(nodes: int) -> Rule:
    """Gauss-Legendre rules on five panels that follow the shape of each integrand.

    Slower than Gauss-Hermite on ordinary studies, and safe on the others. The panels are equal
    over the range where the integrand counts, except for a study at 0 or n under a strong random
    effect: there the likelihood is flat on one side and falls to nothing within a few units of
    the linear predictor, and the panels are laid around that knee.
    """
    z, w = _legendre(nodes)

    def place(integrand: Integrand, peak: Peak) -> tuple[Array, Array]:
        left, right = _reach(integrand, peak, -1.0), _reach(integrand, peak, 1.0)
        even = left[..., None] + (right - left)[..., None] * np.linspace(0.0, 1.0, 6)
        side, scale = peak.side[..., None], peak.scale[..., None]
        knee = peak.knee[..., None] + scale * np.where(side > 0, -KNEE[::-1], KNEE)
        knee = np.clip(knee, left[..., None], right[..., None])
        bent = np.concatenate([left[..., None], knee, right[..., None]], axis=-1)
        edges = np.where((side != 0) & (scale < 1 / 3), bent, even)
        half = np.diff(edges, axis=-1)[..., None] / 2
        points = edges[..., :-1, None] + half * (1 + z)
        weight = np.maximum(half, 1e-300) * w
        shape = (*points.shape[:-2], 5 * nodes)
        return points.reshape(shape), np.log(weight).reshape(shape)

    return place


def _reach(integrand: Integrand, peak: Peak, side: float) -> Array:
    """Where the integrand has fallen to nothing, left or right of its peak.

    The integrand is log-concave, so what lies beyond is smaller still.
    """
    top = integrand(peak.centre[..., None])[..., 0]

    def deep(reach: Array) -> NDArray[np.bool_]:
        value = integrand((peak.centre + side * reach)[..., None])[..., 0]
        return np.asarray(top - value >= DEEP)

    reach = 9.0 * peak.width
    for _ in range(40):
        shallow = ~deep(reach)
        if not shallow.any():
            break
        reach = np.where(shallow, 1.6 * reach, reach)
    for _ in range(12):
        spare = deep(0.6 * reach)
        if not spare.any():
            break
        reach = np.where(spare, 0.6 * reach, reach)
    return np.asarray(peak.centre + side * reach, float)


@dataclass(frozen=True)
class Integrals:
    """Per study: log of the integral, and its derivatives in eta and r = log tau, shape (..., k).

    Attributes:
        log: logarithm of the integral.
        eta, r: first derivatives.
        eta_eta, eta_r, r_r: second derivatives.
        peak: where the integrand peaks.
    """

    log: Array
    eta: Array
    r: Array
    eta_eta: Array
    eta_r: Array
    r_r: Array
    peak: Peak


@dataclass(frozen=True)
class _Nodes:
    """The integrand at the nodes: mass sums to one over the last axis."""

    peak: Peak
    b: Array
    s: Array
    h: Array
    mass: Array
    log: Array


def _at_nodes(
    family: Family, eta: Array, tau: Array, counts: tuple[Array, Array], how: tuple[Rule, Array]
) -> _Nodes:
    rule, start = how
    x, n = counts[0][..., None], counts[1][..., None]
    wide_eta, wide_tau = eta[..., None], tau[..., None]

    def integrand(b: Array) -> Array:
        return family.terms(wide_eta + wide_tau * b, x, n)[0] - 0.5 * b * b

    peak = find_peak(family, eta, tau, counts, start)
    b, log_weight = rule(integrand, peak)
    value, s, h = family.terms(wide_eta + wide_tau * b, x, n)
    log_terms = value - 0.5 * b * b + log_weight
    top = log_terms.max(-1, keepdims=True)
    mass = np.exp(log_terms - top)
    total = mass.sum(-1)
    log = np.log(total) + top[..., 0] - 0.5 * np.log(2 * np.pi)
    return _Nodes(peak, b, s, h, mass / total[..., None], log)


def log_integrals(
    family: Family, eta: Array, tau: Array, counts: tuple[Array, Array], how: tuple[Rule, Array]
) -> Array:
    """Logarithms of the integrals alone; `how` is the rule and where the peaks are looked for."""
    return _at_nodes(family, eta, tau, counts, how).log


def integrate(
    family: Family,
    eta: Array,
    tau: Array,
    counts: tuple[Array, Array],
    rule: Rule,
    start: Array,
) -> Integrals:
    """Every study's integral at linear predictors `eta` (..., k) and `tau` (..., 1)."""
    at = _at_nodes(family, eta, tau, counts, (rule, start))
    narrow = at.peak.width < 0.7
    if narrow.all():
        parts = _derivatives_centred(at.mass, at.b, tau)
    else:
        parts = _derivatives(at.mass, at.b, at.s, at.h, tau)
        if narrow.any():
            other = _derivatives_centred(at.mass, at.b, tau)
            parts = tuple(np.where(narrow, b, a) for a, b in zip(parts, other, strict=True))
    eta_, r, eta_eta, eta_r, r_r = parts
    return Integrals(at.log, eta_, r, eta_eta, eta_r, r_r, at.peak)


def _derivatives(mass: Array, b: Array, s: Array, h: Array, tau: Array) -> tuple[Array, ...]:
    """Derivatives as posterior means of score `s` and `h`, its derivative: for small tau."""
    sb = s * b
    ms, msb, mh = mass * s, mass * sb, mass * h
    mean_s, mean_sb = ms.sum(-1), msb.sum(-1)
    eta_eta = (mh + ms * s).sum(-1) - mean_s**2
    eta_r = (mh * b + ms * sb).sum(-1) - mean_s * mean_sb
    r_r = (mh * b * b + msb * sb).sum(-1) - mean_sb**2
    slope = tau * mean_sb
    return mean_s, slope, eta_eta, tau * eta_r, tau * tau * r_r + slope


def _derivatives_centred(mass: Array, b: Array, tau: Array) -> tuple[Array, ...]:
    """The same as posterior moments of the random effect: for much information per study.

    In the other form the terms of a study with many events cancel to nothing.
    """
    mean = (mass * b).sum(-1)
    square = b * b
    mean_square = (mass * square).sum(-1)
    away, away_square = b - mean[..., None], square - mean_square[..., None]
    weighted = mass * away
    variance, covariance = (weighted * away).sum(-1), (weighted * away_square).sum(-1)
    eta_r = (covariance - 2 * mean) / tau
    r_r = (mass * away_square**2).sum(-1) - 2 * mean_square
    return mean / tau, mean_square - 1, (variance - 1) / tau**2, eta_r, r_r
