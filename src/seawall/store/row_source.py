"""What a backtest reads: all market rows of its instruments, in one order, piece by piece.

Rule 1: order is (ts_local, BAR_OPEN after everything else, rank of the stream, place in the stream);
        the rank is (position of the instrument in names, trades < quotes < levels < bars).
Rule 2: so packets stay whole, and leaving an instrument or a stream out changes nothing in the order of
        the others.
Rule 3: neither the size of pieces nor the cut of parts changes a row or its place.
Rule 4: memory is bounded by the pieces, however long the streams are; bars alone are held whole.

The merge keeps a queue of pieces a stream. The least of their last times is the limit: whatever stands
before it is complete in the queues, because no stream goes back in time. These prefixes are laid one
behind the other by rank, and one stable sort by time gives the order of Rule 1. A queue that holds one
single time is read on first, so each round takes something.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from seawall.kernels.rows import BAR_OPEN, FLAG_LAST, ROW
from seawall.model.errors import DataError
from seawall.store.catalog import Catalog
from seawall.store.streams import bar_rows
from seawall.store.tick_parts import GROUP_ROWS
from seawall.store.ticks import TICK_KINDS, TickStats, tick_kinds, tick_rows, tick_stats

__all__ = ["MemoryRows", "Restamp", "RowSource", "STREAM_KINDS", "TickSource", "open_rows"]

STREAM_KINDS = (*TICK_KINDS, "bars")

Rows = NDArray[np.void]
Time = int | str | None
Restamp = Callable[[str, Rows], None]
"""Rewrites ts_local of a piece of the stream "NAME/kind", in place."""

_RAW = np.dtype(f"V{ROW.itemsize}")  # numpy moves a record field by field, and raw bytes at once


class RowSource(Protocol):
    """All rows of a backtest, in the order in which the core takes them."""

    @property
    def rows_total(self) -> int:
        """How many rows there are, known before they are read."""
        ...

    @property
    def first_ns(self) -> int:
        """ts_local of the first row (0 without rows)."""
        ...

    @property
    def last_ns(self) -> int:
        """ts_local of the last row (0 without rows)."""
        ...

    @property
    def latency_ns_max(self) -> int:
        """A bound of ts_local - ts_exchange over all rows."""
        ...

    @property
    def memory(self) -> Rows | None:
        """All rows, if the source holds them in memory anyway."""
        ...

    @property
    def content_hash(self) -> str:
        """SHA-256 (hex) of what the rows are made of."""
        ...

    @property
    def clock_shifts(self) -> dict[str, int]:
        """The ns that an import added to ts_local of "NAME/kind", where it is not 0."""
        ...

    def pieces(self, piece_rows: int) -> Iterator[Rows]:
        """All rows in order, each call from the start: piece_rows at a time, the last piece may be shorter.

        A packet may go on in the next piece.
        """
        ...


class MemoryRows:
    """An array of market rows as a source.

    >>> rows = np.zeros(3, dtype=ROW)
    >>> [len(piece) for piece in MemoryRows(rows).pieces(2)]
    [2, 1]
    """

    def __init__(self, rows: Rows, content_hash: str = "") -> None:
        assert rows.dtype == ROW
        self.memory: Rows | None = rows
        self.rows_total = len(rows)
        self.first_ns = int(rows["ts_local"][0]) if len(rows) else 0
        self.last_ns = int(rows["ts_local"][-1]) if len(rows) else 0
        self.latency_ns_max = int((rows["ts_local"] - rows["ts_exchange"]).max()) if len(rows) else 0
        self.content_hash = content_hash
        self.clock_shifts: dict[str, int] = {}
        self._rows = rows

    def pieces(self, piece_rows: int) -> Iterator[Rows]:
        """All rows in order, each call from the start."""
        for at in range(0, len(self._rows), piece_rows):
            yield self._rows[at : at + piece_rows]


class TickSource:
    """The merge of several streams of a catalog, of which at least one is of ticks.

    names: the instruments, numbered by their position; kinds: of STREAM_KINDS; each must be there for
    each name. restamp: makes what sees each piece of each tick stream of one pass, in order; it must give
    the same in each pass, whatever the cut of the pieces; ts_local of a stream must not decrease by it,
    nor exceed ts_exchange by more than latency_ns_max. Bars are not restamped. read_rows: how many
    stored rows of a stream are read at a time.
    """

    def __init__(
        self,
        catalog: Catalog,
        names: Sequence[str],
        kinds: Sequence[str],
        start: Time = None,
        end: Time = None,
        *,
        restamp: Callable[[], Restamp] | None = None,
        latency_ns_max: int | None = None,
        read_rows: int = GROUP_ROWS,
    ) -> None:
        assert (restamp is None) == (latency_ns_max is None), "the bound belongs to the restamping"
        self._catalog, self._names, self._span = catalog, list(names), (start, end)
        self._kinds = [kind for kind in STREAM_KINDS if kind in kinds]
        self._restamp, self._read_rows = restamp, read_rows
        ticks = [kind for kind in self._kinds if kind != "bars"]
        self._stats = {
            (name, kind): tick_stats(catalog, kind, name, start, end) for name in names for kind in ticks
        }
        self._bars = self._read_bars() if "bars" in kinds else {}
        found = self._stats.values()
        self.memory: Rows | None = None
        self.rows_total = sum(s.rows for s in found) + sum(map(len, self._bars.values()))
        stored = max((s.latency_ns_max for s in found), default=0)
        self.latency_ns_max = stored if latency_ns_max is None else latency_ns_max
        shifts = {f"{name}/{kind}": _shift(stats) for (name, kind), stats in self._stats.items()}
        self.clock_shifts = {stream: shift for stream, shift in shifts.items() if shift}
        self.content_hash = self._hash()

    @property
    def first_ns(self) -> int:
        """ts_local of the first row (0 without rows); it takes a pass over all rows if they are restamped."""
        return self._bounds[0]

    @property
    def last_ns(self) -> int:
        """ts_local of the last row (0 without rows); it takes a pass over all rows if they are restamped."""
        return self._bounds[1]

    def pieces(self, piece_rows: int) -> Iterator[Rows]:
        """All rows in order, each call from the start; the merge is made anew, in bounded memory."""
        streams: list[Iterator[Rows]] = []
        restamp = self._restamp() if self._restamp is not None else None
        for number, name in enumerate(self._names):
            streams += [self._ticks(number, name, kind, restamp) for kind in self._kinds if kind != "bars"]
            if name in self._bars:
                streams.append(iter([self._bars[name]]))
        return _cut(_merge(streams, bool(self._bars)), piece_rows)

    def _read_bars(self) -> dict[str, Rows]:
        """The bars of each instrument as rows; they are few."""
        bars: dict[str, Rows] = {}
        for number, name in enumerate(self._names):
            bars[name] = bar_rows(self._catalog, [name], *self._span)
            bars[name]["instrument"] = number
        return bars

    def _ticks(self, number: int, name: str, kind: str, restamp: Restamp | None) -> Iterator[Rows]:
        last_ns = 0
        for rows in tick_rows(self._catalog, kind, name, number, *self._span, piece_rows=self._read_rows):
            if restamp is not None:
                restamp(f"{name}/{kind}", rows)
                last_ns = _check_restamped(f"{name}/{kind}", rows, last_ns, self.latency_ns_max)
            yield rows

    @cached_property
    def _bounds(self) -> tuple[int, int]:
        if self._restamp is not None:
            ends = [(int(r["ts_local"][0]), int(r["ts_local"][-1])) for r in self.pieces(GROUP_ROWS)]
            return (ends[0][0], ends[-1][1]) if ends else (0, 0)
        bars = [rows["ts_local"] for rows in self._bars.values() if len(rows)]
        firsts = [stats.first_ns for stats in self._stats.values() if stats.first_ns is not None]
        lasts = [stats.last_ns for stats in self._stats.values() if stats.last_ns is not None]
        firsts += [int(times[0]) for times in bars]
        lasts += [int(times[-1]) for times in bars]
        return min(firsts, default=0), max(lasts, default=0)

    def _hash(self) -> str:
        """Of all streams and the corporate actions; with bars, of these too."""
        digest = hashlib.sha256()
        for (name, kind), stats in self._stats.items():
            digest.update(f"{name}/{kind} {stats.content_hash}\n".encode())
        for name in self._names:
            digest.update(msgspec.json.encode(self._catalog.actions(name), order="sorted") + b"\n")
        if self._bars:
            digest.update(self._catalog.content_hash(self._names, *self._span).encode())
        return digest.hexdigest()


def open_rows(
    catalog: Catalog,
    names: Sequence[str],
    streams: Sequence[str],
    start: Time = None,
    end: Time = None,
    *,
    restamp: Callable[[], Restamp] | None = None,
    latency_ns_max: int | None = None,
) -> RowSource:
    """The rows of `names` within [start, end): `streams` are of bars, trades, quotes, levels.

    Bars alone are held in memory; everything else is merged while it is read. A stream that an instrument
    lacks is a DataError that says what there is. restamp, with its bound latency_ns_max: see TickSource.

    >>> from seawall.store.sample import open_catalog
    >>> sample = open_catalog("sample:us-stocks")
    >>> open_rows(sample, ["AAPL", "IBM"], ["bars"], "2000-09-29", "2000-09-30").rows_total
    8
    >>> open_rows(sample, ["AAPL"], ["trades"])
    Traceback (most recent call last):
    seawall.model.errors.DataError: sample:us-stocks has no trades of AAPL; it has bars
    """
    assert len(set(names)) == len(names), "an instrument twice"
    _refuse_unknown(streams)
    for name in names:
        _refuse_missing(catalog, name, streams)
    if set(streams) == {"bars"}:
        rows = bar_rows(catalog, names, start, end)
        return MemoryRows(rows, catalog.content_hash(names, start, end))
    return TickSource(catalog, names, streams, start, end, restamp=restamp, latency_ns_max=latency_ns_max)


def _refuse_unknown(streams: Sequence[str]) -> None:
    unknown = [stream for stream in streams if stream not in STREAM_KINDS]
    if unknown or not streams:
        what = f"no stream {unknown[0]!r}" if unknown else "no stream chosen"
        raise DataError(f"{what}; expected some of bars, trades, quotes, levels")


def _refuse_missing(catalog: Catalog, name: str, streams: Sequence[str]) -> None:
    has = ["bars"] if catalog.has_bars(name) else []
    has += tick_kinds(catalog, name)
    missing = [stream for stream in streams if stream not in has]
    if missing:
        listed = ", ".join(has) or "nothing of it"
        raise DataError(f"{catalog.name} has no {' and no '.join(missing)} of {name}; it has {listed}")


def _shift(stats: TickStats) -> int:
    """The largest shift of a stream; several in one stream are the quality report's business."""
    return max(stats.clock_shifts, key=abs, default=0)


def _check_restamped(stream: str, rows: Rows, last_ns: int, latency_ns_max: int) -> int:
    """Asserts what a restamping must keep, also against the last time of the piece before; gives the next."""
    times = rows["ts_local"]
    latency, steps = times - rows["ts_exchange"], np.diff(times, prepend=last_ns)
    assert int(latency.min()) >= 0, f"{stream}: restamped to before the exchange's time"
    assert int(latency.max()) <= latency_ns_max, f"{stream}: restamped beyond the bound"
    assert int(steps.min()) >= 0, f"{stream}: restamped back in time"
    inside = (rows["flags"][:-1] & FLAG_LAST) == 0
    assert not bool(np.any(steps[1:][inside])), f"{stream}: restamped inside a packet"
    return int(times[-1])


# The merge -------------------------------------------------------------------------------


class _Queue:
    """The pieces of a stream that were read and not yet taken."""

    def __init__(self, stream: Iterator[Rows]) -> None:
        self._stream = stream
        self._pieces: deque[Rows] = deque()
        self.is_ended = False

    def fill(self) -> None:
        """Reads on until two times are at hand, or the stream ends."""
        while not self.is_ended and (not self._pieces or self._first_ns() == self.last_ns()):
            rows = next(self._stream, None)
            if rows is None:
                self.is_ended = True
            elif len(rows):
                self._pieces.append(rows)

    def last_ns(self) -> int:
        """The last time at hand."""
        return int(self._pieces[-1]["ts_local"][-1])

    def take(self, limit_ns: int | None) -> list[Rows]:
        """Takes the rows before the limit (None: all)."""
        taken: list[Rows] = []
        while self._pieces:
            rows = self._pieces.popleft()
            count = len(rows) if limit_ns is None else int(np.searchsorted(rows["ts_local"], limit_ns))
            if count:
                taken.append(rows[:count])
            if count < len(rows):
                self._pieces.appendleft(rows[count:])
                break
        return taken

    def _first_ns(self) -> int:
        return int(self._pieces[0]["ts_local"][0])


def _merge(streams: Sequence[Iterator[Rows]], has_bars: bool) -> Iterator[Rows]:
    """The rows of all streams in the order of Rule 1; the streams stand in order of rank."""
    queues = [_Queue(stream) for stream in streams]
    while True:
        for queue in queues:
            queue.fill()
        limit_ns = min((queue.last_ns() for queue in queues if not queue.is_ended), default=None)
        taken = [rows for queue in queues for rows in queue.take(limit_ns)]
        if taken:
            yield taken[0] if len(taken) == 1 else _sorted(_joined(taken), has_bars)
        elif limit_ns is None:
            return


def _sorted(rows: Rows, has_bars: bool) -> Rows:
    times = np.ascontiguousarray(rows["ts_local"])
    opens_last = (rows["kind"] == BAR_OPEN,) if has_bars else ()
    order = np.lexsort((*opens_last, times))
    return np.take(rows.view(_RAW), order).view(ROW)


def _joined(parts: Sequence[Rows]) -> Rows:
    return parts[0] if len(parts) == 1 else np.concatenate([part.view(_RAW) for part in parts]).view(ROW)


def _cut(blocks: Iterator[Rows], piece_rows: int) -> Iterator[Rows]:
    """The same rows, piece_rows at a time."""
    waiting: list[Rows] = []
    count = 0
    for block in blocks:
        rows = block
        while count + len(rows) >= piece_rows:
            yield _joined([*waiting, rows[: piece_rows - count]])
            rows, waiting, count = rows[piece_rows - count :], [], 0
        if len(rows):
            waiting.append(rows)
            count += len(rows)
    if waiting:
        yield _joined(waiting)
