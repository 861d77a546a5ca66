"""Files that are there whole or not at all.

Rule 1: bytes go to a temporary file of the same folder, to the disk, then to their name;
        the folder is synced last, so that the name survives a power cut as well.
Rule 2: what the disk refuses is a DiskError that names the file; no half file stays behind.
"""

import os
from pathlib import Path

from seawall.model.errors import DiskError

__all__ = ["write_atomically"]


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` as the file `path`, making its folder; a refusal is a DiskError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_synced(temporary, content)
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        _discard(temporary)
        raise DiskError(f"cannot write {path}: {error.strerror or error}") from error


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _discard(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # the first error is the one to report; the leftover has a name that no reader opens
