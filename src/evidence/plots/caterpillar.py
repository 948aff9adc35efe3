"""Very many studies as one picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ..errors import SynthesisError
from ..formatting import plural
from ..pooling.model import Synthesis
from ..pooling.wording import answer_text
from .axis import axis_of, linear_axis
from .chart import Chart, draw_chart, draw_dots, draw_line, opening
from .picture import leave
from .rows import study_names
from .style import DEFAULT, ForestStyle
from .words import measured


def caterpillar(
    synthesis: Synthesis,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """Very many studies as one picture: every interval, ordered by estimate, without names.

    Args:
        synthesis: the answer whose studies are drawn.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`.

    Raises:
        SynthesisError: no study.
    """
    if synthesis.k == 0:
        raise SynthesisError("no study to draw in a caterpillar plot")
    scale, studies = synthesis.measure.scale, synthesis.studies
    table = studies.assign(label=study_names(studies)).sort_values("estimate", kind="stable")
    table = table.reset_index(drop=True).assign(rank=range(1, len(table) + 1))
    table = table[["rank", "label", "estimate", "low", "high", "weight"]]
    seen = [*table["low"], *table["high"]]
    ends = axis_of(scale, seen, ends=style.xlim)
    y = linear_axis([0.0, len(table) + 1.0], bounds=(0.0, np.inf), most=6,
                    ends=(0.0, len(table) + 1.0))  # fmt: skip
    whole = [tick for tick in y.ticks if tick == round(tick)]
    y = replace(y, ticks=tuple(whole), texts=tuple(f"{tick:.0f}" for tick in whole))
    notes = ["Studies ordered by estimate."]
    if synthesis.estimate is not None and synthesis.k > 1:
        notes.append("Upright line: pooled estimate.")
    if synthesis.prediction:
        notes.append("Shaded: prediction interval.")
    chart = Chart(
        title or "", lambda most: axis_of(scale, seen, most=most, ends=(ends.low, ends.high)),
        measured(synthesis), y, "Studies", (" ".join(notes),),
    )  # fmt: skip
    ax = draw_chart(ax, chart, style)
    if synthesis.prediction:
        low = max(synthesis.prediction.low, ends.low)
        high = min(synthesis.prediction.high, ends.high)
        ax.add_patch(
            Rectangle((low, y.low), high - low, y.high - y.low, facecolor=style.band,
                      edgecolor="none", zorder=0.5, label="_prediction")
        )  # fmt: skip
    wide = float(np.clip(90.0 / len(table), 0.35, 1.0))
    ax.hlines(table["rank"], table["low"].clip(lower=ends.low), table["high"].clip(upper=ends.high),
              colors=style.square, linewidth=wide, zorder=2, label="_intervals")  # fmt: skip
    side = np.full(len(table), float(np.clip(160.0 / len(table), 1.2, 4.0)))
    seen_rows = table[table["estimate"].between(ends.low, ends.high)]
    draw_dots(ax, (seen_rows["estimate"], seen_rows["rank"]), style, "_estimates",
          side[: len(seen_rows)], style.ink)  # fmt: skip
    if synthesis.estimate is not None and synthesis.k > 1:
        draw_line(ax, ((synthesis.estimate,) * 2, (y.low, y.high)), style.ink, "_centre")
    number = synthesis.measure.scale.text
    alt = f"{opening('Caterpillar plot', title)} {plural(len(table), 'study')} from "
    alt += f"{number(table['estimate'].min())}{scale.unit} to "
    alt += f"{number(table['estimate'].max())}{scale.unit}."
    if synthesis.estimate is not None and synthesis.k > 1:
        alt += f" Pooled estimate {answer_text(synthesis)}."
    beyond = int(((table["low"] < ends.low) | (table["high"] > ends.high)).sum())
    if beyond:
        alt += f" {plural(beyond, 'interval')} cut off at the end of the axis."
    return leave(ax, alt=alt, table=table)
