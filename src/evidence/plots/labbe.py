"""L'Abbé plot: the risk of one arm against that of the other, a circle a study."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ..errors import SynthesisError
from ..formatting import fixed, plural
from ..measures.scale import RAW_PROPORTION as RISK
from ..pooling.needed import WITH_TREATMENT
from ..pooling.synthesis import Synthesis
from .axis import Axis, axis_of
from .chart import Chart, draw_chart
from .picture import leave
from .rows import study_names
from .style import DEFAULT, ForestStyle
from .words import sentence

SIDE = 90.0  # of a figure whose style sets no width, mm
LARGEST = 200.0  # area of the largest circle, points squared


def labbe(
    synthesis: Synthesis,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """Risks of both arms of every study, the line of no difference and that of the answer.

    Circles have an area proportional to the study's weight. Source: L'Abbé, Detsky and O'Rourke
    (1987), doi 10.7326/0003-4819-107-2-224.

    Args:
        synthesis: of a risk or odds ratio, or a risk difference.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`; its columns are not used.

    Raises:
        SynthesisError: an answer without risks in both arms.

    >>> import pandas as pd
    >>> from evidence import pool
    >>> rows = pd.DataFrame({"study_id": ["a", "b"], "events_t": [8, 10], "total_t": [80, 90],
    ...                      "events_c": [16, 19], "total_c": [80, 88]})
    >>> labbe(pool(rows, "risk_ratio")).get_xlabel()
    'Risk with the comparison, %'
    """
    if synthesis.measure.key not in WITH_TREATMENT or synthesis.k == 0:
        raise SynthesisError(
            f"a L'Abbé plot needs risks in both arms: {', '.join(WITH_TREATMENT)}; this is "
            f"{synthesis.measure.key} of {plural(synthesis.k, 'study')}"
        )
    table = labbe_rows(synthesis)
    ends = axis_of(RISK, [0.0, *table["comparison"], *table["intervention"]])

    def axis(most: int) -> Axis:
        return axis_of(RISK, [], most=most, ends=(0.0, ends.high))

    pooled = synthesis.estimate is not None and synthesis.k > 1
    note = "One circle is one study, its area in proportion to the weight. Solid: the same risk."
    chart = Chart(
        title or "", axis, "Risk with the comparison, %", axis(7), "Risk with the intervention, %",
        (note + (" Dashed: the pooled answer." if pooled else ""),), shape=1.0,
    )  # fmt: skip
    ax = draw_chart(ax, chart, replace(style, width=style.width or SIDE))
    ax.plot((0.0, ends.high), (0.0, ends.high), color=style.rule, linewidth=0.8, label="_equal")
    if pooled:
        base = np.linspace(0.0, ends.high, 100)
        apply = WITH_TREATMENT[synthesis.measure.key]
        risk = np.array([apply(float(one), synthesis.estimate or 0.0) for one in base])
        inside = (risk >= 0.0) & (risk <= ends.high)
        ax.plot(base[inside], risk[inside], color=style.diamond, linewidth=1.2, dashes=(4, 2),
                label="_pooled")  # fmt: skip
    ax.scatter(
        table["comparison"], table["intervention"], s=LARGEST * table["weight"], color=style.square,
        alpha=0.7, edgecolors=style.ink, linewidths=0.5, label="_studies", zorder=3, clip_on=False,
    )  # fmt: skip
    return leave(ax, alt=_alt(title, table), table=table)


def labbe_rows(synthesis: Synthesis) -> pd.DataFrame:
    """One row per study: its risks, fractions, and its weight with the largest as 1."""
    studies = synthesis.studies
    weight = studies["weight"].fillna(1.0).to_numpy(float)
    risks = {
        name: studies[f"events_{arm}"].to_numpy(float) / studies[f"total_{arm}"].to_numpy(float)
        for name, arm in (("comparison", "c"), ("intervention", "t"))
    }
    return pd.DataFrame({"label": study_names(studies), **risks, "weight": weight / weight.max()})


def _alt(title: str | None, table: pd.DataFrame) -> str:
    number = fixed(1)
    x, y = 100 * table["comparison"], 100 * table["intervention"]
    above, below = int((y > x).sum()), int((y < x).sum())
    start = f"L'Abbé plot: {sentence(title)}" if title else "L'Abbé plot."
    return (
        f"{start} {plural(len(table), 'study')}: the risk is higher with the intervention in "
        f"{above} and lower in {below}. Risks with the comparison run from {number(x.min())}% to "
        f"{number(x.max())}%, with the intervention from {number(y.min())}% to {number(y.max())}%."
    )
