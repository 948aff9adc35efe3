"""Figures printed beside the rows: p-values, shares, intervals, sums, each worked out again."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pandas as pd
from scipy import stats

from ..formatting import significant
from ..tables.load import Tables
from .finding import Audit
from .printed import share
from .qualifiers import cuts_to, rounds_to

CHECK = "statement"
_FEW = 5
"""Below this expected count the uncorrected chi-square test is not to be used (Cochran 1954)."""

Found = tuple[str, str, str, str]


def statements(tables: Tables) -> list[Audit]:
    """One finding for every row of statements.csv.

    >>> from evidence import load
    >>> [one] = [one for one in statements(load()) if one.subject == "st-05"]
    >>> one.verdict
    'no test gives it'
    """
    found = []
    for _, row in tables.statements.iterrows():
        severity, verdict, reason, evidence = FIGURES[row["figure"]](row)
        said = f"{row['study_id']}: {reason}"
        found.append(Audit(CHECK, row["statement_id"], verdict, severity, said, evidence))
    return found


def p_values(events: int, total: int, events_2: int, total_2: int) -> dict[str, float]:
    """The p-values of two counts by the tests that a source may have used.

    >>> round(p_values(6, 30, 1, 30)["chi-square"], 3)
    0.044
    """
    table = np.array([[events, total - events], [events_2, total_2 - events_2]])
    found = {
        "Fisher": float(stats.fisher_exact(table)[1]),
        "Fisher, one-sided": min(
            float(stats.fisher_exact(table, side)[1]) for side in ("less", "greater")
        ),
    }
    if 0 < events + events_2 < total + total_2:  # otherwise no chi-square exists
        for name, corrected in (("chi-square", False), ("chi-square, corrected", True)):
            found[name] = float(stats.chi2_contingency(table, correction=corrected)[1])
    return found


def _p_value(row: pd.Series) -> Found:
    counts = [int(row[name]) for name in ("events", "total", "events_2", "total_2")]
    told, found = row["printed"], p_values(*counts)
    fits = [name for name, p in found.items() if _gives(p, told)]
    said = f"p {told} for {counts[0]} of {counts[1]} against {counts[2]} of {counts[3]}"
    worked = ", ".join(f"{name} {significant(p)}" for name, p in found.items())
    if not fits:
        return "error", "no test gives it", f"{said}: no common test gives it", worked
    if fits == ["Fisher, one-sided"]:
        return "warning", "one-sided only", f"{said} is a one-sided test", worked
    share_of_all = min(counts[0] + counts[2], counts[1] + counts[3] - counts[0] - counts[2])
    expected = share_of_all * min(counts[1], counts[3]) / (counts[1] + counts[3])
    if fits == ["chi-square"] and expected < _FEW:
        return (
            "warning", "unsuitable test",
            f"{said} is an uncorrected chi-square, though a count of "
            f"{significant(expected, 2)} is expected",
            worked,
        )  # fmt: skip
    return "ok", "agrees", f"{said} agrees: {fits[0]}", worked


def _gives(p: float, told: str) -> bool:
    number = told.lstrip("<>=")
    if told.startswith("<"):
        return p < float(number)
    if told.startswith(">"):
        return p > float(number)
    return rounds_to(Fraction(p), number) or cuts_to(Fraction(p), number)


def _share(row: pd.Series) -> Found:
    events = None if pd.isna(row["events"]) else int(row["events"])
    return share(events, int(row["total"]), row["printed"])


def _interval(row: pd.Series) -> Found:
    low, high = sorted((float(row["low"]), float(row["high"])))
    said = f"{row['printed']} ({row['low']} to {row['high']})"
    if low <= float(row["printed"]) <= high:
        return "ok", "agrees", f"{said}: the estimate lies in its interval", ""
    turned = f"its inverse is {significant(1 / float(row['printed']))}" if (
        float(row["printed"])
    ) else ""  # fmt: skip
    return "error", "outside its interval", f"{said}: the estimate lies outside", turned


def _sum(row: pd.Series) -> Found:
    made = sum((Fraction(part) for part in row["parts"].split("+")), Fraction(0))
    said = f"{row['parts'].replace('+', ' + ')} = {float(made):g}"
    if made == Fraction(row["printed"]):
        return "ok", "adds up", f"the parts make {row['printed']}", said
    return "error", "does not add up", f"the parts do not make the printed {row['printed']}", said


FIGURES: dict[str, Callable[[pd.Series], Found]] = {
    "p-value": _p_value,
    "share": _share,
    "interval": _interval,
    "sum": _sum,
}
"""How each kind of printed figure is worked out again."""
