"""Ticks: the newest prices, the touch, the average volume, and bars that equal a batch computation."""

import random
from collections import defaultdict
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
)
from seawall.kernels.rows import (
    CLEAR,
    FLAG_LAST,
    FLAG_SNAPSHOT,
    GAP,
    LEVEL,
    QUOTE_ASK,
    QUOTE_BID,
    ROW,
    TRADE,
)
from seawall.kernels.state import BARS_KEPT, TRADES_KEPT, new_state
from seawall.kernels.ticks import (
    BAR_ENDED,
    BARS_OF_TIME,
    BARS_OF_TRADES,
    BARS_OF_VALUE,
    BARS_OF_VOLUME,
    PRICE_MOVED,
    TOUCH_MOVED,
    TRADED,
    is_decidable,
    take_gap,
    take_levels,
    take_quote,
    take_trade,
)

SEED = 77
SECOND = 10**9
MINUTE = 60 * SECOND
START = 1_704_067_200 * SECOND
MOVED = TOUCH_MOVED | PRICE_MOVED
TOUCH = ("bid_ticks", "bid_lots", "ask_ticks", "ask_lots")


class Bench:
    """A state with one instrument of ticks; rows go in by hand."""

    def __init__(self, touch: bool = True, depth: bool = False, bars: int = 0, size: float = 0.0) -> None:
        self.state, self.books = new_state(), new_books(int(depth))
        self.s: Any = self.state[0]
        self.s["instrument_count"], self.s["volume_interval_ns"], self.s["bar_interval_ns"] = (
            1,
            MINUTE,
            MINUTE,
        )
        self.s["volume_alpha"] = 0.25
        self.tick, self.instrument = self.s["ticks"][0], self.s["instruments"][0]
        self.tick["is_ticks"], self.tick["has_touch"] = 1, int(touch or depth)
        self.tick["book"] = 0 if depth else -1
        self.tick["bar_kind"], self.tick["bar_size"] = bars, size
        self.now = START

    def row(self, kind: int, price: int, lots: int, side: int = 0, flags: int = FLAG_LAST) -> int:
        """Takes one row; the bits of what it changed."""
        row = np.zeros(1, ROW)[0]
        row["ts_exchange"], row["ts_local"] = self.now, self.now + 7
        row["kind"], row["price_ticks"], row["size_lots"], row["side"] = kind, price, lots, side
        row["flags"] = flags
        if kind == TRADE:
            return int(take_trade(self.s, 0, row))
        if kind in (QUOTE_BID, QUOTE_ASK):
            return int(take_quote(self.s, 0, row))
        if kind == GAP:
            return int(take_gap(self.s, self.books, 0, row))
        return int(take_levels(self.s, self.books, 0, row))

    def trade(self, price: int, lots: int = 1, seconds: float = 0.0, side: int = 1) -> int:
        """A trade so many seconds after the start."""
        self.now = START + round(seconds * SECOND)
        return self.row(TRADE, price, lots, side)

    def quote(self, bid: int, bid_lots: int, ask: int, ask_lots: int) -> int:
        """Both rows of a quote."""
        assert self.row(QUOTE_BID, bid, bid_lots, flags=0) == 0
        return self.row(QUOTE_ASK, ask, ask_lots)

    def snapshot(self, bid: int, ask: int, lots: int = 5) -> int:
        """A book of one level a side."""
        assert self.row(CLEAR, 0, 0, flags=FLAG_SNAPSHOT) == 0
        assert self.row(LEVEL, bid, lots, 1, FLAG_SNAPSHOT) == 0
        return self.row(LEVEL, ask, lots, -1, FLAG_SNAPSHOT | FLAG_LAST)

    @property
    def touch(self) -> tuple[int, ...]:
        """Bid, its lots, ask, its lots."""
        return tuple(int(self.tick[name]) for name in TOUCH)

    @property
    def price(self) -> int:
        """The newest price."""
        return int(self.instrument["last_ticks"])

    @property
    def bars(self) -> list[tuple[float, ...]]:
        """The completed bars: open, high, low, close, volume, time of the close."""
        return [tuple(bar.tolist()) for bar in self.s["bars"][0, : self.s["bar_count"][0]]]


# --- trades ----------------------------------------------------------------------------------


def test_without_a_touch_the_last_trade_is_the_price() -> None:
    """The price moves with each trade that is another one; it is fresh with each."""
    bench = Bench(touch=False)
    assert bench.trade(100, seconds=1) == TRADED | PRICE_MOVED
    assert bench.trade(100, seconds=2) == TRADED
    assert (bench.price, bench.instrument["last_ts_local"]) == (100, START + 2 * SECOND + 7)
    assert bench.instrument["mark_ts_local"] == START + 2 * SECOND + 7
    assert bench.trade(99, seconds=3) == TRADED | PRICE_MOVED
    assert is_decidable(bench.tick)


def test_with_a_touch_a_trade_moves_no_price() -> None:
    """The middle stands, whatever is traded beside it; before the first touch there is none."""
    bench = Bench()
    assert bench.trade(150) == TRADED
    assert (bench.price, bool(is_decidable(bench.tick))) == (0, False)
    bench.quote(99, 5, 102, 5)
    assert bench.trade(150) == TRADED
    assert (bench.price, int(bench.tick["trade_ticks"])) == (100, 150)


def test_the_ring_keeps_the_newest_trades() -> None:
    """More than there is room for: price, size, time and side of the last ones."""
    bench = Bench(touch=False)
    for number in range(TRADES_KEPT + 3):
        bench.trade(1000 + number, number + 1, number, 1 if number % 2 else -1)
    ring = bench.s["trades"][0]
    oldest, newest = ring[3], ring[2]
    assert bench.tick["trades_seen"] == TRADES_KEPT + 3
    assert [int(x) for x in oldest.tolist()] == [1003, 4, START + 3 * SECOND, 1]
    assert newest["price_ticks"] == 1000 + TRADES_KEPT + 2


# --- quotes ----------------------------------------------------------------------------------

GOOD = (99, 5, 102, 7)
QUOTES = [  # after a good quote: the quote, the bits, status, touch, price
    ((99, 5, 102, 7), 0, BOOK_OK, GOOD, 100),
    ((99, 6, 102, 7), TOUCH_MOVED, BOOK_OK, (99, 6, 102, 7), 100),
    ((98, 5, 103, 7), TOUCH_MOVED, BOOK_OK, (98, 5, 103, 7), 100),
    ((99, 5, 104, 7), MOVED, BOOK_OK, (99, 5, 104, 7), 101),
    ((100, 5, 103, 7), MOVED, BOOK_OK, (100, 5, 103, 7), 101),  # 101.5, rounded down
    ((103, 5, 103, 7), MOVED, BOOK_OK, (103, 5, 103, 7), 103),  # locked is whole
    ((104, 5, 103, 7), 0, BOOK_CROSSED, GOOD, 100),
    ((99, 5, 0, 0), TOUCH_MOVED, BOOK_ONE_SIDED, (99, 5, 0, 0), 100),
    ((99, 5, 102, 0), TOUCH_MOVED, BOOK_ONE_SIDED, (99, 5, 0, 0), 100),
    ((0, 0, 102, 7), TOUCH_MOVED, BOOK_ONE_SIDED, (0, 0, 102, 7), 100),
    ((0, 0, 0, 0), TOUCH_MOVED, BOOK_ONE_SIDED, (0, 0, 0, 0), 100),
]


@pytest.mark.parametrize(("quote", "changed", "status", "touch", "price"), QUOTES)
def test_a_quote_makes_the_touch(
    quote: tuple[int, int, int, int], changed: int, status: int, touch: tuple[int, ...], price: int
) -> None:
    """Moved, the same, locked, crossed, one-sided: only a whole touch moves the price."""
    bench = Bench()
    assert bench.quote(*GOOD) == MOVED
    bench.now += SECOND
    assert bench.quote(*quote) == changed
    assert (bench.tick["status"], bench.touch, bench.price) == (status, touch, price)
    assert bool(is_decidable(bench.tick)) == (status == BOOK_OK)
    fresh = bench.now if status == BOOK_OK else START
    assert bench.instrument["last_ts_local"] == bench.tick["touch_ts_local"] == fresh + 7
    bench.quote(*GOOD)
    assert (bench.tick["status"], bench.touch) == (BOOK_OK, GOOD)


def test_half_a_quote_moves_nothing() -> None:
    """Between its two rows the touch is the one of before."""
    bench = Bench()
    bench.quote(*GOOD)
    bench.row(QUOTE_BID, 101, 9, flags=0)
    assert (bench.touch, bench.price, bool(is_decidable(bench.tick))) == (GOOD, 100, True)


# --- depth -----------------------------------------------------------------------------------


def test_depth_goes_before_quotes() -> None:
    """With a book a quote is not looked at, neither before nor after the first snapshot."""
    bench = Bench(depth=True)
    assert bench.quote(*GOOD) == 0
    assert (bench.touch, bool(is_decidable(bench.tick))) == ((0, 0, 0, 0), False)
    assert bench.snapshot(90, 95) == MOVED
    assert bench.quote(*GOOD) == 0
    assert (bench.touch, bench.price) == ((90, 5, 95, 5), 92)


def test_the_touch_moves_at_the_last_row_of_a_packet_alone() -> None:
    """Inside the packet it is the one of before; a change behind the touch moves nothing but is fresh."""
    bench = Bench(depth=True)
    bench.snapshot(90, 95)
    bench.now += SECOND
    assert bench.row(LEVEL, 93, 2, 1, flags=0) == 0
    assert (bench.touch, bool(is_decidable(bench.tick))) == ((90, 5, 95, 5), True)
    assert bench.row(LEVEL, 92, 2, 1) == MOVED
    assert (bench.touch, bench.price) == ((93, 2, 95, 5), 94)
    bench.now += SECOND
    assert bench.row(LEVEL, 80, 2, 1) == 0
    assert bench.instrument["last_ts_local"] == bench.tick["touch_ts_local"] == bench.now + 7


def test_a_crossed_book_freezes_the_touch() -> None:
    """For its time it is not decided on; uncrossed it is the old touch again, and the price never moved."""
    bench = Bench(depth=True)
    bench.snapshot(90, 95)
    assert bench.row(LEVEL, 96, 2, 1) == 0
    assert (bench.tick["status"], bench.touch, bench.price) == (BOOK_CROSSED, (90, 5, 95, 5), 92)
    assert bench.row(LEVEL, 96, 0, 1) == 0
    assert (bench.tick["status"], bench.touch) == (BOOK_OK, (90, 5, 95, 5))


def test_a_cross_that_lasts_invalidates_until_a_snapshot() -> None:
    """After 50 ms of exchange time the touch is gone; changes do not heal it."""
    bench = Bench(depth=True)
    bench.snapshot(90, 95)
    bench.row(LEVEL, 96, 2, 1)
    bench.now += 50_000_000
    assert bench.row(LEVEL, 80, 2, 1) == TOUCH_MOVED
    assert (bench.tick["status"], bench.touch, bench.price) == (BOOK_INVALID, (0, 0, 0, 0), 92)
    bench.row(LEVEL, 96, 0, 1)
    assert not is_decidable(bench.tick)
    assert bench.snapshot(91, 95) == MOVED
    assert (bench.price, bool(is_decidable(bench.tick))) == (93, True)


def test_a_side_that_runs_dry() -> None:
    """One-sided is not whole, and what is left is shown as it is."""
    bench = Bench(depth=True)
    bench.snapshot(90, 95)
    assert bench.row(LEVEL, 90, 0, 1) == TOUCH_MOVED
    assert (bench.tick["status"], bench.touch, bench.price) == (BOOK_ONE_SIDED, (0, 0, 95, 5), 92)
    assert bench.row(LEVEL, 95, 0, -1) == TOUCH_MOVED
    assert (bench.tick["status"], bool(is_decidable(bench.tick))) == (BOOK_EMPTY, False)


def test_rows_of_depth_need_a_book() -> None:
    """An instrument without one gets no level: that is a bug of ours, not of the data."""
    with pytest.raises(AssertionError):
        Bench().row(LEVEL, 90, 5, 1)


# --- gaps ------------------------------------------------------------------------------------

GAPS = [  # data, kind of what is missing, bits, whether it can be decided on afterwards, gaps of trades
    ("quotes", TRADE, 0, True, 1),
    ("quotes", QUOTE_BID, 0, True, 0),
    ("quotes", LEVEL, 0, True, 0),  # of a stream that makes no touch here
    ("depth", TRADE, 0, True, 1),
    ("depth", QUOTE_BID, 0, True, 0),
    ("depth", LEVEL, TOUCH_MOVED, False, 0),
    ("trades", TRADE, 0, True, 1),
]


@pytest.mark.parametrize(("data", "missing", "changed", "decidable", "trade_gaps"), GAPS)
def test_a_gap_counts_for_what_is_missing(
    data: str, missing: int, changed: int, decidable: bool, trade_gaps: int
) -> None:
    """Missing levels end the book, missing trades are counted, a missing quote is made good by the next."""
    bench = Bench(touch=data == "quotes", depth=data == "depth")
    bench.snapshot(99, 102) if data == "depth" else bench.quote(*GOOD)
    bench.trade(100)
    price = bench.price
    assert bench.row(GAP, missing, 3) == changed
    assert (bool(is_decidable(bench.tick)), bench.tick["trade_gaps"]) == (decidable, trade_gaps)
    assert bench.price == price


# --- the average volume ------------------------------------------------------------------------


def test_the_average_volume_counts_each_interval_once_empty_ones_too() -> None:
    """Minutes of 10 + 20, then 40, then two without a trade; the one under way does not count."""
    bench = Bench(touch=False)
    averages = []
    for seconds, lots in ((5, 10), (59.9, 20), (60, 40), (119, 0), (240, 7), (299, 1), (300, 1)):
        bench.trade(100, lots, seconds)
        averages.append(float(bench.instrument["volume_average"]))
    first, second = 30.0, 30.0 + 0.25 * (40 - 30)
    empty = second * 0.75**2
    assert averages == [0.0, 0.0, first, first, empty, empty, empty + 0.25 * (8 - empty)]
    assert (bench.instrument["volume_known"], bench.instrument["volumes_seen"]) == (1, 5)


@pytest.mark.parametrize(("minutes", "empty"), [(1, 0), (2, 1), (65, 64), (66, 64), (10**6, 64)])
def test_a_long_silence_forgets_everything_in_bounded_time(minutes: int, empty: int) -> None:
    """At most 64 intervals without a trade are counted."""
    bench = Bench(touch=False)
    bench.trade(100, 1_000)
    bench.trade(100, 1, 60 * minutes)
    assert bench.instrument["volumes_seen"] == 1 + empty
    assert bench.instrument["volume_average"] == pytest.approx(1_000 * 0.75**empty)


# --- bars of trades ----------------------------------------------------------------------------

TRADES = ((100, 4), (103, 1), (98, 5), (101, 2), (102, 30), (99, 1))
FILLED = [  # kind, size, the numbers of the trades that end a bar
    (BARS_OF_TRADES, 1, [0, 1, 2, 3, 4, 5]),
    (BARS_OF_TRADES, 3, [2, 5]),
    (BARS_OF_VOLUME, 10, [2, 4]),  # 4 + 1 + 5; 2 + 30 is one bar, not three
    (BARS_OF_VALUE, 993, [2, 4]),  # 400 + 103 + 490
    (BARS_OF_VALUE, 994, [3, 4]),
]


@pytest.mark.parametrize(("kind", "size", "ends"), FILLED)
def test_a_bar_ends_with_the_trade_that_fills_it(kind: int, size: int, ends: list[int]) -> None:
    """Counted in trades, lots or value; a trade that overfills it is in no second bar."""
    bench = Bench(touch=False, bars=kind, size=size)
    found = [n for n, (price, lots) in enumerate(TRADES) if bench.trade(price, lots, n) & BAR_ENDED]
    assert found == ends
    begins = [0, *(end + 1 for end in ends)]
    for bar, first, last in zip(bench.bars, begins, ends, strict=False):
        part = TRADES[first : last + 1]
        prices = [price for price, _ in part]
        volume = sum(lots for _, lots in part)
        expected = (prices[0], max(prices), min(prices), prices[-1], volume, START + last * SECOND)
        assert bar == tuple(float(x) if n < 5 else x for n, x in enumerate(expected))
    assert bench.s["updated"][0] == 1


def test_no_bars_where_none_were_asked_for() -> None:
    """Trades alone make none."""
    bench = Bench(touch=False)
    assert not any(bench.trade(price, lots, n * 60) & BAR_ENDED for n, (price, lots) in enumerate(TRADES))
    assert bench.bars == []


def random_trades(seed: int, count: int) -> list[tuple[int, int, float]]:
    """(price, lots, seconds): bursts within a minute, silences of many."""
    chance = random.Random(seed)
    price, seconds, made = 10_000, 3.0, []
    for _ in range(count):
        price += chance.randrange(-4, 5)
        seconds += chance.choice((0.0, 0.0, 0.5, 7.0, 30.0, 60.0, 400.0))
        made.append((price, chance.randrange(1, 50), seconds))
    return made


def batch(trades: list[tuple[int, int, float]]) -> list[tuple[float, ...]]:
    """The bars of a minute that the trades make, computed at once."""
    groups: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for price, lots, seconds in trades:
        groups[(START + round(seconds * SECOND)) // MINUTE].append((price, lots))
    bars = []
    for minute, part in sorted(groups.items()):
        prices = [float(price) for price, _ in part]
        volume = float(sum(lots for _, lots in part))
        bars.append((prices[0], max(prices), min(prices), prices[-1], volume, (minute + 1) * MINUTE))
    return bars


@pytest.mark.parametrize("seed", range(SEED, SEED + 4))
def test_bars_of_time_are_those_of_a_batch_computation(seed: int) -> None:
    """Each minute with trades makes one bar, none is made up, and the last one waits for its end."""
    bench, trades = Bench(touch=False, bars=BARS_OF_TIME), random_trades(seed, BARS_KEPT)
    ended = [n for n, trade in enumerate(trades) if bench.trade(*trade) & BAR_ENDED]
    expected = batch(trades)[:-1]
    assert bench.bars == expected, f"seed {seed}"
    minutes = [(START + round(seconds * SECOND)) // MINUTE for _, _, seconds in trades]
    assert ended == [n for n in range(1, len(trades)) if minutes[n] != minutes[n - 1]], f"seed {seed}"


def test_bars_do_not_depend_on_when_trades_arrive() -> None:
    """Intervals are the exchange's time: seconds of latency change nothing."""
    early, late = (Bench(touch=False, bars=BARS_OF_TIME) for _ in range(2))
    for price, lots, seconds in random_trades(SEED, 200):
        for bench, delay in ((early, 0), (late, 90 * SECOND)):
            row = np.zeros(1, ROW)[0]
            row["ts_exchange"] = START + round(seconds * SECOND)
            row["ts_local"] = row["ts_exchange"] + delay
            row["kind"], row["price_ticks"], row["size_lots"], row["flags"] = TRADE, price, lots, FLAG_LAST
            take_trade(bench.s, 0, row)
    assert early.bars == late.bars
    assert early.instrument["volume_average"] == late.instrument["volume_average"]


def test_a_bar_of_time_begins_with_the_trade_that_ends_the_one_before() -> None:
    """The trade at the full minute is in the later bar."""
    bench = Bench(touch=False, bars=BARS_OF_TIME)
    assert bench.trade(100, 1, 59.999999999) & BAR_ENDED == 0
    assert bench.trade(200, 2, 60) & BAR_ENDED
    bench.trade(300, 3, 120)
    assert bench.bars == [
        (100.0, 100.0, 100.0, 100.0, 1.0, START + MINUTE),
        (200.0, 200.0, 200.0, 200.0, 2.0, START + 2 * MINUTE),
    ]
