"""The log-likelihood of a two-arm mixed model with its exact derivatives, integrated by study.

A `Surface` is a function of a point: the mean log ratio, its standard deviation tau, and what
belongs to the baseline: nothing, one baseline for each study, or their mean and standard deviation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ..errors import SynthesisError
from .two_arm_likelihoods import Likelihood, Slopes

Array = NDArray[np.float64]

PANELS = 16
NODES = 12
DEEP = 38.0
"""Where the integrand is exp(-DEEP) of its peak, it is left out."""


@dataclass(frozen=True)
class Height:
    """Log-likelihood, gradient and Hessian at a point; each study's information on the effect."""

    value: float
    gradient: Array
    hessian: Array
    information: Array


@dataclass(frozen=True)
class Surface:
    """A log-likelihood to climb.

    Attributes:
        height: of a point, by the usual nodes, or by twice as many.
        start: where a climb begins.
        spreads: which coordinates are standard deviations; the first is tau.
    """

    height: Callable[[Array, bool], Height]
    start: Array
    spreads: tuple[int, ...]


def given_margins(like: Likelihood, theta: float, base: Array) -> Surface:
    """Nothing but the effect: (effect, tau)."""

    def height(point: Array, finer: bool) -> Height:
        value, g, h, _ = _over_effects(like, point, base, finer)
        return Height(value, g[:2].sum(1), h[:2, :2].sum(2), -h[0, 0])

    return Surface(height, np.array([theta, 0.0]), (1,))


def own_baselines(like: Likelihood, theta: float, base: Array) -> Surface:
    """A baseline for each study: (effect, tau, baselines)."""

    def height(point: Array, finer: bool) -> Height:
        value, g, h, k = _over_effects(like, point, point[2:], finer)
        hessian = np.zeros((k + 2, k + 2))
        hessian[:2, :2] = h[:2, :2].sum(2)
        hessian[:2, 2:], hessian[2:, :2] = h[:2, 2], h[:2, 2].T
        hessian[2:, 2:] = np.diag(h[2, 2])
        return Height(
            value, np.concatenate([g[:2].sum(1), g[2]]), hessian,
            -h[0, 0] + h[0, 2] ** 2 / h[2, 2],
        )  # fmt: skip

    return Surface(height, np.concatenate([[theta, 0.0], base]), (1,))


def normal_baselines(like: Likelihood, theta: float, base: Array) -> Surface:
    """Baselines from a normal law, apart from the effects: (effect, tau, mean, sd)."""

    def height(point: Array, finer: bool) -> Height:
        value, g, h = _over_both(like, point, len(base), finer)
        hessian = h.sum(2)
        share = hessian[0, 2] / hessian[2, 2]
        return Height(
            value, g.sum(1), hessian,
            -h[0, 0] + 2 * share * h[0, 2] - share**2 * h[2, 2],
        )  # fmt: skip

    spread = max(float(np.std(base)), 0.1)
    return Surface(height, np.array([theta, 0.0, float(np.mean(base)), spread]), (1, 3))


Along = list[tuple[str, Array | float]]
"""How each parameter moves a study: in its log ratio "t" or baseline "s", and how far."""


def _together(log: Array, found: Slopes, along: Along) -> tuple[float, Array, Array]:
    """Value, each study's gradient (p, k) and Hessian (p, p, k), from the log terms of integrals.

    Louis (1982), doi 10.1111/j.2517-6161.1982.tb01203.x: the mean curvature under the terms, and
    the variance of the scores.
    """
    whole = special.logsumexp(log, axis=1)
    weight = np.exp(log - whole[:, None])
    scores = np.array([factor * getattr(found, name) for name, factor in along])
    mean = (scores * weight).sum(2)
    around = np.moveaxis(scores - mean[:, :, None], 0, 1)
    h = np.moveaxis((around * weight[:, None]) @ np.swapaxes(around, 1, 2), 0, 2)
    for i, (one, by) in enumerate(along):
        for j, (other, too) in enumerate(along[: i + 1]):
            curve = getattr(found, "".join(sorted(one + other, reverse=True)))
            bend = (weight * (by * too * curve)).sum(1)
            h[i, j] += bend
            h[j, i] += bend if i != j else 0.0
    return float(whole.sum()), mean, h


def _over_effects(
    like: Likelihood, point: Array, base: Array, finer: bool
) -> tuple[float, Array, Array, int]:
    """Over the effect of each study, its baseline at hand: (effect, tau, baseline)."""
    theta, tau, k = float(point[0]), float(point[1]), len(base)
    if tau == 0:  # two nodes give the curvature in tau exactly
        b, log_weight = np.tile([-1.0, 1.0], (k, 1)), np.full((k, 2), -np.log(2.0))
    else:
        b, log_weight = _nodes(like, theta, tau, base, 2 * NODES if finer else NODES)
        log_weight = log_weight - b * b / 2 - np.log(2 * np.pi) / 2
    found = like(theta + tau * b, base[:, None])
    along: Along = [("t", 1.0), ("t", b), ("s", 1.0)]
    return *_together(found.value + log_weight, found, along), k


def _nodes(
    like: Likelihood, theta: float, tau: float, base: Array, nodes: int
) -> tuple[Array, Array]:
    """Gauss-Legendre nodes on panels over the part of each integrand that counts."""
    k = len(base)

    def log_integrand(b: Array) -> Array:
        return like(theta + tau * b, base[:, None]).value - b * b / 2

    b = np.zeros((k, 1))
    low, high = np.full((k, 1), -60.0), np.full((k, 1), 60.0)
    for _ in range(100):
        found = like(theta + tau * b, base[:, None])
        gradient, curvature = tau * found.t - b, 1 - tau * tau * found.tt
        low, high = np.where(gradient > 0, b, low), np.where(gradient > 0, high, b)
        newton = b + gradient / curvature
        step = np.where((newton >= low) & (newton <= high), newton, (low + high) / 2) - b
        b = b + step
        if np.all(np.abs(step) < 1e-3 / np.sqrt(curvature)):
            break
    top, width = log_integrand(b), (1 - tau * tau * like(theta + tau * b, base[:, None]).tt) ** -0.5
    sides = np.array([-1.0, 1.0])
    far = _reach(lambda far: top - log_integrand(b + sides * far), np.tile(width, 2))
    z, w = special.roots_legendre(nodes)
    # panels grow away from the peak, so that a sharp peak with a long tail is seen
    share = (np.arange(PANELS // 2 + 1) / (PANELS // 2)) ** 2
    edges = np.concatenate([b - far[:, :1] * share[::-1], b + far[:, 1:] * share[1:]], axis=1)
    half = np.diff(edges, axis=1)[:, :, None] / 2
    points = edges[:, :-1, None] + half * (1 + z)
    return points.reshape(k, -1), np.log(half * w).reshape(k, -1)


def _reach(depth: Callable[[Array], Array], width: Array) -> Array:
    """How far from its peak an integrand has fallen by DEEP; `width` is its standard deviation."""
    near, far = np.zeros_like(width), 9 * width
    while np.any(shallow := depth(far) < DEEP):
        far = np.where(shallow, 2 * far, far)
    for _ in range(5):
        middle = (near + far) / 2
        deep = depth(middle) >= DEEP
        near, far = np.where(deep, near, middle), np.where(deep, middle, far)
    return far


STEP, STEP_OF_COUNTS = 0.6, 0.4
"""Longest steps of the grid in two dimensions: in standard deviations of the integrand, and of the
linear predictors, whose likelihoods bend within about one unit."""
LARGEST_GRID = 3_000_000
"""Most nodes of all studies together."""


def _over_both(like: Likelihood, point: Array, k: int, finer: bool) -> tuple[float, Array, Array]:
    """Over effect and baseline of each study: (effect, tau, mean, sd).

    The trapezoidal rule on a grid that is centred on the integrand and turned and scaled as it is:
    for smooth integrands that fall off on all sides its error falls exponentially with the step
    (Trefethen and Weideman 2014, doi 10.1137/130932132).
    """
    theta, tau, mean, sd = (float(part) for part in point)

    def study(z: Array) -> Slopes:
        return like(theta + tau * z[..., 0], mean + sd * z[..., 1])

    def log_integrand(z: Array) -> Array:
        return np.asarray(study(z).value - (z * z).sum(-1) / 2, float)

    at, root = _peaks(study, log_integrand, k, (tau, sd))
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    round_ = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    rays = round_ @ np.swapaxes(root, 1, 2)
    top = log_integrand(at[:, None])
    far = _reach(
        lambda r: top - log_integrand(at[:, None] + r[..., None] * rays), np.ones(rays.shape[:2])
    )
    z, log_weight = _grid(at, root, far[..., None] * round_, (tau, sd), 2 if finer else 1)
    found = study(z)
    log = found.value - (z * z).sum(-1) / 2 + log_weight - np.log(2 * np.pi)
    return _together(log, found, [("t", 1.0), ("t", z[..., 0]), ("s", 1.0), ("s", z[..., 1])])


def _grid(
    at: Array, root: Array, rim: Array, spreads: tuple[float, float], times: int
) -> tuple[Array, Array]:
    """Nodes (k, m, 2) and the log of their weight (k, 1): a box around the rim, in equal steps."""
    low, high = rim.min(axis=1), rim.max(axis=1)
    tau, sd = spreads
    arms = np.array([[tau / 2, sd], [-tau / 2, sd]]) @ root  # how far the linear predictors go
    fastest = np.abs(arms).max(axis=1)
    step = np.minimum(STEP, STEP_OF_COUNTS / np.maximum(fastest, 1e-9)) / times
    count = np.ceil((high - low) / step).max(axis=0).astype(int)
    if len(at) * count.prod() > LARGEST_GRID:
        raise SynthesisError(
            "the studies differ too much for random baselines, or are too many; use another two_arm"
        )
    lines = [
        low[:, i, None] + (high - low)[:, i, None] * np.linspace(0, 1, count[i] + 1) for i in (0, 1)
    ]
    k = len(at)
    x = np.stack(
        [np.repeat(lines[0], count[1] + 1, axis=1), np.tile(lines[1], (1, count[0] + 1))], axis=-1
    )
    area = ((high - low) / count).prod(axis=1) * np.abs(np.linalg.det(root))
    return at[:, None] + x @ np.swapaxes(root, 1, 2), np.log(area).reshape(k, 1)


def _peaks(
    study: Callable[[Array], Slopes],
    log_integrand: Callable[[Array], Array],
    k: int,
    spreads: tuple[float, float],
) -> tuple[Array, Array]:
    """Where each integrand is highest, and a root of its covariance there; it has one peak."""
    tau, sd = spreads
    z = np.zeros((k, 1, 2))
    here = log_integrand(z)
    for _ in range(200):
        found = study(z)
        gradient = np.stack([tau * found.t, sd * found.s], axis=-1) - z
        bend = np.empty((k, 2, 2))
        bend[:, 0, 0], bend[:, 1, 1] = 1 - tau**2 * found.tt[:, 0], 1 - sd**2 * found.ss[:, 0]
        bend[:, 0, 1] = bend[:, 1, 0] = -tau * sd * found.ts[:, 0]
        inverse = np.linalg.inv(bend)
        step = gradient @ inverse
        gain = (step * gradient).sum(-1)
        if np.all(gain < 1e-6):
            return z[:, 0], np.linalg.cholesky(inverse)
        for _ in range(40):
            there = log_integrand(z + step)
            if not np.any(worse := there < here - 1e-9 * (1 + np.abs(here))):
                break
            step = np.where(worse[..., None], step / 2, step)
        z, here = z + step, there
    raise SynthesisError("a study's likelihood has no peak; check its counts")
