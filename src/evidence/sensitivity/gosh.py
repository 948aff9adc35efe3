"""All subsets of the studies at once (GOSH), Baujat's figures, and the outlier sweep."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..formatting import count, percent
from ..pooling.model import Synthesis
from .check import NOTHING_STATED, Check, Stated, judged, near_rule, need_studies, shown
from .influence import effects_of, influence, named
from .refit import refit
from .subsets import COMMON, Mask, fit_subsets

ALL_UP_TO = 15
"""Studies up to which every subset is fitted."""
RANDOM = 2**15
"""Subsets that are drawn beyond that."""
ROUNDING = 1e-9
"""A Cochran's Q below this is zero."""
SEED = 20_111
"""Of the draw, so that the same studies give the same subsets."""


def subsets_of(k: int, most: int = RANDOM, seed: int = SEED) -> Mask:
    """Every subset of k studies but the empty one, or random ones where that would be too many.

    Random subsets are all different, and every subset is as likely as any other.

    >>> subsets_of(3).sum(-1).tolist()
    [1, 1, 2, 1, 2, 2, 3]
    """
    rng = np.random.default_rng(seed)
    if k > 60:  # no two of so many will be the same
        drawn = rng.random((most, k)) < 0.5
        return np.asarray(drawn[drawn.any(-1)])
    every = k <= ALL_UP_TO
    numbers = np.arange(1, 2**k) if every else 1 + rng.choice(2**k - 1, most, replace=False)
    return np.asarray((numbers[:, None] >> np.arange(k)) & 1 == 1)


def gosh(synthesis: Synthesis, seed: int = SEED) -> tuple[pd.DataFrame, Mask]:
    """Estimate and I2 of every subset, and which studies each holds.

    By the inverse-variance model beside the answer. Source: Olkin, Dahabreh and Trikalinos (2012),
    doi 10.1002/jrsm.1053.

    >>> from evidence import pool
    >>> frame = pd.DataFrame({"study_id": list("abc"), "events": [3, 6, 10],
    ...                       "total": [11, 17, 21]})
    >>> table, members = gosh(pool(frame))
    >>> len(table), int(members.sum())
    (7, 12)
    """
    need_studies(synthesis, 3, "GOSH")
    y, v, tau2 = effects_of(synthesis)
    members = subsets_of(synthesis.k, seed=seed)
    fits = fit_subsets(y, v, members, tau2)
    table = pd.DataFrame(
        {"k": fits.k.astype(int), "estimate": synthesis.measure.scale.inverse(fits.effect),
         "i2": fits.i2, "tau2": fits.tau2}
    )  # fmt: skip
    return table, members


def gosh_check(synthesis: Synthesis, stated: Stated = NOTHING_STATED) -> Check:
    """The subsets with and without each study, side by side."""
    table, members = gosh(synthesis)
    half = table["k"] >= synthesis.k / 2
    held, rule = near_rule(table.loc[half, "estimate"].tolist(), synthesis, stated)
    found = pd.DataFrame(
        [
            {"study_id": study, **_side(table[inside], "with"), **_side(table[~inside], "without")}
            for study, inside in zip(
                synthesis.studies["study_id"].astype(str), members.T, strict=True
            )
        ]
    )
    found = found.assign(apart=(found["with_median"] - found["without_median"]).abs())
    most = found.iloc[int(found["apart"].to_numpy().argmax())]
    kind = "all" if synthesis.k <= ALL_UP_TO else "random"
    return Check(
        name="gosh",
        verdict=judged(held, f"using any subset of half of the studies or more {rule}"),
        table=found,
        text=f"{count(len(table))} subsets ({kind}) by inverse variance. Estimates of those of "
        f"half of the studies or more lie between "
        f"{shown(float(table.loc[half, 'estimate'].min()), synthesis)} and "
        f"{shown(float(table.loc[half, 'estimate'].max()), synthesis)}. Subsets differ most by "
        f"whether they hold {most['study_id']}.",
        scale=synthesis.measure.scale,
    )


def _side(part: pd.DataFrame, name: str) -> dict[str, float]:
    """Where the subsets of one side lie."""
    low, middle, high = np.quantile(part["estimate"].to_numpy(float), [0.05, 0.5, 0.95])
    return {
        f"{name}_low": float(low), f"{name}_median": float(middle), f"{name}_high": float(high),
        f"{name}_i2": float(part["i2"].median()),
    }  # fmt: skip


def baujat(synthesis: Synthesis) -> pd.DataFrame:
    """What each study adds to heterogeneity, and what it does to the answer.

    Source: Baujat et al. (2002), doi 10.1002/sim.1221, with a common effect: `heterogeneity` is
    the study's part of Cochran's Q, `influence` the squared change of the mean without it over the
    variance of that mean.
    """
    need_studies(synthesis, 3, "Baujat's figures")
    y, v, _ = effects_of(synthesis)
    found = influence(y, v, COMMON)
    w = 1 / v
    mean = float((w @ y) / w.sum())
    moved = (mean - found.effect_without) ** 2 / (1 / (w.sum() - w))
    return named(synthesis).assign(heterogeneity=w * (y - mean) ** 2, influence=moved)


def baujat_check(synthesis: Synthesis, stated: Stated = NOTHING_STATED) -> Check:  # noqa: ARG001
    """Baujat's figures, and how much of Cochran's Q a single study makes."""
    table = baujat(synthesis)
    total = float(table["heterogeneity"].sum())
    share = table["heterogeneity"].to_numpy(float) / max(total, ROUNDING)
    most = int(share.argmax())
    return Check(
        name="baujat",
        verdict=judged(bool(share[most] <= 0.5), "no study makes more than half of Cochran's Q"),
        table=table.assign(share=share),
        text=f"{table['study_id'].iloc[most]} makes the largest part of Cochran's Q, "
        f"{percent(float(share[most]), 0)}%. A common effect is used, as in Baujat et al. (2002), "
        "doi 10.1002/sim.1221.",
    )


def outlier_sweep(synthesis: Synthesis, stated: Stated = NOTHING_STATED) -> Check:
    """The answer as the studies that fit least are set aside, one after the other.

    At each step the study with the largest studentised deleted residual among those left goes, down
    to two thirds of the studies. It says how the answer changes, not that a study is wrong.
    """
    need_studies(synthesis, 3, "an outlier sweep")
    y, v, tau2 = effects_of(synthesis)
    left = list(range(synthesis.k))
    keep, names, residuals = [np.ones(synthesis.k, bool)], [""], [np.nan]
    least = max(2, -(-2 * synthesis.k // 3))
    while len(left) > least:
        residual = influence(y[left], v[left], tau2).residual
        worst = int(np.abs(residual).argmax())
        residuals.append(float(residual[worst]))
        names.append(str(synthesis.studies["study_id"].iloc[left[worst]]))
        left.pop(worst)
        mask = np.zeros(synthesis.k, bool)
        mask[left] = True
        keep.append(mask)
    found = refit(synthesis, np.array(keep))
    table = pd.concat([pd.DataFrame({"set_aside": names, "residual": residuals}), found], axis=1)
    held, rule = near_rule(found["estimate"].tolist(), synthesis, stated)
    return Check(
        name="outlier_sweep",
        verdict=judged(held, f"setting aside the studies that fit least, up to a third, {rule}"),
        table=table,
        text="Each step sets one more study aside, that with the largest studentised residual "
        "among those left. This says what such studies do to the answer, not that they are "
        "wrong: to leave out what does not fit would make any set agree.",
        scale=synthesis.measure.scale,
    )
