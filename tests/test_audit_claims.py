"""Claims against their sources and the answers: every verdict by a case that its rule decides."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence import DataError, answer, claim_counts, headline, ledger, load
from evidence.audit.qualifiers import (
    MEANING,
    RELATIONS,
    Claimed,
    claimed,
    coarseness,
    cuts_to,
    rounds_to,
)
from evidence.audit.verdicts import VERDICTS
from evidence.tables.schema import CLAIMS, QUALIFIERS
from tests.editing import cell, edit

COLUMNS = [column.name for column in CLAIMS]
PLAIN = {
    "claim_id": "c1", "source_file": "roofs.txt", "claim": "Roofs leak.", "quantity": "proportion",
    "value": "7.5", "unit": "percent", "qualifier": "exact", "checkable": "yes",
}  # fmt: skip
CITED = {"study_id": "alder-2001", "cited_row": "alder-2001.1", "figure": "percent"}
JUDGED = {"study_id": "alder-2001", "because": "It asked owners of sheds.", "reviewer": "the guild"}
ASKED = {"question": "leaks"}  # pooled: 11.3% (4.9 to 24.0)


def write(folder: Path, *claims: dict[str, str]) -> None:
    with (folder / "claims.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(PLAIN | claim for claim in claims)


def said(folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        load(folder)
    return str(caught.value)


DECIDED = {
    "what was counted": (CITED, "reports its source faithfully", "3 of 40 (7.5%)"),
    "rounded": (CITED | {"value": "8"}, "reports its source faithfully", "allows 8%"),
    "rounded rightly and about": (
        CITED | {"value": "8", "qualifier": "about"}, "reports its source faithfully", "3 of 40"),
    "judged faithful": (
        JUDGED | {"judgement": "faithful"}, "reports its source faithfully", "sheds. (the guild)"),
    "of those with a finding": (
        CITED | {"of_row": "alder-2001.2", "figure": "events", "value": "60"},
        "reports its source faithfully", "3 of 5 (60.0%)"),
    "the rest": (
        CITED | {"figure": "rest", "value": "92.5"}, "reports its source faithfully", "100% less"),
    "months": (
        CITED | {"figure": "months", "value": "12", "quantity": "duration", "unit": "months"},
        "reports its source faithfully", "12 months"),
    "people": (
        CITED | {"figure": "total", "value": "40", "quantity": "count", "unit": "houses"},
        "reports its source faithfully", "has 40; the claim allows 40 houses"),
    "as printed": (
        CITED | {"study_id": "dogwood-2012", "cited_row": "dogwood-2012.1", "value": "10"},
        "reports its source faithfully", "10% as printed"),
    "ceiling": (CITED | {"value": "8", "qualifier": "up to"},
                "reports its source faithfully", "at most 8%"),
    "raised": (
        CITED | {"cited_row": "cedar-2010.1", "value": "13"},
        "rounds it differently", "does not round to 13"),
    "about, in tens": (
        CITED | {"value": "10", "qualifier": "about"}, "rounds it differently", "round to 10"),
    "another number": (CITED | {"value": "12"}, "drifts from its source", "3 of 40 (7.5%)"),
    "ceiling too low": (
        CITED | {"value": "7", "qualifier": "up to"}, "drifts from its source", "at most 7%"),
    "drift before agreement": (
        CITED | JUDGED | {"judgement": "drifts"}, "drifts from its source", "sheds. (the guild)"),
    "in the interval": (ASKED | {"value": "20"}, "within the evidence", "11.3% in 3 cohorts"),
    "range that overlaps": (
        ASKED | {"value": "", "low": "20", "high": "60", "qualifier": "range"},
        "within the evidence", "20 to 60%"),
    "nearly one in nine": (
        ASKED | {"value": "", "qualifier": "nearly one in 9"}, "within the evidence", "11.11%"),
    "ceiling above": (
        ASKED | {"value": "95", "qualifier": "no more than"}, "within the evidence", "at most 95%"),
    "the rest of the answer": (
        ASKED | {"value": "85", "figure": "rest"}, "within the evidence", "88.7% without it"),
    "one study has no prediction": (
        {"question": "pleased", "value": "50"}, "outside the interval", "96.0% in 1 cohort"),
    "far out": (ASKED | {"value": "90"}, "outside the prediction interval", "prediction interval"),
    "most": (
        ASKED | {"value": "", "low": "99.9", "qualifier": "most"},
        "outside the prediction interval", "above 99.9%"),
    "something else": (
        JUDGED | {"judgement": "elsewhere"}, "cites a study that measured something else", "sheds"),
    "no question": ({}, "no evidence in the table", "no question of the table asks for it"),
    "no rows": (
        {"question": "pleased-reed"}, "no evidence in the table", "answers the question pleased-r"),
    "not a proportion": (
        ASKED | {"quantity": "count", "unit": "roofs"}, "no evidence in the table", "7.5 roofs"),
    "no number": (
        {"value": "", "qualifier": "qualitative"}, "not checkable", "names no number: qualitative"),
    "no number with a word for one": (
        {"value": "", "qualifier": "most"}, "not checkable", "names no number: most"),
    "nobody could": ({"checkable": "no"}, "not checkable", "No evidence could decide it."),
    "unverified": (
        ASKED | JUDGED | {"judgement": "unverified"}, "not checkable", "sheds. (the guild)"),
}  # fmt: skip


@pytest.mark.parametrize("name", DECIDED)
def test_the_verdict_and_the_sentence_that_decided_it(topic: Path, name: str) -> None:
    claim, verdict, words = DECIDED[name]
    write(topic, claim)
    [row] = ledger(load(topic)).to_dict("records")
    assert row["verdict"] == verdict
    assert words in row["sentence"]
    assert row["holds"] is VERDICTS[verdict].holds


def test_between_the_two_intervals_it_is_outside_the_first_only(topic: Path) -> None:
    for row, events in (("cedar-2010.1", "60"), ("cedar-2010.2", "50")):
        edit(topic, cell(row, "events", events))
    pooled = answer("leaks", load(topic)).synthesis
    assert pooled.interval is not None and pooled.prediction is not None
    assert pooled.interval.high < 0.985 < 0.995 < pooled.prediction.high
    write(topic, ASKED | {"value": "99"})
    [row] = ledger(load(topic)).to_dict("records")
    assert row["verdict"] == "outside the interval"


def test_every_verdict_is_reached() -> None:
    assert {verdict for _, verdict, _ in DECIDED.values()} == set(VERDICTS)


def test_a_ceiling_inside_the_prediction_interval_is_told(topic: Path) -> None:
    write(topic, ASKED | {"value": "20", "qualifier": "up to"})
    [row] = ledger(load(topic)).to_dict("records")
    assert row["sentence"].endswith("A new study may lie above the claimed ceiling.")


def test_where_nothing_is_pooled_the_cohorts_own_intervals_count(topic: Path) -> None:
    text = (topic / "questions.toml").read_text(encoding="utf-8")
    (topic / "questions.toml").write_text(
        text.replace('outcomes = ["leaking-roof"]\n',
                     'outcomes = ["leaking-roof"]\npool = false\npool_because = "Mixed."\n', 1)
    )  # fmt: skip
    write(topic, ASKED | {"value": "20"}, ASKED | {"claim_id": "c2", "value": "40"})
    table = ledger(load(topic))
    assert list(table["verdict"]) == ["within the evidence", "outside the interval"]
    assert "3 cohorts, not pooled, whose intervals span" in table["sentence"][0]


def test_repeated_claims_count_once(topic: Path) -> None:
    write(topic, CITED, {"claim_id": "c2", "same_as": "c1", "value": "99"}, {"claim_id": "c3"})
    table = ledger(load(topic))
    assert list(table["verdict"])[:2] == ["reports its source faithfully"] * 2
    assert table["sentence"][1].startswith("Repeats c1. The cited study has 3 of 40")
    assert list(table["repeats"]) == [1, 1, 0]
    assert headline(table) == (
        "Of 1 claim that could be checked, 1 hold. 3 claims were collected; 2 are different ones; "
        "for 1 with a number the table has no evidence, and 0 cannot be checked."
    )
    counts = claim_counts(table).set_index("verdict")["claims"]
    assert list(counts.index) == list(VERDICTS)
    assert counts["reports its source faithfully"] == 1 and counts.sum() == 2


def test_a_topic_without_claims_has_an_empty_ledger(topic: Path) -> None:
    table = ledger(load(topic))
    assert table.empty and "verdict" in table.columns
    assert headline(table).startswith("Of 0 claims that could be checked, 0 hold.")


BROKEN = {
    "unknown qualifier": ({"qualifier": "sort of"}, "qualifier is 'sort of'; use a listed term"),
    "near miss": ({"qualifier": "abou"}, "did you mean about?"),
    "unknown study": ({"study_id": "ash-1999"}, "study_id is not in references.bib"),
    "unknown question": (
        {"question": "leak"}, "it is not in questions.toml; did you mean leaks?"),
    "unknown row": (
        CITED | {"cited_row": "alder-2001.9"}, "cited_row is 'alder-2001.9'; it is not in studies"),
    "unknown row below": (
        CITED | {"of_row": "elm-1.1", "figure": "events"}, "of_row is 'elm-1.1'; it is not in st"),
    "unknown claim": ({"same_as": "c9"}, "same_as is 'c9'; it is not in claims.csv"),
    "judged without reason": (
        {"study_id": "alder-2001", "judgement": "drifts"}, "judgement is drifts; give its reason"),
    "reason of nobody": ({"because": "So."}, "because is given and reviewer is blank"),
    "judged without study": (
        {"judgement": "drifts", "because": "So.", "reviewer": "me"}, "and no study is cited"),
    "row without figure": (CITED | {"figure": ""}, "figure is blank; say which of its numbers"),
    "denominator alone": (
        {"of_row": "alder-2001.1"}, "give the cited_row that is counted, with figure events"),
    "above all": ({"value": "120"}, "a proportion must lie between 0 and 100 percent"),
    "no number": ({"value": "many"}, "value is 'many'; it must be a number such as 12.5, or blank"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_claim_is_named_with_file_and_line(topic: Path, kind: str) -> None:
    claim, message = BROKEN[kind]
    write(topic, {"claim_id": "c0"}, claim)
    text = said(topic)
    assert message in text
    assert "data/claims.csv: 1 problem\n  line 3" in text


def test_a_name_used_twice_is_told(topic: Path) -> None:
    write(topic, {"claim": "One."}, {"claim": "Two."})
    assert "line 3: claim_id c1 is used on line 2 already" in said(topic)


def test_claims_are_read_although_other_files_are_broken(topic: Path) -> None:
    write(topic, {"question": "leak", "same_as": "c9"} | CITED)
    (topic / "questions.toml").write_text("[")
    (topic / "studies.csv").write_text("")
    text = said(topic)
    assert "same_as is 'c9'" in text and "question is" not in text and "cited_row is" not in text
    (topic / "claims.csv").write_text("")
    assert "data/claims.csv: 1 problem\n  the file: is empty" in said(topic)


def test_every_wording_has_a_meaning() -> None:
    assert set(MEANING) == set(QUALIFIERS)
    assert set(MEANING.values()) == set(RELATIONS)


@pytest.mark.parametrize(
    ("words", "numbers", "ends", "inside"),
    [
        ("exact", {"value": "26.8"}, ("26.75", "26.85"), True),
        ("about", {"value": "20"}, ("15", "25"), True),
        ("around", {"value": "15"}, ("12.5", "17.5"), True),
        ("up to", {"value": "28"}, (None, "28"), True),
        ("no more than", {"high": "95"}, (None, "95"), True),
        ("at least", {"value": "3"}, ("3", None), True),
        ("thousands", {"low": "1000"}, ("1000", None), True),
        ("most", {"low": "50"}, ("50", None), False),
        ("minority", {"high": "50"}, (None, "50"), False),
        ("range", {"low": "3", "high": "6"}, ("3", "6"), True),
        ("nearly one in 4", {"value": "25"}, ("22.5", "25"), True),
    ],
)
def test_what_a_wording_makes_of_its_number(
    words: str, numbers: dict[str, str], ends: tuple[str | None, str | None], inside: bool
) -> None:
    row = {"value": None, "low": None, "high": None, "unit": "percent", "qualifier": words}
    made = claimed(row | {name: float(number) for name, number in numbers.items()})
    assert made is not None
    low, high = (None if end is None else Fraction(end) for end in ends)
    assert (made.low, made.high, made.inside) == (low, high, inside)


@pytest.mark.parametrize("words", ["exact", "about", "up to", "minority", "at least", "most",
                                   "range", "qualitative"])  # fmt: skip
def test_a_wording_without_its_number_claims_none(words: str) -> None:
    row = {"value": None, "low": None, "high": None, "unit": None, "qualifier": words}
    assert claimed(row) is None


def test_an_open_end_is_not_met_at_its_limit() -> None:
    most = Claimed(Fraction(50), None, "", "above", inside=False)
    assert not most.holds(Fraction(50)) and most.holds(Fraction(51))
    few = Claimed(None, Fraction(50), "", "below", inside=False)
    assert not few.holds(Fraction(50)) and few.holds(Fraction(49))


@pytest.mark.parametrize(
    ("text", "step"),
    [("20", 10), ("15", 5), ("28", 1), ("200", 100), ("150", 50), ("0", 1), ("26.8", "0.1"),
     ("30", 10)],
)  # fmt: skip
def test_the_step_of_a_round_number(text: str, step: object) -> None:
    assert coarseness(text) == Fraction(str(step))


@given(st.integers(0, 1000), st.integers(1, 1000), st.integers(0, 3))
def test_a_number_rounded_rightly_rounds_to_its_text(part: int, whole: int, digits: int) -> None:
    number = Fraction(100 * part, whole)
    text = f"{float(number):.{digits}f}"
    assert rounds_to(number, text) and cuts_to(number, text)


def test_the_projects_claims() -> None:
    table = ledger(load()).set_index("claim_id")
    verdicts = table["verdict"]
    assert verdicts["c048"] == "reports its source faithfully"
    assert verdicts["c049"] == "reports its source faithfully"
    assert verdicts["c055"] == "rounds it differently"
    assert verdicts["c056"] == verdicts["c062"] == verdicts["c064"] == "drifts from its source"
    assert verdicts["c023"] == verdicts["c007"] == "within the evidence"
    assert verdicts["c036"] == "outside the interval"
    assert verdicts["c061"] == "cites a study that measured something else"
    assert verdicts["c077"] == "no evidence in the table"
    assert verdicts["c054"] == "not checkable"
