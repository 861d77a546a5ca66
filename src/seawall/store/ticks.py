"""Trades, quotes and L2 levels in a catalog: append-only streams that are read as market rows.

Rule 1: a stream is one instrument's trades, quotes or levels in order of arrival; it only grows.
Rule 2: a frame is judged whole before its first row is written (tick_rules.py).
Rule 3: a packet is never cut, neither between parts, nor pieces, nor by a span.
Rule 4: ts_local is stored as it is to be used; the shift that an importer added to it is told.

    <catalog>/trades/instrument=<NAME>/part-00000.parquet   columns: TICK_SCHEMAS[kind]
    <catalog>/trades/instrument=<NAME>/part-00000.json      its facts (tick_parts.py)

A quote is one row here, of kind QUOTE_BID, and two market rows, QUOTE_BID and QUOTE_ASK | LAST. Where a
side is empty its lots are 0. A gap among quotes has its number of missing messages in bid_lots.

The hash of a stream is over the hashes of its parts, which are of content, so compressing a part in
another way does not change it. One process writes a catalog at a time; any number may read it.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from seawall.kernels.rows import FLAG_LAST, GAP, LEVEL, QUOTE_ASK, QUOTE_BID, ROW, TRADE
from seawall.model.errors import CatalogError, DataError
from seawall.store.catalog import Catalog, escape_name, time_ns
from seawall.store.tick_parts import TICK_KINDS, PartFacts, TickPart, facts_of, read_parts, write_part
from seawall.store.tick_rules import check_ticks

__all__ = [
    "LEVEL_SCHEMA",
    "QUOTE_SCHEMA",
    "TICK_KINDS",
    "TICK_SCHEMAS",
    "TRADE_SCHEMA",
    "TickStats",
    "TicksWritten",
    "tick_frames",
    "tick_kinds",
    "tick_parts",
    "tick_rows",
    "tick_stats",
    "write_ticks",
]

MISSING = {"trades": TRADE, "quotes": QUOTE_BID, "levels": LEVEL}
"""What a GAP row says is missing, in its price_ticks."""

_TIMES: dict[str, type[pl.DataType]] = {
    "ts_exchange": pl.Int64,
    "ts_local": pl.Int64,
    "sequence": pl.Int64,
    "kind": pl.UInt8,
}
TRADE_SCHEMA: dict[str, type[pl.DataType]] = {
    **_TIMES,
    "side": pl.Int8,
    "price_ticks": pl.Int64,
    "size_lots": pl.Int64,
    "flags": pl.UInt16,
}
QUOTE_SCHEMA: dict[str, type[pl.DataType]] = {
    **_TIMES,
    "bid_ticks": pl.Int64,
    "bid_lots": pl.Int64,
    "ask_ticks": pl.Int64,
    "ask_lots": pl.Int64,
    "flags": pl.UInt16,
}
LEVEL_SCHEMA: dict[str, type[pl.DataType]] = dict(TRADE_SCHEMA)
TICK_SCHEMAS = {"trades": TRADE_SCHEMA, "quotes": QUOTE_SCHEMA, "levels": LEVEL_SCHEMA}

PART_ROWS_MAX = 1_000_000
PIECE_ROWS = 262_144
BLOCK_ROWS = 4_096

Rows = NDArray[np.void]
Ints = NDArray[np.int64]


class TicksWritten(msgspec.Struct, frozen=True):
    """What `write_ticks` did, in rows of the frame: written + duplicates = all of them."""

    written: int
    duplicates: int


class TickStats(msgspec.Struct, frozen=True, kw_only=True):
    """A stream within a span, without reading it.

    rows: as ROWs (a quote is two); times: ts_local, None without rows; latencies: exact bounds;
    clock_shifts: those added at import, each once, sorted; content_hash: of the instrument's terms,
    the parts and the span.
    """

    rows: int
    first_ns: int | None
    last_ns: int | None
    latency_ns_min: int
    latency_ns_max: int
    clock_shifts: tuple[int, ...]
    content_hash: str


# Reading ---------------------------------------------------------------------------------


def tick_kinds(catalog: Catalog, name: str) -> list[str]:
    """Which of TICK_KINDS the catalog has of an instrument."""
    return [kind for kind in TICK_KINDS if tick_parts(catalog, kind, name)]


def tick_parts(catalog: Catalog, kind: str, name: str) -> list[TickPart]:
    """The whole parts of a stream in order; a DataError where one is damaged or missing."""
    catalog.instrument(name)
    return read_parts(_folder(catalog, kind, name))


def tick_rows(
    catalog: Catalog,
    kind: str,
    name: str,
    number: int,
    start: int | str | None = None,
    end: int | str | None = None,
    piece_rows: int = PIECE_ROWS,
) -> Iterator[Rows]:
    """A stream with start <= ts_local < end as market rows of instrument `number`, piece by piece.

    start, end: ns UTC or ISO. A piece has whole packets, and about `piece_rows` rows: it is shorter
    at the end of a part, and longer only for a packet that is. Memory is bounded by the piece.
    """
    rest = np.zeros(0, dtype=ROW)
    for frame in tick_frames(catalog, kind, name, start, end, piece_rows):
        rows = _as_rows(kind, frame, number)
        rows = np.concatenate([rest, rows]) if len(rest) else rows
        whole = _whole(rows["flags"])
        rest = rows[whole:]
        if whole:
            yield rows[:whole]
    assert len(rest) == 0, f"{name} {kind}: a stored stream ends inside a packet"


def tick_frames(
    catalog: Catalog,
    kind: str,
    name: str,
    start: int | str | None = None,
    end: int | str | None = None,
    frame_rows: int = PIECE_ROWS,
) -> Iterator[pl.DataFrame]:
    """A stream as it is stored, in frames of at most `frame_rows` rows, which may cut a packet."""
    for part, low, high in _spans(tick_parts(catalog, kind, name), start, end):
        for at in range(low, high, frame_rows):
            yield part.read(list(TICK_SCHEMAS[kind]), at, min(frame_rows, high - at))


def tick_stats(
    catalog: Catalog, kind: str, name: str, start: int | str | None = None, end: int | str | None = None
) -> TickStats:
    """The facts of a stream within [start, end), from its sidecars and the times of two parts at most.

    >>> from seawall.store.sample import open_catalog
    >>> tick_stats(open_catalog("sample:us-stocks"), "trades", "AAPL").rows
    0
    """
    parts = tick_parts(catalog, kind, name)
    span = [None if time is None else time_ns(time) for time in (start, end)]
    digest = hashlib.sha256(msgspec.json.encode(catalog.instrument(name), order="sorted"))
    digest.update(f"\n{kind} {span}\n".encode())
    found: list[PartFacts] = []
    shifts: set[int] = set()
    for part, low, high in _spans(parts, start, end):
        shifts.add(part.facts.clock_shift_ns)
        digest.update(f"{part.facts.sha256}\n".encode())
        whole = high - low == part.facts.rows
        found.append(part.facts if whole else facts_of(part.read([*_TIMES], low, high - low)))
    return TickStats(
        rows=sum(facts.market_rows for facts in found),
        first_ns=found[0].first_local_ns if found else None,
        last_ns=found[-1].last_local_ns if found else None,
        latency_ns_min=min((facts.latency_ns_min for facts in found), default=0),
        latency_ns_max=max((facts.latency_ns_max for facts in found), default=0),
        clock_shifts=tuple(sorted(shifts)),
        content_hash=digest.hexdigest(),
    )


def _spans(
    parts: list[TickPart], start: int | str | None, end: int | str | None
) -> Iterator[tuple[TickPart, int, int]]:
    """The parts that have rows within [start, end), and which of their rows: [low, high)."""
    first = None if start is None else time_ns(start)
    last = None if end is None else time_ns(end)
    for part in parts:
        low, high = 0, part.facts.rows
        begins_before = first is not None and part.facts.first_local_ns < first
        ends_after = last is not None and part.facts.last_local_ns >= last
        if begins_before or ends_after:
            times = part.read(["ts_local"], 0, high)["ts_local"].to_numpy()
            low = int(np.searchsorted(times, first)) if first is not None else low
            high = int(np.searchsorted(times, last)) if last is not None else high
        if low < high:
            yield part, low, high


def _whole(flags: NDArray[np.uint16]) -> int:
    """How many rows there are up to the end of the last packet that ends."""
    if flags[-1] & FLAG_LAST:  # nearly always
        return len(flags)
    ends = np.flatnonzero(flags & FLAG_LAST)
    return int(ends[-1]) + 1 if len(ends) else 0


def _as_rows(kind: str, frame: pl.DataFrame, number: int) -> Rows:
    """Market rows of a frame, made in blocks that the processor's cache holds."""
    columns = {column.name: column.to_numpy() for column in frame.get_columns()}
    fill = _fill_quotes if kind == "quotes" else _fill_rows
    quotes = columns["kind"] == QUOTE_BID
    rows = np.empty(frame.height + int(quotes.sum()), dtype=ROW)
    done = 0
    for at in range(0, frame.height, BLOCK_ROWS):
        block = {name: values[at : at + BLOCK_ROWS] for name, values in columns.items()}
        count = len(block["kind"]) + int(quotes[at : at + BLOCK_ROWS].sum())
        fill(rows[done : done + count], block)
        rows["instrument"][done : done + count] = number
        done += count
    rows["price_ticks"][rows["kind"] == GAP] = MISSING[kind]
    return rows


def _fill_rows(rows: Rows, block: dict[str, NDArray[Any]]) -> None:
    for name, values in block.items():
        rows[name] = values


def _fill_quotes(rows: Rows, block: dict[str, NDArray[Any]]) -> None:
    """A quote as a bid row and an ask row, a gap as one."""
    bids, asks, quotes = _places(block["kind"] == QUOTE_BID)
    for column in (*_TIMES, "flags"):
        rows[column][bids] = block[column]
        rows[column][asks] = block[column][quotes]
    rows["price_ticks"][bids], rows["size_lots"][bids] = block["bid_ticks"], block["bid_lots"]
    rows["price_ticks"][asks], rows["size_lots"][asks] = block["ask_ticks"][quotes], block["ask_lots"][quotes]
    is_bid = rows["kind"] == QUOTE_BID
    rows["side"] = is_bid  # the gaps among them too: no side
    rows["kind"][asks], rows["side"][asks] = QUOTE_ASK, -1
    rows["flags"][bids] &= np.where(block["kind"] == QUOTE_BID, ~np.uint16(FLAG_LAST), ~np.uint16(0))


def _places(quote: NDArray[np.bool_]) -> tuple[Any, Any, Any]:
    """Where the bids (or gaps) and the asks of a block go, and which of its rows have an ask."""
    if quote.all():  # nearly always; slices are several times as fast as lists of places
        return slice(0, None, 2), slice(1, None, 2), slice(None)
    ends = np.cumsum(1 + quote)
    return ends - 1 - quote, ends[quote] - 1, quote


# Writing ---------------------------------------------------------------------------------


def write_ticks(
    catalog: Catalog,
    kind: str,
    name: str,
    frame: pl.DataFrame,
    *,
    clock_shift_ns: int = 0,
    source: str = "",
    part_rows_max: int = PART_ROWS_MAX,
) -> TicksWritten:
    """Append to a stream of an instrument that the catalog has.

    frame: the columns TICK_SCHEMAS[kind] in order of arrival; clock_shift_ns: what its ts_local was
    raised by; source: where it comes from, for people. Packets whose sequence is at or below the
    greatest stored one are dropped and counted, if they have one (0: the stream has no numbers). A row
    that breaks a rule is a DataError; one before the end of what is stored a CatalogError.
    """
    catalog.has_terms(catalog.instrument(name))  # refuses a sample, which is read-only
    where = f"{name} {kind}"
    frame = _as_schema(kind, where, frame)
    check_ticks(kind, where, {column: frame[column].to_numpy() for column in frame.columns})
    parts = tick_parts(catalog, kind, name)
    fresh = frame.filter(~_is_stored(frame, parts))
    _refuse_back_steps(where, fresh, parts)
    cuts = _cuts(where, fresh["flags"].to_numpy(), part_rows_max)
    duplicates = frame.height - fresh.height
    for place, (low, high) in enumerate(cuts):
        write_part(
            _folder(catalog, kind, name),
            len(parts) + place,
            fresh.slice(low, high - low),
            clock_shift_ns=clock_shift_ns,
            source=source,
            duplicates=0 if place else duplicates,
        )
    return TicksWritten(fresh.height, duplicates)


def _as_schema(kind: str, where: str, frame: pl.DataFrame) -> pl.DataFrame:
    schema = TICK_SCHEMAS[kind]
    missing = [column for column in schema if column not in frame.columns]
    if missing:
        raise DataError(f"{where}: no column {', '.join(missing)}; found: {', '.join(frame.columns)}")
    try:
        frame = frame.select(list(schema)).cast(pl.Schema(schema))
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{where}: {str(error).partition(chr(10))[0]}") from error
    for column in frame.get_columns():
        if column.null_count():
            raise DataError(f"{where}: row {column.is_null().arg_max()} of {frame.height}: no {column.name}")
    return frame


def _is_stored(frame: pl.DataFrame, parts: list[TickPart]) -> pl.Series:
    """Whether each row has a number, and one that the stream is past."""
    last = max((part.facts.last_sequence for part in parts), default=0)
    return frame.select((pl.col("sequence") > 0) & (pl.col("sequence") <= last))["sequence"]


def _refuse_back_steps(where: str, fresh: pl.DataFrame, parts: list[TickPart]) -> None:
    if not parts or not fresh.height:
        return
    facts = parts[-1].facts
    for column, stored in (("ts_local", facts.last_local_ns), ("ts_exchange", facts.last_exchange_ns)):
        first = int(fresh[column][0])
        if first < stored:
            raise CatalogError(
                f"{where}: {column} {first} is {stored - first} ns before the last stored, {stored}; "
                "a stream only grows"
            )


def _cuts(where: str, flags: NDArray[np.uint16], rows_max: int) -> list[tuple[int, int]]:
    """Where the parts of a frame begin and end: at most rows_max rows, whole packets."""
    ends = np.flatnonzero(flags & FLAG_LAST) + 1
    cuts: list[tuple[int, int]] = []
    low = 0
    while low < len(flags):
        at = int(np.searchsorted(ends, low + rows_max, side="right")) - 1
        high = int(ends[at]) if at >= 0 else 0
        if high <= low:
            raise DataError(f"{where}: row {low}: a packet of more than {rows_max:,} rows")
        cuts.append((low, high))
        low = high
    return cuts


def _folder(catalog: Catalog, kind: str, name: str) -> Path:
    if kind not in TICK_KINDS:
        raise CatalogError(f"no kind of ticks {kind!r}; expected {', '.join(TICK_KINDS)}")
    return catalog.path / kind / f"instrument={escape_name(name)}"
