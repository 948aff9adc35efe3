"""The family of figures: what each draws, says and leaves as a table; and the gallery of all."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from scipy import stats

from evidence import (
    PLOTS,
    Model,
    answers,
    atlas,
    bubble,
    caterpillar,
    cumulative,
    drapery,
    figure_table,
    forest,
    funnel,
    load,
    overview,
    pool,
    save_figure,
    shrinkage,
    tau2_profile,
)
from evidence.errors import EvidenceError, SynthesisError
from evidence.plots.chart import LOWEST
from evidence.plots.drapery import drapery_rows
from evidence.plots.export import describe
from evidence.plots.funnel import REGIONS
from evidence.plots.gallery import page, pictures, write_gallery
from evidence.plots.style import STYLES
from evidence.pooling.glmm_details import glmm_details
from evidence.pooling.listing import side_by_side
from tests.reference_calls import frame as reference_frame
from tests.test_plots_forest import SIX, geometry_faults, marks, tables

DOCS = Path(__file__).resolve().parents[1] / "docs"
DATED = SIX.assign(year=[2001, 2003, 2005, None, 2009, 2011])
ANSWER = pool(DATED)
GLMM = pool(SIX, model=Model(method="glmm"))


@pytest.fixture(scope="module")
def gallery():
    return {name: draw() for name, draw in pictures(load()).items()}


def test_gallery_shows_every_plot_and_every_style(gallery):
    shown = " ".join(gallery).replace("-", "_")
    assert all(name in shown for name in PLOTS)
    assert {name.removeprefix("style-") for name in gallery if name.startswith("style-")} == {
        *STYLES
    } - {"double"}


def test_every_picture_has_no_overlap_an_alt_text_and_a_table(gallery):
    for name, axes in gallery.items():
        figure = axes.get_figure(root=True)
        assert geometry_faults(figure) == [], name
        assert len(describe(figure)) > 60, name
        assert len(figure_table(figure)) > 0, name


def test_committed_gallery_is_the_one_that_is_drawn(gallery, tmp_path):
    committed = {path.stem for path in (DOCS / "gallery").iterdir()}
    assert committed == set(gallery), "run `make gallery`"
    for name, axes in gallery.items():
        fresh = save_figure(axes, tmp_path / f"{name}.svg")
        kept = DOCS / "gallery" / f"{name}.svg"
        assert fresh.read_bytes() == kept.read_bytes(), f"{name}: run `make gallery`"
    drawn = {name: describe(axes.get_figure(root=True)) for name, axes in gallery.items()}
    assert (DOCS / "gallery.md").read_text("utf-8") == page(drawn), "run `make gallery`"


def test_gallery_needs_its_folder(tmp_path):
    with pytest.raises(EvidenceError, match="there is no folder"):
        write_gallery(tmp_path / "nowhere")


def dots(axes, label):
    (found,) = marks(axes, label)
    return np.asarray(found.get_offsets())


def test_funnel_has_every_study_at_its_size_and_binomial_limits():
    axes = funnel(ANSWER, title="Funnel")
    assert dots(axes, "_studies") == pytest.approx(
        np.column_stack([ANSWER.studies["estimate"], ANSWER.studies["total"]])
    )
    low, high = marks(axes, "_limits")
    n, p = np.asarray(high.get_ydata()), ANSWER.estimate
    half = stats.norm.ppf(0.975) * np.sqrt(p * (1 - p) / n)
    assert np.asarray(high.get_xdata()) == pytest.approx(p + half)
    assert np.asarray(low.get_xdata()) == pytest.approx(np.maximum(p - half, 0))
    table = figure_table(axes)
    outside = table.loc[~table["inside"], "label"].tolist()
    assert "C" in outside
    assert f"{6 - len(outside)} of 6 lie inside" in axes.get_label()


def test_funnel_of_errors_points_up_and_its_limits_are_straight_on_the_effect():
    axes = funnel(ANSWER, by="se")
    bottom, top = axes.get_ylim()
    assert bottom > top == 0
    _, high = marks(axes, "_limits")
    effect = ANSWER.measure.scale.link(np.asarray(high.get_xdata()))
    assert effect == pytest.approx(
        ANSWER.effect + 1.959964 * np.asarray(high.get_ydata()), abs=1e-6
    )


def test_funnel_refuses_another_axis_and_an_answer_without_estimate():
    with pytest.raises(SynthesisError, match="by must be 'se'"):
        funnel(ANSWER, by="precision")
    with pytest.raises(SynthesisError, match="by must be 'se', or 'size' for a rate; it is 'size'"):
        funnel(BCG, by="size")
    with pytest.raises(SynthesisError, match="needs a pooled answer"):
        funnel(side_by_side(SIX, "differ"))


def test_inside_is_what_lies_between_the_drawn_limits():
    for by in ("size", "se"):
        axes = funnel(ANSWER, by=by)
        low, high = (np.asarray(one.get_xdata()) for one in marks(axes, "_limits"))
        at = np.asarray(marks(axes, "_limits")[0].get_ydata())
        places = dots(axes, "_studies")
        between = [np.interp(y, at, low) <= x <= np.interp(y, at, high) for x, y in places]
        assert figure_table(axes)["inside"].tolist() == between


BCG = pool(reference_frame("bin_bcg"), "risk_ratio")


def test_contours_lie_where_a_study_has_that_p():
    axes = funnel(BCG, contours=True, title="BCG")
    for p in (0.01, 0.05, 0.1):
        (region,) = marks(axes, f"_region-{p:g}")
        x, se = region.get_paths()[0].vertices.T
        inside = se > 0
        away = np.abs(np.log(x[inside])) / se[inside]
        assert 2 * stats.norm.sf(away) == pytest.approx(np.full(inside.sum(), p))
    table = figure_table(axes)
    effect, variance = BCG.studies["effect"], BCG.studies["variance"]
    assert table["p"].to_numpy() == pytest.approx(
        2 * stats.norm.sf(np.abs(effect) / np.sqrt(variance))
    )
    assert dots(axes, "_studies")[:, 0] == pytest.approx(BCG.studies["estimate"])
    below, middle, near, above = (
        ((table["p"] >= low) & (table["p"] < high)).sum()
        for low, high in ((0, 0.01), (0.01, 0.05), (0.05, 0.1), (0.1, 1.1))
    )
    assert f"p below 0.01: {below}; p 0.01 to 0.05: {middle}; p 0.05 to 0.10: {near}; " in (
        axes.get_label()
    )
    assert f"p above 0.10: {above}." in axes.get_label()


def test_the_shades_are_greys_that_differ_and_the_legend_names_each():
    axes = funnel(BCG, contours=True)
    shades = [shade for _, shade, _ in REGIONS]
    light = [int(shade[1:3], 16) for shade in shades]
    assert all(len({shade[1:3], shade[3:5], shade[5:]}) == 1 for shade in shades)
    assert min(abs(one - two) for one, two in pairwise(light)) >= 25
    assert light[-1] - light[-2] == max(abs(one - two) for one, two in pairwise(light))
    said = [text.get_text() for text in axes.get_legend().get_texts()]
    assert said == [words for _, _, words in reversed(REGIONS)]
    assert geometry_faults(axes.figure) == []


def test_the_legend_stands_where_fewer_studies_are():
    places = [
        funnel(pool(reference_frame(name), key), contours=True).get_legend()._loc
        for name, key in (("bin_bcg", "risk_ratio"), ("cont_curtis1998", "standardised_difference"))
    ]
    assert places == [1, 2]  # upper right, upper left


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (ANSWER, "around no difference, and a proportion has no such value"),
        (pool(reference_frame("mean_normand1999"), "mean"), "a mean has no such value"),
    ],
)
def test_contours_need_a_comparison(answer, said):
    with pytest.raises(SynthesisError, match=said):
        funnel(answer, contours=True)


def test_bubbles_have_areas_in_proportion_to_weight_and_a_line():
    line = pd.DataFrame({"year": [2001, 2011], "estimate": [0.05, 0.2], "low": 0.01, "high": 0.4})
    axes = bubble(ANSWER, "year", line=line, title="By year")
    (drawn,) = marks(axes, "_bubbles")
    known = ANSWER.studies[ANSWER.studies["year"].notna()]
    places = np.asarray(drawn.get_offsets())
    area = dict(zip(places[:, 0], drawn.get_sizes(), strict=True))
    big = known[known["weight"] > 0.1]
    ratio = [area[year] / weight for year, weight in zip(big["year"], big["weight"], strict=True)]
    assert ratio == pytest.approx([ratio[0]] * len(ratio))
    assert list(drawn.get_sizes()) == sorted(drawn.get_sizes(), reverse=True)
    assert any("1 study without year not drawn" in text.get_text() for text in axes.texts)
    assert "The line goes from 5.0% to 20.0%" in axes.get_label()
    assert set(figure_table(axes)["kind"]) == {"study", "line"}
    assert geometry_faults(axes.figure) == []


@pytest.mark.parametrize(
    ("by", "line", "message"),
    [
        ("age", None, "'age' is not a column of the studies; choose from: study_id"),
        ("label", None, "fewer than two numbers"),
        ("year", pd.DataFrame({"estimate": [0.1]}), "the line needs the column year"),
    ],
)
def test_bubble_refuses_what_it_cannot_draw(by, line, message):
    with pytest.raises(SynthesisError, match=message):
        bubble(ANSWER, by, line=line)


def test_drapery_curves_cross_a_level_where_the_interval_ends():
    rows = drapery_rows(ANSWER)
    curve = rows[rows["label"] == "Pooled estimate"]
    at = np.interp([ANSWER.interval.low, ANSWER.interval.high], curve["value"], curve["p"])
    assert at == pytest.approx([0.05, 0.05], abs=0.01)
    assert curve["p"].max() == pytest.approx(1)
    axes = drapery(ANSWER)
    assert len(marks(axes, "_study")) == 6
    assert "Prediction interval for a new study" in axes.get_label()


def test_drapery_refuses_an_interval_that_is_no_t():
    other = replace(ANSWER, se=2 * ANSWER.se, interval_text="another kind")
    with pytest.raises(SynthesisError, match="normal or t interval; this answer's is another kind"):
        drapery(other)


@pytest.mark.parametrize("tau2", ["REML", "ML"])
def test_tau2_profile_is_highest_at_the_estimate(tau2):
    answer = pool(SIX, model=Model(tau2=tau2))
    table = figure_table(tau2_profile(answer))
    best = table.loc[table["difference"].idxmax(), "tau2"]
    assert best == pytest.approx(answer.heterogeneity.tau2, abs=2 * table["tau2"].diff().max())
    assert table["difference"].max() == 0


def test_tau2_profile_ends_where_the_profile_interval_does():
    answer = pool(SIX, model=Model(tau2_interval="profile_likelihood"))
    table = figure_table(tau2_profile(answer))
    inside = table.loc[table["difference"] >= -stats.chi2.ppf(0.95, 1) / 2, "tau2"]
    step = table["tau2"].diff().max()
    assert inside.max() == pytest.approx(answer.heterogeneity.tau2_interval.high, abs=2 * step)


def test_tau2_profile_needs_inverse_variance():
    with pytest.raises(SynthesisError, match="pooled by inverse variance"):
        tau2_profile(GLMM)


def test_cumulative_names_the_study_that_each_answer_adds():
    steps = [pool(SIX[:n]) for n in (1, 2, 4, 6)]
    axes = cumulative(steps, title="Over time")
    table = figure_table(axes)
    assert table["label"].tolist() == ["Lebow 2011", "+ B", "+ C, D", "+ E, F"]
    assert table["estimate"].tolist() == [step.estimate for step in steps]
    assert dots(axes, "_points")[:, 0] == pytest.approx([step.estimate for step in steps])
    assert geometry_faults(axes.figure) == []


@pytest.mark.parametrize("steps", [[2, 2], [3, 2], [0]])
def test_cumulative_refuses_steps_that_do_not_grow(steps):
    with pytest.raises(SynthesisError, match="at least one more"):
        cumulative([pool(SIX[:n]) for n in steps])
    with pytest.raises(SynthesisError, match="no step to draw"):
        cumulative([])


def test_shrinkage_draws_each_rate_before_and_after():
    details = glmm_details(GLMM)
    axes = shrinkage(GLMM, details=details)
    assert dots(axes, "_raw")[:, 0] == pytest.approx(GLMM.studies["estimate"].to_numpy())
    assert dots(axes, "_points")[:, 0] == pytest.approx(details.shrunken["estimate"].to_numpy())
    assert "C moves most, from 47.6%" in axes.get_label()
    with pytest.raises(SynthesisError, match="a GLMM was fitted for"):
        shrinkage(ANSWER)
    other = pool(SIX[1:], model=Model(method="glmm"))
    with pytest.raises(SynthesisError, match="details are of other studies"):
        shrinkage(GLMM, details=glmm_details(other))


def test_caterpillar_orders_the_studies_and_shades_the_prediction_interval():
    axes = caterpillar(ANSWER, title="Many")
    table = figure_table(axes)
    assert table["estimate"].is_monotonic_increasing
    assert dots(axes, "_estimates")[:, 1].tolist() == [1, 2, 3, 4, 5, 6]
    (band,) = marks(axes, "_prediction")
    assert band.get_x() == ANSWER.prediction.low
    cut = caterpillar(ANSWER, style=replace(STYLES["default"], xlim=(0.0, 0.1)))
    assert "cut off at the end of the axis" in cut.get_label()
    with pytest.raises(SynthesisError, match="no study to draw"):
        caterpillar(pool(SIX[:0]))


def test_atlas_has_a_row_per_question_and_takes_answers_or_their_overview():
    found = answers(load())
    axes, again = atlas(found), atlas(overview(found.values()))
    table = figure_table(axes)
    assert len(table) == len(found)
    assert axes.get_label() == again.get_label()
    pooled = sum(
        one.synthesis.k > 1
        and one.synthesis.estimate is not None
        and one.synthesis.measure.kind == "rate"  # another unit is given as text
        for one in found.values()
    )
    (diamonds,) = marks(axes, "_pooled")
    assert len(diamonds.get_paths()) == pooled
    assert all(one.question.title in table["question"].tolist() for one in found.values())


def test_atlas_gives_another_unit_as_text_and_names_what_is_missing():
    frame = overview(answers(load()).values()).head(3)
    rates = frame.head(1).assign(measure="rate_log", title="A rate")
    axes = atlas(pd.concat([frame, rates], ignore_index=True))
    assert any("1 question in another unit: as text only." in t.get_text() for t in axes.texts)
    assert figure_table(axes)["low"].notna().sum() == frame["pooled"].sum()
    with pytest.raises(SynthesisError, match="needs the column pooled"):
        atlas(frame.drop(columns="pooled"))
    with pytest.raises(SynthesisError, match="no question to draw"):
        atlas(frame.head(0))


CHARTS = (funnel, drapery, tau2_profile, caterpillar)


@settings(max_examples=12)
@given(tables(most=8), st.sampled_from(CHARTS), st.sampled_from(["default", "single", "slide"]))
def test_charts_never_overlap_or_refuse_in_words(frame, draw, name):
    try:
        axes = draw(pool(frame), style=STYLES[name], title="A title of some length, as titles are")
    except SynthesisError as error:
        assert len(str(error)) > 20
        return
    assert geometry_faults(axes.figure) == []


def test_charts_stay_in_given_axes_or_say_what_they_need():
    figure = Figure(figsize=(12, 5))
    left, right = figure.subplots(1, 2)
    assert funnel(ANSWER, ax=left, title="Left") is left
    forest(ANSWER, ax=right, title="Right")
    assert geometry_faults(figure) == []
    needed = f"needs {LOWEST / 72 * 25.4:.0f} mm each way"
    with pytest.raises(SynthesisError, match=needed):
        funnel(ANSWER, ax=Figure(figsize=(2, 1)).subplots())
