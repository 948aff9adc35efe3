"""Which studies get published, as a step function of their p-values: arrays in, a value out.

Sources: Vevea and Hedges (1995), doi 10.1007/BF02294384; with weights stated beforehand, Vevea and
Woods (2005), doi 10.1037/1082-989X.10.4.428.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from ..errors import SynthesisError, choose
from ..formatting import plural
from ..pooling.likelihood import log_likelihood
from ..pooling.mean import quantile
from ..pooling.tau2 import TAU2_ESTIMATORS
from ..pooling.weighting import fit, intercept
from .subsets import Array

STEPS = (0.025,)
"""One-sided p at which the weight changes: two-sided 0.05, in the direction of the answer.

With few studies one step is what can be estimated (McShane, Bockenholt and Hansen 2016, doi
10.1177/1745691616662243).
"""
VEVEA_WOODS_STEPS = (
    0.005, 0.01, 0.05, 0.10, 0.25, 0.35, 0.50, 0.65, 0.75, 0.90, 0.95, 0.99, 0.995, 1.0
)  # fmt: skip
VEVEA_WOODS: dict[str, tuple[float, ...]] = {
    "moderate": (1, 0.99, 0.95, 0.80, 0.75, 0.65, 0.60, 0.55, *[0.50] * 6),
    "severe": (1, 0.99, 0.90, 0.75, 0.60, 0.50, 0.40, 0.35, 0.30, 0.25, *[0.10] * 4),
}
"""Chances of publication for one-sided selection, as Vevea and Woods (2005) state them."""
LEAST_IN_STEP = 3
"""Studies that each interval of p-values must hold; with fewer its weight is hardly estimated."""
STARTS = [(spread, weight) for spread in (0.0, 1.0, 3.0) for weight in (0.2, 1.0, 3.0)]
"""Where the search begins: times the tau2 without selection, and the weight of every step."""
NOTHING = 1e-8
"""A tau2 below this, in units of the median variance, is zero."""
FARTHEST = 12.0
"""Log of a weight that counts as infinite."""


@dataclass(frozen=True)
class Selection:
    """A selection model: the mean before selection, and the weights that selection has.

    Attributes:
        effect, se: the mean, analysis scale; its standard error from the observed information.
        low, high: its Wald interval.
        tau2: between-study variance before selection.
        side: the direction that is favoured, "greater" or "less".
        steps: upper ends of the intervals of one-sided p-values, the last one 1.
        counts: studies in each interval.
        weights: chance of each interval to be published, that of the first is 1.
        weight_limits: Wald interval of the log of each estimated weight, read back.
        log_likelihood: with all constants.
        statistic, df, p: likelihood-ratio test against no selection; df 0 where weights were given.
    """

    effect: float
    se: float
    low: float
    high: float
    tau2: float
    side: str
    steps: tuple[float, ...]
    counts: tuple[int, ...]
    weights: tuple[float, ...]
    weight_limits: tuple[tuple[float, float], ...]
    log_likelihood: float
    statistic: float
    df: int
    p: float


@dataclass(frozen=True)
class _Data:
    """Effects turned so that greater is favoured, in units of a usual standard error.

    `cuts` are the effects at which the weight changes, `place` the interval of each study.
    """

    y: Array
    v: Array
    cuts: Array
    place: NDArray[np.int_]


def select(
    y: Array,
    v: Array,
    steps: tuple[float, ...] = STEPS,
    *,
    side: str = "",
    weights: tuple[float, ...] | None = None,
    level: float = 0.95,
) -> Selection:
    """The step-function selection model, by maximum likelihood.

    An effect is drawn from a normal law with variance v + tau2 and published with a chance that
    depends on the interval in which its one-sided p-value lies.

    Args:
        y: effects, with zero for no difference.
        v: their variances.
        steps: one-sided p-values at which the chance changes, rising; 1 may be left out.
        side: "greater" or "less", what is favoured; by default the direction of the mean.
        weights: chances stated beforehand, one for each interval; estimated without them.
        level: of intervals.

    Raises:
        SynthesisError: steps that do not rise, an interval with fewer than three studies while
            weights are estimated, or no maximum.

    >>> import numpy as np
    >>> y = np.array([0.6, 0.5, 0.7, 0.4, 0.1, 0.0, 0.9, 0.2])
    >>> found = select(y, np.array([4, 3, 6, 2, 2, 3, 9, 5]) / 100)
    >>> found.counts, round(found.effect, 2)
    ((5, 3), 0.23)
    """
    ends = _ends(steps)
    _check_weights(ends, weights)
    one, tau2 = intercept(len(y)), TAU2_ESTIMATORS["ML"](y, v, intercept(len(y)))
    mean = float(fit(y, v, float(tau2), one).beta[0])
    side = side or ("greater" if mean >= 0 else "less")
    choose(dict.fromkeys(("greater", "less")), side, "side")
    unit = float(np.sqrt(np.median(v))) * (1.0 if side == "greater" else -1.0)
    data = _data(y / unit, v / unit**2, ends)
    counts = tuple(int(n) for n in np.bincount(data.place, minlength=len(ends)))
    if weights is None:
        _enough(ends, counts)
    best = _climb(data, np.array([mean / unit, float(tau2) / unit**2]), weights)
    errors = _errors(data, best, _free(best, weights))
    value = _height(data, best)[0] - len(y) * float(np.log(abs(unit)))
    plain = float(log_likelihood(y, v, one, tau2, restricted=False))
    df = 0 if weights else len(ends) - 1
    statistic = max(2 * (value - plain), 0.0) if df else 0.0
    half = float(quantile(level, np.inf))
    effect, se = unit * float(best[0]), abs(unit) * float(errors[0])
    return Selection(
        effect=effect, se=se, low=effect - half * se, high=effect + half * se,
        tau2=unit**2 * float(best[1]), side=side, steps=ends, counts=counts,
        weights=(1.0, *(float(w) for w in np.exp(best[2:]))),
        weight_limits=_limits(best[2:], errors[2:], half) if weights is None else (),
        log_likelihood=value, statistic=statistic, df=df,
        p=float(special.chdtrc(df, statistic)) if df else 1.0,
    )  # fmt: skip


def _limits(logs: Array, errors: Array, half: float) -> tuple[tuple[float, float], ...]:
    ends = np.exp(np.column_stack([logs - half * errors, logs + half * errors]))
    return tuple((float(low), float(high)) for low, high in ends)


def _ends(steps: tuple[float, ...]) -> tuple[float, ...]:
    ends = (*steps, 1.0) if not steps or steps[-1] != 1 else tuple(steps)
    if len(ends) < 2 or ends[0] <= 0 or np.any(np.diff(ends) <= 0):
        raise SynthesisError(f"steps must rise between 0 and 1, such as 0.025, 0.5; not {steps!r}")
    return ends


def _check_weights(ends: tuple[float, ...], weights: tuple[float, ...] | None) -> None:
    if weights is None:
        return
    if len(weights) != len(ends) or weights[0] != 1 or min(weights) <= 0:
        raise SynthesisError(
            f"there are {len(ends)} intervals of p, so {len(ends)} weights above 0 are needed, the "
            f"first of them 1; not {weights!r}"
        )


def _enough(ends: tuple[float, ...], counts: tuple[int, ...]) -> None:
    if min(counts) >= LEAST_IN_STEP:
        return
    said = ", ".join(
        f"{plural(n, 'study')} with one-sided p from {low:g} to {high:g}"
        for n, low, high in zip(counts, (0.0, *ends), ends, strict=False)
    )
    raise SynthesisError(
        f"the weights of a selection model cannot be estimated: {said}; each needs at least "
        f"{LEAST_IN_STEP}"
    )


def _data(y: Array, v: Array, ends: tuple[float, ...]) -> _Data:
    p = special.ndtr(-y / np.sqrt(v))
    cuts = -np.sqrt(v)[:, None] * special.ndtri(np.array(ends[:-1]))
    return _Data(y, v, cuts, np.searchsorted(np.array(ends[:-1]), p))


def _height(data: _Data, theta: Array) -> tuple[float, Array]:
    """Log-likelihood and its gradient in (mean, tau2, logs of the weights but the first)."""
    mean, tau2, log = theta[0], theta[1], np.append(0.0, theta[2:])
    weight, var = np.exp(log), data.v + tau2
    sd, away = np.sqrt(var), data.y - mean
    z = (data.cuts - mean) / sd[:, None]
    below = np.column_stack([np.ones(len(z)), special.ndtr(z), np.zeros(len(z))])
    mass = weight * (below[:, :-1] - below[:, 1:])
    whole = mass.sum(-1)
    drop = np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * -np.diff(weight) / whole[:, None]
    value = log[data.place] - (np.log(2 * np.pi * var) + away**2 / var) / 2 - np.log(whole)
    per_study = np.column_stack([
        away / var - drop.sum(-1) / sd,
        (away**2 / var - 1 - (drop * z).sum(-1)) / (2 * var),
        (data.place[:, None] == np.arange(1, len(weight))) - mass[:, 1:] / whole[:, None],
    ])  # fmt: skip
    return float(value.sum()), np.asarray(per_study.sum(0), float)


def _climb(data: _Data, plain: Array, weights: tuple[float, ...] | None) -> Array:
    """The highest maximum of the climbs from all starts."""
    steps = data.cuts.shape[1]
    fixed = None if weights is None else np.log(np.array(weights[1:]))
    low, high = (-FARTHEST, FARTHEST) if fixed is None else (fixed, fixed)
    bounds = optimize.Bounds(
        np.append([-np.inf, 0.0], np.broadcast_to(low, steps)),
        np.append([np.inf, np.inf], np.broadcast_to(high, steps)),
    )
    spread = max(float(plain[1]), 0.1)

    def depth(theta: Array) -> tuple[float, Array]:
        value, gradient = _height(data, theta)
        return -value, -gradient

    found = []
    for times, weight in STARTS if fixed is None else STARTS[:: len(STARTS) // 3]:
        logs = np.full(steps, np.log(weight)) if fixed is None else fixed
        start = np.concatenate([[plain[0], times * spread], logs])
        found.append(
            optimize.minimize(
                depth, start, (), "TNC", True, bounds=bounds,
                options={"ftol": 1e-12, "maxfun": 500},
            )
        )  # fmt: skip
    best = min(found, key=lambda one: float(one.fun)).x
    best[1] = best[1] if best[1] > NOTHING else 0.0
    if fixed is None and np.abs(best[2:]).max() > FARTHEST - 1:
        raise SynthesisError(
            "the likelihood of the selection model has no maximum: a weight goes to 0 or infinity"
        )
    return _polished(data, best, _free(best, weights))


def _free(theta: Array, weights: tuple[float, ...] | None) -> NDArray[np.int_]:
    """What was estimated inside its range: not a tau2 of zero, nor weights that were given."""
    inside = np.array([True, theta[1] > 0, *[weights is None] * (len(theta) - 2)])
    return np.flatnonzero(inside)


def _polished(data: _Data, theta: Array, free: NDArray[np.int_]) -> Array:
    """Newton steps to where the gradient is zero."""
    for _ in range(20):
        _, gradient = _height(data, theta)
        step = np.linalg.solve(_information(data, theta, free), gradient[free])
        moved = theta.copy()
        moved[free] += step
        if moved[1] < 0 or _height(data, moved)[0] < _height(data, theta)[0] - 1e-10:
            return theta
        theta = moved
        if np.abs(step).max() < 1e-12:
            return theta
    return theta


def _information(data: _Data, theta: Array, free: NDArray[np.int_]) -> Array:
    """Minus the second derivatives in what is free, by central differences of the gradient."""
    rows = []
    for at in free:
        step = np.zeros(len(theta))
        step[at] = 1e-5 * max(abs(float(theta[at])), 1.0) if at != 1 else 1e-4 * float(theta[1])
        up, down = _height(data, theta + step)[1], _height(data, theta - step)[1]
        rows.append((down - up)[free] / (2 * step[at]))
    found = np.array(rows)
    return np.asarray((found + found.T) / 2, float)


def _errors(data: _Data, theta: Array, free: NDArray[np.int_]) -> Array:
    """Standard errors; zero for what is not free."""
    information = _information(data, theta, free)
    if np.linalg.eigvalsh(information)[0] <= 0:
        raise SynthesisError(
            "the likelihood of the selection model is flat at its top, so nothing can be said of "
            "its errors; use fewer steps"
        )
    errors = np.zeros(len(theta))
    errors[free] = np.sqrt(np.diag(np.linalg.inv(information)))
    return errors
