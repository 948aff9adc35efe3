"""Small-study effects: regression and rank tests, trim and fill, against metafor and meta."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence import Model, SynthesisError, pool
from evidence.sensitivity.asymmetry import limit_effect, rank_test, regression_test
from evidence.sensitivity.check import Stated
from evidence.sensitivity.small_study import NOT_BUILT, TESTS, Sample, adjusted, small_study
from evidence.sensitivity.subsets import COMMON, fit_subsets
from evidence.sensitivity.trim_fill import trim_and_fill

from .reference_calls import ONE_ARM, agree, calls, frame, label, load
from .test_reference_inverse_variance import effects

PREDICTORS = {
    "sei": lambda v, n: np.sqrt(v), "vi": lambda v, n: v, "ni": lambda v, n: n,
    "ninv": lambda v, n: 1 / n, "sqrtni": lambda v, n: np.sqrt(n),
    "sqrtninv": lambda v, n: 1 / np.sqrt(n),
}  # fmt: skip


def known(function):
    return [
        (name, at) for name, at, call in calls(function) if call["measure"] in {*ONE_ARM, "GEN"}
    ]


def parametrize(function):
    return pytest.mark.parametrize(("name", "at"), known(function), ids=label)


def sizes(name):
    rows = load(name)["data"]
    return np.array(rows.get("ni", rows.get("ti", [])), float)


@parametrize("regtest")
def test_regression_is_metafors(name, at):
    call = load(name)["calls"][at]
    y, v = effects(name, call["measure"])
    result = call["result"]
    predictor = PREDICTORS[call.get("predictor", "sei")](v, sizes(name))
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
    tau, p = rank_test(y, v)
    agree(tau, call["result"]["tau"], 1e-9, "tau")
    if call["exact"] is True:
        agree(p, call["result"]["pval"], 1e-7, "p")


METABIAS = [
    (name, at)
    for name, at, call in calls("metabias")
    if call["measure"] == "metaprop" and call["method_bias"] in ("Egger", "Peters")
]


@pytest.mark.parametrize(("name", "at"), METABIAS, ids=label)
def test_egger_and_peters_are_metas(name, at):
    call = load(name)["calls"][at]
    rows = frame(name)
    y, v = effects(name, "PLO")
    sample = Sample(y, v, rows["events"].to_numpy(float), sizes(name), "REML", 0.95)
    found = TESTS[call["method_bias"].lower()].run(sample)
    result = call["result"]
    agree(found.statistic, result["statistic"], 1e-8, "statistic")
    agree([found.slope, found.se], [result["bias"], result["se_bias"]], 1e-8, "slope")
    agree(found.p, result["pval"], 1e-8, "p")
    assert found.df == result["df"]


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
    for function, least in (("regtest", 60), ("ranktest", 10), ("trimfill", 40)):
        assert len(known(function)) >= least, function
    assert {load(n)["calls"][i]["method_bias"] for n, i in METABIAS} == {"Egger", "Peters"}


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
    assert rank_test(y, v) == (pytest.approx(1.0), pytest.approx(1 / 3))


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
    assert found.table["test"].tolist() == [*TESTS, "begg"]
    assert found.table["fits_rates"].tolist() == [True, True, False, False, False]
    for name in NOT_BUILT:
        assert name in found.text
    moved = adjusted(pool(TWELVE, model=Model(method=method)))
    assert moved.table["analysis"].tolist() == [
        "as observed", "trim and fill, L0", "trim and fill, R0", "limit meta-analysis"
    ]  # fmt: skip
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
