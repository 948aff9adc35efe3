"""The profile likelihood of the between-study variance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy import special

from ..errors import SynthesisError
from ..formatting import fixed, plural, significant
from ..pooling.likelihood import log_likelihood
from ..pooling.model import Synthesis
from ..pooling.weighting import intercept
from .axis import linear_axis
from .chart import Chart, draw_chart, draw_dots, draw_line, opening
from .picture import leave
from .style import DEFAULT, ForestStyle

Array = NDArray[np.float64]
STEPS = 201  # points of a drawn curve


def tau2_profile(
    synthesis: Synthesis,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """How well each between-study variance agrees with the data: its profile log-likelihood.

    The line at the drop of half a chi-square quantile cuts the curve where the profile-likelihood
    interval of Hardy and Thompson (1996) ends.

    Args:
        synthesis: an answer pooled by inverse variance.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`.

    Raises:
        SynthesisError: another method, or fewer than two studies.
    """
    table = tau2_profile_rows(synthesis)
    level = synthesis.model.level
    drop = -float(special.chdtri(1, 1 - level)) / 2
    spread = synthesis.heterogeneity
    kind = "ML" if synthesis.model.tau2 == "ML" else "REML"
    lowest = max(float(table["difference"].min()), 3 * drop)
    y = linear_axis([lowest, 0.0], bounds=(-np.inf, 0.0), most=6)
    chart = Chart(
        title or "",
        lambda most: linear_axis(table["tau2"], bounds=(0.0, np.inf), most=most),
        f"Between-study variance τ², {synthesis.measure.scale.label} scale", y,
        f"Log-likelihood ({kind}), difference from its highest",
        (f"Dashed: {fixed(2)(drop)}, where the {level * 100:g}% profile interval ends.",),
    )  # fmt: skip
    ax = draw_chart(ax, chart, style)
    shown = table[table["difference"] >= y.low]
    draw_line(ax, (shown["tau2"], shown["difference"]), style.ink, "_profile", wide=1.4)
    end = float(table["tau2"].max())
    draw_line(ax, ((0.0, end), (drop, drop)), style.rule, "_drop", dashes=(4, 2))
    inside = table.loc[table["difference"] >= drop, "tau2"]
    best = float(table["tau2"].to_numpy()[int(table["difference"].to_numpy().argmax())])
    draw_dots(ax, ([best], [0.0]), style, "_best")
    alt = (
        f"{opening('Profile likelihood of τ²', title)} {plural(synthesis.k, 'study')}, {kind}. "
        f"Highest at τ² {significant(best)}; within the drop of {fixed(2)(-drop)} from "
        f"{significant(float(inside.min()))} to {significant(float(inside.max()))}."
    )
    if spread:
        alt += f" The answer used τ² {significant(spread.tau2)}."
    return leave(ax, alt=alt, table=table)


def tau2_profile_rows(synthesis: Synthesis) -> pd.DataFrame:
    """The curve: `tau2` and the `difference` of its log-likelihood from the highest."""
    if synthesis.model.method != "inverse_variance" or synthesis.k < 2:
        raise SynthesisError(
            "a profile of tau2 needs two studies or more pooled by inverse variance; this answer: "
            f"{synthesis.method_text}, k = {synthesis.k}"
        )
    y = synthesis.studies["effect"].to_numpy(float)
    v = synthesis.studies["variance"].to_numpy(float)
    x, restricted = intercept(len(y)), synthesis.model.tau2 != "ML"

    def height(tau2: Array) -> Array:
        return log_likelihood(y[None, :], v[None, :], x, tau2, restricted)

    drop = float(special.chdtri(1, 1 - synthesis.model.level)) / 2
    top = float(v.min() + (y.max() - y.min()) ** 2)
    wide = np.append(0.0, np.geomspace(1e-4 * top, 1e3 * top, 2001))
    heights = height(wide)
    best = float(heights.max())
    end = float(wide[heights >= best - 1.4 * drop].max())
    fine = np.linspace(0.0, end, 2 * STEPS)
    values = height(fine)
    return pd.DataFrame({"tau2": fine, "difference": values - values.max()})
