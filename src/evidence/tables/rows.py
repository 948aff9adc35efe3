"""Each row as a whole: rules that tie its cells together, and rows that are there twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import Problem
from .reading import Chunk, problem
from .schema import Column


@dataclass(frozen=True)
class Rule:
    """One thing that must be true of a row.

    Attributes:
        message: what is wrong and what to do; cells of the row are put in by name.
        broken: frame of text cells -> true where the rule is broken.
        needs: the columns it reads.
    """

    message: str
    broken: Callable[[pd.DataFrame], pd.Series[bool]]
    needs: tuple[str, ...]


def _number(cells: pd.Series[str]) -> pd.Series[float]:
    return pd.to_numeric(cells, errors="coerce").astype(float)


CLAIM_RULES: tuple[Rule, ...] = (
    Rule(
        "judgement is {judgement}; give its reason in because",
        lambda f: f["judgement"].notna() & f["because"].isna(),
        ("judgement", "because"),
    ),
    Rule(
        "because is given and reviewer is blank; say who judged",
        lambda f: f["because"].notna() & f["reviewer"].isna(),
        ("because", "reviewer"),
    ),
    Rule(
        "judgement is {judgement} and no study is cited; leave it blank",
        lambda f: f["judgement"].notna() & f["study_id"].isna(),
        ("judgement", "study_id"),
    ),
    Rule(
        "cited_row is {cited_row} and figure is blank; say which of its numbers is claimed",
        lambda f: f["cited_row"].notna() & f["figure"].isna(),
        ("cited_row", "figure"),
    ),
    Rule(
        "of_row is {of_row}; give the cited_row that is counted, with figure events",
        lambda f: f["of_row"].notna() & (f["cited_row"].isna() | (f["figure"] != "events")),
        ("of_row", "cited_row", "figure"),
    ),
    Rule(
        "a proportion must lie between 0 and 100 percent",
        lambda f: (
            (f["unit"] == "percent")
            & pd.concat([_number(f[name]) for name in ("value", "low", "high")], axis=1)
            .pipe(lambda numbers: (numbers < 0) | (numbers > 100))
            .any(axis=1)
        ),
        ("unit", "value", "low", "high"),
    ),
)
"""Rules about one claim."""

STATEMENT_RULES: tuple[Rule, ...] = (
    Rule(
        "a p-value needs events and total of both groups",
        lambda f: (
            (f["figure"] == "p-value")
            & f[["events", "total", "events_2", "total_2"]].isna().any(axis=1)
        ),
        ("figure", "events", "total", "events_2", "total_2"),
    ),
    Rule(
        "events_2 ({events_2}) must not exceed total_2 ({total_2})",
        lambda f: _number(f["events_2"]) > _number(f["total_2"]),
        ("events_2", "total_2"),
    ),
    Rule(
        "a share needs its total",
        lambda f: (f["figure"] == "share") & f["total"].isna(),
        ("figure", "total"),
    ),
    Rule(
        "a share must lie between 0 and 100",
        lambda f: (
            (f["figure"] == "share") & ~_number(f["printed"].str.lstrip("<>=")).between(0, 100)
        ),
        ("figure", "printed"),
    ),
    Rule(
        "an interval needs low and high",
        lambda f: (f["figure"] == "interval") & f[["low", "high"]].isna().any(axis=1),
        ("figure", "low", "high"),
    ),
    Rule(
        "parts is {parts}; write the parts of the sum as 115+124+65",
        lambda f: (
            (f["figure"] == "sum")
            & ~f["parts"].fillna("").str.fullmatch(r"\d+(\.\d+)?(\+\d+(\.\d+)?)+")
        ),
        ("figure", "parts"),
    ),
)
"""Rules about one statement."""

RULES: tuple[Rule, ...] = (
    Rule(
        "row_id is {row_id}; it must be {study_id}, a point and a number",
        lambda f: pd.Series(
            [
                isinstance(row, str) and isinstance(study, str) and not row.startswith(f"{study}.")
                for row, study in zip(f["row_id"], f["study_id"], strict=True)
            ],
            index=f.index,
        ),
        ("row_id", "study_id"),
    ),
    Rule(
        "events ({events}) must not exceed total ({total})",
        lambda f: _number(f["events"]) > _number(f["total"]),
        ("events", "total"),
    ),
    Rule(
        "events is {events} and total is blank; give the people at risk, or leave both blank",
        lambda f: f["events"].notna() & f["total"].isna(),
        ("events", "total"),
    ),
    Rule(
        "there is no count, so the row cannot be pooled; give exclude_because, such as no-count",
        lambda f: (f["events"].isna() | f["total"].isna()) & f["exclude_because"].isna(),
        ("events", "total", "exclude_because"),
    ),
    Rule(
        "count_from is blank; say whether the count is reported or derived",
        lambda f: f["events"].notna() & f["total"].notna() & f["count_from"].isna(),
        ("events", "total", "count_from"),
    ),
    Rule(
        "count_from is {count_from} and there is no count; leave it blank",
        lambda f: (f["events"].isna() | f["total"].isna()) & f["count_from"].notna(),
        ("events", "total", "count_from"),
    ),
    Rule(
        "exclude_because is {exclude_because}; say why in exclude_detail",
        lambda f: f["exclude_because"].notna() & f["exclude_detail"].isna(),
        ("exclude_because", "exclude_detail"),
    ),
    Rule(
        "exclude_detail is given and exclude_because is blank; give both or neither",
        lambda f: f["exclude_because"].isna() & f["exclude_detail"].notna(),
        ("exclude_because", "exclude_detail"),
    ),
    Rule(
        "comparison is {comparison} for a single group; leave it blank or give the arm's role",
        lambda f: (f["role"] == "single") & f["comparison"].notna(),
        ("role", "comparison"),
    ),
    Rule(
        "comparison is blank for an arm with role {role}; name what ties the arms together",
        lambda f: f["role"].isin(["intervention", "control"]) & f["comparison"].isna(),
        ("role", "comparison"),
    ),
    *CLAIM_RULES,
    *STATEMENT_RULES,
)
"""Every rule about one row; a rule applies to a table that has its columns."""


def check_rows(path: Path, chunk: Chunk) -> list[Problem]:
    """Every row of the chunk that breaks a rule."""
    cells, found = chunk.cells, []
    for rule in RULES:
        if not set(rule.needs) <= set(cells.columns):
            continue
        for place in np.flatnonzero(rule.broken(cells).to_numpy(bool)):
            row = cells.iloc[place]
            message = rule.message.format_map(row.to_dict())
            found.append(problem(path, chunk.lines[place], message, _study(row)))
    return found


class Seen:
    """What earlier rows held, as hashes: a table of any length is checked in little memory."""

    def __init__(self, columns: tuple[Column, ...]) -> None:
        key = columns[0].name if columns[0].name.endswith("_id") else None
        facts = [c.name for c in columns if c.name not in (key, "notes")]
        self._parts = {tuple(facts): "the same row stands"}
        if key:
            self._parts = {(key,): f"{key} {{{key}}} is used", **self._parts}
        self._hashes: dict[tuple[str, ...], NDArray[np.uint64]] = {}
        self._lines = np.empty(0, int)

    def check(self, path: Path, chunk: Chunk) -> list[Problem]:
        """Every row whose name, or whose whole content, an earlier row had already."""
        found = []
        lines = np.append(self._lines, chunk.lines)
        for names, message in self._parts.items():
            if not set(names) <= set(chunk.cells.columns):
                continue
            frame = chunk.cells[list(names)]
            own = pd.util.hash_pandas_object(frame, index=False).to_numpy(np.uint64)
            hashes = np.append(self._hashes.get(names, np.empty(0, np.uint64)), own)
            again = pd.Series(hashes).duplicated().to_numpy()[len(hashes) - len(own) :]
            for place in np.flatnonzero(again):
                row = chunk.cells.iloc[place]
                if len(names) == 1 and pd.isna(row[names[0]]):
                    continue
                first = lines[np.flatnonzero(hashes == own[place])[0]]
                text = f"{message.format_map(row.to_dict())} on line {first} already"
                found.append(problem(path, chunk.lines[place], text, _study(row)))
            self._hashes[names] = hashes.astype(np.uint64)
        self._lines = lines
        return found


def _study(row: pd.Series[str]) -> str:
    study = row.get("study_id")
    return study if isinstance(study, str) else ""
