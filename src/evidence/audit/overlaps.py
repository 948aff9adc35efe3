"""Cohorts that may share patients: which, why, and what the choice does to a pooled answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from itertools import combinations

import pandas as pd

from ..formatting import fixed, plural
from ..pooling.model import pool
from ..questions import Answer, answer
from ..tables.load import Tables
from ..tables.toml import model_of
from .finding import Audit

CHECK = "overlap"
_YEARS = 10
"""Reports further apart than this hardly share patients."""

Pairs = dict[tuple[str, str], str]


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


def probable(tables: Tables) -> Pairs:
    """Pairs of cohorts that may share patients, with the reason.

    Two reports of different cohorts are paired when they count patients of one kind treated in one
    way, are at most ten years apart, and share two authors or the first.
    """
    names = ["study_id", "cohort", "population", "intervention"]
    counted = tables.studies[tables.studies["total"].notna()]
    rows = pd.concat([counted[names], tables.scores[names]]).drop_duplicates()
    years = dict(tables.references[["study_id", "year"]].to_numpy())
    authors = {
        study: [name for name in listed.split(", ") if re.fullmatch(r".+ [A-Z]+", name)]
        for study, listed in tables.references[["study_id", "authors"]].to_numpy()
    }
    found: Pairs = {}
    for _, alike in rows.groupby(["population", "intervention"], sort=False):
        for one, other in combinations(alike[["study_id", "cohort"]].to_numpy().tolist(), 2):
            shared = [name for name in authors[one[0]] if name in authors[other[0]]]
            first = shared[:1] == authors[one[0]][:1] == authors[other[0]][:1] and bool(shared)
            near = abs(_year(years[one[0]]) - _year(years[other[0]])) <= _YEARS
            if one[1] != other[1] and near and (len(shared) > 1 or first):
                found.setdefault(_pair(one[1], other[1]), f"they share {', '.join(shared)}")
    return found


def largest_free(weights: Mapping[str, float], pairs: Set[tuple[str, str]]) -> frozenset[str]:
    """The cohorts with the most people of whom no two are paired; exact, the first among equals.

    >>> sorted(largest_free({"a": 10, "b": 15, "c": 10}, {("a", "b"), ("b", "c")}))
    ['a', 'c']
    """
    clash = next((pair for pair in sorted(pairs) if set(pair) <= set(weights)), None)
    if clash is None:
        return frozenset(weights)
    choices = []
    for dropped in reversed(clash):
        kept = {name: weight for name, weight in weights.items() if name != dropped}
        choices.append(largest_free(kept, pairs))
    return max(choices, key=lambda chosen: sum(weights[name] for name in chosen))


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
        sizes = [name for name in found.synthesis.measure.needs if name.startswith(("total", "n"))]
        people = studies[sizes].astype(float).sum(axis=1)
        entered = dict(zip(studies["cohort"], people, strict=True))
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


def _year(text: str) -> int:
    """The year of a work; one without a year is near to none."""
    return int(text) if text else -_YEARS


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)
