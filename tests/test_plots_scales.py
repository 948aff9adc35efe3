"""Axes that suit the scale, two arms, headers over columns, risk of bias, several outcomes."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evidence import Model, forest, forest_rows, forests, group_rows, layout_report, pool
from evidence.errors import SynthesisError
from evidence.plots.axis import axis_of, log_axis
from evidence.plots.flow import flow
from evidence.plots.style import STYLES
from evidence.pooling.heterogeneity import Interval
from tests.test_plots_forest import LONG, geometry_faults, marks, table, tables

FIVE = table([("A 2001", 3, 40), ("B", 6, 50), (LONG, 12, 60), ("D", 5, 70), ("E", 9, 80)])
JUDGED = FIVE.assign(
    rob_randomisation=["low", "High", "some concerns", "unclear", None],
    rob_missing_data=["low", "low", "critical", "serious", "no information"],
)


def ratios(studies=FIVE, **changes):
    """A two-arm answer as the engine will give it."""
    answer = pool(studies)
    scale = replace(
        answer.measure.scale, key="log", unit="", factor=1.0, bounds=(0.0, math.inf), null=1.0,
        log_axis=True,
    )  # fmt: skip
    needs = ("events_t", "total_t", "events_c", "total_c")
    measure = replace(answer.measure, label="Risk ratio", needs=needs, scale=scale)
    own = answer.studies.drop(columns=["events", "total"]).assign(
        events_t=3, total_t=40, events_c=[5, 4, 30, 6, 9], total_c=61,
        estimate=[0.6, 1.4, 0.4, 0.85, 1.0], low=[0.2, 0.4, 0.25, 0.0, 0.4],
        high=[2.0, 4.0, 0.7, 2.1, 2.2],
    )  # fmt: skip
    values = {"estimate": 0.7, "interval": Interval(0.5, 0.98, 0.95)}
    return replace(answer, measure=measure, studies=own, prediction=None, **values | changes)


def shown(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_ratios_have_a_log_axis_a_null_line_and_both_arms():
    axes = forest(ratios(), title="Ratio")
    assert axes.get_xscale() == "log"
    assert [t.get_text() for t in axes.get_xticklabels()] == ["0.2", "0.5", "1", "2", "5"]
    assert len(axes.xaxis.get_minor_ticks()) == 0
    (line,) = marks(axes, "_null")
    assert list(line.get_xdata()) == [1.0, 1.0]
    assert shown(axes).count("Events") == shown(axes).count("Total") == 2
    assert {"Intervention", "Comparison", "Risk ratio (95%\N{NO-BREAK SPACE}CI)"} <= set(
        shown(axes)
    )
    assert "0.70 (0.50 to 0.98)" in shown(axes)
    assert geometry_faults(axes.figure) == []


def test_an_interval_down_to_zero_leaves_a_log_axis_through_an_arrow():
    axes = forest(ratios())
    arrows = [tuple(xy) for mark in marks(axes, "_arrows") for xy in mark.get_offsets()]
    assert [x for x, _ in arrows] == [axes.get_xlim()[0]]
    assert "goes on beyond the axis" in axes.get_label()


def test_a_rate_has_no_null_line():
    assert marks(forest(pool(FIVE)), "_null") == []
    away = forest(ratios(), style=replace(STYLES["default"], xlim=(2.0, 8.0)))
    assert marks(away, "_null") == []


def test_a_spanning_header_stands_over_its_columns():
    report = layout_report(forest(ratios()))
    spans = report[report["what"] == "span"].set_index("text")
    heads = report[(report["what"] == "header") & report["text"].isin(["Events", "Total"])]
    assert spans.loc["Intervention", "right"] < spans.loc["Comparison", "left"]
    assert heads["left"].iloc[0] < spans.loc["Intervention", "left"]
    assert spans.loc["Intervention", "right"] < heads["right"].iloc[1]
    assert spans["bottom"].max() < heads["top"].min()


def test_a_long_spanning_header_makes_its_columns_wide_enough():
    style = replace(STYLES["default"], spans=(("Extraordinarily", ("events", "total")),))
    assert geometry_faults(forest(pool(FIVE), style=style).figure) == []


def test_rates_are_drawn_per_unit_of_person_time():
    frame = FIVE.assign(person_time=FIVE["total"] * 10.5).drop(columns="total")
    answer = pool(frame, "rate_log", Model(unit="per 100 000 person-years"))
    axes = forest(answer)
    assert axes.get_xlabel().replace("\u202f", " ") == "Incidence rate, per 100 000 person-years"
    assert {"Person-years", "420"} <= set(shown(axes))
    assert [t.get_text() for t in axes.get_xticklabels()][-1] in ("3000", "4000")
    assert "35 events in 3\u202f150 person-years" in axes.get_label()
    assert "interval of each study: Exact" in " ".join(shown(axes))
    assert forest_rows(answer)["total"].iloc[0] == 420


def test_risk_of_bias_has_signs_discs_and_words():
    axes = forest(pool(JUDGED))
    assert {"D1", "D2", "+", "?", "\N{MINUS SIGN}", "!", "0"} <= set(shown(axes))
    assert len(marks(axes, "_bias")) == 9
    said = " ".join(shown(axes))
    assert "Risk of bias: D1 randomisation, D2 missing data; + low, ? some concerns" in said
    assert "Risk of bias: D1 randomisation" in axes.get_label()
    assert geometry_faults(axes.figure) == []
    assert "Risk of bias" not in " ".join(shown(forest(pool(FIVE))))


def test_an_unknown_judgement_lists_the_known_ones():
    with pytest.raises(SynthesisError, match=r"judgement in rob_a 'fine' is unknown; .*low, some"):
        forest(pool(FIVE.assign(rob_a="fine")))


class Tested:
    q, df, p = 3.4, 1, 0.065


@pytest.mark.parametrize(
    ("test", "said"),
    [
        (Tested, "Test for subgroup differences: Q 3.40 on 1 df, p = 0.065."),
        ("In words.", "In words."),
        (type("Untested", (), {"q": None, "df": 0, "p": None}), "Subgroup differences were not"),
    ],
)
def test_a_test_between_groups_is_a_line_of_the_figure_its_table_and_its_words(test, said):
    rows = group_rows({"X": pool(FIVE[:2]), "Y": pool(FIVE[2:])}, pool(FIVE), test)
    assert rows["kind"].tolist()[-1] == "test"
    axes = forest(pool(FIVE), rows=rows)
    assert any(text.startswith(said) for text in shown(axes))
    assert said in axes.get_label()
    assert geometry_faults(axes.figure) == []


def test_layout_report_agrees_with_the_drawn_figure():
    axes = forest(pool(FIVE), title="Report")
    report = layout_report(axes)
    assert set(report["what"]) == {
        "plot", "row", "title", "header", "study", "pooled", "prediction", "note", "rule", "tick",
    }  # fmt: skip
    axes.figure.draw_without_rendering()
    per_point = axes.figure.dpi / 72
    by_text = {text.get_text(): text.get_window_extent() for text in axes.texts}
    origin = by_text["Report"].x0
    for row in report[report["what"] == "study"].itertuples():
        if row.text not in ("6", "9"):  # some numbers stand twice
            assert row.left == pytest.approx((by_text[row.text].x0 - origin) / per_point, abs=3)
    with pytest.raises(SynthesisError, match="no layout of rows"):
        steps = pd.DataFrame([("All", 3, "kept")], columns=["stage", "count", "kind"])
        layout_report(flow(steps))


def test_outcomes_share_the_rows_of_their_studies():
    other = FIVE[1:].assign(events=[1, 2, 30, 4])
    axes = forests(
        {"Recurrence": pool(FIVE), LONG: pool(other), "One": pool(FIVE[:1])},
        title="Three", style=STYLES["double"],
    )  # fmt: skip
    figure = axes.figure
    assert figure.get_size_inches()[0] * 25.4 == pytest.approx(180, abs=0.1)
    assert geometry_faults(figure) == []
    assert len(figure.axes) == 3
    report = layout_report(figure)
    for _, rows in report[report["what"] == "row"].groupby("plot"):
        assert rows["top"].tolist() == pytest.approx(
            report.query("what == 'row' and plot == 0")["top"].tolist()
        )
    tops = [ax.get_position().y1 for ax in figure.axes]
    assert tops == pytest.approx([tops[0]] * 3)
    (second,) = marks(figure.axes[1], "_estimates")
    assert len(second.get_offsets()) == 4
    assert marks(figure.axes[2], "_pooled") == []
    assert axes.get_label().startswith("Three. Forest plot: Recurrence. Pooled estimate")


def test_outcomes_that_cannot_stand_together_are_refused():
    with pytest.raises(SynthesisError, match="at least one outcome"):
        forests({})
    with pytest.raises(SynthesisError, match="no outcome has a study"):
        forests({"A": pool(FIVE[:0])})
    twice = pd.concat([FIVE, FIVE[:1]])
    with pytest.raises(SynthesisError, match="'A' holds s0 twice"):
        forests({"A": pool(twice)})
    with pytest.raises(SynthesisError, match=r"3 outcomes need \d+ mm at the smallest font"):
        forests(dict.fromkeys("abc", pool(FIVE)), style=STYLES["single"])


@settings(max_examples=12)
@given(tables(most=5), tables(most=5), st.sampled_from(["default", "double", "slide"]))
def test_outcomes_never_overlap(one, two, name):
    assume(len(one) or len(two))
    figure = forests({"Recurrence": pool(one), LONG: pool(two)}, style=STYLES[name]).figure
    assert geometry_faults(figure) == []


positive = st.floats(1e-6, 1e6)


@given(st.lists(positive, max_size=5), st.integers(3, 7))
def test_a_log_axis_covers_its_values_with_rising_round_ticks(seen, most):
    axis = log_axis(seen, most=most)
    assert 0 < axis.low < axis.high
    assert all(axis.low * (1 - 1e-6) <= value <= axis.high * (1 + 1e-6) for value in seen)
    assert 1 <= len(axis.ticks) <= most
    assert [float(text) for text in axis.texts] == pytest.approx(list(axis.ticks))
    assert all(a < b for a, b in itertools.pairwise(axis.ticks))
    assert axis.low <= axis.ticks[0] * (1 + 1e-6)
    assert axis.ticks[-1] <= axis.high * (1 + 1e-6)


def test_a_log_axis_keeps_the_ends_asked_for_and_starts_above_zero():
    asked = log_axis([0.01, 90], ends=(0.1, 10))
    assert (asked.low, asked.high) == (0.1, 10)
    assert (
        asked.texts
        == ("0.1", "0.2", "0.5", "1", "2", "5", "10")[:: 1 if len(asked.texts) > 5 else 3]
    )
    with pytest.raises(SynthesisError, match=r"starts above 0, such as \(0.1, 10\)"):
        log_axis([1], ends=(0, 10))


def test_the_null_value_is_always_seen():
    scale = ratios().measure.scale
    assert 1.0 in axis_of(scale, [3.0, 9.0])
    difference = replace(scale, log_axis=False, bounds=(-math.inf, math.inf), null=0.0)
    assert 0.0 in axis_of(difference, [3.0, 9.0])
