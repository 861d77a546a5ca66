"""Ticks in the core: who is woken, what is refused, when the books are settled, when exits fire."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from seawall.engine.ticks import PACKET_ROWS_MAX, has_work
from seawall.features.bars import Sma
from seawall.kernels.book import new_books
from seawall.kernels.rows import CLEAR, FLAG_LAST, FLAG_SNAPSHOT, GAP, LEVEL, QUOTE_ASK, QUOTE_BID, TRADE
from seawall.kernels.state import new_state
from seawall.kernels.ticks import BARS_OF_TIME, BARS_OF_TRADES
from seawall.model.errors import InvariantBroken
from seawall.model.events import MarketData, Timer
from seawall.model.intents import Exits, Order
from seawall.model.kinds import DecisionKind, EventKind, WakeReason
from seawall.model.orders import Side
from seawall.model.reasons import Reason
from seawall.strategies.wakes import (
    OnBarClose,
    OnBarOpen,
    OnCrossing,
    OnOrder,
    OnPacket,
    OnQuote,
    OnTimer,
    OnTrade,
)
from seawall.strategies.wiring import wire_policy

SECOND = 10**9
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_767_225_600 * SECOND
ORDERS = OnOrder()
TOUCH, DEPTH, TRADES = "touch", "depth", "trades"


class Market:
    """A desk of two instruments whose data are ticks; one message a second."""

    def __init__(self, desk: Any, data: str = TOUCH) -> None:
        self.desk, self.s, self.now = desk, desk.s, START
        for number in (0, 1):
            tick = self.s["ticks"][number]
            tick["is_ticks"], tick["has_touch"] = 1, int(data != TRADES)
            tick["book"] = number if data == DEPTH else -1
        self.s["volume_interval_ns"], self.s["equity_interval_ns"] = MINUTE, HOUR
        desk.engine.books = new_books(2 if data == DEPTH else 0)

    def send(self, *rows: tuple[int, ...], number: int = 0, later: int = SECOND, end: bool = True) -> Any:
        """A packet of (kind, price, lots[, side, flags]) after `later` ns; the group ends if `end`."""
        self.now += later
        packet = np.concatenate([self.desk.row(k, p, self.now, number, n, False) for k, p, n, *_ in rows])
        for row, (_, _, _, *rest) in zip(packet, rows, strict=True):
            row["side"], row["flags"] = (*rest, 0, 0)[:2]
        packet["flags"][-1] |= FLAG_LAST
        outcome = self.desk.take(MarketData(packet))
        return self.desk.settle() if end else outcome

    def trade(self, price: int, lots: int = 3, **how: Any) -> Any:
        """A taker's buy."""
        return self.send((TRADE, price, lots, 1), **how)

    def quote(self, bid: int, ask: int, lots: tuple[int, int] = (5, 5), **how: Any) -> Any:
        """A whole quote."""
        return self.send((QUOTE_BID, bid, lots[0]), (QUOTE_ASK, ask, lots[1]), **how)

    def around(self, price: int, **how: Any) -> Any:
        """A quote of two ticks around a price, with lots that are always other ones."""
        return self.quote(price - 1, price + 1, (5 + self.now % 7, 5), **how)

    def snapshot(self, bid: int, ask: int, **how: Any) -> Any:
        """A whole book of one level a side."""
        flag = FLAG_SNAPSHOT
        levels = ((LEVEL, bid, 5, 1, flag), (LEVEL, ask, 5, -1, flag))
        return self.send((CLEAR, 0, 0, 0, flag), *levels, **how)

    def hold(self, lots: int, price: int, **more: Any) -> None:
        """A position that is filled at this price; from then on nobody wakes."""
        side = Side.BUY if lots > 0 else Side.SELL
        self.s["wake_quote"] = self.s["wake_trade"] = 1
        wish = Order("ONE", side=side, lots=abs(lots), reason="to begin with", **more)
        self.desk.policy.ready = [wish]
        made = self.around(price) if self.s["ticks"][0]["has_touch"] else self.trade(price)
        self.s["wake_quote"] = self.s["wake_trade"] = 0
        self.desk.fill(int(made.commands[0]["order_id"]), abs(lots), price, 1)
        self.desk.settle()
        assert self.desk.books() == lots

    def events(self, kind: EventKind) -> Any:
        """The events of a kind so far."""
        events = self.desk.records("events")
        return events[events["kind"] == kind]


def a_market(bench: Any, data: str = TOUCH, wakes: Any = (ORDERS,), **more: Any) -> Market:
    """A market whose desk has no limit in its way, but for those in `more`."""
    return Market(bench.desk(margin=True, wakes=wakes, **more), data)


# --- wakes -----------------------------------------------------------------------------------

STORY = ("trade", "quote", "same quote", "gap of trades", "other lots")
WOKEN = [  # what was declared, and by which steps of the story it is woken
    (OnTrade(), {"trade": WakeReason.TRADE}),
    (OnQuote(), {"quote": WakeReason.QUOTE, "other lots": WakeReason.QUOTE}),
    (OnPacket(), dict.fromkeys(STORY, WakeReason.PACKET)),
    (OnBarClose("1m"), {}),
    (OnBarOpen(), {}),
]


@pytest.mark.parametrize(("wake", "expected"), WOKEN)
def test_only_what_was_declared_wakes(bench: Any, wake: Any, expected: dict[str, int]) -> None:
    """A trade, a quote, the same again, a gap, other lots: each wakes its own kind."""
    market = a_market(bench, wakes=(wake,))
    market.quote(98, 100)
    market.desk.policy.woken.clear()
    found = {}
    for step in STORY:
        if step == "trade":
            market.trade(100)
        elif step == "gap of trades":
            market.send((GAP, TRADE, 1))
        else:
            market.quote(99, 101, (7, 7) if step == "other lots" else (5, 5))
        for _, reasons in market.desk.policy.woken:
            found[step] = reasons
        market.desk.policy.woken.clear()
    assert found == expected


def test_all_rows_of_a_nanosecond_wake_once(bench: Any) -> None:
    """Two trades and a quote of one time: one wake with both reasons."""
    market = a_market(bench, wakes=(OnTrade(), OnQuote()))
    market.quote(98, 100, end=False)
    market.trade(100, later=0, end=False)
    market.trade(99, later=0)
    assert market.desk.policy.woken == [(market.now, WakeReason.TRADE | WakeReason.QUOTE)]


def test_bars_out_of_trades_wake_at_their_end(bench: Any) -> None:
    """A bar of two trades ends with the second; one of a minute with the first trade of the next."""
    market = a_market(bench, TRADES, wakes=(OnBarClose(trades=2),))
    market.s["ticks"]["bar_kind"], market.s["ticks"]["bar_size"] = BARS_OF_TRADES, 2
    for price in (100, 101, 102, 103):
        market.trade(price)
    assert [(ts - START) // SECOND for ts, _ in market.desk.policy.woken] == [2, 4]
    market = a_market(bench, TRADES, wakes=(OnBarClose("1m"),))
    market.s["ticks"]["bar_kind"] = BARS_OF_TIME
    for price in (100, 101, 102):
        market.trade(price, later=25 * SECOND)
    assert [(ts - START) // SECOND for ts, _ in market.desk.policy.woken] == [75]


# --- a touch that is not whole -----------------------------------------------------------------


def blind(market: Market, how: str) -> None:
    """Brings the first instrument into a state in which nobody may decide on it."""
    if how == "nothing yet":
        return
    if market.s["ticks"][0]["book"] >= 0:
        market.snapshot(99, 101)
        if how == "gap":
            market.send((GAP, LEVEL, 2))
        elif how == "crossed":
            market.send((LEVEL, 102, 5, 1))
        else:
            market.send((LEVEL, 99, 0, 1))
    else:
        market.quote(99, 101)
        market.quote(*{"crossed": (102, 101), "no bid": (0, 101), "no ask": (99, 0)}[how],
                     {"crossed": (5, 5), "no bid": (0, 5), "no ask": (5, 0)}[how])  # fmt: skip


BLIND = [
    *((TOUCH, how) for how in ("nothing yet", "crossed", "no bid", "no ask")),
    *((DEPTH, how) for how in ("nothing yet", "crossed", "gap", "one-sided")),
]
EVERYTHING = (OnTrade(), OnQuote(), OnPacket(), OnBarClose(trades=1), OnCrossing("sma_1", 0.5))


@pytest.mark.parametrize(("data", "how"), BLIND)
def test_nothing_is_told_of_an_instrument_whose_touch_is_not_whole(bench: Any, data: str, how: str) -> None:
    """Trades, bars and crossings of it wake nobody; of the other they do, and of it when it is whole."""
    market = a_market(bench, data)
    market.desk.policy.wakes, market.desk.policy.features = EVERYTHING, (Sma(1),)
    wire_policy(market.s, market.desk.policy)
    market.s["tick_numerator"], market.s["tick_denominator"] = 1.0, 100.0
    market.s["ticks"]["bar_kind"], market.s["ticks"]["bar_size"] = BARS_OF_TRADES, 1
    blind(market, how)
    market.desk.policy.woken.clear()
    for price in (30, 70, 30):
        market.trade(price)
    assert market.desk.policy.woken == []
    whole = market.snapshot if data == DEPTH else market.quote
    whole(98, 102, number=1)
    assert len(market.desk.policy.woken) == 1
    whole(99, 101)
    market.trade(70)
    assert len(market.desk.policy.woken) == 3
    everything = WakeReason.TRADE | WakeReason.PACKET | WakeReason.BAR_CLOSE | WakeReason.CROSSING
    assert market.desk.policy.woken[-1][1] == everything


@pytest.mark.parametrize(("data", "how"), BLIND)
@pytest.mark.parametrize("reduce_only", [False, True])
def test_an_order_on_a_book_that_is_not_whole_is_refused(
    bench: Any, data: str, how: str, reduce_only: bool
) -> None:
    """Woken by the other instrument, the policy asks for this one: BOOK_INVALID, whatever it is for."""
    market = a_market(bench, data, (OnTrade(),))
    whole = market.snapshot if data == DEPTH else market.quote
    if how != "nothing yet":
        market.s["ticks"][1]["has_touch"] = 0
        whole(99, 101)
        market.s["positions"][0, 0]["lots"] = market.s["net_lots"][0] = 5
        market.s["positions"][0, 0]["cost_minor"] = market.s["ledger"]["cost_minor"] = 500
        market.s["ledger"]["cash_minor"] -= 500
    blind(market, how)
    whole(99, 101, number=1)
    market.desk.policy.ready = [
        Order("ONE", side=Side.SELL, lots=2, reduce_only=reduce_only, reason="a guess")
    ]
    made = market.trade(100, number=1)
    found = [(int(d["kind"]), int(d["rule_status"][22]) == 2) for d in made.decisions]
    assert (len(made.commands), len(found)) == (0, 1)
    assert found[0][0] == DecisionKind.REFUSED
    if how != "nothing yet":
        assert made.decisions[0]["reason"] == Reason.BOOK_INVALID


def test_a_book_that_is_whole_again_can_be_traded(bench: Any) -> None:
    """Gap, snapshot, order: approved."""
    market = a_market(bench, DEPTH, (OnQuote(),))
    market.snapshot(99, 101)
    market.send((GAP, LEVEL, 2))
    market.desk.policy.ready = [Order("ONE", side=Side.BUY, lots=2, reason="it is back")]
    made = market.snapshot(99, 101)
    assert [int(d["kind"]) for d in made.decisions] == [DecisionKind.APPROVED]


# --- packets -----------------------------------------------------------------------------------


def test_a_packet_that_does_not_end_halts(bench: Any) -> None:
    """One row below the bound is taken if it is the last; the bound itself halts with its number."""
    market = a_market(bench, DEPTH)
    tick = market.s["ticks"][0]
    tick["packet_rows"] = PACKET_ROWS_MAX - 2
    market.send((LEVEL, 99, 5, 1), (LEVEL, 98, 5, 1))
    assert (tick["packet_rows"], market.s["stop_code"]) == (0, 0)
    tick["packet_rows"] = PACKET_ROWS_MAX - 2
    with pytest.raises(InvariantBroken, match="a packet of market rows does not end"):
        market.send((LEVEL, 99, 5, 1), (LEVEL, 98, 5, 1), (LEVEL, 97, 5, 1))


# --- the books between wakes ---------------------------------------------------------------------

WORK = [
    ({}, False),
    ({"wake_reasons": 1}, True),
    ({"group_events": 1}, True),
    ({"group_bars": 1}, True),
    ({"group_alarm": 1}, True),
    ({"group_exits": 1}, True),
    ({"attention_ns": 100}, True),
    ({"attention_ns": 101}, False),
    ({"group_ticks": 1}, False),
]


@pytest.mark.parametrize(("fields", "work"), WORK)
def test_what_is_work(fields: dict[str, int], work: bool) -> None:
    """Each single cause; ticks alone are none."""
    s = new_state()[0]
    s["now_ns"], s["attention_ns"] = 100, 1_000
    for name, value in fields.items():
        s[name] = value
    assert bool(has_work(s)) == work


@pytest.mark.parametrize("lots", [0, 10])
def test_equity_points_come_at_their_interval_though_nobody_wakes(bench: Any, lots: int) -> None:
    """Ticks each 10 minutes for 5 hours: a point an hour, of the equity of its tick."""
    market = a_market(bench)
    if lots:
        market.hold(lots, 10_000)
    else:
        market.around(10_000)
    market.desk.settle()
    market.desk.policy.woken.clear()
    first = len(market.desk.records("equity"))
    seen = {}
    for step in range(30):
        market.around(10_000 + step, later=10 * MINUTE)
        seen[market.now] = 100_000_000 + lots * step
    points = market.desk.records("equity")[first:]
    times = [int(point["ts_local"]) for point in points]
    assert len(times) == 5
    assert {later - former for former, later in pairwise(times)} == {HOUR}
    assert [int(point["equity_minor"]) for point in points] == [seen[ts] for ts in times]
    assert market.desk.policy.woken == []


BREAKERS = [  # limits, the price at which they trip from 10,000 with 1,000 lots, reason
    ({"drawdown_max": 0.02}, 8_000, Reason.DRAWDOWN_LIMIT),
    ({"daily_loss_max": 15_000}, 8_500, Reason.DAILY_LOSS_LIMIT),
    ({"daily_loss_share_max": 0.015}, 8_500, Reason.DAILY_LOSS_LIMIT),
]


@pytest.mark.parametrize(("limits", "price", "reason"), BREAKERS)
def test_breakers_trip_at_the_tick_though_nobody_wakes(
    bench: Any, limits: dict[str, Any], price: int, reason: Reason
) -> None:
    """One tick before the limit nothing, at it the latch; afterwards it is not told again."""
    market = a_market(bench, **limits)
    market.hold(1_000, 10_000)
    for step in (9_000, price + 1):
        market.around(step)
    assert len(market.events(EventKind.BREAKER_TRIPPED)) == 0
    market.around(price)
    tripped = market.events(EventKind.BREAKER_TRIPPED)
    assert [(int(e["reason"]), int(e["ts_local"])) for e in tripped] == [(reason, market.now)]
    market.around(price - 100)
    market.around(price)
    assert len(market.events(EventKind.BREAKER_TRIPPED)) == 1


def test_the_drawdown_counts_from_a_peak_between_wakes(bench: Any) -> None:
    """Nobody looked at the high, and yet it is the peak from which the fall is measured."""
    market = a_market(bench, drawdown_max=0.02)
    market.hold(1_000, 10_000)
    market.around(20_000)  # 110,000,000: a fall of 2,200,000 trips
    market.around(17_801)
    assert len(market.events(EventKind.BREAKER_TRIPPED)) == 0
    market.around(17_800)
    assert len(market.events(EventKind.BREAKER_TRIPPED)) == 1


def test_a_fill_and_a_tick_of_one_time_make_no_peak(bench: Any) -> None:
    """The report comes first, then the price moves: what was paid for is not counted as a gain."""
    market = a_market(bench, drawdown_max=0.02)
    market.s["wake_quote"] = 1
    market.desk.policy.ready = [Order("ONE", side=Side.BUY, lots=1_000, reason="to begin with")]
    made = market.around(10_000)
    market.now = int(market.s["now_ns"]) + SECOND
    market.desk.take(Timer(market.now))
    market.desk.fill(int(made.commands[0]["order_id"]), 1_000, 10_000, 1)
    market.around(10_001, later=0)
    ledger = market.s["ledger"]
    assert (ledger["equity_minor"], ledger["peak_minor"]) == (100_001_000, 100_001_000)
    assert len(market.events(EventKind.BREAKER_TRIPPED)) == 0


def test_a_day_starts_from_the_equity_before_its_first_tick(bench: Any) -> None:
    """The market opens a day later and far lower: that is a loss of the new day, and trips."""
    market = a_market(bench, daily_loss_max=15_000)
    market.hold(1_000, 10_000)
    market.around(9_500)
    market.around(8_500, later=DAY)
    assert market.s["ledger"]["day_start_minor"] == 99_500_000
    assert len(market.events(EventKind.BREAKER_TRIPPED)) == 0
    market.around(8_000)
    assert len(market.events(EventKind.BREAKER_TRIPPED)) == 1


def test_a_price_that_is_confirmed_is_not_stale(bench: Any) -> None:
    """For ten minutes the lots change and the middle does not: the mark is as young as its touch."""
    market = a_market(bench, max_age="5m")
    market.s["equity_interval_ns"] = MINUTE
    market.hold(10, 10_000)
    for _ in range(20):
        market.around(10_000, later=30 * SECOND)
    assert market.s["stale_equity_points"] == 0
    market.around(10_000, number=1, later=6 * MINUTE)  # now it is: only the other one is quoted
    assert market.s["stale_equity_points"] == 1


def test_the_drawdown_of_a_timer_is_that_of_its_equity(bench: Any) -> None:
    """A policy that wakes by its timer alone sees equity and drawdown of the same instant."""
    market = a_market(bench, wakes=(OnTimer("1m"),))
    market.hold(1_000, 10_000)
    market.around(9_000)
    market.s["timer_next_ns"] = market.now + SECOND
    market.desk.take(Timer(market.now + SECOND))
    market.desk.take(Timer(market.now + 2 * SECOND))
    assert len(market.desk.policy.woken) >= 1
    ledger = market.s["ledger"]
    assert (ledger["equity_minor"], ledger["drawdown_ppm"]) == (99_000_000, 10_000)


# --- protective exits ------------------------------------------------------------------------------

EXITS = [  # lots, exits, prices of which the last fires, reason
    (100, {"stop_loss": 0.01}, (9_950, 9_901, 9_900), Reason.STOP_LOSS),
    (-100, {"stop_loss": 0.01}, (10_050, 10_099, 10_100), Reason.STOP_LOSS),
    (100, {"take_profit": 0.01}, (10_099, 10_100), Reason.TAKE_PROFIT),
    (-100, {"take_profit": 0.01}, (9_901, 9_900), Reason.TAKE_PROFIT),
    (100, {"trailing": 0.01}, (10_200, 10_199, 10_099, 10_098), Reason.TRAILING_STOP),
    (-100, {"trailing": 0.01}, (9_800, 9_897, 9_898), Reason.TRAILING_STOP),
]


@pytest.mark.parametrize("data", [TOUCH, TRADES])
@pytest.mark.parametrize(("lots", "exits", "prices", "reason"), EXITS)
def test_an_exit_fires_at_its_tick_though_nobody_wakes(
    bench: Any, data: str, lots: int, exits: dict[str, float], prices: tuple[int, ...], reason: Reason
) -> None:
    """One market order that closes the position, at the tick that reaches the level and not before."""
    market = a_market(bench, data)
    market.hold(lots, 10_000, exits=Exits(**exits))
    move = market.trade if data == TRADES else market.around
    made = [move(price) for price in prices]
    assert [len(outcome.commands) for outcome in made] == [0] * (len(prices) - 1) + [1]
    decision, command = made[-1].decisions[0], made[-1].commands[0]
    assert (decision["exit_kind"], decision["ts_local"]) == (reason, market.now)
    assert (command["side"], command["quantity_lots"], command["reduce_only"]) == (-lots // 100, 100, 1)
    assert len(move(prices[-1] + lots // 100).commands) == 0  # it is on its way


def test_an_exit_does_not_look_at_prices_before_its_entry(bench: Any) -> None:
    """The bar's low came before the fill: its close fires nothing."""
    market = a_market(bench, TRADES, wakes=(OnBarClose(trades=6),))
    market.s["ticks"]["bar_kind"], market.s["ticks"]["bar_size"] = BARS_OF_TRADES, 6
    market.trade(9_000)
    market.hold(100, 10_000, exits=Exits(stop_loss=0.05, take_profit=0.30))
    for price in (10_000, 10_001, 10_002, 10_003):
        market.trade(price)
    assert market.s["bar_count"][0] == 1
    assert len(market.desk.commands) == 1  # the entry alone


def test_a_time_stop_counts_bars_of_trades(bench: Any) -> None:
    """Two bars after the fill the position is left, whatever its price."""
    market = a_market(bench, TRADES, wakes=(OnBarClose(trades=2),))
    market.s["ticks"]["bar_kind"], market.s["ticks"]["bar_size"] = BARS_OF_TRADES, 2
    market.trade(10_000)
    market.hold(100, 10_000, exits=Exits(time_bars=2))
    made = [len(market.trade(10_000).commands) for _ in range(4)]
    assert made == [0, 0, 0, 1]


def test_a_fired_exit_waits_while_its_book_is_not_whole(bench: Any) -> None:
    """The book has a gap: ticks of the other instrument do not ask the gate for it again and again."""
    market = a_market(bench)
    market.hold(100, 10_000, exits=Exits(stop_loss=0.05))
    market.s["exits"][0, 1] = market.s["exits"][0, 0]  # the other one has exits that watch as well
    market.around(9_990)
    market.quote(9_000, 0, (5, 0))
    market.s["exits"][0, 0]["active"] = Reason.STOP_LOSS
    before = len(market.desk.records("decisions"))
    for step in range(5):
        market.around(10_000 + step, number=1)
    assert len(market.desk.records("decisions")) == before
    made = market.around(9_000)
    assert len(made.commands) == 1
