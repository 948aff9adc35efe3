"""Intervals of one study, and effects with their variances, against the reference values."""

from __future__ import annotations

import numpy as np
import pytest

from evidence.incidence import RATE_INTERVALS, rate_limits
from evidence.measures.measure import MEASURES
from evidence.measures.zero_cells import ZERO_TARGETS, ZeroPolicy
from evidence.rates import INTERVALS, proportion_limits

from .reference_calls import MEASURE_OF, NAMES, agree, calls, column, frame, label, load

PROPORTION = {
    "exact": "clopper_pearson", "wilson": "wilson", "wilson_cc": "wilson_corrected",
    "agresti_coull": "agresti_coull", "jeffreys": "jeffreys", "midp": "mid_p",
    "blaker": "blaker", "arcsine": "arcsine", "logit": "logit",
}  # fmt: skip
RATE = {
    "exact": "exact", "wald": "wald", "log": "log", "byar": "byar", "midp": "mid_p",
    "score": "score",
}  # fmt: skip
SINGLE = [(name, i) for name, i, _ in calls("ci_proportion", "ci_rate")]
EFFECTS = [
    (name, i)
    for name, i, c in calls("escalc")
    if c["measure"] in MEASURE_OF and "vtype" not in c["call"]
]


def filled(name, key):
    values = column(name, key)
    return values[np.isfinite(values)]


@pytest.mark.parametrize(("name", "position"), SINGLE, ids=label)
def test_interval_of_one_study(name, position):
    call = load(name)["calls"][position]
    result, level = call["result"], call["level"]
    if call["fn"] == "ci_proportion":
        if call["method"] not in PROPORTION:
            return  # Wald and plain Jeffreys leave the unit interval: not offered
        events, size = filled(name, "x"), filled(name, "n")
        low, high = proportion_limits(events, size, PROPORTION[call["method"]], level)
    else:
        events, size = filled(name, "rx"), filled(name, "rt")
        low, high = rate_limits(events, size, RATE[call["method"]], level)
    for ours, theirs in ((low, result["lower"]), (high, result["upper"])):
        there = np.array([np.nan if v is None else v for v in theirs], float)
        there = np.maximum(there, 0.0)
        if call["fn"] == "ci_proportion":
            there = np.minimum(there, 1.0)
        known = np.isfinite(there)
        ours = np.where(np.abs(ours - there) <= 1e-15, there, ours)  # a bound written as 3e-17
        agree(ours[known], there[known], 1e-6 if call["method"] == "blaker" else 1e-9)


def test_every_study_interval_has_a_reference():
    seen = {call["method"] for _, _, call in calls("ci_proportion")}
    assert {PROPORTION[method] for method in seen if method in PROPORTION} == set(INTERVALS)
    seen = {call["method"] for _, _, call in calls("ci_rate")}
    assert {RATE[method] for method in seen} == set(RATE_INTERVALS)


def policy_of(text):
    to = {"to='all'": "all", "to='none'": "none", "to='only0'": "only_zero"}
    target = next((mine for theirs, mine in to.items() if theirs in text), "only_zero")
    return ZeroPolicy(0.25 if "add=0.25" in text else 0.0 if "add=0," in text else 0.5, target)


@pytest.mark.parametrize(("name", "position"), EFFECTS, ids=label)
def test_effects_and_variances(name, position):
    call = load(name)["calls"][position]
    theirs = {
        key: np.array([np.nan if v is None else float(v) for v in call["result"][key]])
        for key in ("yi", "vi")
    }
    measure = MEASURES[MEASURE_OF[call["measure"]]]
    usable = np.isfinite(theirs["yi"]) & np.isfinite(theirs["vi"]) & (theirs["vi"] > 0)
    rows = frame(name)
    if call["measure"] == "ROMC":  # means above 0, and the earlier one above the line
        turned = {"mean_before": -rows["mean_after"], "mean_after": -rows["mean_before"]}
        rows = rows.assign(**turned, sd_before=rows["sd_after"], sd_after=rows["sd_before"])
    dropped = "drop00" in call["call"]  # metafor leaves these out; here pool() does
    if not usable.all():
        if not dropped:
            with pytest.raises(ValueError, match="no finite effect"):
                measure.compute(rows, policy_of(call["call"]))
        rows = rows[usable]
    if rows.empty:
        return
    if "to='all'" in call["call"] and not usable.all():
        return
    found = measure.compute(rows, policy_of(call["call"]))
    agree(found.effect, theirs["yi"][usable], 1e-10, "effect")
    agree(found.variance, theirs["vi"][usable], 1e-10, "variance")


def test_every_measure_and_zero_policy_has_a_reference():
    assert {MEASURE_OF[load(n)["calls"][i]["measure"]] for n, i in EFFECTS} == set(MEASURES)
    used = {policy_of(load(n)["calls"][i]["call"]).to for n, i in EFFECTS}
    assert used | {"all_if_any"} == set(ZERO_TARGETS)  # "all_if_any" is "all" or nothing


def test_the_files_are_here():
    assert len(NAMES) >= 25
