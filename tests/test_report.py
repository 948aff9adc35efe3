"""The report of a topic: made whole or not at all, once, from what it says it is made from."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from evidence import EvidenceError
from evidence.report.build import build
from tests.conftest import ROOT
from tests.editing import cell, edit


def notebook(folder: Path, name: str, *cells: str) -> Path:
    book = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# A first look"),
            *map(nbformat.v4.new_code_cell, cells),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    folder.mkdir(exist_ok=True)
    nbformat.write(book, folder / name)
    return folder / name


@pytest.fixture
def told() -> list[str]:
    return []


def test_the_report_holds_every_page_figure_and_table(topic: Path, told: list[str]) -> None:
    notebook(topic.parent / "notebooks", "01_look.ipynb", "from evidence import load\nload().title")
    out = topic.parent / "report"
    assert build(topic, out, say=told.append)
    made = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert made == {
        "index.html", "inputs.json", "notebooks/01_look.html", "notebooks/01_look.ipynb",
        "notebooks/inputs.json",
        *(f"figures/{key}.{form}" for key in ("leaks", "pleased", "pleased-reed")
          for form in ("svg", "pdf", "png", "tiff", "json")),
        *(f"tables/{key}.json" for key in ("overview", "leaks", "pleased", "pleased-reed")),
        *(f"tables/{name}.{form}" for form in ("csv", "xlsx")
          for name in ("overview", "leaks", "leaks-all-rows", "pleased", "pleased-all-rows",
                       "pleased-reed", "pleased-reed-all-rows")),
    }  # fmt: skip
    assert "'Leaking roofs'" in (out / "notebooks/01_look.html").read_text().replace("&#39;", "'")
    page = (out / "index.html").read_text(encoding="utf-8")
    for text in (
        "Of new houses, how many leak in their first years?",
        "11.3% (95% CI 4.9 to 24.0), from 3 cohorts",
        "A percentage without a number of houses.",
        "another row of the same patients enters: alder-2001.2",
        "Alder A, Schön B. Roofs in the rain. Journal of Roofs 3:1–9 2001. doi 10.1234/roof.2001",
        "No study in the table answers this question.",
        "Reed dries differently.",
    ):
        assert text in page, text
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert targets <= set(re.findall(r'id="([^"]+)"', page))
    files = {link for link in re.findall(r'href="([^"#:]+)"', page) if "," not in link}
    assert files and all((out / link).exists() for link in files)
    assert not re.findall(r'(?:src|href)="(?:https?:)?//[^"]*\.(?:js|css|png|woff2?)"', page)


def test_it_is_made_again_only_when_something_changed(topic: Path, told: list[str]) -> None:
    out = topic.parent / "report"
    assert build(topic, out, say=told.append)
    before = (out / "index.html").stat().st_mtime_ns
    told.clear()
    assert not build(topic, out, say=told.append)
    assert told == [f"{out}/index.html is up to date: data, notebooks and library are unchanged"]
    assert (out / "index.html").stat().st_mtime_ns == before
    edit(topic, cell("alder-2001.2", "events", "6"))
    assert build(topic, out, say=told.append)
    assert "changed since the last report: data/studies.csv" in told
    assert build(topic, out, force=True, say=told.append)


def test_same_input_gives_the_same_bytes(topic: Path, told: list[str]) -> None:
    build(topic, topic.parent / "one", say=told.append)
    build(topic, topic.parent / "two", say=told.append)
    for path in sorted((topic.parent / "one").rglob("*")):
        if path.is_file():
            twin = topic.parent / "two" / path.relative_to(topic.parent / "one")
            assert path.read_bytes() == twin.read_bytes(), path.name


def test_failing_notebooks_are_all_named_and_the_old_report_stays(
    topic: Path, told: list[str]
) -> None:
    out = topic.parent / "report"
    build(topic, out, say=told.append)
    before = (out / "index.html").read_bytes()
    folder = topic.parent / "notebooks"
    notebook(folder, "01_bad.ipynb", "1", "1 / 0")
    notebook(folder, "02_worse.ipynb", "nothing")
    with pytest.raises(EvidenceError) as caught:
        build(topic, out, say=told.append)
    assert str(caught.value).splitlines() == [
        "notebooks/01_bad.ipynb, cell 3: ZeroDivisionError: division by zero",
        "notebooks/02_worse.ipynb, cell 2: NameError: name 'nothing' is not defined",
    ]
    assert (out / "index.html").read_bytes() == before
    assert not [path for path in topic.parent.iterdir() if path.name.startswith(".report")]


def test_a_folder_with_other_files_is_not_replaced(topic: Path, told: list[str]) -> None:
    with pytest.raises(EvidenceError, match="holds other files; name a new or empty folder"):
        build(topic, topic, say=told.append)
    with pytest.raises(EvidenceError, match="is a file; name a folder for the report"):
        build(topic, topic / "studies.csv", say=told.append)
    assert (topic / "studies.csv").exists()


def test_notebook_folder_that_is_not_there(topic: Path, told: list[str]) -> None:
    with pytest.raises(EvidenceError, match="name the one that holds the notebooks"):
        build(topic, topic.parent / "report", notebooks=topic / "no", say=told.append)


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_notebooks_are_stripped_short_and_linear(path: Path) -> None:
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    code = [one for one in book.cells if one.cell_type == "code"]
    assert all(one.outputs == [] and one.execution_count is None for one in code)
    assert sum(len(one.source.splitlines()) for one in book.cells) < 90
    for one in code:
        assert not re.search(r"^\s*(def|class|lambda\s*:)", one.source, re.M), (
            "functions live in src"
        )
        assert not re.search(r"read_csv|open\(|/", one.source), "notebooks know no paths"
    prose = " ".join(one.source for one in book.cells if one.cell_type == "markdown")
    assert not re.search(r"\d+(\.\d+)? ?%|\d+ (of|in) \d+(?!n)", prose.replace("0 of n", "")), (
        "no figure is typed into prose"
    )
