"""Figures of the checks: what is drawn is what the tables say, and nothing is clipped."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.figure import Figure

from evidence import Model, SynthesisError, pool
from evidence.plots.checks import CHECK_PLOTS, SECOND_PLOTS
from evidence.plots.export import save_figure
from evidence.plots.multiverse import curve_rows, multiverse_plot
from evidence.plots.sensitivity import (
    DRAWN,
    baujat_plot,
    gosh_plot,
    influence_plot,
    leave_one_out_plot,
    outlier_sweep_plot,
)
from evidence.sensitivity.check import Stated
from evidence.sensitivity.gosh import baujat, gosh, outlier_sweep
from evidence.sensitivity.influence import influence_check, leave_one_out
from evidence.sensitivity.multiverse import multiverse
from evidence.sensitivity.register import CHECKS
from tests.reference_calls import frame as reference_frame
from tests.test_plots_forest import geometry_faults, marks

FRAME = pd.DataFrame(
    {
        "study_id": [f"study-{i}" for i in range(13)],
        "label": [f"Author {i} 2001" for i in range(13)],
        "events": [3, 6, 10, 1, 7, 2, 9, 5, 8, 4, 6, 3, 20],
        "total": [11, 17, 21, 9, 50, 40, 44, 30, 52, 31, 29, 18, 33],
    }
)
GLMM = Model(method="glmm")
ANSWER = pool(FRAME, model=GLMM)
JUDGED = pool(FRAME.assign(jbi_frame=["yes", "no", None, "unclear"] * 3 + ["yes"]), model=GLMM)
STATED = Stated(threshold=0.1, change=0.05, people=100)


def points(axes, label):
    return next(
        one.get_offsets().data for one in axes.collections if one.get_label() == label
    ).tolist()


def test_leave_one_out_draws_each_answer_without_a_study():
    axes = leave_one_out_plot(ANSWER, title="Leaks")
    table = leave_one_out(ANSWER).table
    drawn = [x for x, _ in points(axes, "_estimates")]
    assert drawn == pytest.approx(table["estimate"].tolist())
    texts = [text.get_text() for text in axes.texts + axes.artists if hasattr(text, "get_text")]
    assert "without Author 3 2001" in texts
    assert axes.get_label().startswith("Leave-one-out plot: Leaks. Without any one of 13 studies")
    assert not [text for text in texts if "Square area" in text]


def test_the_sweep_draws_one_row_a_step():
    axes = outlier_sweep_plot(ANSWER)
    table = outlier_sweep(ANSWER).table.iloc[1:]
    drawn = [x for x, _ in points(axes, "_estimates")]
    assert drawn == pytest.approx(table["estimate"].tolist())
    assert axes.get_label().startswith("Outlier sweep. With 4 studies set aside the estimate is")


def test_influence_names_what_passes_a_limit():
    axes = influence_plot(ANSWER)
    table = influence_check(ANSWER).table
    flagged = table[table["flagged"]]
    assert points(axes, "_flagged") == pytest.approx(flagged[["hat", "cook"]].to_numpy(float))
    assert len(points(axes, "_studies")) == 13 - len(flagged)
    assert "beyond a customary limit: Author 12 2001." in axes.get_label()


def test_baujat_names_the_study_that_stands_farthest_out():
    axes = baujat_plot(ANSWER)
    table = baujat(ANSWER)
    assert points(axes, "_studies") == pytest.approx(
        table[["heterogeneity", "influence"]].to_numpy(float)
    )
    assert "Author 12 2001" in [text.get_text() for text in axes.texts]
    assert "Author 12 2001 stands farthest out" in axes.get_label()


def test_subsets_with_the_chosen_study_are_set_apart():
    axes = gosh_plot(ANSWER, "study-12")
    inside, rest = points(axes, "_inside"), points(axes, "_subsets")
    assert len(inside) + len(rest) == DRAWN
    table, members = gosh(ANSWER)
    with_it = set(table.loc[members[:, 12], "estimate"].round(12))
    assert {round(x, 12) for x, _ in inside} <= with_it
    assert 0.4 < len(inside) / DRAWN < 0.6
    assert "Median with study-12" in axes.get_label()
    with pytest.raises(SynthesisError, match="'nobody' is not in the answer; choose one of: study"):
        gosh_plot(ANSWER, "nobody")


def test_the_curve_is_in_order_and_marks_every_choice():
    axes = multiverse_plot(ANSWER, Stated(change=0.1), title="Leaks")
    table = multiverse(ANSWER, Stated(change=0.1)).table.sort_values("estimate")
    assert len(points(axes, "_estimates")) == len(table) and len(points(axes, "_stated")) == 1
    heights = [y for _, y in points(axes, "_estimates")]
    assert heights == sorted(heights, reverse=True)  # y goes down
    marks = sum(
        len(one.get_path().vertices) // 2 for one in axes.patches if one.get_label() == "_choices"
    )
    rows = curve_rows(table)
    assert marks == len(table) * rows["kind"].iloc[1:].nunique()
    assert "within the stated 10.0 points" in axes.get_label()
    with pytest.raises(SynthesisError, match="not the check 'leave_one_out'"):
        multiverse_plot(ANSWER, check=leave_one_out(ANSWER))


def test_every_check_has_its_figure():
    assert set(CHECK_PLOTS) == set(CHECKS)
    assert set(SECOND_PLOTS) <= set(CHECKS)


@pytest.mark.parametrize("name", CHECK_PLOTS)
def test_every_figure_is_written_the_same_twice(name, tmp_path):
    one = save_figure(CHECK_PLOTS[name](JUDGED, STATED, "Leaks"), tmp_path / "one.svg")
    two = save_figure(CHECK_PLOTS[name](JUDGED, STATED, "Leaks"), tmp_path / "two.svg")
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("name", CHECK_PLOTS)
def test_no_text_leaves_the_figure(name):
    axes = CHECK_PLOTS[name](JUDGED, STATED, "A title that is long enough to be broken into two")
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    room = figure.bbox
    for text in axes.findobj(lambda artist: hasattr(artist, "get_text")):
        if text.get_text() and text.get_visible():
            box = text.get_window_extent()
            assert room.x0 - 1 <= box.x0 and box.x1 <= room.x1 + 1, text.get_text()
            assert room.y0 - 1 <= box.y0 and box.y1 <= room.y1 + 1, text.get_text()


def test_incidence_rates_are_drawn_in_their_unit():
    rows = FRAME.rename(columns={"total": "person_time"})
    answer = pool(rows, "rate_log", Model(method="glmm"))
    for name, draw in CHECK_PLOTS.items():
        if name != "risk_of_bias":
            assert draw(answer, STATED, name).get_label()


@pytest.mark.parametrize("name", [name for name in CHECK_PLOTS if name != "risk_of_bias"])
@pytest.mark.parametrize(
    ("rows", "key"),
    [("bin_bcg", "risk_ratio"), ("bin_bcg", "risk_difference"), ("prepost_made", "mean_change")],
)
def test_comparisons_and_scores_are_drawn_on_their_scale(name, rows, key):
    answer = pool(reference_frame(rows), key)
    if (name, key) == ("fragility", "mean_change"):
        with pytest.raises(SynthesisError, match="No verdict: "):  # scores have no events
            CHECK_PLOTS[name](answer, Stated(), "Title")
        return
    axes = CHECK_PLOTS[name](answer, Stated(few_anyway=True), "Title")
    assert axes.get_label()
    if name in ("leave_one_out", "outlier_sweep"):
        assert marks(axes, "_null")
    if name in ("gosh", "small_study"):
        assert axes.get_xscale() == ("log" if key == "risk_ratio" else "linear")
        assert not axes.get_xlabel().endswith((",", " "))
    if name != "baujat":  # names of dots that lie close may touch
        assert geometry_faults(axes.figure) == []


def test_a_given_place_that_is_too_small_is_refused():
    figure = Figure(figsize=(1.5, 1.5))
    with pytest.raises(SynthesisError, match="needs"):
        baujat_plot(ANSWER, ax=figure.add_axes((0.1, 0.1, 0.8, 0.8)))
