"""The figure of each check, by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from matplotlib.axes import Axes

from ..pooling.model import Synthesis
from ..questions import Answer
from ..sensitivity.check import Check, Stated
from ..sensitivity.register import stated_of, subject
from ..tables.load import Tables
from .bias import bias_summary, traffic_light
from .check_rows import (
    adjusted_plot,
    cumulative_orders_plot,
    fragility_plot,
    imprecision_plot,
)
from .export import Provenance, save_figure, save_figure_table
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
    "cumulative": lambda synthesis, _, title: cumulative_orders_plot(synthesis, title=title),
    "small_study": lambda synthesis, _, title: funnel(
        synthesis, contours=synthesis.measure.compares, title=title
    ),
    "adjusted": lambda synthesis, stated, title: adjusted_plot(synthesis, stated, title=title),
    "multiverse": lambda synthesis, stated, title: multiverse_plot(synthesis, stated, title=title),
    "risk_of_bias": lambda synthesis, _, title: traffic_light(synthesis, title=title),
    "imprecision": lambda s, stated, title: imprecision_plot(s, stated, title=title),
    "fragility": lambda s, stated, title: fragility_plot(s, stated, title=title),
}
"""The figure of every check: answer, what was stated, title -> figure. A check without figures in
its table, such as one that was refused, has none to draw: a `SynthesisError` says why."""

SECOND_PLOTS: dict[str, tuple[str, CheckPlot]] = {
    "risk_of_bias": (
        "risk_of_bias_summary",
        lambda synthesis, _, title: bias_summary(synthesis, title=title),
    ),
}
"""What a check shows besides: the figure's own name, and the figure."""


def check_figures(
    checks: Mapping[str, Check], found: Answer, tables: Tables, *, few_anyway: bool = False
) -> dict[str, Axes]:
    """The figures of the checks that found anything, by name, in the order of the checks.

    Args:
        checks: what `sturdiness` returned.
        found: the answer that was checked.
        tables: as for `sturdiness`.
        few_anyway: as for `sturdiness`.
    """
    synthesis, title = subject(found, tables), found.question.title
    stated = replace(stated_of(found), few_anyway=few_anyway)
    figures = {}
    for name, check in checks.items():
        if check.table.empty:
            continue
        figures[name] = CHECK_PLOTS[name](synthesis, stated, title)
        if name in SECOND_PLOTS:
            second, draw = SECOND_PLOTS[name]
            figures[second] = draw(synthesis, stated, title)
    return figures


def save_check_figures(
    figures: Mapping[str, Axes], source: Provenance, folder: Path, tables: Path
) -> list[Path]:
    """Write every figure as SVG and its table as CSV; the files are named by question and check."""
    written = []
    for name, drawn in figures.items():
        file = f"{source.question}-{name.replace('_', '-')}"
        written.append(save_figure(drawn, folder / f"{file}.svg", provenance=source))
        written.append(save_figure_table(drawn, tables / file))
    return written
