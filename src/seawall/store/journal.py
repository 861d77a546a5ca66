"""The journal of a run: framed records, append-only, checked and chained.

Rule 1: a file begins with its header; each frame holds records of one lane in their order.
Rule 2: a frame carries the CRC of its header and of its payload; each record carries its own
        check; verify names file, record and byte offset.
Rule 3: one process writes a journal; it holds a lock for as long.
Rule 4: reading never repairs. A torn tail (a frame cut short at the very end) is told apart
        from corruption (a bad frame before the end, or a record that fails its check).
Rule 4: a write that the disk refused is a DiskError, then and in every later call: behind half
        a frame nothing can be appended.

Layout: b"SEAWALL1", then frames of
    magic u32 | lane u32 | first sequence i64 | records u32 | bytes u32 | CRC-32 of payload u32 |
    CRC-32 of these fields u32 | payload
The chain of each lane, SHA-256 over all of its records, is kept by model/chain.py and written
into the manifest when the run ends. Frames are gathered in memory and handed on by `flush`, or
when there are many; the file below has no buffer of its own that could fail when it is collected.
"""

import fcntl
import hashlib
import mmap
import os
import struct
import zlib
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import msgspec
import numpy as np

from seawall.kernels.records import seal
from seawall.kernels.state import DECISION, EQUITY, EVENT, POSTING
from seawall.model.errors import DiskError, RunError, VerificationError

__all__ = ["FILE_MAGIC", "Frame", "Journal", "JournalLanes", "read_frames", "read_lane", "read_lanes"]

FILE_MAGIC = b"SEAWALL1"
FRAME_MAGIC = 0x53455741
HEADER = struct.Struct("<IIqIIII")
WAITING_BYTES_MAX = 1 << 20
LANE_NAMES = ("decisions", "events", "postings", "equity")
TYPES: dict[str, np.dtype] = {"decisions": DECISION, "events": EVENT, "postings": POSTING, "equity": EQUITY}


class Frame(msgspec.Struct, frozen=True):
    """One frame as read: lane, records (array of the lane's type), byte offset in the file."""

    lane: str
    records: np.ndarray
    offset: int


class Journal:
    """Writes frames to the end of one file; the only writer of that file.

    at: go on at this offset of an existing journal, and forget what stands behind it; without
    it the file begins anew. `offset` is where the next frame will begin, in bytes.
    """

    def __init__(self, path: Path, at: int | None = None) -> None:
        self.path = path
        self.offset = at or 0
        self._waiting = bytearray()
        self._digest = hashlib.sha256()
        self._refusal: str | None = None
        try:
            flags = os.O_RDWR | (os.O_CREAT if at is None else 0)
            self._file: FileIO = FileIO(os.open(path, flags, 0o666), "r+b")
            self._lock()
            if at is None and os.fstat(self._file.fileno()).st_size:
                self._file.truncate(0)
            elif at is not None:
                self._go_to(at)
        except OSError as error:
            raise self._refused(error) from error
        if at is None:
            self._write(FILE_MAGIC)

    @property
    def sha256(self) -> str:
        """SHA-256 of all that was handed to the operating system, in hexadecimal."""
        return self._digest.hexdigest()

    def append(self, lane: str, records: np.ndarray) -> None:
        """Writes one frame with these records, at least one, of that lane's type."""
        assert len(records)
        assert records.dtype == TYPES[lane]
        payload = records.tobytes()
        fields = (
            FRAME_MAGIC,
            LANE_NAMES.index(lane),
            int(records[0]["sequence"]),
            len(records),
            len(payload),
        )
        head = HEADER.pack(*fields, zlib.crc32(payload), 0)
        self._write(HEADER.pack(*fields, zlib.crc32(payload), zlib.crc32(head)))
        self._write(payload)

    def flush(self) -> None:
        """Hands all that was written to the operating system, so that kill -9 cannot lose it."""
        if self._refusal:
            raise DiskError(self._refusal)
        try:
            while self._waiting:  # a write may take a part only
                written = self._file.write(self._waiting) or 0
                self._digest.update(memoryview(self._waiting)[:written])
                del self._waiting[:written]
        except OSError as error:
            raise self._refused(error) from error

    def sync(self) -> None:
        """Flushes, and waits until the disk has it; what a checkpoint points at survives a power cut."""
        self.flush()
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._refused(error) from error

    def close(self) -> None:
        """Flushes, syncs and closes; a run is complete only after this. Closing twice is nothing."""
        if self._file.closed:
            return
        try:
            self.sync()
        finally:
            self._file.close()

    def _lock(self) -> None:
        """One writer: a second process is refused. The lock ends with the process, also at kill -9."""
        try:
            fcntl.flock(self._file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise RunError(f"{self.path}: another process is writing this run") from None

    def _go_to(self, at: int) -> None:
        size = self._file.seek(0, os.SEEK_END)
        if size < at:
            self._file.close()
            raise VerificationError(f"{self.path}: ends at offset {size}, but the run had written {at} bytes")
        self._file.truncate(at)
        self._file.seek(0)
        self._digest.update(self._file.read(at))

    def _write(self, data: bytes) -> None:
        self._waiting += data
        self.offset += len(data)
        if len(self._waiting) >= WAITING_BYTES_MAX:
            self.flush()

    def _refused(self, error: OSError) -> DiskError:
        self._refusal = f"{self.path}: cannot be written: {error.strerror}"
        return DiskError(self._refusal)


def read_frames(path: Path, upto: int | None = None) -> Iterator[Frame]:
    """All frames in their order; a VerificationError names the first byte that cannot be right.

    upto: read no further than this offset (what lies behind it was not yet complete); a file that
    ends before it has lost frames.
    """
    with _mapped(path) as data:
        end = len(data) if upto is None else upto
        if len(data) < end:
            raise VerificationError(
                f"{path}: ends at offset {len(data)}, but the run had written {end} bytes"
            )
        if data[: len(FILE_MAGIC)] != FILE_MAGIC:
            raise VerificationError(f"{path}: not a journal: the first 8 bytes are wrong (offset 0)")
        offset = len(FILE_MAGIC)
        while offset < end:
            frame, size = _read_frame(path, data, offset, end)
            yield frame
            offset += size


@contextmanager
def _mapped(path: Path) -> Generator[bytes | mmap.mmap]:
    """The bytes of a file, in memory only as far as they are looked at."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                yield b""
                return
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                yield data
    except OSError as error:
        raise VerificationError(f"{path}: cannot be read: {error.strerror}") from error


class JournalLanes(Mapping[str, np.ndarray]):
    """The lanes of a journal on disk, each read when it is asked for; `keeps` remembers what was read."""

    def __init__(self, path: Path, keeps: bool = True) -> None:
        self.path, self.keeps = path, keeps
        self._read: dict[str, np.ndarray] = {}

    def __getitem__(self, lane: str) -> np.ndarray:
        if lane in self._read:
            return self._read[lane]
        parts = [np.zeros(0, TYPES[lane])]
        parts += [frame.records for frame in read_frames(self.path) if frame.lane == lane]
        records = np.concatenate(parts)
        if self.keeps:
            self._read[lane] = records
        return records

    def __iter__(self) -> Iterator[str]:
        return iter(LANE_NAMES)

    def __len__(self) -> int:
        return len(LANE_NAMES)


def read_lane(path: Path, lane: str) -> np.ndarray:
    """All records of one lane as one array."""
    return read_lanes(path)[lane]


def read_lanes(path: Path) -> dict[str, np.ndarray]:
    """All records of all lanes, each as one array in the order of their sequence."""
    found: dict[str, list[np.ndarray]] = {lane: [] for lane in LANE_NAMES}
    for frame in read_frames(path):
        found[frame.lane].append(frame.records)
    return {
        lane: np.concatenate(parts) if parts else np.zeros(0, TYPES[lane]) for lane, parts in found.items()
    }


def _read_frame(path: Path, data: bytes | mmap.mmap, offset: int, end: int) -> tuple[Frame, int]:
    """The frame at an offset, of the bytes before `end`."""
    if offset + HEADER.size > end:
        raise VerificationError(f"{path}: torn tail: a frame header is cut short at offset {offset}")
    fields = HEADER.unpack_from(data, offset)
    magic, lane_number, first, count, size, payload_crc, header_crc = fields
    head = HEADER.pack(*fields[:6], 0)
    corrupt = VerificationError(f"{path}: corrupt frame header at offset {offset}")
    if magic != FRAME_MAGIC or zlib.crc32(head) != header_crc or lane_number >= len(LANE_NAMES):
        raise corrupt
    lane: str = LANE_NAMES[int(lane_number)]
    if not count or size != count * TYPES[lane].itemsize:
        raise corrupt
    start = offset + HEADER.size
    payload = data[start : min(start + size, end)]
    if len(payload) < size:
        raise VerificationError(
            f"{path}: torn tail: frame at offset {offset} has {len(payload)} of {size} bytes"
        )
    records = np.frombuffer(payload, TYPES[lane]).copy()
    if zlib.crc32(payload) != payload_crc or records[0]["sequence"] != first:
        raise VerificationError(f"{path}: {_first_bad(lane, records, start)}")
    return Frame(lane, records, offset), HEADER.size + size


def _first_bad(lane: str, records: np.ndarray, start: int) -> str:
    """Which record of a damaged frame fails its own check, and where it stands."""
    again = records.copy()
    seal(again.view(np.uint64).reshape(len(again), -1))
    bad = np.flatnonzero(again["check"] != records["check"])
    if not len(bad):
        return f"frame of {lane} at offset {start}: its payload does not fit its header"
    index = int(bad[0])
    offset = start + index * records.dtype.itemsize
    name = f"{lane} record {records[index]['sequence']} (number {index} of its frame)"
    return f"{name} is corrupt at offset {offset}"
