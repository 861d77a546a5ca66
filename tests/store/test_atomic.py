"""A file is there whole or not at all."""

import errno
from pathlib import Path

import pytest

from seawall.model.errors import DiskError
from seawall.store.atomic import write_atomically


def test_the_file_replaces_the_old_one(tmp_path: Path) -> None:
    """The folder is made, the content replaced, and nothing else is left behind."""
    file = tmp_path / "deep" / "file.bin"
    write_atomically(file, b"old")
    write_atomically(file, b"new")
    assert file.read_bytes() == b"new"
    assert list(file.parent.iterdir()) == [file]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ENOSPC is a DiskError that names the file; the old content stands and no part of the new one."""
    file = tmp_path / "file.bin"
    write_atomically(file, b"old")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DiskError, match=r"cannot write .*file\.bin: No space left"):
        write_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_in_the_way_of_a_folder(tmp_path: Path) -> None:
    """A parent that is a file is the disk's refusal, not a traceback."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(DiskError, match="cannot write"):
        write_atomically(tmp_path / "taken" / "file.bin", b"new")
