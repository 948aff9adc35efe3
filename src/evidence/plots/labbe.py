"""L'Abbé plot: the risk of one arm against that of the other, a circle a study."""

from __future__ import annotations

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes

from ..errors import SynthesisError
from ..formatting import fixed, plural
from ..pooling.needed import WITH_TREATMENT
from ..pooling.synthesis import Synthesis
from .picture import new_axes
from .style import DEFAULT, ForestStyle
from .text import font

SIDE = 260.0  # of a new figure, points
LARGEST = 300.0  # area of the largest circle, points squared


def labbe(
    synthesis: Synthesis, *, ax: Axes | None = None, title: str = "", style: ForestStyle = DEFAULT
) -> Axes:
    """Risks of both arms of every study, the line of no difference and that of the answer.

    Circles have an area proportional to the study's weight. Source: L'Abbé, Detsky and O'Rourke
    (1987), doi 10.7326/0003-4819-107-2-224.

    Args:
        synthesis: of a risk or odds ratio, or a risk difference.
        ax: Axes to draw in; a new figure without it.
        title: above the figure; also opens the alt text.
        style: its colours and fonts.

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
    studies = synthesis.studies
    x = 100 * studies["events_c"].to_numpy(float) / studies["total_c"].to_numpy(float)
    y = 100 * studies["events_t"].to_numpy(float) / studies["total_t"].to_numpy(float)
    weight = studies["weight"].fillna(1.0).to_numpy(float)
    end = min(100.0, 1.1 * max(float(x.max()), float(y.max()), 1.0))
    with matplotlib.style.context("default"):
        if ax is None:
            ax = new_axes(SIDE, SIDE, style.paper)
            ax.set_position((0.16, 0.14, 0.8, 0.76))
        small = font(style.fonts, style.font_size)
        ax.plot((0, end), (0, end), color=style.rule, linewidth=0.8, label="_equal")
        if synthesis.estimate is not None and synthesis.k > 1:
            base = np.linspace(0.0, end / 100, 100)
            apply = WITH_TREATMENT[synthesis.measure.key]
            risk = [100 * apply(float(p), synthesis.estimate) for p in base]
            ax.plot(100 * base, risk, color=style.diamond, linewidth=1.0, dashes=(4, 2),
                    label="_pooled")  # fmt: skip
        ax.scatter(x, y, s=LARGEST * weight / weight.max(), color=style.square, alpha=0.7,
                   edgecolors=style.ink, linewidths=0.5, label="_studies", zorder=3)  # fmt: skip
        ax.set_xlim(0, end)
        ax.set_ylim(0, end)
        ax.set_aspect("equal")
        ax.set_xlabel("Risk with the comparison, %", fontproperties=small)
        ax.set_ylabel("Risk with the intervention, %", fontproperties=small)
        ax.set_title(title, fontproperties=font(style.fonts, 1.2 * style.font_size, bold=True))
        for text in (*ax.get_xticklabels(), *ax.get_yticklabels()):
            text.set_fontproperties(small)
    ax.set_label(_alt(title, x, y, synthesis))
    return ax


def _alt(title: str, x: np.ndarray, y: np.ndarray, synthesis: Synthesis) -> str:
    number = fixed(1)
    above, below = int((y > x).sum()), int((y < x).sum())
    start = f"L'Abbé plot: {title}." if title else "L'Abbé plot."
    return (
        f"{start} {plural(synthesis.k, 'study')}: the risk is higher with the intervention in "
        f"{above} and lower in {below}. Risks with the comparison run from {number(x.min())}% to "
        f"{number(x.max())}%, with the intervention from {number(y.min())}% to {number(y.max())}%."
    )
