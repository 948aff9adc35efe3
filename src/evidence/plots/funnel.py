"""Estimates against the size of the studies, with what chance allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from numpy.typing import NDArray
from scipy import special

from ..errors import SynthesisError
from ..formatting import plural
from ..measures.scale import Scale
from ..pooling.inverse_variance import sizes
from ..pooling.model import Synthesis
from .axis import Axis, axis_of, linear_axis, log_axis
from .chart import Chart, draw_chart, draw_dots, draw_line, flipped, opening, pooled_estimate
from .layout import NOTE
from .picture import leave
from .rows import study_names
from .style import DEFAULT, ForestStyle
from .text import font
from .words import measured

Array = NDArray[np.float64]
STEPS = 201  # points of a drawn curve
BY = ("size", "se")
REGIONS: tuple[tuple[float, str, str], ...] = (
    (0.0, "#ececec", "p below 0.01"),
    (0.01, "#cfcfcf", "p 0.01 to 0.05"),
    (0.05, "#a0a0a0", "p 0.05 to 0.10"),
    (0.10, "#ffffff", "p above 0.10"),
)
"""From what p on a region has which shade: greys that print, and that the colour-blind tell apart.

The step to the region without a finding is the largest.
"""


@dataclass(frozen=True)
class _Shape:
    """The upright axis, where the studies stand on it, and the limits of chance beside it."""

    y: Axis
    label: str
    heights: Array
    rule: Array
    low: Array
    high: Array


def funnel(
    synthesis: Synthesis,
    *,
    by: str = "",
    contours: bool = False,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """Estimates against the size of the studies, with the range that chance alone allows.

    Against the standard error, a funnel of proportions leans even without small-study effects,
    because the error depends on the proportion: sample size is the better axis (Hunter et al. 2014,
    doi 10.1016/j.jclinepi.2014.03.003).

    Args:
        synthesis: a pooled answer.
        by: "size" (people or person-time, logarithmic) or "se" (on the analysis scale); size where
            the measure is a rate.
        contours: shade by the p-value that a study would have at each place, in place of the range
            of chance (Peters et al. 2008, doi 10.1016/j.jclinepi.2007.11.010); for comparisons.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`.

    Raises:
        SynthesisError: nothing was pooled, another axis, or contours of what compares nothing.
    """
    pooled_estimate(synthesis, "funnel plot")
    by = by or ("size" if synthesis.measure.kind == "rate" else "se")
    if by not in BY or (by == "size" and synthesis.measure.kind != "rate"):
        raise SynthesisError(f"by must be 'se', or 'size' for a rate; it is {by!r}")
    if contours:
        return _with_contours(synthesis, by, ax, title, style)
    centre, shape = pooled_estimate(synthesis, "funnel plot"), _shape(synthesis, by)
    table = funnel_rows(synthesis, by)
    level = f"{synthesis.model.level * 100:g}%"
    note = (
        f"Dashed: {level} of studies would lie between the lines if chance alone set them apart "
        "from the pooled estimate (solid line)."
    )
    ends = (float(shape.low.min()), float(shape.high.max()))
    ax = _frame(synthesis, shape, (title, note, ends), ax, style)
    for side in (shape.low, shape.high):
        draw_line(ax, (side, shape.rule), style.rule, "_limits", dashes=(4, 2))
    draw_dots(ax, (table["estimate"], shape.heights), style, "_studies")
    inside = table["inside"].to_numpy(bool)
    scale = synthesis.measure.scale
    alt = (
        f"{opening('Funnel plot', title)} {plural(len(table), 'study')} around "
        f"{scale.text(centre)}{scale.unit}. {int(inside.sum())} of {len(table)} lie inside the "
        f"range that chance allows{_named(table[~inside])}."
    )
    return leave(ax, alt=alt, table=table)


def funnel_rows(synthesis: Synthesis, by: str) -> pd.DataFrame:
    """One row per study: estimate, size, standard error, and whether it lies inside the funnel."""
    studies = synthesis.studies
    effect = float(synthesis.effect or 0.0)
    se = np.sqrt(studies["variance"].to_numpy(float))
    size = sizes(studies, synthesis.measure)
    table = pd.DataFrame(
        {"label": study_names(studies), "estimate": studies["estimate"], "se": se, "size": size}
    )
    z, scale = _quantile(synthesis), synthesis.measure.scale
    low, high = scale.inverse(effect - z * se), scale.inverse(effect + z * se)
    if by == "size":
        centre = pooled_estimate(synthesis, "funnel plot")
        low, high = _chance(centre, size, z, people=synthesis.measure.counts_people)
    return table.assign(inside=table["estimate"].between(low, high).to_numpy())


def _quantile(synthesis: Synthesis) -> float:
    return float(special.ndtri((1 + synthesis.model.level) / 2))


def _shape(synthesis: Synthesis, by: str) -> _Shape:
    scale, z = synthesis.measure.scale, _quantile(synthesis)
    if by == "size":
        size = sizes(synthesis.studies, synthesis.measure)
        y = log_axis(size, most=6)
        rule = np.geomspace(y.low, y.high, STEPS)
        people = synthesis.measure.counts_people
        centre = pooled_estimate(synthesis, "funnel plot")
        low, high = _chance(centre, rule, z, people=people)
        unit = "People" if people else "Person-years"
        return _Shape(y, f"{unit}, logarithmic", size, rule, low, high)
    se = np.sqrt(synthesis.studies["variance"].to_numpy(float))
    most = float(se.max())
    up = linear_axis([0.0, most], bounds=(0.0, np.inf), most=6, ends=(0.0, 1.05 * most))
    rule, effect = np.linspace(0.0, up.high, STEPS), float(synthesis.effect or 0.0)
    low, high = scale.inverse(effect - z * rule), scale.inverse(effect + z * rule)
    return _Shape(flipped(up), f"Standard error, {scale.label} scale", se, rule, low, high)


def _frame(
    synthesis: Synthesis,
    shape: _Shape,
    words: tuple[str | None, str, tuple[float, float]],
    ax: Axes | None,
    style: ForestStyle,
) -> Axes:
    """Axes with the line of the pooled estimate, for the studies to be added."""
    title, note, ends = words
    centre = pooled_estimate(synthesis, "funnel plot")
    seen = [*synthesis.studies["estimate"], centre, *ends]
    chart = Chart(
        title or "", lambda most: axis_of(synthesis.measure.scale, seen, most=most),
        measured(synthesis), shape.y, shape.label, (note,),
    )  # fmt: skip
    ax = draw_chart(ax, chart, style)
    draw_line(ax, ((centre, centre), (shape.y.low, shape.y.high)), style.ink, "_centre")
    return ax


def _with_contours(
    synthesis: Synthesis, by: str, ax: Axes | None, title: str | None, style: ForestStyle
) -> Axes:
    """The funnel of a comparison, shaded around no difference."""
    measure, null = synthesis.measure, synthesis.measure.scale.null
    if null is None or not measure.compares:
        raise SynthesisError(
            f"contours are drawn around no difference, and a {measure.label.lower()} has no such "
            "value; draw the funnel without contours"
        )
    if by != "se":
        raise SynthesisError(f"contours stand over the standard error; leave out by={by!r}")
    shape, scale = _shape(synthesis, by), measure.scale
    centre = float(scale.link(np.array(null)))
    limits = {p: special.ndtri(1 - p / 2) * shape.rule for p, _, _ in REGIONS if p}
    widest = limits[0.01].max()
    ends = (float(scale.inverse(centre - widest)), float(scale.inverse(centre + widest)))
    note = (
        "Shade: the two-sided p-value of a study at that place, against no difference. Line: "
        "pooled estimate. Studies that are missing where p is large speak for unpublished ones, "
        "studies missing elsewhere for another cause."
    )
    ax = _frame(synthesis, shape, (title, note, ends), ax, style)
    ax.axhspan(shape.y.low, shape.y.high, facecolor=REGIONS[0][1], zorder=0.1, label="_region-0")
    for p, shade, _ in REGIONS[1:]:
        sides = (scale.inverse(centre - limits[p]), scale.inverse(centre + limits[p]))
        ax.fill_betweenx(
            shape.rule, *sides, facecolor=shade, linewidth=0, zorder=0.1 + p, label=f"_region-{p:g}"
        )
    away = np.abs(synthesis.studies["effect"].to_numpy(float) - centre) / shape.heights
    table = funnel_rows(synthesis, by).assign(p=2 * special.ndtr(-away))
    draw_dots(ax, (table["estimate"], shape.heights), style, "_studies", colour=style.ink)
    _legend(ax, table, scale, style)
    return leave(ax, alt=_contour_alt(table, synthesis, title), table=table)


def _legend(ax: Axes, table: pd.DataFrame, scale: Scale, style: ForestStyle) -> None:
    """What the shades say, in the upper corner that holds fewer studies."""
    upper = table[table["se"] < 0.5 * table["se"].max()]
    right = (upper["estimate"] > (scale.null or 0.0)).sum() <= len(upper) / 2
    patches = [
        Patch(facecolor=shade, edgecolor=style.rule, linewidth=0.5, label=words)
        for _, shade, words in reversed(REGIONS)
    ]
    legend = ax.legend(
        handles=patches, loc="upper right" if right else "upper left", frameon=True, framealpha=1.0,
        edgecolor=style.rule, facecolor=style.paper, labelcolor=style.ink, borderpad=0.5,
        handlelength=1.4, prop=font(style.fonts, NOTE * style.font_size), fancybox=False,
    )  # fmt: skip
    legend.get_frame().set_linewidth(0.6)


def _contour_alt(table: pd.DataFrame, synthesis: Synthesis, title: str | None) -> str:
    scale = synthesis.measure.scale
    lows = [p for p, _, _ in REGIONS]
    place = np.searchsorted(lows, table["p"], side="right") - 1
    counts = np.bincount(place, minlength=len(lows))
    said = "; ".join(
        f"{words}: {count}" for (_, _, words), count in zip(REGIONS, counts, strict=True)
    )
    return (
        f"{opening('Contour-enhanced funnel plot', title)} {plural(len(table), 'study')} around "
        f"{scale.text(float(synthesis.estimate or 0.0))}{scale.unit}, shaded by p-value against no "
        f"difference. Studies with {said}."
    )


def _chance(centre: float, size: Array, z: float, *, people: bool) -> tuple[Array, Array]:
    """Where rates of studies of a size lie by chance: score limits, inside the bounds."""
    spread = centre * (1 - centre) if people else centre
    half = z * np.sqrt(spread / size)
    top = 1.0 if people else np.inf
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, top)


def _named(outside: pd.DataFrame) -> str:
    """The names of the studies outside, if they are few."""
    few = list(outside["label"])
    return f"; outside: {', '.join(map(str, few))}" if 0 < len(few) <= 3 else ""
