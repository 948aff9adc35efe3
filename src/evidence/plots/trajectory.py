"""How an answer moved: one point with its interval per year, or per accepted analysis."""

from __future__ import annotations

import matplotlib.style
import pandas as pd
from matplotlib.axes import Axes

from ..errors import SynthesisError
from ..formatting import fixed, plural
from ..measures.scale import Scale
from .axis import linear_axis
from .picture import new_axes
from .style import DEFAULT, POINTS_PER_MM, ForestStyle
from .text import font, width

NEEDED = ("label", "estimate", "low", "high", "k")
WIDTH, HEIGHT = 160.0, 62.0  # of the whole figure, mm
EDGE = 4.0  # points around everything


def trajectory(
    points: pd.DataFrame,
    scale: Scale,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """Estimates in their order, each with its interval and the number of studies.

    Args:
        points: `label`, `estimate`, `low`, `high` (reading scale) and `k`, the earliest first.
        scale: how an estimate is read; the measure's own.
        ax: Axes to draw in; without it a new figure.
        title: above the figure; also opens the alt text.
        style: fonts, colours and width.

    Returns:
        The Axes; x is the place of a point, y the reading scale.

    Raises:
        SynthesisError: a column is missing, or there is no point.

    >>> from evidence.measures.scale import LOGIT
    >>> points = pd.DataFrame({"label": ["2001", "2004"], "estimate": [0.1, 0.12],
    ...                        "low": [0.05, 0.08], "high": [0.2, 0.17], "k": [3, 5]})
    >>> trajectory(points, LOGIT).get_label()
    'Trajectory. 2001: 10.0% (5.0 to 20.0), 3 studies. 2004: 12.0% (8.0 to 17.0), 5 studies.'
    """
    missing = [name for name in NEEDED if name not in points.columns]
    if missing:
        raise SynthesisError(f"the points need the column {', '.join(missing)}")
    if points.empty:
        raise SynthesisError("there is no point to draw; a trajectory needs one at least")
    with matplotlib.style.context("default"):
        seen = [*points["low"], *points["high"]]
        axis = linear_axis(seen, bounds=scale.bounds, factor=scale.factor)
        small = font(style.fonts, 0.88 * style.font_size)
        if ax is None:
            ax = _framed(max(width(text, style.fonts) for text in axis.texts), title, style)
        ax.set_ylim(axis.low, axis.high)
        ax.set_yticks(axis.ticks, axis.texts, fontproperties=small, color=style.ink)
        _label_points(ax, points, style)
        ax.set_ylabel(scale.unit, fontproperties=small, color=style.ink, parse_math=False)
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
        ax.set_facecolor("none")
        ax.grid(axis="y", color=style.band, linewidth=0.6)
        ax.set_axisbelow(True)
        places = range(len(points))
        ax.vlines(places, points["low"], points["high"], color=style.ink, linewidth=1.0)
        ax.plot(places, points["estimate"], color=style.square, linewidth=1.0, zorder=1.5)
        ax.plot(places, points["estimate"], "s", color=style.diamond, markersize=4.0)
        if title:
            bold = font(style.fonts, style.font_size, bold=True)
            ax.set_title(title, loc="left", fontproperties=bold, color=style.ink, parse_math=False)
    ax.set_label(_alt(points, scale, title))
    return ax


def _framed(ticks: float, title: str | None, style: ForestStyle) -> Axes:
    """Axes of a new figure with room for ticks, labels and title; `ticks` in font sizes."""
    wide = (style.width or WIDTH) * POINTS_PER_MM
    high, size = HEIGHT * POINTS_PER_MM, style.font_size
    ax = new_axes(wide, high, style.paper)
    left, bottom = EDGE + (ticks + 2.6) * size, EDGE + 3.4 * size
    top = EDGE + (2.2 * size if title else 0.6 * size)
    ax.set_position(
        (left / wide, bottom / high, (wide - left - EDGE - size) / wide,
         (high - bottom - top) / high)
    )  # fmt: skip
    return ax


def _label_points(ax: Axes, points: pd.DataFrame, style: ForestStyle) -> None:
    """Label and number of studies below as many points as have room; the last always."""
    texts = [f"{label}\nk {k:g}" for label, k in zip(points["label"], points["k"], strict=True)]
    figure = ax.get_figure(root=True)
    room = 72.0 * ax.get_position().width * (figure.get_figwidth() if figure else 1.0)
    widest = max(width(line, style.fonts) for text in texts for line in text.split("\n"))
    fits = max(1, int(room / (widest + 1.0) / (0.88 * style.font_size)))
    every = -(-len(points) // fits)
    shown = range(len(points) - 1, -1, -every)[::-1]
    small = font(style.fonts, 0.88 * style.font_size)
    ax.set_xticks(list(shown), [texts[place] for place in shown], fontproperties=small,
                  color=style.ink)  # fmt: skip
    ax.set_xlim(-0.5, len(points) - 0.5)
    ax.tick_params(color=style.ink, width=0.6)


def _alt(points: pd.DataFrame, scale: Scale, title: str | None) -> str:
    number, unit = fixed(1), scale.unit if scale.unit == "%" else f" {scale.unit}"
    said = [f"{title or 'Trajectory'}."]
    for row in points.to_dict("records"):
        estimate, low, high = (
            number(scale.factor * float(row[name])) for name in ("estimate", "low", "high")
        )
        studies = plural(int(row["k"]), "study")
        said.append(f"{row['label']}: {estimate}{unit} ({low} to {high}), {studies}.")
    return " ".join(said)
