"""Marked numbers of an article: filled in, verified at their own precision, corrected."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence import DataError, check_text, load
from evidence.audit.text import FIELDS
from tests.conftest import TOPIC

TABLES = load(TOPIC)


def article(folder: Path, text: str) -> Path:
    path = folder / "article.md"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("written", "stale", "current"),
    [
        ("11.3%<!-- {{leaks.estimate}} -->", False, "11.3"),
        ("11.3 % <!--{{ leaks.estimate }}-->", False, "11.3"),
        ("11%<!-- {{leaks.estimate}} -->", False, "11"),
        ("11.33%<!-- {{leaks.estimate}} -->", False, "11.33"),
        ("11.4%<!-- {{leaks.estimate}} -->", True, "11.3"),
        ("12%<!-- {{leaks.estimate}} -->", True, "11"),
        ("4.9 to 24.0%<!-- {{leaks.interval}} -->", False, "4.9 to 24.0"),
        ("4.9 to 25.0%<!-- {{leaks.interval}} -->", True, "4.9 to 24.0"),
        ("3<!-- {{leaks.k}} -->", False, "3"),
        ("4<!-- {{leaks.k}} -->", True, "3"),
        ("238<!-- {{leaks.total}} -->", False, "238"),
        ("25<!-- {{leaks.events}} -->", False, "25"),
    ],
)
def test_a_number_is_verified_at_its_own_precision(
    tmp_path: Path, written: str, stale: bool, current: str
) -> None:
    [mark], _ = check_text(article(tmp_path, f"Roofs.\n\nLeaks: {written} of roofs.\n"), TABLES)
    assert (mark.line, mark.stale, mark.current) == (3, stale, current)


def test_a_stale_number_comes_with_its_sentence_and_correction(tmp_path: Path) -> None:
    path = article(tmp_path, "Leaks: 12.0%<!-- {{leaks.estimate}} --> of roofs.\n")
    [mark], corrected = check_text(path, TABLES)
    assert str(mark) == ("line 1: 12.0 must be 11.3 (leaks.estimate): Leaks: 12.0% of roofs.")
    assert corrected == "Leaks: 11.3%<!-- {{leaks.estimate}} --> of roofs.\n"


def test_what_is_to_fill_in_is_filled_in_once_and_then_verified(tmp_path: Path) -> None:
    text = "Of {{leaks.k}} cohorts {{leaks.estimate:0}}% ({{leaks.interval}}%) leak.\n"
    marks, filled = check_text(article(tmp_path, text), TABLES)
    assert [str(mark) for mark in marks][1] == "line 1: leaks.estimate:0 is 11"
    assert not any(mark.stale for mark in marks)
    assert filled.startswith("Of 3<!-- {{leaks.k}} --> cohorts 11<!-- {{leaks.estimate:0}} -->%")
    marks, again = check_text(article(tmp_path, filled), TABLES)
    assert again == filled
    assert [mark.written for mark in marks] == ["3", "11", "4.9 to 24.0"]
    assert str(marks[0]) == "line 1: 3 is right (leaks.k)"


def test_a_long_line_is_shortened_and_text_without_marks_stays(tmp_path: Path) -> None:
    [mark], _ = check_text(article(tmp_path, "x" * 200 + " {{leaks.k}}"), TABLES)
    assert len(mark.sentence) == 100 and mark.sentence.endswith("…")
    assert check_text(article(tmp_path, "{x} {{}\n"), TABLES) == ([], "{x} {{}\n")


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ("{{leak.estimate}}", "question 'leak' is unknown; choose one of: leaks, pleased"),
        ("{{leaks.mean}}", "field 'mean' is unknown; choose one of: estimate, low"),
        ("{{leaks}}", "{{leaks}} is no mark; write {{question.field}}, such as {{leaks.estimate}}"),
        ("{{leaks.estimate:x}}", "is no mark"),
        ("<!-- {{leaks.estimate}} -->", "the comment with 'leaks.estimate' needs its number"),
        ("{{pleased-reed.estimate}}", "pleased-reed has no estimate: "),
        ("{{pleased.prediction}}", "pleased has no prediction: "),
    ],
)
def test_a_mark_that_cannot_be_filled_is_named_with_file_and_line(
    tmp_path: Path, mark: str, message: str
) -> None:
    with pytest.raises(DataError) as caught:
        check_text(article(tmp_path, f"One.\nTwo {mark}.\nThree {{{{x.y}}}}."), TABLES)
    assert message in str(caught.value)
    assert "article.md: 2 problems" in str(caught.value) and "line 2: " in str(caught.value)


def test_a_text_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is missing; looked for"):
        check_text(tmp_path / "no.md", TABLES)


def test_every_field_can_be_filled(tmp_path: Path) -> None:
    text = "\n".join(f"{{{{leaks.{field}}}}}" for field in FIELDS)
    marks, filled = check_text(article(tmp_path, text), TABLES)
    assert len(marks) == len(FIELDS)
    marks, _ = check_text(article(tmp_path, filled), TABLES)
    assert not any(mark.stale for mark in marks)
