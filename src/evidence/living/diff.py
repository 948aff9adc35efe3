"""What differs between two states of an analysis, and whether anyone must act on it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..questions import answer
from ..tables.load import Tables, load
from .attribution import Attribution, attribute
from .materiality import reasons
from .record import Record, answered, record
from .rows import RowChange, changes, raw_rows
from .states import State

SAME = 1e-9
"""Numbers closer than this, relatively, are the same: another machine rounds the last digits."""

WORDING = (
    "title",
    "asks",
    "notes",
    "pool_because",
    "threshold_because",
    "important_because",
    "baseline_because",
)
"""Entries of a question that change no number."""


@dataclass(frozen=True)
class Restated:
    """One entry of questions.toml that differs: a change of the protocol.

    Attributes:
        question, entry: where; `entry` is "question" where the whole question is new or gone.
        old, new: what it said; None where it was not there.
        wording: whether it is only text, so that no number can depend on it.
    """

    question: str
    entry: str
    old: object
    new: object
    wording: bool


@dataclass(frozen=True)
class Moved:
    """One question of which something differs.

    Attributes:
        question, title: which.
        old, new: what the record holds of it; None where the question is new or gone.
        figures: name -> old and new, of every figure of the answer that differs.
        sensitivity: restriction -> old and new estimate, where they differ.
        rows: row -> old and new stage, where they differ.
        model: option -> old and new, where they differ and questions.toml does not say so.
        drawn: whether the forest plot shows something else.
        software: what new software alone did to the estimate; None where it cannot be told.
        why: which change moved it; None where no row or statement that bears on it changed.
        material: why someone must look; empty where nobody must.
    """

    question: str
    title: str
    old: dict[str, Any] | None
    new: dict[str, Any] | None
    figures: dict[str, tuple[Any, Any]]
    sensitivity: dict[str, tuple[Any, Any]]
    rows: dict[str, tuple[str, str]]
    model: dict[str, tuple[Any, Any]]
    drawn: bool
    software: float | None
    why: Attribution | None
    material: tuple[str, ...]


@dataclass(frozen=True)
class Diff:
    """Everything that differs from an earlier state, told apart by its kind.

    Attributes:
        against: name of the earlier state.
        rows: data changes.
        protocol: changes of questions.toml.
        software: name -> old and new version.
        findings: audit, subject, old and new verdict.
        questions: the answers that differ.
        notes: what could not be compared.
    """

    against: str
    rows: tuple[RowChange, ...]
    protocol: tuple[Restated, ...]
    software: dict[str, tuple[str, str]]
    findings: tuple[tuple[str, str, str, str], ...]
    questions: tuple[Moved, ...]
    notes: tuple[str, ...]

    @property
    def material(self) -> tuple[str, ...]:
        """Every reason why someone must look at this before it is accepted."""
        restated = dict.fromkeys(one.question for one in self.protocol if not one.wording)
        found = [f"{question}: the protocol changed" for question in restated]
        found += [f"{one.question}: {why}" for one in self.questions for why in one.material]
        flipped = (one for one in self.findings if one[2] and one[3])
        found += [f"{name}, {who}: {old} became {new}" for name, who, old, new in flipped]
        return tuple(found)

    def __str__(self) -> str:
        from .summary import text

        return text(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        from .summary import paragraph

        return {**asdict(self), "material": list(self.material), "summary": paragraph(self)}


def diff(data: Path, state: State) -> Diff:
    """What differs between an earlier state and the topic as it is now.

    Raises:
        DataError: the topic as it is now has problems.
    """
    new = load(data)
    raw: list[str] = []
    rows = _rows(state, new.folder, raw)
    touched = {term for one in rows for term in one.outcomes}
    now = record(new, state.record, touched)
    old = _loaded(state, now, rows, raw)
    before = state.record or (record(old) if old else None)
    if before is None:
        return Diff(state.name, rows, (), {}, (), (), tuple(raw))
    if state.record is None:
        raw.append(
            f"{state.name} has no record of its own: its answers were computed with the software "
            "of now, so that a change of software cannot be told"
        )
    return Diff(
        against=state.name,
        rows=rows,
        protocol=_protocol(before, now),
        software=_different(before.software, now.software),
        findings=_findings(before, now),
        questions=_moved(before, now, old, new, rows),
        notes=tuple(raw),
    )


def _rows(state: State, now: Path, notes: list[str]) -> tuple[RowChange, ...]:
    try:
        return changes(raw_rows(state.folder), raw_rows(now))
    except DataError as error:
        notes.append(f"the rows of {state.name} cannot be read, so that none is compared: {error}")
        return ()


def _loaded(
    state: State, now: Record, rows: tuple[RowChange, ...], notes: list[str]
) -> Tables | None:
    """The earlier tables, where something must be computed from them."""
    before = state.record
    if before and before.software == now.software and not rows:
        same = all(before.questions.get(key) == one for key, one in now.questions.items())
        if same and before.questions.keys() == now.questions.keys():
            return None
    try:
        return load(state.folder)
    except DataError as error:
        notes.append(
            f"the files of {state.name} are not valid any more, so that it cannot be said which "
            f"change moved an answer: {error}"
        )
        return None


def _protocol(before: Record, now: Record) -> tuple[Restated, ...]:
    found = []
    for key in dict.fromkeys((*before.questions, *now.questions)):
        was, is_now = (one.questions.get(key) for one in (before, now))
        if was is None or is_now is None:
            found.append(
                Restated(key, "question", was and was["stated"]["asks"],
                         is_now and is_now["stated"]["asks"], wording=False)
            )  # fmt: skip
            continue
        for entry, (old, new) in _different(_entries(was), _entries(is_now)).items():
            found.append(Restated(key, entry, old, new, entry in WORDING or _reworded(old, new)))
    return tuple(found)


def _entries(kept: Mapping[str, Any]) -> dict[str, object]:
    """What a question states, each restriction an entry of its own with what it says."""
    stated = {name: text for name, text in kept["stated"].items() if name != "inherited"}
    for one in stated.pop("sensitivity", ()):
        said = {name: text for name, text in one.items() if text not in (None, "", [], True)}
        stated[f"restriction {said.pop('name')!r}"] = said
    return stated


def _reworded(old: object, new: object) -> bool:
    """Whether two restrictions differ in their reason only."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    return {**old, "because": ""} == {**new, "because": ""}


def _moved(
    before: Record, now: Record, old: Tables | None, new: Tables, rows: tuple[RowChange, ...]
) -> tuple[Moved, ...]:
    found = []
    for key in dict.fromkeys((*now.questions, *before.questions)):
        was, is_now = before.questions.get(key), now.questions.get(key)
        if was == is_now:
            continue
        one = was or {}, is_now or {}
        figures = _numbers(*(side.get("answer", {}) for side in one))
        kept = {
            "figures": figures,
            "sensitivity": _numbers(*(_estimates(side) for side in one)),
            "rows": _different(*(side.get("rows", {}) for side in one)),
            "model": _method(*one),
        }
        drawn = one[0].get("figure") != one[1].get("figure")
        if not any(kept.values()) and not drawn and was and is_now:
            continue  # only the question's wording differs, and the protocol says so
        why = attribute(key, old, new, rows) if old and was and is_now and figures else None
        title = (is_now or was or {})["stated"]["title"]
        found.append(
            Moved(key, title, was, is_now, **kept, drawn=drawn,
                  software=_software(key, was, is_now, old, before.software != now.software),
                  why=why, material=reasons(was, is_now))
        )  # fmt: skip
    return tuple(found)


def _software(
    key: str,
    was: dict[str, Any] | None,
    is_now: dict[str, Any] | None,
    old: Tables | None,
    changed: bool,
) -> float | None:
    """How far the estimate moves when the old files meet the new software."""
    if was is None or is_now is None:
        return None
    if not changed:
        return 0.0
    if old is None or key not in old.questions:
        return None
    again = answered(answer(key, old))["answer"]["estimate"]
    first = was["answer"]["estimate"]
    if again is None or first is None:
        return 0.0 if again is first else None
    return 0.0 if _same(first, again) else again - first


def _method(was: Mapping[str, Any], is_now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Options of the model that differ though the question does not ask for it: new defaults."""
    if not was or not is_now:
        return {}
    stated = _different(was["stated"]["model"], is_now["stated"]["model"])
    options = _different(was["model"], is_now["model"])
    return {name: pair for name, pair in options.items() if name not in stated}


def _estimates(side: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one["estimate"] for name, one in side.get("sensitivity", {}).items()}


def _findings(before: Record, now: Record) -> tuple[tuple[str, str, str, str], ...]:
    return tuple(
        (name, subject, old or "", new or "")
        for name in dict.fromkeys((*before.findings, *now.findings))
        for subject, (old, new) in _different(
            before.findings.get(name, {}), now.findings.get(name, {})
        ).items()
    )


def _numbers(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: pair for name, pair in _different(old, new).items() if not _same(*pair)}


def _different(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {
        name: (old.get(name), new.get(name))
        for name in dict.fromkeys((*new, *old))
        if old.get(name) != new.get(name)
    }


def _same(old: object, new: object) -> bool:
    if isinstance(old, float | int) and isinstance(new, float | int):
        return math.isclose(old, new, rel_tol=SAME, abs_tol=1e-12)
    return old == new
