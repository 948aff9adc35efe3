"""The accepted analysis: the record, figures and tables that `results/` holds, written whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from ..errors import EvidenceError
from ..living.record import NAME, Record, record
from ..living.states import INPUTS, results_of
from ..plots.export import save_figure
from ..plots.forest import forest
from ..plots.rows import forest_rows
from ..questions import answers, overview
from ..tables.export import save_table
from ..tables.load import FILES, Folder, Tables, find_data, load


def accept(data: Folder, say: Callable[[str], None] = print) -> Record:
    """Make the analysis as it is now the accepted one; nothing else writes `results/`.

    The folder, beside the data, gets `results.json`, a copy of the topic's files in `inputs/`, a
    forest plot and a table of every question. It is put in place as a whole; a crash leaves the
    old folder, if need be as `.results.before`, which the next acceptance puts back first.

    Raises:
        DataError: the topic has problems.
        EvidenceError: the folder holds something else, or cannot be written.
    """
    results = results_of(find_data(data))
    before = results.with_name(f".{results.name}.before")
    if before.exists() and not results.exists():
        before.replace(results)
    tables = load(data)
    try:
        if results.is_file() or (
            results.is_dir() and any(results.iterdir()) and not (results / NAME).exists()
        ):
            raise EvidenceError(f"{results} holds no accepted analysis; move it out of the way")
        shutil.rmtree(before, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=results.parent, prefix=f".{results.name}.") as name:
            part = Path(name) / results.name
            found = _write(tables, part)
            if results.exists():
                results.replace(before)
            part.replace(results)
        shutil.rmtree(before, ignore_errors=True)
    except OSError as error:
        raise EvidenceError(f"cannot write {results}: {error.strerror}") from None
    say(f"accepted {len(found.questions)} questions of {len(tables.studies)} rows: {results}")
    return found


def _write(tables: Tables, part: Path) -> Record:
    for folder in (INPUTS, "figures", "tables"):
        (part / folder).mkdir(parents=True)
    for name in FILES:
        if (tables.folder / name).exists():
            shutil.copyfile(tables.folder / name, part / INPUTS / name)
    found = answers(tables)
    for key, one in found.items():
        drawn = forest(one.synthesis, title=one.question.title)
        save_figure(drawn, part / "figures" / f"{key}.svg")
        save_table(forest_rows(one.synthesis), part / "tables" / f"{key}.csv")
    save_table(overview(found.values()), part / "tables" / "overview.csv")
    kept = record(tables)
    (part / NAME).write_text(kept.to_json(), encoding="utf-8")
    return kept
