"""How little would reverse a conclusion: the fewest events, and the fewest studies."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from ..formatting import percent, plural
from ..pooling.model import Model, Synthesis
from .check import NOTHING_STATED, Check, Stated, line_of, need_studies
from .refit import event_columns, in_batches, recount, refit
from .subsets import Array

MOST_SETS = 2000
"""Sets of studies that are tried when the fewest that reverse a conclusion are looked for."""
MOST_ALONE = 100
"""The same where the answers are found one by one."""
MOST_SLOW = 25
"""The same where each answer takes long, as a mixed model of two arms does."""
MOST_EVENTS = 50
"""Events that are changed when the fewest that reverse a conclusion are looked for."""


@dataclass(frozen=True)
class _Push:
    """Where the answer is pushed, and when that is enough.

    Attributes:
        line: the threshold that the conclusion is about.
        up: 1 to push the estimate up, -1 to push it down.
        end: which limit has to reach the line, "low" or "high".
        towards: whether the interval includes the line now and has to leave it behind.
    """

    line: float
    up: int
    end: str
    towards: bool

    def reach(self, found: pd.DataFrame) -> Array:
        """How far beyond the line the limit is pushed; zero or more is enough."""
        return np.asarray(self.up * (found[self.end].to_numpy(float) - self.line), float)


def fragility(synthesis: Synthesis, stated: Stated = NOTHING_STATED) -> Check:
    """The fewest events, and the fewest studies left out, that would reverse the conclusion.

    The conclusion is on which side of the line the interval of the answer lies: of the stated
    threshold, or of no difference where arms are compared and no threshold is stated. Events are
    added or removed one at a time, in whichever arm of whichever study brings the limit closest to
    the line: the fragility index of a trial (Walsh et al. 2014, doi 10.1016/j.jclinepi.2013.10.019)
    for a meta-analysis (Atal et al. 2019, doi 10.1016/j.jclinepi.2019.03.012). Where the interval
    includes no difference, they are changed until it no longer does. Studies are left out in every
    combination, fewest first.
    """
    need_studies(synthesis, 3, "fragility")
    line, words = line_of(synthesis, stated)
    if line is None or synthesis.interval is None or synthesis.estimate is None:
        return _without("the question states no threshold, so there is no conclusion to reverse")
    if line in synthesis.interval and stated.threshold is not None:
        return _without(f"the interval includes {words}, so there is no conclusion to reverse")
    push = _push_of(synthesis, line)
    steps, reached = _events(synthesis, push)
    studies = _studies(synthesis, push)
    changed = _said(synthesis, len(steps), reached)
    now = "includes" if push.towards else f"lies {'below' if push.up > 0 else 'above'}"
    return Check(
        name="fragility",
        verdict=f"No verdict: the interval {now} {words}; {changed}leaving out {studies} would "
        f"{'make it exclude that' if push.towards else 'reverse that'}; no number of them was "
        "stated as enough",
        table=steps,
        text=_how(synthesis),
        scale=synthesis.measure.scale,
    )


def _without(why: str) -> Check:
    return Check("fragility", f"No verdict: {why}", pd.DataFrame(), "Nothing was computed.")


def _push_of(synthesis: Synthesis, line: float) -> _Push:
    """Back over the line where the interval lies on one side, else away from it."""
    interval, estimate = synthesis.interval, synthesis.estimate
    if interval is None or line in interval:
        up = 1 if (estimate or 0.0) >= line else -1
        return _Push(line, up, "low" if up > 0 else "high", True)
    above = interval.low > line
    return _Push(line, -1 if above else 1, "low" if above else "high", False)


def _said(synthesis: Synthesis, steps: int, reached: bool) -> str:
    if not event_columns(synthesis.measure):
        return ""
    number = plural(steps, "event") if reached else f"more than {plural(steps, 'event')}"
    share = percent(steps / max(synthesis.events, 1))
    return f"changing {number} ({share}% of all events) or "


def _how(synthesis: Synthesis) -> str:
    said = ["Studies are left out in every combination, fewest first, and the model is fitted anew "
            "each time."]  # fmt: skip
    if not event_columns(synthesis.measure):
        return f"Scores have no events to change. {said[0]}"
    said.insert(0, "Events are changed one at a time where that moves the limit most.")
    if _slow(synthesis):
        said.insert(1, "Where that is, is found by inverse variance; the answer is that of the "
                       "mixed model.")  # fmt: skip
    return " ".join(said)


def _slow(synthesis: Synthesis) -> bool:
    return synthesis.measure.kind == "two_arm" and synthesis.model.method == "glmm"


def _events(synthesis: Synthesis, push: _Push) -> tuple[pd.DataFrame, bool]:
    """The changes one by one, and whether they were enough in the end."""
    columns = event_columns(synthesis.measure)
    if not columns:
        return pd.DataFrame(), False
    studies = synthesis.studies
    events, size, change = _cells(synthesis, push)
    names = np.tile(studies["study_id"].astype(str).to_numpy(), len(columns))
    arms = np.repeat(columns, len(studies))
    steps: list[dict[str, object]] = []
    for step in range(1, MOST_EVENTS + 1):
        trials = events + np.diag(change)
        possible = np.flatnonzero((events + change >= 0) & (events + change <= size))
        if len(possible) == 0:
            break
        best, found = _best(synthesis, trials[possible], push)
        events = trials[possible[best]]
        steps.append(
            {"step": step, "study_id": names[possible[best]],
             arms[possible[best]]: events[possible[best]],
             "low": found["low"].iloc[0], "high": found["high"].iloc[0]}
        )  # fmt: skip
        if push.reach(found)[0] >= 0:
            return _ordered(steps, columns), True
    return _ordered(steps, columns), False


def _ordered(steps: list[dict[str, object]], columns: list[str]) -> pd.DataFrame:
    kept = [name for name in columns if any(name in step for step in steps)]
    return pd.DataFrame(steps, columns=["step", "study_id", *kept, "low", "high"])


def _cells(synthesis: Synthesis, push: _Push) -> tuple[Array, Array, Array]:
    """Events of every arm, treated arms first, their people, and how each would be changed."""
    measure, studies = synthesis.measure, synthesis.studies
    columns = event_columns(measure)
    events = np.concatenate([studies[name].to_numpy(float) for name in columns])
    sizes = [name.replace("events", "total") for name in columns]
    size = np.full(len(events), np.inf)
    if measure.counts_people:
        size = np.concatenate([studies[name].to_numpy(float) for name in sizes])
    sign = np.repeat([-1.0 if name.endswith("_c") else 1.0 for name in columns], len(studies))
    return events, size, push.up * sign


def _best(synthesis: Synthesis, trials: Array, push: _Push) -> tuple[int, pd.DataFrame]:
    """Which trial pushes farthest, and its answer in one row."""
    if not _slow(synthesis):
        found = recount(synthesis, trials)
        best = int(push.reach(found).argmax())
        return best, found.iloc[[best]]
    beside = replace(synthesis, model=Model(level=synthesis.model.level))
    best = int(push.reach(recount(beside, trials)).argmax())
    return best, recount(synthesis, trials[[best]])


def _studies(synthesis: Synthesis, push: _Push) -> str:
    """The fewest studies whose absence is enough, in words."""
    k, tried = synthesis.k, 0
    most = MOST_SETS if in_batches(synthesis) else MOST_ALONE
    most = MOST_SLOW if _slow(synthesis) else most
    for out in range(1, k - 1):
        if math.comb(k, out) + tried > most:
            return f"more than {plural(out - 1, 'study')}"
        sets = list(combinations(range(k), out))
        tried += len(sets)
        keep = np.ones((len(sets), k), bool)
        for row, gone in enumerate(sets):
            keep[row, list(gone)] = False
        enough = push.reach(refit(synthesis, keep)) >= 0
        if enough.any():
            names = synthesis.studies["study_id"].astype(str).to_numpy()
            first = " and ".join(names[list(sets[int(np.argmax(enough))])])
            return f"{plural(out, 'study')} ({first})"
    return f"more than {plural(k - 2, 'study')}"
