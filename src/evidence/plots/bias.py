"""Risk of bias: traffic lights per study, and shares per domain; read by sign and letter."""

from __future__ import annotations

from dataclasses import replace
from string import ascii_uppercase

import matplotlib.style
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ..formatting import plural
from ..pooling.model import Synthesis
from ..sensitivity.bias import bias_table
from ..tables.checklists import UNKNOWN
from .axis import Axis, linear_axis
from .frame import draw_rules, draw_texts, place, prepare
from .layout import Content, Layout
from .picture import even_text, leave
from .rows import study_names
from .style import DEFAULT, ForestStyle
from .text import CAPITAL, clean, font
from .words import sentence

RISKS: dict[str, tuple[str, str, str]] = {
    "low": ("o", "+", "#9ecae1"),
    "unclear": ("^", "?", "#fee391"),
    "high": ("s", "\N{MINUS SIGN}", "#f4a582"),
    UNKNOWN: ("o", "", "#ffffff"),
}
"""Risk -> mark, sign and fill; the shape and the sign say it without the colour."""
DOT = 11.0  # diameter of a light, points
COLUMN = 11.0  # width of a domain, mm


def traffic_light(
    synthesis: Synthesis,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """One row per study, one light per domain of the checklist.

    A circle with a plus is low risk, a triangle with a question mark unclear, a square with a minus
    high, an empty circle not judged. Arguments as for `forest`.

    Raises:
        SynthesisError: no study was judged.
    """
    table = bias_table(synthesis)
    domains = [name for name in table.columns if name not in ("study_id", "label")]
    names = study_names(synthesis.studies)
    rows = pd.DataFrame({"kind": "study", "study": list(names), "points": DOT + 3})
    places = tuple(float(number) for number in range(1, len(domains) + 1))
    letters = tuple(ascii_uppercase[number] for number in range(len(domains)))
    axis = Axis(0.4, len(domains) + 0.6, places, letters)
    wide = COLUMN * len(domains)
    style = replace(style, left=("study",), right=(), plot_width=wide, min_plot_width=wide)
    legend = "; ".join(f"{letter} {name}" for letter, name in zip(letters, domains, strict=True))
    content = Content(
        rows=rows, fields={}, axis_label="Domain",
        axis=lambda most: axis,  # noqa: ARG005
        title=title or "", notes=(f"Domains: {legend}.", KEY),
    )  # fmt: skip
    ax, layout = _prepared(ax, content, style)
    with matplotlib.style.context("default"):
        for domain, x in zip(domains, places, strict=True):
            for risk, y in zip(table[domain], layout.row_y, strict=True):
                _light(ax, (x, y), str(risk), layout, style)
    alt = _alt("Risk of bias by study", table, domains, title)
    return leave(ax, alt=alt, table=table)


KEY = (
    "Circle with plus: low risk of bias; triangle with question mark: unclear; square with minus: "
    "high; empty: not judged."
)


def bias_summary(
    synthesis: Synthesis,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """One bar per domain: the share of studies at each risk, with its sign.

    Arguments as for `forest`.

    Raises:
        SynthesisError: no study was judged.
    """
    table = bias_table(synthesis)
    domains = [name for name in table.columns if name not in ("study_id", "label")]
    rows = pd.DataFrame({"kind": "study", "domain": domains, "points": DOT + 3})
    style = replace(style, left=("domain",), right=())
    content = Content(
        rows=rows, fields={}, axis_label="Studies, %",
        axis=lambda most: linear_axis([], bounds=(0, 1), factor=100, most=most, ends=(0.0, 1.0)),
        title=title or "", notes=(KEY.replace("Circle with plus", "Plus").replace(
            "triangle with question mark", "question mark").replace("square with minus", "minus"),),
    )  # fmt: skip
    ax, layout = _prepared(ax, content, style)
    with matplotlib.style.context("default"):
        for domain, y in zip(domains, layout.row_y, strict=True):
            left = 0.0
            for risk in RISKS:
                share = float((table[domain] == risk).mean())
                _bar(ax, (left, y), share, risk, layout, style)
                left += share
    alt = _alt("Risk of bias by domain", table, domains, title)
    return leave(ax, alt=alt, table=table)


def _prepared(ax: Axes | None, content: Content, style: ForestStyle) -> tuple[Axes, Layout]:
    ax, layout, corner = place(ax, content, style)
    with matplotlib.style.context("default"):
        prepare(ax, layout, corner, style)
        draw_rules(ax, layout, corner, style)
        draw_texts(ax, layout, corner, style)
    return ax, layout


def _light(
    ax: Axes, at: tuple[float, float], risk: str, layout: Layout, style: ForestStyle
) -> None:
    marker, sign, fill = RISKS[risk]
    ax.scatter(
        *at, s=DOT**2, marker=marker, facecolor=fill, edgecolor=style.ink, linewidths=0.6,
        clip_on=False, zorder=3, label=f"_{risk}",
    )  # fmt: skip
    _sign(ax, at, sign, layout, style)


def _bar(
    ax: Axes, at: tuple[float, float], share: float, risk: str, layout: Layout, style: ForestStyle
) -> None:
    if share <= 0:
        return
    left, y = at
    _, sign, fill = RISKS[risk]
    ax.add_patch(
        Rectangle(
            (left, y - DOT / 2), share, DOT, facecolor=fill, edgecolor=style.ink, linewidth=0.6,
            zorder=3, clip_on=False, label=f"_{risk}",
        )
    )  # fmt: skip
    _sign(ax, (left + share / 2, y), sign, layout, style)


def _sign(ax: Axes, at: tuple[float, float], sign: str, layout: Layout, style: ForestStyle) -> None:
    size = layout.font_size
    artist = even_text(
        sign, (at[0], at[1] + CAPITAL * size / 2), font(style.fonts, size, bold=True), style.ink
    )
    artist.set_horizontalalignment("center")
    artist.set_transform(ax.transData)
    artist.set_zorder(4)
    ax.add_artist(artist)


def _alt(kind: str, table: pd.DataFrame, domains: list[str], title: str | None) -> str:
    opening = f"{kind}: {sentence(title)}" if title else f"{kind}."
    said = []
    for domain in domains:
        shares = table[domain].value_counts()
        parts = ", ".join(f"{count} {risk}" for risk, count in shares.items())
        said.append(f"{clean(domain)}: {parts}.")
    return f"{opening} {plural(len(table), 'study')}. {' '.join(said)}"
