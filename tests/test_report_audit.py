"""The report's section on the audit, and the claimed values in the forest plots."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence import answers, claim_marks, load
from evidence.report.audit_section import audit_section, claimed_rows
from evidence.report.life import life_of
from evidence.report.page import report_page
from evidence.report.sturdy import sturdy
from tests.editing import cell, edit
from tests.test_audit_claims import ASKED, CITED, JUDGED, write


def page(folder: Path) -> str:
    tables = load(folder)
    found = list(answers(tables).values())
    checked = {one.question.key: sturdy(one, tables) for one in found}
    return report_page(tables, found, [], life_of(tables, found), checked)


def test_the_page_has_the_headline_the_verdicts_and_the_findings(topic: Path) -> None:
    edit(topic, cell("alder-2001.1", "printed_percent", "12.5"))
    write(topic, CITED, ASKED | {"claim_id": "c2", "value": "20"},
          JUDGED | {"claim_id": "c3", "judgement": "drifts"})  # fmt: skip
    text = page(topic)
    assert text.count("Of 3 claims that could be checked, 2 hold.") == 2
    assert '<a href="#leaks">within the evidence</a>' in text
    assert "It asked owners of sheds. (the guild)" in text
    assert "3 of 40 are printed as 12.5%: one of the two is wrong" in text
    assert "not yet" in text


def test_a_topic_without_claims_says_nothing_of_them(topic: Path) -> None:
    text = page(topic)
    assert "could be checked" not in text and "The claims" not in text
    assert "7 tests of the table" in text and "0 found something wrong" in text


def test_a_number_links_to_the_rows_that_made_it(topic: Path) -> None:
    text = page(topic)
    assert 'href="#rows-leaks"' in text and 'id="rows-leaks"' in text
    assert 'href="figures/leaks.json"' in text


def test_claims_stand_in_the_forest_plot_of_their_question(topic: Path) -> None:
    write(
        topic,
        ASKED | {"value": "20", "qualifier": "about"},
        ASKED | {"claim_id": "c2", "value": "", "low": "50", "qualifier": "most"},
        ASKED | {"claim_id": "c3", "value": "95", "figure": "rest"},
        ASKED | {"claim_id": "c4", "value": "", "qualifier": "many"},
        {"claim_id": "c5", "same_as": "c1"} | ASKED,
        {"claim_id": "c6", "question": "pleased-reed", "value": "10"},
    )
    tables = load(topic)
    found = answers(tables)
    rows = claimed_rows(found["leaks"], tables)
    assert rows is not None
    claims = rows[rows["kind"] == "claim"]
    assert list(claims["label"]) == [
        "Claim c1 (about)",
        "Claim c2 (most)",
        "Claim c3 (exact, the rest)",
    ]
    assert list(claims["low"]) == pytest.approx([0.2, 0.5, 0.05])
    assert list(claims["high"]) == pytest.approx([0.2, 1.0, 0.05])
    assert claimed_rows(found["pleased"], tables) is None
    assert claimed_rows(found["pleased-reed"], tables) is None
    assert claim_marks(tables.claims, "pleased") == []


def test_what_cannot_be_checked_is_not_listed_one_by_one(topic: Path) -> None:
    write(topic, CITED, {"claim_id": "c2", "checkable": "no"})
    tables = load(topic)
    section = audit_section(tables, list(answers(tables).values()))
    assert [one["claim_id"] for one in section["claims"]] == ["c1"]
