"""From a pre-stated question and the checked tables to its answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html import escape

import numpy as np
import pandas as pd

from ..changes import with_correlation
from ..errors import choose
from ..formatting import count, percent, plural
from ..measures.measure import MEASURES
from ..pooling.listing import side_by_side
from ..pooling.model import Synthesis, pool
from ..pooling.needed import number_needed
from ..tables.load import Tables
from ..tables.toml import Question, Rows, Sensitivity, model_of
from .restricting import unjudged
from .scores import assumption, beyond_scale, by_changes, recovered_figures, was_assumed
from .selecting import select


@dataclass(frozen=True, eq=False)
class Answer:
    """A question with everything that was done to answer it.

    Attributes:
        question: as it was stated beforehand.
        rows: every row of the table that bears on it, with `stage` (a key of `STAGES`) and
            `reason`, a sentence.
        synthesis: the answer. Where nothing was pooled it has no estimate and says why.
        sensitivity: the pre-stated restrictions, each by its name, with its own answer.
    """

    question: Question
    rows: pd.DataFrame = field(repr=False)
    synthesis: Synthesis
    sensitivity: dict[str, Synthesis] = field(repr=False)

    def __str__(self) -> str:
        more = (f"{name:<14}{text}" for name, text in self._beside())
        return "\n".join((self.question.asks, self.synthesis.summary(), *more))

    def _repr_html_(self) -> str:
        more = "".join(f"<p>{escape(text)}</p>" for _, text in self._beside())
        return f"<p>{escape(self.question.asks)}</p>{self.synthesis._repr_html_()}{more}"

    def _beside(self) -> list[tuple[str, str]]:
        """What is said beside the pooled answer: whether it matters, and the numbers needed."""
        matters = [("Matters", self.importance())] if self.importance() else []
        return matters + [("Needed", text) for text in self._needed_in_words()]

    def importance(self) -> str:
        """Whether the answer reaches the smallest change that matters; empty where none is."""
        least, interval = self.question.important, self.synthesis.interval
        if least is None or interval is None:
            return ""
        near, far = sorted((abs(interval.low), abs(interval.high)))
        if interval.low * interval.high > 0 and near >= least:
            said = "lies wholly beyond"
        elif far < least:
            said = "lies wholly within"
        else:
            said = "does not decide about"
        what = "difference" if self.synthesis.measure.two_arms else "change"
        return (
            f"The interval {said} the smallest {what} that matters to a patient, {least:g} "
            f"({self.question.important_because.rstrip('.')})."
        )

    def needed(self) -> pd.DataFrame:
        """Numbers needed to treat at the stated baseline risks, as `number_needed` gives them.

        No row where the question states no such risk, or where there is no estimate.
        """
        stated = self.question.baseline_risks if self.synthesis.estimate is not None else ()
        return number_needed(self.synthesis, stated) if stated else pd.DataFrame()

    def _needed_in_words(self) -> list[str]:
        return [
            f"at a risk of {percent(row['baseline'])}% without it: {row['reading']}"
            for row in self.needed().to_dict("records")
        ]

    def flow(self) -> pd.DataFrame:
        """How many rows and cohorts were found, left out by which reason, and entered."""
        kept = self.rows
        table = [("rows that bear on the question", len(kept), kept["cohort"].nunique(), "kept")]
        for reason, group in kept[kept["stage"] != "enters"].groupby("short_reason", sort=False):
            table.append((str(reason), len(group), group["cohort"].nunique(), "left"))
        entering = kept[kept["stage"] == "enters"]
        table.append(("enter the answer", len(entering), entering["cohort"].nunique(), "kept"))
        return pd.DataFrame(table, columns=["stage", "rows", "cohorts", "kind"])


def answer(question: Question | str, tables: Tables) -> Answer:
    """The answer to one question of the tables.

    One row per cohort enters. Among a cohort's rows inside the follow-up window that rule is, in
    this order: a fixed follow-up before any other, the longest follow-up, the most complete
    denominator, the first in the table. Arms of one cohort at that time, which are different
    patients, are added together.

    Args:
        question: a `Question`, or its key in questions.toml.
        tables: what `load` returned.

    Raises:
        SynthesisError: a key that questions.toml does not have.

    >>> from evidence import load
    >>> answer("symptomatic-recurrence", load()).synthesis.k > 3
    True
    """
    if isinstance(question, str):
        question = choose(tables.questions, question, "question")
    rows, entering = select(question, tables)
    known: dict[tuple[object, ...], Synthesis] = {}
    return Answer(
        question=question,
        rows=rows,
        synthesis=_pooled(question, entering, tables, known),
        sensitivity={
            restriction.name: _pooled(narrowed, which, tables, known)
            for restriction in question.sensitivity
            for narrowed in [_narrow(question, restriction)]
            for which in [
                select(narrowed, tables)[1]
                if _row_rules(restriction) or restriction.measure
                else entering
            ]
        },
    )


CORRELATIONS = (0.0, 0.25, 0.5, 0.75, 0.9)
"""What the correlation of scores before and after is varied over, where it is assumed."""


def over_correlation(found: Answer, tables: Tables) -> pd.DataFrame:
    """The answer under other correlations of scores before and after.

    Returns:
        One row per assumption: `correlation`, `assumed` (true for the question's own), `of` (what
        is estimated: "all cohorts together" where they are pooled, else each cohort by its label),
        `estimate`, `low` and `high`. No row where nothing is assumed.

    >>> from evidence import load
    >>> tables = load()
    >>> table = over_correlation(answer("revision-back-pain-change", tables), tables)
    >>> table["of"].unique().tolist(), table["correlation"].tolist()
    (['all cohorts together'], [0.0, 0.25, 0.5, 0.75, 0.9])
    """
    studies, stated = found.synthesis.studies, found.question.correlation
    rows: list[tuple[object, ...]] = []
    if "correlation_from" in studies and np.any(was_assumed(studies)):
        entering = select(found.question, tables)[1]
        for value in sorted({*CORRELATIONS, stated}):
            asked = found.question.model_copy(update={"correlation": value})
            rows += [
                (value, value == stated, *one) for one in _estimates(_synthesis(asked, entering))
            ]
    columns = ["correlation", "assumed", "of", "estimate", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def _estimates(pooled: Synthesis) -> list[tuple[object, ...]]:
    """What is estimated, with both limits: the pooled answer, or each cohort without one."""
    if pooled.estimate is not None and pooled.interval is not None and pooled.k > 1:
        ends = pooled.interval
        return [("all cohorts together", pooled.estimate, ends.low, ends.high)]
    return list(
        pooled.studies[["label", "estimate", "low", "high"]].itertuples(index=False, name=None)
    )


def answers(tables: Tables) -> dict[str, Answer]:
    """Every question of the tables with its answer, in the order of questions.toml."""
    return {key: answer(key, tables) for key in tables.questions}


def _pooled(
    question: Question,
    entering: pd.DataFrame,
    tables: Tables,
    known: dict[tuple[object, ...], Synthesis],
) -> Synthesis:
    """The rows pooled, once where several restrictions leave the same, with its cautions."""
    asked = (question.measure, question.correlation, *sorted(question.model.items()))
    key = (*entering["row_id"], *asked)
    if key not in known:
        known[key] = _synthesis(question, entering)
    found = known[key]
    said = unjudged(entering, question) + beyond_scale(found, question, tables)
    return replace(found, cautions=found.cautions + said)


def _synthesis(question: Question, entering: pd.DataFrame) -> Synthesis:
    model = model_of(question.model)
    k = len(entering)
    if "correlation" in MEASURES[question.measure].needs and k:
        entering = with_correlation(entering, question.correlation)
    if not question.pool:
        because = f"not pooled: {question.pool_because}"
    elif 1 < k < question.minimum_k:
        because = (
            f"not pooled: {plural(k, 'cohort')}, and the question asks for at least "
            f"{count(question.minimum_k)}"
        )
    else:
        because = ""
    if because:
        found = side_by_side(entering, because, question.measure, model)
    else:
        found = pool(entering, question.measure, model)
    flags = (recovered_figures, by_changes, assumption, _standing_of)
    said = tuple(caution for flag in flags for caution in flag(entering))
    return replace(found, cautions=found.cautions + said)


def _standing_of(entering: pd.DataFrame) -> tuple[str, ...]:
    """What a reader must know of where the counts come from; nothing where all is verified."""
    k = len(entering)
    parts = {
        "read in an abstract only": entering["source_type"] == "abstract",
        "read in another work that restates them": entering["source_type"] == "secondary",
        "derived from a printed percentage": entering.get("count_from") == "derived",
        "cited with fields that are not verified": entering["citation_verified"] == "no",
    }
    said = [f"{np.sum(rows)} {text}" for text, rows in parts.items() if np.any(rows)]
    return (
        (f"of {plural(k, 'score' if 'scale' in entering else 'count')}: {', '.join(said)}",)
        if said
        else ()
    )


def _narrow(question: Question, restriction: Sensitivity) -> Question:
    """The question with what the restriction states in place of its own."""
    changes = {name: getattr(restriction, name) for name in _row_rules(restriction)}
    if restriction.model:
        changes["model"] = {**question.model, **restriction.model}
    for name in ("measure", "correlation"):
        if getattr(restriction, name) is not None:
            changes[name] = getattr(restriction, name)
    return question.model_copy(update=changes)


def _row_rules(restriction: Sensitivity) -> set[str]:
    """What a restriction states on the rows, apart from how they are pooled."""
    return restriction.model_fields_set & set(Rows.model_fields)
