"""Imprecision against what was stated, all subsets, Baujat, and the outlier sweep."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special

from evidence import Model, SynthesisError, pool
from evidence.sensitivity.check import Stated
from evidence.sensitivity.fragility import fragility
from evidence.sensitivity.gosh import (
    ALL_UP_TO,
    RANDOM,
    baujat,
    baujat_check,
    gosh,
    gosh_check,
    outlier_sweep,
    subsets_of,
)
from evidence.sensitivity.imprecision import imprecision, probability_above
from tests.reference_calls import frame

FRAME = pd.DataFrame(
    {
        "study_id": list("abcdef"), "events": [3, 6, 10, 1, 7, 2],
        "total": [11, 17, 21, 9, 50, 40],
    }
)  # fmt: skip
GLMM = Model(method="glmm")


def facts(found):
    return found.table.set_index("fact")


def test_nothing_stated_nothing_judged():
    found = imprecision(pool(FRAME))
    assert found.verdict.startswith("No verdict: nothing was stated")
    assert set(found.table["met"]) == {"nothing stated"}


def test_each_fact_is_judged_by_what_was_stated():
    answer = pool(FRAME, model=GLMM)
    good = imprecision(answer, Stated(threshold=0.9, change=0.9, events=29, people=148))
    assert good.verdict == "Held: every fact meets what was stated beforehand."
    table = facts(good)
    assert table.loc["events in all studies", ["figure", "stated"]].tolist() == [
        "29",
        "at least 29",
    ]
    bad = facts(imprecision(answer, Stated(threshold=0.2, change=0.01, events=30, people=149)))
    assert (bad["met"] == "no").sum() == 5
    assert "probability that a new setting's rate lies above 20.0%" in bad.index


@pytest.mark.parametrize(
    "model",
    [GLMM, Model(), Model(prediction="normal"), Model(method="glmm", prediction="t_k2")],
    ids=["glmm", "iv", "normal", "k2"],
)
def test_the_limits_of_the_prediction_leave_out_what_the_level_says(model):
    answer = pool(FRAME, model=model)
    assert probability_above(answer, answer.prediction.low) == pytest.approx(0.975)
    assert probability_above(answer, answer.prediction.high) == pytest.approx(0.025)


def test_the_probability_beyond_a_threshold_by_its_formula():
    answer = pool(FRAME, model=GLMM)
    spread = np.hypot(answer.se, answer.heterogeneity.tau2**0.5)
    away = (answer.effect - np.log(0.3 / 0.7)) / spread
    assert probability_above(answer, 0.3) == pytest.approx(special.stdtr(5, away), rel=1e-6)


def test_a_prediction_that_is_no_t_distribution_is_named():
    answer = pool(FRAME, model=Model(prediction="kenward_roger"))
    with pytest.raises(SynthesisError, match=r"'kenward_roger' .* choose one of: matching"):
        probability_above(answer, 0.2)
    found = imprecision(answer, Stated(threshold=0.2)).table
    assert found["figure"].str.startswith("not available").any()
    with pytest.raises(SynthesisError, match="needs 3 studies"):
        probability_above(pool(FRAME.head(2)), 0.2)


def test_a_comparison_shows_where_it_lies_beside_no_difference():
    answer = pool(frame("bin_bcg"), "risk_ratio")
    columns = {unit: [f"{unit}_t", f"{unit}_c"] for unit in ("events", "total")}
    events, people = (int(answer.studies[both].sum().sum()) for both in columns.values())
    table = facts(imprecision(answer, Stated(events=events, people=people)))
    assert table.loc["events in all studies", "met"] == "yes"
    assert table.loc["people in all studies", "met"] == "yes"
    beside = table.loc[["interval of the answer, beside no difference (1.00)",
                        "prediction interval, beside no difference (1.00)"]]  # fmt: skip
    assert beside["figure"].tolist() == ["below", "includes it"]
    assert set(beside["met"]) == {"nothing stated"}
    assert table.loc["interval of the answer", "figure"] == "0.33 to 0.73"


def test_a_ratio_has_its_own_threshold_and_probability():
    answer = pool(frame("bin_bcg"), "risk_ratio")
    table = facts(imprecision(answer, Stated(threshold=0.8, change=0.2)))
    assert table.loc["interval of the answer", "stated"] == "on one side of 0.80"
    assert "probability that a new setting's risk ratio lies above 0.80" in table.index
    assert table.loc["estimate to the farther end of its interval", "stated"] == "less than 0.20"


def test_scores_have_people_and_no_events_and_a_range_that_matters():
    answer = pool(frame("cont_curtis1998"), "standardised_difference")
    table = facts(imprecision(answer, Stated(people=10**6, important=0.2)))
    assert "events in all studies" not in table.index
    assert table.loc["people in all studies", "met"] == "no"
    assert table.loc["interval against what matters", "met"] == "yes"
    straddles = facts(imprecision(answer, Stated(important=0.8)))
    assert straddles.loc["interval against what matters", "met"] == "no"
    assert "interval against what matters" not in facts(imprecision(answer)).index


def test_subsets_are_all_of_them_or_different_random_ones():
    few = subsets_of(5)
    assert len(np.unique(few, axis=0)) == 31
    many = subsets_of(ALL_UP_TO + 5)
    assert len(many) == RANDOM == len(np.unique(many, axis=0))
    assert subsets_of(70).shape == (RANDOM, 70)
    assert many.any(-1).all() and abs(many.mean() - 0.5) < 0.01
    assert np.array_equal(many, subsets_of(ALL_UP_TO + 5))


def test_gosh_of_the_whole_set_is_the_answer():
    answer = pool(FRAME)
    table, members = gosh(answer)
    whole = members.all(-1)
    assert table.loc[whole, "estimate"].iloc[0] == pytest.approx(answer.estimate)
    assert table.loc[whole, "i2"].iloc[0] == pytest.approx(answer.heterogeneity.i2)
    rates = FRAME["events"] / FRAME["total"]
    assert table.loc[table["k"] == 1, "estimate"].tolist() == pytest.approx(rates.tolist())


def test_the_study_apart_divides_the_subsets():
    rows = FRAME.assign(events=[3, 4, 6, 2, 45, 10])
    found = gosh_check(pool(rows, model=GLMM))
    assert "Subsets differ most by whether they hold e." in found.text
    apart = found.table.set_index("study_id").loc["e"]
    assert apart["with_median"] > apart["without_median"] and apart["with_i2"] > apart["without_i2"]


def test_baujats_heterogeneity_adds_up_to_q():
    answer = pool(FRAME)
    table = baujat(answer)
    assert table["heterogeneity"].sum() == pytest.approx(answer.heterogeneity.q)
    y, v = (answer.studies[name].to_numpy() for name in ("effect", "variance"))
    rest = slice(1, None)
    w = 1 / v
    whole, without = (w @ y) / w.sum(), (w[rest] @ y[rest]) / w[rest].sum()
    assert table["influence"].iloc[0] == pytest.approx((whole - without) ** 2 * w[rest].sum())
    assert baujat_check(answer).verdict.startswith(("Held", "Did not hold"))
    same = baujat_check(pool(FRAME.assign(events=[1] * 6, total=[10] * 6)))
    assert same.verdict.startswith("Held") and same.table["share"].max() < 1e-6


def test_the_sweep_sets_aside_what_fits_least_and_keeps_two_thirds():
    rows = FRAME.assign(events=[3, 4, 6, 2, 45, 10])
    found = outlier_sweep(pool(rows, model=GLMM))
    assert found.table["set_aside"].iloc[:2].tolist() == ["", "e"]
    assert found.table["k"].tolist() == [6, 5, 4]
    assert "not that they are wrong" in found.text
    assert found.table["estimate"].iloc[0] == pytest.approx(pool(rows, model=GLMM).estimate)


@pytest.mark.parametrize("check", [imprecision, fragility, gosh_check, baujat_check, outlier_sweep])
def test_too_few_studies_are_counted(check):
    with pytest.raises(SynthesisError, match="at least 3 studies; this answer has 2"):
        check(pool(FRAME.head(2)))
