"""The one door for data: a folder in; checked frames out, or one error with every problem."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import pandas as pd

from ..errors import DataError, EvidenceError, Problem
from ..formatting import plural
from .claims import check_links
from .references import read_references
from .schema import TABLES
from .table import Context, read_table
from .toml import Question, Term, read_questions, read_vocabulary

FILES = (*TABLES, "references.bib", "vocabulary.toml", "questions.toml")
OPTIONAL = frozenset(TABLES) - {"studies.csv"}
Folder = Path | str | None
Progress = Callable[[str, int], None]
T = TypeVar("T")


def _silent(file: str, rows: int) -> None:
    """No progress is wanted."""


@dataclass(frozen=True, eq=False, repr=False)
class Tables:
    """A topic, checked.

    Attributes:
        folder: where the files are.
        title, about: what the topic is, from questions.toml.
        studies: reported counts, one row each, with the columns of `schema.STUDIES`; blank cells
            are missing values, `events` and `total` are Int64, `follow_up_months` is Float64. A
            last column, `label`, names the study as the bibliography does.
        scores: reported mean scores, likewise; empty where the topic has none.
        statements: p-values, shares, intervals and sums printed beside the rows, likewise.
        claims: what articles claim, likewise; empty where the topic has none.
        acknowledged: findings of the audit that were reviewed; empty where there are none.
        references: the bibliography, one row per entry.
        vocabulary: list -> key -> `Term`.
        questions: key -> `Question`.
        fingerprint: SHA-256 of all files, so that a result can name the data it came from.
    """

    folder: Path
    title: str
    about: str
    studies: pd.DataFrame
    scores: pd.DataFrame
    references: pd.DataFrame
    vocabulary: Mapping[str, Mapping[str, Term]]
    questions: Mapping[str, Question]
    statements: pd.DataFrame
    claims: pd.DataFrame
    acknowledged: pd.DataFrame
    fingerprint: str = ""

    def __repr__(self) -> str:
        return (
            f"{self.title}: {plural(len(self.studies), 'reported count')} of "
            f"{plural(self.studies['study_id'].nunique(), 'study')}, "
            f"{plural(len(self.scores), 'reported score')}, "
            f"{plural(len(self.questions), 'question')} (data {self.fingerprint[:12]})"
        )

    def term(self, vocabulary: str, key: str) -> str:
        """The printed label of a vocabulary key."""
        return self.vocabulary[vocabulary][key].label


def load(data: Folder = None) -> Tables:
    """Every table of a topic, checked.

    Args:
        data: the folder; by default the one of this project (see `find_data`).

    Raises:
        DataError: every problem of every file, each with its file, line, study and remedy.
        EvidenceError: no folder could be found.

    >>> tables = load()
    >>> int(tables.studies.query("row_id == 'lebow-2011.2'")["events"].item())
    14
    """
    return _read(find_data(data), keep=True, progress=_silent)


def load_studies(data: Folder = None) -> pd.DataFrame:
    """The reported counts; all files are checked first. See `load`."""
    return load(data).studies


def load_scores(data: Folder = None) -> pd.DataFrame:
    """The reported mean scores; all files are checked first. See `load`."""
    return load(data).scores


def load_references(data: Folder = None) -> pd.DataFrame:
    """The bibliography; all files are checked first. See `load`."""
    return load(data).references


def load_questions(data: Folder = None) -> Mapping[str, Question]:
    """The pre-stated questions; all files are checked first. See `load`."""
    return load(data).questions


def check(data: Folder = None, progress: Progress | None = None) -> dict[str, int]:
    """Check every file without keeping its rows: entries per file, or every problem.

    Memory stays bounded however long a table is.

    Args:
        data: the folder, as in `load`.
        progress: called with a file's name and the rows read so far.

    Raises:
        DataError: as `load`.
    """
    counts: dict[str, int] = {}

    def count(file: str, rows: int) -> None:
        counts[file] = rows
        if progress:
            progress(file, rows)

    found = _read(find_data(data), keep=False, progress=count)
    terms = sum(len(entries) for entries in found.vocabulary.values())
    return counts | {
        "references.bib": len(found.references),
        "vocabulary.toml": terms,
        "questions.toml": len(found.questions),
    }


def find_data(data: Folder = None, start: Path | None = None) -> Path:
    """The folder that holds a topic.

    The first of: `data`; the environment variable EVIDENCE_DATA; `data/` in the working directory
    or a folder above it; `data/` of the project that this library was installed from.

    Raises:
        EvidenceError: the folder that was named is not there, or none was found.
    """
    named = data or os.environ.get("EVIDENCE_DATA")
    if named:
        folder = Path(named)
        if not folder.is_dir():
            raise EvidenceError(f"there is no folder {folder}; name one that holds studies.csv")
        return folder.resolve()
    start = start or Path.cwd()
    project = Path(__file__).resolve().parents[3]
    for above in (start, *start.parents, project):
        if (above / "data" / "studies.csv").exists():
            return above / "data"
    raise EvidenceError(f"no data/studies.csv in {start} or above it; name the folder with --data")


def fingerprint(folder: Path) -> str:
    """SHA-256 over the names and the own SHA-256 of a topic's files."""
    digest = hashlib.sha256()
    for name in FILES:
        if (folder / name).is_file():
            with (folder / name).open("rb") as file:
                digest.update(
                    f"{name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode()
                )
    return digest.hexdigest()


def _read(folder: Path, *, keep: bool, progress: Progress) -> Tables:
    """Every file checked; the rows of the two tables only where they are to be kept."""
    problems: list[Problem] = []

    def attempt(read: Callable[[], T]) -> T | None:
        """What a reader returns; where it fails, its problems are noted and the next goes on."""
        try:
            return read()
        except DataError as error:
            problems.extend(error.problems)
            return None

    def sure(found: T | None) -> T:
        """What a reader returned, or every problem where any reader failed."""
        if found is None or problems:
            raise DataError(problems)
        return found

    vocabulary = attempt(lambda: read_vocabulary(folder / "vocabulary.toml"))
    references = attempt(lambda: read_references(folder / "references.bib"))
    topic = attempt(lambda: read_questions(folder / "questions.toml", vocabulary))
    known = None if references is None else frozenset(references["study_id"])
    found = {
        name: attempt(
            partial(
                read_table,
                folder / name,
                Context(vocabulary, known, optional=name in OPTIONAL),
                keep=keep,
                progress=progress,
            )
        )
        for name in TABLES
    }
    asked = None if topic is None else frozenset(topic.questions)
    attempt(lambda: check_links(folder, asked))
    bibliography = sure(references)
    labels = dict(zip(bibliography["study_id"], bibliography["label"], strict=True))
    return Tables(
        folder=folder,
        studies=sure(found["studies.csv"]).assign(label=lambda rows: rows["study_id"].map(labels)),
        scores=sure(found["scores.csv"]).assign(label=lambda rows: rows["study_id"].map(labels)),
        statements=sure(found["statements.csv"]),
        claims=sure(found["claims.csv"]),
        acknowledged=sure(found["acknowledged.csv"]),
        references=bibliography,
        vocabulary=sure(vocabulary),
        title=sure(topic).title,
        about=sure(topic).about,
        questions=sure(topic).questions,
        fingerprint=fingerprint(folder),
    )
