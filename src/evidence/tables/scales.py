"""Scores held against their scale and against each other: what no scores of that many can give."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pandas as pd

from ..errors import Problem
from ..recover import number_of
from .reading import Chunk, problem

STANDARD_ERROR = 0.03
"""A spread below this share of the scale's range is taken for a standard error."""

OF_MANY = (30, 0.05)
"""From so many people on, a spread below this share is."""

RISING = ("minimum", "q1", "median", "q3", "maximum")
PAIRS = (("ci_low", "ci_high"), ("q1", "q3"), ("minimum", "maximum"))
WHENS = ("before", "after", "change")
Figures = dict[str, float]
Limits = tuple[float | None, float | None]


def check_scales(
    path: Path, chunk: Chunk, vocabulary: Mapping[str, Mapping[str, object]] | None
) -> list[Problem]:
    """Every score outside its scale, every spread that cannot be one, every order that is broken.

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
        for message in _faults(row, ends):
            found.append(problem(path, line, message, study if isinstance(study, str) else ""))
    return found


def _faults(row: pd.Series, ends: Limits) -> Iterator[str]:
    low, high = ends
    name = f"scale {row['scale']} ({_end(low)} to {_end(high)})"
    whens = {when: _figures(row, when) for when in WHENS}
    for when, figures in whens.items():
        yield from _unpaired(figures, when)
        yield from _disordered(figures, when)
        limits = ends
        if when == "change":
            wide = None if low is None or high is None else high - low
            limits = (None if wide is None else -wide, wide)
        outside = list(_outside(figures, when, limits, name))
        yield from outside
        if not outside:
            yield from _spread(figures, when, limits, name)
    yield from _change(whens, number_of(row.get("correlation")))


def _figures(row: pd.Series, when: str) -> Figures:
    """Every figure of one time that is a number, and `n`."""
    names = ("mean", "sd", "se", "ci_low", "ci_high", *RISING)
    cells = {name: number_of(row.get(f"{name}_{when}")) for name in names}
    cells["n"] = number_of(row.get("n"))
    return {name: value for name, value in cells.items() if value is not None}


def _unpaired(figures: Figures, when: str) -> Iterator[str]:
    """One end of a range, of an interval or of the quartiles without the other."""
    for names in PAIRS:
        there = [name for name in names if name in figures]
        if len(there) == 1:
            (lacking,) = set(names) - set(there)
            yield (
                f"{there[0]}_{when} is given and {lacking}_{when} is blank; give both ends or "
                "neither"
            )


def _disordered(figures: Figures, when: str) -> Iterator[str]:
    """Ends that do not rise, and a mean outside its own interval or range."""
    for names in (RISING, ("minimum", "mean", "maximum"), ("ci_low", "mean", "ci_high")):
        given = [name for name in names if name in figures]
        for one, two in pairwise(given):
            if figures[one] > figures[two]:
                yield (
                    f"{one}_{when} ({figures[one]:g}) must not exceed {two}_{when} "
                    f"({figures[two]:g}); check both numbers"
                )


def _outside(figures: Figures, when: str, limits: Limits, name: str) -> Iterator[str]:
    """Figures that no score on the scale can give."""
    low, high = limits
    where = "beyond what can change on the" if when == "change" else "outside the"
    for figure in ("mean", *RISING):
        value = figures.get(figure)
        if value is not None and (
            (low is not None and value < low) or (high is not None and value > high)
        ):
            yield (f"{figure}_{when} is {value:g}, {where} {name}; check the scale and the number")


def _spread(figures: Figures, when: str, limits: Limits, name: str) -> Iterator[str]:
    """A standard deviation or error that is none, of its own or beside the other."""
    sd, se, n = (figures.get(one) for one in ("sd", "se", "n"))
    for figure, value, words in (("sd", sd, "deviation"), ("se", se, "error")):
        if value is not None and value <= 0:
            yield (
                f"{figure}_{when} is {value:g}; a standard {words} is above 0, or the cell is blank"
            )
            return
    if sd is not None and se is not None and se > sd:
        yield (
            f"se_{when} ({se:g}) is larger than sd_{when} ({sd:g}); a standard error is the "
            "standard deviation over the root of n: the two may be exchanged"
        )
        return
    most = _largest_sd(figures, limits)
    if most is None:
        return
    at = f" at a mean of {figures['mean']:g}" if "mean" in figures else ""
    if sd is not None and _exceeds(sd, most):
        yield (
            f"sd_{when} is {sd:g} and can be at most {most:.3g}{at} on the {name}; check both "
            "numbers"
        )
    elif sd is not None and when != "change" and _looks_like_an_error(sd, n, limits, most):
        yield (
            f"sd_{when} is {sd:g}, too small for the {name}: probably a standard error; give it "
            f"in se_{when}, or the standard deviation, which is the error times the root of n"
        )
    if se is not None and n is not None and _exceeds(se * math.sqrt(n), most):
        yield (
            f"se_{when} is {se:g}, for {n:g} people a standard deviation of "
            f"{se * math.sqrt(n):.3g}, which can be at most {most:.3g}{at} on the {name}: "
            f"probably the standard deviation itself; give it in sd_{when}"
        )


def _largest_sd(figures: Figures, limits: Limits) -> float | None:
    """The largest standard deviation that the ends of the scale allow."""
    low, high = limits
    if low is None or high is None:
        return None
    mean, n = figures.get("mean", (low + high) / 2), figures.get("n")
    most = math.sqrt((mean - low) * (high - mean))
    return most * (math.sqrt(n / (n - 1)) if n and n > 1 else 1.0)


def _exceeds(sd: float, most: float) -> bool:
    """Whether a spread is too large, with room for a source's rounding."""
    return sd > 1.02 * most + 0.005


def _looks_like_an_error(sd: float, n: float | None, limits: Limits, most: float) -> bool:
    """Whether a spread is narrow for its scale, and as an error would give one that can be."""
    low, high = limits
    if low is None or high is None:
        return False
    many, narrow = OF_MANY
    least = narrow if n is not None and n >= many else STANDARD_ERROR
    return sd < least * (high - low) and not _exceeds(sd * math.sqrt(n or 1), most)


def _change(whens: Mapping[str, Figures], correlation: float | None) -> Iterator[str]:
    """A change that the figures before and after rule out, or a perfect correlation.

    The standard deviation of a difference lies between the difference and the sum of the two.
    """
    if correlation is not None and abs(correlation) == 1:
        yield "correlation is 1 or -1; scores of people lie between, or the cell is blank"
    before, after, change = (whens[when].get("mean") for when in WHENS)
    if before is not None and after is not None and change is not None:
        fall = after - before
        if fall * change < 0 and abs(fall + change) < 0.2 * abs(fall):
            yield (
                f"mean_change is {change:g} and the mean goes from {before:g} to {after:g}; it is "
                f"after less before, so change its sign"
            )
    before, after, change = (whens[when].get("sd") for when in WHENS)
    if before is not None and after is not None and change is not None:
        least, most = abs(before - after), before + after
        if not 0.98 * least - 0.01 <= change <= 1.02 * most + 0.01:
            yield (
                f"sd_change is {change:g} and must lie between {least:.3g} and {most:.3g}, since "
                f"sd_before is {before:g} and sd_after is {after:g}; check the three"
            )


def _end(end: float | None) -> str:
    return "?" if end is None else f"{end:g}"
