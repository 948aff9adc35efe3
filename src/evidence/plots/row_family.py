"""Figures of rows beside the forest plot: cumulative answers, shrunken rates, all questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from ..errors import SynthesisError, choose
from ..formatting import fixed, plural
from ..measures.measure import MEASURES
from ..pooling.glmm_details import GlmmDetails, glmm_details
from ..pooling.model import Synthesis
from ..questions import Answer, overview
from .axis import Axis, axis_of
from .forest import draw_content
from .layout import Content
from .picture import leave
from .rows import finished, forest_rows, study_names
from .style import DEFAULT, ForestStyle
from .text import clean
from .words import measured, sentence


def cumulative(
    steps: Sequence[Synthesis],
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """How the answer moved as studies were added: one dot and interval per answer.

    Args:
        steps: answers of growing sets of studies, such as those by year. What each row is called
            is the study that its answer has and the one before has not.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`.

    Raises:
        SynthesisError: no step, a step without an estimate, or one that adds no study.

    >>> from evidence import pool
    >>> frame = pd.DataFrame({"study_id": list("abc"), "events": [3, 6, 10],
    ...                       "total": [11, 17, 21]})
    >>> axes = cumulative([pool(frame[:n]) for n in (1, 2, 3)])
    >>> axes.get_label()[:70]
    'Cumulative plot. 3 answers, each with more studies than the one before'
    """
    rows = cumulative_rows(steps)
    last, number = steps[-1], steps[-1].measure.scale.text
    first, final = rows.iloc[0], rows.iloc[-1]
    unit = last.measure.scale.unit
    alt = (
        f"{_opening('Cumulative plot', title)} {plural(len(rows), 'answer')}, each with more "
        f"studies than the one before. First {number(first['estimate'])}{unit} "
        f"({first['limits_text']}), last {number(final['estimate'])}{unit} "
        f"({final['limits_text']}) with {plural(last.k, 'study')}."
    )
    content = _content(rows, last, title, (
        f"Each row: the answer with the study named and all above it. {last.method_text}.",
    ))  # fmt: skip
    style = replace(style, left=("label", "studies", "events_total"), right=("estimate",))
    ax, layout = draw_content(ax, content, style)
    return leave(ax, alt=alt, table=rows, layout=layout)


def cumulative_rows(steps: Sequence[Synthesis]) -> pd.DataFrame:
    """One row per answer: the study that it adds, and what it says."""
    if not steps:
        raise SynthesisError("no step to draw; give the answers of growing sets of studies")
    rows, before = [], set[str]()
    for place, step in enumerate(steps, 1):
        ids = step.studies["study_id"].astype(str)
        new = step.studies[~ids.isin(before)]
        if new.empty or not before <= set(ids) or step.estimate is None or step.interval is None:
            raise SynthesisError(
                f"step {place} must have an estimate and hold every study of the step before and "
                "at least one more"
            )
        rows.append(
            {
                "kind": "step",
                "label": ("+ " if before else "") + ", ".join(study_names(new)),
                "studies": step.k,
                "events": step.events,
                "total": step.total,
                "estimate": step.estimate,
                "low": step.interval.low,
                "high": step.interval.high,
                "weight": None,
            }
        )
        before = set(ids)
    return finished(pd.DataFrame(rows), steps[-1])


def shrinkage(
    synthesis: Synthesis,
    *,
    details: GlmmDetails | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """Each study's own rate and the rate that the mixed model gives it, drawn to the others.

    Args:
        synthesis: an answer of method "glmm".
        details: of the same answer, if they are at hand.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`.

    Raises:
        SynthesisError: an answer of another method, which shrinks nothing.
    """
    rows = shrinkage_rows(synthesis, details)
    moved = (rows["estimate"] - rows["raw"]).abs()
    most = rows.iloc[int(moved.to_numpy().argmax())]
    number, unit = synthesis.measure.scale.text, synthesis.measure.scale.unit
    alt = (
        f"{_opening('Shrinkage plot', title)} {plural(len(rows), 'study')}. Their own rates range "
        f"from {number(rows['raw'].min())}{unit} to {number(rows['raw'].max())}{unit}, in the "
        f"model from {number(rows['estimate'].min())}{unit} to "
        f"{number(rows['estimate'].max())}{unit}. {clean(most['label'])} moves most, from "
        f"{number(most['raw'])}{unit} to {number(most['estimate'])}{unit}."
    )
    content = _content(rows, synthesis, title, (
        "Ring: the study\'s own rate. Dot with interval: its rate in the model, which borrows from "
        f"the other studies. {synthesis.method_text}.",
    ))  # fmt: skip
    style = replace(style, left=("label", "events_total", "own_rate"), right=("estimate",))
    ax, layout = draw_content(ax, content, style)
    return leave(ax, alt=alt, table=rows, layout=layout)


def shrinkage_rows(synthesis: Synthesis, details: GlmmDetails | None = None) -> pd.DataFrame:
    """One row per study: its own rate `raw`, and `estimate`, `low`, `high` in the model."""
    found = (details or glmm_details(synthesis)).shrunken
    rows = forest_rows(synthesis).query("kind == 'study'").reset_index(drop=True)
    if list(found["study_id"]) != list(rows["study_id"].astype(str)):
        raise SynthesisError("the details are of other studies than the answer")
    number = synthesis.measure.scale.text
    rows = rows.assign(
        kind="shrunken", raw=rows["estimate"], own_rate=[number(raw) for raw in rows["estimate"]],
        **{name: found[name].to_numpy() for name in ("estimate", "low", "high")},
    )  # fmt: skip
    return finished(rows, synthesis)


def atlas(
    answers: Mapping[str, Answer] | pd.DataFrame,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """Every question in one figure: its answer as a diamond over its prediction interval.

    Args:
        answers: what `answers` returned, or the frame of `overview`.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`.

    Returns:
        The Axes. A question without a pooled answer keeps its row and says so; one that is
        measured in another unit than the first is given as text only.

    Raises:
        SynthesisError: no question, or a column of `overview` is missing.
    """
    rows, scale_of = atlas_rows(answers)
    scale = MEASURES[scale_of].scale
    drawn = rows[rows["low"].notna()]
    seen = [*drawn["low"], *drawn["high"], *rows["prediction_low"], *rows["prediction_high"]]
    ends = axis_of(scale, seen, ends=style.xlim)

    def axis(most: int) -> Axis:
        return axis_of(scale, seen, most=most, ends=(ends.low, ends.high))

    other = int((rows["other_unit"]).sum())
    notes = ["Diamond: pooled answer and its interval. Bar: where a new study is expected to lie."]
    if other:
        notes.append(f"{plural(other, 'question')} in another unit: as text only.")
    content = Content(
        rows=rows, fields={}, axis_label=f"Answer, {scale.unit.strip()}", axis=axis,
        title=title or "", notes=tuple(notes),
    )  # fmt: skip
    style = replace(style, left=("question", "cohorts"), right=("answer",), spans=())
    ax, layout = draw_content(ax, content, style)
    said = [f"{sentence(row['question'])} {row['said']}" for row in rows.to_dict("records")]
    return leave(
        ax, alt=" ".join([_opening("Atlas of questions", title), *said]), table=rows, layout=layout
    )


def atlas_rows(answers: Mapping[str, Answer] | pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """One row per question, and the measure whose scale the axis has."""
    table = answers if isinstance(answers, pd.DataFrame) else overview(answers.values())
    needed = ["title", "k", "measure", "estimate", "low", "high", "prediction_low",
              "prediction_high", "pooled", "level"]  # fmt: skip
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise SynthesisError(f"the atlas needs the column {', '.join(missing)}")
    if table.empty:
        raise SynthesisError("no question to draw")
    pooled = table["pooled"].astype(bool)
    measure = str(table.loc[pooled, "measure"].iloc[0] if pooled.any() else table["measure"][0])
    unit = choose(MEASURES, measure, "measure").scale.unit
    other = [choose(MEASURES, name, "measure").scale.unit != unit for name in table["measure"]]
    texts = [_answer_text(row) for row in table.to_dict("records")]
    numbers = table[needed[3:8]].astype("float64")
    blank = ~pooled | pd.Series(other, index=table.index)
    rows = pd.DataFrame({"kind": "answer", "question": table["title"], "cohorts": table["k"]})
    rows = rows.assign(**numbers.mask(blank), answer=[short for short, _ in texts],
                       said=[long for _, long in texts], other_unit=other)  # fmt: skip
    return rows.reset_index(drop=True), measure


def _answer_text(row: Mapping[Any, Any]) -> tuple[str, str]:
    """A question's answer for the column and for the alt text."""
    scale = MEASURES[str(row["measure"])].scale
    number = fixed(scale.decimals)

    def shown(name: str) -> str:
        return number(scale.factor * float(row[name]))

    studies = plural(int(row["k"]), "cohort")
    if not row["k"]:
        return "no study", "No study."
    if pd.isna(row["estimate"]):
        return "not pooled", f"Not pooled, {studies}."
    text = f"{shown('estimate')}{scale.unit} ({shown('low')} to {shown('high')})"
    if not row["pooled"]:
        return f"{text}, one study", f"One study: {text}."
    said = f"{text} in {studies}"
    if pd.notna(row["prediction_low"]):
        said += f", prediction interval {shown('prediction_low')} to {shown('prediction_high')}"
    return text, f"{said}."


def _content(
    rows: pd.DataFrame, synthesis: Synthesis, title: str | None, notes: tuple[str, ...]
) -> Content:
    scale = synthesis.measure.scale
    raw = list(rows["raw"]) if "raw" in rows else []
    seen = [*rows["low"], *rows["high"], *raw]
    return Content(
        rows=rows,
        fields={
            "measure": measured(synthesis).replace(", %", ",\N{NO-BREAK SPACE}%"),
            "level": f"{synthesis.model.level * 100:g}%",
        },
        axis_label=measured(synthesis),
        axis=lambda most: axis_of(scale, seen, most=most),
        title=title or "",
        notes=notes,
        null=scale.null,
    )


def _opening(kind: str, title: str | None) -> str:
    return f"{kind}: {sentence(title)}" if title else f"{kind}."
