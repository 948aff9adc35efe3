"""Numbers as a reader sees them: the only file with rounding in it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

Formatter = Callable[[float], str]


def fixed(decimals: int) -> Formatter:
    """A formatter with this many decimals and a true minus sign; never prints "-0.0".

    >>> fixed(1)(-0.04), fixed(2)(-1.5)
    ('0.0', '−1.50')
    """

    def text(value: float) -> str:
        rounded = f"{value:.{decimals}f}"
        if float(rounded) == 0:
            return rounded.lstrip("-")
        return rounded.replace("-", "\N{MINUS SIGN}")

    return text


def percent(fraction: float, decimals: int = 1) -> str:
    """A fraction in percent, without the sign.

    >>> percent(11 / 108), percent(0.99996), percent(0.0)
    ('10.2', '100.0', '0.0')
    """
    return fixed(decimals)(100 * fraction)


def significant(value: float, digits: int = 3) -> str:
    """A quantity without a natural number of decimals, such as tau².

    >>> significant(0.066291), significant(12.345), significant(0.0)
    ('0.0663', '12.3', '0')
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "∞"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return fixed(min(decimals, 8))(value)


def p_value(p: float) -> str:
    """A p-value with its relation; never printed as zero.

    >>> p_value(0.0312), p_value(1e-9), p_value(0.5)
    ('= 0.031', '< 0.001', '= 0.50')
    """
    if p < 0.001:
        return "< 0.001"
    return f"= {p:.3f}" if p < 0.1 else f"= {p:.2f}"


def count(number: float) -> str:
    r"""A count with thin spaces between thousands.

    >>> count(18590)
    '18\u202f590'
    """
    return f"{number:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def size(number: float) -> str:
    r"""People or person-time: grouped like a count, small broken amounts with three digits.

    >>> size(108), size(1256.4), size(3.25)
    ('108', '1\u202f256', '3.25')
    """
    return count(number) if number == round(number) or number >= 100 else significant(number)


def plural(number: int, noun: str) -> str:
    """A number with its noun.

    >>> plural(1, "study"), plural(3, "study"), plural(2, "row")
    ('1 study', '3 studies', '2 rows')
    """
    if number == 1:
        return f"1 {noun}"
    return f"{count(number)} {noun[:-1] + 'ies' if noun.endswith('y') else noun + 's'}"


PERCENTS = ("estimate", "low", "high", "prediction_low", "prediction_high", "weight", "i2")
"""Columns that hold fractions and are read as percentages."""


def readable(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame as a reader sees it: fractions in percent, counts grouped, blanks empty.

    Where a column `unit` says that a row is in something else than percent (a ratio, points of a
    score), its estimates are printed with two decimals. The frame's own numbers stay as they are;
    this is for printing only.
    """
    units = list(frame["unit"]) if "unit" in frame else ["%"] * len(frame)

    def cell(name: str, value: object, unit: object) -> str:
        if isinstance(value, str):
            return value
        if str(value) in ("None", "nan", "<NA>"):
            return ""
        number = float(value)  # type: ignore[arg-type]
        if name in PERCENTS[:5] and str(unit) not in ("%", "percentage points"):
            return fixed(2)(number)
        if name in PERCENTS:
            return percent(number)
        return count(number) if number == round(number) else significant(number, 4)

    columns = {
        str(name): [cell(str(name), *pair) for pair in zip(frame[name], units, strict=True)]
        for name in frame
    }
    return type(frame)(columns, index=frame.index)
