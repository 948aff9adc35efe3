"""p-value functions of every study and of the answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from scipy import special

from ..errors import SynthesisError
from ..formatting import plural
from ..pooling.model import Synthesis
from ..pooling.wording import answer_text, interval_text
from .axis import Axis, axis_of
from .chart import Chart, draw_chart, draw_line, opening, pooled_estimate
from .picture import leave
from .rows import study_names
from .style import DEFAULT, ForestStyle
from .words import measured

Array = NDArray[np.float64]
STEPS = 201  # points of a drawn curve


def drapery(
    synthesis: Synthesis,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """p-value functions: for every value of the rate, how well each study and the answer agree.

    After Rücker and Schwarzer (2021), doi 10.1002/jrsm.1410. Where a curve crosses a level, there
    the interval of that confidence ends. The curve of a study is that of its effect and variance
    on the analysis scale, which may differ a little from the interval that a forest plot shows.

    Args:
        synthesis: a pooled answer by effects and variances, with a t or normal interval.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`.

    Raises:
        SynthesisError: nothing was pooled, or an interval that is neither normal nor t.
    """
    pooled_estimate(synthesis, "drapery plot")
    table = drapery_rows(synthesis)
    scale, level = synthesis.measure.scale, synthesis.model.level
    pooled = table[table["label"] == "Pooled estimate"]
    seen = [*synthesis.studies["low"], *synthesis.studies["high"]]
    ends = axis_of(scale, seen)
    y = Axis(0.0, 1.0, (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 1.0), ("0", "0.05", "0.2", "0.4", "0.6",
             "0.8", "1"))  # fmt: skip
    notes = "Thin: a study; thick: the pooled estimate. Where a curve lies below the dotted line "
    notes += f"at {1 - level:.2g}, the value is outside its {level * 100:g}% interval."
    if synthesis.prediction:
        notes += " Bar: prediction interval."
    chart = Chart(
        title or "", lambda most: axis_of(scale, seen, most=most, ends=(ends.low, ends.high)),
        measured(synthesis), y, "p-value", (notes,),
    )  # fmt: skip
    ax = draw_chart(ax, chart, style)
    for label, curve in table.groupby("label", sort=False):
        if label != "Pooled estimate":
            inside = curve[curve["value"].between(ends.low, ends.high) & (curve["p"] > 1e-3)]
            draw_line(ax, (inside["value"], inside["p"]), style.square, "_study", wide=0.7)
    shown = pooled[pooled["value"].between(ends.low, ends.high) & (pooled["p"] > 1e-3)]
    draw_line(ax, (shown["value"], shown["p"]), style.diamond, "_pooled", wide=1.8)
    draw_line(ax, ((ends.low, ends.high), (1 - level,) * 2), style.rule, "_level", dashes=(1, 1.5))
    if synthesis.prediction:
        spread = (synthesis.prediction.low, synthesis.prediction.high)
        low, high = (float(np.clip(end, ends.low, ends.high)) for end in spread)
        ax.add_patch(
            Rectangle((low, 0.0), high - low, 0.018, facecolor=style.prediction, zorder=5,
                      edgecolor="none", label="_prediction")
        )  # fmt: skip
    alt = (
        f"{opening('Drapery plot', title)} p-value functions of {plural(synthesis.k, 'study')} "
        f"and of the pooled estimate {answer_text(synthesis)}."
    )
    if synthesis.prediction:
        limits = interval_text(synthesis.prediction, scale)
        alt += f" Prediction interval for a new study {limits}{scale.unit}."
    return leave(ax, alt=alt, table=table)


def drapery_rows(synthesis: Synthesis) -> pd.DataFrame:
    """The curves: `label`, `value` (reading scale) and `p`, for every study and the answer."""
    studies, scale = synthesis.studies, synthesis.measure.scale
    effects = studies["effect"].to_numpy(float)
    errors = np.sqrt(studies["variance"].to_numpy(float))
    z = float(special.ndtri((1 + synthesis.model.level) / 2))
    grid = np.linspace(float((effects - 1.5 * z * errors).min()),
                       float((effects + 1.5 * z * errors).max()), STEPS)  # fmt: skip
    df = _degrees(synthesis)
    effect, se = float(synthesis.effect or 0.0), float(synthesis.se or 0.0)
    grid = np.unique(np.append(grid, [effect, *effects]))
    value = scale.inverse(grid)

    def curve(label: str, p: Array) -> pd.DataFrame:
        return pd.DataFrame({"label": label, "value": value, "p": p})

    found = [
        curve(name, 2 * np.asarray(special.ndtr(-np.abs(grid - centre) / own), float))
        for name, centre, own in zip(study_names(studies), effects, errors, strict=True)
    ]
    away = -np.abs(grid - effect) / se
    pooled = np.asarray(special.ndtr(away) if df is None else special.stdtr(df, away), float)
    found.append(curve("Pooled estimate", 2 * pooled))
    return pd.concat(found, ignore_index=True)


def _degrees(synthesis: Synthesis) -> float | None:
    """Degrees of freedom of the answer's interval, None for a normal one."""
    if synthesis.interval is not None and synthesis.effect is not None and synthesis.se:
        link, level = synthesis.measure.scale.link, synthesis.model.level
        limits = np.array([synthesis.interval.low, synthesis.interval.high])
        with np.errstate(divide="ignore"):
            half = np.abs(link(limits) - synthesis.effect) / synthesis.se
        for df in (None, synthesis.k - 1, synthesis.k - 2):
            tail = (1 + level) / 2
            t = float(special.ndtri(tail) if df is None else special.stdtrit(df, tail))
            if np.allclose(half, t, rtol=1e-5):
                return df
    raise SynthesisError(
        f"a drapery plot needs a normal or t interval; this answer's is {synthesis.interval_text}"
    )
