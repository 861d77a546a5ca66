"""Recording a live feed: any asynchronous source of ticks into a catalog's streams.

Rule 1: the buffer is bounded: it is written when it is long enough or old enough, and the source is
        asked for its next tick only when the one before is in it.
Rule 2: whatever ends the recording, the end of the source, the time, Ctrl-C or the source's own
        exception, what was received is written first.
Rule 3: a hole in the numbers becomes a gap in the stream; a repeated number is dropped and counted; a
        tick that cannot be stored (off the tick, no number) becomes a gap of one message, with the reason.
Rule 4: times are made to fit the store (they never decrease, and arrival is not before the exchange's
        time), and how often and how far is reported: a recorder whose clock runs behind shows there.

A recording that goes on with a stream of the catalog begins at the last number and the last times stored.
"""

import asyncio
import inspect
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import polars as pl

from seawall.kernels.rows import CLEAR, FLAG_LAST, FLAG_SNAPSHOT, GAP, LEVEL, QUOTE_BID, TRADE
from seawall.model.errors import ConfigError, DataError
from seawall.model.instruments import Instrument
from seawall.model.ticks import BookUpdate, QuoteTick, Tick, TradeTick
from seawall.store.catalog import Catalog
from seawall.store.ticks import TICK_SCHEMAS, tick_parts, write_ticks

__all__ = ["Recorded", "RecordedStream", "TickRecorder", "load_source", "record", "record_until_stopped"]

FLUSH_ROWS = 100_000
FLUSH_SECONDS = 60.0
FOREVER_SECONDS = 1e9
COUNT_MAX = 2**53  # of ticks or lots: far beyond any market, far below what integers hold
KINDS: dict[type[Any], str] = {TradeTick: "trades", QuoteTick: "quotes", BookUpdate: "levels"}

Row = tuple[int, ...]
Source = Callable[[], AsyncIterator[Tick]]


class RecordedStream(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded of one stream.

    rows: written; messages: in them; missing: the messages that the gaps stand for; rejected: reason ->
    messages; late: messages whose ts_local was raised, by late_ns_max at most; back_steps: messages whose
    ts_exchange was raised.
    """

    instrument: str
    kind: str
    rows: int
    messages: int
    gaps: int
    missing: int
    duplicates: int
    rejected: dict[str, int]
    late: int
    late_ns_max: int
    back_steps: int

    def render(self) -> list[str]:
        """The counts as lines for a terminal."""
        lines = [f"{self.instrument}: {self.rows:,} rows of {self.kind} written, {self.messages:,} messages"]
        counts = [
            (self.gaps, f"gaps, {self.missing:,} messages missing"),
            (self.duplicates, "duplicates dropped"),
            (self.late, f"times of arrival raised, by {self.late_ns_max / 1e6:,.3f} ms at most"),
            (self.back_steps, "times of the exchange raised to the one before"),
        ]
        lines += [f"  {count:,} {what}" for count, what in counts if count]
        return [*lines, *(f"  {count:,} rejected: {reason}" for reason, count in self.rejected.items())]


class Recorded(msgspec.Struct, frozen=True):
    """What a recording did, a row a stream, and why it ended."""

    catalog: str
    streams: tuple[RecordedStream, ...]
    ended: str

    def render(self) -> str:
        """The report as lines for a terminal."""
        lines = [line for stream in self.streams for line in stream.render()]
        return "\n".join([*(lines or ["nothing was received"]), f"{self.catalog}: {self.ended}"])


class TickRecorder:
    """Takes ticks, numbers their gaps, and writes them to a catalog when told.

    instrument: the name that ticks without one belong to; clock_shift_ns: added to every ts_local;
    origin: what the streams say of where they come from; clock: ns UTC, for ticks without ts_local.
    """

    def __init__(
        self,
        catalog: Catalog,
        instrument: str = "",
        *,
        clock_shift_ns: int = 0,
        origin: str = "",
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._catalog, self._instrument = catalog, instrument
        self._shift_ns, self._origin, self._clock = clock_shift_ns, origin, clock
        self._streams: dict[tuple[str, str], _Stream] = {}

    @property
    def rows_waiting(self) -> int:
        """How many rows are not written yet."""
        return sum(len(stream.rows) for stream in self._streams.values())

    def take(self, tick: Tick) -> None:
        """Put a tick into the buffer; what is no tick, or of no known instrument, is a UserError."""
        kind = KINDS.get(type(tick))
        if kind is None:
            names = ", ".join(known.__name__ for known in KINDS)
            raise DataError(f"the source gave {type(tick).__name__} {tick!r:.80}; expected {names}")
        times: tuple[Any, ...] = (tick.ts_exchange, tick.ts_local, tick.sequence)
        if not all(isinstance(number, int) and number >= 0 for number in times):
            raise DataError(
                f"the source gave ts_exchange, ts_local, sequence {times}; expected whole numbers"
            )
        key = (tick.instrument or self._instrument, kind)
        if key not in self._streams:
            self._streams[key] = _Stream(self._catalog, *key)
        self._streams[key].take(tick, (tick.ts_local or self._clock()) + self._shift_ns)

    def flush(self) -> None:
        """Write what waits."""
        for (name, kind), stream in self._streams.items():
            if not stream.rows:
                continue
            frame = pl.DataFrame(stream.rows, schema=TICK_SCHEMAS[kind], orient="row")
            done = write_ticks(
                self._catalog, kind, name, frame, clock_shift_ns=self._shift_ns, source=self._origin
            )
            assert done.duplicates == 0, "the recorder knows what is stored"
            stream.written += done.written
            stream.rows.clear()

    async def run(
        self,
        source: AsyncIterator[Tick],
        *,
        flush_rows: int = FLUSH_ROWS,
        flush_seconds: float = FLUSH_SECONDS,
        seconds: float | None = None,
    ) -> Recorded:
        """Record a source until it ends, `seconds` are over, or this task is cancelled.

        The buffer is written at flush_rows rows or after flush_seconds. An exception of the source is a
        DataError that carries it; cancelling stays what it is, and `report` tells what was written.
        """
        now = asyncio.get_running_loop().time
        end = now() + (FOREVER_SECONDS if seconds is None else seconds)
        flush_at = now() + flush_seconds
        waiting: asyncio.Task[Tick | None] | None = None
        ended = ""
        try:
            while not ended:
                waiting = waiting or asyncio.ensure_future(_next(source))
                await asyncio.wait({waiting}, timeout=max(0.0, min(flush_at, end) - now()))
                if waiting.done():
                    tick = _result(waiting)
                    waiting = None
                    if tick is None:
                        ended = "the source ended"
                    else:
                        self.take(tick)
                if now() >= end and not ended:
                    ended = f"{seconds:g} seconds are over"
                if self.rows_waiting >= flush_rows or now() >= flush_at:
                    self.flush()
                    flush_at = now() + flush_seconds
        finally:
            self.flush()
            if waiting is not None:
                waiting.cancel()
        return self.report(ended)

    def report(self, ended: str) -> Recorded:
        """What was written so far."""
        found = tuple(stream.report() for _, stream in sorted(self._streams.items()))
        return Recorded(self._catalog.name, found, ended)


async def record(
    source: AsyncIterator[Tick],
    catalog: Catalog,
    *,
    instrument: str = "",
    flush_rows: int = FLUSH_ROWS,
    flush_seconds: float = FLUSH_SECONDS,
    seconds: float | None = None,
    clock_shift_ns: int = 0,
    origin: str = "",
) -> Recorded:
    """Record a source into a catalog that has its instruments: see TickRecorder and its `run`."""
    recorder = TickRecorder(catalog, instrument, clock_shift_ns=clock_shift_ns, origin=origin)
    return await recorder.run(source, flush_rows=flush_rows, flush_seconds=flush_seconds, seconds=seconds)


def record_until_stopped(source: AsyncIterator[Tick], recorder: TickRecorder, **limits: Any) -> Recorded:
    """Run a recorder in a loop of its own; Ctrl-C and SIGTERM end it like the end of the source."""
    try:
        return asyncio.run(_terminable(recorder.run(source, **limits)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return recorder.report("interrupted")


async def _terminable(recording: Coroutine[Any, Any, Recorded]) -> Recorded:
    task = asyncio.ensure_future(recording)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


async def _next(source: AsyncIterator[Tick]) -> Tick | None:
    return await anext(source, None)


def _result(task: "asyncio.Task[Tick | None]") -> Tick | None:
    try:
        return task.result()
    except Exception as error:
        raise DataError(f"the source raised {type(error).__name__}: {error}") from error


class _Stream:
    """One stream of one instrument: its last number and times, and the rows that wait."""

    def __init__(self, catalog: Catalog, name: str, kind: str) -> None:
        self.terms, self.name, self.kind = catalog.instrument(name), name, kind
        parts = tick_parts(catalog, kind, name)
        self.last_sequence = max((part.facts.last_sequence for part in parts), default=0)
        self.last_local_ns: int = parts[-1].facts.last_local_ns if parts else 0
        self.last_exchange_ns: int = parts[-1].facts.last_exchange_ns if parts else 0
        self.rows: list[Row] = []
        self.written = self.messages = self.gaps = self.missing = self.duplicates = 0
        self.late = self.late_ns_max = self.back_steps = 0
        self.rejected: Counter[str] = Counter()

    def take(self, tick: Tick, arrived_ns: int) -> None:
        """Number, time and buffer a tick."""
        if 0 < tick.sequence <= self.last_sequence:
            self.duplicates += 1
            return
        times = self._times(tick.ts_exchange or arrived_ns, arrived_ns)
        lacking = _lacking(tick, self.last_sequence)
        if lacking:
            self._gap(times, self.last_sequence + 1, lacking)
        self.last_sequence = max(self.last_sequence, tick.sequence)
        try:
            rows = _rows(tick, (*times, tick.sequence), self.terms)
        except (ValueError, TypeError) as error:
            self.rejected[str(error)] += 1
            self._gap(times, tick.sequence, 1)
        else:
            self.messages += 1
            self.rows += rows

    def report(self) -> RecordedStream:
        """The counts so far."""
        return RecordedStream(
            instrument=self.name,
            kind=self.kind,
            rows=self.written,
            messages=self.messages,
            gaps=self.gaps,
            missing=self.missing,
            duplicates=self.duplicates,
            rejected=dict(self.rejected),
            late=self.late,
            late_ns_max=self.late_ns_max,
            back_steps=self.back_steps,
        )

    def _times(self, exchange_ns: int, arrived_ns: int) -> tuple[int, int]:
        """(ts_exchange, ts_local) that the stream may go on with."""
        exchange = max(exchange_ns, self.last_exchange_ns)
        local = max(arrived_ns, exchange, self.last_local_ns)
        self.back_steps += exchange > exchange_ns
        self.late += local > arrived_ns
        self.late_ns_max = max(self.late_ns_max, local - arrived_ns)
        self.last_exchange_ns, self.last_local_ns = exchange, local
        return exchange, local

    def _gap(self, times: tuple[int, int], sequence: int, lacking: int) -> None:
        sizes = (0, lacking, 0, 0) if self.kind == "quotes" else (0, 0, lacking)
        self.rows.append((*times, sequence, GAP, *sizes, FLAG_LAST))
        self.gaps += 1
        self.missing += lacking


def _lacking(tick: Tick, last: int) -> int:
    """How many messages lack before this one; a snapshot needs none of them."""
    if not tick.sequence or not last or (isinstance(tick, BookUpdate) and tick.is_snapshot):
        return 0
    previous = tick.sequence - 1 if tick.previous is None else tick.previous
    return max(0, previous - last)


def _rows(tick: Tick, head: Row, terms: Instrument) -> list[Row]:
    """The rows of a tick in the order of its schema; a ValueError says what cannot be stored."""
    if isinstance(tick, TradeTick):
        if tick.side not in (-1, 0, 1) or not 0 <= tick.flags < 256:
            raise ValueError("a side is 1, -1 or 0, and flags are those of the market row")
        price, size = _count(tick.price, terms.tick, "price", 1), _count(tick.size, terms.lot, "size", 1)
        return [(*head, TRADE, int(tick.side), price, size, tick.flags | FLAG_LAST)]
    if isinstance(tick, QuoteTick):
        bid_lots, ask_lots = (_count(size, terms.lot, "size", 0) for size in (tick.bid_size, tick.ask_size))
        bid, ask = (
            _count(price, terms.tick, "price", 1) if lots else 0
            for price, lots in ((tick.bid, bid_lots), (tick.ask, ask_lots))
        )
        return [(*head, QUOTE_BID, bid, bid_lots, ask, ask_lots, FLAG_LAST)]
    flag = FLAG_SNAPSHOT if tick.is_snapshot else 0
    rows: list[Row] = [(*head, CLEAR, 0, 0, 0, flag)] if flag else []
    for side, levels in ((1, tick.bids), (-1, tick.asks)):
        for price, size in levels:
            ticks, lots = _count(price, terms.tick, "price", 1), _count(size, terms.lot, "size", 0)
            rows.append((*head, LEVEL, side, ticks, lots, flag))
    if rows:
        rows[-1] = (*rows[-1][:-1], flag | FLAG_LAST)
    return rows


def _count(value: Any, step: Decimal, what: str, least: int) -> int:
    """A price in ticks, or a size in lots, exactly."""
    try:
        exact = Decimal(value) if isinstance(value, Decimal | int | str) else None
    except InvalidOperation:
        exact = None
    if exact is None or not exact.is_finite():
        raise ValueError(f"a {what} is no finite Decimal, int or text of one")
    count = int(exact / step)
    if count * step != exact:
        raise ValueError(f"a {what} is not on the step {step}")
    if not least <= count < COUNT_MAX:
        raise ValueError(f"a {what} is below {least} or beyond {COUNT_MAX} steps")
    return count


def load_source(spec: str) -> Source:
    """The function of a user's file, by `file.py:function`; a ConfigError if there is none."""
    path, _, name = spec.rpartition(":")
    if not path.endswith(".py") or not name.isidentifier():
        raise ConfigError(f"source {spec!r}: expected file.py:function")
    module = ModuleType("seawall_source")
    module.__file__ = path
    try:
        code = compile(Path(path).read_bytes(), path, "exec")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except (SyntaxError, ValueError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise ConfigError(f"{path}{line}: {error.args[0]}") from None
    try:
        exec(code, module.__dict__)  # noqa: S102 - running the user's own code is the point
    except Exception as error:
        raise ConfigError(f"{path} raised {type(error).__name__}: {error}") from error
    function = vars(module).get(name)
    if not inspect.isasyncgenfunction(function):
        found = ", ".join(key for key, value in vars(module).items() if inspect.isasyncgenfunction(value))
        raise ConfigError(f"{path} has no `async def {name}` that yields ticks; it has {found or 'none'}")
    try:
        inspect.signature(function).bind()
    except TypeError as error:
        raise ConfigError(f"{spec} is called without arguments: {error}") from None
    return function
