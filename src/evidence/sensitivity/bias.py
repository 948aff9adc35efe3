"""Risk of bias: judgements in optional columns, and the answer of the studies that pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from ..errors import SynthesisError
from ..formatting import plural
from ..pooling.model import Synthesis
from .check import NOTHING_STATED, Check, Stated, judged, near_rule, need_studies
from .influence import named
from .refit import refit

UNKNOWN = "unknown"
"""What a blank cell is: not judged, and never taken for a good or a bad judgement."""


@dataclass(frozen=True)
class Checklist:
    """A vocabulary of risk of bias.

    Attributes:
        key: its name; a frame's columns are `key` and a domain, joined by an underscore.
        label: in print.
        source: who made it.
        domains: short name -> the question it asks.
        answers: answer -> what it says of bias: "low", "high" or "unclear".
    """

    key: str
    label: str
    source: str
    domains: Mapping[str, str]
    answers: Mapping[str, str]

    def columns(self) -> dict[str, str]:
        """Column -> domain."""
        return {f"{self.key}_{domain}": domain for domain in self.domains}


CHECKLISTS: dict[str, Checklist] = {
    "jbi": Checklist(
        "jbi",
        "JBI checklist for prevalence studies",
        "Munn et al. 2015, doi 10.1097/XEB.0000000000000054",
        MappingProxyType(
            {
                "frame": "Was the sample frame right for the target population?",
                "sampling": "Were participants sampled in an appropriate way?",
                "size": "Was the sample large enough?",
                "setting": "Were participants and setting described in detail?",
                "coverage": "Did the analysis cover enough of the sample?",
                "valid": "Were valid methods used to identify the condition?",
                "standard": "Was the condition measured in one reliable way for all?",
                "analysis": "Was the statistical analysis appropriate?",
                "response": "Was the response rate adequate, or handled appropriately?",
            }
        ),
        MappingProxyType(
            {"yes": "low", "no": "high", "unclear": "unclear", "not applicable": "low"}
        ),
    ),
}
"""Vocabularies by their key; another one is another entry."""


def judgements(studies: pd.DataFrame) -> pd.DataFrame:
    """Every judgement that the studies' columns hold, one row each, as "low", "high", "unclear".

    A study's domain without an answer is "unknown", and so is a domain whose column is missing
    where the checklist has others.

    Returns:
        `study_id`, `checklist`, `domain`, `answer`, `risk`; no row where no column is there.

    Raises:
        SynthesisError: an answer that the checklist does not have, by study and domain.

    >>> frame = pd.DataFrame({"study_id": ["a"], "jbi_frame": ["yes"]})
    >>> judgements(frame)["risk"].value_counts().to_dict()
    {'unknown': 8, 'low': 1}
    """
    rows, wrong = [], []
    for checklist in CHECKLISTS.values():
        columns = checklist.columns()
        if not set(columns) & set(studies.columns):
            continue
        for column, domain in columns.items():
            answers = studies[column] if column in studies.columns else [None] * len(studies)
            for study, answer in zip(studies["study_id"].astype(str), answers, strict=True):
                said = UNKNOWN if pd.isna(answer) or not str(answer).strip() else str(answer)
                if said != UNKNOWN and said not in checklist.answers:
                    wrong.append(f"  {study}, {column}: {said!r}")
                risk = checklist.answers.get(said, UNKNOWN)
                rows.append((study, checklist.key, domain, said, risk))
    if wrong:
        allowed = "; ".join(f"{c.key}: {', '.join(c.answers)}" for c in CHECKLISTS.values())
        raise SynthesisError(
            "these judgements are unknown:\n" + "\n".join(wrong)
            + f"\nuse the answers of the checklist ({allowed}), or leave the cell blank"
        )  # fmt: skip
    return pd.DataFrame(rows, columns=["study_id", "checklist", "domain", "answer", "risk"])


RULES: dict[str, tuple[str, ...]] = {
    "no domain at high risk": ("low", "unclear", UNKNOWN),
    "every domain at low risk": ("low",),
}
"""Restricted analyses: name -> the risks that every domain of a study may have."""


def risk_of_bias(synthesis: Synthesis, stated: Stated = NOTHING_STATED) -> Check:
    """The answer of the studies that pass each rule, where studies were judged."""
    need_studies(synthesis, 3, "risk of bias")
    found = judgements(synthesis.studies)
    if found.empty:
        return Check(
            name="risk_of_bias",
            verdict="No verdict: no study was judged, and what is not known is not guessed",
            table=pd.DataFrame(),
            text="Judgements are read from optional columns, such as "
            f"{', '.join(list(CHECKLISTS['jbi'].columns())[:2])} "
            f"({CHECKLISTS['jbi'].source}).",
        )
    rows, estimates, missing = [], [], []
    ids = synthesis.studies["study_id"].astype(str)
    for rule, allowed in RULES.items():
        passes = found["risk"].isin(allowed).groupby(found["study_id"]).all()
        keep = ids.map(passes).to_numpy(bool)
        if not keep.any():
            missing.append(f"{rule} (leaves 0 of {synthesis.k} studies)")
            continue
        figures = refit(synthesis, keep[None]).iloc[0]
        rows.append({"rule": rule, **figures.to_dict()})
        estimates.append(float(figures["estimate"]))
    held, by = near_rule(estimates, synthesis, stated)
    left = f" Not run: {'; '.join(missing)}." if missing else ""
    unknown = int((found["risk"] == UNKNOWN).sum())
    return Check(
        name="risk_of_bias",
        verdict=judged(held, f"keeping only the studies that pass a rule {by}")
        if rows
        else "No verdict: no study passes any rule",
        table=pd.DataFrame(rows),
        text=f"{plural(unknown, 'judgement')} of {len(found)} unknown.{left}",
    )


def bias_table(synthesis: Synthesis) -> pd.DataFrame:
    """Studies by domains, each cell a risk: what a traffic-light plot shows.

    Raises:
        SynthesisError: no study was judged.
    """
    found = judgements(synthesis.studies)
    if found.empty:
        raise SynthesisError("no study was judged; give the studies columns such as jbi_frame")
    wide = found.pivot_table(
        index="study_id", columns="domain", values="risk", aggfunc="first", sort=False
    )
    order = synthesis.studies["study_id"].astype(str)
    cells = wide.loc[np.array(order)].reset_index(drop=True)
    return pd.concat([named(synthesis), cells], axis=1)
