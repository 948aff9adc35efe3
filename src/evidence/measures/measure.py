"""What is pooled: a measure turns the counts of a study into an effect and its variance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..rates import counts
from .scale import LOGIT, Scale

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Effects:
    """One effect and one variance per study, with what was done to zero cells.

    Attributes:
        effect: shape (k,), analysis scale.
        variance: shape (k,), positive.
        corrected: shape (k,), true where a continuity correction was added.
    """

    effect: Array
    variance: Array
    corrected: NDArray[np.bool_]


@dataclass(frozen=True)
class Measure:
    """Everything the project knows about one measure.

    Attributes:
        key: its name in `MEASURES` and in `questions.toml`.
        label: its name in print.
        needs: columns that the frame must have.
        compute: frame -> effects on the analysis scale.
        scale: analysis scale and the way back.
        zero_policy: what happens to a study where nobody or everybody had the event, in words.
        r_name: what metafor and meta call it.
    """

    key: str
    label: str
    needs: tuple[str, ...]
    compute: Callable[[pd.DataFrame], Effects]
    scale: Scale
    zero_policy: str
    r_name: str


def _logit_proportion(frame: pd.DataFrame) -> Effects:
    """Log odds x/(n-x) with variance 1/x + 1/(n-x); 0.5 joins both cells of a study at 0 or n.

    Source: Stijnen, Hamza and Ozdemir (2010), doi 10.1002/sim.4040; the correction goes only to
    the studies that need it, as in metafor's `to="only0"`.
    """
    events, total = counts(frame)
    corrected = (events == 0) | (events == total)
    with_event = events + 0.5 * corrected
    without = total - events + 0.5 * corrected
    return Effects(np.log(with_event / without), 1 / with_event + 1 / without, corrected)


MEASURES: dict[str, Measure] = {
    measure.key: measure
    for measure in (
        Measure(
            key="proportion_logit",
            label="Proportion",
            needs=("events", "total"),
            compute=_logit_proportion,
            scale=LOGIT,
            zero_policy="0.5 added to events and non-events",
            r_name='metafor measure="PLO", meta sm="PLOGIT"',
        ),
    )
}
