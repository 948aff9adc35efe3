"""The percentage audit against brute force over all counts, and by cases worked by hand."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence import SynthesisError
from evidence.audit.percentages import (
    NEAREST,
    ROUNDINGS,
    Printed,
    parse,
    possible_counts,
    possible_totals,
    power,
    roundings,
    shown,
)

BY_DECIMAL = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
    "up": ROUND_CEILING,
}


def printed_as(events: int, total: int, decimals: int, how: str) -> Printed:
    """The percentage that Python's own decimal arithmetic prints: 28 digits, no shared code.

    Denominators stay below 1000, so 28 digits tell a half from what is nearly one.
    """
    value = Decimal(100 * events) / Decimal(total)
    return parse(str(value.quantize(Decimal(1).scaleb(-decimals), BY_DECIMAL[how])))


def test_every_rounding_is_that_of_decimal_arithmetic_for_all_counts_up_to_60() -> None:
    assert set(BY_DECIMAL) == set(ROUNDINGS)
    for total in range(1, 61):
        for events in range(total + 1):
            for decimals in (0, 1, 2):
                ways = {how: printed_as(events, total, decimals, how) for how in BY_DECIMAL}
                for how, printed in ways.items():
                    expected = {name for name, other in ways.items() if other == printed}
                    assert set(roundings(events, total, printed)) == expected, (how, events, total)


@pytest.mark.parametrize("decimals", [0, 1])
def test_possible_counts_are_those_found_by_trying_all(decimals: int) -> None:
    for total in [*range(1, 41), 200, 999, 1000, 1001]:
        tried: dict[tuple[str, int], list[int]] = {}
        for events in range(total + 1):
            for kind, hows in (("nearest", NEAREST), ("down", {"down"}), ("up", {"up"})):
                for units in {printed_as(events, total, decimals, how).units for how in hows}:
                    tried.setdefault((kind, units), []).append(events)
        for units in range(100 * 10**decimals + 1):
            for kind in ("nearest", "down", "up"):
                found = possible_counts(total, Printed("", units, decimals), kind)
                assert list(found) == tried.get((kind, units), []), (total, units, kind)


@given(
    st.integers(1, 10**9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.integers(0, 6),
    st.sampled_from(sorted(NEAREST)),
)
def test_a_correctly_rounded_percentage_is_never_called_wrong(
    count: tuple[int, int], decimals: int, how: str
) -> None:
    events, total = count
    units = ROUNDINGS[how](events * 100 * 10**decimals, total)
    printed = Printed("", units, decimals)
    assert how in roundings(events, total, printed)
    assert events in possible_counts(total, printed)
    assert parse(str(printed)) == printed


@given(st.integers(1, 400), st.integers(0, 1), st.integers(0, 1000))
def test_what_is_called_impossible_is_off_by_half_a_unit_from_every_count(
    total: int, decimals: int, units: int
) -> None:
    printed = Printed("", min(units, 100 * 10**decimals), decimals)
    gap = min(
        abs(Fraction(events * printed.whole, total) - printed.units) for events in range(total + 1)
    )
    impossible = not possible_counts(total, printed)
    assert impossible == (gap > Fraction(1, 2)) or gap == Fraction(1, 2)


@pytest.mark.parametrize("decimals", [0, 1])
def test_power_is_the_share_of_percentages_that_no_count_gives(decimals: int) -> None:
    texts = 100 * 10**decimals + 1
    for total in (1, 2, 7, 15, 69, 99, 100, 101, 500, 999, 1000, 5000):
        given = {ROUNDINGS["half_up"](events * (texts - 1), total) for events in range(total + 1)}
        assert power(total, decimals) == pytest.approx(1 - len(given) / texts, abs=1e-15)


def test_the_injection_percentage_is_possible_of_41_and_56_and_not_of_69() -> None:
    assert possible_totals(parse("26.8"), 69) == [41, 56]
    assert not possible_counts(69, parse("26.8"))
    assert list(possible_counts(41, parse("26.8"))) == [11]
    assert list(possible_counts(56, parse("26.8"))) == [15]


@pytest.mark.parametrize(
    ("events", "total", "text", "ways"),
    [
        (1, 8, "12.5", {"half_up", "half_even", "down", "up"}),
        (1, 8, "12", {"half_even", "down"}),
        (1, 8, "13", {"half_up", "up"}),
        (3, 8, "38", {"half_up", "half_even", "up"}),
        (2, 3, "66.6", {"down"}),
        (1, 3, "33.4", {"up"}),
        (11, 108, "<10.1", set()),
        (11, 108, "<10.3", set(ROUNDINGS)),
        (11, 108, ">10.1", set(ROUNDINGS)),
        (1, 10, "<=10", set(ROUNDINGS)),
        (1, 10, ">=10", set(ROUNDINGS)),
        (1, 10, "<10", set()),
        (1, 10, ">10", set()),
    ],
)
def test_by_which_roundings_a_count_gives_what_is_printed(
    events: int, total: int, text: str, ways: set[str]
) -> None:
    assert set(roundings(events, total, parse(text))) == ways


@pytest.mark.parametrize("relation", ["<", "<=", ">", ">="])
def test_possible_counts_of_a_bound(relation: str) -> None:
    for total in range(1, 30):
        for units in range(101):
            printed = Printed(relation, units, 0)
            tried = [e for e in range(total + 1) if roundings(e, total, printed)]
            assert list(possible_counts(total, printed)) == tried


@pytest.mark.parametrize(
    "text", ["", ".", "abc", "1,5", "26.8%", "101", "100.1", "-1", "1e1", "==5", "=5", "²", "1.²",
             "0.1234567890123"]
)  # fmt: skip
def test_what_is_no_percentage_is_refused(text: str) -> None:
    with pytest.raises(SynthesisError, match=r"not a printed percentage|begins with"):
        parse(text)


def test_a_percentage_is_printed_as_it_was_read() -> None:
    for text in ("0", "100", "7.50", "0.05", "<10", ">=99.9"):
        assert str(parse(text)) == text


def test_arithmetic_is_shown_with_two_more_digits() -> None:
    assert shown(1, 259, 1) == "1/259 = 0.386%"
    assert shown(259, 259, 0) == "259/259 = 100.00%"
