"""The verdicts on a claim, in order: the first that applies is given, with its sentence.

What a cited study measured cannot be computed: it is a recorded field of claims.csv with its reason
and reviewer, and a verdict that rests on it quotes both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .cases import Case, Evidence, Source
from .qualifiers import Claimed, cuts_to, rounds_to


@dataclass(frozen=True)
class Verdict:
    """A possible verdict.

    Attributes:
        decide: the sentence that decides it; nothing where it does not apply.
        holds: whether the claim then holds; None where it could not be checked.
    """

    decide: Callable[[Case], str | None]
    holds: bool | None


def judge(case: Case) -> tuple[str, str]:
    """The verdict on a claim, a key of `VERDICTS`, and the sentence that decided it."""
    return next((name, said) for name, one in VERDICTS.items() if (said := one.decide(case)))


def _faithful(case: Case) -> str | None:
    if case.judgement:
        return case.because if case.judgement == "faithful" else None
    if case.source is None or case.claimed is None or not _agrees(case.claimed, case.source):
        return None
    return f"The cited study has {case.source.text}; the claim allows {case.claimed}."


def _agrees(said: Claimed, source: Source) -> bool:
    """Whether the source's number is what was claimed; a round number must be rounded rightly."""
    if said.relation in ("equal", "near"):
        return rounds_to(source.number, said.value)
    return said.holds(source.number)


def _rounded(case: Case) -> str | None:
    if case.judgement or case.source is None or case.claimed is None:
        return None
    said, source = case.claimed, case.source
    near = said.relation == "near" and said.holds(source.number)
    if near or (said.relation == "equal" and cuts_to(source.number, said.value)):
        return f"The cited study has {source.text}, which does not round to {said.value}."
    return None


def _drifts(case: Case) -> str | None:
    if case.judgement:
        return case.because if case.judgement == "drifts" else None
    if case.source is None or case.claimed is None:
        return None
    return f"The cited study has {case.source.text}; the claim allows {case.claimed}."


def _compared(case: Case) -> tuple[Claimed, Evidence] | None:
    """The two sides, where the claim can be held against the table's answer."""
    if case.judgement == "unverified" or case.claimed is None or case.evidence is None:
        return None
    return case.claimed, case.evidence


def _within(case: Case) -> str | None:
    if (sides := _compared(case)) is None:
        return None
    said, evidence = sides
    if not said.meets(evidence.low, evidence.high):
        return None
    sentence = f"The claim allows {said}; the table answers {evidence.text}."
    if said.relation == "at most" and said.high is not None and evidence.new_high is not None:
        if evidence.new_high > said.high:
            sentence += " A new study may lie above the claimed ceiling."
    return sentence


def _outside_interval(case: Case) -> str | None:
    if (sides := _compared(case)) is None:
        return None
    said, evidence = sides
    if evidence.new_low is not None and evidence.new_high is not None:
        if not said.meets(evidence.new_low, evidence.new_high):
            return None
    return f"The claim allows {said}; the table answers {evidence.text}."


def _outside_prediction(case: Case) -> str | None:
    if (sides := _compared(case)) is None:
        return None
    return f"The claim allows {sides[0]}; the table answers {sides[1].text}."


def _elsewhere(case: Case) -> str | None:
    return case.because if case.judgement == "elsewhere" else None


def _no_evidence(case: Case) -> str | None:
    if case.claim["checkable"] == "no" or case.judgement or case.claimed is None:
        return None
    asked = case.question
    if asked:
        return f"The claim allows {case.claimed}; no row answers the question {asked}."
    return f"The claim allows {case.claimed}; no question of the table asks for it."


def _not_checkable(case: Case) -> str | None:
    if case.judgement:
        return case.because
    if case.claim["checkable"] == "no":
        return "No evidence could decide it."
    return f"It names no number: {case.claim['qualifier']}."


VERDICTS: dict[str, Verdict] = {
    "reports its source faithfully": Verdict(_faithful, True),
    "rounds it differently": Verdict(_rounded, True),
    "drifts from its source": Verdict(_drifts, False),
    "within the evidence": Verdict(_within, True),
    "outside the interval": Verdict(_outside_interval, False),
    "outside the prediction interval": Verdict(_outside_prediction, False),
    "cites a study that measured something else": Verdict(_elsewhere, False),
    "no evidence in the table": Verdict(_no_evidence, None),
    "not checkable": Verdict(_not_checkable, None),
}
"""Every verdict, in the order in which they are tried."""
