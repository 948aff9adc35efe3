"""Many meta-analyses in one call: for simulations and for every way to analyse one question."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ..errors import SynthesisError, choose
from ..measures.kinds import Effects, Measure
from ..measures.measure import MEASURES
from .answers import pool
from .beta_binomial import fit_beta_binomial, refuse_rates
from .glmm import PREDICTION_LOSS, family_of
from .glmm_fit import Problem, fit_glmm
from .glmm_profile import mean_profile, tau_profile
from .mean import MEAN_INTERVALS, quantile
from .options import Model
from .prediction import PREDICTIONS, Evidence
from .tau2 import TAU2_ESTIMATORS
from .tau2_intervals import TAU2_INTERVALS
from .weighting import intercept

Array = NDArray[np.float64]
Columns = dict[str, Array]

AT_ONCE = 30_000
"""Studies that are pooled in one go by inverse variance."""
TOGETHER = 40
"""Meta-analyses that a likelihood is fitted to in one go. All climb until the last has arrived: of
more, the slowest keeps more waiting. `make bench` shows what this gains over one by one."""

COLUMNS = (
    "estimate", "low", "high", "prediction_low", "prediction_high",
    "effect", "se", "tau2", "tau2_low", "tau2_high",
)  # fmt: skip
"""What `pool_many` returns, each as in `Synthesis.to_frame`."""


def pool_many(
    events: ArrayLike,
    size: ArrayLike,
    measure: str = "proportion_logit",
    model: Model | None = None,
) -> pd.DataFrame:
    """The answers of many meta-analyses of k studies each; what `pool` gives one by one.

    Args:
        events: whole numbers, shape (m, k): m meta-analyses, k studies, two or more.
        size: people, or person-time for incidence rates, the same shape.
        measure: a key of `MEASURES` whose scale has one way back (not Freeman-Tukey).
        model: a method of `POOLED_AT_ONCE`; the zero correction "all_if_any" and the prediction
            "bootstrap" are for one meta-analysis at a time.

    Returns:
        One row per meta-analysis with `COLUMNS`: estimates, limits and prediction on the reading
        scale (a fraction, or a rate per unit of person-time), `effect`, `se` and the variances on
        the analysis scale. Blank is what `pool` does not give either, such as the prediction of
        two studies.

    Raises:
        SynthesisError: another method or option, or counts that cannot be, by (row, column).

    >>> found = pool_many([[3, 6, 10], [1, 0, 4]], [[11, 17, 21], [20, 30, 35]])
    >>> found["estimate"].round(3).tolist()
    [0.391, 0.075]
    """
    model = model or Model()
    measured = choose(MEASURES, measure, "measure")
    _refuse(measured, model)
    x, n = np.asarray(events, float), np.asarray(size, float)
    if x.ndim != 2 or x.shape != n.shape or x.shape[1] < 2:
        raise SynthesisError(
            "events and size must have one shape (meta-analyses, studies) with two studies or "
            f"more; they have {x.shape} and {n.shape}"
        )
    column = "total" if measured.counts_people else "person_time"
    m, k = x.shape
    places = pd.MultiIndex.from_product([range(m), range(k)])
    frame = pd.DataFrame({"events": x.ravel(), column: n.ravel()}, index=places)
    effects = measured.compute(frame, model.zero_policy())
    effects = Effects(*(part.reshape(m, k) for part in vars(effects).values()))
    function = POOLED_AT_ONCE[model.method]
    step = max(1, AT_ONCE // k) if function is _effects else TOGETHER
    parts = [
        function(
            x[first : first + step], n[first : first + step],
            Effects(*(part[first : first + step] for part in vars(effects).values())),
            measured, model,
        )
        for first in range(0, m, step)
    ]  # fmt: skip
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS), dtype=float)
    return pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in COLUMNS})


def _refuse(measure: Measure, model: Model) -> None:
    choose(POOLED_AT_ONCE, model.method, "method of many meta-analyses at once")
    alone = {"zero": "all_if_any", "prediction": "bootstrap"}
    for name, value in alone.items():
        if getattr(model, name) == value:
            raise SynthesisError(f"{name}={value!r} is for one meta-analysis at a time; use pool")
    if measure.scale_at is not None:
        raise SynthesisError(
            f"{measure.key} has a way back of its own in each meta-analysis; use pool"
        )


def _answer(read: Callable[[Array], Array], effect: Array, se: Array, **rest: Array) -> Columns:
    """Every column; limits are given on the analysis scale and read back, the rest is blank."""
    found = {name: np.full(effect.shape, np.nan) for name in COLUMNS}
    for name in ("low", "high", "prediction_low", "prediction_high"):
        if name in rest:
            found[name] = read(rest.pop(name))
    return found | {"estimate": read(effect), "effect": effect, "se": se} | rest


def _effects(x: Array, _: Array, effects: Effects, measure: Measure, model: Model) -> Columns:
    """Random or common effects by inverse variance."""
    y, v, design = effects.effect, effects.variance, intercept(x.shape[-1])
    common = model.method == "common_effect"
    tau2 = np.zeros(len(x)) if common else TAU2_ESTIMATORS[model.tau2](y, v, design)
    mean = MEAN_INTERVALS[model.interval](y, v, tau2, model.level)
    low, high = mean.limits(model.level)
    rest = {"low": low, "high": high, "tau2": tau2}
    rest["tau2_low"], rest["tau2_high"] = TAU2_INTERVALS[model.tau2_interval](
        y, v, design, model.level
    )
    if x.shape[-1] >= 3 and not common:
        new = PREDICTIONS[model.prediction](Evidence(y, v, tau2, mean), model.level)
        rest |= {"prediction_low": new.low, "prediction_high": new.high}
    return _answer(measure.scale.inverse, mean.effect, mean.se, **rest)


def _likelihood(x: Array, n: Array, _: Effects, measure: Measure, model: Model) -> Columns:
    """A likelihood model where it has a maximum; the defined answers of `pool` elsewhere."""
    inside = (x > 0).any(-1)
    if measure.counts_people:
        inside = ((x > 0) & (x < n)).any(-1)
    found = {name: np.full(len(x), np.nan) for name in COLUMNS}
    if inside.any():
        fitted = _glmm if model.method == "glmm" else _beta_binomial
        for name, values in fitted(x[inside], n[inside], measure, model).items():
            found[name][inside] = values
    size = "total" if measure.counts_people else "person_time"
    for i in np.flatnonzero(~inside):
        answer = pool(pd.DataFrame({"events": x[i], size: n[i]}), measure.key, model).to_frame()
        for name in COLUMNS:
            found[name][i] = answer[name].to_numpy(float, na_value=np.nan)[0]
    return found


def _glmm(x: Array, n: Array, measure: Measure, model: Model) -> Columns:
    family, _ = family_of(measure, model)
    k, level = x.shape[-1], model.level
    found = fit_glmm(Problem(x, n, intercept(k), family))
    effect, se = found.beta[:, 0], np.sqrt(found.covariance[:, 0, 0])
    half = quantile(level, np.inf if model.interval == "wald" else k - 1.0) * se
    low, high = effect - half, effect + half
    if model.interval == "profile":
        low, high = mean_profile(found, level)
    tau_low, tau_high = tau_profile(found, level)
    rest = {
        "low": low, "high": high,
        "tau2": found.tau**2, "tau2_low": tau_low**2, "tau2_high": tau_high**2,
    }  # fmt: skip
    if k >= 3:
        lost = PREDICTION_LOSS.get(model.prediction)
        wide = quantile(level, np.inf if lost is None else float(k - lost))
        wide = wide * np.hypot(found.tau, se)
        rest |= {"prediction_low": effect - wide, "prediction_high": effect + wide}
    return _answer(family.inverse, effect, se, **rest)


def _beta_binomial(x: Array, n: Array, measure: Measure, model: Model) -> Columns:
    refuse_rates(measure)
    k, level = x.shape[-1], model.level
    found = fit_beta_binomial(x, n)
    half = quantile(level, np.inf if model.interval == "wald" else k - 1.0) * found.se
    answer = _answer(
        measure.scale.inverse, found.effect, found.se,
        low=found.effect - half, high=found.effect + half,
    )  # fmt: skip
    some = found.correlation > 0
    if k >= 3 and some.any():
        mean, spread = special.expit(found.effect[some]), 1 / found.correlation[some] - 1
        alpha, beta = mean * spread, (1 - mean) * spread
        for name, end in (("prediction_low", 1 - level), ("prediction_high", 1 + level)):
            answer[name][some] = special.betaincinv(alpha, beta, end / 2)
    return answer


POOLED_AT_ONCE: dict[str, Callable[[Array, Array, Effects, Measure, Model], Columns]] = {
    "inverse_variance": _effects,
    "common_effect": _effects,
    "glmm": _likelihood,
    "beta_binomial": _likelihood,
}
"""Methods that pool many meta-analyses in one call."""
