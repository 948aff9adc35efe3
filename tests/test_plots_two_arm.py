"""Forest plots of comparisons and scores: columns by arm, favours, comparisons without events."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from evidence import ForestStyle, Model, answer, forest, forest_rows, load, pool
from evidence.plots.forest import fitting, forest_content
from evidence.plots.layout import plan
from evidence.questions import favours

from .reference_calls import frame

SIDES = ("Favours new", "Favours old")
NIELWEISE = pool(frame("bin_nielweise2007"), "risk_ratio")


def planned(synthesis, style=None):
    style = fitting(style or ForestStyle(favours=SIDES), synthesis)
    return plan(forest_content(synthesis, None, style), style)


def texts(synthesis, style=None):
    return planned(synthesis, style).to_frame()


def test_both_arms_have_columns_and_sums():
    rows = forest_rows(NIELWEISE).set_index("kind")
    assert rows.loc["pooled", ["events_t", "total_t", "events_c", "total_c"]].tolist() == [
        27, 2377, 87, 2390,
    ]  # fmt: skip
    headers = texts(NIELWEISE).query("role == 'header'")["text"].tolist()
    assert headers.count("Events") == headers.count("Total") == 2
    assert {"Intervention", "Comparison"} <= set(texts(NIELWEISE)["text"])


def test_a_comparison_without_events_is_seen_below_the_answer():
    rows = forest_rows(NIELWEISE)
    last = rows.iloc[-1]
    assert (last["kind"], last["label"]) == ("excluded", "study-14 (no event in either arm)")
    assert last[["estimate", "low", "high", "weight"]].isna().all()
    assert "Grey: 1 row not pooled, for the reason given." in forest(NIELWEISE).get_label()


def test_one_comparison_is_read_with_its_events_and_two_decimals():
    alone = pool(frame("bin_bcg").head(1), "risk_ratio")
    said = "One study, not pooled: 0.41 (95% CI 0.13 to 1.26), 15 events in 262 people."
    assert said in forest(alone).get_label()


@pytest.mark.parametrize("turn", [False, True])
@pytest.mark.parametrize("plot_width", [20.0, 60.0])
def test_each_side_is_named_on_its_own_side_of_no_difference(turn, plot_width):
    counts = frame("bin_bcg").iloc[1:4]  # every interval lies below one
    if turn:
        counts = counts.rename(columns=lambda name: name[:-1] + {"t": "c", "c": "t"}[name[-1]]
                               if name[-2:] in ("_t", "_c") else name)  # fmt: skip
    layout = planned(pool(counts, "risk_ratio"), ForestStyle(favours=SIDES, plot_width=plot_width))
    axis = layout.axis
    left, right = layout.to_frame().query("role == 'favours'").to_dict("records")
    assert (left["text"], right["text"]) == SIDES
    assert (left["align"], right["align"], left["y"]) == ("right", "left", right["y"])
    null = layout.plot_left + axis.share(1.0) * (layout.plot_right - layout.plot_left)
    assert left["x"] < null < right["x"]
    assert 0.1 < axis.share(1.0) < 0.9


def test_sides_have_room_on_a_linear_axis_too():
    rows = [("a", 30, 7.0, 3.0), ("b", 40, 8.0, 3.5)]
    change = pd.DataFrame(rows, columns=["study_id", "n", "mean_before", "mean_after"])
    found = pool(change.assign(sd_before=1.0, sd_after=1.2, correlation=0.5), "mean_change")
    one_sided = planned(found, ForestStyle(favours=SIDES)).axis
    assert 0.0 in one_sided and 0.1 < one_sided.share(0.0) < 0.9
    assert planned(found, ForestStyle(favours=SIDES, xlim=(-1.0, 0.0))).axis.low == -1.0


def test_a_rate_favours_nothing():
    one_arm = frame("prop_pritz1997")
    assert texts(pool(one_arm)).query("role == 'favours'").empty


def test_axis_of_a_ratio_has_ticks_of_a_ratio():
    axes = forest(pool(frame("bin_bcg"), "risk_ratio"))
    ticks = [tick.get_text() for tick in axes.get_xticklabels()]
    assert axes.get_xscale() == "log" and "1" in ticks
    assert {text.strip("0.") for text in ticks} <= {"1", "2", "5"}


def test_scores_show_people_means_and_spreads():
    both = texts(pool(frame("cont_normand1999"), "mean_difference"))
    headers = both.query("role == 'header'")["text"].tolist()
    assert headers.count("Mean") == headers.count("SD") == headers.count("N") == 2
    change = frame("prepost_made").assign(mean_before=1.0)
    headers = texts(pool(change, "mean_change")).query("role == 'header'")["text"].tolist()
    assert "N" in headers and headers.count("before") + headers.count("after") == 4
    rows = forest_rows(pool(frame("mean_normand1999"), "mean")).set_index("kind")
    assert rows.loc["pooled", "n"] == 548


def test_the_interval_of_each_study_is_named():
    notes = " ".join(forest_content(NIELWEISE, None, ForestStyle()).notes)
    assert "interval of each study: Wald on the log scale" in notes


@pytest.mark.parametrize("key", [m for m in ("mantel_haenszel", "peto", "robust")])
def test_every_method_can_be_drawn(key):
    rows = frame("bin_nielweise2007").assign(cohort=[f"c{i}" for i in range(18)])
    assert "Odds ratio" in forest(pool(rows, "odds_ratio", Model(method=key))).get_label()


def test_welcome_events_favour_the_side_with_more_of_them():
    tables = load()
    found = answer("stimulation-against-comparator", tables)
    assert favours(found, tables) == ("Favours comparison", "Favours intervention")
    unwelcome = replace(
        found, question=found.question.model_copy(update={"outcomes": ("dural-tear",)})
    )
    assert favours(unwelcome, tables) == ("Favours intervention", "Favours comparison")
    mixed = replace(
        found, question=found.question.model_copy(update={"outcomes": ("dural-tear", "fusion")})
    )
    assert favours(mixed, tables) is None
    assert favours(answer("revision-back-pain-change", tables), tables) == ("Better", "Worse")
    assert favours(answer("symptomatic-recurrence", tables), tables) is None
