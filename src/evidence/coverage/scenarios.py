"""What is simulated: sets of studies from the model that all analyses assume.

Logits of the true rates are normal around that of the median rate, counts are binomial.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]

STUDIES = (3, 5, 10, 20)
SIZES = {"20 to 60 people": (20, 60), "20 to 1000 people": (20, 1000)}
RATES = (0.02, 0.1, 0.4)
TAUS = (0.0, 0.4, 0.9)
WITHIN = 0.3
"""Standard deviation of the logits of several rows of one cohort around that of the cohort."""


@dataclass(frozen=True)
class Scenario:
    """One set of circumstances.

    Attributes:
        k: studies, or cohorts where these have several rows each.
        sizes: a key of `SIZES`, the people of a row.
        rate: the median rate.
        tau: standard deviation of the logits, between cohorts where these have several rows.
        rows: of each cohort.
    """

    k: int
    sizes: str
    rate: float
    tau: float
    rows: int = 1

    @property
    def spread(self) -> float:
        """Standard deviation of the logit of one row of a new cohort."""
        return self.tau if self.rows == 1 else float(np.hypot(self.tau, WITHIN))

    @property
    def mean_rate(self) -> float:
        """The mean over studies of the rate, where `rate` is that of the middle study."""
        z, weight = special.roots_hermitenorm(64)
        rates = special.expit(special.logit(self.rate) + self.spread * z)
        return float(weight @ rates / weight.sum())


@dataclass(frozen=True)
class Sets:
    """Simulated studies: counts of shape (sets, rows), and the cohort of each row."""

    events: Array
    total: Array
    cohort: NDArray[np.intp]

    def first(self, count: int) -> Sets:
        """The first sets, for methods that take too long for all."""
        return Sets(self.events[:count], self.total[:count], self.cohort)


def simulate(scenario: Scenario, repeats: int, rng: np.random.Generator) -> Sets:
    """Sets of studies; sizes are drawn evenly on a logarithmic scale."""
    low, high = SIZES[scenario.sizes]
    cohort = np.repeat(np.arange(scenario.k), scenario.rows)
    shape = (repeats, len(cohort))
    total = np.asarray(np.round(np.exp(rng.uniform(np.log(low), np.log(high), shape))), float)
    apart = rng.standard_normal((repeats, scenario.k))[:, cohort]
    logit = special.logit(scenario.rate) + scenario.tau * apart
    if scenario.rows > 1:
        logit = logit + WITHIN * rng.standard_normal(shape)
    events = rng.binomial(total.astype(int), special.expit(logit)).astype(float)
    return Sets(events, total, cohort)


SCENARIOS = [Scenario(*choice) for choice in product(STUDIES, SIZES, RATES, TAUS)]
NESTED = [
    Scenario(k, "20 to 60 people", rate, tau, rows=3)
    for k, rate, tau in product(STUDIES[1:], RATES[1:], TAUS[1:])
]
"""Cohorts with three rows each."""
