from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence import Model, pool
from evidence.errors import SynthesisError
from evidence.plots.axis import linear_axis
from evidence.plots.columns import COLUMNS, column, expand
from evidence.plots.marks import MARKS, Band
from evidence.plots.more_rows import add_answer, add_claim, add_excluded, group_rows
from evidence.plots.rows import forest_rows, sort_rows
from evidence.plots.style import STYLES, ForestStyle
from evidence.plots.text import INDENT, clean, width, wrap
from evidence.plots.words import alt_text, notes, nothing

DEJAVU = ("DejaVu Sans",)
FRAME = pd.DataFrame(
    {
        "study_id": ["a", "b", "c"],
        "label": ["Lebow 2011", "Nobody 2012", "Everybody 2013"],
        "events": [11, 0, 1200],
        "total": [108, 40, 1250],
        "year": [2011, 2012, 2013],
    }
)
EXCLUDED = pd.DataFrame(
    {
        "study_id": ["x", "y", "z"],
        "events": [128, None, 12],
        "total": [69, 40, 69],
        "exclude_because": ["impossible", "no count", "overlapping cohort"],
    },
    index=[5, 5, 5],
)


def test_rows_hold_every_drawn_number_and_text():
    answer = pool(FRAME)
    rows = forest_rows(answer)
    assert rows["kind"].tolist() == ["study"] * 3 + ["pooled", "prediction"]
    assert rows["label"].tolist()[:3] == FRAME["label"].tolist()
    assert rows["events_text"].tolist() == ["11", "0", "1\u202f200", "1\u202f211", ""]
    assert rows["number_text"].tolist()[:3] == ["10.2", "0.0", "96.0"]
    assert rows["limits_text"].tolist()[0] == "5.8 to 17.3"
    pooled = rows.loc[3]
    assert (pooled["estimate"], pooled["low"], pooled["high"]) == (
        answer.estimate, answer.interval.low, answer.interval.high,
    )  # fmt: skip
    assert rows.loc[4, "high"] == answer.prediction.high
    assert rows["year"].tolist()[:3] == [2011, 2012, 2013]
    assert rows.loc[:2, "weight"].sum() == pytest.approx(1)


def test_rows_without_label_are_named_by_study_id_and_input_stays_as_it_was():
    frame = FRAME.drop(columns="label")
    answer = pool(frame)
    before = answer.studies.copy()
    assert forest_rows(answer)["label"].tolist()[:3] == ["a", "b", "c"]
    blank = pool(FRAME.assign(label=["Lebow 2011", None, " "]))
    assert forest_rows(blank)["label"].tolist()[:3] == ["Lebow 2011", "b", "c"]
    pd.testing.assert_frame_equal(answer.studies, before)


def test_a_column_of_the_table_with_the_name_of_a_text_gives_way():
    rows = forest_rows(pool(FRAME.assign(weight_text="mine", events_text="mine")))
    assert "mine" not in rows[["weight_text", "events_text"]].to_numpy()


@pytest.mark.parametrize(
    ("k", "kinds"),
    [(0, []), (1, ["study"]), (2, ["study", "study", "pooled"])],
)
def test_few_studies_pretend_nothing(k, kinds):
    rows = forest_rows(pool(FRAME.head(k)))
    assert rows["kind"].tolist() == kinds
    assert (
        rows["weight_text"].tolist() == [""] * k
        if k < 2
        else rows["weight_text"].iloc[2] == "100.0"
    )


def test_sorting_moves_studies_only():
    rows = sort_rows(forest_rows(pool(FRAME)), "estimate")
    assert rows["label"].tolist() == [
        "Nobody 2012", "Lebow 2011", "Everybody 2013", "Pooled estimate", "Prediction interval",
    ]  # fmt: skip
    falling = sort_rows(rows, "estimate", descending=True)
    assert falling["label"].tolist()[:3] == ["Everybody 2013", "Lebow 2011", "Nobody 2012"]
    assert falling["number_text"].tolist()[:3] == ["96.0", "10.2", "0.0"]


def test_sorting_by_an_unknown_column_lists_the_columns():
    with pytest.raises(SynthesisError, match=r"no column 'size'; sort by one of: kind, label"):
        sort_rows(forest_rows(pool(FRAME)), "size")


def test_excluded_rows_keep_their_reason_and_their_rate_where_there_is_one():
    answer = pool(FRAME)
    rows = add_excluded(forest_rows(answer), EXCLUDED, answer).iloc[5:]
    assert rows["kind"].tolist() == ["excluded"] * 3
    assert rows["label"].tolist() == ["x (impossible)", "y (no count)", "z (overlapping cohort)"]
    assert rows["number_text"].tolist() == ["", "", "17.4"]
    assert rows["limits_text"].tolist()[:2] == ["", ""]
    assert rows["events_text"].tolist() == ["128", "", "12"]
    assert rows["weight_text"].tolist() == ["", "", ""]


def test_excluded_rows_need_their_reason():
    answer = pool(FRAME)
    with pytest.raises(SynthesisError, match="need the column exclude_because"):
        add_excluded(forest_rows(answer), EXCLUDED.drop(columns="exclude_because"), answer)


def test_claims_are_rows():
    answer = pool(FRAME)
    rows = add_claim(forest_rows(answer), "Up to", 0.28, answer)
    rows = add_claim(rows, "Between", (0.1, 0.2), answer)
    assert rows["kind"].tolist()[-2:] == ["claim", "claim"]
    assert rows["number_text"].tolist()[-2:] == ["28.0", ""]
    assert rows["limits_text"].tolist()[-2:] == ["", "10.0 to 20.0"]


@pytest.mark.parametrize("value", [28, -0.1, (0.4, 0.2), math.nan])
def test_a_claim_that_cannot_be_is_refused(value):
    answer = pool(FRAME)
    with pytest.raises(SynthesisError, match="claimed value must lie in"):
        add_claim(forest_rows(answer), "Up to", value, answer)


def test_columns_align_their_numbers_and_unknown_ones_list_the_choices():
    rows = forest_rows(pool(FRAME))
    cells = COLUMNS["estimate"].cells(rows)
    assert {text.index("(") for text in cells} == {5}
    assert column("year", rows).cells(rows) == ["2011", "2012", "2013", "", ""]
    assert column("year", rows).align == "right"
    assert column("study_id", rows).header == "Study id"
    with pytest.raises(SynthesisError, match=r"no column 'wieght'; choose from: label, events"):
        column("wieght", rows)


values = st.floats(0, 1, allow_nan=False)


@given(st.lists(values, max_size=6), st.integers(2, 7))
def test_axis_covers_the_values_inside_the_bounds_with_rising_even_ticks(seen, most):
    axis = linear_axis(seen, bounds=(0, 1), factor=100, most=most)
    assert 0 <= axis.low < axis.high <= 1
    assert all(axis.low - 1e-9 <= value <= axis.high + 1e-9 for value in seen)
    assert 1 <= len(axis.ticks) <= most
    assert len(set(axis.texts)) == len(axis.texts) == len(axis.ticks)
    for tick, text in zip(axis.ticks, axis.texts, strict=True):
        assert float(text) == pytest.approx(100 * tick, abs=1e-9)
    gaps = [b - a for a, b in zip(axis.ticks, axis.ticks[1:], strict=False)]
    assert gaps == pytest.approx([gaps[0]] * len(gaps)) if gaps else True


def test_axis_ticks_are_the_ones_a_reader_expects():
    assert linear_axis([0, 1], bounds=(0, 1), factor=100).texts == (
        "0",
        "20",
        "40",
        "60",
        "80",
        "100",
    )
    assert linear_axis([0.001, 0.003], bounds=(0, 1), factor=100).texts[:2] == ("0.0", "0.1")
    low = linear_axis([-3, 12], bounds=(-math.inf, math.inf))
    assert low.low <= -3 and low.high >= 12
    assert linear_axis([], bounds=(0, 1)).high == 1
    asked = linear_axis([0.9], bounds=(0, 1), factor=100, ends=(0, 0.3))
    assert (asked.low, asked.high, asked.texts[-1]) == (0, 0.3, "30")


def test_widths_grow_with_the_text_and_wrapping_loses_no_letter():
    assert width("", DEJAVU) == 0
    assert width("Lebow 2011", DEJAVU) < width("Lebow 2011", DEJAVU, True)
    assert width("你好", DEJAVU) >= 2


def test_every_line_of_a_group_member_is_set_in():
    lines = wrap(INDENT + "Thomé and Barth 2018", 8, DEJAVU)
    assert lines == (INDENT + "Thomé and", INDENT + "Barth 2018")
    assert max(width(line, DEJAVU) for line in lines) <= 8


@given(st.text(alphabet="abc -/éЖω\u0301", max_size=60), st.floats(1, 20))
def test_lines_fit_their_room_and_hold_every_letter(text, room):
    text = clean(text)
    lines = wrap(text, room, DEJAVU)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(width(line, DEJAVU) <= room or len(line.rstrip("\u0301")) <= 1 for line in lines)


def test_alt_text_says_what_the_figure_shows():
    said = alt_text(pool(FRAME), "Recurrence.")
    assert said.startswith("Forest plot: Recurrence. Pooled estimate ")
    assert "in 3 studies, 1\u202f211 of 1\u202f398 people" in said
    assert "The studies range from 0.0% to 96.0%." in said
    assert "Prediction interval for a new study" in said
    assert "Heterogeneity: τ²" in said
    assert "Everybody 2013" in said
    axis = linear_axis([], bounds=(0, 1), ends=(0.0, 0.5))
    assert alt_text(pool(FRAME), axis=axis).endswith(
        "The interval of 1 study goes on beyond the axis."
    )
    assert "The intervals of 2 studies go on" in alt_text(
        pool(FRAME), axis=linear_axis([], bounds=(0, 1), ends=(0.0, 0.1))
    )
    narrow = linear_axis([], bounds=(0, 1), ends=(0.0, 0.1))
    assert "The pooled interval goes on beyond the axis. The prediction" in alt_text(
        pool(FRAME), axis=narrow
    )
    same = pd.DataFrame({"study_id": ["a", "b"], "events": [5, 6], "total": [50, 60]})
    assert "Every study's interval contains the pooled estimate." in alt_text(pool(same))


def test_alt_text_of_one_and_no_study_speaks_of_no_pooling():
    assert "One study, not pooled: 10.2% (95% CI 5.8 to 17.3)" in alt_text(pool(FRAME.head(1)))
    nobody = pool(FRAME.head(0))
    assert alt_text(nobody) == f"Forest plot. {nothing(nobody)}"
    assert notes(nobody, clipped=False) == ()


def test_notes_carry_every_caution():
    answer = pool(FRAME)
    said = notes(answer, clipped=True)
    assert [f"Caution: {caution}." for caution in answer.cautions] == list(said[2:])
    assert "An arrow means" in said[1]
    assert "interval of each study: Wilson" in said[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"font_size": 4}, "at least min_font_size"),
        ({"width": 0}, "must be above 0"),
        ({"row_height": -1}, "must be above 0"),
        ({"xlim": (0.4, 0.1)}, "xlim must rise"),
    ],
)
def test_a_style_that_cannot_be_drawn_is_refused(options, message):
    with pytest.raises(SynthesisError, match=message):
        ForestStyle(**options)


def test_registers_fit_together():
    rows = forest_rows(pool(FRAME))
    for style in STYLES.values():
        assert [column(name, rows) for name in expand((*style.left, *style.right), rows)]
    for _, colour in MARKS.values():
        assert colour in ForestStyle().colours()


def test_a_band_must_rise():
    with pytest.raises(SynthesisError, match="'relevant' does not"):
        Band(0.2, 0.1, "relevant")


GROUPED = pd.concat([FRAME, FRAME.assign(study_id=["d", "e", "f"], events=[3, 9, 700])])


def grouped():
    parts = {"Early": GROUPED.iloc[:1], "Middle": GROUPED.iloc[1:4], "Late": GROUPED.iloc[4:]}
    return {name: pool(part) for name, part in parts.items()}, pool(GROUPED)


def test_groups_are_blocks_without_a_subtotal_that_repeats_a_study():
    groups, overall = grouped()
    rows = group_rows(groups, overall)
    assert rows["kind"].tolist() == [
        "group", "study", "group", "study", "study", "study", "subtotal",
        "group", "study", "study", "subtotal", "pooled", "prediction",
    ]  # fmt: skip
    subtotals = rows[rows["kind"] == "subtotal"]
    assert subtotals["estimate"].tolist() == [groups["Middle"].estimate, groups["Late"].estimate]
    assert rows[rows["kind"] == "study"]["weight"].sum() == pytest.approx(1)
    middle = rows.iloc[3:6]["weight"].sum()
    assert subtotals["weight"].iloc[0] == pytest.approx(middle)


def test_sorting_never_takes_a_study_out_of_its_group():
    groups, overall = grouped()
    rows = group_rows(groups, overall)
    ordered = sort_rows(rows, "estimate", descending=True)
    assert ordered["kind"].tolist() == rows["kind"].tolist()
    assert set(ordered["study_id"].iloc[3:6]) == {"b", "c", "d"}
    assert ordered["estimate"].iloc[3:6].is_monotonic_decreasing


def test_groups_must_hold_every_study_once():
    groups, overall = grouped()
    groups.pop("Late")
    with pytest.raises(SynthesisError, match="every study of the overall answer exactly once"):
        group_rows(groups, overall)


def test_another_answer_stands_below_the_first():
    answer = pool(FRAME)
    other = pool(FRAME, model=Model(interval="wald"))
    rows = add_answer(forest_rows(answer), other, "Wald interval")
    assert rows["kind"].tolist()[3:] == ["pooled", "pooled", "prediction"]
    assert rows["label"].tolist()[3:5] == ["Pooled estimate", "Wald interval"]
    assert rows["estimate"].iloc[4] == other.estimate
    assert rows["weight_text"].iloc[4] == ""
    with pytest.raises(SynthesisError, match="'One' has no pooled estimate to draw; it has 1"):
        add_answer(rows, pool(FRAME.head(1)), "One")
