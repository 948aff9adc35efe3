"""The forest plot, drawn from any Synthesis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import matplotlib.style
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox, Transform

from ..errors import SynthesisError
from ..pooling.model import Synthesis
from .axis import Axis, linear_axis
from .layout import EDGE, NOTE, TICK, Content, Layout, plan
from .marks import MARKS, Band, draw_bands, draw_marks
from .picture import new_axes
from .rows import forest_rows
from .style import DEFAULT, ForestStyle
from .text import font
from .words import alt_text, key, notes, nothing


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
            is called. Without it a new figure takes the size that the content needs; it knows
            nothing of pyplot, and a notebook shows it when the returned Axes end a cell.
        title: above the figure; also opens the alt text.
        style: a `ForestStyle`, such as an entry of `STYLES`.
        rows: what to draw when not simply `forest_rows(synthesis)`: sorted by `sort_rows`, with
            rows of `add_excluded` or `add_claim`.
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
    if synthesis.k < 2:  # a weight means something only beside another
        style = replace(style, left=_unweighted(style.left), right=_unweighted(style.right))
    content = forest_content(synthesis, title, style, rows, bands)
    if ax is None:
        layout = plan(content, style)
        ax = new_axes(layout.width + 2 * EDGE, layout.height + 2 * EDGE, style.paper)
        corner = (EDGE, layout.height + EDGE)
    else:
        box = _place(ax)
        layout = plan(content, style, (box.width, box.height))
        corner = (box.x0, box.y1)
    with matplotlib.style.context("default"):
        _prepare(ax, layout, corner, style)
        _draw_rules(ax, layout, corner, style)
        _draw_texts(ax, layout, corner, style)
        draw_bands(ax, bands, layout, style)
        draw_marks(ax, content.rows, layout, style)
    said = key(content.rows, bands, synthesis)
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
    fields = {
        "measure": synthesis.measure.label,
        "unit": scale.unit,
        "level": f"{synthesis.model.level * 100:g}%",
    }
    return Content(
        rows=rows,
        fields=fields,
        axis_label=f"{synthesis.measure.label}, {scale.unit}".rstrip(", "),
        axis=axis,
        title=title or "",
        notes=(*key(rows, bands, synthesis), *notes(synthesis, clipped=clipped)),
        message="" if len(rows) else nothing(synthesis),
    )


def _place(ax: Axes) -> Bbox:
    """The room of given Axes in points, after a layout engine has had its say."""
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError("the Axes belong to no figure")
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
    wide, high = figure.get_size_inches() * 72
    return Bbox(ax.get_position().get_points() * (wide, high))


def _prepare(ax: Axes, layout: Layout, corner: tuple[float, float], style: ForestStyle) -> None:
    """Shrink the Axes to the plot, with y in points from the top, and set the axis."""
    figure = ax.get_figure(root=True)
    assert figure is not None  # noqa: S101
    wide, high = figure.get_size_inches() * 72
    x, y = corner
    ax.set_position(
        (
            (x + layout.plot_left) / wide,
            (y - layout.bottom) / high,
            (layout.plot_right - layout.plot_left) / wide,
            (layout.bottom - layout.top) / high,
        )
    )
    ax.set_in_layout(True)
    ax.set_xlim(layout.axis.low, layout.axis.high)
    ax.set_ylim(layout.bottom, layout.top)
    ax.set_facecolor("none")
    ax.set_yticks([])
    for side in ("left", "right", "top"):
        ax.spines[side].set_visible(False)
    small = font(style.fonts, NOTE * layout.font_size)
    if not layout.row_y:
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)
        return
    ax.spines["bottom"].set(color=style.ink, linewidth=0.6)
    ax.set_xticks(layout.axis.ticks, layout.axis.texts, fontproperties=small, color=style.ink)
    ax.tick_params(axis="x", length=TICK, width=0.6, pad=TICK, color=style.ink)
    ax.set_xlabel(
        "\n".join(layout.axis_label), fontproperties=small, color=style.ink, labelpad=2.0,
        linespacing=1.1, parse_math=False,
    )  # fmt: skip


def _from_left(ax: Axes, corner: tuple[float, float]) -> Transform:
    """X in points from the left edge of the room, y in the points of the Axes."""
    figure = ax.get_figure(root=True)
    assert figure is not None  # noqa: S101
    from matplotlib.transforms import Affine2D, blended_transform_factory

    across = Affine2D().translate(corner[0], 0).scale(1 / 72) + figure.dpi_scale_trans
    return blended_transform_factory(across, ax.transData)


def _draw_texts(ax: Axes, layout: Layout, corner: tuple[float, float], style: ForestStyle) -> None:
    place = _from_left(ax, corner)
    for text in layout.texts:
        ax.text(
            text.x, text.y, text.text, transform=place, ha=text.align, va="baseline",
            fontproperties=font(style.fonts, text.size, bold=text.bold), parse_math=False,
            color=style.quiet if text.role in ("note", "excluded") else style.ink, clip_on=False,
        )  # fmt: skip


def _draw_rules(ax: Axes, layout: Layout, corner: tuple[float, float], style: ForestStyle) -> None:
    place = _from_left(ax, corner)
    for y in layout.rules:
        ax.add_line(
            Line2D(
                (0, layout.width), (y, y), transform=place, color=style.rule, linewidth=0.5,
                clip_on=False, zorder=0.5,
            )
        )  # fmt: skip
