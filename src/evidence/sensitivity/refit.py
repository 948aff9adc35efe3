"""The answer of any subsets of its studies, by the model that gave it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import SynthesisError
from ..measures.measure import MEASURES, Measure
from ..measures.two_arm import says_nothing
from ..pooling.corners import corner
from ..pooling.glmm import family_of
from ..pooling.glmm_fit import Problem, fit_glmm
from ..pooling.mean import MEAN_INTERVALS, quantile
from ..pooling.model import Model, Synthesis, pool
from ..pooling.ratios import arms_of, two_arm_df
from ..pooling.two_arm_glmm import fit_two_arm
from ..pooling.weighting import intercept
from .subsets import COMMON, Array, Mask, by_size, fit_subsets

COLUMNS = ("k", "estimate", "low", "high", "effect", "se", "tau2")
AT_ONCE = 50_000
"""Counts that are fitted by GLMM in one go."""
COMPUTED = ["effect", "variance", "estimate", "low", "high", "weight"]


def refit(synthesis: Synthesis, keep: Mask) -> pd.DataFrame:
    """The answer of each subset: as many rows as `keep` has, with the columns of `COLUMNS`.

    Nothing is approximated: a GLMM is fitted anew, all subsets of one size together. A subset of
    one study has its own rate and interval. Effects of inverse variance are those that entered the
    answer, zero correction included. What a subset does not have is blank.

    Args:
        synthesis: a pooled answer.
        keep: shape (m, k), true where a study belongs to the subset.

    Raises:
        SynthesisError: a subset without a study.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"study_id": list("abc"), "events": [3, 6, 10],
    ...                       "total": [11, 17, 21]})
    >>> refit(pool(frame), ~np.eye(3, dtype=bool))["estimate"].round(3).tolist()
    [0.422, 0.404, 0.323]
    """
    keep = np.asarray(keep, bool)
    if not keep.any(-1).all():
        raise SynthesisError("a subset holds no study; keep at least one in each")
    if synthesis.model.method in WEIGHTED:
        return _inverse_variance(synthesis, keep)
    if _glmm_of_rates(synthesis):
        return _glmm(synthesis, keep)
    return _frame(_one_by_one(synthesis, keep))


WEIGHTED = ("inverse_variance", "common_effect")
"""Methods whose answers are weighted means of effects."""


def in_batches(synthesis: Synthesis) -> bool:
    """Whether the answers of many subsets are found together."""
    return synthesis.model.method in WEIGHTED or _glmm_of_rates(synthesis)


def _glmm_of_rates(synthesis: Synthesis) -> bool:
    model = synthesis.model
    plain = synthesis.measure.kind == "rate" and model.interval in ("t", "wald")
    return plain and model.method == "glmm"


def _frame(table: Array) -> pd.DataFrame:
    frame = pd.DataFrame(table, columns=list(COLUMNS))
    return frame.assign(k=frame["k"].astype(int))


def _blank(keep: Mask) -> Array:
    table = np.full((len(keep), len(COLUMNS)), np.nan)  # blank until it is filled
    table[:, 0] = keep.sum(-1)
    return table


def _fill_alone(table: Array, keep: Mask, synthesis: Synthesis) -> None:
    """Subsets of one study: its own rate and interval."""
    own = synthesis.studies[["estimate", "low", "high"]].to_numpy(float)
    alone = keep.sum(-1) == 1
    table[alone, 1:4] = own[keep[alone].argmax(-1)]


def _inverse_variance(synthesis: Synthesis, keep: Mask) -> pd.DataFrame:
    y, v = (synthesis.studies[name].to_numpy(float) for name in ("effect", "variance"))
    model, read = synthesis.model, synthesis.measure.scale.inverse
    common = model.method == "common_effect"
    tau2 = fit_subsets(y, v, keep, COMMON if common else model.tau2).tau2
    table = _blank(keep)
    _fill_alone(table, keep, synthesis)
    for rows, members in by_size(keep):
        if members.shape[-1] == 1:
            continue
        kind = MEAN_INTERVALS["wald" if common else model.interval]
        mean = kind(y[members], v[members], tau2[rows], model.level)
        low, high = mean.limits(model.level)
        table[rows, 1:] = np.stack(
            [read(mean.effect), read(low), read(high), mean.effect, mean.se, tau2[rows]], axis=1
        )
    return _frame(table)


def _glmm(synthesis: Synthesis, keep: Mask) -> pd.DataFrame:
    events, sizes = counts_of(synthesis)
    odd = _corners(synthesis, keep)
    table = _blank(keep)
    _fill_alone(table, keep, synthesis)
    table[odd] = _one_by_one(synthesis, keep[odd])
    normal = np.flatnonzero(~odd & (keep.sum(-1) > 1))
    for rows, members in by_size(keep[normal]):
        step = max(1, AT_ONCE // members.shape[-1])
        for first in range(0, len(rows), step):
            part, who = normal[rows[first : first + step]], members[first : first + step]
            table[part, 1:] = _glmm_rows(synthesis, events[who], sizes[who])
    return _frame(table)


def counts_of(synthesis: Synthesis) -> tuple[Array, Array]:
    """Events, and people or person-time."""
    size = "total" if synthesis.measure.counts_people else "person_time"
    studies = synthesis.studies
    return studies["events"].to_numpy(float), studies[size].to_numpy(float)


def event_columns(measure: Measure) -> list[str]:
    """The columns that hold events: one of a rate, one for each arm of a comparison."""
    return [name for name in measure.needs if name.startswith("events")]


def recount(synthesis: Synthesis, events: Array) -> pd.DataFrame:
    """The answer with other events in its studies: as many rows as `events` has.

    Args:
        synthesis: a pooled answer of counts.
        events: shape (m, k), or (m, 2 k) with the treated arms first.

    >>> frame = pd.DataFrame({"study_id": list("abc"), "events": [3, 6, 10],
    ...                       "total": [11, 17, 21]})
    >>> recount(pool(frame), np.array([[3, 6, 10], [4, 6, 10]]))["estimate"].round(3).tolist()
    [0.391, 0.409]
    """
    frame = synthesis.studies.drop(columns=COMPUTED, errors="ignore")
    columns = event_columns(synthesis.measure)
    table = _blank(np.ones((len(events), synthesis.k), bool))
    inner: Mask = np.zeros(len(events), bool)
    if _glmm_of_rates(synthesis) and synthesis.measure.counts_people:
        sizes = np.broadcast_to(counts_of(synthesis)[1], events.shape)
        inner = np.asarray(((events > 0) & (events < sizes) & (sizes > 1)).any(-1))
        if inner.any():
            table[inner, 1:] = _glmm_rows(synthesis, events[inner].astype(float), sizes[inner])
    for row in np.flatnonzero(~inner):
        parts = np.split(events[row].astype(int), len(columns))
        changed = frame.assign(**dict(zip(columns, parts, strict=True)))
        table[row, 1:] = _pooled(changed, synthesis)
    return _frame(table)


def _glmm_rows(synthesis: Synthesis, events: Array, sizes: Array) -> Array:
    """GLMMs of many sets of as many counts each, all fitted together."""
    family, _ = family_of(MEASURES[synthesis.measure.key], synthesis.model)
    found = fit_glmm(Problem(events, sizes, intercept(events.shape[-1]), family))
    effect, se = found.beta[:, 0], np.sqrt(found.covariance[:, 0, 0])
    df = np.inf if synthesis.model.interval == "wald" else events.shape[-1] - 1.0
    half = quantile(synthesis.model.level, df) * se
    low, high = family.inverse(effect - half), family.inverse(effect + half)
    return np.stack([family.inverse(effect), low, high, effect, se, found.tau**2], axis=1)


def _corners(synthesis: Synthesis, keep: Mask) -> Mask:
    """Subsets whose counts no model can be fitted to: nobody, everybody, or one of the two."""
    studies = synthesis.studies
    events = studies["events"].to_numpy(float)
    bound = events == 0
    if synthesis.measure.counts_people:
        size = studies["total"].to_numpy(float)
        bound |= (events == size) | (size == 1)
    suspect = (keep & ~bound).sum(-1) == 0
    suspect &= keep.sum(-1) > 1
    for row in np.flatnonzero(suspect):
        rest = studies.iloc[np.flatnonzero(keep[row])]
        suspect[row] = corner(rest, synthesis.measure, synthesis.model) is not None
    return np.asarray(suspect, bool)


def _one_by_one(synthesis: Synthesis, keep: Mask) -> Array:
    """Every subset through `pool` itself: for methods without a batch, and corners."""
    frame = synthesis.studies.drop(columns=COMPUTED, errors="ignore")
    table = _blank(keep)
    for row, members in enumerate(keep):
        table[row, 1:] = _pooled(frame.iloc[np.flatnonzero(members)], synthesis)
    return table


def _pooled(frame: pd.DataFrame, synthesis: Synthesis) -> list[float]:
    """The last columns of `COLUMNS` of the answer of a frame."""
    measure, model = synthesis.measure, synthesis.model
    if measure.kind == "two_arm" and model.method == "glmm" and len(frame) > 1:
        return _two_arm(frame, measure, model)
    return _figures(pool(frame, measure.key, model))


def _two_arm(frame: pd.DataFrame, measure: Measure, model: Model) -> list[float]:
    """A mixed model of two arms without the profile of its tau, which takes most of the time."""
    kept = frame[~says_nothing(frame, measure)]
    found = fit_two_arm(arms_of(kept, measure), model.two_arm)
    half = float(quantile(model.level, two_arm_df(model, len(kept)))) * found.se
    ends = np.array([found.effect, found.effect - half, found.effect + half])
    return [*map(float, measure.scale.inverse(ends)), found.effect, found.se, found.tau**2]


def _figures(found: Synthesis) -> list[float]:
    """The last columns of `COLUMNS` of an answer; what it does not have is blank."""
    interval, spread = found.interval, found.heterogeneity
    figures = [found.estimate, None, None, found.effect, found.se, None]
    if interval:
        figures[1:3] = interval.low, interval.high
    if spread:
        figures[5] = spread.tau2
    return [np.nan if figure is None else figure for figure in figures]
