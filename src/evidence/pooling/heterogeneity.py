"""How much the studies differ, with the definition of each figure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .tau2 import cochran_q, q_profile

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """Two limits and their confidence level."""

    low: float
    high: float
    level: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Heterogeneity:
    """Between-study variance and what follows from it.

    Attributes:
        tau2: between-study variance on the analysis scale.
        tau2_interval: its Q-profile interval (Viechtbauer 2007).
        i2: share of the variance that is between studies, a fraction:
            tau2 / (tau2 + typical variance) of Higgins and Thompson (2002), doi 10.1002/sim.1186.
        q: Cochran's Q, with `df` degrees of freedom and p-value `p`.
    """

    tau2: float
    tau2_interval: Interval
    i2: float
    q: float
    df: int
    p: float


def heterogeneity(y: Array, v: Array, tau2: float, level: float) -> Heterogeneity:
    """All heterogeneity figures of k >= 2 effects `y` with variances `v` at a given tau2."""
    w, df, q = 1 / v, len(y) - 1, cochran_q(y, v)
    typical = df * w.sum() / (w.sum() ** 2 - w @ w)
    return Heterogeneity(
        tau2=tau2,
        tau2_interval=Interval(*q_profile(y, v, level), level),
        i2=float(tau2 / (tau2 + typical)),
        q=q,
        df=df,
        p=float(special.chdtrc(df, q)),
    )
