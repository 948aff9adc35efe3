"""Subgroups: an answer for each, and a test of their difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import special

from ..errors import SynthesisError, choose
from ..formatting import fixed, p_value
from ..measures.measure import MEASURES
from ..rates import names_of
from .answers import pool
from .mean import MEAN_INTERVALS
from .options import Model
from .regression import meta_regression
from .synthesis import Synthesis


@dataclass(frozen=True, eq=False)
class Subgroups:
    """Answers of subgroups side by side.

    Attributes:
        by: the column that makes the groups.
        groups: one row each: `level`, `k`, `events`, `estimate`, `low`, `high`, `effect`, `se`,
            `tau2`.
        tau: "separate" or "common", how the between-study variance was estimated.
        q, df, p: chi-square test of equal effects; None where fewer than two groups can be tested.
        answers: level -> its `Synthesis`, each group pooled alone.
        cautions: what a reader must know.
    """

    by: str
    groups: pd.DataFrame
    tau: str
    q: float | None
    df: int
    p: float | None
    answers: Mapping[str, Synthesis] = field(repr=False)
    cautions: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.summary()

    def to_frame(self) -> pd.DataFrame:
        """The groups at full precision."""
        return self.groups.copy()

    def methods_text(self) -> str:
        """A paragraph for the methods section of an article."""
        from .methods_text import subgroups_text

        return subgroups_text(self)

    def summary(self) -> str:
        """Every group's answer and the test as plain text."""
        from .wording import answer_text

        lines = [f"{level:<24}{answer_text(answer)}" for level, answer in self.answers.items()]
        if self.q is not None and self.p is not None:
            q = fixed(2)(self.q)
            lines.append(f"Difference: Q {q} on {self.df} df, p {p_value(self.p)}")
        return "\n".join(lines + [f"Caution: {caution}" for caution in self.cautions])

    def _repr_html_(self) -> str:
        return str(self.groups.to_html(index=False))


def subgroups(
    frame: pd.DataFrame,
    by: str,
    measure: str = "proportion_logit",
    model: Model | None = None,
    *,
    tau: str = "separate",
) -> Subgroups:
    """Each level of a column pooled alone, with a test of their difference.

    Args:
        frame: as for `pool`, with the column `by`.
        by: the column that makes the groups; its levels are sorted.
        measure: a key of `MEASURES`.
        model: as for `pool`.
        tau: "separate" estimates the between-study variance within each group; "common" once over
            all, which is steadier where groups are small (inverse_variance and glmm only).

    Raises:
        SynthesisError: an unknown or missing column value, or a choice that is not offered.

    >>> frame = pd.DataFrame({"study_id": list("abcd"), "events": [3, 6, 10, 1],
    ...                       "total": [11, 17, 21, 6],
    ...                       "design": ["cohort", "cohort", "trial", "trial"]})
    >>> subgroups(frame, "design").groups["k"].tolist()
    [2, 2]
    """
    model = model or Model()
    choose(MEASURES, measure, "measure")
    choose(dict.fromkeys(("separate", "common")), tau, "tau of subgroups")
    if by not in frame.columns:
        known = ", ".join(str(column) for column in frame.columns)
        raise SynthesisError(f"{by!r} is not a column; columns are: {known}")
    missing = frame[by].isna().to_numpy(bool)
    if missing.any():
        raise SynthesisError(
            f"{by!r} is missing for {', '.join(names_of(frame)[missing])}; leave those rows out"
        )
    values = frame[by].astype(str)
    answers = {
        level: pool(frame[values == level], measure, model) for level in sorted(values.unique())
    }
    groups = pd.DataFrame([_row(level, answer) for level, answer in answers.items()])
    if tau == "common":
        groups = _common(frame.assign(**{by: values}), groups, by, (measure, model))
    usable = groups.dropna(subset=["effect", "se"])
    q, p, df = None, None, max(len(usable) - 1, 0)
    if len(usable) >= 2:
        effect, weight = usable["effect"].to_numpy(float), usable["se"].to_numpy(float) ** -2.0
        q = float(weight @ (effect - weight @ effect / weight.sum()) ** 2)
        p = float(special.chdtrc(df, q))
    return Subgroups(by, groups, tau, q, df, p, answers, _cautions(groups, usable))


def _row(level: str, answer: Synthesis) -> dict[str, object]:
    effect, se = answer.effect, answer.se
    spread = answer.heterogeneity
    if answer.model.method == "inverse_variance" and spread is not None:
        studies = answer.studies
        y, v = studies["effect"].to_numpy(float), studies["variance"].to_numpy(float)
        se = float(MEAN_INTERVALS["wald"](y, v, np.array(spread.tau2), 0.95).se)
    if answer.k == 1:
        effect = float(answer.studies["effect"].iloc[0])
        se = float(answer.studies["variance"].iloc[0]) ** 0.5
    return {
        "level": level, "k": answer.k, "events": answer.events, "estimate": answer.estimate,
        "low": answer.interval and answer.interval.low,
        "high": answer.interval and answer.interval.high,
        "effect": effect, "se": se, "tau2": spread and spread.tau2,
    }  # fmt: skip


def _common(
    frame: pd.DataFrame, groups: pd.DataFrame, by: str, how: tuple[str, Model]
) -> pd.DataFrame:
    """Group effects of a regression on the groups, which share one between-study variance."""
    measure, model = how
    if len(groups) < 2:
        return groups
    plain = Model(
        method=model.method, tau2=model.tau2, interval="wald", level=model.level, link=model.link,
        zero=model.zero, zero_add=model.zero_add,
    )  # fmt: skip
    found = meta_regression(frame, [by], measure, plain)
    table = found.predict(pd.DataFrame({by: groups["level"]}))
    return groups.assign(
        **{name: table[name].to_numpy() for name in ("estimate", "low", "high", "effect", "se")},
        tau2=found.tau2,
    )


def _cautions(groups: pd.DataFrame, usable: pd.DataFrame) -> tuple[str, ...]:
    found: tuple[str, ...] = (
        "a difference between subgroups is an observation across studies, not a randomised "
        "comparison",
    )
    if (groups["k"] < 3).any():
        small = ", ".join(groups.loc[groups["k"] < 3, "level"].astype(str))
        found += (f"fewer than three studies in: {small}",)
    if len(usable) < len(groups):
        left = ", ".join(sorted(set(groups["level"]) - set(usable["level"])))
        found += (f"the test leaves out groups without a finite effect: {left}",)
    return found
