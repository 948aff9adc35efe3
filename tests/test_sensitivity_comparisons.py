"""The multiverse of comparisons and scores: one measure, every defensible way to pool it."""

from __future__ import annotations

import pandas as pd
import pytest

from evidence import Model, SynthesisError, pool
from evidence.measures.measure import MEASURES
from evidence.plots.checks import CHECK_PLOTS
from evidence.sensitivity.check import Stated
from evidence.sensitivity.comparisons import OFFERED, comparisons
from evidence.sensitivity.multiverse import evaluate, multiverse
from evidence.sensitivity.specifications import STANDINGS

ARMS = pd.DataFrame(
    {
        "study_id": list("abcde"),
        "events_t": [4, 6, 3, 2, 9], "total_t": [120, 300, 230, 130, 500],
        "events_c": [11, 29, 11, 6, 30], "total_c": [130, 300, 220, 130, 510],
    }
)  # fmt: skip
SILENT = pd.DataFrame(
    {"study_id": ["z"], "events_t": 0, "total_t": 20, "events_c": 0, "total_c": 22}
)
SCORES = pd.DataFrame(
    {"study_id": list("abcd"), "mean": [3.0, 4.1, 2.7, 3.6], "sd": [1.2, 1.4, 1.1, 1.3],
     "n": [30, 42, 25, 60]}
)  # fmt: skip
RISKS = [m for m in MEASURES.values() if m.kind == "two_arm" and "total_t" in m.needs]


@pytest.mark.parametrize("measure", RISKS, ids=lambda m: m.key)
def test_every_figure_is_that_of_pool_and_the_stated_one_is_first(measure):
    specs = comparisons(measure, Model(), zeros=False)
    table, refused = evaluate(ARMS, specs)
    assert not refused and len(table) == len(specs)
    assert [one.standing for one in specs].count("primary") == 1 == specs[0].standing.count("prim")
    for row, spec in zip(table.itertuples(), specs, strict=True):
        found = pool(ARMS, spec.measure, spec.model)
        ends = (found.estimate, found.interval.low, found.interval.high)
        assert (row.estimate, row.low, row.high) == ends
        assert spec.standing in STANDINGS and spec.source and spec.measure == measure.key


def test_the_list_has_no_analysis_twice_and_follows_what_the_measure_offers():
    for measure in RISKS:
        specs = comparisons(measure, Model(), zeros=True)
        assert len({one.model for one in specs}) == len(specs)
        methods = {one.model.method for one in specs}
        for method, measures in OFFERED.items():
            assert (method in methods) == (measure.key in measures)
    assert len(comparisons(MEASURES["arcsine_difference"], Model(), zeros=True)) == 11
    assert len(comparisons(MEASURES["risk_difference"], Model(), zeros=True)) == 22


@pytest.mark.parametrize(
    "model",
    [Model(method="mantel_haenszel"), Model(tau2="SJ"), Model(method="glmm", interval="profile"),
     Model(method="glmm", two_arm="fixed_baseline")],
    ids=["sums", "estimator", "profile", "glmm"],
)  # fmt: skip
def test_any_stated_model_comes_first_and_stands_once(model):
    specs = comparisons(MEASURES["odds_ratio"], model, zeros=False)
    assert specs[0].model == model and specs[0].standing == "primary"
    known = model.method == "mantel_haenszel" or model.two_arm == "fixed_baseline"
    assert len(specs) == len(comparisons(MEASURES["odds_ratio"], Model(), False)) + (not known)


def test_the_conclusion_is_about_no_difference_unless_a_threshold_is_stated():
    answer = pool(ARMS, "risk_ratio")
    found = multiverse(answer)
    assert "the interval lies below no difference (1.00)" in found.verdict
    assert found.verdict.startswith("Did not hold: ") and "It does in 92% of 12" in found.verdict
    assert (found.table["holds"] == (found.table["high"] < 1)).all()
    judged = multiverse(answer, Stated(threshold=0.5))
    assert "the threshold of 0.50" in judged.verdict
    assert "p-value" in found.text


def test_comparisons_without_events_enter_where_a_method_takes_them():
    answer = pool(pd.concat([ARMS, SILENT], ignore_index=True), "risk_ratio")
    assert answer.k == 5 and answer.left_out is not None
    table = multiverse(answer).table
    assert set(table["k"]) == {6}, "the rows as they were given"
    assert set(table["zero"]) >= {"0.5 where needed", "0.5 everywhere"}


def test_what_cannot_be_computed_is_told_and_the_stated_analysis_must_be():
    frame = ARMS.assign(events_c=0)
    found = multiverse(pool(frame, "risk_ratio"))
    assert "Not possible: Mantel-Haenszel (" in found.text
    assert "Mantel-Haenszel" not in set(found.table["method"])
    specs = comparisons(MEASURES["risk_ratio"], Model(method="mantel_haenszel"), zeros=True)
    with pytest.raises(SynthesisError, match="ratio has no finite value"):
        evaluate(frame, specs)


def test_another_measure_is_read_elsewhere_and_is_told():
    answer = pool(ARMS, "risk_ratio")
    rules = {"difference": pool(ARMS, "risk_difference"), "four": pool(ARMS.head(4), "risk_ratio")}
    found = multiverse(answer, Stated(restrictions=rules))
    assert set(found.table["rows"]) == {"as stated", "four"}
    assert "Read on another scale: difference." in found.text


def test_scores_have_estimators_and_intervals():
    found = multiverse(pool(SCORES, "mean"), Stated(change=0.5))
    assert len(found.table) == 11 and found.table["tau2"].nunique() == 4
    assert "the estimate is within the stated 0.50" in found.verdict


@pytest.mark.parametrize(("frame", "measure"), [(ARMS, "risk_ratio"), (SCORES, "mean")])
def test_the_figures_of_the_checks_draw_them(frame, measure):
    answer = pool(frame, measure)
    stated = Stated(change=0.1, few_anyway=True)
    for name in ("cumulative", "adjusted", "multiverse", "imprecision", "leave_one_out"):
        assert CHECK_PLOTS[name](answer, stated, "Leaks").get_label()
    if measure == "risk_ratio":
        axes = CHECK_PLOTS["fragility"](answer, stated, "Leaks")
        assert "Upper end of the interval" in [text.get_text() for text in axes.texts]
    else:
        with pytest.raises(SynthesisError, match="No verdict"):
            CHECK_PLOTS["fragility"](answer, stated, "Leaks")
