"""The figure of each check, by its name."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.axes import Axes

from ..pooling.model import Synthesis
from ..sensitivity.check import Stated
from .funnel import funnel
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
    "small_study": lambda synthesis, _, title: funnel(
        synthesis, contours=synthesis.measure.compares, title=title
    ),
    "multiverse": lambda synthesis, stated, title: multiverse_plot(synthesis, stated, title=title),
}
"""Checks that are drawn: answer, what was stated, title -> figure."""
