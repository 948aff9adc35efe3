"""A figure of its own, without pyplot, that a notebook shows once and a screen reader can read."""

from __future__ import annotations

import base64
from html import escape

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure


class PictureAxes(Axes):
    """Axes that a notebook shows as their whole figure when they end a cell.

    Only the figures that this package makes itself use them. A figure made with pyplot is shown by
    pyplot's own machinery, so no figure is ever shown twice.
    """

    def _repr_html_(self) -> str:
        from .export import describe, svg_document

        figure = self.get_figure(root=True)
        if figure is None:
            return ""
        data = base64.b64encode(svg_document(figure).encode()).decode()
        return (
            f'<img alt="{escape(describe(figure))}" style="max-width:100%;background:#fff" '
            f'src="data:image/svg+xml;base64,{data}">'
        )


def new_axes(width: float, height: float, paper: str) -> Axes:
    """Axes over the whole of a new figure; sizes in points."""
    with matplotlib.style.context("default"):
        figure = Figure(figsize=(width / 72, height / 72), dpi=150, facecolor=paper)
        return figure.add_axes(PictureAxes(figure, (0.0, 0.0, 1.0, 1.0)))
