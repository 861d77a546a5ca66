"""The quality report of the ticks of a catalog: gaps, crossed books, silence, clocks, damage.

What an import would not take, such as times that go back, cannot stand in the store itself.

Rule 1: the report changes nothing; a stream is read part by part, so memory does not grow with it.
Rule 2: a state is what a packet leaves behind: of a quote its two sides, of a book its best prices.
        It is crossed if bid > ask, locked if bid = ask, one-sided if a side is empty.
Rule 3: after a gap a book is unknown, and not judged, until its next snapshot.
Rule 4: silence is the time between two packets; what of it is beyond the limit of its kind is stale.
Rule 5: the content of each part is hashed again; one that differs from its sidecar is damaged.

Silence is doubtful in books and quotes, which always move; trades may rest.
"""

import heapq
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from seawall.kernels.rows import CLEAR, FLAG_INFERRED_SIDE, FLAG_LAST, GAP
from seawall.model.times import format_time
from seawall.store.catalog import Catalog
from seawall.store.tick_parts import TickPart, content_sha256
from seawall.store.ticks import TICK_KINDS, TICK_SCHEMAS, tick_parts

__all__ = ["SILENCE_NS_MAX", "StreamQuality", "check_streams", "clock_warnings"]

SILENCE_NS_MAX = {"trades": 30 * 10**9, "quotes": 2 * 10**9, "levels": 2 * 10**9}
LATENCIES_MAX = 4_000_000  # beyond, every second is left out, then every second of the rest ...

Ints = NDArray[np.int64]


class StreamQuality(msgspec.Struct, frozen=True, kw_only=True):
    """The counts of one stream.

    rows: as stored; packets: without gaps; times: ts_local; missing: messages that gaps say are lacking,
    of those that know (gaps_unknown do not); duplicates: rows that writes dropped; sides_inferred: share
    of the trades; states: packets whose quote or book was judged; stale_share: of the span;
    latencies: ts_local - ts_exchange; damaged: names of parts.
    """

    instrument: str
    kind: str
    rows: int
    packets: int
    first_ns: int
    last_ns: int
    gaps: int
    gaps_unknown: int
    missing: int
    duplicates: int
    sides_inferred: float
    states: int
    crossed: int
    locked: int
    one_sided: int
    silence_ns_max: int
    silence_from_ns: int
    stale_share: float
    latency_ns_min: int
    latency_ns_median: int
    latency_ns_p99: int
    clock_shifts: tuple[int, ...]
    damaged: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """No gap, crossed or locked state, damage, shift that changes, or doubtful silence."""
        silent = self.kind != "trades" and self.stale_share > 0
        doubtful = self.gaps + self.crossed + self.locked + len(self.damaged)
        return not (doubtful or silent or len(self.clock_shifts) > 1)

    def render(self) -> list[str]:
        """The counts as lines for a terminal."""
        span = f"{format_time(self.first_ns)} .. {format_time(self.last_ns)}"
        lines = [f"{self.instrument}: {self.rows:,} rows of {self.kind}, {span}"]
        unknown = f", and of {self.gaps_unknown:,} unknown" if self.gaps_unknown else ""
        counts = [
            (self.gaps, f"gaps, {self.missing:,} messages missing{unknown}"),
            (self.duplicates, "duplicates dropped"),
            (self.crossed, f"crossed states of {self.states:,}"),
            (self.locked, f"locked states of {self.states:,}"),
            (self.one_sided, f"one-sided states of {self.states:,}"),
        ]
        lines += [f"    {count:,} {what}" for count, what in counts if count]
        if self.sides_inferred:
            lines.append(f"    {self.sides_inferred:.1%} of the sides are inferred")
        limit = SILENCE_NS_MAX[self.kind] // 10**9
        silence = f"{self.silence_ns_max / 1e9:.3f} s from {format_time(self.silence_from_ns)}"
        lines.append(f"    longest silence {silence}; {self.stale_share:.2%} of the time beyond {limit} s")
        bounds = (self.latency_ns_min, self.latency_ns_median, self.latency_ns_p99)
        shifts = ", ".join(f"{shift / 1e6:+,.3f} ms" for shift in self.clock_shifts if shift)
        words = " / ".join(f"{latency / 1e6:,.3f}" for latency in bounds)
        shifted = f"; clock shifted by {shifts}" if shifts else ""
        lines.append(f"    latency {words} ms (least, median, 99 %){shifted}")
        lines += [f"    damaged: {name} differs from its sidecar" for name in self.damaged]
        return [*lines, "    clean"] if self.is_clean else lines


def check_streams(catalog: Catalog, names: Sequence[str] | None = None) -> tuple[StreamQuality, ...]:
    """Check the ticks of `names` (None: all), a row a stream that there is.

    >>> from seawall.store.sample import open_catalog
    >>> check_streams(open_catalog("sample:us-stocks"))
    ()
    """
    streams = [
        (name, kind, tick_parts(catalog, kind, name))
        for name in (names if names is not None else catalog.instruments())
        for kind in TICK_KINDS
    ]
    return tuple(_check_one(name, kind, parts) for name, kind, parts in streams if parts)


def clock_warnings(rows: Iterable[StreamQuality]) -> tuple[str, ...]:
    """What is odd about the clocks of all streams together: shifts that differ."""
    shifts: dict[int, list[str]] = {}
    for row in rows:
        for shift in row.clock_shifts:
            shifts.setdefault(shift, []).append(f"{row.instrument}/{row.kind}")
    if len(shifts) < 2:
        return ()
    told = "; ".join(f"{shift / 1e6:+,.3f} ms: {', '.join(shifts[shift])}" for shift in sorted(shifts))
    return (f"clocks were shifted in {len(shifts)} ways, so streams may not line up ({told})",)


def _check_one(name: str, kind: str, parts: Sequence[TickPart]) -> StreamQuality:
    tally = _Tally(kind)
    for part in parts:
        tally.take(part, part.read(list(TICK_SCHEMAS[kind]), 0, part.facts.rows))
    facts = [part.facts for part in parts]
    median, p99 = tally.latencies.quantiles(0.5, 0.99)
    return StreamQuality(
        instrument=name,
        kind=kind,
        rows=sum(each.rows for each in facts),
        packets=tally.packets,
        first_ns=facts[0].first_local_ns,
        last_ns=facts[-1].last_local_ns,
        gaps=tally.gaps,
        gaps_unknown=tally.gaps_unknown,
        missing=tally.missing,
        duplicates=sum(each.duplicates for each in facts),
        sides_inferred=tally.inferred / tally.packets if tally.packets else 0.0,
        states=tally.tops.states,
        crossed=tally.tops.crossed,
        locked=tally.tops.locked,
        one_sided=tally.tops.one_sided,
        silence_ns_max=tally.silence.longest_ns,
        silence_from_ns=tally.silence.from_ns,
        stale_share=tally.silence.stale_ns / max(1, facts[-1].last_local_ns - facts[0].first_local_ns),
        latency_ns_min=min(each.latency_ns_min for each in facts),
        latency_ns_median=median,
        latency_ns_p99=p99,
        clock_shifts=tuple(sorted({each.clock_shift_ns for each in facts})),
        damaged=tuple(tally.damaged),
    )


class _Tally:
    """The counts of a stream, part after part."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.packets = self.gaps = self.gaps_unknown = self.missing = self.inferred = 0
        self.damaged: list[str] = []
        self.silence = _Silence(SILENCE_NS_MAX[kind])
        self.latencies = _Latencies()
        self.tops = _Tops()
        self.book = _Book()

    def take(self, part: TickPart, frame: pl.DataFrame) -> None:
        """Count the rows of a part."""
        if content_sha256(frame) != part.facts.sha256:
            self.damaged.append(part.path.name)
        is_gap = frame["kind"].to_numpy() == GAP
        ends = (frame["flags"].to_numpy() & FLAG_LAST) != 0
        lacking = frame["bid_lots" if self.kind == "quotes" else "size_lots"].to_numpy()[is_gap]
        self.gaps += len(lacking)
        self.gaps_unknown += int((lacking == 0).sum())
        self.missing += int(lacking.sum())
        self.packets += int((ends & ~is_gap).sum())
        local = frame["ts_local"].to_numpy()
        self.silence.take(local[ends])
        self.latencies.take((local - frame["ts_exchange"].to_numpy())[ends & ~is_gap])
        if self.kind == "trades":
            self.inferred += int(((frame["flags"].to_numpy() & FLAG_INFERRED_SIDE) != 0).sum())
        elif self.kind == "quotes":
            sides = [f"{side}_{unit}" for unit in ("ticks", "lots") for side in ("bid", "ask")]
            self.tops.take(*(frame[side].to_numpy()[~is_gap] for side in sides))
        else:
            self.tops.take(*self.book.take(frame))


class _Silence:
    """The longest time without a packet, and how much of all time is beyond the limit."""

    def __init__(self, limit_ns: int) -> None:
        self.limit_ns = limit_ns
        self.last_ns: int | None = None
        self.longest_ns = self.from_ns = self.stale_ns = 0

    def take(self, times: Ints) -> None:
        """Count the silences up to each of some times."""
        if not len(times):
            return
        if self.last_ns is None:
            self.last_ns = self.from_ns = int(times[0])
        silences = np.diff(times, prepend=self.last_ns)
        at = int(np.argmax(silences))
        if int(silences[at]) > self.longest_ns:
            self.longest_ns = int(silences[at])
            self.from_ns = int(times[at]) - self.longest_ns
        self.stale_ns += int(np.maximum(silences - self.limit_ns, 0).sum())
        self.last_ns = int(times[-1])


class _Latencies:
    """The latency of each packet; of a long stream that of every 2nd, 4th, 8th ... one."""

    def __init__(self, count_max: int = LATENCIES_MAX) -> None:
        self.count_max = count_max
        self.kept = np.zeros(0, dtype=np.int64)
        self.stride = 1
        self.skip = 0  # how many of the next packets come before the next that is kept

    def take(self, latencies: Ints) -> None:
        """Keep every stride-th of all that were ever given."""
        chosen = latencies[self.skip :: self.stride]
        self.skip = (self.skip - len(latencies)) % self.stride
        self.kept = np.concatenate([self.kept, chosen])
        while len(self.kept) > self.count_max:
            if len(self.kept) % 2:
                self.skip += self.stride
            self.kept, self.stride = self.kept[::2], 2 * self.stride

    def quantiles(self, *shares: float) -> list[int]:
        """The latencies at some shares of the sorted ones, each one that was measured; 0 without any."""
        if not len(self.kept):
            return [0 for _ in shares]
        return [int(value) for value in np.quantile(self.kept, shares, method="lower")]


class _Tops:
    """How many of the states are crossed, locked or one-sided."""

    def __init__(self) -> None:
        self.states = self.crossed = self.locked = self.one_sided = 0

    def take(self, bids: Ints, asks: Ints, bid_lots: Ints, ask_lots: Ints) -> None:
        """Count some states."""
        whole = (bid_lots > 0) & (ask_lots > 0)
        self.states += len(bids)
        self.crossed += int((whole & (bids > asks)).sum())
        self.locked += int((whole & (bids == asks)).sum())
        self.one_sided += len(bids) - int(whole.sum())


class _Book:
    """The best prices of a book after each packet.

    Each side is a set of prices and a heap of them, from which a price that is gone is taken when it comes
    to the top. Asks are kept by their price and bids by minus theirs, so the least is the best of both.
    """

    def __init__(self) -> None:
        self.prices: tuple[set[int], set[int]] = (set(), set())
        self.heaps: tuple[list[int], list[int]] = ([], [])
        self.is_known = True

    def take(self, frame: pl.DataFrame) -> tuple[Ints, Ints, Ints, Ints]:
        """Bids, asks, and 1 or 0 for whether each is there, after each packet that leaves a known book."""
        columns = (frame[name].to_list() for name in ("kind", "side", "price_ticks", "size_lots", "flags"))
        tops: list[tuple[int, int, int, int]] = []
        for kind, side, price_ticks, size_lots, flags in zip(*columns, strict=True):
            if kind == GAP:
                self.is_known = False
                continue
            if kind == CLEAR:
                self._clear()
            else:
                self._set(side < 0, -side * price_ticks, size_lots)
            if flags & FLAG_LAST and self.is_known:
                (bid, bids), (ask, asks) = self._best(0), self._best(1)
                tops.append((-bid, ask, bids, asks))
        table = np.array(tops, dtype=np.int64).reshape(-1, 4)
        return table[:, 0], table[:, 1], table[:, 2], table[:, 3]

    def _clear(self) -> None:
        for prices, heap in zip(self.prices, self.heaps, strict=True):
            prices.clear()
            heap.clear()
        self.is_known = True

    def _set(self, side: int, key: int, size_lots: int) -> None:
        prices = self.prices[side]
        if not size_lots:
            prices.discard(key)
        elif key not in prices:
            prices.add(key)
            heapq.heappush(self.heaps[side], key)

    def _best(self, side: int) -> tuple[int, int]:
        """The best key of a side and 1, or 0 and 0."""
        heap, prices = self.heaps[side], self.prices[side]
        while heap and heap[0] not in prices:
            heapq.heappop(heap)
        return (heap[0], 1) if heap else (0, 0)
