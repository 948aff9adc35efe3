"""The forest plot, drawn from any Synthesis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import matplotlib.style
import pandas as pd
from matplotlib.axes import Axes

from ..errors import SynthesisError
from ..pooling.model import Synthesis
from .axis import Axis, axis_of, both_sides
from .columns import ARMS
from .frame import draw_dots, draw_rules, draw_texts, place, prepare
from .layout import Content, Layout
from .marks import MARKS, Band, draw_bands, draw_marks, draw_null
from .picture import leave
from .rows import forest_rows
from .style import DEFAULT, ForestStyle
from .words import alt_text, groups_text, key, measured, notes, nothing, tests


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
    style = fitting(style, synthesis)
    content = forest_content(synthesis, title, style, rows, bands)
    ax, layout = draw_content(ax, content, style, bands)
    rows = forest_rows(synthesis) if rows is None else rows
    said = (*groups_text(rows, synthesis), *key(rows, bands, synthesis), *tests(rows))
    alt = " ".join([alt_text(synthesis, title, layout.axis), *said])
    return leave(ax, alt=alt, table=rows, layout=layout)


def draw_content(
    ax: Axes | None, content: Content, style: ForestStyle, bands: Sequence[Band] = ()
) -> tuple[Axes, Layout]:
    """Rows with their texts and marks, in given Axes or a figure of their own."""
    ax, layout, corner = place(ax, content, style)
    with matplotlib.style.context("default"):
        prepare(ax, layout, corner, style)
        draw_rules(ax, layout, corner, style)
        draw_texts(ax, layout, corner, style)
        draw_bands(ax, bands, layout, style)
        draw_null(ax, content.null, layout, style)
        draw_marks(ax, content.rows, layout, style)
        draw_dots(ax, layout, corner, style)
    return ax, layout


def fitting(style: ForestStyle, synthesis: Synthesis) -> ForestStyle:
    """The style with the columns that this answer has: weights, counts, two arms."""
    needs = synthesis.measure.needs
    unweighted = synthesis.k < 2 or synthesis.studies["weight"].isna().all()
    arms = {end: tuple(name for name in needs if name.endswith(end)) for end in ARMS}
    alone = tuple(name for name in needs if name not in ("correlation", *sum(arms.values(), ())))

    def columns(names: tuple[str, ...]) -> tuple[str, ...]:
        found: list[str] = []
        for name in names:
            if name == "weight" and unweighted:
                continue
            if name in ("events", "total", "events_total") and "events" not in needs:
                own = [*alone, *(arm for side in arms.values() for arm in side)]
                found += [name for name in own if name not in found]
            elif name == "total" and "person_time" in needs:
                found.append("person_years")
            elif name == "events_total" and "person_time" in needs:
                found += ["events", "person_years"]
            else:
                found.append(name)
        return tuple(found)

    spans = tuple((ARMS[end], own) for end, own in arms.items() if own)
    return replace(
        style, left=columns(style.left), right=columns(style.right), spans=style.spans or spans
    )


def forest_content(
    synthesis: Synthesis,
    title: str | None,
    style: ForestStyle,
    rows: pd.DataFrame | None = None,
    bands: Sequence[Band] = (),
) -> Content:
    """Everything the figure says, before anything has a place."""
    rows = forest_rows(synthesis) if rows is None else rows
    tested = tests(rows)
    rows = rows[rows["kind"] != "test"].reset_index(drop=True)
    unknown = sorted(set(rows["kind"]) - set(MARKS))
    if unknown:
        raise SynthesisError(f"rows of kind {unknown[0]!r} cannot be drawn; known: {[*MARKS]}")
    scale = synthesis.measure.scale
    seen = [*rows["low"], *rows["high"]]
    if style.favours:
        seen += both_sides(scale, seen)
    ends = axis_of(scale, seen, ends=style.xlim)

    def axis(most: int) -> Axis:
        return axis_of(scale, seen, most=most, ends=(ends.low, ends.high))

    clipped = bool((rows["low"] < ends.low).any() or (rows["high"] > ends.high).any())
    fields = {
        "measure": measured(synthesis).replace(", %", ",\N{NO-BREAK SPACE}%"),
        "level": f"{synthesis.model.level * 100:g}%",
    }
    return Content(
        rows=rows,
        fields=fields,
        axis_label=measured(synthesis),
        axis=axis,
        title=title or "",
        notes=(
            " ".join(key(rows, bands, synthesis)),
            *tested,
            *notes(synthesis, clipped=clipped),
        ),
        message="" if len(rows) else nothing(synthesis),
        null=scale.null,
    )
