"""The rows of a forest plot: everything that is drawn, in a frame that is its table twin."""

from __future__ import annotations

import pandas as pd

from ..errors import SynthesisError
from ..formatting import Formatter, count, percent
from ..pooling.model import Synthesis

DRAWN = (
    "kind", "label", "events", "total", "estimate", "low", "high", "weight",
    "events_text", "total_text", "number_text", "limits_text", "weight_text",
)  # fmt: skip


def forest_rows(synthesis: Synthesis) -> pd.DataFrame:
    """One row per line of the figure, top to bottom, with its numbers and its texts.

    Args:
        synthesis: the answer to draw. The column `label` of its studies names them in print;
            without it `study_id` does.

    Returns:
        A frame with the columns of `DRAWN`, then the studies' other columns. `kind` is "study",
        "pooled" or "prediction". Numbers are fractions at full precision and blank where there is
        none; texts are as printed. No study: no row. One study: no pooled row, since nothing was
        pooled.

    >>> from evidence import pool
    >>> frame = pd.DataFrame({"study_id": list("abc"), "events": [3, 6, 10],
    ...                       "total": [11, 17, 21]})
    >>> forest_rows(pool(frame))["number_text"].tolist()
    ['27.3', '35.3', '47.6', '39.1', '']
    """
    studies = synthesis.studies
    own = {"events_text", "total_text", "number_text", "limits_text", "weight_text"}
    clash = sorted(own & set(studies.columns))
    rows = studies.drop(columns=clash).assign(kind="study", label=study_names(studies))
    if "person_time" in synthesis.measure.needs:
        rows = rows.assign(total=studies["person_time"])
    parts = (rows, answer_rows(synthesis), _silent(synthesis))
    return finished(pd.concat([p for p in parts if len(p)] or [rows], ignore_index=True), synthesis)


def finished(rows: pd.DataFrame, synthesis: Synthesis) -> pd.DataFrame:
    """The rows with one type per column, every text, and the columns in order."""
    numbers = dict.fromkeys(("estimate", "low", "high", "weight"), "float64")
    absent = {"events", "total"} - set(rows.columns)
    rows = rows.assign(**dict.fromkeys(sorted(absent)))
    rows = rows.astype({"events": "Int64", "total": "Float64", **numbers})
    if rows["total"].dropna().mod(1).eq(0).all():
        rows = rows.astype({"total": "Int64"})
    rows = _texts(rows, synthesis)
    return rows[[*DRAWN, *(name for name in rows.columns if name not in DRAWN)]]


def study_names(studies: pd.DataFrame) -> pd.Series[str]:
    """What each study is called in print: its label, or its study_id where that is blank."""
    ids = studies["study_id"].astype(str)
    if "label" not in studies.columns:
        return ids
    labels = studies["label"].fillna("").astype(str)
    return labels.where(labels.str.strip() != "", ids)


def sort_rows(rows: pd.DataFrame, by: str, *, descending: bool = False) -> pd.DataFrame:
    """The rows with the studies in another order, within their group; no other row moves.

    Args:
        rows: from `forest_rows`.
        by: any column, such as "estimate", "weight" (precision), "label" or "year".
        descending: largest first. Studies without a value come last either way.

    Raises:
        SynthesisError: no such column; the columns are listed.
    """
    if by not in rows.columns:
        raise SynthesisError(
            f"rows have no column {by!r}; sort by one of: {', '.join(map(str, rows.columns))}"
        )
    is_study = rows["kind"] == "study"
    runs = (is_study != is_study.shift()).cumsum()
    parts = [
        run.sort_values(by, ascending=not descending, kind="stable")
        if is_study[run.index[0]]
        else run
        for _, run in rows.groupby(runs)
    ]
    return pd.concat(parts, ignore_index=True) if parts else rows


def answer_rows(synthesis: Synthesis) -> pd.DataFrame:
    """The pooled row and the prediction row, as far as the answer has them."""
    rows: list[dict[str, object]] = []
    if synthesis.k > 1 and synthesis.estimate is not None and synthesis.interval is not None:
        rows.append(
            {
                "kind": "pooled",
                "label": "Pooled estimate",
                "events": synthesis.events if "events" in synthesis.measure.needs else None,
                "total": synthesis.total if "events" in synthesis.measure.needs else None,
                "estimate": synthesis.estimate,
                "low": synthesis.interval.low,
                "high": synthesis.interval.high,
                "weight": float(synthesis.studies["weight"].sum()),
                **_totals(synthesis),
            }
        )
    if synthesis.prediction is not None:
        rows.append(
            {
                "kind": "prediction",
                "label": "Prediction interval",
                "low": synthesis.prediction.low,
                "high": synthesis.prediction.high,
            }
        )
    own = [name for name in _totals(synthesis) if name not in DRAWN]
    return pd.DataFrame(rows, columns=[*DRAWN[:8], *own])


def _totals(synthesis: Synthesis) -> dict[str, object]:
    """Events and people of each arm, or the people measured, summed over the studies."""
    studies, needs = synthesis.studies, synthesis.measure.needs
    sums = ("events_", "total_", "person_time_", "n_")
    names = [name for name in needs if name == "n" or name.startswith(sums)]
    return {name: studies[name].sum() for name in names}


def _silent(synthesis: Synthesis) -> pd.DataFrame:
    """Comparisons that say nothing on a ratio: seen, with the reason, and without a mark."""
    left = synthesis.left_out
    if left is None:
        return pd.DataFrame()
    return left.assign(kind="excluded", label=study_names(left) + " (" + left["reason"] + ")")


def _texts(rows: pd.DataFrame, synthesis: Synthesis) -> pd.DataFrame:
    """The rows with every number as it is printed."""
    number = synthesis.measure.scale.text

    def texts(name: str, formatter: Formatter) -> list[str]:
        return ["" if pd.isna(value) else formatter(value) for value in rows[name]]

    limits = zip(texts("low", number), texts("high", number), strict=True)
    return rows.assign(
        events_text=texts("events", count),
        total_text=texts("total", lambda size: f"{size:g}" if size < 100 else count(size)),
        number_text=texts("estimate", number),
        limits_text=[
            f"{low} to {high}" if (low and kind != "claim") or low != high else ""
            for (low, high), kind in zip(limits, rows["kind"], strict=True)
        ],
        weight_text=texts("weight", percent) if synthesis.k > 1 else "",
    )
