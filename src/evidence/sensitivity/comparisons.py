"""Which analyses of comparisons and scores can be defended; the measure stays the question's own.

Another measure of the same rows is read on another scale, so it cannot share a curve.
"""

from __future__ import annotations

from dataclasses import replace

from ..measures.kinds import Measure
from ..pooling.model import Model
from .specifications import (
    COMMON_EFFECT,
    INTERVALS,
    LANGAN,
    LIKELIHOOD_INTERVALS,
    NONE,
    STATED,
    TAU2,
    ZEROS,
    Choice,
    Specification,
    specified,
)

BRADBURN = "Bradburn et al. 2007, doi 10.1002/sim.2528"
JACKSON = "Jackson et al. 2018, doi 10.1002/sim.7588"
GREENLAND = "Greenland and Salvan 1990, doi 10.1002/sim.4780090307"

SUMS: dict[str, Choice] = {
    "mantel_haenszel": Choice("Mantel-Haenszel", "sensitivity", BRADBURN),
    "peto": Choice("Peto", "discouraged", GREENLAND),
}
MIXED: dict[str, Choice] = {
    "conditional_approximate": Choice("GLMM, conditional (approximate)", "sensitivity", JACKSON),
    "fixed_baseline": Choice("GLMM, own baselines", "sensitivity", JACKSON),
}
"""Mixed models; the exact conditional one takes seconds with large arms, so only if stated."""
OFFERED: dict[str, tuple[str, ...]] = {
    "mantel_haenszel": (
        "risk_ratio", "odds_ratio", "risk_difference", "rate_ratio", "rate_difference",
    ),
    "peto": ("odds_ratio",),
    "glmm": ("odds_ratio", "rate_ratio"),
}  # fmt: skip
"""Methods beside inverse variance -> the measures that have them."""
UNCORRECTED = ("arcsine_difference", "root_rate_difference")
USED: dict[str, tuple[str, ...]] = {
    "inverse_variance": ("tau2", "interval", "zero", "zero_add", "double_zero"),
    "common_effect": ("zero", "zero_add", "double_zero"),
    "mantel_haenszel": ("mh_zero",),
    "glmm": ("two_arm", "interval"),
}
"""Options of a model that change its answer, by method."""


def comparisons(measure: Measure, model: Model, zeros: bool) -> tuple[Specification, ...]:
    """Every analysis that can be defended, and the discouraged ones in use; the stated one first.

    Args:
        measure: of the question, of two arms or of scores.
        model: as stated; its level is that of all.
        zeros: whether an arm has no event or only events, so that corrections differ.

    >>> from evidence.measures.measure import MEASURES
    >>> found = comparisons(MEASURES["risk_ratio"], Model(), zeros=False)
    >>> len(found), found[0].method, found[-1].method
    (12, 'inverse variance', 'Mantel-Haenszel')
    """
    plain = Model(level=model.level, unit=model.unit)
    scale = Choice(measure.label, "sensitivity", "")
    corrections = ZEROS if zeros and measure.key not in UNCORRECTED else {"only_zero": NONE}
    found = [
        specified(
            measure.key, replace(plain, tau2=tau2, interval=interval, zero=zero),
            scale, Choice("inverse variance", "sensitivity", LANGAN), estimator, kind, corrected,
        )
        for zero, corrected in corrections.items()
        for tau2, estimator in TAU2.items()
        for interval, kind in INTERVALS.items()
        if interval != "kenward_roger" or tau2 == "REML"
    ]  # fmt: skip
    common = replace(plain, method="common_effect", interval="wald", prediction="")
    wald = INTERVALS["wald"]
    found.append(specified(measure.key, common, scale, COMMON_EFFECT, NONE, wald, NONE))
    for method, how in SUMS.items():
        if measure.key in OFFERED[method]:
            sums = replace(plain, method=method, interval="wald", prediction="")
            only = Choice("Wald", "sensitivity", how.source)  # the method has no other
            found.append(specified(measure.key, sums, scale, how, NONE, only, NONE))
    for arm, how in MIXED.items() if measure.key in OFFERED["glmm"] else ():
        for interval, kind in LIKELIHOOD_INTERVALS.items():
            mixed = replace(plain, method="glmm", two_arm=arm, interval=interval, prediction="")
            found.append(specified(measure.key, mixed, scale, how, NONE, kind, NONE))
    same = [one for one in found if _same(one.model, model)]
    first = same[0] if same else specified(
        measure.key, model, scale, Choice(model.method.replace("_", " "), *STATED),
        Choice(model.tau2, *STATED), Choice(model.interval.replace("_", " "), *STATED),
        ZEROS.get(model.zero, NONE),
    )  # fmt: skip
    primary = replace(first, model=model, standing="primary", source="stated beforehand")
    return (primary, *(one for one in found if one not in same))


def _same(one: Model, other: Model) -> bool:
    """Whether two models give the same estimate and interval."""
    return one.method == other.method and all(
        getattr(one, name) == getattr(other, name) for name in USED.get(one.method, ())
    )
