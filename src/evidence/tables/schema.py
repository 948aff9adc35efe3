"""What the tables hold: one record per column; checks and the data dictionary follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["key", "text", "choice", "term", "whole", "number", "printed"]

TIME_BASES = ("fixed", "mean", "median", "minimum", "maximum", "kaplan-meier", "not stated")


@dataclass(frozen=True)
class Column:
    """Everything the project knows about one column.

    Attributes:
        name: the header's text.
        meaning: what a cell says, for the data dictionary.
        kind: `key` (lower-case letters, digits, points, hyphens), `text`, `choice` (one of
            `choices`), `term` (a key of the vocabulary list `vocabulary`), `whole` (a count),
            `number`, or `printed` (a number kept as the text that the source printed).
        required: whether a blank cell is a problem.
        choices: what a `choice` may be.
        vocabulary: which list a `term` comes from.
        low, high: smallest and largest number allowed.
    """

    name: str
    meaning: str
    kind: Kind = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    vocabulary: str = ""
    low: float | None = None
    high: float | None = None


def _term(name: str, vocabulary: str, what: str) -> tuple[Column, Column]:
    """A vocabulary column and its neighbour that keeps the source's own words."""
    return (
        Column(name, f"{what}, in the project's vocabulary", "term", True, vocabulary=vocabulary),
        Column(f"{name}_as_reported", f"{what}, as the source words it", required=True),
    )


_WHO = (
    Column("row_id", "name of the row: study_id, a point, a number; never used again", "key", True),
    Column("study_id", "the report; a key of references.bib", "key", True),
    Column("cohort", "the patients: reports of the same patients share it", "key", True),
    Column("arm", "the group, as reported; `all` where there is one", required=True),
    Column("role", "`single` group, or side of a comparison", "choice", True,
           ("single", "intervention", "control")),
    Column("comparison", "ties the arms of one comparison; blank for a single group", "key"),
    Column("design", "design of the study", "term", True, vocabulary="designs"),
    *_term("population", "populations", "who the patients were"),
    *_term("intervention", "interventions", "what was done to them"),
    *_term("outcome", "outcomes", "what was counted or measured"),
)  # fmt: skip
_WHEN = (
    Column("time_basis", "what follow_up_months is", "choice", True, TIME_BASES),
    Column("follow_up_months", "months after treatment; blank where not stated", "number", low=0),
)
_STANDING = (
    Column("exclude_because", "why the row must not be pooled; blank where it may be", "term",
           vocabulary="exclusions"),
    Column("exclude_detail", "the reason in a sentence"),
    Column("source_type", "what was read: abstract, full text, or another work that restates it",
           "choice", True, ("abstract", "full text", "secondary")),
    Column("source_locator", "where in the source the figures stand", required=True),
    Column("source_url", "address of what was read"),
    Column("citation_verified", "`no` where a field of the reference was filled from elsewhere",
           "choice", True, ("yes", "no")),
    Column("notes", "what a reader must know, inconsistencies with their numbers"),
)  # fmt: skip

STUDIES = (
    *_WHO,
    *_WHEN,
    Column("events", "people with the outcome", "whole", low=0),
    Column("total", "people at risk of it", "whole", low=1),
    Column("printed_percent", "the percentage as printed, a text", "printed", low=0, high=100),
    Column("count_from", "`reported`, or `derived`: the only count that gives the percentage",
           "choice", choices=("reported", "derived")),
    *_STANDING,
)  # fmt: skip
"""The columns of studies.csv: one reported count, study x arm x outcome x time point, a row."""

SCORES = (
    *_WHO,
    Column("scale", "the instrument", "term", True, vocabulary="scales"),
    *_WHEN,
    Column("n", "people measured", "whole", low=1),
    *(
        Column(f"{figure}_{when}", f"{label} {when} treatment, as printed", "printed")
        for when in ("before", "after")
        for figure, label in (("mean", "mean"), ("sd", "standard deviation"))
    ),
    Column("p_value", "p-value as printed, a text", "printed", low=0, high=1),
    *_STANDING,
)
"""The columns of scores.csv: one reported mean score before and after, a row."""

ACKNOWLEDGED = (
    Column("subject", "what the finding is about, as `evidence audit` prints it", required=True),
    Column("check", "which check found it, as `evidence audit` prints it", required=True),
    Column("note", "why the row may stay as it is", required=True),
    Column("reviewer", "who looked", required=True),
)
"""The columns of acknowledged.csv: one finding of the audit that was reviewed, a row."""

TABLES: dict[str, tuple[Column, ...]] = {
    "studies.csv": STUDIES,
    "scores.csv": SCORES,
    "acknowledged.csv": ACKNOWLEDGED,
}
"""Every table of a topic; the vocabulary lists are named by its `term` columns."""

VOCABULARIES = tuple(
    dict.fromkeys(c.vocabulary for columns in TABLES.values() for c in columns if c.vocabulary)
)
