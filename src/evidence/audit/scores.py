"""The means and standard deviations of scores.csv: can scores of that many people give them?"""

from __future__ import annotations

import math

import pandas as pd

from ..formatting import significant
from ..tables.load import Tables
from .finding import Audit
from .means import largest_sd, mean_can_be_tested, possible_sums, sd_is_possible

CHECK = "score"
_NARROW = 25
"""An SD below one in so many of the scale's range is rather a standard error."""


def scores(tables: Tables) -> list[Audit]:
    """One finding for every printed mean with its number of people.

    Whether each answer was a whole number is seldom said (a visual analogue scale may be read to a
    tenth), so a mean that whole numbers cannot give is a warning and no error.

    >>> from evidence import load
    >>> [one] = [one for one in scores(load()) if one.subject == "plif-rldh-22.s3 after"]
    >>> one.verdict, one.evidence
    ('no mean of whole numbers', '41/22 = 1.86; 42/22 = 1.91')
    """
    found = []
    for _, row in tables.scores[tables.scores["n"].notna()].iterrows():
        scale = tables.vocabulary["scales"].get(row["scale"])
        ends = (scale.low, scale.high) if scale else (None, None)
        for when in ("before", "after"):
            mean, sd = row[f"mean_{when}"], row[f"sd_{when}"]
            if isinstance(mean, str):
                subject = f"{row['row_id']} {when}"
                printed_sd = sd if isinstance(sd, str) else None
                found.append(_score(subject, mean, printed_sd, int(row["n"]), ends))
    return found


def _score(
    subject: str, mean: str, sd: str | None, n: int, ends: tuple[float | None, float | None]
) -> Audit:
    severity, verdict, reason, evidence = _judge(mean, sd, n, ends)
    return Audit(CHECK, subject, verdict, severity, reason, evidence)


def _judge(
    mean: str, sd: str | None, n: int, ends: tuple[float | None, float | None]
) -> tuple[str, str, str, str]:
    low, high = ends
    if low is not None and high is not None:
        if not low <= float(mean) <= high:
            return (
                "error", "outside the scale", f"a mean of {mean} lies outside the scale",
                f"the scale runs from {low:g} to {high:g}",
            )  # fmt: skip
        if sd is not None and (found := _spread(mean, sd, n, (low, high))):
            return found
    if not possible_sums(mean, n):
        below = math.floor(float(mean) * n)
        return (
            "warning", "no mean of whole numbers",
            f"{n} whole numbers cannot have the mean {mean}; scores read to a tenth can",
            "; ".join(f"{s}/{n} = {significant(s / n, 3)}" for s in (below, below + 1)),
        )  # fmt: skip
    if sd is not None and n > 1 and not sd_is_possible(mean, sd, n):
        return (
            "warning", "no SD of whole numbers",
            f"{n} whole numbers with the mean {mean} cannot have the SD {sd}; scores read to a "
            "tenth can",
            "",
        )  # fmt: skip
    if not mean_can_be_tested(mean, n):
        return "note", "cannot be tested", f"of {n} people every mean such as {mean} exists", ""
    return "ok", "possible", f"{n} whole numbers can have the mean {mean}", ""


def _spread(
    mean: str, sd: str, n: int, ends: tuple[float, float]
) -> tuple[str, str, str, str] | None:
    """An SD too large for its scale, or so small that it is rather a standard error."""
    most = largest_sd(mean, n, *ends)
    if float(sd) > most + 0.5 * 10 ** -len(sd.partition(".")[2]):
        return (
            "error", "SD too large", f"no {n} scores with the mean {mean} have the SD {sd}",
            f"on a scale from {ends[0]:g} to {ends[1]:g} the largest SD is {significant(most)}",
        )  # fmt: skip
    if 0 < float(sd) < (ends[1] - ends[0]) / _NARROW and pd.notna(n):
        return (
            "warning", "perhaps a standard error",
            f"an SD of {sd} is narrow for a scale from {ends[0]:g} to {ends[1]:g}",
            f"as a standard error it would be an SD of {significant(float(sd) * math.sqrt(n))}",
        )  # fmt: skip
    return None
