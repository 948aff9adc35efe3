"""Means and standard deviations of whole-number scores that no sample of that size can have.

GRIM: Brown and Heathers (2017), Social Psychological and Personality Science 8:363. GRIMMER: Anaya
(2016), with the parity rule of Allard (2018). DEBIT: Heathers and Brown (2019).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from ..errors import SynthesisError


@dataclass(frozen=True)
class Rounded:
    """Everything that rounds to a printed number, a half either way: both ends included."""

    low: Fraction
    high: Fraction


def rounded(text: str) -> Rounded:
    """What a printed number may have been before it was rounded.

    >>> rounded("1.90").low, rounded("1.90").high
    (Fraction(379, 200), Fraction(381, 200))
    """
    try:
        number = Fraction(text)
    except ValueError:
        raise SynthesisError(f"{text!r} is not a printed number; write it as 7.32") from None
    half = Fraction(1, 2 * 10 ** len(text.partition(".")[2]))
    return Rounded(number - half, number + half)


def possible_sums(mean: str, n: int) -> range:
    """Every sum of n whole numbers whose mean prints as this; empty where none does (GRIM).

    >>> list(possible_sums("1.90", 22)), list(possible_sums("1.91", 22))
    ([], [42])
    """
    ends = rounded(mean)
    return range(math.ceil(ends.low * n), math.floor(ends.high * n) + 1)


def mean_can_be_tested(mean: str, n: int) -> bool:
    """Whether some printable mean is impossible: n must be below ten to the printed decimals."""
    return n < int(10 ** len(mean.partition(".")[2]))


def sd_is_possible(mean: str, sd: str, n: int) -> bool:
    """Whether n whole numbers can have both this mean and this sample SD (GRIMMER).

    With the sum s, the sum of squares q is a whole number, has the parity of s, is at least s²/n,
    and makes the variance (q - s²/n) / (n - 1).

    >>> sd_is_possible("3.44", "2.50", 18), sd_is_possible("3.44", "2.47", 18)
    (True, False)
    """
    if n < 2:
        raise SynthesisError(f"a sample SD needs at least 2 people; n is {n}")
    ends = rounded(sd)
    low, high = max(ends.low, Fraction(0)) ** 2, ends.high**2
    for total in possible_sums(mean, n):
        centre = Fraction(total * total, n)
        first = math.ceil(low * (n - 1) + centre)
        last = math.floor(high * (n - 1) + centre)
        first += (first - total) % 2
        if first <= last:
            return True
    return False


def binary_sd_is_possible(mean: str, sd: str, n: int) -> bool:
    """Whether n answers of yes or no can have this mean and this sample SD (DEBIT).

    >>> binary_sd_is_possible("0.36", "0.11", 20), binary_sd_is_possible("0.35", "0.49", 20)
    (False, True)
    """
    if n < 2:
        raise SynthesisError(f"a sample SD needs at least 2 people; n is {n}")
    ends = rounded(sd)
    for total in possible_sums(mean, n):
        if 0 <= total <= n:
            variance = Fraction(total * (n - total), n * (n - 1))
            if max(ends.low, Fraction(0)) ** 2 <= variance <= ends.high**2:
                return True
    return False


def largest_sd(mean: str, n: int, low: float, high: float) -> float:
    """The largest sample SD of n values between two ends with this mean (Bhatia and Davis 2000).

    >>> round(largest_sd("5", 20, 0, 10), 2)
    5.13
    """
    centre = float(Fraction(mean))
    spread = max(0.0, (high - centre) * (centre - low))
    return math.sqrt(spread * n / (n - 1)) if n > 1 else 0.0
