"""Several outcomes side by side on the rows of the same studies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import matplotlib.style
import pandas as pd
from matplotlib.axes import Axes

from ..errors import SynthesisError
from ..pooling.model import Synthesis
from .forest import forest_content
from .frame import draw_dots, draw_rules, draw_texts, prepare
from .layout import EDGE, NOTE, TITLE, Content, Layout, Page, PlacedText, plan_at
from .marks import draw_marks, draw_null
from .picture import PictureAxes, figure_of, leave, new_axes
from .rows import forest_rows, study_names
from .style import DEFAULT, POINTS_PER_MM, ForestStyle
from .words import alt_text, notes, sentence

APART = 2.0  # between two outcomes, in font sizes
NARROW = 14.0  # what one of several plots keeps at least, mm


def forests(
    answers: Mapping[str, Synthesis], *, title: str | None = None, style: ForestStyle = DEFAULT
) -> Axes:
    """Forest plots of several outcomes beside each other; each study has one row in all of them.

    Args:
        answers: the answer of each outcome by its name, from left to right. Studies are matched by
            `study_id`; a study without an outcome leaves its place empty.
        title: above the figure; also opens the alt text.
        style: as in `forest`. The names stand at the left, and each outcome has its plot and its
            estimates; `plot_width` is that of one plot.

    Returns:
        The Axes of the first outcome; the others are in its figure.

    Raises:
        SynthesisError: no answer, a study twice in one answer, or a width too small for the texts.

    >>> from evidence import pool
    >>> frame = pd.DataFrame({"study_id": list("abc"), "events": [3, 6, 10],
    ...                       "total": [11, 17, 21]})
    >>> len(forests({"Recurrence": pool(frame), "Relief": pool(frame[1:])}).figure.axes)
    2
    """
    if not answers:
        raise SynthesisError("no answer to draw; give at least one outcome")
    rows = panel_rows(answers)
    styles = [_style(style, name, first=not index) for index, name in enumerate(answers)]
    contents = [
        replace(forest_content(answer, None, own, rows[name]), notes=())
        for (name, answer), own in zip(answers.items(), styles, strict=True)
    ]
    layouts = _fitted(contents, styles, style)
    layouts, corners, (wide, high) = _together(layouts, answers, title, style)
    ax = new_axes(wide + 2 * EDGE, high + 2 * EDGE, style.paper)
    figure = figure_of(ax)
    axes = [ax]
    with matplotlib.style.context("default"):
        axes += [figure.add_axes(PictureAxes(figure, (0, 0, 1, 1))) for _ in layouts[1:]]
        for each, content, layout, corner in zip(axes, contents, layouts, corners, strict=True):
            prepare(each, layout, corner, style)
            draw_rules(each, layout, corner, style)
            draw_texts(each, layout, corner, style)
            draw_null(each, content.null, layout, style)
            draw_marks(each, content.rows, layout, style)
            draw_dots(each, layout, corner, style)
    opening = [f"{sentence(title)}"] if title else []
    for each, (name, answer), layout in zip(axes, answers.items(), layouts, strict=True):
        alt = " ".join([*opening, alt_text(answer, name, layout.axis)])
        leave(each, alt=alt, table=rows[name].assign(outcome=name), layout=layout)
        opening = []
    return ax


def panel_rows(answers: Mapping[str, Synthesis]) -> dict[str, pd.DataFrame]:
    """The rows of each outcome, with the same studies and the same kinds of rows in the same order.

    A study that an outcome lacks has blank numbers and texts there.
    """
    names: dict[str, str] = {}
    for outcome, answer in answers.items():
        ids = answer.studies["study_id"].astype(str)
        if ids.duplicated().any():
            twice = ids[ids.duplicated()].iloc[0]
            raise SynthesisError(f"{outcome!r} holds {twice} twice; outcomes share rows by study")
        names |= {key: name for key, name in zip(ids, study_names(answer.studies), strict=True)
                  if key not in names}  # fmt: skip
    if not names:
        raise SynthesisError("no outcome has a study, so there is nothing to draw")
    own = {outcome: forest_rows(answer) for outcome, answer in answers.items()}
    below = [kind for kind in ("pooled", "prediction")
             if any((rows["kind"] == kind).any() for rows in own.values())]  # fmt: skip
    frame = pd.DataFrame(
        {
            "kind": ["study"] * len(names) + below,
            "key": [*names, *below],
            "name": [*names.values(), *[{"pooled": "Pooled estimate"}.get(kind,
                     "Prediction interval") for kind in below]],
        }
    )  # fmt: skip
    found = {}
    for outcome, rows in own.items():
        key = [str(name) if kind == "study" else kind
               for name, kind in zip(rows["study_id"], rows["kind"], strict=True)]  # fmt: skip
        rest = rows.drop(columns=["kind", "label"])
        rest.index = pd.Index(key, dtype=object)
        merged = pd.concat([frame, rest.reindex(frame["key"]).reset_index(drop=True)], axis=1)
        texts = [name for name in merged.columns if str(name).endswith("_text")]
        merged[texts] = merged[texts].astype(object).fillna("")
        found[outcome] = merged.rename(columns={"name": "label"}).drop(columns="key")
    return found


def _style(style: ForestStyle, name: str, *, first: bool) -> ForestStyle:
    left = style.left[:1] if first else ()
    label = style.label_width if style.width is None else min(style.label_width, style.width / 4)
    return replace(
        style,
        left=left,
        label_width=label,
        right=("estimate",),
        spans=((name, ("plot", "estimate")),),
    )


def _fitted(contents: list[Content], styles: list[ForestStyle], style: ForestStyle) -> list[Layout]:
    """Every outcome's layout on the same rows, in the largest font that keeps the width."""
    size = style.font_size
    wide = style.width and style.width * POINTS_PER_MM - 2 * EDGE
    plot = min(style.min_plot_width, NARROW) if wide else style.plot_width
    while True:
        layouts = _aligned(contents, [replace(own, plot_width=plot) for own in styles], size)
        spare = 0.0 if wide is None else wide - _width(layouts)
        if spare >= -1e-6:
            break
        if size <= style.min_font_size:
            raise SynthesisError(
                f"{len(contents)} outcomes need {_width(layouts) / POINTS_PER_MM:.0f} mm at the "
                f"smallest font ({size:g} pt) but have {style.width} mm; give more width"
            )
        size = max(style.min_font_size, size - 0.25)
    plot += spare / POINTS_PER_MM / len(contents)
    return _aligned(contents, [replace(own, plot_width=plot) for own in styles], size)


def _aligned(contents: list[Content], styles: list[ForestStyle], size: float) -> list[Layout]:
    first = [plan_at(each, own, size) for each, own in zip(contents, styles, strict=True)]
    top = max(layout.top for layout in first)
    high = [
        max(layout.row_edges[i][1] - layout.row_edges[i][0] for layout in first)
        for i in range(len(contents[0].rows))
    ]
    same = [replace(each, rows=each.rows.assign(points=high), top=top) for each in contents]
    return [plan_at(each, own, size) for each, own in zip(same, styles, strict=True)]


def _width(layouts: list[Layout]) -> float:
    return sum(layout.width for layout in layouts) + (len(layouts) - 1) * _gap(layouts)


def _gap(layouts: list[Layout]) -> float:
    return APART * layouts[0].font_size


def _together(
    layouts: list[Layout], answers: Mapping[str, Synthesis], title: str | None, style: ForestStyle
) -> tuple[list[Layout], list[tuple[float, float]], tuple[float, float]]:
    """The layouts with title and notes over the whole width; their corners; the whole size."""
    wide, size = _width(layouts), layouts[0].font_size
    above, below = Page(wide, style.fonts), Page(wide, style.fonts)
    above.paragraph(title or "", "title", TITLE * size)
    for (name, answer), layout in zip(answers.items(), layouts, strict=True):
        axis, studies = layout.axis, answer.studies
        clipped = bool((studies["low"] < axis.low).any() or (studies["high"] > axis.high).any())
        below.paragraph(f"{name}. {' '.join(notes(answer, clipped=clipped))}", "note", NOTE * size)
    deep = max(layout.height for layout in layouts)

    def moved(texts: list[PlacedText], down: float) -> tuple[PlacedText, ...]:
        return tuple(replace(text, y=text.y + down) for text in texts)

    first = layouts[0]
    texts = (*moved(above.texts, -above.y), *first.texts, *moved(below.texts, deep))
    high = above.y + deep + below.y
    corners, x = [], EDGE
    for layout in layouts:
        corners.append((x, high + EDGE - above.y))
        x += layout.width + _gap(layouts)
    return [replace(first, texts=texts), *layouts[1:]], corners, (wide, high)
