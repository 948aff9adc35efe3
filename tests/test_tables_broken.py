"""Every kind of broken input is caught; its message names the place, the fault and the remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from evidence import DataError, EvidenceError, load
from evidence.tables.load import check
from evidence.tables.table import MOST_PROBLEMS
from tests.editing import cell, edit


def first_row_again(text: str) -> str:
    """The table's text with its first row once more under another name."""
    return text + text.splitlines()[1].replace("alder-2001.1", "alder-2001.7") + "\n"


def said(folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        load(folder)
    return str(caught.value)


def test_the_untouched_topic_is_valid(topic: Path) -> None:
    assert check(topic) == {
        "studies.csv": 7, "references.bib": 4, "vocabulary.toml": 7, "questions.toml": 3,
    }  # fmt: skip


CELLS = {
    "date": ("events", "1-Mar", "events is '1-Mar', a date made by a spreadsheet"),
    "date with digits": ("follow_up_months", "2019-03-01", "a date made by a spreadsheet"),
    "date of a month": ("printed_percent", "Mar-63", "a date made by a spreadsheet"),
    "decimal comma": ("follow_up_months", '"5,3"', "written with a decimal comma; use a point"),
    "thousands comma": ("total", '"1,200"', "written with thousands separators"),
    "thousands point": ("total", "1.200.000", "written with thousands separators"),
    "thousands blank": ("total", "1 200", "written with thousands separators"),
    "trailing blank": ("events", "3 ", "events is '3 ', with blanks at an end"),
    "leading blank": ("arm", " all", "arm is ' all', with blanks at an end"),
    "no-break space": ("events", "3\u00a0", "invisible characters; type it again as '3'"),
    "no-break space inside": ("arm", "early\u00a0group", "invisible characters"),
    "zero-width": ("outcome", "leaking\u200b-roof", "invisible characters"),
    "control": ("notes", "bell\x07", "invisible characters"),
    "exponent": ("total", "4E+01", "rounded by a spreadsheet; type every digit"),
    "percent sign": ("printed_percent", "7.5%", "written with a percent sign"),
    "spreadsheet error": ("events", "#REF!", "a spreadsheet error"),
    "not available": ("events", "NA", "not a value; leave the cell blank"),
    "fraction": ("events", "3/40", "a date made by a spreadsheet"),
    "fraction of many": ("events", "103/400", "a fraction"),
    "word": ("events", "three", "it must be a whole number such as 12, or blank"),
    "word for number": ("follow_up_months", "a year", "it must be a number such as 12.5"),
    "negative": ("events", "-3", "events is '-3'; it must not be negative"),
    "fractional": ("events", "3.5", "people are counted in whole numbers"),
    "whole with decimals": ("total", "40.0", "people are counted in whole numbers"),
    "zero total": ("total", "0", "total is 0; it must be at least 1"),
    "negative months": ("follow_up_months", "-1", "must be at least 0"),
    "percent with an equals sign": ("printed_percent", "=7.5", "it must be a number such as 12.5"),
    "percent above 100": ("printed_percent", "107", "must lie between 0 and 100"),
    "events above total": ("events", "41", "events (41) must not exceed total (40)"),
    "no total": ("total", "", "events is 3 and total is blank"),
    "no count": ("events", "", "there is no count, so the row cannot be pooled"),
    "no origin of count": ("count_from", "", "count_from is blank; say whether"),
    "required": ("source_locator", "", "source_locator is blank; give where in the source"),
    "vocabulary": ("outcome", "leaking-rof", "did you mean leaking-roof?"),
    "choice": ("role", "treated", "role is 'treated'; use single, intervention, control"),
    "key": ("cohort", "Alder 2001", "use lower-case letters, digits, hyphens and points"),
    "row name": ("row_id", "birch-2004.9", "row_id is birch-2004.9; it must be alder-2001, a"),
    "not in bibliography": ("study_id", "ash-1999", "study_id is not in references.bib"),
    "reason without rule": ("exclude_detail", "hm", "exclude_because is blank; give both"),
    "comparison of one": ("comparison", "x", "comparison is x for a single group"),
    "arm of nothing": ("role", "control", "comparison is blank for an arm with role control"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CELLS)
def test_a_broken_cell_is_named_with_line_study_and_remedy(topic: Path, kind: str) -> None:
    column, value, message = CELLS[kind]
    edit(topic, cell("alder-2001.1", column, value))
    text = said(topic)
    assert message in text
    assert re.search(r"data/studies.csv: \d problem", text)
    assert re.search(r"line 2, (alder-2001|ash-1999): ", text)


def test_exclusion_without_detail(topic: Path) -> None:
    edit(topic, cell("dogwood-2012.1", "exclude_detail", ""))
    assert "line 7, dogwood-2012: exclude_because is no-count; say why" in said(topic)


def test_count_from_without_count(topic: Path) -> None:
    edit(topic, cell("dogwood-2012.1", "count_from", "derived"))
    assert "line 7, dogwood-2012: count_from is derived and there is no count" in said(topic)


def test_missing_and_unknown_columns(topic: Path) -> None:
    edit(topic, lambda text: text.replace("events,", "evnts,", 1))
    text = said(topic)
    assert "line 1: column 'events' is missing; add it" in text
    assert "line 1: column 'evnts' is unknown; did you mean events?" in text


def test_duplicate_header(topic: Path) -> None:
    edit(topic, lambda text: text.replace("cohort,", "arm,", 1))
    assert "line 1: column arm is there twice" in said(topic)


@pytest.mark.parametrize("mark, name", [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_other_separators(topic: Path, mark: str, name: str) -> None:
    edit(topic, lambda text: text.replace(",", mark))
    assert f"its columns are separated by {name}" in said(topic)


def test_latin_1_is_named_with_its_line(topic: Path) -> None:
    path = topic / "studies.csv"
    path.write_bytes(path.read_bytes().replace(b"slate roof", "Sch\xf6n".encode("latin-1"), 1))
    assert re.search(r"line 2: is not UTF-8 near '.*Schön.*'; save it as CSV UTF-8", said(topic))


def test_utf_16(topic: Path) -> None:
    path = topic / "studies.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
    assert "is UTF-16; save it as CSV UTF-8" in said(topic)


def test_excels_own_csv_utf_8_loads(topic: Path) -> None:
    path = topic / "studies.csv"
    before = load(topic).studies
    text = path.read_text(encoding="utf-8").replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load(topic).studies.equals(before)


def test_byte_order_mark_in_the_middle_is_seen(topic: Path) -> None:
    edit(topic, lambda text: text.replace("birch-2004.1", "\ufeffbirch-2004.1", 1))
    assert "line 4, birch-2004: row_id is '\\ufeffbirch-2004.1', with blanks" in said(topic)


def test_ragged_line_and_later_problems_are_both_told(topic: Path) -> None:
    edit(topic, cell("birch-2004.2", "events", "x"))
    edit(topic, cell("alder-2001.1", "arm", "a,b"))
    text = said(topic)
    assert "line 2, alder-2001.1: has 27 cells and the header 26; quote cells with commas" in text
    assert "line 8, birch-2004: events is 'x'" in text


def test_row_without_content(topic: Path) -> None:
    edit(topic, lambda text: text + "," * 25 + "\n")
    assert "line 9: is a row without any content; delete it" in said(topic)


def test_blank_lines_do_no_harm(topic: Path) -> None:
    edit(topic, lambda text: text + "\n\n")
    assert len(load(topic).studies) == 7


def test_open_quotation_mark(topic: Path) -> None:
    edit(topic, lambda text: text.replace("birch-2004.2,", '"birch-2004.2,', 1))
    assert "line 8: a quotation mark is out of place" in said(topic)


def test_cells_over_several_lines_keep_later_line_numbers_right(topic: Path) -> None:
    edit(topic, cell("alder-2001.1", "notes", '"one\ntwo"'))
    text = said(topic)
    assert "line 2, alder-2001: notes is 'one\\ntwo', with blanks at an end or invisible" in text
    edit(topic, lambda text: text.replace('"one\ntwo"', '"one, two"'))
    edit(topic, cell("birch-2004.2", "events", "26"))
    assert "line 8, birch-2004: events (26)" in said(topic)


def test_duplicate_row(topic: Path) -> None:
    edit(
        topic,
        lambda text: text + text.splitlines()[1].replace("alder-2001.1", "alder-2001.7") + "\n",
    )
    assert "line 9, alder-2001: the same row stands on line 2 already" in said(topic)


def test_row_name_used_twice(topic: Path) -> None:
    edit(topic, cell("alder-2001.2", "row_id", "alder-2001.1"))
    assert "line 3, alder-2001: row_id alder-2001.1 is used on line 2 already" in said(topic)


def test_two_blank_row_names_are_blank_and_not_twice(topic: Path) -> None:
    edit(topic, cell("alder-2001.1", "row_id", ""))
    edit(topic, cell("alder-2001.2", "row_id", ""))
    text = said(topic)
    assert text.count("row_id is blank") == 2 and "already" not in text


def test_duplicates_are_found_across_chunks(topic: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evidence.tables.table.CHUNK_ROWS", 2)
    edit(
        topic,
        lambda text: text + text.splitlines()[1].replace("alder-2001.1", "alder-2001.7") + "\n",
    )
    edit(topic, cell("birch-2004.2", "row_id", "birch-2004.1"))
    text = said(topic)
    assert "line 9, alder-2001: the same row stands on line 2 already" in text
    assert "line 8, birch-2004: row_id birch-2004.1 is used on line 4 already" in text


def test_empty_file(topic: Path) -> None:
    (topic / "studies.csv").write_text("")
    assert "studies.csv: 1 problem\n  the file: is empty" in said(topic)


def test_header_alone_is_a_valid_table(topic: Path) -> None:
    edit(topic, lambda text: text.splitlines()[0] + "\n")
    assert len(load(topic).studies) == 0


def test_directory_in_place_of_a_file(topic: Path) -> None:
    (topic / "studies.csv").unlink()
    (topic / "studies.csv").mkdir()
    assert "the file: is a directory; a file is wanted here" in said(topic)


@pytest.mark.parametrize(
    "name", ["studies.csv", "references.bib", "vocabulary.toml", "questions.toml"]
)
def test_missing_file(topic: Path, name: str) -> None:
    (topic / name).unlink()
    assert f"data/{name}: 1 problem\n  the file: is missing; looked for" in said(topic)


def test_all_problems_of_all_files_come_at_once(topic: Path) -> None:
    edit(topic, cell("alder-2001.1", "events", "41"))
    edit(topic, cell("birch-2004.1", "design", "poll"))
    edit(topic, lambda text: text.replace("doi = {10.1234", "doi = {11.1234"), "references.bib")
    edit(
        topic,
        lambda text: text.replace("minimum", "least").replace("asks =", "ask =", 1),
        "questions.toml",
    )
    edit(topic, lambda text: text.replace("[scales]", "[scale]"), "vocabulary.toml")
    with pytest.raises(DataError) as caught:
        load(topic)
    assert {problem.file for problem in caught.value.problems} == {
        "data/studies.csv", "data/references.bib", "data/questions.toml", "data/vocabulary.toml",
    }  # fmt: skip


def test_a_table_of_nothing_but_faults_is_not_read_to_its_end(
    topic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evidence.tables.table.CHUNK_ROWS", 500)
    header, row, *_ = (topic / "studies.csv").read_text(encoding="utf-8").splitlines()
    rows = [
        row.replace("alder-2001.1", f"alder-2001.{n}").replace(",3,", ",x,") for n in range(9000)
    ]
    (topic / "studies.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load(topic)
    assert MOST_PROBLEMS < len(caught.value.problems) < 4 * MOST_PROBLEMS
    assert "more than 1000 problems; the rest was not read" in str(caught.value)


REFERENCES = {
    "doi": ("doi = {10.1234/roof.2001}", "doi = {roof.2001}", "line 1, alder-2001: doi is 'roof"),
    "doi as address": ("doi = {10.", "doi = {https://doi.org/10.", "a DOI begins with 10."),
    "pmid": ("volume = {3}", "pmid = {PMC123}", "a PMID is a number of up to nine digits"),
    "year": ("year = {2004}", "year = {04}", "line 11, birch-2004: year is '04'; a year has four"),
    "address": ("volume = {3}", "url = {www.example.org}", "an address begins with http"),
    "syntax": ("volume = {3},", "volume = {3", "is not BibTeX"),
    "twice": ("{birch-2004,", "{alder-2001,", "line 11, alder-2001: key alder-2001 is used on"),
}


@pytest.mark.parametrize("kind", REFERENCES)
def test_broken_bibliography(topic: Path, kind: str) -> None:
    old, new, message = REFERENCES[kind]
    edit(topic, lambda text: text.replace(old, new, 1), "references.bib")
    assert message in said(topic)


QUESTIONS = {
    "syntax": ("[leaks]", "[leaks", "is not TOML"),
    "unknown key": ("notes =", "note =", "line 4, leaks: note is unknown; rename or delete it"),
    "missing key": ('asks = "Of new', "#", "line 4, leaks: asks is missing; add it"),
    "unknown term": ('["leaking-roof"]', '["leak"]', "outcomes holds 'leak', which vocabulary"),
    "unknown term of a restriction": ('["slate"]', '["tin"]', "interventions holds 'tin'"),
    "no outcome": ('["leaking-roof"]', "[]", "outcomes is empty; name at least one"),
    "threshold": ("threshold = 0.2", "threshold = 20", "threshold: Input should be less than 1"),
    "bare threshold": ("threshold_because", "#", "justify it in threshold_because"),
    "no reason": ("threshold = 0.2", "pool = false", "pool is false; say why in pool_because"),
    "measure": ("notes =", 'measure = "odds"\nnotes =', "measure 'odds' is unknown; choose one"),
    "model": ("notes =", 'model = { tau2 = "DR" }\nnotes =', "tau2 estimator 'DR' is unknown"),
    "model option": ("notes =", 'model = { tau = "DL" }\nnotes =', "model option 'tau' is unknown"),
    "type": ("threshold = 0.2", 'minimum_k = "3"', "minimum_k: Input should be a valid integer"),
    "stray value": ("title =", "name =", "line 0"),
    "no title": ('title = "Leaking roofs"\nabout', "about", "line 1: title is missing; add it"),
}


@pytest.mark.parametrize("kind", QUESTIONS)
def test_broken_questions(topic: Path, kind: str) -> None:
    old, new, message = QUESTIONS[kind]
    edit(topic, lambda text: text.replace(old, new, 1), "questions.toml")
    text = said(topic)
    assert "data/questions.toml" in text
    assert message in text or kind == "stray value"


VOCABULARY = {
    "unknown list": ("[scales]", "[instruments]", "[instruments] is unknown; use designs"),
    "unknown key": ('direction = "bad"', 'way = "bad"', "leaking-roof: way is unknown"),
    "wrong direction": ('"good"', '"nice"', "direction: Input should be 'bad' or 'good'"),
    "no label": ('label = "Slate", ', "", "slate: label is missing; add it"),
    "blank label": ('label = "Slate"', 'label = " "', "slate: label"),
}


@pytest.mark.parametrize("kind", VOCABULARY)
def test_broken_vocabulary(topic: Path, kind: str) -> None:
    old, new, message = VOCABULARY[kind]
    edit(topic, lambda text: text.replace(old, new, 1), "vocabulary.toml")
    assert message in said(topic)


def test_named_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"there is no folder .*nowhere; name one that holds"):
        load(tmp_path / "nowhere")


def test_validation_cannot_be_switched_off(topic: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pandera.config import config_context

    edit(topic, cell("alder-2001.1", "events", "x"))
    with config_context(validation_enabled=False):
        assert "events is 'x'" in said(topic)
