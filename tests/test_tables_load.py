"""Where the data is found, and what comes back from the one door."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from evidence import (
    DataError,
    EvidenceError,
    load,
    load_questions,
    load_references,
    load_scores,
    load_studies,
)
from evidence.tables import load as door
from evidence.tables.dictionary import dictionary
from evidence.tables.schema import SCORES, STUDIES, TABLES, Column
from tests.conftest import ROOT


def test_data_is_found_from_any_working_directory(
    tmp_path: Path, topic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = topic.parent / "notebooks" / "deep"
    inside.mkdir(parents=True)
    assert door.find_data(start=inside) == topic
    monkeypatch.chdir(inside)
    assert load().title == "Leaking roofs"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (topic / "studies.csv").rename(topic / "gone.csv")
    assert door.find_data(start=elsewhere) == ROOT / "data", "the project that is installed"


def test_named_data_goes_first(topic: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVIDENCE_DATA", str(topic))
    assert door.find_data() == topic
    assert door.find_data(ROOT / "data") == ROOT / "data"
    monkeypatch.setenv("EVIDENCE_DATA", str(topic / "nowhere"))
    with pytest.raises(EvidenceError, match="there is no folder"):
        door.find_data()


def test_nothing_found_says_where_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "__file__", str(tmp_path / "a" / "b" / "c" / "load.py"))
    with pytest.raises(EvidenceError, match=r"no data/studies.csv in .* with --data"):
        door.find_data(start=tmp_path)


def test_frames_are_plain_with_the_promised_columns_and_types(topic: Path) -> None:
    studies = load_studies(topic)
    assert list(studies) == [*(column.name for column in STUDIES), "label"]
    assert studies["events"].dtype == studies["total"].dtype == pd.Int64Dtype()
    assert studies["follow_up_months"].dtype == pd.Float64Dtype()
    assert studies.loc[5, ["events", "total", "comparison"]].isna().all()
    assert studies["printed_percent"].tolist()[:3] == ["7.5", "13.2", "0"], "as printed, a text"
    assert studies["label"][0] == "Alder and Schön 2001"


def test_siblings_give_what_load_gives(topic: Path) -> None:
    assert load_references(topic)["label"].tolist()[1:3] == ["Birch 2004", "Cedar 2010"]
    assert list(load_questions(topic)) == ["leaks", "pleased", "pleased-reed"]
    scores = load_scores(topic)
    assert len(scores) == 0 and list(scores) == [*(column.name for column in SCORES), "label"]


def test_the_projects_own_scores_keep_their_printed_digits() -> None:
    scores = load_scores()
    assert "5.00" in scores["mean_before"].tolist()
    assert scores["n"].dtype == pd.Int64Dtype()


def test_fingerprint_changes_with_any_byte_of_any_file(topic: Path) -> None:
    before = door.fingerprint(topic)
    for name in ("studies.csv", "references.bib", "vocabulary.toml", "questions.toml"):
        path = topic / name
        content = path.read_bytes()
        path.write_bytes(content + b"\n")
        assert door.fingerprint(topic) != before
        path.write_bytes(content)
    assert door.fingerprint(topic) == before


def test_works_that_share_a_label_get_letters(topic: Path) -> None:
    path = topic / "references.bib"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("{Cedar, C. and Elm, E. and Fir, F.}", "{Birch, B. and others}")
                    .replace("{2010}", "{2004}"), encoding="utf-8")  # fmt: skip
    assert load_references(topic)["label"].tolist()[1:3] == ["Birch 2004a", "Birch 2004b"]


def test_shorthand_names_a_work_without_authors(topic: Path) -> None:
    path = topic / "references.bib"
    text = path.read_text(encoding="utf-8")
    assert load_references(topic)["label"].tolist()[3] == "dogwood-2012"
    path.write_text(text.replace("{dogwood-2012,", "{dogwood-2012,\n shorthand = {The survey},"))
    assert load_references(topic)["label"].tolist()[3] == "The survey"


def test_an_optional_column_may_be_missing_and_is_then_blank(
    topic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = Column("colour", "colour of the roof", "choice", choices=("red",), optional=True)
    monkeypatch.setitem(TABLES, "studies.csv", (*STUDIES, extra))
    studies = load_studies(topic)
    assert studies["colour"].isna().all()
    assert "| `colour` | colour of the roof | `red` | may be left out |" in dictionary(load(topic))
    path = topic / "studies.csv"
    lines = path.read_text().splitlines()
    with_it = [f"{lines[0]},colour", f"{lines[1]},red", *(f"{line}," for line in lines[2:])]
    path.write_text("\n".join(with_it) + "\n")
    assert load_studies(topic)["colour"].isna().tolist() == [False] + [True] * (len(studies) - 1)
    path.write_text("\n".join([with_it[0], f"{lines[1]},blue", *with_it[2:]]) + "\n")
    with pytest.raises(DataError, match=r"line 2, alder-2001: colour is 'blue'; use red"):
        load_studies(topic)
    path.write_text("\n".join([*lines, lines[-1]]) + "\n")
    with pytest.raises(DataError, match="the same row stands"):
        load_studies(topic)
