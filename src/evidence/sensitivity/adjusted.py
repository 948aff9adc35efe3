"""What the answer would be if small studies, or those without a finding, were missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..errors import SynthesisError
from ..formatting import p_value, plural, significant
from ..pooling.mean import quantile
from ..pooling.model import Synthesis
from .asymmetry import limit_effect
from .check import NOTHING_STATED, Check, Stated, need_studies, shown
from .influence import effects_of
from .selection import STEPS, VEVEA_WOODS, VEVEA_WOODS_STEPS, select
from .small_study import LEAST, NOT_FOR_RATES, refused
from .subsets import Array, fit_subsets
from .trim_fill import trim_and_fill


@dataclass(frozen=True)
class _Mean:
    """An adjusted answer on the analysis scale, and what is said of it."""

    k: int
    effect: float
    low: float
    high: float
    note: str


def adjusted(synthesis: Synthesis, stated: Stated = NOTHING_STATED) -> Check:
    """Trim and fill, limit meta-analysis and, for comparisons, selection by p-value.

    All are sensitivity analyses by inverse variance: none knows why small studies differ, and trim
    and fill adds studies also where differences are real (Peters et al. 2007, doi
    10.1002/sim.2889). Chances of publication are estimated (Vevea and Hedges 1995) or stated
    beforehand (Vevea and Woods 2005); see `select`.
    """
    need_studies(synthesis, 3, "an adjustment for small-study effects")
    if synthesis.k < LEAST and not stated.few_anyway:
        return refused("adjusted", synthesis)
    rows = [_row(name, how, synthesis) for name, how in ADJUSTED.items()]
    table = pd.DataFrame([row for row in rows if row])
    said = [
        f"{name} {shown(value, synthesis)}"
        for name, value in zip(table["analysis"], table["estimate"].to_numpy(float), strict=True)
        if value == value  # an analysis without an answer is blank
    ]
    why = NOT_FOR_RATES["selection by p-value"]
    without = "" if synthesis.measure.compares else f" No selection by p-value: {why}."
    return Check(
        name="adjusted",
        verdict="No verdict: adjusted estimates assume what they adjust for, so they show how far "
        "the answer could move and decide nothing",
        table=table,
        text="Sensitivity analyses by inverse variance, on the assumption that small studies, or "
        f"those without a finding, are missing for their results: {'; '.join(said)}.{without}",
        scale=synthesis.measure.scale,
    )


def _row(name: str, how: Analysis, synthesis: Synthesis) -> dict[str, object]:
    """One analysis on the reading scale, or why it cannot be done; nothing without a meaning."""
    if how in SELECTION and not synthesis.measure.compares:
        return {}
    y, v, tau2 = effects_of(synthesis)
    try:
        found = how(y, v, tau2, synthesis.model.level)
    except SynthesisError as error:
        return {"analysis": name, "note": str(error)}
    ends = np.array([found.effect, found.low, found.high])
    estimate, low, high = map(float, synthesis.measure.scale.inverse(ends))
    return {
        "analysis": name, "k": found.k, "estimate": estimate, "low": low, "high": high,
        "note": found.note,
    }  # fmt: skip


def _observed(y: Array, v: Array, tau2: str, level: float) -> _Mean:
    """The inverse-variance mean, with a normal interval."""
    found = fit_subsets(y, v, np.ones((1, len(y)), bool), tau2)
    half = float(quantile(level, np.inf)) * float(found.variance[0]) ** 0.5
    centre = float(found.effect[0])
    return _Mean(len(y), centre, centre - half, centre + half, "")


def _filled(count: str) -> Analysis:
    def analysis(y: Array, v: Array, tau2: str, level: float) -> _Mean:
        filled = trim_and_fill(y, v, tau2, count)
        note = f"{plural(filled.missing, 'study')} added on the {filled.side}"
        return replace(_observed(filled.effect, filled.variance, tau2, level), note=note)

    return analysis


def _limit(y: Array, v: Array, tau2: str, level: float) -> _Mean:
    if float(np.ptp(v)) == 0:
        raise SynthesisError(f"all {len(y)} studies have the same variance; there is no limit")
    between = float(fit_subsets(y, v, np.ones((1, len(y)), bool), tau2).tau2[0])
    found = limit_effect(y, v, between, level)
    return _Mean(len(y), found.limit, found.limit_low, found.limit_high, "of an unbounded study")


def _selected(y: Array, v: Array, tau2: str, level: float) -> _Mean:  # noqa: ARG001
    """Weights estimated; tau2 is always that of maximum likelihood."""
    found = select(y, v, STEPS, level=level)
    said = [
        f"{significant(weight)} ({significant(low)} to {significant(high)}) for p from {start:g}"
        for weight, (low, high), start in zip(
            found.weights[1:], found.weight_limits, found.steps, strict=False
        )
    ]
    note = (
        f"chance of publication {', '.join(said)}, against 1 below; likelihood ratio "
        f"{significant(found.statistic)} on {found.df} df, p {p_value(found.p)}; "
        f"{' and '.join(map(str, found.counts))} studies; one-sided p, {found.side} favoured"
    )
    return _Mean(len(y), found.effect, found.low, found.high, note)


def _stated(kind: str) -> Analysis:
    def analysis(y: Array, v: Array, tau2: str, level: float) -> _Mean:  # noqa: ARG001
        found = select(y, v, VEVEA_WOODS_STEPS, weights=VEVEA_WOODS[kind], level=level)
        least = VEVEA_WOODS[kind][-1]
        note = f"chances stated beforehand, down to {least:g}; {found.side} favoured"
        return _Mean(len(y), found.effect, found.low, found.high, note)

    return analysis


Analysis = Callable[[Array, Array, str, float], _Mean]
SELECTION: tuple[Analysis, ...] = (_selected, _stated("moderate"), _stated("severe"))
"""Analyses by p-value, which need a hypothesis that the studies tested."""

ADJUSTED: dict[str, Analysis] = {
    "as observed": _observed,
    "trim and fill, L0": _filled("L0"),
    "trim and fill, R0": _filled("R0"),
    "limit meta-analysis": _limit,
    "selection model, weights estimated": SELECTION[0],
    "selection model, moderate": SELECTION[1],
    "selection model, severe": SELECTION[2],
}
"""Every analysis: effects, variances, estimator of tau2, level -> adjusted mean."""
