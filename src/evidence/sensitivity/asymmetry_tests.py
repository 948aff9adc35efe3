"""Every test of small-study effects: which measures it runs for, and which it is fit for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from ..measures.kinds import Measure
from ..measures.measure import MEASURES
from ..measures.two_arm import Four, observed_less_expected, two_by_two
from ..measures.zero_cells import ZeroPolicy
from ..pooling.inverse_variance import events, sizes
from ..pooling.mantel_haenszel import odds_ratio_sums
from ..pooling.model import Synthesis
from ..pooling.two_arm_glmm import support
from .asymmetry import Rank, Regression, kendall, rank_test, regression_test
from .influence import effects_of
from .subsets import Array


@dataclass(frozen=True)
class Sample:
    """The studies as a test sees them, and how to pool.

    Attributes:
        measure: key of the measure.
        studies: the counts or scores of every study.
        y, v: effects and variances.
        events, size: of every arm together.
        tau2, level: of the regression with random effects, and of intervals.
    """

    measure: str
    studies: pd.DataFrame
    y: Array
    v: Array
    events: Array
    size: Array
    tau2: str
    level: float

    @property
    def cells(self) -> Four:
        """Events and non-events of both arms."""
        return two_by_two(self.studies)


def sample_of(synthesis: Synthesis) -> Sample:
    """The studies of an answer; random effects have the estimator of tau2 that the model names."""
    y, v, _ = effects_of(synthesis)
    studies, measure, model = synthesis.studies, synthesis.measure, synthesis.model
    return Sample(
        measure.key, studies, y, v, events(studies, measure), sizes(studies, measure), model.tau2,
        model.level,
    )  # fmt: skip


def _sample_size(s: Sample) -> Regression:
    return regression_test(s.y, s.v, 1 / s.size, s.tau2, s.level)


def _peters(s: Sample) -> Regression:
    """Regression on 1/n with weights x(n-x)/n of all arms; a study at 0 or n has no weight."""
    weight = s.events * (s.size - s.events) / s.size
    inside = weight > 0
    return regression_test(s.y[inside], 1 / weight[inside], 1 / s.size[inside], "", s.level)


def _harbord(s: Sample) -> Regression:
    """Regression of score over its variance on the standard error that the score has."""
    score, variance = SCORES[s.measure](s.cells)
    inside = variance > 0
    v = 1 / variance[inside]
    return regression_test(score[inside] * v, v, np.sqrt(v), "", s.level)


def risk_ratio_score(cells: Four) -> tuple[Array, Array]:
    """Efficient score of the log risk ratio at no difference, and its variance."""
    a, b, c, d = cells
    n1, n2, x, y = a + b, c + d, a + c, b + d
    n, left = n1 + n2, np.maximum(y, 0.5)  # everybody had the event: no information, score 0
    return (a * n - x * n1) / left, np.where(y > 0, n1 * n2 * x / (n * left), 0.0)


SCORES: dict[str, Callable[[Four], tuple[Array, Array]]] = {
    "odds_ratio": observed_less_expected,
    "peto_odds_ratio": observed_less_expected,
    "risk_ratio": risk_ratio_score,
}
"""Measures with a score for Harbord's test."""


def _arcsine(s: Sample) -> tuple[Array, Array]:
    found = MEASURES["arcsine_difference"].compute(s.studies, ZeroPolicy())
    return found.effect, found.variance


def _arcsine_common(s: Sample) -> Regression:
    y, v = _arcsine(s)
    return regression_test(y, v, np.sqrt(v), "", s.level)


def _arcsine_random(s: Sample) -> Regression:
    y, v = _arcsine(s)
    return regression_test(y, v, np.sqrt(v), s.tau2, s.level)


def _macaskill(s: Sample) -> Regression:
    return regression_test(s.y, s.v, s.size, "", s.level)


def _deeks(s: Sample) -> Regression:
    a, b, c, d = s.cells
    effective = 4 * (a + b) * (c + d) / (a + b + c + d)
    return regression_test(s.y, 1 / effective, 1 / np.sqrt(effective), "", s.level)


def _schwarzer(s: Sample) -> Rank:
    """Ranks of events of the treated arm, standardised at one common odds ratio."""
    theta = odds_ratio_sums(s.studies, ZeroPolicy()).effect
    moments = [_treated(*table, theta) for table in zip(*s.cells, strict=True)]
    mean, variance = np.array(moments).T
    inside = variance > 0
    seen, spread = s.cells[0][inside], variance[inside]
    return kendall((seen - mean[inside]) / np.sqrt(spread), 1 / spread)


def _treated(a: float, b: float, c: float, d: float, theta: float) -> tuple[float, float]:
    """Mean and variance of treated events, given the margins and a log odds ratio."""
    counts, ways, _ = support(a, b, c, d)
    mass = np.exp(ways + counts * theta - special.logsumexp(ways + counts * theta))
    mean = float(mass @ counts)
    return mean, float(mass @ (counts - mean) ** 2)


def _pustejovsky_rodgers(s: Sample) -> Regression:
    one, two = (s.studies[name].to_numpy(float) for name in ("n_t", "n_c"))
    return regression_test(s.y, s.v, np.sqrt(1 / one + 1 / two), "", s.level)


def _egger(s: Sample) -> Regression:
    return regression_test(s.y, s.v, np.sqrt(s.v), "", s.level)


def _thompson_sharp(s: Sample) -> Regression:
    return regression_test(s.y, s.v, np.sqrt(s.v), s.tau2, s.level)


def _begg(s: Sample) -> Rank:
    return rank_test(s.y, s.v)


@dataclass(frozen=True)
class Test:
    """One test of small-study effects.

    Attributes:
        label: its predictor in print, and its name.
        source: where it comes from.
        runs: keys of the measures it can be run for.
        fits: keys of those for which its predictor is free of the effect itself.
        limit: whether the effect at predictor zero is that of a study of unbounded size, on the
            scale of the answer.
        run: the studies -> regression or rank correlation.
    """

    label: str
    source: str
    runs: frozenset[str]
    fits: frozenset[str]
    limit: bool
    run: Callable[[Sample], Regression | Rank]


EVERY = frozenset(MEASURES)
PEOPLE = frozenset(key for key, one in MEASURES.items() if one.counts_people)
ARMS = frozenset(key for key in PEOPLE if MEASURES[key].kind == "two_arm")
ODDS = frozenset({"odds_ratio", "peto_odds_ratio"})
FREE = frozenset({
    "proportion_arcsine", "proportion_freeman_tukey", "rate_square_root", "rate_freeman_tukey",
    "arcsine_difference", "root_rate_difference", "mean", "mean_change", "mean_difference",
})  # fmt: skip
"""Measures whose standard error does not hold the effect."""
RUECKER = "Rücker, Schwarzer and Carpenter 2008, doi 10.1002/sim.2971"
PETERS = "Peters et al. 2006, doi 10.1001/jama.295.6.676"
THOMPSON = (
    "Thompson and Sharp 1999, doi "
    "10.1002/(SICI)1097-0258(19991030)18:20<2693::AID-SIM235>3.0.CO;2-V"
)

TESTS: dict[str, Test] = {
    "harbord": Test(
        "standard error of the score (Harbord)", "Harbord, Egger and Sterne 2006, doi "
        "10.1002/sim.2380", frozenset(SCORES), frozenset(SCORES), False, _harbord,
    ),
    "arcsine_random": Test(
        "standard error of arcsines, random effects (Rücker)", RUECKER,
        ARMS - {"arcsine_difference"}, ARMS, False, _arcsine_random,
    ),
    "arcsine": Test(
        "standard error of arcsines (Rücker)", RUECKER, ARMS - {"arcsine_difference"}, ARMS,
        False, _arcsine_common,
    ),
    "pustejovsky_rodgers": Test(
        "sqrt(1/n1 + 1/n2) (Pustejovsky and Rodgers)", "Pustejovsky and Rodgers 2019, doi "
        "10.1002/jrsm.1332", frozenset({"standardised_difference"}),
        frozenset({"standardised_difference"}), True, _pustejovsky_rodgers,
    ),
    "sample_size": Test("1/n, random effects", PETERS, EVERY, EVERY, True, _sample_size),
    "peters": Test("1/n, weights x(n-x)/n (Peters)", PETERS, PEOPLE, PEOPLE, True, _peters),
    "egger": Test(
        "standard error (Egger)", "Egger et al. 1997, doi 10.1136/bmj.315.7109.629", EVERY, FREE,
        True, _egger,
    ),
    "thompson_sharp": Test(
        "standard error, random effects (Thompson and Sharp)", THOMPSON, EVERY, FREE, True,
        _thompson_sharp,
    ),
    "macaskill": Test(
        "n, weights 1/v (Macaskill)", "Macaskill, Walter and Irwig 2001, doi 10.1002/sim.698",
        ARMS, ARMS, False, _macaskill,
    ),
    "deeks": Test(
        "1/sqrt(effective n) (Deeks)", "Deeks, Macaskill and Irwig 2005, doi "
        "10.1016/j.jclinepi.2005.01.016", ODDS, ODDS, True, _deeks,
    ),
    "schwarzer": Test(
        "ranks of the variance at one odds ratio (Schwarzer)", "Schwarzer, Antes and Schumacher "
        "2007, doi 10.1002/sim.2588", ODDS, ODDS, False, _schwarzer,
    ),
    "begg": Test(
        "ranks of the variance (Begg)", "Begg and Mazumdar 1994, doi 10.2307/2533446", EVERY,
        FREE, False, _begg,
    ),
}  # fmt: skip
"""Every test, in the order in which it is shown among those that fit, and among the others."""


def chosen_tests(measure: Measure) -> dict[str, Test]:
    """The tests that run for a measure, those that fit it first.

    >>> list(chosen_tests(MEASURES["mean_difference"]))
    ['sample_size', 'egger', 'thompson_sharp', 'begg']
    """
    runs = {key: test for key, test in TESTS.items() if measure.key in test.runs}
    return dict(sorted(runs.items(), key=lambda one: measure.key not in one[1].fits))


STERNE = "Sterne et al. 2011, doi 10.1136/bmj.d4002"
ADVICE: dict[str, str] = {
    "odds ratio": "The standard error of an odds ratio holds the odds ratio, so the tests of Egger "
    "and of Begg find asymmetry that is none. Where studies differ little (tau² below 0.1) those "
    "of Harbord, of Peters and on arcsines fit; where they differ more, that on arcsines with "
    f"random effects ({STERNE}). Macaskill's and Schwarzer's find less; Deeks' is made for "
    "diagnostic odds ratios.",
    "other comparison of counts": "For this measure no test is established, and firm guidance is "
    f"lacking ({STERNE}). Tests whose predictor is free of the effect come first.",
    "standardised difference": "The standard error of a standardised difference holds the "
    "difference, so Egger's test finds asymmetry that is none; with the sizes of the arms alone as "
    "predictor it does not (Pustejovsky and Rodgers 2019, doi 10.1002/jrsm.1332).",
    "free": "The standard error of this measure does not hold the effect, so Egger's test fits "
    f"({STERNE}).",
    "rate": "First the tests with the sample size as predictor; tests with the standard error "
    "find asymmetry in rates where there is none (Hunter et al. 2014, doi "
    "10.1016/j.jclinepi.2014.03.003).",
    "other": "The standard error of this measure holds the effect, so the test with the sample "
    "size comes first; no test is established for it.",
}
"""Which test is fit, and why, by family of measures."""


def advice(measure: Measure) -> str:
    """Which test is fit for a measure, and why.

    >>> advice(MEASURES["mean_difference"])[:39]
    'The standard error of this measure does'
    """
    if measure.kind == "rate":
        return ADVICE["rate"]
    if measure.key in FREE:
        return ADVICE["free"]
    if measure.key in ODDS:
        return ADVICE["odds ratio"]
    if measure.key == "standardised_difference":
        return ADVICE["standardised difference"]
    return ADVICE["other comparison of counts" if measure.kind == "two_arm" else "other"]
