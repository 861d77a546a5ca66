"""The venue's view of ticks: touch, book, last trade, and when its orders are looked at.

Rule 1: everything here is exchange time. A row is taken whole; orders are matched at the LAST row
        of its packet, after the packet is in.
Rule 2: an instrument with depth takes its touch from its book, one with quotes from these, one
        with trades alone has none. While a touch cannot be trusted (a gap, crossed, one-sided),
        nothing of the instrument is matched.
Rule 3: volatility and average volume are those of intervals of fixed length, learnt from trades
        when an interval is over; an interval without a trade has no volume.
"""

import math
from typing import Any

from seawall.kernels.book import BOOK_CROSSED, BOOK_OK, BOOK_ONE_SIDED, take_level_row
from seawall.kernels.jit import kernel
from seawall.kernels.rows import FLAG_LAST, GAP, LEVEL, QUOTE_ASK, QUOTE_BID, TRADE
from seawall.simulator.state import SIGMA_LAMBDA
from seawall.simulator.touch import match_touch

__all__ = ["take_tick_row"]

EMPTY_INTERVALS_MAX = 64


@kernel
def take_tick_row(v: Any, books: Any, row: Any) -> None:
    """Takes one row of trades, quotes or levels; at LAST the instrument's orders are matched."""
    number = row["instrument"]
    tick = v["ticks"][number]
    assert tick["is_ticks"] == 1
    kind = row["kind"]
    trade_ticks = 0
    if kind == TRADE:
        trade_ticks = row["price_ticks"]
        _take_trade(v, number, tick, row)
    elif kind in (QUOTE_BID, QUOTE_ASK):
        _take_quote(tick, row)
    elif kind != GAP or (row["price_ticks"] == LEVEL and tick["book"] >= 0):
        _take_levels(books[tick["book"]], tick, row)
    if not row["flags"] & FLAG_LAST:
        return
    if tick["has_touch"] == 1 and tick["status"] == BOOK_OK:
        v["instruments"][number]["last_ticks"] = (tick["bid_ticks"] + tick["ask_ticks"]) // 2
    if v["instruments"][number]["working"] > 0:
        match_touch(v, books, number, row["ts_exchange"], trade_ticks)


@kernel
def _take_levels(book: Any, tick: Any, row: Any) -> None:
    moved = take_level_row(book, row)
    tick["status"] = book["status"]
    if moved and book["status"] != BOOK_CROSSED:
        tick["bid_ticks"] = book["bid_ticks"]
        tick["bid_lots"] = book["bid_lots"]
        tick["ask_ticks"] = book["ask_ticks"]
        tick["ask_lots"] = book["ask_lots"]


@kernel
def _take_quote(tick: Any, row: Any) -> None:
    if tick["book"] >= 0:
        return
    if row["kind"] == QUOTE_BID:
        tick["pending_ticks"] = row["price_ticks"]
        tick["pending_lots"] = row["size_lots"]
    if not row["flags"] & FLAG_LAST:
        return
    if row["kind"] == QUOTE_BID or tick["pending_lots"] <= 0 or row["size_lots"] <= 0:
        tick["status"] = BOOK_ONE_SIDED
    elif tick["pending_ticks"] > row["price_ticks"]:
        tick["status"] = BOOK_CROSSED
    else:
        tick["status"] = BOOK_OK
        tick["bid_ticks"] = tick["pending_ticks"]
        tick["bid_lots"] = tick["pending_lots"]
        tick["ask_ticks"] = row["price_ticks"]
        tick["ask_lots"] = row["size_lots"]


@kernel
def _take_trade(v: Any, number: int, tick: Any, row: Any) -> None:
    ts = row["ts_exchange"]
    if ts >= tick["interval_ends_ns"]:
        _end_interval(v, number, tick, ts)
    tick["trade_ticks"] = row["price_ticks"]
    tick["interval_lots"] += row["size_lots"]
    if tick["has_touch"] == 0:
        v["instruments"][number]["last_ticks"] = row["price_ticks"]


@kernel
def _end_interval(v: Any, number: int, tick: Any, ts: int) -> None:
    """Volatility and volume move by the intervals that are over; the first trade only starts one."""
    length = v["volume_interval_ns"]
    if tick["interval_ends_ns"] > 0:
        empty = min((ts - tick["interval_ends_ns"]) // length, EMPTY_INTERVALS_MAX)
        instrument = v["instruments"][number]
        _learn(v, instrument, float(tick["trade_ticks"]), tick["interval_lots"])
        for _ in range(empty):
            _learn(v, instrument, float(tick["trade_ticks"]), 0)
    tick["interval_ends_ns"] = (ts // length + 1) * length
    tick["interval_lots"] = 0


@kernel
def _learn(v: Any, instrument: Any, close: float, lots: int) -> None:
    if instrument["sigma_close"] > 0.0:
        change = math.log(close / instrument["sigma_close"])
        kept = SIGMA_LAMBDA * instrument["sigma_squared"]
        instrument["sigma_squared"] = kept + (1.0 - SIGMA_LAMBDA) * change * change
    instrument["sigma_close"] = close
    first = instrument["volume_average"] <= 0.0
    step = (float(lots) - instrument["volume_average"]) * v["volume_alpha"]
    instrument["volume_average"] = float(lots) if first else instrument["volume_average"] + step
    instrument["previous_volume_lots"] = lots
    instrument["bars_closed"] += 1
