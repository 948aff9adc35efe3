"""Notebooks executed side by side from clean kernels, and turned into pages."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbconvert import HTMLExporter

from ..errors import EvidenceError

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
TOGETHER = 2


@dataclass(frozen=True)
class Executed:
    """A notebook with its outputs, as the body of a page.

    Attributes:
        name: file name without the suffix.
        title: its first heading.
        body: HTML.
        source: the notebook with outputs, as JSON text.
    """

    name: str
    title: str
    body: str
    source: str


def execute(paths: list[Path], data: Path, say: Callable[[str], None]) -> list[Executed]:
    """Every notebook run top to bottom from a clean kernel, in the order given.

    Args:
        paths: the notebooks.
        data: folder of the topic, told to the kernels as EVIDENCE_DATA.
        say: called with a line as each notebook is done.

    Raises:
        EvidenceError: every notebook that failed, with its cell and the error.
    """
    return asyncio.run(_execute(paths, data, say))


async def _execute(paths: list[Path], data: Path, say: Callable[[str], None]) -> list[Executed]:
    gate = asyncio.Semaphore(TOGETHER)
    found = await asyncio.gather(*(_one(path, data, gate, say) for path in paths))
    failed = [one for one in found if isinstance(one, str)]
    if failed:
        raise EvidenceError("\n".join(failed))
    return [one for one in found if isinstance(one, Executed)]


async def _one(
    path: Path, data: Path, gate: asyncio.Semaphore, say: Callable[[str], None]
) -> Executed | str:
    """The executed notebook, or what went wrong in which cell."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    environment = {**os.environ, "EVIDENCE_DATA": str(data)}
    # sockets of its own in a folder of its own: no port is opened, no path is shared
    async with gate:
        with tempfile.TemporaryDirectory(prefix="evidence-") as sockets:
            manager = AsyncKernelManager(
                kernel_name="python3", transport="ipc", connection_file=f"{sockets}/kernel.json"
            )
            resources = {"metadata": {"path": str(path.parent)}}
            client = NotebookClient(notebook, km=manager, timeout=600, resources=resources)
            try:
                await client.async_execute(env=environment, cleanup_kc=True)
            except (CellExecutionError, DeadKernelError) as error:
                return f"notebooks/{path.name}, {_fault(notebook, error)}"
    say(f"  executed {path.name}")
    return page(path.stem, notebook)


def _fault(notebook: nbformat.NotebookNode, error: Exception) -> str:
    """Which cell failed, and the last line of what it said."""
    for number, cell in enumerate(notebook.cells, start=1):
        if any(out.get("output_type") == "error" for out in cell.get("outputs", ())):
            return f"cell {number}: {_COLOURS.sub('', str(error)).strip().splitlines()[-1]}"
    return "its kernel died; run it with `make lab` to see why"


def page(name: str, notebook: nbformat.NotebookNode) -> Executed:
    """An executed notebook as the body of a page."""
    exporter = HTMLExporter(template_name="basic", exclude_anchor_links=True)  # type: ignore[no-untyped-call]
    body, _ = exporter.from_notebook_node(notebook)
    headings = (
        line.removeprefix("# ").strip()
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("# ")
    )
    source = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    return Executed(name, next(headings, name), _accessible(body), source)


def _accessible(body: str) -> str:
    """The page with pandas' tables, and code, as a screen reader and a keyboard need them."""
    numbers = itertools.count(1)

    def region(table: re.Match[str]) -> str:
        label = f"Table {next(numbers)}"
        plain = table[0].replace(' border="1"', "", 1)
        return (
            f'<div class="scroll" role="region" aria-label="{label}" tabindex="0">'
            f"{plain.replace('<th></th>', '<td></td>')}</div>"
        )

    body = body.replace("<pre>", '<pre tabindex="0">')
    return re.sub(r"<table.*?</table>", region, body, flags=re.DOTALL)
