"""Every figure by name."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.axes import Axes

from .bubble import bubble
from .caterpillar import caterpillar
from .drapery import drapery
from .evidence_map import evidence_map
from .flow import flow
from .forest import forest
from .funnel import funnel
from .panels import forests
from .row_family import atlas, cumulative, shrinkage
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
    "tau2_profile": tau2_profile,
    "evidence_map": evidence_map,
    "flow": flow,
}
"""Each takes what it draws and `title` and `style`, and returns Axes that carry the alt text and
the table of what they show."""
