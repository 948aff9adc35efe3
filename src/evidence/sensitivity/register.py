"""Every check, and the checks of a question's answer."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from ..errors import SynthesisError, choose
from ..pooling.model import Synthesis
from ..questions import Answer
from ..tables.load import Tables
from .adjusted import adjusted
from .bias import risk_of_bias
from .check import Check, CheckFunction, Stated
from .cumulative import cumulative
from .fragility import fragility
from .gosh import baujat_check, gosh_check, outlier_sweep
from .imprecision import imprecision
from .influence import influence_check, leave_one_out
from .multiverse import multiverse
from .small_study import small_study

CHECKS: dict[str, CheckFunction] = {
    "leave_one_out": leave_one_out,
    "influence": influence_check,
    "baujat": baujat_check,
    "gosh": gosh_check,
    "outlier_sweep": outlier_sweep,
    "cumulative": cumulative,
    "small_study": small_study,
    "adjusted": adjusted,
    "multiverse": multiverse,
    "risk_of_bias": risk_of_bias,
    "imprecision": imprecision,
    "fragility": fragility,
}
"""Every check: an answer and what was stated beforehand -> `Check`."""


def sturdiness(
    found: Answer, tables: Tables, *names: str, few_anyway: bool = False
) -> dict[str, Check]:
    """The checks of a question's answer.

    Args:
        found: what `answer` returned.
        tables: the tables it was answered from, for the studies' years.
        names: keys of `CHECKS`; without any, all of them.
        few_anyway: run the tests of small-study effects with fewer than ten studies.

    Raises:
        SynthesisError: an unknown check, an answer that pools too few studies, or a check asked
            for by name that has no meaning for the answer; it names the question and the count.
            Among all checks, one without meaning says so in its verdict.

    >>> from evidence import answer, load
    >>> tables = load()
    >>> found = sturdiness(answer("symptomatic-recurrence", tables), tables, "leave_one_out")
    >>> len(found["leave_one_out"].table)
    11
    """
    chosen = {name: choose(CHECKS, name, "check") for name in names or CHECKS}
    synthesis, stated = subject(found, tables), replace(stated_of(found), few_anyway=few_anyway)
    checks = {}
    for name, function in chosen.items():
        try:
            checks[name] = function(synthesis, stated)
        except SynthesisError as error:
            if names or synthesis.k < 3 or synthesis.estimate is None:
                raise SynthesisError(f"question {found.question.key!r}: {error}") from None
            verdict = f"No verdict: refused, because {error}"
            checks[name] = Check(name, verdict, pd.DataFrame(), "Nothing was computed.")
    scale = synthesis.measure.scale
    return {name: replace(one, scale=one.scale or scale) for name, one in checks.items()}


def subject(found: Answer, tables: Tables) -> Synthesis:
    """The answer with the year of every study."""
    years = pd.to_numeric(tables.references.set_index("study_id")["year"], errors="coerce")
    studies = found.synthesis.studies
    return replace(found.synthesis, studies=studies.assign(year=studies["study_id"].map(years)))


def stated_of(found: Answer) -> Stated:
    """What the question states beforehand, for the checks to judge by."""
    question = found.question
    plain = Stated(
        threshold=question.threshold, important=question.important,
        restrictions=dict(found.sensitivity), general=frozenset(question.inherited),
    )  # fmt: skip
    if question.sturdy is None:
        return plain
    sturdy = question.sturdy
    return replace(plain, change=sturdy.change, events=sturdy.events, people=sturdy.people)
