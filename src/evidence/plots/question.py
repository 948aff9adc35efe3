"""The forest plot of a question: what each side favours, and which changes are too small."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from matplotlib.axes import Axes

from ..questions import Answer, favours
from ..tables.load import Tables
from .forest import forest
from .marks import Band
from .style import DEFAULT, ForestStyle


def question_forest(
    found: Answer, tables: Tables, rows: pd.DataFrame | None = None, style: ForestStyle = DEFAULT
) -> Axes:
    """The forest plot of an answer under the question's title.

    Args:
        found: what `answer` returned.
        tables: what `load` returned.
        rows: as for `forest`.
        style: as for `forest`; what each side favours is added.

    >>> from evidence import answer, load
    >>> tables = load()
    >>> axes = question_forest(answer("revision-leg-pain-change", tables), tables)
    >>> [text.get_text() for text in axes.texts if text.get_text() in ("Better", "Worse")]
    ['Better', 'Worse']
    """
    style = replace(style, favours=favours(found, tables))
    return forest(
        found.synthesis, title=found.question.title, bands=important(found), style=style, rows=rows
    )


def important(found: Answer) -> tuple[Band, ...]:
    """The range of changes too small to matter to a patient, where the question states one."""
    least = found.question.important
    if least is None:
        return ()
    what = "differences" if found.synthesis.measure.two_arms else "changes"
    why = found.question.important_because.rstrip(".")
    return (Band(-least, least, f"{what} too small to matter ({why})"),)
