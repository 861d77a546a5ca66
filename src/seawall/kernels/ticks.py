"""Ticks: from trades, quotes and levels to the newest prices, the touch and bars of trades.

Rule 1: a packet is taken whole: the touch and what follows from it change at its LAST row only.
Rule 2: an instrument with quotes or levels is priced by the middle of its touch, rounded down to
        a tick; one with trades alone by its last trade. A touch that cannot be trusted (no snapshot
        yet, a gap, crossed, one-sided) moves no price, and `is_decidable` says so.
Rule 3: depth goes before quotes: where an instrument has both, the book makes the touch.
Rule 4: a bar of trades ends with the trade that fills it; a bar of time, when a trade of a later
        interval shows that nothing more will come. No bar is made up for a time without trades.
Rule 5: intervals are the exchange's time, so that the same trades make the same bars however late
        they arrive.

Theory of operation: each `take_*` answers with a set of bits, what its row changed; the engine
turns them into features, marks and wakes. The average volume, which limits and costs look at, is
an average over intervals of fixed length, intervals without a trade included.
"""

from typing import Any

from seawall.kernels.bars import average_volume, complete
from seawall.kernels.book import BOOK_CROSSED, BOOK_OK, BOOK_ONE_SIDED, take_level_row
from seawall.kernels.jit import kernel
from seawall.kernels.rows import FLAG_LAST, LEVEL, QUOTE_ASK, QUOTE_BID, TRADE
from seawall.kernels.state import TRADES_KEPT

__all__ = [
    "BARS_OF_TIME",
    "BARS_OF_TRADES",
    "BARS_OF_VALUE",
    "BARS_OF_VOLUME",
    "BAR_ENDED",
    "PRICE_MOVED",
    "TOUCH_MOVED",
    "TRADED",
    "is_decidable",
    "take_gap",
    "take_levels",
    "take_quote",
    "take_trade",
]

TRADED = 1  # bits of what a row changed
TOUCH_MOVED = 2
PRICE_MOVED = 4
BAR_ENDED = 8

BARS_OF_TIME = 1
BARS_OF_TRADES = 2
BARS_OF_VOLUME = 3
BARS_OF_VALUE = 4

EMPTY_INTERVALS_MAX = 64  # an average of 20 intervals has forgotten everything after that many


@kernel
def is_decidable(tick: Any) -> bool:
    """Whether the instrument's prices can be decided on: its touch is whole, or it has none."""
    return tick["has_touch"] == 0 or tick["status"] == BOOK_OK


@kernel
def take_trade(s: Any, number: int, row: Any) -> int:
    """Takes a TRADE row: last trade, ring, volume, bars of trades; the price where no touch makes it."""
    tick = s["ticks"][number]
    price = row["price_ticks"]
    changed = TRADED
    if tick["bar_kind"] == BARS_OF_TIME and row["ts_exchange"] >= tick["bar_ends_ns"]:
        changed |= _end_bar(s, number, tick)
    place = s["trades"][number, tick["trades_seen"] & (TRADES_KEPT - 1)]
    place["price_ticks"] = price
    place["size_lots"] = row["size_lots"]
    place["ts_exchange"] = row["ts_exchange"]
    place["side"] = row["side"]
    tick["trades_seen"] += 1
    tick["trade_ticks"] = price
    tick["trade_lots"] = row["size_lots"]
    tick["trade_side"] = row["side"]
    tick["trade_ts_local"] = row["ts_local"]
    _count_volume(s, number, tick, row)
    if tick["bar_kind"] > 0:
        changed |= _join_bar(s, number, tick, row)
    if tick["has_touch"] == 0:
        changed |= _set_price(s, number, price, row["ts_local"])
    return changed


@kernel
def take_quote(s: Any, number: int, row: Any) -> int:
    """Takes one side of a quote; the touch moves when both are in. Ignored where depth makes it."""
    tick = s["ticks"][number]
    if tick["book"] >= 0:
        return 0
    if row["kind"] == QUOTE_BID:
        tick["pending_ticks"] = row["price_ticks"]
        tick["pending_lots"] = row["size_lots"]
    if not row["flags"] & FLAG_LAST:
        return 0
    bid_ticks, bid_lots = tick["pending_ticks"], tick["pending_lots"]
    ask_ticks, ask_lots = row["price_ticks"], row["size_lots"]
    if row["kind"] != QUOTE_ASK or bid_lots <= 0 or ask_lots <= 0:
        tick["status"] = BOOK_ONE_SIDED
        return _set_touch(
            tick, bid_ticks if bid_lots > 0 else 0, bid_lots, ask_ticks if ask_lots > 0 else 0, ask_lots
        )
    if bid_ticks > ask_ticks:  # frozen: what crosses is not believed
        tick["status"] = BOOK_CROSSED
        return 0
    tick["status"] = BOOK_OK
    changed = _set_touch(tick, bid_ticks, bid_lots, ask_ticks, ask_lots)
    return changed | _take_touch(s, number, tick, row["ts_local"])


@kernel
def take_levels(s: Any, books: Any, number: int, row: Any) -> int:
    """Takes a row of depth (LEVEL, CLEAR, or the GAP of a stream of levels) into the instrument's book."""
    tick = s["ticks"][number]
    assert tick["book"] >= 0
    book = books[tick["book"]]
    moved = take_level_row(book, row)
    tick["status"] = book["status"]
    if not row["flags"] & FLAG_LAST:
        return 0
    changed = 0
    if moved and book["status"] != BOOK_CROSSED:
        changed = _set_touch(tick, book["bid_ticks"], book["bid_lots"], book["ask_ticks"], book["ask_lots"])
    if book["status"] == BOOK_OK:
        changed |= _take_touch(s, number, tick, row["ts_local"])
    return changed


@kernel
def take_gap(s: Any, books: Any, number: int, row: Any) -> int:
    """Takes a GAP row, whose `price_ticks` names the kind of what is missing.

    Missing levels invalidate the book until a snapshot; a missing quote is made good by the next
    one; missing trades are counted, for features of flow.
    """
    tick = s["ticks"][number]
    missing = row["price_ticks"]
    if missing == LEVEL and tick["book"] >= 0:
        return take_levels(s, books, number, row)
    if missing == TRADE:
        tick["trade_gaps"] += 1
    return 0


@kernel
def _set_touch(tick: Any, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> int:
    same = tick["bid_ticks"] == bid_ticks and tick["bid_lots"] == bid_lots
    if same and tick["ask_ticks"] == ask_ticks and tick["ask_lots"] == ask_lots:
        return 0
    tick["bid_ticks"] = bid_ticks
    tick["bid_lots"] = bid_lots
    tick["ask_ticks"] = ask_ticks
    tick["ask_lots"] = ask_lots
    return TOUCH_MOVED


@kernel
def _take_touch(s: Any, number: int, tick: Any, ts_local: int) -> int:
    """A whole touch: it is fresh even where it did not move."""
    tick["touch_ts_local"] = ts_local
    return _set_price(s, number, (tick["bid_ticks"] + tick["ask_ticks"]) // 2, ts_local)


@kernel
def _set_price(s: Any, number: int, price_ticks: int, ts_local: int) -> int:
    instrument = s["instruments"][number]
    moved = instrument["last_ticks"] != price_ticks
    instrument["last_ticks"] = price_ticks
    instrument["last_ts_local"] = ts_local
    instrument["mark_ts_local"] = ts_local  # the mark is as fresh where the price stays
    return PRICE_MOVED if moved else 0


@kernel
def _count_volume(s: Any, number: int, tick: Any, row: Any) -> None:
    """The average volume of an interval; the interval under way does not count yet."""
    ts = row["ts_exchange"]
    if ts >= tick["interval_ends_ns"]:
        length = s["volume_interval_ns"]
        if tick["interval_ends_ns"] > 0:
            instrument = s["instruments"][number]
            instrument["volume_known"] = 1
            instrument["volume_lots"] = tick["interval_lots"]
            average_volume(s, instrument)
            instrument["volume_lots"] = 0
            for _ in range(min((ts - tick["interval_ends_ns"]) // length, EMPTY_INTERVALS_MAX)):
                average_volume(s, instrument)
        tick["interval_ends_ns"] = (ts // length + 1) * length
        tick["interval_lots"] = 0
    tick["interval_lots"] += row["size_lots"]


@kernel
def _join_bar(s: Any, number: int, tick: Any, row: Any) -> int:
    """Adds a trade to the bar that is forming; BAR_ENDED where it has filled the bar."""
    forming = s["forming"][number]
    price = float(row["price_ticks"])
    if tick["bar_trades"] == 0:
        _open_bar(s, number, tick, price, row["ts_exchange"])
    forming["high"] = max(forming["high"], price)
    forming["low"] = min(forming["low"], price)
    forming["close"] = price
    forming["volume"] += row["size_lots"]
    tick["bar_trades"] += 1
    kind = tick["bar_kind"]
    if kind == BARS_OF_TIME:
        return 0
    forming["ts_close"] = row["ts_exchange"]
    if kind == BARS_OF_TRADES:
        tick["bar_filled"] += 1.0
    elif kind == BARS_OF_VOLUME:
        tick["bar_filled"] += row["size_lots"]
    else:
        tick["bar_filled"] += row["size_lots"] * price
    return _end_bar(s, number, tick) if tick["bar_filled"] >= tick["bar_size"] else 0


@kernel
def _open_bar(s: Any, number: int, tick: Any, price: float, ts: int) -> None:
    forming = s["forming"][number]
    forming["open"] = price
    forming["high"] = price
    forming["low"] = price
    forming["volume"] = 0.0
    tick["bar_filled"] = 0.0
    if tick["bar_kind"] == BARS_OF_TIME:
        length = s["bar_interval_ns"]
        tick["bar_ends_ns"] = (ts // length + 1) * length
        forming["ts_close"] = tick["bar_ends_ns"]


@kernel
def _end_bar(s: Any, number: int, tick: Any) -> int:
    if tick["bar_trades"] == 0:
        return 0
    tick["bar_trades"] = 0
    complete(s, number)
    return BAR_ENDED
