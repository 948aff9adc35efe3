# ruff: noqa: E501 - rows of a Markdown table are one line each
"""Simulated coverage and width of every interval of a pooled rate; writes docs/coverage.md.

Run by `make coverage` (`python -m evidence.coverage`), in minutes. Seeded: the same numbers give the
same page. Studies are simulated from the model that all analyses assume: logits of the true rates are normal around that
of the median rate, counts are binomial. What is covered is the median rate, and the true rate of a
new study.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from .errors import SynthesisError
from .measures.measure import MEASURES
from .measures.zero_cells import ZeroPolicy
from .pooling.families import FAMILIES
from .pooling.glmm_fit import Problem, fit_glmm
from .pooling.mean import MEAN_INTERVALS, quantile
from .pooling.model import Model, pool
from .pooling.prediction import PREDICTIONS, Evidence
from .pooling.tau2 import TAU2_ESTIMATORS
from .pooling.weighting import intercept

Array = NDArray[np.float64]
LEVEL = 0.95
SEED = 20_260
STUDIES = (3, 5, 10, 20)
SIZES = {"20 to 60 people": (20, 60), "20 to 1000 people": (20, 1000)}
RATES = (0.02, 0.1, 0.4)
TAUS = (0.0, 0.4, 0.9)
GLMM = Model(method="glmm")
LIMITS = tuple[Array, Array]


@dataclass(frozen=True)
class Scenario:
    """One set of circumstances: studies, their sizes, the median rate, the spread of logits."""

    k: int
    sizes: str
    rate: float
    tau: float


SCENARIOS = [Scenario(*choice) for choice in product(STUDIES, SIZES, RATES, TAUS)]


def simulate(scenario: Scenario, repeats: int, rng: np.random.Generator) -> LIMITS:
    """Events and totals, shape (repeats, k); sizes are drawn evenly on a logarithmic scale."""
    low, high = SIZES[scenario.sizes]
    shape = (repeats, scenario.k)
    total = np.asarray(np.round(np.exp(rng.uniform(np.log(low), np.log(high), shape))), float)
    logit = special.logit(scenario.rate) + scenario.tau * rng.standard_normal(shape)
    return rng.binomial(total.astype(int), special.expit(logit)).astype(float), total


def mixed(events: Array, total: Array) -> tuple[dict[str, LIMITS], dict[str, LIMITS]]:
    """Intervals of the binomial GLMM; where no model can be fitted, the exact limit of `pool`."""
    k = events.shape[-1]
    normal = ((events > 0) & (events < total)).any(-1)
    found = fit_glmm(Problem(events[normal], total[normal], intercept(k), FAMILIES["logit"]))
    mean, se = found.beta[:, 0], np.sqrt(found.covariance[:, 0, 0])
    spread = np.hypot(found.tau, se)
    exact = [_exact(events[row], total[row]) for row in np.flatnonzero(~normal)]
    means, predictions = {}, {}
    for name, df in (("GLMM, t(k-1)", k - 1.0), ("GLMM, Wald", np.inf)):
        low, high = (np.empty(len(events)) for _ in range(2))
        half = quantile(LEVEL, df) * se
        low[normal], high[normal] = special.expit(mean - half), special.expit(mean + half)
        low[~normal], high[~normal] = np.array(exact).reshape(-1, 2).T
        means[name] = (low, high)
    for name, df in (
        ("GLMM, t(k-1)", k - 1.0),
        ("GLMM, t(k-2)", k - 2.0),
        ("GLMM, normal", np.inf),
    ):
        half = quantile(LEVEL, df) * spread
        predictions[name] = (special.expit(mean - half), special.expit(mean + half))
    return means, predictions


def _exact(events: Array, total: Array) -> tuple[float, float]:
    frame = pd.DataFrame(
        {
            "study_id": np.arange(len(events)).astype(str),
            "events": events.astype(int),
            "total": total.astype(int),
        }
    )
    found = pool(frame, model=GLMM).interval
    if found is None:
        raise SynthesisError("studies at 0 or n have no interval; check their counts")
    return found.low, found.high


def inverse_variance(events: Array, total: Array) -> tuple[dict[str, LIMITS], dict[str, LIMITS]]:
    """Every interval by inverse variance with REML on logits; DL and arcsine beside them."""
    k = events.shape[-1]
    frame = pd.DataFrame({"events": events.ravel().astype(int), "total": total.ravel().astype(int)})
    means: dict[str, LIMITS] = {}
    predictions: dict[str, LIMITS] = {}
    for measure, tau2_name, kinds in (
        ("proportion_logit", "REML", tuple(MEAN_INTERVALS)),
        ("proportion_logit", "DL", ("wald",)),
        ("proportion_arcsine", "REML", ("hartung_knapp",)),
        ("proportion_freeman_tukey", "REML", ("hartung_knapp",)),
    ):
        known = MEASURES[measure]
        effects = known.compute(frame, ZeroPolicy())
        y, v = effects.effect.reshape(-1, k), effects.variance.reshape(-1, k)
        tau2 = TAU2_ESTIMATORS[tau2_name](y, v, intercept(k))
        inverse = _inverse(measure, total)
        label = f"{known.scale.label}, {tau2_name}"
        for kind in kinds:
            mean = MEAN_INTERVALS[kind](y, v, tau2, LEVEL)
            low, high = mean.limits(LEVEL)
            means[f"{label}, {kind.replace('_', ' ')}"] = (inverse(low), inverse(high))
        if measure != "proportion_logit" or tau2_name != "REML":
            continue
        safe = MEAN_INTERVALS["hartung_knapp"](y, v, tau2, LEVEL)
        for kind in (name for name in PREDICTIONS if name != "bootstrap"):
            found = PREDICTIONS[kind](Evidence(y, v, tau2, safe), LEVEL)
            predictions[f"{label}, {kind.replace('_', ' ')}"] = (
                inverse(found.low),
                inverse(found.high),
            )
    return means, predictions


def _inverse(measure: str, total: Array) -> Callable[[Array], Array]:
    """The way back of a scale, at the harmonic mean of each set's sizes where it needs one."""
    known = MEASURES[measure]
    scale_at = known.scale_at
    if scale_at is None:
        return known.scale.inverse
    sizes = total.shape[-1] / (1 / total).sum(-1)

    def inverse(effect: Array) -> Array:
        return np.array(
            [float(scale_at(n).inverse(np.array(e))) for n, e in zip(sizes, effect, strict=True)]
        )

    return inverse


def study(scenario: Scenario, repeats: int, rng: np.random.Generator) -> list[dict[str, object]]:
    """Coverage and mean width of every interval in one scenario."""
    events, total = simulate(scenario, repeats, rng)
    rows = []
    parts = (mixed(events, total), inverse_variance(events, total))
    centre = special.logit(scenario.rate)
    for means, predictions in parts:
        for name, (low, high) in means.items():
            inside = (low <= scenario.rate) & (scenario.rate <= high)
            rows.append(("mean", name, float(inside.mean()), float((high - low).mean())))
        for name, (low, high) in predictions.items():
            with np.errstate(divide="ignore"):
                ends = special.logit(np.stack([low, high])) - centre
            if scenario.tau > 0:
                share = np.diff(special.ndtr(ends / scenario.tau), axis=0)[0]
            else:
                share = ((ends[0] <= 0) & (ends[1] >= 0)).astype(float)
            rows.append(("prediction", name, float(share.mean()), float((high - low).mean())))
    circumstances = vars(scenario)
    return [
        {**circumstances, "of": of, "interval": name, "coverage": coverage, "width": width}
        for of, name, coverage, width in rows
    ]


def page(table: pd.DataFrame) -> str:
    """The published page: two tables, and what they show."""
    repeats = int(table["repeats"].iloc[0])
    error = 100 * (LEVEL * (1 - LEVEL) / repeats) ** 0.5
    parts = []
    for of, title in (("mean", "Interval of the answer"), ("prediction", "Prediction interval")):
        own = table[table["of"] == of]
        lines = [
            f"## {title}",
            "",
            "| interval | "
            + " | ".join(f"k = {k}" for k in STUDIES)
            + " | "
            + " | ".join(f"rate {100 * rate:g}%" for rate in RATES)
            + " | "
            + " | ".join(f"tau {tau:g}" for tau in TAUS)
            + " | lowest | width |",
            "|---|" + "---:|" * (len(STUDIES) + len(RATES) + len(TAUS) + 2),
        ]
        for name, rows in own.groupby("interval", sort=False):
            figures = [
                100 * rows.loc[rows[column] == value, "coverage"].mean()
                for column, values in (("k", STUDIES), ("rate", RATES), ("tau", TAUS))
                for value in values
            ]
            figures += [100 * rows["coverage"].min(), 100 * rows["width"].mean()]
            lines.append(f"| {name} | " + " | ".join(f"{figure:.1f}" for figure in figures) + " |")
        parts.append("\n".join(lines))
    return TEXT.format(
        tables="\n\n".join(parts),
        repeats=f"{repeats:,}",
        scenarios=len(SCENARIOS),
        error=error,
        sizes=" or ".join(SIZES),
        seed=SEED,
        reading=_reading(table),
    )


TEXT = """\
# Coverage of the intervals

Written by `make coverage`; do not edit. Simulated: {scenarios} scenarios, {repeats} sets of studies each (seed {seed}); {sizes}; logits of the
true rates are normal with standard deviation tau around that of the median rate. A nominal 95% interval should cover in 95 of 100 sets; the
simulation error of one scenario is {error:.1f} points. Each figure is a mean over all scenarios with that k, rate or tau, in percent;
`lowest` is the worst scenario, `width` the mean width in percentage points.

{tables}

{reading}
"""
READING = """\
## What it shows, and where each fails
* **GLMM with t(k-1)**, the default of the questions, is the only interval of the answer that nowhere falls far below its promise: in its worst
  scenario it covers {glmm:.1f}%. It is too wide where the studies do not differ (tau 0), and a little short with five studies of very
  different sizes that do.
* **GLMM with Wald** is too short with few studies, as expected from a normal quantile.
* **Inverse variance on logits** fails where events are rare and studies small: adding one half to studies at zero pulls the rates towards one
  half, and more studies only make the interval around the wrong place narrower (worst scenario {iv:.1f}%). With rates around 40% it holds. Among
  its intervals the safeguard of Hartung-Knapp costs little and helps; Kenward-Roger covers more with few studies by being twice as wide.
* **DerSimonian-Laird with Wald**, is short and among the worst.
* **Arcsine and double arcsine** need no correction and fail less, but with many studies of rare events they do, even without differences
  between the studies: the transform is biased where counts are small, and the double arcsine also has to be read back at one size.
* **No prediction interval is right everywhere.** With few studies the spread between them is hardly known: that of the GLMM with t(k-1) covers a
  new study in {prediction:.1f}% of cases in its worst scenario, mostly with five to ten studies that differ moderately. t(k-2) is safer with
  three studies at the price of saying little. All are too wide where the studies do not differ.
* Prediction intervals of the GLMM are not given where every study is at 0 or n, and those sets are left out of its rows.

The defaults follow: GLMM with t(k-1) for the answer and for prediction, inverse variance with the safeguarded Hartung-Knapp interval beside it.
Not simulated: rates that are not normal on the logit scale, profile-likelihood and Bayesian intervals, the beta-binomial model, and the
bootstrap prediction interval, which is computed one set at a time.
"""


def _reading(table: pd.DataFrame) -> str:
    """The text below the tables, with the worst figures of the defaults."""

    def worst(of: str, interval: str) -> float:
        rows = table[(table["of"] == of) & (table["interval"] == interval)]
        return 100 * float(rows["coverage"].min())

    return READING.format(
        glmm=worst("mean", "GLMM, t(k-1)"),
        iv=worst("mean", "log odds, REML, hartung knapp"),
        prediction=worst("prediction", "GLMM, t(k-1)"),
    ).rstrip()


def run(repeats: int, say: Callable[[str], None] | None = None) -> pd.DataFrame:
    """Every scenario: one row per scenario and interval.

    Args:
        repeats: sets of studies per scenario.
        say: told how far it is.

    Returns:
        `k`, `sizes`, `rate`, `tau`, `of` ("mean" or "prediction"), `interval`, `coverage` (a
        fraction), `width` (a fraction), `repeats`.
    """
    rows: list[dict[str, object]] = []
    start = time.perf_counter()
    for number, scenario in enumerate(SCENARIOS, start=1):
        rows += study(scenario, repeats, np.random.default_rng([SEED, number]))
        left = (time.perf_counter() - start) / number * (len(SCENARIOS) - number)
        if say is not None:
            say(f"{number} of {len(SCENARIOS)} scenarios, {left:.0f} s left")
    return pd.DataFrame(rows).assign(repeats=repeats).round(6)


def main(repeats: int, out: Path) -> None:
    """Run every scenario, tell how far it is, and write the page and its table."""
    table = run(repeats, lambda text: print(f"\r{text} ", end="", file=sys.stderr))
    print(file=sys.stderr)
    table.to_csv(out.with_suffix(".csv"), index=False)
    out.write_text(page(pd.read_csv(out.with_suffix(".csv"))), encoding="utf-8")
    print(f"wrote {out} and {out.with_suffix('.csv')}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000, Path("docs/coverage.md"))
