"""One CSV table: read in chunks, every cell and row checked, then given the types it promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from ..errors import DataError, Problem
from .cells import Vocabulary, check_cells
from .pairing import Pairs
from .reading import Chunk, problem, read_chunks
from .rows import Seen, check_rows
from .scales import check_scales
from .schema import TABLES, Column

CHUNK_ROWS = 20_000
MOST_PROBLEMS = 1000
_DTYPES = {"whole": "Int64", "number": "Float64"}


@dataclass(frozen=True)
class Context:
    """What a table is checked against; None where that file is broken itself.

    Attributes:
        vocabulary: the lists of terms.
        references: every key of the bibliography.
        optional: whether a topic may do without the table.
    """

    vocabulary: Vocabulary | None
    references: frozenset[str] | None
    optional: bool = False


def read_table(
    path: Path, context: Context, *, keep: bool, progress: Callable[[str, int], None]
) -> pd.DataFrame:
    """The rows of a table of `schema.TABLES`, checked and typed; none of them unless `keep`.

    Raises:
        DataError: every problem of the file; after a thousand the rest is not read.
    """
    columns = TABLES[path.name]
    seen, pairs, problems, rows = Seen(columns), Pairs(), list[Problem](), 0
    kept = [pd.DataFrame(columns=[column.name for column in columns], dtype="str")]
    if context.optional and not path.exists():
        return _typed(kept, path.name)
    try:
        for chunk in read_chunks(path, CHUNK_ROWS):
            chunk = _completed(chunk, columns)
            problems += chunk.problems
            problems += check_cells(path, chunk, columns, context.vocabulary)
            problems += check_rows(path, chunk) + seen.check(path, chunk)
            problems += check_scales(path, chunk, context.vocabulary)
            pairs.add(chunk)
            problems += _unreferenced(path, chunk, context.references)
            rows += len(chunk.lines)
            progress(path.name, rows)
            if len(problems) > MOST_PROBLEMS:
                message = f"more than {MOST_PROBLEMS} problems; the rest was not read"
                problems.append(problem(path, 0, message))
                break
            if keep:
                kept.append(chunk.cells)
        problems += pairs.problems(path)
    except DataError as error:
        problems += error.problems
    if problems:
        raise DataError(problems)
    return _typed(kept, path.name)


def _completed(chunk: Chunk, columns: tuple[Column, ...]) -> Chunk:
    """The chunk with every optional column that the file does without, blank."""
    held = chunk.cells.columns
    missing = [column.name for column in columns if column.optional and column.name not in held]
    blank = pd.DataFrame(index=chunk.cells.index, columns=missing, dtype="str")
    return replace(chunk, cells=pd.concat([chunk.cells, blank], axis=1)) if missing else chunk


def _unreferenced(path: Path, chunk: Chunk, known: frozenset[str] | None) -> list[Problem]:
    """Every row whose study is not in the bibliography."""
    if known is None or "study_id" not in chunk.cells:
        return []
    return [
        problem(path, line, "study_id is not in references.bib; add the reference first", study)
        for study, line in zip(chunk.cells["study_id"], chunk.lines, strict=True)
        if isinstance(study, str) and study not in known
    ]


def _typed(chunks: list[pd.DataFrame], name: str) -> pd.DataFrame:
    """One frame in the schema's order with the schema's types; blank cells are missing values."""
    columns = TABLES[name]
    frame = pd.concat(chunks, ignore_index=True)[[column.name for column in columns]]
    return frame.astype(
        {column.name: _DTYPES[column.kind] for column in columns if column.kind in _DTYPES}
    )
