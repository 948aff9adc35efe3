"""Imprecision as facts against what was stated beforehand."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import special

from ..errors import SynthesisError
from ..formatting import count, percent
from ..pooling.heterogeneity import Interval
from ..pooling.model import Synthesis
from .check import NOTHING_STATED, Check, Stated, line_of, need_studies, points, shown


def imprecision(synthesis: Synthesis, stated: Stated = NOTHING_STATED) -> Check:
    """One row per fact: what it is, its figure, what was stated, and whether that is met.

    A fact without anything stated for it is shown and not judged.
    """
    need_studies(synthesis, 3, "imprecision")
    line_of(synthesis, stated)
    rows = [row for part in FACTS for row in part(synthesis, stated)]
    table = pd.DataFrame(rows, columns=["fact", "figure", "stated", "met"])
    judged = table[table["met"] != "nothing stated"]
    missed = judged.loc[judged["met"] == "no", "fact"].tolist()
    rule = "every fact meets what was stated beforehand"
    if judged.empty:
        verdict = "No verdict: nothing was stated beforehand, so the facts stand by themselves"
    elif missed:
        verdict = f"Did not hold: {rule}. Not met: {'; '.join(missed)}."
    else:
        verdict = f"Held: {rule}."
    return Check(
        name="imprecision",
        verdict=verdict,
        table=table,
        text="Facts, not a grade: each compares the answer with what the question stated.",
    )


Row = tuple[str, str, str, str]


def _met(held: bool | None) -> str:
    return "nothing stated" if held is None else "yes" if held else "no"


def _size(synthesis: Synthesis, stated: Stated) -> list[Row]:
    """Events and people against the stated numbers; scores have no events."""
    unit = "person-time" if synthesis.measure.family == "poisson" else "people"

    def row(name: str, figure: float, least: int | None) -> Row:
        said = "" if least is None else f"at least {count(least)}"
        return name, count(figure), said, _met(None if least is None else figure >= least)

    rows = [row(f"{unit} in all studies", synthesis.total, stated.people)]
    if synthesis.measure.kind == "score":
        return rows
    return [row("events in all studies", synthesis.events, stated.events), *rows]


def _width(synthesis: Synthesis, stated: Stated) -> list[Row]:
    if synthesis.interval is None or synthesis.estimate is None:
        return []
    far = max(synthesis.interval.high - synthesis.estimate,
              synthesis.estimate - synthesis.interval.low)  # fmt: skip
    said = "" if stated.change is None else f"less than {points(stated.change, synthesis)}"
    held = None if stated.change is None else far < stated.change
    return [("estimate to the farther end of its interval", points(far, synthesis), said,
             _met(held))]  # fmt: skip


def _crossing(synthesis: Synthesis, stated: Stated) -> list[Row]:
    """Whether the interval, and the prediction interval, lie on one side of the threshold."""
    line, rows = stated.threshold, []
    said = "" if line is None else f"on one side of {shown(line, synthesis)}"
    for name, limits in _intervals(synthesis):
        figure = f"{shown(limits.low, synthesis)} to {shown(limits.high, synthesis)}"
        rows.append((name, figure, said, _met(None if line is None else line not in limits)))
    return rows


def _intervals(synthesis: Synthesis) -> list[tuple[str, Interval]]:
    both = (("interval of the answer", synthesis.interval),
            ("prediction interval", synthesis.prediction))  # fmt: skip
    return [(name, limits) for name, limits in both if limits is not None]


def _no_difference(synthesis: Synthesis, stated: Stated) -> list[Row]:  # noqa: ARG001
    """Where the intervals of a comparison lie beside no difference: shown, never judged."""
    null, rows = synthesis.measure.scale.null, []
    if null is None or not synthesis.measure.compares:
        return []
    for name, limits in _intervals(synthesis):
        where = "includes it" if null in limits else "above" if limits.low > null else "below"
        rows.append((f"{name}, beside no difference ({shown(null, synthesis)})", where, "",
                     _met(None)))  # fmt: skip
    return rows


def _matters(synthesis: Synthesis, stated: Stated) -> list[Row]:
    """Whether the interval leaves open if the difference matters, where that was stated."""
    least, limits = stated.important, synthesis.interval
    if least is None or limits is None:
        return []
    figure = f"{shown(limits.low, synthesis)} to {shown(limits.high, synthesis)}"
    held = not any(edge in limits for edge in (-least, least))
    said = f"wholly on one side of {points(least, synthesis)} either way"
    return [("interval against what matters", figure, said, _met(held))]


def _new_setting(synthesis: Synthesis, stated: Stated) -> list[Row]:
    if stated.threshold is None or synthesis.prediction is None:
        return []
    what = "rate" if synthesis.measure.kind == "rate" else synthesis.measure.label.lower()
    line = shown(stated.threshold, synthesis)
    name = f"probability that a new setting's {what} lies above {line}"
    try:
        figure = f"{percent(probability_above(synthesis, stated.threshold))}%"
    except SynthesisError as error:
        figure = f"not available: {error}"
    return [(name, figure, "", "nothing stated")]


def probability_above(synthesis: Synthesis, threshold: float) -> float:
    """Probability that the rate of a new setting lies above a threshold.

    From the distribution behind the prediction interval: effect plus t with the interval's
    degrees of freedom times half its width over the quantile.

    Raises:
        SynthesisError: an answer without a prediction interval on the analysis scale.

    >>> from evidence import pool
    >>> frame = pd.DataFrame({"study_id": list("abcd"), "events": [3, 6, 10, 1],
    ...                       "total": [11, 17, 21, 6]})
    >>> round(probability_above(pool(frame), 0.2), 2)
    0.97
    """
    limits, scale = synthesis.prediction, synthesis.measure.scale
    if limits is None:
        raise SynthesisError("a new setting needs a prediction interval, which needs 3 studies")
    df = _prediction_df(synthesis)
    upper = (1 + limits.level) / 2
    quantile = special.ndtri(upper) if np.isinf(df) else special.stdtrit(df, upper)
    low, high, line = scale.link(np.array([limits.low, limits.high, threshold]))
    spread = float(high - low) / 2 / float(quantile)
    if not 0 < spread < math.inf:
        raise SynthesisError("the prediction interval has no finite width on the analysis scale")
    away = (float(low + high) / 2 - float(line)) / spread
    return float(special.ndtr(away) if np.isinf(df) else special.stdtr(df, away))


def _prediction_df(synthesis: Synthesis) -> float:
    """Degrees of freedom of the t distribution behind a prediction interval."""
    lost = {"matching": 1.0, "t_k1": 1.0, "t_k2": 2.0, "normal": -np.inf}
    kind = synthesis.model.prediction
    if kind not in lost or synthesis.model.method not in ("glmm", "inverse_variance"):
        raise SynthesisError(
            f"the prediction interval {kind!r} of method {synthesis.model.method!r} is not that of "
            f"a t distribution; choose one of: {', '.join(lost)}"
        )
    return synthesis.k - lost[kind]


Fact = Callable[[Synthesis, Stated], list[Row]]
FACTS: tuple[Fact, ...] = (_size, _width, _crossing, _no_difference, _matters, _new_setting)
