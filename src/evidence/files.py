"""Writing files: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .errors import EvidenceError


def write(path: Path, content: bytes) -> Path:
    """Write a file so that a reader, or a crash, meets the old file or the new, never a mixture.

    Raises:
        EvidenceError: the folder cannot be written to, with the system's reason.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise EvidenceError(f"cannot write {path}: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise EvidenceError(f"cannot write {path}: {error.strerror}") from None
    return path
