"""What must hold for any data, and every refusal of the pooling options."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence import Model, pool
from evidence.incidence import study_incidence
from evidence.measures.measure import MEASURES
from evidence.measures.scale import (
    LINK_SCALES,
    RATE_UNITS,
    freeman_tukey,
    freeman_tukey_rate,
)
from evidence.measures.zero_cells import ZeroPolicy
from evidence.pooling.answers import METHODS
from evidence.pooling.bayes import PRIORS
from evidence.pooling.contrasts import CONTRAST_METHODS
from evidence.pooling.mean import MEAN_INTERVALS
from evidence.pooling.options import METHOD_KINDS
from evidence.pooling.prediction import PREDICTIONS, Evidence
from evidence.pooling.roots import falling_root
from evidence.pooling.tau2 import TAU2_ESTIMATORS
from evidence.pooling.tau2_intervals import TAU2_INTERVALS
from evidence.pooling.weighting import intercept

EFFECTS = st.lists(st.tuples(st.floats(-5, 5), st.floats(1e-3, 4)), min_size=3, max_size=10).map(
    lambda pairs: tuple(np.array(column) for column in zip(*pairs, strict=True))
)
ONE_ARM = {key: measure for key, measure in MEASURES.items() if measure.kind == "rate"}
PEOPLE = [key for key, measure in ONE_ARM.items() if measure.counts_people]
TIMES = [key for key in ONE_ARM if key not in PEOPLE]
ROWS = pd.DataFrame(
    {"study_id": list("abcde"), "events": [3, 6, 10, 1, 0], "total": [11, 17, 21, 6, 9]}
)
RATES = ROWS.drop(columns="total").assign(person_time=[10.5, 20, 31, 8, 12])


def tau2_of(method, y, v):
    return float(TAU2_ESTIMATORS[method](y, v, intercept(len(y))))


@pytest.mark.parametrize("method", TAU2_ESTIMATORS)
@settings(max_examples=30)
@given(EFFECTS)
def test_tau2_is_never_negative_and_moves_with_the_scale(method, effects):
    y, v = effects
    tau2 = tau2_of(method, y, v)
    assert 0 <= tau2 < math.inf
    assert tau2_of(method, y[::-1], v[::-1]) == pytest.approx(tau2, rel=1e-7, abs=1e-9)
    assert tau2_of(method, y + 3, v) == pytest.approx(tau2, rel=1e-6, abs=1e-8)
    assert tau2_of(method, 10 * y, 100 * v) == pytest.approx(100 * tau2, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("key", ["q_profile", "profile_likelihood"])
@settings(max_examples=30)
@given(EFFECTS)
def test_tau2_intervals_are_ordered(key, effects):
    y, v = effects
    low, high = TAU2_INTERVALS[key](y, v, intercept(len(y)), 0.95)
    wide = TAU2_INTERVALS[key](y, v, intercept(len(y)), 0.99)
    assert 0 <= wide[0] <= low <= high <= wide[1] < math.inf
    if key == "profile_likelihood":
        assert low <= tau2_of("REML", y, v) * (1 + 1e-9) <= high * (1 + 2e-9)


@pytest.mark.parametrize("key", MEAN_INTERVALS)
@settings(max_examples=20)
@given(EFFECTS)
def test_intervals_of_the_mean_hold_it(key, effects):
    y, v = effects
    mean = MEAN_INTERVALS[key](y, v, np.array(tau2_of("DL", y, v)), 0.95)
    low, high = mean.limits(0.95)
    assert low <= mean.effect <= high
    assert mean.weights.sum() == pytest.approx(1)


@settings(max_examples=30)
@given(EFFECTS)
def test_a_batch_is_its_members(effects):
    y, v = effects
    ys, vs, x = np.stack([y, y * 2, -y]), np.stack([v, v, v * 3]), intercept(len(y))
    for method, estimator in TAU2_ESTIMATORS.items():
        together = estimator(ys, vs, x)
        alone = [tau2_of(method, ys[i], vs[i]) for i in range(3)]
        assert together == pytest.approx(np.array(alone), rel=1e-9, abs=1e-12)
    tau2 = TAU2_ESTIMATORS["REML"](ys, vs, x)
    for key in ("hartung_knapp", "kenward_roger", "hartung_knapp_iqwig"):
        mean = MEAN_INTERVALS[key](ys, vs, tau2, 0.95)
        for i in range(3):
            single = MEAN_INTERVALS[key](ys[i], vs[i], tau2[i], 0.95)
            assert mean.se[i] == pytest.approx(float(single.se))
    found = PREDICTIONS["matching"](Evidence(ys, vs, tau2, mean), 0.95)
    assert found.low.shape == (3,)
    low, _ = TAU2_INTERVALS["q_profile"](ys, vs, x, 0.95)
    assert low.shape == (3,)


@pytest.mark.parametrize("measure", PEOPLE)
@pytest.mark.parametrize("prediction", [*PREDICTIONS])
def test_answers_stay_in_the_unit_interval(measure, prediction):
    model = Model(method="inverse_variance", prediction=prediction)
    answer = pool(ROWS, measure, model)
    assert 0 <= answer.prediction.low <= answer.prediction.high <= 1
    assert 0 <= answer.interval.low <= answer.estimate <= answer.interval.high <= 1


@pytest.mark.parametrize("measure", TIMES)
def test_rates_have_answers_in_every_unit(measure):
    for unit, factor in RATE_UNITS.items():
        answer = pool(RATES, measure, Model(method="inverse_variance", unit=unit))
        assert answer.measure.scale.factor == factor
        assert unit in answer.summary()
        assert 0 <= answer.interval.low <= answer.estimate <= answer.interval.high < math.inf


@pytest.mark.parametrize("measure", ["proportion_logit", "proportion_arcsine"])
def test_events_and_non_events_mirror_each_other(measure):
    flipped = ROWS.assign(events=ROWS["total"] - ROWS["events"])
    model = Model(method="inverse_variance")
    one, other = pool(ROWS, measure, model), pool(flipped, measure, model)
    assert one.estimate == pytest.approx(1 - other.estimate)


@pytest.mark.parametrize("method", ["inverse_variance", "common_effect", "glmm", "beta_binomial"])
def test_more_people_shorten_the_interval(method):
    rows = ROWS.iloc[:4]
    more = rows.assign(events=4 * rows["events"], total=4 * rows["total"])
    widths = [
        answer.interval.high - answer.interval.low
        for answer in (
            pool(rows, model=Model(method=method)),
            pool(more, model=Model(method=method)),
        )
    ]
    assert widths[1] < widths[0]


@given(st.floats(0, 1), st.integers(2, 10_000))
def test_freeman_tukey_round_trips(rate, n):
    scale = freeman_tukey(float(n))
    count = round(rate * n) / n
    assert float(scale.inverse(scale.link(np.array(count)))) == pytest.approx(count, abs=1e-7)
    other = freeman_tukey_rate(float(n))
    assert float(other.inverse(other.link(np.array(rate)))) == pytest.approx(rate, abs=1e-9)


@pytest.mark.parametrize("measure", [m for m in MEASURES.values() if m.scale_at is None])
@given(st.floats(1e-6, 1 - 1e-6))
def test_scales_round_trip(measure, rate):
    back = measure.scale.inverse(measure.scale.link(np.array(rate)))
    assert float(back) == pytest.approx(rate, rel=1e-9)


@pytest.mark.parametrize("scale", LINK_SCALES.values())
def test_links_round_trip(scale):
    rates = np.array([1e-6, 0.2, 0.9])
    assert scale.inverse(scale.link(rates)) == pytest.approx(rates, rel=1e-9)


def test_registers_of_methods_belong_together():
    assert set(METHODS) | set(CONTRAST_METHODS) == set(METHOD_KINDS)
    assert set(PRIORS) == {"half_normal", "half_cauchy"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "GLM"}, "method 'GLM' is unknown"),
        ({"tau2": "reml"}, "tau2 estimator 'reml' is unknown"),
        ({"tau2_interval": "QP"}, "tau2 interval 'QP' is unknown"),
        ({"method": "inverse_variance", "interval": "hk"}, "interval of method 'inverse_variance'"),
        ({"method": "glmm", "prediction": "bootstrap"}, "prediction of method 'glmm'"),
        ({"zero": "some"}, "zero policy 'some' is unknown"),
        ({"zero_add": -1.0}, "must be 0 or more"),
        ({"zero_add": math.nan}, "zero_add must be a number"),
        ({"study_interval": "exact"}, "study interval 'exact' is unknown"),
        ({"rate_interval": "wilson"}, "rate interval 'wilson' is unknown"),
        ({"unit": "per year"}, "unit 'per year' is unknown"),
        ({"level": 95}, "level must lie between 0 and 1"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        Model(**options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"events": [3.5]}, "a: events .3.5. must be a whole number"),
        ({"events": [-1]}, "a: events .-1. must be a whole number"),
        ({"events": [None]}, "a: events and person_time must both be given"),
        ({"person_time": [0]}, "a: person_time .0. must be above 0"),
        ({"person_time": [-2.5]}, "must be above 0"),
    ],
)
def test_person_time_is_checked(change, message):
    rows = pd.DataFrame({"study_id": ["a"], "events": [3], "person_time": [10.0]})
    with pytest.raises(ValueError, match=message):
        study_incidence(rows.assign(**change))
    with pytest.raises(ValueError, match="no column person_time"):
        study_incidence(rows.drop(columns="person_time"))


def test_scales_without_correction_refuse_what_they_cannot_take():
    with pytest.raises(ValueError, match="no finite effect or no variance on this scale: e"):
        pool(ROWS, model=Model(method="inverse_variance", zero="none"))
    every = MEASURES["proportion_logit"].compute(ROWS, ZeroPolicy(0.5, "all_if_any"))
    assert every.corrected.all()


def test_a_root_that_is_not_there_is_an_error():
    with pytest.raises(ValueError, match="a root was not found"):
        falling_root(lambda x: (x * np.nan, x * np.nan), np.array([0.0]), np.array([1.0]))


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("three_level", "robust")])
def test_every_answer_says_itself(method):
    answer = pool(ROWS, model=Model(method=method))
    for text in (answer.summary(), answer.methods_text(), answer._repr_html_()):
        assert "nan" not in text
    assert "5 studies" in answer.summary()
    assert "evidence 0" in answer.methods_text()
    assert answer.studies["weight"].sum() == pytest.approx(1)


def test_zero_corrections_are_told():
    answer = pool(ROWS, model=Model(method="inverse_variance", zero_add=0.25))
    assert any("0.25 added to events and non-events" in caution for caution in answer.cautions)
    assert "0.25 was added" in answer.methods_text()
    every = pool(ROWS, model=Model(method="inverse_variance", zero="all"))
    assert "to every study" in every.methods_text()


def test_freeman_tukey_shows_its_spread():
    """Own data of the kind that the transform is used for; spread as in doi 10.1002/jrsm.1348."""
    rows = pd.DataFrame({"events": [2, 1, 4, 60, 300], "total": [12, 40, 150, 30_000, 500_000]})
    answer = pool(
        rows, "proportion_freeman_tukey", Model(method="inverse_variance", interval="wald")
    )
    per_thousand = 1000 * answer.readings["estimate"].to_numpy()
    assert per_thousand == pytest.approx([7.93, 16.7, 17.2, 11.9], abs=0.05)
    assert any("for sensitivity only" in caution for caution in answer.cautions)


def test_nothing_and_one():
    empty = pool(ROWS.iloc[:0], model=Model(method="glmm"))
    assert (empty.k, empty.estimate) == (0, None)
    assert "Nothing was pooled" in empty.methods_text()
    for key, rows in (("proportion_freeman_tukey", ROWS), ("rate_log", RATES)):
        one = pool(rows.iloc[:1], key, Model(method="inverse_variance"))
        assert one.interval.low < one.estimate < one.interval.high
