"""The paragraph that an article's methods section needs, written from the answer itself."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import scipy

from ..measures.zero_cells import ZERO_TARGETS

if TYPE_CHECKING:
    from .regression import Regression
    from .subgroups import Subgroups
    from .synthesis import Synthesis

TAU2_NAMES = {
    "REML": "restricted maximum likelihood (REML)",
    "ML": "maximum likelihood",
    "DL": "the DerSimonian-Laird method",
    "DL2": "the two-step DerSimonian-Laird method",
    "DLIT": "the iterated DerSimonian-Laird method",
    "PM": "the Paule-Mandel method",
    "PMM": "the median-unbiased Paule-Mandel method",
    "EB": "the empirical Bayes method",
    "HE": "the Hedges-Olkin method",
    "HS": "the Hunter-Schmidt method",
    "HSk": "the Hunter-Schmidt method with small-sample correction",
    "SJ": "the Sidik-Jonkman method",
}


def methods_text(answer: Synthesis) -> str:
    """Measure, transform, model, estimator, intervals, zero cells, software and version."""
    if answer.k < 2 or answer.estimate is None:
        return f"Nothing was pooled. {_software()}"
    sentences = [_model(answer), _intervals(answer)]
    if answer.model.method in ("inverse_variance", "common_effect"):
        sentences.append(_zeros(answer))
    else:
        sentences.append("Studies without events, or with events only, entered as they are.")
    if answer.left_out is not None:
        sentences.append(
            f"Comparisons without an event in either arm ({len(answer.left_out)}) had no weight."
        )
    return " ".join([*sentences, _software()])


def regression_text(found: Regression) -> str:
    """What was regressed on what, by which model, and how the coefficients were tested."""
    kind = "proportions" if found.measure.counts_people else "incidence rates"
    scale, model = found.measure.scale.label, found.model
    how = "a common-effect model (inverse variance)"
    if model.method == "inverse_variance":
        how = f"a random-effects model (inverse variance; {TAU2_NAMES[model.tau2]})"
    elif model.method == "glmm":
        how = "a generalised linear mixed model (maximum likelihood)"
    moderators = ", ".join(found.design.moderators)
    interval = model.interval.replace("_", " ")
    return (
        f"{kind.capitalize()} of {found.k} studies on the {scale} scale were regressed on "
        f"{moderators} with {how}; intervals of the coefficients are of this kind: {interval}, "
        f"{100 * model.level:g}%. {_software()}"
    )


def subgroups_text(found: Subgroups) -> str:
    """How the groups were pooled and compared."""
    first = next(iter(found.answers.values()))
    tau = "separately in each group" if found.tau == "separate" else "as one for all groups"
    return (
        f"Subgroups by {found.by} were pooled with this model: {first.model.method}, "
        f"{first.measure.scale.label} scale; the between-study variance was estimated {tau}. "
        f"Groups were compared by a chi-square test of their effects. {_software()}"
    )


def _model(answer: Synthesis) -> str:
    kind = "proportions" if answer.measure.counts_people else "incidence rates"
    if answer.measure.kind != "rate":
        kind = f"{answer.measure.label.lower()}s"
    scale, model = answer.measure.scale.label, answer.model
    what = f"{kind.capitalize()} of {answer.k} studies were pooled"
    if model.method == "inverse_variance":
        return (
            f"{what} on the {scale} scale with a random-effects model (inverse variance); the "
            f"between-study variance was estimated by {TAU2_NAMES[model.tau2]}."
        )
    if model.method == "common_effect":
        return f"{what} on the {scale} scale with a common-effect model (inverse variance)."
    return f"{what} with this model: {answer.method_text}."


def _intervals(answer: Synthesis) -> str:
    level = f"{100 * answer.model.level:g}%"
    what = "rate" if answer.measure.kind == "rate" else answer.measure.label.lower()
    text = f"The {level} interval of the pooled {what} is of this kind: {answer.interval_text}."
    if answer.heterogeneity and answer.heterogeneity.tau2_text:
        text += f" That of the between-study variance is {answer.heterogeneity.tau2_text}."
    if answer.prediction:
        text += f" A {level} prediction interval was computed ({answer.prediction_text})."
    return text


def _zeros(answer: Synthesis) -> str:
    model = answer.model
    if answer.measure.zero_policy == "nothing is added" or model.zero == "none":
        return "No continuity correction was used."
    amount = answer.measure.zero_policy.replace("0.5", f"{model.zero_add:g}", 1)
    if model.zero == "only_zero":
        return f"In studies at a bound of the rate, {amount.replace(' added', ' was added')}."
    return f"As continuity correction, {amount} {ZERO_TARGETS[model.zero]}."


def _software() -> str:
    from .. import __version__

    return (
        f"Analyses were done in Python with evidence {__version__} (NumPy {np.__version__}, SciPy "
        f"{scipy.__version__}, pandas {version('pandas')})."
    )
