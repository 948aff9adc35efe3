"""Fragility: the fewest events and studies that reverse a conclusion, of rates and comparisons."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evidence import Model, pool
from evidence.sensitivity.check import Stated
from evidence.sensitivity.fragility import fragility
from evidence.sensitivity.refit import recount, refit
from tests.reference_calls import frame

FRAME = pd.DataFrame(
    {
        "study_id": list("abcdef"), "events": [3, 6, 10, 1, 7, 2],
        "total": [11, 17, 21, 9, 50, 40],
    }
)  # fmt: skip
GLMM = Model(method="glmm")


@pytest.mark.parametrize("model", [GLMM, Model()], ids=["glmm", "iv"])
def test_recounted_answers_are_those_of_pool(model):
    events = np.array([[3, 6, 10, 1, 7, 2], [2, 6, 10, 1, 7, 2], [0, 0, 0, 0, 0, 0]])
    found = recount(pool(FRAME, model=model), events)
    for row, trial in zip(found.itertuples(), events, strict=True):
        alone = pool(FRAME.assign(events=trial), model=model)
        assert row.estimate == pytest.approx(alone.estimate, rel=1e-7)
        assert row.high == pytest.approx(alone.interval.high, rel=1e-6)


@pytest.mark.parametrize("model", [GLMM, Model()], ids=["glmm", "iv"])
def test_the_fewest_events_by_trying_every_one(model):
    answer = pool(FRAME, model=model)
    line = answer.interval.low * 0.97
    found = fragility(answer, Stated(threshold=line))
    one_less = [
        pool(FRAME.assign(events=FRAME["events"] - np.eye(6, dtype=int)[i]), model=model)
        for i in range(6)
    ]
    lowest = min(one.interval.low for one in one_less)
    assert found.table["low"].iloc[0] == pytest.approx(lowest, rel=1e-6)
    assert (len(found.table) == 1) == (lowest <= line)
    assert found.table["low"].iloc[-1] <= line
    assert "the interval lies above" in found.verdict


def test_fragility_below_a_threshold_adds_events():
    answer = pool(FRAME, model=GLMM)
    found = fragility(answer, Stated(threshold=answer.interval.high * 1.05))
    assert "the interval lies below" in found.verdict
    assert found.table["high"].is_monotonic_increasing
    assert "leaving out" in found.verdict


def test_without_a_conclusion_there_is_nothing_to_reverse():
    answer = pool(FRAME)
    assert "states no threshold" in fragility(answer).verdict
    inside = fragility(answer, Stated(threshold=answer.estimate))
    assert "includes the threshold" in inside.verdict and inside.table.empty


def test_a_conclusion_that_no_few_studies_carry():
    answer = pool(FRAME, model=Model(interval="wald"))
    found = fragility(answer, Stated(threshold=0.001))
    assert "leaving out more than 4 studies" in found.verdict and "more than" in found.verdict


TWO_ARM = [
    ("risk_ratio", Model(interval="wald")),
    ("odds_ratio", Model(method="mantel_haenszel")),
    ("odds_ratio", Model(method="peto")),
    ("risk_difference", Model(method="common_effect")),
    ("odds_ratio", Model(method="exact")),
]


@pytest.mark.parametrize(("key", "model"), TWO_ARM)
def test_the_first_event_of_a_comparison_by_trying_every_arm(key, model):
    rows = pd.DataFrame(
        {"study_id": list("abc"), "events_t": [4, 6, 9], "total_t": [60, 80, 90],
         "events_c": [12, 17, 18], "total_c": [61, 79, 92]}
    )  # fmt: skip
    answer = pool(rows, key, model)
    found = fragility(answer)
    assert "the interval lies below no difference" in found.verdict
    best = max(
        pool(rows.assign(**{arm: rows[arm] + change * np.eye(3, dtype=int)[i]}), key, model)
        .interval.high
        for arm, change in (("events_t", 1), ("events_c", -1)) for i in range(3)
    )  # fmt: skip
    assert found.table["high"].iloc[0] == pytest.approx(best, rel=1e-9)
    null = answer.measure.scale.null
    assert found.table["high"].iloc[-1] >= null > found.table["high"].iloc[-2]
    steps = len(found.table)
    assert f"changing {steps} events ({100 * steps / 66:.1f}% of all events)" in found.verdict
    changed = rows.set_index("study_id")[["events_t", "events_c"]].astype(float)
    for _, step in found.table.iterrows():  # each step moves one count by one, where it is said
        arm = "events_t" if step.get("events_t") == step.get("events_t") else "events_c"
        gap = step[arm] - changed.loc[step["study_id"], arm]
        assert gap == (1 if arm == "events_t" else -1)
        changed.loc[step["study_id"], arm] = step[arm]
    counts = {arm: changed[arm].astype(int).to_numpy() for arm in changed}
    last = pool(rows.assign(**counts), key, model)
    assert last.interval.high == pytest.approx(found.table["high"].iloc[-1], rel=1e-9)


def test_where_no_difference_is_included_events_are_changed_until_it_is_not():
    answer = pool(frame("rate2_nielweise2008"), "rate_ratio")
    assert 1 in answer.interval and answer.estimate < 1
    found = fragility(answer)
    assert "the interval includes no difference (1.00); changing 5 events" in found.verdict
    assert "would make it exclude that" in found.verdict
    assert found.table["high"].is_monotonic_decreasing and found.table["high"].iloc[-1] <= 1


def test_a_stated_threshold_takes_the_place_of_no_difference():
    answer = pool(frame("bin_bcg"), "risk_ratio")
    assert "lies below the threshold of 0.80" in fragility(answer, Stated(threshold=0.8)).verdict
    inside = fragility(answer, Stated(threshold=0.5))
    assert "includes the threshold of 0.50" in inside.verdict and inside.table.empty


@pytest.mark.parametrize(
    ("name", "key"),
    [("cont_curtis1998", "standardised_difference"), ("prepost_made", "mean_change")],
)
def test_scores_have_studies_but_no_events(name, key):
    found = fragility(pool(frame(name), key))
    assert "leaving out" in found.verdict and "event" not in found.verdict
    assert found.table.empty and "Scores have no events to change." in found.text


def test_a_mean_has_no_conclusion_without_a_threshold():
    answer = pool(frame("mean_normand1999"), "mean")
    assert "states no threshold" in fragility(answer).verdict
    assert "lies above the threshold of 1.00" in fragility(answer, Stated(threshold=1.0)).verdict


SPARSE = pd.DataFrame(
    {"study_id": list("abcd"), "events_t": [2, 3, 5, 1], "total_t": [40, 55, 60, 30],
     "events_c": [9, 11, 14, 6], "total_c": [41, 50, 62, 33]}
)  # fmt: skip


@pytest.mark.parametrize("kind", ["conditional", "conditional_approximate", "fixed_baseline"])
def test_mixed_models_of_two_arms_are_refitted_as_pool_does(kind):
    model = Model(method="glmm", two_arm=kind)
    answer = pool(SPARSE, "odds_ratio", model)
    keep = ~np.eye(4, dtype=bool)
    found = refit(answer, keep)
    counts = SPARSE[["events_t", "events_c"]].to_numpy().T.reshape(1, -1)
    again = recount(answer, np.concatenate([counts, counts + np.eye(8, dtype=int)[:1]]))
    for row, members in zip(found.itertuples(), keep, strict=True):
        alone = pool(SPARSE[members], "odds_ratio", model)
        ours = (row.estimate, row.low, row.high, row.se)
        assert ours == pytest.approx(
            (alone.estimate, alone.interval.low, alone.interval.high, alone.se), rel=1e-9
        )
    assert again["estimate"].iloc[0] == pytest.approx(answer.estimate, rel=1e-9)
    more = pool(SPARSE.assign(events_t=[3, 3, 5, 1]), "odds_ratio", model)
    assert again["high"].iloc[1] == pytest.approx(more.interval.high, rel=1e-9)


def test_a_slow_model_says_how_the_events_were_found():
    found = fragility(pool(SPARSE, "odds_ratio", Model(method="glmm")))
    assert "is found by inverse variance; the answer is that of the mixed model" in found.text
    assert found.table["high"].iloc[-1] >= 1
