"""The recorder beside the core: the same digests and bytes as doing it at once, and no lost error."""

from pathlib import Path

import numpy as np
import pytest

from seawall.kernels.rows import ROW
from seawall.kernels.state import DECISION, EQUITY
from seawall.model.chain import Chain
from seawall.model.errors import DiskError
from seawall.runtime.recorder import PENDING_MAX, Recorder
from seawall.store.journal import Journal, read_lanes

EMPTY = {"decisions": np.zeros(0, DECISION), "equity": np.zeros(0, EQUITY)}


def drained(first: int, count: int) -> list[tuple[str, np.ndarray]]:
    """Records of two lanes, numbered from `first`."""
    decisions, equity = np.zeros(count, DECISION), np.zeros(1, EQUITY)
    decisions["sequence"] = np.arange(first, first + count)
    equity["sequence"] = first + count
    return [("decisions", decisions), ("equity", equity)]


def test_order_and_digests(tmp_path: Path) -> None:
    """However many portions wait, digests, kept records and the journal are those of one thread."""
    plain = Chain(b"header")
    recorder = Recorder(Chain(b"header"), Journal(tmp_path / "journal.bin"))
    for number in range(4 * PENDING_MAX):
        rows = np.zeros(50, ROW)
        rows["sequence"] = number
        plain.take_rows(rows)
        recorder.rows(rows)
        for lane, records in drained(6 * number + 1, 5):
            plain.take_records(lane, records)
        recorder.records(drained(6 * number + 1, 5))
    recorder.records([])
    recorder.close()
    assert recorder.chain.result() == plain.result()
    lanes, written = recorder.lanes(EMPTY), read_lanes(tmp_path / "journal.bin")
    for lane, records in lanes.items():
        assert records.tobytes() == written[lane].tobytes()
    assert len(lanes["decisions"]) == 20 * PENDING_MAX


def test_settling(tmp_path: Path) -> None:
    """After `settle` all that was handed over is in the file, and the recorder goes on."""
    recorder = Recorder(Chain(b""), Journal(tmp_path / "journal.bin"))
    recorder.records(drained(1, 5))
    recorder.settle()
    assert len(read_lanes(tmp_path / "journal.bin")["decisions"]) == 5
    recorder.records(drained(7, 5))
    recorder.close()
    assert len(read_lanes(tmp_path / "journal.bin")["decisions"]) == 10


def test_without_a_journal() -> None:
    """In memory nothing is written; a lane without records has its type all the same."""
    recorder = Recorder(Chain(b""), None)
    recorder.records(drained(1, 2)[:1])
    recorder.close()
    lanes = recorder.lanes(EMPTY)
    assert lanes["decisions"]["sequence"].tolist() == [1, 2]
    assert lanes["equity"].dtype == EQUITY
    assert len(lanes["equity"]) == 0


class FullDisk(Journal):
    """A journal on a disk that is full from the first record on."""

    def append(self, lane: str, records: np.ndarray) -> None:
        """Refuses."""
        raise DiskError(f"{self.path}: cannot be written: No space left on device")


def test_a_refusing_disk(tmp_path: Path) -> None:
    """What the disk refused comes out of the next call that waits, by its own name."""
    recorder = Recorder(Chain(b""), FullDisk(tmp_path / "journal.bin"))
    recorder.records(drained(1, 5))
    with pytest.raises(DiskError, match="No space left"):
        recorder.settle()
    recorder.close()
