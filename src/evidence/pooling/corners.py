"""Counts for which a likelihood model has no finite estimate, and what is answered instead."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from ..measures.kinds import Measure
from ..rates import proportion_limits
from .heterogeneity import Interval
from .inverse_variance import total
from .options import Model
from .synthesis import Synthesis

Array = NDArray[np.float64]


def corner(studies: pd.DataFrame, measure: Measure, model: Model) -> Synthesis | None:
    """The answer where nobody, everybody, or in each study either nobody or everybody had it.

    Otherwise None, and the model can be fitted.
    """
    events = studies["events"].to_numpy(float)
    if not measure.counts_people:
        return _no_events(studies, measure, model) if events.sum() == 0 else None
    size = studies["total"].to_numpy(float)
    if events.sum() == 0:
        return _no_events(studies, measure, model)
    if np.array_equal(events, size):
        return _only_events(studies, measure, model)
    if np.all((events == 0) | (events == size)) and size.max() > 1:
        return _all_or_nothing(studies, measure, model)
    if size.max() == 1:
        return _one_person_each(studies, measure, model)
    return None


def _no_events(studies: pd.DataFrame, measure: Measure, model: Model) -> Synthesis:
    """Estimate 0 with the exact one-sided upper limit of the summed counts."""
    miss, size = 1 - model.level, total(studies, measure)
    high = -np.expm1(np.log(miss) / size) if measure.counts_people else -np.log(miss) / size
    return _bound(studies, measure, model, 0.0, (0.0, float(high)), "no study has an event")


def _only_events(studies: pd.DataFrame, measure: Measure, model: Model) -> Synthesis:
    low = float(np.exp(np.log(1 - model.level) / total(studies, measure)))
    return _bound(
        studies, measure, model, 1.0, (low, 1.0), "everybody in every study had the event"
    )


def _bound(
    studies: pd.DataFrame,
    measure: Measure,
    model: Model,
    estimate: float,
    limits: tuple[float, float],
    why: str,
) -> Synthesis:
    return _answer(
        studies, measure, model, estimate, limits,
        "Likelihood at the bound of the rate",
        "exact, one-sided, of the summed counts",
        f"{why}: the estimate lies at the bound, its limit is exact and one-sided and assumes that "
        "all studies share one rate; how much they differ cannot be known",
    )  # fmt: skip


def _all_or_nothing(studies: pd.DataFrame, measure: Measure, model: Model) -> Synthesis:
    """Every study at 0 or n: the likelihood rises with tau for ever, and only a mean is left."""
    events = studies["events"].to_numpy(float)
    full, k = float((events > 0).sum()), float(len(events))
    low, high = proportion_limits(np.array([full]), np.array([k]), "clopper_pearson", model.level)
    return _answer(
        studies, measure, model, full / k, (float(low[0]), float(high[0])),
        "Likelihood with unbounded between-study variance",
        "exact, with each study as one observation",
        "in each study either nobody or everybody had the event, so the between-study variance has "
        "no finite estimate: the answer is the mean rate over studies, each study counting as one",
    )  # fmt: skip


def _one_person_each(studies: pd.DataFrame, measure: Measure, model: Model) -> Synthesis:
    """Studies of one person: their likelihood knows the mean rate and nothing else."""
    events, size = studies["events"].sum(), total(studies, measure)
    limits = exact_interval(float(events), float(size), True, model.level)
    return _answer(
        studies, measure, model, float(events / size), limits,
        "Likelihood of studies of one person each",
        "exact, of the summed counts",
        "every study has one person, so how much the studies differ cannot be known: the answer is "
        "the mean rate",
    )  # fmt: skip


def _answer(
    studies: pd.DataFrame,
    measure: Measure,
    model: Model,
    estimate: float,
    limits: tuple[float, float],
    *words: str,
) -> Synthesis:
    method, kind, caution = words
    interval = Interval(*limits, model.level)
    size = studies["total" if measure.counts_people else "person_time"].to_numpy(float)
    weight = size / size.sum()
    if "unbounded" in method:
        weight = np.full(len(size), 1 / len(size))
    return Synthesis(
        measure=measure, model=model, k=len(studies),
        events=int(studies["events"].sum()), total=total(studies, measure),
        estimate=estimate, interval=interval, prediction=None, effect=None, se=None,
        heterogeneity=None, method_text=method, interval_text=kind, prediction_text="",
        studies=studies.assign(weight=weight), cautions=(caution,),
        mean_rate=estimate, mean_rate_interval=interval,
    )  # fmt: skip


def exact_interval(events: float, size: float, people: bool, level: float) -> tuple[float, float]:
    """Clopper-Pearson limits of a proportion, Garwood's of a rate."""
    if people:
        low, high = proportion_limits(
            np.array([events]), np.array([size]), "clopper_pearson", level
        )
        return float(low[0]), float(high[0])
    miss = 1 - level
    lower = float(special.gammaincinv(events, miss / 2)) / size if events else 0.0
    return lower, float(special.gammainccinv(events + 1, miss / 2)) / size
