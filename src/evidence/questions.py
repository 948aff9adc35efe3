"""From a pre-stated question and the checked tables to its answer; every row keeps its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from .errors import SynthesisError, choose
from .formatting import count, fixed, percent, plural
from .measures.measure import MEASURES
from .pairing import NO_PARTNER, of_comparisons, pair
from .pooling.listing import side_by_side
from .pooling.model import Synthesis, pool
from .pooling.wording import answer_text, interval_text
from .rates import study_rates
from .recover import with_correlation
from .scoring import INCOMPLETE, assumption, groups_as_one, lacking, readable_scores
from .tables.load import Tables
from .tables.toml import Question, Rows, Sensitivity, Window, model_of

STAGES = {
    "excluded": "must not be pooled",
    "follow-up": "outside the question's follow-up",
    "other scale": "measured on another scale",
    "incomplete": INCOMPLETE,
    "no partner": NO_PARTNER,
    "same patients": "another row of the same patients enters",
    "enters": "enters the answer",
}
"""What can become of a row that bears on a question, in the order in which it is decided."""


WEAKEST_LAST = {
    "source_type": ("full text", "abstract", "secondary"),
    "count_from": ("reported", "derived"),
    "citation_verified": ("yes", "no"),
}
"""How far a row can be relied on; a row made of several is as good as the weakest."""


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
        return f"{self.question.asks}\n{self.synthesis.summary()}"

    def _repr_html_(self) -> str:
        return f"<p>{self.question.asks}</p>{self.synthesis._repr_html_()}"

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
    return Answer(
        question=question,
        rows=rows,
        synthesis=_synthesis(question, entering),
        sensitivity={
            restriction.name: _synthesis(narrowed, select(narrowed, tables)[1])
            for restriction in question.sensitivity
            for narrowed in [_narrow(question, restriction)]
        },
    )


def sentence(found: Answer) -> str:
    """The answer in a sentence or two, for a reader who reads nothing else."""
    pooled = found.synthesis
    if pooled.k == 0:
        bearing = len(found.rows)
        tail = f"; {plural(bearing, 'row')} bear on it and none can enter" if bearing else ""
        return f"No study in the table answers this question{tail}."
    unit = pooled.measure.scale.unit
    if pooled.measure.kind != "rate":
        return " ".join(filter(None, (_contrast_sentence(pooled), importance(found))))
    if pooled.estimate is None:
        low, high = pooled.studies["estimate"].min(), pooled.studies["estimate"].max()
        said = pooled.cautions[0].rstrip(".")
        return (
            f"{said[:1].upper()}{said[1:]}. The rates of {plural(pooled.k, 'cohort')} lie between "
            f"{percent(low)}{unit} and {percent(high)}{unit}."
        )
    level = f"{pooled.model.level * 100:g}%"
    figures = (
        f"{percent(pooled.estimate)}{unit} ({level} CI {interval_text(pooled.interval)}), from "
        f"{plural(pooled.k, 'cohort')} with {count(pooled.events)} of {count(pooled.total)} people"
    )
    if pooled.k == 1:
        return f"One study: {figures}. Nothing is pooled."
    if pooled.prediction is None:
        return f"{figures}."
    return f"{figures}. In a new setting expect {interval_text(pooled.prediction)}{unit}."


def importance(found: Answer) -> str:
    """Whether the answer reaches the smallest change that matters; empty where none is stated."""
    least, interval = found.question.important, found.synthesis.interval
    if least is None or interval is None:
        return ""
    near, far = sorted((abs(interval.low), abs(interval.high)))
    if interval.low * interval.high > 0 and near >= least:
        said = "lies wholly beyond"
    elif far < least:
        said = "lies wholly within"
    else:
        said = "does not decide about"
    return (
        f"The interval {said} the smallest change that matters to a patient, {least:g} "
        f"({found.question.important_because.rstrip('.')})."
    )


def favours(found: Answer, tables: Tables) -> tuple[str, str] | None:
    """What an estimate below and above no difference speaks for; None for a plain rate or mean.

    An outcome that is unwelcome (`direction` of the vocabulary) favours the side with less of it.
    """
    measure = found.synthesis.measure
    directions = {tables.vocabulary["outcomes"][key].direction for key in found.question.outcomes}
    if measure.scale.null is None or measure.key in ("mean", "mean_log") or len(directions) != 1:
        return None
    less, more = ("Favours intervention", "Favours comparison")
    if measure.kind == "score" and "correlation" in measure.needs:
        less, more = ("Better", "Worse")
    return (more, less) if directions == {"good"} else (less, more)


def _contrast_sentence(pooled: Synthesis) -> str:
    """The answer of a comparison or a score in a sentence or two."""
    scale = pooled.measure.scale
    number = fixed(scale.decimals)
    if pooled.estimate is None:
        low, high = (
            number(scale.factor * value)
            for value in (pooled.studies["estimate"].min(), pooled.studies["estimate"].max())
        )
        said = pooled.cautions[0].rstrip(".")
        return (
            f"{said[:1].upper()}{said[1:]}. The {pooled.measure.label.lower()} of "
            f"{plural(pooled.k, 'cohort')} lies between {low} and {high}{scale.unit}."
        )
    figures = answer_text(pooled).replace("in 1 study", "from 1 cohort")
    if pooled.k == 1:
        return f"One study: {figures[:1].lower()}{figures[1:]}. Nothing is pooled."
    if pooled.prediction is None:
        return f"{figures}."
    limits = interval_text(pooled.prediction, scale)
    return f"{figures}. In a new setting expect {limits}{scale.unit}."


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


def answers(tables: Tables) -> dict[str, Answer]:
    """Every question of the tables with its answer, in the order of questions.toml."""
    return {key: answer(key, tables) for key in tables.questions}


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


def select(question: Question, tables: Tables) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every row that bears on a question with its `stage` and `reason`; and the rows to pool."""
    kind = MEASURES[question.measure].kind
    compares = kind == "two_arm"
    studies = readable_scores(tables.scores) if kind == "score" else tables.studies
    bearing = pd.Series(True, index=studies.index)
    for column in ("outcome", "population", "intervention", "design"):
        allowed = getattr(question, f"{column}s")
        if allowed and not (compares and column == "intervention"):
            bearing &= studies[column].isin(allowed)
    if compares:
        bearing &= of_comparisons(studies, question.interventions, question.comparators)
    rows = studies[bearing].copy()
    standing = [_standing(row, question, tables) for _, row in rows.iterrows()]
    rows["stage"], rows["short_reason"], rows["reason"] = (
        zip(*standing, strict=True) if standing else ((), (), ())
    )
    if compares:
        rows, pairs = pair(rows, question.outcomes, _combine)
        names = [name for name in studies.columns if name not in ("events", "total")]
        columns = None if pairs else [*names, *MEASURES[question.measure].needs]
        return rows, pd.DataFrame(pairs, columns=columns).reset_index(drop=True)
    entering = []
    for _, cohort in rows[rows["stage"] == "enters"].groupby("cohort", sort=False):
        chosen = _choose(cohort, question)
        entering.append(_combine(chosen))
        passed = cohort.index.difference(chosen.index)
        name = " and ".join(chosen["row_id"])
        rows.loc[passed, "stage"] = "same patients"
        rows.loc[passed, "short_reason"] = STAGES["same patients"]
        rows.loc[passed, "reason"] = f"{STAGES['same patients']}: {name}"
    kept = pd.DataFrame(entering, columns=studies.columns).astype(studies.dtypes.to_dict())
    return rows, kept.reset_index(drop=True)


def _standing(row: pd.Series, question: Question, tables: Tables) -> tuple[str, str, str]:
    """Stage, short reason and reason of one row, before the cohorts are compared."""
    if pd.notna(row["exclude_because"]):
        term = tables.term("exclusions", row["exclude_because"])
        return "excluded", term.lower(), str(row["exclude_detail"])
    outside = _outside(row, question)
    if outside:
        return "follow-up", STAGES["follow-up"], outside
    if "scale" in row.index:
        return _score_standing(row, question, tables)
    return "enters", STAGES["enters"], STAGES["enters"]


def _score_standing(row: pd.Series, question: Question, tables: Tables) -> tuple[str, str, str]:
    """The same for a score: is it on the scale asked for, with every figure that is needed?"""
    if question.scales and row["scale"] not in question.scales:
        wanted = ", ".join(tables.term("scales", key) for key in question.scales)
        found = tables.term("scales", row["scale"])
        return "other scale", STAGES["other scale"], f"scale: {found}; wanted: {wanted}"
    lack = lacking(row, MEASURES[question.measure].needs)
    if lack:
        return "incomplete", INCOMPLETE, lack
    return "enters", STAGES["enters"], STAGES["enters"]


def _outside(row: pd.Series, question: Rows) -> str:
    """Why a row's follow-up does not fit the question; nothing where it does."""
    if question.time_bases and row["time_basis"] not in question.time_bases:
        return f"follow-up is {row['time_basis']}; wanted: {', '.join(question.time_bases)}"
    window = question.follow_up_months
    if window is None:
        return ""
    months = row["follow_up_months"]
    if pd.isna(months):
        return "" if window.unknown else f"follow-up is not stated; wanted: {_window_text(window)}"
    if window.min <= months <= window.max:
        return ""
    return f"follow-up of {months:g} months; wanted: {_window_text(window)}"


def _window_text(window: Window) -> str:
    if window.max == float("inf"):
        return f"{window.min:g} months or more"
    if window.min == window.max:
        return f"{window.min:g} months"
    return f"{window.min:g} to {window.max:g} months"


def _choose(cohort: pd.DataFrame, question: Question) -> pd.DataFrame:
    """The row of a cohort that enters, or its arms at one time."""
    if len(cohort) == 1:
        return cohort
    ranked = cohort.assign(
        _fixed=cohort["time_basis"] != "fixed",
        _months=-cohort["follow_up_months"].fillna(-1.0),
        _outcome=cohort["outcome"].map(question.outcomes.index),
        _total=-cohort["total"],
        _order=range(len(cohort)),
    ).sort_values(["_fixed", "_months", "_outcome", "_total", "_order"])
    best = ranked.iloc[0]
    same = ranked[
        (ranked["time_basis"] == best["time_basis"])
        & (ranked["_months"] == best["_months"])
        & (ranked["outcome"] == best["outcome"])
    ]
    whole = same[same["arm"] == "all"]
    chosen = whole.head(1) if len(whole) else same.drop_duplicates("arm").sort_values("_order")
    return cohort[cohort.index.isin(chosen.index)]


def _combine(arms: pd.DataFrame) -> pd.Series:
    """One row for a cohort: its only row, or its arms with events and totals added.

    Where the arms differ, texts stand side by side, and the standing is that of the weakest.
    """
    row = arms.iloc[0].copy()
    if len(arms) == 1:
        return row
    for column in row.index:
        values = arms[column].dropna().unique()
        if column in WEAKEST_LAST:
            row[column] = max(values, key=WEAKEST_LAST[column].index)
        elif len(values) > 1 and isinstance(values[0], str):
            row[column] = " + ".join(values)
    row["row_id"] = "+".join(arms["row_id"])
    if "scale" in arms.columns:
        return groups_as_one(row, arms)
    row["events"], row["total"] = arms["events"].sum(), arms["total"].sum()
    row["printed_percent"] = None
    return row


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
    return replace(found, cautions=found.cautions + assumption(entering) + _standing_of(entering))


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
    stated = restriction.model_fields_set & set(Rows.model_fields)
    changes = {name: getattr(restriction, name) for name in stated}
    if restriction.model:
        changes["model"] = {**question.model, **restriction.model}
    for name in ("measure", "correlation"):
        if getattr(restriction, name) is not None:
            changes[name] = getattr(restriction, name)
    return question.model_copy(update=changes)
