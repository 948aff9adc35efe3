"""Risk of bias: the checklists that studies may be judged by, and which studies pass a rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import pandas as pd

from ..errors import SynthesisError, choose

UNKNOWN = "unknown"
"""What a blank cell is: not judged, and never taken for a good or a bad judgement."""
WORST_LAST = ("low", "unclear", UNKNOWN, "high")
"""Risks in the order in which arms that enter as one take theirs: the last among them."""


@dataclass(frozen=True)
class Checklist:
    """A vocabulary of risk of bias.

    Attributes:
        key: its name; a table's columns are `key` and a domain, joined by an underscore.
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
"""Vocabularies by their key; another one is another entry, which gives the tables its columns."""

RULES: dict[str, tuple[str, ...]] = {
    "no domain at high risk": ("low", "unclear", UNKNOWN),
    "every domain at low risk": ("low",),
}
"""Inclusion rules: name -> the risks that every domain of a row may have."""


def judgements(rows: pd.DataFrame) -> pd.DataFrame:
    """Every judgement that the rows' columns hold, as "low", "high", "unclear" or "unknown".

    A checklist that no row answers is not in use. In one that is, a row's domain without an answer
    is unknown; a row that was judged by another checklist alone is not asked for this one.

    Returns:
        `place` of the row in the frame, `study_id`, `checklist`, `domain`, `answer`, `risk`; no
        row where nobody was judged.

    Raises:
        SynthesisError: an answer that the checklist does not have, by study and domain.

    >>> frame = pd.DataFrame({"study_id": ["a"], "jbi_frame": ["yes"]})
    >>> judgements(frame)["risk"].value_counts().to_dict()
    {'unknown': 8, 'low': 1}
    """
    answers = {one.key: _answers(rows, one) for one in CHECKLISTS.values()}
    judged = {key: (table != UNKNOWN).any(axis=1) for key, table in answers.items()}
    by_none = ~pd.concat(judged.values(), axis=1).any(axis=1)
    found, wrong = [], []
    for key, table in answers.items():
        if not judged[key].any():
            continue
        known = CHECKLISTS[key].answers
        for place in (judged[key] | by_none).to_numpy().nonzero()[0]:
            study = str(rows["study_id"].iloc[place])
            for domain, answer in table.iloc[place].items():
                if answer != UNKNOWN and answer not in known:
                    wrong.append(f"  {study}, {key}_{domain}: {answer!r}")
                risk = known.get(str(answer), UNKNOWN)
                found.append((int(place), study, key, domain, answer, risk))
    if wrong:
        allowed = "; ".join(f"{c.key}: {', '.join(c.answers)}" for c in CHECKLISTS.values())
        raise SynthesisError(
            "these judgements are unknown:\n" + "\n".join(wrong)
            + f"\nuse the answers of the checklist ({allowed}), or leave the cell blank"
        )  # fmt: skip
    columns = ["place", "study_id", "checklist", "domain", "answer", "risk"]
    return pd.DataFrame(found, columns=columns)


def passing(rows: pd.DataFrame, rule: str) -> pd.Series[bool]:
    """Which rows pass a rule of `RULES`; one that nobody judged is unknown in every domain.

    >>> frame = pd.DataFrame({"study_id": ["a", "b"], "jbi_frame": ["no", None]})
    >>> passing(frame, "no domain at high risk").tolist()
    [False, True]
    """
    allowed = choose(RULES, rule, "rule on the risk of bias")
    found = judgements(rows)
    held = found["risk"].isin(allowed).groupby(found["place"]).all()
    places = pd.RangeIndex(len(rows))
    return held.reindex(places, fill_value=UNKNOWN in allowed).set_axis(rows.index).astype(bool)


def judged_as_one(arms: pd.DataFrame) -> dict[str, str | None]:
    """Column -> the answer at the highest risk among the arms; an unjudged arm stays unknown.

    >>> judged_as_one(pd.DataFrame({"jbi_frame": ["yes", None], "jbi_size": ["no", None]}))
    {'jbi_frame': None, 'jbi_size': 'no'}
    """
    found: dict[str, str | None] = {}
    for checklist in CHECKLISTS.values():
        for column in checklist.columns():
            if column in arms.columns:
                answers = [None if pd.isna(one) else str(one) for one in arms[column]]
                found[column] = max(answers, key=partial(_rank, checklist))
    return found


def _rank(checklist: Checklist, answer: str | None) -> int:
    return WORST_LAST.index(checklist.answers.get(answer or "", UNKNOWN))


def _answers(rows: pd.DataFrame, checklist: Checklist) -> pd.DataFrame:
    """The answers by domain; blank cells and missing columns are unknown."""
    cells = rows.reindex(columns=list(checklist.columns())).astype(object)
    cells = cells.where(cells.notna(), "").astype(str).map(str.strip).replace("", UNKNOWN)
    return cells.set_axis(list(checklist.domains), axis=1).reset_index(drop=True)
