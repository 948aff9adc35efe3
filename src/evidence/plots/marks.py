"""The marks of a forest plot, one function per kind of row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from ..errors import SynthesisError
from .layout import Layout
from .style import ForestStyle

SQUARE = 0.56  # side of the heaviest study's square, in row heights
SLIM = 0.08  # and at most this share of the plot's width
SMALLEST = 2.4  # side below which no square goes, points


@dataclass(frozen=True)
class Band:
    """A range of the reading scale with a meaning, such as a clinical threshold.

    Attributes:
        low, high: its ends, reading scale.
        label: what it means; the notes say it in words.
    """

    low: float
    high: float
    label: str

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise SynthesisError(f"a band must rise from low to high; {self.label!r} does not")


def draw_marks(ax: Axes, rows: pd.DataFrame, layout: Layout, style: ForestStyle) -> None:
    """Every row's mark, and an arrow where an interval leaves the axis."""
    rows = rows.assign(y=layout.row_y)
    rows = rows[rows["low"].notna()]
    for kind, own in rows.groupby("kind", sort=False):
        draw, colour = MARKS[str(kind)]
        draw(ax, own, layout, style)
        _arrows(ax, own, layout, getattr(style, colour))


def draw_bands(ax: Axes, bands: Sequence[Band], layout: Layout, style: ForestStyle) -> None:
    """Every band from the first row to the axis, fainter than anything else; its ends as lines."""
    for band in bands:
        low, high = max(band.low, layout.axis.low), min(band.high, layout.axis.high)
        if low < high:
            ax.add_patch(
                Rectangle(
                    (low, layout.top), high - low, layout.bottom - layout.top,
                    facecolor=style.band, edgecolor="none", zorder=0.1, label="_band",
                )
            )  # fmt: skip
        for end in (end for end in (band.low, band.high) if end in layout.axis):
            ends = (layout.top, layout.bottom)
            ax.add_line(
                Line2D((end, end), ends, color=style.rule, linewidth=0.8, zorder=0.8, label="_end")
            )


def draw_null(ax: Axes, null: float | None, layout: Layout, style: ForestStyle) -> None:
    """An upright line at the value that means no difference, where a measure has one."""
    if null is not None and layout.row_edges and null in layout.axis:
        ends = (layout.row_edges[0][0], layout.bottom)
        line = Line2D((null, null), ends, color=style.ink, linewidth=0.6, zorder=0.9, label="_null")
        ax.add_line(line)


def _squares(ax: Axes, rows: pd.DataFrame, layout: Layout, style: ForestStyle) -> None:
    """Estimates as squares, intervals as lines over them so that a short one is seen."""
    _intervals(ax, rows, layout, style.ink)
    seen = _seen(rows, layout)
    side = min(SQUARE * layout.row_height, SLIM * (layout.plot_right - layout.plot_left))
    area = (side**2 * seen["weight"] / rows["weight"].max()).clip(lower=SMALLEST**2)
    area = area.fillna((side / 2) ** 2)  # nothing was pooled, so nothing has a weight
    ax.scatter(
        seen["estimate"], seen["y"], s=area, marker="s", color=style.square, linewidths=0,
        zorder=3, clip_on=False, label="_estimates",
    )  # fmt: skip


def _hollow(ax: Axes, rows: pd.DataFrame, layout: Layout, style: ForestStyle) -> None:
    """Rows that were not pooled: no weight, so a small hollow square, in grey."""
    _intervals(ax, rows, layout, style.rule)
    seen = _seen(rows, layout)
    ax.scatter(
        seen["estimate"], seen["y"], s=(0.3 * layout.row_height) ** 2, marker="s",
        facecolor=style.paper, edgecolor=style.rule, linewidths=0.8, zorder=5, clip_on=False,
        label="_excluded",
    )  # fmt: skip


def _diamonds(ax: Axes, rows: pd.DataFrame, layout: Layout, style: ForestStyle) -> None:
    """Pooled estimates, and a dashed line that goes up from the first."""
    _subtotals(ax, rows, layout, style)
    if style.centre_line:
        y, _, centre, _ = _numbers(rows)[0]
        _upright(ax, centre, y, layout, style.rule, "_centre")


def _subtotals(ax: Axes, rows: pd.DataFrame, layout: Layout, style: ForestStyle) -> None:
    """Diamonds as wide as their interval, pointing at the estimate."""
    half = 0.3 * layout.row_height
    corners = [
        [(low, y), (centre, y - half), (high, y), (centre, y + half)]
        for y, low, centre, high in _numbers(rows)
    ]
    ax.add_collection(
        PolyCollection(
            corners, facecolors=style.diamond, edgecolors="none", zorder=4, label="_pooled"
        ),
        autolim=False,
    )


def _nothing(ax: Axes, rows: pd.DataFrame, layout: Layout, style: ForestStyle) -> None:
    """The name of a group has no mark."""


def _bars(ax: Axes, rows: pd.DataFrame, layout: Layout, style: ForestStyle) -> None:
    """Prediction intervals: thin bars, unlike any confidence interval."""
    half = 0.11 * layout.row_height
    for y, low, _, high in _numbers(rows):
        low, high = max(low, layout.axis.low), min(high, layout.axis.high)
        if low < high:
            ax.add_patch(
                Rectangle(
                    (low, y - half), high - low, 2 * half, facecolor=style.prediction,
                    edgecolor="none", zorder=3, label="_prediction",
                )
            )  # fmt: skip


def _claims(ax: Axes, rows: pd.DataFrame, layout: Layout, style: ForestStyle) -> None:
    """Claimed values: a cross on their row and a dotted line through all rows."""
    _intervals(ax, rows, layout, style.claim)
    for y, low, _, high in _numbers(rows):
        for value in dict.fromkeys((low, high)):
            _upright(ax, value, y, layout, style.claim, "_claim")
    seen = _seen(rows, layout)
    ax.scatter(
        seen["estimate"], seen["y"], s=(0.38 * layout.row_height) ** 2, marker="x",
        color=style.claim, linewidths=1.2, zorder=5, clip_on=False, label="_claimed",
    )  # fmt: skip


def _intervals(ax: Axes, rows: pd.DataFrame, layout: Layout, colour: str) -> None:
    """One thin line per interval, as far as the axis goes."""
    low = rows["low"].clip(layout.axis.low, layout.axis.high)
    high = rows["high"].clip(layout.axis.low, layout.axis.high)
    lines = [((a, y), (b, y)) for a, b, y in zip(low, high, rows["y"], strict=True) if b > a]
    ax.add_collection(
        LineCollection(lines, colors=colour, linewidths=0.8, zorder=4, label="_intervals"),
        autolim=False,
    )


def _points(ax: Axes, rows: pd.DataFrame, layout: Layout, style: ForestStyle) -> None:
    """Answers that are not studies: a dot on its interval."""
    _intervals(ax, rows, layout, style.ink)
    seen = _seen(rows, layout)
    ax.scatter(
        seen["estimate"], seen["y"], s=(0.36 * layout.row_height) ** 2, marker="o",
        color=style.diamond, linewidths=0, zorder=5, clip_on=False, label="_points",
    )  # fmt: skip


def _answers(ax: Axes, rows: pd.DataFrame, layout: Layout, style: ForestStyle) -> None:
    """Answers of questions: a diamond over the bar of its prediction interval."""
    spread = rows[rows["prediction_low"].notna()]
    bars = spread.assign(low=spread["prediction_low"], high=spread["prediction_high"])
    _bars(ax, bars, layout, style)
    _arrows(ax, bars, layout, style.prediction)
    _subtotals(ax, rows, layout, style)


def _shrunken(ax: Axes, rows: pd.DataFrame, layout: Layout, style: ForestStyle) -> None:
    """A study's rate in the model as a dot on its interval, its own rate as a hollow ring."""
    for raw, y, estimate in zip(rows["raw"], rows["y"], rows["estimate"], strict=True):
        ax.add_line(
            Line2D((raw, estimate), (y, y), color=style.square, linewidth=2.2, zorder=3.5,
                   solid_capstyle="butt", label="_pull")
        )  # fmt: skip
    _points(ax, rows, layout, style)
    ax.scatter(
        rows["raw"], rows["y"], s=(0.4 * layout.row_height) ** 2, marker="o",
        facecolor=style.paper, edgecolor=style.ink, linewidths=0.8, zorder=4.5, clip_on=False,
        label="_raw",
    )  # fmt: skip


def _numbers(rows: pd.DataFrame) -> list[tuple[float, float, float, float]]:
    """Place, low end, estimate and high end of every row."""
    columns = (rows[name].tolist() for name in ("y", "low", "estimate", "high"))
    return list(zip(*columns, strict=True))


def _seen(rows: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """The rows whose estimate lies on the axis."""
    return rows[rows["estimate"].between(layout.axis.low, layout.axis.high)]


def _upright(
    ax: Axes, value: float, bottom: float, layout: Layout, colour: str, label: str
) -> None:
    """A vertical line from the first row down to a row; dashed, or dotted for a claim."""
    if value in layout.axis:
        dashes = (1, 1.5) if label == "_claim" else (4, 2)
        ax.add_line(
            Line2D(
                (value, value), (layout.row_edges[0][0], bottom), color=colour, linewidth=0.7,
                dashes=dashes, zorder=1, label=label,
            )
        )  # fmt: skip


def _arrows(ax: Axes, rows: pd.DataFrame, layout: Layout, colour: str) -> None:
    """An arrow head at the end of the axis for every interval that goes on beyond it."""
    for side, marker, beyond in (
        (layout.axis.low, "<", rows["low"] < layout.axis.low),
        (layout.axis.high, ">", rows["high"] > layout.axis.high),
    ):
        if beyond.any():
            ax.scatter(
                [side] * int(beyond.sum()), rows.loc[beyond, "y"], marker=marker,
                s=(0.42 * layout.row_height) ** 2, color=colour, linewidths=0, zorder=6,
                clip_on=False, label="_arrows",
            )  # fmt: skip


Draw = Callable[[Axes, pd.DataFrame, Layout, ForestStyle], None]

MARKS: dict[str, tuple[Draw, str]] = {
    "study": (_squares, "ink"),
    "group": (_nothing, "ink"),
    "subtotal": (_subtotals, "diamond"),
    "pooled": (_diamonds, "diamond"),
    "prediction": (_bars, "prediction"),
    "excluded": (_hollow, "rule"),
    "claim": (_claims, "claim"),
    "step": (_points, "ink"),
    "answer": (_answers, "diamond"),
    "shrunken": (_shrunken, "ink"),
}
"""How each kind of row is drawn, and the colour of its arrows by its name in the style."""
