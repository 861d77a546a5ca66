"""From judged rows to the packets of a stream: numbers checked, gaps said, times in order.

Rule 1: what the venue's numbers say is decided in sequences.py; this file lays the result out as rows.
Rule 2: rows that no file holds (a CLEAR, a GAP) are added, and told apart by having no row number.
Rule 3: a stream goes on where the stored one ends: its last number, and its last exchange time.

A packet of levels is one venue message; a snapshot's packet opens with a CLEAR. All is laid out at once:
each item (message or gap) is repeated as often as it has rows, and every row looks up its source.
"""

from collections.abc import Callable

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from seawall.kernels.rows import (
    CLEAR,
    FLAG_INFERRED_SIDE,
    FLAG_LAST,
    FLAG_SNAPSHOT,
    GAP,
    LEVEL,
    QUOTE_BID,
    TRADE,
)
from seawall.store.sequences import NO_NUMBER, Messages, Numbered, lift, number_rows, sequence_levels
from seawall.store.tick_judge import SIDE_UNKNOWN
from seawall.store.ticks import TICK_SCHEMAS

__all__ = ["Packets", "Tail", "level_packets", "quote_packets", "trade_packets"]

LATE_ROWS_MAX = 10  # more, and more than one in ten: the numbers are no order
NO_ROW = -1  # no row of a file has this number

Ints = NDArray[np.int64]
Columns = dict[str, Ints]
SideRule = Callable[[Ints, Ints], Ints]  # (exchange times, prices in ticks) -> sides


class Tail(msgspec.Struct, frozen=True):
    """Where the stored stream ends; zeros where there is none."""

    last_sequence: int = 0
    last_local_ns: int = 0
    last_exchange_ns: int = 0


class Packets(msgspec.Struct, frozen=True):
    """A stream to append, and what became of the file's rows.

    frame: TICK_SCHEMAS[kind]; written, duplicates, late, dropped: row numbers of the file, each row in
    one of them; added: rows of the frame that stand in no file; gaps, lifted, inferred: counts.
    """

    frame: pl.DataFrame
    written: Ints
    duplicates: Ints
    late: Ints
    dropped: Ints
    added: int
    gaps: int
    lifted: int
    inferred: int
    notes: tuple[str, ...]


def trade_packets(columns: Columns, tail: Tail, infer: SideRule) -> Packets:
    """Trades: a packet each; a skipped trade id is a gap. columns: as judged, with ts_exchange, ts_local.

    infer: the side of trades that the file does not say it of.
    """
    notes: list[str] = []
    numbered, kept = _numbered(columns, tail, notes, by_one=True)
    unsaid = kept["side"] == SIDE_UNKNOWN
    if unsaid.any():
        kept["side"] = np.where(unsaid, infer(kept["ts_exchange"], kept["price"]), kept["side"])
    flags = FLAG_LAST + FLAG_INFERRED_SIDE * unsaid
    if not numbered.counts_by_one:
        notes.append("trade ids do not count by one: gaps cannot be seen")
    rows = {
        "kind": np.full(len(unsaid), TRADE),
        "side": kept["side"],
        "price_ticks": kept["price"],
        "size_lots": kept["size"],
        "flags": flags,
    }
    inferred = int(unsaid.sum())
    return _rows_packets("trades", "size_lots", rows, kept, columns, numbered, tail, inferred, notes)


def quote_packets(columns: Columns, tail: Tail) -> Packets:
    """Quotes: a packet each; their numbers skip by nature, so a gap cannot be seen."""
    notes: list[str] = []
    numbered, kept = _numbered(columns, tail, notes, by_one=False)
    count = len(kept["row"])
    rows = {
        "kind": np.full(count, QUOTE_BID),
        "bid_ticks": kept["bid"],
        "bid_lots": kept["bid_size"],
        "ask_ticks": kept["ask"],
        "ask_lots": kept["ask_size"],
        "flags": np.full(count, FLAG_LAST),
    }
    return _rows_packets("quotes", "bid_lots", rows, kept, columns, numbered, tail, 0, notes)


def level_packets(columns: Columns, tail: Tail) -> Packets:
    """Levels: a packet a message, snapshots joined in, gaps before the message that shows them."""
    heads = np.flatnonzero(np.diff(columns["message"], prepend=-1))
    if not len(heads):
        return _nothing()
    messages, notes = _messages(columns, heads, tail)
    if not messages.last.any():
        return _unnumbered(columns, heads, messages, tail, notes)
    found = sequence_levels(messages, last_stored=tail.last_sequence)
    if not messages.snapshot.any() and not tail.last_sequence:
        notes.append("no snapshot: the book of this stream is not known before one arrives")
    exchange, lifted = _after_tail(found.ts_exchange, found.ts_local, tail)
    frame, added = _level_frame(
        columns, heads, messages.snapshot, found.message, exchange, found.ts_local,
        found.sequence, found.missing,
    )  # fmt: skip
    rows = _rows_of(columns, heads)
    return Packets(
        frame,
        rows(found.message[found.message >= 0]),
        *(rows(found.duplicates), rows(found.late), rows(found.dropped)),
        *(added, found.gaps, found.lifted + lifted, 0),
        tuple(notes),
    )


# Rows with a number each -----------------------------------------------------------------


def _numbered(columns: Columns, tail: Tail, notes: list[str], *, by_one: bool) -> tuple[Numbered, Columns]:
    """The rows judged by their numbers, and those that are kept.

    Numbers that do not grow with arrival order nothing: they are left out, lest good rows be rejected.
    """
    count = len(columns["row"])
    sequence = columns.setdefault("sequence", np.zeros(count, np.int64))
    numbered = number_rows(sequence, last_stored=tail.last_sequence, by_one=by_one)
    late = int(numbered.late.sum())
    if tail.last_sequence == 0 and late > max(LATE_ROWS_MAX, count // 10):
        notes.append(f"numbers do not grow with arrival ({late:,} of {count:,} rows) and are not used")
        columns["sequence"] = np.zeros(count, np.int64)
        numbered = number_rows(columns["sequence"], by_one=by_one)
    return numbered, {role: values[numbered.keep] for role, values in columns.items()}


def _rows_packets(
    kind: str, missing_column: str, rows: Columns, kept: Columns, columns: Columns,
    numbered: Numbered, tail: Tail, inferred: int, notes: list[str],
) -> Packets:  # fmt: skip
    """The kept rows with a GAP before each that has one."""
    local, _ = lift(kept["ts_local"])
    exchange, lifted = lift(kept["ts_exchange"])
    exchange, lifted_to_tail = _after_tail(exchange, local, tail)
    first, missing = numbered.gap_first[numbered.keep], numbered.gap_missing[numbered.keep]
    gaps = np.flatnonzero(first > 0)
    rows = {"ts_exchange": exchange, "ts_local": local, "sequence": kept["sequence"]} | rows
    added = {name: np.zeros(len(gaps), np.int64) for name in rows}
    added |= {"ts_exchange": exchange[gaps], "ts_local": local[gaps], "sequence": first[gaps]}
    added |= {"kind": np.full(len(gaps), GAP), "flags": np.full(len(gaps), FLAG_LAST)}
    added[missing_column] = missing[gaps]
    frame = pl.DataFrame({name: np.insert(rows[name], gaps, added[name]) for name in TICK_SCHEMAS[kind]})
    return Packets(
        frame.cast(pl.Schema(TICK_SCHEMAS[kind])),
        *(kept["row"], columns["row"][numbered.duplicates], columns["row"][numbered.late]),
        *(np.zeros(0, np.int64), len(gaps), len(gaps), lifted + lifted_to_tail, inferred),
        tuple(notes),
    )


def _after_tail(ts_exchange: Ints, ts_local: Ints, tail: Tail) -> tuple[Ints, int]:
    """Exchange times not before the stored ones; a stream that begins before the tail is left to fail."""
    if not len(ts_local) or ts_local[0] < tail.last_local_ns:
        return ts_exchange, 0
    return np.maximum(ts_exchange, tail.last_exchange_ns), int((ts_exchange < tail.last_exchange_ns).sum())


def _nothing() -> Packets:
    none = np.zeros(0, np.int64)
    return Packets(pl.DataFrame(schema=TICK_SCHEMAS["levels"]), none, none, none, none, 0, 0, 0, 0, ())


# Messages of levels ----------------------------------------------------------------------


def _messages(columns: Columns, heads: Ints, tail: Tail) -> tuple[Messages, list[str]]:
    """One entry a message, from its first row; a venue that says only u is read by how u counts."""
    of = {role: values[heads] for role, values in columns.items()}
    snapshot, last = of["snapshot"] == 1, of["sequence"]
    previous = of.get("previous", np.full(len(heads), NO_NUMBER))
    notes: list[str] = []
    if "first" in of:
        first = of["first"]
    elif "previous" in of:
        first = np.where(previous == NO_NUMBER, last, previous + 1)
    else:
        counts = number_rows(last[~snapshot], last_stored=tail.last_sequence)
        first = last.copy()
        if not counts.counts_by_one:
            notes.append("update ids do not count by one: gaps cannot be seen")
            before = np.concatenate([[tail.last_sequence], np.maximum.accumulate(last)[:-1]])
            first = np.minimum(last, before + 1)
    previous = np.where(snapshot, NO_NUMBER, previous)
    local, _ = lift(of["ts_local"])  # what waits for a snapshot takes its time, which must not be earlier
    return Messages(of["ts_exchange"], local, first, last, previous, snapshot), notes


def _unnumbered(columns: Columns, heads: Ints, messages: Messages, tail: Tail, notes: list[str]) -> Packets:
    """Messages without numbers: nothing can be checked, so all are kept in their order."""
    local = messages.ts_local
    exchange, lifted = lift(messages.ts_exchange)
    exchange, lifted_to_tail = _after_tail(exchange, local, tail)
    everything, zeros, none = np.arange(len(heads)), np.zeros(len(heads), np.int64), np.zeros(0, np.int64)
    frame, added = _level_frame(columns, heads, messages.snapshot, everything, exchange, local, zeros, zeros)
    notes = [*notes, "messages have no numbers: neither gaps nor duplicates can be seen"]
    written = _rows_of(columns, heads)(everything)
    return Packets(
        frame, written, none, none, none, added, 0, lifted + lifted_to_tail, 0, tuple(notes)
    )  # fmt: skip


def _rows_of(columns: Columns, heads: Ints) -> Callable[[Ints], Ints]:
    """The row numbers of messages by their indices; a row that holds a whole message counts once."""
    message = np.repeat(np.arange(len(heads)), np.diff(heads, append=len(columns["row"])))
    fresh = np.diff(columns["row"], prepend=NO_ROW) != 0

    def rows(indices: Ints) -> Ints:
        wanted = np.zeros(len(heads), np.bool_)
        wanted[indices] = True
        return columns["row"][fresh & wanted[message]]

    return rows


def _level_frame(
    columns: Columns, heads: Ints, snapshot: NDArray[np.bool_], message: Ints,
    ts_exchange: Ints, ts_local: Ints, sequence: Ints, missing: Ints,
) -> tuple[pl.DataFrame, int]:  # fmt: skip
    """Items (messages, or gaps where `message` is below 0) as rows, and how many rows were added."""
    empty = columns["side"] == 0  # a snapshot without a level
    counts = np.diff(heads, append=len(columns["row"])) - np.add.reduceat(empty, heads)
    is_gap = message < 0
    is_snapshot = snapshot[message] & ~is_gap
    sizes = np.where(is_gap, 1, counts[message] + is_snapshot)
    item = np.repeat(np.arange(len(message)), sizes)
    ends = np.cumsum(sizes)
    offset = np.arange(len(item)) - (ends - sizes)[item]
    clear = is_snapshot[item] & (offset == 0)
    added = clear | is_gap[item]
    source = np.where(added, 0, heads[message[item]] + offset - is_snapshot[item])
    flags = FLAG_SNAPSHOT * is_snapshot[item]
    flags[ends - 1] += FLAG_LAST
    frame = pl.DataFrame(
        {
            "ts_exchange": ts_exchange[item],
            "ts_local": ts_local[item],
            "sequence": sequence[item],
            "kind": np.where(clear, CLEAR, np.where(is_gap[item], GAP, LEVEL)),
            "side": np.where(added, 0, columns["side"][source]),
            "price_ticks": np.where(added, 0, columns["price"][source]),
            "size_lots": np.where(added, missing[item] * is_gap[item], columns["size"][source]),
            "flags": flags,
        }
    )
    return frame.cast(pl.Schema(TICK_SCHEMAS["levels"])), int(added.sum())
