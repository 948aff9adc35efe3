from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text

from evidence import pool
from evidence.plots.forest import forest
from evidence.plots.style import STYLES

LONG = "A collaboration of very many surgeons and neurologists with an equally long name, 1998"
NAMES = (
    "Lebow 2011", "de la Cruz-Gómez", LONG, "Ångström", "Чехов 2004", "Παπαδόπουλος 2015", "לוי 2010",
    "محمد بن علي 2003", "x", "$p^2$ and $x", "Wörter" * 12, "g" * 40, "Նարեկ", "",
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
)
def test_no_text_overlaps_another_or_leaves_the_canvas(frame, name, title, xlim):
    if name == "single":  # a column has no room for people in millions
        frame = frame[frame["total"] < 10_000]
    axes = forest(pool(frame), title=title, style=replace(STYLES[name], xlim=xlim))
    assert geometry_faults(axes.figure) == []
