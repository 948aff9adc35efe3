"""What a report is made from, as hashes: so that it is made again only when something changed."""

from __future__ import annotations

import hashlib
import json
import sys
from importlib import metadata
from pathlib import Path

from .. import __version__
from ..coverage.page import PUBLISHED
from ..errors import EvidenceError
from ..living.record import NAME as RECORD
from ..living.states import git, results_of

NAME = "inputs.json"
_LIBRARIES = ("matplotlib", "nbconvert", "numpy", "pandas", "scipy", "statsmodels")


def inputs(data: Path, notebooks: list[Path]) -> dict[str, str]:
    """Name and SHA-256 of every file that can change the report, and the versions at work."""
    library = Path(__file__).resolve().parents[1]
    files = [
        *(("data", path) for path in sorted(data.iterdir()) if path.is_file()),
        *(("notebooks", path) for path in notebooks),
        *(("docs", path) for path in (PUBLISHED,) if path.exists()),
    ]
    sources = sorted(
        path for path in library.rglob("*") if path.suffix in (".py", ".jinja", ".css")
    )
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    versions = {name: metadata.version(name) for name in _LIBRARIES}
    return {
        **{f"{kind}/{path.name}": _hash(path) for kind, path in files},
        "library": f"{__version__} {digest}",
        "python": sys.version.split()[0],
        **versions,
        **_accepted(data),
    }


def _accepted(data: Path) -> dict[str, str]:
    """The accepted analysis and the newest commit of one: the report tells their history."""
    path = results_of(data) / RECORD
    try:
        last = git(data, "log", "-1", "--format=%H", "--", str(path)).decode().strip()
    except EvidenceError:
        last = ""
    return {"accepted analysis": _hash(path) if path.exists() else "", "last acceptance": last}


def changes(now: dict[str, str], report: Path) -> list[str] | None:
    """The names that differ from those of the report that is there; None where there is none."""
    try:
        before = json.loads((report / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
