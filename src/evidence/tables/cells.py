"""Each cell alone: is it what its column promises, and if not, what probably happened to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path

import pandas as pd
import pandera.pandas as pa
from pandera.config import config_context

from ..errors import Problem
from .reading import Chunk, problem
from .schema import Column

Vocabulary = Mapping[str, Mapping[str, object]]

_KEY = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")
_PATTERNS = {
    "key": _KEY.pattern,
    "whole": r"\d{1,15}",
    "number": r"-?\d{1,15}(\.\d+)?",
    "printed": r"([<>]=?)?-?\d{1,15}(\.\d+)?",
}
# blanks at an end, and characters that no keyboard shows: controls, no-break and zero-width ones
_DIRT = re.compile(
    r"^\s|\s$|[\x00-\x1f\x7f-\x9f\u00a0\u00ad\u200b-\u200f\u2028-\u202e\u2060\ufeff]"
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?")

_MANGLED: tuple[tuple[str, str], ...] = (
    (r"#\w+[!?/]?\w*", "a spreadsheet error; type the value itself"),
    (r"(?i)na|n/a|nan|null|none|nr|-|–|\?", "not a value; leave the cell blank"),
    (r"(?i)\d{1,2}[-/. ]?[a-zäéû]{3,9}([-/. ]?\d{2,4})?|[a-z]{3,9}[-/. ]\d{1,4}"
     r"|\d{1,4}([-/.])\d{1,2}\2\d{1,4}|\d{1,2}/\d{1,2}",
     "a date made by a spreadsheet; format the column as text and type the value again"),
    (r"\d{1,3}([ ,.'’]\d{3})+", "written with thousands separators; leave them out"),
    (r"-?\d+,\d+", "written with a decimal comma; use a point"),
    (r"-?\d(\.\d+)?[eE][+-]?\d+", "rounded by a spreadsheet; type every digit"),
    (r"-?\d+(\.\d+)?\s?%", "written with a percent sign; leave it out"),
    (r"\d+/\d+", "a fraction; events and total have columns of their own"),
)  # fmt: skip


def check_cells(
    path: Path, chunk: Chunk, columns: tuple[Column, ...], vocabulary: Vocabulary | None
) -> list[Problem]:
    """Every cell of the chunk that is not what its column promises, and wrong columns.

    Without a vocabulary, because its own file is broken, terms are not looked up.
    """
    schema = _schema(columns, vocabulary)
    try:
        with config_context(validation_enabled=True):  # no environment variable switches it off
            schema.validate(chunk.cells, lazy=True)
    except pa.errors.SchemaErrors as found:
        return _problems(path, chunk, {c.name: c for c in columns}, vocabulary, found)
    return []


def _schema(columns: tuple[Column, ...], vocabulary: Vocabulary | None) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(
        {
            column.name: pa.Column(
                checks=[pa.Check(_clean, error="dirt"), *_content(column, vocabulary)],
                nullable=not column.required,
            )
            for column in columns
        },
        strict=True,
    )


def _clean(cells: pd.Series[str]) -> pd.Series[bool]:
    return ~cells.str.contains(_DIRT)


def _content(column: Column, vocabulary: Vocabulary | None) -> list[pa.Check]:
    if column.kind in _PATTERNS:
        checks = [pa.Check.str_matches(f"^({_PATTERNS[column.kind]})$", error="kind")]
        if column.low is not None or column.high is not None:
            checks.append(pa.Check(_within(column), error="range"))
        return checks
    if column.kind == "choice" or (column.kind == "term" and vocabulary is not None):
        return [pa.Check.isin(_allowed(column, vocabulary), error="choice")]
    return []


def _within(column: Column) -> Callable[[pd.Series[str]], pd.Series[bool]]:
    low = float("-inf") if column.low is None else column.low
    high = float("inf") if column.high is None else column.high

    def inside(cells: pd.Series[str]) -> pd.Series[bool]:
        numbers = pd.to_numeric(cells.str.lstrip("<>="), errors="coerce")
        return numbers.between(low, high) | numbers.isna()  # what is no number is another problem

    return inside


def _allowed(column: Column, vocabulary: Vocabulary | None) -> list[str]:
    if column.kind == "term":
        return list((vocabulary or {}).get(column.vocabulary, {}))
    return list(column.choices)


def _problems(
    path: Path,
    chunk: Chunk,
    columns: Mapping[str, Column],
    vocabulary: Vocabulary | None,
    found: pa.errors.SchemaErrors,
) -> list[Problem]:
    problems: dict[tuple[int, str], Problem] = {}
    named = "study_id" in chunk.cells
    for case in found.failure_cases.itertuples():
        name, cell = str(case.column), case.failure_case
        if case.check == "column_in_schema":
            message = (
                f"column {cell!r} is unknown{_closest(str(cell), columns)}; rename or delete it"
            )
            problems[-1, str(cell)] = problem(path, 1, message)
        elif case.check == "column_in_dataframe":
            problems[-1, str(cell)] = problem(path, 1, f"column {cell!r} is missing; add it")
        else:
            row = int(case.index)
            said = f"{name} {_fault(columns[name], case.check, cell, vocabulary)}"
            study = chunk.cells["study_id"].iloc[row] if named else None
            # one cell, one problem: dirt is named before what follows from it
            problems.setdefault(
                (row, name),
                problem(path, chunk.lines[row], said, study if isinstance(study, str) else ""),
            )
    return list(problems.values())


def _fault(column: Column, check: str, cell: object, vocabulary: Vocabulary | None) -> str:
    if check == "not_nullable":
        return f"is blank; give {column.meaning}"
    text = str(cell)
    if check == "dirt":
        return (
            f"is {text!r}, with blanks at an end or invisible characters; type it again as "
            f"{_DIRT.sub('', text.strip())!r}"
        )
    if check == "range":
        return f"is {text}; {_range(column)}"
    if check == "choice":
        allowed = _allowed(column, vocabulary)
        where = f" (see vocabulary.toml, [{column.vocabulary}])" if column.kind == "term" else ""
        listed = ", ".join(allowed) if len(allowed) <= 8 else "a listed term"
        return f"is {text!r}; use {listed}{where}{_closest(text, allowed)}"
    return f"is {text!r}{_hint(column, text)}"


def _hint(column: Column, text: str) -> str:
    if column.kind == "key":
        return "; use lower-case letters, digits, hyphens and points"
    if column.kind == "whole" and _NUMBER.fullmatch(text):
        return (
            "; it must not be negative"
            if text.startswith("-")
            else "; people are counted in whole numbers: no decimals"
        )
    for pattern, meaning in _MANGLED:
        if re.fullmatch(pattern, text):
            return f", {meaning}"
    wanted = "a whole number such as 12" if column.kind == "whole" else "a number such as 12.5"
    return f"; it must be {wanted}, or blank"


def _range(column: Column) -> str:
    if column.high is None:
        return f"it must be at least {column.low:g}"
    return f"it must lie between {column.low or 0:g} and {column.high:g}"


def _closest(text: str, allowed: object) -> str:
    near = get_close_matches(text, list(allowed), n=1)  # type: ignore[call-overload]
    return f"; did you mean {near[0]}?" if near else ""
