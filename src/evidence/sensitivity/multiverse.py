"""Every defensible analysis at once: which choices move the answer, and how far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ..errors import SynthesisError
from ..formatting import percent, plural
from ..measures.kinds import Measure
from ..measures.measure import MEASURES
from ..measures.scale import Scale
from ..measures.zero_cells import ZeroPolicy
from ..pooling.corners import corner
from ..pooling.glmm import family_of, problem_of
from ..pooling.glmm_fit import fit_glmm
from ..pooling.mean import MEAN_INTERVALS, quantile
from ..pooling.model import Synthesis, pool
from ..pooling.tau2 import TAU2_ESTIMATORS
from ..pooling.weighting import intercept
from .check import NOTHING_STATED, Check, Stated, line_of, need_studies, points, shown
from .comparisons import comparisons
from .refit import COMPUTED, event_columns
from .specifications import Specification, specifications
from .subsets import Array

AS_STATED = "as stated"
"""The name of the question's own rows among the inclusion rules."""
CHOICES = ("rows", "method", "scale", "tau2", "interval", "zero")
NAMED = (*CHOICES[1:], "standing", "source")
Limits = tuple[float, float, float]


def multiverse(synthesis: Synthesis, stated: Stated = NOTHING_STATED) -> Check:
    """The answer by every defensible analysis of every stated set of rows.

    The table has one row per specification: its choices, `standing`, `source`, `k`, `estimate`,
    `low`, `high`, and whether the stated conclusion `holds`. There is no p-value of the whole: the
    specifications are not independent tests.

    Raises:
        SynthesisError: fewer than three studies, or an inclusion rule that leaves none.

    >>> from evidence import pool
    >>> frame = pd.DataFrame({"study_id": list("abcd"), "events": [3, 6, 10, 1],
    ...                       "total": [11, 17, 21, 6]})
    >>> multiverse(pool(frame)).table["standing"].value_counts().to_dict()
    {'discouraged': 49, 'sensitivity': 9, 'primary': 1}
    """
    need_studies(synthesis, 3, "a multiverse")
    sets, said = _sets(synthesis, stated)
    tables, refused = [], dict[str, None]()
    for name, frame in sets.items():
        specs = _specs(synthesis, frame, primary=name == AS_STATED)
        found, without = evaluate(frame, specs)
        tables.append(found.assign(rows=name))
        refused |= dict.fromkeys(without)
    if refused:
        said += f" Not possible: {'; '.join(refused)}."
    table = pd.concat(tables, ignore_index=True)
    centre = table.iloc[0]
    rule, holds = conclusion(table, synthesis, stated)
    table = table.assign(holds=holds)
    columns = [*CHOICES, "standing", "source", "k", "estimate", "low", "high", "holds"]
    share = float(table["holds"].mean())
    defended = table[table["standing"] != "discouraged"]
    matters = what_matters(table)
    most = matters.iloc[0]
    return Check(
        name="multiverse",
        verdict=f"{'Held' if share == 1 else 'Did not hold'}: in every specification {rule}. It "
        f"does in {percent(share, 0)}% of {plural(len(table), 'specification')}, and in "
        f"{percent(float(defended['holds'].mean()), 0)}% of the {len(defended)} that are not "
        "discouraged.",
        table=table[columns],
        text=f"The stated analysis gives {shown(centre['estimate'], synthesis)}; all give "
        f"{shown(table['estimate'].min(), synthesis)} to "
        f"{shown(table['estimate'].max(), synthesis)}, those not discouraged "
        f"{shown(defended['estimate'].min(), synthesis)} to "
        f"{shown(defended['estimate'].max(), synthesis)}. The choice that moves the estimate most "
        f"is {most['choice']} ({percent(most['estimate'], 0)}% of its variance). The "
        f"specifications are not independent, so no p-value belongs to them.{said}",
    )


def what_matters(table: pd.DataFrame) -> pd.DataFrame:
    """The share of the variance over specifications that each choice explains by itself.

    The variance of the means of its options over the whole variance, for the estimate and both
    limits. The choices overlap, so the shares need not add up to one. Largest first.
    """
    rows = []
    for choice in CHOICES:
        row: dict[str, object] = {"choice": choice, "options": table[choice].nunique()}
        for figure in ("estimate", "low", "high"):
            whole = float(table[figure].var(ddof=0))
            means = table.groupby(choice)[figure].transform("mean")
            row[figure] = float(means.var(ddof=0)) / whole if whole > 1e-24 else 0.0
        rows.append(row)
    found = pd.DataFrame(rows)
    return found.sort_values("estimate", ascending=False, kind="stable", ignore_index=True)


def conclusion(
    table: pd.DataFrame, synthesis: Synthesis, stated: Stated
) -> tuple[str, pd.Series[bool]]:
    """The conclusion of the first row in words, and in which rows it holds."""
    first = table.iloc[0]
    line, said = line_of(synthesis, stated)
    if line is not None:
        side = np.select([table["low"] > line, table["high"] < line], [1, -1], 0)
        words = {1: "lies above", -1: "lies below", 0: "includes"}[int(side[0])]
        holds = pd.Series(side == side[0], index=table.index)
        return f"the interval {words} {said}", holds
    if stated.change is not None:
        near = (table["estimate"] - first["estimate"]).abs() < stated.change
        return (
            f"the estimate is within the stated {points(stated.change, synthesis)} of that of the "
            "stated analysis"
        ), near
    inside = table["estimate"].between(first["low"], first["high"])
    return "the estimate lies inside the interval of the stated analysis", inside


def _sets(synthesis: Synthesis, stated: Stated) -> tuple[dict[str, pd.DataFrame], str]:
    """The rows of each inclusion rule, without repetitions; and in words, which were not run."""
    found = {AS_STATED: _plain(synthesis)}
    short, same, other = [], [], []
    for name, restricted in stated.restrictions.items():
        if restricted.k == 0 and name not in stated.general:
            raise SynthesisError(
                f"the inclusion rule {name!r} leaves 0 of {synthesis.k} studies; mend or drop it"
            )
        rows = _plain(restricted)
        compared = synthesis.measure.kind != "rate"
        if compared and restricted.measure.key != synthesis.measure.key:
            other.append(name)
        elif restricted.k < 2 or restricted.estimate is None:
            of = f"{restricted.k} of {plural(synthesis.k, 'study')}"
            short.append(f"{name} (leaves {of}, too few to pool)")
        elif not any(_equal(rows, one, synthesis.measure) for one in found.values()):
            found[name] = rows
        elif restricted.model == synthesis.model:
            same.append(name)
    said = {"Not run": short, "Same rows as stated or as another rule": same,
            "Read on another scale": other}  # fmt: skip
    return found, "".join(f" {what}: {'; '.join(names)}." for what, names in said.items() if names)


def _plain(synthesis: Synthesis) -> pd.DataFrame:
    """The rows as they were given, those included that say nothing on a ratio."""
    left = synthesis.left_out
    rows = [synthesis.studies] if left is None else [synthesis.studies, left]
    frame = pd.concat(rows).drop(columns=[*COMPUTED, "reason"], errors="ignore")
    return frame.reset_index(drop=True)


def _equal(one: pd.DataFrame, other: pd.DataFrame, measure: Measure) -> bool:
    """Whether two sets hold the same figures of the same studies (another model, say)."""
    names = ["study_id", *measure.needs]
    return len(one) == len(other) and bool(
        (one[names].astype(str).to_numpy() == other[names].astype(str).to_numpy()).all()
    )


def _specs(synthesis: Synthesis, frame: pd.DataFrame, primary: bool) -> list[Specification]:
    measure, at_bound = synthesis.measure, False
    for column in event_columns(measure):
        events = frame[column].to_numpy(float)
        at_bound |= bool((events == 0).any())
        if measure.counts_people:
            people = frame[column.replace("events", "total")].to_numpy(float)
            at_bound |= bool((events == people).any())
    if measure.kind == "rate":
        found = specifications(measure.key, synthesis.model, at_bound)
    else:
        found = comparisons(measure, synthesis.model, at_bound)
    if primary:
        return list(found)
    source = "inclusion rule stated beforehand"
    return [replace(found[0], standing="sensitivity", source=source), *found[1:]]


def evaluate(frame: pd.DataFrame, specs: Sequence[Specification]) -> tuple[pd.DataFrame, list[str]]:
    """Each specification of one set of rows: its choices, `k`, `estimate`, `low` and `high`.

    The figures are those of `pool`; effects, variances and fits of rates that several
    specifications share are computed once. Beside them, why analyses of comparisons are not
    possible; the first specification has to be.
    """
    linear, mixed = _InverseVariance(frame), _Mixed(frame)
    rows, refused = [], []
    for spec in specs:
        try:
            if MEASURES[spec.measure].kind != "rate":
                limits = mixed.pooled(spec)
            elif spec.model.method in ("inverse_variance", "common_effect"):
                limits = linear.limits(spec)
            elif spec.model.method == "glmm":
                limits = mixed.limits(spec)
            else:
                limits = mixed.pooled(spec)
        except SynthesisError as error:
            if MEASURES[spec.measure].kind == "rate" or spec is specs[0]:
                raise
            refused.append(f"{spec.method} ({str(error).rstrip('.')})")
            continue
        rows.append((*(getattr(spec, name) for name in NAMED), len(frame), *limits))
    return pd.DataFrame(rows, columns=[*NAMED, "k", "estimate", "low", "high"]), refused


class _InverseVariance:
    """Effects by scale and correction, tau2 by estimator: each computed when first asked for."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self.effects: dict[tuple[str, ZeroPolicy], tuple[Array, Array, Scale]] = {}
        self.between: dict[tuple[str, ZeroPolicy, str], Array] = {}

    def limits(self, spec: Specification) -> Limits:
        model, key = spec.model, (spec.measure, spec.model.zero_policy())
        if key not in self.effects:
            found = MEASURES[spec.measure].compute(self.frame, key[1])
            scale = _scale_at(MEASURES[spec.measure], found.size)
            self.effects[key] = (found.effect, found.variance, scale)
        y, v, scale = self.effects[key]
        tau2 = np.array(0.0)
        if model.method == "inverse_variance":
            if (*key, model.tau2) not in self.between:
                estimator = TAU2_ESTIMATORS[model.tau2]
                self.between[(*key, model.tau2)] = estimator(y, v, intercept(len(y)))
            tau2 = self.between[(*key, model.tau2)]
        mean = MEAN_INTERVALS[model.interval](y, v, tau2, model.level)
        return _read(scale, mean.effect, *mean.limits(model.level))


class _Mixed:
    """Likelihood models: one fit for each link, and what else `pool` has to do itself."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self.fits: dict[str, tuple[Array, Array, Scale] | None] = {}

    def limits(self, spec: Specification) -> Limits:
        model = spec.model
        if model.interval not in ("t", "wald"):
            return self.pooled(spec)
        if model.link not in self.fits:
            self.fits[model.link] = self._fit(spec)
        fitted = self.fits[model.link]
        if fitted is None:
            return self.pooled(spec)
        effect, se, scale = fitted
        df = np.inf if model.interval == "wald" else len(self.frame) - 1.0
        half = quantile(model.level, df) * se
        return _read(scale, effect, effect - half, effect + half)

    def _fit(self, spec: Specification) -> tuple[Array, Array, Scale] | None:
        """Effect and standard error on the link scale; nothing where no model can be fitted."""
        family, measure = family_of(MEASURES[spec.measure], spec.model)
        if corner(self.frame, measure, spec.model) is not None:
            return None
        found = fit_glmm(problem_of(self.frame, measure, family))
        return found.beta[0], np.sqrt(found.covariance[0, 0]), measure.scale

    def pooled(self, spec: Specification) -> Limits:
        """The estimate and limits of `pool`."""
        found = pool(self.frame, spec.measure, spec.model)
        if found.estimate is None or found.interval is None:
            raise SynthesisError(f"{found.method_text} gives no answer of {found.k} studies")
        return found.estimate, found.interval.low, found.interval.high


def _scale_at(measure: Measure, size: Array) -> Scale:
    """The scale of a measure, read back at the harmonic mean of the sizes where it needs one."""
    if measure.scale_at is None:
        return measure.scale
    return measure.scale_at(len(size) / float((1 / size).sum()))


def _read(scale: Scale, *effects: Array) -> Limits:
    estimate, low, high = scale.inverse(np.array(effects, float))
    return float(estimate), float(low), float(high)
