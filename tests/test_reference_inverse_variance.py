"""Inverse-variance pooling against metafor and meta, every call at the README's tolerance."""

from __future__ import annotations

import numpy as np
import pytest

from evidence import Model, pool
from evidence.measures.measure import MEASURES
from evidence.measures.two_arm import says_nothing
from evidence.measures.zero_cells import ZeroPolicy
from evidence.pooling.heterogeneity import heterogeneity
from evidence.pooling.likelihood import log_likelihood
from evidence.pooling.mean import MEAN_INTERVALS
from evidence.pooling.prediction import PREDICTIONS, Evidence
from evidence.pooling.tau2 import TAU2_ESTIMATORS
from evidence.pooling.tau2_intervals import TAU2_INTERVALS
from evidence.pooling.weighting import intercept

from .reference_calls import (
    MEASURE_OF,
    agree,
    calls,
    column,
    frame,
    label,
    load,
    number,
    tolerance,
)

TESTS = {"z": "wald", "knha": "hartung_knapp_plain", "adhoc": "hartung_knapp", "t": "t"}
META_MEAN = {
    "": "hartung_knapp_plain", "se": "hartung_knapp", "IQWiG6": "hartung_knapp_iqwig",
    "ci": "hartung_knapp_wider",
}  # fmt: skip
META_PREDICTION = {
    "V": "t_k1", "HTS": "t_k2", "HK": "hartung_knapp", "HK-PR": "hartung_knapp_k2",
    "KR": "kenward_roger", "KR-PR": "kenward_roger_less_one", "S": "normal",
}  # fmt: skip
META_STOPS_EARLY = {("edge_rate_huge", "IR")}  # its tau2 of 1e-12 is below its own stopping rule
META_UNCORRECTED = {"PLN", "PRAW"}  # meta corrects other studies than metafor on these scales


def effects(name, measure, *, meta=False):
    if measure == "GEN":
        return column(name, "yi"), column(name, "vi")
    rows, measured = frame(name), MEASURES[MEASURE_OF[measure]]
    if meta and measured.kind == "two_arm":  # meta leaves out comparisons without an event
        rows = rows[~says_nothing(rows, measured)]
    found = measured.compute(rows, ZeroPolicy())
    return found.effect, found.variance


def plain(call):
    known = call.get("measure") in MEASURE_OF or call.get("measure") == "GEN"
    return known and not any(
        key in call for key in ("mods", "subgroup", "weighted", "tau_common", "weights")
    )


UNI = [(n, i) for n, i, c in calls("rma.uni") if plain(c) and c["method"] != "FE"]
COMMON = [(n, i) for n, i, c in calls("rma.uni") if plain(c) and c["method"] == "FE"]
CONFINT = [
    (n, i)
    for n, i, c in calls("confint")
    if c["measure"] in {*MEASURE_OF, "GEN"} and "mods" not in c
]
META = [
    (n, i)
    for n, i, c in calls(
        "metaprop", "metarate", "metagen", "metabin", "metainc", "metacont", "metamean"
    )
    if plain(c)
    and c["measure"] not in META_UNCORRECTED
    and (n, c["measure"]) not in META_STOPS_EARLY
    and c.get("method", "REML") in TAU2_ESTIMATORS
    and not {"subgroup", "smd", "pooledvar", "method_ci"} & set(c)
    and c["measure"] != "SMD"  # meta's variance of a standardised difference is another one
]


def parametrize(found):
    return pytest.mark.parametrize(("name", "position"), found, ids=label)


def tau2_of(y, v, method):
    return TAU2_ESTIMATORS[method](y, v, intercept(len(y)))


def agree_tau2(ours, theirs, v, tol):
    if min(float(ours), theirs) == 0:
        assert abs(float(ours) - theirs) <= 1e-8 * np.median(v)
    else:
        agree(ours, theirs, tol, "tau2")


@parametrize(UNI)
def test_random_effects(name, position):
    call = load(name)["calls"][position]
    y, v = effects(name, call["measure"])
    result, level = call["result"], call.get("level", 95) / 100
    if len(y) == 1:
        return  # one study is not pooled here
    tol = tolerance(name, call)
    tau2 = tau2_of(y, v, call["method"])
    agree_tau2(tau2, result["tau2"], v, tol)
    mean = MEAN_INTERVALS[TESTS[call["test"]]](y, v, tau2, level)
    agree(mean.effect, result["beta"][0], tol, "mean")
    agree(mean.se, result["se"][0], tol, "se")
    low, high = mean.limits(level)
    agree([low, high], [result["ci_lb"][0], result["ci_ub"][0]], tol, "limits")
    if "pi_lb" in result:
        key = "normal" if call["test"] == "z" else "matching"
        found = PREDICTIONS[key](Evidence(y, v, tau2, mean), level)
        agree([found.low, found.high], [result["pi_lb"], result["pi_ub"]], tol, "prediction")
    spread = heterogeneity(y, v, intercept(len(y)), float(tau2), (0.0, 1.0), level)
    if "QE" in result:
        agree(spread.q, result["QE"], 1e-10 if tol < 1e-9 else tol, "Q")
        if result["QEp"] > 1e-100:
            agree(spread.p, result["QEp"], 1e-8, "p of Q")
    if "I2" in result:
        assert abs(100 * spread.i2 - result["I2"]) <= max(tol * result["I2"], 1e-8)
    if "fit" in result and call["method"] in ("ML", "REML"):
        ours = log_likelihood(y, v, intercept(len(y)), tau2, call["method"] == "REML")
        agree(ours, result["fit"]["ll"], tol, "log-likelihood")


@parametrize(COMMON)
def test_common_effect(name, position):
    call = load(name)["calls"][position]
    y, v = effects(name, call["measure"])
    mean = MEAN_INTERVALS["wald"](y, v, np.array(0.0), 0.95)
    tol = tolerance(name, call)
    agree(mean.effect, call["result"]["beta"][0], tol, "mean")
    agree(mean.se, call["result"]["se"][0], tol, "se")


@parametrize([(n, i) for n, i in UNI if "back" in load(n)["calls"][i]["result"]])
def test_the_way_back(name, position):
    call = load(name)["calls"][position]
    if call["measure"] == "GEN" or len(frame(name)) == 1 or call["measure"] in ("PR", "IR"):
        return  # untransformed scales are cut at their bounds here
    result = call["result"]["back"]
    level = call.get("level", 95) / 100
    model = Model(
        tau2=call["method"], interval=TESTS[call["test"]], level=level, double_zero="corrected"
    )
    answer = pool(frame(name), MEASURE_OF[call["measure"]], model)
    tol = tolerance(name, call) * 10
    agree(answer.estimate, number(result["est"]), tol, "estimate")
    low, high = answer.measure.scale.bounds
    theirs = np.clip([number(result["ci_lb"]), number(result["ci_ub"])], low, high)
    if call["measure"] in ("IRS", "PAS") and answer.effect - 3 * answer.se < 0:
        return  # metafor squares a limit below zero; here it is read as zero
    agree([answer.interval.low, answer.interval.high], theirs, tol, "interval")


@parametrize(CONFINT)
def test_tau2_intervals(name, position):
    call = load(name)["calls"][position]
    y, v = effects(name, call["measure"])
    kind = call["type"]
    if kind == "GENQ":
        key = "biggerstaff_jackson" if call["weights"] == "1/vi" else "jackson"
    else:
        key = {
            ("QP", "REML"): "q_profile", ("PL", "REML"): "profile_likelihood",
            ("PL", "ML"): "profile_likelihood_ml",
        }.get((kind, call["method"]), "q_profile")  # fmt: skip
    low, high = TAU2_INTERVALS[key](y, v, intercept(len(y)), 0.95)
    theirs = call["result"]["tau2"]
    tol = 1e-4 if kind == "GENQ" else 1e-5 if name == "edge_cont_made" else 1e-6
    for ours, there in ((low, theirs["lb"]), (high, theirs["ub"])):
        if isinstance(there, str):  # metafor stopped its search at an upper bound
            continue
        if kind == "GENQ" and abs(ours - there) < 2e-5:  # its root finder stops there
            continue
        agree_tau2(ours, there, v, tol)
    if not any(isinstance(value, str) for value in theirs.values()):
        limits = (float(low), float(high))
        spread = heterogeneity(y, v, intercept(len(y)), 0.0, limits, 0.95)
        for name_, ours in (("I2", spread.i2_interval), ("H2", spread.h2_interval)):
            there = call["result"][name_]
            scale = 100 if name_ == "I2" else 1
            assert abs(scale * ours.low - there["lb"]) <= max(tol * 100 * there["lb"], 1e-6)
            agree(scale * ours.high, there["ub"], 100 * tol, name_)


@parametrize(META)
def test_meta_intervals(name, position):
    call = load(name)["calls"][position]
    y, v = effects(name, call["measure"], meta=True)
    result = call["result"]
    if len(y) < 3:
        return
    tau2 = tau2_of(y, v, call.get("method", "REML"))
    if call.get("prediction"):
        mean = MEAN_INTERVALS["wald"](y, v, tau2, 0.95)
        found = PREDICTIONS[META_PREDICTION[call["prediction"]]](Evidence(y, v, tau2, mean), 0.95)
        agree([found.low, found.high], [result["lower_predict"], result["upper_predict"]], 1e-7)
    elif "lower_random" in result:
        kinds = {"classic": "wald", "KR": "kenward_roger", None: "wald"}
        adhoc = call.get("adhoc", "")
        key = META_MEAN[adhoc] if call.get("ci") == "HK" else kinds[call.get("ci")]
        mean = MEAN_INTERVALS[key](y, v, tau2, 0.95)
        low, high = mean.limits(0.95)
        agree(mean.se, result["seTE_random"], 1e-7, "se")
        agree([low, high], [result["lower_random"], result["upper_random"]], 1e-7, "limits")
    elif "I2_from" in call:
        spread = heterogeneity(y, v, intercept(len(y)), float(tau2), (0.0, 1.0), 0.95)
        if call["I2_from"] == "tau2":
            agree([spread.i2, spread.h2**0.5], [result["I2"], result["H"]], 1e-7)
        else:
            ours = [spread.i2_q, spread.i2_q_interval.low, spread.i2_q_interval.high]
            agree(ours, [result[key] for key in ("I2", "lower_I2", "upper_I2")], 1e-9)


def test_every_estimator_and_interval_has_a_reference():
    methods = {load(n)["calls"][i]["method"] for n, i in UNI}
    # DL2 and the bootstrap: published examples in test_published_examples; DLIT equals PM
    assert methods | {"DL2", "DLIT"} == set(TAU2_ESTIMATORS)
    tests = {TESTS[load(n)["calls"][i]["test"]] for n, i in UNI}
    assert tests | set(META_MEAN.values()) | {"kenward_roger"} == set(MEAN_INTERVALS)
    kinds = {load(n)["calls"][i].get("prediction") for n, i in META} - {None}
    seen = {META_PREDICTION[kind] for kind in kinds}
    assert seen | {"matching", "bootstrap"} == set(PREDICTIONS)
    intervals = {(load(n)["calls"][i]["type"]) for n, i in CONFINT}
    assert intervals == {"QP", "PL", "GENQ"}
    assert len(TAU2_INTERVALS) == 5
