"""From the table of scores to rows that can be pooled: what a row gives, and what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..changes import recover_change
from ..measures.kinds import Measure
from ..pooling.heterogeneity import Interval
from ..pooling.model import Synthesis
from ..pooling.wording import interval_text
from ..recover import recover
from ..tables.load import Tables
from ..tables.toml import Question

INCOMPLETE = "a mean, a spread or the number of patients is not known"
AFTER = {"mean": "mean_after", "sd": "sd_after"}
"""What a measure of one mean is made of: the scores after treatment."""

COMPARED: dict[tuple[str, ...], str] = {
    ("n", "mean_after", "sd_after"): "scores after treatment",
    ("n", "mean_change", "sd_change"): "changes from before",
}
"""What two arms can be compared by, best first."""

_PRINTED = ("mean_before", "sd_before", "mean_after", "sd_after")


def readable_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """The scores with their figures as numbers, blank ones recovered where the row allows it.

    `total` is the number of people measured, and `recovered` says which figure came from what.
    """
    numeric = {
        name: pd.to_numeric(scores[name], errors="coerce").astype(float) for name in _PRINTED
    }
    rows = scores.assign(**numeric, total=scores["n"])
    return recover_change(recover(recover(rows, "_before"), "_after"))


def ways(measure: Measure) -> tuple[tuple[str, ...], ...]:
    """The columns that a row can give a measure, best first; one way must be given whole."""
    if measure.two_arms:
        first, second = COMPARED
        return (first, second) if measure.instead else (first,)
    needs = tuple(AFTER.get(name, name) for name in measure.needs if name != "correlation")
    return (needs, measure.instead) if measure.instead else (needs,)


def gives(rows: pd.DataFrame, way: tuple[str, ...]) -> bool:
    """Whether every row has every figure of a way."""
    return bool(rows[list(way)].notna().all(axis=None))


def lacking(row: Mapping[Any, Any], measure: Measure) -> str:
    """Which figures a row lacks for a measure, in a sentence; nothing where it lacks none."""
    blank = [[name for name in way if pd.isna(row[name])] for way in ways(measure)]
    if not all(blank):
        return ""
    words = " nor ".join(", ".join(names).replace("_", " ") for names in blank)
    return f"the source gives no {words}, and nothing to recover it from"


def recovered_figures(rows: pd.DataFrame) -> tuple[str, ...]:
    """Which figures of the rows that enter were recovered, and from what."""
    if "recovered" not in rows.columns:
        return ()
    found = rows[rows["recovered"] != ""]
    if found.empty:
        return ()
    names = zip(_names(found), found["recovered"], strict=True)
    said = "; ".join(f"{study} ({how})" for study, how in names)
    return (f"recovered from other figures that the source prints: {said}",)


def by_changes(rows: pd.DataFrame) -> tuple[str, ...]:
    """Which comparisons take changes, and whether others take scores after treatment."""
    if "compared_by" not in rows.columns:
        return ()
    after, change = COMPARED.values()
    found = rows[rows["compared_by"] == change]
    if found.empty:
        return ()
    names = ", ".join(_names(found))
    mixed = (
        f"; the others give {after}, and the two agree only where chance allotted the arms "
        "(Cochrane Handbook, section 10.5.2)"
    )
    return (f"compared by {change}: {names}{mixed if len(found) < len(rows) else ''}",)


def was_assumed(rows: pd.DataFrame) -> pd.Series[bool]:
    """Which rows have a correlation that no source gives."""
    return rows["correlation_from"].str.startswith("assumed")


def assumption(rows: pd.DataFrame) -> tuple[str, ...]:
    """Where the correlation of before and after comes from, as far as it was assumed."""
    if "correlation_from" not in rows.columns:
        return ()
    assumed = rows[was_assumed(rows)]
    if assumed.empty:
        return ()
    value = f"{assumed['correlation'].iloc[0]:g}"
    names = ", ".join(_names(assumed))
    return (
        f"the correlation of scores before and after is assumed to be {value}, since no source "
        f"gives a possible one: {names}",
    )


def beyond_scale(found: Synthesis, question: Question, tables: Tables) -> tuple[str, ...]:
    """Which interval of an answer in points reaches beyond the ends of its scale."""
    if not found.measure.in_points:
        return ()
    scale = tables.vocabulary["scales"][question.scales[0]]
    if scale.low is None or scale.high is None:
        return ()
    low, high = scale.low, scale.high
    if found.measure.subtracts:
        low, high = scale.low - scale.high, scale.high - scale.low
    named = {"interval": found.interval, "prediction interval": found.prediction}
    out = [name for name, ends in named.items() if ends and (ends.low < low or ends.high > high)]
    if not out:
        return ()
    verb = "reaches" if len(out) == 1 else "reach"
    return (
        f"the {' and the '.join(out)} {verb} beyond what the scale allows, "
        f"{interval_text(Interval(low, high, 1.0), found.measure.scale)}: the model knows no ends",
    )


def _names(rows: pd.DataFrame) -> list[str]:
    return [str(label) for label in rows["label"]]
