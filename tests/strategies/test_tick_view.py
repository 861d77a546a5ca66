"""What a policy sees of ticks: copies in currency, NaN where nothing can be trusted, hints where it errs."""

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from seawall.kernels.book import (
    BOOK_CROSSED,
    BOOK_EMPTY,
    BOOK_INVALID,
    BOOK_OK,
    BOOK_ONE_SIDED,
    new_books,
    take_level_row,
)
from seawall.kernels.rows import CLEAR, FLAG_LAST, FLAG_SNAPSHOT, LEVEL, ROW
from seawall.kernels.state import TRADES_KEPT, new_state
from seawall.model.errors import PolicyError
from seawall.model.instruments import Instrument
from seawall.model.orders import Side
from seawall.strategies.tick_view import SEEN
from seawall.strategies.view import View

INSTRUMENTS = (
    Instrument(name="BTC", tick=Decimal("0.1")),
    Instrument(name="ETH", tick=Decimal("0.01")),
    Instrument(name="XRP", tick=Decimal("0.0001")),
)
BTC, ETH, XRP = range(3)
LEVELS = {1: [(999, 5), (998, 7), (995, 11), (990, 2)], -1: [(1001, 3), (1002, 8), (1010, 1)]}


class Market:
    """A state with depth of BTC, quotes of ETH and trades of XRP alone, and a view of it."""

    def __init__(self) -> None:
        self.state, self.books = new_state(), new_books(1)
        self.s: Any = self.state[0]
        self.s["instrument_count"], self.s["now_ns"] = 3, 1_000
        for number, (has_touch, book) in enumerate(((1, 0), (1, -1), (0, -1))):
            tick = self.s["ticks"][number]
            tick["is_ticks"], tick["has_touch"], tick["book"] = 1, has_touch, book
        self.view = View(self.state, INSTRUMENTS, books=self.books)
        self.fill_book()
        self.touch(BTC, 999, 5, 1001, 3)
        self.touch(ETH, 20_001, 9, 20_002, 4)

    def fill_book(self) -> None:
        """A snapshot of LEVELS."""
        rows = np.zeros(1 + sum(map(len, LEVELS.values())), ROW)
        rows["flags"], rows["kind"][0] = FLAG_SNAPSHOT, CLEAR
        levels = [(side, *level) for side, some in LEVELS.items() for level in some]
        for row, (side, price, lots) in zip(rows[1:], levels, strict=True):
            row["kind"], row["side"], row["price_ticks"], row["size_lots"] = LEVEL, side, price, lots
        rows["flags"][-1] |= FLAG_LAST
        for row in rows:
            take_level_row(self.books[0], row)

    def touch(self, number: int, bid: int, bid_lots: int, ask: int, ask_lots: int) -> None:
        """A whole touch."""
        tick = self.s["ticks"][number]
        tick["bid_ticks"], tick["bid_lots"] = bid, bid_lots
        tick["ask_ticks"], tick["ask_lots"] = ask, ask_lots
        tick["status"] = BOOK_OK

    def trade(self, number: int, price: int, lots: int, side: int = 1, ts: int = 1_000) -> None:
        """A trade as the core keeps it."""
        tick = self.s["ticks"][number]
        place = self.s["trades"][number, tick["trades_seen"] % TRADES_KEPT]
        place["price_ticks"], place["size_lots"] = price, lots
        place["side"], place["ts_exchange"] = side, ts - 3
        tick["trade_ticks"], tick["trade_lots"], tick["trade_side"] = price, lots, side
        tick["trade_ts_local"] = ts
        tick["trades_seen"] += 1


# --- the touch -------------------------------------------------------------------------------


def test_the_touch_is_in_currency_and_lots() -> None:
    """The nearest float of the exact price, by name or by number."""
    view = Market().view
    assert (view.bid("BTC"), view.ask("BTC")) == (99.9, 100.1)
    assert (view.bid_lots("BTC"), view.ask_lots("BTC")) == (5, 3)
    assert (view.bid(ETH), view.ask(ETH), view.bid_lots(ETH), view.ask_lots(ETH)) == (200.01, 200.02, 9, 4)
    assert view.mid("ETH") == (200.01 + 200.02) / 2
    assert view.spread("ETH") == 200.02 - 200.01
    assert view.is_whole("BTC")


@pytest.mark.parametrize("status", [BOOK_EMPTY, BOOK_INVALID, BOOK_ONE_SIDED, BOOK_CROSSED])
def test_a_touch_that_is_not_whole_is_not_shown(status: int) -> None:
    """Prices are NaN and lots 0, whatever stood there last; the other instrument is as it was."""
    market = Market()
    market.s["ticks"][BTC]["status"] = status
    view = market.view
    assert not view.is_whole("BTC")
    assert all(math.isnan(read("BTC")) for read in (view.bid, view.ask, view.mid, view.spread))
    assert (view.bid_lots("BTC"), view.ask_lots("BTC")) == (0, 0)
    depth = view.depth("BTC")
    assert [len(each) for each in (depth.bid_prices, depth.bid_lots, depth.ask_prices, depth.ask_lots)] == [
        0
    ] * 4
    assert view.depth_lots("BTC", Side.BUY, 10) == 0
    assert view.is_whole("ETH")


def test_an_instrument_of_trades_alone_has_no_touch() -> None:
    """NaN, and no depth even where its status would be that of a good book."""
    market = Market()
    market.s["ticks"][XRP]["status"] = BOOK_OK
    view = market.view
    assert not view.is_whole("XRP")
    assert math.isnan(view.bid("XRP"))
    assert math.isnan(view.mid("XRP"))
    assert (view.bid_lots("XRP"), view.ask_lots("XRP")) == (0, 0)


# --- trades ----------------------------------------------------------------------------------


def test_before_the_first_trade() -> None:
    """NaN, 0, an empty array of the right type."""
    view = Market().view
    assert math.isnan(view.last_trade("XRP"))
    assert (view.trade_count("XRP"), view.traded) == (0, ())
    assert view.trades("XRP", 10).dtype == SEEN
    assert len(view.trades("XRP", 10)) == 0


def test_trades_come_oldest_first_through_the_end_of_the_ring() -> None:
    """Fewer while fewer are there, the newest where the ring has gone round."""
    market = Market()
    for number in range(3):
        market.trade(XRP, 5_000 + number, number + 1, -1 if number == 1 else 1)
    seen = market.view.trades("XRP", 5)
    assert seen["price"].tolist() == [0.5, 0.5001, 0.5002]
    assert (seen["lots"].tolist(), seen["side"].tolist()) == ([1, 2, 3], [1, -1, 1])
    assert seen["ts_exchange"].tolist() == [997] * 3
    for number in range(3, TRADES_KEPT + 3):
        market.trade(XRP, 5_000 + number, number + 1)
    assert market.view.trades("XRP", 2)["lots"].tolist() == [TRADES_KEPT + 2, TRADES_KEPT + 3]
    assert market.view.trades("XRP", TRADES_KEPT)["lots"].tolist() == list(range(4, TRADES_KEPT + 4))
    assert (market.view.trade_count("XRP"), market.view.last_trade(XRP)) == (TRADES_KEPT + 3, 0.6026)


def test_what_traded_at_this_wake() -> None:
    """By the time of arrival, in the order of the desk."""
    market = Market()
    market.trade(XRP, 5_000, 1)
    market.trade(BTC, 1_000, 1)
    market.trade(ETH, 20_000, 1, ts=999)
    assert market.view.traded == ("BTC", "XRP")
    market.s["now_ns"] = 1_001
    assert market.view.traded == ()


# --- depth -----------------------------------------------------------------------------------


def test_depth_is_best_first() -> None:
    """As many levels as there are, at most those asked for."""
    view = Market().view
    depth = view.depth("BTC", 3)
    assert depth.bid_prices.tolist() == [99.9, 99.8, 99.5]
    assert depth.bid_lots.tolist() == [5, 7, 11]
    assert depth.ask_prices.tolist() == [100.1, 100.2, 101.0]
    assert depth.ask_lots.tolist() == [3, 8, 1]
    assert len(view.depth("BTC").bid_prices) == 4
    assert view.depth("BTC", 1).ask_prices.tolist() == [100.1]


DEPTHS = [(Side.BUY, 0, 5), (Side.BUY, 1, 12), (Side.BUY, 4, 23), (Side.BUY, 100, 25), (Side.SELL, 1, 11)]


@pytest.mark.parametrize(("side", "ticks", "lots"), DEPTHS)
def test_lots_within_a_distance(side: Side, ticks: int, lots: int) -> None:
    """0 is the best level alone."""
    assert Market().view.depth_lots("BTC", side, ticks) == lots


def test_what_is_handed_out_is_a_copy() -> None:
    """Writing into it changes neither the next answer nor the core."""
    market = Market()
    market.trade(XRP, 5_000, 1)
    before = (market.state.tobytes(), market.books.tobytes())
    market.view.trades("XRP", 1)["price"] = 9.0
    depth = market.view.depth("BTC")
    for column in (depth.bid_prices, depth.bid_lots, depth.ask_prices, depth.ask_lots):
        column[:] = 9
    assert (market.state.tobytes(), market.books.tobytes()) == before
    assert market.view.depth("BTC").bid_prices[0] == 99.9
    with pytest.raises(AttributeError):
        depth.bid_prices = np.zeros(1)  # type: ignore[misc]


def test_a_view_shows_the_present() -> None:
    """It is made once and reads the core's own memory."""
    market = Market()
    market.touch(BTC, 1_000, 1, 1_003, 2)
    assert (market.view.bid("BTC"), market.view.mid("BTC")) == (100.0, (100.0 + 100.3) / 2)


MISTAKES = [  # what is asked, words of the error
    (lambda view: view.bid("BTX"), "BTC"),
    (lambda view: view.trades("XRP", 0), f"XRP: 1 to {TRADES_KEPT} trades are kept, asked for 0"),
    (lambda view: view.trades("XRP", TRADES_KEPT + 1), f"asked for {TRADES_KEPT + 1}"),
    (lambda view: view.depth("ETH"), "ETH has no depth: the desk reads no levels (data.streams)"),
    (lambda view: view.depth("XRP"), "XRP has no depth"),
    (lambda view: view.depth_lots("ETH", Side.BUY, 1), "ETH has no depth"),
    (lambda view: view.depth("BTC", 0), "at least one level a side, asked for 0"),
    (lambda view: view.depth("BTC", -3), "at least one level a side, asked for -3"),
    (lambda view: view.depth("BTC", 2.5), "at least one level a side, asked for 2.5"),
]


@pytest.mark.parametrize(("ask", "words"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_is_a_hint(ask: Any, words: str) -> None:
    """A PolicyError says what was wrong and what there is."""
    with pytest.raises(PolicyError) as caught:
        ask(Market().view)
    assert words in str(caught.value)
