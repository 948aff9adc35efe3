"""Likelihoods of the counts of two arms: what is done about the baseline of each study.

Sources: Stijnen, Hamza and Ozdemir (2010), doi 10.1002/sim.4040; Jackson et al. (2018), doi
10.1002/sim.7588.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .hypergeometric import Table, Tables

Array = NDArray[np.float64]


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
    tables = Tables([Table(*(float(cell) for cell in row)) for row in rows])

    def slopes(theta: Array, _: Array) -> Slopes:
        zero = np.zeros_like(theta)
        return Slopes(*tables.at(theta), zero, zero, zero)

    return slopes


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


def both_arms(arms: Arms) -> Likelihood:
    """Both arms as they are; the effect is coded +1/2 and -1/2 around the baseline."""
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


TWO_ARM_LIKELIHOODS: dict[str, Callable[[Arms], Likelihood]] = {
    "conditional": conditional,
    "conditional_approximate": conditional_approximate,
    "fixed_baseline": both_arms,
    "random_baseline": both_arms,
}
"""What each study contributes; the keys of `evidence.pooling.options.TWO_ARM`."""
