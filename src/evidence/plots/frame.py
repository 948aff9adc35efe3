"""What every figure with rows shares: its axis, its texts and its rules."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse
from matplotlib.transforms import Bbox

from .layout import EDGE, NOTE, TICK, Content, Layout, plan
from .picture import even_text, new_axes, points_from, room_of, settle
from .style import ForestStyle
from .text import font

Corner = tuple[float, float]


def place(ax: Axes | None, content: Content, style: ForestStyle) -> tuple[Axes, Layout, Corner]:
    """Axes with the layout that fits them; a new figure as large as its content without Axes."""
    if ax is None:
        layout = plan(content, style)
        axes = new_axes(layout.width + 2 * EDGE, layout.height + 2 * EDGE, style.paper)
        return axes, layout, (EDGE, layout.height + EDGE)
    box = room_of(ax)
    return ax, plan(content, style, (box.width, box.height)), (box.x0, box.y1)


def prepare(ax: Axes, layout: Layout, corner: tuple[float, float], style: ForestStyle) -> None:
    """Shrink the Axes to the plot, with y in points from the top, and set the axis."""
    x, y = corner
    settle(
        ax,
        Bbox([[x + layout.plot_left, y - layout.bottom], [x + layout.plot_right, y - layout.top]]),
    )
    if layout.axis.log:
        ax.set_xscale("log")
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
    if layout.axis.log:
        ax.minorticks_off()
    ax.tick_params(axis="x", length=TICK, width=0.6, pad=TICK, color=style.ink)
    ax.set_xlabel(
        "\n".join(layout.axis_label), fontproperties=small, color=style.ink, labelpad=2.0,
        linespacing=1.1, parse_math=False,
    )  # fmt: skip


def draw_texts(ax: Axes, layout: Layout, corner: tuple[float, float], style: ForestStyle) -> None:
    """Every text of the layout as an artist of its own."""
    place = points_from(ax, corner[0])
    for text in layout.texts:
        face = font(style.fonts, text.size, bold=text.bold)
        colour = style.quiet if text.role in ("note", "excluded") else style.ink
        artist = even_text(text.text, (text.x, text.y), face, colour, text.align)
        artist.set_transform(place)
        ax.add_artist(artist)


def draw_rules(ax: Axes, layout: Layout, corner: tuple[float, float], style: ForestStyle) -> None:
    """The horizontal rules, over the whole width, and the short ones below spanning headers."""
    place = points_from(ax, corner[0])
    for left, right, y in (*((0.0, layout.width, y) for y in layout.rules), *layout.span_rules):
        ax.add_line(
            Line2D(
                (left, right), (y, y), transform=place, color=style.rule, linewidth=0.5,
                clip_on=False, zorder=0.5,
            )
        )  # fmt: skip


def draw_dots(ax: Axes, layout: Layout, corner: Corner, style: ForestStyle) -> None:
    """The discs behind the signs of the risk of bias."""
    place = points_from(ax, corner[0])
    for dot in layout.dots:
        disc = Ellipse(
            (dot.x, dot.y), 2 * dot.radius, 2 * dot.radius, facecolor=getattr(style, dot.colour),
            edgecolor=style.rule, linewidth=0.4, transform=place, clip_on=False, zorder=1,
            label="_bias",
        )  # fmt: skip
        ax.add_artist(disc)
