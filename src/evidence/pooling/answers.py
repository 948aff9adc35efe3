"""From a frame of studies to a pooled answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import choose
from ..incidence import person_time_counts, rate_limits
from ..measures.kinds import Effects, Measure
from ..measures.measure import MEASURES
from ..measures.scale import RATE_UNITS
from ..rates import counts, names_of, proportion_limits
from .bayes import bayes_binomial, bayes_normal
from .beta_binomial import beta_binomial
from .clustered import robust, three_level
from .contrasts import pool_contrasts
from .dependence import refuse_dependent
from .glmm import glmm
from .heterogeneity import Interval
from .inverse_variance import common_effect, random_effects, total
from .options import Model
from .synthesis import Synthesis

Array = NDArray[np.float64]

EMPTY = np.array([], float)

LIKELIHOODS = ("glmm", "beta_binomial", "bayes_binomial")
"""Methods that work on the counts themselves."""


def pool(
    frame: pd.DataFrame, measure: str = "proportion_logit", model: Model | None = None
) -> Synthesis:
    """The pooled answer of the rows of a frame, one row per study.

    Args:
        frame: rows with the columns that the measure needs (such as `events` and `total`, or
            `events_t`, `total_t`, `events_c`, `total_c`) and `study_id`.
        measure: a key of `MEASURES`.
        model: how to pool; the default is random effects by inverse variance, REML,
            Hartung-Knapp with the safeguard, and a prediction interval.

    Returns:
        A `Synthesis`. No study: every figure is None. One study: its own rate and interval.
        Two: no prediction interval. Each case carries its caution.

    Raises:
        SynthesisError: unknown measure, missing columns, counts that cannot be, several rows of one
            cohort with a method that takes rows as independent.

    >>> frame = pd.DataFrame({"study_id": list("abcd"), "events": [3, 6, 10, 1],
    ...                       "total": [11, 17, 21, 6]})
    >>> answer = pool(frame)
    >>> round(answer.estimate, 4), answer.k
    (0.3724, 4)
    """
    model = model or Model()
    measured = in_unit(choose(MEASURES, measure, "measure"), model)
    refuse_dependent(frame, model.method)
    if measured.kind != "rate":
        return pool_contrasts(frame, measured, model)
    choose(METHODS, model.method, f"method of measure {measure!r}")
    alone = alone_rates(frame, measured, model)
    if len(frame) == 0:
        return _nothing(with_columns(frame, **alone, effect=EMPTY, variance=EMPTY), measured, model)
    effects = measured.compute(frame, model.zero_policy())
    studies = with_columns(frame, **alone, effect=effects.effect, variance=effects.variance)
    if measured.scale_at is not None:
        harmonic = len(effects.size) / float((1 / effects.size).sum())
        measured = in_unit(replace(measured, scale=measured.scale_at(harmonic)), model)
    if len(studies) == 1:
        return _single(studies, measured, model)
    return METHODS[model.method](studies, effects, measured, model)


def in_unit(measure: Measure, model: Model) -> Measure:
    """The measure with incidence rates printed in the unit that the model asks for."""
    if "person-years" not in measure.scale.unit:
        return measure
    unit = replace(measure.scale, unit=f" {model.unit}", factor=RATE_UNITS[model.unit])
    return replace(measure, scale=unit)


def alone_rates(frame: pd.DataFrame, measure: Measure, model: Model) -> dict[str, Array]:
    """Each study's own rate and interval: `estimate`, `low`, `high`, on the reading scale."""
    if measure.counts_people:
        events, size = counts(frame)
        low, high = proportion_limits(events, size, model.study_interval, model.level)
    else:
        events, size = person_time_counts(frame)
        low, high = rate_limits(events, size, model.rate_interval, model.level)
    return {"estimate": events / size, "low": low, "high": high}


def with_columns(frame: pd.DataFrame, **new: Array) -> pd.DataFrame:
    """The frame with a `study_id` and these columns, in one go: pandas is slow column by column."""
    if "study_id" not in frame.columns:
        frame = frame.assign(study_id=names_of(frame))
    if old := [name for name in new if name in frame.columns]:
        frame = frame.drop(columns=old)
    table = np.array(list(new.values()), float).T
    return pd.concat([frame, pd.DataFrame(table, frame.index, list(new))], axis=1)


def _nothing(studies: pd.DataFrame, measure: Measure, model: Model) -> Synthesis:
    return Synthesis(
        measure=measure, model=model, k=0, events=0, total=0,
        estimate=None, interval=None, prediction=None, effect=None, se=None, heterogeneity=None,
        method_text="Nothing to pool", interval_text="", prediction_text="",
        studies=studies.assign(weight=np.array([], float)),
        cautions=("no row answers the question, so there is no estimate",),
    )  # fmt: skip


def _single(studies: pd.DataFrame, measure: Measure, model: Model) -> Synthesis:
    """One study's own rate and interval; a likelihood method takes the exact one."""
    if model.method in LIKELIHOODS:
        model = replace(model, study_interval="clopper_pearson", rate_interval="exact")
        studies = studies.assign(**alone_rates(studies, measure, model))
    row = studies.iloc[0]
    kind = model.study_interval if measure.counts_people else model.rate_interval
    limits = (float(row["low"]), float(row["high"]))
    return Synthesis(
        measure=measure, model=model, k=1, events=int(row["events"]),
        total=total(studies, measure), estimate=float(row["estimate"]),
        interval=Interval(*limits, model.level),
        prediction=None, effect=None, se=None, heterogeneity=None,
        method_text="One study, not pooled",
        interval_text=f"the study's own {kind.replace('_', ' ')} interval",
        prediction_text="", studies=studies.assign(weight=1.0),
        cautions=("one study: its own rate and interval, nothing is pooled",),
    )  # fmt: skip


METHODS: dict[str, Callable[[pd.DataFrame, Effects, Measure, Model], Synthesis]] = {
    "inverse_variance": random_effects,
    "common_effect": common_effect,
    "glmm": glmm,
    "three_level": three_level,
    "robust": robust,
    "beta_binomial": beta_binomial,
    "bayes_normal": bayes_normal,
    "bayes_binomial": bayes_binomial,
}
"""Ways to pool two studies or more; the keys of `METHOD_KINDS`."""
