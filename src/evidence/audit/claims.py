"""The ledger: every claim with its verdict, repeated claims counted once."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ..formatting import plural
from ..questions import Answer, answer
from ..tables.load import Tables
from .cases import case_of
from .qualifiers import claimed
from .verdicts import VERDICTS, judge


def ledger(tables: Tables, found: Mapping[str, Answer] | None = None) -> pd.DataFrame:
    """Every claim with its verdict and the sentence that decided it, in the table's order.

    Args:
        tables: what `load` returned.
        found: the answers, if they are there already.

    Returns:
        The columns of claims.csv, and `claimed` (what agrees with the claim), `source` and
        `evidence` (what it was held against), `verdict`, `sentence`, `holds`, and `repeats`: how
        many other claims say the same. A claim that repeats another has that one's verdict.

    >>> from evidence import load
    >>> table = ledger(load()).set_index("claim_id")
    >>> table.loc["c048", ["claimed", "source", "verdict"]].to_list()
    ['22.5 to 25%', '25 of 108 (23.1%)', 'reports its source faithfully']
    """
    claims = tables.claims
    if found is None:
        found = {key: answer(key, tables) for key in needed(claims)}
    rows = tables.studies.set_index("row_id", drop=False)
    judged = [_judge(claim, rows, found) for _, claim in claims.iterrows()]
    names = ["claimed", "source", "evidence", "verdict", "sentence", "holds"]
    beside = pd.DataFrame(judged, index=claims.index, columns=names, dtype=object)
    return _count_once(pd.concat([claims, beside], axis=1))


def headline(table: pd.DataFrame) -> str:
    """Of so many checkable claims, how many hold: repeated claims count once.

    >>> from evidence import load
    >>> headline(ledger(load())).startswith("Of ")
    True
    """
    once = table[table["same_as"].isna()]
    checked = once[once["holds"].notna()]
    holding = int((checked["holds"] == True).sum())  # noqa: E712 - the column has None too
    silent = int((once["verdict"] == "no evidence in the table").sum())
    return (
        f"Of {plural(len(checked), 'claim')} that could be checked, {holding} hold. "
        f"{plural(len(table), 'claim')} were collected; {len(once)} are different ones; for "
        f"{silent} with a number the table has no evidence, and "
        f"{len(once) - len(checked) - silent} cannot be checked."
    )


def claim_counts(table: pd.DataFrame) -> pd.DataFrame:
    """How many different claims have each verdict, and whether they hold."""
    counts = table.loc[table["same_as"].isna(), "verdict"].value_counts()
    words = {True: "holds", False: "does not hold", None: "could not be checked"}
    return pd.DataFrame(
        [
            {"verdict": name, "claims": int(counts.get(name, 0)), "means": words[one.holds]}
            for name, one in VERDICTS.items()
        ]
    )


def claim_marks(
    claims: pd.DataFrame, question: str
) -> list[tuple[str, float | tuple[float, float]]]:
    """What is claimed of a question's answer, to mark in its forest plot.

    Returns:
        For each different claim its name, with its wording, and a fraction, or two where it claims
        a range; an open end is drawn to the end of the scale.
    """
    asked = claims[
        (claims["question"] == question)
        & (claims["quantity"] == "proportion")
        & (claims["unit"] == "percent")
        & claims["same_as"].isna()
        & claims["of_row"].isna()
    ]
    marks: list[tuple[str, float | tuple[float, float]]] = []
    for _, claim in asked.iterrows():
        said = claimed(claim)
        if said is None:
            continue
        low = 0.0 if said.low is None else max(0.0, float(said.low) / 100)
        high = 1.0 if said.high is None else min(1.0, float(said.high) / 100)
        point = float(said.value) / 100 if said.value else None
        if claim["figure"] == "rest":
            low, high, point = 1 - high, 1 - low, None if point is None else 1 - point
        rest = ", the rest" if claim["figure"] == "rest" else ""
        label = f"Claim {claim['claim_id']} ({claim['qualifier']}{rest})"
        marks.append((label, (low, high) if point is None else point))
    return marks


def needed(claims: pd.DataFrame) -> list[str]:
    """The questions that some numeric claim is held against."""
    asked = claims[(claims["quantity"] == "proportion") & claims["question"].notna()]
    return list(dict.fromkeys(asked["question"]))


def _judge(claim: pd.Series, rows: pd.DataFrame, found: Mapping[str, Answer]) -> dict[str, object]:
    case = case_of(claim, rows, found)
    verdict, sentence = judge(case)
    return {
        "claimed": str(case.claimed) if case.claimed else "",
        "source": case.source.text if case.source else "",
        "evidence": case.evidence.text if case.evidence else "",
        "verdict": verdict,
        "sentence": sentence,
        "holds": VERDICTS[verdict].holds,
    }


def _count_once(table: pd.DataFrame) -> pd.DataFrame:
    """Repeated claims with the verdict of the first; how often each is repeated."""
    by_id = table.set_index("claim_id", drop=False)
    first = [
        same if isinstance(same, str) else own
        for own, same in zip(table["claim_id"], table["same_as"], strict=True)
    ]
    times = pd.Series(first, index=table.index).value_counts()
    copied = {name: by_id.loc[first, name].to_list() for name in ("verdict", "sentence", "holds")}
    copied["sentence"] = [
        said if own == other else f"Repeats {other}. {said}"
        for said, own, other in zip(copied["sentence"], table["claim_id"], first, strict=True)
    ]
    return table.assign(**copied, repeats=[int(times[name]) - 1 for name in first])
