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

CHUNK_ROWS = 20_000
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Chunk:
    """Some rows of a table: text cells, None where blank, and the file's line of each row."""

    cells: pd.DataFrame
    lines: list[int]


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


def read_chunks(path: Path, rows: int = CHUNK_ROWS) -> Iterator[Chunk]:
    """The rows of a comma-separated file, so many at a time; at least one chunk, maybe empty.

    Raises:
        DataError: not a readable UTF-8 file, not comma-separated, or lines that do not fit the
            header; every such line is listed.
    """
    with open_text(path) as file:
        try:
            yield from _chunks(path, csv.reader(file, strict=True), rows)
        except UnicodeDecodeError:
            raise DataError([not_utf8(path)]) from None


def _chunks(path: Path, reader: CsvReader, rows: int) -> Iterator[Chunk]:
    header = _header(path, reader)
    faults: list[Problem] = []
    cells: list[list[str | None]] = []
    lines: list[int] = []
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            faults.append(problem(path, line, f"a quotation mark is out of place ({error})"))
            break
        if row is None:
            break
        if not any(row):
            if row:
                faults.append(problem(path, line, "is a row without any content; delete it"))
            continue
        if len(row) != len(header):
            message = f"has {len(row)} cells and the header {len(header)}; quote cells with commas"
            faults.append(problem(path, line, message, row[0]))
            continue
        cells.append([cell or None for cell in row])
        lines.append(line)
        if len(lines) == rows and not faults:
            yield Chunk(pd.DataFrame(cells, columns=header, dtype="str"), lines)
            cells, lines = [], []
    if faults:
        raise DataError(faults)
    yield Chunk(pd.DataFrame(cells, columns=header, dtype="str"), lines)


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
