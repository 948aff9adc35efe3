"""The whole report: data checked, notebooks executed, figures and tables written, one page."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..audit.provenance import explain, write_sidecar
from ..errors import EvidenceError
from ..plots.export import Provenance, save_figure
from ..plots.rows import forest_rows
from ..questions import Answer, answers, overview
from ..tables.export import save_table
from ..tables.load import Folder, Tables, load
from . import cache
from . import inputs as made_from
from .life import life_of
from .page import notebook_page, question_forest, report_page

FIGURES = (".svg", ".pdf", ".png", ".tiff")
TABLES = (".csv", ".xlsx")


def build(
    data: Folder,
    out: Path,
    *,
    notebooks: Path | str | None = None,
    force: bool = False,
    say: Callable[[str], None] = print,
) -> bool:
    """Make the report, unless nothing that it is made from has changed.

    Args:
        data: folder of the topic, as for `load`.
        out: folder to write; it is replaced as a whole, and only if it holds a report or nothing.
        notebooks: folder of notebooks; by default `notebooks/` beside the data, if it is there.
        force: make it even if nothing changed.
        say: told what is being done.

    Returns:
        Whether it was made.

    Raises:
        DataError, EvidenceError: problems of the data, of a notebook, or of writing.
    """
    tables = load(data)
    paths = _notebooks(tables.folder, notebooks)
    now = made_from.inputs(tables.folder, paths)
    changed = made_from.changes(now, out)
    if changed == [] and not force:
        say(f"{out}/index.html is up to date: data, notebooks and library are unchanged")
        return False
    _may_replace(out)
    if changed:
        say(f"changed since the last report: {', '.join(changed)}")
    say(f"checked {len(tables.studies)} rows of {tables.studies['study_id'].nunique()} studies")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as name:
        part = Path(name) / out.name
        _write(tables, paths, part, (now, None if force else out / "notebooks"), say)
        (part / made_from.NAME).write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(out, ignore_errors=True)
        part.replace(out)
    say(f"wrote {out}/index.html")
    return True


def _write(
    tables: Tables,
    paths: list[Path],
    part: Path,
    known: tuple[dict[str, str], Path | None],
    say: Callable[[str], None],
) -> None:
    for name in ("figures", "tables", "notebooks"):
        (part / name).mkdir(parents=True)
    say(f"looking at {len(paths)} notebooks and drawing {len(tables.questions)} questions")
    with ThreadPoolExecutor(1) as beside:  # kernels are processes of their own: draw meanwhile
        running = beside.submit(cache.executed, paths, tables.folder, *known, say)
        found = list(answers(tables).values())
        made = [explain(one, tables) for one in found]
        for number, (one, source) in enumerate(zip(found, made, strict=True), start=1):
            _downloads(one, part, tables)
            for folder in ("figures", "tables"):
                write_sidecar(part / folder / f"{one.question.key}.json", source)
            say(f"  drew {number} of {len(found)}: {one.question.key}")
        for suffix in TABLES:
            save_table(overview(found), part / "tables" / f"overview{suffix}")
        write_sidecar(part / "tables" / "overview.json", *made)
        life = life_of(tables, found)
        executed = running.result()
    for notebook in executed:
        page = notebook_page(notebook, tables)
        (part / "notebooks" / f"{notebook.name}.html").write_text(page, encoding="utf-8")
        target = part / "notebooks" / f"{notebook.name}.ipynb"
        target.write_text(notebook.source, encoding="utf-8")
    cache.remember(paths, known[0], part / "notebooks")
    page = report_page(tables, found, executed, life)
    (part / "index.html").write_text(page, encoding="utf-8")


def _downloads(found: Answer, part: Path, tables: Tables) -> None:
    """The question's forest plot in every format, and its tables."""
    key = found.question.key
    drawn = question_forest(found, tables)
    source = Provenance(key, tables.fingerprint)
    for suffix in FIGURES:
        save_figure(drawn, part / "figures" / f"{key}{suffix}", provenance=source)
    for suffix in TABLES:
        save_table(forest_rows(found.synthesis), part / "tables" / f"{key}{suffix}")
        save_table(found.rows, part / "tables" / f"{key}-all-rows{suffix}")


def _notebooks(data: Path, folder: Path | str | None) -> list[Path]:
    if folder is None:
        return sorted((data.parent / "notebooks").glob("[0-9]*.ipynb"))
    if not Path(folder).is_dir():
        raise EvidenceError(f"there is no folder {folder}; name the one that holds the notebooks")
    return sorted(Path(folder).glob("*.ipynb"))


def _may_replace(out: Path) -> None:
    """Refuse to replace a folder that holds something else than a report."""
    if out.is_file():
        raise EvidenceError(f"{out} is a file; name a folder for the report")
    if out.is_dir() and any(out.iterdir()) and not (out / made_from.NAME).exists():
        raise EvidenceError(f"{out} holds other files; name a new or empty folder for the report")
