"""10,000 random edits of a table's bytes: it loads, or every problem has its file and line."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pandas as pd
import pytest

from evidence import DataError
from evidence.living.rows import RowChange, _of_file
from evidence.tables.reading import read_chunks
from evidence.tables.table import Context, read_table
from evidence.tables.toml import read_vocabulary
from tests.conftest import TOPIC

EDITS, BATCH = 10_000, 250
PLAIN = bytes(range(32, 127))
ODD = (b'"', b"\n", b"\r", b"\r\n", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\t", b"\xc2\xa0", b'""')
HEADER, FIRST, *_ = (TOPIC / "studies.csv").read_bytes().splitlines()
NAMES = [f"elm-{number}" for number in range(BATCH)]
LINES = [FIRST.replace(b"alder-2001", name.encode()) for name in NAMES]
CONTEXT = Context(read_vocabulary(TOPIC / "vocabulary.toml"), frozenset(NAMES))
Cells = dict[str, dict[str, str]]


def mangle(line: bytes, draw: random.Random) -> bytes:
    """The line with one thing done to its bytes."""
    at, size = draw.randrange(len(line)), draw.choice((1, 1, 1, 2, 5, 40))
    kind = draw.choices(("flip", "delete", "insert", "swap", "double", "odd", "any"),
                        (40, 15, 15, 10, 10, 8, 2))[0]  # fmt: skip
    other = draw.randrange(len(line))
    one = bytes([draw.choice(PLAIN)])
    return {
        "flip": line[:at] + one + line[at + 1 :],
        "delete": line[:at] + line[at + size :],
        "insert": line[:at] + one + line[at:],
        "swap": line[:at] + line[other : other + size] + line[at + size :],
        "double": line[: at + size] + line[at:],
        "odd": line[:at] + draw.choice(ODD) + line[at:],
        "any": line[:at] + bytes([draw.randrange(256)]) + line[at + 1 :],
    }[kind]


def local(line: bytes) -> bool:
    """Whether a line leaves the lines around it as they are, whatever it holds itself."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return bool(line) and not set(line) & set(b'"\r\n')


def edits() -> tuple[list[bytes], list[bytes]]:
    """Lines whose edit stays within them; and others, which are tried in a file each."""
    draw = random.Random(20260101)
    made = [mangle(LINES[number % BATCH], draw) for number in range(EDITS)]
    changed = [line for number, line in enumerate(made) if line != LINES[number % BATCH]]
    return [one for one in changed if local(one)], [one for one in changed if not local(one)]


WITHIN, BEYOND = edits()


def rows(path: Path) -> Cells:
    (chunk,) = read_chunks(path, 2 * BATCH)
    found = chunk.cells.to_dict("records")
    return {row["row_id"]: {k: v for k, v in row.items() if isinstance(v, str)} for row in found}


def loaded(path: Path, content: bytes) -> pd.DataFrame:
    path.write_bytes(content)
    return read_table(path, CONTEXT, keep=True, progress=lambda file, read: None)


def table(lines: list[bytes]) -> bytes:
    return b"\n".join([HEADER, *lines]) + b"\n"


def compared(path: Path, frame: pd.DataFrame, old: Cells) -> list[RowChange]:
    """What `evidence diff` says of a table that loads; its numbers are those of the file."""
    new = rows(path)
    assert frame["row_id"].tolist() == list(new)
    for name in ("events", "total"):
        typed = ["" if pd.isna(value) else int(value) for value in frame[name]]
        assert typed == [int(text[name]) if name in text else "" for text in new.values()]
    told = _of_file("studies.csv", old, new)
    differ = [name for name, cells in new.items() if cells != old.get(name)]
    assert set(differ) == {one.row for one in told if one.kind != "dropped"}
    return told


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data" / "studies.csv"


@pytest.mark.parametrize("part", range(4))
def test_an_edit_within_a_line_is_a_problem_of_that_line_or_told_as_a_change(
    path: Path, part: int
) -> None:
    loaded(path, table(LINES))
    old = rows(path)
    lines = WITHIN[part::4]
    known = {line.split(b",")[0].decode(): line for line in LINES}
    harmless = 0
    for start in range(0, len(lines), BATCH // 2):
        some = lines[start : start + BATCH // 2]
        wrong: dict[int, str] = {}
        try:
            loaded(path, table(some))
        except DataError as error:
            for one in error.problems:
                assert one.file == "data/studies.csv" and one.message
                assert 2 <= one.line <= len(some) + 1, str(one)
                wrong[one.line] = one.message
        kept = [line for number, line in enumerate(some, start=2) if number not in wrong]
        frame = loaded(path, table(kept))
        told = compared(path, frame, old)
        assert {one.kind for one in told} <= {"edited", "renamed", "added", "dropped"}
        for name, line in zip(frame["row_id"], kept, strict=True):
            assert line != known.get(name) and line.startswith(f"{name},".encode())
        harmless += len(kept)
    assert 0 < harmless < 0.75 * len(lines)


@pytest.mark.parametrize("part", range(4))
def test_an_edit_that_reaches_beyond_its_line_loads_as_it_stands_or_is_a_problem(
    path: Path, part: int
) -> None:
    around = LINES[:2]
    loaded(path, table(LINES))
    old = rows(path)
    refused = 0
    tried = BEYOND[part::4]
    for line in tried:
        try:
            frame = loaded(path, table([around[0], line, around[1]]))
        except DataError as error:
            refused += 1
            for one in error.problems:
                assert one.file == "data/studies.csv" and one.message
                assert one.line or re.search("is empty|is UTF-16", one.message), str(one)
            continue
        compared(path, frame, old)
        assert len(frame) <= 3 and frame["row_id"].iloc[0] == "elm-0.1"
    assert refused > len(tried) / 2


@pytest.mark.parametrize("part", range(3))
def test_a_file_cut_anywhere_is_told_or_has_whole_rows(path: Path, part: int) -> None:
    whole = table(LINES[:3])
    loaded(path, whole)
    old = rows(path)
    for end in range(part, len(whole), 9):
        try:
            frame = loaded(path, whole[:end])
        except DataError as error:
            assert all(one.file == "data/studies.csv" for one in error.problems)
            continue
        told = compared(path, frame, old)
        assert told or len(frame) == 3


def test_there_are_as_many_edits_as_promised() -> None:
    assert len(WITHIN) + len(BEYOND) > 0.95 * EDITS
    assert len(BEYOND) > 500
