"""The percentages of studies.csv against the counts beside them, or against the people alone."""

from __future__ import annotations

import pandas as pd

from ..formatting import percent, plural
from ..tables.load import Tables
from .finding import Audit
from .percentages import (
    NEAREST,
    Printed,
    parse,
    possible_counts,
    possible_totals,
    power,
    roundings,
    shown,
)

CHECK = "percentage"
_LISTED = 3
_WIDEST = 1000


def printed_percentages(tables: Tables) -> list[Audit]:
    """One finding for every row that prints a percentage.

    >>> from evidence import load
    >>> [one] = [one for one in printed_percentages(load()) if one.subject == "son-2013.1"]
    >>> one.verdict, one.evidence
    ('contradicts its count', '26/44 = 59.091%; 63.6% of 44 is 28')
    """
    rows = tables.studies[tables.studies["printed_percent"].notna()]
    beside = _numbers_of_studies(tables.studies)
    return [_row(row, beside.get(row["study_id"], [])) for _, row in rows.iterrows()]


def _row(row: pd.Series, numbers: list[int]) -> Audit:
    printed = parse(row["printed_percent"])
    if pd.notna(row["events"]) and pd.notna(row["total"]):
        severity, verdict, reason, evidence = _with_count(
            int(row["events"]), int(row["total"]), printed
        )
        if row["count_from"] == "derived" and severity == "ok":
            reason += "; the count was derived from it, so this is no second witness"
    elif row["time_basis"] == "kaplan-meier":
        severity, verdict = "note", "cannot be tested"
        reason, evidence = "an estimate over time is no share of a number of people", ""
    elif pd.notna(row["total"]):
        severity, verdict, reason, evidence = _with_total(int(row["total"]), printed)
    else:
        severity, verdict, reason, evidence = _alone(printed, numbers)
    return Audit(CHECK, row["row_id"], verdict, severity, reason, evidence)


def share(events: int | None, total: int, text: str) -> tuple[str, str, str, str]:
    """Severity, verdict, reason and arithmetic of a percentage beside its total."""
    printed = parse(text)
    return _with_total(total, printed) if events is None else _with_count(events, total, printed)


def _with_count(events: int, total: int, printed: Printed) -> tuple[str, str, str, str]:
    ways = roundings(events, total, printed)
    said = f"{events} of {total} are printed as {printed}%"
    own = shown(events, total, printed.decimals)
    if printed.relation and ways:
        return "ok", "agrees", said, own
    if NEAREST & set(ways):
        return "ok", "agrees", said, own
    if ways:
        name = {"down": "cut off, not rounded", "up": "rounded up"}[ways[0]]
        return "note", name, f"{said}: the last digit is {name}", own
    fitting = possible_counts(total, printed)
    other = f"{printed}% of {total} is {_listed(fitting)}" if fitting else (
        f"no count of {total} gives {printed}%"
    )  # fmt: skip
    return (
        "error", "contradicts its count", f"{said}: one of the two is wrong", f"{own}; {other}",
    )  # fmt: skip


def _with_total(total: int, printed: Printed) -> tuple[str, str, str, str]:
    seen = power(total, printed.decimals)
    fitting = possible_counts(total, printed)
    if printed.relation:
        return "note", "cannot be tested", f"{printed}% is a bound, not a share", ""
    if seen == 0:
        return (
            "note", "cannot be tested",
            f"of {total} people every percentage with {plural(printed.decimals, 'decimal')} exists",
            f"{printed}% of {total} is {_listed(fitting)}",
        )  # fmt: skip
    if fitting:
        return (
            "ok", "one count fits", f"{printed}% of {total} can be a count",
            f"{printed}% of {total} is {_listed(fitting)}; the test would have seen "
            f"{percent(seen)}% of wrong percentages",
        )  # fmt: skip
    around = ", ".join(
        shown(count, total, printed.decimals) for count in _neighbours(total, printed)
    )
    ways = [
        f"{words} it would be {_listed(counts)}"
        for how, words in (("down", "cut off,"), ("up", "raised,"))
        if (counts := possible_counts(total, printed, how))
    ]
    if ways:
        return (
            "warning", "impossible if rounded",
            f"no number of {total} people rounds to {printed}%; {' and '.join(ways)}", around,
        )  # fmt: skip
    return (
        "error", "impossible percentage", f"no number of {total} people is {printed}%", around,
    )  # fmt: skip


def _alone(printed: Printed, numbers: list[int]) -> tuple[str, str, str, str]:
    """A percentage without its people: could one of the study's own numbers be the denominator?"""
    if printed.relation or not numbers:
        return "note", "cannot be tested", f"{printed}% is printed without a number of people", ""
    fits = [n for n in numbers if possible_counts(n, printed)]
    tested = [n for n in numbers if power(n, printed.decimals) > 0]
    listed = ", ".join(map(str, numbers))
    if fits or len(tested) < len(numbers):
        could = f"{printed}% could be of {', '.join(map(str, fits))}" if fits else ""
        return (
            "note", "cannot be tested",
            f"{printed}% is printed without a number of people", could,
        )  # fmt: skip
    smallest = possible_totals(printed, min(_WIDEST, max(numbers)))
    return (
        "warning", "denominator unknown",
        f"{printed}% fits none of the numbers the study prints ({listed}), so its denominator is "
        "another",
        f"{printed}% is possible of {_listed(smallest)}" if smallest else "",
    )  # fmt: skip


def _neighbours(total: int, printed: Printed) -> list[int]:
    """The counts just below and just above a percentage that no count gives."""
    below = printed.units * total // printed.whole
    return [count for count in (below, below + 1) if count <= total]


def _numbers_of_studies(studies: pd.DataFrame) -> dict[str, list[int]]:
    """Every number of people that a study prints: totals and counts, smallest first."""
    found: dict[str, set[int]] = {}
    for name in ("events", "total"):
        for study, number in zip(studies["study_id"], studies[name], strict=True):
            if pd.notna(number) and number > 0:
                found.setdefault(study, set()).add(int(number))
    return {study: sorted(numbers) for study, numbers in found.items()}


def _listed(counts: range | list[int]) -> str:
    """The first few of some counts, or their ends where they are many."""
    if len(counts) <= _LISTED:
        return " or ".join(map(str, counts))
    if isinstance(counts, range):
        return f"any count from {counts[0]} to {counts[-1]}"
    return ", ".join(map(str, counts[:_LISTED])) + " and others"
