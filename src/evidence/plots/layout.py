"""Where everything of a figure goes, in points, measured from its texts before it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..errors import SynthesisError
from .axis import Axis
from .blocks import BOLD, DOT, Across, Block, place_across
from .columns import BIAS, JUDGEMENTS, Align
from .picture import left_with
from .style import POINTS_PER_MM, ForestStyle
from .text import ASCENT, CAPITAL, DESCENT, LINE, clean, width, wrap

NOTE = 0.9  # size of notes and tick labels, relative to the rows
TITLE = 1.2
SECTION = {
    "prediction": "pooled",
    "group": "study",
    "subtotal": "study",
}  # kinds of rows that no rule parts from another kind
TICKS_APART = 0.9  # between the texts of two ticks, in font sizes
SIDES_APART = 0.8  # between no difference and what a side of it favours, in font sizes
TICK = 3.0  # length of a tick and its distance from the label, points
EDGE = 4.0  # empty border of a figure of its own, points


@dataclass(frozen=True)
class Content:
    """What a forest plot shows, without any place.

    Attributes:
        rows: what is drawn, one row per line; `points` asks for a least height.
        fields: values for the names in column headers.
        axis_label: text under the ticks.
        axis: largest number of ticks -> the axis.
        title: above everything, or empty.
        notes: paragraphs below everything.
        message: one line in place of rows, for an answer without studies.
        null: where an upright line says "no difference"; None without such a value.
        top: where the first row starts at the earliest, in points, to stand beside another plot.
    """

    rows: pd.DataFrame
    fields: dict[str, str]
    axis_label: str
    axis: Callable[[int], Axis]
    title: str = ""
    notes: tuple[str, ...] = ()
    message: str = ""
    null: float | None = None
    top: float = 0.0


@dataclass(frozen=True)
class PlacedText:
    """One line of text: its anchor is the baseline, x from the left edge, y from the top."""

    text: str
    x: float
    y: float
    size: float
    align: Align
    role: str
    bold: bool = False


@dataclass(frozen=True)
class PlacedDot:
    """A judgement of the risk of bias: the centre and radius of the disc behind its sign."""

    name: str
    x: float
    y: float
    radius: float
    colour: str


@dataclass(frozen=True)
class Layout:
    """What was placed where, in points from the top left corner of the figure's room.

    Attributes:
        width, height: of everything.
        font_size: size of the rows, after fitting.
        plot_left, plot_right: the part with the axis.
        top, bottom: of that part; rows lie between, the axis is at the bottom.
        row_height: height of a row of one line.
        row_edges: top and bottom of every row.
        rules: y of the horizontal rules.
        span_rules: left, right and y of the short rules below headers of several columns.
        dots: the discs of the risk of bias.
        texts: every text but the axis' own.
        axis: ends and ticks.
        axis_label: its lines.
        fonts: families that measured the texts.
    """

    width: float
    height: float
    font_size: float
    plot_left: float
    plot_right: float
    top: float
    bottom: float
    row_height: float
    row_edges: tuple[tuple[float, float], ...]
    rules: tuple[float, ...]
    span_rules: tuple[tuple[float, float, float], ...]
    dots: tuple[PlacedDot, ...]
    texts: tuple[PlacedText, ...]
    axis: Axis
    axis_label: tuple[str, ...]
    fonts: tuple[str, ...] = ()

    @property
    def row_y(self) -> list[float]:
        """The centre of every row."""
        return [(top + bottom) / 2 for top, bottom in self.row_edges]

    def to_frame(self) -> pd.DataFrame:
        """Every text with its place, as a table."""
        return pd.DataFrame(self.texts, columns=list(PlacedText.__dataclass_fields__))


def plan(content: Content, style: ForestStyle, room: tuple[float, float] | None = None) -> Layout:
    """The places of everything; with a fixed width or room, in the largest font that fits.

    Args:
        content: what is shown.
        style: how; its width, if any, holds when no room is given.
        room: width and height in points that must be kept, for a given Axes.

    Raises:
        SynthesisError: not even the smallest font fits; the message says what is needed.
    """
    wide = room[0] if room else style.width and style.width * POINTS_PER_MM - 2 * EDGE
    tall = room[1] if room else None
    size = style.font_size
    while True:
        layout = plan_at(content, style, size, wide)
        if layout.width <= (wide or layout.width) and layout.height <= (tall or layout.height):
            return layout
        if size <= style.min_font_size:
            raise _too_small(layout, size, (wide or layout.width, tall))
        size = max(style.min_font_size, size - 0.25)


def _too_small(layout: Layout, size: float, room: tuple[float, float | None]) -> SynthesisError:
    there = f"{room[0] / POINTS_PER_MM:.0f} mm wide"
    if room[1] is not None:
        there += f" and {room[1] / POINTS_PER_MM:.0f} mm high"
    return SynthesisError(
        f"the forest plot needs {layout.width / POINTS_PER_MM:.0f} mm by "
        f"{layout.height / POINTS_PER_MM:.0f} mm at the smallest font ({size:g} pt) but has only "
        f"{there}; give it more room, fewer columns or a smaller min_font_size"
    )


def plan_at(content: Content, style: ForestStyle, size: float, wide: float | None = None) -> Layout:
    """The layout at one font size; wider than `wide` when it cannot be kept."""
    across = place_across(content.rows, content.fields, style, size, wide)
    blocks, total = (*across.left, *across.right), across.width
    plot = across.plot_right - across.plot_left
    if content.message and wide is None:
        total = min(total, size * width(content.message, style.fonts, False))
    page = Page(total, style.fonts)
    page.paragraph(content.title, "title", TITLE * size)
    rules = [] if content.message else page.header(across, style.spans, size, content.top)
    top = page.y
    edges, breaks = page.rows(content.rows, blocks, size, style.row_height)
    if content.message:
        page.paragraph(content.message, "message", size)
    bottom = page.y = page.y + 0.3 * size
    axis = axis_with_room(content.axis, plot, NOTE * size, style.fonts)
    label = wrap(content.axis_label, 1.3 * plot / (NOTE * size), style.fonts)
    if not content.message:
        page.y += 2 * TICK + NOTE * size * (LINE + 0.3 + LINE * len(label))
        if style.favours and content.null is not None:
            share = min(max(axis.share(content.null), 0.0), 1.0)
            page.favours(style.favours, across.plot_left + share * plot, NOTE * size)
    page.y += 0.8 * size
    for note in content.notes:
        page.paragraph(note, "note", NOTE * size)
    return Layout(
        width=total,
        height=page.y,
        font_size=size,
        plot_left=across.plot_left,
        plot_right=across.plot_right,
        top=top,
        bottom=bottom,
        row_height=style.row_height * size,
        row_edges=edges,
        rules=(*rules, *breaks),
        span_rules=tuple(page.span_rules),
        dots=tuple(page.dots),
        texts=tuple(page.texts),
        axis=axis,
        axis_label=label,
        fonts=style.fonts,
    )


def axis_with_room(
    axis: Callable[[int], Axis], room: float, size: float, fonts: tuple[str, ...]
) -> Axis:
    """The axis with the most ticks, seven or on a log axis nine, whose texts stand apart."""
    for most in range(9 if axis(7).log else 7, 2, -1):
        found = axis(most)
        places = [room * found.share(tick) for tick in found.ticks]
        wide = [size * width(text, fonts) for text in found.texts]
        gaps = (
            right - left - (one + other) / 2
            for left, right, one, other in zip(places, places[1:], wide, wide[1:], strict=False)
        )
        if all(gap >= TICKS_APART * size for gap in gaps):
            return found
    return axis(2)


class Page:
    """Texts set one below the other; `y` is where the next one starts."""

    def __init__(self, room: float, fonts: tuple[str, ...]) -> None:
        self.room, self.fonts, self.y = room, fonts, 0.0
        self.texts: list[PlacedText] = []
        self.span_rules: list[tuple[float, float, float]] = []
        self.dots: list[PlacedDot] = []

    def paragraph(self, text: str, role: str, size: float) -> None:
        """A text broken to the whole width, with some space after it."""
        if not text:
            return
        bold = role == "title"
        for line in wrap(clean(text), self.room / size, self.fonts, bold):
            baseline = self.y + ASCENT * size
            self.texts.append(PlacedText(line, 0.0, baseline, size, "left", role, bold))
            self.y += LINE * size
        self.y += 0.9 * size if bold else 0.25 * size

    def favours(self, sides: tuple[str, str], null: float, size: float) -> None:
        """What each side of no difference speaks for, each on its side of the line."""
        baseline, gap = self.y + ASCENT * size, SIDES_APART * size
        for text, side in zip(sides, ("right", "left"), strict=True):  # how the text is aligned
            line, left = clean(text), side == "left"
            long = size * width(line, self.fonts)
            x = min(null + gap, self.room - long) if left else max(null - gap, long)
            self.texts.append(
                PlacedText(line, x, baseline, size, "left" if left else "right", "favours")
            )
        self.y += LINE * size

    def header(
        self,
        across: Across,
        spans: Sequence[tuple[str, Sequence[str]]],
        size: float,
        least: float = 0.0,
    ) -> list[float]:
        """Column names with their last lines in one line, spanning headers above; the rule."""
        blocks = (*across.left, *across.right)
        deep = max((len(block.header) for block in blocks), default=0)
        above = self._spans(across, spans, size)
        deep = max(deep, *(len(lines) + under for *_, lines, under in above)) if above else deep
        if not deep:
            return []
        bottom = self.y + (deep * LINE + (0.35 if above else 0.0)) * size
        bottom = max(bottom, least - 0.6 * size)
        for block in blocks:
            self._lines_up_to(bottom, block.header, block, size)
        for left, right, lines, under in above:
            low = bottom - (under * LINE + 0.35) * size
            for index, line in enumerate(lines):
                baseline = low + (ASCENT + LINE * (index - len(lines))) * size
                middle = (left + right) / 2
                self.texts.append(PlacedText(line, middle, baseline, size, "center", "span", True))
            self.span_rules.append((left, right, low + 0.08 * size))
        self.y = bottom + 0.6 * size
        return [bottom + 0.25 * size]

    def _lines_up_to(self, bottom: float, lines: Sequence[str], block: Block, size: float) -> None:
        for index, line in enumerate(lines):
            baseline = bottom + (ASCENT + LINE * (index - len(lines))) * size
            self._in_column(line, block, baseline, size, "header")

    def _spans(
        self, across: Across, spans: Sequence[tuple[str, Sequence[str]]], size: float
    ) -> list[tuple[float, float, tuple[str, ...], int]]:
        """Left, right, lines, and how many lines of column names are below, for each."""
        blocks = (*across.left, *across.right)
        places = {block.name: (block.left, block.left + block.width) for block in blocks}
        under = {block.name: len(block.header) for block in blocks}
        places["plot"] = (across.plot_left, across.plot_right)
        found = []
        for text, names in spans:
            ends = [places[name] for name in names if name in places]
            if ends:
                left, right = min(a for a, _ in ends), max(b for _, b in ends)
                lines = wrap(clean(text), (right - left) / size + 0.01, self.fonts, True)
                found.append((left, right, lines, max(under.get(name, 0) for name in names)))
        return found

    def rows(
        self, rows: pd.DataFrame, blocks: Sequence[Block], size: float, row_height: float
    ) -> tuple[tuple[tuple[float, float], ...], list[float]]:
        """Every cell on its row; returns the rows' edges and the rules between sections."""
        edges, breaks, before = [], [], "study"
        high = rows["points"] if "points" in rows.columns else [0.0] * len(rows)
        for index, (kind, least) in enumerate(zip(rows["kind"], high, strict=True)):
            deep = max((len(block.cells[index]) for block in blocks), default=1)
            if SECTION.get(kind, kind) != SECTION.get(before, before) and index:
                breaks.append(self.y + 0.2 * size)
                self.y += 0.4 * size
            elif kind == "group" and index:
                self.y += 0.6 * size
            bottom = self.y + max((row_height + LINE * (deep - 1)) * size, least)
            edges.append((self.y, bottom))
            for block in blocks:
                self._cell(block, index, (self.y + bottom) / 2, size, kind)
            self.y, before = bottom, kind
        return tuple(edges), breaks

    def _cell(self, block: Block, index: int, centre: float, size: float, kind: str) -> None:
        """The lines of one cell, their capitals centred on the row."""
        lines = block.cells[index]
        first = centre + (CAPITAL / 2 - LINE * (len(lines) - 1) / 2) * size
        for number, line in enumerate(lines):
            if line:
                self._in_column(line, block, first + LINE * size * number, size, kind)
                if block.name.startswith(BIAS):
                    colour = next(j.colour for j in JUDGEMENTS.values() if j.sign == line)
                    middle = block.left + block.width / 2
                    self.dots.append(PlacedDot(block.name, middle, centre, DOT * size, colour))

    def _in_column(self, text: str, block: Block, baseline: float, size: float, role: str) -> None:
        x = block.left + {"left": 0.0, "center": 0.5, "right": 1.0}[block.align] * block.width
        bold = role in BOLD
        self.texts.append(PlacedText(text, x, baseline, size, block.align, role, bold))


def layout_report(fig_or_ax: Figure | Axes) -> pd.DataFrame:
    """What was placed where in a drawn figure, for who checks it or adds to it.

    Args:
        fig_or_ax: from `forest` or another function of `PLOTS` that draws rows.

    Returns:
        One row per text, row of the plot, rule, tick and plot: `plot` (its number), `what`, `text`,
        `left`, `right`, `top`, `bottom` and `size`, in points from the top left corner of the room
        of its plot. For a text, `what` is its role.

    Raises:
        SynthesisError: the figure has no layout of rows.

    >>> from evidence import forest, pool
    >>> frame = pd.DataFrame({"study_id": list("abc"), "events": [3, 6, 10],
    ...                       "total": [11, 17, 21]})
    >>> report = layout_report(forest(pool(frame)))
    >>> report.query("what == 'row'")["top"].is_monotonic_increasing
    True
    """
    found: list[dict[str, object]] = []
    layouts = [layout for _, layout in left_with(fig_or_ax) if isinstance(layout, Layout)]
    if not layouts:
        raise SynthesisError("this figure has no layout of rows; draw it with forest")
    for number, layout in enumerate(layouts):
        found += [{"plot": number, **row} for row in _report(layout)]
    return pd.DataFrame(found)


def _report(layout: Layout) -> list[dict[str, object]]:
    left, right = layout.plot_left, layout.plot_right

    def box(what: str, text: str, across: tuple[float, float], down: tuple[float, float],
            size: float) -> dict[str, object]:  # fmt: skip
        return {"what": what, "text": text, "left": across[0], "right": across[1],
                "top": down[0], "bottom": down[1], "size": size}  # fmt: skip

    found = [box("plot", "", (left, right), (layout.top, layout.bottom), layout.font_size)]
    for edges in layout.row_edges:
        found.append(box("row", "", (left, right), edges, layout.row_height))
    for text in layout.texts:
        wide = text.size * width(text.text, layout.fonts, text.bold)
        start = text.x - {"left": 0.0, "center": 0.5, "right": 1.0}[text.align] * wide
        down = (text.y - ASCENT * text.size, text.y + DESCENT * text.size)
        found.append(box(text.role, text.text, (start, start + wide), down, text.size))
    found += [box("rule", "", (0.0, layout.width), (y, y), 0.0) for y in layout.rules]
    found += [box("rule", "", (a, b), (y, y), 0.0) for a, b, y in layout.span_rules]
    for tick, text_ in zip(layout.axis.ticks, layout.axis.texts, strict=True):
        x = left + layout.axis.share(tick) * (right - left)
        size = NOTE * layout.font_size
        found.append(box("tick", text_, (x, x), (layout.bottom, layout.bottom + TICK), size))
    return found
