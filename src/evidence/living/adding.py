"""Adding rows and references: checked, shown with their effect, then written."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from ..errors import EvidenceError
from ..tables.load import FILES, load
from ..tables.schema import TABLES
from .diff import Diff, diff
from .insertion import insert_entry, insert_row
from .record import record
from .states import State
from .writing import replace_unchanged

BIBLIOGRAPHY = "references.bib"


@dataclass(frozen=True)
class Row:
    """A row that is to be added.

    Attributes:
        table: a key of `TABLES`.
        cells: column -> text; what is blank is left out.
    """

    table: str
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Reference:
    """A work that is to be added: its key and its BibTeX entry."""

    key: str
    entry: str


Addition = Row | Reference


@dataclass(frozen=True)
class Proposal:
    """What would be written, and what it would do.

    Attributes:
        folder: of the topic.
        files: name -> bytes as they were read, and as they would be; the bibliography first, so
            that a crash between two files leaves a valid topic.
        effect: how the answers would move.
    """

    folder: Path
    files: dict[str, tuple[bytes, bytes]]
    effect: Diff

    def __str__(self) -> str:
        """The lines that would be added, and the effect."""
        blocks = []
        for name, (before, after) in self.files.items():
            old, new = (text.decode("utf-8-sig").splitlines() for text in (before, after))
            lines = (line[1:] for line in list(unified_diff(old, new, n=0))[2:] if line[0] == "+")
            blocks.append("\n".join([f"{name}:", *(f"+ {line}" for line in lines)]))
        return "\n\n".join([*blocks, str(self.effect)])


def propose(folder: Path, additions: Sequence[Addition]) -> Proposal:
    """What adding would do; nothing is written.

    Raises:
        DataError: the topic has problems already, or would have them with the additions; the line
            numbers are those of the files as they would be.
        EvidenceError: nothing to add, or a column that the table does not have.
    """
    if not additions:
        raise EvidenceError("there is nothing to add; the file holds no row and no reference")
    now = load(folder)
    files = _written(folder, additions)
    with tempfile.TemporaryDirectory(prefix="evidence-") as made:
        copy = Path(made) / folder.name
        copy.mkdir()
        for name in FILES:
            if name in files:
                (copy / name).write_bytes(files[name][1])
            elif (folder / name).exists():
                shutil.copyfile(folder / name, copy / name)
        state = State("the data as they are", folder, record(now))
        return Proposal(folder, files, diff(copy, state))


def _written(folder: Path, additions: Sequence[Addition]) -> dict[str, tuple[bytes, bytes]]:
    """Every file that changes, as it is and as it would be."""
    files = {}
    for name in (BIBLIOGRAPHY, *TABLES):
        path = folder / name
        before = after = path.read_bytes() if path.exists() else b""
        for one in additions:
            if isinstance(one, Reference) and name == BIBLIOGRAPHY:
                after = insert_entry(after, one.key, one.entry)
            elif isinstance(one, Row) and one.table == name:
                if not before:
                    raise EvidenceError(f"there is no {name}; make it with its header line first")
                after = insert_row(after, one.cells)
        if after != before:
            files[name] = (before, after)
    return files


def write(proposal: Proposal) -> None:
    """Write what was proposed, each file whole or not at all.

    Raises:
        EvidenceError: a file was changed since it was read; what stands before it in
            `proposal.files` is written, and adding again takes it as it is.
    """
    for name, (before, _) in proposal.files.items():
        if (proposal.folder / name).read_bytes() != before:
            raise EvidenceError(
                f"{name} was changed by somebody else since it was read; nothing was written. "
                "Run the command again"
            )
    for name, (before, after) in proposal.files.items():
        replace_unchanged(proposal.folder / name, before, after)
