"""The part of the view that shows ticks: touch, depth and trades, as they stand at a wake.

Rule 1: what is shown is what has arrived: the newest trade, the touch of the last whole book.
Rule 2: a touch that cannot be trusted is NaN, not the last good one: no snapshot yet, a gap, crossed,
        one-sided. `is_whole` tells.
Rule 3: arrays are copies, in currency and lots.

It is a part of View and not to be made alone; an instrument is named or numbered as there.
"""

import math
from typing import Any

import msgspec
import numpy as np

from seawall.kernels.book import BOOK_OK, copy_levels, depth_lots
from seawall.kernels.state import TRADES_KEPT
from seawall.model.errors import PolicyError
from seawall.model.orders import Side

__all__ = ["SEEN", "Depth", "TickView"]

SEEN = np.dtype([("price", "f8"), ("lots", "i8"), ("ts_exchange", "i8"), ("side", "i8")])
"""One trade as a policy sees it: price in currency, ts in ns UTC, side +1 a taker's buy, -1 a sell."""


class Depth(msgspec.Struct, frozen=True):
    """Levels of a book, best first: prices in currency, lots; empty where the book is not whole."""

    bid_prices: np.ndarray
    bid_lots: np.ndarray
    ask_prices: np.ndarray
    ask_lots: np.ndarray


class TickView:
    """Touch, depth and trades of the desk's instruments."""

    _names: tuple[str, ...]
    _tick: list[tuple[float, float]]
    _now: Any

    def index(self, instrument: str | int) -> int:
        """The number of an instrument; View knows."""
        raise NotImplementedError

    def _bind_ticks(self, s: Any, books: np.ndarray, count: int) -> None:
        """Memoryviews of what policies read at each wake."""
        ticks = s["ticks"][0]
        names = "bid_ticks bid_lots ask_ticks ask_lots trade_ticks trade_lots trade_ts_local touch_ts_local"
        self._ticks = {name: memoryview(ticks[name]) for name in (*names.split(), "status", "trade_side")}
        self._touched = ticks["has_touch"], ticks["book"]
        self._seen = memoryview(ticks["trades_seen"])
        self._trade_rings = s["trades"][0]
        self._books = books
        self._tick_count = count

    # --- trades ----------------------------------------------------------------------------

    @property
    def traded(self) -> tuple[str, ...]:
        """The instruments that traded at the time of this wake."""
        now, seen = self._now(), self._ticks["trade_ts_local"]
        return tuple(name for number, name in enumerate(self._names) if seen[number] == now)

    def last_trade(self, instrument: str | int) -> float:
        """The price of the newest trade, in currency; NaN before the first."""
        number = self.index(instrument)
        ticks = self._ticks["trade_ticks"][number]
        numerator, denominator = self._tick[number]
        return ticks * numerator / denominator if ticks else math.nan

    def trade_count(self, instrument: str | int) -> int:
        """How many trades of the instrument have been seen in the run."""
        return self._seen[self.index(instrument)]

    def trades(self, instrument: str | int, count: int) -> np.ndarray:
        """The last `count` trades, oldest first: array [<= count] of SEEN; more than are kept is an error."""
        number = self.index(instrument)
        if not 1 <= count <= TRADES_KEPT:
            raise PolicyError(f"{self._names[number]}: 1 to {TRADES_KEPT} trades are kept, asked for {count}")
        last = self._seen[number]
        ring = self._trade_rings[number][np.arange(max(last - count, 0), last) & (TRADES_KEPT - 1)]
        numerator, denominator = self._tick[number]
        seen = np.zeros(len(ring), SEEN)
        seen["price"] = ring["price_ticks"] * numerator / denominator
        for ours, theirs in (("lots", "size_lots"), ("ts_exchange", "ts_exchange"), ("side", "side")):
            seen[ours] = ring[theirs]
        return seen

    # --- the touch -------------------------------------------------------------------------

    def is_whole(self, instrument: str | int) -> bool:
        """Whether the instrument has a touch that can be trusted now."""
        number = self.index(instrument)
        return self._touched[0][number] == 1 and self._ticks["status"][number] == BOOK_OK

    def bid(self, instrument: str | int) -> float:
        """The best bid, in currency; NaN without a whole touch."""
        return self._side("bid_ticks", instrument)

    def ask(self, instrument: str | int) -> float:
        """The best ask, in currency; NaN without a whole touch."""
        return self._side("ask_ticks", instrument)

    def bid_lots(self, instrument: str | int) -> int:
        """Lots at the best bid; 0 without a whole touch."""
        return self._ticks["bid_lots"][self.index(instrument)] if self.is_whole(instrument) else 0

    def ask_lots(self, instrument: str | int) -> int:
        """Lots at the best ask; 0 without a whole touch."""
        return self._ticks["ask_lots"][self.index(instrument)] if self.is_whole(instrument) else 0

    def mid(self, instrument: str | int) -> float:
        """The middle of the touch, in currency; NaN without a whole touch."""
        return (self.bid(instrument) + self.ask(instrument)) / 2.0

    def spread(self, instrument: str | int) -> float:
        """ask - bid, in currency; NaN without a whole touch."""
        return self.ask(instrument) - self.bid(instrument)

    # --- depth -----------------------------------------------------------------------------

    def depth(self, instrument: str | int, levels: int = 10) -> Depth:
        """The best levels of the book, at most `levels` a side."""
        book = self._book(instrument)
        wanted: Any = levels  # a policy may hand over anything
        if not isinstance(wanted, int) or wanted < 1:
            raise PolicyError(f"depth of at least one level a side, asked for {levels!r}")
        sides: list[np.ndarray] = []
        numerator, denominator = self._tick[self.index(instrument)]
        for side in (1, -1):
            prices, lots = np.zeros(levels, np.int64), np.zeros(levels, np.int64)
            found = copy_levels(book, side, prices, lots) if self.is_whole(instrument) else 0
            sides += [prices[:found] * numerator / denominator, lots[:found]]
        return Depth(*sides)

    def depth_lots(self, instrument: str | int, side: Side, ticks: int) -> int:
        """Lots of one side within so many ticks of its best; 0 is the best level alone."""
        return int(depth_lots(self._book(instrument), int(side), ticks)) if self.is_whole(instrument) else 0

    def _side(self, field: str, instrument: str | int) -> float:
        number = self.index(instrument)
        if not self.is_whole(number):
            return math.nan
        numerator, denominator = self._tick[number]
        return self._ticks[field][number] * numerator / denominator

    def _book(self, instrument: str | int) -> Any:
        number = self.index(instrument)
        place = int(self._touched[1][number])
        if place < 0 or self._touched[0][number] == 0:
            raise PolicyError(f"{self._names[number]} has no depth: the desk reads no levels (data.streams)")
        return self._books[place]
