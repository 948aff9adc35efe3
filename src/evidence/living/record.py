"""The results record: every number of every answer, with what it was made from."""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from .. import __version__
from ..errors import EvidenceError
from ..pooling.model import Synthesis
from ..questions import Answer, answer, sentence
from ..tables.load import Tables
from ..tables.toml import Question, Sensitivity
from .findings import FINDINGS
from .rows import raw_rows

SCHEMA = 1
NAME = "results.json"
_LIBRARIES = ("numpy", "pandas", "scipy", "statsmodels")
_NO_NUMBERS = ("plots", "report", "living", "cli.py", "__main__.py")


@dataclass(frozen=True)
class Record:
    """An analysis as plain values; the same inputs and software give the same record.

    Attributes:
        data: fingerprint of the topic's files.
        software: name -> version; `library` also names the code that can change a number.
        rows: file -> row -> hash of its cells.
        questions: key -> `stated` (as in questions.toml), `model` (every option), `answer` (every
            figure at full precision), `scale` (unit and factor for print), `rows` (what became of
            each), `studies` (their figures), `sensitivity`, `sentence`, and `figure`, a hash of
            what the forest plot shows.
        findings: audit -> subject -> verdict.
        schema: version of this layout.
    """

    data: str
    software: dict[str, str]
    rows: dict[str, dict[str, str]]
    questions: dict[str, dict[str, Any]]
    findings: dict[str, dict[str, str]]
    schema: int = SCHEMA

    def to_json(self) -> str:
        """The record as sorted JSON, the same text for the same record."""
        return _json(asdict(self), indent=1) + "\n"


def record(tables: Tables, before: Record | None = None, changed: Iterable[str] = ()) -> Record:
    """The record of the tables as they are.

    Args:
        tables: what `load` returned.
        before: an earlier record; its answers are taken over where software, question and rows are
            the same.
        changed: the outcomes, old and new, of the rows that differ from those of `before`.

    >>> from evidence import load
    >>> found = record(load())
    >>> found.questions["symptomatic-recurrence"]["answer"]["k"] > 3
    True
    """
    now = software()
    touched = set(changed)
    questions = {}
    for key, question in tables.questions.items():
        known = before.questions.get(key) if before and before.software == now else None
        if known and known["stated"] == plain(question) and not touched & outcomes(question):
            questions[key] = known
        else:
            questions[key] = answered(answer(question, tables))
    return Record(
        data=tables.fingerprint,
        software=now,
        rows={
            file: {name: digest(cells) for name, cells in rows.items()}
            for file, rows in raw_rows(tables.folder).items()
        },
        questions=questions,
        findings={name: find(tables) for name, find in FINDINGS.items()},
    )


def outcomes(question: Question) -> set[str]:
    """Every outcome that can bear on a question or one of its restrictions."""
    return {term for rows in (question, *question.sensitivity) for term in rows.outcomes}


def answered(found: Answer) -> dict[str, Any]:
    """What the record holds of one question."""
    pooled = found.synthesis
    scale = pooled.measure.scale
    kept = {
        "stated": plain(found.question),
        "model": plain(pooled.model),
        "scale": {"unit": scale.unit, "factor": scale.factor},
        "answer": _figures(pooled),
        "studies": _studies(pooled),
        "rows": dict(zip(found.rows["row_id"], found.rows["stage"], strict=True)),
        "sensitivity": {name: _figures(one) for name, one in found.sensitivity.items()},
        "sentence": sentence(found),
    }
    shown = (found.question.title, kept["answer"], kept["studies"], list(pooled.studies["label"]))
    return {**kept, "figure": digest(plain(shown))}


def _figures(pooled: Synthesis) -> dict[str, Any]:
    (row,) = plain(pooled.to_frame())
    return {str(name): value for name, value in row.items()}


def _studies(pooled: Synthesis) -> list[dict[str, Any]]:
    """The numbers of each study that entered, by the row they come from."""
    numeric = [str(name) for name in pooled.studies.select_dtypes("number").columns]
    return list(plain(pooled.studies[["row_id", "study_id", *numeric]]))


def software() -> dict[str, str]:
    """Versions of everything that can change a number, and a hash of the library's own code."""
    library = Path(__file__).resolve().parents[1]
    own = hashlib.sha256()
    for path in sorted(library.rglob("*.py")):
        if path.relative_to(library).parts[0] not in _NO_NUMBERS:
            own.update(path.read_bytes())
    return {
        "library": f"{__version__} {own.hexdigest()[:12]}",
        "python": ".".join(map(str, sys.version_info[:2])),
        **{name: metadata.version(name) for name in _LIBRARIES},
    }


def digest(value: object) -> str:
    """A short hash of plain values."""
    return hashlib.sha256(_json(value).encode()).hexdigest()[:16]


def read_record(path: Path) -> Record:
    """The record of a file.

    Raises:
        EvidenceError: not there, not a record, or of another schema.
    """
    try:
        return parse_record(path.read_bytes(), str(path))
    except OSError as error:
        raise EvidenceError(f"cannot read {path}: {error.strerror}") from None


def parse_record(content: bytes, name: str) -> Record:
    """The record that `to_json` wrote; `name` stands in messages."""
    try:
        found = json.loads(content)
        schema = found["schema"]
    except (ValueError, KeyError, TypeError):
        raise EvidenceError(f"{name} is not a results record; run `evidence accept`") from None
    if schema != SCHEMA:
        raise EvidenceError(
            f"{name} has schema {schema} and this version reads {SCHEMA}; run `evidence accept`"
        )
    if set(found) != {field.name for field in fields(Record)}:
        raise EvidenceError(f"{name} is not a whole results record; run `evidence accept`")
    for one in found["questions"].values():
        stated = _with_defaults(Question, one["stated"])
        entries = [_with_defaults(Sensitivity, entry) for entry in stated["sensitivity"]]
        one["stated"] = {**stated, "sensitivity": entries}
    return Record(**found)


def _with_defaults(model: type[BaseModel], stated: Mapping[str, Any]) -> dict[str, Any]:
    """What was stated, and the defaults of what could not be stated when the record was written."""
    defaults = {
        name: plain(field.get_default(call_default_factory=True))
        for name, field in model.model_fields.items()
        if not field.is_required()
    }
    return {**defaults, **stated}


def plain(value: object) -> Any:
    """A value as JSON holds it: frozen values as objects, frames as lists of rows, no NaN.

    >>> plain(pd.DataFrame({"a": [1, 2], "b": [0.5, None]}))
    [{'a': 1, 'b': 0.5}, {'a': 2, 'b': None}]
    """
    if value is None or value is pd.NA or isinstance(value, str | bool | int):
        return None if value is pd.NA else value
    if isinstance(value, float | np.floating):
        number = float(value)
        return number if math.isfinite(number) else None if math.isnan(number) else str(number)
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, BaseModel):
        return plain(value.model_dump())
    if isinstance(value, pd.DataFrame):
        return [plain(row) for row in value.astype(object).to_dict("records")]
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(one) for one in value]
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    raise EvidenceError(f"the record cannot hold a {type(value).__name__}; give plain values")


def _json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, sort_keys=True, indent=indent, ensure_ascii=False, allow_nan=False)
