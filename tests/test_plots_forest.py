from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from evidence import Model, pool
from evidence.errors import SynthesisError
from evidence.plots.forest import forest, forest_content
from evidence.plots.layout import plan
from evidence.plots.marks import Band
from evidence.plots.more_rows import add_answer, add_claim, add_excluded, group_rows
from evidence.plots.rows import forest_rows, sort_rows
from evidence.plots.style import STYLES, ForestStyle
from evidence.plots.text import width
from evidence.pooling.listing import side_by_side

LONG = "A collaboration of very many surgeons and neurologists with an equally long name, 1998"
NAMES = (
    "Lebow 2011", "de la Cruz-Gómez", LONG, "Ångström", "Чехов 2004", "Παπαδόπουλος 2015",
    "לוי 2010", "محمد بن علي 2003", "x", "$p^2$ and $x", "Wörter" * 12, "g" * 40, "Նարեկ", "",
)  # fmt: skip


def table(rows: list[tuple[str, int, int]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "study_id": [f"s{index}" for index in range(len(rows))],
            "label": [name for name, _, _ in rows],
            "events": [events for _, events, _ in rows],
            "total": [total for _, _, total in rows],
        }
    )


def texts(figure: Figure) -> list[Text]:
    figure.draw_without_rendering()
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]


def geometry_faults(figure: Figure) -> list[str]:
    """Texts that leave the canvas, and pairs of texts that overlap by more than half a point."""
    shown = texts(figure)
    boxes = np.array([t.get_window_extent().extents for t in shown])
    if not len(boxes):
        return []
    slack = figure.dpi / 72 * 0.5
    right, top = figure.bbox.width, figure.bbox.height
    outside = (
        (boxes[:, 0] < -slack) | (boxes[:, 1] < -slack)
        | (boxes[:, 2] > right + slack) | (boxes[:, 3] > top + slack)
    )  # fmt: skip
    faults = [f"outside: {shown[i].get_text()!r} {boxes[i]}" for i in np.flatnonzero(outside)]
    x0, y0, x1, y1 = boxes.T
    wide = np.minimum(x1[:, None], x1) - np.maximum(x0[:, None], x0)
    high = np.minimum(y1[:, None], y1) - np.maximum(y0[:, None], y0)
    pairs = np.argwhere(np.triu((wide > slack) & (high > slack), 1))
    return faults + [f"{shown[i].get_text()!r} on {shown[j].get_text()!r}" for i, j in pairs]


@st.composite
def tables(draw, most=12):
    rows = []
    for _ in range(draw(st.integers(0, most))):
        total = draw(st.sampled_from([1, 2, 9, 40, 333, 18_590, 6_812_000]))
        events = draw(st.one_of(st.just(0), st.just(total), st.integers(0, total)))
        rows.append((draw(st.sampled_from(NAMES)), events, total))
    return table(rows)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    tables(),
    st.sampled_from(["default", "double", "single", "slide"]),
    st.sampled_from([None, "Short", LONG, LONG + LONG]),
    st.sampled_from([None, (0.0, 0.1), (0.2, 0.3), (0.0, 1.0)]),
    st.sampled_from([72, 100, 110, 150, 300]),
)
def test_no_text_overlaps_another_or_leaves_the_canvas(frame, name, title, xlim, dpi):
    if name == "single":  # a column has no room for people in millions
        frame = frame[frame["total"] < 10_000]
    axes = forest(pool(frame), title=title, style=replace(STYLES[name], xlim=xlim))
    axes.figure.set_dpi(dpi)
    assert geometry_faults(axes.figure) == []


def marks(axes: Axes, label: str) -> list:
    return [artist for artist in axes.get_children() if artist.get_label() == label]


SIX = table(
    [("Lebow 2011", 11, 108), ("B", 6, 171), ("C", 10, 21), ("D", 1, 60), ("E", 30, 1180),
     ("F", 0, 40)]
)  # fmt: skip


def test_squares_sit_on_estimates_with_area_proportional_to_weight():
    answer = pool(SIX)
    (squares,) = marks(forest(answer), "_estimates")
    assert np.asarray(squares.get_offsets())[:, 0] == pytest.approx(
        answer.studies["estimate"].to_numpy()
    )
    areas = squares.get_sizes() / answer.studies["weight"].to_numpy()
    assert areas == pytest.approx([areas[0]] * 6)
    assert 6 < max(squares.get_sizes()) ** 0.5 < 10


def test_intervals_and_rows_meet_their_texts():
    answer = pool(SIX)
    axes = forest(answer)
    (lines,) = marks(axes, "_intervals")
    ends = np.array([segment[:, 0] for segment in lines.get_segments()])
    assert ends[:, 0] == pytest.approx(answer.studies["low"].to_numpy())
    assert ends[:, 1] == pytest.approx(answer.studies["high"].to_numpy())
    (squares,) = marks(axes, "_estimates")
    axes.figure.draw_without_rendering()
    by_text = {t.get_text(): t for t in axes.texts}
    for name, y in zip(SIX["label"], squares.get_offsets()[:, 1], strict=True):
        box = by_text[name].get_window_extent().transformed(axes.transData.inverted())
        assert min(box.y0, box.y1) < y < max(box.y0, box.y1)


def test_diamond_spans_the_interval_and_points_at_the_estimate():
    answer = pool(SIX)
    (diamond,) = marks(forest(answer), "_pooled")
    x, y = diamond.get_paths()[0].vertices.T
    assert (x.min(), x.max()) == (answer.interval.low, answer.interval.high)
    assert x[np.argmin(y)] == x[np.argmax(y)] == answer.estimate


@pytest.mark.parametrize("unit", ["per 100 person-years", "per 100 000 person-years"])
def test_incidence_rates_are_drawn_in_the_printed_unit(unit):
    frame = pd.DataFrame(
        {
            "study_id": list("abc"),
            "events": [11, 0, 120],
            "person_time": [1988.0, 125.5, 10962.0],
        }
    )
    answer = pool(frame, "rate_log", Model(method="glmm", unit=unit))
    ax = forest(answer, style=STYLES["default"])
    texts = {text.get_text() for text in [*ax.texts, *ax.figure.texts]}
    assert {"Person-years", "1\u202f988", "13\u202f076"} <= texts
    assert unit in ax.get_xlabel().replace("\u202f", " ")
    assert not any("_" in text for text in texts)
    low, high = ax.get_xlim()
    assert low == 0 and answer.studies["high"].max() <= high < 2 * answer.studies["high"].max()
    apart = forest(side_by_side(frame, "two definitions", "rate_log", Model(unit=unit)))
    assert "131 events in 13\u202f076 person-years" in apart.get_label()


def test_prediction_interval_is_a_thin_bar_of_its_own():
    answer = pool(SIX)
    axes = forest(answer)
    (bar,) = marks(axes, "_prediction")
    assert bar.get_x() == answer.prediction.low
    assert bar.get_x() + bar.get_width() == pytest.approx(answer.prediction.high)
    (diamond,) = marks(axes, "_pooled")
    assert abs(bar.get_height()) < 0.5 * np.ptp(diamond.get_paths()[0].vertices[:, 1])


@pytest.mark.parametrize(
    ("k", "diamonds", "bars", "squares"), [(0, 0, 0, 0), (1, 0, 0, 1), (2, 1, 0, 1), (3, 1, 1, 1)]
)
def test_few_studies_get_no_mark_they_have_not_earned(k, diamonds, bars, squares):
    axes = forest(pool(SIX.head(k)), title="Few")
    assert len(marks(axes, "_pooled")) == diamonds
    assert len(marks(axes, "_prediction")) == bars
    assert len(marks(axes, "_estimates")) == squares
    assert geometry_faults(axes.figure) == []
    shown = [t.get_text() for t in texts(axes.figure)]
    assert ("Weight,\N{NO-BREAK SPACE}%" in shown) == (k > 1)


def test_no_study_says_so_and_draws_no_axis():
    axes = forest(pool(SIX.head(0)), title="Empty")
    shown = " ".join(t.get_text() for t in texts(axes.figure))
    assert shown.startswith("Empty No study: ")
    assert list(axes.get_xticks()) == []
    assert "No study" in axes.get_label()


def test_clipped_intervals_end_in_arrows_and_outside_estimates_are_not_moved():
    answer = pool(SIX)
    axes = forest(answer, style=replace(STYLES["default"], xlim=(0.01, 0.3)))
    arrows = [tuple(xy) for mark in marks(axes, "_arrows") for xy in mark.get_offsets()]
    low = (answer.studies["low"] < 0.01).sum() + (answer.prediction.low < 0.01)
    high = (answer.studies["high"] > 0.3).sum() + (answer.prediction.high > 0.3)
    assert sum(x == 0.01 for x, _ in arrows) == low
    assert sum(x == 0.3 for x, _ in arrows) == high
    (squares,) = marks(axes, "_estimates")
    inside = answer.studies["estimate"].loc[lambda rate: rate.between(0.01, 0.3)]
    assert np.asarray(squares.get_offsets())[:, 0] == pytest.approx(inside.to_numpy())
    assert any("An arrow means" in t.get_text() for t in axes.texts)


def test_automatic_axis_needs_no_arrow():
    axes = forest(pool(SIX))
    assert marks(axes, "_arrows") == []
    assert [t.get_text() for t in axes.get_xticklabels()] == ["0", "20", "40", "60", "80"]
    assert axes.get_xlabel() == "Proportion, %"


def test_five_hundred_rows_are_all_there():
    frame = table([(f"Author {index}", index % 40, 40 + index) for index in range(500)])
    axes = forest(pool(frame), title="Many")
    assert geometry_faults(axes.figure) == []
    assert {f"Author {index}" for index in range(500)} <= {t.get_text() for t in axes.texts}
    (squares,) = marks(axes, "_estimates")
    assert len(squares.get_offsets()) == 500


@settings(max_examples=12, deadline=None, derandomize=True)
@given(tables(most=6), st.sampled_from([(10, 6), (12, 8), (9, 12)]))
def test_given_axes_keep_everything_in_their_place(frame, size):
    figure = Figure(figsize=size)
    axes = figure.add_axes((0.05, 0.1, 0.8, 0.7))
    room = axes.get_window_extent().frozen()
    assert forest(pool(frame), ax=axes, title="Given") is axes
    assert geometry_faults(figure) == []
    boxes = [t.get_window_extent() for t in texts(figure)]
    assert min(box.x0 for box in boxes) >= room.x0 - 1
    assert max(box.x1 for box in boxes) <= room.x1 + 1
    assert min(box.y0 for box in boxes) >= room.y0 - 1
    assert max(box.y1 for box in boxes) <= room.y1 + 1


@pytest.mark.parametrize("layout", [None, "constrained", "tight"])
def test_two_forests_side_by_side_stay_apart(layout):
    figure = Figure(figsize=(16, 6), layout=layout)
    left, right = figure.subplots(1, 2)
    forest(pool(SIX), ax=left, title="Left")
    forest(pool(SIX.head(2)), ax=right, title="Right")
    assert geometry_faults(figure) == []


def test_given_axes_of_a_subfigure_are_understood():
    figure = Figure(figsize=(16, 6))
    _, half = figure.subfigures(1, 2)
    axes = forest(pool(SIX), ax=half.subplots(), title="Right half")
    assert geometry_faults(figure) == []
    assert min(t.get_window_extent().x0 for t in texts(figure)) > figure.bbox.width / 2
    assert axes.figure is half


def test_too_little_room_says_how_much_is_needed():
    figure = Figure(figsize=(3, 2))
    with pytest.raises(SynthesisError, match=r"needs \d+ mm by \d+ mm .* but has only \d+ mm wide"):
        forest(pool(SIX), ax=figure.subplots())
    with pytest.raises(SynthesisError, match=r"has only 4[01] mm wide"):
        forest(pool(SIX), style=replace(STYLES["default"], width=44.0))


@pytest.mark.parametrize("name", list(STYLES))
def test_fixed_widths_are_kept_to_the_tenth_of_a_millimetre(name):
    figure = forest(pool(SIX), title="Width", style=STYLES[name]).figure
    if STYLES[name].width is not None:
        assert figure.get_size_inches()[0] * 25.4 == pytest.approx(STYLES[name].width, abs=0.1)
    assert geometry_faults(figure) == []


def test_rows_bands_and_claims_are_drawn_and_named():
    answer = pool(SIX)
    rows = sort_rows(forest_rows(answer), "estimate", descending=True)
    out = table([("Overlap", 12, 69), ("Lost", 1, 2)]).assign(exclude_because=["same", "x"])
    rows = add_claim(add_excluded(rows, out, answer), "Up to 28%", 0.28, answer)
    band = Band(0.1, 0.2, "clinically relevant")
    axes = forest(answer, rows=rows, bands=[band], title="All")
    assert geometry_faults(axes.figure) == []
    order = {t.get_text(): t.get_position()[1] for t in axes.texts}
    assert order["C"] < order["Lebow 2011"] < order["Pooled estimate"] < order["Overlap (same)"]
    (hollow,) = marks(axes, "_excluded")
    assert len(hollow.get_offsets()) == 2
    (line,) = marks(axes, "_claim")
    assert list(line.get_xdata()) == [0.28, 0.28]
    (shade,) = marks(axes, "_band")
    assert (shade.get_x(), shade.get_width()) == pytest.approx((0.1, 0.1))
    for said in ("Grey: 2 rows not pooled", "Dotted line: Up to 28%, 28.0%", "Shaded: clinically"):
        assert said in axes.get_label()
        assert any(said in t.get_text() for t in axes.texts)


def test_unknown_columns_and_kinds_are_refused():
    with pytest.raises(SynthesisError, match="no column 'n'"):
        forest(pool(SIX), style=replace(STYLES["default"], left=("label", "n")))
    with pytest.raises(SynthesisError, match="kind 'header' cannot be drawn"):
        forest(pool(SIX), rows=forest_rows(pool(SIX)).assign(kind="header"))


def test_any_column_of_the_table_can_stand_beside_the_plot():
    frame = SIX.assign(country=["US", "DE", "FI", "US", "ES", "JP"], year=range(2001, 2007))
    style = replace(STYLES["default"], left=("label", "country"), right=("year", "estimate"))
    axes = forest(pool(frame), style=style)
    assert {"Country", "Year", "FI", "2003"} <= {t.get_text() for t in axes.texts}
    assert geometry_faults(axes.figure) == []


def test_a_sign_that_the_font_lacks_is_announced():
    axes = forest(pool(table([("你好 2010", 3, 30), ("B", 3, 40)])))
    with pytest.warns(UserWarning, match="missing from font"):
        axes.figure.draw_without_rendering()


def test_marks_differ_in_grey():
    colours = [to_rgb(ForestStyle().colours()[name]) for name in ("paper", "band", "square", "ink")]
    grey = [0.299 * r + 0.587 * g + 0.114 * b for r, g, b in colours]
    assert all(a - b > 0.05 for a, b in itertools.pairwise(grey))


def test_layout_tells_where_everything_was_put():
    answer = pool(SIX)
    layout = plan(forest_content(answer, "T", ForestStyle()), ForestStyle())
    places = layout.to_frame()
    assert len(layout.rules) == 2  # below the header and above the answer
    assert {"title", "header", "study", "pooled", "prediction", "note"} == set(places["role"])
    assert places["y"].min() > 0


def test_groups_and_several_answers_are_drawn():
    parts = {"From 2000 to 2010": SIX.iloc[:1], "Since then": SIX.iloc[1:]}
    groups = {name: pool(part) for name, part in parts.items()}
    answer = pool(SIX)
    rows = add_answer(
        group_rows(groups, answer), pool(SIX, model=Model(interval="wald")), "Other model"
    )
    axes = forest(answer, rows=rows, title="Groups")
    assert geometry_faults(axes.figure) == []
    assert sum(len(mark.get_paths()) for mark in marks(axes, "_pooled")) == 1 + 2
    order = {t.get_text().strip(): t.get_position()[1] for t in axes.texts}
    assert order["From 2000 to 2010"] < order["Lebow 2011"] < order["Since then"] < order["B"]
    assert order["F"] < order["Subtotal"] < order["Pooled estimate"] < order["Other model"]
    bold = {t.get_text() for t in axes.texts if t.get_fontweight() == "bold"}
    assert {"Since then", "Pooled estimate", "Other model"} <= bold
    assert "Since then: " in axes.get_label()


def test_studies_side_by_side_pretend_no_weight_and_no_answer():
    answer = side_by_side(SIX, "The definitions differ.")
    axes = forest(answer, title="How many recur?")
    (squares,) = marks(axes, "_estimates")
    assert len(set(squares.get_sizes())) == 1
    assert squares.get_sizes()[0] > 4
    assert marks(axes, "_pooled") == marks(axes, "_centre") == []
    shown = " ".join(t.get_text() for t in axes.texts)
    assert "Weight" not in shown
    assert "weight" not in shown
    assert "Caution: The definitions differ. " in shown + " "
    assert axes.get_label() == (
        "Forest plot: How many recur? 6 studies, 58 of 1\u202f580 people. Not pooled. "
        "The definitions differ. The studies range from 0.0% to 47.6%."
    )
    assert geometry_faults(axes.figure) == []


@pytest.mark.parametrize("dpi", [60, 72, 90, 100, 110, 150, 300])
def test_texts_are_as_wide_as_they_were_measured_at_every_resolution(dpi):
    answer = side_by_side(SIX, "Claims data count any lumbar operation, clinical series any disc")
    axes = forest(answer)
    axes.figure.set_dpi(dpi)
    axes.figure.draw_without_rendering()
    for text in axes.texts:
        size, bold = text.get_fontsize() * dpi / 72, text.get_fontweight() == "bold"
        measured = width(text.get_text(), ("DejaVu Sans",), bold) * size
        assert text.get_window_extent().width <= measured + 2
        assert text.get_window_extent().width >= 0.94 * measured - 2
