"""A printed percentage against its counts, exactly: whole numbers only, nothing is a float.

The idea is that of the granularity tests for means (Brown and Heathers 2017), applied to shares:
of n people only n + 1 percentages exist, so a percentage printed with enough digits cannot belong
to every n.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..errors import SynthesisError
from ..formatting import count, percent

MOST_DECIMALS = 12
POWER_AT = (10, 20, 50, 75, 99, 100, 200, 500, 999, 1000, 5000, 10000)


@dataclass(frozen=True)
class Printed:
    """A percentage as it was printed.

    Attributes:
        relation: "", or the "<", ">" (with or without "=") that stood before it.
        units: its digits without the point: 7.50 has 750 units.
        decimals: its digits after the point.
    """

    relation: str
    units: int
    decimals: int

    @property
    def whole(self) -> int:
        """The units of 100 %."""
        return int(100 * 10**self.decimals)

    def __str__(self) -> str:
        digits = str(self.units).rjust(self.decimals + 1, "0")
        place = len(digits) - self.decimals
        return f"{self.relation}{digits[:place]}{'.' if self.decimals else ''}{digits[place:]}"


def parse(text: str) -> Printed:
    """The printed text of a percentage, its precision kept.

    Raises:
        SynthesisError: not a percentage from 0 to 100, or with more decimals than any source.

    >>> parse("7.50")
    Printed(relation='', units=750, decimals=2)
    """
    number = text.lstrip("<>=")
    whole, _, decimals = number.partition(".")
    if not (whole + decimals).isascii() or not whole.isdigit() or not (decimals or "0").isdigit():
        raise SynthesisError(f"{text!r} is not a printed percentage; write it as 26.8 or <10")
    if len(decimals) > MOST_DECIMALS or int(whole + decimals) > 100 * 10 ** len(decimals):
        raise SynthesisError(f"{text!r} is not a printed percentage from 0 to 100")
    relation = text[: len(text) - len(number)]
    if relation not in ("", "<", ">", "<=", ">="):
        raise SynthesisError(f"{text!r} begins with {relation!r}; use <, >, <= or >=")
    return Printed(relation, int(whole + decimals), len(decimals))


def roundings(events: int, total: int, printed: Printed) -> tuple[str, ...]:
    """The keys of `ROUNDINGS` by which the count gives the printed percentage.

    >>> roundings(26, 44, parse("63.6")), roundings(85, 1072, parse("7.92"))
    ((), ('down',))
    """
    share = events * printed.whole
    if printed.relation:
        limit = printed.units * total
        holds = {
            "<": share < limit, "<=": share <= limit, ">": share > limit, ">=": share >= limit,
        }[printed.relation]  # fmt: skip
        return tuple(ROUNDINGS) if holds else ()
    return tuple(name for name, rule in ROUNDINGS.items() if rule(share, total) == printed.units)


def possible_counts(total: int, printed: Printed, how: str = "nearest") -> range:
    """Every count of `total` people that gives the printed percentage; empty if none does.

    Args:
        total: the people.
        printed: their percentage.
        how: `nearest`, a half either up or to the even digit; or `down` or `up`, where digits
            were cut off, or the last was raised.

    >>> [list(possible_counts(n, parse("26.8"))) for n in (41, 56, 69)]
    [[11], [15], []]
    """
    units, whole = printed.units, printed.whole
    if printed.relation:
        first = _up(units * total, whole) if printed.relation == ">=" else 0
        first = units * total // whole + 1 if printed.relation == ">" else first
        last = units * total // whole if printed.relation == "<=" else total
        last = _up(units * total, whole) - 1 if printed.relation == "<" else last
    elif how == "down":
        first = _up(units * total, whole)
        last = _up((units + 1) * total, whole) - 1
    elif how == "up":
        first = (units - 1) * total // whole + 1
        last = units * total // whole
    else:
        first = _up((2 * units - 1) * total, 2 * whole)
        last, tie = divmod((2 * units + 1) * total, 2 * whole)
        last -= tie == 0 and units % 2 == 1  # this half goes to the even digit above, or up
    return range(max(first, 0), min(last, total) + 1)


def possible_totals(printed: Printed, most: int) -> list[int]:
    """Every number of people up to `most` of whom some count gives the printed percentage.

    >>> possible_totals(parse("26.8"), 69)
    [41, 56]
    """
    return [n for n in range(1, most + 1) if possible_counts(n, printed)]


def power(total: int, decimals: int) -> float:
    """The share of all printable percentages that no count of `total` people can give.

    It is the chance that the test sees a percentage made up, or one of another denominator: with
    `decimals` there are 100 * 10**decimals + 1 texts to print, and `total` + 1 counts. At zero a
    percentage alone cannot be tested.

    >>> power(69, 1), power(1000, 1)
    (0.9300699300699301, 0.0)
    """
    texts = int(100 * 10**decimals) + 1
    return max(0.0, 1 - (total + 1) / texts)


def power_table(totals: Iterable[int] = POWER_AT) -> str:
    """The detection power by sample size and printed decimals, as a Markdown table.

    >>> print(power_table([20]))
    | people | 0 decimals | 1 decimal | 2 decimals |
    | ---: | ---: | ---: | ---: |
    | 20 | 79.2% | 97.9% | 99.8% |
    """
    lines = ["| people | 0 decimals | 1 decimal | 2 decimals |", "| ---: | ---: | ---: | ---: |"]
    for total in totals:
        cells = [f"{percent(power(total, decimals))}%" for decimals in (0, 1, 2)]
        lines.append(f"| {count(total)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def shown(events: int, total: int, decimals: int) -> str:
    """The count as arithmetic, with two more digits than were printed.

    >>> shown(26, 44, 1)
    '26/44 = 59.091%'
    """
    more = decimals + 2
    units = _half_up(events * 100 * 10**more, total)
    return f"{events}/{total} = {Printed('', units, more)}%"


def _half_up(part: int, whole: int) -> int:
    return (2 * part + whole) // (2 * whole)


def _half_even(part: int, whole: int) -> int:
    below, rest = divmod(part, whole)
    return below + (2 * rest > whole or (2 * rest == whole and below % 2 == 1))


def _down(part: int, whole: int) -> int:
    return part // whole


def _up(part: int, whole: int) -> int:
    return -(-part // whole)


ROUNDINGS: dict[str, Callable[[int, int], int]] = {
    "half_up": _half_up,
    "half_even": _half_even,
    "down": _down,
    "up": _up,
}
"""How a source may have rounded: a numerator and a denominator to the units it printed."""
NEAREST = frozenset({"half_up", "half_even"})
