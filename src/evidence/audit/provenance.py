"""Where every displayed number comes from: rows, sources, hashes, model and version."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Hashable, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import pandas as pd

from .. import __version__
from ..files import write
from ..questions import Answer
from ..tables.load import FILES, Tables

_LIBRARIES = ("numpy", "pandas", "scipy", "statsmodels")
_SOURCE = ("row_id", "study_id", "arm", "outcome", "events", "total", "printed_percent",
           "count_from", "mean_before", "sd_before", "mean_after", "sd_after", "mean_change",
           "sd_change", "recovered",
           "source_type", "source_locator", "source_url", "citation_verified",
           "stage", "reason")  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """One displayed number.

    Attributes:
        name: its field, such as `estimate` or `low`; a study's own begins with its row.
        value: at full precision; a fraction where it is read in percent.
        rows: the rows of studies.csv that made it.
    """

    name: str
    value: float | str
    rows: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Provenance:
    """Everything that made the answer to one question.

    Attributes:
        question: its key.
        asks: the question as it was stated.
        figures: every number of the answer and of its studies.
        rows: every row that bears on the question: what it says, where that stands, its citation,
            `stage` and `reason`, and `sha256` of its cells.
        method: the model in words.
        model: the model's options.
        cautions: what must be read with the figures.
        files: SHA-256 of each data file.
        made_with: the library and what it computes with, by version.
    """

    question: str
    asks: str
    figures: tuple[Figure, ...]
    rows: pd.DataFrame
    method: str
    model: dict[str, object]
    cautions: tuple[str, ...]
    files: dict[str, str]
    made_with: dict[str, str]

    def to_dict(self) -> dict[str, object]:
        """The same as plain values for JSON; what is blank is None."""
        rows = self.rows.astype(object)
        return {
            "question": self.question,
            "asks": self.asks,
            "figures": [asdict(one) for one in self.figures],
            "rows": [
                {str(name): _plain(cell) for name, cell in row.items()}
                for row in rows.where(rows.notna(), None).to_dict("records")
            ],
            "method": self.method,
            "model": self.model,
            "cautions": list(self.cautions),
            "files": self.files,
            "made_with": self.made_with,
        }

    def __str__(self) -> str:
        lines = [self.asks, "", f"method: {self.method}"]
        lines += [f"caution: {caution}" for caution in self.cautions]
        lines += ["", "figures (full precision) and the rows that made them:"]
        lines += [f"  {one.name} = {one.value}  from {', '.join(one.rows)}" for one in self.figures]
        lines += ["", "rows and their sources:"]
        for row in self.rows.to_dict("records"):
            lines.append(f"  {row['row_id']} ({row['stage']}): {row['citation']}")
            where = [row["source_type"], row["source_locator"], row["source_url"]]
            lines.append(f"    {', '.join(part for part in where if isinstance(part, str))}")
            lines.append(f"    {row['reason']}; sha256 {row['sha256'][:16]}")
        lines += ["", "files:"]
        lines += [f"  {name}  sha256 {digest}" for name, digest in self.files.items()]
        made = ", ".join(f"{name} {version}" for name, version in self.made_with.items())
        return "\n".join([*lines, "", f"made with: {made}"])


def explain(found: Answer, tables: Tables) -> Provenance:
    """For every number of an answer the rows, sources, hashes, model and versions that made it.

    Args:
        found: what `answer` returned.
        tables: what it was answered from.

    >>> from evidence import answer, load
    >>> tables = load()
    >>> made = explain(answer("symptomatic-recurrence", tables), tables)
    >>> {"estimate", "low", "high"} <= {one.name for one in made.figures}
    True
    """
    pooled = found.synthesis
    return Provenance(
        question=found.question.key,
        asks=found.question.asks,
        figures=(*_answer_figures(found), *_study_figures(pooled.studies)),
        rows=_sources(found.rows, tables),
        method=pooled.method_text,
        model={name: _plain(value) for name, value in vars(pooled.model).items()},
        cautions=pooled.cautions,
        files=file_hashes(tables.folder),
        made_with=_made_with(tables),
    )


def file_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of a topic that is there."""
    found = {}
    for name in FILES:
        if (folder / name).is_file():
            with (folder / name).open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def explain_rates(table: pd.DataFrame, tables: Tables, interval: str, level: float) -> Provenance:
    """The same for a table of the studies' own rates.

    Args:
        table: what `rate_table` returned.
        tables: what it was made from.
        interval: by which its limits were computed.
        level: of the limits.
    """
    rows = tables.studies[tables.studies["row_id"].isin(table["row_id"])]
    return Provenance(
        question="",
        asks="Each reported count as a rate of its own.",
        figures=tuple(_study_figures(table)),
        rows=_sources(rows, tables),
        method="events over total of each row; nothing is pooled",
        model={"interval": interval, "level": level},
        cautions=(),
        files=file_hashes(tables.folder),
        made_with=_made_with(tables),
    )


def write_sidecar(path: Path, *made: Provenance) -> Path:
    """Write what made an exported figure or table beside it, as JSON of the same name.

    Args:
        path: the figure or table; its suffix gives way to `.json`.
        made: what `explain` returned; several, for a table of several answers, become a list.
    """
    content = [one.to_dict() for one in made]
    text = json.dumps(
        content if len(content) > 1 else content[0], indent=1, ensure_ascii=False, allow_nan=False
    )
    return write(path.with_suffix(".json"), f"{text}\n".encode())


def _answer_figures(found: Answer) -> list[Figure]:
    """The fields of the pooled answer that it has, each made from every row that entered."""
    entered = tuple(
        name for joined in found.synthesis.studies["row_id"] for name in joined.split("+")
    )
    fields = found.synthesis.to_frame().iloc[0].drop(["measure", "method", "cautions"])
    return [
        Figure(str(name), _number(value), entered)
        for name, value in fields.items()
        if not pd.isna(value)
    ]


def _study_figures(studies: pd.DataFrame) -> list[Figure]:
    """Each study's own rate, limits and weight, made from its row or its arms' rows."""
    return [
        Figure(f"{row['row_id']} {name}", _number(row[name]), tuple(row["row_id"].split("+")))
        for _, row in studies.iterrows()
        for name in ("estimate", "low", "high", "weight")
        if name in row and not pd.isna(row[name])
    ]


def _sources(rows: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """What rows of studies.csv or scores.csv say, where that stands, and a hash of their cells."""
    citations = tables.references.set_index("study_id")["citation"]
    table = tables.scores if "scale" in rows else tables.studies
    cells = table.set_index("row_id", drop=False).loc[rows["row_id"]]
    return (
        rows[[name for name in _SOURCE if name in rows]]
        .assign(
            citation=rows["study_id"].map(citations),
            sha256=[_digest(row) for row in cells.to_dict("records")],
        )
        .reset_index(drop=True)
    )


def _made_with(tables: Tables) -> dict[str, str]:
    return {
        "fingerprint of the data": tables.fingerprint,
        "evidence": __version__,
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _LIBRARIES},
    }


def _digest(row: Mapping[Hashable, object]) -> str:
    """SHA-256 of the cells of a row of the table, by name, without the blank ones."""
    held = (f"{name}\x1f{cell}" for name, cell in row.items() if not pd.isna(cell))  # type: ignore[call-overload]
    text = "\x1e".join(held)
    return hashlib.sha256(text.encode()).hexdigest()


def _number(value: object) -> float | str:
    plain = _plain(value)
    return plain if isinstance(plain, float | int | str) else str(plain)


def _plain(value: object) -> object:
    """Numpy's numbers as Python's; values that are no plain ones as their text."""
    plain = value.item() if hasattr(value, "item") else value
    return plain if plain is None or isinstance(plain, bool | int | float | str) else str(plain)
