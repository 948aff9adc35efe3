"""What each study does to the answer: leave-one-out and influence diagnostics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from ..pooling.model import Synthesis
from .check import NOTHING_STATED, Check, Stated, judged, near_rule, need_studies, points
from .refit import refit
from .subsets import COMMON, Array, Mask, fit_subsets


@dataclass(frozen=True)
class Influence:
    """Diagnostics of each study in an inverse-variance model, shape (k,), analysis scale.

    With mu and V the mean and its variance 1/(sum of weights), and (-i) for the fit without
    study i (Viechtbauer and Cheung 2010, doi 10.1002/jrsm.11):

    Attributes:
        residual: studentised deleted residual, (y - mu(-i)) / sqrt(v + tau2(-i) + V(-i)).
        dffits: (mu - mu(-i)) / sqrt(hat * (v + tau2(-i))).
        cook: Cook's distance, (mu - mu(-i))**2 / V.
        cov_ratio: V(-i) / V; below 1, leaving the study out makes the answer more precise.
        tau2_without, q_without: between-study variance and Cochran's Q without the study.
        hat: the study's weight in the answer, a fraction.
        dfbetas: (mu - mu(-i)) over the standard error of a mean of all studies at tau2(-i).
        effect_without: mu(-i).
    """

    residual: Array
    dffits: Array
    cook: Array
    cov_ratio: Array
    tau2_without: Array
    q_without: Array
    hat: Array
    dfbetas: Array
    effect_without: Array

    def flagged(self) -> Mask:
        """Studies beyond any of the customary limits, those of metafor's `influence()`.

        |DFFITS| above 3 sqrt(1/(k - 1)), Cook's distance above the chi-square median, hat above
        3/k, |DFBETAS| above 1.
        """
        k = len(self.hat)
        return np.asarray(
            (np.abs(self.dffits) > 3 * np.sqrt(1 / (k - 1)))
            | (special.chdtr(1, self.cook) > 0.5)
            | (self.hat > 3 / k)
            | (np.abs(self.dfbetas) > 1)
        )


def influence(y: Array, v: Array, tau2: str = "REML") -> Influence:
    """Every diagnostic of `Influence` for effects `y` with variances `v`, two or more.

    >>> import numpy as np
    >>> found = influence(np.array([0.1, 0.4, 0.9]), np.array([0.02, 0.03, 0.05]))
    >>> found.hat.round(3).tolist()
    [0.362, 0.338, 0.299]
    """
    k = len(y)
    keep = np.concatenate([np.ones((1, k), bool), ~np.eye(k, dtype=bool)])
    fits = fit_subsets(y, v, keep, tau2)
    mean, variance, between = fits.effect[0], fits.variance[0], fits.tau2[0]
    without, less, there = fits.effect[1:], fits.variance[1:], fits.tau2[1:]
    hat = variance / (v + between)
    moved = mean - without
    return Influence(
        residual=(y - without) / np.sqrt(v + there + less),
        dffits=moved / np.sqrt(hat * (v + there)),
        cook=moved**2 / variance,
        cov_ratio=less / variance,
        tau2_without=there,
        q_without=fits.q[1:],
        hat=hat,
        dfbetas=moved * np.sqrt((1 / (v + there[:, None])).sum(-1)),
        effect_without=without,
    )


ONE_EFFECT = ("common_effect", "mantel_haenszel", "peto", "exact")
"""Methods that take one effect for all studies."""


def effects_of(synthesis: Synthesis) -> tuple[Array, Array, str]:
    """Effects, variances and estimator of tau2 of the inverse-variance model beside an answer."""
    y, v = (synthesis.studies[name].to_numpy(float) for name in ("effect", "variance"))
    return y, v, COMMON if synthesis.model.method in ONE_EFFECT else synthesis.model.tau2


def named(synthesis: Synthesis) -> pd.DataFrame:
    """The studies' `study_id`, and their `label` where they have one."""
    names = [name for name in ("study_id", "label") if name in synthesis.studies.columns]
    return synthesis.studies[names].astype(str).reset_index(drop=True)


def leave_one_out(synthesis: Synthesis, stated: Stated = NOTHING_STATED) -> Check:
    """The answer without each study in turn, by the very model that gave it.

    >>> from evidence import pool
    >>> frame = pd.DataFrame({"study_id": list("abcd"), "events": [3, 6, 10, 1],
    ...                       "total": [11, 17, 21, 6]})
    >>> leave_one_out(pool(frame)).table["estimate"].round(3).tolist()
    [0.396, 0.36, 0.3, 0.391]
    """
    centre = need_studies(synthesis, 3, "leave-one-out")
    found = refit(synthesis, ~np.eye(synthesis.k, dtype=bool))
    table = pd.concat([named(synthesis), found], axis=1)
    table = table.assign(change=found["estimate"] - centre)
    held, rule = near_rule(found["estimate"].tolist(), synthesis, stated)
    most = int(table["change"].abs().to_numpy().argmax())
    largest = points(float(table["change"].iloc[most]), synthesis)
    return Check(
        name="leave_one_out",
        verdict=judged(held, f"leaving out any one study {rule}"),
        table=table,
        text=f"The model is fitted anew without each study ({synthesis.method_text}). The largest "
        f"change is {largest}, without {table.iloc[most]['study_id']}.",
        scale=synthesis.measure.scale,
    )


def influence_check(synthesis: Synthesis, stated: Stated = NOTHING_STATED) -> Check:  # noqa: ARG001
    """Influence diagnostics of every study, with the customary limits as a rule."""
    need_studies(synthesis, 3, "influence")
    y, v, tau2 = effects_of(synthesis)
    found = influence(y, v, tau2)
    flagged = found.flagged()
    table = named(synthesis).assign(**vars(found), flagged=flagged)
    who = ", ".join(table.loc[flagged, "study_id"])
    beside = "" if synthesis.model.method in ("inverse_variance", "common_effect") else (
        "These figures need weights, so they are those of the inverse-variance model beside the "
        "answer. "
    )  # fmt: skip
    return Check(
        name="influence",
        verdict=judged(
            not flagged.any(),
            "no study passes a customary limit (|DFFITS| 3 sqrt(1/(k-1)), Cook's distance the "
            "chi-square median, weight 3/k, |DFBETAS| 1)",
        ),
        table=table,
        text=f"{beside}Passing a limit: {who or 'none'}. A study that does changes the answer more "
        "than others; that does not make it wrong.",
    )
