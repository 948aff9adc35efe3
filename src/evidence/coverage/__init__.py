"""Simulated coverage and width of every interval of a pooled rate: docs/coverage.md.

Run by `make coverage` (`python -m evidence.coverage`), in minutes. Seeded: the same numbers give
the same page, whatever the number of processes.
"""

from .page import page, published, verdicts
from .scenarios import NESTED, SCENARIOS, Scenario, Sets, simulate
from .simulation import run, study

__all__ = [
    "NESTED",
    "SCENARIOS",
    "Scenario",
    "Sets",
    "page",
    "published",
    "run",
    "simulate",
    "study",
    "verdicts",
]
