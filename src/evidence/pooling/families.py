"""Likelihoods of a study's count given its linear predictor: value and two derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
Terms = tuple[Array, Array, Array]

SMALL = 1e-300
ROOT_2PI = float(np.sqrt(2 * np.pi))


@dataclass(frozen=True)
class Family:
    """A count model: `x` events of size `n` (people or person-time) at linear predictor `eta`.

    Attributes:
        key: its name, likelihood and link.
        terms: eta, x, n -> log-likelihood without its constant, score and its derivative in eta.
        constant: x, n -> the part of the log-likelihood without parameters.
        inverse: eta -> rate.
        link: rate -> eta.
        slope: eta -> derivative of the rate.
    """

    key: str
    terms: Callable[[Array, Array, Array], Terms]
    constant: Callable[[Array, Array], Array]
    inverse: Callable[[Array], Array]
    link: Callable[[Array], Array]
    slope: Callable[[Array], Array]

    @property
    def counts_people(self) -> bool:
        """True for proportions."""
        return self.key != "poisson_log"


def _logit(eta: Array, x: Array, n: Array) -> Terms:
    e = np.exp(-np.abs(eta))
    p = np.where(eta >= 0, 1.0, e) / (1 + e)
    value = x * eta - n * (np.maximum(eta, 0.0) + np.log1p(e))
    return value, x - n * p, -n * e / (1 + e) ** 2


def _probit(eta: Array, x: Array, n: Array) -> Terms:
    """The hazard phi/Phi is taken from logarithms, so that it is right far in the tails."""
    low, high = special.log_ndtr(eta), special.log_ndtr(-eta)
    density = -0.5 * eta**2 - np.log(ROOT_2PI)
    a, b = np.exp(density - low), np.exp(density - high)
    value = x * low + (n - x) * high
    second = -x * a * (eta + a) - (n - x) * b * (b - eta)
    return value, x * a - (n - x) * b, second


def _cloglog(eta: Array, x: Array, n: Array) -> Terms:
    """1 - exp(-exp(eta)); r is exp(eta)/(exp(exp(eta)) - 1), 1 where exp(eta) is tiny."""
    eta = np.minimum(eta, 300.0)
    hazard = np.exp(eta)
    tiny = np.maximum(hazard, SMALL)
    event = np.where(hazard < 1e-12, eta, np.log(-np.expm1(-tiny)))
    r = np.where(hazard < 1e-12, 1.0, tiny / np.expm1(np.minimum(tiny, 700.0)))
    value = x * event - (n - x) * hazard
    second = x * r * (1 - hazard - r) - (n - x) * hazard
    return value, x * r - (n - x) * hazard, second


def _poisson(eta: Array, x: Array, n: Array) -> Terms:
    mean = n * np.exp(np.minimum(eta, 300.0))
    return x * eta - mean, x - mean, -mean


def _binomial_constant(x: Array, n: Array) -> Array:
    return np.asarray(-special.betaln(n - x + 1, x + 1) - np.log(n + 1), float)


def _poisson_constant(x: Array, n: Array) -> Array:
    return np.asarray(special.xlogy(x, n) - special.gammaln(x + 1), float)


def _exp(eta: Array) -> Array:
    """The exponential, held at the largest number that can be written."""
    return np.asarray(np.exp(np.minimum(eta, 700.0)), float)


def _float(function: Callable[[Array], object]) -> Callable[[Array], Array]:
    return lambda value: np.asarray(function(value), float)


FAMILIES: dict[str, Family] = {
    "logit": Family(
        "binomial_logit", _logit, _binomial_constant, _float(special.expit), _float(special.logit),
        lambda eta: np.asarray(special.expit(eta) * special.expit(-eta), float),
    ),
    "probit": Family(
        "binomial_probit", _probit, _binomial_constant, _float(special.ndtr),
        _float(special.ndtri), lambda eta: np.asarray(np.exp(-0.5 * eta**2) / ROOT_2PI, float),
    ),
    "cloglog": Family(
        "binomial_cloglog", _cloglog, _binomial_constant,
        lambda eta: np.asarray(-np.expm1(-np.exp(np.minimum(eta, 300.0))), float),
        lambda p: np.asarray(np.log(-np.log1p(-np.asarray(p))), float),
        lambda eta: np.asarray(np.exp(eta - np.exp(np.minimum(eta, 300.0))), float),
    ),
    "log": Family(
        "poisson_log", _poisson, _poisson_constant, _float(_exp), _float(np.log), _float(_exp),
    ),
}  # fmt: skip
"""Families by link: the first three for proportions, "log" for incidence rates."""
