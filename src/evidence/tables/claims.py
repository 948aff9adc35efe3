"""What claims.csv and statements.csv name in other files: questions, rows, other claims."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from ..errors import DataError, Problem
from .reading import Chunk, problem, read_chunks

_CHUNK_ROWS = 20_000
_ROWS = {"claims.csv": ("cited_row", "of_row"), "statements.csv": ("beside",)}
"""The columns that name a row of studies.csv."""


def check_links(folder: Path, questions: frozenset[str] | None) -> None:
    """Every name in these files that nothing bears; a topic may do without them.

    Args:
        folder: of the topic.
        questions: the keys of questions.toml; None where that file is broken itself.

    Raises:
        DataError: each unknown question, row or claim, with its line and what may be meant.
    """
    read = {folder / name: _chunks(folder / name) for name in _ROWS}
    wanted = {
        cell
        for path, chunks in read.items()
        for chunk in chunks
        for name in _ROWS[path.name]
        for _, cell in _cells(chunk, name)
    }
    rows = _known(folder / "studies.csv", wanted) if wanted else frozenset()
    problems = []
    for path, chunks in read.items():
        claims = {cell for chunk in chunks for _, cell in _cells(chunk, "claim_id")}
        for chunk in chunks:
            if questions is not None:
                problems += _unknown(path, chunk, "question", questions, "questions.toml")
            problems += _unknown(path, chunk, "same_as", claims, "claims.csv")
            for name in _ROWS[path.name] if rows is not None else ():
                problems += _unknown(path, chunk, name, rows or (), "studies.csv")
    if problems:
        raise DataError(problems)


def _chunks(path: Path) -> list[Chunk]:
    """The file's rows; none where it is not there or cannot be read, which its reader tells."""
    try:
        return list(read_chunks(path, _CHUNK_ROWS)) if path.exists() else []
    except DataError:
        return []


def _cells(chunk: Chunk, name: str) -> list[tuple[int, str]]:
    """Line and text of every filled cell of a column."""
    if name not in chunk.cells:
        return []
    pairs = zip(chunk.lines, chunk.cells[name], strict=True)
    return [(line, cell) for line, cell in pairs if isinstance(cell, str)]


def _unknown(
    path: Path, chunk: Chunk, name: str, known: Iterable[str], where: str
) -> list[Problem]:
    return [
        problem(path, line, f"{name} is {cell!r}; it is not in {where}{_closest(cell, known)}")
        for line, cell in _cells(chunk, name)
        if cell not in known
    ]


def _closest(text: str, known: Iterable[str]) -> str:
    near = get_close_matches(text, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _known(path: Path, wanted: set[str]) -> frozenset[str] | None:
    """Which of the rows wanted the table has; None where the table cannot be read."""
    try:
        return frozenset(
            cell
            for chunk in read_chunks(path, _CHUNK_ROWS)
            for _, cell in _cells(chunk, "row_id")
            if cell in wanted
        )
    except DataError:
        return None
