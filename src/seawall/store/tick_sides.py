"""Who was the aggressor, where a file of trades does not say it: Lee and Ready's rule, and the tick test.

Rule 1: a trade above the mid of the quote before it was bought, one below it was sold; at the mid, or
        without a quote, the sign of the last price change decides (Lee & Ready 1991, J. of Finance 46:733,
        without their lag of five seconds).
Rule 2: the quote before a trade is the last one with an earlier exchange time: one of the same moment may
        already show what the trade left.
Rule 3: where nothing decides (no quote, no price change yet) the side is 0.

All is integer: a mid is the sum of bid and ask in ticks, compared with twice the price.
"""

import heapq

import numpy as np
from numpy.typing import NDArray

from seawall.kernels.rows import CLEAR, FLAG_LAST, GAP, LEVEL, QUOTE_BID
from seawall.store.catalog import Catalog
from seawall.store.ticks import tick_frames, tick_kinds

__all__ = ["infer_sides", "stored_mids", "tick_test"]

Ints = NDArray[np.int64]


def tick_test(price_ticks: Ints) -> Ints:
    """The sign of the last price change that was not 0, up to and with each trade; 0 before the first.

    >>> tick_test(np.array([10, 10, 11, 11, 9]))
    array([ 0,  0,  1,  1, -1])
    """
    changes = np.sign(np.diff(price_ticks, prepend=price_ticks[:1]))
    places = np.maximum.accumulate(np.where(changes != 0, np.arange(len(changes)), 0))
    return changes[places]


def infer_sides(ts_exchange: Ints, price_ticks: Ints, mid_times: Ints, mids_doubled: Ints) -> Ints:
    """The side of each trade: +1, -1 or 0.

    ts_exchange, price_ticks: shape (n,), all trades of the stream in order; mid_times, mids_doubled: shape
    (m,), the exchange time and bid + ask of each quote in order, 0 where a side is empty.

    >>> infer_sides(np.array([5, 5, 7]), np.array([11, 9, 10]), np.array([4, 5]), np.array([20, 30]))
    array([ 1, -1, -1])
    """
    sides = tick_test(price_ticks)
    if not len(mid_times):
        return sides
    before = np.searchsorted(mid_times, ts_exchange, side="left") - 1
    doubled = np.where(before >= 0, mids_doubled[before], 0)
    against = np.sign(2 * price_ticks - doubled)
    return np.where((doubled > 0) & (against != 0), against, sides)


def stored_mids(catalog: Catalog, name: str, end_ns: int) -> tuple[str, Ints, Ints]:
    """(kind, exchange times, bid + ask) of what the catalog has: quotes, else levels, else nothing ("").

    end_ns: what arrives later is not read. A moment without a two-sided book has the sum 0.
    """
    kinds = tick_kinds(catalog, name)
    kind = next((kind for kind in ("quotes", "levels") if kind in kinds), "")
    if kind == "quotes":
        return kind, *_quote_mids(catalog, name, end_ns)
    if kind == "levels":
        return kind, *_level_mids(catalog, name, end_ns)
    return "", np.zeros(0, np.int64), np.zeros(0, np.int64)


def _quote_mids(catalog: Catalog, name: str, end_ns: int) -> tuple[Ints, Ints]:
    times, sums = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for frame in tick_frames(catalog, "quotes", name, None, end_ns):
        bid, ask = frame["bid_ticks"].to_numpy(), frame["ask_ticks"].to_numpy()
        lots = np.minimum(frame["bid_lots"].to_numpy(), frame["ask_lots"].to_numpy())
        whole = (lots > 0) & (frame["kind"].to_numpy() == QUOTE_BID)
        times.append(frame["ts_exchange"].to_numpy())
        sums.append(np.where(whole, bid + ask, 0))
    return np.concatenate(times), np.concatenate(sums)


def _level_mids(catalog: Catalog, name: str, end_ns: int) -> tuple[Ints, Ints]:
    book = _Best()
    for frame in tick_frames(catalog, "levels", name, None, end_ns):
        columns = ("ts_exchange", "kind", "side", "price_ticks", "size_lots", "flags")
        for row in zip(*(frame[column].to_list() for column in columns), strict=True):
            book.take(*row)
    return np.array(book.times, np.int64), np.array(book.sums, np.int64)


class _Best:
    """The best prices of a book, and bid + ask each time that they change."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.sums: list[int] = []
        self.trusted = False
        self._clear()

    def _clear(self) -> None:
        # Per side the prices that are there, and a heap in which those that went stay until they surface.
        self.prices: dict[int, dict[int, None]] = {1: {}, -1: {}}
        self.heaps: dict[int, list[int]] = {1: [], -1: []}

    def take(self, ts_exchange: int, kind: int, side: int, price: int, size: int, flags: int) -> None:
        if kind == CLEAR:
            self._clear()
            self.trusted = True
        elif kind == GAP:
            self.trusted = False
        elif kind == LEVEL and size == 0:
            self.prices[side].pop(price, None)
        elif price not in self.prices[side]:
            self.prices[side][price] = None
            heapq.heappush(self.heaps[side], -side * price)
        if flags & FLAG_LAST:
            doubled = self._sum() if self.trusted else 0
            if not self.sums or doubled != self.sums[-1]:
                self.times.append(ts_exchange)
                self.sums.append(doubled)

    def _sum(self) -> int:
        bests: list[int] = []
        for side in (1, -1):
            heap, prices = self.heaps[side], self.prices[side]
            while heap and -side * heap[0] not in prices:
                heapq.heappop(heap)
            if not heap:
                return 0
            bests.append(-side * heap[0])
        return sum(bests)
