"""Imprecision as facts against what was stated beforehand, and how little would reverse it."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import special

from ..errors import SynthesisError
from ..formatting import count, percent, plural
from ..pooling.model import Synthesis
from .check import NOTHING_STATED, Check, Stated, need_studies, points, shown
from .refit import counts_of, recount, refit

MOST_SETS = 2000
"""Sets of studies that are tried when the fewest that reverse a conclusion are looked for."""
MOST_EVENTS = 50
"""Events that are changed when the fewest that reverse a conclusion are looked for."""


def imprecision(synthesis: Synthesis, stated: Stated = NOTHING_STATED) -> Check:
    """One row per fact: what it is, its figure, what was stated, and whether that is met.

    A fact without anything stated for it is shown and not judged.
    """
    need_studies(synthesis, 3, "imprecision")
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
    events, people = synthesis.events, synthesis.total
    unit = "people" if synthesis.measure.counts_people else "person-time"

    def row(name: str, figure: float, least: int | None) -> Row:
        said = "" if least is None else f"at least {count(least)}"
        return name, count(figure), said, _met(None if least is None else figure >= least)

    return [
        row("events in all studies", events, stated.events),
        row(f"{unit} in all studies", people, stated.people),
    ]


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
    for name, limits in (
        ("interval of the answer", synthesis.interval),
        ("prediction interval", synthesis.prediction),
    ):
        if limits is not None:
            figure = f"{shown(limits.low, synthesis)} to {shown(limits.high, synthesis)}"
            rows.append((name, figure, said, _met(None if line is None else line not in limits)))
    return rows


def _new_setting(synthesis: Synthesis, stated: Stated) -> list[Row]:
    if stated.threshold is None or synthesis.prediction is None:
        return []
    name = f"probability that a new setting's rate lies above {shown(stated.threshold, synthesis)}"
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
FACTS: tuple[Fact, ...] = (_size, _width, _crossing, _new_setting)


def fragility(synthesis: Synthesis, stated: Stated = NOTHING_STATED) -> Check:
    """The fewest events, and the fewest studies left out, that would reverse the conclusion.

    The conclusion is on which side of the stated threshold the interval of the answer lies. Events
    are added or removed one at a time, in whichever study brings the limit closest to the
    threshold (as for the fragility of a meta-analysis, Atal et al. 2019,
    doi 10.1016/j.jclinepi.2019.03.012). Studies are left out in every combination, fewest first.
    """
    need_studies(synthesis, 3, "fragility")
    if stated.threshold is None or synthesis.interval is None:
        return _without("the question states no threshold, so there is no conclusion to reverse")
    side = _side(synthesis, stated.threshold)
    if side == 0:
        return _without(
            f"the interval includes the threshold of {shown(stated.threshold, synthesis)}, so "
            "there is no conclusion to reverse"
        )
    steps, reversed_ = _events_to_reverse(synthesis, stated.threshold, side)
    studies = _studies_to_reverse(synthesis, stated.threshold, side)
    word = "above" if side > 0 else "below"
    events = (
        plural(len(steps), "event") if reversed_ else f"more than {plural(len(steps), 'event')}"
    )
    share = len(steps) / max(synthesis.events, 1)
    return Check(
        name="fragility",
        verdict=f"No verdict: the interval lies {word} {shown(stated.threshold, synthesis)}; "
        f"changing {events} ({percent(share)}% of all events) or leaving out {studies} would "
        "reverse that; no number of them was stated as enough",
        table=steps,
        text="Events are changed one at a time where that moves the limit most; studies are left "
        "out in every combination, fewest first, and the model is fitted anew each time.",
    )


def _without(why: str) -> Check:
    return Check("fragility", f"No verdict: {why}", pd.DataFrame(), "Nothing was computed.")


def _side(synthesis: Synthesis, threshold: float) -> int:
    """1 where the interval lies above the threshold, -1 below, 0 where it includes it."""
    if synthesis.interval is None or threshold in synthesis.interval:
        return 0
    return 1 if synthesis.interval.low > threshold else -1


def _events_to_reverse(
    synthesis: Synthesis, threshold: float, side: int
) -> tuple[pd.DataFrame, bool]:
    """The changes one by one, and whether the conclusion was reversed in the end."""
    names = synthesis.studies["study_id"].astype(str).to_numpy()
    events, size = counts_of(synthesis)
    steps: list[dict[str, object]] = []
    for step in range(1, MOST_EVENTS + 1):
        trials = events - side * np.eye(len(events))
        possible = np.flatnonzero((events - side >= 0) & (events - side <= size))
        if len(possible) == 0:
            break
        found = recount(synthesis, trials[possible])
        ends = side * found["low" if side > 0 else "high"].to_numpy(float)
        best = int(ends.argmin())
        events = trials[possible[best]]
        low, high = found["low"].iloc[best], found["high"].iloc[best]
        steps.append(
            {"step": step, "study_id": names[possible[best]], "events": events[possible[best]],
             "low": low, "high": high}
        )  # fmt: skip
        if ends[best] <= side * threshold:
            return pd.DataFrame(steps), True
    return pd.DataFrame(steps), False


def _studies_to_reverse(synthesis: Synthesis, threshold: float, side: int) -> str:
    """The fewest studies whose absence reverses the conclusion, in words."""
    k, tried = synthesis.k, 0
    for out in range(1, k - 1):
        if math.comb(k, out) + tried > MOST_SETS:
            return f"more than {plural(out - 1, 'study')}"
        sets = list(combinations(range(k), out))
        tried += len(sets)
        keep = np.ones((len(sets), k), bool)
        for row, gone in enumerate(sets):
            keep[row, list(gone)] = False
        found = refit(synthesis, keep)
        end = found["low"] if side > 0 else found["high"]
        reversed_ = side * (end.to_numpy(float) - threshold) <= 0
        if reversed_.any():
            names = synthesis.studies["study_id"].astype(str).to_numpy()
            first = " and ".join(names[list(sets[int(np.argmax(reversed_))])])
            return f"{plural(out, 'study')} ({first})"
    return f"more than {plural(k - 2, 'study')}"
