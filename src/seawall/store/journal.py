"""The journal of a run: framed records, append-only, checked and chained.

Rule 1: a file begins with its header; each frame holds records of one lane in their order.
Rule 2: a frame carries the CRC of its header and of its payload; each record carries its own
        check; verify names file, record and byte offset.
Rule 3: reading never repairs. A torn tail (a frame cut short at the very end) is told apart
        from corruption (a bad frame before the end, or a record that fails its check).

Layout: b"SEAWALL1", then frames of
    magic u32 | lane u32 | first sequence i64 | records u32 | bytes u32 | CRC-32 of payload u32 |
    CRC-32 of these fields u32 | payload
The chain of each lane, SHA-256 over all of its records, is kept by engine/chain.py and written
into the manifest when the run ends.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np

from seawall.kernels.records import seal
from seawall.kernels.state import DECISION, EQUITY, EVENT, POSTING
from seawall.model.errors import DiskError, VerificationError

__all__ = ["FILE_MAGIC", "Frame", "Journal", "read_frames", "read_lane", "read_lanes"]

FILE_MAGIC = b"SEAWALL1"
FRAME_MAGIC = 0x53455741
HEADER = struct.Struct("<IIqIIII")
LANE_NAMES = ("decisions", "events", "postings", "equity")
TYPES: dict[str, np.dtype] = {"decisions": DECISION, "events": EVENT, "postings": POSTING, "equity": EQUITY}


class Frame(msgspec.Struct, frozen=True):
    """One frame as read: lane, records (array of the lane's type), byte offset in the file."""

    lane: str
    records: np.ndarray
    offset: int


class Journal:
    """Writes frames to the end of one file; the only writer of that file."""

    def __init__(self, path: Path, at: int | None = None) -> None:
        self.path = path
        try:
            self.file: BinaryIO = path.open("r+b" if path.exists() else "w+b")
            if at is None:
                self.file.truncate(0)
                self._write(FILE_MAGIC)
            else:
                self.file.truncate(at)
                self.file.seek(at)
        except OSError as error:
            raise DiskError(f"{path}: cannot be written: {error.strerror}") from error

    @property
    def offset(self) -> int:
        """Where the next frame will begin, in bytes."""
        return self.file.tell()

    def append(self, lane: str, records: np.ndarray) -> None:
        """Writes one frame with these records."""
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
        try:
            self.file.flush()
        except OSError as error:
            raise DiskError(f"{self.path}: cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """Flushes and closes; a run is complete only after this."""
        self.flush()
        try:
            os.fsync(self.file.fileno())
            self.file.close()
        except OSError as error:
            raise DiskError(f"{self.path}: cannot be written: {error.strerror}") from error

    def _write(self, data: bytes) -> None:
        try:
            written = self.file.write(data)
        except OSError as error:
            raise DiskError(f"{self.path}: cannot be written: {error.strerror}") from error
        assert written == len(data)


def read_frames(path: Path, upto: int | None = None) -> Iterator[Frame]:
    """All frames in their order; a VerificationError names the first byte that cannot be right.

    upto: read no further than this offset (what lies behind it was not yet complete).
    """
    data = path.read_bytes()[:upto]
    if data[: len(FILE_MAGIC)] != FILE_MAGIC:
        raise VerificationError(f"{path}: not a journal: the first 8 bytes are wrong (offset 0)")
    offset = len(FILE_MAGIC)
    while offset < len(data):
        frame, size = _read_frame(path, data, offset)
        yield frame
        offset += size


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


def _read_frame(path: Path, data: bytes, offset: int) -> tuple[Frame, int]:
    if offset + HEADER.size > len(data):
        raise VerificationError(f"{path}: torn tail: a frame header is cut short at offset {offset}")
    fields = HEADER.unpack_from(data, offset)
    magic, lane_number, first, count, size, payload_crc, header_crc = fields
    head = HEADER.pack(*fields[:6], 0)
    if magic != FRAME_MAGIC or zlib.crc32(head) != header_crc or lane_number >= len(LANE_NAMES):
        raise VerificationError(f"{path}: corrupt frame header at offset {offset}")
    lane = LANE_NAMES[lane_number]
    start = offset + HEADER.size
    payload = data[start : start + size]
    if len(payload) < size:
        raise VerificationError(
            f"{path}: torn tail: frame at offset {offset} has {len(payload)} of {size} bytes"
        )
    records = np.frombuffer(payload, TYPES[lane]).copy()
    if zlib.crc32(payload) != payload_crc or len(records) != count or records[0]["sequence"] != first:
        raise VerificationError(f"{path}: {_first_bad(lane, records, start)}")
    return Frame(lane, records, offset), HEADER.size + size


def _first_bad(lane: str, records: np.ndarray, start: int) -> str:
    """Which record of a damaged frame fails its own check, and where it stands."""
    again = records.copy()
    seal(again.view(np.uint64).reshape(len(again), -1))
    bad = np.flatnonzero(again["check"] != records["check"])
    if not len(bad):
        return f"frame of {lane} at offset {start}: CRC mismatch"
    index = int(bad[0])
    offset = start + index * records.dtype.itemsize
    return f"{lane} record {records[index]['sequence']} (number {index} of its frame) is corrupt at offset {offset}"
