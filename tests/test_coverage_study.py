"""The coverage study: its simulation, its intervals, and that its page is current."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evidence import Model, pool
from evidence.coverage import (
    LEVEL,
    SCENARIOS,
    Scenario,
    inverse_variance,
    mixed,
    page,
    simulate,
    study,
)
from evidence.pooling.mean import MEAN_INTERVALS
from evidence.pooling.prediction import PREDICTIONS
from tests.conftest import ROOT

EVENTS = np.array([[3.0, 6, 10, 1], [2, 0, 7, 9], [0, 0, 0, 0]])
TOTAL = np.array([[11.0, 17, 21, 9], [40, 30, 50, 60], [12, 20, 9, 30]])


def alone(row, model, measure="proportion_logit"):
    frame = pd.DataFrame(
        {
            "study_id": list("abcd"),
            "events": EVENTS[row].astype(int),
            "total": TOTAL[row].astype(int),
        }
    )
    return pool(frame, measure, model)


@pytest.mark.parametrize("row", [0, 1, 2])
def test_intervals_of_the_batch_are_those_of_pool(row):
    means, predictions = mixed(EVENTS, TOTAL)
    for name, interval in (("GLMM, t(k-1)", "t"), ("GLMM, Wald", "wald")):
        found = alone(row, Model(method="glmm", interval=interval)).interval
        ours = tuple(float(end[row]) for end in means[name])
        assert ours == pytest.approx((found.low, found.high), rel=1e-6, abs=1e-12)
    if row < 2:
        found = alone(row, Model(method="glmm")).prediction
        ours = tuple(float(end[row]) for end in predictions["GLMM, t(k-1)"])
        assert ours == pytest.approx((found.low, found.high), rel=1e-6)
    means, predictions = inverse_variance(EVENTS, TOTAL)
    for kind in MEAN_INTERVALS:
        found = alone(row, Model(interval=kind)).interval
        ours = tuple(float(e[row]) for e in means[f"log odds, REML, {kind.replace('_', ' ')}"])
        assert ours == pytest.approx((found.low, found.high), rel=1e-6)
    for kind in PREDICTIONS:
        if kind != "bootstrap":
            found = alone(row, Model(prediction=kind)).prediction
            name = f"log odds, REML, {kind.replace('_', ' ')}"
            ours = tuple(float(end[row]) for end in predictions[name])
            assert ours == pytest.approx((found.low, found.high), rel=1e-6, abs=1e-9)
    found = alone(row, Model(), "proportion_freeman_tukey").interval
    ours = tuple(float(e[row]) for e in means["double arcsine, REML, hartung knapp"])
    assert ours == pytest.approx((found.low, found.high), rel=1e-6, abs=1e-9)


def test_simulated_studies_are_what_the_scenario_says():
    scenario = Scenario(20, "20 to 1000 people", 0.1, 0.4)
    events, total = simulate(scenario, 500, np.random.default_rng(1))
    assert total.min() >= 20 and total.max() <= 1000
    logit = np.log((events + 0.5) / (total - events + 0.5))[total > 400]
    assert np.median(logit) == pytest.approx(np.log(0.1 / 0.9), abs=0.05)
    assert logit.std() == pytest.approx(np.hypot(0.4, 0.12), abs=0.05)


def test_the_same_seed_gives_the_same_figures():
    one, two = (study(SCENARIOS[4], 20, np.random.default_rng(3)) for _ in range(2))
    assert one == two
    table = pd.DataFrame(one)
    assert table["coverage"].between(0, 1).all() and (table["width"] > 0).all()


def test_without_heterogeneity_the_prediction_covers_the_one_rate():
    rows = study(Scenario(10, "20 to 1000 people", 0.4, 0.0), 60, np.random.default_rng(5))
    found = {row["interval"]: row["coverage"] for row in rows if row["of"] == "prediction"}
    assert found["GLMM, t(k-1)"] > 0.9


def test_the_published_page_is_that_of_the_published_table():
    table = pd.read_csv(ROOT / "docs" / "coverage.csv")
    text = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    assert text == page(table), "run `make coverage`"
    assert set(table["of"]) == {"mean", "prediction"}
    assert len(table[["k", "sizes", "rate", "tau"]].drop_duplicates()) == len(SCENARIOS)
    assert LEVEL == 0.95
