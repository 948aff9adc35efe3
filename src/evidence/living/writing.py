"""Replacing files of the topic: whole or not at all, and never over somebody else's change."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import EvidenceError


def replace_unchanged(path: Path, before: bytes, after: bytes) -> None:
    """Write a file anew, if it still holds what it held when it was read.

    The new content is on the disk before it takes the old one's name, so that a crash at any
    moment leaves the old file or the new one. A lock, which the system lets go when its holder
    dies, keeps a second writer waiting between the comparison and the writing.

    Args:
        path: the file.
        before: what it held when it was read.
        after: what it shall hold.

    Raises:
        EvidenceError: it holds something else by now, or cannot be written.
    """
    path = path.resolve()
    try:
        with _lock(path.parent):
            if path.read_bytes() != before:
                raise EvidenceError(
                    f"{path.name} was changed by somebody else since it was read; nothing was "
                    "written to it. Run the command again"
                )
            _remove_leftovers(path)
            _replace(path, after)
    except OSError as error:
        raise EvidenceError(f"cannot write {path}: {error.strerror}") from None


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, name)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _remove_leftovers(path: Path) -> None:
    """Delete what a killed writer left; under the lock nobody can be writing."""
    for left in path.parent.glob(f".{path.name}.*.part"):
        left.unlink(missing_ok=True)


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; wait for whoever has it."""
    try:
        import fcntl
    except ImportError:  # Windows outside WSL
        raise EvidenceError(
            "this system has no file locks, so that `evidence add` could overwrite another "
            "person's change; type the row into the file and run `evidence check`"
        ) from None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
