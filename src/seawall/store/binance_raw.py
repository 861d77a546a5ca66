"""Raw captures of Binance: lines of a receive time and a JSON message, as tables of trades, quotes and depth.

Rule 1: a line is `<receive time in ns> <JSON>`: a message of a combined stream (depth, trade, bookTicker),
        the same without its envelope, or an answer of the REST depth endpoint. Spot, USD-M and COIN-M.
Rule 2: the file is read line by line; what is kept is columns.
Rule 3: a line that cannot be used (torn, no JSON, another stream or symbol) is a fault with its number,
        its reason and its text; it stops nothing.
Rule 4: prices stay the text that the exchange wrote, unless numbers are asked for.
Rule 5: several files are one recording in their order, and lines are numbered through all of them.

Times: the transaction time T is when it happened; spot depth has only the event time E, and spot bookTicker
and the spot REST snapshot have none: theirs is the receive time, equal to the ns, which tells the importer.
A depth message without a level cannot stand in a table of levels. What it says, that the numbers U..u
brought no change, goes into the next message, whose first number and `pu` become its own.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, BinaryIO, cast

import msgspec
import numpy as np
import polars as pl

from seawall.model.errors import DataError

__all__ = ["Capture", "Fault", "parse_capture"]

GZIP_MAGIC = b"\x1f\x8b"
MILLISECONDS_LIMIT = 9 * 10**12  # a larger time is in microseconds
TIME_NS_LIMIT = 9 * 10**18
PIECE_ROWS = 200_000
RAW_LENGTH_MAX = 400
FAULTS_MAX = 100_000
BOTH_SIDES = np.array([1, -1], np.int8)

Level = tuple[str, str]
Number = Annotated[int, msgspec.Meta(ge=0, lt=2**62)]
Time = Annotated[int, msgspec.Meta(ge=0, lt=9 * 10**15)]  # in ns it stays within 63 bits
Columns = dict[str, pl.Series]


class Fault(msgspec.Struct, frozen=True):
    """A line that cannot be used; line counts from 1 within its file."""

    path: str
    line: int
    reason: str
    raw: str


class Capture(msgspec.Struct, frozen=True):
    """What a recording holds.

    trades: ts_ns, ts_recv_ns, trade_id, price, qty, side (+1 taker buys, -1 sells), order_type;
    bbo: ts_ns, ts_recv_ns, update_id, bid_px, bid_qty, ask_px, ask_qty;
    l2_delta: ts_ns, ts_recv_ns, msg_id (the line), first_update_id, last_update_id, prev_update_id (null
    on spot and in snapshots), side, price, qty (0 deletes), is_snapshot.
    lines: of all files; quiet: depth messages without a level; symbol: empty where no line names one;
    starts: each file with the number of lines before it.
    """

    trades: pl.DataFrame
    bbo: pl.DataFrame
    l2_delta: pl.DataFrame
    faults: tuple[Fault, ...]
    lines: int
    quiet: int
    symbol: str
    starts: tuple[tuple[str, int], ...]

    def place(self, line: int) -> tuple[str, int]:
        """The file of a line of the recording, and the line's number there."""
        return next((path, line - before) for path, before in reversed(self.starts) if before < line)


class _Envelope(msgspec.Struct):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")
    event: str = msgspec.field(default="", name="e")
    snapshot: Number | None = msgspec.field(default=None, name="lastUpdateId")


class _Depth(msgspec.Struct):
    first: Number = msgspec.field(name="U")
    last: Number = msgspec.field(name="u")
    bids: list[Level] = msgspec.field(name="b")
    asks: list[Level] = msgspec.field(name="a")
    event_time: Time = msgspec.field(name="E")
    time: Time = msgspec.field(default=0, name="T")
    previous: Number | None = msgspec.field(default=None, name="pu")
    symbol: str = msgspec.field(default="", name="s")


class _Snapshot(msgspec.Struct):
    last: Number = msgspec.field(name="lastUpdateId")
    bids: list[Level]
    asks: list[Level]
    time: Time = msgspec.field(default=0, name="T")


class _Trade(msgspec.Struct):
    number: Number = msgspec.field(name="t")
    price: str = msgspec.field(name="p")
    quantity: str = msgspec.field(name="q")
    time: Time = msgspec.field(name="T")
    buyer_is_maker: bool = msgspec.field(name="m")
    order_type: str = msgspec.field(default="", name="X")
    symbol: str = msgspec.field(default="", name="s")


class _Quote(msgspec.Struct):
    number: Number = msgspec.field(name="u")
    bid: str = msgspec.field(name="b")
    bid_quantity: str = msgspec.field(name="B")
    ask: str = msgspec.field(name="a")
    ask_quantity: str = msgspec.field(name="A")
    time: Time = msgspec.field(default=0, name="T")
    symbol: str = msgspec.field(default="", name="s")


class _Unusable(Exception):
    """A line that is no market data of this capture; its text is the reason."""


_envelope = msgspec.json.Decoder(_Envelope).decode
_depth = msgspec.json.Decoder(_Depth).decode
_snapshot = msgspec.json.Decoder(_Snapshot).decode
_trade = msgspec.json.Decoder(_Trade).decode
_quote = msgspec.json.Decoder(_Quote).decode

TRADE_COLUMNS = {
    "ts_ns": pl.Int64, "ts_recv_ns": pl.Int64, "trade_id": pl.Int64, "price": pl.String, "qty": pl.String,
    "side": pl.Int8, "order_type": pl.String, "line": pl.Int64,
}  # fmt: skip
QUOTE_COLUMNS = {
    "ts_ns": pl.Int64, "ts_recv_ns": pl.Int64, "update_id": pl.Int64, "bid_px": pl.String,
    "bid_qty": pl.String, "ask_px": pl.String, "ask_qty": pl.String, "line": pl.Int64,
}  # fmt: skip
MESSAGE_COLUMNS = {
    "ts_ns": pl.Int64, "ts_recv_ns": pl.Int64, "msg_id": pl.Int64, "first_update_id": pl.Int64,
    "last_update_id": pl.Int64, "prev_update_id": pl.Int64, "is_snapshot": pl.Boolean,
    "bids": pl.Int64, "asks": pl.Int64,
}  # fmt: skip
LEVEL_COLUMNS = (*list(MESSAGE_COLUMNS)[:6], "side", "price", "qty", "is_snapshot")
NUMBERS = ("price", "qty", "bid_px", "bid_qty", "ask_px", "ask_qty")


def parse_capture(
    paths: Path | str | Sequence[Path | str],
    *,
    exact: bool = False,
    symbol: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Capture:
    """Read a recording, plain or gzip; a DataError where a file cannot be read or has no market data.

    exact: prices and quantities as the exchange's own text, and a column `line` in trades and bbo; else
    float64, null where a text is no number. symbol: the symbol that the lines must have, the first
    line's unless said. progress: called with (bytes read, bytes in all).
    """
    listed = [Path(path) for path in ([paths] if isinstance(paths, Path | str) else paths)]
    for path in listed:
        if not path.is_file():
            raise DataError(f"no file {path}")
    total = sum(path.stat().st_size for path in listed)
    reader = _Reader(symbol.upper() if symbol else "")
    done = 0
    for path in listed:
        for read in reader.read(path):
            if progress is not None:
                progress(done + read, total)
        done += path.stat().st_size
    capture = reader.capture()
    if not (capture.trades.height or capture.bbo.height or capture.l2_delta.height):
        why = f"; line {capture.faults[0].line}: {capture.faults[0].reason}" if capture.faults else ""
        raise DataError(f"{', '.join(map(str, listed))}: none of {capture.lines} lines is market data{why}")
    return capture if exact else _as_numbers(capture)


def _as_numbers(capture: Capture) -> Capture:
    frames = {
        name: cast(pl.DataFrame, getattr(capture, name))
        .with_columns(
            pl.col(column).cast(pl.Float64, strict=False) for column in NUMBERS if column in columns
        )
        .drop("line", strict=False)
        for name, columns in (
            ("trades", TRADE_COLUMNS),
            ("bbo", QUOTE_COLUMNS),
            ("l2_delta", LEVEL_COLUMNS),
        )
    }
    return msgspec.structs.replace(capture, **frames)


class _Reader:
    """The columns of a recording as they grow, a piece at a time."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.lines = self.quiet = 0
        self.faults: list[Fault] = []
        self.starts: list[tuple[str, int]] = []
        self.trades: list[tuple[object, ...]] = []
        self.quotes: list[tuple[object, ...]] = []
        self.messages: list[tuple[object, ...]] = []
        self.prices: list[str] = []
        self.quantities: list[str] = []
        self.pieces: dict[str, list[pl.DataFrame]] = {"trades": [], "bbo": [], "l2_delta": []}
        self.quiet_head: tuple[int, int | None] | None = None  # (U, pu) of depth messages without a level

    def read(self, path: Path) -> Iterator[int]:
        """Take a file; yields now and then how many of its bytes are read."""
        number = 0
        self.starts.append((str(path), self.lines))
        with path.open("rb") as file:
            magic = file.read(2)
            file.seek(0)
            source = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if magic == GZIP_MAGIC else file
            try:
                for number, line in enumerate(source, 1):
                    self.lines += 1
                    self._take_or_fault(path, number, line)
                    if not number % 4096:
                        self._flush_full()
                        yield file.tell()
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                self.lines += 1
                self._fault(path, number + 1, f"the file is torn here: {error}", b"")
            yield file.tell()

    def _take_or_fault(self, path: Path, number: int, line: bytes) -> None:
        try:
            self._take(*_split(line))
        except _Unusable as fault:
            self._fault(path, number, str(fault), line)
        except msgspec.ValidationError as error:
            self._fault(path, number, f"not as documented: {error}", line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            torn = "" if line.endswith(b"\n") else "the last line is torn, "
            self._fault(path, number, f"{torn}not JSON: {error}", line)

    def _fault(self, path: Path, number: int, reason: str, line: bytes) -> None:
        if len(self.faults) >= FAULTS_MAX:
            raise DataError(f"{path}: line {number}: more than {FAULTS_MAX:,} lines cannot be used: {reason}")
        raw = line.decode("utf-8", "replace").rstrip("\n")[:RAW_LENGTH_MAX]
        self.faults.append(Fault(str(path), number, reason, raw))

    def _take(self, received: int, text: bytes) -> None:
        envelope = _envelope(text)
        if envelope.snapshot is not None:
            self._take_snapshot(received, _snapshot(text))
            return
        data = bytes(envelope.data) or text
        stream = envelope.stream.partition("@")[2].partition("@")[0] or envelope.event
        if stream in ("depth", "depthUpdate"):
            self._take_depth(received, _depth(data))
        elif stream == "trade":
            self._take_trade(received, _trade(data))
        elif stream == "bookTicker":
            self._take_quote(received, _quote(data))
        else:
            raise _Unusable(f"unknown stream: {envelope.stream or envelope.event or 'no name'}")

    def _refuse_other_symbol(self, symbol: str) -> None:
        self.symbol = self.symbol or symbol
        if symbol not in ("", self.symbol):
            raise _Unusable(f"another symbol than {self.symbol}: {symbol}")

    def _take_trade(self, received: int, trade: _Trade) -> None:
        self._refuse_other_symbol(trade.symbol)
        side = -1 if trade.buyer_is_maker else 1
        times = (_ns(trade.time), received)
        self.trades.append(
            (*times, trade.number, trade.price, trade.quantity, side, trade.order_type, self.lines)
        )

    def _take_quote(self, received: int, quote: _Quote) -> None:
        self._refuse_other_symbol(quote.symbol)
        bid, ask = (quote.bid, quote.bid_quantity), (quote.ask, quote.ask_quantity)
        self.quotes.append((_ns(quote.time) or received, received, quote.number, *bid, *ask, self.lines))

    def _take_depth(self, received: int, depth: _Depth) -> None:
        self._refuse_other_symbol(depth.symbol)
        first, previous = self.quiet_head or (depth.first, depth.previous)
        if not (depth.bids or depth.asks):
            self.quiet_head = (first, previous)
            self.quiet += 1
            return
        self.quiet_head = None
        times = (_ns(depth.time or depth.event_time), received)
        self._take_levels((*times, self.lines, first, depth.last, previous, False), depth.bids, depth.asks)

    def _take_snapshot(self, received: int, book: _Snapshot) -> None:
        times = (_ns(book.time) or received, received)
        self._take_levels((*times, self.lines, book.last, book.last, None, True), book.bids, book.asks)

    def _take_levels(self, message: tuple[object, ...], bids: list[Level], asks: list[Level]) -> None:
        self.messages.append((*message, len(bids), len(asks)))
        for side in (bids, asks):
            self.prices.extend([price for price, _ in side])
            self.quantities.extend([quantity for _, quantity in side])

    def _flush_full(self) -> None:
        if len(self.prices) >= PIECE_ROWS:
            self._flush_levels()
        if len(self.trades) >= PIECE_ROWS or len(self.quotes) >= PIECE_ROWS:
            self._flush_rows()

    def _flush_rows(self) -> None:
        for name, rows, columns in (
            ("trades", self.trades, TRADE_COLUMNS),
            ("bbo", self.quotes, QUOTE_COLUMNS),
        ):
            self.pieces[name].append(pl.DataFrame(rows, schema=columns, orient="row"))
            rows.clear()

    def _flush_levels(self) -> None:
        messages = pl.DataFrame(self.messages, schema=MESSAGE_COLUMNS, orient="row")
        counts = messages.select("bids", "asks").to_numpy()
        repeats = np.repeat(np.arange(messages.height), counts.sum(axis=1))
        side = np.repeat(np.tile(BOTH_SIDES, messages.height), counts.ravel())
        levels = messages[repeats].with_columns(
            pl.Series("side", side),
            pl.Series("price", self.prices, dtype=pl.String),
            pl.Series("qty", self.quantities, dtype=pl.String),
        )
        self.pieces["l2_delta"].append(levels.select(LEVEL_COLUMNS))
        for rows in (self.messages, self.prices, self.quantities):
            rows.clear()

    def capture(self) -> Capture:
        """All that was read."""
        self._flush_rows()
        self._flush_levels()
        trades, bbo, levels = (pl.concat(pieces, rechunk=True) for pieces in self.pieces.values())
        facts = (tuple(self.faults), self.lines, self.quiet, self.symbol, tuple(self.starts))
        return Capture(trades, bbo, levels, *facts)


def _split(line: bytes) -> tuple[int, bytes]:
    """The receive time of a line, and its message."""
    stamp, _, text = line.partition(b" ")
    if not (stamp.isdigit() and len(stamp) < 20 and int(stamp) < TIME_NS_LIMIT):
        raise _Unusable("no receive time in ns")
    return int(stamp), text


def _ns(time: int) -> int:
    """A time of the exchange in ns: it sends milliseconds, or microseconds if asked to."""
    return time * (1_000_000 if time < MILLISECONDS_LIMIT else 1_000)
