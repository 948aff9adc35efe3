"""Figures of checks: answers in rows, and how few events would reverse a conclusion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ..errors import SynthesisError
from ..formatting import plural
from ..pooling.model import Synthesis
from ..sensitivity.adjusted import adjusted
from ..sensitivity.check import NOTHING_STATED, Stated, line_of, points, shown
from ..sensitivity.cumulative import ORDERS, cumulative
from ..sensitivity.fragility import fragility
from ..sensitivity.imprecision import imprecision
from .axis import axis_of, linear_axis
from .chart import Chart, draw_chart, opening
from .forest import draw_content, forest_content
from .layout import Content
from .marks import Band
from .picture import leave
from .rows import answer_rows, finished, study_names
from .style import DEFAULT, ForestStyle
from .text import clean
from .words import sentence

LIMITS = ["estimate", "low", "high"]


def draw_answers(
    synthesis: Synthesis,
    rows: pd.DataFrame,
    note: str,
    *,
    ax: Axes | None,
    title: str | None,
    style: ForestStyle,
) -> Axes:
    """Rows of answers with their intervals, and the whole answer below them.

    Args:
        synthesis: the whole answer.
        rows: first the column of names, which its own name heads ("label" heads studies), then
            `LIMITS`; of kind "study" where no `kind` says otherwise. A "claim" stands below the
            answer.
        note: what the rows are, below the figure.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`; its columns are not used.
    """
    content, style = _answers(synthesis, rows, note, title, style)
    return draw_content(ax, content, style)[0]


def _answers(
    synthesis: Synthesis, rows: pd.DataFrame, note: str, title: str | None, style: ForestStyle
) -> tuple[Content, ForestStyle]:
    """What `draw_answers` shows, and the style with its columns."""
    heading = str(rows.columns[0])
    kind = rows.get("kind", pd.Series("study", index=rows.index))
    rows = rows.assign(label=rows[heading], kind=kind, weight=np.nan, events=None, total=None)
    claim = rows["kind"] == "claim"
    parts = [rows[~claim], answer_rows(synthesis), rows[claim]]
    rows = pd.concat([part for part in parts if len(part)], ignore_index=True)
    rows = finished(rows.assign(**{heading: rows["label"]}), synthesis)
    style = replace(style, left=(heading,), right=("estimate",))
    return replace(forest_content(synthesis, title, style, rows), notes=(note,)), style


def cumulative_orders_plot(
    synthesis: Synthesis,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """The answer as studies enter one by one, in one block for each order that they allow.

    Arguments as for `leave_one_out_plot`.
    """
    found = cumulative(synthesis)
    names = dict(zip(synthesis.studies["study_id"].astype(str), study_names(synthesis.studies),
                     strict=True))  # fmt: skip
    blocks = []
    for by, steps in found.table.groupby("by", sort=False):
        heading = f"By {by}, {ORDERS[str(by)]}"
        blocks.append(pd.DataFrame([{"label": heading, "kind": "group"}]))
        labels = [f"{'+ ' if row else ''}{names[one]}" for row, one in enumerate(steps["study_id"])]
        blocks.append(steps[LIMITS].assign(kind="study", label=labels))
    note = (
        "Each row: the answer of the study named and of all above it in its block. "
        f"{synthesis.method_text}."
    )
    rows = pd.concat(blocks, ignore_index=True)  # the first block begins with the column of names
    ax = draw_answers(synthesis, rows, note, ax=ax, title=title, style=style)
    late = found.table[found.table["k"] >= synthesis.k / 2]
    alt = (
        f"{opening('Cumulative answers', title)} {plural(synthesis.k, 'study')} in "
        f"{plural(len(blocks) // 2, 'order')}. Once half have entered, the estimate lies between "
        f"{shown(late['estimate'].min(), synthesis)} and "
        f"{shown(late['estimate'].max(), synthesis)}."
    )
    return leave(ax, alt=alt, table=found.table)


def adjusted_plot(
    synthesis: Synthesis,
    stated: Stated = NOTHING_STATED,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """What the answer would be if small studies were missing, each adjustment in a row.

    Arguments as for `leave_one_out_plot`, and what was stated.

    Raises:
        SynthesisError: the adjustments are refused, because there are too few studies.
    """
    found = adjusted(synthesis, stated)
    if found.table.empty:
        raise SynthesisError(found.verdict)
    table = found.table
    pairs = list(zip(table["analysis"], table["note"].fillna(""), strict=True))
    rows = table[["analysis", *LIMITS]]
    note = " ".join(
        [
            "Adjusted rows assume that small studies, or those without a finding, are missing for "
            "their results; they show how far the answer could move. Rows by inverse variance; "
            f"pooled estimate: {synthesis.method_text}.",
            *(f"{name[:1].upper()}{name[1:]}: {said}." for name, said in pairs if said),
        ]
    )
    ax = draw_answers(synthesis, rows, note, ax=ax, title=title, style=style)
    said = "; ".join(
        f"{clean(name)} {shown(value, synthesis)}"
        for name, value in zip(table["analysis"], table["estimate"].to_numpy(float), strict=True)
        if not np.isnan(value)
    )
    alt = f"{opening('Adjusted answers', title)} {sentence(said)}"
    return leave(ax, alt=alt, table=found.table)


def imprecision_plot(
    synthesis: Synthesis,
    stated: Stated = NOTHING_STATED,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """The answer and its prediction interval against what was stated beforehand.

    Arguments as for `leave_one_out_plot`, and what was stated.
    """
    found = imprecision(synthesis, stated)
    scale, estimate = synthesis.measure.scale, synthesis.estimate or 0.0
    limits = [one for one in (synthesis.interval, synthesis.prediction) if one is not None]
    seen = [end for one in limits for end in (one.low, one.high)]
    bands, rows, notes = [], pd.DataFrame(columns=["answer", *LIMITS]), []
    if stated.change is not None:
        band = Band(estimate - stated.change, estimate + stated.change, "stated change")
        inside = [end for end in (band.low, band.high) if scale.bounds[0] < end < scale.bounds[1]]
        bands, seen = [band], [*seen, *inside]
        said = f"less than the stated {points(stated.change, synthesis)} from the estimate"
        notes.append(f"Grey: {said}.")
    if stated.threshold is not None:
        line = dict.fromkeys(LIMITS, stated.threshold)
        rows = pd.DataFrame([{"answer": "Stated threshold", "kind": "claim", **line}])
        seen.append(stated.threshold)
    words = {"yes": "met", "no": "not met"}
    notes += [
        f"{fact[:1].upper()}{fact[1:]}: {figure}"
        f"{f' (stated: {limit}; {words[met]})' if limit else ''}."
        for fact, figure, limit, met in found.table.to_numpy()
    ]
    ends = axis_of(scale, seen)
    style = replace(style, xlim=style.xlim or (ends.low, ends.high))
    content, style = _answers(synthesis, rows, " ".join(notes), title, style)
    ax = draw_content(ax, content, style, bands)[0]
    alt = f"{opening('Imprecision', title)} {clean(found.verdict)} {clean(' '.join(notes))}"
    return leave(ax, alt=alt, table=found.table)


def fragility_plot(
    synthesis: Synthesis,
    stated: Stated = NOTHING_STATED,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """The limit of the answer as one event more is changed in each step, up to the threshold.

    Arguments as for `leave_one_out_plot`, and what was stated.

    Raises:
        SynthesisError: no conclusion to reverse, or no events to change.
    """
    found = fragility(synthesis, stated)
    line, words = line_of(synthesis, stated)
    if found.table.empty or line is None or synthesis.interval is None:
        raise SynthesisError(found.verdict)
    side = "low" if (synthesis.estimate or 0.0) >= line else "high"
    steps = np.append(0.0, found.table["step"].to_numpy(float))
    limits = np.append(getattr(synthesis.interval, side), found.table[side].to_numpy(float))
    scale = synthesis.measure.scale
    name = f"{'Lower' if side == 'low' else 'Upper'} end of the interval, {scale.unit.strip()}"
    chart = Chart(
        title or "", lambda most: linear_axis([0.0, steps[-1]], bounds=(0.0, np.inf), most=most),
        "Events changed", axis_of(scale, [*limits, line], most=6), name.removesuffix(", "),
        (f"Each step changes one event, in the study where that moves the interval most. Line: "
         f"{words}.",),
    )  # fmt: skip
    ax = draw_chart(ax, chart, style)
    ax.axhline(line, color=style.claim, linewidth=0.8, label="_threshold")
    ax.plot(
        steps, limits, color=style.ink, linewidth=0.8, marker="o", markersize=3, clip_on=False,
        label="_limits",
    )  # fmt: skip
    alt = f"{opening('Fragility', title)} {sentence(clean(found.verdict))}"
    return leave(ax, alt=alt, table=found.table)
