"""The report's section on how the answers came about: what changed, the records, trajectories."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes

from ..living.diff import diff
from ..living.history import Version, over_records, over_years, versions
from ..living.states import earlier, results_of
from ..living.summary import paragraph, sections
from ..plots.trajectory import trajectory
from ..questions import Answer
from ..tables.load import Tables


@dataclass(frozen=True)
class Life:
    """What the section says.

    Attributes:
        summary: what changed since the accepted analysis, in a paragraph.
        changes: title and lines of every kind of change.
        notes: what could not be compared.
        versions: the accepted analyses, the newest first.
        trajectories: a name for ids, a heading and the figure of each.
    """

    summary: str
    changes: list[tuple[str, list[str]]]
    notes: tuple[str, ...]
    versions: tuple[Version, ...]
    trajectories: list[tuple[str, str, Axes]]


def life_of(tables: Tables, answers: list[Answer]) -> Life:
    """The life of an analysis so far.

    Raises:
        EvidenceError: what was accepted cannot be used.
    """
    known = versions(tables)
    drawn = _trajectories(tables, answers, known)
    if not results_of(tables.folder).exists():
        summary = "No analysis was accepted yet; `evidence accept` makes this one the first."
        return Life(summary, [], (), known[::-1], drawn)
    with earlier(tables.folder) as state:
        found = diff(tables.folder, state)
    return Life(paragraph(found), sections(found), found.notes, known[::-1], drawn)


def _trajectories(
    tables: Tables, answers: list[Answer], known: tuple[Version, ...]
) -> list[tuple[str, str, Axes]]:
    """Of every pooled question, over the years and, from two on, over the accepted analyses."""
    found = []
    for one in answers:
        if one.synthesis.k < 2 or one.synthesis.estimate is None:
            continue
        key, title = one.question.key, one.question.title
        kinds = (
            ("years", "by year of publication", over_years(key, tables)),
            ("records", "by accepted analysis", over_records(known, key)),
        )
        for kind, words, points in kinds:
            if len(points) > 1:
                heading = f"{title}, {words}"
                drawn = trajectory(points, one.synthesis.measure.scale, title=heading)
                found.append((f"{kind}-{key}", heading, drawn))
    return found
