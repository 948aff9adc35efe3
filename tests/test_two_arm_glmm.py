"""Mixed models of two arms and the exact odds ratio: reference values, a second way, corners."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from evidence import Model, number_needed, pool
from evidence.measures.measure import MEASURES
from evidence.measures.two_arm import says_nothing
from evidence.pooling.options import TWO_ARM
from evidence.pooling.ratios import arms_of
from evidence.pooling.two_arm_glmm import TWO_ARM_MODELS, fit_two_arm, tau_limits

from .reference_calls import MEASURE_OF, agree, calls, frame, label, load
from .test_two_arm import comparisons

NAMES = {
    "UM.FS": "fixed_baseline", "CM.EL": "conditional", "CM.AL": "conditional_approximate",
}  # fmt: skip
UNBOUNDED = ("edge_bin_allevents", "CM.EL")
TIGHT = [
    (n, i)
    for n, i, c in calls("glmm_tight")
    if c["measure"] in ("OR", "IRR") and c["integral"] != "agq7" and (n, c["model"]) != UNBOUNDED
]
LME4 = [
    (n, i)
    for n, i, c in calls("rma.glmm")
    if c["measure"] in ("OR", "IRR")
    and c.get("model") in NAMES
    and "mods" not in c
    and c["method"] == "ML"
    and n not in ("bin_hine1989", "edge_bin_allevents", "edge_bin_hugen")
]


def fitted(name, call):
    measure, rows = MEASURES[MEASURE_OF[call["measure"]]], frame(name)
    rows = rows[~says_nothing(rows, measure)]
    return fit_two_arm(arms_of(rows, measure), NAMES[call["model"]])


def parametrize(found):
    return pytest.mark.parametrize(("name", "position"), found, ids=label)


@parametrize(TIGHT)
def test_two_arm_maximum_likelihood(name, position):
    call = load(name)["calls"][position]
    theirs, ours = call["result"], fitted(name, call)
    tol = 1e-6 if name == "edge_bin_hugen" else 1e-7
    if call["method"] == "FE":
        found = (ours.common_effect, ours.common_se, ours.common_log_likelihood)
        agree(found, [theirs[key] for key in ("beta", "se", "ll")], tol, "common")
        return
    agree(ours.effect, theirs["beta"], tol, "effect")
    agree(ours.se, theirs["se"], tol, "se")
    agree(ours.tau**2, theirs["tau2"], tol, "tau2")
    agree(ours.log_likelihood, theirs["ll"], tol, "log-likelihood")
    assert (ours.tau == 0) == theirs["boundary"]
    assert ours.accuracy < 1e-8


@parametrize(LME4)
def test_two_arm_models_of_metafor(name, position):
    call = load(name)["calls"][position]
    theirs, ours = call["result"], fitted(name, call)
    assert abs(ours.effect - theirs["beta"][0]) < 5e-3 * theirs["se"][0]
    assert ours.se == pytest.approx(theirs["se"][0], rel=6e-3)
    assert ours.tau**2 == pytest.approx(theirs["tau2"], rel=3e-3, abs=1e-6)


def test_stijnen_2010_two_arm_models():
    """Stijnen, Hamza and Ozdemir (2010), doi 10.1002/sim.4040, tables III and VIII."""
    rows, rates = frame("bin_nielweise2007"), frame("rate2_nielweise2008")
    known = {
        "conditional": (-1.353, 0.351, 0.83), "conditional_approximate": (-1.303, 0.339, 0.78),
    }  # fmt: skip
    for two_arm, expected in known.items():
        answer = pool(rows, "odds_ratio", Model(method="glmm", two_arm=two_arm, interval="wald"))
        found = (answer.effect, answer.se, answer.heterogeneity.tau2**0.5)
        assert found == pytest.approx(expected, abs=5.1e-3), two_arm
    answer = pool(rates, "rate_ratio", Model(method="glmm", interval="wald"))
    found = (answer.estimate, answer.interval.low, answer.interval.high)
    assert found == pytest.approx((0.62, 0.39, 0.99), abs=5e-3)


def test_the_integral_in_a_second_way():
    """The conditional likelihood at the estimate, by scipy's hypergeometric and adaptive quad."""
    rows = comparisons([2, 0, 5, 9], [30, 20, 41, 60], [6, 3, 9, 8], [31, 22, 40, 58])
    found = fit_two_arm(arms_of(rows, MEASURES["odds_ratio"]), "conditional")
    total = 0.0
    for a, n1, c, n2 in rows.iloc[:, :4].itertuples(index=False):

        def part(b, a=a, n1=n1, c=c, n2=n2):
            ratio = np.exp(found.effect + found.tau * b)
            law = stats.nchypergeom_fisher(n1 + n2, n1, a + c, ratio)
            return law.pmf(a) * stats.norm.pdf(b)

        total += np.log(integrate.quad(part, -8, 8, epsabs=1e-13)[0])
    assert found.log_likelihood == pytest.approx(total, abs=1e-8)


def test_tau_limits_lie_where_the_likelihood_has_fallen():
    arms = arms_of(frame("bin_bcg"), MEASURES["odds_ratio"])
    found = fit_two_arm(arms, "conditional_approximate")
    low, high = tau_limits(arms, "conditional_approximate", found, 1.9207)
    assert 0 < low < found.tau < high
    flat = arms_of(frame("bin_hine1989"), MEASURES["odds_ratio"])
    none = fit_two_arm(flat, "fixed_baseline")
    assert (none.tau, tau_limits(flat, "fixed_baseline", none, 1.9207)[0]) == (0.0, 0.0)


@pytest.mark.parametrize("two_arm", TWO_ARM)
def test_swapped_arms_turn_the_mixed_model(two_arm):
    rows = frame("bin_egger2001").query("events_t + events_c < 300")
    if two_arm == "conditional_approximate":
        return  # its binomial stands for the events only
    one, other = (
        fit_two_arm(arms_of(r, MEASURES["odds_ratio"]), two_arm)
        for r in (
            rows,
            rows.rename(columns=lambda n: {"_t": n[:-1] + "c", "_c": n[:-1] + "t"}.get(n[-2:], n)),
        )
    )
    assert one.effect == pytest.approx(-other.effect, rel=1e-7)
    assert one.tau == pytest.approx(other.tau, rel=1e-6)


def test_a_comparison_without_events_changes_nothing_and_is_named():
    rows = frame("bin_nielweise2007")
    with_it, without = (
        pool(r, "odds_ratio", Model(method="glmm")) for r in (rows, rows.drop(index=14))
    )
    assert with_it.effect == without.effect
    assert any("the likelihood keeps it" in caution for caution in with_it.cautions)
    assert with_it.left_out["study_id"].tolist() == ["study-14"]


def test_mixed_models_that_cannot_be_fitted_say_so():
    rows = frame("edge_bin_allevents")
    with pytest.raises(ValueError, match="every table lies at an end of what its margins allow"):
        pool(rows, "odds_ratio", Model(method="glmm"))
    with pytest.raises(ValueError, match=r"one arm has no event .* use method='peto'"):
        pool(frame("edge_bin_onearm"), "odds_ratio", Model(method="glmm"))
    with pytest.raises(ValueError, match="works on odds and rate ratios, not on risk_ratio"):
        pool(rows, "risk_ratio", Model(method="glmm"))
    with pytest.raises(ValueError, match="offer the intervals: t, wald"):
        pool(rows, "odds_ratio", Model(method="glmm", interval="profile"))
    with pytest.raises(ValueError, match=r"two_arm 'UM\.FS' is unknown"):
        Model(two_arm="UM.FS")
    with pytest.raises(ValueError, match="not for tables this large"):
        pool(frame("edge_bin_hugen"), "odds_ratio", Model(method="glmm"))


def test_every_two_arm_model_has_a_reference():
    assert (
        {NAMES[load(n)["calls"][i]["model"]] for n, i in TIGHT}
        == set(TWO_ARM)
        == set(TWO_ARM_MODELS)
    )


def test_exact_odds_ratio_of_one_table_is_fishers():
    rows = comparisons([3, 0], [20, 30], [9, 0], [22, 28])
    both = pool(
        pd.concat([rows.head(1)] * 2).assign(study_id=["a", "b"]),
        "odds_ratio",
        Model(method="exact"),
    )
    one = stats.contingency.odds_ratio([[6, 34], [18, 26]], kind="conditional")
    assert both.interval.low < both.estimate < both.interval.high
    assert both.estimate == pytest.approx(one.statistic, rel=0.03)


def test_exact_odds_ratio_by_brute_force():
    rows = comparisons([2, 4], [10, 12], [5, 7], [11, 12])
    answer = pool(rows, "odds_ratio", Model(method="exact"))

    def laws(odds):
        return [
            stats.nchypergeom_fisher(21, 10, 7, odds),
            stats.nchypergeom_fisher(24, 12, 11, odds),
        ]

    def tail(odds, side):
        one, two = (law.pmf(np.arange(13)) for law in laws(odds))
        sums = np.convolve(one, two)
        return sums[6:].sum() if side == "low" else sums[:7].sum()

    assert tail(answer.interval.low, "low") == pytest.approx(0.025, rel=1e-8)
    assert tail(answer.interval.high, "high") == pytest.approx(0.025, rel=1e-8)
    assert sum(law.mean() for law in laws(answer.estimate)) == pytest.approx(6, rel=1e-9)


def test_exact_odds_ratio_at_its_ends():
    none = pool(frame("edge_bin_onearm"), "odds_ratio", Model(method="exact"))
    assert (none.estimate, none.interval.low, none.effect) == (0.0, 0.0, None)
    turned = comparisons([3, 5], [50, 40], [0, 0], [50, 40])
    endless = pool(turned, "odds_ratio", Model(method="exact"))
    assert endless.estimate is None and any("no upper limit" in text for text in endless.cautions)
    with pytest.raises(ValueError, match="pools odds ratios, not risk_ratio"):
        pool(turned, "risk_ratio", Model(method="exact"))


@pytest.mark.parametrize("key", ["risk_ratio", "odds_ratio", "risk_difference"])
def test_numbers_needed_agree_with_the_risks(key):
    answer = pool(frame("bin_bcg"), key)
    found = number_needed(answer, [0.01, 0.2])
    assert (found["risk"] - found["baseline"]).to_numpy() == pytest.approx(found["difference"])
    assert found["needed"].to_numpy() == pytest.approx(1 / found["difference"].abs())
    assert (found["low"] <= found["difference"]).all() and (
        found["difference"] <= found["high"]
    ).all()
    assert found["reading"].str.startswith("1 event fewer in ").all()


def test_numbers_needed_in_words():
    unsure = comparisons([9, 12], [50, 60], [10, 13], [50, 61])
    words = number_needed(pool(unsure, "risk_ratio"), [0.2])["reading"].iloc[0]
    assert " to \N{INFINITY} to 1 more in " in words
    same = comparisons([10, 12], [50, 60], [10, 12], [50, 60])
    words = number_needed(pool(same, "risk_ratio"), [0.2])["reading"].iloc[0]
    assert words.startswith("no difference (1 fewer in ") and " to 1 more in " in words
    with pytest.raises(ValueError, match="numbers needed to treat come from a pooled risk_ratio"):
        number_needed(pool(frame("rate2_nielweise2008"), "rate_ratio"), [0.2])
    with pytest.raises(
        ValueError, match=r"a baseline risk lies between 0 and 1, such as 0\.2; not 1"
    ):
        number_needed(pool(same, "risk_ratio"), [1])
