"""Cohorts that may share patients though the table has them apart."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from functools import lru_cache
from itertools import combinations
from types import MappingProxyType

import pandas as pd

from .load import Tables

_YEARS = 10
"""Reports further apart than this hardly share patients."""

Pairs = Mapping[tuple[str, str], str]


@lru_cache(maxsize=4)
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
    found: dict[tuple[str, str], str] = {}
    for _, alike in rows.groupby(["population", "intervention"], sort=False):
        for one, other in combinations(alike[["study_id", "cohort"]].to_numpy().tolist(), 2):
            shared = [name for name in authors[one[0]] if name in authors[other[0]]]
            first = shared[:1] == authors[one[0]][:1] == authors[other[0]][:1] and bool(shared)
            near = abs(_year(years[one[0]]) - _year(years[other[0]])) <= _YEARS
            if one[1] != other[1] and near and (len(shared) > 1 or first):
                found.setdefault(_pair(one[1], other[1]), f"they share {', '.join(shared)}")
    return MappingProxyType(found)


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


def people(rows: pd.DataFrame, needs: Sequence[str]) -> dict[str, float]:
    """Cohort -> people in its row, all arms together; `needs` are the columns of the measure."""
    sizes = [name for name in needs if name.startswith(("total", "n"))]
    counts = rows[sizes].astype(float).sum(axis=1)
    return dict(zip(rows["cohort"], counts, strict=True))


def _year(text: str) -> int:
    """The year of a work; one without a year is near to none."""
    return int(text) if text else -_YEARS


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)
