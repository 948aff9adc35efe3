"""Numbers in an article, tied to the analysis that they come from.

`{{question.field}}` stands for a number; `check_text` fills it in. A number with the same mark in a
comment behind it, `9.2%<!-- {{symptomatic-recurrence.estimate}} -->`, is verified: at as many
decimals as were written, it must still be what the analysis says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError, Problem
from ..formatting import count, fixed
from ..pooling.heterogeneity import Interval
from ..pooling.model import Synthesis
from ..questions import answer
from ..tables.load import Tables
from ..tables.reading import problem, read_text

_NUMBER = r"[\d\u202f.,]*\d"
_MARK = re.compile(
    rf"(?:(?P<number>{_NUMBER}(?: to {_NUMBER})?)(?P<unit> ?%)?\s*<!--\s*)?"
    r"\{\{(?P<name>[^{}\n]*)\}\}(?P<end>\s*-->)?"
)
_NAME = re.compile(r"\s*(?P<question>[a-z0-9-]+)\.(?P<field>\w+)(?::(?P<decimals>\d))?\s*")


Field = Callable[[Synthesis, int], str | None]


@dataclass(frozen=True)
class Mark:
    """One marked number of a text.

    Attributes:
        line: where it stands.
        name: `question.field`, as it was written.
        written: the number in the text; blank where it is only to be filled in.
        current: what the analysis says now, at as many decimals.
        sentence: the line of the text, shortened.
    """

    line: int
    name: str
    written: str
    current: str
    sentence: str

    @property
    def stale(self) -> bool:
        """Whether the text has another number than the analysis."""
        return bool(self.written) and self.written.replace(",", "") != _bare(self.current)

    def __str__(self) -> str:
        if not self.written:
            return f"line {self.line}: {self.name} is {self.current}"
        if not self.stale:
            return f"line {self.line}: {self.written} is right ({self.name})"
        return (
            f"line {self.line}: {self.written} must be {self.current} ({self.name}): "
            f"{self.sentence}"
        )


def check_text(path: Path, tables: Tables) -> tuple[list[Mark], str]:
    """Every marked number of a text, and the text with all of them filled in or corrected.

    Args:
        path: a text file, UTF-8.
        tables: what `load` returned.

    Raises:
        DataError: marks of an unknown question or field, or of an answer that has no such number,
            each with its line.
    """
    text = read_text(path)
    answers = _Answers(tables)
    marks: list[Mark] = []
    problems: list[Problem] = []
    parts, last = [], 0
    for match in _MARK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        try:
            current = _current(match, answers)
        except ValueError as error:
            problems.append(problem(path, line, str(error)))
            continue
        name, written = match["name"].strip(), match["number"] or ""
        marks.append(Mark(line, name, _bare(written), current, _sentence(text, match.start())))
        filled = f"{current}{match['unit'] or ''}<!-- {{{{{name}}}}} -->"
        parts += [text[last : match.start()], filled]
        last = match.end()
    if problems:
        raise DataError(problems)
    return marks, "".join([*parts, text[last:]])


class _Answers(dict[str, Synthesis]):
    """Answers, each made when it is first asked for."""

    def __init__(self, tables: Tables) -> None:
        super().__init__()
        self.tables = tables

    def __missing__(self, key: str) -> Synthesis:
        self[key] = answer(key, self.tables).synthesis
        return self[key]


def _current(match: re.Match[str], answers: _Answers) -> str:
    """What the analysis says, or a ValueError with what is wrong with the mark."""
    known: Mapping[str, object] = answers.tables.questions
    if match["end"] and not match["number"]:
        raise ValueError(f"the comment with {match['name'].strip()!r} needs its number before it")
    named = _NAME.fullmatch(match["name"])
    if named is None:
        raise ValueError(
            f"{{{{{match['name']}}}}} is no mark; write {{{{question.field}}}}, such as "
            f"{{{{{next(iter(known))}.estimate}}}}"
        )
    question, field = named["question"], named["field"]
    if question not in known:
        raise ValueError(f"question {question!r} is unknown; choose one of: {', '.join(known)}")
    if field not in FIELDS:
        raise ValueError(f"field {field!r} is unknown; choose one of: {', '.join(FIELDS)}")
    decimals = 1 if named["decimals"] is None else int(named["decimals"])
    if match["number"]:
        first = match["number"].split(" to ")[0]
        decimals = len(first.partition(".")[2])
    text = FIELDS[field](answers[question], decimals)
    if text is None:
        why = "; ".join(answers[question].cautions)
        raise ValueError(f"{question} has no {field}: {why}")
    return text


def _sentence(text: str, place: int) -> str:
    """The line around a place, without marks, at most a hundred characters."""
    start = text.rfind("\n", 0, place) + 1
    end = text.find("\n", place)
    line = re.sub(r"\s*<!--.*?-->", "", text[start : end if end >= 0 else None]).strip()
    return line if len(line) <= 100 else f"{line[:99]}…"


def _bare(number: str) -> str:
    return number.replace("\N{NARROW NO-BREAK SPACE}", "").replace(",", "")


Part = Callable[[Synthesis], float | None]


def _printed(part: Part, factor: float | None = None) -> Field:
    """A field that prints one number, in the measure's printed unit unless a factor is given."""

    def text(found: Synthesis, decimals: int) -> str | None:
        value = part(found)
        scale = found.measure.scale.factor if factor is None else factor
        return None if value is None else fixed(decimals)(scale * value)

    return text


def _end(interval: str, end: str) -> Part:
    """One end of an interval of the answer."""

    def part(found: Synthesis) -> float | None:
        limits: Interval | None = getattr(found, interval)
        return None if limits is None else float(getattr(limits, end))

    return part


def _ends(interval: str) -> Field:
    """A field that prints both ends of an interval."""

    def text(found: Synthesis, decimals: int) -> str | None:
        ends = [_printed(_end(interval, end))(found, decimals) for end in ("low", "high")]
        return None if ends[0] is None else f"{ends[0]} to {ends[1]}"

    return text


FIELDS: dict[str, Field] = {
    "estimate": _printed(lambda found: found.estimate),
    "low": _printed(_end("interval", "low")),
    "high": _printed(_end("interval", "high")),
    "interval": _ends("interval"),
    "prediction_low": _printed(_end("prediction", "low")),
    "prediction_high": _printed(_end("prediction", "high")),
    "prediction": _ends("prediction"),
    "i2": _printed(lambda found: found.heterogeneity.i2 if found.heterogeneity else None, 100.0),
    "k": lambda found, _: count(found.k),
    "events": lambda found, _: count(found.events),
    "total": lambda found, _: count(found.total),
}
"""Every field that a text may name: the answer and the decimals wanted to its text, or None."""
