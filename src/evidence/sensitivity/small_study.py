"""Small-study effects of rates: several tests, and no verdict from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import SynthesisError
from ..formatting import plural
from ..pooling.mean import quantile
from ..pooling.model import Synthesis
from .asymmetry import Regression, limit_effect, rank_test, regression_test
from .check import NOTHING_STATED, Check, Stated, need_studies, shown
from .influence import effects_of
from .refit import counts_of
from .subsets import Array, fit_subsets
from .trim_fill import trim_and_fill

LEAST = 10
"""Studies below which the tests are refused (Sterne et al. 2011, doi 10.1136/bmj.d4002)."""

NOT_BUILT = {
    "LFK index": "its false-positive rate depends on the number of studies, up to almost 30% "
    "(Schwarzer, Rücker and Semaca 2024, doi 10.1002/jrsm.1714)",
    "fail-safe N": "it asks how many null results would undo a p-value, and a rate tests no "
    "hypothesis (Becker 2005, in Publication Bias in Meta-Analysis, chapter 7)",
    "selection by p-value": "a model of which p-values get published needs a hypothesis that the "
    "studies tested; a single rate has none (Vevea and Hedges 1995, doi 10.1007/BF02294384)",
    "Harbord, Deeks, Macaskill and Pustejovsky-Rodgers tests": "they compare two arms; the "
    "sample-size test takes their place for a single rate",
}
"""What is not done for rates, and why."""


@dataclass(frozen=True)
class Sample:
    """The studies as a test sees them: effects, variances, counts, and how to pool."""

    y: Array
    v: Array
    events: Array
    size: Array
    tau2: str
    level: float


@dataclass(frozen=True)
class Test:
    """One regression test of small-study effects.

    Attributes:
        label: its name in print.
        source: where it comes from.
        fits: whether its predictor is free of the rate itself.
        run: the studies -> regression.
    """

    label: str
    source: str
    fits: bool
    run: Callable[[Sample], Regression]


def _sample_size(s: Sample) -> Regression:
    return regression_test(s.y, s.v, 1 / s.size, s.tau2, s.level)


def _peters(s: Sample) -> Regression:
    """Regression on 1/n with weights x(n-x)/n; a study at 0 or n has no weight."""
    weight = s.events * (s.size - s.events) / s.size
    inside = weight > 0
    return regression_test(s.y[inside], 1 / weight[inside], 1 / s.size[inside], "", s.level)


def _egger(s: Sample) -> Regression:
    return regression_test(s.y, s.v, np.sqrt(s.v), "", s.level)


def _thompson_sharp(s: Sample) -> Regression:
    return regression_test(s.y, s.v, np.sqrt(s.v), s.tau2, s.level)


TESTS: dict[str, Test] = {
    "sample_size": Test(
        "1/n, random effects", "Peters et al. 2006, doi 10.1001/jama.295.6.676", True,
        _sample_size,
    ),
    "peters": Test(
        "1/n, weights x(n-x)/n (Peters)", "Peters et al. 2006, doi 10.1001/jama.295.6.676",
        True, _peters,
    ),
    "egger": Test(
        "standard error (Egger)", "Egger et al. 1997, doi 10.1136/bmj.315.7109.629", False, _egger
    ),
    "thompson_sharp": Test(
        "standard error, random effects (Thompson and Sharp)",
        "Thompson and Sharp 1999, doi 10.1002/(SICI)1097-0258(19991030)18:20<2693::AID-SIM235>"
        "3.0.CO;2-V", False, _thompson_sharp,
    ),
}  # fmt: skip
"""Tests by regression; those that fit rates come first."""


def small_study(synthesis: Synthesis, stated: Stated = NOTHING_STATED) -> Check:
    """Regression and rank tests of small-study effects, sample size first; never a verdict.

    The variance of a rate depends on the rate, so tests with the standard error as a predictor
    find asymmetry that is none (Hunter et al. 2014, doi 10.1016/j.jclinepi.2014.03.003).
    """
    need_studies(synthesis, 3, "tests of small-study effects")
    if synthesis.k < LEAST and not stated.few_anyway:
        return refused("small_study", synthesis)
    y, v, tau2 = effects_of(synthesis)
    sample = Sample(y, v, *counts_of(synthesis), tau2, synthesis.model.level)
    rows = []
    for key, test in TESTS.items():
        if key == "peters" and not synthesis.measure.counts_people:
            continue
        rows.append({"test": key, "fits_rates": test.fits, **_row(synthesis, test, sample)})
    rows.append({"test": "begg", "fits_rates": False, **_begg(y, v)})
    return Check(
        name="small_study",
        verdict="No verdict: several tests, none of which can tell small-study effects from "
        "differences between studies; below ten studies they are refused",
        table=pd.DataFrame(rows),
        text="First the tests with the sample size as predictor; tests with the standard error "
        "find asymmetry in rates where there is none (Hunter et al. 2014, doi "
        "10.1016/j.jclinepi.2014.03.003). `estimate` is the rate where the predictor is zero: "
        "that of a study of unbounded size. Not built: "
        + "; ".join(f"{name}: {why}" for name, why in NOT_BUILT.items())
        + ".",
    )


def _row(synthesis: Synthesis, test: Test, sample: Sample) -> dict[str, object]:
    try:
        found = test.run(sample)
    except SynthesisError as error:
        return {"predictor": test.label, "note": str(error), "source": test.source}
    limits = np.array([found.limit, found.limit_low, found.limit_high])
    estimate, low, high = synthesis.measure.scale.inverse(limits)
    return {
        "predictor": test.label,
        "statistic": found.statistic,
        "df": None if np.isinf(found.df) else found.df,
        "p": found.p,
        "slope": found.slope,
        "estimate": float(estimate),
        "low": float(low),
        "high": float(high),
        "note": "",
        "source": test.source,
    }


def _begg(y: Array, v: Array) -> dict[str, object]:
    source = "Begg and Mazumdar 1994, doi 10.2307/2533446"
    try:
        tau, p = rank_test(y, v)
    except SynthesisError as error:
        return {"predictor": "ranks of the variance (Begg)", "note": str(error), "source": source}
    return {
        "predictor": "ranks of the variance (Begg)", "statistic": tau, "p": p, "note": "",
        "source": source,
    }  # fmt: skip


def refused(name: str, synthesis: Synthesis) -> Check:
    """What stands in place of a test that has too few studies."""
    return Check(
        name=name,
        verdict=f"No verdict: refused, because {plural(synthesis.k, 'study')} cannot show it: ten "
        "are the least (Sterne et al. 2011, doi 10.1136/bmj.d4002)",
        table=pd.DataFrame(),
        text="With fewer studies the tests find little that is there and much that is not. They "
        "are run when asked for: few_anyway, or --few-anyway on the command line.",
    )


def adjusted(synthesis: Synthesis, stated: Stated = NOTHING_STATED) -> Check:
    """What the answer would be if small studies were missing: trim and fill, limit meta-analysis.

    Both are sensitivity analyses of the inverse-variance model: neither knows why small studies
    differ, and trim and fill adds studies also where differences are real (Peters et al. 2007,
    doi 10.1002/sim.2889).
    """
    need_studies(synthesis, 3, "an adjustment for small-study effects")
    if synthesis.k < LEAST and not stated.few_anyway:
        return refused("adjusted", synthesis)
    y, v, tau2 = effects_of(synthesis)
    everyone = np.ones((1, len(y)), bool)
    between = float(fit_subsets(y, v, everyone, tau2).tau2[0])
    rows = [_mean_row("as observed", y, v, tau2, synthesis)]
    for count in ("L0", "R0"):
        try:
            filled = trim_and_fill(y, v, tau2, count)
        except SynthesisError as error:
            rows.append({"analysis": f"trim and fill, {count}", "note": str(error)})
            continue
        note = f"{plural(filled.missing, 'study')} added on the {filled.side}"
        row = _mean_row(f"trim and fill, {count}", filled.effect, filled.variance, tau2, synthesis)
        rows.append({**row, "note": note})
    if float(np.ptp(v)) > 0:
        found = limit_effect(y, v, between, synthesis.model.level)
        read = synthesis.measure.scale.inverse(
            np.array([found.limit, found.limit_low, found.limit_high])
        )
        rows.append(
            {"analysis": "limit meta-analysis", "k": len(y), "estimate": float(read[0]),
             "low": float(read[1]), "high": float(read[2]), "note": "rate of an unbounded study"}
        )  # fmt: skip
    table = pd.DataFrame(rows)
    said = [
        f"{name} {shown(value, synthesis)}"
        for name, value in zip(table["analysis"], table["estimate"].to_numpy(float), strict=True)
        if value == value  # an analysis without an answer is blank
    ]
    return Check(
        name="adjusted",
        verdict="No verdict: adjusted estimates assume what they adjust for, so they show how far "
        "the answer could move and decide nothing",
        table=table,
        text="Sensitivity analyses by inverse variance, on the assumption that small studies "
        "are missing for their results: " + "; ".join(said) + ".",
    )


def _mean_row(label: str, y: Array, v: Array, tau2: str, synthesis: Synthesis) -> dict[str, object]:
    """The inverse-variance mean of effects, with a normal interval, on the reading scale."""
    found = fit_subsets(y, v, np.ones((1, len(y)), bool), tau2)
    half = float(quantile(synthesis.model.level, np.inf)) * float(found.variance[0]) ** 0.5
    centre = float(found.effect[0])
    read = synthesis.measure.scale.inverse(np.array([centre, centre - half, centre + half]))
    return {
        "analysis": label, "k": len(y), "estimate": float(read[0]), "low": float(read[1]),
        "high": float(read[2]), "note": "",
    }  # fmt: skip
