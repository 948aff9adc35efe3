"""Scores held against their scale: means inside it, spreads that a scale of this range allows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from ..errors import Problem
from .reading import Chunk, problem

STANDARD_ERROR = 0.03
"""A spread below this share of the scale's range is taken for a standard error."""


def check_scales(
    path: Path, chunk: Chunk, vocabulary: Mapping[str, Mapping[str, object]] | None
) -> list[Problem]:
    """Every mean outside its scale, and every standard deviation that cannot be one.

    A standard deviation is never above sqrt((mean - low)(high - mean) n/(n - 1)): Bhatia and Davis
    (2000), doi 10.1080/00029890.2000.12005203.
    """
    cells, found = chunk.cells, []
    if "scale" not in cells.columns:
        return []
    scales = {} if vocabulary is None else vocabulary.get("scales", {})
    for line, (_, row) in zip(chunk.lines, cells.iterrows(), strict=True):
        term = scales.get(str(row["scale"]))
        ends = (getattr(term, "low", None), getattr(term, "high", None))
        study = row.get("study_id")
        for when in ("before", "after"):
            for message in _faults(row, when, ends):
                found.append(problem(path, line, message, study if isinstance(study, str) else ""))
    return found


def _faults(row: pd.Series, when: str, ends: tuple[float | None, float | None]) -> list[str]:
    mean, sd, n = (_number(row.get(name)) for name in (f"mean_{when}", f"sd_{when}", "n"))
    low, high = ends
    if sd is not None and sd <= 0:
        return [f"sd_{when} is {sd:g}; a standard deviation is above 0, or the cell is blank"]
    scale = f"scale {row['scale']} ({_end(low)} to {_end(high)})"
    if mean is not None and (
        (low is not None and mean < low) or (high is not None and mean > high)
    ):
        return [f"mean_{when} is {mean:g}, outside the {scale}; check the scale and the number"]
    if sd is None or low is None or high is None:
        return []
    if mean is not None:
        most = ((mean - low) * (high - mean)) ** 0.5
        most *= (n / (n - 1)) ** 0.5 if n and n > 1 else 1.0
        if sd > 1.02 * most + 0.005:
            return [
                f"sd_{when} is {sd:g} and can be at most {most:.3g} at a mean of {mean:g} on the "
                f"{scale}; check both numbers"
            ]
    if sd < STANDARD_ERROR * (high - low):
        return [
            f"sd_{when} is {sd:g}, too small for the {scale}: probably a standard error; give the "
            "standard deviation, which is the standard error times the root of n"
        ]
    return []


def _number(cell: object) -> float | None:
    found = pd.to_numeric(pd.Series([cell], dtype="object"), errors="coerce").iloc[0]
    return None if pd.isna(found) else float(found)


def _end(end: float | None) -> str:
    return "?" if end is None else f"{end:g}"
