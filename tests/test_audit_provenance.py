"""Every number of an answer names the rows, sources, hashes and versions that made it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from evidence import Answer, Tables, __version__, answer, explain, load
from evidence.audit.provenance import file_hashes, write_sidecar
from tests.editing import cell, edit


def made(folder: Path, key: str = "leaks") -> tuple[Answer, Tables]:
    tables = load(folder)
    return answer(key, tables), tables


def test_every_number_of_the_answer_is_there_with_its_rows(topic: Path) -> None:
    found, tables = made(topic)
    figures = {one.name: one for one in explain(found, tables).figures}
    pooled = found.synthesis
    assert figures["estimate"].value == pooled.estimate
    assert figures["k"].value == 3 and figures["low"].value == pooled.interval.low
    entered = ("alder-2001.2", "birch-2004.1", "cedar-2010.1", "cedar-2010.2")
    assert figures["estimate"].rows == entered
    frame = pooled.to_frame().drop(columns=["measure", "method", "cautions"]).iloc[0].dropna()
    assert set(frame.index) <= set(figures)


def test_a_study_of_two_arms_names_both_rows(topic: Path) -> None:
    found, tables = made(topic)
    figures = {one.name: one for one in explain(found, tables).figures}
    assert figures["alder-2001.2 estimate"].rows == ("alder-2001.2",)
    joined = figures["cedar-2010.1+cedar-2010.2 estimate"]
    assert joined.rows == ("cedar-2010.1", "cedar-2010.2")
    assert joined.value == 20 / 175


def test_rows_carry_source_standing_and_a_hash_of_their_cells(topic: Path) -> None:
    rows = explain(*made(topic)).rows.set_index("row_id")
    assert len(rows) == 6
    assert rows.loc["alder-2001.1", "stage"] == "same patients"
    assert rows.loc["dogwood-2012.1", "reason"] == "A percentage without a number of houses."
    assert rows.loc["alder-2001.2", "citation"].startswith("Alder A, Schön B. Roofs in the rain")
    before = rows["sha256"]
    edit(topic, cell("alder-2001.2", "events", "6"))
    after = explain(*made(topic)).rows.set_index("row_id")["sha256"]
    assert list(before[before != after].index) == ["alder-2001.2"]


def test_files_and_versions_are_named(topic: Path) -> None:
    found, tables = made(topic)
    one = explain(found, tables)
    assert one.files == file_hashes(topic)
    content = (topic / "studies.csv").read_bytes()
    assert one.files["studies.csv"] == hashlib.sha256(content).hexdigest()
    assert "scores.csv" not in one.files
    assert one.made_with["evidence"] == __version__
    assert one.made_with["fingerprint of the data"] == tables.fingerprint
    assert one.model["level"] == 0.95 and one.method == found.synthesis.method_text


def test_it_prints_what_it_knows(topic: Path) -> None:
    text = str(explain(*made(topic)))
    for words in ("Of new houses, how many leak", "estimate = 0.11", "from alder-2001.2, birch-2",
                  "dogwood-2012.1 (excluded): A survey without counts", "abstract, Results",
                  "studies.csv  sha256 ", f"evidence {__version__}"):  # fmt: skip
        assert words in text, words


def test_an_answer_without_studies_has_its_rows_and_no_estimate(topic: Path) -> None:
    one = explain(*made(topic, "pleased-reed"))
    assert "estimate" not in {figure.name for figure in one.figures}
    assert one.rows.empty
    assert json.loads(json.dumps(one.to_dict()))["rows"] == []


def test_the_sidecar_is_json_beside_the_figure(topic: Path, tmp_path: Path) -> None:
    one = explain(*made(topic))
    path = write_sidecar(tmp_path / "leaks.svg", one)
    assert path == tmp_path / "leaks.json"
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(json.dumps(one.to_dict()))
    again = write_sidecar(tmp_path / "again.pdf", explain(*made(topic)))
    assert again.read_bytes() == path.read_bytes()
