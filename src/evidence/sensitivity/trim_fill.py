"""Trim and fill (Duval and Tweedie 2000, doi 10.1111/j.0006-341X.2000.00455.x) on arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..errors import SynthesisError, choose
from .asymmetry import regression_test
from .subsets import Array, fit_subsets

COUNTS: dict[str, str] = {
    "L0": "from the signed ranks",
    "R0": "from the run of extreme ranks",
}
"""Estimators of the number of missing studies."""


@dataclass(frozen=True)
class Filled:
    """What trim and fill adds.

    Attributes:
        missing: studies added.
        se: standard error of their number.
        side: where they were added, "left" or "right".
        effect, variance: of all studies, the added ones last.
    """

    missing: int
    se: float
    side: str
    effect: Array
    variance: Array


def trim_and_fill(y: Array, v: Array, tau2: str, count: str = "L0", side: str = "") -> Filled:
    """Mirror images of the studies that make the funnel lopsided.

    Args:
        y: effects.
        v: their variances.
        tau2: a key of `TAU2_ESTIMATORS`, or "common", for the mean that is mirrored at.
        count: a key of `COUNTS`.
        side: "left" or "right"; by default the side that a regression on the standard error
            finds empty.

    Raises:
        SynthesisError: an unknown option, fewer than three studies, or variances all equal where
            the side has to be found.

    >>> import numpy as np
    >>> y, v = np.array([0.1, 0.2, 0.4, 0.9, 2.4, 3.1]), np.array([0.02, 0.02, 0.03, 0.1, 0.3, 0.4])
    >>> trim_and_fill(y, v, "common").missing
    2
    """
    choose(COUNTS, count, "estimator of missing studies")
    if len(y) < 3:
        raise SynthesisError(f"trim and fill needs at least 3 studies; there are {len(y)}")
    if not side:
        side = "right" if regression_test(y, v, np.sqrt(v), tau2).slope < 0 else "left"
    choose(dict.fromkeys(("left", "right")), side, "side")
    sign = -1.0 if side == "right" else 1.0
    order = np.argsort(sign * y, kind="stable")
    turned, own = sign * y[order], v[order]
    missing, se, centre = _missing(turned, own, tau2, count)
    extreme = slice(len(y) - missing, len(y))
    added = sign * (2 * centre - turned[extreme])
    return Filled(missing, se, side, np.append(y, added), np.append(v, own[extreme]))


def _missing(y: Array, v: Array, tau2: str, count: str) -> tuple[int, float, float]:
    """How many studies are missing on the left of sorted effects, its error, and the mean."""
    k, missing, before = len(y), 0, -1
    se = centre = 0.0
    for _ in range(100):
        if missing == before:
            return missing, se, centre
        before = missing
        kept = (np.arange(k) < k - missing)[None]
        centre = float(fit_subsets(y, v, kept, tau2).effect[0])
        away = y - centre
        ranks = np.empty(k)
        ranks[np.argsort(np.abs(away), kind="stable")] = np.arange(1, k + 1)
        if count == "R0":
            raw = k - float(np.max(ranks[away < 0], initial=0.0)) - 1
            se = math.sqrt(2 * max(0.0, raw) + 2)
        else:
            raw, se = _l0(float(ranks[away > 0].sum()), k)
        missing = min(max(0, round(raw)), k - 1)
    raise SynthesisError("trim and fill did not settle in 100 rounds; it has no answer here")


def _l0(ranks: float, k: int) -> tuple[float, float]:
    raw = (4 * ranks - k * (k + 1)) / (2 * k - 1)
    variance = (
        k * (k + 1) * (2 * k + 1) + 10 * raw**3 + 27 * raw**2 + 17 * raw
        - 18 * k * raw**2 - 18 * k * raw + 6 * k**2 * raw
    ) / 24  # fmt: skip
    return raw, 4 * math.sqrt(max(variance, 0.0)) / (2 * k - 1)
