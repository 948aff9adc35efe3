"""Means and standard deviations from what sources print instead; each recovery is recorded."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import special

from .errors import SynthesisError
from .rates import names_of


@dataclass(frozen=True)
class Recovery:
    """One way to a figure.

    Attributes:
        needs: columns it reads, beside `n`.
        compute: n and those columns -> the figure.
        words: how the row records it.
    """

    needs: tuple[str, ...]
    compute: Callable[..., float]
    words: str


def _normal(p: float) -> float:
    return float(special.ndtri(p))


def _of_range(n: float) -> float:
    """Expected range of n standard normal values (Wan et al. 2014, formula 9)."""
    return 2 * _normal((n - 0.375) / (n + 0.25))


def _of_quartiles(n: float) -> float:
    """Expected interquartile range of n standard normal values (Wan et al. 2014, formula 16)."""
    return 2 * _normal((0.75 * n - 0.125) / (n + 0.25))


def _sd_of_interval(n: float, low: float, high: float) -> float:
    return (high - low) / 2 / float(special.stdtrit(n - 1, 0.975)) * math.sqrt(n)


def _sd_of_five(n: float, low: float, q1: float, q3: float, high: float) -> float:
    return (high - low) / (2 * _of_range(n)) + (q3 - q1) / (2 * _of_quartiles(n))


def _mean_of_range(n: float, low: float, median: float, high: float) -> float:
    w = 4 / (4 + n**0.75)
    return float(w * (low + high) / 2 + (1 - w) * median)


def _mean_of_quartiles(n: float, q1: float, median: float, q3: float) -> float:
    w = 0.7 + 0.39 / n
    return w * (q1 + q3) / 2 + (1 - w) * median


def _mean_of_five(n: float, low: float, q1: float, median: float, q3: float, high: float) -> float:
    w1, w2 = 2.2 / (2.2 + n**0.75), 0.7 - 0.72 / n**0.55
    return float(w1 * (low + high) / 2 + w2 * (q1 + q3) / 2 + (1 - w1 - w2) * median)


STANDARD_DEVIATIONS: tuple[Recovery, ...] = (
    Recovery(("se",), lambda n, se: se * math.sqrt(n), "standard error"),
    Recovery(("ci_low", "ci_high"), _sd_of_interval, "95% interval of the mean (t)"),
    Recovery(("minimum", "q1", "q3", "maximum"), _sd_of_five,
             "range and quartiles (Wan et al. 2014)"),
    Recovery(("q1", "q3"), lambda n, q1, q3: (q3 - q1) / _of_quartiles(n),
             "quartiles (Wan et al. 2014)"),
    Recovery(("minimum", "maximum"), lambda n, low, high: (high - low) / _of_range(n),
             "range (Wan et al. 2014)"),
)  # fmt: skip
"""Ways to a standard deviation, best first. Wan et al. (2014), doi 10.1186/1471-2288-14-135."""

MEANS: tuple[Recovery, ...] = (
    Recovery(("minimum", "q1", "median", "q3", "maximum"), _mean_of_five,
             "median, range and quartiles (Luo et al. 2018)"),
    Recovery(("q1", "median", "q3"), _mean_of_quartiles,
             "median and quartiles (Luo et al. 2018)"),
    Recovery(("minimum", "median", "maximum"), _mean_of_range,
             "median and range (Luo et al. 2018)"),
)  # fmt: skip
"""Ways to a mean, best first. Luo et al. (2018), doi 10.1177/0962280216669183."""


def recover(frame: pd.DataFrame, end: str = "") -> pd.DataFrame:
    """The frame with blank means and standard deviations filled where the row allows it.

    Args:
        frame: rows with `n` (or `n` with the same ending) and any of `mean`, `sd`, `se`,
            `ci_low`, `ci_high` (95 %), `median`, `q1`, `q3`, `minimum`, `maximum`.
        end: ending of the columns, such as "_before" or "_t".

    Returns:
        A new frame; `recovered` says in each row which figure came from what, and is blank where
        nothing was recovered. What cannot be recovered stays blank.

    >>> rows = pd.DataFrame({"study_id": ["a"], "n": [25], "mean": [4.0], "se": [0.4]})
    >>> found = recover(rows)
    >>> float(found["sd"].iloc[0]), found["recovered"].iloc[0]
    (2.0, 'SD from standard error: SE 0.4')
    """
    found = frame.copy()
    size = f"n{end}" if f"n{end}" in frame.columns else "n"
    if size not in frame.columns:
        raise SynthesisError(f"recovering needs the number of people in a column n or n{end}")
    said = [[str(text)] if isinstance(text, str) and text else [] for text in _column(
        frame, "recovered")]  # fmt: skip
    for name, ways in (("mean", MEANS), ("sd", STANDARD_DEVIATIONS)):
        values = [number_of(value) for value in _column(frame, f"{name}{end}")]
        for i, value in enumerate(values):
            n = number_of(frame[size].iloc[i])
            if value is not None or n is None or n < 2:
                continue
            way = _first_way(frame.iloc[i], ways, end)
            if way is not None:
                parts = [number_of(frame[f"{part}{end}"].iloc[i]) for part in way.needs]
                _rising(way.needs, parts, names_of(frame)[i])
                values[i] = way.compute(n, *parts)
                said[i].append(
                    record(f"{name}{end}", way.words, dict(zip(way.needs, parts, strict=True)))
                )
        found[f"{name}{end}"] = np.array(values, float)
    return found.assign(recovered=["; ".join(texts) for texts in said])


def _column(frame: pd.DataFrame, name: str) -> list[object]:
    return list(frame[name]) if name in frame.columns else [None] * len(frame)


def number_of(value: object) -> float | None:
    """A cell as a number; None where it is blank or no number."""
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return None if math.isnan(found) else found


def record(figure: str, way: str, parts: Mapping[str, float | None]) -> str:
    """Which figure was recovered, how, and from which printed ones."""
    printed = ", ".join(f"{_spoken(name)} {value:g}" for name, value in parts.items())
    return f"{_spoken(figure)} from {way}: {printed}"


def _spoken(column: str) -> str:
    """The name of a column in a sentence."""
    return " ".join({"sd": "SD", "se": "SE", "ci": "CI"}.get(w, w) for w in column.split("_"))


def _first_way(row: pd.Series, ways: tuple[Recovery, ...], end: str) -> Recovery | None:
    def there(way: Recovery) -> bool:
        return all(number_of(row.get(f"{part}{end}")) is not None for part in way.needs)

    return next((way for way in ways if there(way)), None)


ORDER = ("minimum", "ci_low", "q1", "median", "q3", "ci_high", "maximum")


def _rising(names: tuple[str, ...], values: list[float | None], study: str) -> None:
    """Refuse a median below its quartile, and the like."""
    ranked = sorted(
        (ORDER.index(name), value, name)
        for name, value in zip(names, values, strict=True)
        if name in ORDER and value is not None
    )
    for (_, one, low), (_, two, high) in pairwise(ranked):
        if one > two:
            raise SynthesisError(f"{study}: {low} ({one:g}) must not exceed {high} ({two:g})")
