"""How to pool: one frozen value; a sensitivity analysis is another one."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import SynthesisError, choose
from ..incidence import RATE_INTERVALS
from ..measures.scale import LINK_SCALES, RATE_UNITS
from ..measures.zero_cells import ZERO_TARGETS, ZeroPolicy
from ..rates import INTERVALS, check_level
from .mean import MEAN_INTERVALS
from .prediction import PREDICTIONS
from .tau2 import TAU2_ESTIMATORS
from .tau2_intervals import TAU2_INTERVALS


@dataclass(frozen=True)
class Kind:
    """What one way of pooling offers; the first of each list is its default."""

    label: str
    intervals: tuple[str, ...]
    predictions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Model:
    """How to pool; a sensitivity analysis is another Model.

    Attributes:
        method: a key of `METHOD_KINDS`.
        tau2: a key of `TAU2_ESTIMATORS`, for inverse variance.
        tau2_interval: a key of `TAU2_INTERVALS`, for inverse variance.
        interval: the interval of the pooled answer, one of the method's own; the method's first
            where none is given.
        prediction: the prediction interval, likewise.
        zero: a key of `ZERO_TARGETS`: which studies get the zero correction, on scales that need
            one. Likelihood methods take every study as it is.
        zero_add: what is added.
        double_zero: a key of `DOUBLE_ZEROS`: what happens to comparisons without any event where a
            ratio is pooled by inverse variance. Likelihood methods take every study as it is.
        mh_zero: a key of `ZERO_TARGETS`: the correction of Mantel-Haenszel sums, which need none
            as long as both arms have an event somewhere.
        two_arm: a key of `TWO_ARM`, for the mixed model of odds and rate ratios.
        study_interval: a key of `evidence.rates.INTERVALS`, for each proportion alone.
        rate_interval: a key of `evidence.incidence.RATE_INTERVALS`, for each rate alone.
        link: a key of `LINK_SCALES`, for likelihood methods on proportions.
        prior: "half_normal" or "half_cauchy", of tau, for Bayesian methods.
        prior_scale: its scale.
        prior_mean_sd: standard deviation of the normal prior of the mean (counts only).
        unit: a key of `RATE_UNITS`, in which incidence rates are printed.
        level: confidence level of every interval.

    Raises:
        SynthesisError: an option that is not in its register; the choices are listed.
    """

    method: str = "inverse_variance"
    tau2: str = "REML"
    tau2_interval: str = "q_profile"
    interval: str = ""
    prediction: str = ""
    zero: str = "only_zero"
    zero_add: float = 0.5
    double_zero: str = "left_out"
    mh_zero: str = "none"
    two_arm: str = "conditional"
    study_interval: str = "wilson"
    rate_interval: str = "exact"
    link: str = "logit"
    prior: str = "half_normal"
    prior_scale: float = 0.5
    prior_mean_sd: float = 10.0
    unit: str = "per 1000 person-years"
    level: float = 0.95

    def __post_init__(self) -> None:
        kind = choose(METHOD_KINDS, self.method, "method")
        for name, offered in (("interval", kind.intervals), ("prediction", kind.predictions)):
            given = getattr(self, name) or offered[0]
            choose(dict.fromkeys(offered), given, f"{name} of method {self.method!r}")
            object.__setattr__(self, name, given)
        choose(TAU2_ESTIMATORS, self.tau2, "tau2 estimator")
        choose(TAU2_INTERVALS, self.tau2_interval, "tau2 interval")
        choose(INTERVALS, self.study_interval, "study interval")
        choose(RATE_INTERVALS, self.rate_interval, "rate interval")
        choose(dict.fromkeys(("half_normal", "half_cauchy")), self.prior, "prior")
        for name in ("prior_scale", "prior_mean_sd"):
            if not 0 < getattr(self, name) < math.inf:
                raise SynthesisError(f"{name} must be above 0; it is {getattr(self, name)!r}")
        choose(LINK_SCALES, self.link, "link")
        choose(TWO_ARM, self.two_arm, "two_arm")
        choose(DOUBLE_ZEROS, self.double_zero, "double_zero")
        choose(ZERO_TARGETS, self.mh_zero, "zero policy of Mantel-Haenszel")
        choose(RATE_UNITS, self.unit, "unit")
        check_level(self.level)
        if not (isinstance(self.zero_add, int | float) and math.isfinite(self.zero_add)):
            raise SynthesisError(f"zero_add must be a number such as 0.5; it is {self.zero_add!r}")
        self.zero_policy()

    def zero_policy(self) -> ZeroPolicy:
        """The zero correction as a value."""
        return ZeroPolicy(self.zero_add, self.zero)


DOUBLE_ZEROS: dict[str, str] = {
    "left_out": "left out, since they say nothing on a ratio",
    "corrected": "kept, with the zero correction",
}
"""What can be done with comparisons that have no event in either arm."""

TWO_ARM: dict[str, str] = {
    "conditional": "conditional on the margins, exact likelihood",
    "conditional_approximate": "conditional on the margins, approximate (binomial) likelihood",
    "fixed_baseline": "unconditional, a baseline of its own for each study",
    "random_baseline": "unconditional, baselines from a normal law",
}
"""What mixed models of two arms do about the baseline."""

METHOD_KINDS: dict[str, Kind] = {
    "inverse_variance": Kind(
        "Random effects, inverse variance", tuple(MEAN_INTERVALS), tuple(PREDICTIONS)
    ),
    "common_effect": Kind("Common effect, inverse variance", ("wald",), ("none",)),
    "mantel_haenszel": Kind("Common effect, Mantel-Haenszel", ("wald",), ("none",)),
    "exact": Kind("Common effect, exact conditional", ("exact",), ("none",)),
    "peto": Kind("Common effect, Peto", ("wald",), ("none",)),
    "glmm": Kind(
        "Generalised linear mixed model",
        ("t", "wald", "profile"),
        ("matching", "t_k2", "normal"),
    ),
    "three_level": Kind("Three-level model", ("t",), ("t",)),
    "robust": Kind("Random effects with cluster-robust variance", ("cr2",), ("none",)),
    "beta_binomial": Kind("Beta-binomial model", ("t", "wald"), ("beta",)),
    "bayes_normal": Kind("Bayesian, effects", ("posterior",), ("posterior",)),
    "bayes_binomial": Kind("Bayesian, counts", ("posterior",), ("posterior",)),
}
"""Ways to pool, with what each offers; `evidence.pooling.answers` holds their functions."""
