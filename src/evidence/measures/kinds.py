"""What is pooled: a measure turns the counts of a study into an effect and its variance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .scale import Scale
from .zero_cells import ZeroPolicy

Array = NDArray[np.float64]
Kind = Literal["rate", "two_arm", "score"]


@dataclass(frozen=True)
class Effects:
    """One effect and one variance per study, with what was done to zero cells.

    Attributes:
        effect: shape (k,), analysis scale.
        variance: shape (k,), positive.
        corrected: shape (k,), true where a continuity correction was added.
        size: shape (k,), people or person-time, for scales that need it to be read back.
    """

    effect: Array
    variance: Array
    corrected: NDArray[np.bool_]
    size: Array


@dataclass(frozen=True)
class Measure:
    """Everything the project knows about one measure.

    Attributes:
        key: its name in `MEASURES` and in `questions.toml`.
        label: its name in print.
        needs: columns that the frame must have.
        compute: frame and zero policy -> effects on the analysis scale.
        scale: analysis scale and the way back (for a scale that depends on the study size, at
            the harmonic mean of the studies that were pooled).
        zero_policy: what happens to a study where nobody or everybody had the event, in words.
        r_name: what metafor and meta call it.
        family: "binomial" or "poisson", the likelihood of its counts.
        scale_at: size -> scale, for a scale that depends on the study size.
        discouraged: why it should not be the only analysis; empty where nothing speaks against it.
        kind: "rate" of one group, "two_arm" comparison of counts, or "score" (means).
        instead: figures that serve as well as those of `needs`; of each arm where two are compared.
    """

    key: str
    label: str
    needs: tuple[str, ...]
    compute: Callable[[pd.DataFrame, ZeroPolicy], Effects]
    scale: Scale
    zero_policy: str
    r_name: str
    family: str = "binomial"
    scale_at: Callable[[float], Scale] | None = None
    discouraged: str = ""
    kind: Kind = "rate"
    instead: tuple[str, ...] = ()

    @property
    def two_arms(self) -> bool:
        """True where two arms are compared."""
        return any(name.endswith("_c") for name in self.needs)

    @property
    def in_points(self) -> bool:
        """True where an estimate is in points of the scale that scores were read on."""
        return self.kind == "score" and self.scale.key == "raw"

    @property
    def subtracts(self) -> bool:
        """True for a change or a difference of scores, which is 0 where there is none."""
        paired = "correlation" in self.needs or self.two_arms
        return self.kind == "score" and self.scale.null == 0 and paired

    @property
    def counts_people(self) -> bool:
        """True where the denominator is people, false where it is person-time."""
        return self.family == "binomial"

    @property
    def compares(self) -> bool:
        """True where one value means no difference: two arms, or after against before."""
        return self.scale.null is not None and "mean" not in self.needs
