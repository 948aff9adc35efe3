"""What a GLMM can say about each study: its shrunken rate, and the answer without it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import SynthesisError
from .corners import corner
from .families import FAMILIES, Family
from .glmm_fit import GlmmFit, Problem, fit_glmm, refit_glmm
from .glmm_profile import mean_profile
from .heterogeneity import Interval
from .inverse_variance import read
from .mean import quantile
from .quadrature import integrate
from .synthesis import Synthesis
from .weighting import intercept

Array = NDArray[np.float64]

AT_ONCE = 50_000
"""Counts that are fitted in one go when studies are left out in turn."""


@dataclass(frozen=True)
class GlmmDetails:
    """What a GLMM answer can say beyond its summary.

    Attributes:
        profile_interval: profile-likelihood interval of the pooled rate, reading scale.
        shrunken: one row per study: `study_id`, the model's rate for it with `low` and `high`.
        leave_one_out: one row per study left out: `study_id`, `estimate`, `low`, `high`,
            `effect`, `se`, `tau2`.
    """

    profile_interval: Interval
    shrunken: pd.DataFrame
    leave_one_out: pd.DataFrame


def glmm_details(answer: Synthesis) -> GlmmDetails:
    """Profile interval, shrunken rates and leave-one-out of a GLMM answer.

    Raises:
        SynthesisError: an answer of another method, or one that no model was fitted for.

    >>> from evidence import Model, pool
    >>> frame = pd.DataFrame({"study_id": list("abc"), "events": [3, 0, 10], "total": [11, 9, 21]})
    >>> details = glmm_details(pool(frame, model=Model(method="glmm")))
    >>> details.shrunken["estimate"].round(3).tolist()
    [0.249, 0.097, 0.429]
    """
    if answer.model.method != "glmm" or answer.likelihood is None:
        raise SynthesisError("these details need an answer that a GLMM was fitted for")
    family = FAMILIES[answer.model.link if answer.measure.counts_people else "log"]
    events, size = _counts(answer)
    found = fit_glmm(Problem(events, size, intercept(len(events)), family))
    level = answer.model.level
    return GlmmDetails(
        profile_interval=read(answer.measure.scale, mean_profile(found, level), level),
        shrunken=_shrunken(answer, found, family),
        leave_one_out=_leave_one_out(answer, found),
    )


def _counts(answer: Synthesis) -> tuple[Array, Array]:
    size = "total" if answer.measure.counts_people else "person_time"
    return answer.studies["events"].to_numpy(float), answer.studies[size].to_numpy(float)


def _shrunken(answer: Synthesis, found: GlmmFit, family: Family) -> pd.DataFrame:
    """Posterior mean of each study's effect, with its variance and that of the pooled mean.

    With V the posterior variance of the standardised random effect: the variance of the effect is
    tau^2 V, plus V^2 times the variance of the mean, of which a share V reaches the study.
    """
    problem, tau = found.problem, float(found.tau)
    eta = problem.eta(found.beta)
    if tau > 0:
        parts = integrate(
            family, eta, found.tau[..., None], problem.counts, problem.rule, found.start
        )
        shift = tau * tau * parts.eta
        share = np.clip(1 + tau * tau * parts.eta_eta, 0.0, 1.0)
    else:
        shift, share = np.zeros_like(eta), np.ones_like(eta)
    se = np.sqrt(tau**2 * share + share**2 * found.covariance[0, 0])
    half = float(quantile(answer.model.level, np.inf)) * se
    effect = eta + shift
    return pd.DataFrame(
        {
            "study_id": answer.studies["study_id"].astype(str).to_numpy(),
            "estimate": family.inverse(effect),
            "low": family.inverse(effect - half),
            "high": family.inverse(effect + half),
        }
    )


def _leave_one_out(answer: Synthesis, whole: GlmmFit) -> pd.DataFrame:
    """The answer without each study in turn, all fitted together."""
    events, size = _counts(answer)
    family, k = whole.problem.family, len(events)
    names = answer.studies["study_id"].astype(str).to_numpy()
    kept = np.array([[j for j in range(k) if j != i] for i in range(k)])
    rows: list[dict[str, object]] = [{} for _ in range(k)]
    fitted = []
    for i in range(k):
        others = answer.studies.iloc[kept[i]]
        special_case = corner(others, answer.measure, answer.model) if k > 2 else None
        if k > 2 and special_case is None:
            fitted.append(i)
        else:
            rows[i] = _corner_row(others, special_case)
    step = max(1, AT_ONCE // k)
    for first in range(0, len(fitted), step):
        which = fitted[first : first + step]
        rest = Problem(events[kept[which]], size[kept[which]], intercept(k - 1), family)
        found = refit_glmm(rest, whole)
        for i, row in zip(which, _fit_rows(found, family, answer.model.level), strict=True):
            rows[i] = row
    return pd.DataFrame(rows).assign(study_id=names)[
        ["study_id", "estimate", "low", "high", "effect", "se", "tau2"]
    ]


def _fit_rows(found: GlmmFit, family: Family, level: float) -> list[dict[str, object]]:
    se = np.sqrt(found.covariance[:, 0, 0])
    half = quantile(level, found.problem.events.shape[-1] - 1) * se
    effect = found.beta[:, 0]
    columns = {
        "estimate": family.inverse(effect),
        "low": family.inverse(effect - half),
        "high": family.inverse(effect + half),
        "effect": effect,
        "se": se,
        "tau2": found.tau**2,
    }
    return [{name: float(values[i]) for name, values in columns.items()} for i in range(len(se))]


def _corner_row(rest: pd.DataFrame, answer: Synthesis | None) -> dict[str, object]:
    """One study left, or studies that a model cannot be fitted to."""
    if answer is None or answer.interval is None:
        row = rest.iloc[0]
        estimate, low, high = row["estimate"], row["low"], row["high"]
    else:
        estimate, low, high = answer.estimate, answer.interval.low, answer.interval.high
    return {
        "estimate": estimate, "low": low, "high": high, "effect": None, "se": None, "tau2": None,
    }  # fmt: skip
