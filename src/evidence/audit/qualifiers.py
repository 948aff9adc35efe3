"""What a claim's wording makes of its number: about, up to, at least, nearly one in four."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import pandas as pd

from ..errors import choose
from ..tables.schema import QUALIFIERS


@dataclass(frozen=True)
class Claimed:
    """The numbers that agree with a claim, in its own unit.

    Attributes:
        low, high: the ends; either may be missing where the claim has none.
        value: the number as it was written; blank where the wording itself is the number.
        relation: how it was meant, a key of `RELATIONS`.
        inside: whether the ends themselves agree with the claim.
        unit: of the numbers, as it is printed after them.
    """

    low: Fraction | None
    high: Fraction | None
    value: str
    relation: str
    inside: bool = True
    unit: str = ""

    def holds(self, number: Fraction) -> bool:
        """Whether a number agrees with the claim."""
        return self.meets(number, number)

    def meets(self, low: Fraction, high: Fraction) -> bool:
        """Whether any number between two ends agrees with the claim."""
        if self.inside:
            above = self.low is None or high >= self.low
            below = self.high is None or low <= self.high
        else:
            above = self.low is None or high > self.low
            below = self.high is None or low < self.high
        return above and below

    def __str__(self) -> str:
        if self.relation == "equal":
            return f"{self.value}{self.unit}"
        if self.low is None and self.high is not None:
            return f"{'at most' if self.inside else 'below'} {_short(self.high)}{self.unit}"
        if self.high is None and self.low is not None:
            return f"{'at least' if self.inside else 'above'} {_short(self.low)}{self.unit}"
        return f"{_short(self.low)} to {_short(self.high)}{self.unit}"


def claimed(claim: pd.Series) -> Claimed | None:
    """What a row of claims.csv claims as numbers; None where it names no number.

    >>> row = pd.Series({"qualifier": "about", "value": 20.0, "low": None, "high": None,
    ...                  "unit": "percent"})
    >>> str(claimed(row))
    '15 to 25%'
    """
    relation = choose(MEANING, claim["qualifier"], "qualifier")
    ends = {name: _fraction(claim[name]) for name in ("value", "low", "high")}
    made = RELATIONS[relation](ends, claim["qualifier"])
    if made is None:
        return None
    low, high, inside = made
    value = ends["value"]
    text = "" if value is None else _text(value)
    words = str(claim["unit"]) if isinstance(claim["unit"], str) else ""
    unit = "%" if words == "percent" else f" {words}" if words else ""
    return Claimed(low, high, text, relation, inside, unit)


def rounds_to(number: Fraction, text: str) -> bool:
    """Whether a number, rounded to the digits that were written, is what was written.

    >>> rounds_to(Fraction(69, 479) * 100, "15"), rounds_to(Fraction(25, 108) * 100, "23.1")
    (False, True)
    """
    return abs(number - Fraction(text)) <= _unit(text) / 2


def cuts_to(number: Fraction, text: str) -> bool:
    """Whether a number differs from what was written by less than one of its last digits."""
    return abs(number - Fraction(text)) < _unit(text)


def coarseness(text: str) -> Fraction:
    """The step in which a round number was chosen: 20 in tens, 15 in fives, 28 in ones.

    >>> coarseness("20"), coarseness("15"), coarseness("26.8")
    (Fraction(10, 1), Fraction(5, 1), Fraction(1, 10))
    """
    number = Fraction(text)
    if "." in text or number == 0:
        return _unit(text)
    steps = [Fraction(10**power, half) for power in range(len(text), 0, -1) for half in (1, 2)]
    return next((step for step in steps if number % step == 0), Fraction(1))


def _short(number: Fraction | None) -> str:
    return "" if number is None else f"{float(number):.4g}"


def _unit(text: str) -> Fraction:
    return Fraction(1, 10 ** len(text.partition(".")[2]))


def _fraction(value: object) -> Fraction | None:
    return None if pd.isna(value) else Fraction(str(value))  # type: ignore[call-overload]


def _text(value: Fraction) -> str:
    return str(int(value)) if value.denominator == 1 else str(float(value))


Ends = dict[str, Fraction | None]
Made = tuple[Fraction | None, Fraction | None, bool] | None


def _first(ends: Ends, *names: str) -> Fraction | None:
    return next((ends[name] for name in names if ends[name] is not None), None)


def _equal(ends: Ends, _words: str) -> Made:
    value = ends["value"]
    if value is None:
        return None
    half = _unit(_text(value)) / 2
    return value - half, value + half, True


def _near(ends: Ends, _words: str) -> Made:
    value = ends["value"]
    if value is None:
        return None
    half = coarseness(_text(value)) / 2
    return value - half, value + half, True


def _at_most(ends: Ends, _words: str) -> Made:
    limit = _first(ends, "value", "high")
    return None if limit is None else (None, limit, True)


def _below(ends: Ends, _words: str) -> Made:
    limit = _first(ends, "value", "high")
    return None if limit is None else (None, limit, False)


def _at_least(ends: Ends, _words: str) -> Made:
    limit = _first(ends, "value", "low")
    return None if limit is None else (limit, None, True)


def _above(ends: Ends, _words: str) -> Made:
    limit = _first(ends, "value", "low")
    return None if limit is None else (limit, None, False)


def _between(ends: Ends, _words: str) -> Made:
    if ends["low"] is None or ends["high"] is None:
        return None
    return ends["low"], ends["high"], True


def _nearly(_ends: Ends, words: str) -> Made:
    """Not more than one in N, and closer to it than to one in N + 1."""
    n = int(words.rsplit(" ", 1)[1])
    top = Fraction(100, n)
    return (top + Fraction(100, n + 1)) / 2, top, True


def _nothing(_ends: Ends, _words: str) -> Made:
    return None


RELATIONS: dict[str, Callable[[Ends, str], Made]] = {
    "equal": _equal,
    "near": _near,
    "at most": _at_most,
    "below": _below,
    "at least": _at_least,
    "above": _above,
    "between": _between,
    "nearly": _nearly,
    "no number": _nothing,
}
"""How a number may be meant: the ends of what agrees with it, and whether they agree too."""

_WORDS = {
    "equal": ("exact", "absolute"),
    "near": ("about", "around"),
    "between": ("range",),
    "at most": ("up to", "no more than", "within"),
    "below": ("minority",),
    "at least": ("at least", "thousands"),
    "above": ("over", "majority", "most", "most times", "most of the time", "usually"),
    "nearly": tuple(words for words in QUALIFIERS if words.startswith("nearly one in ")),
}
MEANING: dict[str, str] = {
    words: next((key for key, listed in _WORDS.items() if words in listed), "no number")
    for words in QUALIFIERS
}
"""Every wording of `schema.QUALIFIERS` and how it is meant, a key of `RELATIONS`."""
