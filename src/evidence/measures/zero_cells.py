"""What is done to studies where nobody or everybody had the event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import SynthesisError, choose

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ZeroPolicy:
    """A continuity correction: how much is added to each cell, and to which studies.

    Attributes:
        add: what joins events and, for proportions, non-events.
        to: a key of `ZERO_TARGETS`.

    Raises:
        SynthesisError: a negative amount, or a target that is not in the register.
    """

    add: float = 0.5
    to: str = "only_zero"

    def __post_init__(self) -> None:
        choose(ZERO_TARGETS, self.to, "zero policy")
        if not 0 <= self.add < np.inf:
            raise SynthesisError(f"the zero correction must be 0 or more, such as 0.5: {self.add}")

    def corrected(self, at_bound: Mask) -> Mask:
        """Which studies the correction reaches, given which of them lie at a bound."""
        if self.add == 0 or self.to == "none":
            return np.zeros_like(at_bound)
        if self.to == "all" or (self.to == "all_if_any" and bool(at_bound.any())):
            return np.ones_like(at_bound)
        return at_bound if self.to == "only_zero" else np.zeros_like(at_bound)


ZERO_TARGETS: dict[str, str] = {
    "only_zero": "to the studies that need it",
    "all_if_any": "to every study when one needs it",
    "all": "to every study",
    "none": "to no study",
}
"""metafor calls them to="only0", "if0all", "all" and "none"."""
