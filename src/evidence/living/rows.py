"""Which rows differ between two folders of a topic, read as text and compared cell by cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError
from ..tables.reading import read_chunks
from ..tables.references import read_references
from ..tables.schema import TABLES
from ..tables.table import CHUNK_ROWS

Cells = dict[str, str]
Rows = dict[str, dict[str, Cells]]
_NAMES = ("row_id", "study_id", "cohort", "comparison")


@dataclass(frozen=True)
class RowChange:
    """What happened to one row.

    Attributes:
        file: its table, or references.bib.
        kind: a key of `KINDS`.
        row: its name now, or the one it had where it was dropped.
        was: the name it had; blank where it was added.
        fields: column -> text before and now, of an edited row.
        outcomes: what it counts, before and now.
    """

    file: str
    kind: str
    row: str
    was: str
    fields: dict[str, tuple[str, str]]
    outcomes: tuple[str, ...] = ()


KINDS = {
    "added": "is new",
    "edited": "was edited",
    "excluded": "was excluded",
    "included": "is no longer excluded",
    "renamed": "was renamed",
    "dropped": "was dropped",
}
"""What can happen to a row, in words."""


def raw_rows(folder: Path) -> Rows:
    """File -> row -> its cells that are not blank, as text.

    Raises:
        DataError: a file that cannot be read as what it is.
    """
    found: Rows = {}
    for name in TABLES:
        path = folder / name
        found[name] = {}
        if not path.exists():
            continue
        for chunk in read_chunks(path, CHUNK_ROWS):
            if chunk.problems:
                raise DataError(chunk.problems)
            for cells in chunk.cells.to_dict("records"):
                row = {str(c): text for c, text in cells.items() if isinstance(text, str)}
                found[name][_name(row, TABLES[name][0].name, found[name])] = row
    references = read_references(folder / "references.bib").to_dict("records")
    found["references.bib"] = {
        entry["study_id"]: {
            str(name): text for name, text in entry.items() if text and name not in ("label",)
        }
        for entry in references
    }
    return found


def _name(row: Cells, column: str, taken: Mapping[str, Cells]) -> str:
    """What a row is called: its first column, and a number where that names several rows."""
    name = row.get(column, "")
    count = sum(one == name or one.startswith(f"{name} #") for one in taken) if name in taken else 0
    return f"{name} #{count + 1}" if count else name


def changes(old: Rows, new: Rows) -> tuple[RowChange, ...]:
    """Every row that differs, in the order of the new files, dropped rows last."""
    return tuple(change for file in new for change in _of_file(file, old.get(file, {}), new[file]))


def _of_file(file: str, old: Mapping[str, Cells], new: Mapping[str, Cells]) -> list[RowChange]:
    names = _renamed(old, new)
    found = []
    for row, cells in new.items():
        was = row if row in old else names.get(row, "")
        before = old.get(was, {})
        if was and before == cells:
            continue
        fields = {
            column: (before.get(column, ""), cells.get(column, ""))
            for column in dict.fromkeys((*before, *cells))
            if before.get(column) != cells.get(column)
        }
        kind = _kind(row, was, fields)
        shown = {} if kind == "added" else fields
        found.append(RowChange(file, kind, row, was, shown, _outcomes(before, cells)))
    gone = old.keys() - new.keys() - set(names.values())
    return found + [
        RowChange(file, "dropped", row, row, {}, _outcomes(cells))
        for row, cells in old.items()
        if row in gone
    ]


def _kind(row: str, was: str, fields: Mapping[str, tuple[str, str]]) -> str:
    if not was:
        return "added"
    if row != was:
        return "renamed"
    before, now = fields.get("exclude_because", ("", ""))
    if bool(before) != bool(now):
        return "excluded" if now else "included"
    return "edited"


def _renamed(old: Mapping[str, Cells], new: Mapping[str, Cells]) -> dict[str, str]:
    """New name -> old name, where exactly one row that went holds what exactly one new row does."""

    def facts(rows: Mapping[str, Cells], names: set[str]) -> dict[tuple[object, ...], list[str]]:
        found: dict[tuple[object, ...], list[str]] = {}
        for name in sorted(names):
            content = (cell for cell in rows[name].items() if cell[0] not in _NAMES)
            found.setdefault(tuple(sorted(content)), []).append(name)
        return found

    gone, came = facts(old, old.keys() - new.keys()), facts(new, new.keys() - old.keys())
    return {
        came[content][0]: names[0]
        for content, names in gone.items()
        if content and len(names) == 1 and len(came.get(content, ())) == 1
    }


def _outcomes(*cells: Cells) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one["outcome"] for one in cells if "outcome" in one))
