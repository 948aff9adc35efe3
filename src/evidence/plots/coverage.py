"""How often intervals held the truth in simulated studies: one dot for each scenario."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from matplotlib.axes import Axes

from ..errors import SynthesisError, choose
from ..formatting import percent, plural
from .axis import Axis, linear_axis
from .chart import Chart, draw_chart
from .picture import leave
from .style import DEFAULT, ForestStyle

LEVEL, LOWEST, RARE = 0.95, 0.5, 0.05
ROW = 14.0  # height of an interval's row, points
WIDTH = 160.0  # of a figure whose style sets no width, mm
OF = {
    "median rate": "Intervals of the answer",
    "mean rate": "Intervals of the mean rate",
    "new study": "Prediction intervals",
}


def coverage_plot(
    table: pd.DataFrame,
    of: str = "median rate",
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """Coverage of every interval in every scenario, and its mean.

    Args:
        table: what `evidence.coverage.run` gives, or `docs/coverage.csv`.
        of: a key of `OF`: which intervals.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`; its columns are not used.

    Raises:
        SynthesisError: no such intervals in the table.
    """
    what = choose(OF, of, "kind of interval")
    own = table[(table["of"] == of) & (table["rows"] == 1)]
    if own.empty:
        raise SynthesisError(f"the table has no intervals of the {of}; run the coverage study")
    rows = own.groupby("interval", sort=False)["coverage"].agg(["min", "mean"]).reset_index()
    rows["place"] = range(len(rows), 0, -1)
    place = rows.set_index("interval")["place"]
    seen = own.assign(place=own["interval"].map(place))
    below = int((seen["coverage"] < LOWEST).sum())
    notes = [
        f"A dot is a scenario; upper ones have a median rate below {percent(RARE, 0)}%. Upright "
        f"mark: mean of all. Dashed: {percent(LEVEL, 0)}%, what is promised."
    ]
    if below:
        notes.append(f"{plural(below, 'dot')} at the left end lie below {percent(LOWEST, 0)}%.")
    y = Axis(0.3, len(rows) + 0.7, tuple(rows["place"]), tuple(rows["interval"]))
    chart = Chart(
        title or "",
        lambda most: linear_axis([], bounds=(0, 1), factor=100, most=most, ends=(LOWEST, 1.0)),
        "Coverage, %", y, what, tuple(notes), least=ROW * len(rows),
    )  # fmt: skip
    ax = draw_chart(ax, chart, replace(style, width=style.width or WIDTH))
    ax.axvline(LEVEL, color=style.rule, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    ax.hlines(rows["place"], LOWEST, 1.0, color=style.band, linewidth=0.8, zorder=0.5)
    for rare, colour in ((False, style.square), (True, style.prediction)):
        some = seen[(seen["rate"] < RARE) == rare]
        ax.scatter(
            some["coverage"].clip(lower=LOWEST), some["place"] + (0.14 if rare else -0.14),
            s=7, color=colour, alpha=0.65, linewidth=0, zorder=2, clip_on=False,
        )  # fmt: skip
    ax.scatter(
        rows["mean"].clip(lower=LOWEST), rows["place"], s=50, marker="|", color=style.ink,
        linewidth=1.6, zorder=3,
    )  # fmt: skip
    lowest = rows["min"].to_numpy()
    worst, best = rows.iloc[int(lowest.argmin())], rows.iloc[int(lowest.argmax())]
    alt = (
        f"{what}{f', {title}' if title else ''}: coverage of {plural(len(rows), 'interval')} in "
        f"simulated studies. Never below {percent(best['min'])}%: {best['interval']}. "
        f"As low as {percent(worst['min'])}%: {worst['interval']}."
    )
    columns = ["interval", "k", "sizes", "rate", "tau", "sets", "coverage", "error", "width"]
    return leave(ax, alt=alt, table=own[columns].reset_index(drop=True))
