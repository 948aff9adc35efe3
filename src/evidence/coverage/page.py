# ruff: noqa: E501 - rows of a Markdown table are one line each
"""The published page: the tables, where each interval fails, and what follows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..errors import EvidenceError
from ..formatting import percent
from .intervals import LEFT_OUT, MEAN, MEDIAN, NEW
from .scenarios import NESTED, RATES, SCENARIOS, SIZES, STUDIES, TAUS, WITHIN
from .simulation import SEED

FAR = 0.90
"""A coverage below this, by more than two standard errors, is called a failure."""
SPLITS: dict[str, dict[object, str]] = {
    "k": {k: f"k = {k}" for k in STUDIES},
    "sizes": {sizes: sizes.removesuffix(" people") for sizes in SIZES},
    "rate": {rate: f"rate {percent(rate, 0)}%" for rate in RATES},
    "tau": {tau: f"tau {tau:g}" for tau in TAUS},
}
TITLES = {
    MEDIAN: "Interval of the answer",
    MEAN: "Interval of the mean rate",
    NEW: "Prediction interval",
}


PUBLISHED = Path(__file__).resolve().parents[3] / "docs" / "coverage.csv"


def published() -> pd.DataFrame:
    """The table of the published study, as `run` returned it.

    Raises:
        EvidenceError: it is not there.

    >>> published()["interval"].nunique() > 20
    True
    """
    if not PUBLISHED.exists():
        raise EvidenceError(f"there is no {PUBLISHED}; `make coverage` writes it")
    return pd.read_csv(PUBLISHED)


def page(table: pd.DataFrame) -> str:
    """The whole page from the table of `run`."""
    single, nested = table[table["rows"] == 1], table[table["rows"] > 1]
    own = [single[single["of"] == of] for of in TITLES]
    parts = [
        f"## {title}\n\n{_coverages(some)}"
        for title, some in zip(TITLES.values(), own, strict=True)
    ]
    return TEXT.format(
        tables="\n\n".join(parts),
        failures=markdown(_printed(pd.concat(verdicts(some) for some in own))),
        nested=_coverages(nested, {NEW: " (prediction)"}),
        sets=f"{int(table['sets'].max()):,}",
        scenarios=len(SCENARIOS),
        cohorts=len(NESTED),
        within=WITHIN,
        sizes=" or ".join(SIZES),
        seed=SEED,
        far=percent(FAR, 0),
        reading=_reading(table),
        left_out="\n".join(f"* `{name}`: {why}." for name, why in LEFT_OUT.items()),
    )


def _coverages(rows: pd.DataFrame, of_what: dict[str, str] | None = None) -> str:
    """Coverage by each circumstance, as a mean over all scenarios that have it."""
    words = of_what or {}
    lines = []
    for (of, name), own in rows.groupby(["of", "interval"], sort=False):
        line = {"interval": f"{name}{words.get(str(of), '')}"}
        line["sets"] = f"{int(own['sets'].max()):,}"
        line["given"] = f"{percent(own['given'].sum() / own['sets'].sum(), 0)}%"
        for column, values in SPLITS.items():
            for value, title in values.items():
                some = own[own[column] == value]
                if len(some):
                    line[title] = _mean(some)
        line["width"] = percent(float(own["width"].mean()))
        lines.append(line)
    return markdown(pd.DataFrame(lines))


def _mean(rows: pd.DataFrame) -> str:
    """Mean coverage with its Monte Carlo standard error, in percent."""
    error = float((rows["error"] ** 2).sum()) ** 0.5 / len(rows)
    return f"{percent(float(rows['coverage'].mean()))} ({percent(error)})"


def verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """For each interval in how many scenarios it fails, and the one where it covers least.

    Args:
        table: what `run` gives.

    Returns:
        One row per interval: `of`, `interval`, `scenarios`, `failures` (coverage below `FAR` by
        more than two standard errors), and the fields of the worst scenario.
    """
    lines = []
    for _, own in table.groupby(["of", "interval"], sort=False):
        worst = own.iloc[int(own["coverage"].to_numpy().argmin())]
        failing = own["coverage"] + 2 * own["error"] < FAR
        lines.append(worst.to_dict() | {"scenarios": len(own), "failures": int(failing.sum())})
    return pd.DataFrame(lines)


def _printed(found: pd.DataFrame) -> pd.DataFrame:
    """The table of failures in words."""
    lines = [
        {
            "interval of": row["of"],
            "interval": row["interval"],
            f"below {percent(FAR, 0)}%": f"{row['failures']} of {row['scenarios']}",
            "covers least": f"{percent(row['coverage'])} ({percent(row['error'])})",
            "there": f"{row['k']} studies, {row['sizes']}, rate {percent(row['rate'], 0)}%, tau {row['tau']:g}",
        }
        for row in found.to_dict("records")
    ]
    return pd.DataFrame(lines)


def markdown(frame: pd.DataFrame) -> str:
    """A frame of texts as a table; the first column, and every one of words, to the left."""
    numbers = [bool(frame[name].str.match(r"\d").all()) for name in frame]
    rule = "|".join("---:" if number else "---" for number in numbers)
    lines = [" | ".join(frame.columns), *(" | ".join(row) for row in frame.to_numpy().tolist())]
    return "\n".join([f"| {lines[0]} |", f"|{rule}|", *(f"| {line} |" for line in lines[1:])])


TEXT = """\
# Coverage of the intervals

Written by `make coverage` (seed {seed}); do not edit. The whole table is in [coverage.csv](coverage.csv), figures in notebook 07.

Simulated are {scenarios} scenarios of up to {sets} sets of studies each; studies of {sizes}. Logits of the true rates are normal with standard deviation tau around that of the
median rate; counts are binomial. All methods see the same sets; those that take long see the first few of them, as the column `sets` says. `given` is the
share of sets in which the method gives an interval at all; the others are left out of its row. The names are the method and the option of `Model`.

Each figure is a coverage in percent that should be 95, the mean over all scenarios with that k, size, rate or tau; in brackets its Monte Carlo standard error.
`width` is the mean width in percentage points.

{tables}

## Several rows of one cohort

Three rows in each of k cohorts, {cohorts} scenarios: tau between cohorts, {within} between rows of a cohort. The prediction is that of one row of a new cohort.

{nested}

## Where each fails

In how many scenarios the coverage lies below {far}% by more than two standard errors, and the scenario where it is lowest. The lowest of few sets is lower by chance,
and failures are seen less often in them: compare the brackets.

{failures}

{reading}

## Not simulated
* Rates that are not normal on the logit scale, and sizes that go with the rate.
* The links probit and cloglog of the GLMM: the same intervals, on a scale that the simulation does not follow.
* Incidence rates; intervals of tau²; the interval of one study alone.
* Priors other than the default of the Bayesian methods, a half-normal of scale 0.5 on tau.
{left_out}
"""
READING = """\
## What it shows

* **GLMM with t**, the default of the questions, nowhere falls far below its promise: it covers {glmm_worst}% in its worst scenario, where every other interval that saw all sets
  falls to {others}% or less somewhere. Where the studies do not differ it covers {glmm_zero}% and is too wide. **Wald** covers {wald3}% with three studies. The **profile** interval, which is narrower,
  covers {profile3}% with three and {profile20}% with twenty.
* **Inverse variance on log odds** fails where events are rare and studies small: adding one half to studies at zero pulls the rates towards one half, and more studies only
  make the interval around the wrong place narrower. With the safeguarded Hartung-Knapp interval it covers {iv2}% at a rate of 2%, {iv40}% at 40%, and {iv_worst}% in its worst
  scenario. Without the safeguard it covers {plain_zero}% where the studies do not differ; Kenward-Roger covers {kr3}% with three studies at twice the width.
* **DerSimonian-Laird with Wald** covers {dl}% on average; a **common effect** {common09}% where tau is 0.9: it says nothing about studies that differ.
* **Arcsine and double arcsine** need no correction and fail less ({arcsine_worst}% and {double_worst}% at worst), with many studies of rare events, even where these do not differ:
  the transform is biased where counts are small, and the double arcsine has to be read back at one size.
* **Bayes** keeps its promise where its prior does: {bayes0}% (counts) where tau is 0, {bayes4}% at 0.4, {bayes9}% at 0.9, nearly twice the scale of the prior. On effects it also
  has the bias of the zero correction ({bayes_iv2}% at a rate of 2%).
* **The mean rate** is held by the GLMM with t in {mean_glmm}% and by the **beta-binomial** model with t in {mean_bb}%, although the simulated rates are not beta. With Wald both
  are too short.
* **No prediction interval is right everywhere.** With few studies the spread between them is hardly known: that of the GLMM with t(k-1) (`matching`) covers a new study in
  {new_worst}% of cases in its worst scenario and {new4}% on average where tau is 0.4. t(k-2) is safer with three studies ({new_k2}%) at the price of saying little. The beta-binomial
  one ({new_bb}%) takes its estimates as known, and there is none where it finds no difference between the studies. The Bayesian one holds {new_bayes}%, the bootstrap on log odds {new_boot}%: like all of inverse variance it loses rare events.
* **Rows of one cohort** pooled as studies of their own: {naive}%. The three-level model covers {three40}% and the cluster-robust interval {robust40}% at a rate of 40%, but {three10}%
  and {robust10}% at 10%, less with more cohorts: both work on log odds and share the bias of the zero correction. Where events are rare, one row of each cohort and the GLMM are safer.

The defaults follow: GLMM with t(k-1) for the answer and for prediction, inverse variance with the safeguarded Hartung-Knapp interval beside it, and one row of each
cohort.
"""


def _reading(table: pd.DataFrame) -> str:
    """What the tables show, with their figures."""

    def mean(name: str, of: str = MEDIAN, **where: object) -> str:
        rows = table[(table["of"] == of) & (table["interval"] == name)]
        for column, value in where.items():
            rows = rows[rows[column] == value]
        return percent(float(rows["coverage"].mean()))

    def worst(name: str, of: str = MEDIAN) -> str:
        rows = table[(table["of"] == of) & (table["interval"] == name)]
        return percent(float(rows["coverage"].min()))

    quick = table[(table["of"] == MEDIAN) & (table["sets"] == table["sets"].max())]
    lowest = quick[quick["interval"] != "GLMM, t"].groupby("interval")["coverage"].min()
    others = percent(float(lowest.max()), 0)
    safe, bayes = "log odds, REML, hartung knapp", "Bayes, counts, posterior"
    return READING.format(
        glmm_worst=worst("GLMM, t"), glmm_zero=mean("GLMM, t", tau=0), wald3=mean("GLMM, wald", k=3),
        profile3=mean("GLMM, profile", k=3), profile20=mean("GLMM, profile", k=20),
        iv2=mean(safe, rate=0.02), iv40=mean(safe, rate=0.4), iv_worst=worst(safe),
        plain_zero=mean(f"{safe} plain", tau=0), kr3=mean("log odds, REML, kenward roger", k=3),
        dl=mean("log odds, DL, wald"), common09=mean("log odds, common effect, wald", tau=0.9),
        arcsine_worst=worst("arcsine, REML, hartung knapp"),
        double_worst=worst("double arcsine, REML, hartung knapp"),
        bayes0=mean(bayes, tau=0), bayes4=mean(bayes, tau=0.4), bayes9=mean(bayes, tau=0.9),
        bayes_iv2=mean("Bayes, effects, posterior", rate=0.02),
        mean_glmm=mean("GLMM, t", MEAN), mean_bb=mean("beta-binomial, t", MEAN),
        new_worst=worst("GLMM, matching", NEW), new4=mean("GLMM, matching", NEW, tau=0.4),
        new_k2=mean("GLMM, t k2", NEW, k=3), new_bb=mean("beta-binomial, beta", NEW),
        new_bayes=mean(bayes, NEW), new_boot=mean("log odds, REML, bootstrap", NEW),
        naive=mean("log odds, REML, rows taken as independent"), others=others,
        three40=mean("three levels, t", rate=0.4), three10=mean("three levels, t", rate=0.1),
        robust40=mean("cluster-robust, cr2", rate=0.4),
        robust10=mean("cluster-robust, cr2", rate=0.1),
    ).rstrip()  # fmt: skip
