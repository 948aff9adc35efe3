"""A plot with two axes, measured like the figures with rows: nothing is clipped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import Affine2D, Bbox
from numpy.typing import NDArray

from ..errors import SynthesisError
from ..pooling.model import Synthesis
from .axis import Axis
from .layout import EDGE, NOTE, TICK, TITLE, Page, axis_with_room
from .picture import even_text, figure_of, new_axes, room_of, settle
from .style import POINTS_PER_MM, ForestStyle
from .text import LINE, font, width, wrap
from .words import sentence

WIDE = 120.0  # of a chart whose style sets no width, mm
SHAPE = 0.62  # height of most plots over their width
LOWEST = 60.0  # height below which a plot says nothing, points
DOT = 5.0  # diameter of a study's dot, points
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Chart:
    """What a chart says around its marks; `x` gives the axis for a largest number of ticks.

    `shape` is the height of the plot over its width, `least` its least height in points, for rows.
    """

    title: str
    x: Callable[[int], Axis]
    x_label: str
    y: Axis
    y_label: str
    notes: tuple[str, ...] = ()
    shape: float = SHAPE
    least: float = 0.0


def draw_chart(ax: Axes | None, chart: Chart, style: ForestStyle) -> Axes:
    """Axes with title, ticks, labels and notes in place, for marks to be added.

    The name of the y axis stands above it, level, where it is read first.

    Raises:
        SynthesisError: given Axes are too small.
    """
    size, fonts = style.font_size, style.fonts
    box = room_of(ax) if ax is not None else None
    wide = box.width if box else (style.width or WIDE) * POINTS_PER_MM - 2 * EDGE
    small = NOTE * size
    above = Page(wide, fonts)
    above.paragraph(chart.title, "title", TITLE * size)
    above.paragraph(chart.y_label, "axis", small)
    above.y += 0.4 * size
    left = 2 * TICK + small * max(width(text, fonts) for text in chart.y.texts)
    x = axis_with_room(chart.x, wide - left - TICK, small, fonts)
    right = wide - small * width(x.texts[-1], fonts) / 2
    label = wrap(chart.x_label, (right - left) / small, fonts)
    below = Page(wide, fonts)
    below.y = 2 * TICK + small * LINE * (1 + len(label)) + 0.9 * size
    for note in chart.notes:
        below.paragraph(note, "note", small)
    plot = (
        max(chart.shape * (right - left), chart.least)
        if box is None
        else box.height - above.y - below.y
    )
    if plot < LOWEST or right - left < LOWEST:
        raise SynthesisError(
            f"the plot has {max(right - left, 0) / POINTS_PER_MM:.0f} mm by "
            f"{max(plot, 0) / POINTS_PER_MM:.0f} mm beside its texts and needs "
            f"{LOWEST / POINTS_PER_MM:.0f} mm each way; give it more room or a smaller font"
        )
    high = above.y + plot + below.y
    if ax is None:
        ax = new_axes(wide + 2 * EDGE, high + 2 * EDGE, style.paper)
        x0, y1 = EDGE, high + EDGE
    else:
        x0, y1 = (box.x0, box.y1) if box else (0.0, 0.0)
    with matplotlib.style.context("default"):
        settle(ax, Bbox([[x0 + left, y1 - above.y - plot], [x0 + right, y1 - above.y]]))
        _axes(ax, x, chart.y, style)
        corner = Affine2D().scale(1, -1).translate(x0, y1).scale(1 / 72)
        lines = [(text.text, text.x, text.y, text) for text in above.texts]
        lines += [(text.text, text.x, above.y + plot + text.y, text) for text in below.texts]
        for text, at, y, placed in lines:
            face = font(fonts, placed.size, bold=placed.bold)
            colour = style.quiet if placed.role == "note" else style.ink
            artist = even_text(text, (at, y), face, colour)
            artist.set_transform(corner + figure_of(ax).dpi_scale_trans)
            ax.add_artist(artist)
        ax.set_xlabel(
            "\n".join(label), fontproperties=font(fonts, small), color=style.ink, labelpad=2.0,
            linespacing=1.1, parse_math=False,
        )  # fmt: skip
    return ax


def _axes(ax: Axes, x: Axis, y: Axis, style: ForestStyle) -> None:
    """Both axes: ends, ticks, and no frame around them."""
    face = font(style.fonts, NOTE * style.font_size)
    if x.log:
        ax.set_xscale("log")
    if y.log:
        ax.set_yscale("log")
    ax.set_xlim(x.low, x.high)
    ax.set_ylim(y.low, y.high)
    ax.set_facecolor("none")
    ax.set_xticks(x.ticks, x.texts, fontproperties=face, color=style.ink)
    ax.set_yticks(y.ticks, y.texts, fontproperties=face, color=style.ink)
    ax.minorticks_off()
    ax.tick_params(length=TICK, width=0.6, pad=TICK, color=style.ink)
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set(color=style.ink, linewidth=0.6)


def flipped(axis: Axis) -> Axis:
    """The axis upside down, as for standard errors in a funnel."""
    return Axis(axis.high, axis.low, axis.ticks, axis.texts, axis.log)


def pooled_estimate(synthesis: Synthesis, what: str) -> float:
    """The estimate that a chart is drawn around.

    Raises:
        SynthesisError: nothing was pooled.
    """
    if synthesis.estimate is None or synthesis.effect is None:
        raise SynthesisError(
            f"a {what} needs a pooled answer of two studies or more; this one: "
            f"{synthesis.method_text}, k = {synthesis.k}"
        )
    return synthesis.estimate


def draw_line(
    ax: Axes,
    places: tuple[object, object],
    colour: str,
    label: str,
    *,
    wide: float = 0.9,
    dashes: tuple[float, float] | None = None,
) -> None:
    """A line through places (x, y), behind the dots."""
    x, y = (np.asarray(part, float) for part in places)
    line = Line2D(x, y, color=colour, linewidth=wide, zorder=2.5, label=label)
    if dashes:
        line.set_dashes(dashes)
    ax.add_line(line)


def draw_dots(
    ax: Axes,
    places: tuple[object, object],
    style: ForestStyle,
    label: str,
    side: Array | float = DOT,
    colour: str = "",
) -> None:
    """Studies as discs with a thin edge, so that those which overlap are told apart."""
    x, y = (np.asarray(part, float) for part in places)
    ax.scatter(
        x, y, s=np.asarray(side) ** 2, zorder=4, marker="o", facecolor=colour or style.square,
        edgecolor=style.paper, linewidths=0.5, clip_on=False, label=label,
    )  # fmt: skip


def opening(kind: str, title: str | None) -> str:
    """How the words of a picture begin: what it is, and its title."""
    return f"{kind}: {sentence(title)}" if title else f"{kind}."
