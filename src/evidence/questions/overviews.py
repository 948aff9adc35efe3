"""Many answers, or many rows, in one table."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from ..errors import SynthesisError, choose
from ..rates import study_rates
from ..tables.load import Tables
from .answering import Answer
from .selecting import STAGES, select


def overview(answers: Iterable[Answer]) -> pd.DataFrame:
    """One row per question at full precision: how many studies, and what they say together."""
    rows = [
        found.synthesis.to_frame().assign(
            question=found.question.key,
            title=found.question.title,
            unit=found.synthesis.measure.scale.unit.strip(),
            rows=len(found.rows),
            pooled=found.synthesis.k > 1 and found.synthesis.estimate is not None,
        )
        for found in answers
    ]
    table = pd.concat(rows, ignore_index=True)
    first = ["question", "title", "unit", "rows", "pooled"]
    return table[[*first, *(name for name in table.columns if name not in first)]]


def evidence_table(answers: Iterable[Answer]) -> pd.DataFrame:
    """What was found for each question, for a map: one row per question and reported row.

    Returns:
        `question` (its title), `label`, `cohort`, `follow_up_months`, `time_basis`, `total`,
        `stage`, and `pooled` (whether it enters an answer that pools).
    """
    found = [
        one.rows.assign(
            question=one.question.title,
            pooled=(one.rows["stage"] == "enters") & (one.synthesis.estimate is not None),
        )
        for one in answers
    ]
    table = pd.concat(found, ignore_index=True)
    names = ["question", "label", "cohort", "follow_up_months", "time_basis", "total", "stage"]
    return table[[*names, "pooled"]]


def table_flow(answers: Iterable[Answer], tables: Tables) -> pd.DataFrame:
    """From every row of the table to the rows that enter an answer, as `Answer.flow` says it.

    A row that bears on several questions counts once, by the best that becomes of it.
    """
    order = list(STAGES)
    best: dict[str, str] = {}
    for one in answers:
        for row, stage in zip(one.rows["row_id"], one.rows["stage"], strict=True):
            best[row] = max(best.get(row, stage), stage, key=order.index)
    rows = tables.studies
    why = rows["row_id"].map(best).fillna("bears on no stated question")
    why = why.replace({key: text for key, text in STAGES.items() if key != "excluded"})
    excluded = rows["exclude_because"].notna()
    terms = rows["exclude_because"].dropna().map(lambda key: tables.term("exclusions", key).lower())
    why = why.where(~excluded, terms)
    usable = rows[~excluded]

    def step(stage: str, which: pd.DataFrame, kind: str) -> tuple[str, int, int, str]:
        return stage, len(which), which["cohort"].nunique(), kind

    steps = [step("rows in the table", rows, "kept")]
    steps += [step(text, rows[why == text], "left") for text in terms.value_counts().index]
    steps.append(step("rows that may be pooled", usable, "kept"))
    left = why[~excluded & (why != STAGES["enters"])]
    steps += [step(text, rows[why == text], "left") for text in left.value_counts().index]
    steps.append(step("enter an answer", rows[why == STAGES["enters"]], "kept"))
    return pd.DataFrame(steps, columns=["stage", "rows", "cohorts", "kind"])


def rate_table(
    tables: Tables, question: str | None = None, interval: str = "wilson", *, level: float = 0.95
) -> pd.DataFrame:
    """Each reported count with its own rate and interval, and its standing.

    Args:
        tables: what `load` returned.
        question: only the rows that bear on this question, with their `stage`; else every row.
        interval: as for `study_rates`.
        level: as for `study_rates`.

    >>> from evidence import load
    >>> table = rate_table(load(), "symptomatic-recurrence")
    >>> {"label", "events", "total", "estimate", "low", "high", "stage"} <= set(table.columns)
    True
    """
    if question is None:
        rows = tables.studies
    else:
        rows, _ = select(choose(tables.questions, question, "question"), tables)
        if "events" not in rows:
            raise SynthesisError(f"question {question!r} asks for scores; they have no rates")
    counted = rows[rows["events"].notna() & rows["total"].notna()]
    names = ["row_id", "label", "arm", "outcome", "time_basis", "follow_up_months", "events",
             "total", "estimate", "low", "high", "printed_percent", "count_from", "source_type",
             "citation_verified", "exclude_because", "stage"]  # fmt: skip
    table = study_rates(counted, interval, level=level)
    return table[[name for name in names if name in table.columns]]
