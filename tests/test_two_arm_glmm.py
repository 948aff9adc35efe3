"""Mixed models of two arms and the exact odds ratio: reference values, a second way, corners."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, optimize, special, stats

from evidence import Model, number_needed, pool
from evidence.measures.measure import MEASURES
from evidence.measures.two_arm import says_nothing
from evidence.pooling import hypergeometric, two_arm_integrals
from evidence.pooling.heterogeneity import Interval
from evidence.pooling.options import TWO_ARM
from evidence.pooling.ratios import arms_of
from evidence.pooling.two_arm_glmm import SURFACES, fit_two_arm, settle
from evidence.pooling.two_arm_likelihoods import TWO_ARM_LIKELIHOODS
from evidence.pooling.two_arm_limits import effect_limits, tau_limits

from .reference_calls import MEASURE_OF, agree, calls, frame, label, load
from .test_two_arm import comparisons

NAMES = {
    "UM.FS": "fixed_baseline", "CM.EL": "conditional", "CM.AL": "conditional_approximate",
    "UM.RS": "random_baseline",
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
    and c.get("model") in ("UM.FS", "CM.EL", "CM.AL")
    and "mods" not in c
    and c["method"] == "ML"
    and n not in ("bin_hine1989", "edge_bin_allevents", "edge_bin_hugen")
]
RANDOM = [(n, i) for n, i, _ in calls("rma.glmm", model="UM.RS")]
RANDOM_FLEISS = next(i for n, i in RANDOM if n == "meta_Fleiss1993bin")


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


@parametrize(RANDOM)
def test_random_baselines_of_metafor(name, position):
    """Without tau metafor integrates by seven nodes; with it by one (Laplace)."""
    call = load(name)["calls"][position]
    theirs, ours = call["result"], fitted(name, call)
    if call["method"] == "FE":
        found = [ours.common_effect, ours.common_se, ours.common[3] ** 2]
        agree(found, [theirs["beta"][0], theirs["se"][0], theirs["sigma2"]], 1e-4, "common")
        return
    if name == "meta_Fleiss1993bin":
        return  # two maxima: see below
    found = [ours.effect, ours.se, ours.tau**2, ours.point[3] ** 2]
    wanted = [theirs["beta"][0], theirs["se"][0], theirs["tau2"], theirs["sigma2"]]
    agree(found, wanted, 3e-2, "random")
    assert ours.accuracy < 1e-9


def test_the_higher_of_two_maxima_is_taken():
    """Of meta_Fleiss1993bin metafor reports the lower one, inside; the higher one is at 0."""
    call = load("meta_Fleiss1993bin")["calls"][RANDOM_FLEISS]
    ours = fitted("meta_Fleiss1993bin", call)
    start = np.array([call["result"]["beta"][0], call["result"]["tau2"] ** 0.5, -2.06, 0.33])
    point, inside = settle(ours.surface, start)
    assert point[1] ** 2 == pytest.approx(call["result"]["tau2"], rel=2e-2)
    assert ours.tau == 0 and ours.log_likelihood > inside.value + 0.005


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


def dense(rows, point):
    """Log-likelihood with random baselines, by a plain grid over both normal laws."""
    theta, tau, mean, sd = point
    z = np.arange(-7.5, 7.51, 0.15)
    effect, base = theta + tau * z[:, None], mean + sd * z[None, :]
    up, down = base + effect / 2, base - effect / 2
    prior = np.add.outer(stats.norm.logpdf(z), stats.norm.logpdf(z)) + 2 * np.log(0.15)
    total = 0.0
    for row in rows.itertuples(index=False):
        if "total_t" in rows:
            part = stats.binom.logpmf(row.events_t, row.total_t, special.expit(up))
            part = part + stats.binom.logpmf(row.events_c, row.total_c, special.expit(down))
        else:
            part = stats.poisson.logpmf(row.events_t, row.person_time_t * np.exp(up))
            part = part + stats.poisson.logpmf(row.events_c, row.person_time_c * np.exp(down))
        total += special.logsumexp(part + prior)
    return total


FEW = comparisons([0, 9, 7, 0, 5], [40, 35, 50, 45, 61], [4, 3, 9, 0, 14], [41, 36, 52, 44, 60])


@pytest.mark.parametrize(
    "rows", [FEW, frame("rate2_nielweise2008").head(5)], ids=["people", "time"]
)
def test_random_baselines_in_a_second_way(rows):
    measure = MEASURES["odds_ratio" if "total_t" in rows else "rate_ratio"]
    ours = fit_two_arm(arms_of(rows, measure), "random_baseline")
    found = optimize.minimize(
        lambda p: -dense(rows, (p[0], np.exp(p[1]), p[2], np.exp(p[3]))),
        [ours.effect + 0.02, np.log(ours.tau + 0.02), ours.point[2], np.log(ours.point[3])],
        method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-12},
    )  # fmt: skip
    assert ours.tau > 0 and ours.point[3] > 0
    assert ours.log_likelihood == pytest.approx(-found.fun, abs=1e-9)
    assert ours.point == pytest.approx(
        [found.x[0], np.exp(found.x[1]), found.x[2], np.exp(found.x[3])], abs=1e-6
    )


def test_tau_limits_lie_where_the_likelihood_has_fallen():
    arms = arms_of(frame("bin_bcg"), MEASURES["odds_ratio"])
    found = fit_two_arm(arms, "conditional_approximate")
    low, high = tau_limits(found, 1.9207)
    assert 0 < low < found.tau < high
    flat = arms_of(frame("bin_hine1989"), MEASURES["odds_ratio"])
    none = fit_two_arm(flat, "fixed_baseline")
    assert (none.tau, tau_limits(none, 1.9207)[0]) == (0.0, 0.0)


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
    assert any("the same at every ratio" in caution for caution in with_it.cautions)
    assert with_it.left_out["study_id"].tolist() == ["study-14"]


def test_mixed_models_that_cannot_be_fitted_say_so():
    rows = frame("edge_bin_allevents")
    with pytest.raises(ValueError, match="every table lies at an end of what its margins allow"):
        pool(rows, "odds_ratio", Model(method="glmm"))
    with pytest.raises(ValueError, match=r"one arm has no event .* use method='peto'"):
        pool(frame("edge_bin_onearm"), "odds_ratio", Model(method="glmm"))
    with pytest.raises(ValueError, match="works on odds and rate ratios, not on risk_ratio"):
        pool(rows, "risk_ratio", Model(method="glmm"))
    with pytest.raises(ValueError, match=r"two_arm 'UM\.FS' is unknown"):
        Model(two_arm="UM.FS")
    parted = comparisons([0, 20], [20, 20], [20, 0], [20, 22])
    for two_arm in ("fixed_baseline", "conditional_approximate", "random_baseline"):
        with pytest.raises(ValueError, match=r"no finite maximum .* use another two_arm"):
            pool(parted, "odds_ratio", Model(method="glmm", two_arm=two_arm))


def test_every_two_arm_model_has_a_reference():
    assert (
        {NAMES[load(n)["calls"][i]["model"]] for n, i in TIGHT + RANDOM}
        == set(TWO_ARM)
        == set(SURFACES)
        == set(TWO_ARM_LIKELIHOODS)
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


@pytest.mark.parametrize("listed", [100_000, 0], ids=["listed", "looked up"])
def test_the_law_of_a_large_table_is_that_of_all_its_counts(listed, monkeypatch):
    """A hundred counts, with steps between them, against the sum over thousands."""
    monkeypatch.setattr(hypergeometric, "LISTED", listed)
    rng = np.random.default_rng(5)
    for _ in range(40):
        n1, n2 = rng.integers(150, 4000, 2).astype(float)
        a, c = float(rng.integers(0, n1 + 1)), float(rng.integers(0, n2 + 1))
        table = hypergeometric.Table(a, n1 - a, c, n2 - c)
        theta = np.concatenate([rng.normal(0, 2, 4), [-20.0, 20.0]])
        counts = np.arange(max(0.0, a + c - n2), min(a + c, n1) + 1)
        ways = (
            special.gammaln(n1 + 1) - special.gammaln(counts + 1) - special.gammaln(n1 - counts + 1)
        )
        ways = ways - special.gammaln(a + c - counts + 1) - special.gammaln(n2 - a - c + counts + 1)
        terms = ways + theta[:, None] * (counts - a)
        whole = special.logsumexp(terms, axis=1)
        mass = np.exp(terms - whole[:, None])
        mean = mass @ (counts - a)
        spread = (mass * (counts - a - mean[:, None]) ** 2).sum(1)
        value, slope, curve = table.at(theta)
        assert value == pytest.approx(ways[int(a - counts[0])] - whole, rel=1e-8, abs=1e-8)
        assert slope == pytest.approx(-mean, rel=1e-8, abs=1e-8)
        assert curve == pytest.approx(-spread, rel=1e-8, abs=1e-8)


def test_tables_of_millions_are_answered():
    """With so many people the law is normal: close to the binomial arms with baselines apart."""
    rows, wald = frame("edge_bin_hugen"), Model(method="glmm", interval="wald")
    answer = pool(rows, "odds_ratio", wald)
    other = pool(rows, "odds_ratio", replace(wald, two_arm="fixed_baseline"))
    found = (answer.effect, answer.se, answer.heterogeneity.tau2)
    assert found == pytest.approx((other.effect, other.se, other.heterogeneity.tau2), rel=1e-5)
    assert answer.likelihood.accuracy < 1e-8
    exact = pool(rows, "odds_ratio", Model(method="exact"))
    fit = fit_two_arm(arms_of(rows, MEASURES["odds_ratio"]), "conditional")
    assert np.log(exact.estimate) == pytest.approx(fit.common_effect, abs=1e-12)
    limits = np.log([exact.interval.low, exact.interval.high])
    known = fit.common_effect + fit.common_se * stats.norm.ppf([0.025, 0.975])
    assert limits == pytest.approx(known, abs=2e-3 * fit.common_se)


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


@pytest.mark.parametrize(
    ("key", "estimate", "risk"),
    [
        ("risk_ratio", 0.5, 0.1),  # half of 0.2
        ("odds_ratio", 0.5, 1 / 9),  # odds of 1 to 4, halved: 1 to 8
        ("peto_odds_ratio", 3.0, 3 / 7),  # 3 to 4
        ("risk_difference", -0.05, 0.15),
    ],
)
def test_numbers_needed_by_hand(key, estimate, risk):
    ends = (estimate - 0.02, estimate + 0.02)
    answer = replace(pool(frame("bin_bcg"), key), estimate=estimate, interval=Interval(*ends, 0.95))
    found = number_needed(answer, [0.2]).iloc[0]
    assert found["risk"] == pytest.approx(risk, rel=1e-12)
    assert found["needed"] == pytest.approx(1 / abs(risk - 0.2), rel=1e-12)
    assert found["low"] < found["difference"] < found["high"]


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


@pytest.mark.parametrize("two_arm", TWO_ARM)
@pytest.mark.parametrize("held", [0, 1], ids=["effect", "tau"])
def test_profile_limits_by_a_general_optimiser(two_arm, held):
    """At each limit the best that any other coordinates can do has fallen by the drop."""
    found = fit_two_arm(arms_of(FEW, MEASURES["odds_ratio"]), two_arm)
    others = [i for i in range(len(found.point)) if i != held]

    def top(value):
        def lost(free):
            point = np.empty(len(found.point))
            point[held], point[others] = value, free
            spreads = list(found.surface.spreads)
            point[spreads] = np.abs(point[spreads])
            return -found.surface.height(point, False).value

        return max(
            -optimize.minimize(lost, start, method="BFGS", options={"gtol": 1e-7}).fun
            for start in (found.point[others], np.where(found.point[others] == 0, 0.7, 0.3))
        )

    limits = (effect_limits if held == 0 else tau_limits)(found, 1.9207)
    for limit in limits:
        if limit == 0 and held == 1:
            assert top(0.0) > found.log_likelihood - 1.9207
        else:
            assert top(limit) == pytest.approx(found.log_likelihood - 1.9207, abs=1e-6)


def test_a_grid_that_would_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr(two_arm_integrals, "LARGEST_GRID", 1000)
    with pytest.raises(ValueError, match="too many; use another two_arm"):
        pool(FEW, "odds_ratio", Model(method="glmm", two_arm="random_baseline"))


def test_a_hill_far_from_zero_is_found():
    """One large trial and small ones that differ: a climb from a small tau ends at 0."""
    rows = comparisons(
        [2805, 6, 24, 7], [14965, 116, 31, 104], [2696, 16, 6, 15], [14965, 116, 31, 104]
    )
    found = fit_two_arm(arms_of(rows, MEASURES["odds_ratio"]), "conditional_approximate")
    start = found.common.copy()
    start[1] = 0.1
    assert settle(found.surface, start)[0][1] == 0
    assert found.tau == pytest.approx(0.8045, abs=1e-4)
    assert found.log_likelihood > found.common_log_likelihood + 2


def test_baselines_of_one_height_are_found_beside_a_hill():
    rows = comparisons(
        [670, 36, 21, 60], [6399, 352, 248, 465], [619, 36, 25, 59], [6399, 352, 248, 465]
    )
    found = fit_two_arm(arms_of(rows, MEASURES["odds_ratio"]), "random_baseline")
    beside = settle(found.surface, found.surface.start)
    assert beside[0][3] > 0.05 and found.point[3] == 0
    assert found.log_likelihood > beside[1].value + 0.05


@pytest.mark.parametrize("two_arm", TWO_ARM)
def test_derivatives_and_information(two_arm):
    """Against differences; the shares of the studies add up to the information on the effect."""
    found = fit_two_arm(arms_of(FEW, MEASURES["odds_ratio"]), two_arm)
    height, point = found.surface.height, found.point + 0.05
    here, step = height(point, False), 1e-5
    for i in range(len(point)):
        ahead, behind = (height(point + side * step * np.eye(len(point))[i], False)
                         for side in (1, -1))  # fmt: skip
        assert here.gradient[i] == pytest.approx((ahead.value - behind.value) / 2e-5, abs=1e-5)
        slopes = (ahead.gradient - behind.gradient) / 2e-5
        assert here.hessian[i] == pytest.approx(slopes, abs=1e-5)
    rest = [i for i in range(len(point)) if i not in found.surface.spreads]
    whole = 1 / np.linalg.inv(-here.hessian[np.ix_(rest, rest)])[0, 0]
    assert here.information.sum() == pytest.approx(whole, rel=1e-10)
    flat, near = point.copy(), point.copy()
    flat[1], near[1] = 0.0, 1e-3
    rise = 2e6 * (height(near, True).value - height(flat, False).value)
    assert height(flat, False).hessian[1, 1] == pytest.approx(rise, rel=1e-4)


def test_a_profile_with_two_hills_follows_the_higher():
    """One large trial: tau is 0 at the top, and well above it at the lower limit of the effect."""
    size = [24021, 78, 115, 77, 45, 49]
    rows = comparisons([4405, 8, 29, 15, 1, 20], size, [4244, 11, 22, 9, 9, 8], size)
    arms = arms_of(rows, MEASURES["odds_ratio"])
    found = fit_two_arm(arms, "conditional_approximate")
    assert found.tau == 0
    for limit in effect_limits(found, 1.9207):
        tops = [
            settle(found.surface, np.array([limit, tau]), 0)[1].value
            for tau in (0.0, 0.05, 0.2, 0.5, 1.0)
        ]
        assert max(tops) == pytest.approx(found.log_likelihood - 1.9207, abs=1e-7)


def test_intervals_and_test_of_a_pooled_ratio():
    rows = frame("rate2_nielweise2008")
    fit = fit_two_arm(arms_of(rows, MEASURES["rate_ratio"]), "conditional")

    def half(interval):
        return (np.log(interval.high) - np.log(interval.low)) / 2

    spread = np.hypot(fit.tau, fit.se)
    for prediction, law in (
        ("matching", stats.t(8)), ("t_k2", stats.t(7)), ("normal", stats.norm),
    ):  # fmt: skip
        answer = pool(rows, "rate_ratio", Model(method="glmm", prediction=prediction))
        assert half(answer.prediction) == pytest.approx(law.ppf(0.975) * spread, rel=1e-12)
        assert half(answer.interval) == pytest.approx(stats.t(8).ppf(0.975) * fit.se, rel=1e-12)
    wald = pool(rows, "rate_ratio", Model(method="glmm", interval="wald"))
    assert half(wald.interval) == pytest.approx(stats.norm.ppf(0.975) * fit.se, rel=1e-12)
    limits = tau_limits(fit, stats.chi2(1).ppf(0.95) / 2)
    tau2 = wald.heterogeneity.tau2_interval
    assert (tau2.low, tau2.high) == pytest.approx(np.square(limits), rel=1e-12)
    ratio = 2 * (fit.log_likelihood - fit.common_log_likelihood)
    assert wald.heterogeneity.zero_p == pytest.approx(stats.chi2(1).sf(ratio) / 2, rel=1e-12)
    theirs = next(c["result"] for _, _, c in calls("rma.glmm", measure="IRR", model="CM.EL")
                  if c["result"]["k"] == 9 and c["method"] == "ML")  # fmt: skip
    normal = pool(rows, "rate_ratio", Model(method="glmm", prediction="normal")).prediction
    limits = [theirs["pi_lb"], theirs["pi_ub"]]
    assert np.log([normal.low, normal.high]) == pytest.approx(np.ravel(limits), abs=3e-3)


def test_profile_interval_of_studies_that_agree_is_that_of_all_together():
    """Six like studies: tau stays 0, so that the profile is that of one binomial count."""
    rows = pd.DataFrame(
        {"events_t": [4] * 6, "person_time_t": [50.0] * 6, "events_c": [9] * 6,
         "person_time_c": [60.0] * 6, "study_id": list("abcdef")}
    )  # fmt: skip
    answer = pool(rows, "rate_ratio", Model(method="glmm", interval="profile"))
    top = stats.binom.logpmf(24, 78, 24 / 78)

    def fallen(ratio):
        share = ratio * 50 / (ratio * 50 + 60)
        return stats.binom.logpmf(24, 78, share) - top + stats.chi2.ppf(0.95, 1) / 2

    known = (optimize.brentq(fallen, 0.01, 0.5), optimize.brentq(fallen, 0.6, 5))
    assert (answer.interval.low, answer.interval.high) == pytest.approx(known, rel=1e-7)
    assert answer.interval_text == "profile likelihood" and answer.heterogeneity.tau2 == 0


def test_a_profile_without_limits_says_so():
    ones = comparisons([1, 0, 1], [1, 1, 1], [0, 1, 0], [1, 1, 1])
    found = fit_two_arm(arms_of(ones, MEASURES["odds_ratio"]), "conditional_approximate")
    with pytest.raises(ValueError, match="has no limit for tau"):
        tau_limits(found, 1.9207)
