"""The parts of a stream of ticks: a Parquet file, and a sidecar of the facts that reading needs first.

Rule 1: the sidecar is written last; a part without one is an interrupted write, which no reader sees
        and the next write replaces.
Rule 2: parts are numbered from 0 without a hole.
Rule 3: the hash of a part is of its content, not of its bytes: it may be compressed in another way.
"""

import hashlib
import io
from pathlib import Path

import msgspec
import polars as pl

from seawall.kernels.rows import QUOTE_BID
from seawall.model.errors import DataError
from seawall.store.atomic import write_atomically
from seawall.store.table import READER_ERRORS

__all__ = [
    "GROUP_ROWS",
    "PartFacts",
    "TICK_KINDS",
    "TickPart",
    "content_sha256",
    "facts_of",
    "read_parts",
    "write_part",
]

TICK_KINDS = ("trades", "quotes", "levels")
GROUP_ROWS = 65_536


class PartFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The sidecar of a part.

    market_rows: its rows as ROWs (a quote is two); last_sequence: the greatest in it; latencies:
    ts_local - ts_exchange; sha256: see content_sha256; clock_shift_ns: what an import added to ts_local;
    source: the importer's words; duplicates: rows that the write of this part dropped.
    """

    rows: int
    market_rows: int
    first_local_ns: int
    last_local_ns: int
    last_exchange_ns: int
    first_sequence: int
    last_sequence: int
    latency_ns_min: int
    latency_ns_max: int
    sha256: str = ""
    clock_shift_ns: int = 0
    source: str = ""
    duplicates: int = 0


class TickPart(msgspec.Struct, frozen=True):
    """A whole part: its file and its facts."""

    path: Path
    facts: PartFacts

    def read(self, columns: list[str], at: int, count: int) -> pl.DataFrame:
        """`count` rows from row `at` on, and no more of the file than that takes."""
        scan = pl.scan_parquet(self.path, hive_partitioning=False)
        try:
            frame = scan.select(columns).slice(at, count).collect()
        except READER_ERRORS as error:
            first_line = str(error).strip().partition("\n")[0]
            raise DataError(f"{self.path} cannot be read: {first_line}") from error
        if frame.height != count:
            has = at + frame.height
            raise DataError(f"{self.path} has {has} rows, and its sidecar says {self.facts.rows}")
        return frame


def read_parts(folder: Path) -> list[TickPart]:
    """The whole parts of a stream in order; a DataError for a hole or a broken sidecar."""
    parts: list[TickPart] = []
    for number in range(sum(1 for _ in folder.glob("part-*.json"))):
        sidecar = folder / f"part-{number:05d}.json"
        if not sidecar.is_file():
            raise DataError(f"{sidecar} is missing, and later parts are there: the stream has a hole")
        try:
            facts = msgspec.json.decode(sidecar.read_bytes(), type=PartFacts)
        except (msgspec.DecodeError, OSError) as error:
            raise DataError(f"{sidecar} is not the sidecar of a part: {error}") from error
        parts.append(TickPart(sidecar.with_suffix(".parquet"), facts))
    return parts


def write_part(folder: Path, number: int, frame: pl.DataFrame, **origin: int | str) -> None:
    """Write some rows, at least one, as part `number`, and then its sidecar.

    origin: the fields of PartFacts that the rows do not tell: clock_shift_ns, source, duplicates.
    """
    facts = msgspec.structs.replace(facts_of(frame), sha256=content_sha256(frame), **origin)
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", row_group_size=GROUP_ROWS)
    path = folder / f"part-{number:05d}.parquet"
    write_atomically(path, buffer.getvalue())
    write_atomically(path.with_suffix(".json"), msgspec.json.format(msgspec.json.encode(facts)) + b"\n")


def facts_of(frame: pl.DataFrame) -> PartFacts:
    """The facts of some rows, at least one, but for their hash and where they come from."""
    local, exchange = frame["ts_local"].to_numpy(), frame["ts_exchange"].to_numpy()
    sequence, latency = frame["sequence"].to_numpy(), local - exchange
    quotes = int((frame["kind"] == QUOTE_BID).sum())
    return PartFacts(
        rows=frame.height,
        market_rows=frame.height + quotes,
        first_local_ns=int(local[0]),
        last_local_ns=int(local[-1]),
        last_exchange_ns=int(exchange[-1]),
        first_sequence=int(sequence[0]),
        last_sequence=int(sequence.max()),
        latency_ns_min=int(latency.min()),
        latency_ns_max=int(latency.max()),
    )


def content_sha256(frame: pl.DataFrame) -> str:
    """SHA-256 (hex) of rows: their number, and the name and the little-endian bytes of each column."""
    digest = hashlib.sha256(f"{frame.height}\n".encode())
    for column in frame.get_columns():
        values = column.to_numpy()
        digest.update(column.name.encode() + values.astype(values.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()
