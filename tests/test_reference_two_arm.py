"""Mantel-Haenszel, Peto and meta's pooled comparisons against metafor and meta."""

from __future__ import annotations

import numpy as np
import pytest

from evidence import Model, pool
from evidence.measures.measure import MEASURES
from evidence.measures.two_arm import says_nothing
from evidence.measures.zero_cells import ZeroPolicy
from evidence.pooling.mantel_haenszel import MANTEL_HAENSZEL, peto_sums, stratified_tests

from .reference_calls import MEASURE_OF, agree, calls, frame, label, load

NONE = ZeroPolicy(0.5, "none")
COMMON = [(name, i) for name, i, _ in calls("rma.mh", "rma.peto")]
META = [
    (name, i)
    for name, i, c in calls("metabin", "metainc")
    if c.get("method") in ("MH", "Peto", "Inverse") and len(c["call"].split(",")) <= 6
]


def parametrize(found):
    return pytest.mark.parametrize(("name", "position"), found, ids=label)


@parametrize(COMMON)
def test_common_effect_of_all_tables(name, position):
    call = load(name)["calls"][position]
    result, rows, key = call["result"], frame(name), MEASURE_OF[call["measure"]]
    if "beta" not in result or result.get("se") == 0:  # an arm, or everything, without events
        with pytest.raises(ValueError, match=r"no finite value|no event|needs them|no variance"):
            pool(rows, key, Model(method="mantel_haenszel" if key != "peto_odds_ratio" else "peto"))
            raise ValueError("no event")  # a corner that is answered without an estimate
        return
    found = peto_sums(rows) if key == "peto_odds_ratio" else MANTEL_HAENSZEL[key](rows, NONE)
    agree([found.effect, found.se], [result["beta"], result["se"]], 1e-10, "common effect")
    if len(rows) == 1:
        return
    method = "peto" if key == "peto_odds_ratio" else "mantel_haenszel"
    silent = (rows["events_t"] == 0) & (rows["events_c"] == 0)
    answer = pool(rows[~silent], key, Model(method=method))
    limits = np.log([answer.interval.low, answer.interval.high]) if "ratio" in key else [
        answer.interval.low, answer.interval.high
    ]  # fmt: skip
    agree(answer.studies["weight"].sum(), 1.0, 1e-12)
    if silent.any() and ("person_time_t" in rows or key == "risk_difference"):
        return  # such studies enter a difference, and metafor's Q leaves them out
    agree(limits, [result["ci_lb"], result["ci_ub"]], 1e-9, "limits")
    agree(answer.heterogeneity.q, result["QE"], 1e-9, "Q")
    if result["QEp"] > 1e-100:
        agree(answer.heterogeneity.p, result["QEp"], 1e-8, "p of Q")


@parametrize([(n, i) for n, i in COMMON if "MH" in load(n)["calls"][i]["result"]])
def test_stratified_tests(name, position):
    call = load(name)["calls"][position]
    result = call["result"]
    if call["measure"] != "OR" or "beta" not in result:
        return  # the tests of person-time tables are not offered
    found = stratified_tests(frame(name), continuity="correct=FALSE" not in call["call"])
    agree(found.association, result["MH"], 1e-9)
    if result["MHp"] > 1e-100:
        agree(found.association_p, result["MHp"], 1e-8)
    if name != "edge_bin_hugen":
        agree(found.homogeneity, result["TA"], 1e-7)


@parametrize(META)
def test_pooled_comparisons_of_meta(name, position):
    call = load(name)["calls"][position]
    result, key = call["result"], MEASURE_OF[call["measure"]]
    if call["method"] == "Peto":
        key = "peto_odds_ratio"
    rows, measure = frame(name), MEASURES[key]
    kept = rows[~says_nothing(rows, measure)]
    corrected = bool(measure.compute(kept, ZeroPolicy()).corrected.any()) if len(kept) else True
    if corrected and key == "risk_ratio":
        return  # meta adds to the events and half as much to the people
    if (
        result.get("k") != len(kept)
        or "TE_common" not in result
        or key in ("risk_difference", "rate_difference")
    ):
        return  # meta corrects the variance of a difference and not the difference
    method = {"MH": "mantel_haenszel", "Peto": "peto", "Inverse": "common_effect"}[call["method"]]
    answer = pool(rows, key, Model(method=method, mh_zero="only_zero"))
    agree(answer.effect, float(result["TE_common"]), 1e-9, "common effect")
    agree(answer.se, float(result["seTE_common"]), 1e-9, "its standard error")


def test_every_sum_has_a_reference():
    measures = {MEASURE_OF[load(n)["calls"][i]["measure"]] for n, i in COMMON}
    assert measures == {*MANTEL_HAENSZEL, "peto_odds_ratio"}
