"""Mantel-Haenszel and Peto: one common effect from the sums of all tables, zeros as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from ..errors import SynthesisError
from ..measures.kinds import Effects, Measure
from ..measures.two_arm import (
    corrected_cells,
    corrected_rates,
    observed_less_expected,
    two_by_two,
)
from ..measures.zero_cells import ZeroPolicy
from .heterogeneity import Heterogeneity
from .hypergeometric import expected
from .inverse_variance import (
    discouraged,
    events_of,
    random_spread,
    read,
    total,
    zero_cautions,
)
from .mean import quantile
from .options import METHOD_KINDS, Model
from .synthesis import Synthesis

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sums:
    """A common effect on the analysis scale, its standard error, and each study's weight."""

    effect: float
    se: float
    weights: Array


def _ratio(over: Array, under: Array, variance: float) -> Sums:
    """The log of a ratio of sums; the weights are the terms of its lower sum."""
    r, s = float(over.sum()), float(under.sum())
    if r == 0 or s == 0:
        raise SynthesisError(
            "one arm has no event (or nothing but events) in any study, so the Mantel-Haenszel "
            "ratio has no finite value; use a difference, mh_zero='all', or method='peto'"
        )
    return Sums(float(np.log(r / s)), variance**0.5, under / s)


def _difference(effect: float, variance: float, weights: Array) -> Sums:
    """A difference; without any variance an interval of no width would say too much."""
    if variance <= 0:
        raise SynthesisError(
            "no study has both events and non-events, so the Mantel-Haenszel difference has no "
            "variance; use method='inverse_variance'"
        )
    return Sums(effect, variance**0.5, weights)


def odds_ratio_sums(frame: pd.DataFrame, policy: ZeroPolicy) -> Sums:
    """Mantel and Haenszel (1959); variance of Robins, Breslow and Greenland (1986).

    Source of the variance: doi 10.2307/2531052.
    """
    (a, b, c, d), _ = corrected_cells(frame, policy)
    n = a + b + c + d
    r, s, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
    up, down = r.sum(), s.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (
            (p * r).sum() / up**2
            + (p * s + q * r).sum() / (up * down)
            + (q * s).sum() / down**2
        ) / 2  # fmt: skip
    return _ratio(r, s, float(variance))


def risk_ratio_sums(frame: pd.DataFrame, policy: ZeroPolicy) -> Sums:
    """Greenland and Robins (1985), doi 10.2307/2530643."""
    (a, b, c, d), _ = corrected_cells(frame, policy)
    n1, n2 = a + b, c + d
    n = n1 + n2
    r, s = a * n2 / n, c * n1 / n
    spread = (n1 * n2 * (a + c) - a * c * n) / n**2
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = spread.sum() / (r.sum() * s.sum())
    return _ratio(r, s, float(variance))


def risk_difference_sums(frame: pd.DataFrame, policy: ZeroPolicy) -> Sums:
    """Greenland and Robins (1985); variance of Sato (1989), doi 10.2307/2531706."""
    (a, b, c, d), _ = corrected_cells(frame, policy)
    n1, n2 = a + b, c + d
    n = n1 + n2
    w = n1 * n2 / n
    effect = float((a * n2 / n - c * n1 / n).sum() / w.sum())
    p = (c * (n1 / n) ** 2 - a * (n2 / n) ** 2 + (n1 / n) * (n2 / n) * (n2 - n1) / 2).sum()
    q = (a * (n2 - c) / n + c * (n1 - a) / n).sum() / 2
    return _difference(effect, float((effect * p + q) / w.sum() ** 2), w / w.sum())


def rate_ratio_sums(frame: pd.DataFrame, policy: ZeroPolicy) -> Sums:
    """Greenland and Robins (1985), doi 10.2307/2530643."""
    (x1, t1, x2, t2), _ = corrected_rates(frame, policy)
    t = t1 + t2
    r, s = x1 * t2 / t, x2 * t1 / t
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (t1 * t2 * (x1 + x2) / t**2).sum() / (r.sum() * s.sum())
    return _ratio(r, s, float(variance))


def rate_difference_sums(frame: pd.DataFrame, policy: ZeroPolicy) -> Sums:
    """Greenland and Robins (1985), doi 10.2307/2530643."""
    (x1, t1, x2, t2), _ = corrected_rates(frame, policy)
    t = t1 + t2
    w = t1 * t2 / t
    effect = float((x1 * t2 / t - x2 * t1 / t).sum() / w.sum())
    variance = float(((x1 * t2**2 + x2 * t1**2) / t**2).sum() / w.sum() ** 2)
    return _difference(effect, variance, w / w.sum())


MANTEL_HAENSZEL: dict[str, Callable[[pd.DataFrame, ZeroPolicy], Sums]] = {
    "risk_ratio": risk_ratio_sums,
    "odds_ratio": odds_ratio_sums,
    "risk_difference": risk_difference_sums,
    "rate_ratio": rate_ratio_sums,
    "rate_difference": rate_difference_sums,
}
"""Measures with Mantel-Haenszel sums: function of the frame and the zero policy."""


PETO = ("odds_ratio", "peto_odds_ratio")
"""Measures that Peto's method pools."""


def peto_sums(frame: pd.DataFrame) -> Sums:
    """Sum of O - E over the sum of V: Yusuf et al. (1985), doi 10.1016/S0033-0620(85)80003-7."""
    excess, variance = observed_less_expected(two_by_two(frame))
    whole = float(variance.sum())
    if whole == 0:
        raise SynthesisError("no study has both events and non-events; Peto's method needs them")
    return Sums(float(excess.sum()) / whole, whole**-0.5, variance / whole)


def mantel_haenszel(
    studies: pd.DataFrame, effects: Effects, measure: Measure, model: Model
) -> Synthesis:
    """One common effect by Mantel and Haenszel, for two studies or more."""
    if measure.key not in MANTEL_HAENSZEL:
        raise SynthesisError(
            f"there is no Mantel-Haenszel method for {measure.key}; "
            f"there is for: {', '.join(MANTEL_HAENSZEL)}"
        )
    policy = ZeroPolicy(model.zero_add, model.mh_zero)
    found = MANTEL_HAENSZEL[measure.key](studies, policy)
    note = ""
    if model.mh_zero != "none":
        note = f"{model.zero_add:g} was added in the Mantel-Haenszel sums (mh_zero)"
    return _common(studies, effects, (measure, model), found, note)


def peto(studies: pd.DataFrame, effects: Effects, measure: Measure, model: Model) -> Synthesis:
    """Peto's common odds ratio, for two studies or more.

    It is biased where arms are of unlike size or the effect is large (Greenland and Salvan 1990,
    doi 10.1002/sim.4780090307); a caution says so where that is so.
    """
    if measure.key not in PETO:
        raise SynthesisError(
            f"Peto's method pools odds ratios, not {measure.key}; use measure odds_ratio or "
            "peto_odds_ratio"
        )
    found = peto_sums(studies)
    a, b, c, d = two_by_two(studies)
    note = ""
    if max(((a + b) / (c + d)).max(), ((c + d) / (a + b)).max()) > 2 or abs(found.effect) > 0.7:
        note = (
            "Peto's odds ratio is biased where an arm is more than twice as large as the other or "
            "the effect is large, as here"
        )
    return _common(studies, effects, (measure, model), found, note)


def _common(
    studies: pd.DataFrame,
    effects: Effects,
    how: tuple[Measure, Model],
    found: Sums,
    note: str,
) -> Synthesis:
    measure, model = how
    half = float(quantile(model.level, np.inf)) * found.se
    limits = (found.effect - half, found.effect + half)
    assumed = "a common effect was assumed: the interval ignores any difference between the studies"
    return Synthesis(
        measure=measure, model=model, k=len(studies),
        events=events_of(studies, measure), total=total(studies, measure),
        estimate=float(measure.scale.inverse(np.array(found.effect))),
        interval=read(measure.scale, limits, model.level), prediction=None,
        effect=found.effect, se=found.se, heterogeneity=_spread(studies, effects, how, found),
        method_text=METHOD_KINDS[model.method].label,
        interval_text=f"Wald on the {measure.scale.label} scale", prediction_text="",
        studies=studies.assign(weight=found.weights),
        cautions=(
            *([note] if note else []), assumed, *discouraged(measure),
            *_shown_corrected(studies, effects, measure, model),
        ),
    )  # fmt: skip


def _shown_corrected(
    studies: pd.DataFrame, effects: Effects, measure: Measure, model: Model
) -> tuple[str, ...]:
    """That a correction serves the studies' own effects, not the sums."""
    said = zero_cautions(studies, effects, measure, model)
    return tuple(f"{text}, for the effects of the studies alone, not for the sums" for text in said)


def _spread(
    studies: pd.DataFrame, effects: Effects, how: tuple[Measure, Model], found: Sums
) -> Heterogeneity:
    """Heterogeneity of the studies' own effects, with Q around the common effect of the sums."""
    measure, model = how
    y, v = effects.effect, effects.variance
    if model.method == "peto":
        excess, variance = observed_less_expected(two_by_two(studies))
        y, v = excess / variance, 1 / variance
    q = float((((y - found.effect) ** 2) / v).sum())
    spread, df = random_spread(effects, 0.0, model), len(y) - 1
    return replace(
        spread, q=q, p=float(special.chdtrc(df, q)), i2_q=max(0.0, (q - df) / q) if q > 0 else 0.0,
        tau2_text=f"{spread.tau2_text}, of the {measure.scale.label} effects",
    )  # fmt: skip


@dataclass(frozen=True)
class StratifiedTests:
    """Tests of a set of 2 x 2 tables.

    Attributes:
        association, association_p: Cochran-Mantel-Haenszel chi-square with 1 df.
        homogeneity, homogeneity_p: Breslow and Day's chi-square of one odds ratio in all tables,
            with Tarone's correction and `df` degrees of freedom.
    """

    association: float
    association_p: float
    homogeneity: float
    homogeneity_p: float
    df: int


def stratified_tests(frame: pd.DataFrame, *, continuity: bool = True) -> StratifiedTests:
    """Is there any association, and is it the same in all studies?

    Sources: Mantel and Haenszel (1959); Tarone (1985), doi 10.1093/biomet/72.1.91.

    Args:
        frame: comparisons with `events_t`, `total_t`, `events_c`, `total_c`.
        continuity: take half off the difference, as Mantel and Haenszel did.

    >>> rows = pd.DataFrame({"events_t": [4, 6], "total_t": [20, 30], "events_c": [9, 12],
    ...                      "total_c": [20, 30]})
    >>> round(stratified_tests(rows).association, 3)
    4.584
    """
    a, b, c, d = two_by_two(frame)
    excess, variance = observed_less_expected((a, b, c, d))
    if variance.sum() == 0:
        raise SynthesisError("no study has both events and non-events; there is nothing to test")
    gap = max(abs(float(excess.sum())) - 0.5 * continuity, 0.0)
    association = gap**2 / float(variance.sum())
    useful = ((a + c) > 0) & ((b + d) > 0)
    common = float(np.exp(odds_ratio_sums(frame, ZeroPolicy(0.0, "none")).effect))
    n1, n2, x = (a + b)[useful], (c + d)[useful], (a + c)[useful]
    fit = expected(n1, n2, x, np.array(common))
    parts = (fit, n1 - fit, x - fit, n2 - x + fit)
    spread = 1 / np.sum([1 / part for part in parts], axis=0)
    away = a[useful] - fit
    homogeneity = float((away**2 / spread).sum() - away.sum() ** 2 / spread.sum())
    df = int(useful.sum()) - 1
    p = float(special.chdtrc(df, homogeneity)) if df else 1.0
    return StratifiedTests(association, float(special.chdtrc(1, association)), homogeneity, p, df)
