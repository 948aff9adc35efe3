"""Pooling of comparisons and scores: each study has an effect of its own before it is pooled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from ..errors import choose
from ..measures.kinds import Effects, Measure
from ..measures.two_arm import says_nothing
from ..measures.zero_cells import Mask
from ..rates import names_of
from .bayes import bayes_normal
from .clustered import robust, three_level
from .heterogeneity import Interval
from .inverse_variance import (
    common_effect,
    discouraged,
    events_of,
    random_effects,
    total,
    zero_cautions,
)
from .mantel_haenszel import mantel_haenszel, peto
from .mean import quantile
from .options import Model
from .ratios import exact, two_arm_glmm
from .synthesis import Synthesis
from .wording import interval_text

UNCORRECTED = ("mantel_haenszel", "peto", "exact")
"""Methods that take every table as it is; the effect of each study is for display."""


def pool_contrasts(frame: pd.DataFrame, measure: Measure, model: Model) -> Synthesis:
    """The pooled answer of comparisons or scores, one row per study; see `pool`."""
    choose(CONTRAST_METHODS, model.method, f"method of measure {measure.key!r}")
    named = frame if "study_id" in frame.columns else frame.assign(study_id=names_of(frame))
    if len(named) == 0:
        return _empty(named, measure, model)
    silent = is_left_out(named, measure, model)
    kept, left = named[~silent], named[silent]
    if len(kept) == 0:
        return _empty(kept, measure, model, left)
    effects = measure.compute(kept, model.zero_policy())
    studies = own_estimates(kept, effects, measure, model.level)
    if len(kept) == 1:
        found = _alone(studies, effects, measure, model)
    else:
        found = CONTRAST_METHODS[model.method](studies, effects, measure, model)
    return replace(
        found,
        left_out=left.assign(reason=_reasons(left)) if len(left) else None,
        cautions=found.cautions + _left_out(named, left, measure, model),
    )


def is_left_out(frame: pd.DataFrame, measure: Measure, model: Model) -> Mask:
    """The comparisons that say nothing on a ratio and so do not enter.

    A law of the baselines makes a comparison without events say something: all enter.
    """
    borrows = model.method == "glmm" and model.two_arm == "random_baseline"
    if measure.kind != "two_arm" or model.double_zero != "left_out" or borrows:
        return np.zeros(len(frame), bool)
    return says_nothing(frame, measure)


def own_estimates(
    frame: pd.DataFrame, effects: Effects, measure: Measure, level: float
) -> pd.DataFrame:
    """The frame with each study's own estimate and its Wald interval on the analysis scale."""
    half = float(quantile(level, np.inf)) * np.sqrt(effects.variance)
    ends = (effects.effect, effects.effect - half, effects.effect + half)
    estimate, low, high = (measure.scale.inverse(end) for end in ends)
    return frame.assign(
        estimate=estimate, low=low, high=high, effect=effects.effect, variance=effects.variance
    )


def _reasons(left: pd.DataFrame) -> list[str]:
    """Why each comparison says nothing on a ratio."""
    none = left["events_t"].to_numpy(float) + left["events_c"].to_numpy(float) == 0
    return ["no event in either arm" if one else "everybody had the event" for one in none]


def _left_out(
    named: pd.DataFrame, left: pd.DataFrame, measure: Measure, model: Model
) -> tuple[str, ...]:
    """Which comparisons say nothing, and what would come out with them."""
    if len(left) == 0:
        return ()
    names = ", ".join(names_of(left))
    verb = "says" if len(left) == 1 else "say"
    what = "any event" if "no event" in " ".join(_reasons(left)) else "any person free of the event"
    text = f"without {what} in either arm, {verb} nothing on a ratio: {names}"
    if model.method == "glmm":
        return (f"{text}; their part of the likelihood is the same at every ratio",)
    if model.method in UNCORRECTED:
        return (f"{text}; this method leaves out what has no event",)
    if model.zero_add == 0 or model.zero == "none":
        return (text,)
    whole = pool_contrasts(named, measure, replace(model, double_zero="corrected"))
    if whole.estimate is None:
        return (text,)
    return (
        f"{text}; with {model.zero_add:g} added to their cells the answer would be "
        f"{measure.scale.text(whole.estimate)} ({interval_text(whole.interval, measure.scale)})",
    )


def _empty(
    frame: pd.DataFrame, measure: Measure, model: Model, left: pd.DataFrame | None = None
) -> Synthesis:
    blank = np.array([], float)
    names = ("estimate", "low", "high", "effect", "variance", "weight")
    why = "no row answers the question, so there is no estimate"
    if left is not None:
        why = f"no event in any arm of {', '.join(names_of(left))}, so there is no ratio"
        left = left.assign(reason=_reasons(left))
    return Synthesis(
        measure=measure, model=model, k=0, events=0, total=0,
        estimate=None, interval=None, prediction=None, effect=None, se=None, heterogeneity=None,
        method_text="Nothing to pool", interval_text="", prediction_text="",
        studies=frame.assign(**dict.fromkeys(names, blank)), cautions=(why,), left_out=left,
    )  # fmt: skip


def _alone(studies: pd.DataFrame, effects: Effects, measure: Measure, model: Model) -> Synthesis:
    row = studies.iloc[0]
    return Synthesis(
        measure=measure, model=model, k=1,
        events=events_of(studies, measure), total=total(studies, measure),
        estimate=float(row["estimate"]),
        interval=Interval(float(row["low"]), float(row["high"]), model.level),
        prediction=None, effect=float(row["effect"]), se=float(row["variance"]) ** 0.5,
        heterogeneity=None, method_text="One study, not pooled",
        interval_text=f"Wald on the {measure.scale.label} scale", prediction_text="",
        studies=studies.assign(weight=1.0),
        cautions=(
            *zero_cautions(studies, effects, measure, model), *discouraged(measure),
            "one study: its own estimate and interval, nothing is pooled",
        ),
    )  # fmt: skip


CONTRAST_METHODS: dict[str, Callable[[pd.DataFrame, Effects, Measure, Model], Synthesis]] = {
    "inverse_variance": random_effects,
    "common_effect": common_effect,
    "mantel_haenszel": mantel_haenszel,
    "peto": peto,
    "exact": exact,
    "glmm": two_arm_glmm,
    "three_level": three_level,
    "robust": robust,
    "bayes_normal": bayes_normal,
}
"""Ways to pool two comparisons or more; keys of `METHOD_KINDS`."""
