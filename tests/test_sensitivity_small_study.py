"""Small-study effects: regression and rank tests, trim and fill, against metafor and meta."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from evidence import Model, SynthesisError, pool
from evidence.measures.measure import MEASURES
from evidence.measures.scores import exact_correction
from evidence.measures.two_arm import says_nothing, two_by_two
from evidence.pooling.inverse_variance import events
from evidence.pooling.inverse_variance import sizes as sizes_of
from evidence.pooling.likelihood import log_likelihood
from evidence.pooling.tau2 import TAU2_ESTIMATORS
from evidence.sensitivity.adjusted import ADJUSTED, adjusted
from evidence.sensitivity.asymmetry import limit_effect, rank_test, regression_test
from evidence.sensitivity.asymmetry_tests import (
    ADVICE,
    SCORES,
    TESTS,
    Sample,
    advice,
    chosen_tests,
)
from evidence.sensitivity.check import Stated
from evidence.sensitivity.small_study import NOT_BUILT, NOT_FOR_RATES, small_study
from evidence.sensitivity.subsets import COMMON, fit_subsets
from evidence.sensitivity.trim_fill import trim_and_fill

from .reference_calls import MEASURE_OF, agree, calls, frame, label, load
from .test_reference_inverse_variance import effects

PREDICTORS = {
    "sei": lambda v, n: np.sqrt(v), "vi": lambda v, n: v, "ni": lambda v, n: n,
    "ninv": lambda v, n: 1 / n, "sqrtni": lambda v, n: np.sqrt(n),
    "sqrtninv": lambda v, n: 1 / np.sqrt(n),
}  # fmt: skip


def known(function):
    return [
        (name, at)
        for name, at, call in calls(function)
        if call["measure"] in {*MEASURE_OF, "GEN"} and call.get("method") != "MH"
    ]


def parametrize(function):
    return pytest.mark.parametrize(("name", "at"), known(function), ids=label)


def sizes(name):
    """People or person-time of every study, both arms together; none in a file of effects alone."""
    if set(load(name)["data"]) >= {"yi", "vi"}:
        return np.zeros(len(load(name)["data"]["yi"]))
    rows = frame(name)
    parts = [one for one in rows if one.startswith(("total", "person_time", "n"))]
    return rows[parts].sum(axis=1).to_numpy(float)


@parametrize("regtest")
def test_regression_is_metafors(name, at):
    call = load(name)["calls"][at]
    y, v = effects(name, call["measure"])
    result = call["result"]
    n = sizes(name) if call.get("predictor") in ("ni", "ninv", "sqrtni", "sqrtninv") else v
    predictor = PREDICTORS[call.get("predictor", "sei")](v, n)
    method = call.get("method", "REML").replace("FE", COMMON)
    tau2 = {"lm": "", "rma": method}[call.get("model", "rma")]
    if np.ptp(y) < 1e-9:  # R divides rounding by rounding
        with pytest.raises(SynthesisError, match="have the same effect"):
            regression_test(y, v, predictor, tau2)
        return
    found = regression_test(y, v, predictor, tau2)
    tol = 1e-5 if name in ("edge_prop_hugen", "edge_prop_domin") else 2e-7
    agree(found.statistic, result["stat"], tol, "statistic")
    agree(found.p, result["pval"], 10 * tol, "p")
    agree([found.limit, found.slope], [result["intercept"], result["slope"]], 10 * tol, "beta")
    assert found.df == result.get("dfs", np.inf)
    if "limit_est" in result:
        ours = [found.limit, found.limit_low, found.limit_high]
        agree(ours, [result[f"limit_{end}"] for end in ("est", "ci_lb", "ci_ub")], 10 * tol)


@parametrize("ranktest")
def test_rank_test_is_metafors(name, at):
    call = load(name)["calls"][at]
    y, v = effects(name, call["measure"])
    found = rank_test(y, v)
    agree(found.tau, call["result"]["tau"], 1e-9, "tau")
    if call["exact"] is True:
        agree(found.p, call["result"]["pval"], 1e-7, "p")


def sm_of(call):
    """The measure of a call of metabias."""
    one_sided = {"metagen": "GEN", "metaprop": "PLO", "metarate": "IRLN"}
    return one_sided.get(call["measure"]) or call["call"].split("sm='")[1].split("'")[0]


def meta_sample(name, call):
    """The studies as meta sees them: it leaves out tables that say nothing.

    It corrects risk ratios differently, and its variance of a standardised difference is the
    unbiased one.
    """
    sm = sm_of(call)
    y, v = effects(name, sm, meta=True)
    if sm == "GEN":
        return Sample("mean", pd.DataFrame(), y, v, y, y, "REML", 0.95)
    measure, rows = MEASURES[MEASURE_OF[sm]], frame(name)
    if measure.kind == "two_arm":
        rows = rows[~says_nothing(rows, measure)]
    if sm == "RR":
        a, b, c, d = two_by_two(rows)
        add = 0.5 * ((a == 0) | (b == 0) | (c == 0) | (d == 0))
        one, two = (a + add, a + b + add), (c + add, c + d + add)
        y = np.log(one[0] / one[1]) - np.log(two[0] / two[1])
        v = 1 / one[0] - 1 / one[1] + 1 / two[0] - 1 / two[1]
    if sm == "SMD":
        df = (rows["n_t"] + rows["n_c"] - 2).to_numpy(float)
        share = (df - 2) / (df * exact_correction(df) ** 2)
        v = (1 / rows["n_t"] + 1 / rows["n_c"]).to_numpy(float) + (1 - share) * y**2
    return Sample(
        measure.key, rows, y, v, events(rows, measure), sizes_of(rows, measure), "REML", 0.95
    )


BIAS = {
    "Egger": "egger", "Thompson": "thompson_sharp", "Harbord": "harbord", "Peters": "peters",
    "Macaskill": "macaskill", "Deeks": "deeks", "Pustejovsky": "pustejovsky_rodgers",
    "Begg": "begg", "Schwarzer": "schwarzer",
}  # fmt: skip
RANKS = ("Begg", "Schwarzer")
METABIAS = [
    (name, at)
    for name, at, call in calls("metabias")
    if not (call["method_bias"] == "Harbord" and sm_of(call) == "RR")  # see docs/agreement.md
]


def metabias(*methods):
    found = [one for one in METABIAS if load(one[0])["calls"][one[1]]["method_bias"] in methods]
    return pytest.mark.parametrize(("name", "at"), found, ids=label)


@metabias("Egger", "Harbord", "Peters", "Macaskill", "Deeks", "Pustejovsky")
def test_regression_tests_are_metas(name, at):
    call = load(name)["calls"][at]
    result = call["result"]
    found = TESTS[BIAS[call["method_bias"]]].run(meta_sample(name, call))
    agree(found.statistic, result["statistic"], 1e-8, "statistic")
    agree([found.slope, found.se], [result["bias"], result["se_bias"]], 1e-8, "slope")
    agree(found.p, result["pval"], 1e-8, "p")
    assert found.df == result["df"]


@metabias("Thompson")
def test_thompson_and_sharp_at_metas_tau2(name, at):
    """Meta stops its search for tau2 early, so the regression is compared at meta's own value."""
    call = load(name)["calls"][at]
    result, sample = call["result"], meta_sample(name, call)
    sei = np.sqrt(sample.v)
    at_theirs = regression_test(sample.y, sample.v + result["tau2"], sei, COMMON)
    agree(at_theirs.statistic, result["statistic"], 1e-8, "statistic")
    agree([at_theirs.slope, at_theirs.se], [result["bias"], result["se_bias"]], 1e-8, "slope")
    agree(2 * special.stdtr(result["df"], -abs(at_theirs.statistic)), result["pval"], 1e-8, "p")
    x = np.column_stack([np.ones(len(sei)), sei])
    ours = TAU2_ESTIMATORS["REML"](sample.y, sample.v, x)
    heights = [
        log_likelihood(sample.y, sample.v, x, np.array(tau2), restricted=True)
        for tau2 in (ours, result["tau2"])
    ]
    assert heights[0] >= heights[1]
    plain = TESTS["thompson_sharp"].run(sample)
    assert plain.statistic == pytest.approx(result["statistic"], rel=0.02)


@metabias(*RANKS)
def test_rank_tests_are_metas(name, at):
    call = load(name)["calls"][at]
    found = TESTS[BIAS[call["method_bias"]]].run(meta_sample(name, call))
    agree(found.z, call["result"]["statistic"], 1e-8, "z")
    agree(2 * special.ndtr(-abs(found.z)), call["result"]["pval"], 1e-8, "p")


def log_odds(theta, base):
    return special.expit(base + theta)


def log_risk(theta, base):
    return special.expit(base) * np.exp(theta)


@pytest.mark.parametrize(
    ("key", "treated"), [("odds_ratio", log_odds), ("risk_ratio", log_risk)]
)  # fmt: skip
def test_scores_are_those_of_the_likelihood(key, treated):
    """The slope of the log-likelihood at no difference, and the information left by the baseline.

    By differences. Metafor has no such test, and meta's figures for risk ratios are other ones.
    """
    a, b, c, d = 7.0, 33.0, 15.0, 41.0
    share = (a + c) / (a + b + c + d)
    base, step = special.logit(share), 1e-4

    def height(theta, shift, counts):
        one, two = treated(theta, base + shift), special.expit(base + shift)
        return np.dot(counts, np.log([one, 1 - one, two, 1 - two]))

    score, variance = SCORES[key](tuple(np.array([x]) for x in (a, b, c, d)))
    seen = (a, b, c, d)
    slope = (height(step, 0, seen) - height(-step, 0, seen)) / (2 * step)
    assert score[0] == pytest.approx(slope, rel=1e-6)
    expected = ((a + b) * share, (a + b) * (1 - share), (c + d) * share, (c + d) * (1 - share))
    signs = np.array([(1, 1), (1, -1), (-1, 1), (-1, -1)])
    corners = [height(step * t, step * s, expected) for t, s in signs]
    middle = height(0, 0, expected)
    mixed = -np.dot(corners, signs.prod(axis=1)) / (4 * step**2)
    tt = -sum(height(step * t, 0, expected) - middle for t in (1, -1)) / step**2
    ss = -sum(height(0, step * s, expected) - middle for s in (1, -1)) / step**2
    people = a + b + c + d
    given_margins = people / (people - 1) if key == "odds_ratio" else 1.0
    assert variance[0] == pytest.approx(given_margins * (tt - mixed**2 / ss), rel=1e-5)


@parametrize("trimfill")
def test_trim_and_fill_is_metafors(name, at):
    call = load(name)["calls"][at]
    y, v = effects(name, call["measure"])
    if len(y) < 3:
        return
    result, method = call["result"], call.get("method", "DL").replace("FE", COMMON)
    filled = trim_and_fill(y, v, method, call.get("estimator", "L0"), call.get("side", ""))
    assert (filled.missing, filled.side) == (result["k0"], result["side"])
    tol = 1e-4 if method == "REML" else 1e-8
    if name != "edge_prop_k3":  # one study is left there, and R ranks the rounding of 0
        agree(filled.se, result["se_k0"], tol, "se of the number")
    mean = fit_subsets(
        filled.effect, filled.variance, np.ones((1, len(filled.effect)), bool), method
    )
    assert np.allclose(mean.effect[0], result["beta"], rtol=max(tol, 1e-6), atol=1e-8)
    assert np.allclose(np.sqrt(mean.variance[0]), result["se"], rtol=max(tol, 1e-6))
    if len(result.get("yi_filled", [])) == filled.missing:
        ours = np.sort(filled.effect[len(y) :])
        assert np.allclose(ours, np.sort(result["yi_filled"]), rtol=1e-4, atol=1e-6)


def test_every_kind_of_reference_is_there():
    for function, least in (("regtest", 226), ("ranktest", 52), ("trimfill", 151)):
        assert len(known(function)) >= least, function
    assert {load(n)["calls"][i]["method_bias"] for n, i in METABIAS} == set(BIAS)
    assert len(list(calls("metabias"))) - len(METABIAS) == 5


LIST = st.lists(
    st.tuples(st.floats(-3, 3), st.floats(0.05, 2)),
    min_size=4,
    max_size=9,
    unique_by=lambda s: s[1],
)


@given(LIST, st.floats(0.1, 10), st.floats(-5, 5))
def test_regression_does_not_mind_the_units_of_its_predictor(studies, factor, shift):
    y, v = np.array(studies).T
    if np.ptp(v) < 1e-3:
        return
    plain, moved = regression_test(y, v, v), regression_test(y, v, factor * v + shift)
    if plain.se > 1e-6:
        assert moved.p == pytest.approx(plain.p, abs=1e-6)


@given(LIST)
def test_the_mirror_image_is_filled_on_the_other_side(studies):
    y, v = np.array(studies).T
    left = trim_and_fill(y, v, COMMON, side="left")
    right = trim_and_fill(-y, v, COMMON, side="right")
    assert left.missing == right.missing
    assert np.allclose(np.sort(left.effect), np.sort(-right.effect), atol=1e-9)


def test_without_small_study_effects_the_limit_is_the_mean():
    v = np.array([0.01, 0.04, 0.09, 0.16, 0.25])
    found = limit_effect(np.full(5, 0.7), v, 0.0)
    assert found.limit == pytest.approx(0.7) and found.slope == pytest.approx(0.0, abs=1e-9)


def test_exact_rank_p_by_counting():
    # 3 studies in the very order: 1 of 6 orders has that many inversions, twice for two sides
    y, v = np.array([0.0, 1.0, 2.5]), np.array([0.1, 0.2, 0.3])
    found = rank_test(y, v)
    assert (found.tau, found.p) == (pytest.approx(1.0), pytest.approx(1 / 3))


TWELVE = pd.DataFrame(
    {
        "study_id": [f"s{i}" for i in range(12)],
        "events": [3, 6, 10, 1, 7, 2, 12, 5, 9, 4, 20, 8],
        "total": [11, 17, 21, 9, 50, 40, 60, 33, 28, 15, 90, 44],
    }
)


def test_refused_below_ten_unless_asked_for():
    answer = pool(TWELVE.head(9))
    for check in (small_study, adjusted):
        said = check(answer)
        assert said.verdict.startswith("No verdict: refused, because 9 studies cannot show it")
        assert said.table.empty
        assert len(check(answer, Stated(few_anyway=True)).table) >= 4


@pytest.mark.parametrize("method", ["inverse_variance", "glmm", "common_effect"])
def test_tests_that_fit_rates_come_first_and_none_decides(method):
    found = small_study(pool(TWELVE, model=Model(method=method)))
    assert found.verdict.startswith("No verdict: several tests")
    assert found.table["test"].tolist() == [
        "sample_size", "peters", "egger", "thompson_sharp", "begg"
    ]  # fmt: skip
    assert found.table["fits"].tolist() == [True, True, False, False, False]
    for name in (*NOT_BUILT, *NOT_FOR_RATES):
        assert name in found.text
    moved = adjusted(pool(TWELVE, model=Model(method=method)))
    assert moved.table["analysis"].tolist() == [
        "as observed", "trim and fill, L0", "trim and fill, R0", "limit meta-analysis"
    ]  # fmt: skip
    assert "No selection by p-value: a model of which p-values" in moved.text
    assert moved.verdict.startswith("No verdict: adjusted")


def test_studies_of_one_size_say_that_nothing_can_be_learned():
    rows = TWELVE.assign(total=60)
    table = small_study(pool(rows)).table.set_index("test")
    assert "is the same for all 12 studies" in table.loc["sample_size", "note"]
    equal = pool(rows.assign(events=10))
    assert "trim and fill" in adjusted(equal).table["analysis"].iloc[1]
    assert "same for all" in adjusted(equal).table["note"].iloc[1]


def test_incidence_rates_have_no_test_of_peters():
    rows = TWELVE.rename(columns={"total": "person_time"})
    found = small_study(pool(rows, "rate_log", Model(method="glmm")))
    assert "peters" not in set(found.table["test"])


def test_errors_say_what_is_allowed():
    y, v = np.array([0.1, 0.2]), np.array([0.1, 0.2])
    with pytest.raises(SynthesisError, match="needs at least 3 studies; there are 2"):
        regression_test(y, v, v)
    with pytest.raises(SynthesisError, match="needs at least 3 studies; there are 2"):
        trim_and_fill(y, v, "DL")
    y, v = np.array([0.1, 0.2, 0.4]), np.array([0.1, 0.2, 0.3])
    with pytest.raises(SynthesisError, match="choose one of: L0, R0"):
        trim_and_fill(y, v, "DL", "Q0")
    with pytest.raises(SynthesisError, match="choose one of: left, right"):
        trim_and_fill(y, v, "DL", "L0", "up")
    with pytest.raises(SynthesisError, match="cannot be done"):
        rank_test(y, np.full(3, 0.2))


FIRST = {
    "odds_ratio": ["harbord", "arcsine_random", "arcsine", "sample_size", "peters"],
    "risk_ratio": ["harbord", "arcsine_random", "arcsine", "sample_size", "peters"],
    "risk_difference": ["arcsine_random", "arcsine", "sample_size", "peters", "macaskill"],
    "arcsine_difference": ["sample_size", "peters", "egger", "thompson_sharp"],
    "rate_ratio": ["sample_size", "egger", "thompson_sharp", "begg"],
    "standardised_difference": ["pustejovsky_rodgers", "sample_size", "egger"],
    "mean_difference": ["sample_size", "egger", "thompson_sharp", "begg"],
    "mean_change": ["sample_size", "egger", "thompson_sharp", "begg"],
}  # fmt: skip


@pytest.mark.parametrize(("key", "first"), FIRST.items(), ids=label)
def test_the_tests_that_fit_a_measure_come_first(key, first):
    found = chosen_tests(MEASURES[key])
    assert list(found)[: len(first)] == first
    fits = [key in test.fits for test in found.values()]
    assert fits == sorted(fits, reverse=True)


def test_every_measure_has_a_test_that_fits_and_an_advice():
    said = set()
    for measure in MEASURES.values():
        assert any(measure.key in test.fits for test in chosen_tests(measure).values())
        said.add(advice(measure))
    assert said == set(ADVICE.values())


KINDS = [
    ("bin_bcg", "risk_ratio", Model()),
    ("bin_bcg", "odds_ratio", Model(method="mantel_haenszel")),
    ("bin_bcg", "odds_ratio", Model(method="peto")),
    ("bin_bcg", "risk_difference", Model()),
    ("rate2_nielweise2008", "rate_ratio", Model(method="glmm")),
    ("cont_curtis1998", "standardised_difference", Model()),
    ("prepost_made", "mean_change", Model()),
]


@pytest.mark.parametrize(("name", "key", "model"), KINDS)
def test_comparisons_and_scores_have_every_test_and_adjustment(name, key, model):
    answer = pool(frame(name), key, model)
    found = small_study(answer, Stated(few_anyway=True))
    assert found.table["test"].tolist() == list(chosen_tests(answer.measure))
    assert found.table["p"].between(0, 1).all() and (found.table["note"] == "").all()
    assert advice(answer.measure) in found.text
    assert not any(name in found.text for name in NOT_FOR_RATES)
    moved = adjusted(answer, Stated(few_anyway=True))
    assert moved.table["analysis"].tolist() == list(ADJUSTED)
    known = moved.table[moved.table["note"].str.contains("cannot be estimated") == False]  # noqa: E712
    assert known[["estimate", "low", "high"]].notna().all().all()
    for check in (found, moved):
        assert "estimate" in str(check) and check.scale is answer.measure.scale


@pytest.mark.parametrize(("name", "key"), [("rate2_nielweise2008", "rate_ratio")])
def test_two_arms_below_ten_are_refused_too(name, key):
    for check in (small_study, adjusted):
        assert "refused, because 9 studies" in check(pool(frame(name), key)).verdict


def test_a_single_mean_has_no_selection_by_p():
    moved = adjusted(pool(frame("mean_normand1999"), "mean"), Stated(few_anyway=True))
    assert not moved.table["analysis"].str.contains("selection").any()


def test_a_study_that_everybody_or_nobody_had_leaves_the_score_tests():
    rows = frame("bin_bcg").iloc[:4]
    empty = rows.iloc[:1].assign(events_t=0, events_c=0, study_id="none")
    full = rows.iloc[:1].assign(
        events_t=rows["total_t"].iloc[0], events_c=rows["total_c"].iloc[0], study_id="all"
    )
    whole = pd.concat([rows, empty, full], ignore_index=True)

    def sample(part):
        y = np.linspace(0.1, 0.5, len(part))
        return Sample("odds_ratio", part, y, y, y, y, "REML", 0.95)

    for key in ("harbord", "schwarzer"):
        one, two = (TESTS[key].run(sample(part)) for part in (rows, whole))
        assert one.p == pytest.approx(two.p, rel=1e-9)
