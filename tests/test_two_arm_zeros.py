"""Comparisons without events: answers with and without them, and what "the same" rests on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evidence import Model, double_zeros, pool
from evidence.errors import SynthesisError
from evidence.measures.measure import MEASURES
from evidence.measures.two_arm import TWO_ARM
from evidence.measures.zero_cells import ZeroPolicy
from evidence.pooling.double_zero import SAME
from evidence.pooling.mantel_haenszel import MANTEL_HAENSZEL, peto_sums
from evidence.pooling.options import TWO_ARM as BASELINES
from evidence.pooling.ratios import arms_of
from evidence.pooling.two_arm_glmm import fit_two_arm

from .reference_calls import agree, frame, load
from .test_two_arm import DOUBLE_ZERO, comparisons

RATES = frame("edge_rate2_zeros")
WALD = Model(interval="wald", prediction="normal")
TABLE = st.tuples(*[st.integers(0, 30)] * 4).filter(lambda c: c[0] + c[1] > 0 and c[2] + c[3] > 0)


def result(name, fn, measure, call=""):
    return next(
        c["result"]
        for c in load(name)["calls"]
        if c["fn"] == fn and c.get("measure") == measure and call in c["call"]
    )


def rows_of(cells):
    a, b, c, d = (np.array(column, float) for column in zip(*cells, strict=True))
    return comparisons(a, a + b, c, c + d)


@pytest.mark.parametrize(
    ("name", "measure", "code"),
    [("edge_bin_dz", "odds_ratio", "OR"), ("edge_rate2_zeros", "rate_ratio", "IRR")],
)
def test_with_and_without_against_metafor_and_meta(name, measure, code):
    """Metafor corrects and keeps them where meta, for odds ratios, leaves them out."""
    found = double_zeros(pool(frame(name), measure, WALD)).table
    first, mantel = found.iloc[0], found.iloc[1]
    corrected = result(name, "rma.uni", code, "method='REML', test='z'")
    figures = np.log([first[f"{part}_with"] for part in ("estimate", "low", "high")])
    agree(figures, [corrected[part][0] for part in ("beta", "ci_lb", "ci_ub")], 1e-7)
    if code == "OR":
        left = result(name, "metabin", code, "method='Inverse'")
        agree(np.log(first["estimate"]), left["TE_common"], 1e-7)
    sums = result(name, "rma.mh", code)
    for end in ("", "_with"):
        figures = np.log([mantel[f"{part}{end}"] for part in ("estimate", "low", "high")])
        agree(figures, [sums["beta"], sums["ci_lb"], sums["ci_ub"]], 1e-9)
    assert (first["k"], first["k_with"], mantel["k_with"]) == (3, 4, 4)


@pytest.mark.parametrize("key", [measure.key for measure in TWO_ARM])
def test_every_method_of_a_measure_is_there(key):
    rows = RATES if "person_time_t" in MEASURES[key].needs else DOUBLE_ZERO
    found = double_zeros(pool(rows, key))
    expected = ["Random effects, inverse variance"]
    if key in MANTEL_HAENSZEL:
        expected.append("Common effect, Mantel-Haenszel")
    if "odds" in key:
        expected.append("Common effect, Peto")
    if key == "odds_ratio":
        expected.append("Common effect, exact conditional")
    wanted = [text for name, text in BASELINES.items() if key == "odds_ratio" or "app" not in name]
    if key in ("odds_ratio", "rate_ratio"):
        expected += [f"Mixed model, {text}" for text in wanted]
    assert found.table["method"].tolist() == expected
    assert found.comparisons == ("study-0",) if rows is DOUBLE_ZERO else ("study-2",)
    assert not found.table.map(lambda cell: cell is None or cell != cell).any(axis=None)
    same = found.table[found.table["note"] == SAME]
    for part in ("estimate", "low", "high"):
        assert same[part].tolist() == same[f"{part}_with"].tolist()
    other = found.table[found.table["note"] != SAME]
    assert (other["estimate"] != other["estimate_with"]).all()


def test_the_stated_model_comes_first_and_once():
    stated = Model(method="glmm", two_arm="random_baseline", interval="profile")
    found = double_zeros(pool(DOUBLE_ZERO, "odds_ratio", stated))
    assert (
        found.table["method"].iloc[0] == "Mixed model, unconditional, baselines from a normal law"
    )
    assert found.table["method"].is_unique and len(found.table) == 8
    assert found.table["note"].iloc[0] == "they inform the baselines"
    answer = pool(DOUBLE_ZERO, "odds_ratio", stated)
    assert answer.k == 4 and answer.left_out is None
    row = found.table.iloc[0]
    assert (row["estimate_with"], row["low_with"]) == (answer.estimate, answer.interval.low)
    without = pool(DOUBLE_ZERO.drop(index=0), "odds_ratio", stated)
    assert (row["estimate"], row["high"]) == (without.estimate, without.interval.high)


@pytest.mark.parametrize("double_zero", ["left_out", "corrected"])
def test_what_the_answer_did_with_them_does_not_matter(double_zero):
    found = double_zeros(pool(DOUBLE_ZERO, "risk_ratio", Model(double_zero=double_zero))).table
    known = double_zeros(pool(DOUBLE_ZERO, "risk_ratio")).table
    pd.testing.assert_frame_equal(found, known)


def test_a_correction_of_the_sums_is_not_the_same():
    answer = pool(DOUBLE_ZERO, "odds_ratio", Model(method="mantel_haenszel", mh_zero="all"))
    row = double_zeros(answer).table.iloc[0]
    assert row["note"] == "0.5 added in the sums" and row["estimate"] < row["estimate_with"] < 1


def test_what_it_prints():
    text = str(double_zeros(pool(DOUBLE_ZERO, "odds_ratio")))
    lines = text.splitlines()
    assert lines[0] == "Odds ratio with and without 1 comparison: study-0"
    assert lines[2].split("  ")[0] == "Random effects, inverse variance"
    assert "0.43 (0.07 to 2.75), k = 3 0.45 (0.12 to 1.71), k = 4 0.5 added" in lines[2]
    assert "nan" not in text.lower() and "None" not in text
    page = double_zeros(pool(DOUBLE_ZERO, "odds_ratio"))._repr_html_()
    assert page.count("<tr") == 9 and "the same by construction" in page


def test_a_refusal_is_said_in_full_and_no_figure_is_made_up():
    rows = comparisons([0, 0, 0], [20, 30, 25], [3, 0, 2], [21, 33, 24])
    found = double_zeros(pool(rows, "odds_ratio"))
    mixed = found.table[found.table["method"].str.startswith("Mixed model")]
    assert [*mixed["k"], *mixed["estimate_with"]] == [None] * 8
    assert mixed["note"].str.startswith("one arm has no event").all()
    text = str(found)
    assert "refused" in text and text.count("use method='peto' or a difference") == 4
    assert "<p>Mixed model" in found._repr_html_()
    nothing = double_zeros(pool(frame("edge_bin_allzero"), "risk_ratio"))
    assert nothing.table["estimate"].tolist() == [None, None]
    assert nothing.table["k_with"].tolist() == [3, 3]


def test_nothing_to_show_and_nothing_to_ask():
    found = double_zeros(pool(DOUBLE_ZERO.drop(index=0), "odds_ratio"))
    assert (found.comparisons, len(found.to_frame())) == ((), 0)
    assert str(found) == found.summary() and "nothing depends on this" in found._repr_html_()
    one_arm = pd.DataFrame({"events": [1, 2], "total": [5, 6], "study_id": ["a", "b"]})
    with pytest.raises(SynthesisError, match="those of two arms; this is proportion_logit"):
        double_zeros(pool(one_arm))


def test_everybody_with_the_event_is_named_as_such():
    rows = pd.concat([DOUBLE_ZERO, comparisons([8], [8], [9], [9]).assign(study_id="full")])
    answer = pool(rows.reset_index(drop=True), "odds_ratio")
    assert answer.left_out["reason"].tolist() == [
        "no event in either arm",
        "everybody had the event",
    ]
    assert double_zeros(answer).comparisons == ("study-0", "full")
    only = pool(rows.reset_index(drop=True).drop(index=0), "odds_ratio")
    assert "without any person free of the event in either arm, says nothing" in only.cautions[-1]


def test_a_difference_without_variance_is_refused():
    for rows, key in ((frame("edge_bin_allzero"), "risk_difference"),
                      (RATES.assign(events_t=0, events_c=0), "rate_difference")):  # fmt: skip
        with pytest.raises(SynthesisError, match="has no variance; use method='inverse_variance'"):
            pool(rows, key, Model(method="mantel_haenszel"))


def fitted(rows, two_arm):
    try:
        fit = fit_two_arm(arms_of(rows, MEASURES["odds_ratio"]), two_arm)
    except SynthesisError as error:
        return str(error)
    return [fit.effect, fit.se, fit.tau, fit.log_likelihood]


@settings(max_examples=25, deadline=None)
@given(st.lists(TABLE, min_size=2, max_size=5), st.integers(1, 400), st.integers(1, 400))
def test_conditional_likelihoods_sums_and_exact_law_do_not_see_them(cells, n1, n2):
    assume(all(c[0] + c[2] > 0 and c[1] + c[3] > 0 for c in cells))
    assume(sum(c[1] for c in cells) > 0 and sum(c[3] for c in cells) > 0)
    with_it = [*cells, (0, n1, 0, n2)]
    for two_arm in ("conditional", "conditional_approximate"):
        found, again = (fitted(rows_of(c), two_arm) for c in (cells, with_it))
        assert isinstance(found, str) == isinstance(again, str)
        assert isinstance(found, str) or found == pytest.approx(again, abs=1e-6)
    one, other = (rows_of(c) for c in (cells, with_it))
    assert peto_sums(one).effect == pytest.approx(peto_sums(other).effect, abs=1e-12)
    exact = [pool(rows, "odds_ratio", Model(method="exact", double_zero=policy))
             for rows, policy in ((one, "left_out"), (other, "corrected"))]  # fmt: skip
    same = [[one.estimate, one.interval and one.interval.low] for one in exact]
    assert same[0] == same[1] or same[0] == pytest.approx(same[1], rel=1e-9)
    for key in ("odds_ratio", "risk_ratio"):
        try:
            sums = MANTEL_HAENSZEL[key](one, ZeroPolicy(0.5, "none"))
        except SynthesisError:
            continue
        again = MANTEL_HAENSZEL[key](other, ZeroPolicy(0.5, "none"))
        assert (sums.effect, sums.se) == pytest.approx((again.effect, again.se), abs=1e-12)


def test_a_baseline_of_its_own_takes_such_a_comparison_away():
    """Its baseline falls without end, and with it every ratio becomes as likely as any other."""
    rows = DOUBLE_ZERO.drop(index=0)
    found = fit_two_arm(arms_of(rows, MEASURES["odds_ratio"]), "fixed_baseline")
    whole = fit_two_arm_surface(DOUBLE_ZERO)
    for effect in (-2.0, 0.0, 1.5):
        near = np.array([effect, 0.4, *found.point[2:]])
        far = np.array([effect, 0.4, -40.0, *found.point[2:]])
        here, there = found.surface.height(near, False).value, whole.height(far, False).value
        assert there == pytest.approx(here, abs=1e-12)


def fit_two_arm_surface(rows):
    from evidence.pooling.two_arm_glmm import surface_of

    return surface_of(arms_of(rows, MEASURES["odds_ratio"]), "fixed_baseline")
