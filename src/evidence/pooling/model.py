"""How to pool (Model), the answer (Synthesis), and the one function between them (pool)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..errors import choose
from ..measures.measure import MEASURES, Effects, Measure
from ..measures.scale import Scale
from ..rates import INTERVALS, check_level, study_rates
from .heterogeneity import Heterogeneity, Interval, heterogeneity
from .mean import MEAN_INTERVALS, prediction_limits
from .tau2 import TAU2_ESTIMATORS


@dataclass(frozen=True, kw_only=True)
class Model:
    """How to pool; a sensitivity analysis is another Model.

    Attributes:
        method: a key of `METHODS`.
        tau2: a key of `TAU2_ESTIMATORS`.
        interval: a key of `MEAN_INTERVALS`.
        study_interval: a key of `evidence.rates.INTERVALS`, for each study alone.
        level: confidence level of every interval.

    Raises:
        SynthesisError: an option that is not in its register; the choices are listed.
    """

    method: str = "inverse_variance"
    tau2: str = "REML"
    interval: str = "hartung_knapp"
    study_interval: str = "wilson"
    level: float = 0.95

    def __post_init__(self) -> None:
        choose(METHODS, self.method, "method")
        choose(TAU2_ESTIMATORS, self.tau2, "tau2 estimator")
        choose(MEAN_INTERVALS, self.interval, "interval")
        choose(INTERVALS, self.study_interval, "study interval")
        check_level(self.level)


@dataclass(frozen=True, kw_only=True, eq=False)
class Synthesis:
    """A pooled answer: complete when it exists, and able to print itself.

    A figure that cannot be given is None and a caution says why; nothing is ever NaN.

    Attributes:
        measure, model: what was pooled and how.
        k: studies that entered.
        events, total: their events and people.
        estimate: the answer on the reading scale, a fraction.
        interval, prediction: on the reading scale; where the mean lies, and a new study's rate.
        effect, se: the answer and its standard error on the analysis scale.
        heterogeneity: None below two studies.
        method_text: the method in words, for print.
        interval_text, prediction_text: which interval, which prediction interval.
        studies: one row per study that entered: the input columns and `estimate`, `low`, `high`
            (reading scale), `effect`, `variance` (analysis scale), `weight` (fractions, sum 1).
        cautions: what a reader must know before using the figures.
    """

    measure: Measure
    model: Model
    k: int
    events: int
    total: int
    estimate: float | None
    interval: Interval | None
    prediction: Interval | None
    effect: float | None
    se: float | None
    heterogeneity: Heterogeneity | None
    method_text: str
    interval_text: str
    prediction_text: str
    studies: pd.DataFrame = field(repr=False)
    cautions: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.summary()

    def summary(self) -> str:
        """The answer as a few lines of plain text, cautions included."""
        from .wording import summary

        return summary(self)

    def _repr_html_(self) -> str:
        from .wording import html

        return html(self)

    def to_frame(self) -> pd.DataFrame:
        """The answer as a frame of one row, at full precision; what cannot be given is blank."""
        spread = self.heterogeneity
        row = {
            "measure": self.measure.key,
            "method": self.method_text,
            "k": self.k,
            "events": self.events,
            "total": self.total,
            "estimate": self.estimate,
            "low": self.interval and self.interval.low,
            "high": self.interval and self.interval.high,
            "level": self.model.level,
            "prediction_low": self.prediction and self.prediction.low,
            "prediction_high": self.prediction and self.prediction.high,
            "effect": self.effect,
            "se": self.se,
            "tau2": spread and spread.tau2,
            "tau2_low": spread and spread.tau2_interval.low,
            "tau2_high": spread and spread.tau2_interval.high,
            "i2": spread and spread.i2,
            "q": spread and spread.q,
            "q_df": spread and spread.df,
            "q_p": spread and spread.p,
            "cautions": "; ".join(self.cautions),
        }
        return pd.DataFrame([row])


def pool(
    frame: pd.DataFrame, measure: str = "proportion_logit", model: Model | None = None
) -> Synthesis:
    """The pooled answer of the rows of a frame, one row per study.

    Args:
        frame: rows with the columns that the measure needs (`events`, `total`) and `study_id`.
        measure: a key of `MEASURES`.
        model: how to pool; the default is random effects by inverse variance, REML,
            Hartung-Knapp with the safeguard, and a prediction interval.

    Returns:
        A `Synthesis`. No study: every figure is None. One study: its own rate and interval.
        Two: no prediction interval. Each case carries its caution.

    Raises:
        SynthesisError: unknown measure, missing columns, counts that cannot be.

    >>> frame = pd.DataFrame({"study_id": list("abcd"), "events": [3, 6, 10, 1],
    ...                       "total": [11, 17, 21, 6]})
    >>> answer = pool(frame)
    >>> round(answer.estimate, 4), answer.k
    (0.3724, 4)
    """
    model = model or Model()
    measured = choose(MEASURES, measure, "measure")
    studies = study_rates(frame, model.study_interval, level=model.level)
    effects = measured.compute(frame)
    studies = studies.assign(effect=effects.effect, variance=effects.variance)
    if len(studies) == 0:
        return _nothing(studies, measured, model)
    if len(studies) == 1:
        return _alone(studies, measured, model)
    return METHODS[model.method](studies, effects, measured, model)


def _nothing(studies: pd.DataFrame, measure: Measure, model: Model) -> Synthesis:
    return Synthesis(
        measure=measure, model=model, k=0, events=0, total=0,
        estimate=None, interval=None, prediction=None, effect=None, se=None, heterogeneity=None,
        method_text="Nothing to pool", interval_text="", prediction_text="",
        studies=studies.assign(weight=[]),
        cautions=("no row answers the question, so there is no estimate",),
    )  # fmt: skip


def _alone(studies: pd.DataFrame, measure: Measure, model: Model) -> Synthesis:
    row = studies.iloc[0]
    return Synthesis(
        measure=measure, model=model, k=1, events=int(row["events"]), total=int(row["total"]),
        estimate=float(row["estimate"]),
        interval=Interval(float(row["low"]), float(row["high"]), model.level),
        prediction=None, effect=None, se=None, heterogeneity=None,
        method_text="One study, not pooled",
        interval_text=f"the study's own {model.study_interval.replace('_', ' ')} interval",
        prediction_text="", studies=studies.assign(weight=1.0),
        cautions=("one study: its own rate and interval, nothing is pooled",),
    )  # fmt: skip


def _inverse_variance(
    studies: pd.DataFrame, effects: Effects, measure: Measure, model: Model
) -> Synthesis:
    """Random effects by inverse variance, for two studies or more."""
    y, v, k = effects.effect, effects.variance, len(studies)
    spread = heterogeneity(y, v, TAU2_ESTIMATORS[model.tau2](y, v), model.level)
    fit = MEAN_INTERVALS[model.interval](y, v, spread.tau2)
    prediction = prediction_limits(fit, spread.tau2, k, model.level) if k >= 3 else None
    cautions = _zero_cautions(studies, effects, measure)
    if k == 2:
        cautions += (
            "two studies: the between-study variance is hardly known and the interval is wide; "
            "a prediction interval needs three",
        )
    if spread.tau2 == 0:
        cautions += (
            "the between-study variance is estimated as zero, the edge of its range; "
            "that does not show that the studies agree",
        )
    return Synthesis(
        measure=measure, model=model, k=k,
        events=int(studies["events"].sum()), total=int(studies["total"].sum()),
        estimate=float(measure.scale.inverse(np.array(fit.effect))),
        interval=_read(measure.scale, fit.limits(model.level), model.level),
        prediction=prediction and _read(measure.scale, prediction, model.level),
        effect=fit.effect, se=fit.se, heterogeneity=spread,
        method_text=f"Random effects, inverse variance, {measure.scale.key} scale, {model.tau2}",
        interval_text=fit.kind, prediction_text=f"t with {k - 1} df" if prediction else "",
        studies=studies.assign(weight=fit.weights), cautions=cautions,
    )  # fmt: skip


def _zero_cautions(studies: pd.DataFrame, effects: Effects, measure: Measure) -> tuple[str, ...]:
    if not effects.corrected.any():
        return ()
    names = studies.loc[effects.corrected, "study_id"].astype(str)
    return (f"{measure.zero_policy} where nobody or everybody had the event: {', '.join(names)}",)


def _read(scale: Scale, limits: tuple[float, float], level: float) -> Interval:
    low, high = scale.inverse(np.array(limits))
    return Interval(float(low), float(high), level)


METHODS: dict[str, Callable[[pd.DataFrame, Effects, Measure, Model], Synthesis]] = {
    "inverse_variance": _inverse_variance,
}
"""Ways to pool two studies or more; the binomial GLMM takes its place here."""
