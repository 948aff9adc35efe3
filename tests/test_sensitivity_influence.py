"""Leave-one-out, influence, cumulative answers and subsets: against metafor, and as properties."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence import Model, SynthesisError, pool
from evidence.pooling.tau2 import TAU2_ESTIMATORS
from evidence.pooling.weighting import intercept
from evidence.sensitivity.check import Stated
from evidence.sensitivity.cumulative import cumulate, cumulative, cumulative_order
from evidence.sensitivity.fragility import fragility
from evidence.sensitivity.imprecision import imprecision
from evidence.sensitivity.influence import influence, influence_check, leave_one_out
from evidence.sensitivity.refit import refit
from evidence.sensitivity.subsets import COMMON, _slope, fit_subsets

from .reference_calls import (
    MEASURE_OF,
    agree,
    calls,
    column,
    frame,
    label,
    load,
    tolerance,
)
from .test_reference_inverse_variance import effects

INTERVALS = {"z": "wald", "knha": "hartung_knapp_plain"}


def known(*functions):
    return [
        (name, at)
        for name, at, call in calls(*functions)
        if call["measure"] in {*MEASURE_OF, "GEN"} and "error" not in call
    ]


def parametrize(*functions):
    return pytest.mark.parametrize(("name", "at"), known(*functions), ids=label)


SUMS = {"FE": "common_effect", "MH": "mantel_haenszel", "PETO": "peto"}


def model_of(call):
    if call["method"] in SUMS:
        return Model(method=SUMS[call["method"]])
    return Model(tau2=call["method"], interval=INTERVALS[call.get("test", "z")])


def close_tau2(ours, theirs, v, tol):
    gap = np.abs(np.asarray(ours, float) - np.asarray(theirs, float))
    allowed = np.maximum(tol * np.abs(np.asarray(theirs, float)), 1e-8 * np.median(v))
    assert np.all(gap <= allowed), (ours, theirs)


@parametrize("leave1out")
def test_leave_one_out_is_metafors(name, at):
    call = load(name)["calls"][at]
    y, v = effects(name, call["measure"])
    result, tol = call["result"], max(tolerance(name, call), 1e-9)
    keep = ~np.eye(len(y), dtype=bool)
    if call["method"] in ("MH", "PETO"):
        compare_sums(name, call)
        return
    fits = fit_subsets(y, v, keep, COMMON if call["method"] == "FE" else call["method"])
    agree(fits.effect, result["estimate"], tol, "estimate")
    agree(fits.q, result["Q"], tol, "Q")
    assert np.allclose(100 * fits.i2, result["I2"], rtol=tol, atol=1e-6)
    if "tau2" in result:
        close_tau2(fits.tau2, result["tau2"], v, tol)
    whole = call["measure"] == "GEN" or pool_of(name, call).left_out is not None
    if not whole and len(y) > 3:
        found = refit(pool_of(name, call), keep)
        agree(found["se"], result["se"], tol, "se")
        agree(found["effect"], result["estimate"], tol, "estimate of refit")


def pool_of(name, call):
    return pool(frame(name), MEASURE_OF[call["measure"]], model_of(call))


def compare_sums(name, call):
    """Mantel-Haenszel and Peto: ours has no table without events, which would change nothing."""
    answer = pool_of(name, call)
    found = refit(answer, ~np.eye(answer.k, dtype=bool))
    known = frame(name)["study_id"].isin(answer.studies["study_id"]).to_numpy()
    for ours, theirs in (("effect", "estimate"), ("se", "se")):
        agree(found[ours], np.array(call["result"][theirs], float)[known], 1e-9, ours)


@parametrize("cumul")
def test_cumulative_is_metafors(name, at):
    call = load(name)["calls"][at]
    key = call["call"].rpartition("order=")[2].rstrip(")")
    order = np.argsort(column(name, key), kind="stable")
    if call["method"] == "MH":
        compare_cumulative_sums(name, call, order)
        return
    y, v = effects(name, call["measure"])
    keep = np.tri(len(y), dtype=bool)
    fits = fit_subsets(y[order], v[order], keep, call["method"])
    tol = tolerance(name, call)
    theirs = {key: np.array(values, float) for key, values in call["result"].items()}
    known = ~np.isnan(theirs["estimate"])  # metafor is blank where a table without events enters
    agree(fits.effect[known], theirs["estimate"][known], tol, "estimate")
    close_tau2(fits.tau2[known], theirs["tau2"][known], v, tol)
    agree(np.sqrt(fits.variance)[known], theirs["se"][known], tol, "se")
    assert np.allclose(100 * fits.i2[known], theirs["I2"][known], atol=1e-5)


def compare_cumulative_sums(name, call, order):
    rows = frame(name).iloc[order]
    for step in range(2, len(rows) + 1):
        found = pool(rows.head(step), "odds_ratio", model_of(call))
        if found.k == step:
            for ours, theirs in ((found.effect, "estimate"), (found.se, "se")):
                agree(ours, call["result"][theirs][step - 1], 1e-9, theirs)


@parametrize("influence")
def test_influence_is_metafors(name, at):
    call = load(name)["calls"][at]
    y, v = effects(name, call["measure"])
    if len(y) == 1:
        return
    result, tol = call["result"], 10 * tolerance(name, call)
    found = influence(y, v)
    theirs = {
        "residual": "rstudent", "dffits": "dffits", "cook": "cook.d", "cov_ratio": "cov.r",
        "q_without": "QE.del", "hat": "hat",
    }  # fmt: skip
    for ours, there in theirs.items():
        reference = np.array(result[there], float)
        scale = np.maximum(np.abs(reference), 1e-3)  # differences of close figures lose digits
        assert np.all(np.abs(getattr(found, ours) - reference) <= 10 * tol * scale), ours
        large = np.abs(reference) > 1e-3
        agree(getattr(found, ours)[large], reference[large], 10 * tol, ours)
    close_tau2(found.tau2_without, result["tau2.del"], v, tol)
    assert np.allclose(found.dfbetas, result["dfbs"][0], rtol=10 * tol, atol=1e-6)
    assert found.flagged().tolist() == result["is_infl"]


ONE_BY_ONE = [(name, at) for name, at, _ in calls("metainf", "metacum")]
META_MEASURES = {"metaprop": "PLO", "metarate": "IRLN", "metabin": "OR", "metacont": "MD"}


@pytest.mark.parametrize(("name", "at"), ONE_BY_ONE, ids=label)
def test_without_each_study_and_cumulative_are_metas(name, at):
    """Meta stops its search for tau2 early, so that random effects agree to 1e-5 of an error."""
    call = load(name)["calls"][at]
    inner = call["call"].partition("(")[2].partition("(")[0]
    y, v = effects(name, META_MEASURES[inner])
    theirs = {key: np.array(values, float) for key, values in call["result"].items()
              if key != "label"}  # fmt: skip
    k = len(y)
    keep = ~np.eye(k, dtype=bool) if call["fn"] == "metainf" else np.tri(k, dtype=bool)
    common = call["pooled"] == "common"
    fits = fit_subsets(y, v, keep, COMMON if common else "REML")
    if common:
        agree(fits.effect, theirs["TE"], 1e-9, "effect")
        agree(np.sqrt(fits.variance), theirs["seTE"], 1e-9, "se")
        return
    assert np.all(np.abs(fits.effect - theirs["TE"]) <= 1e-4 * theirs["seTE"])
    agree(np.sqrt(fits.variance), theirs["seTE"], 1e-4, "se")
    several = keep.sum(-1) > 1
    assert np.allclose(fits.tau2[several], theirs["tau2"][several], rtol=1e-3, atol=1e-6)


@parametrize("gosh")
def test_all_subsets_are_metafors(name, at):
    call = load(name)["calls"][at]
    y, v = (part[: call["k"]] for part in effects(name, call["measure"]))
    numbers = np.arange(1, 2 ** len(y))
    keep = (numbers[:, None] >> np.arange(len(y))) & 1 == 1
    fits = fit_subsets(y, v, keep, COMMON if call["method"] == "FE" else call["method"])
    result = call["result"]
    assert len(keep) == result["n_fits"]
    for ours, key in ((fits.effect, "estimate"), (100 * fits.i2, "I2"), (fits.tau2, "tau2")):
        figures = [ours.mean(), ours.std(ddof=1), ours.min(), ours.max()]
        wanted = [result[key][name] for name in ("mean", "sd", "min", "max")]
        assert np.allclose(figures, wanted, rtol=1e-6, atol=1e-7), key
        quantiles = np.quantile(ours, [0.05, 0.25, 0.5, 0.75, 0.95])
        if len(result[key]["quantiles"]) == 5:
            assert np.allclose(np.sort(quantiles)[2], result[key]["quantiles"][2], atol=1e-6)


def test_every_kind_of_reference_is_there():
    for function, least in (("leave1out", 15), ("influence", 12), ("cumul", 6), ("gosh", 6)):
        assert len(known(function)) >= least, function


@given(
    st.lists(st.tuples(st.floats(-4, 4), st.floats(0.01, 4)), min_size=3, max_size=7),
    st.sampled_from(["REML", "ML", "DL", "PM", "SJ"]),
)
def test_a_subset_is_fitted_as_if_it_were_alone(studies, method):
    y, v = np.array(studies).T
    rng = np.random.default_rng(1)
    keep = rng.random((12, len(y))) < 0.6
    keep = keep[keep.sum(-1) > 1]
    found = fit_subsets(y, v, keep, method)
    for row, members in enumerate(keep):
        x = intercept(int(members.sum()))
        alone = float(TAU2_ESTIMATORS[method](y[members], v[members], x))
        assert abs(found.tau2[row] - alone) <= 1e-7 * max(alone, 1e-3)
        w = 1 / (v[members] + alone)
        assert found.effect[row] == pytest.approx((w @ y[members]) / w.sum(), abs=1e-6)


FRAME = pd.DataFrame(
    {
        "study_id": list("abcdef"), "events": [3, 6, 10, 0, 7, 2],
        "total": [11, 17, 21, 9, 50, 40], "year": [2003, 2001, 2009, 1999, 2012, 2005],
    }
)  # fmt: skip


@pytest.mark.parametrize(
    "model",
    [
        Model(),
        Model(tau2="DL", interval="wald"),
        Model(method="common_effect"),
        Model(method="glmm"),
        Model(method="glmm", interval="wald", link="probit"),
        Model(method="glmm", interval="profile"),
        Model(method="beta_binomial"),
    ],
    ids=lambda model: f"{model.method}-{model.interval}",
)
def test_a_refit_is_what_pool_says_of_the_subset(model):
    keep = np.array([[1, 1, 1, 0, 1, 1], [1, 0, 0, 1, 1, 0], [1, 1, 0, 0, 0, 0]], bool)
    found = refit(pool(FRAME, model=model), keep)
    for row, members in enumerate(keep):
        alone = pool(FRAME[members], model=model)
        ours = found.iloc[row]
        assert ours["estimate"] == pytest.approx(alone.estimate, rel=1e-7)
        assert ours["low"] == pytest.approx(alone.interval.low, rel=1e-6)
        assert ours["high"] == pytest.approx(alone.interval.high, rel=1e-6)
        assert ours["k"] == members.sum()


@pytest.mark.parametrize("model", [Model(), Model(method="glmm")], ids=["iv", "glmm"])
def test_subsets_at_a_bound_and_of_one_study(model):
    rows = FRAME.assign(events=[0, 0, 21, 0, 7, 2], total=[11, 17, 21, 9, 50, 40])
    keep = np.array([[1, 1, 0, 1, 0, 0], [0, 0, 0, 0, 1, 0], [1, 0, 1, 0, 0, 0]], bool)
    found = refit(pool(rows, model=model), keep)
    for row, members in enumerate(keep):
        alone = pool(rows[members], model=model)
        assert found["estimate"].iloc[row] == pytest.approx(alone.estimate, abs=1e-9)
    assert found["effect"].isna().tolist() == [model.method == "glmm", True, model.method == "glmm"]


def test_incidence_rates_are_refitted():
    rows = FRAME.rename(columns={"total": "person_time"})
    keep = ~np.eye(6, dtype=bool)
    found = refit(pool(rows, "rate_log", Model(method="glmm")), keep)
    alone = pool(rows.iloc[1:], "rate_log", Model(method="glmm"))
    assert found["estimate"].iloc[0] == pytest.approx(alone.estimate, rel=1e-7)


def test_an_empty_subset_is_refused():
    with pytest.raises(SynthesisError, match="holds no study"):
        refit(pool(FRAME), np.zeros((1, 6), bool))


def test_leave_one_out_says_by_which_rule_it_judges():
    answer = pool(FRAME)
    plain = leave_one_out(answer)
    assert plain.verdict.startswith("Held: leaving out any one study leaves the estimate inside")
    small = leave_one_out(answer, Stated(change=0.001))
    assert small.verdict.startswith("Did not hold: leaving out any one study moves the estimate by")
    assert "0.1 points" in small.verdict
    assert leave_one_out(answer, Stated(change=0.5)).verdict.startswith("Held")
    assert plain.table["change"].abs().max() == pytest.approx(
        (plain.table["estimate"] - answer.estimate).abs().max()
    )
    assert "Leave one out" in str(plain) and "<table" in plain._repr_html_()


def test_one_study_that_is_all_the_answer_is_flagged_and_not_called_wrong():
    rows = FRAME.assign(events=[3, 3, 4, 2, 40, 8], total=[11, 17, 21, 9, 50, 40])
    found = influence_check(pool(rows, model=Model(method="glmm")))
    assert found.table["flagged"].any() and found.verdict.startswith("Did not hold")
    assert "does not make it wrong" in found.text and "inverse-variance model beside" in found.text


def test_cumulative_orders():
    answer = pool(FRAME)
    assert cumulative_order(answer, "year") == [3, 1, 0, 5, 2, 4]
    assert cumulative_order(answer, "size") == [4, 5, 2, 1, 0, 3]
    assert cumulate(answer, "precision")["estimate"].iloc[-1] == pytest.approx(answer.estimate)
    assert set(cumulative(answer).table["by"]) == {"year", "size", "precision"}
    without = pool(FRAME.drop(columns="year"))
    assert set(cumulative(without).table["by"]) == {"size", "precision"}
    assert "no order by year" in cumulative(without).text
    with pytest.raises(SynthesisError, match="without blanks"):
        cumulate(without, "year")
    with pytest.raises(SynthesisError, match="choose one of: year, size, precision"):
        cumulate(answer, "name")


@pytest.mark.parametrize("check", [leave_one_out, influence_check, cumulative])
def test_too_few_studies_are_counted(check):
    with pytest.raises(SynthesisError, match="at least 3 studies; this answer has 2"):
        check(pool(FRAME.head(2)))


@pytest.mark.parametrize("name", ["change", "events", "people", "important"])
def test_what_is_stated_must_be_above_zero(name):
    with pytest.raises(SynthesisError, match=f"{name} must be above 0"):
        Stated(**{name: 0})


def test_a_threshold_is_a_number_that_the_measure_can_take():
    with pytest.raises(SynthesisError, match="threshold must be a number"):
        Stated(threshold=float("inf"))
    answer = pool(FRAME)
    for check in (imprecision, fragility):
        with pytest.raises(SynthesisError, match="between 0 and 1, as a proportion does; it is 2"):
            check(answer, Stated(threshold=2.0))


@pytest.mark.parametrize("restricted", [True, False])
def test_the_slope_has_the_derivative_that_newton_steps_by(restricted):
    y, v = np.array([0.1, 0.9, -0.4, 1.5]), np.array([0.1, 0.3, 0.2, 0.5])
    inside = np.array([[1.0, 1, 1, 1], [1, 0, 1, 1]])
    at, step = np.array([0.2, 0.4]), 1e-6
    up, down = (_slope(y, v, inside, at + sign * step, restricted)[0] for sign in (1, -1))
    assert (up - down) / (2 * step) == pytest.approx(
        _slope(y, v, inside, at, restricted)[1], rel=1e-6
    )


def test_weight_alone_can_pass_a_limit():
    y, v = np.full(9, 0.5) + np.linspace(0, 0.01, 9), np.append(np.full(8, 1.0), 0.05)
    found = influence(y, v)
    assert found.flagged().tolist() == [False] * 8 + [True]
    assert np.abs(found.dfbetas).max() < 1 and found.cook.max() < 0.4
