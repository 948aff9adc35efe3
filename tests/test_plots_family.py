from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text

from evidence.errors import SynthesisError
from evidence.plots.evidence_map import evidence_map
from evidence.plots.export import describe, svg_text
from evidence.plots.flow import flow
from evidence.plots.style import STYLES

LONG = "Persistent leg or back pain of any kind after lumbar surgery, under any definition at all"


def faults(figure: Figure) -> list[str]:
    """Texts that overlap or leave the canvas."""
    figure.draw_without_rendering()
    shown = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    boxes = [t.get_window_extent() for t in shown]
    found = []
    for i, a in enumerate(boxes):
        if a.x0 < -1 or a.y0 < -1 or a.x1 > figure.bbox.width + 1 or a.y1 > figure.bbox.height + 1:
            found.append(f"outside: {shown[i].get_text()}")
        for j, b in enumerate(boxes[:i]):
            wide, high = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
            if wide > 1 and high > 1:
                found.append(f"{shown[i].get_text()} on {shown[j].get_text()}")
    return found


def dots(rows: list[tuple]) -> pd.DataFrame:
    names = ["question", "cohort", "follow_up_months", "total", "pooled", "time_basis"]
    return pd.DataFrame(rows, columns=names)


MAP = dots(
    [
        ("Recurrence", "a", 24, 108, True, "fixed"),
        ("Recurrence", "b", 24, 4000, True, "fixed"),
        ("Recurrence", "b", 60, 40, False, "mean"),
        ("Relief", "c", None, 50, False, None),
        ("Relief", "d", 0, 50, False, "fixed"),
    ]
)


def collections(axes, label):
    return [c for c in axes.collections if c.get_label() == label]


def test_map_has_one_dot_per_row_at_its_time_filled_when_pooled():
    axes = evidence_map(MAP, title="Map")
    pooled = np.concatenate([np.asarray(c.get_offsets()) for c in collections(axes, "_pooled")])
    other = np.concatenate([np.asarray(c.get_offsets()) for c in collections(axes, "_other")])
    assert sorted(pooled[:, 0]) == [24, 24]
    assert sorted(other[:, 0])[:2] == [0, 60]
    assert max(other[:, 0]) > 60
    assert pooled[0, 1] != pooled[1, 1]
    assert [t.get_text() for t in axes.get_xticklabels()] == [
        "0", "1", "3", "6", "12", "24", "60", "not stated",
    ]  # fmt: skip
    assert faults(axes.figure) == []


def test_map_counts_cohorts_pooled_rows_and_people():
    axes = evidence_map(MAP)
    shown = [t.get_text() for t in axes.texts]
    assert {"Question", "Cohorts", "Pooled", "People", "4\u202f148", "100"} <= set(shown)
    assert describe(axes.figure) == (
        "Evidence map. Recurrence: 3 rows of 2 cohorts, 2 pooled, follow-up 24 to 60 months. "
        "Relief: 2 rows of 2 cohorts, 0 pooled, follow-up 0 to 0 months."
    )
    assert any("● fixed" in text.replace("\N{NO-BREAK SPACE}", " ") for text in shown)


def test_map_without_missing_times_has_no_room_for_them():
    axes = evidence_map(MAP.dropna(subset="follow_up_months"))
    assert axes.get_xlim() == (0, 60)


def test_map_of_nothing_says_so():
    axes = evidence_map(MAP.head(0), title="Empty")
    assert any("No row to show." in t.get_text() for t in axes.texts)
    assert faults(axes.figure) == []


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Recurrence", "Relief", LONG, "תוצאה", "$x$"]),
            st.sampled_from("abcdef"),
            st.sampled_from([None, 0, 0.5, 1, 6, 12, 24, 26.4, 120, 300]),
            st.sampled_from([1, 99, 100, 6_812_000]),
            st.booleans(),
            st.sampled_from([None, "fixed", "mean follow-up", "Kaplan-Meier"]),
        ),
        max_size=60,
    )
)
def test_no_dot_hides_another_and_no_text_overlaps(rows):
    frame = dots(rows)
    axes = evidence_map(frame, title=LONG)
    figure = axes.figure
    assert faults(figure) == []
    centres, radii = [], []
    for label in ("_pooled", "_other"):
        for group in collections(axes, label):
            centres.extend(axes.transData.transform(np.asarray(group.get_offsets())))
            radii.extend(
                np.sqrt(group.get_sizes()) / 2 * figure.dpi / 72 * np.ones(len(group.get_offsets()))
            )
    assert len(centres) == len(frame)
    for i, (a, ra) in enumerate(zip(centres, radii, strict=True)):
        for b, rb in list(zip(centres, radii, strict=True))[:i]:
            assert np.hypot(*(a - b)) >= 0.95 * (ra + rb)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"follow_up_months": -1}, "between 0 and 960"),
        ({"follow_up_months": 5000}, "between 0 and 960"),
        ({"total": -5}, "total must not be negative"),
        ({"total": None}, None),
        ({"time_basis": list("abcdefg")[:5]}, None),
    ],
)
def test_map_refuses_what_cannot_be(change, message):
    frame = MAP.assign(**change)
    if message is None:
        assert faults(evidence_map(frame).figure) == []
        return
    with pytest.raises(SynthesisError, match=message):
        evidence_map(frame)


def test_map_names_a_missing_column_and_too_many_time_bases():
    with pytest.raises(SynthesisError, match="needs the column cohort, total"):
        evidence_map(MAP.drop(columns=["cohort", "total"]))
    many = pd.concat([MAP, MAP], ignore_index=True).assign(time_basis=list("abcdefghij"))
    with pytest.raises(SynthesisError, match="shapes for 7 time bases; these are 10: a, b"):
        evidence_map(many)


STEPS = pd.DataFrame(
    [
        ("Rows found", 431, "kept", ""),
        ("", 120, "left", "no count could be established"),
        ("", 14, "left", LONG),
        ("Rows with counts", 297, "kept", None),
        ("", 1, "left", "overlap"),
        ("Rows fit", 296, "kept", ""),
        ("Cohorts pooled", 96, "kept", ""),
    ],
    columns=["stage", "count", "kind", "reason"],
)


def patches(axes, label):
    return [patch for patch in axes.patches if patch.get_label() == label]


def test_flow_has_a_box_per_stage_and_per_exit_and_arrows_between():
    axes = flow(STEPS, title="From rows to cohorts")
    assert len(patches(axes, "_kept")) == 4
    assert len(patches(axes, "_left")) == 2
    assert len(patches(axes, "_arrow")) == 3 + 2
    shown = " ".join(t.get_text().replace("\N{NO-BREAK SPACE}", " ") for t in axes.texts)
    for said in ("Rows found (n = 431)", "Left out: 134", "Overlap (n = 1)"):
        assert said in shown
    assert faults(axes.figure) == []


def test_flow_texts_lie_inside_their_boxes_and_boxes_apart():
    axes = flow(STEPS)
    axes.figure.draw_without_rendering()
    boxes = [p.get_window_extent() for p in patches(axes, "_kept") + patches(axes, "_left")]
    for text in axes.texts:
        extent = text.get_window_extent()
        assert any(
            box.x0 <= extent.x0
            and extent.x1 <= box.x1
            and box.y0 <= extent.y0
            and extent.y1 <= box.y1
            for box in boxes
        )
    for i, a in enumerate(boxes):
        assert not any(a.overlaps(b) for b in boxes[:i])


@pytest.mark.parametrize("name", ["default", "double", "single", "slide"])
def test_flow_keeps_the_width_of_its_style(name):
    figure = flow(STEPS, style=STYLES[name], title=LONG).figure
    assert faults(figure) == []
    if STYLES[name].width:
        assert figure.get_size_inches()[0] * 25.4 == pytest.approx(STYLES[name].width, abs=0.1)


def test_flow_stays_in_given_axes_and_says_when_they_are_too_small():
    figure = Figure(figsize=(9, 6))
    axes = figure.subplots()
    assert flow(STEPS, ax=axes) is axes
    assert faults(figure) == []
    with pytest.raises(SynthesisError, match=r"needs \d+ mm by \d+ mm at the smallest font"):
        flow(STEPS, ax=Figure(figsize=(2, 1)).subplots())


def test_flow_alt_text_gives_the_counts_in_order():
    assert describe(flow(STEPS.drop(index=2).assign(count=[431, 120, 311, 1, 310, 96])).figure) == (
        "Flow of rows. Rows found: 431. Left: no count could be established 120. "
        "Rows with counts: 311. Left: overlap 1. Rows fit: 310. Cohorts pooled: 96."
    )


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (STEPS.drop(columns="kind"), "needs the column kind"),
        (STEPS.iloc[1:], "first step of a flow must be of kind 'kept'"),
        (STEPS.head(0), "first step of a flow must be of kind 'kept'"),
        (STEPS.replace("left", "gone"), "'kept' or 'left', not 'gone'"),
        (STEPS.assign(count=-1), "may be negative"),
        (STEPS.assign(count=[431, 120, 14, 300, 1, 299, 96]), "134 left, so 297 remain, not 300"),
    ],
)  # fmt: skip
def test_flow_refuses_what_cannot_be(steps, message):
    with pytest.raises(SynthesisError, match=message):
        flow(steps)


def test_family_goes_into_a_page():
    for axes in (evidence_map(MAP), flow(STEPS)):
        assert 'role="img"' in svg_text(axes, salt="x")


def test_flow_without_reasons_lets_the_stage_say_why():
    steps = STEPS.assign(stage=STEPS["stage"].where(STEPS["stage"] != "", STEPS["reason"]))
    assert flow(steps.drop(columns="reason")).get_label() == flow(STEPS).get_label()


def test_flow_of_rows_names_their_cohorts():
    steps = STEPS.rename(columns={"count": "rows"}).assign(cohorts=[300, 80, 10, 210, 1, 209, 96])
    shown = " ".join(t.get_text() for t in flow(steps).texts).replace("\N{NO-BREAK SPACE}", " ")
    assert "Rows found (431 rows, 300 cohorts)" in shown
    assert "Overlap (1 row, 1 cohort)" in shown


def test_dots_that_nearly_coincide_are_set_in_lanes():
    near = dots([("Q", name, 24 + 2 * n, 5000, True, "fixed") for n, name in enumerate("abcd")])
    (group,) = collections(evidence_map(near), "_pooled")
    assert len(set(np.asarray(group.get_offsets())[:, 1])) > 2


def test_ticks_of_a_long_follow_up_do_not_touch():
    far = evidence_map(MAP.assign(follow_up_months=[24, 24, 480, None, 0]))
    shown = [text.get_text() for text in far.get_xticklabels()]
    assert shown == ["0", "1", "3", "6", "12", "24", "120", "480", "not stated"]
