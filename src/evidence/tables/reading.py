"""From the bytes of a CSV file to rows of text with their line numbers; nothing is guessed.

This file holds the only reader of tables in the project. Every cell stays text here: turning text
into numbers is the schema's work, so that a mangled cell is reported and never coerced.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import pandas as pd

from ..errors import DataError, Problem

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Chunk:
    """Some rows of a table: text cells, None where blank, and the file's line of each row.

    Lines that do not fit the header are not among the rows; they are in `problems`.
    """

    cells: pd.DataFrame
    lines: list[int]
    problems: list[Problem]


def problem(path: Path, line: int, message: str, study: str = "") -> Problem:
    """A problem of this file, named by its folder and name as a reader would name it."""
    return Problem(f"{path.parent.name}/{path.name}", line, study, message)


def open_text(path: Path) -> TextIO:
    """The file opened as UTF-8, with or without Excel's mark, or a DataError that says why not."""
    if path.is_dir():
        raise DataError([problem(path, 0, "is a directory; a file is wanted here")])
    if not path.exists():
        raise DataError([problem(path, 0, f"is missing; looked for {path}")])
    try:
        with path.open("rb") as file:
            start = file.read(64)
        opened = path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise DataError([problem(path, 0, f"cannot be opened: {error.strerror}")]) from None
    if start[:2] in _UTF16_MARKS:
        opened.close()
        raise DataError([problem(path, 0, "is UTF-16; save it as CSV UTF-8")])
    return opened


def not_utf8(path: Path) -> Problem:
    """Where the first byte stands that is not UTF-8."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                seen = line[max(0, error.start - 12) : error.start + 6].decode("latin-1")
                return problem(path, number, f"is not UTF-8 near {seen!r}; save it as CSV UTF-8")
    return problem(path, 0, "is not UTF-8; save it as CSV UTF-8")


def read_text(path: Path) -> str:
    """The whole file as text, or a DataError that says why it cannot be read as UTF-8."""
    with open_text(path) as file:
        try:
            return file.read()
        except UnicodeDecodeError:
            raise DataError([not_utf8(path)]) from None


def read_chunks(path: Path, rows: int) -> Iterator[Chunk]:
    """The rows of a comma-separated file, so many at a time; at least one chunk, maybe empty.

    Raises:
        DataError: not a readable UTF-8 file, or a header that cannot be used.
    """
    with open_text(path) as file:
        try:
            reader = csv.reader(file, strict=True)
            header = _header(path, reader)
            while True:
                chunk, more = _chunk(path, reader, header, rows)
                yield chunk
                if not more:
                    return
        except UnicodeDecodeError:
            raise DataError([not_utf8(path)]) from None


def _chunk(path: Path, reader: CsvReader, header: list[str], rows: int) -> tuple[Chunk, bool]:
    """The next rows, and whether there may be more after them."""
    cells: list[list[str | None]] = []
    lines: list[int] = []
    problems: list[Problem] = []
    more = True
    while more and len(lines) < rows:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            message = f"a quotation mark is out of place ({error}); the rest was not read"
            problems.append(problem(path, line, message))
            row = None
        if row is None:
            more = False
        elif len(row) == len(header) and any(row):
            cells.append([cell or None for cell in row])
            lines.append(line)
        elif any(row):
            message = f"has {len(row)} cells and the header {len(header)}; quote cells with commas"
            problems.append(problem(path, line, message, row[0]))
        elif row:
            problems.append(problem(path, line, "is a row without any content; delete it"))
    return Chunk(pd.DataFrame(cells, columns=header, dtype="str"), lines, problems), more


def _header(path: Path, reader: CsvReader) -> list[str]:
    try:
        header: list[str] = next(reader, [])
    except csv.Error as error:
        message = f"the header cannot be read: {error}"
        raise DataError([problem(path, 1, message)]) from None
    if not any(header):
        raise DataError([problem(path, 0, "is empty; it needs at least its header line")])
    if len(header) == 1:
        for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if mark in header[0]:
                message = f"its columns are separated by {name}; save it with commas (CSV UTF-8)"
                raise DataError([problem(path, 1, message)])
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError([problem(path, 1, f"column {', '.join(twice)} is there twice")])
    return header
