"""Cohorts that may share patients: which, why, and what the choice does to a pooled answer."""

from __future__ import annotations

from ..formatting import fixed, plural
from ..pooling.model import pool
from ..questions import Answer, answer
from ..tables.load import Tables
from ..tables.overlaps import Pairs, largest_free, people, probable
from ..tables.toml import model_of
from .finding import Audit

CHECK = "overlap"


def overlaps(tables: Tables) -> list[Audit]:
    """A finding for every pair of cohorts that may share patients though the table has them apart.

    Cohorts that the table has together (reports of the same patients) never enter an answer twice.
    """
    effects = _effects(tables, pairs := probable(tables))
    return [
        Audit(
            CHECK, f"{one} and {other}", "may share patients", "warning",
            f"different cohorts in the table, but {why}", effects.get((one, other), ""),
        )
        for (one, other), why in pairs.items()
    ]  # fmt: skip


def _effects(tables: Tables, pairs: Pairs) -> dict[tuple[str, str], str]:
    """What the largest overlap-free set answers, for every pair that enters one answer."""
    said: dict[tuple[str, str], list[str]] = {}
    suspects = {name for pair in pairs for name in pair}
    for key, question in tables.questions.items():
        bearing = tables.studies[tables.studies["outcome"].isin(question.outcomes)]
        if not question.pool or len(suspects & set(bearing["cohort"])) < 2:
            continue
        found = answer(key, tables)
        studies = found.synthesis.studies
        entered = people(studies, found.synthesis.measure.needs)
        inside = {pair for pair in pairs if set(pair) <= set(entered)}
        if inside and found.synthesis.estimate is not None:
            text = _without(found, largest_free(entered, inside))
            for pair in inside:
                said.setdefault(pair, []).append(text)
    return {pair: "; ".join(texts) for pair, texts in said.items()}


def _without(found: Answer, chosen: frozenset[str]) -> str:
    whole = found.synthesis
    rows = whole.studies[whole.studies["cohort"].isin(chosen)]
    rows = rows.drop(columns=["estimate", "low", "high", "effect", "variance", "weight"])
    rest = pool(rows, found.question.measure, model_of(found.question.model))
    scale = whole.measure.scale
    all_of, sure = (
        f"{fixed(scale.decimals)(scale.factor * (one.estimate or 0.0))}{scale.unit}"
        for one in (whole, rest)
    )
    return (
        f"{found.question.key}: {all_of} of {plural(whole.k, 'cohort')}, {sure} of the {rest.k} "
        "that surely differ"
    )
