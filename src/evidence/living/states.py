"""Where an earlier state of the analysis is found: what was accepted, or a git revision."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import EvidenceError
from ..tables.load import FILES, OPTIONAL, fingerprint
from .record import NAME, Record, parse_record, read_record

INPUTS = "inputs"


@dataclass(frozen=True)
class State:
    """An analysis as it was.

    Attributes:
        name: how to speak of it.
        folder: the topic's files as they were.
        record: what was recorded of them; None where nothing was.
    """

    name: str
    folder: Path
    record: Record | None


def results_of(data: Path) -> Path:
    """The folder of the accepted analysis of a topic: `results/` beside its data."""
    return data.parent / "results"


@contextmanager
def earlier(data: Path, revision: str | None = None) -> Iterator[State]:
    """The accepted analysis, or the state of the topic at a git revision.

    Raises:
        EvidenceError: nothing was accepted yet, what was accepted was changed by hand, or the
            revision or its files are not there.
    """
    if revision is None:
        yield _accepted(results_of(data))
        return
    commit = git(data, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    name = commit.decode().strip()
    with tempfile.TemporaryDirectory(prefix="evidence-") as folder:
        inputs = Path(folder) / "data"
        inputs.mkdir()
        for file in FILES:
            if file in OPTIONAL and not _has(data, name, f"./{file}"):
                continue
            (inputs / file).write_bytes(git(data, "show", f"{name}:./{file}"))
        where = f"../{results_of(data).name}/{NAME}"
        found = None
        if _has(data, name, where):
            found = parse_record(git(data, "show", f"{name}:{where}"), f"{NAME} of {revision}")
            if found.data != fingerprint(inputs):
                found = None  # it was accepted for other data than that revision has
        yield State(revision, inputs, found)


def _accepted(results: Path) -> State:
    if not (results / NAME).exists():
        raise EvidenceError(
            f"no analysis was accepted yet: there is no {results / NAME}; run `evidence accept`"
        )
    found = read_record(results / NAME)
    inputs = results / INPUTS
    if fingerprint(inputs) != found.data:
        raise EvidenceError(
            f"{inputs} is not what {NAME} was made from; only `evidence accept` writes it. "
            "Restore the folder from git, or run `evidence accept`"
        )
    return State("the accepted analysis", inputs, found)


def git(folder: Path, *words: str) -> bytes:
    """What a git command prints in a folder.

    Raises:
        EvidenceError: git is not installed, or says no; its own words are kept.
    """
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=False)
    except OSError:
        raise EvidenceError("git is not installed; it is needed to look at revisions") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise EvidenceError(f"git {words[0]} failed: {said[-1] if said else 'no reason given'}")
    return done.stdout


def _has(folder: Path, commit: str, path: str) -> bool:
    try:
        git(folder, "cat-file", "-e", f"{commit}:{path}")
    except EvidenceError:
        return False
    return True
