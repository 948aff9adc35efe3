"""The text columns of a figure, measured: their cells in lines, and their places side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from .columns import Align, column, expand
from .style import POINTS_PER_MM, ForestStyle
from .text import clean, width, wrap

GAP = 1.5  # between two columns, in font sizes
NARROWEST = 5.5  # what a first column that gives way keeps, in font sizes
DOT = 0.66  # radius of a judgement of the risk of bias, in font sizes
BOLD = {"header", "pooled", "title", "group", "span"}  # roles set in bold


@dataclass(frozen=True)
class Block:
    """A column with its header and cells broken into lines; left edge and width in points."""

    name: str
    align: Align
    header: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    width: float
    left: float = 0.0


@dataclass(frozen=True)
class Across:
    """Columns left and right of a plot, and its two ends, in points from the left."""

    left: tuple[Block, ...]
    plot_left: float
    plot_right: float
    right: tuple[Block, ...]
    width: float


def place_across(
    rows: pd.DataFrame,
    fields: Mapping[str, str],
    style: ForestStyle,
    size: float,
    wide: float | None,
) -> Across:
    """The columns that the style names beside a plot, at one font size.

    The plot takes what a fixed width leaves. When that is too little, the first column is broken
    into shorter lines; when that does not help, the result is wider than was asked for.
    """

    def block(name: str, room: float) -> Block:
        return _block(rows, name, fields, style.fonts, size, room)

    room = style.label_width * POINTS_PER_MM / size
    left = _under_spans([block(name, room) for name in expand(style.left, rows)], style, size)
    right = _under_spans([block(name, room) for name in expand(style.right, rows)], style, size)
    plot, least = style.plot_width * POINTS_PER_MM, style.min_plot_width * POINTS_PER_MM
    if wide is not None:
        plot = wide - _taken(left, right, size)
        if plot < least and left:
            narrower = (left[0].width + plot - least) / size
            left[0] = block(left[0].name, max(narrower, _least(left[0], style, size)))
            plot = wide - _taken(left, right, size)
        plot = max(plot, least)
    return _side_by_side(left, plot, right, GAP * size)


def _under_spans(blocks: list[Block], style: ForestStyle, size: float) -> list[Block]:
    """The columns, widened where a header over several of them has a longer word."""
    for text, names in style.spans:
        own = [index for index, block in enumerate(blocks) if block.name in names]
        if own and "plot" not in names:
            longest = max(width(word, style.fonts, True) for word in clean(text).split(" "))
            there = sum(blocks[i].width for i in own) + (len(own) - 1) * GAP * size
            more = max(0.0, longest * size - there) / len(own)
            for i in own:
                blocks[i] = replace(blocks[i], width=blocks[i].width + more)
    return blocks


def _taken(left: Sequence[Block], right: Sequence[Block], size: float) -> float:
    """The width of all columns with a gap to the plot on both sides, columns there or not."""
    gaps = max(len(left), 1) + max(len(right), 1)
    return sum(each.width for each in (*left, *right)) + gaps * GAP * size


def _least(first: Block, style: ForestStyle, size: float) -> float:
    """How far the first column gives way: to its longest word before words are cut."""
    if size <= style.min_font_size:
        return NARROWEST
    words = {word for lines in first.cells for line in lines for word in line.split(" ")}
    longest = max((width(word, style.fonts, False) for word in words), default=0.0)
    return max(NARROWEST, min(longest, 2 * NARROWEST))


def _side_by_side(left: Sequence[Block], plot: float, right: Sequence[Block], gap: float) -> Across:
    x, placed = (0.0 if left else gap), []
    for each in left:
        placed.append(replace(each, left=x))
        x += each.width + gap
    plot_left, x = x, x + plot
    plot_right, after = x, []
    for each in right:
        after.append(replace(each, left=x + gap))
        x += gap + each.width
    return Across(tuple(placed), plot_left, plot_right, tuple(after), x if right else x + gap)


def _block(
    rows: pd.DataFrame,
    name: str,
    fields: Mapping[str, str],
    fonts: tuple[str, ...],
    size: float,
    room: float,
) -> Block:
    """One column with its cells in lines no wider than `room` font sizes."""
    source, kinds = column(name, rows), rows["kind"]
    cells = tuple(
        wrap(text, room, fonts, kind in BOLD)
        for text, kind in zip(source.cells(rows), kinds, strict=True)
    )
    widest = max(
        (
            width(line, fonts, kind in BOLD)
            for lines, kind in zip(cells, kinds, strict=True)
            for line in lines
        ),
        default=0.0,
    )
    header = clean(source.header.format_map(fields))
    longest = max(width(word, fonts, True) for word in header.split(" "))
    head = wrap(header, max(widest, longest), fonts, True)
    widest = max(widest, *(width(line, fonts, True) for line in head))
    return Block(name, source.align, head, cells, widest * size)
