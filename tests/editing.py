"""Changing one thing in a copy of a topic."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def edit(folder: Path, change: Callable[[str], str], name: str = "studies.csv") -> None:
    path = folder / name
    old = path.read_text(encoding="utf-8")
    new = change(old)
    assert new != old, "the test changes nothing"
    path.write_text(new, encoding="utf-8")


def cell(row: str, column: str, value: str) -> Callable[[str], str]:
    """The table's text with one cell replaced."""

    def change(text: str) -> str:
        header, *lines = text.splitlines()
        place = header.split(",").index(column)
        done = []
        for line in lines:
            cells = line.split(",")
            if cells[0] == row:
                cells[place] = value
            done.append(",".join(cells))
        return "\n".join([header, *done]) + "\n"

    return change


def question(old: str, new: str) -> tuple[Callable[[str], str], str]:
    """The change of one text in questions.toml, as the arguments of `edit`."""
    return lambda text: text.replace(old, new, 1), "questions.toml"
