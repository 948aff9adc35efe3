"""Writes docs/agreement.md: what agrees with other software and articles, what does not, and why.

Run as `python -m tests.agreement docs/agreement.md`. The tests do the comparing; this page counts
what they compared and states the largest difference.
"""

# ruff: noqa: E501 - rows of a Markdown table are one line each
from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

from . import reference_calls

FILES = (
    "test_reference_effects.py", "test_reference_inverse_variance.py", "test_glmm.py",
    "test_regression.py", "test_dependence.py", "test_sensitivity_influence.py",
    "test_sensitivity_small_study.py", "test_reference_two_arm.py", "test_two_arm_glmm.py",
    "test_two_arm_zeros.py",
    "test_sensitivity_small_study.py", "test_sensitivity_selection.py",
    "test_reference_two_arm.py", "test_two_arm_glmm.py",
)  # fmt: skip
TOPICS = {
    "test_interval_of_one_study": "intervals of one proportion or rate (independent formulas, base R)",
    "test_effects_and_variances": "effects and variances of every measure (metafor `escalc`)",
    "test_random_effects": "random effects: tau², mean, interval, prediction, Q, I² (metafor `rma`)",
    "test_common_effect": "common effect (metafor `rma`, FE)",
    "test_the_way_back": "answers on the reading scale (metafor `predict`)",
    "test_tau2_intervals": "intervals of tau² (metafor `confint`: QP, PL, GENQ)",
    "test_meta_intervals": "Hartung-Knapp variants, Kenward-Roger, prediction, I² (meta)",
    "test_maximum_likelihood": "binomial and Poisson GLMM (independent solver, exact integral)",
    "test_without_a_random_effect": "the same without a random effect",
    "test_coefficients_and_tests": "meta-regression (metafor `rma` with moderators)",
    "test_predictions": "predictions of a regression (metafor `predict`)",
    "test_residual_tau2_interval": "residual tau² of a regression (metafor `confint`)",
    "test_between_groups": "test between subgroups (metafor)",
    "test_common_effect_of_all_tables": "Mantel-Haenszel and Peto (metafor `rma.mh`, `rma.peto`)",
    "test_stratified_tests": "Cochran-Mantel-Haenszel and Breslow-Day-Tarone (metafor)",
    "test_pooled_comparisons_of_meta": "pooled comparisons (meta `metabin`, `metainc`)",
    "test_two_arm_maximum_likelihood": "two-arm GLMMs (independent solver, exact integral)",
    "test_random_baselines_of_metafor": "two-arm GLMMs with random baselines (metafor `rma.glmm` UM.RS: seven nodes without, Laplace with tau²)",
    "test_with_and_without_against_metafor_and_meta": "comparisons without events, kept and left out (metafor, meta)",
    "test_konstantopoulos_2011_three_levels": "three-level model (metafor `rma.mv`)",
    "test_leave_one_out_is_metafors": "leave-one-out (metafor `leave1out`)",
    "test_influence_is_metafors": "influence diagnostics (metafor `influence`)",
    "test_cumulative_is_metafors": "cumulative answers (metafor `cumul`)",
    "test_regression_is_metafors": "regression tests of small-study effects (metafor `regtest`)",
    "test_rank_test_is_metafors": "rank test (metafor `ranktest`)",
    "test_regression_tests_are_metas": "tests of Egger, Harbord, Peters, Macaskill, Deeks, Pustejovsky and Rodgers (meta `metabias`)",
    "test_thompson_and_sharp_at_metas_tau2": "test of Thompson and Sharp, at meta's tau² (meta `metabias`)",
    "test_rank_tests_are_metas": "tests of Begg and of Schwarzer (meta `metabias`)",
    "test_without_each_study_and_cumulative_are_metas": "leave-one-out and cumulative answers (meta `metainf`, `metacum`)",
    "test_trim_and_fill_is_metafors": "trim and fill, standard error of the number (metafor `trimfill`)",
    "test_hackshaw_1998_with_three_steps": "step-function selection model (metafor's own tests of `selmodel`, six digits)",
    "test_cohen_1981_with_stated_weights": "selection model with stated weights (the same)",
    "test_cluster_robust_cr2": "cluster-robust variance CR2 (metafor with clubSandwich)",
    "test_cluster_robust_cr2_of_odds_ratios": "the same, of odds ratios",
}
TEXT = """\
# Agreement with other software and with articles

Written by `make agreement`; do not edit. The reference values, their sources and versions are in
`tests/reference/README.md`: metafor 3.8-1 and 5.1-0, meta 8.2-1, lme4 1.1-31, R 4.2.2, and an
independent maximum-likelihood solver.

## What agrees
The largest relative difference found, and the largest that the tests allow.

| what | values | largest difference | allowed |
|---|---:|---:|---:|
{rows}

Published worked examples, each a test named after its article: Miller 1978 (double arcsine),
DerSimonian and Kacker 2007 (ten estimators of tau²), Stijnen, Hamza and Ozdemir 2010 (logits, log
rates, binomial and Poisson GLMM, one and two arms), van Houwelingen 2002 (BCG, odds ratios),
Newcombe 1998 (intervals of one proportion), Raudenbush 2009 (normal prediction interval), Colditz 1994 (BCG), Yusuf 1985 (Peto), Morris 2008
(changes of scores), Konstantopoulos 2011 (three levels), Rubin 1981 (Bayesian, against a dense
grid), Hackshaw 1998 and Cohen 1981 (selection models; the figures are metafor's).

No published figures were at hand for the log, raw and single arcsine scales of proportions, the
raw, square-root and Freeman-Tukey scales of rates, Hartung-Knapp and its safeguards, Kenward-Roger,
the intervals of tau², the t, Hartung-Knapp and bootstrap prediction intervals, the estimators HSk
and PMM, subgroups, meta-regression, CR2, the beta-binomial model and Bayesian models of counts:
they are held against software (above) or against brute force (below) only.

## What does not agree, and why
| what | why |
|---|---|
| rma.glmm, metaprop and metarate with GLMM | lme4 stops early and uses seven nodes: compared at 1e-3 of tau² and 5e-3 standard errors. At all studies 0 or n it stops or returns a standard error in the ten thousands; here the bound with an exact limit is returned |
| GLMM at 100 million people per study | the independent solver loses digits there (4e-6 of the standard error). Ours agrees to 1e-11 with a likelihood written so that nothing cancels |
| meta, log and untransformed proportions with studies at n of n | meta leaves those studies uncorrected, metafor corrects them: we follow metafor |
| meta, untransformed rates near 1e-5 | meta's REML stops at an absolute change that is large beside a tau² of 1e-12: we follow metafor |
| metafor, back-transformed limits below zero on the square-root and arcsine scale | metafor squares them, which turns them upward; here they are read as zero |
| metafor, limits of untransformed proportions and rates | cut at 0 and 1 here |
| DerSimonian and Kacker 2007, ML | the article's tau of 0.0023 is one iteration short of the maximum at 0 |
| metafor, confint of type GENQ | its root finder stops within 2e-5 of tau²; at our limits the tail probability is 0.025 to eight digits, at its limits to four |
| metafor, ML regression of meta_Fleiss1993bin on year | two maxima; metafor stops at tau² = 0 (log-likelihood 2.466), ours is the higher (2.697 at 0.0094) |
| metafor, Q of a Mantel-Haenszel risk difference | leaves out comparisons without events, here they stay |
| meta, risk ratios of studies with a zero cell | meta adds 0.5 to events and people, metafor 0.5 and 1: we follow metafor |
| meta, differences of studies with a zero cell | meta corrects the variance only, metafor both: we follow metafor |
| meta, standardised mean differences | another variance (the unbiased one): we follow metafor |
| meta, Harbord's test of risk ratios | meta's statistic is up to a tenth away, and further where it is near zero; it is nearer to the score of the log risk ratio than to that of the log odds ratio. Ours is that of the log risk ratio, compared with differences of the likelihood |
| meta, random effects in `metainf`, `metacum` and Thompson and Sharp's test | its search for tau² stops early: the first two agree to 1e-4 of a standard error, the test to 1e-8 at meta's own tau² |
| rma.glmm UM.RS, tau² above 0 | metafor's Laplace approximation is off by up to 3 % of a variance; here the integral is exact, and is compared with a plain grid and a general optimiser (1e-9 of the log-likelihood, 1e-6 of the estimates) |
| rma.glmm UM.RS of meta_Fleiss1993bin | two maxima; metafor stops at the lower one inside (tau² 0.0072), ours is the higher one at 0 |
| rma.glmm UM.RS, comparisons without events | metafor leaves them out; here they stay, because they inform the baselines |
| rma.glmm CM.EL where every table lies at an end of its margins | the likelihood has no maximum; metafor gives a tau² in the thousands, here it is refused with the reason |
| one study | metafor and meta print a model with one study; here the study's own rate and interval are the answer |
| degrees of freedom of Kenward-Roger | those of Partlett and Riley 2017, as in meta; Kenward and Roger's own use the unadjusted variance |

## What is not compared
`fsn` (fail-safe N) and `tes` (excess significance) of metafor: neither is built, and `small_study` says why. `hc` (Henmi
and Copas) of metafor: not built. `robust` of metafor without clubSandwich (CR0, CR1): only CR2 is offered, the others are
too small with few clusters (Pustejovsky and Tipton 2018, doi 10.1080/07350015.2016.1247004).

The exact common odds ratio is compared with a convolution of scipy's hypergeometric laws. Profile
limits of two-arm models are compared with a general optimiser at the limits.
Probit and complementary log-log links, the beta-binomial model and the Bayesian models with counts
have no reference value: each is compared with dense numerical integration, with a general optimiser
or with a brute-force grid. The prediction interval of Nagashima et al. is compared with a simulation of
their algorithm. The iterated DerSimonian-Laird estimator is the Paule-Mandel estimator and is
compared with that.
"""


def table(record: list[tuple[str, float, float, int]]) -> str:
    """One row for each kind of comparison."""
    rows = []
    for test, words in TOPICS.items():
        found = [entry for entry in record if entry[0] == test]
        gap, allowed = max(entry[1] for entry in found), max(entry[2] for entry in found)
        count = sum(entry[3] for entry in found)
        rows.append(f"| {words} | {count} | {_power(gap)} | {allowed:.0e} |")
    return "\n".join(rows)


def _power(gap: float) -> str:
    """The next power of ten above, so that a rounding error does not change the page."""
    return f"< 1e{math.ceil(math.log10(max(gap, 1e-12)) + 1e-9):03d}"


def main() -> int:
    """Run the comparisons, write the page."""
    here = Path(__file__).parent
    files = [str(here / name) for name in FILES]
    failed = pytest.main(["-q", "-p", "no:randomly", "-p", "no:xdist", "--no-header", *files])
    if failed:
        return int(failed)
    page = TEXT.format(rows=table(reference_calls.RECORD))
    Path(sys.argv[1]).write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
