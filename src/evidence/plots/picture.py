"""A figure of its own, without pyplot, that a notebook shows once and a screen reader can read."""

from __future__ import annotations

import base64
from html import escape
from typing import Literal

import matplotlib.style
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, Bbox, Transform, blended_transform_factory

from ..errors import SynthesisError
from .text import unhinted


def figure_of(fig_or_ax: Figure | Axes) -> Figure:
    """The whole figure that a figure or Axes belong to."""
    figure = fig_or_ax.get_figure(root=True)
    if not isinstance(figure, Figure):
        raise SynthesisError("the Axes belong to no figure; draw in Axes of a figure")
    return figure


def leave(ax: Axes, *, alt: str, table: pd.DataFrame | None = None, layout: object = None) -> Axes:
    """Leave what a figure says with its Axes: alt text, the table of what it shows, the layout."""
    ax.set_label(alt)
    vars(ax)["evidence"] = (table, layout)
    return ax


def left_with(fig_or_ax: Figure | Axes) -> list[tuple[pd.DataFrame | None, object]]:
    """The tables and layouts that were left with the Axes of a figure, in their order."""
    axes = figure_of(fig_or_ax).axes if isinstance(fig_or_ax, Figure) else [fig_or_ax]
    return [vars(ax)["evidence"] for ax in axes if "evidence" in vars(ax)]


class PictureAxes(Axes):
    """Axes that a notebook shows as their whole figure when they end a cell.

    Only the figures that this package makes itself use them. A figure made with pyplot is shown by
    pyplot's own machinery, so no figure is ever shown twice.
    """

    def _repr_html_(self) -> str:
        from .export import describe, svg_document

        figure = figure_of(self)
        data = base64.b64encode(svg_document(figure).encode()).decode()
        return (
            f'<img alt="{escape(describe(figure))}" style="max-width:100%;background:#fff" '
            f'src="data:image/svg+xml;base64,{data}">'
        )


class EvenText(Text):
    """Text as wide as it was measured, at every resolution.

    The usual hinting moves each letter to whole pixels; on a screen that makes a line up to 9 %
    wider than in print, and texts that were fitted would touch.
    """

    def draw(self, renderer: RendererBase) -> None:
        """Draw without hinting."""
        with unhinted():
            super().draw(renderer)

    def get_window_extent(
        self, renderer: RendererBase | None = None, dpi: float | None = None
    ) -> Bbox:
        """The box of the text without hinting."""
        with unhinted():
            return super().get_window_extent(renderer, dpi)


def even_text(
    text: str,
    at: tuple[float, float],
    face: FontProperties,
    colour: str,
    align: Literal["left", "right", "center"] = "left",
) -> EvenText:
    """One line of text with its baseline at a place, never read as a formula."""
    return EvenText(
        *at, text, fontproperties=face, color=colour, ha=align, va="baseline",
        parse_math=False, clip_on=False,
    )  # fmt: skip


def new_axes(width: float, height: float, paper: str) -> Axes:
    """Axes over the whole of a new figure; sizes in points."""
    with matplotlib.style.context("default"):
        figure = Figure(figsize=(width / 72, height / 72), dpi=150, facecolor=paper)
        return figure.add_axes(PictureAxes(figure, (0.0, 0.0, 1.0, 1.0)))


def room_of(ax: Axes) -> Bbox:
    """The room of given Axes, in points of the whole figure.

    A layout engine places the figure's Axes once more and is then switched off: it would move the
    Axes away from texts whose places are measured.
    """
    figure = figure_of(ax)
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
    place = ax.get_position().transformed(_container(ax))
    return place.transformed(figure.dpi_scale_trans.inverted() + Affine2D().scale(72))


def _container(ax: Axes) -> Transform:
    """From fractions of the figure, or subfigure, that holds the Axes to pixels."""
    holder = ax.get_figure(root=False)
    return (holder or figure_of(ax)).transSubfigure


def settle(ax: Axes, box: Bbox) -> None:
    """Move Axes to a box in points of the whole figure."""
    figure = figure_of(ax)
    pixels = box.transformed(Affine2D().scale(1 / 72) + figure.dpi_scale_trans)
    ax.set_position(pixels.transformed(_container(ax).inverted()))
    ax.set_in_layout(True)


def points_from(ax: Axes, left: float) -> Transform:
    """X in points from `left` points inside the figure, y in the data of the Axes."""
    across = Affine2D().translate(left, 0).scale(1 / 72) + figure_of(ax).dpi_scale_trans
    return blended_transform_factory(across, ax.transData)
