"""The specification curve: every defensible analysis in order of its estimate, and its choices."""

from __future__ import annotations

from dataclasses import replace

import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from ..errors import SynthesisError
from ..formatting import percent, plural
from ..pooling.model import Synthesis
from ..sensitivity.check import NOTHING_STATED, Check, Stated, shown
from ..sensitivity.multiverse import CHOICES
from ..sensitivity.multiverse import multiverse as every_analysis
from .axis import Axis, axis_of
from .frame import draw_rules, draw_texts, place, prepare
from .layout import Content, Layout
from .picture import even_text, leave
from .style import DEFAULT, ForestStyle
from .text import clean, font
from .words import sentence

NAMES = {
    "rows": "Rows", "method": "Model", "scale": "Scale or link", "tau2": "tau²",
    "interval": "Interval", "zero": "Zero correction",
}  # fmt: skip
CURVE = 150.0  # height of the curve, points
LINE = 10.0  # height of the row of an option, points


def multiverse_plot(
    synthesis: Synthesis,
    stated: Stated = NOTHING_STATED,
    *,
    check: Check | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """Every specification from the lowest estimate to the highest; below, what each one chose.

    The stated analysis is a large diamond; discouraged analyses are grey. There is no p-value: the
    specifications are not independent.

    Args:
        synthesis: a pooled answer of three studies or more.
        stated: what was stated beforehand, with the inclusion rules.
        check: what `multiverse` found, where it is there already.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`; its columns are not used.

    Raises:
        SynthesisError: a check of another kind, or too few studies.

    >>> from evidence import pool
    >>> frame = pd.DataFrame({"study_id": list("abcd"), "events": [3, 6, 10, 1],
    ...                       "total": [11, 17, 21, 6]})
    >>> axes = multiverse_plot(pool(frame))
    >>> axes.get_label()[:39]
    'Specification curve. 59 specifications:'
    """
    found = check or every_analysis(synthesis, stated)
    if found.name != "multiverse":
        raise SynthesisError(f"the curve shows a multiverse, not the check {found.name!r}")
    table = found.table.sort_values("estimate", kind="stable", ignore_index=True)
    rows = curve_rows(table)
    axis = Axis(0.0, len(table) + 1.0, (1.0, float(len(table))), ("1", str(len(table))))
    style = replace(style, left=("choice", "option"), right=("share",), plot_width=90.0)
    content = Content(
        rows=rows, fields={}, axis_label="Specifications, by estimate",
        axis=lambda most: axis,  # noqa: ARG005
        title=title or "",
        notes=(
            "Diamond: the stated analysis. Grey: discouraged by the literature, and in use. Lines: "
            "intervals, cut where they leave the axis. Below, a mark where "
            "a specification makes the choice.",
            found.verdict,
        ),
    )  # fmt: skip
    ax, layout, corner = place(ax, content, style)
    with matplotlib.style.context("default"):
        prepare(ax, layout, corner, style)
        draw_rules(ax, layout, corner, style)
        draw_texts(ax, layout, corner, style)
        _curve(ax, table, layout, style, synthesis)
        _marks(ax, table, rows, layout, style)
    alt = _alt(table, found, title, synthesis)
    return leave(ax, alt=alt, table=table)


def curve_rows(table: pd.DataFrame) -> pd.DataFrame:
    """One row for the curve, then one per option of each choice that was open."""
    rows: list[dict[str, object]] = [
        {"kind": "curve", "choice": "", "option": "", "share": "", "points": CURVE}
    ]
    for choice in CHOICES:
        options = table[choice].value_counts(sort=False)
        if len(options) < 2:
            continue
        for nth, (option, number) in enumerate(options.items()):
            rows.append(
                {"kind": choice, "choice": "" if nth else NAMES[choice], "option": str(option),
                 "share": f"{percent(number / len(table), 0)}%", "points": LINE}
            )  # fmt: skip
    return pd.DataFrame(rows)


def _curve(
    ax: Axes, table: pd.DataFrame, layout: Layout, style: ForestStyle, synthesis: Synthesis
) -> None:
    """Estimates and intervals in the first row, on an axis of their own."""
    top, bottom = layout.row_edges[0]
    scale = synthesis.measure.scale
    y = _heights(table, synthesis)
    along = np.log if y.log else np.asarray

    def height(value: pd.Series | float) -> np.ndarray:
        inside = np.clip(np.asarray(value, float), y.low, y.high)
        share = (along(inside) - along(y.low)) / (along(y.high) - along(y.low))
        return np.asarray(bottom - 4 - share * (bottom - top - 8), float)

    face = font(style.fonts, 0.9 * layout.font_size)
    for tick, text in zip(y.ticks, y.texts, strict=True):
        level = float(height(tick))
        ax.plot([0, len(table) + 1], [level] * 2, color=style.band, linewidth=0.6, zorder=0.2)
        artist = even_text(f"{text}{scale.unit}", (0, level), face, style.quiet, "right")
        artist.set_verticalalignment("center_baseline")
        artist.set_transform(ax.transData)
        ax.add_artist(artist)
    rank = np.arange(1, len(table) + 1)
    colours = [_colour(standing, style) for standing in table["standing"]]
    for standing, own in table.groupby("standing", sort=False):
        low, high = height(own["low"]), height(own["high"])
        _strokes(ax, rank[own.index], low, high, _colour(str(standing), style), "_intervals")
    ax.scatter(rank, height(table["estimate"]), s=4, color=colours, zorder=2, label="_estimates")
    primary = (table["standing"] == "primary").to_numpy()
    ax.scatter(
        rank[primary], height(table.loc[primary, "estimate"]), s=40, marker="D",
        color=style.diamond, edgecolor=style.paper, linewidths=0.6, zorder=4, label="_stated",
    )  # fmt: skip


def _heights(table: pd.DataFrame, synthesis: Synthesis) -> Axis:
    """An axis for every estimate and most intervals; a few very wide ones are cut."""
    scale = synthesis.measure.scale
    usual = [table["low"].quantile(0.1), table["high"].quantile(0.9)]
    stated = table[table["standing"] == "primary"]
    seen = [*usual, *table["estimate"], *stated["low"], *stated["high"]]
    return axis_of(scale, seen, most=6)


def _marks(
    ax: Axes, table: pd.DataFrame, rows: pd.DataFrame, layout: Layout, style: ForestStyle
) -> None:
    """A tick in the row of every option that a specification takes."""
    half = 0.3 * LINE
    for kind, option, y in zip(rows["kind"][1:], rows["option"][1:], layout.row_y[1:], strict=True):
        chosen = table[table[str(kind)].astype(str) == option]
        for standing, own in chosen.groupby("standing", sort=False):
            x = own.index.to_numpy(float) + 1
            low, high = np.full(len(x), y + half), np.full(len(x), y - half)
            _strokes(ax, x, low, high, _colour(str(standing), style), "_choices")


def _strokes(
    ax: Axes, x: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str, label: str
) -> None:
    """Upright strokes as one path: a page with thousands of them stays small."""
    corners = np.stack([np.column_stack([x, low]), np.column_stack([x, high])], axis=1)
    codes = np.tile([Path.MOVETO, Path.LINETO], len(x))
    ax.add_patch(
        PathPatch(
            Path(corners.reshape(-1, 2), codes), edgecolor=colour, facecolor="none",
            linewidth=0.6, alpha=0.5 if label == "_intervals" else 1.0, zorder=1, label=label,
        )
    )  # fmt: skip


def _colour(standing: str, style: ForestStyle) -> str:
    by = {"primary": style.diamond, "sensitivity": style.square, "discouraged": style.rule}
    return by[standing]


def _alt(table: pd.DataFrame, found: Check, title: str | None, synthesis: Synthesis) -> str:
    opening = f"Specification curve: {sentence(title)}" if title else "Specification curve."
    low, high = (shown(table["estimate"].agg(name), synthesis) for name in ("min", "max"))
    return (
        f"{opening} {plural(len(table), 'specification')}: estimates from {low} to "
        f"{high}. {clean(found.verdict)}"
    )
