"""Adding a study: the added lines and no other byte; nothing lost, whenever it is interrupted."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook

from evidence import DataError, EvidenceError, load
from evidence.living.adding import Reference, Row, propose, write
from evidence.living.asking import Talk, ask_row
from evidence.living.import_works import entry_text
from evidence.living.importing import read_additions
from evidence.living.insertion import insert_entry, insert_row
from evidence.living.writing import replace_unchanged
from evidence.tables.load import check
from tests.test_cli import run

NEW = {
    "row_id": "elm-2015.1", "study_id": "elm-2015", "cohort": "elm-2015", "arm": "all",
    "role": "single", "design": "survey", "population": "new-houses",
    "population_as_reported": "newly built houses, slate", "intervention": "slate",
    "intervention_as_reported": "slate roof", "outcome": "leaking-roof",
    "outcome_as_reported": "leaking roof", "time_basis": "fixed", "follow_up_months": "12",
    "events": "9", "total": "60", "printed_percent": "15", "count_from": "reported",
    "source_type": "abstract", "source_locator": "Results", "citation_verified": "yes",
}  # fmt: skip
ELM = Reference("elm-2015", entry_text("elm-2015", {"title": "Elm roofs", "year": "2015"}))


def test_only_lines_are_added(topic: Path) -> None:
    before = {path.name: path.read_bytes() for path in topic.iterdir()}
    proposal = propose(topic, [Row("studies.csv", NEW), ELM])
    assert {path.name: path.read_bytes() for path in topic.iterdir()} == before
    assert list(proposal.files) == ["references.bib", "studies.csv"]
    write(proposal)
    after = (topic / "studies.csv").read_text()
    line = after.splitlines()[-1]
    assert after == before["studies.csv"].decode() + line + "\n"
    assert line.startswith("elm-2015.1,") and '"newly built houses, slate"' in line
    assert (topic / "references.bib").read_bytes().startswith(before["references.bib"])
    assert "elm-2015.1" in set(load(topic).studies["row_id"])
    assert "leaks: 11.3% (4.9 to 24.0), k 3 → 1" in str(proposal)
    assert "+ elm-2015.1,elm-2015," in str(proposal) and "+ @misc{elm-2015," in str(proposal)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_every_other_byte_stays(topic: Path, mark: str, end: str, last: bool) -> None:
    text = mark + (topic / "studies.csv").read_text().replace("\n", end)
    old = (text if last else text.rstrip()).encode()
    new = insert_row(old, NEW)
    added = next(line for line in new.splitlines() if line.startswith(b"elm-2015.1"))
    assert old + (added + end.encode() if last else end.encode() + added) == new
    new = insert_row(old, NEW | {"row_id": "alder-2001.3", "study_id": "alder-2001"})
    lines = new.splitlines(keepends=True)
    assert lines[3].startswith(b"alder-2001.3,") and lines[3].endswith(end.encode())
    assert b"".join(lines[:3] + lines[4:]) == old


def test_a_row_stands_behind_its_study_and_takes_the_files_columns_and_quotes() -> None:
    old = b'"notes","study_id"\n"a ""b""\nc","x"\n"","y"\n\n'
    assert insert_row(old, {"study_id": "x", "notes": "z"}) == (
        b'"notes","study_id"\n"a ""b""\nc","x"\n"z","x"\n"","y"\n\n'
    )
    assert insert_row(old, {"study_id": "w"}).endswith(b'"","y"\n"","w"\n\n')
    two = b'"study_id","x\ny"\n"a","b"\n"c","d"\n'
    assert insert_row(two, {"study_id": "w"}) == two + b'"w",""\n'
    assert insert_row(b"study_id\n", {"study_id": "w"}) == b"study_id\nw\n"
    assert insert_row(b"study_id", {"study_id": "w"}) == b"study_id\nw"
    with pytest.raises(EvidenceError, match="has no column 'events'; it has study_id"):
        insert_row(b"study_id\n", {"events": "1"})


def test_an_entry_takes_its_place_in_the_order() -> None:
    old = b"% head\n\n@misc{a,\n}\n\n% about c\n@misc{c,\n}"
    assert insert_entry(old, "b", "@misc{b,\n}") == (
        b"% head\n\n@misc{a,\n}\n\n@misc{b,\n}\n\n% about c\n@misc{c,\n}"
    )
    assert insert_entry(old, "d", "@misc{d,\n}") == old + b"\n\n@misc{d,\n}\n"
    assert insert_entry(b"", "d", "@misc{d,\n}") == b"@misc{d,\n}\n"
    unordered = b"@misc{c,\r\n}\r\n\r\n@misc{a,\r\n}\r\n"
    assert insert_entry(unordered, "b", "@misc{b,\n}") == unordered + b"\r\n@misc{b,\r\n}\r\n"


def test_a_row_that_cannot_be_is_refused_with_its_line(topic: Path) -> None:
    with pytest.raises(DataError, match=r"line 9, elm-2015: study_id is not in references\.bib"):
        propose(topic, [Row("studies.csv", NEW)])
    with pytest.raises(DataError, match=r"line 9, elm-2015: events \(90\) must not exceed"):
        propose(topic, [ELM, Row("studies.csv", NEW | {"events": "90"})])
    with pytest.raises(EvidenceError, match=r"there is no scores\.csv; make it with its header"):
        propose(topic, [Row("scores.csv", NEW)])
    with pytest.raises(EvidenceError, match="there is nothing to add"):
        propose(topic, [])


def test_two_people_at_once(topic: Path) -> None:
    mine, yours = (propose(topic, [ELM, Row("studies.csv", NEW)]) for _ in range(2))
    write(yours)
    held = (topic / "studies.csv").read_bytes()
    with pytest.raises(EvidenceError, match="was changed by somebody else since it was read"):
        write(mine)
    assert (topic / "studies.csv").read_bytes() == held


def test_a_change_between_the_look_and_the_writing(topic: Path) -> None:
    path = topic / "studies.csv"
    before = path.read_bytes()
    path.write_bytes(before + b"x")
    with pytest.raises(EvidenceError, match=r"nothing was written to it\. Run the command again"):
        replace_unchanged(path, before, b"new")
    assert path.read_bytes() == before + b"x"


def test_a_writer_waits_for_another_one(topic: Path) -> None:
    """Twenty processes add to one counter: with a lost update it would stay below twenty."""
    path = topic / "counter"
    path.write_text("0")
    code = (
        "import sys; from pathlib import Path\n"
        "from evidence import EvidenceError\n"
        "from evidence.living.writing import replace_unchanged\n"
        "path = Path(sys.argv[1])\n"
        "for _ in range(5):\n"
        "    while True:\n"
        "        old = path.read_bytes()\n"
        "        try: replace_unchanged(path, old, str(int(old) + 1).encode())\n"
        "        except EvidenceError: continue\n"
        "        break\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(4)]
    assert [one.wait(120) for one in running] == [0] * 4
    assert path.read_text() == "20"


def test_modes_and_links_stay(topic: Path) -> None:
    real = topic / "studies.csv"
    real.chmod(0o664)
    link = topic / "link.csv"
    link.symlink_to(real)
    replace_unchanged(link, real.read_bytes(), b"new")
    assert (
        link.is_symlink() and real.read_bytes() == b"new" and real.stat().st_mode & 0o777 == 0o664
    )


def test_what_cannot_be_written_says_why(topic: Path) -> None:
    with pytest.raises(EvidenceError, match=r"cannot write .*: No such file or directory"):
        replace_unchanged(topic / "no" / "studies.csv", b"", b"new")


def test_killed_200_times_while_writing_the_file_is_old_or_new(tmp_path: Path) -> None:
    """SIGKILL at random moments of a loop that does nothing but write, in forked children."""
    path = tmp_path / "studies.csv"
    whole = {b"a" * 400_000, b"b" * 900_000}
    path.write_bytes(b"a" * 400_000)
    draw = random.Random(7)
    seen = set()
    for _ in range(200):
        child = os.fork()
        if child == 0:  # pragma: no cover - ends by a signal
            while True:
                now = path.read_bytes()
                new = b"b" * 900_000 if now[:1] == b"a" else b"a" * 400_000
                replace_unchanged(path, now, new)
        time.sleep(draw.uniform(0.0, 0.02))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        content = path.read_bytes()
        assert content in whole
        seen.add(content)
    assert seen == whole, "the kills came too early to meet a writer at work"
    replace_unchanged(path, path.read_bytes(), b"c")
    assert [one.name for one in tmp_path.iterdir()] == ["studies.csv"], "leftovers are removed"


RIS = """TY  - JOUR
AU  - Elm, Ellen
AU  - Fir, F. & Sons
TI  - Roofs: 50% of them leak
JO  - Journal of Roofs
PY  - 2015/03/01
VL  - 7
SP  - 11
EP  - 19
DO  - https://doi.org/10.1234/Elm.2015
ER  -
"""
NBIB = """PMID- 12345678
OWN - NLM
DP  - 2015 Mar
TI  - Roofs that leak: a survey of
      slate.
LID - 10.1234/elm [doi]
PG  - 11-19
AU  - Elm E
AU  - Oak-Sörensen AB
TA  - J Roofs
VI  - 7
IP  - 2
"""
BIB = """@Article{whatever, author = {Elm, Ellen}, title = {Roofs \\& rain},
journaltitle = {Roofs}, date = {2015-03}, doi = {10.1234/elm}, abstract = {Long}}"""


@pytest.mark.parametrize(
    "name, content, parts",
    [
        ("a.ris", RIS, [r"Elm, Ellen and Fir, F. \& Sons", r"50\% of them", "Journal of Roofs",
                        "2015", "11--19", "10.1234/Elm.2015"]),
        ("a.nbib", NBIB, ["Elm, E. and Oak-Sörensen, A. B.", "a survey of slate}", "J Roofs",
                          "2015", "11--19", "10.1234/elm}", "12345678"]),
        ("a.bib", BIB, ["Elm, Ellen", r"Roofs \& rain", "{Roofs}", "2015", "10.1234/elm"]),
    ],
)  # fmt: skip
def test_a_work_from_a_file(topic: Path, name: str, content: str, parts: list[str]) -> None:
    (topic.parent / name).write_text(content, encoding="utf-8")
    (one,) = read_additions(topic.parent / name, load(topic))
    assert isinstance(one, Reference) and one.key == "elm-2015"
    assert one.entry.startswith("@article{elm-2015,\n  author = {Elm, E")
    assert all(part in one.entry for part in parts) and "Long" not in one.entry
    write(propose(topic, [one]))
    found = load(topic).references.set_index("study_id").loc["elm-2015"]
    assert found["label"].startswith("Elm") and found["year"] == "2015"
    with pytest.raises(EvidenceError, match=r"is in references\.bib already, as elm-2015"):
        read_additions(topic.parent / name, load(topic))
    other = [("10.1234/", "10.9999/"), ("12345678", "1")]
    for old, new in other:
        bib = (topic / "references.bib").read_text(encoding="utf-8")
        (topic / "references.bib").write_text(bib.replace(old, new), encoding="utf-8")
    (two,) = read_additions(topic.parent / name, load(topic), key="x-1")
    assert two.key == "x-1"
    (three,) = read_additions(topic.parent / name, load(topic))
    assert three.key == "elm-2015b"


BROKEN = {
    "unended.ris": ("TY  - JOUR\nTI  - x\n", "1 records begin with TY and 0 end with ER"),
    "half.ris": (RIS + "TY  - JOUR\nTI  - x\n", "2 records begin with TY and 1 end with ER"),
    "empty.ris": ("", "0 records begin with TY"),
    "early.nbib": ("TI  - x\nPMID- 1\n", "line 1: stands before the first PMID"),
    "other.nbib": ("PMID- 1\nwhat is this\n", "line 2: is not a line of NBIB"),
    "empty.nbib": ("", "holds no record"),
    "broken.bib": ("@article{a, title = {x}", "line 1: is not BibTeX"),
    "unknown.csv": ("study_id,evnts\na,1\n", "line 1: column 'evnts' is unknown in studies.csv"),
    "both.csv": ("study_id,arm\na,1\n", "these columns fit studies.csv and scores.csv"),
    "ragged.csv": ("study_id,events\na\n", "line 2, a: has 1 cells and the header 2"),
    "no.xlsx": ("x", "is not an XLSX file"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named_with_its_fault(topic: Path, name: str) -> None:
    content, message = BROKEN[name]
    path = topic.parent / name
    path.write_text(content)
    with pytest.raises(DataError) as caught:
        read_additions(path, load(topic))
    assert message in str(caught.value)


def test_requests_that_cannot_be_met(topic: Path) -> None:
    tables = load(topic)
    with pytest.raises(EvidenceError, match="there is no file"):
        read_additions(topic / "no.ris", tables)
    with pytest.raises(EvidenceError, match=r"suffix '.toml' is unknown; choose one of: .csv"):
        read_additions(topic / "questions.toml", tables)
    (topic.parent / "two.ris").write_text(RIS + RIS.replace("10.1234", "10.1235"))
    with pytest.raises(EvidenceError, match=r"--key names one work and two\.ris holds 2"):
        read_additions(topic.parent / "two.ris", tables, "elm-2015")
    assert [one.key for one in read_additions(topic.parent / "two.ris", tables)] == [
        "elm-2015", "elm-2015b",
    ]  # fmt: skip
    (topic.parent / "bare.ris").write_text("TY  - JOUR\nTI  - x\nER  - \n")
    with pytest.raises(EvidenceError, match="no key can be made for 'x'"):
        read_additions(topic.parent / "bare.ris", tables)
    (topic.parent / "rows.csv").write_text("study_id,events\na,1\n")
    with pytest.raises(EvidenceError, match=r"--key names a work and rows\.csv holds rows"):
        read_additions(topic.parent / "rows.csv", tables, "a")


def test_rows_from_a_workbook_are_what_would_be_typed(topic: Path) -> None:
    book = Workbook()
    numbers = {"events", "total", "follow_up_months"}
    book.active.append(list(NEW))
    book.active.append([float(v) if k in numbers else v for k, v in NEW.items()])
    book.active.append([None] * len(NEW))
    book.save(topic.parent / "rows.xlsx")
    assert read_additions(topic.parent / "rows.xlsx", load(topic)) == [Row("studies.csv", NEW)]
    book.active.append([date(2026, 3, 1) if k == "events" else v for k, v in NEW.items()])
    book.active.append([True if k == "events" else v for k, v in NEW.items()])
    book.save(topic.parent / "rows.xlsx")
    with pytest.raises(DataError) as caught:
        read_additions(topic.parent / "rows.xlsx", load(topic))
    assert "line 4: events is 2026-03-01, a date made by the spreadsheet" in str(caught.value)
    assert "line 5: events is True, a truth value" in str(caught.value)


class Typist:
    """Somebody who answers each question from a list; questions not on it get the suggestion."""

    def __init__(self, **typed: str) -> None:
        self.typed: dict[str, Iterator[str]] = {
            name: iter(text.split("|")) for name, text in typed.items()
        }
        self.told: list[str] = []
        self.asked: list[str] = []

    def ask(self, question: str, suggested: str) -> str:
        name = question.removeprefix("its ").split(":")[0].split("?")[0]
        self.asked.append(name)
        return next(self.typed[name], suggested) if name in self.typed else suggested

    def talk(self, sure: bool = True) -> Talk:
        return Talk(self.ask, lambda question: sure, self.told.append)


def test_a_row_asked_for_cell_by_cell(topic: Path) -> None:
    typed = {name: text for name, text in NEW.items() if name not in ("row_id", "cohort")}
    typed |= {"outcome": "?|leaking-rof|leaking-roof", "events": "nine|9", "author": "Elm, Ellen",
              "title": "Elm roofs", "year": "2015", "doi": "-", "notes": "-"}  # fmt: skip
    someone = Typist(**typed)
    additions = ask_row(load(topic), "studies.csv", someone.talk())
    assert additions[1] == Row("studies.csv", NEW)
    assert additions[0].entry == (
        "@misc{elm-2015,\n  author = {Elm, Ellen},\n  title = {Elm roofs},\n  year = {2015},\n}"
    )
    told = "\n".join(someone.told)
    assert "leaking-roof: Water inside after rain" in told
    assert "did you mean leaking-roof?" in told
    assert "events is 'nine'; it must be a whole number" in told
    assert "9 of 60 are printed as 15% (9/60 = 15.00%)" in told
    assert "comparison" not in someone.asked and "exclude_detail" not in someone.asked
    write(propose(topic, additions))
    assert check(topic)["studies.csv"] == 8


def test_a_second_row_of_a_study_is_mostly_suggested(topic: Path) -> None:
    someone = Typist(study_id="alder-2001", outcome="owner-pleased", outcome_as_reported="pleased",
                     events="20", total="38", follow_up_months="12",
                     count_from="reported")  # fmt: skip
    (row,) = ask_row(load(topic), "studies.csv", someone.talk())
    assert row.cells["row_id"] == "alder-2001.3" and row.cells["design"] == "survey"
    write(propose(topic, [row]))


def test_a_count_that_does_not_give_the_percentage_is_asked_again(topic: Path) -> None:
    typed = NEW | {"study_id": "alder-2001", "row_id": "alder-2001.9", "events": "8|9"}
    someone = Typist(**typed | {"total": "60|60", "printed_percent": "15|15"})
    (row,) = ask_row(load(topic), "studies.csv", someone.talk(sure=False))
    assert row.cells["events"] == "9"
    assert (
        "  8 of 60 are printed as 15%: one of the two is wrong (8/60 = 13.33%; 15% of 60 is 9)"
    ) in someone.told
    someone = Typist(**typed | {"events": "8"})
    (row,) = ask_row(load(topic), "studies.csv", someone.talk(sure=True))
    assert row.cells["events"] == "8"


def test_rules_about_the_whole_row_are_told_at_its_end(topic: Path) -> None:
    typed = NEW | {"study_id": "alder-2001", "row_id": "alder-2001.9", "events": "-|9"}
    typed["which column shall be typed again"] = "evnts|events|count_from"
    typed["count_from"] = "reported"
    someone = Typist(**typed)
    (row,) = ask_row(load(topic), "studies.csv", someone.talk())
    assert row.cells["events"] == "9" and row.cells["count_from"] == "reported"
    told = "\n".join(someone.told)
    assert "15% of 60 is 9" in told and "there is no count" in told
    assert "there is no column 'evnts'" in told


def test_adding_on_the_command_line(
    capsys: pytest.CaptureFixture[str], topic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (topic.parent / "elm.ris").write_text(RIS)
    rows = topic.parent / "rows.csv"
    rows.write_text(",".join(NEW) + "\n" + ",".join(f'"{text}"' for text in NEW.values()) + "\n")
    data = ("--data", str(topic))
    before = (topic / "references.bib").read_bytes()
    monkeypatch.setattr("click.confirm", lambda question: False)
    code, out, _ = run(capsys, "add", "--from", str(topic.parent / "elm.ris"), *data)
    assert code == 0 and out.endswith("nothing was written\n") and "+ @article{elm-2015," in out
    assert (topic / "references.bib").read_bytes() == before
    code, out, _ = run(capsys, "add", "--yes", "--from", str(topic.parent / "elm.ris"), *data)
    assert code == 0 and "wrote references.bib; now look at `git diff`" in out
    code, out, _ = run(capsys, "add", "--yes", "--from", str(rows), *data)
    assert code == 0 and "because elm-2015.1 (added): share +" in out
    code, out, err = run(capsys, "add", "--yes", "--from", str(rows), *data)
    assert code == 1 and "line 10, elm-2015: row_id elm-2015.1 is used on line 9 already" in err
    assert run(capsys, "add", "--table", "no.csv", *data)[0] == 1
