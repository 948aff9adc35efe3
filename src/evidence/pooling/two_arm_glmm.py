"""Mixed models of two-arm counts: the log odds or rate ratio varies, the baseline is dealt with.

Three ways with the baseline of each study (Stijnen, Hamza and Ozdemir 2010, doi 10.1002/sim.4040;
Jackson et al. 2018, doi 10.1002/sim.7588): `fixed_baseline` gives each study its own
(unconditional, fixed study effects), `conditional` takes the margins of each table as given
(exactly: non-central hypergeometric; for rates binomial), and `conditional_approximate` puts a
binomial in place of the hypergeometric distribution, which suits rare events.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from ..errors import SynthesisError, choose

Array = NDArray[np.float64]
PANELS = 16
DEEP = 38.0
"""Where the integrand is exp(-DEEP) of its peak, it is left out."""


@dataclass(frozen=True)
class Arms:
    """Counts of both arms, (k,) each: events and non-events, or events and person-time."""

    a: Array
    b: Array
    c: Array
    d: Array
    people: bool


@dataclass(frozen=True)
class Slopes:
    """A study's log-likelihood at its own log ratio and baseline, with its derivatives.

    Attributes:
        value: shape (k, m).
        t, tt: first and second derivative in the log ratio.
        s, ts, ss: in the baseline, and mixed.
    """

    value: Array
    t: Array
    tt: Array
    s: Array
    ts: Array
    ss: Array


Likelihood = Callable[[Array, Array], Slopes]


def conditional(arms: Arms) -> Likelihood:
    """Each study's margins as given: hypergeometric for people, binomial for rates."""
    if not arms.people:
        return _binomial(arms.a, arms.c, np.log(arms.b / arms.d))
    rows = zip(arms.a, arms.b, arms.c, arms.d, strict=True)
    tables = [support(*(float(cell) for cell in row)) for row in rows]

    def slopes(theta: Array, _: Array) -> Slopes:
        value, mean, square = (np.empty_like(theta) for _ in range(3))
        for i, (counts, ways, seen) in enumerate(tables):
            terms = ways + counts * theta[i][:, None]
            total = special.logsumexp(terms, axis=-1)
            mass = np.exp(terms - total[:, None])
            value[i] = terms[:, seen] - total
            mean[i] = mass @ counts
            square[i] = (mass * (counts - mean[i][:, None]) ** 2).sum(-1)
        zero = np.zeros_like(theta)
        return Slopes(value, arms.a[:, None] - mean, -square, zero, zero, zero)

    return slopes


def support(a: float, b: float, c: float, d: float) -> tuple[Array, Array, int]:
    """Treated events that the margins allow, the log of their number of ways, and which is seen."""
    n1, n2, x = a + b, c + d, a + c
    low, high = max(0.0, x - n2), min(x, n1)
    if high - low > 100_000:
        raise SynthesisError(
            "the exact conditional likelihood is not for tables this large; use "
            "two_arm='conditional_approximate' or 'fixed_baseline'"
        )
    k = np.arange(low, high + 1)
    ways = -special.betaln(n1 - k + 1, k + 1) - special.betaln(n2 - x + k + 1, x - k + 1)
    ways = np.asarray(ways - np.log(n1 + 1) - np.log(n2 + 1), float)
    return k, ways, int(a - low)


def conditional_approximate(arms: Arms) -> Likelihood:
    """Treated events as a binomial share of all events, the sizes of the arms as offset."""
    if not arms.people:
        return conditional(arms)
    return _binomial(arms.a, arms.c, np.log((arms.a + arms.b) / (arms.c + arms.d)))


def _binomial(a: Array, c: Array, offset: Array) -> Likelihood:
    x, n = a[:, None], (a + c)[:, None]
    constant = (-special.betaln(c + 1, a + 1) - np.log(a + c + 1))[:, None]

    def slopes(theta: Array, _: Array) -> Slopes:
        eta = theta + offset[:, None]
        p = special.expit(eta)
        zero = np.zeros_like(theta)
        value = constant + x * eta - n * np.logaddexp(0.0, eta)
        return Slopes(value, x - n * p, -n * p * (1 - p), zero, zero, zero)

    return slopes


def fixed_baseline(arms: Arms) -> Likelihood:
    """Both arms; the effect is coded +1/2 and -1/2 around the baseline."""
    a, b, c, d = (cells[:, None] for cells in (arms.a, arms.b, arms.c, arms.d))
    if arms.people:
        ways = [-special.betaln(b + 1, a + 1), -np.log(a + b + 1)]
        ways += [-special.betaln(d + 1, c + 1), -np.log(c + d + 1)]
    else:
        ways = [special.xlogy(a, b), special.xlogy(c, d)]
        ways += [-special.gammaln(a + 1), -special.gammaln(c + 1)]
    constant: Array = np.sum(ways, axis=0)

    def arm(events: Array, other: Array, eta: Array) -> tuple[Array, Array, Array]:
        if arms.people:
            n, p = events + other, special.expit(eta)
            value = events * eta - n * np.logaddexp(0.0, eta)
            return value, events - n * p, -n * p * (1 - p)
        mean = other * np.exp(np.minimum(eta, 300.0))
        return events * eta - mean, events - mean, -mean

    def slopes(theta: Array, base: Array) -> Slopes:
        up, u1, u2 = arm(a, b, base + theta / 2)
        down, d1, d2 = arm(c, d, base - theta / 2)
        return Slopes(
            constant + up + down, (u1 - d1) / 2, (u2 + d2) / 4, u1 + d1, (u2 - d2) / 2, u2 + d2
        )

    return slopes


TWO_ARM_MODELS: dict[str, Callable[[Arms], Likelihood]] = {
    "fixed_baseline": fixed_baseline,
    "conditional": conditional,
    "conditional_approximate": conditional_approximate,
}
"""What is done about the baseline; the keys of `evidence.pooling.options.TWO_ARM`."""


@dataclass(frozen=True)
class TwoArmFit:
    """The maximum of a two-arm mixed model.

    Attributes:
        effect, se: the mean log ratio and its standard error.
        tau: standard deviation of the log ratio between studies, 0 at the boundary.
        covariance: of effect and tau; zero in tau's part at the boundary.
        log_likelihood: with every constant.
        common_effect, common_se, common_log_likelihood: of the model with tau = 0.
        accuracy: change of the log-likelihood when there are twice as many nodes.
        weights: each study's share of the information on the effect.
        parameters: how many were estimated.
    """

    effect: float
    se: float
    tau: float
    covariance: Array
    log_likelihood: float
    common_effect: float
    common_se: float
    common_log_likelihood: float
    accuracy: float
    weights: Array
    parameters: int


@dataclass(frozen=True)
class _State:
    """Value, gradient and Hessian: of (effect, tau), of the baselines, and mixed."""

    value: float
    g: Array
    h: Array
    gs: Array
    hs: Array
    hss: Array


def _at(like: Likelihood, theta: float, tau: float, base: Array, nodes: int) -> _State:
    """The log-likelihood with its exact derivatives, integrated study by study."""
    k = len(base)
    if tau == 0:
        b, weight = np.zeros((k, 1)), np.ones((k, 1))
        found = like(np.full((k, 1), theta), base[:, None])
        log = found.value[:, 0]
    else:
        b, log_weight = _nodes(like, theta, tau, base, nodes)
        found = like(theta + tau * b, base[:, None])
        terms = found.value - b * b / 2 + log_weight - np.log(2 * np.pi) / 2
        log = special.logsumexp(terms, axis=1)
        weight = np.exp(terms - log[:, None])

    def mean(x: Array) -> Array:
        return np.asarray((weight * x).sum(1), float)

    g1, g2, g3 = found.t, b * found.t, found.s
    m1, m2, m3 = mean(g1), mean(g2), mean(g3)
    h = np.array(
        [
            [mean(found.tt + g1 * g1) - m1 * m1, mean(b * found.tt + g1 * g2) - m1 * m2],
            [mean(b * found.tt + g1 * g2) - m1 * m2, mean(b * b * found.tt + g2 * g2) - m2 * m2],
        ]
    )
    hs = np.array([mean(found.ts + g1 * g3) - m1 * m3, mean(b * found.ts + g2 * g3) - m2 * m3])
    hss = mean(found.ss + g3 * g3) - m3 * m3
    return _State(float(log.sum()), np.array([m1, m2]), h, m3, hs, hss)


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
    ends = []
    for side in (-1.0, 1.0):
        near, far = np.zeros((k, 1)), 2 * width
        while np.any(shallow := top - log_integrand(b + side * far) < DEEP):
            far = np.where(shallow, 2 * far, far)
        for _ in range(12):
            middle = (near + far) / 2
            deep = top - log_integrand(b + side * middle) >= DEEP
            near, far = np.where(deep, near, middle), np.where(deep, middle, far)
        ends.append(b + side * far)
    z, w = special.roots_legendre(nodes)
    # panels grow away from the peak, so that a sharp peak with a long tail is seen
    share = (np.arange(PANELS // 2 + 1) / (PANELS // 2)) ** 2
    edges = np.concatenate(
        [b - (b - ends[0]) * share[::-1], (b + (ends[1] - b) * share)[:, 1:]], axis=1
    )
    half = np.diff(edges, axis=1)[:, :, None] / 2
    points = edges[:, :-1, None] + half * (1 + z)
    return points.reshape(k, -1), np.log(half * w).reshape(k, -1)


def fit_two_arm(arms: Arms, model: str, nodes: int = 12) -> TwoArmFit:
    """The global maximum of a two-arm mixed model of two studies or more with information.

    Raises:
        SynthesisError: an unknown model, or counts without a finite maximum.
    """
    like = choose(TWO_ARM_MODELS, model, "two_arm")(arms)
    own = model == "fixed_baseline"
    if min(arms.a.sum(), arms.c.sum()) == 0 or (
        arms.people and min(arms.b.sum(), arms.d.sum()) == 0
    ):
        raise SynthesisError(
            "one arm has no event (or nothing but events) in any study, so the likelihood has no "
            "finite maximum; use method='peto' or a difference"
        )
    if model == "conditional" and arms.people and _at_ends(arms):
        raise SynthesisError(
            "every table lies at an end of what its margins allow, so the between-study variance "
            "of the conditional likelihood has no finite maximum; use two_arm='fixed_baseline'"
        )
    theta, base = _start(arms)
    start = np.array([theta, 0.0])
    common, base0 = _climb(like, start, base, own, nodes, free=1)
    zero = _at(like, common[0], 0.0, base0, nodes)
    best, top, base1 = common, zero, base0
    for tau in (0.1, 0.5, 1.5):
        found, bases = _climb(like, np.array([common[0], tau]), base0, own, nodes, free=2)
        state = _at(like, found[0], found[1], bases, nodes)
        if found[1] > 1e-5 and state.value > top.value + 1e-10 * (1 + abs(top.value)):
            best, top, base1 = found, state, bases
            break
    inside = bool(best[1] > 0)
    covariance = np.zeros((2, 2))
    size = 2 if inside else 1
    covariance[:size, :size] = np.linalg.inv(-_profiled(top, own)[:size, :size])
    finer = _at(like, best[0], best[1], base1, 2 * nodes) if inside else top
    information = -top.h[0, 0] + (top.hs[0] ** 2 / top.hss if own else 0.0)
    return TwoArmFit(
        effect=float(best[0]), se=float(covariance[0, 0]) ** 0.5, tau=float(best[1]),
        covariance=covariance, log_likelihood=top.value,
        common_effect=float(common[0]),
        common_se=float(-1 / _profiled(zero, own)[0, 0]) ** 0.5,
        common_log_likelihood=zero.value, accuracy=abs(finer.value - top.value),
        weights=np.asarray(information / information.sum(), float),
        parameters=2 + (len(base) if own else 0),
    )  # fmt: skip


def _at_ends(arms: Arms) -> bool:
    """True where each table holds as many or as few treated events as its margins allow."""
    lowest = np.minimum(arms.a, arms.d) == 0
    highest = np.minimum(arms.b, arms.c) == 0
    return bool(np.all(lowest | highest))


def tau_limits(arms: Arms, model: str, found: TwoArmFit, drop: float) -> tuple[float, float]:
    """Where the profile log-likelihood of tau has fallen by `drop`, on both sides of its top."""
    like, own = TWO_ARM_MODELS[model](arms), model == "fixed_baseline"
    theta, base = [found.effect], [_start(arms)[1]]

    def gap(tau: float) -> float:
        point, base[0] = _climb(like, np.array([theta[0], tau]), base[0], own, 12, free=1)
        theta[0] = float(point[0])
        return _at(like, theta[0], tau, base[0], 12).value - found.log_likelihood + drop

    low = 0.0
    if found.tau > 0 and found.common_log_likelihood < found.log_likelihood - drop:
        low = float(optimize.brentq(gap, 1e-6, found.tau, rtol=1e-6))
    far = max(2 * found.tau, 0.5)
    while gap(far) > 0:
        far *= 2
        if far > 1e3:
            raise SynthesisError("the likelihood has no upper limit for tau; check the counts")
    return low, float(optimize.brentq(gap, max(found.tau, 1e-9), far, rtol=1e-6))


def _start(arms: Arms) -> tuple[float, Array]:
    """A crude log ratio, and crude baselines: the middle of both linear predictors."""
    half = 0.5
    if arms.people:
        up = np.log((arms.a + half) / (arms.b + half))
        down = np.log((arms.c + half) / (arms.d + half))
        spread = sum(1 / (cells + half) for cells in (arms.a, arms.b, arms.c, arms.d))
    else:
        up, down = np.log((arms.a + half) / arms.b), np.log((arms.c + half) / arms.d)
        spread = 1 / (arms.a + half) + 1 / (arms.c + half)
    weight = 1 / np.asarray(spread, float)
    return float(weight @ (up - down) / weight.sum()), (up + down) / 2


def _profiled(state: _State, own: bool) -> Array:
    """The Hessian of (effect, tau) with the baselines at their best."""
    h = state.h.sum(-1)
    if not own:
        return np.asarray(h, float)
    return np.asarray(h - np.einsum("ik,jk->ij", state.hs / state.hss, state.hs), float)


def _climb(
    like: Likelihood, start: Array, base: Array, own: bool, nodes: int, *, free: int
) -> tuple[Array, Array]:
    """Newton's method on (effect, tau) and the baselines, with step halving; tau stays positive."""
    point = start.copy()
    here = _at(like, point[0], point[1], base, nodes)
    for _ in range(200):
        gradient, hessian = here.g.sum(-1)[:free], _profiled(here, own)[:free, :free]
        if own:
            gradient = gradient - (here.hs[:free] * (here.gs / here.hss)).sum(-1)
        values, vectors = np.linalg.eigh(hessian)
        step = vectors @ ((vectors.T @ gradient) / np.maximum(np.abs(values), 1e-10))
        step *= min(1.0, 2.0 / max(1e-300, float(np.abs(step).max())))
        shift = np.zeros_like(base)
        if own:
            shift = -(here.gs + here.hs[:free].T @ step) / here.hss
            shift *= min(1.0, 3.0 / max(1e-300, float(np.abs(shift).max())))
        gain = float(gradient @ step) + (float(-here.gs @ (here.gs / here.hss)) if own else 0.0)
        scale = 1.0
        while True:
            trial = point.copy()
            trial[:free] += scale * step
            if free == 2 and trial[1] <= 0:
                trial[1] = point[1] / 4
            there = _at(like, trial[0], trial[1], base + scale * shift, nodes)
            if there.value >= here.value - 1e-13 * (1 + abs(here.value)) or scale < 1e-6:
                break
            scale /= 2
        point, base, here = trial, base + scale * shift, there
        if abs(gain) < 1e-14 * (1 + abs(here.value)) or (free == 2 and point[1] < 1e-6):
            return point, base
    raise SynthesisError("the two-arm likelihood has no maximum in 200 steps; check the counts")
