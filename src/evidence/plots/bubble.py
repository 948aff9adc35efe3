"""Estimates against a moderator."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ..errors import SynthesisError
from ..formatting import plural
from ..pooling.model import Synthesis
from .axis import axis_of, linear_axis
from .chart import Chart, draw_chart, draw_dots, draw_line, opening
from .picture import leave
from .rows import study_names
from .style import DEFAULT, ForestStyle
from .words import measured


def bubble(
    synthesis: Synthesis,
    by: str,
    *,
    line: pd.DataFrame | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """Estimates against a moderator, bubbles as large as the studies' weights, and a fitted line.

    Args:
        synthesis: the answer whose studies are drawn.
        by: a column of its studies that holds numbers, such as "year".
        line: a fitted regression: the column `by` with `estimate`, and `low` and `high` for its
            band, reading scale; such as the `predict` of a meta-regression.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`.

    Raises:
        SynthesisError: no such column, a column that is not of numbers, or too few studies.
    """
    studies, scale = synthesis.studies, synthesis.measure.scale
    if by not in studies.columns:
        raise SynthesisError(
            f"{by!r} is not a column of the studies; choose from: {', '.join(studies.columns)}"
        )
    x = pd.to_numeric(studies[by], errors="coerce").astype(float)
    known = x.notna()
    if known.sum() < 2:
        raise SynthesisError(f"{by!r} has fewer than two numbers, so nothing can be drawn over it")
    if line is not None and (missing := {by, "estimate"} - set(line.columns)):
        raise SynthesisError(f"the line needs the column {', '.join(sorted(missing))}")
    extra = [] if line is None else [line[c] for c in ("estimate", "low", "high") if c in line]
    seen = [*studies.loc[known, "estimate"], *(float(v) for part in extra for v in part)]
    y = axis_of(scale, seen)
    ends = [float(v) for v in (x[known] if line is None else [*x[known], *line[by]])]
    pad = 0.04 * (max(ends) - min(ends)) or 1.0
    reach = (min(ends) - pad, max(ends) + pad)
    name = by.replace("_", " ").capitalize()
    left = int((~known).sum())
    notes = ["Bubble area is proportional to weight."]
    notes += [f"{plural(left, 'study')} without {name.lower()} not drawn."] if left else []
    chart = Chart(
        title or "",
        lambda most: linear_axis(ends, bounds=(-np.inf, np.inf), most=most, ends=reach),
        name, y, measured(synthesis), (" ".join(notes),),
    )  # fmt: skip
    ax = draw_chart(ax, chart, style)
    if line is not None:
        at = line.sort_values(by)
        if {"low", "high"} <= set(at.columns):
            ax.fill_between(
                at[by], at["low"], at["high"], color=style.band, linewidth=0, zorder=1,
                label="_band",
            )  # fmt: skip
        draw_line(ax, (at[by], at["estimate"]), style.ink, "_line")
    weight = studies.loc[known, "weight"].fillna(1.0).to_numpy(float)
    side = 14.0 * np.sqrt(weight / weight.max())
    last = np.argsort(-side, kind="stable")  # small bubbles lie on large ones
    places = (x[known].to_numpy()[last], studies.loc[known, "estimate"].to_numpy()[last])
    draw_dots(ax, places, style, "_bubbles", np.maximum(side[last], 3.0))
    number = synthesis.measure.scale.text
    alt = f"{opening('Bubble plot', title)} {plural(int(known.sum()), 'study')} over {name.lower()}"
    alt += f", from {min(x[known]):g} to {max(x[known]):g}."
    if line is not None:
        at = line.sort_values(by)
        alt += (
            f" The line goes from {number(at['estimate'].iloc[0])}{scale.unit} to "
            f"{number(at['estimate'].iloc[-1])}{scale.unit}."
        )
    table = studies.assign(label=study_names(studies))[["label", by, "estimate", "weight"]]
    if line is not None:
        table = pd.concat([table.assign(kind="study"), line.assign(kind="line")], ignore_index=True)
    return leave(ax, alt=alt, table=table)
