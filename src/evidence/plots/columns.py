"""The text columns beside a plot: header, alignment and cells, by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from ..errors import SynthesisError, choose
from ..formatting import fixed
from .text import INDENT, clean

Align = Literal["left", "right", "center"]
_NUMBER = re.compile(r"[\d\N{NARROW NO-BREAK SPACE}.,%\N{MINUS SIGN}-]*")
_SCORE = re.compile(r"(mean|sd)(_before|_after|_change|_t|_c)?")
FIGURE_SPACE, PUNCTUATION_SPACE = "\N{FIGURE SPACE}", "\N{PUNCTUATION SPACE}"


@dataclass(frozen=True)
class Column:
    """One column: `header` may name {measure} and {level}; `cells` gives its texts."""

    header: str
    align: Align
    cells: Callable[[pd.DataFrame], list[str]]


BIAS = "rob_"  # how the name of a column with judgements of the risk of bias begins
ARMS = {"_t": "Intervention", "_c": "Comparison"}  # ends of the names of two-arm columns
HEADERS = {
    "n": "N", "sd": "SD", "person_time": "Person-years", "sd_before": "SD before",
    "sd_after": "SD after", "sd_change": "SD change",
}  # fmt: skip


@dataclass(frozen=True)
class Judgement:
    """A judgement of the risk of bias: its sign, its words and the name of its colour."""

    sign: str
    words: str
    colour: str


LOW = Judgement("+", "low", "bias_low")
SOME = Judgement("?", "some concerns or unclear", "bias_some")
HIGH = Judgement("\N{MINUS SIGN}", "high", "bias_high")
CRITICAL = Judgement("!", "critical", "bias_high")
UNKNOWN = Judgement("0", "no information", "paper")
JUDGEMENTS: dict[str, Judgement] = {
    "": Judgement("", "", ""),
    "low": LOW, "some concerns": SOME, "moderate": SOME, "unclear": SOME, "high": HIGH,
    "serious": HIGH, "critical": CRITICAL, "no information": UNKNOWN,
}  # fmt: skip
"""What a column of the risk of bias may hold; RoB 2, ROBINS-I and the older tool's words."""


def column(name: str, rows: pd.DataFrame) -> Column:
    """The column of this name: a key of `COLUMNS`, or any column of the rows as it stands.

    Raises:
        SynthesisError: neither; the choices are listed.
    """
    if name in COLUMNS:
        return COLUMNS[name]
    if name not in rows.columns:
        others = [str(other) for other in rows.columns if not str(other).endswith("_text")]
        choices = list(dict.fromkeys([*COLUMNS, *others]))
        raise SynthesisError(
            f"the figure has no column {name!r}; choose from: {', '.join(choices)}"
        )
    if name.startswith(BIAS):
        return Column(f"D{bias_columns(rows).index(name) + 1}", "center", _judged(name))
    shown = _scores(name) if _SCORE.fullmatch(name) else _as_is(name)
    cells = shown(rows)
    numeric = all(_NUMBER.fullmatch(cell) for cell in cells)
    stem = name[:-2] if name[-2:] in ARMS else name
    header = stem.replace("_", " ").replace("{", "").replace("}", "")
    align: Align = "right" if numeric else "left"
    header = HEADERS.get(stem, header[:1].upper() + header[1:])
    return Column(header, align, shown)


def expand(names: tuple[str, ...], rows: pd.DataFrame) -> tuple[str, ...]:
    """The names with `risk_of_bias` replaced by the columns of the table that judge it."""
    found: list[str] = []
    for name in names:
        found += bias_columns(rows) if name == "risk_of_bias" else [name]
    return tuple(found)


def bias_columns(rows: pd.DataFrame) -> list[str]:
    """Columns that hold judgements of the risk of bias, by the start of their name."""
    return [str(name) for name in rows.columns if str(name).startswith(BIAS)]


def _judged(name: str) -> Callable[[pd.DataFrame], list[str]]:
    """Judgements as signs, which their colours only repeat."""

    def cells(rows: pd.DataFrame) -> list[str]:
        values = ["" if pd.isna(value) else clean(value).lower() for value in rows[name]]
        return [choose(JUDGEMENTS, value, f"judgement in {name}").sign for value in values]

    return cells


def _as_is(name: str) -> Callable[[pd.DataFrame], list[str]]:
    def cells(rows: pd.DataFrame) -> list[str]:
        return ["" if pd.isna(value) else _plain(value) for value in rows[name]]

    return cells


def _scores(name: str) -> Callable[[pd.DataFrame], list[str]]:
    """Means and spreads with as many decimals as the finest has, two at most."""

    def cells(rows: pd.DataFrame) -> list[str]:
        values = [None if pd.isna(value) else float(value) for value in rows[name]]
        known = [value for value in values if value is not None]
        decimals = (fixed(2)(value).rstrip("0").partition(".")[2] for value in known)
        number = fixed(max(map(len, decimals), default=0))
        return ["" if value is None else number(value) for value in values]

    return cells


def _plain(value: object) -> str:
    """A value as text; whole numbers that pandas keeps as floats lose their ".0"."""
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return clean(value)


def _events_total(rows: pd.DataFrame) -> list[str]:
    """Events and total in one cell, for a narrow figure."""
    pairs = zip(rows["events_text"], rows["total_text"], strict=True)
    return [f"{events}/{total}" if events else "" for events, total in pairs]


def _estimate(rows: pd.DataFrame) -> list[str]:
    """Estimate and interval with the decimal points of the estimates in one line."""
    longest = max((len(text) for text in rows["number_text"]), default=0)
    blank = FIGURE_SPACE * max(longest - 2, 0) + PUNCTUATION_SPACE + FIGURE_SPACE
    return [
        _with_limits(number.rjust(longest, FIGURE_SPACE) if number else blank, limits)
        for number, limits in zip(rows["number_text"], rows["limits_text"], strict=True)
    ]


def _with_limits(number: str, limits: str) -> str:
    return f"{number} ({limits})" if limits else number.rstrip(FIGURE_SPACE + PUNCTUATION_SPACE)


def _label(rows: pd.DataFrame) -> list[str]:
    """Names; what belongs to a group is set in a little under its name."""
    inner = ("study", "subtotal") if (rows["kind"] == "group").any() else ()
    return [
        INDENT * (kind in inner) + clean(label)
        for kind, label in zip(rows["kind"], rows["label"], strict=True)
    ]


COLUMNS: dict[str, Column] = {
    "label": Column("Study", "left", _label),
    "events": Column("Events", "right", lambda rows: list(rows["events_text"])),
    "total": Column("Total", "right", lambda rows: list(rows["total_text"])),
    "events_total": Column("Events / total", "right", _events_total),
    "estimate": Column("{measure} ({level}\N{NO-BREAK SPACE}CI)", "left", _estimate),
    "person_years": Column("Person-years", "right", lambda rows: list(rows["total_text"])),
    "weight": Column("Weight,\N{NO-BREAK SPACE}%", "right", lambda rows: list(rows["weight_text"])),
}
"""Columns that are more than a column of the table; `ForestStyle.left` and `right` name them."""
