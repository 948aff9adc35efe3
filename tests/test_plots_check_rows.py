"""Figures of the checks whose answers stand in rows, and of the events that would reverse one."""

from __future__ import annotations

import pandas as pd
import pytest

from evidence import Model, SynthesisError, pool
from evidence.plots.check_rows import (
    adjusted_plot,
    cumulative_orders_plot,
    fragility_plot,
    imprecision_plot,
)
from evidence.sensitivity.adjusted import adjusted
from evidence.sensitivity.check import Stated
from evidence.sensitivity.cumulative import cumulative
from evidence.sensitivity.fragility import fragility

FRAME = pd.DataFrame(
    {
        "study_id": [f"study-{i}" for i in range(11)],
        "label": [f"Author {i} 2001" for i in range(11)],
        "year": range(2000, 2011),
        "events": [3, 6, 10, 1, 7, 2, 9, 5, 8, 4, 20],
        "total": [11, 17, 21, 9, 50, 40, 44, 30, 52, 31, 33],
    }
)
ANSWER = pool(FRAME, model=Model(method="glmm"))


def offsets(axes, label):
    return next(o.get_offsets().data for o in axes.collections if o.get_label() == label).tolist()


def texts(axes):
    found = axes.findobj(lambda artist: hasattr(artist, "get_text"))
    return [text.get_text() for text in found if text.get_text()]


def test_each_order_is_a_block_whose_last_row_is_the_answer():
    axes = cumulative_orders_plot(ANSWER, title="Leaks")
    table = cumulative(ANSWER).table
    assert [x for x, _ in offsets(axes, "_estimates")] == pytest.approx(table["estimate"].tolist())
    said = texts(axes)
    heads = ["By year, oldest first", "By size, largest first", "By precision, most precise first"]
    assert [said.count(head) for head in heads] == [1, 1, 1]
    assert any(text.strip() == "+ Author 10 2001" for text in said)
    assert axes.get_label().startswith("Cumulative answers: Leaks. 11 studies in 3 orders. Once")


def test_adjusted_answers_stand_above_the_pooled_one():
    axes = adjusted_plot(ANSWER)
    table = adjusted(ANSWER).table.dropna(subset=["estimate"])
    assert [x for x, _ in offsets(axes, "_estimates")] == pytest.approx(table["estimate"].tolist())
    assert "Analysis" in texts(axes) and "Study" not in texts(axes)
    assert "limit meta-analysis" in axes.get_label()
    assert any("on the left" in text or "on the right" in text for text in texts(axes))
    few = pool(FRAME.head(5))
    with pytest.raises(SynthesisError, match="refused, because 5 studies cannot show it"):
        adjusted_plot(few)
    assert adjusted_plot(few, Stated(few_anyway=True)).get_label()


def test_the_stated_change_and_threshold_are_drawn_whole():
    axes = imprecision_plot(ANSWER, Stated(threshold=0.6, change=0.3, people=5000), title="Leaks")
    [band] = [one for one in axes.patches if one.get_label() == "_band"]
    low, high = band.get_x(), band.get_x() + band.get_width()
    assert (low, high) == pytest.approx((max(0, ANSWER.estimate - 0.3), ANSWER.estimate + 0.3))
    assert [x for x, _ in offsets(axes, "_claimed")] == [0.6]
    assert (
        "People in all studies: 338 (stated: at least 5\N{NARROW NO-BREAK SPACE}000; not met)."
        in axes.get_label()
    )
    assert "(stated: on one side of 60.0%; met)" in axes.get_label()
    wide = imprecision_plot(ANSWER, Stated(change=0.6))
    assert wide.get_xlim()[1] >= ANSWER.estimate + 0.6, "the axis holds the whole band"
    plain = imprecision_plot(ANSWER)
    assert not [one for one in plain.patches if one.get_label() == "_band"]
    assert "stated:" not in plain.get_label()


@pytest.mark.parametrize(("threshold", "side"), [(0.1, "low"), (0.4, "high")])
def test_the_limit_walks_to_the_threshold(threshold, side):
    stated = Stated(threshold=threshold)
    axes = fragility_plot(ANSWER, stated)
    [limits] = [one for one in axes.lines if one.get_label() == "_limits"]
    table = fragility(ANSWER, stated).table
    assert limits.get_ydata().tolist() == pytest.approx(
        [getattr(ANSWER.interval, side), *table[side]]
    )
    assert limits.get_xdata().tolist() == list(range(len(table) + 1))
    [line] = [one for one in axes.lines if one.get_label() == "_threshold"]
    assert set(line.get_ydata()) == {threshold}
    assert ("Lower" if side == "low" else "Upper") + " end of the interval, %" in texts(axes)


def test_without_a_conclusion_there_is_nothing_to_reverse():
    with pytest.raises(SynthesisError, match="the question states no threshold"):
        fragility_plot(ANSWER)
    with pytest.raises(SynthesisError, match=r"the interval includes the threshold of 20\.0%"):
        fragility_plot(ANSWER, Stated(threshold=0.2))
