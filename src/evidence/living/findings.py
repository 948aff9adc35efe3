"""Verdicts about single rows that the record keeps, so that a change of one is seen."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from ..audit.claims import ledger
from ..audit.table import audit_tables
from ..tables.load import Tables


def agrees(events: int, total: int, printed: str) -> bool:
    """Whether a count gives the percentage as printed, at its number of decimals.

    Half a unit of the last printed digit is allowed either way, ends included: sources round
    halves up, down and to even.

    >>> agrees(11, 108, "10.2"), agrees(11, 108, "10.3"), agrees(1, 3, "<34")
    (True, False, True)
    """
    digits = printed.lstrip("<>=")
    percent = Fraction(100 * events, total)
    half = Fraction(1, 2 * 10 ** len(digits.partition(".")[2]))
    low, high = Fraction(digits) - half, Fraction(digits) + half
    if printed.startswith("<"):
        return percent <= high
    if printed.startswith(">"):
        return percent >= low
    return low <= percent <= high


def counts_that_give(total: int, printed: str) -> list[int]:
    """Every number of people, of this total, that gives the percentage as printed.

    >>> counts_that_give(108, "10.2"), counts_that_give(7, "50.1")
    ([11], [])
    """
    digits = float(printed.lstrip("<>="))
    if printed[:1] in "<>":
        return [n for n in range(total + 1) if agrees(n, total, printed)]
    about = round(total * digits / 100)
    reach = total // 100 + 1
    near = range(max(0, about - reach), min(total, about + reach) + 1)
    return [n for n in near if agrees(n, total, printed)]


def _claims(tables: Tables) -> dict[str, str]:
    """Claim -> its verdict against the evidence."""
    found = ledger(tables)
    return dict(zip(found["claim_id"], found["verdict"], strict=True))


def _audit(tables: Tables) -> dict[str, str]:
    """Check and subject -> what the audit of the tables found."""
    return {f"{one.check}, {one.subject}": one.verdict for one in audit_tables(tables)}


FINDINGS: dict[str, Callable[[Tables], dict[str, str]]] = {
    "claim": _claims,
    "audit": _audit,
}
"""Every audit whose verdicts the record keeps: name -> tables -> subject -> verdict."""
