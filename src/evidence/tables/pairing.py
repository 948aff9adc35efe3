"""Arms of comparisons: each has its partner, one control at a time, and figures of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..errors import Problem
from .reading import Chunk, problem

KEYS = ("comparison", "outcome", "scale", "time_basis", "follow_up_months")
SIZES = ("total", "n")
COUNTS = ("events", "printed_percent")


@dataclass(frozen=True)
class Arm:
    """What must be known of one row to pair it."""

    line: int
    study: str
    role: str
    arm: str
    size: str
    usable: bool
    events: str = ""
    percent: str = ""


class Pairs:
    """The arms of every comparison at each outcome and time, while a table is read."""

    def __init__(self) -> None:
        self._arms: dict[tuple[str, ...], list[Arm]] = {}

    def add(self, chunk: Chunk) -> None:
        """Take the rows of a chunk that belong to a comparison."""
        cells = chunk.cells
        if not {"comparison", "role", "outcome", "arm", "study_id"} <= set(cells.columns):
            return
        size = next((name for name in SIZES if name in cells.columns), "")
        inside = cells["comparison"].notna() & cells["role"].isin(["intervention", "control"])
        places, kept = inside.to_numpy(bool).nonzero()[0], cells[inside]
        names = (*KEYS, "study_id", "role", "arm", size, "exclude_because", *COUNTS)
        columns = [_texts(kept, name) for name in names]
        for place, row in zip(places, zip(*columns, strict=True), strict=True):
            study, role, arm, people, excluded, *counts = row[len(KEYS) :]
            one = Arm(chunk.lines[place], study, role, arm, people, not excluded, *counts)
            self._arms.setdefault(row[: len(KEYS)], []).append(one)

    def problems(self, path: Path) -> list[Problem]:
        """Every arm without its partner, every second control, every exchange of two arms."""
        found = []
        sizes: dict[str, tuple[dict[str, str], int]] = {}
        roles: dict[tuple[str, str], Arm] = {}
        for key, arms in self._arms.items():
            found += _unpaired(path, key[0], arms)
            found += _exchanged(path, key[0], arms, sizes)
            found += _exchanged_counts(path, key[0], arms)
            for arm in arms:
                first = roles.setdefault((key[0], arm.arm), arm)
                if first.role != arm.role:
                    found.append(_other_role(path, key[0], arm, first))
        return found


def _texts(cells: pd.DataFrame, name: str) -> list[str]:
    """A column as text, blank where a cell or the whole column is missing."""
    if name not in cells.columns:
        return [""] * len(cells)
    return [value if isinstance(value, str) else "" for value in cells[name]]


def _unpaired(path: Path, comparison: str, arms: list[Arm]) -> list[Problem]:
    controls = [arm for arm in arms if arm.role == "control"]
    if not controls or len(controls) == len(arms):
        lacking = "control" if not controls else "intervention"
        message = (
            f"comparison {comparison} has no {lacking} arm at this outcome and time; add the "
            "other arm's row, or make the role `single` and leave comparison blank"
        )
        return [problem(path, arms[0].line, message, arms[0].study)]
    usable = [arm for arm in controls if arm.usable]
    return [
        problem(
            path, arm.line,
            f"comparison {comparison} has a control at this outcome and time on line "
            f"{usable[0].line} already; name another comparison, or say in exclude_because why "
            "one must not be pooled",
            arm.study,
        )
        for arm in usable[1:]
    ]  # fmt: skip


def _exchanged(
    path: Path,
    comparison: str,
    arms: list[Arm],
    sizes: dict[str, tuple[dict[str, str], int]],
) -> list[Problem]:
    """Two arms whose numbers of people stand in each other's place at another outcome or time."""
    own = {arm.arm: arm.size for arm in arms if arm.size}
    if len(own) != 2 or len(set(own.values())) != 2:
        return []
    before, line = sizes.setdefault(comparison, (own, arms[0].line))
    one, other = own
    if set(before) != set(own) or (before[one], before[other]) != (own[other], own[one]):
        return []
    return [
        problem(
            path, arms[0].line,
            f"the arms of comparison {comparison} have each other's number of people: {one} "
            f"{own[one]} and {other} {own[other]} here, the other way round on line {line}; one "
            "of the two places has its arms exchanged",
            arms[0].study,
        )
    ]  # fmt: skip


def _exchanged_counts(path: Path, comparison: str, arms: list[Arm]) -> list[Problem]:
    """Two arms whose printed percentages fit the other's count and not their own."""
    counted = [arm for arm in arms if arm.events.isdigit() and arm.size.isdigit() and arm.percent]
    if len(counted) != 2:
        return []
    one, other = counted
    fits = [_fits(arm.percent, arm.events, arm.size) for arm in counted]
    events = (
        _fits(one.percent, other.events, one.size),
        _fits(other.percent, one.events, other.size),
    )
    whole = (
        _fits(one.percent, other.events, other.size),
        _fits(other.percent, one.events, one.size),
    )
    if any(fits) or not (all(events) or all(whole)):
        return []
    return [
        problem(
            path, one.line,
            f"the arms of comparison {comparison} have each other's counts: {one.arm} "
            f"{one.events} of {one.size} beside {one.percent}%, {other.arm} {other.events} of "
            f"{other.size} beside {other.percent}% on line {other.line}; exchange them",
            one.study,
        )
    ]  # fmt: skip


def _fits(percent: str, events: str, total: str) -> bool:
    """Whether a count gives a percentage as it is printed."""
    try:
        printed = float(percent)
    except ValueError:
        return False
    unit = 10.0 ** -len(percent.partition(".")[2])
    return int(total) > 0 and abs(100 * int(events) / int(total) - printed) <= 0.5 * unit + 1e-9


def _other_role(path: Path, comparison: str, arm: Arm, first: Arm) -> Problem:
    return problem(
        path, arm.line,
        f"arm {arm.arm} of comparison {comparison} has the role {arm.role} here and {first.role} "
        f"on line {first.line}; one of the two places has its arms exchanged",
        arm.study,
    )  # fmt: skip
