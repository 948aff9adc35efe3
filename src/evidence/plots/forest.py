"""The forest plot, drawn from any Synthesis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import matplotlib.style
import pandas as pd
from matplotlib.axes import Axes

from ..errors import SynthesisError
from ..pooling.model import Synthesis
from .axis import Axis, linear_axis
from .frame import draw_rules, draw_texts, place, prepare
from .layout import Content
from .marks import MARKS, Band, draw_bands, draw_marks
from .rows import forest_rows
from .style import DEFAULT, ForestStyle
from .words import alt_text, groups_text, key, notes, nothing


def forest(
    synthesis: Synthesis,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
    rows: pd.DataFrame | None = None,
    bands: Sequence[Band] = (),
) -> Axes:
    """A forest plot: studies with their texts and intervals, the pooled diamond, the notes.

    Squares have an area proportional to the study's weight in the pooled estimate (the smallest
    are drawn just large enough to be seen). The prediction interval is a thin bar of its own. An
    interval that leaves the axis ends in an arrow.

    Args:
        synthesis: the answer to draw; it is not recomputed.
        ax: Axes to draw in. Everything, texts included, stays inside the place they have when this
            is called; a layout engine of their figure is switched off. Without it a new figure
            takes the size that the content needs; it knows nothing of pyplot, and a notebook shows
            it when the returned Axes end a cell.
        title: above the figure; also opens the alt text.
        style: a `ForestStyle`, such as an entry of `STYLES`.
        rows: what to draw when not simply `forest_rows(synthesis)`: ordered by `sort_rows`, in
            the blocks of `group_rows`, or with further rows of `evidence.plots.more_rows`.
        bands: ranges with a meaning, behind everything and named in the notes.

    Returns:
        The Axes with the marks; their x axis is the reading scale (0.1 is 10 %).

    Raises:
        SynthesisError: an unknown column, or a width or Axes too small for the texts.

    >>> from evidence import pool
    >>> frame = pd.DataFrame({"study_id": list("abc"), "events": [3, 6, 10],
    ...                       "total": [11, 17, 21]})
    >>> axes = forest(pool(frame), title="Recurrence")
    >>> [round(float(end), 2) for end in axes.get_xlim()]
    [0.0, 0.8]
    """
    if synthesis.k < 2 or synthesis.studies["weight"].isna().all():  # nothing was weighed
        style = replace(style, left=_unweighted(style.left), right=_unweighted(style.right))
    content = forest_content(synthesis, title, style, rows, bands)
    ax, layout, corner = place(ax, content, style)
    with matplotlib.style.context("default"):
        prepare(ax, layout, corner, style)
        draw_rules(ax, layout, corner, style)
        draw_texts(ax, layout, corner, style)
        draw_bands(ax, bands, layout, style)
        draw_marks(ax, content.rows, layout, style)
    said = (*groups_text(content.rows, synthesis), *key(content.rows, bands, synthesis))
    ax.set_label(" ".join([alt_text(synthesis, title, layout.axis), *said]))
    return ax


def _unweighted(columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in columns if name != "weight")


def forest_content(
    synthesis: Synthesis,
    title: str | None,
    style: ForestStyle,
    rows: pd.DataFrame | None = None,
    bands: Sequence[Band] = (),
) -> Content:
    """Everything the figure says, before anything has a place."""
    rows = forest_rows(synthesis) if rows is None else rows
    unknown = sorted(set(rows["kind"]) - set(MARKS))
    if unknown:
        raise SynthesisError(f"rows of kind {unknown[0]!r} cannot be drawn; known: {[*MARKS]}")
    scale = synthesis.measure.scale
    seen = [*rows["low"], *rows["high"]]

    ends = linear_axis(seen, bounds=scale.bounds, factor=scale.factor, ends=style.xlim)

    def axis(most: int) -> Axis:
        room = (ends.low, ends.high)
        return linear_axis(seen, bounds=scale.bounds, factor=scale.factor, most=most, ends=room)

    clipped = bool((rows["low"] < ends.low).any() or (rows["high"] > ends.high).any())
    people = synthesis.measure.counts_people
    fields = {
        "measure": synthesis.measure.label,
        "unit": scale.unit.strip(),
        "level": f"{synthesis.model.level * 100:g}%",
        "size": "Total" if people else "Person-years",
        "size_low": "total" if people else "person-years",
    }
    return Content(
        rows=rows,
        fields=fields,
        axis_label=f"{synthesis.measure.label}, {scale.unit.strip()}".rstrip(", "),
        axis=axis,
        title=title or "",
        notes=(" ".join(key(rows, bands, synthesis)), *notes(synthesis, clipped=clipped)),
        message="" if len(rows) else nothing(synthesis),
    )
