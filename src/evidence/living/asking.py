"""A row asked for cell by cell: every answer is checked at once, and counts against percentages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..audit.printed import share
from ..tables.cells import check_cells
from ..tables.load import Tables
from ..tables.reading import Chunk
from ..tables.rows import check_rows
from ..tables.schema import TABLES, Column
from .adding import Addition, Reference, Row
from .import_works import entry_text

BLANK = "-"
_SAME_STUDY = ("cohort", "arm", "role", "comparison", "design", "population",
               "population_as_reported", "intervention", "intervention_as_reported", "time_basis",
               "source_type", "source_locator", "source_url", "citation_verified")  # fmt: skip
_WORK = ("author", "title", "journal", "year", "volume", "pages", "doi", "pmid", "url", "note")
Cells = dict[str, str]


@dataclass(frozen=True)
class Talk:
    """How to speak with whoever types.

    Attributes:
        ask: question and suggestion -> what was typed.
        sure: a yes-or-no question.
        say: a line.
    """

    ask: Callable[[str, str], str]
    sure: Callable[[str], bool]
    say: Callable[[str], None]


def ask_row(tables: Tables, table: str, talk: Talk) -> list[Addition]:
    """A row, and its work where the bibliography does not have it, as additions."""
    talk.say(f"A row of {table}. {BLANK} leaves a cell blank, ? lists what may be typed.")
    columns = {column.name: column for column in _used(tables, table)}
    cells: Cells = {}
    _ask(cells, columns["study_id"], tables, talk, "")
    study = cells["study_id"]
    made: list[Addition] = []
    if study not in set(tables.references["study_id"]):
        talk.say(f"{study} is not in references.bib yet.")
        fields = {name: talk.ask(f"its {name}", "").strip() for name in _WORK}
        kept = {name: text for name, text in fields.items() if text not in ("", BLANK)}
        made.append(Reference(study, entry_text(study, kept)))
    suggested = _suggestions(tables, table, study)
    names = [name for name in columns if name != "study_id"]
    place = 0
    while place < len(names):
        name = names[place]
        place += 1
        if not _wanted(name, cells):
            continue
        _ask(cells, columns[name], tables, talk, cells.get(name, suggested.get(name, "")))
        if name == "printed_percent" and not _counts_hold(cells, talk):
            place = names.index("events")
    _mend(cells, columns, tables, talk, table)
    return [*made, Row(table, {name: cells[name] for name in columns if cells.get(name)})]


def _used(tables: Tables, table: str) -> list[Column]:
    """The columns of a table; an optional one only where some row fills it already."""
    frame: pd.DataFrame = getattr(tables, table.removesuffix(".csv"))
    return [one for one in TABLES[table] if not one.optional or frame[one.name].notna().any()]


def _suggestions(tables: Tables, table: str, study: str) -> Cells:
    """What the last row of the same study says, or what is usual, and the next name."""
    frame = tables.studies if table == "studies.csv" else tables.scores
    used = set(frame["row_id"])
    free = next(f"{study}.{number}" for number in range(1, len(used) + 2)
                if f"{study}.{number}" not in used)  # fmt: skip
    usual = {"row_id": free, "cohort": study, "arm": "all", "role": "single"}
    own = frame[frame["study_id"] == study]
    if own.empty:
        return usual
    last = own.iloc[-1]
    return usual | {name: str(last[name]) for name in _SAME_STUDY if isinstance(last[name], str)}


def _wanted(name: str, cells: Cells) -> bool:
    """Whether a cell can hold anything, after what was typed before it."""
    if name == "comparison":
        return cells.get("role") != "single"
    if name == "exclude_detail":
        return "exclude_because" in cells
    if name == "count_from":
        return "events" in cells and "total" in cells
    return True


def _ask(cells: Cells, column: Column, tables: Tables, talk: Talk, suggested: str) -> None:
    """Ask for one cell until it is what its column promises."""
    while True:
        typed = talk.ask(f"{column.name}: {column.meaning}", suggested)
        if typed.strip() == "?":
            for line in _allowed(column, tables):
                talk.say(f"  {line}")
            continue
        text = "" if typed.strip() == BLANK else typed.strip()
        frame = pd.DataFrame({column.name: [text or None]}, dtype="str")
        chunk = Chunk(frame, [0], [])
        found = check_cells(Path(), chunk, (column,), tables.vocabulary)
        if not found:
            cells.pop(column.name, None)
            if text:
                cells[column.name] = text
            return
        talk.say(f"  {found[0].message}")


def _allowed(column: Column, tables: Tables) -> list[str]:
    if column.vocabulary:
        terms = tables.vocabulary[column.vocabulary]
        return [f"{key}: {term.definition}" for key, term in terms.items()]
    if column.choices:
        return list(column.choices)
    kinds = {"key": "lower-case letters, digits, points and hyphens", "whole": "a whole number",
             "number": "a number", "printed": "a number, as printed"}  # fmt: skip
    return [kinds.get(column.kind, "any text")]


def _counts_hold(cells: Cells, talk: Talk) -> bool:
    """Whether the count and the printed percentage agree, or are meant as they are."""
    printed, total, events = (cells.get(name) for name in ("printed_percent", "total", "events"))
    if printed is None or total is None:
        return True
    counted = int(events) if events else None
    severity, _, said, evidence = share(counted, int(total), printed)
    talk.say(f"  {said} ({evidence})" if evidence else f"  {said}")
    return severity != "error" or talk.sure("Does the source say so? (Then tell it in notes.)")


def _mend(cells: Cells, columns: dict[str, Column], tables: Tables, talk: Talk, table: str) -> None:
    """Ask again for cells until the row as a whole breaks no rule."""
    while True:
        frame = pd.DataFrame({name: [cells.get(name)] for name in columns}, dtype="str")
        found = check_rows(Path(table), Chunk(frame, [0], []))
        if not found:
            return
        for one in found:
            talk.say(f"  {one.message}")
        name = talk.ask("which column shall be typed again?", "")
        if name in columns:
            _ask(cells, columns[name], tables, talk, cells.get(name, ""))
        else:
            talk.say(f"  there is no column {name!r}")
