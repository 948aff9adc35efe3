"""How a figure looks: frozen values, one register of layouts."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..errors import SynthesisError

POINTS_PER_MM = 72 / 25.4
COLOURS = (
    "ink", "quiet", "rule", "square", "diamond", "prediction", "paper", "band", "claim",
    "bias_low", "bias_some", "bias_high",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ForestStyle:
    """The look of a forest plot. Lengths in mm, font sizes in points, colours in hex.

    Attributes:
        left, right: columns beside the plot, by name: a key of `evidence.plots.columns.COLUMNS` or
            any other column of the rows frame. "risk_of_bias" stands for every column whose name
            begins with "rob_", and for none where the table has none.
        spans: headers over several neighbouring columns: (text, their names), such as
            (("Surgery", ("events", "total")),); "plot" names the plot.
        favours: what an estimate left and right of no difference speaks for, under the axis.
        fonts: font families, first the one that measures and draws; DejaVu Sans ships with
            matplotlib. The later ones are asked for signs that it lacks.
        font_size: size of the rows; notes are set a little smaller.
        min_font_size: the smallest size tried when the width is fixed.
        width: width of the whole figure; None lets it follow the content.
        plot_width: width of the middle part when the figure follows the content.
        min_plot_width: what the middle part must at least keep when the width is fixed.
        label_width: a longer first column is broken into lines.
        row_height: distance between rows in font sizes.
        xlim: ends of the axis on the reading scale (0.4 is 40 %); None covers every interval.
        ink: text, axis and interval lines; `quiet`: notes and rules.
        square, diamond, prediction: fill of the marks.
        paper: background; `band`: shaded ranges; `claim`: claimed values.
        bias_low, bias_some, bias_high: behind the signs of the risk of bias.
        centre_line: a dashed line at the pooled estimate.
    """

    left: tuple[str, ...] = ("label", "events", "total")
    right: tuple[str, ...] = ("estimate", "weight", "risk_of_bias")
    spans: tuple[tuple[str, tuple[str, ...]], ...] = ()
    favours: tuple[str, str] | None = None
    fonts: tuple[str, ...] = ("DejaVu Sans",)
    font_size: float = 8.0
    min_font_size: float = 5.0
    width: float | None = None
    plot_width: float = 62.0
    min_plot_width: float = 20.0
    label_width: float = 70.0
    row_height: float = 1.75
    xlim: tuple[float, float] | None = None
    ink: str = "#1a1a1a"
    quiet: str = "#595959"
    rule: str = "#8c8c8c"
    square: str = "#6d9dc5"
    diamond: str = "#1a1a1a"
    prediction: str = "#b5651d"
    paper: str = "#ffffff"
    band: str = "#ececec"
    claim: str = "#a3195b"
    bias_low: str = "#8fc1e3"
    bias_some: str = "#f0dc82"
    bias_high: str = "#e08a5b"
    centre_line: bool = True

    def __post_init__(self) -> None:
        if self.font_size < self.min_font_size or self.min_font_size <= 0:
            raise SynthesisError(
                f"font_size ({self.font_size:g}) must be at least min_font_size "
                f"({self.min_font_size:g}), and both must be above 0"
            )
        lengths = (self.plot_width, self.min_plot_width, self.label_width, self.row_height)
        if min(lengths) <= 0 or (self.width is not None and self.width <= 0):
            raise SynthesisError("widths (mm) and row_height (font sizes) must be above 0")
        if self.xlim is not None and not self.xlim[0] < self.xlim[1]:
            raise SynthesisError(f"xlim must rise, such as (0, 0.4); it is {self.xlim!r}")

    def colours(self) -> dict[str, str]:
        """Every colour by its role; an SVG in a page lets the page set them by these names."""
        return {name: getattr(self, name) for name in COLOURS}


DEFAULT = ForestStyle()

STYLES: dict[str, ForestStyle] = {
    "default": DEFAULT,
    "double": replace(DEFAULT, width=180.0, font_size=7.5),
    "single": replace(
        DEFAULT, width=85.0, min_plot_width=18.0, font_size=6.0,
        left=("label", "events_total"), right=("estimate",),
    ),
    "slide": replace(
        DEFAULT, width=254.0, font_size=12.0, min_font_size=8.0, label_width=90.0,
        min_plot_width=80.0, left=("label", "events_total"),
    ),
    "bmj": replace(
        DEFAULT, width=178.0, font_size=7.5, left=("label", "events_total"),
        right=("weight", "estimate", "risk_of_bias"), square="#9a9a9a", prediction="#5c5c5c",
    ),
    "jama": replace(
        DEFAULT, width=178.0, font_size=7.5, left=("label", "events", "total", "estimate"),
        right=("weight", "risk_of_bias"), square="#e39a4e", prediction="#7a7a7a", rule="#b0b0b0",
    ),
    "lancet": replace(
        DEFAULT, width=170.0, font_size=7.0, left=("label", "events_total"),
        right=("estimate", "weight", "risk_of_bias"),
        square="#7fa3d1", diamond="#00468b", prediction="#ad002a",
    ),
    "revman": replace(
        DEFAULT, width=180.0, font_size=7.5,
        left=("label", "events", "total", "weight", "estimate"), right=("risk_of_bias",),
        square="#6a8fd8", diamond="#1a1a1a", prediction="#3f7f3f",
    ),
}  # fmt: skip
"""Layouts by name; each is a frozen value, so `dataclasses.replace` makes a new one from it.

"bmj", "jama", "lancet" and "revman" follow the order of columns and the colours that these print.
"""
