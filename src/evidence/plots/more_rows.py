"""Rows that join those of a forest plot: groups, further answers, excluded studies, claims."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import pandas as pd

from ..errors import SynthesisError
from ..formatting import fixed, p_value
from ..pooling.model import Synthesis
from ..rates import study_rates
from .rows import answer_rows, finished, forest_rows, study_names


class GroupTest(Protocol):
    """A chi-square test of equal answers, such as that of subgroups."""

    @property
    def q(self) -> float | None:
        """The statistic; None where there was nothing to test."""

    @property
    def df(self) -> int:
        """Degrees of freedom."""

    @property
    def p(self) -> float | None:
        """The p-value."""


def group_rows(
    groups: Mapping[str, Synthesis], overall: Synthesis, test: GroupTest | str | None = None
) -> pd.DataFrame:
    """The rows of a plot in blocks: a group's name, its studies, its subtotal; then the answer.

    A group of one study has no subtotal, for it would repeat the study. Weights are those in the
    overall answer.

    Args:
        groups: the answer of each group by its name, in the order wanted.
        overall: the answer of all their studies together.
        test: of the difference between the groups, or a sentence on it; a line below the rows.

    Raises:
        SynthesisError: the groups do not hold exactly the studies of the overall answer.
    """
    inside = [name for answer in groups.values() for name in answer.studies["study_id"]]
    if sorted(inside) != sorted(overall.studies["study_id"]):
        raise SynthesisError("the groups must hold every study of the overall answer exactly once")
    rows = forest_rows(overall)
    blocks = []
    for name, answer in groups.items():
        blocks.append(pd.DataFrame([{"kind": "group", "label": name}]))
        own = rows["study_id"].isin(answer.studies["study_id"]) & (rows["kind"] == "study")
        blocks.append(rows[own])
        subtotal = answer_rows(answer).query("kind == 'pooled'")  # none for a single study
        weight = rows[own]["weight"].sum()
        blocks.append(subtotal.assign(kind="subtotal", label="Subtotal", weight=weight))
    blocks.append(rows[rows["kind"] != "study"])
    if said := _difference(test):
        blocks.append(pd.DataFrame([{"kind": "test", "label": said}]))
    return finished(pd.concat(blocks, ignore_index=True), overall)


def _difference(test: GroupTest | str | None) -> str:
    """The test of a difference in words; empty without one."""
    if test is None or isinstance(test, str):
        return test or ""
    if test.q is None or test.p is None:
        return "Subgroup differences were not tested: fewer than two groups have an answer."
    return (
        f"Test for subgroup differences: Q {fixed(2)(test.q)} on {test.df} df, p {p_value(test.p)}."
    )


def add_answer(rows: pd.DataFrame, other: Synthesis, label: str) -> pd.DataFrame:
    """The rows with the diamond of another answer to the same question below the first.

    Args:
        rows: from `forest_rows`.
        other: for example the same studies pooled by another model.
        label: what sets it apart.

    Raises:
        SynthesisError: the other answer has no diamond.
    """
    new = answer_rows(other)
    new = new[new["kind"] == "pooled"].assign(label=label, weight=None)
    if new.empty:
        raise SynthesisError(f"{label!r} has no pooled estimate to draw; it has {other.k} studies")
    first = rows["kind"] == "pooled"
    last = int(first[first].index.max()) if first.any() else len(rows) - 1
    parts = [rows.iloc[: last + 1], new, rows.iloc[last + 1 :]]
    return finished(pd.concat(parts, ignore_index=True), other)


def add_excluded(rows: pd.DataFrame, excluded: pd.DataFrame, synthesis: Synthesis) -> pd.DataFrame:
    """The rows followed by those that were not pooled, each with its reason.

    Args:
        rows: from `forest_rows`.
        excluded: rows with `study_id` (and perhaps `label`), `exclude_because`, `events` and
            `total`; a row without usable counts shows its reason only.
        synthesis: the answer; it gives the studies' interval and level.

    Raises:
        SynthesisError: a needed column is missing.
    """
    missing = {"study_id", "exclude_because", "events", "total"} - set(excluded.columns)
    if missing:
        raise SynthesisError(f"excluded rows need the column {', '.join(sorted(missing))}")
    new = excluded.reset_index(drop=True)
    new = new.assign(kind="excluded", label=study_names(new) + " (" + new["exclude_because"] + ")")
    counted = new["events"].notna() & new["total"].gt(0) & new["events"].between(0, new["total"])
    rates = study_rates(new[counted], synthesis.model.study_interval, level=synthesis.model.level)
    new = pd.concat([rates, new[~counted]]).loc[new.index]
    return finished(pd.concat([rows, new], ignore_index=True), synthesis)


def add_claim(
    rows: pd.DataFrame, label: str, value: float | tuple[float, float], synthesis: Synthesis
) -> pd.DataFrame:
    """The rows with a claimed value, or range, marked above the axis as a row of its own.

    Args:
        rows: from `forest_rows`.
        label: who claims, in a few words.
        value: reading scale (0.28 is 28 %), one number or two limits.
        synthesis: the answer that the claim is held against.
    """
    low, high = value if isinstance(value, tuple) else (value, value)
    bounds = synthesis.measure.scale.bounds
    if not bounds[0] <= low <= high <= bounds[1]:
        raise SynthesisError(f"a claimed value must lie in {bounds}, low before high; got {value}")
    one = None if isinstance(value, tuple) else value
    claim = pd.DataFrame(
        [{"kind": "claim", "label": label, "estimate": one, "low": low, "high": high}]
    )
    return finished(pd.concat([rows, claim], ignore_index=True), synthesis)
