"""The one-arm mixed models: reference values, brute force, corners, properties."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from evidence import Model, pool
from evidence.errors import SynthesisError
from evidence.pooling.corners import exact_interval
from evidence.pooling.families import FAMILIES
from evidence.pooling.glmm_details import glmm_details
from evidence.pooling.glmm_fit import Problem, fit_glmm
from evidence.pooling.glmm_profile import mean_profile, tau_profile
from evidence.pooling.leave_one_out import leave_out_nearby
from evidence.pooling.quadrature import gauss_hermite, integrate, panels
from evidence.pooling.weighting import intercept

from .reference_calls import agree, calls, frame, label, load
from .test_published_examples import NIEL_WEISE_CONTROL, NIEL_WEISE_TREATED

GLMM = Model(method="glmm")
ONE_ARM = ("PLO", "IRLN", "PLOGIT")
TIGHT = [(n, i) for n, i, c in calls("glmm_tight", integral="exact") if c["measure"] in ONE_ARM]
AGQ7 = [(n, i) for n, i, c in calls("glmm_tight", integral="agq7") if c["measure"] in ONE_ARM]
COMMON = [(n, i) for n, i, c in calls("glmm_tight", integral="common") if c["measure"] in ONE_ARM]
LME4 = [
    (n, i)
    for n, i, c in calls("rma.glmm", "metaprop", "metarate")
    if c.get("method") in ("ML", "GLMM")
    and not {"mods", "subgroup", "tau_common"} & set(c)
    and c["measure"] in ONE_ARM
]


def problem(name, rule=None):
    rows = frame(name)
    people = "total" in rows
    size = rows["total" if people else "person_time"].to_numpy(float)
    family = FAMILIES["logit" if people else "log"]
    extra = {} if rule is None else {"rule": rule}
    return Problem(rows["events"].to_numpy(float), size, intercept(len(rows)), family, **extra)


def parametrize(found):
    return pytest.mark.parametrize(("name", "position"), found, ids=label)


@parametrize(TIGHT)
def test_maximum_likelihood(name, position):
    theirs, found = load(name)["calls"][position]["result"], fit_glmm(problem(name))
    # at n of 1e8 the reference's likelihood loses digits; ours agrees with itself to 1e-12 under
    # a likelihood written without cancellation (test_huge_counts_keep_their_digits)
    loose = 1e-5 if name == "edge_prop_hugen" else 1e-7
    agree(found.beta[0], theirs["beta"], loose, "mean")
    agree(found.covariance[0, 0] ** 0.5, theirs["se"], loose, "se")
    agree(found.tau**2, theirs["tau2"], loose, "tau2")
    agree(found.log_likelihood, theirs["ll"], 1e-7, "log-likelihood")
    assert (float(found.tau) == 0) == theirs["boundary"]
    assert found.accuracy < 1e-8


@parametrize(COMMON)
def test_without_a_random_effect(name, position):
    theirs = load(name)["calls"][position]["result"]
    if not np.isfinite(problem(name).family.link(np.array(frame(name)["events"].mean()))) and (
        name.endswith(("allzero", "allevents"))
    ):
        return
    found = fit_glmm(problem(name))
    agree(found.common_beta[0], theirs["beta"], 1e-7, "mean")
    agree(found.common_log_likelihood, theirs["ll"], 1e-7, "log-likelihood")


@parametrize(AGQ7)
def test_seven_nodes_have_the_reference_maximum(name, position):
    """The value at the reference's maximum of its own 7-node likelihood, and flat around it."""
    theirs, ours = load(name)["calls"][position]["result"], problem(name)
    start = fit_glmm(ours).start

    def value(beta, tau):
        eta = np.full(len(ours.events), beta)
        # the peaks must be exact here: with few nodes the value depends on them
        peak = start
        for _ in range(3):
            peak = exact_peak(ours, eta, tau, peak)
        found = integrate(ours.family, eta, np.array([tau]), ours.counts, gauss_hermite(7), peak)
        return float(found.log.sum() + ours.constant())

    beta, tau = theirs["beta"], theirs["tau"]
    assert value(beta, tau) == pytest.approx(theirs["ll"], rel=1e-7)


def exact_peak(problem, eta, tau, b):
    for _ in range(50):
        _, score, second = problem.family.terms(eta + tau * b, *problem.counts)
        b = b + np.clip((tau * score - b) / (1 - tau * tau * second), -0.3, 0.3)
    return b


@parametrize(LME4)
def test_lme4_agrees_as_far_as_it_goes(name, position):
    theirs = load(name)["calls"][position]["result"]
    if len(frame(name)) == 1 or name.endswith(("allzero", "allevents")):
        return
    found = fit_glmm(problem(name))
    if "nAGQ=1" in load(name)["calls"][position]["call"] or name.startswith("edge"):
        return  # Laplace is another likelihood; lme4 gives up at the edges
    beta = theirs["TE_random"] if "TE_random" in theirs else theirs["beta"][0]
    se = theirs["seTE_random"] if "TE_random" in theirs else theirs["se"][0]
    assert abs(float(found.beta[0]) - beta) < 5e-3 * se
    assert float(found.tau) ** 2 == pytest.approx(theirs["tau2"], rel=1e-3)


# Stijnen, Hamza and Ozdemir (2010), tables III and IV, and mean rates by an independent solver
@pytest.mark.parametrize(
    ("rows", "mean", "se", "tau2", "marginal"),
    [
        (NIEL_WEISE_CONTROL, -3.4964, 0.2570, 0.8124, 0.04159),
        (NIEL_WEISE_TREATED, -4.8121, 0.3555, 0.8265, 0.01196),
    ],
)
def test_stijnen_2010_glmm(rows, mean, se, tau2, marginal):
    answer = pool(rows, model=GLMM)
    assert answer.effect == pytest.approx(mean, abs=4e-4)
    assert answer.se == pytest.approx(se, abs=4e-4)
    assert answer.heterogeneity.tau2 == pytest.approx(tau2, abs=2e-3)
    assert answer.mean_rate == pytest.approx(marginal, abs=5e-6)


def test_profile_interval_of_tau2_published_nowhere_else():
    answer = pool(NIEL_WEISE_CONTROL, model=GLMM)
    limits = answer.heterogeneity.tau2_interval
    assert (limits.low, limits.high) == pytest.approx((0.326, 2.134), abs=5e-4)


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "log"])
@pytest.mark.parametrize(("mean", "tau"), [(-2.0, 0.3), (-1.0, 2.0), (1.0, 6.0)])
def test_integrals_against_a_dense_grid(link, mean, tau):
    if link == "log":
        mean -= 4
    x, n = np.array([0.0, 3, 12, 0, 25, 5]), np.array([10.0, 40, 100, 200, 25, 5])
    family = FAMILIES[link]
    b = np.linspace(-14, 14, 400_001)
    eta = mean + tau * b
    for i in range(len(x)):
        terms = family.terms(eta, x[i], n[i])[0] - 0.5 * b * b
        top = terms.max()
        dense = top + math.log(np.exp(terms - top).sum() * (b[1] - b[0]) / math.sqrt(2 * math.pi))
        ours = integrate(
            family, np.array([mean]), np.array([tau]), (x[i : i + 1], n[i : i + 1]), panels(36),
            np.zeros(1),
        )  # fmt: skip
        assert float(ours.log[0]) == pytest.approx(dense, abs=1e-8)


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "log"])
def test_scores_are_derivatives(link):
    x, n = np.array([0.0, 3, 12, 25]), np.array([10.0, 40, 100, 25])
    n = n * 10 if link == "log" else n
    eta = np.array([-1.3, -0.4, 0.3, 1.1])
    _, first, second = FAMILIES[link].terms(eta, x, n)
    up, down = (FAMILIES[link].terms(eta + d, x, n) for d in (1e-5, -1e-5))
    assert first == pytest.approx((up[0] - down[0]) / 2e-5, rel=1e-5)
    assert second == pytest.approx((up[1] - down[1]) / 2e-5, rel=1e-5)
    assert FAMILIES[link].link(FAMILIES[link].inverse(eta)) == pytest.approx(eta, abs=1e-9)
    slope = (FAMILIES[link].inverse(eta + 1e-6) - FAMILIES[link].inverse(eta - 1e-6)) / 2e-6
    assert FAMILIES[link].slope(eta) == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_a_general_optimiser_finds_nothing_higher(link):
    rows = frame("prop_pritz1997")
    x, n = rows["events"].to_numpy(float), rows["total"].to_numpy(float)
    here = Problem(x, n, intercept(len(x)), FAMILIES[link])
    found = fit_glmm(here)

    def minus(theta):
        terms = integrate(
            here.family, np.full(len(x), theta[0]), np.exp(theta[1:]), here.counts, panels(30),
            np.zeros(len(x)),
        )  # fmt: skip
        return -float(terms.log.sum() + here.constant())

    other = optimize.minimize(minus, [0.5, -0.5], method="Nelder-Mead", options={"xatol": 1e-6})
    assert float(found.log_likelihood) >= -other.fun - 1e-9
    assert other.x[0] == pytest.approx(float(found.beta[0]), abs=1e-3)


def test_the_test_of_tau_zero_knows_of_the_boundary():
    (tight,) = [c["result"] for n, _, c in calls("glmm_tight", integral="exact") if "pritz" in n]
    answer = pool(frame("prop_pritz1997"), model=GLMM)
    ratio = 2 * (tight["ll"] - tight["ll_tau0"])
    assert answer.heterogeneity.zero_p == pytest.approx(stats.chi2.sf(ratio, 1) / 2, rel=1e-6)
    assert pool(frame("edge_prop_homog"), model=GLMM).heterogeneity.zero_p == 1


def test_profile_limits_against_a_grid():
    here = problem("prop_debruin2009")
    found = fit_glmm(here)
    drop = stats.chi2.ppf(0.95, 1) / 2

    def value(beta, tau):
        terms = integrate(
            here.family, np.full(13, beta), np.array([tau]), here.counts, panels(30), np.zeros(13)
        )
        return float(terms.log.sum() + here.constant())

    for tau in tau_profile(found, 0.95):
        best = optimize.minimize_scalar(lambda b, t=tau: -value(b, t), bounds=(-2, 2))
        assert -best.fun == pytest.approx(float(found.log_likelihood) - drop, abs=1e-6)
    for beta in mean_profile(found, 0.95):
        best = optimize.minimize_scalar(lambda t, b=beta: -value(b, t), bounds=(0.05, 3))
        assert -best.fun == pytest.approx(float(found.log_likelihood) - drop, abs=1e-6)


def test_huge_counts_keep_their_digits():
    """The fit under a likelihood relative to the saturated one, where nothing cancels."""
    from dataclasses import replace

    from scipy import special

    def terms(eta, x, n):
        p = x / n
        rise = np.expm1(eta - special.logit(p))
        below = 1 + p * rise
        share = p * (1 + rise) / below
        value = n * (p * (eta - special.logit(p)) - np.log1p(p * rise))
        return value, -n * p * (1 - p) * rise / below, -n * share * (1 - share)

    here = problem("edge_prop_hugen")
    careful = fit_glmm(replace(here, family=replace(here.family, terms=terms)))
    assert float(fit_glmm(here).tau) == pytest.approx(float(careful.tau), rel=1e-11)


def counts(events, total):
    return pd.DataFrame(
        {"study_id": [f"s{i}" for i in range(len(events))], "events": events, "total": total}
    )


def test_nobody_anywhere():
    answer = pool(counts([0, 0, 0], [10, 20, 30]), model=GLMM)
    assert answer.estimate == 0
    assert answer.interval.low == 0
    assert answer.interval.high == pytest.approx(1 - 0.05 ** (1 / 60), rel=1e-12)
    assert "one-sided" in answer.cautions[0]


def test_everybody_everywhere():
    answer = pool(counts([10, 20], [10, 20]), model=GLMM)
    assert (answer.estimate, answer.interval.high) == (1, 1)
    assert answer.interval.low == pytest.approx(0.05 ** (1 / 30), rel=1e-12)


def test_no_event_in_any_person_time():
    rows = pd.DataFrame({"events": [0, 0], "person_time": [100.0, 50.5]})
    answer = pool(rows, "rate_log", GLMM)
    assert answer.interval.high == pytest.approx(-math.log(0.05) / 150.5, rel=1e-12)


def test_all_or_nothing():
    answer = pool(counts([0, 10, 0, 5], [10, 10, 7, 5]), model=GLMM)
    assert answer.estimate == 0.5
    assert answer.interval.low == pytest.approx(stats.beta.ppf(0.025, 2, 3))
    assert "no finite estimate" in answer.cautions[0]


def test_one_person_in_each_study():
    answer = pool(counts([0, 1, 1], [1, 1, 1]), model=GLMM)
    assert answer.estimate == pytest.approx(2 / 3)
    assert answer.heterogeneity is None


def test_one_study_has_its_exact_interval():
    answer = pool(counts([3], [10]), model=GLMM)
    assert answer.interval.low == pytest.approx(stats.beta.ppf(0.025, 3, 8))
    assert exact_interval(4, 10.0, False, 0.95)[1] == pytest.approx(stats.chi2.ppf(0.975, 10) / 20)


def test_rates_of_one_in_a_million():
    answer = pool(counts([3, 0, 9, 2], [2_000_000, 900_000, 5_000_000, 1_000_000]), model=GLMM)
    assert 1e-7 < answer.interval.low < answer.estimate < answer.interval.high < 1e-4


def whole_of(rows):
    events, total = (rows[name].to_numpy(float) for name in ("events", "total"))
    return Problem(events, total, intercept(len(rows)), FAMILIES["logit"])


def test_five_hundred_studies():
    rng = np.random.default_rng(5)
    total = rng.integers(5, 400, 500)
    events = rng.binomial(total, 1 / (1 + np.exp(2 + 0.8 * rng.standard_normal(500))))
    answer = pool(counts(events, total), model=GLMM)
    assert answer.heterogeneity.tau2 == pytest.approx(0.64, abs=0.15)


def test_leave_one_out_is_the_fit_without_the_study():
    rows = frame("prop_pritz1997")
    table = glmm_details(pool(rows, model=GLMM)).leave_one_out
    for i in (0, 4, 13):
        alone = pool(rows.drop(index=i), model=GLMM)
        row = table.iloc[i]
        assert row["effect"] == pytest.approx(alone.effect, rel=1e-8)
        assert (row["low"], row["high"]) == pytest.approx(
            (alone.interval.low, alone.interval.high), rel=1e-8
        )


def test_leave_one_out_reaches_the_corners():
    table = glmm_details(pool(counts([0, 0, 3], [9, 8, 20]), model=GLMM)).leave_one_out
    assert table["estimate"].iloc[2] == 0


def many(k, seed=5):
    rng = np.random.default_rng(seed)
    total = rng.integers(5, 400, k)
    return counts(rng.binomial(total, 1 / (1 + np.exp(2 + 0.8 * rng.standard_normal(k)))), total)


@pytest.mark.parametrize("measure", ["proportion_logit", "rate_log"])
def test_leaving_out_one_of_many_is_read_from_a_table(measure, monkeypatch):
    rows = many(70).assign(person_time=lambda rows: 1.3 * rows["total"])
    answer = pool(rows, measure, GLMM)
    table = glmm_details(answer).leave_one_out
    monkeypatch.setattr("evidence.pooling.glmm_details.MANY", 71)
    fitted = glmm_details(answer).leave_one_out
    for name in ("estimate", "low", "high", "effect", "se", "tau2"):
        assert table[name].to_numpy() == pytest.approx(fitted[name].to_numpy(), rel=1e-10)


@pytest.mark.parametrize(
    ("events", "total", "tabled"),
    [
        ([10, 20, 30] * 25, [100] * 75, True),
        ([10] * 75, [100] * 75, False),  # nothing differs: no random effect to move
        ([5] * 74 + [99], [100] * 75, False),  # one study makes all the difference
        ([0] * 74 + [9], [100] * 75, False),  # without it there is no event
    ],
)
def test_where_a_table_will_not_do_the_fits_are_made(events, total, tabled):
    rows = counts(events, total)
    whole = fit_glmm(whole_of(rows))
    assert (leave_out_nearby(whole) is not None) == tabled
    last = glmm_details(pool(rows, model=GLMM)).leave_one_out.iloc[-1]
    alone = pool(rows.iloc[:-1], model=GLMM)
    assert last["estimate"] == pytest.approx(alone.estimate, rel=1e-8)


def test_a_table_that_does_not_hold_is_not_used(monkeypatch):
    rows = many(70)
    whole = fit_glmm(whole_of(rows))
    monkeypatch.setattr("evidence.pooling.leave_one_out.EXACT", 1e-17)
    assert leave_out_nearby(whole) is None


def test_a_profile_that_was_not_climbed_is_an_error(monkeypatch):
    monkeypatch.setattr("evidence.pooling.glmm_profile.FAR", 0)
    x, n = np.array([0.0, 0, 0, 0, 0, 0, 54]), np.array([38.0, 80, 48, 40, 41, 61, 54])
    with pytest.raises(SynthesisError, match="was not climbed"):
        tau_profile(fit_glmm(Problem(x, n, intercept(7), FAMILIES["log"])), 0.95)


def test_far_profile_limits_are_reached_beside_near_ones():
    """A mean far down at a large tau takes more steps than its neighbours' do."""
    x = np.array([[0.0, 0, 0, 0, 0, 0, 54], [3, 6, 2, 4, 9, 1, 5]])
    n = np.array([[38.0, 80, 48, 40, 41, 61, 54]] * 2)
    both = fit_glmm(Problem(x, n, intercept(7), FAMILIES["log"]))
    high = tau_profile(both, 0.95)[1]
    assert high[0] == pytest.approx(117.840, abs=1e-3)  # brute force over a grid of means
    alone = fit_glmm(Problem(x[1], n[1], intercept(7), FAMILIES["log"]))
    assert high[1] == pytest.approx(float(tau_profile(alone, 0.95)[1]), rel=1e-7)


def test_shrunken_rates_lie_between_the_study_and_the_mean():
    rows = frame("prop_debruin2009")
    answer = pool(rows, model=GLMM)
    shrunken = glmm_details(answer).shrunken["estimate"].to_numpy()
    own = answer.studies["estimate"].to_numpy()
    between = (shrunken - own) * (shrunken - answer.estimate)
    assert np.all(between <= 1e-12)


@pytest.mark.parametrize("interval", ["t", "wald", "profile"])
def test_intervals_hold_the_estimate(interval):
    answer = pool(frame("prop_pritz1997"), model=Model(method="glmm", interval=interval))
    assert answer.interval.low < answer.estimate < answer.interval.high


def test_refusals():
    rows = counts([1, 2], [10, 10])
    with pytest.raises(ValueError, match="works on counts"):
        pool(rows, "proportion_arcsine", GLMM)
    with pytest.raises(ValueError, match="choose one of: t, wald, profile"):
        Model(method="glmm", interval="hartung_knapp")
    with pytest.raises(ValueError, match="link 'log' is unknown"):
        Model(method="glmm", link="log")
    with pytest.raises(ValueError, match="need an answer that a GLMM"):
        glmm_details(pool(rows))


STUDIES = st.lists(
    st.tuples(st.integers(1, 300), st.floats(0, 1)).map(lambda t: (round(t[0] * t[1]), t[0])),
    min_size=2, max_size=8,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(STUDIES)
def test_every_table_of_counts_has_an_answer(studies):
    events, total = zip(*studies, strict=True)
    answer = pool(counts(events, total), model=GLMM)
    assert 0 <= answer.interval.low <= answer.estimate <= answer.interval.high <= 1
    assert 0 <= answer.mean_rate_interval.low <= answer.mean_rate <= 1
    if answer.heterogeneity is not None:
        limits = answer.heterogeneity.tau2_interval
        assert 0 <= limits.low <= answer.heterogeneity.tau2 <= limits.high < math.inf
        assert answer.likelihood.accuracy < 1e-6
    numbers = answer.to_frame().select_dtypes("number").to_numpy(float)
    assert np.isfinite(numbers[~pd.isna(numbers)]).all()


@settings(max_examples=15, deadline=None)
@given(STUDIES)
def test_events_and_non_events_mirror_each_other(studies):
    events, total = (np.array(column) for column in zip(*studies, strict=True))
    one, other = (pool(counts(x, total), model=GLMM) for x in (events, total - events))
    assert one.estimate == pytest.approx(1 - other.estimate, abs=1e-7)
    back = pool(counts(events[::-1], total[::-1]), model=GLMM)
    assert one.estimate == pytest.approx(back.estimate, abs=1e-8)


def dense(x, n, mean, tau, b):
    """Posterior weights of one study's random effect on a grid, and the log-integral."""
    eta = mean + tau * b
    terms = x * eta - n * np.logaddexp(0, eta) - 0.5 * b * b
    mass = np.exp(terms - terms.max())
    return mass / mass.sum(), terms.max() + math.log(mass.sum() * (b[1] - b[0]))


B = np.linspace(-12, 12, 24_001)


def test_implied_weights_are_shares_of_the_curvature():
    answer = pool(frame("prop_pritz1997"), model=GLMM)
    tau, h = answer.heterogeneity.tau2**0.5, 1e-3
    curvature = []
    for x, n in answer.studies[["events", "total"]].to_numpy(float):
        up, here, down = (dense(x, n, answer.effect + d, tau, B)[1] for d in (h, 0, -h))
        curvature.append(-(up - 2 * here + down))
    shares = np.array(curvature) / sum(curvature)
    assert answer.studies["weight"].to_numpy() == pytest.approx(shares, rel=1e-4)


def test_shrunken_rates_have_the_posterior_mean_and_its_spread():
    answer = pool(frame("prop_pritz1997"), model=GLMM)
    tau = answer.heterogeneity.tau2**0.5
    table = glmm_details(answer).shrunken
    for i, (x, n) in enumerate(answer.studies[["events", "total"]].to_numpy(float)):
        mass, _ = dense(x, n, answer.effect, tau, B)
        centre = mass @ B
        variance = mass @ (B - centre) ** 2
        effect = answer.effect + tau * centre
        se = (answer.heterogeneity.tau2 * variance + variance**2 * answer.se**2) ** 0.5
        ends = 1 / (1 + np.exp(-(effect + np.array([-1, 0, 1]) * stats.norm.ppf(0.975) * se)))
        assert table[["low", "estimate", "high"]].iloc[i].to_numpy() == pytest.approx(
            ends, rel=1e-7
        )


@pytest.mark.parametrize("name", ["prop_pritz1997", "rate1_nielweise2008"])
def test_interval_of_the_mean_rate_is_the_delta_method(name):
    people = name.startswith("prop")
    answer = pool(frame(name), "proportion_logit" if people else "rate_log", GLMM)
    weight = np.exp(-0.5 * B * B) / np.exp(-0.5 * B * B).sum()

    def linked(mean, tau):
        eta = mean + tau * B
        rate = weight @ (1 / (1 + np.exp(-eta)) if people else np.exp(eta))
        return math.log(rate / (1 - rate)) if people else math.log(rate)

    at, h = np.array([answer.effect, answer.heterogeneity.tau2**0.5]), 1e-5
    slopes = [(linked(*(at + d)) - linked(*(at - d))) / (2 * h) for d in h * np.eye(2)]
    se = float(slopes @ np.array(answer.likelihood.covariance) @ slopes) ** 0.5
    ends = linked(*at) + np.array([-1, 1]) * stats.t.ppf(0.975, answer.k - 1) * se
    back = 1 / (1 + np.exp(-ends)) if people else np.exp(ends)
    ours = (answer.mean_rate_interval.low, answer.mean_rate_interval.high)
    assert ours == pytest.approx(tuple(back), rel=1e-7)
