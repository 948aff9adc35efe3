"""Rows from a CSV or XLSX file, as text; the checks of the topic judge them later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from pathlib import Path

from ..errors import DataError
from ..tables.reading import problem, read_chunks
from ..tables.schema import TABLES
from ..tables.table import CHUNK_ROWS
from .adding import Row


def read_csv(path: Path) -> list[Row]:
    """The rows of a CSV file."""
    problems, rows = [], []
    for chunk in read_chunks(path, CHUNK_ROWS):
        problems += chunk.problems
        rows += chunk.cells.to_dict("records")
        columns = [str(name) for name in chunk.cells.columns]
    if problems:
        raise DataError(problems)
    return _rows(path, columns, [[row[name] for name in columns] for row in rows])


def read_xlsx(path: Path) -> list[Row]:
    """The rows of the first sheet of a workbook; a number is taken as it would be typed."""
    from zipfile import BadZipFile

    from openpyxl import load_workbook

    try:
        sheet = load_workbook(path, data_only=True).worksheets[0]
    except (BadZipFile, KeyError, OSError, ValueError) as error:
        raise DataError([problem(path, 0, f"is not an XLSX file: {error}")]) from None
    lines = list(sheet.iter_rows(values_only=True))
    problems, rows = [], []
    columns = [str(name) for name in lines[0] if name is not None] if lines else []
    for number, line in enumerate(lines[1:], start=2):
        cells: list[str | None] = []
        for name, value in zip(columns, line, strict=False):
            try:
                cells.append(_cell(value))
            except ValueError as error:
                problems.append(problem(path, number, f"{name} {error}"))
        if any(cells):
            rows.append(cells)
    if problems:
        raise DataError(problems)
    return _rows(path, columns, rows)


def _cell(value: object) -> str | None:
    """A cell of a spreadsheet as it would be typed."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        raise ValueError(f"is {value}, a truth value; type it as a text")
    if isinstance(value, date | time):
        shown = str(value).removesuffix(" 00:00:00")
        raise ValueError(f"is {shown}, a date made by the spreadsheet; format the cell as text")
    if isinstance(value, float) and value == round(value) and abs(value) < 1e15:
        return str(round(value))
    return str(value)


def _rows(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> list[Row]:
    known = {name: {column.name for column in found} for name, found in TABLES.items()}
    fitting = [name for name, found in known.items() if set(columns) <= found]
    if not fitting:
        table = max(known, key=lambda name: len(known[name] & set(columns)))
        extra = sorted(set(columns) - known[table])
        raise DataError(
            [problem(path, 1, f"column {name!r} is unknown in {table}; rename or delete it")
             for name in extra]
        )  # fmt: skip
    if len(fitting) > 1:
        raise DataError([problem(path, 1, f"these columns fit {' and '.join(fitting)}; add events "
                                          "and total, or scale")])  # fmt: skip
    return [
        Row(fitting[0], {name: text for name, text in zip(columns, row, strict=False) if text})
        for row in rows
    ]
