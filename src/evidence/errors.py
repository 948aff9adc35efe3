"""What the library says when a table is broken or an answer cannot be given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


class EvidenceError(Exception):
    """A mistake in the data or in a call: what is wrong, what is allowed, what to do."""


class SynthesisError(EvidenceError, ValueError):
    """A rate, a pooled answer or a figure that cannot be given as it was asked for."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to mend in one file: where it is, what is wrong and what to do."""

    file: str
    line: int
    study: str
    message: str

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else "the file"
        return f"  {place}{', ' + self.study if self.study else ''}: {self.message}"


class DataError(EvidenceError):
    """Every problem of every file, in one error.

    Attributes:
        problems: the problems, sorted by file and line.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__(self._text())

    def _text(self) -> str:
        lines = []
        for file in dict.fromkeys(problem.file for problem in self.problems):
            own = [problem for problem in self.problems if problem.file == file]
            lines.append(f"{file}: {len(own)} problem{'s' if len(own) > 1 else ''}")
            lines.extend(str(problem) for problem in own)
        return "\n".join(lines)


def choose(register: Mapping[str, T], key: str, what: str) -> T:
    """The entry of a register, or an error that lists the choices.

    Abbreviations are not accepted: an abbreviated option must never select another method.

    >>> choose({"wilson": 1}, "wilson", "interval")
    1
    >>> choose({"wilson": 1}, "wald", "interval")
    Traceback (most recent call last):
        ...
    evidence.errors.SynthesisError: interval 'wald' is unknown; choose one of: wilson
    """
    if key not in register:
        raise SynthesisError(f"{what} {key!r} is unknown; choose one of: {', '.join(register)}")
    return register[key]
