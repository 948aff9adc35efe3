"""Every measure that can be pooled, in one register."""

from __future__ import annotations

from .incidence import INCIDENCE
from .kinds import Effects, Measure
from .proportions import PROPORTIONS
from .scores import SCORES
from .two_arm import TWO_ARM

__all__ = ["MEASURES", "Effects", "Measure"]

MEASURES: dict[str, Measure] = {
    measure.key: measure for measure in (*PROPORTIONS, *INCIDENCE, *TWO_ARM, *SCORES)
}
