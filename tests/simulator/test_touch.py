"""Matching on ticks, as tables of worked numbers: what a taker gets and pays, and what it leaves."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from venue_bench import SECOND, Packet, TickBench

from seawall.model.kinds import Liquidity
from seawall.model.orders import TimeInForce
from seawall.model.reasons import Reason
from seawall.simulator.state import TAKEN_KEPT

IOC = TimeInForce.IOC
QUOTES, TRADES = TickBench("quotes"), TickBench("trades")
BOTH, DEPTH = TickBench("trades", "quotes"), TickBench("trades", "levels")
ASKS = {1005: 5, 1010: 7, 1015: 20}  # SPEC.md F3, in ticks of 0.1
ACCEPTED, REJECTED = "ACCEPTED", "REJECTED"


def book(ts: int = 10) -> Packet:
    """The book of SPEC.md F3 with bids beneath it; the middle is 1004.5."""
    return DEPTH.snapshot(ts, {1004: 5, 999: 7}, ASKS)


# takers against a touch ----------------------------------------------------------------

TOUCHES: list[tuple[tuple[int, int], int, int, float, float | None]] = [
    # bid and ask, side, worst price, spread in bps -> price
    ((100, 102), 1, 200, 0, 102),
    ((100, 102), -1, 1, 0, 100),
    ((100, 102), 1, 102, 0, 102),
    ((100, 102), 1, 101, 0, None),  # the ask is beyond its worst price
    ((100, 102), -1, 101, 0, None),
    ((100, 101), 1, 200, 0, 101),  # a middle between two ticks
    ((100, 101), -1, 1, 0, 100),
    ((100, 100), 1, 200, 0, 100),  # locked is whole
    ((100, 100), 1, 200, 10, 100.05),  # the least spread counts where the quoted one is less
    ((100, 102), 1, 200, 400, 103.02),  # ceil(101 x 200 bps) = 2.02 from 101
    ((100, 102), -1, 1, 400, 98.98),
    ((100, 102), 1, 103, 400, None),  # it would pay more than its worst price
    ((99, 100), 1, 200, 1.0, 100),  # half a tick is quoted, 0.004975 are the least
    ((1, 2), 1, 200, 9_999, 2.25),  # 1.5 x 4999.5 bps = 0.749925, rounded up
]


@pytest.mark.parametrize(("touch", "side", "worst", "spread", "price"), TOUCHES)
def test_a_market_order(
    touch: tuple[int, int], side: int, worst: int, spread: float, price: float | None
) -> None:
    """It fills whole as it arrives, at half a spread from the middle, or waits whole for its worst price."""
    packets = [QUOTES.quote(10, *touch)]
    fills = QUOTES.fills(packets, QUOTES.order(50, 40, side, limit_ticks=worst), spread_bps=spread)
    assert fills == ([] if price is None else [(50, 40, price)])


LIMITS: list[tuple[int, int, float, float | None]] = [  # side, limit, spread in bps -> price at once
    (1, 102, 0, 102),
    (1, 150, 0, 102),
    (1, 101, 0, None),
    (-1, 100, 0, 100),
    (-1, 101, 0, None),
    (1, 103, 400, 103),  # 103.02 is beyond its limit: it pays its limit
    (1, 104, 400, 103.02),
    (-1, 99, 400, 99),
]


@pytest.mark.parametrize(("side", "limit", "spread", "price"), LIMITS)
def test_a_marketable_limit(side: int, limit: int, spread: float, price: float | None) -> None:
    """It takes where the opposite is at or inside its limit, and never pays more than that."""
    fills = QUOTES.fills([QUOTES.quote(10, 100, 102)], QUOTES.limit(50, 7, side, limit), spread_bps=spread)
    assert fills == ([] if price is None else [(50, 7, price)])


def test_a_market_order_waits_for_its_worst_price() -> None:
    """Beyond it nothing happens; with the first touch inside it all fills, as a taker."""
    packets = [QUOTES.quote(10, 100, 104), QUOTES.quote(60, 101, 103), QUOTES.quote(70, 100, 102)]
    assert QUOTES.fills(packets, QUOTES.order(50, 7, limit_ticks=102)) == [(70, 7, 102)]


def test_the_report_of_a_taker() -> None:
    """Base is the middle, spread up to the half spread, impact the rest; the fee is a taker's."""
    bench = TickBench("quotes", assumed=4000)
    report = bench.run(
        [bench.quote(10, 9_999, 10_001)], bench.order(50, 40), impact="sqrt", taker_bps=5, maker_bps=1
    )[1]
    assert report["liquidity"] == Liquidity.TAKER
    assert report["base_fine"] == 10_000 * 10_000
    assert report["price_fine"] == 10_021 * 10_000  # 1 tick of spread, 0.02 x sqrt(1 %) = 20 bps of impact
    assert report["spread_minor"] == 400  # 40 lots x 1 tick x 10 cents
    assert report["impact_minor"] == 40 * 20 * 10
    assert report["fee_minor"] == 2_004  # 5 bps of 4,008,400 cents, half to even


IMPACTS: list[tuple[dict[str, Any], int, int, float]] = [  # settings, side, lots of 4000 -> price
    ({"impact": "sqrt"}, 1, 40, 10_020),  # Y = 1, sigma 2 %, a hundredth of the volume: 20 bps
    ({"impact": "sqrt"}, -1, 40, 9_980),
    ({"impact": "sqrt", "impact_y": 2.5}, 1, 40, 10_050),
    ({"impact": "sqrt", "spread_bps": 4}, 1, 40, 10_022),
    ({"impact": "base"}, 1, 100, 10_003.9529),  # 3.9528471 bps, rounded up
    ({"impact": "base", "spread_bps": 4}, 1, 100, 10_005.9529),  # SPEC.md F2: 100.0595285 at 100
    ({"impact": "base", "spread_bps": 4}, -1, 100, 9_994.0471),
    ({"impact": "none", "spread_bps": 4}, 1, 100, 10_002),
    ({"impact": "sqrt", "impact_y": 100, "sigma_initial": 1}, 1, 4000, 20_000),  # no more than the price
]


@pytest.mark.parametrize(("settings", "side", "lots", "price"), IMPACTS)
def test_impact_on_trades_alone(settings: dict[str, Any], side: int, lots: int, price: float) -> None:
    """Around the last trade; sigma and volume are those of an interval; k_sigma adds nothing."""
    bench = TickBench("trades", assumed=4000)
    fills = bench.fills([bench.trade(10, 10_000)], bench.order(50, lots, side), **settings)
    assert fills == [(50, lots, price)]


def test_without_a_known_volume() -> None:
    """Trades alone: an order waits for the first interval; no trades: it is rejected; depth needs none."""
    settings: dict[str, Any] = {"impact": "sqrt", "volume_interval": "100ns", "sigma_initial": 0}
    packets = [TRADES.trade(10, 100, 5), TRADES.trade(90, 100, 3), TRADES.trade(130, 102, 1)]
    assert TRADES.fills(packets, TRADES.order(50, 2), **settings | {"impact_y": 0}) == [(130, 2, 102)]
    assert BOTH.story([BOTH.quote(10, 100, 102)], BOTH.order(), **settings) == [(50, 1, ACCEPTED, 0)]
    refused = [(50, 1, REJECTED, Reason.VENUE_NO_LIQUIDITY)]
    assert QUOTES.story([QUOTES.quote(10, 100, 102)], QUOTES.order(), **settings) == refused
    assumed = TickBench("quotes", assumed=100)
    assert assumed.fills([QUOTES.quote(10, 100, 102)], assumed.order(), **settings) == [(50, 10, 102)]
    assert DEPTH.fills([book()], DEPTH.order(50, 5), **settings) == [(50, 5, 1005)]


# displayed depth -----------------------------------------------------------------------

SWEEPS: list[tuple[int, int, int, float]] = [  # side, limit, lots -> lots and price at once
    (1, 2000, 15, 1009.3334),  # 100.933333 of SPEC.md F3, rounded up
    (1, 2000, 5, 1005),
    (1, 1005, 5, 1005),
    (1, 1010, 12, 1007.9167),
    (1, 2000, 32, 1012.3438),  # all there is: 1012.34375
    (-1, 1, 12, 1001.0833),  # (5 x 1004 + 7 x 999) / 12 = 1001.08333
    (-1, 1004, 5, 1004),
]


@pytest.mark.parametrize("more", [0, 1])
@pytest.mark.parametrize(("side", "limit", "lots", "price"), SWEEPS)
def test_a_sweep(side: int, limit: int, lots: int, price: float, more: int) -> None:
    """Level by level up to the limit, at the average; what is not there is not filled."""
    room = {(1, 2000): 32, (1, 1005): 5, (1, 1010): 12, (-1, 1): 12, (-1, 1004): 5}[side, limit]
    asked = lots + more if lots == room else lots
    assert DEPTH.fills([book()], DEPTH.limit(50, asked, side, limit)) == [(50, lots, price)]


WORST: list[tuple[dict[str, Any], float]] = [  # settings of 15 lots of the book -> price, middle 1004.5
    ({}, 1009.3334),  # 20 bps are 2.009, the sweep 4.8334
    ({"impact_y": 5}, 1015.045),  # 100 bps are 10.045 and half a tick
    ({"impact_y": 0, "spread_bps": 100}, 1009.5225),  # half of it is 5.0225
    ({"impact_y": 1, "spread_bps": 60}, 1009.5225),  # 3.0135 + 2.009 = 5.0225
]


@pytest.mark.parametrize(("settings", "price"), WORST)
def test_the_largest_of_sweep_and_impact(settings: dict[str, Any], price: float) -> None:
    """The sweep and the formula do not add up, the worse of them counts."""
    bench = TickBench("levels", assumed=1500)
    fills = bench.fills([book()], bench.order(50, 15), impact="sqrt", **settings)
    assert fills == [(50, 15, price)]


def test_the_limit_caps_what_impact_asks_for() -> None:
    """A limit order pays its limit; a market order with that worst price waits and takes nothing."""
    bench = TickBench("levels", assumed=1500)
    costly = {"impact": "sqrt", "impact_y": 5}
    assert bench.fills([book()], bench.limit(50, 15, 1, 1012), **costly) == [(50, 12, 1012)]
    assert bench.fills([book()], bench.order(50, 15, limit_ticks=1012), **costly) == []


COMES_BACK: list[tuple[float, int]] = [  # half-lives since 5 of 5 were taken -> lots there
    (0, 0),
    (0.1, 0),  # 4.665 are missing
    (0.16, 1),  # 4.475
    (1, 3),  # 2.5: a half counts down
    (2, 4),  # 1.25
    (3, 4),  # 0.625
    (3.4, 5),  # 0.474
    (60, 5),
]


@pytest.mark.parametrize(("half_lives", "there"), COMES_BACK)
def test_depth_that_was_taken_comes_back(half_lives: float, there: int) -> None:
    """Nobody shows it again, but it returns with its half-life."""
    later = 50 + int(half_lives * 2 * SECOND)
    orders = [DEPTH.limit(50, 5, 1, 1005), DEPTH.limit(later, 9, 1, 1005, order_id=2, time_in_force=IOC)]
    fills = DEPTH.fills([book()], *orders, replenish_half_life="2s")
    assert [lots for _, lots, _ in fills] == [5, *([there] if there else [])]


def test_what_is_missing_adds_up() -> None:
    """5, then 3 of what came back, then 2: each time what is missing and what is taken are one amount."""
    orders = [
        DEPTH.limit(50 + turn * SECOND, 9, 1, 1005, order_id=turn + 1, time_in_force=IOC) for turn in range(4)
    ]
    # missing before: 0, 2.5, (2.5 + 3) / 2 = 2.75, (2.75 + 2) / 2 = 2.375
    assert [lots for _, lots, _ in DEPTH.fills([book()], *orders)] == [5, 3, 2, 3]


def test_what_is_missing_is_of_one_side_and_price() -> None:
    """Lots that were bought at a price are there to sell to; another level is not touched."""
    packets = [book(), DEPTH.levels(60, {1005: 8}, {1005: 0}), DEPTH.levels(80, {1005: 0}, {1005: 6})]
    orders = [
        DEPTH.limit(50, 5, 1, 1005),
        DEPTH.limit(70, 8, -1, 1005, order_id=2),
        DEPTH.limit(90, 6, 1, 1005, order_id=3, time_in_force=IOC),
    ]
    fills = DEPTH.fills(packets, *orders)
    assert fills == [(50, 5, 1005), (70, 8, 1005), (90, 1, 1005)]


def test_a_rest_takes_what_comes_back() -> None:
    """A limit order whose opposite stays inside its limit keeps taking, packet by packet."""
    packets = [
        book(),
        DEPTH.trade(60, 1005),
        DEPTH.trade(50 + SECOND, 1005),
        DEPTH.trade(50 + 60 * SECOND, 1005),
    ]
    fills = DEPTH.fills(packets, DEPTH.limit(50, 10, 1, 1005))
    assert fills == [(50, 5, 1005), (50 + SECOND, 3, 1005), (50 + 60 * SECOND, 2, 1005)]


def deep(levels: int) -> Packet:
    """A book with one lot at each of many asks from 101 on."""
    return DEPTH.snapshot(10, {99: 1}, {101 + place: 1 for place in range(levels)})


def test_as_many_levels_are_remembered() -> None:
    """Of 65 levels taken the first is forgotten: it is there again, and nothing else is."""
    taken = TAKEN_KEPT + 1
    orders = [DEPTH.limit(50, taken, 1, 100 + taken), DEPTH.limit(60, 9, 1, 100 + taken, order_id=2)]
    fills = DEPTH.fills([deep(taken)], *orders)
    assert [(ts, lots) for ts, lots, _ in fills] == [(50, taken), (60, 1)]
    assert fills[1][2] == 101


def test_a_sweep_remembers_the_levels_that_it_took() -> None:
    """Also where it forgets others by it: after 101 and the last one, 102 and 103 are forgotten."""
    taken = TAKEN_KEPT + 1
    orders = [
        DEPTH.limit(50, taken, 1, 100 + taken),
        DEPTH.limit(60, 2, 1, 101 + taken, order_id=2),
        DEPTH.limit(70, 9, 1, 101 + taken, order_id=3, time_in_force=IOC),
    ]
    fills = DEPTH.fills([deep(taken + 1)], *orders)
    assert fills[1:] == [(60, 2, (101 + 101 + taken) / 2), (70, 2, 102.5)]


# money ---------------------------------------------------------------------------------


def test_an_inverse_contract() -> None:
    """Ten contracts of 100 USD bought at 50,010: worth 0.0199960008 BTC; costs and fee are in satoshis."""
    terms: dict[str, Any] = {"multiplier": Decimal(100), "currency": "BTC", "contract": "inverse"}
    bench = TickBench("quotes", assumed=1000, **terms)
    packets = [bench.quote(10, 499_900, 500_100)]  # ticks of 0.1
    report = bench.run(packets, bench.order(50, 10), taker_bps=5)[1]
    assert report["price_fine"] == 500_100 * 10_000
    # bought at the middle it would be 2,000,000 satoshis; a higher price makes the short of BTC smaller
    assert report["spread_minor"] == 2_000_000 - 1_999_600
    assert report["impact_minor"] == 0
    assert report["fee_minor"] == 1_000  # 5 bps of 1,999,600 = 999.8
    sold = bench.run(packets, bench.order(50, 10, -1), taker_bps=5)[1]
    assert sold["price_fine"] == 499_900 * 10_000
    assert sold["spread_minor"] == 2_000_401 - 2_000_000  # 2,000,400.08 rounded against the seller


def test_a_linear_contract_of_fine_lots() -> None:
    """0.003 BTC at 61,804.8: the worth, the spread and the fee in millionths of a USDT."""
    terms: dict[str, Any] = {"lot": Decimal("0.001"), "currency": "USDT", "contract": "linear"}
    bench = TickBench("levels", **terms)
    packets = [bench.snapshot(10, {618_046: 2}, {618_048: 1, 618_050: 9})]
    report = bench.run(packets, bench.order(50, 3), taker_bps=4)[1]
    # (618,048 + 2 x 618,050) / 3 = 618,049.3333..., middle 618,047
    assert report["price_fine"] == 6_180_493_334
    assert report["spread_minor"] == 300  # 3 lots x 1 tick x 0.0001 USDT
    assert report["impact_minor"] == 401  # 3 x 1.3334 ticks = 400.02, rounded up
    assert report["fee_minor"] == 74_166  # 4 bps of 185,414,801 = 74,165.92


def test_the_state_after_a_fill_is_the_position() -> None:
    """What reduce-only looks at is the sum of the fills, of either side."""
    venue = QUOTES.venue()
    orders = [QUOTES.order(50, 5), QUOTES.order(60, 12, -1, order_id=2)]
    QUOTES.drive(venue, [QUOTES.quote(10, 100, 102)], orders)
    assert venue[0]["ticks"][0]["position_lots"] == -7
    assert venue[0]["order_count"] == venue[0]["instruments"][0]["working"] == 0
    assert not np.any(venue[0]["ticks"][0]["taken_lots"])
