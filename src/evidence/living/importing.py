"""What a file given to `evidence add --from` holds: rows of a table, or works to cite."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from ..errors import EvidenceError, choose
from ..tables.load import Tables
from .adding import Addition, Reference, Row
from .import_rows import read_csv, read_xlsx
from .import_works import Fields, entry_text, read_bib, read_nbib, read_ris


def read_additions(path: Path, tables: Tables, key: str | None = None) -> Sequence[Addition]:
    """What a file holds, as additions to a topic.

    Args:
        path: `.csv` or `.xlsx` with columns of a table; `.ris`, `.nbib` or `.bib`.
        tables: the topic as it is.
        key: the `study_id` of the only work; by default the first author's name and the year.

    Raises:
        DataError: every cell and record that cannot be read, with its line.
        EvidenceError: another suffix, a key that does not apply, a work that is there already.
    """
    if not path.is_file():
        raise EvidenceError(f"there is no file {path}")
    suffix = path.suffix.lower()
    choose({**ROWS, **WORKS}, suffix, "suffix")
    if suffix in WORKS:
        return _references(path, WORKS[suffix](path), tables.references, key)
    if key:
        raise EvidenceError(f"--key names a work and {path.name} holds rows; leave it out")
    return ROWS[suffix](path)


def _references(
    path: Path, found: list[Fields], references: pd.DataFrame, key: str | None
) -> list[Reference]:
    if key and len(found) != 1:
        raise EvidenceError(f"--key names one work and {path.name} holds {len(found)}")
    taken = set(references["study_id"])
    made: list[Reference] = []
    for fields in found:
        there = _already(fields, references)
        if there:
            raise EvidenceError(
                f"{fields.get('title') or 'a work'} is in references.bib already, as {there}"
            )
        name = key or _key(fields, taken)
        taken.add(name)
        made.append(Reference(name, entry_text(name, fields)))
    return made


def _already(fields: Fields, references: pd.DataFrame) -> str:
    """The key of the same work: same DOI or PMID."""
    for name in ("doi", "pmid"):
        if fields.get(name):
            same = references[references[name].str.lower() == fields[name].lower()]
            if len(same):
                return str(same["study_id"].iloc[0])
    return ""


def _key(fields: Fields, taken: set[str]) -> str:
    """First author's last name and year, in the letters of a key; a letter more where taken."""
    first = re.split(r"\s+and\s+", fields.get("author", ""))[0]
    last = first.split(",")[0] if "," in first else first.rpartition(" ")[2]
    bare = unicodedata.normalize("NFKD", re.sub(r"\\[a-zA-Z]+|[\\{}\"'`^~]", "", last))
    name = re.sub(r"[^a-z0-9]+", "-", bare.encode("ascii", "ignore").decode().lower()).strip("-")
    if not name or not fields.get("year"):
        raise EvidenceError(
            f"no key can be made for {fields.get('title') or 'a work'!r}: its author or year is "
            "missing; name it with --key, such as --key smith-2011"
        )
    stem = f"{name}-{fields['year']}"
    return next(
        one for one in (stem, *(f"{stem}{letter}" for letter in "bcdefghijklmnopqrstuvwxyz"))
        if one not in taken
    )  # fmt: skip


ROWS: dict[str, Callable[[Path], list[Row]]] = {".csv": read_csv, ".xlsx": read_xlsx}
"""Every format of rows, by suffix."""

WORKS: dict[str, Callable[[Path], list[Fields]]] = {
    ".ris": read_ris,
    ".nbib": read_nbib,
    ".bib": read_bib,
}
"""Every format of works, by suffix."""
