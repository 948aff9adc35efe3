"""Meta-regression: what explains the differences between studies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from ..errors import SynthesisError, choose
from ..formatting import fixed, p_value, percent, significant
from ..measures.kinds import Measure
from ..measures.measure import MEASURES
from .design import Design, design_of
from .glmm import family_of, problem_of
from .glmm_fit import Problem, fit_glmm
from .heterogeneity import Interval
from .mean import quantile
from .options import Model
from .tau2 import TAU2_ESTIMATORS
from .tau2_intervals import TAU2_INTERVALS
from .weighting import fit, intercept

Array = NDArray[np.float64]

INTERVALS = {
    "inverse_variance": ("hartung_knapp", "hartung_knapp_plain", "wald", "t"),
    "common_effect": ("wald",),
    "glmm": ("t", "wald"),
}
"""Intervals of the coefficients that each method offers here."""


@dataclass(frozen=True, eq=False)
class Regression:
    """A meta-regression: complete when it exists, and able to print itself.

    Attributes:
        measure, model: what was analysed and how.
        k: studies.
        coefficients: one row each: `name`, `effect`, `se`, `low`, `high`, `p`, analysis scale.
        covariance: of the coefficients.
        df: degrees of freedom of the t distribution; infinite for a normal one.
        tau2, tau2_interval: residual between-study variance; no interval for a GLMM.
        q, q_df, q_p: residual heterogeneity; None for a GLMM.
        omnibus, omnibus_df, omnibus_p: test of all moderators; F with two df where `df` is finite,
            else chi-square with the first.
        r2: share of the between-study variance that the moderators explain; None where there is
            none to explain.
        design: for predictions.
        cautions: what a reader must know.
    """

    measure: Measure
    model: Model
    k: int
    coefficients: pd.DataFrame
    covariance: Array = field(repr=False)
    df: float
    tau2: float
    tau2_interval: Interval | None
    q: float | None
    q_df: int
    q_p: float | None
    omnibus: float
    omnibus_df: tuple[float, float]
    omnibus_p: float
    r2: float | None
    design: Design = field(repr=False)
    cautions: tuple[str, ...] = ()

    def predict(self, values: pd.DataFrame) -> pd.DataFrame:
        """Rates at chosen values of the moderators, one row each.

        Returns:
            The values with `estimate`, `low`, `high`, `prediction_low`, `prediction_high` on the
            reading scale and `effect`, `se` on the analysis scale.
        """
        x = self.design.rows(values)
        effect = x @ self.coefficients["effect"].to_numpy(float)
        se = np.sqrt(np.einsum("ij,jk,ik->i", x, self.covariance, x))
        t = float(quantile(self.model.level, self.df))
        wide = t * np.sqrt(se**2 + self.tau2)
        read = self.measure.scale.inverse
        return values.assign(
            effect=effect, se=se, estimate=read(effect),
            low=read(effect - t * se), high=read(effect + t * se),
            prediction_low=read(effect - wide), prediction_high=read(effect + wide),
        )  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """The coefficients at full precision."""
        return self.coefficients.copy()

    def __str__(self) -> str:
        return self.summary()

    def methods_text(self) -> str:
        """A paragraph for the methods section of an article."""
        from .methods_text import regression_text

        return regression_text(self)

    def summary(self) -> str:
        """Coefficients, test, residual heterogeneity and cautions as plain text."""
        number = fixed(3)
        lines = [
            f"{name:<24}{number(effect)} ({number(low)} to {number(high)}), p {p_value(p)}"
            for name, effect, low, high, p in self.coefficients[
                ["name", "effect", "low", "high", "p"]
            ].itertuples(index=False)
        ]
        lines.append(f"All moderators: p {p_value(self.omnibus_p)}")
        explained = "" if self.r2 is None else f", R² {percent(self.r2, 0)}%"
        lines.append(f"Residual τ² {significant(self.tau2)}{explained}, {self.k} studies")
        lines += [f"Caution: {caution}" for caution in self.cautions]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return str(self.coefficients.to_html(index=False))


def meta_regression(
    frame: pd.DataFrame,
    moderators: Sequence[str],
    measure: str = "proportion_logit",
    model: Model | None = None,
) -> Regression:
    """Regression of the studies' effects on moderators.

    Args:
        frame: as for `pool`, with the moderators as columns.
        moderators: column names; numbers enter as they are, anything else as categories.
        measure: a key of `MEASURES`.
        model: methods inverse_variance, common_effect and glmm can do it.

    Raises:
        SynthesisError: another method, an interval it does not offer, or unusable moderators.

    >>> frame = pd.DataFrame({"study_id": list("abcde"), "events": [3, 6, 10, 1, 9],
    ...                       "total": [11, 17, 21, 6, 40], "year": [1990, 1995, 2001, 2010, 2015]})
    >>> meta_regression(frame, ["year"]).coefficients["name"].tolist()
    ['intercept', 'year']
    """
    model = model or Model(method="inverse_variance")
    measured = choose(MEASURES, measure, "measure")
    if model.method not in INTERVALS:
        raise SynthesisError(
            f"regression with method {model.method!r} is not offered; choose one of: "
            f"{', '.join(INTERVALS)}"
        )
    choose(dict.fromkeys(INTERVALS[model.method]), model.interval, "interval of a regression")
    design = design_of(frame, moderators)
    if model.method == "glmm":
        return _glmm(frame, measured, model, design)
    effects = measured.compute(frame, model.zero_policy())
    return regress(effects.effect, effects.variance, design, measured, model)


def regress(y: Array, v: Array, design: Design, measure: Measure, model: Model) -> Regression:
    """Regression of effects with variances; everything on an orthogonal basis of the design."""
    x, back = _orthogonal(design.matrix)
    k, p = x.shape
    common = model.method == "common_effect"
    tau2 = 0.0 if common else float(TAU2_ESTIMATORS[model.tau2](y, v, x))
    found = fit(y, v, tau2, x)
    factor = float(found.q) / (k - p)
    if model.interval == "hartung_knapp":
        factor = max(1.0, factor)
    factor = factor if model.interval.startswith("hartung_knapp") else 1.0
    df = np.inf if model.interval == "wald" else float(k - p)
    q = float(fit(y, v, 0.0, x).q)
    limits = TAU2_INTERVALS[model.tau2_interval](y, v, x, model.level)
    alone = 0.0 if common else float(TAU2_ESTIMATORS[model.tau2](y, v, intercept(k)))
    return _result(
        measure, model, design, back @ found.beta, back @ found.covariance @ back.T * factor, df,
        tau2=tau2,
        tau2_interval=Interval(float(limits[0]), float(limits[1]), model.level),
        q=q, q_df=k - p, q_p=float(special.chdtrc(k - p, q)),
        r2=max(0.0, (alone - tau2) / alone) if alone > 0 else None,
        cautions=_few(k, p),
    )  # fmt: skip


def _glmm(frame: pd.DataFrame, measure: Measure, model: Model, design: Design) -> Regression:
    family, measure = family_of(measure, model)
    measure.compute(frame, model.zero_policy())  # refuses impossible counts, by name
    basis, back = _orthogonal(design.matrix)
    plain = problem_of(frame, measure, family)
    k, p = basis.shape
    root = k**0.5
    found = fit_glmm(Problem(*plain.counts, basis * root, family))
    alone = float(fit_glmm(plain).tau) ** 2
    tau2, turn = float(found.tau) ** 2, back * root
    covariance = turn @ found.covariance[:p, :p] @ turn.T
    df = np.inf if model.interval == "wald" else float(k - p)
    return _result(
        measure, model, design, turn @ found.beta, covariance, df,
        tau2=tau2, tau2_interval=None, q=None, q_df=k - p, q_p=None,
        r2=max(0.0, (alone - tau2) / alone) if alone > 0 else None, cautions=_few(k, p),
    )  # fmt: skip


def _orthogonal(matrix: Array) -> tuple[Array, Array]:
    """Columns that are orthogonal, and the matrix that turns their coefficients back."""
    q, r = np.linalg.qr(matrix)
    return q, np.linalg.inv(r)


def _few(k: int, p: int) -> tuple[str, ...]:
    if k >= 10 * (p - 1):
        return ()
    return (
        f"{k} studies for {p - 1} column(s) of moderators: fewer than ten studies each, so what "
        "is found may be chance",
    )


def _result(
    measure: Measure,
    model: Model,
    design: Design,
    beta: Array,
    covariance: Array,
    df: float,
    **rest: object,
) -> Regression:
    se = np.sqrt(np.diag(covariance))
    half = float(quantile(model.level, df)) * se
    z = beta / se
    two = 2 * (special.ndtr(-np.abs(z)) if np.isinf(df) else special.stdtr(df, -np.abs(z)))
    omnibus, m = wald_test(beta[1:], covariance[1:, 1:]), float(len(beta) - 1)
    if np.isinf(df):
        omnibus_p = float(special.chdtrc(m, omnibus))
    else:
        omnibus /= m
        omnibus_p = float(special.fdtrc(m, df, omnibus))
    table = pd.DataFrame(
        {
            "name": design.names, "effect": beta, "se": se, "low": beta - half,
            "high": beta + half, "p": two,
        }
    )  # fmt: skip
    return Regression(
        measure=measure, model=model, k=len(design.matrix), coefficients=table,
        covariance=covariance, df=df, omnibus=omnibus, omnibus_df=(m, df), omnibus_p=omnibus_p,
        design=design, **rest,  # type: ignore[arg-type]
    )  # fmt: skip


def wald_test(beta: Array, covariance: Array) -> float:
    """The Wald chi-square of coefficients that are all zero."""
    scale = np.sqrt(np.diag(covariance))
    z = beta / scale
    return float(z @ np.linalg.solve(covariance / np.outer(scale, scale), z))
