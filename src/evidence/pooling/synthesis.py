"""The pooled answer: one frozen value that prints itself."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from ..measures.kinds import Measure
from .heterogeneity import Heterogeneity, Interval
from .options import Model


@dataclass(frozen=True)
class Likelihood:
    """How well a likelihood model fits, and how exactly that is known.

    Attributes:
        log_likelihood: with all binomial or Poisson constants.
        parameters: how many were estimated.
        aic: 2 * parameters - 2 * log_likelihood.
        accuracy: largest difference between the log-likelihood and the same integral on a grid
            twice as fine, at the estimate.
        covariance: of the coefficient and of tau, analysis scale; tau's part is zero at tau = 0.
        correlation: intraclass correlation, of a beta-binomial model.
    """

    log_likelihood: float
    parameters: int
    accuracy: float
    covariance: tuple[tuple[float, float], tuple[float, float]]
    correlation: float | None = None

    @property
    def aic(self) -> float:
        """Akaike's criterion; smaller is better, for the same studies only."""
        return 2 * self.parameters - 2 * self.log_likelihood


@dataclass(frozen=True, kw_only=True, eq=False)
class Synthesis:
    """A pooled answer: complete when it exists, and able to print itself.

    A figure that cannot be given is None and a caution says why; nothing is ever NaN.

    Attributes:
        measure, model: what was pooled and how.
        k: studies that entered.
        events, total: their events, and their people or person-time.
        estimate: the answer on the reading scale, a fraction or a rate per unit of person-time.
        interval, prediction: on the reading scale; where the answer lies, and a new study's rate.
        effect, se: the answer and its standard error on the analysis scale.
        heterogeneity: None below two studies.
        method_text: the method in words, for print.
        interval_text, prediction_text: which interval, which prediction interval.
        studies: one row per study that entered: the input columns and `estimate`, `low`, `high`
            (reading scale), `effect`, `variance` (analysis scale), `weight` (fractions, sum 1).
        cautions: what a reader must know before using the figures.
        mean_rate, mean_rate_interval: the mean over studies of the rate (marginal), where
            `estimate` is the rate of the middle study (median, conditional); None otherwise.
        readings: the answer read back in several ways where the scale has no single way back
            (Freeman-Tukey): columns `at`, `size`, `estimate`, `low`, `high`; None otherwise.
        likelihood: log-likelihood, AIC and how exactly they are known; None without a likelihood.
        posterior: of a Bayesian answer, for `probability_above`; None otherwise.
        left_out: comparisons that say nothing on a ratio and have no weight, with `reason`; None
            where there is none.
    """

    measure: Measure
    model: Model
    k: int
    events: int
    total: float
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
    mean_rate: float | None = None
    mean_rate_interval: Interval | None = None
    readings: pd.DataFrame | None = field(default=None, repr=False)
    likelihood: Likelihood | None = None
    posterior: object = field(default=None, repr=False)
    left_out: pd.DataFrame | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return self.summary()

    def summary(self) -> str:
        """The answer as a few lines of plain text, cautions included."""
        from .wording import summary

        return summary(self)

    def _repr_html_(self) -> str:
        from .wording import html

        return html(self)

    def methods_text(self) -> str:
        """A paragraph for the methods section of an article."""
        from .methods_text import methods_text

        return methods_text(self)

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
            "mean_rate": self.mean_rate,
            "mean_rate_low": self.mean_rate_interval and self.mean_rate_interval.low,
            "mean_rate_high": self.mean_rate_interval and self.mean_rate_interval.high,
            "effect": self.effect,
            "se": self.se,
            "tau2": spread and spread.tau2,
            "tau2_low": spread and spread.tau2_interval.low,
            "tau2_high": spread and spread.tau2_interval.high,
            "i2": spread and spread.i2,
            "q": spread and spread.q,
            "q_df": spread and spread.df,
            "q_p": spread and spread.p,
            "log_likelihood": self.likelihood and self.likelihood.log_likelihood,
            "cautions": "; ".join(self.cautions),
        }
        return pd.DataFrame([row])
