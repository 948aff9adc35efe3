"""How to pool (Model), the answer (Synthesis), and the one function between them (pool)."""

from __future__ import annotations

from .answers import METHODS, pool
from .options import METHOD_KINDS, Model
from .synthesis import Likelihood, Synthesis

__all__ = ["METHODS", "METHOD_KINDS", "Likelihood", "Model", "Synthesis", "pool"]
