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
        optional: whether a file may do without the column, which is then blank throughout.
    """

    name: str
    meaning: str
    kind: Kind = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    vocabulary: str = ""
    low: float | None = None
    high: float | None = None
    optional: bool = False


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

QUALIFIERS = (
    "exact", "absolute", "about", "around", "range",
    "up to", "no more than", "within", "minority",
    "at least", "thousands",
    "over", "majority", "most", "most times", "most of the time", "usually",
    *(f"nearly one in {n}" for n in range(2, 11)),
    "almost none", "very rarely", "nearly never", "very common", "many", "overwhelming",
    "higher", "less", "list", "possible", "prospective", "qualitative", "limited evidence",
    "heading",
)  # fmt: skip
"""How a claim may word its number; what each means is said in `evidence.audit.qualifiers`."""

CLAIMS = (
    Column("claim_id", "name of the claim; never used again", "key", True),
    Column("source_file", "the article that makes the claim", required=True),
    Column("claim", "what it claims, paraphrased", required=True),
    Column("quantity", "what kind of thing is claimed", "choice", True,
           ("proportion", "count", "duration", "rank", "trend", "comparison", "statement")),
    Column("value", "the number claimed", "number"),
    Column("low", "the lower end claimed", "number"),
    Column("high", "the upper end claimed", "number"),
    Column("unit", "unit of the numbers"),
    Column("qualifier", "how the article words the number", "choice", True, QUALIFIERS),
    Column("study_id", "the work it cites; blank where it cites none", "key"),
    Column("question", "the question of questions.toml that asks for the same thing", "key"),
    Column("checkable", "whether any evidence could decide it", "choice", True, ("yes", "no")),
    Column("same_as", "the claim that it repeats; the two count once", "key"),
    Column("cited_row", "the row of studies.csv that holds what the cited work says", "key"),
    Column("of_row", "the row whose events are the denominator, where it is not the row's total",
           "key"),
    Column("figure", "what the number is: the percentage, the rest to 100, or a number of the row",
           "choice", choices=("percent", "rest", "events", "total", "months")),
    Column("judgement", "what a reader judged: reports its source faithfully, drifts from it, "
           "cites a study that measured something else, or cannot be verified", "choice",
           choices=("faithful", "drifts", "elsewhere", "unverified")),
    Column("because", "reason for the judgement, or for the row or question chosen"),
    Column("reviewer", "who judged or chose"),
    Column("notes", "what else a reader should know"),
)  # fmt: skip
"""The columns of claims.csv: one claim of one article, a row."""

STATEMENTS = (
    Column("statement_id", "name of the statement; never used again", "key", True),
    Column("study_id", "the report; a key of references.bib", "key", True),
    Column("beside", "the row of studies.csv that it belongs to", "key"),
    Column("figure", "what is printed: the p-value of two counts, a share, an estimate with its "
           "interval, or a whole with its parts", "choice", True,
           ("p-value", "share", "interval", "sum")),
    Column("printed", "the number as printed, a text", "printed", True),
    Column("low", "lower end of the interval, as printed", "printed"),
    Column("high", "upper end of the interval, as printed", "printed"),
    Column("events", "people with the outcome", "whole", low=0),
    Column("total", "people at risk of it", "whole", low=1),
    Column("events_2", "of the other group", "whole", low=0),
    Column("total_2", "of the other group", "whole", low=1),
    Column("parts", "the parts, joined by +"),
    Column("notes", "what it is about"),
)  # fmt: skip
"""The columns of statements.csv: a figure printed beside a row that is no row of its own."""

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
    "statements.csv": STATEMENTS,
    "claims.csv": CLAIMS,
    "acknowledged.csv": ACKNOWLEDGED,
}
"""Every table of a topic; the vocabulary lists are named by its `term` columns."""

VOCABULARIES = tuple(
    dict.fromkeys(c.vocabulary for columns in TABLES.values() for c in columns if c.vocabulary)
)
