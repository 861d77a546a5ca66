"""Checkpoints: three are kept, a damaged one is passed over, a killed writer harms none."""

import errno
import os
from pathlib import Path

import pytest

from seawall.kernels.state import STATE, new_state
from seawall.model.errors import DiskError
from seawall.model.predictions import ModelPrediction
from seawall.store.checkpoint import (
    GENERATIONS,
    Checkpoint,
    newest_checkpoint,
    remove_checkpoints,
    write_checkpoint,
)


class Killed(BaseException):
    """Stands for kill -9: no handler of errors catches it."""


def at(rows_fed: int) -> Checkpoint:
    """A checkpoint with a little of everything."""
    return Checkpoint(
        config_hash="c0ffee",
        rows_fed=rows_fed,
        journal_offset=8 + rows_fed,
        events_taken=2,
        state=bytes(range(256)) * 4,
        venue=b"\0" * 1000,
        books=b"books",
        venue_books=b"theirs",
        rows_sha256="ab" * 32,
        policy=b"",
        words=("momentum", "é", ""),
        predictions=(ModelPrediction(name="up", instrument="A", ts_local=1, value=0.5),),
    )


def names(folder: Path) -> list[str]:
    """The files of a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Every field comes back; of the states, every byte."""
    state = new_state()
    state[0]["row_hash"] = 0xFEDCBA9876543210
    whole = Checkpoint(
        "c0ffee", 5, 8, 0, state.tobytes(), b"venue", b"books", b"theirs", "ab", b"policy", ("a",), ()
    )
    path = write_checkpoint(tmp_path, whole)
    assert newest_checkpoint(tmp_path) == whole
    assert len(whole.state) == STATE.itemsize
    assert path.stat().st_size < 100_000  # mostly empty, so it packs well


def test_three_generations_are_kept(tmp_path: Path) -> None:
    """The oldest goes when the fourth comes, also where the number of digits grows."""
    for rows in (9, 10, 99_999, 1_000_000, 250):
        write_checkpoint(tmp_path, at(rows))
    assert GENERATIONS == 3
    assert names(tmp_path) == [f"checkpoint-{rows:012d}.bin" for rows in (250, 99_999, 1_000_000)]
    assert newest_checkpoint(tmp_path) == at(1_000_000)


def test_the_same_row_twice_is_one_file(tmp_path: Path) -> None:
    """A run that stops where it had resumed writes its checkpoint again."""
    write_checkpoint(tmp_path, at(10))
    write_checkpoint(tmp_path, at(10))
    assert names(tmp_path) == ["checkpoint-000000000010.bin"]


def test_none_in_an_empty_or_a_missing_folder(tmp_path: Path) -> None:
    """Nothing to go on from is None, not an error."""
    assert newest_checkpoint(tmp_path) is None
    assert newest_checkpoint(tmp_path / "absent") is None
    remove_checkpoints(tmp_path)


def test_a_flipped_byte_anywhere_is_noticed(tmp_path: Path) -> None:
    """Whichever byte of the newest flips, the one before it is used."""
    write_checkpoint(tmp_path, at(10))
    path = write_checkpoint(tmp_path, at(20))
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert newest_checkpoint(tmp_path) == at(10), place
    path.write_bytes(whole)
    assert newest_checkpoint(tmp_path) == at(20)


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 100])
def test_a_file_cut_short_is_passed_over(tmp_path: Path, length: int) -> None:
    """Also one cut inside its digest, or to nothing; when all are damaged there is none."""
    older = write_checkpoint(tmp_path, at(10))
    newer = write_checkpoint(tmp_path, at(20))
    newer.write_bytes(newer.read_bytes()[:length])
    assert newest_checkpoint(tmp_path) == at(10)
    older.write_bytes(older.read_bytes()[:length])
    assert newest_checkpoint(tmp_path) is None


STEPS = [
    ("pathlib.Path.open", 10),
    ("os.fsync", 10),
    ("pathlib.Path.replace", 10),
    ("os.open", 20),  # of the folder, which is synced after the rename
    ("os.close", 20),
]


@pytest.mark.parametrize(("step", "after"), STEPS)
def test_a_writer_that_is_killed_leaves_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: int
) -> None:
    """Killed at any step of writing: the old checkpoint or the new one stands, whole."""
    write_checkpoint(tmp_path, at(10))

    def killed(*_args: object, **_options: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(step, killed)
        with pytest.raises(Killed):
            write_checkpoint(tmp_path, at(20))
    assert newest_checkpoint(tmp_path) == at(after)


@pytest.mark.parametrize("written", [0, 1, 40])
def test_a_writer_that_is_killed_while_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    """Half a file never has the name of a checkpoint; what is left over goes with the others."""
    write_checkpoint(tmp_path, at(10))

    def partly(path: Path, content: bytes) -> None:
        path.write_bytes(content[:written])
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("seawall.store.atomic._write_synced", partly)
        with pytest.raises(Killed):
            write_checkpoint(tmp_path, at(20))
    assert newest_checkpoint(tmp_path) == at(10)
    assert len(names(tmp_path)) == 2
    remove_checkpoints(tmp_path)
    assert names(tmp_path) == []


def test_a_full_disk_keeps_the_old_generations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No old checkpoint is removed before the new one stands."""
    for rows in (10, 20, 30):
        write_checkpoint(tmp_path, at(rows))
    before = names(tmp_path)

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DiskError, match=r"cannot write .*checkpoint-000000000040\.bin: No space left"):
        write_checkpoint(tmp_path, at(40))
    assert names(tmp_path) == before
    assert newest_checkpoint(tmp_path) == at(30)


def test_a_finished_run_has_none(tmp_path: Path) -> None:
    """All generations go, and nothing else of the folder."""
    (tmp_path / "journal.bin").write_bytes(b"x")
    for rows in (10, 20):
        write_checkpoint(tmp_path, at(rows))
    remove_checkpoints(tmp_path)
    assert names(tmp_path) == ["journal.bin"]
