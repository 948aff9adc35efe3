"""Which notebooks must run again: those whose inputs differ, and those that were never kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat

from .notebooks import Executed, execute, page

NAME = "inputs.json"
_NO_NOTEBOOK_USES = ("report", "cli.py", "__main__.py")
_ONLY_THE_PAGE = ("accepted analysis", "last acceptance", "nbconvert")


@dataclass(frozen=True)
class Kept:
    """What the last report knows of one notebook: hashes of its inputs, and of its result."""

    inputs: dict[str, str]
    result: str


def executed(
    paths: list[Path], data: Path, now: dict[str, str], old: Path | None, say: Callable[[str], None]
) -> list[Executed]:
    """Every notebook with its outputs: taken over where no input differs, else run.

    The inputs are the notebook itself, every file of the topic, the versions at work and the
    library's code without what only makes the page.

    Args:
        paths: the notebooks.
        data: folder of the topic.
        now: the report's inputs.
        old: folder of the last report's notebooks; None runs all.
        say: told which run and why.

    Raises:
        EvidenceError: every notebook that failed, with its cell and the error.
    """
    found: dict[str, Executed] = {}
    to_run = []
    for path in paths:
        wanted = inputs_of(path, now)
        kept, why = _kept(path.stem, wanted, old)
        if kept:
            found[path.stem] = kept
            say(f"  kept {path.name}: none of its inputs changed")
        else:
            say(f"  executing {path.name}: {why}")
            to_run.append(path)
    found |= {one.name: one for one in execute(to_run, data, say)}
    return [found[path.stem] for path in paths]


def inputs_of(path: Path, now: dict[str, str]) -> dict[str, str]:
    """Name and hash of everything that can change a notebook's outputs."""
    shared = {
        name: text
        for name, text in now.items()
        if not name.startswith("notebooks/") and name not in _ONLY_THE_PAGE
    }
    return shared | {"library": _code(), "the notebook": now[f"notebooks/{path.name}"]}


def remember(paths: list[Path], now: dict[str, str], part: Path) -> None:
    """Write beside the executed notebooks what they were made from."""
    known = {
        path.stem: {
            "inputs": inputs_of(path, now),
            "result": _hash((part / f"{path.stem}.ipynb").read_bytes()),
        }
        for path in paths
    }
    text = json.dumps(known, indent=1, sort_keys=True) + "\n"
    (part / NAME).write_text(text, encoding="utf-8")


def _kept(name: str, wanted: dict[str, str], old: Path | None) -> tuple[Executed | None, str]:
    """The notebook as the last report has it, or why it cannot be taken over."""
    if old is None:
        return None, "asked for"
    try:
        before = Kept(**json.loads((old / NAME).read_text(encoding="utf-8"))[name])
        source = (old / f"{name}.ipynb").read_bytes()
    except (OSError, ValueError, KeyError, TypeError):
        return None, "the last report does not have it"
    if _hash(source) != before.result:
        return None, "its result was changed by hand"
    differ = sorted(
        one
        for one in wanted.keys() | before.inputs.keys()
        if wanted.get(one) != before.inputs.get(one)
    )
    if differ:
        return None, f"{', '.join(differ)} changed"
    return page(name, nbformat.reads(source.decode(), as_version=4)), ""  # type: ignore[no-untyped-call]


def _code() -> str:
    library = Path(__file__).resolve().parents[1]
    paths = sorted(
        path
        for path in library.rglob("*.py")
        if path.relative_to(library).parts[0] not in _NO_NOTEBOOK_USES
    )
    return _hash(b"".join(path.read_bytes() for path in paths))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
