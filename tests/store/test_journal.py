"""The journal: what is appended is read back, and damage is named, never repaired."""

import gc
import hashlib
import resource
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from seawall.kernels.records import seal
from seawall.kernels.state import DECISION, EQUITY, EVENT, POSTING
from seawall.model.errors import DiskError, RunError, VerificationError
from seawall.store import journal as module
from seawall.store.journal import (
    FILE_MAGIC,
    HEADER,
    Journal,
    JournalLanes,
    read_frames,
    read_lane,
    read_lanes,
)

TYPES = {"decisions": DECISION, "events": EVENT, "postings": POSTING, "equity": EQUITY}
SEED = 3


def sealed(lane: str, first: int, count: int) -> np.ndarray:
    """Records of a lane with random content, numbered from `first`, sealed."""
    dtype = TYPES[lane]
    records = np.frombuffer(np.random.default_rng(SEED + first).bytes(count * dtype.itemsize), dtype).copy()
    records["sequence"] = np.arange(first, first + count)
    seal(records.view(np.uint64).reshape(count, -1))
    return records


DRAINS = [
    ("decisions", sealed("decisions", 1, 1)),
    ("events", sealed("events", 2, 3)),
    ("postings", sealed("postings", 5, 2)),
    ("events", sealed("events", 7, 1)),
    ("equity", sealed("equity", 8, 2)),
]


def write(path: Path, drains: list[tuple[str, np.ndarray]] = DRAINS) -> list[int]:
    """A closed journal of these drains; the offset at which each frame begins."""
    journal = Journal(path)
    offsets: list[int] = []
    for lane, records in drains:
        offsets.append(journal.offset)
        journal.append(lane, records)
    journal.close()
    assert path.stat().st_size == journal.offset
    return offsets


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A file of this process cannot grow beyond `size` bytes: a full disk, as the system makes it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_is_appended_is_read_back(tmp_path: Path) -> None:
    """Every frame in its order with lane, records and offset, and every lane as one array."""
    path = tmp_path / "journal.bin"
    offsets = write(path)
    frames = list(read_frames(path))
    assert [(frame.lane, frame.offset) for frame in frames] == [
        (lane, offset) for (lane, _), offset in zip(DRAINS, offsets, strict=True)
    ]
    for frame, (_, records) in zip(frames, DRAINS, strict=True):
        assert frame.records.tobytes() == records.tobytes()
    lanes = read_lanes(path)
    assert lanes["events"]["sequence"].tolist() == [2, 3, 4, 7]
    assert {lane: len(records) for lane, records in lanes.items()} == {
        "decisions": 1, "events": 4, "postings": 2, "equity": 2,
    }  # fmt: skip
    assert read_lane(path, "equity").tobytes() == DRAINS[4][1].tobytes()


def test_an_empty_journal(tmp_path: Path) -> None:
    """Only the header: no frames, and each lane is empty but typed."""
    path = tmp_path / "journal.bin"
    assert write(path, []) == []
    assert path.read_bytes() == FILE_MAGIC
    assert list(read_frames(path)) == []
    assert {lane: (len(records), records.dtype) for lane, records in read_lanes(path).items()} == {
        lane: (0, dtype) for lane, dtype in TYPES.items()
    }


def test_records_that_were_read_can_be_changed(tmp_path: Path) -> None:
    """They are the reader's own."""
    write(tmp_path / "journal.bin")
    next(read_frames(tmp_path / "journal.bin")).records["kind"][0] = 3


@pytest.mark.parametrize("kept", range(len(DRAINS) + 1))
def test_going_on_at_an_offset(tmp_path: Path, kept: int) -> None:
    """A reopened journal forgets what stands behind the offset and goes on there, byte for byte."""
    whole, path = tmp_path / "whole.bin", tmp_path / "journal.bin"
    write(whole)
    offsets = [*write(path), path.stat().st_size]
    journal = Journal(path, offsets[kept])
    assert journal.offset == offsets[kept]
    for lane, records in DRAINS[kept:]:
        journal.append(lane, records)
    journal.close()
    assert path.read_bytes() == whole.read_bytes()


def test_a_new_journal_forgets_the_old_one(tmp_path: Path) -> None:
    """Without an offset the file begins anew."""
    path = tmp_path / "journal.bin"
    write(path)
    write(path, DRAINS[:1])
    assert [frame.lane for frame in read_frames(path)] == ["decisions"]


def test_a_journal_that_lost_its_end_is_not_gone_on_with(tmp_path: Path) -> None:
    """Frames that a checkpoint had seen are gone: no hole is made, no prefix passes for the whole."""
    path = tmp_path / "journal.bin"
    offsets = write(path)
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[: offsets[4]])  # cut exactly between two frames
    message = rf"journal\.bin: ends at offset {offsets[4]}, but the run had written {size} bytes"
    with pytest.raises(VerificationError, match=message):
        Journal(path, size)
    assert path.stat().st_size == offsets[4]
    with pytest.raises(VerificationError, match=message):
        list(read_frames(path, size))
    assert len(list(read_frames(path))) == 4


def test_reading_up_to_an_offset(tmp_path: Path) -> None:
    """What lies behind the offset is not looked at, be it whole or not."""
    path = tmp_path / "journal.bin"
    offsets = write(path)
    path.write_bytes(path.read_bytes()[: offsets[3] + 5] + b"garbage")
    assert len(list(read_frames(path, offsets[3]))) == 3


def test_flushed_frames_are_on_the_system(tmp_path: Path) -> None:
    """After flush another reader sees all frames; large drains do not wait for it."""
    path = tmp_path / "journal.bin"
    journal = Journal(path)
    journal.append(*DRAINS[0])
    journal.flush()
    assert len(list(read_frames(path))) == 1
    journal.append("decisions", sealed("decisions", 2, 3000))
    assert path.stat().st_size == journal.offset > module.WAITING_BYTES_MAX
    journal.close()
    journal.close()  # twice is nothing


def test_a_flipped_byte_anywhere_is_found(tmp_path: Path) -> None:
    """Each byte of the file: the error names the file, and record and offset where it is in a record."""
    path = tmp_path / "journal.bin"
    offsets = write(path)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        with pytest.raises(VerificationError) as caught:
            read_lanes(path)
        assert str(caught.value) == f"{path}: {expected_at(place, offsets)}", place


def expected_at(place: int, offsets: list[int]) -> str:
    """What is said of a flipped byte at this place."""
    if place < len(FILE_MAGIC):
        return "not a journal: the first 8 bytes are wrong (offset 0)"
    number = max(n for n, offset in enumerate(offsets) if offset <= place)
    lane, records = DRAINS[number]
    start = offsets[number] + HEADER.size
    if place < start:
        return f"corrupt frame header at offset {offsets[number]}"
    index = (place - start) // records.dtype.itemsize
    offset = start + index * records.dtype.itemsize
    sequence = int(records[index]["sequence"])
    byte = place - offset
    if byte < 8:  # the number itself is what has flipped
        sequence = int.from_bytes(
            bytes(b ^ (0x10 if n == byte else 0) for n, b in enumerate(sequence.to_bytes(8, "little"))),
            "little",
            signed=True,
        )
    return f"{lane} record {sequence} (number {index} of its frame) is corrupt at offset {offset}"


def test_a_file_cut_anywhere_is_a_torn_tail(tmp_path: Path) -> None:
    """Cut between frames it is a shorter journal; cut inside one, a torn tail at that frame's offset."""
    path = tmp_path / "journal.bin"
    offsets = [*write(path), path.stat().st_size]
    whole = path.read_bytes()
    for length in sorted({*range(len(FILE_MAGIC), len(whole), 3), *offsets}):
        path.write_bytes(whole[:length])
        begun = max(offset for offset in offsets if offset <= length)
        if begun == length:
            assert len(list(read_frames(path))) == offsets.index(length)
        else:
            with pytest.raises(VerificationError, match=rf"journal\.bin: torn tail: .*\boffset {begun}\b"):
                list(read_frames(path))


@pytest.mark.parametrize("length", range(8))
def test_a_file_shorter_than_its_header(tmp_path: Path, length: int) -> None:
    """Less than the first eight bytes is no journal."""
    path = tmp_path / "journal.bin"
    path.write_bytes(FILE_MAGIC[:length])
    with pytest.raises(VerificationError, match="not a journal"):
        list(read_frames(path))


@pytest.mark.parametrize("tail", [b"\0" * 64, b"\xff" * 40, b"SEAWALL1" * 8])
def test_garbage_behind_the_end_is_corruption(tmp_path: Path, tail: bytes) -> None:
    """A whole header's worth of something else is not a frame cut short."""
    path = tmp_path / "journal.bin"
    write(path)
    size = path.stat().st_size
    path.write_bytes(path.read_bytes() + tail)
    with pytest.raises(VerificationError, match=f"corrupt frame header at offset {size}"):
        list(read_frames(path))


@pytest.mark.parametrize(
    "fields", [(9, 1, 1, 224), (1, 1, 0, 0), (1, 1, 1, 223), (1, 1, 2, 224), (0, 1, 1, 224)]
)
def test_a_header_that_fits_no_lane(tmp_path: Path, fields: tuple[int, int, int, int]) -> None:
    """A well-summed header of an unknown lane, of no records or of the wrong length is corrupt too."""
    lane, first, count, size = fields
    payload = bytes(size)
    plain = (module.FRAME_MAGIC, lane, first, count, size, zlib.crc32(payload))
    head = HEADER.pack(*plain, zlib.crc32(HEADER.pack(*plain, 0)))
    path = tmp_path / "journal.bin"
    path.write_bytes(FILE_MAGIC + head + payload)
    with pytest.raises(VerificationError, match="corrupt frame header at offset 8"):
        list(read_frames(path))


def test_a_payload_whose_records_are_all_right(tmp_path: Path) -> None:
    """A frame whose sum is wrong though each record passes its own check is named by its offset."""
    path = tmp_path / "journal.bin"
    offsets = write(path, [DRAINS[1]])
    whole = bytearray(path.read_bytes())
    start = offsets[0] + HEADER.size
    size = EVENT.itemsize
    whole[start + size : start + 3 * size] = (
        whole[start + 2 * size :] + whole[start + size : start + 2 * size]
    )
    path.write_bytes(whole)
    with pytest.raises(
        VerificationError, match=rf"frame of events at offset {start}: its payload does not fit its header"
    ):
        list(read_frames(path))


def test_a_payload_that_begins_with_another_number(tmp_path: Path) -> None:
    """All sums are right, but the header announces another first sequence: frames were swapped."""
    payload = DRAINS[3][1].tobytes()
    plain = (module.FRAME_MAGIC, 1, 8, 1, len(payload), zlib.crc32(payload))
    head = HEADER.pack(*plain, zlib.crc32(HEADER.pack(*plain, 0)))
    path = tmp_path / "journal.bin"
    path.write_bytes(FILE_MAGIC + head + payload)
    with pytest.raises(VerificationError, match="frame of events at offset 40: its payload does not fit"):
        list(read_frames(path))


def test_a_journal_that_is_not_there(tmp_path: Path) -> None:
    """Missing, or a folder: the error names the file, for readers and for a writer that wants to go on."""
    for path in (tmp_path / "absent.bin", tmp_path):
        with pytest.raises(VerificationError, match="cannot be read: "):
            list(read_frames(path))
    with pytest.raises(DiskError, match=r"absent\.bin: cannot be written: No such file"):
        Journal(tmp_path / "absent.bin", 8)
    with pytest.raises(DiskError, match="cannot be written: Is a directory"):
        Journal(tmp_path)


def test_frames_of_nothing_or_of_another_lane_are_our_bug(tmp_path: Path) -> None:
    """An empty drain has no first sequence, and records belong to their lane."""
    journal = Journal(tmp_path / "journal.bin")
    with pytest.raises(AssertionError):
        journal.append("events", DRAINS[1][1][:0])
    with pytest.raises(AssertionError):
        journal.append("equity", DRAINS[1][1])
    journal.close()
    assert list(read_frames(tmp_path / "journal.bin")) == []


def test_a_full_disk_is_a_disk_error(tmp_path: Path) -> None:
    """/dev/full takes nothing: flush and close say so, naming the file, and collecting it is silent."""
    journal = Journal(Path("/dev/full"))
    journal.append(*DRAINS[0])
    with pytest.raises(DiskError, match="/dev/full: cannot be written: No space left on device"):
        journal.flush()
    with pytest.raises(DiskError, match="/dev/full: cannot be written: No space left on device"):
        journal.close()
    journal.close()
    del journal
    gc.collect()  # an error here would fail the test as unraisable


def test_a_disk_that_fills_up_leaves_whole_frames_and_a_torn_tail(tmp_path: Path) -> None:
    """What fitted is readable, the rest is a torn tail, and the writer stays refused when there is room."""
    path = tmp_path / "journal.bin"
    whole = sealed("events", 1, 400)
    journal = Journal(path)
    with files_of_at_most(100_000):
        for start in range(0, 400, 100):
            journal.append("events", whole[start : start + 100])
        journal.flush()
        journal.append("events", sealed("events", 401, 100))
        with pytest.raises(DiskError, match=r"journal\.bin: cannot be written: File too large"):
            journal.flush()
    with pytest.raises(DiskError, match="File too large"):
        journal.flush()
    with pytest.raises(DiskError, match="File too large"):
        journal.close()
    assert path.stat().st_size == 100_000  # as much as went in
    frames = read_frames(path)
    good = [next(frames) for _ in range(4)]
    assert np.concatenate([frame.records for frame in good]).tobytes() == whole.tobytes()
    with pytest.raises(VerificationError, match="torn tail"):
        next(frames)
    journal = Journal(path, good[3].offset)  # there is room again: the run goes on from its checkpoint
    journal.append("events", whole[300:])
    journal.close()
    assert read_lane(path, "events").tobytes() == whole.tobytes()


def test_a_failing_sync_is_a_disk_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An fsync that fails ends the run: nobody may believe that the bytes are there."""
    journal = Journal(tmp_path / "journal.bin")

    def failing(_handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.fsync", failing)
    with pytest.raises(DiskError, match=r"journal\.bin: cannot be written: Input/output error"):
        journal.close()


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    """Whoever writes holds the lock; the next may write when the first is done, and loses nothing."""
    path = tmp_path / "journal.bin"
    first = Journal(path)
    for at in (None, 8):
        with pytest.raises(RunError, match="another process is writing this run"):
            Journal(path, at)
    first.close()
    assert path.read_bytes() == FILE_MAGIC
    again = Journal(path, 8)
    again.close()
    assert again.sha256 == first.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_lanes_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    """As `read_lanes`, one lane at a time; nothing is opened before, and all lanes are there."""
    lanes = JournalLanes(tmp_path / "journal.bin")
    assert (list(lanes), len(lanes)) == (["decisions", "events", "postings", "equity"], 4)
    write(tmp_path / "journal.bin")
    expected = read_lanes(tmp_path / "journal.bin")
    for lane, records in lanes.items():
        assert records.dtype == TYPES[lane]
        assert records.tobytes() == expected[lane].tobytes()


@pytest.mark.parametrize("keeps", [True, False])
def test_lanes_are_kept_on_demand(tmp_path: Path, keeps: bool) -> None:
    """Kept, a lane is the same array again; else it is read anew, and shows what was written since."""
    write(tmp_path / "journal.bin", DRAINS[:2])
    lanes = JournalLanes(tmp_path / "journal.bin", keeps=keeps)
    first = lanes["events"]
    assert len(lanes["equity"]) == 0
    write(tmp_path / "journal.bin")
    assert (lanes["events"] is first) == keeps
    assert len(lanes["events"]) == (3 if keeps else 4)
    assert len(lanes["postings"]) == 2  # what was not asked for is read now


def test_damage_shows_in_any_lane(tmp_path: Path) -> None:
    """All frames are checked, whichever lane is read; a lane that there is not is a KeyError."""
    offsets = write(tmp_path / "journal.bin")
    content = bytearray((tmp_path / "journal.bin").read_bytes())
    content[offsets[4] + HEADER.size + 20] ^= 1
    (tmp_path / "journal.bin").write_bytes(content)
    with pytest.raises(VerificationError, match="equity record"):
        _ = JournalLanes(tmp_path / "journal.bin")["decisions"]
    with pytest.raises(VerificationError, match="cannot be read"):
        _ = JournalLanes(tmp_path / "absent.bin")["decisions"]
    write(tmp_path / "journal.bin")
    with pytest.raises(KeyError):
        _ = JournalLanes(tmp_path / "journal.bin")["rows"]
