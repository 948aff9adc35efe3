"""The rows of a forest plot: everything that is drawn, in a frame that is its table twin."""

from __future__ import annotations

import pandas as pd

from ..errors import SynthesisError
from ..formatting import Formatter, count, fixed, percent
from ..pooling.model import Synthesis
from ..rates import study_rates

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
    named = studies["label"] if "label" in studies.columns else studies["study_id"]
    own = {"events_text", "total_text", "number_text", "limits_text", "weight_text"}
    clash = sorted(own & set(studies.columns))
    rows = studies.drop(columns=clash).assign(kind="study", label=named.astype(str))
    return _finished(pd.concat([rows, _answer_rows(synthesis)], ignore_index=True), synthesis)


def _finished(rows: pd.DataFrame, synthesis: Synthesis) -> pd.DataFrame:
    """The rows with one type per column, every text, and the columns in order."""
    numbers = dict.fromkeys(("estimate", "low", "high", "weight"), "float64")
    rows = rows.astype({"events": "Int64", "total": "Int64", **numbers})
    rows = _texts(rows, synthesis)
    return rows[[*DRAWN, *(name for name in rows.columns if name not in DRAWN)]]


def sort_rows(rows: pd.DataFrame, by: str, *, descending: bool = False) -> pd.DataFrame:
    """The rows with the studies in another order; every other row stays where it is.

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
    ordered = rows[is_study].sort_values(by, ascending=not descending, kind="stable")
    order = rows.index.to_numpy().copy()
    order[is_study.to_numpy()] = ordered.index
    return rows.loc[order].reset_index(drop=True)


def add_excluded(rows: pd.DataFrame, excluded: pd.DataFrame, synthesis: Synthesis) -> pd.DataFrame:
    """The rows followed by those that were not pooled, each with its reason.

    Args:
        rows: from `forest_rows`.
        excluded: rows with `study_id` (or `label`), `exclude_because`, `events` and `total`; a row
            without usable counts shows its reason only.
        synthesis: the answer; it gives the studies' interval and level.

    Raises:
        SynthesisError: a needed column is missing.
    """
    missing = {"exclude_because", "events", "total"} - set(excluded.columns)
    if missing:
        raise SynthesisError(f"excluded rows need the column {', '.join(sorted(missing))}")
    new = excluded.reset_index(drop=True)
    named = new["label"] if "label" in new.columns else new["study_id"]
    new = new.assign(kind="excluded", label=named.astype(str) + " (" + new["exclude_because"] + ")")
    counted = new["events"].notna() & new["total"].gt(0) & new["events"].between(0, new["total"])
    rates = study_rates(new[counted], synthesis.model.study_interval, level=synthesis.model.level)
    new = pd.concat([rates, new[~counted]]).loc[new.index]
    return _finished(pd.concat([rows, new], ignore_index=True), synthesis)


def add_claim(
    rows: pd.DataFrame, label: str, value: float | tuple[float, float], synthesis: Synthesis
) -> pd.DataFrame:
    """The rows with a claimed value, or range, marked above the axis as a row of its own.

    Args:
        rows: from `forest_rows`.
        label: who claims, in a few words.
        value: reading scale (0.28 is 28 %), one number or two limits.
        synthesis: the answer that the claim is held against.
    """
    low, high = value if isinstance(value, tuple) else (value, value)
    bounds = synthesis.measure.scale.bounds
    if not bounds[0] <= low <= high <= bounds[1]:
        raise SynthesisError(f"a claimed value must lie in {bounds}, low before high; got {value}")
    one = None if isinstance(value, tuple) else value
    claim = pd.DataFrame(
        [{"kind": "claim", "label": label, "estimate": one, "low": low, "high": high}]
    )
    return _finished(pd.concat([rows, claim], ignore_index=True), synthesis)


def _answer_rows(synthesis: Synthesis) -> pd.DataFrame:
    """The pooled row and the prediction row, as far as the answer has them."""
    rows: list[dict[str, object]] = []
    if synthesis.k > 1 and synthesis.estimate is not None and synthesis.interval is not None:
        rows.append(
            {
                "kind": "pooled",
                "label": "Pooled estimate",
                "events": synthesis.events,
                "total": synthesis.total,
                "estimate": synthesis.estimate,
                "low": synthesis.interval.low,
                "high": synthesis.interval.high,
                "weight": float(synthesis.studies["weight"].sum()),
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
    return pd.DataFrame(rows, columns=list(DRAWN[:8]))


def _texts(rows: pd.DataFrame, synthesis: Synthesis) -> pd.DataFrame:
    """The rows with every number as it is printed."""
    factor = synthesis.measure.scale.factor
    one_decimal = fixed(1)

    def texts(name: str, formatter: Formatter) -> list[str]:
        return ["" if pd.isna(value) else formatter(value) for value in rows[name]]

    def number(value: float) -> str:
        return one_decimal(factor * value)

    limits = zip(texts("low", number), texts("high", number), strict=True)
    return rows.assign(
        events_text=texts("events", count),
        total_text=texts("total", count),
        number_text=texts("estimate", number),
        limits_text=[
            f"{low} to {high}" if (low and kind != "claim") or low != high else ""
            for (low, high), kind in zip(limits, rows["kind"], strict=True)
        ],
        weight_text=texts("weight", percent) if synthesis.k > 1 else "",
    )
