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

    @property
    def counts_people(self) -> bool:
        """True where the denominator is people, false where it is person-time."""
        return self.family == "binomial"

    @property
    def compares(self) -> bool:
        """True where one value means no difference: two arms, or after against before."""
        return self.scale.null is not None and "mean" not in self.needs
