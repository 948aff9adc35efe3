"""How answers came about: over the analyses accepted so far, and over the years of publication."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from ..errors import EvidenceError, choose
from ..questions import answer, table_of
from ..tables.load import Tables
from .record import NAME, Record, parse_record, plain
from .states import git, results_of

POINTS = ["label", "estimate", "low", "high", "k"]


@dataclass(frozen=True)
class Version:
    """One accepted analysis, as git keeps it.

    Attributes:
        commit: its full name.
        date: day of the commit, as YYYY-MM-DD.
        subject: first line of its message.
        record: what was accepted; None where another version of this library wrote it.
    """

    commit: str
    date: str
    subject: str
    record: Record | None


def versions(tables: Tables) -> tuple[Version, ...]:
    """Every accepted analysis that git knows, the oldest first; none outside a repository."""
    data = tables.folder
    where = f"../{results_of(data).name}/{NAME}"
    try:
        listed = git(data, "log", "--reverse", "--format=%H%x1f%cs%x1f%s", "--", where)
    except EvidenceError:  # no repository, no commit yet, or no git: nothing is known
        return ()
    found = []
    for line in listed.decode(errors="replace").splitlines():
        commit, date, subject = line.split("\x1f")
        try:
            kept = parse_record(git(data, "show", f"{commit}:{where}"), "")
        except EvidenceError:
            kept = None
        found.append(Version(commit, date, subject, kept))
    return tuple(found)


def over_records(found: Sequence[Version], question: str) -> pd.DataFrame:
    """The answer to a question in each accepted analysis that pooled it.

    Returns:
        `label` (the date), `estimate`, `low`, `high`, `k`.
    """
    rows = [
        _point(one.date, one.record.questions[question]["answer"])
        for one in found
        if one.record and question in one.record.questions
    ]
    return _points(rows)


def over_years(question: str, tables: Tables) -> pd.DataFrame:
    """The answer that the table would have given each year: a cumulative synthesis.

    Each point takes the rows published up to its year and applies the question's own rules to
    them; a year that changes nothing has no point, nor has one with too few cohorts to pool. Where
    works have no year, a last point, `all`, takes them in.

    Returns:
        As `over_records`; the label is the year.
    """
    stated = choose(tables.questions, question, "question")
    stated = stated.model_copy(update={"sensitivity": ()})
    year_of = dict(zip(tables.references["study_id"], tables.references["year"], strict=True))
    table = table_of(stated)
    reported: pd.DataFrame = getattr(tables, table)
    years = reported["study_id"].map(year_of)
    bearing = answer(stated, tables).rows
    wanted = bearing.loc[bearing["stage"] != "excluded", "study_id"].map(year_of)
    rows: list[dict[str, object]] = []
    here = reported["outcome"].isin(stated.outcomes)
    steps = [(year, (years != "") & (years <= year)) for year in sorted(set(wanted) - {""})]
    if "" in set(wanted):
        steps.append(("all", here))
    for label, published in steps:
        kept = reported[here & published].reset_index(drop=True)
        (figures,) = plain(answer(stated, replace(tables, **{table: kept})).synthesis.to_frame())
        point = _point(label, figures)
        if not rows or rows[-1]["k"] != point["k"] or rows[-1]["estimate"] != point["estimate"]:
            rows.append(point)
    return _points(rows)


def _point(label: str, figures: Mapping[str, object]) -> dict[str, object]:
    return {"label": label} | {name: figures[name] for name in POINTS[1:]}


def _points(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=POINTS)
    pooled = frame["estimate"].notna() & frame["low"].notna() & (frame["k"] > 1)
    return frame[pooled].reset_index(drop=True)
