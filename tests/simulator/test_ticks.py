"""The venue's view of ticks: touches, gaps, prices for bands, intervals of volatility and volume."""

import math
from typing import Any

import pytest
from venue_bench import Packet, TickBench

from seawall.kernels.book import (
    BOOK_CROSSED,
    BOOK_EMPTY,
    BOOK_INVALID,
    BOOK_OK,
    BOOK_ONE_SIDED,
    CROSSED_NS_MAX,
)
from seawall.kernels.rows import LEVEL, QUOTE_BID, TRADE
from seawall.model.reasons import Reason

QUOTES, TRADES = TickBench("quotes"), TickBench("trades")
BOTH, DEPTH = TickBench("trades", "quotes"), TickBench("trades", "quotes", "levels")
NOTHING = (0, 0, 0, 0)


def seen(bench: TickBench, packets: list[Packet], **settings: Any) -> Any:
    """The venue after these packets."""
    venue = bench.venue(**settings)
    bench.drive(venue, packets, [])
    return venue[0]


def touch(v: Any) -> tuple[int, tuple[int, ...]]:
    """Status and touch of the instrument."""
    tick = v["ticks"][0]
    return int(tick["status"]), tuple(
        int(tick[key]) for key in ("bid_ticks", "bid_lots", "ask_ticks", "ask_lots")
    )


GOOD = (100, 5, 102, 7)
QUOTE, WHOLE = QUOTES.quote(10, 100, 102, 5, 7), DEPTH.snapshot(10, {100: 5}, {102: 7})
TOUCHES: list[tuple[str, TickBench, list[Packet], int, tuple[int, ...]]] = [
    ("nothing", QUOTES, [], BOOK_EMPTY, NOTHING),
    ("a quote", QUOTES, [QUOTE], BOOK_OK, GOOD),
    ("locked", QUOTES, [QUOTES.quote(10, 100, 100, 5, 7)], BOOK_OK, (100, 5, 100, 7)),
    ("crossed", QUOTES, [QUOTE, QUOTES.quote(20, 103, 102)], BOOK_CROSSED, GOOD),
    ("no bid", QUOTES, [QUOTE, QUOTES.quote(20, 99, 101, 0)], BOOK_ONE_SIDED, GOOD),
    ("no ask", QUOTES, [QUOTE, QUOTES.quote(20, 99, 101, 3, 0)], BOOK_ONE_SIDED, GOOD),
    ("one side alone", QUOTES, [QUOTE, [(*QUOTES.quote(20, 99, 0)[0][:8], 1)]],
     BOOK_ONE_SIDED, GOOD),
    ("half a quote", QUOTES, [QUOTE, QUOTES.quote(20, 99, 101)[:1]], BOOK_OK, GOOD),
    ("a lost quote", QUOTES, [QUOTE, QUOTES.gap(20, QUOTE_BID)], BOOK_OK, GOOD),
    ("levels without a snapshot", DEPTH, [DEPTH.levels(10, {100: 5}, {102: 7})], BOOK_EMPTY, NOTHING),
    ("a snapshot", DEPTH, [WHOLE], BOOK_OK, GOOD),
    ("quotes beside levels", DEPTH, [WHOLE, DEPTH.quote(20, 90, 91)], BOOK_OK, GOOD),
    ("quotes before levels", DEPTH, [DEPTH.quote(10, 90, 91)], BOOK_EMPTY, NOTHING),
    ("lost levels", DEPTH, [WHOLE, DEPTH.gap(20, LEVEL)], BOOK_INVALID, NOTHING),
    ("lost trades", DEPTH, [WHOLE, DEPTH.gap(20, TRADE)], BOOK_OK, GOOD),
    ("a healed gap", DEPTH, [DEPTH.gap(10, LEVEL), DEPTH.snapshot(20, {100: 5}, {102: 7})], BOOK_OK, GOOD),
    ("crossed levels", DEPTH, [WHOLE, DEPTH.levels(20, {103: 1}, {})],
     BOOK_CROSSED, GOOD),
    ("crossed for long", DEPTH,
     [WHOLE, DEPTH.levels(20, {103: 1}, {}),
      DEPTH.levels(20 + CROSSED_NS_MAX, {103: 2}, {}), DEPTH.levels(90 + CROSSED_NS_MAX, {103: 0}, {})],
     BOOK_INVALID, NOTHING),
    ("a side that is taken away", DEPTH, [WHOLE, DEPTH.levels(20, {100: 0}, {})],
     BOOK_ONE_SIDED, (0, 0, 102, 7)),
    ("trades alone", TRADES, [TRADES.trade(10, 100)], BOOK_EMPTY, NOTHING),
]  # fmt: skip


@pytest.mark.parametrize(("name", "bench", "packets", "status", "expected"), TOUCHES)
def test_touches(
    name: str, bench: TickBench, packets: list[Packet], status: int, expected: tuple[int, ...]
) -> None:
    """What makes a touch, what leaves it and what says that it is not whole."""
    assert touch(seen(bench, packets)) == (status, expected), name


PRICES: list[tuple[TickBench, list[Packet], int]] = [
    (TRADES, [TRADES.trade(10, 100), TRADES.trade(20, 103)], 103),
    (QUOTES, [QUOTES.quote(10, 100, 103)], 101),  # rounded down
    (BOTH, [BOTH.trade(10, 90)], 0),  # with a touch a trade is no price
    (BOTH, [BOTH.quote(10, 100, 103), BOTH.trade(20, 90)], 101),
    (BOTH, [BOTH.quote(10, 100, 103), BOTH.quote(20, 110, 109)], 101),
    (DEPTH, [DEPTH.snapshot(10, {100: 5}, {103: 7}), DEPTH.gap(20, LEVEL)], 101),
    (DEPTH, [DEPTH.snapshot(10, {100: 5}, {103: 7}), DEPTH.levels(20, {}, {103: 0})], 101),
]


@pytest.mark.parametrize(("bench", "packets", "price"), PRICES)
def test_the_price_that_bands_look_at(bench: TickBench, packets: list[Packet], price: int) -> None:
    """The middle of the last whole touch, without a touch the last trade."""
    v = seen(bench, packets)
    assert v["instruments"][0]["last_ticks"] == price
    far, near = bench.limit(50, 1, 1, 107, time_in_force=1), bench.limit(50, 1, 1, 106)
    if price == 101:
        assert bench.story(packets, far, price_band=0.05)[0][2:] == ("REJECTED", Reason.VENUE_BAND)
        assert bench.story(packets, near, price_band=0.05)[0][2:] == ("ACCEPTED", 0)


def test_the_newest_trade() -> None:
    """It is kept beside a touch, for stops, and a lost one changes nothing."""
    v = seen(BOTH, [BOTH.trade(10, 90), BOTH.gap(20, TRADE), BOTH.quote(30, 100, 102)])
    assert v["ticks"][0]["trade_ticks"] == 90


# intervals -----------------------------------------------------------------------------

INTERVAL: dict[str, Any] = {"volume_interval": "100ns", "volume_bars": 3, "sigma_initial": 0}  # weight 1/2
VOLUMES: list[tuple[list[tuple[int, int]], float]] = [  # trades (ts, lots) -> average volume
    ([(10, 5)], 0),  # the first interval is not over
    ([(10, 5), (90, 3), (99, 1)], 0),
    ([(10, 5), (90, 3), (100, 1)], 8),  # half-open: 100 begins the next one
    ([(10, 8), (110, 4), (210, 9)], 6),  # 8 + (4 - 8) / 2
    ([(10, 8), (350, 4)], 2),  # two empty intervals between: 8, 4, 2
    ([(110, 8), (210, 1)], 8),  # those before the first trade are not counted
    ([(10, 8), (100 + 100 * 70, 1)], 8 / 2**64),  # of 70 empty ones 64 count
]


@pytest.mark.parametrize(("trades", "average"), VOLUMES)
def test_the_average_volume(trades: list[tuple[int, int]], average: float) -> None:
    """It moves by intervals that are over, at the first trade after them."""
    v = seen(TRADES, [TRADES.trade(ts, 100, lots) for ts, lots in trades], **INTERVAL)
    assert v["instruments"][0]["volume_average"] == average


def test_an_assumed_volume_is_where_the_average_begins() -> None:
    """The first interval moves it, as any other does."""
    bench = TickBench("trades", assumed=20)
    v = seen(bench, [bench.trade(10, 100, 10), bench.trade(110, 100, 1)], **INTERVAL)
    assert v["instruments"][0]["volume_average"] == 15


def test_volatility_is_of_the_closes_of_intervals() -> None:
    """RiskMetrics over the last trades of intervals; an empty one is a return of nothing."""
    trades = [(10, 90), (90, 100), (110, 80), (190, 110), (410, 120), (510, 1)]
    v = seen(TRADES, [TRADES.trade(ts, price) for ts, price in trades], **INTERVAL)
    # closes: 100, 110, then 110 twice without a trade, 120
    expected = 0.0
    for before, after in ((100, 110), (110, 110), (110, 110), (110, 120)):
        change = math.log(after / before)
        expected = 0.94 * expected + (1.0 - 0.94) * change * change
    assert v["instruments"][0]["sigma_squared"] == expected
    assert v["instruments"][0]["sigma_close"] == 120


def test_the_volatility_to_begin_with_stays_until_two_closes() -> None:
    """The first close is no return."""
    settings = INTERVAL | {"sigma_initial": 0.02}
    before = seen(TRADES, [TRADES.trade(10, 100), TRADES.trade(110, 130)], **settings)
    assert before["instruments"][0]["sigma_squared"] == 0.02**2
    after = seen(TRADES, [TRADES.trade(ts, 100) for ts in (10, 110, 210)], **settings)
    assert after["instruments"][0]["sigma_squared"] == pytest.approx(0.94 * 0.02**2, rel=1e-15)


def test_an_order_sees_the_interval_that_its_moment_ended() -> None:
    """The trade that ends an interval counts it before orders are matched at that trade."""
    packets = [TRADES.trade(10, 100, 8), TRADES.trade(110, 100, 1)]
    settings = INTERVAL | {"impact": "base", "impact_base_bps": 100}
    assert TRADES.fills(packets, TRADES.order(50, 8), **settings) == [(110, 8, 101)]
