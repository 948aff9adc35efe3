"""A difference in words: the whole of it, and a paragraph for a changelog or a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..formatting import fixed, plural, significant
from .diff import Diff, Moved, Restated
from .rows import KINDS, RowChange

_ARROW = " \N{RIGHTWARDS ARROW} "


def text(found: Diff) -> str:
    """Everything that differs, for a terminal."""
    blocks = [f"Compared with {found.against}:", *(f"Note: {note}" for note in found.notes)]
    for title, lines in sections(found):
        blocks.append("\n".join([title, *(f"  {line}" for line in lines)]))
    return "\n\n".join([*blocks, paragraph(found)])


def sections(found: Diff) -> list[tuple[str, list[str]]]:
    """Title and lines of every kind of change there is."""
    method = [
        f"{one.question}, {name}: {old}{_ARROW}{new}"
        for one in found.questions
        for name, (old, new) in one.model.items()
    ]
    every = [
        ("Data", [_row(one) for one in found.rows]),
        ("Protocol", restated(found.protocol)),
        ("Method, by the library's defaults", method),
        ("Software", [f"{n}: {old}{_ARROW}{new}" for n, (old, new) in found.software.items()]),
        ("Answers", [line for one in found.questions for line in moved(one)]),
        ("Verdicts", [f"{name}, {who}: {old or 'none'}{_ARROW}{new or 'none'}"
                      for name, who, old, new in found.findings]),
        ("Material", list(found.material)),
    ]  # fmt: skip
    return [(title, lines) for title, lines in every if lines]


def paragraph(found: Diff) -> str:
    """The whole difference in a few sentences."""
    parts = []
    kinds = Counter((one.file, one.kind) for one in found.rows)
    told = [f"{plural(number, 'row')} of {file} {kind}" for (file, kind), number in kinds.items()]
    parts.append(f"Since {found.against}: {', '.join(told) if told else 'no row differs'}.")
    restated_in = list(dict.fromkeys(one.question for one in found.protocol if not one.wording))
    if restated_in:
        parts.append(f"The protocol changed for {', '.join(restated_in)}.")
    if found.software:
        parts.append(f"The software changed: {', '.join(found.software)}.")
    shifted = [one for one in found.questions if "estimate" in one.figures and one.old and one.new]
    for one in shifted:
        parts.append(f"{one.title}: {_answer(one.old)} became {_answer(one.new)}{_because(one)}.")
    if not shifted:
        parts.append("No estimate moved.")
    redrawn = [one.question for one in found.questions if one.drawn]
    if redrawn:
        parts.append(f"Figures and sentences to look at again: {', '.join(redrawn)}.")
    material = "; ".join(found.material)
    parts.append(f"Material: {material}." if material else "Nothing material changed.")
    return " ".join(parts)


def moved(one: Moved) -> Iterator[str]:
    """What moved in one answer, and why."""
    if one.old is None or one.new is None:
        yield f"{one.question}: the question is {'new' if one.old is None else 'gone'}"
        return
    yield f"{one.question}: {_answer(one.old)}{_ARROW}{_answer(one.new)}"
    for name, label in (("prediction_low", "prediction"), ("tau2", "\N{GREEK SMALL LETTER TAU}²")):
        if name in one.figures:
            yield f"  {label}: {_figure(one.old, name)}{_ARROW}{_figure(one.new, name)}"
    for name, (old, new) in one.sensitivity.items():
        yield f"  {name}: {_percent(one.old, old)}{_ARROW}{_percent(one.new, new)}"
    for row, (before, now) in one.rows.items():
        yield f"  {row}: {before or 'not there'}{_ARROW}{now or 'not there'}"
    yield from _why(one)


def _why(one: Moved) -> Iterator[str]:
    """Software, rows and statements that moved an answer."""
    if one.software:
        yield f"  new software alone: {_points(one.new, one.software)}"
    if one.software is None:
        yield "  what new software did cannot be told"
    if one.why is None:
        return
    for cause in one.why.causes:
        share = "no share: some mixture of old and new has no estimate"
        if cause.share is not None:
            doubt = f" (sampled, standard error {significant(cause.error, 2)})"
            share = f"share {_points(one.new, cause.share)}{doubt if one.why.drawn else ''}"
        alone = "" if cause.alone is None else f", alone {_points(one.new, cause.alone)}"
        yield f"  because {cause.name} ({cause.kind}): {share}{alone}"
    if one.why.order:
        yield f"  because of the order of the rows: {_points(one.new, one.why.order)}"


def restated(protocol: Sequence[Restated]) -> list[str]:
    """The changes of the protocol, a line each; one of several questions alike is told once."""
    alike: dict[str, list[str]] = {}
    for one in protocol:
        kind = " (wording)" if one.wording else ""
        text = f"{one.entry}{kind}: {_said(one.old)}{_ARROW}{_said(one.new)}"
        alike.setdefault(text, []).append(one.question)
    return [
        f"{', '.join(keys) if len(keys) <= LISTED else plural(len(keys), 'question')}, {text}"
        for text, keys in alike.items()
    ]


LISTED = 3
"""Questions that are named where one change was made to several."""


def _said(value: object) -> str:
    if value is None or value in ("", []):
        return "nothing"
    if isinstance(value, dict):
        return "; ".join(f"{name} {_said(text)}" for name, text in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _row(one: RowChange) -> str:
    was = f", formerly {one.was}" if one.kind == "renamed" else ""
    cells = "; ".join(
        f"{column} {old or 'blank'}{_ARROW}{new or 'blank'}"
        for column, (old, new) in one.fields.items()
        if column != "row_id"
    )
    return f"{one.file}: {one.row} {KINDS[one.kind]}{was}{': ' if cells else ''}{cells}"


def _because(one: Moved) -> str:
    if one.why is None:
        return ", by new software" if one.software else ""
    shares = [cause for cause in one.why.causes if cause.share]
    if not shares:
        return ""
    told = (f"{cause.name} {_points(one.new, cause.share)}" for cause in shares[:3])
    rest = f" and {len(shares) - 3} more" if len(shares) > 3 else ""
    return f", because of {', '.join(told)}{rest}"


def _answer(side: Mapping[str, Any] | None) -> str:
    if side is None:
        return "no answer"
    found = side["answer"]
    k = f"k {found['k']}"
    if found["estimate"] is None:
        return f"not pooled, {k}"
    factor, number = side["scale"]["factor"], fixed(1)
    interval = ""
    if found["low"] is not None:
        interval = f" ({number(factor * found['low'])} to {number(factor * found['high'])})"
    return f"{_percent(side, found['estimate'])}{interval}, {k}"


def _figure(side: Mapping[str, Any], name: str) -> str:
    found = side["answer"]
    if found[name] is None:
        return "none"
    if name == "tau2":
        return significant(found[name])
    return f"{_percent(side, found[name])} to {_percent(side, found['prediction_high'])}"


def _percent(side: Mapping[str, Any] | None, value: float | None) -> str:
    if value is None or side is None:
        return "none"
    return f"{fixed(1)(side['scale']['factor'] * value)}{_unit(side)}"


def _points(side: Mapping[str, Any] | None, move: float | None) -> str:
    """A move of an estimate, with its sign, in the unit that the estimate is read in."""
    if move is None or side is None:
        return "none"
    number = fixed(2)(side["scale"]["factor"] * move)
    unit = " points" if side["scale"]["unit"] == "%" else _unit(side)
    return f"{'+' if move > 0 else ''}{number}{unit}"


def _unit(side: Mapping[str, Any]) -> str:
    unit = str(side["scale"]["unit"])
    return unit if unit in ("", "%") else f" {unit}"
