"""Every figure by name."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.axes import Axes

from .bias import bias_summary, traffic_light
from .bubble import bubble
from .caterpillar import caterpillar
from .check_rows import adjusted_plot, cumulative_orders_plot, fragility_plot, imprecision_plot
from .coverage import coverage_plot
from .drapery import drapery
from .evidence_map import evidence_map
from .flow import flow
from .forest import forest
from .funnel import funnel
from .labbe import labbe
from .multiverse import multiverse_plot
from .panels import forests
from .row_family import atlas, cumulative, shrinkage
from .sensitivity import (
    baujat_plot,
    gosh_plot,
    influence_plot,
    leave_one_out_plot,
    outlier_sweep_plot,
)
from .tau2_profile import tau2_profile

PLOTS: dict[str, Callable[..., Axes]] = {
    "forest": forest,
    "forests": forests,
    "atlas": atlas,
    "cumulative": cumulative,
    "shrinkage": shrinkage,
    "caterpillar": caterpillar,
    "funnel": funnel,
    "bubble": bubble,
    "drapery": drapery,
    "labbe": labbe,
    "tau2_profile": tau2_profile,
    "leave_one_out": leave_one_out_plot,
    "influence": influence_plot,
    "baujat": baujat_plot,
    "gosh": gosh_plot,
    "outlier_sweep": outlier_sweep_plot,
    "cumulative_orders": cumulative_orders_plot,
    "adjusted": adjusted_plot,
    "multiverse": multiverse_plot,
    "imprecision": imprecision_plot,
    "fragility": fragility_plot,
    "traffic_light": traffic_light,
    "bias_summary": bias_summary,
    "coverage": coverage_plot,
    "evidence_map": evidence_map,
    "flow": flow,
}
"""Each takes what it draws and `title` and `style`, and returns Axes that carry the alt text and
the table of what they show."""
