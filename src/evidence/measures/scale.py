"""The analysis scale of a measure and the way back to the scale that people read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """A monotone pair of functions between what is read (estimate) and what is analysed (effect).

    Attributes:
        key: name of the scale, as in `Measure.scale.key`.
        label: its name in a sentence.
        link: estimate -> effect.
        inverse: effect -> estimate.
        unit: what follows a printed estimate, such as "%".
        factor: printed number per unit of estimate (100 for percent).
        bounds: the smallest and largest possible estimate.
    """

    key: str
    label: str
    link: Callable[[Array], Array]
    inverse: Callable[[Array], Array]
    unit: str
    factor: float
    bounds: tuple[float, float]


LOGIT = Scale(
    key="logit",
    label="log odds",
    link=lambda estimate: np.asarray(special.logit(estimate), float),
    inverse=lambda effect: np.asarray(special.expit(effect), float),
    unit="%",
    factor=100.0,
    bounds=(0.0, 1.0),
)
