"""Pooling by inverse variance, with one common effect or with random effects."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..measures.kinds import Effects, Measure
from ..measures.scale import Scale
from ..measures.zero_cells import ZERO_TARGETS
from .heterogeneity import Heterogeneity, Interval, heterogeneity
from .mean import MEAN_INTERVALS, MeanFit
from .options import METHOD_KINDS, Model
from .prediction import PREDICTIONS, Evidence
from .synthesis import Synthesis
from .tau2 import TAU2_ESTIMATORS
from .tau2_intervals import TAU2_INTERVALS
from .weighting import intercept

Array = NDArray[np.float64]

TAU2_INTERVAL_NAMES = {
    "q_profile": "Q-profile",
    "profile_likelihood": "restricted profile likelihood",
    "profile_likelihood_ml": "profile likelihood",
    "biggerstaff_jackson": "Biggerstaff-Jackson",
    "jackson": "Jackson",
}


def random_effects(
    studies: pd.DataFrame, effects: Effects, measure: Measure, model: Model
) -> Synthesis:
    """Random effects by inverse variance, for two studies or more."""
    y, v, k = effects.effect, effects.variance, len(studies)
    x = intercept(k)
    tau2 = TAU2_ESTIMATORS[model.tau2](y, v, x)
    spread = random_spread(effects, float(tau2), model)
    fit = MEAN_INTERVALS[model.interval](y, v, tau2, model.level)
    prediction, shown = None, ""
    if k >= 3:
        found = PREDICTIONS[model.prediction](Evidence(y, v, tau2, fit), model.level)
        prediction = read(measure.scale, (found.low, found.high), model.level)
        shown = found.text
    return _answer(
        studies, effects, measure, model, fit,
        heterogeneity=spread, prediction=prediction, prediction_text=shown,
        method_text=f"{METHOD_KINDS[model.method].label}, {measure.scale.key} scale, {model.tau2}",
        cautions=few_studies(k) + boundary(spread.tau2),
    )  # fmt: skip


def common_effect(
    studies: pd.DataFrame, effects: Effects, measure: Measure, model: Model
) -> Synthesis:
    """One common effect by inverse variance: right only if every study has the same rate."""
    y, v = effects.effect, effects.variance
    spread = random_spread(effects, 0.0, model)
    fit = MEAN_INTERVALS["wald"](y, v, np.array(0.0), model.level)
    return _answer(
        studies, effects, measure, model, fit,
        heterogeneity=spread, prediction=None, prediction_text="",
        method_text=f"{METHOD_KINDS[model.method].label}, {measure.scale.key} scale",
        cautions=(
            "a common effect was assumed: the interval ignores any difference between the studies",
        ),
    )  # fmt: skip


def random_spread(effects: Effects, tau2: float, model: Model) -> Heterogeneity:
    """Heterogeneity figures at a given tau2, with the interval that the model asks for."""
    y, v = effects.effect, effects.variance
    x = intercept(len(y))
    limits = TAU2_INTERVALS[model.tau2_interval](y, v, x, model.level)
    found = heterogeneity(y, v, x, tau2, (float(limits[0]), float(limits[1])), model.level)
    return replace(found, tau2_text=TAU2_INTERVAL_NAMES[model.tau2_interval])


def _answer(
    studies: pd.DataFrame,
    effects: Effects,
    measure: Measure,
    model: Model,
    fit: MeanFit,
    **rest: object,
) -> Synthesis:
    cautions = (
        *zero_cautions(studies, effects, measure, model),
        *rest.pop("cautions"),  # type: ignore[misc]
        *discouraged(measure),
    )
    low, high = fit.limits(model.level)
    return Synthesis(
        measure=measure, model=model, k=len(studies),
        events=events_of(studies, measure), total=total(studies, measure),
        estimate=float(measure.scale.inverse(fit.effect)),
        interval=read(measure.scale, (low, high), model.level),
        effect=float(fit.effect), se=float(fit.se), interval_text=fit.kind,
        studies=studies.assign(weight=fit.weights), cautions=cautions,
        readings=_readings(effects, measure, fit, model), **rest,  # type: ignore[arg-type]
    )  # fmt: skip


def sizes(studies: pd.DataFrame, measure: Measure) -> Array:
    """People or person-time of each study, every arm together."""
    names = [name for name in measure.needs if name.startswith(("total", "person_time", "n"))]
    return np.asarray(studies[names].to_numpy(float).sum(-1), float)


def total(studies: pd.DataFrame, measure: Measure) -> float:
    """People as a whole number, or person-time as it is, of every arm."""
    found = float(sizes(studies, measure).sum())
    return found if measure.family == "poisson" else int(found)


def events(studies: pd.DataFrame, measure: Measure) -> Array:
    """Events of each study, every arm together; zero where scores are measured."""
    names = [name for name in measure.needs if name.startswith("events")]
    return np.asarray(studies[names].to_numpy(float).sum(-1), float)


def events_of(studies: pd.DataFrame, measure: Measure) -> int:
    """Events of every arm; none where scores are measured."""
    return int(events(studies, measure).sum())


def zero_cautions(
    studies: pd.DataFrame, effects: Effects, measure: Measure, model: Model
) -> tuple[str, ...]:
    """Which studies got a zero correction, and how much."""
    if not effects.corrected.any():
        return ()
    named = studies["study_id"]
    if "label" in studies.columns:
        named = studies["label"].fillna(named)
    names = ", ".join(named[effects.corrected].astype(str))
    where = "where nobody or everybody had the event"
    if measure.kind == "two_arm":
        where = "where one of them is zero"
    elif not measure.counts_people:
        where = "where nobody had the event"
    if model.zero != "only_zero":
        where = ZERO_TARGETS[model.zero]
    policy = measure.zero_policy.replace("0.5", f"{model.zero_add:g}", 1)
    return (f"{policy} {where}: {names}",)


def discouraged(measure: Measure) -> tuple[str, ...]:
    """Why this scale should not stand alone."""
    if not measure.discouraged:
        return ()
    return (f"the {measure.scale.label} scale is for sensitivity only: {measure.discouraged}",)


def few_studies(k: int) -> tuple[str, ...]:
    """The caution that belongs to two studies."""
    if k != 2:
        return ()
    return (
        "two studies: the between-study variance is hardly known and the interval is wide; "
        "a prediction interval needs three",
    )


def boundary(tau2: float) -> tuple[str, ...]:
    """The caution that belongs to a between-study variance of zero."""
    if tau2 != 0:
        return ()
    return (
        "the between-study variance is estimated as zero, the edge of its range; "
        "that does not show that the studies agree",
    )


def read(scale: Scale, limits: tuple[object, object], level: float) -> Interval:
    """Limits on the analysis scale as an interval on the reading scale."""
    low, high = scale.inverse(np.array(limits, float))
    return Interval(float(low), float(high), level)


def _readings(
    effects: Effects, measure: Measure, fit: MeanFit, model: Model
) -> pd.DataFrame | None:
    """A Freeman-Tukey answer read back at four different sizes (Barendregt 2013 for the last)."""
    if measure.scale_at is None:
        return None
    n = effects.size
    sizes = {
        "harmonic mean": len(n) / (1 / n).sum(),
        "geometric mean": np.exp(np.log(n).mean()),
        "arithmetic mean": n.mean(),
        "inverse variance": 1 / (4 * fit.se**2),
    }
    low, high = fit.limits(model.level)
    points, back = np.array([fit.effect, low, high], float), measure.scale_at
    rows = [(at, size, *back(float(size)).inverse(points)) for at, size in sizes.items()]
    return pd.DataFrame(rows, columns=["at", "size", "estimate", "low", "high"])
