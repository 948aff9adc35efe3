"""Numbers needed to treat, from a pooled comparison at stated baseline risks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pandas as pd

from ..errors import SynthesisError
from ..formatting import count
from .synthesis import Synthesis


def number_needed(answer: Synthesis, baseline_risks: Sequence[float]) -> pd.DataFrame:
    """What a pooled ratio or difference means for patients of different risk.

    The number needed to treat is one over the difference of risks; where its interval holds no
    difference, it runs from benefit through infinity to harm (Altman 1998, doi
    10.1136/bmj.317.7168.1309).

    Args:
        answer: of `risk_ratio`, `odds_ratio`, `peto_odds_ratio` or `risk_difference`.
        baseline_risks: risks without the treatment, fractions. They are not the answer's own: state
            where they come from.

    Returns:
        One row per risk: `baseline`, `risk` with the treatment, `difference` with `low` and `high`,
        `needed` (people treated for one event more or less), and `reading`, in words. A ratio can
        lead beyond a risk of one; it is taken as one, and the reading says so.

    Raises:
        SynthesisError: another measure, no estimate, or a risk that is none.

    >>> from evidence import pool
    >>> rows = pd.DataFrame({"study_id": ["a", "b"], "events_t": [8, 10], "total_t": [80, 90],
    ...                      "events_c": [16, 19], "total_c": [80, 88]})
    >>> found = number_needed(pool(rows, "risk_ratio"), [0.2])
    >>> round(float(found["needed"].iloc[0]), 1)
    10.2
    """
    if answer.measure.key not in WITH_TREATMENT or answer.estimate is None or not answer.interval:
        raise SynthesisError(
            f"numbers needed to treat come from a pooled {', '.join(WITH_TREATMENT)}; this is "
            f"{answer.measure.key}{' without an estimate' if answer.estimate is None else ''}"
        )
    apply, rows = WITH_TREATMENT[answer.measure.key], []
    for base in baseline_risks:
        if not 0 < base < 1:
            raise SynthesisError(f"a baseline risk lies between 0 and 1, such as 0.2; not {base!r}")
        estimates = (answer.estimate, answer.interval.low, answer.interval.high)
        risks = [apply(base, value) for value in estimates]
        risk, one, two = (min(max(value, 0.0), 1.0) for value in risks)
        difference, low, high = risk - base, *sorted((one - base, two - base))
        needed = 1 / abs(difference) if difference else None
        beyond = "" if risks == [risk, one, two] else "; a risk beyond 0 or 100% is taken as that"
        reading = _reading(difference, low, high) + beyond
        rows.append((base, risk, difference, low, high, needed, reading))
    names = ["baseline", "risk", "difference", "low", "high", "needed", "reading"]
    return pd.DataFrame(rows, columns=names)


def _of_odds(base: float, ratio: float) -> float:
    return ratio * base / (1 - base + ratio * base)


WITH_TREATMENT: dict[str, Callable[[float, float], float]] = {
    "risk_ratio": lambda base, ratio: base * ratio,
    "odds_ratio": _of_odds,
    "peto_odds_ratio": _of_odds,
    "risk_difference": lambda base, difference: base + difference,
}
"""Risk with the treatment, from the baseline risk and the estimate."""


def _reading(difference: float, low: float, high: float) -> str:
    """In words; numbers of people are rounded up, so that no effect is made larger."""

    def people(value: float) -> str:
        return "\N{INFINITY}" if value == 0 else count(math.ceil(1 / abs(value) - 1e-9))

    if low < 0 < high:
        limits = f"1 fewer in {people(low)} to \N{INFINITY} to 1 more in {people(high)}"
    else:
        near, far = sorted((low, high), key=abs, reverse=True)
        limits = f"{people(near)} to {people(far)}"
    if difference == 0:
        return f"no difference ({limits})"
    word = "fewer" if difference < 0 else "more"
    return f"1 event {word} in {people(difference)} treated ({limits})"
