"""Rows in a file of their own, mapped into memory: what many runs over the same ticks share.

Rule 1: the file is the merge of the streams, row for row; it is made once, in bounded memory, and its name
        is a hash of what it is made of. Another catalog, span or latency is another file.
Rule 2: it is a copy that can be deleted at any time: <catalog>/mapped/<hash>.rows, and beside it a
        sidecar, written last, without which nobody reads the rows.
Rule 3: a run that maps its rows gives the digests of one that reads them from the streams.

Reading Parquet costs several times what the core does with a row. Mapped, the rows are the system's own
pages: they are read once, shared by all processes, and given back when memory is short.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from seawall.kernels.rows import BAR_OPEN, ROW
from seawall.model.errors import CatalogError, DataError
from seawall.store.atomic import write_atomically
from seawall.store.catalog import Catalog
from seawall.store.row_source import RowSource

__all__ = ["MappedRows", "is_exchange_ordered", "map_rows"]

PIECE_ROWS = 262_144


class MappedFacts(msgspec.Struct, frozen=True):
    """The sidecar: rows in the file, and whether their two orders are one."""

    rows: int
    is_exchange_ordered: bool


class MappedRows:
    """A RowSource over the mapped file of another one."""

    def __init__(self, source: RowSource, rows: np.ndarray, is_ordered: bool) -> None:
        self.memory: np.ndarray | None = rows
        self.rows_total, self.first_ns, self.last_ns = source.rows_total, source.first_ns, source.last_ns
        self.latency_ns_max = source.latency_ns_max
        self.content_hash, self.clock_shifts = source.content_hash, source.clock_shifts
        self.is_exchange_ordered = is_ordered
        self._rows = rows

    def pieces(self, piece_rows: int) -> Iterator[np.ndarray]:
        """All rows in order, each call from the start."""
        for at in range(0, len(self._rows), piece_rows):
            yield self._rows[at : at + piece_rows]


def map_rows(source: RowSource, catalog: Catalog, salt: str) -> MappedRows:
    """The source's rows from their mapped file, which is made if it is not there.

    salt: what besides the stored streams decides the rows (a latency that replaces the recorded one).
    """
    if catalog.read_only:
        raise CatalogError(f"{catalog.name} is a sample and read-only: its rows cannot be mapped")
    name = hashlib.sha256(f"{source.content_hash} {salt}".encode()).hexdigest()[:32]
    path = catalog.path / "mapped" / f"{name}.rows"
    facts = _facts(path)
    if facts is None or facts.rows != source.rows_total:
        facts = _write(source, path)
    if path.stat().st_size != facts.rows * ROW.itemsize:
        raise DataError(f"{path}: is not as it was written; delete it, and it is made again")
    rows = np.memmap(path, ROW, mode="r") if facts.rows else np.zeros(0, ROW)
    return MappedRows(source, np.asarray(rows), facts.is_exchange_ordered)


def _facts(path: Path) -> MappedFacts | None:
    try:
        return msgspec.json.decode(path.with_suffix(".json").read_bytes(), type=MappedFacts)
    except (OSError, msgspec.DecodeError):
        return None


def _write(source: RowSource, path: Path) -> MappedFacts:
    """Writes rows, then sidecar; what an interrupted write leaves is written over."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count, ordered, last = 0, True, np.zeros(0, ROW)
    part = path.with_suffix(f".{os.getpid()}.tmp")
    with part.open("wb") as file:
        for rows in source.pieces(PIECE_ROWS):
            rows.tofile(file)
            ordered = ordered and is_exchange_ordered(np.concatenate([last, rows]))
            last = rows[-1:]
            count += len(rows)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    facts = MappedFacts(count, ordered)
    write_atomically(path.with_suffix(".json"), msgspec.json.encode(facts))
    return facts


def is_exchange_ordered(rows: np.ndarray) -> bool:
    """Whether order of arrival and the exchange's order (opens last at one time) are the same."""
    for at in range(0, len(rows), PIECE_ROWS):
        piece = rows[at : at + PIECE_ROWS + 1]  # one more, to compare across the cut
        steps = np.diff(piece["ts_exchange"])
        if not len(steps) or steps.min() > 0:
            continue
        opens = piece["kind"] == BAR_OPEN
        if not ((steps > 0) | ((steps == 0) & ~(opens[:-1] & ~opens[1:]))).all():
            return False
    return True
