"""The audit of the tables: every verdict by a case, the real inconsistencies as a list."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence import Audit, SynthesisError, audit_frame, audit_tables, load
from evidence.audit.finding import SEVERITIES
from evidence.audit.table import CHECKS
from tests.editing import cell, edit

REAL = {  # what reading by hand found in the sources, and how the machine puts it
    "son-2013.1": "contradicts its count",
    "motov-2021.1": "contradicts its count",
    "assiut-rct.10": "contradicts its count",
    "centeno-2017.1": "contradicts its count",
    "wera-2008.1": "contradicts its count",
    "floris-1997.3": "contradicts its count",
    "daneyemez-1999.1": "cut off, not rounded",
    "corriero-2014.2": "cut off, not rounded",
    "unseen-mhs-185.1": "cut off, not rounded",
    "chen-2009.4": "cut off, not rounded",
    "manchikanti-2012a.4": "impossible if rounded",
    "carragee-2006.1": "impossible if rounded",
    "carragee-2006.2": "impossible percentage",
    "bouma-2013.1": "impossible if rounded",
    "bouma-2013.2": "impossible percentage",
    "bouma-2013.3": "impossible percentage",
    "vandenbrink-2019.2": "impossible if rounded",
    "vandenbrink-2019.4": "impossible percentage",
    "laufenberg-2018.1": "impossible if rounded",
    "wangs-2022.2": "impossible if rounded",
    "vangoethem-1996.1": "impossible if rounded",
    "ceylan-2019.1": "impossible percentage",
    "li-2015.2": "impossible percentage",
    "omidi-kashani-2014.1": "impossible if rounded",
    "niesche-2014.1": "impossible if rounded",
    "niesche-2014.2": "impossible percentage",
    "simon-2009.3": "impossible if rounded",
    "klessinger-2013a.2": "denominator unknown",
    "hoogland-2008.3": "denominator unknown",
    "hoogland-2008.6": "denominator unknown",
    "north-2005.5": "denominator unknown",
}


def of(found: list[Audit], subject: str, check: str = "percentage") -> Audit:
    [one] = [one for one in found if (one.subject, one.check) == (subject, check)]
    return one


def test_the_real_inconsistencies_are_found_and_nothing_else() -> None:
    found = audit_tables(load(), ["percentage"])
    quiet = {"agrees", "one count fits", "cannot be tested"}
    assert {one.subject: one.verdict for one in found if one.verdict not in quiet} == REAL


def test_every_row_with_a_percentage_is_tested_once() -> None:
    tables = load()
    subjects = [one.subject for one in audit_tables(tables, ["percentage"])]
    printed = tables.studies[tables.studies["printed_percent"].notna()]
    assert subjects == list(printed["row_id"])


def test_everything_found_in_the_projects_data_was_reviewed() -> None:
    found = audit_tables(load())
    assert [one for one in found if one.must_change] == []
    assert {one.reviewer for one in found if one.acknowledged} == {"curators"}


@pytest.mark.parametrize(
    ("cells", "verdict", "severity", "words"),
    [
        ({"printed_percent": "7.5"}, "agrees", "ok", "3/40 = 7.500%"),
        ({"printed_percent": "8"}, "agrees", "ok", "3/40 = 7.50%"),
        ({"printed_percent": "<8"}, "agrees", "ok", "3/40 = 7.50%"),
        ({"printed_percent": "<7"}, "contradicts its count", "error", "<7% of 40 is 0 or 1 or 2"),
        ({"printed_percent": "12.5"}, "contradicts its count", "error", "12.5% of 40 is 5"),
        ({"printed_percent": "7.6"}, "contradicts its count", "error", "no count of 40 gives"),
        ({"printed_percent": "7"}, "cut off, not rounded", "note", "cut off"),
        ({"printed_percent": "6.6", "total": "46"}, "rounded up", "note", "rounded up"),
    ],
)
def test_a_percentage_beside_a_count(
    topic: Path, cells: dict[str, str], verdict: str, severity: str, words: str
) -> None:
    for column, value in cells.items():
        if value != "7.5":
            edit(topic, cell("alder-2001.1", column, value))
    one = of(audit_tables(load(topic)), "alder-2001.1")
    assert (one.verdict, one.severity) == (verdict, severity)
    assert words in f"{one.reason} {one.evidence}"


@pytest.mark.parametrize(
    ("cells", "verdict", "severity", "words"),
    [
        ({"total": "30"}, "one count fits", "ok", "10% of 30 is 3"),
        ({"total": "100"}, "cannot be tested", "note", "every percentage with 0 decimals exists"),
        ({"total": "7"}, "impossible percentage", "error", "0/7 = 0.00%, 1/7 = 14.29%"),
        ({"total": "19"}, "impossible if rounded", "warning", "cut off, it would be 2"),
        ({"total": "21", "printed_percent": "<10"}, "cannot be tested", "note", "a bound"),
        ({"total": "7", "time_basis": "kaplan-meier"}, "cannot be tested", "note", "over time"),
        ({}, "cannot be tested", "note", "printed without a number of people"),
    ],
)
def test_a_percentage_without_a_count(
    topic: Path, cells: dict[str, str], verdict: str, severity: str, words: str
) -> None:
    for column, value in cells.items():
        edit(topic, cell("dogwood-2012.1", column, value))
    one = of(audit_tables(load(topic)), "dogwood-2012.1")
    assert (one.verdict, one.severity) == (verdict, severity)
    assert words in f"{one.reason} {one.evidence}"


def test_a_percentage_alone_is_held_against_the_other_numbers_of_its_study(topic: Path) -> None:
    for column, value in (("events", ""), ("total", ""), ("count_from", ""),
                          ("exclude_because", "no-count"), ("exclude_detail", "none"),
                          ("printed_percent", "26.8")):  # fmt: skip
        edit(topic, cell("alder-2001.2", column, value))
    one = of(audit_tables(load(topic)), "alder-2001.2")
    assert one.verdict == "denominator unknown" and one.severity == "warning"
    assert one.reason.startswith("26.8% fits none of the numbers the study prints (3, 40)")
    edit(topic, cell("alder-2001.2", "printed_percent", "32.5"))
    one = of(audit_tables(load(topic)), "alder-2001.2")
    assert one.verdict == "cannot be tested" and one.evidence == "32.5% could be of 40"


def test_a_derived_count_is_no_second_witness(topic: Path) -> None:
    edit(topic, cell("alder-2001.1", "count_from", "derived"))
    assert "no second witness" in of(audit_tables(load(topic)), "alder-2001.1").reason


def test_a_finding_that_was_reviewed_stays_visible_and_need_not_change(topic: Path) -> None:
    edit(topic, cell("alder-2001.1", "printed_percent", "12.5"))
    assert of(audit_tables(load(topic)), "alder-2001.1").must_change
    (topic / "acknowledged.csv").write_text(
        "subject,check,note,reviewer\nalder-2001.1,percentage,A misprint.,the guild\n"
    )
    one = of(audit_tables(load(topic)), "alder-2001.1")
    assert not one.must_change and one.severity == "error"
    assert (one.acknowledged, one.reviewer) == ("A misprint.", "the guild")


def test_a_review_of_nothing_is_told(topic: Path) -> None:
    (topic / "acknowledged.csv").write_text(
        "subject,check,note,reviewer\nalder-2001.1,percentage,A misprint.,the guild\n"
    )
    one = of(audit_tables(load(topic)), "alder-2001.1", "acknowledged")
    assert one.must_change and one.verdict == "acknowledges nothing"
    assert "no finding of the check 'percentage' is left: delete the line" in one.reason


def test_unknown_checks_and_severities_list_the_choices() -> None:
    with pytest.raises(SynthesisError, match="check 'percent' is unknown; choose one of: perc"):
        audit_tables(load(), ["percent"])
    with pytest.raises(SynthesisError, match="severity 'bad' is unknown; choose one of: error"):
        Audit("percentage", "a.1", "agrees", "bad", "")


def test_the_frame_has_the_gravest_first() -> None:
    table = audit_frame(audit_tables(load()))
    ranks = [list(SEVERITIES).index(one) for one in table["severity"]]
    assert ranks == sorted(ranks)
    assert list(audit_frame([]).columns) == list(table.columns)


def test_every_check_names_itself(topic: Path) -> None:
    for name in CHECKS:
        assert {one.check for one in audit_tables(load(), [name])} <= {name}
