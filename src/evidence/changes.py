"""Changes of scores from before to after: their mean, their spread, and the correlation."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import special

from .errors import SynthesisError
from .recover import number_of, record, recover


def recover_change(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the mean and the standard deviation of the change, where the row allows it.

    The mean change is the mean after less the mean before where the source prints no other. Its
    standard deviation comes, in this order, from its own standard error or interval; from both
    standard deviations and a given correlation; and, where one of these is blank, from the exact
    p-value of a paired t-test. What follows from printed figures alone is not recorded. Source:
    Cochrane Handbook for Systematic Reviews of Interventions, sections 6.5.2.2, 6.5.2.3, 6.5.2.8.

    Args:
        frame: rows with `n` and any of `mean_before`, `mean_after`, `mean_change`, `sd_before`,
            `sd_after`, `sd_change`, `se_change`, `ci_low_change`, `ci_high_change`, `p_value`
            and `correlation`.

    Returns:
        A new frame with `mean_change`, `sd_change` and `recovered`, as for `recover`.

    >>> rows = pd.DataFrame({"study_id": ["a"], "n": [25], "mean_change": [-2.0],
    ...                      "p_value": ["0.02"]})
    >>> recover_change(rows)["recovered"].iloc[0]
    'SD change from the paired p-value: mean change -2, p value 0.02'
    """
    rows = [_with_mean_change(row) for _, row in frame.iterrows()]
    found = recover(frame.assign(mean_change=np.array(rows, float)), "_change")
    spreads, said = list(found["sd_change"]), list(found["recovered"])
    for i, (_, row) in enumerate(found.iterrows()):
        if number_of(row["sd_change"]) is None:
            spreads[i], how = _spread_of_change(row)
            said[i] = "; ".join(filter(None, (said[i], how)))
    return found.assign(sd_change=np.array(spreads, float), recovered=said)


def _with_mean_change(row: pd.Series) -> float | None:
    """The mean change as printed, or the difference of the printed means."""
    printed = number_of(row.get("mean_change"))
    before, after = number_of(row.get("mean_before")), number_of(row.get("mean_after"))
    if printed is not None or before is None or after is None:
        return printed
    return after - before


def _spread_of_change(row: pd.Series) -> tuple[float | None, str]:
    """The standard deviation of the change and how it was recovered; nothing where it cannot be."""
    names = ("sd_before", "sd_after", "correlation")
    before, after, r = (number_of(row.get(name)) for name in names)
    if before is None or after is None:
        spread = _spread_of_p(row)
        parts = {name: number_of(row.get(name)) for name in ("mean_change", "p_value")}
        return spread, record("sd_change", "the paired p-value", parts) if spread else ""
    if r is None:
        return None, ""
    return math.sqrt(before**2 + after**2 - 2 * r * before * after), ""


def with_correlation(frame: pd.DataFrame, assumed: float) -> pd.DataFrame:
    """The frame with the correlation of scores before and after, and where it comes from.

    In this order: a `correlation` that is given; the standard deviation of the change
    (`sd_change`); the exact p-value of a paired t-test (`p_value`, not one with "<"); else the
    assumption. A derived correlation that cannot be, since the source rounded, gives way to the
    assumption and the row says so. A row without both standard deviations has none and needs none.

    Args:
        frame: rows with `n`, `mean_before`, `sd_before`, `mean_after`, `sd_after`.
        assumed: what is taken where nothing is known, between -1 and 1.

    Returns:
        A new frame with `correlation` and `correlation_from`.

    >>> rows = pd.DataFrame({"n": [20], "mean_before": [7.0], "sd_before": [2.0],
    ...                      "mean_after": [4.0], "sd_after": [2.0], "sd_change": [2.0]})
    >>> found = with_correlation(rows, 0.5)
    >>> float(found["correlation"].iloc[0]), found["correlation_from"].iloc[0]
    (0.5, 'derived from the standard deviation of the change')
    """
    if not -1 < assumed < 1:
        raise SynthesisError(f"a correlation lies between -1 and 1; {assumed!r} does not")
    found = [_correlation(row, assumed) for _, row in frame.iterrows()]
    return frame.assign(
        correlation=np.array([value for value, _ in found], float),
        correlation_from=[text for _, text in found],
    )


def _correlation(row: pd.Series, assumed: float) -> tuple[float | None, str]:
    given = number_of(row.get("correlation"))
    if given is not None:
        return given, "given"
    names = ("sd_before", "sd_after")
    if any(number_of(row.get(name)) is None for name in names):
        return None, "not needed: the change has its own standard deviation"
    spread = number_of(row.get("sd_change"))
    how = "the standard deviation of the change"
    if spread is None:
        spread, how = _spread_of_p(row), "the paired p-value"
    if spread is None:
        return assumed, f"assumed {assumed:g}"
    one, two = float(row["sd_before"]), float(row["sd_after"])
    derived = (one**2 + two**2 - spread**2) / (2 * one * two)
    if not -1 < derived < 1:
        return assumed, f"assumed {assumed:g}: {how} gives {derived:.2f}, which cannot be"
    return derived, f"derived from {how}"


def _spread_of_p(row: pd.Series) -> float | None:
    """Standard deviation of the change from the p-value of a paired t-test, where it is exact."""
    text = row.get("p_value")
    p, n = number_of(text), number_of(row.get("n"))
    change = _with_mean_change(row)
    if p is None or n is None or n < 2 or not 0 < p < 1 or not change:
        return None
    t = float(special.stdtrit(n - 1, 1 - p / 2))
    return abs(change) * math.sqrt(n) / t
