"""Questions on scores over time: what moved them, their years, and what a record leaves open."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evidence import answer, explain, load
from evidence.living.history import over_years
from evidence.living.record import parse_record, plain, record
from tests.editing import cell, edit
from tests.test_living_diff import accepted, since
from tests.test_scores import TWO, asked


def test_a_changed_score_is_told_with_its_share(topic: Path) -> None:
    asked(topic, *TWO)
    before = answer("calmer", load(topic)).synthesis.estimate
    accepted(topic)
    edit(topic, cell("birch-2004.s2", "mean_after", "4"), "scores.csv")
    (moved,) = since(topic).questions
    after = answer("calmer", load(topic)).synthesis.estimate
    assert [(one.name, one.kind) for one in moved.why.causes] == [("birch-2004.s2", "edited")]
    assert moved.why.causes[0].share == pytest.approx(after - before)


def test_the_years_of_a_question_on_scores_follow_its_own_rows(topic: Path) -> None:
    third = {"study": "cedar-2010", "before": "8", "after": "4"}
    points = over_years("calmer", load(asked(topic, *TWO, third)))
    assert points["label"].tolist() == ["2004", "2010"] and points["k"].tolist() == [2, 3]


def test_a_record_from_before_a_field_reads_as_with_its_default(topic: Path) -> None:
    asked(topic, *TWO, more='[[calmer.sensitivity]]\nname = "a"\nbecause = "b"\ncorrelation = 0.1')
    now = record(load(topic))
    old = json.loads(now.to_json())
    del old["questions"]["calmer"]["stated"]["recovered"]
    del old["questions"]["calmer"]["stated"]["sensitivity"][0]["recovered"]
    read = parse_record(json.dumps(old).encode(), "old")
    assert read.questions == plain(now.questions)


def test_the_hash_of_a_row_is_of_its_own_printed_cells(topic: Path) -> None:
    def hashes(*rows: dict[str, str]) -> list[str]:
        found = answer("calmer", load(topic))
        return explain(found, load(topic)).rows["sha256"].tolist()

    asked(topic, {"sd_after": "", "se_after": "0.4"}, TWO[1])
    before = hashes()
    edit(
        topic,
        lambda text: (
            text.replace("se_after,", "se_after,correlation,")
            .replace(",0.4,", ",0.4,,")
            .replace("5,2,,,,", "5,2,,,0.3,,")
        ),
        "scores.csv",
    )
    after = hashes()
    assert before[0] == after[0] and before[1] != after[1]
