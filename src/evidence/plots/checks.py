"""The figure of each check, by its name."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.axes import Axes

from ..pooling.model import Synthesis
from ..sensitivity.check import Stated
from .bias import bias_summary, traffic_light
from .charts import funnel
from .check_rows import (
    adjusted_plot,
    cumulative_orders_plot,
    fragility_plot,
    imprecision_plot,
)
from .multiverse import multiverse_plot
from .sensitivity import (
    baujat_plot,
    gosh_plot,
    influence_plot,
    leave_one_out_plot,
    outlier_sweep_plot,
)

CheckPlot = Callable[[Synthesis, Stated, str], Axes]

CHECK_PLOTS: dict[str, CheckPlot] = {
    "leave_one_out": lambda synthesis, _, title: leave_one_out_plot(synthesis, title=title),
    "influence": lambda synthesis, _, title: influence_plot(synthesis, title=title),
    "baujat": lambda synthesis, _, title: baujat_plot(synthesis, title=title),
    "gosh": lambda synthesis, _, title: gosh_plot(synthesis, title=title),
    "outlier_sweep": lambda synthesis, _, title: outlier_sweep_plot(synthesis, title=title),
    "cumulative": lambda synthesis, _, title: cumulative_orders_plot(synthesis, title=title),
    "small_study": lambda synthesis, _, title: funnel(synthesis, title=title),
    "adjusted": lambda synthesis, stated, title: adjusted_plot(synthesis, stated, title=title),
    "multiverse": lambda synthesis, stated, title: multiverse_plot(synthesis, stated, title=title),
    "risk_of_bias": lambda synthesis, _, title: traffic_light(synthesis, title=title),
    "imprecision": lambda s, stated, title: imprecision_plot(s, stated, title=title),
    "fragility": lambda s, stated, title: fragility_plot(s, stated, title=title),
}
"""The figure of every check: answer, what was stated, title -> figure. A check without figures in
its table, such as one that was refused, has none to draw: a `SynthesisError` says why."""

SECOND_PLOTS: dict[str, CheckPlot] = {
    "risk_of_bias": lambda synthesis, _, title: bias_summary(synthesis, title=title),
}
"""What a check shows besides."""
