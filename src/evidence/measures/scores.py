"""Means: of one group, before and after in one group, and of two arms."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from ..errors import SynthesisError
from ..rates import names_of, numbers
from .kinds import Array, Effects, Measure
from .scale import LOG_RATIO, POINTS, STANDARDISED
from .zero_cells import ZeroPolicy

MEAN = ("n", "mean", "sd")
CHANGE = ("n", "mean_before", "sd_before", "mean_after", "sd_after", "correlation")
OWN_CHANGE = ("n", "mean_change", "sd_change")
ARMS = ("n_t", "mean_t", "sd_t", "n_c", "mean_c", "sd_c")


def figures(frame: pd.DataFrame, names: tuple[str, ...]) -> dict[str, Array]:
    """The columns as numbers, or one error that names every row that cannot be.

    >>> rows = pd.DataFrame({"study_id": ["a"], "n": [12], "mean": [3.1], "sd": [0]})
    >>> figures(rows, ("n", "mean", "sd"))
    Traceback (most recent call last):
        ...
    evidence.errors.SynthesisError: scores cannot be used:
      a: sd (0) must be above 0
    """
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise SynthesisError(f"the frame has no column {' or '.join(missing)}; it is needed")
    found = {name: numbers(frame, name) for name in names}
    faults = []
    for name, values in found.items():
        for study, value in zip(names_of(frame), values, strict=True):
            wanted = _wanted(name, float(value))
            if wanted:
                faults.append(f"{study}: {name} ({value:g}) {wanted}")
    if faults:
        raise SynthesisError("scores cannot be used:\n  " + "\n  ".join(faults))
    return found


def _wanted(name: str, value: float) -> str:
    """What a figure must be, where it is not; empty where it is."""
    if not np.isfinite(value):
        return "must be given; recover it or leave the row out"
    if name.startswith("sd") and value <= 0:
        return "must be above 0"
    if name.startswith("n") and (value < 2 or value != round(value)):
        return "must be a whole number, 2 or more"
    if name == "correlation" and not -1 < value < 1:
        return "must lie between -1 and 1"
    return ""


def exact_correction(df: Array) -> Array:
    """What turns a standardised mean difference into an unbiased one.

    Gamma(df/2) / (sqrt(df/2) Gamma((df - 1)/2)): Hedges (1981), doi 10.3102/10769986006002107. It
    needs two degrees of freedom; 1 with fewer.
    """
    enough = df > 1
    safe = np.where(enough, df, 2.0)
    log = special.gammaln(safe / 2) - np.log(np.sqrt(safe / 2)) - special.gammaln((safe - 1) / 2)
    return np.asarray(np.where(enough, np.exp(log), 1.0), float)


def _plain(effect: Array, variance: Array, size: Array) -> Effects:
    return Effects(effect, variance, np.zeros(len(effect), bool), size)


def _mean(frame: pd.DataFrame, _: ZeroPolicy) -> Effects:
    """A mean with variance sd**2/n."""
    x = figures(frame, MEAN)
    return _plain(x["mean"], x["sd"] ** 2 / x["n"], x["n"])


def _log_mean(frame: pd.DataFrame, _: ZeroPolicy) -> Effects:
    """The log of a positive mean, variance (sd/mean)**2/n."""
    x = figures(frame, MEAN)
    _above_zero(frame, x["mean"])
    return _plain(np.log(x["mean"]), (x["sd"] / x["mean"]) ** 2 / x["n"], x["n"])


def _above_zero(frame: pd.DataFrame, *means: Array) -> None:
    low = np.any([mean <= 0 for mean in means], axis=0)
    if low.any():
        raise SynthesisError(
            f"a ratio needs means above 0; not so for {', '.join(names_of(frame)[low])}"
        )


def _mean_change(frame: pd.DataFrame, _: ZeroPolicy) -> Effects:
    """After less before; variance (sd1**2 + sd2**2 - 2 r sd1 sd2)/n of paired scores."""
    n, change, variance = change_scores(frame)
    return _plain(change, variance / n, n)


def change_scores(frame: pd.DataFrame) -> tuple[Array, Array, Array]:
    """People, mean and variance of the change in each row.

    A row that gives `mean_change` and `sd_change` is taken at its word; the others need both means,
    both standard deviations and their correlation.
    """
    blank = pd.Series(np.nan, index=frame.index)
    given = {name: frame.get(name, blank) for name in OWN_CHANGE[1:]}
    own = pd.DataFrame(given).notna().all(axis=1).to_numpy(bool)
    n, change, variance = (np.empty(len(frame)) for _ in range(3))
    if own.any():
        x = figures(frame[own], OWN_CHANGE)
        n[own], change[own], variance[own] = x["n"], x["mean_change"], x["sd_change"] ** 2
    if not own.all():
        x = figures(frame[~own], CHANGE)
        before, after, r = x["sd_before"], x["sd_after"], x["correlation"]
        n[~own], change[~own] = x["n"], x["mean_after"] - x["mean_before"]
        variance[~own] = before**2 + after**2 - 2 * r * before * after
    return n, change, variance


def _change_by_change(frame: pd.DataFrame, _: ZeroPolicy) -> Effects:
    """The change over the standard deviation of changes, exactly corrected; variance 1/n + d2/2n.

    Source: Gibbons, Hedeker and Davis (1993), doi 10.3102/10769986018003271.
    """
    n, change, variance = change_scores(frame)
    d = change / np.sqrt(variance) * exact_correction(n - 1)
    return _plain(d, 1 / n + d**2 / (2 * n), n)


def _change_by_before(frame: pd.DataFrame, _: ZeroPolicy) -> Effects:
    """The change over the standard deviation before, exactly corrected; variance 2(1-r)/n + d2/2n.

    Sources: Becker (1988), doi 10.1111/j.2044-8317.1988.tb00901.x; Morris (2008), doi
    10.1177/1094428106291059.
    """
    x = figures(frame, CHANGE)
    d = (x["mean_after"] - x["mean_before"]) / x["sd_before"] * exact_correction(x["n"] - 1)
    return _plain(d, 2 * (1 - x["correlation"]) / x["n"] + d**2 / (2 * x["n"]), x["n"])


def _ratio_of_change(frame: pd.DataFrame, _: ZeroPolicy) -> Effects:
    """The log of mean after over mean before, of paired scores.

    Source: Lajeunesse (2011), doi 10.1890/11-0423.1.
    """
    x = figures(frame, CHANGE)
    _above_zero(frame, x["mean_before"], x["mean_after"])
    one, two = x["sd_after"] / x["mean_after"], x["sd_before"] / x["mean_before"]
    variance = (one**2 + two**2 - 2 * x["correlation"] * one * two) / x["n"]
    return _plain(np.log(x["mean_after"] / x["mean_before"]), variance, x["n"])


def _difference(frame: pd.DataFrame, _: ZeroPolicy) -> Effects:
    """Difference of two means with variance sd1**2/n1 + sd2**2/n2."""
    x = figures(frame, ARMS)
    variance = x["sd_t"] ** 2 / x["n_t"] + x["sd_c"] ** 2 / x["n_c"]
    return _plain(x["mean_t"] - x["mean_c"], variance, x["n_t"] + x["n_c"])


def _standardised(frame: pd.DataFrame, _: ZeroPolicy) -> Effects:
    """Hedges' g: the difference over the pooled standard deviation, exactly corrected.

    Variance 1/n1 + 1/n2 + g2/(2(n1 + n2)). Source: Hedges (1981), doi 10.3102/10769986006002107.
    """
    x = figures(frame, ARMS)
    n1, n2 = x["n_t"], x["n_c"]
    df = n1 + n2 - 2
    pooled = np.sqrt(((n1 - 1) * x["sd_t"] ** 2 + (n2 - 1) * x["sd_c"] ** 2) / df)
    g = (x["mean_t"] - x["mean_c"]) / pooled * exact_correction(df)
    return _plain(g, 1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2)), n1 + n2)


def _ratio_of_means(frame: pd.DataFrame, _: ZeroPolicy) -> Effects:
    """Log of the ratio of two positive means, variance of the delta method.

    Source: Hedges, Gurevitch and Curtis (1999), doi 10.2307/177062.
    """
    x = figures(frame, ARMS)
    _above_zero(frame, x["mean_t"], x["mean_c"])
    one = (x["sd_t"] / x["mean_t"]) ** 2 / x["n_t"]
    two = (x["sd_c"] / x["mean_c"]) ** 2 / x["n_c"]
    return _plain(np.log(x["mean_t"] / x["mean_c"]), one + two, x["n_t"] + x["n_c"])


NOTHING = "nothing is added"

SCORES: tuple[Measure, ...] = (
    Measure("mean", "Mean", MEAN, _mean, POINTS, NOTHING,
            'metafor measure="MN", meta sm="MRAW"', "normal", kind="score"),
    Measure("mean_log", "Mean", MEAN, _log_mean, LOG_RATIO, NOTHING,
            'metafor measure="MNLN", meta sm="MLN"', "normal", kind="score"),
    Measure("mean_change", "Mean change", CHANGE, _mean_change, POINTS, NOTHING,
            'metafor measure="MC"', "normal", kind="score", instead=OWN_CHANGE),
    Measure("change_by_change", "Change in standard deviations of change", CHANGE,
            _change_by_change, STANDARDISED, NOTHING, 'metafor measure="SMCC"', "normal",
            kind="score", instead=OWN_CHANGE),
    Measure("change_by_before", "Change in standard deviations before", CHANGE,
            _change_by_before, STANDARDISED, NOTHING, 'metafor measure="SMCR"', "normal",
            kind="score"),
    Measure("change_ratio", "Ratio of means, after to before", CHANGE, _ratio_of_change,
            LOG_RATIO, NOTHING, 'metafor measure="ROMC"', "normal", kind="score"),
    Measure("mean_difference", "Mean difference", ARMS, _difference, POINTS, NOTHING,
            'metafor and meta "MD"', "normal", kind="score", instead=OWN_CHANGE),
    Measure("standardised_difference", "Standardised mean difference", ARMS, _standardised,
            STANDARDISED, NOTHING, 'metafor and meta "SMD", exact correction', "normal",
            kind="score"),
    Measure("ratio_of_means", "Ratio of means", ARMS, _ratio_of_means, LOG_RATIO, NOTHING,
            'metafor and meta "ROM"', "normal", kind="score"),
)  # fmt: skip
