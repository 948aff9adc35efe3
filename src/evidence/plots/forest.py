"""The forest plot, drawn from any Synthesis."""

from __future__ import annotations

import matplotlib.style
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle
from matplotlib.transforms import Bbox, Transform

from ..pooling.model import Synthesis
from .axis import Axis, linear_axis
from .layout import EDGE, NOTE, TICK, Content, Layout, plan
from .picture import new_axes
from .rows import forest_rows
from .style import DEFAULT, ForestStyle
from .text import font
from .words import NOTHING, alt_text, notes

SQUARE = 0.62  # side of the heaviest study's square, in row heights
SMALLEST = 1.4  # side below which no square goes, points


def forest(
    synthesis: Synthesis,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
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
    content = forest_content(synthesis, title, style)
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
        _draw_rows(ax, content.rows, layout, style)
    ax.set_label(alt_text(synthesis, title, layout.axis))
    return ax


def forest_content(synthesis: Synthesis, title: str | None, style: ForestStyle) -> Content:
    """Everything the figure says, before anything has a place."""
    rows, scale = forest_rows(synthesis), synthesis.measure.scale
    seen = [*rows["low"], *rows["high"], *rows["estimate"].dropna()]

    def axis(most: int) -> Axis:
        return linear_axis(
            seen, bounds=scale.bounds, factor=scale.factor, most=most, ends=style.xlim
        )

    ends = axis(6)
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
        notes=notes(synthesis, clipped=clipped) if style.notes else (),
        message="" if synthesis.k else NOTHING,
    )


def _place(ax: Axes) -> Bbox:
    """The room of given Axes in points, after a layout engine has had its say."""
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError("the Axes belong to no figure")
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
    return ax.get_window_extent().transformed(figure.dpi_scale_trans.inverted()).expanded(72, 72)


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
            color=style.quiet if text.role == "note" else style.ink, clip_on=False,
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


def _draw_rows(ax: Axes, rows: pd.DataFrame, layout: Layout, style: ForestStyle) -> None:
    rows = rows.assign(y=layout.row_y)
    _draw_studies(ax, rows[rows["kind"] == "study"], layout, style)
    for row in rows[rows["kind"] == "pooled"].itertuples():
        _draw_diamond(ax, row, layout, style)
    for row in rows[rows["kind"] == "prediction"].itertuples():
        _draw_prediction(ax, row, layout, style)
    _draw_arrows(ax, rows, layout, style)


def _draw_studies(ax: Axes, studies: pd.DataFrame, layout: Layout, style: ForestStyle) -> None:
    """Intervals as lines, estimates as squares."""
    axis = layout.axis
    low, high = studies["low"].clip(axis.low, axis.high), studies["high"].clip(axis.low, axis.high)
    lines = [((a, y), (b, y)) for a, b, y in zip(low, high, studies["y"], strict=True) if b > a]
    ax.add_collection(
        LineCollection(lines, colors=style.ink, linewidths=0.8, zorder=2, label="_intervals"),
        autolim=False,
    )
    seen = studies[studies["estimate"].between(axis.low, axis.high)]
    heaviest = studies["weight"].max() if len(studies) else 1.0
    side = SQUARE * layout.row_height
    area = (side**2 * seen["weight"] / heaviest).clip(lower=SMALLEST**2)
    ax.scatter(
        seen["estimate"], seen["y"], s=area, marker="s", color=style.square, linewidths=0,
        zorder=3, clip_on=False, label="_estimates",
    )  # fmt: skip


def _draw_diamond(ax: Axes, row, layout: Layout, style: ForestStyle) -> None:  # type: ignore[no-untyped-def]
    half = 0.3 * layout.row_height
    corners = [(row.low, row.y), (row.estimate, row.y - half), (row.high, row.y),
               (row.estimate, row.y + half)]  # fmt: skip
    ax.add_patch(
        Polygon(corners, facecolor=style.diamond, edgecolor="none", zorder=3, label="_pooled")
    )
    if style.centre_line and row.estimate in layout.axis:
        top = layout.row_edges[0][0]
        ax.add_line(
            Line2D(
                (row.estimate, row.estimate), (top, row.y), color=style.rule, linewidth=0.6,
                dashes=(4, 2), zorder=1, label="_centre",
            )
        )  # fmt: skip


def _draw_prediction(ax: Axes, row, layout: Layout, style: ForestStyle) -> None:  # type: ignore[no-untyped-def]
    half = 0.11 * layout.row_height
    low, high = max(row.low, layout.axis.low), min(row.high, layout.axis.high)
    ax.add_patch(
        Rectangle(
            (low, row.y - half), high - low, 2 * half, facecolor=style.prediction,
            edgecolor="none", zorder=3, label="_prediction",
        )
    )  # fmt: skip


def _draw_arrows(ax: Axes, rows: pd.DataFrame, layout: Layout, style: ForestStyle) -> None:
    """An arrow head at the end of the axis for every interval that goes on beyond it."""
    for side, marker, beyond in (
        (layout.axis.low, "<", rows["low"] < layout.axis.low),
        (layout.axis.high, ">", rows["high"] > layout.axis.high),
    ):
        for kind, colour in (
            ("study", style.ink), ("pooled", style.diamond), ("prediction", style.prediction)
        ):  # fmt: skip
            cut = rows[beyond & (rows["kind"] == kind)]
            if len(cut):
                ax.scatter(
                    [side] * len(cut), cut["y"], marker=marker, s=(0.42 * layout.row_height) ** 2,
                    color=colour, linewidths=0, zorder=4, clip_on=False, label="_arrows",
                )  # fmt: skip
