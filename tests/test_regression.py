"""Meta-regression and subgroups against metafor and meta, and in a second way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from evidence import Model, pool
from evidence.measures.measure import MEASURES
from evidence.measures.zero_cells import ZeroPolicy
from evidence.pooling.design import design_of
from evidence.pooling.families import FAMILIES
from evidence.pooling.glmm_fit import Problem, fit_glmm, height
from evidence.pooling.likelihood import log_likelihood
from evidence.pooling.regression import meta_regression, regress
from evidence.pooling.subgroups import subgroups
from evidence.pooling.tau2 import TAU2_ESTIMATORS

from .reference_calls import MEASURE_OF, agree, calls, column, frame, label, load, tolerance

TESTS = {"z": "wald", "knha": "hartung_knapp_plain", "adhoc": "hartung_knapp", "t": "t"}


def usable(call):
    known = call.get("measure") in MEASURE_OF or call.get("measure") == "GEN"
    return known and "mods" in call and call["method"] in {*TAU2_ESTIMATORS, "FE"}


UNI = [(n, i) for n, i, c in calls("rma.uni") if usable(c)]
PREDICT = [(n, i) for n, i, c in calls("predict") if usable(c)]
CONFINT = [(n, i) for n, i, c in calls("confint") if usable(c)]
GLMM = [(n, i) for n, i, c in calls("rma.glmm") if "mods" in c]
BETWEEN = [(n, i) for n, i, c in calls("subgroup_test") if c["measure"] in {*MEASURE_OF, "GEN"}]
META = [(n, i) for n, i, c in calls("metaprop", "metarate") if "tau_common" in c]


def parametrize(found):
    return pytest.mark.parametrize(("name", "position"), found, ids=label)


def rows(name):
    """The file's columns, with moderators of category as text and missing rows left out."""
    data = pd.DataFrame(load(name)["data"])
    if "xi" in data:
        data = data.rename(columns={"xi": "events", "ni": "total", "ti": "person_time"})
    if {"ai", "x1i", "m1i", "mi"} & set(data):
        data = data.join(frame(name).drop(columns="study_id"))
    if "ni" not in data and "total" in data:
        data["ni"] = data["total"]
    if "total" in data:
        data["logn"] = np.log(data["total"])
    return data.assign(study_id=[f"s{i}" for i in range(len(data))])


def terms(call, data):
    names = []
    for term in call["mods"].replace("~", "").split("+"):
        name = term.strip().removeprefix("factor(").removesuffix(")")
        if term.strip().startswith("factor("):
            data[name] = data[name].map(
                lambda v: None if pd.isna(v) else f"{v:g}" if isinstance(v, float) else str(v)
            )
        names.append(name)
    return data.dropna(subset=names), names


def fitted(name, call):
    data, names = terms(call, rows(name))
    common = call["method"] == "FE"
    model = Model(
        method="common_effect" if common else "inverse_variance",
        tau2="REML" if common else call["method"],
        interval="wald" if common else TESTS[call.get("test", "z")],
    )
    if call["measure"] == "GEN":
        y, v = data["yi"].to_numpy(float), data["vi"].to_numpy(float)
        measure = MEASURES["proportion_logit"]
        return regress(y, v, design_of(data, names), measure, model), data
    return meta_regression(data, names, MEASURE_OF[call["measure"]], model), data


def higher(ours, data, theirs):
    """True where our maximum is another one than theirs, and higher."""
    if abs(ours.tau2 - theirs["tau2"]) < 1e-4 or "yi" in data:
        return False
    found = ours.measure.compute(data, ZeroPolicy())
    x, tau2 = ours.design.matrix, np.array(ours.tau2)
    ll = log_likelihood(found.effect, found.variance, x, tau2, False)
    return float(ll) > theirs["fit"]["ll"] + 1e-6


@parametrize(UNI)
def test_coefficients_and_tests(name, position):
    call = load(name)["calls"][position]
    theirs, (ours, data) = call["result"], fitted(name, call)
    if call["method"] == "ML" and higher(ours, data, theirs):
        return  # the likelihood has two maxima, and theirs is the lower
    worst = 1e-7 if "events_t" in data else 1e-9  # an intercept at year 0 costs digits
    tol = max(tolerance(name, call), worst)
    tol = max(tol, 1e-6) if "REML" in call["method"] or call["method"] in ("ML", "PM") else tol
    agree(ours.coefficients["effect"], theirs["beta"], tol, "beta")
    agree(ours.coefficients["se"], theirs["se"], tol, "se")
    agree(ours.coefficients["low"], theirs["ci_lb"], 10 * tol, "low")
    agree(ours.coefficients["p"], theirs["pval"], 1e-6, "p")
    assert abs(ours.tau2 - theirs["tau2"]) <= max(1e-6 * theirs["tau2"], 1e-9)
    agree(ours.q, theirs["QE"], 1e-7, "QE")
    agree(ours.omnibus, theirs["QM"], 1e-6, "QM")
    agree(ours.omnibus_p, theirs["QMp"], 1e-6, "QMp")
    if theirs.get("R2") is not None and call["method"] != "FE":
        assert abs(100 * (ours.r2 or 0.0) - theirs["R2"]) <= 1e-4  # None: nothing to explain


@parametrize(PREDICT)
def test_predictions(name, position):
    call = load(name)["calls"][position]
    ours, data = fitted(name, call)
    theirs, table = call["result"], ours.predict(data)
    agree(table["effect"], theirs["pred"], 1e-6, "prediction")
    agree(table["se"], theirs["se"], 1e-6, "se")
    if call["measure"] == "PLO":
        link = ours.measure.scale.link
        agree(link(table["prediction_low"]), theirs["pi_lb"], 1e-5, "limits")


@parametrize(CONFINT)
def test_residual_tau2_interval(name, position):
    call = load(name)["calls"][position]
    ours, _ = fitted(name, call)
    theirs = call["result"]["tau2"]
    agree([ours.tau2_interval.low, ours.tau2_interval.high], [theirs["lb"], theirs["ub"]], 1e-6)


@parametrize(GLMM)
def test_glmm_regression(name, position):
    call = load(name)["calls"][position]
    theirs, data = call["result"], rows(name)
    measure = "rate_log" if "person_time" in data else "proportion_logit"
    model = Model(method="glmm", interval="wald")
    ours = meta_regression(data, [call["mods"]], measure, model)
    se = np.array(theirs["se"])
    gap = np.abs(ours.coefficients["effect"].to_numpy() - theirs["beta"]) / se
    assert np.all(gap < 5e-3)
    assert ours.coefficients["se"].to_numpy() == pytest.approx(se, rel=5e-3)
    assert ours.tau2 == pytest.approx(theirs["tau2"], rel=1e-3)


@parametrize(BETWEEN)
def test_between_groups(name, position):
    call = load(name)["calls"][position]
    if call["measure"] == "GEN":
        return
    by = call["call"].split("as.character(")[1].split(")")[0]
    data = rows(name).dropna(subset=[by])
    method = "common_effect" if call["method"] == "FE" else "inverse_variance"
    model = Model(method=method, tau2="REML" if call["method"] == "FE" else call["method"])
    ours, theirs = subgroups(data, by, MEASURE_OF[call["measure"]], model), call["result"]
    agree(ours.q, theirs["Q_between"], 1e-6, "Q")
    assert ours.df == theirs["df"]
    agree(ours.p, theirs["pval"], 1e-6, "p")


@parametrize(META)
def test_groups_of_meta(name, position):
    call = load(name)["calls"][position]
    theirs = call["result"]["subgroup"]
    glmm = "GLMM" in call["call"]
    tau = "common" if call["tau_common"] == "TRUE" else "separate"
    data = rows(name).dropna(subset=[call["subgroup"]])
    measure = "rate_log" if "person_time" in data else "proportion_logit"
    model = Model(method="glmm" if glmm else "inverse_variance", interval="wald")
    ours = subgroups(data, call["subgroup"], measure, model, tau=tau).groups.set_index("level")
    for i, level in enumerate(theirs["levels"]):
        se = theirs["seTE_random_w"][i]
        close = 5e-3 * se if glmm else 1e-6 * se
        if theirs["tau2_w"][i] is not None and theirs["tau2_w"][i] < 1e-6 and glmm:
            continue  # lme4 stops short of the boundary
        if glmm and tau == "common":
            close = 1e-2 * se
        assert abs(ours.loc[level, "effect"] - theirs["TE_random_w"][i]) < close
        assert ours.loc[level, "se"] == pytest.approx(se, rel=5e-3 if glmm else 1e-6)


def test_regression_on_groups_is_subgroups_with_common_tau2():
    data = rows("prop_pritz1997")
    model = Model(method="inverse_variance", interval="wald")
    found = meta_regression(data, ["size"], model=model)
    table = subgroups(data, "size", model=model, tau="common")
    assert table.q == pytest.approx(found.omnibus, rel=1e-6)


def test_residual_tau2_of_a_glmm_has_a_profile_interval():
    rows = frame("prop_pritz1997")
    rows = rows.assign(year=np.arange(len(rows)) % 5)
    found = meta_regression(rows, ["year"], model=Model(method="glmm"))
    ends = found.tau2_interval
    assert ends.low < found.tau2 < ends.high
    x = np.column_stack([np.ones(len(rows)), rows["year"]])
    counted = Problem(
        rows["events"].to_numpy(float), rows["total"].to_numpy(float), x, FAMILIES["logit"]
    )
    best = fit_glmm(counted).log_likelihood - counted.constant()
    for tau2 in (ends.low, ends.high):
        low_point = optimize.minimize(
            lambda beta, tau2=tau2: -height(
                counted, np.append(beta, np.log(tau2) / 2), np.zeros(len(rows))
            ).value,
            found.coefficients["effect"].to_numpy(), method="Nelder-Mead",
            options={"xatol": 1e-8, "fatol": 1e-11},
        )  # fmt: skip
        assert best + low_point.fun == pytest.approx(3.841458820694124 / 2, abs=1e-6)


def test_units_of_a_moderator_do_not_matter():
    data = rows("prop_pritz1997").assign(shifted=lambda d: 1e6 + d["ni"] / 1000)
    one, other = (meta_regression(data, [name]) for name in ("ni", "shifted"))
    slopes = [found.coefficients["effect"].iloc[1] for found in (one, other)]
    assert slopes[1] == pytest.approx(1000 * slopes[0], rel=1e-6)
    assert one.tau2 == pytest.approx(other.tau2, rel=1e-8)


def test_prediction_at_a_level():
    found = meta_regression(rows("prop_pritz1997"), ["size"])
    table = found.predict(pd.DataFrame({"size": ["large", "small"]}))
    assert table["effect"].iloc[0] == pytest.approx(found.coefficients["effect"].iloc[0])
    assert (table["prediction_low"] < table["low"]).all()


def test_a_group_without_events_keeps_its_defined_answer():
    data = rows("prop_pritz1997")
    data.loc[data["size"] == "small", "events"] = 0
    found = subgroups(data, "size", model=Model(method="glmm"))
    assert found.groups.set_index("level").loc["small", "estimate"] == 0
    assert found.q is None
    assert any("without a finite effect: small" in caution for caution in found.cautions)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"moderators": ["yeer"]}, "moderator 'yeer' is not a column"),
        ({"moderators": []}, "one or more column names"),
        ({"moderators": "size"}, "one or more column names"),
        ({"moderators": ["constant"]}, "do not vary"),
        ({"moderators": ["gap"]}, "missing for s0"),
        ({"moderators": ["study_id"]}, "use fewer moderators"),
        ({"moderators": ["size"], "model": Model(method="beta_binomial")}, "is not offered"),
        (
            {
                "moderators": ["size"],
                "model": Model(interval="kenward_roger", method="inverse_variance"),
            },
            "interval of a regression 'kenward_roger' is unknown",
        ),
    ],
)
def test_refusals(change, message):
    data = rows("prop_pritz1997").assign(constant=1.0)
    data["gap"] = [None, *range(len(data) - 1)]
    with pytest.raises(ValueError, match=message):
        meta_regression(data, **change)


def test_refusals_of_subgroups():
    data = rows("prop_pritz1997")
    with pytest.raises(ValueError, match="'place' is not a column"):
        subgroups(data, "place")
    with pytest.raises(ValueError, match="choose one of: separate, common"):
        subgroups(data, "size", tau="pooled")
    with pytest.raises(ValueError, match="is missing for s3"):
        subgroups(data.assign(size=data["size"].where(data.index != 3)), "size")
    found = meta_regression(data, ["size"])
    with pytest.raises(ValueError, match="no level 'huge'"):
        found.predict(pd.DataFrame({"size": ["huge"]}))


def test_groups_are_the_answers_pooled_alone():
    data = rows("prop_pritz1997")
    found = subgroups(data, "size")
    alone = pool(data[data["size"] == "large"])
    assert found.groups.set_index("level").loc["large", "estimate"] == alone.estimate
    assert "small" in found.summary()


def test_the_answer_says_itself():
    found = meta_regression(rows("prop_pritz1997"), ["size", "ni"])
    assert "size: small" in found.summary()
    assert "fewer than ten" in found.cautions[0]
    assert "were regressed on size, ni with a random-effects model" in found.methods_text()
    for method in ("common_effect", "glmm"):
        other = meta_regression(rows("prop_pritz1997"), ["size"], model=Model(method=method))
        assert "regressed on size" in other.methods_text()
    groups = subgroups(rows("prop_pritz1997"), "size", tau="common")
    assert "estimated as one for all groups" in groups.methods_text()
    assert list(groups.to_frame()["level"]) == ["large", "small"]
    assert "<table" in groups._repr_html_() and "<table" in found._repr_html_()
    assert replace(found, cautions=()).cautions == ()
    assert list(found.to_frame().columns) == ["name", "effect", "se", "low", "high", "p"]
    assert frame("prop_pritz1997")["events"].sum() == column("prop_pritz1997", "xi").sum()
