"""The non-central hypergeometric law of one 2 x 2 table, however large its counts.

Given its margins, a table is known by its treated events. Their law at a log odds ratio theta is
proportional to (ways of the counts) * exp(theta * count). It is the law of a sum of independent
Bernoulli counts (Vatutin and Mikhailov 1983, Theory of Probability and its Applications 27,
734-743), with standard deviation s say: it is negligible some 9 s from its middle, and the sum over
every h-th count, times h, differs from the sum over all by a share of less than
h exp(-s**2 (1 - cos(2 pi / h))). So a hundred counts are enough for a table of any size.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]

WHOLE = 100
"""Tables with no more counts than this are summed as a whole."""
TOGETHER = 50
"""As many of them are summed at once."""
LISTED = 100_000
"""Tables with more counts than this are not listed, only looked at where they matter."""


def expected(n1: Array, n2: Array, x: Array, ratio: Array) -> Array:
    """Treated events of a table with these margins whose odds ratio is exactly this."""
    # (1 - r) e^2 + (n2 - x + r (x + n1)) e - r x n1 = 0, the root between the margins
    linear = n2 - x + ratio * (x + n1)
    root = np.sqrt(np.maximum(linear**2 + 4 * (1 - ratio) * ratio * x * n1, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(
            np.where(
                linear < 0,  # then the ratio is below a half, and nothing cancels either
                (root - linear) / (2 * (1 - ratio)),
                2 * ratio * x * n1 / (linear + root),
            ),
            float,
        )


@dataclass(frozen=True)
class Table:
    """Events and non-events of the treated arm, then of the control arm, with fixed margins."""

    a: float
    b: float
    c: float
    d: float

    @cached_property
    def ends(self) -> tuple[float, float]:
        """Fewest and most treated events that the margins allow."""
        return self.a - min(self.a, self.d), self.a + min(self.b, self.c)

    @cached_property
    def size(self) -> float:
        """Most less fewest treated events."""
        return self.ends[1] - self.ends[0]

    @cached_property
    def log_ways(self) -> Array:
        """The log of the ways of every count, over those of the whole table."""
        low, high = self.ends
        n1, n2, x, k = self.a + self.b, self.c + self.d, self.a + self.c, np.arange(low, high + 1)
        ways = -special.betaln(n1 - k + 1, k + 1) - special.betaln(n2 - x + k + 1, x - k + 1)
        return np.asarray(ways - np.log(n1 + 1) - np.log(n2 + 1), float)

    def at(self, theta: Array) -> tuple[Array, Array, Array]:
        """The conditional log-likelihood with its two derivatives, at log odds ratios (m,)."""
        counts, stride = self._counts(theta)
        total, mean, spread = _moments(self.log_mass(counts, theta), counts - self.a)
        return self.own(theta) - total - np.log(stride), -mean, -spread

    def _counts(self, theta: Array) -> tuple[Array, Array]:
        """Treated events to sum over, a row for each theta, and the step between them."""
        if self.size <= WHOLE:
            return np.arange(self.ends[0], self.ends[1] + 1)[None, :], np.ones(1)
        middle, s = self.middle(theta)
        stride = np.maximum(1.0, np.floor(s / 2))
        reach = np.ceil(np.max((9 * s + 12) / stride))
        return middle[:, None] + stride[:, None] * np.arange(-reach, reach + 1), stride

    def near(self, theta: Array, far: float) -> Array:
        """All counts, or of a large table those within `far` standard deviations of the middle."""
        low, high = self.ends
        if self.size > 10 * WHOLE:
            middle, s = (float(part[0]) for part in self.middle(theta))
            reach = np.ceil(far * s + 30)
            low, high = max(low, middle - reach), min(high, middle + reach)
        return np.arange(low, high + 1)

    def middle(self, theta: Array) -> tuple[Array, Array]:
        """The count next to the middle of the law, and about its standard deviation."""
        fits = self._fitted(theta)
        return np.round(fits[0]), 1 / np.sqrt(np.sum([1 / fit for fit in fits], axis=0))

    def _fitted(self, theta: Array) -> tuple[Array, Array, Array, Array]:
        """The four cells with these margins and, as far as they allow, this odds ratio."""
        low, high = self.ends
        n1, n2, x, edge = self.a + self.b, self.c + self.d, self.a + self.c, 1e-15 * (1 + high)
        found = expected(np.array(n1), np.array(n2), np.array(x), np.exp(np.clip(theta, -300, 300)))
        treated = np.clip(found, low + edge, high - edge)
        return treated, n1 - treated, x - treated, n2 - x + treated

    def log_mass(self, counts: Array, theta: Array) -> Array:
        """The log of the ways of these counts times exp(theta * (count - own)), but a constant.

        The constant is that of `own`. Counts that the margins do not allow have none.
        """
        low, high = self.ends
        inside = (counts >= low) & (counts <= high)
        if self.size <= LISTED:
            ways = self.log_ways[(np.clip(counts, low, high) - low).astype(int)]
            return np.where(inside, ways + theta[:, None] * (counts - self.a), -np.inf)
        t, u, v, w = (fit[:, None] for fit in self._fitted(theta))
        beyond = theta[:, None] - np.log(t / u) + np.log(v / w)  # where no such cells can be
        with np.errstate(divide="ignore"):
            treated = np.log(_binomial(counts, self.a + self.b, t / (t + u)))
            control = np.log(_binomial(self.a + self.c - counts, self.c + self.d, v / (v + w)))
        return np.asarray(treated + control + beyond * (counts - self.a), float)

    def own(self, theta: Array) -> Array:
        """`log_mass` of the counts that were seen."""
        if self.size <= LISTED:
            return np.full_like(theta, self.log_ways[int(self.a - self.ends[0])])
        cells = (self.a, self.b, self.c, self.d)
        away = [special.kl_div(x, fit) for x, fit in zip(cells, self._fitted(theta), strict=True)]
        arms = ((self.a, self.b), (self.c, self.d))
        best = sum(float(np.log(_binomial(x, x + y, x / (x + y)))) for x, y in arms)
        return np.asarray(best - np.sum(away, axis=0), float)


def _binomial(count: Array | float, size: float, p: Array | float) -> Array:
    """Binomial probabilities, exact to rounding for counts of any size."""
    from scipy import stats  # a quarter of a second to load, and for large tables only

    return np.asarray(stats.binom.pmf(count, size, p), float)


def _moments(log: Array, away: Array) -> tuple[Array, Array, Array]:
    """Log of the sum of masses on the last axis, and mean and variance of what they lie at."""
    top = log.max(axis=-1, keepdims=True)
    mass = np.exp(log - top)
    total = mass.sum(axis=-1)
    mean = (mass * away).sum(axis=-1) / total
    spread = (mass * (away - mean[..., None]) ** 2).sum(axis=-1) / total
    return top[..., 0] + np.log(total), mean, spread


@dataclass(frozen=True)
class Tables:
    """Many tables, those that are summed as a whole a few dozen at once."""

    tables: list[Table]

    @cached_property
    def _groups(self) -> list[tuple[list[int], Array, Array, Array]]:
        """Which tables, their counts less those seen, the log of their ways, and of those seen."""
        small = [i for i, table in enumerate(self.tables) if table.size <= WHOLE]
        small.sort(key=lambda i: self.tables[i].size)
        groups = []
        for first in range(0, len(small), TOGETHER):
            which = small[first : first + TOGETHER]
            width = int(self.tables[which[-1]].size) + 1
            away, ways = np.zeros((len(which), width)), np.full((len(which), width), -np.inf)
            for row, i in enumerate(which):
                table = self.tables[i]
                counts = np.arange(table.ends[0], table.ends[1] + 1)
                away[row, : len(counts)] = counts - table.a
                ways[row, : len(counts)] = table.log_ways
            own = np.array([float(self.tables[i].own(np.zeros(1))[0]) for i in which])
            groups.append((which, away[:, None], ways[:, None], own[:, None]))
        return groups

    def at(self, theta: Array) -> tuple[Array, Array, Array]:
        """As `Table.at`, for log odds ratios (k, m)."""
        value, slope, curve = (np.empty_like(theta) for _ in range(3))
        for which, away, ways, own in self._groups:
            total, mean, spread = _moments(ways + away * theta[which][..., None], away)
            value[which], slope[which], curve[which] = own - total, -mean, -spread
        for i, table in enumerate(self.tables):
            if table.size > WHOLE:
                value[i], slope[i], curve[i] = table.at(theta[i])
        return value, slope, curve
