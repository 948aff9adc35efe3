"""Writing files: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .errors import EvidenceError


def write(path: Path, content: bytes) -> Path:
    """Write a file so that a reader, or a crash, meets the old file or the new, never a mixture.

    Raises:
        EvidenceError: the folder does not exist, the path is a folder, or the system refuses.
    """
    if not path.parent.is_dir():
        raise EvidenceError(
            f"cannot write {path.name}: the folder {path.parent} does not exist; create it first"
        )
    if path.is_dir():
        raise EvidenceError(f"cannot write {path}: it is a folder; name a file in it")
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise EvidenceError(f"cannot write {path}: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise EvidenceError(f"cannot write {path}: {error.strerror or error}") from None
    return path
