"""Comparisons of two arms: symmetry, comparisons without events, what is refused, what is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence import Model, pool
from evidence.measures.measure import MEASURES
from evidence.measures.two_arm import TWO_ARM
from evidence.measures.zero_cells import ZeroPolicy
from evidence.pooling.contrasts import CONTRAST_METHODS
from evidence.pooling.mantel_haenszel import stratified_tests

from .reference_calls import frame

BCG = frame("bin_bcg")
RATES = frame("rate2_nielweise2008")
DOUBLE_ZERO = frame("edge_bin_dz")
RATIOS = [m.key for m in TWO_ARM if m.scale.log_axis]


def rows_for(key):
    return RATES if "person_time_t" in MEASURES[key].needs else BCG


def swapped(rows):
    names = {n: f"{n[:-1]}{'c' if n[-1] == 't' else 't'}" for n in rows if n[-2:] in ("_t", "_c")}
    return rows.rename(columns=names)


def comparisons(events_t, total_t, events_c, total_c):
    return pd.DataFrame(
        {"events_t": events_t, "total_t": total_t, "events_c": events_c, "total_c": total_c}
    ).assign(study_id=[f"s{i}" for i in range(len(events_t))])


@pytest.mark.parametrize("key", [m.key for m in TWO_ARM])
@pytest.mark.parametrize("method", ["inverse_variance", "common_effect", "mantel_haenszel"])
def test_swapped_arms_turn_the_sign(key, method):
    rows = rows_for(key)
    if method == "mantel_haenszel" and "arcsine" in key + method:
        return
    try:
        one, other = (pool(r, key, Model(method=method)) for r in (rows, swapped(rows)))
    except ValueError as error:
        assert "there is no Mantel-Haenszel method" in str(error)
        assert key in ("peto_odds_ratio", "root_rate_difference", "arcsine_difference")
        return
    assert one.effect == pytest.approx(-other.effect, rel=1e-9)
    assert one.se == pytest.approx(other.se, rel=1e-9)


@pytest.mark.parametrize("key", [m.key for m in TWO_ARM])
@pytest.mark.parametrize("method", ["three_level", "robust", "bayes_normal"])
def test_methods_of_effects_take_comparisons(key, method):
    rows = rows_for(key).assign(cohort=[f"c{i // 2}" for i in range(len(rows_for(key)))])
    if method == "bayes_normal":
        rows = rows.drop(columns="cohort")
    answer = pool(rows, key, Model(method=method))
    assert answer.interval.low < answer.estimate < answer.interval.high
    assert answer.studies["weight"].sum() == pytest.approx(1)


@pytest.mark.parametrize("key", RATIOS)
def test_comparisons_without_events_are_left_out_and_seen(key):
    rows = frame("edge_rate2_zeros") if key == "rate_ratio" else DOUBLE_ZERO
    answer = pool(rows, key)
    silent = rows[(rows["events_t"] == 0) & (rows["events_c"] == 0)]
    assert answer.k == len(rows) - len(silent)
    assert answer.left_out["study_id"].tolist() == silent["study_id"].tolist()
    assert answer.left_out["reason"].unique().tolist() == ["no event in either arm"]
    kept = pool(rows, key, Model(double_zero="corrected"))
    assert kept.k == len(rows) and kept.left_out is None
    said = " ".join(answer.cautions)
    assert f"the answer would be {kept.estimate:.2f}" in said
    assert silent["study_id"].iloc[0] in said


def test_differences_keep_comparisons_without_events():
    assert pool(DOUBLE_ZERO, "risk_difference").k == len(DOUBLE_ZERO)
    assert pool(DOUBLE_ZERO, "arcsine_difference").left_out is None


def test_no_event_anywhere_has_no_ratio_and_says_so():
    answer = pool(frame("edge_bin_allzero"), "risk_ratio")
    assert (answer.k, answer.estimate) == (0, None)
    assert answer.cautions[0].startswith("no event in any arm of study-0, study-1, study-2")
    assert len(answer.left_out) == 3


def test_without_correction_the_other_answer_is_not_made_up():
    answer = pool(DOUBLE_ZERO.drop(index=2), "odds_ratio", Model(zero="none"))
    assert "would be" not in " ".join(answer.cautions)


def test_one_comparison_and_none():
    alone = pool(BCG.head(1), "risk_ratio")
    assert alone.k == 1 and "nothing is pooled" in alone.cautions[-1]
    assert np.log(alone.interval.high) - alone.effect == pytest.approx(1.959963985 * alone.se)
    assert pool(BCG.head(0), "risk_ratio").estimate is None


def test_what_a_comparison_prints():
    text = str(pool(BCG, "risk_ratio"))
    assert "Risk ratio 0.49 (95% CI 0.33 to 0.73) in 13 studies, 2575 events" in text.replace(
        "\N{NARROW NO-BREAK SPACE}", ""
    )
    assert "a new study: 0.13" in text or "a new study: 0.14" in text
    assert "people" in text
    rates = str(pool(RATES, "rate_ratio"))
    assert "person-years" in rates and "Rate ratio 0.67" in rates


def test_rates_are_printed_per_the_unit_asked_for():
    answer = pool(RATES, "rate_difference", Model(unit="per 100 person-years"))
    assert answer.measure.scale.factor == 100
    assert answer.measure.scale.unit == " per 100 person-years"


def test_counts_that_cannot_be_are_named_with_their_arm():
    with pytest.raises(
        ValueError, match=r"control arm: counts cannot be used:\n  b: events \(9\) must not exceed"
    ):
        pool(comparisons([1, 2], [5, 5], [3, 9], [6, 6]).assign(study_id=["a", "b"]), "risk_ratio")
    with pytest.raises(ValueError, match=r"treated arm: [\s\S]*whole numbers"):
        pool(comparisons([1.5, 2], [5, 5], [3, 2], [6, 6]), "odds_ratio")
    with pytest.raises(ValueError, match="no column events_c"):
        pool(BCG.drop(columns="events_c"), "risk_ratio")
    with pytest.raises(ValueError, match="no column person_time_t"):
        pool(BCG, "rate_ratio")
    with pytest.raises(ValueError, match=r"control arm: [\s\S]*person_time"):
        pool(RATES.assign(person_time_c=0.0), "rate_ratio")


def test_methods_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="method of measure 'risk_ratio' 'beta_binomial'"):
        pool(BCG, "risk_ratio", Model(method="beta_binomial"))
    with pytest.raises(ValueError, match="method of measure 'proportion_logit' 'peto'"):
        one_arm = pd.DataFrame({"events": [1, 2], "total": [5, 6]})
        pool(one_arm, "proportion_logit", Model(method="peto"))
    with pytest.raises(ValueError, match="Peto's method pools odds ratios, not risk_ratio"):
        pool(BCG, "risk_ratio", Model(method="peto"))
    with pytest.raises(ValueError, match="double_zero 'dropped' is unknown"):
        Model(double_zero="dropped")
    with pytest.raises(ValueError, match="zero policy of Mantel-Haenszel 'some'"):
        Model(mh_zero="some")


def test_an_arm_without_events_needs_another_method():
    rows = frame("edge_bin_onearm")
    with pytest.raises(ValueError, match="no finite value; use a difference, mh_zero"):
        pool(rows, "odds_ratio", Model(method="mantel_haenszel"))
    found = pool(rows, "odds_ratio", Model(method="mantel_haenszel", mh_zero="all"))
    assert found.estimate < 1 and "0.5 was added" in found.cautions[0]
    assert pool(rows, "odds_ratio", Model(method="peto")).estimate < 0.2


def test_peto_says_when_it_is_biased():
    fair = comparisons([9, 12, 20], [50, 60, 90], [10, 13, 18], [50, 61, 88])
    assert "biased" not in " ".join(pool(fair, "odds_ratio", Model(method="peto")).cautions)
    uneven = fair.assign(total_t=fair["total_t"] * 3)
    assert "biased" in " ".join(pool(uneven, "odds_ratio", Model(method="peto")).cautions)


def test_a_correction_of_shown_effects_is_not_said_of_the_sums():
    answer = pool(DOUBLE_ZERO, "odds_ratio", Model(method="mantel_haenszel"))
    assert any("not for the sums" in caution for caution in answer.cautions)


def test_stratified_tests_need_events():
    with pytest.raises(ValueError, match="nothing to test"):
        stratified_tests(frame("edge_bin_allzero"))
    same = comparisons([5, 10], [20, 40], [5, 10], [20, 40])
    assert stratified_tests(same).homogeneity == pytest.approx(0, abs=1e-12)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(*[st.integers(1, 60)] * 4).filter(lambda c: c[0] + c[1] > 1), min_size=2,
        max_size=8,
    )
)  # fmt: skip
def test_pooled_ratios_lie_among_the_studies(cells):
    a, b, c, d = (np.array(column) for column in zip(*cells, strict=True))
    rows = comparisons(a, a + b, c, c + d)
    for key in ("risk_ratio", "odds_ratio"):
        own = MEASURES[key].compute(rows, ZeroPolicy()).effect
        for method in ("common_effect", "mantel_haenszel", "inverse_variance"):
            answer = pool(rows, key, Model(method=method))
            assert own.min() - 1e-9 <= answer.effect <= own.max() + 1e-9
            assert answer.interval.low <= answer.estimate <= answer.interval.high


def test_every_contrast_method_answers():
    rows = BCG.assign(cohort=[f"c{i}" for i in range(13)])
    for method in CONTRAST_METHODS:
        assert 0.2 < pool(rows, "odds_ratio", Model(method=method)).estimate < 0.9, method


@pytest.mark.parametrize("method", CONTRAST_METHODS)
def test_every_comparison_says_itself(method):
    rows = DOUBLE_ZERO.assign(cohort=[f"c{i}" for i in range(4)])
    answer = pool(rows, "odds_ratio", Model(method=method))
    for text in (answer.summary(), answer.methods_text(), answer._repr_html_()):
        assert "nan" not in text
    assert "Odds ratios of 3 studies were pooled" in answer.methods_text()
    assert "without an event in either arm (1) had no weight" in answer.methods_text()
