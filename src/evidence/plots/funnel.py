"""Estimates against the size of the studies, with what chance allows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy import special

from ..errors import SynthesisError
from ..formatting import plural
from ..pooling.model import Synthesis
from .axis import axis_of, linear_axis, log_axis
from .chart import Chart, draw_chart, draw_dots, draw_line, flipped, opening, pooled_estimate
from .picture import leave
from .rows import study_names
from .style import DEFAULT, ForestStyle
from .words import measured

Array = NDArray[np.float64]
STEPS = 201  # points of a drawn curve


def funnel(
    synthesis: Synthesis,
    *,
    by: str = "",
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
            the measure has counts.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`.

    Raises:
        SynthesisError: nothing was pooled, or another axis.
    """
    centre = pooled_estimate(synthesis, "funnel plot")
    counts = "events" in synthesis.measure.needs
    by = by or ("size" if counts else "se")
    if by not in ("size", "se") or (by == "size" and not counts):
        raise SynthesisError(f"by must be 'se', or 'size' for a measure of counts; it is {by!r}")
    studies, scale = synthesis.studies, synthesis.measure.scale
    table = funnel_rows(synthesis)
    z = float(special.ndtri((1 + synthesis.model.level) / 2))
    if by == "size":
        y = log_axis(table["size"], most=6)
        sizes = np.geomspace(y.low, y.high, STEPS)
        low, high = _chance(centre, sizes, z, people=synthesis.measure.counts_people)
        heights, rule = table["size"].to_numpy(float), sizes
        unit = "People" if synthesis.measure.counts_people else "Person-years"
        label = f"{unit}, logarithmic"
    else:
        most = float(table["se"].max())
        up = linear_axis([0.0, most], bounds=(0.0, np.inf), most=6, ends=(0.0, 1.05 * most))
        y, heights = flipped(up), table["se"].to_numpy(float)
        rule = np.linspace(0.0, up.high, STEPS)
        effect = float(synthesis.effect or 0.0)
        low, high = scale.inverse(effect - z * rule), scale.inverse(effect + z * rule)
        label = f"Standard error, {scale.label} scale"
    seen = [*studies["estimate"], centre, float(low.min()), float(high.max())]
    chart = Chart(
        title or "", lambda most: axis_of(scale, seen, most=most), measured(synthesis), y, label,
        (f"Dashed: {synthesis.model.level * 100:g}% of studies would lie between the lines if "
         "chance alone set them apart from the pooled estimate (solid line).",),
    )  # fmt: skip
    ax = draw_chart(ax, chart, style)
    draw_line(ax, ((centre, centre), (y.low, y.high)), style.ink, "_centre")
    for side in (low, high):
        draw_line(ax, (side, rule), style.rule, "_limits", dashes=(4, 2))
    draw_dots(ax, (studies["estimate"], heights), style, "_studies")
    inside = np.asarray(table["inside"], bool)
    number, unit = synthesis.measure.scale.text, scale.unit
    alt = (
        f"{opening('Funnel plot', title)} {plural(len(table), 'study')} around "
        f"{number(centre)}{unit}. {int(inside.sum())} of {len(table)} lie inside the range that "
        f"chance allows{_named(table[~inside])}."
    )
    return leave(ax, alt=alt, table=table)


def funnel_rows(synthesis: Synthesis) -> pd.DataFrame:
    """One row per study: estimate, size, standard error, and whether it lies inside the funnel."""
    studies, model = synthesis.studies, synthesis.model
    z = float(special.ndtri((1 + model.level) / 2))
    se = np.sqrt(studies["variance"].to_numpy(float))
    table = pd.DataFrame({"label": study_names(studies), "estimate": studies["estimate"], "se": se})
    if "events" not in synthesis.measure.needs:
        gap = studies["effect"].to_numpy(float) - float(synthesis.effect or 0.0)
        return table.assign(inside=np.abs(gap) <= z * se)
    people = synthesis.measure.counts_people
    size = studies["total" if people else "person_time"].to_numpy(float)
    centre = pooled_estimate(synthesis, "funnel plot")
    low, high = _chance(centre, size, z, people=people)
    return table.assign(size=size, inside=studies["estimate"].between(low, high).to_numpy())


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
