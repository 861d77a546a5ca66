"""The groups of one timestamp: what ends one, what is checked in it, what is flagged."""

from typing import Any

import numpy as np
import pytest

from seawall.engine.groups import (
    HALT_BACKWARDS,
    HALT_BOOKS,
    HALT_EARLY,
    close_books,
    close_group,
    halt,
    take_row,
)
from seawall.engine.placing import take_intents
from seawall.kernels.book import new_books
from seawall.kernels.rows import BAR_CLOSE, BAR_OPEN, TRADE
from seawall.kernels.state import EQUITY_KEPT
from seawall.model.intents import Order
from seawall.model.kinds import EventKind, WakeReason
from seawall.model.orders import Side
from seawall.model.reasons import Reason
from seawall.strategies.wakes import OnBarClose, OnBarOpen, OnOrder

MINUTE = 60 * 10**9
DAY = 24 * 60 * MINUTE
START = 1_767_225_600 * 10**9


def group(desk: Any, rows: Any, ts: int) -> bool:
    """One group of rows at a time; whether it wakes the policy."""
    s = desk.s
    s["group_ts"], s["group_open"] = ts, 1
    for row in rows:
        take_row(s, new_books(0), row)
    woken = bool(close_group(s))
    if woken:
        take_intents(s)
    return woken


def closing_day(desk: Any, day: int, price: int = 10_000, number: int = 0) -> bool:
    """The close of a daily bar at midnight."""
    ts = START + day * DAY
    return group(desk, desk.closing(price, ts, number), ts)


TIMES = [  # exchange and local time against a clock at 1000, and the halt
    (1000, 1000, 0),
    (900, 1000, 0),
    (999, 999, HALT_BACKWARDS),
    (1001, 1000, HALT_EARLY),
    (2000, 1999, HALT_EARLY),
    (2000, 2000, 0),
]


@pytest.mark.parametrize(("exchange", "local", "code"), TIMES)
def test_a_row_is_checked_against_the_clock_before_it_touches_anything(
    bench: Any, exchange: int, local: int, code: int
) -> None:
    """A step back, or a row that arrives before it left, halts; the row has moved nothing."""
    desk = bench.desk()
    desk.s["now_ns"] = 1000
    row = desk.row(BAR_OPEN, 10_000, local)
    row["ts_exchange"] = exchange
    take_row(desk.s, new_books(0), row[0])
    assert desk.s["stop_code"] == code
    assert desk.s["stop_sequence"] == (1 + desk.s["sequence"] if code else 0)
    assert (desk.s["rows_taken"], desk.s["instruments"][0]["last_ticks"]) == ((0, 0) if code else (1, 10_000))
    assert desk.s["now_ns"] == (1000 if code else local)


def test_a_policy_wakes_once_for_all_closes_of_a_timestamp(bench: Any) -> None:
    """Two stocks close together: one wake; the next group knows nothing of it."""
    desk = bench.desk()
    rows = np.concatenate([desk.closing(10_000, START, 0), desk.closing(20_000, START, 1)])
    assert group(desk, rows, START)
    assert (desk.s["wakes"], desk.s["wake_reasons"]) == (1, 0)
    desk.s["ticks"][0]["is_ticks"], desk.s["volume_interval_ns"] = 1, MINUTE
    assert not group(desk, desk.row(TRADE, 10_000, START + 1), START + 1)
    assert desk.s["wakes"] == 1


WAKES = [((OnBarClose(),), 0, 1), ((OnBarOpen(),), 1, 0), ((OnOrder(),), 0, 0)]


@pytest.mark.parametrize(("wakes", "opens", "closes"), WAKES)
def test_only_what_was_declared_wakes(bench: Any, wakes: Any, opens: int, closes: int) -> None:
    """An open and a close under each declaration."""
    desk = bench.desk(wakes=wakes)
    assert group(desk, desk.row(BAR_OPEN, 10_000, START), START) == bool(opens)
    assert group(desk, desk.closing(10_000, START + MINUTE), START + MINUTE) == bool(closes)


def test_an_unfinished_closing_packet_wakes_nobody(bench: Any) -> None:
    """Without the LAST flag the bar is not complete: no wake, no mark, no equity point."""
    desk = bench.desk()
    assert not group(desk, desk.closing(10_000, START)[:2], START)
    assert (desk.s["instruments"][0]["mark_ticks"], desk.s["equity_points"]) == (0, 0)
    assert group(desk, desk.row(BAR_CLOSE, 10_000, START, size=5), START)


def test_equity_points_keep_their_interval(bench: Any) -> None:
    """Minute bars, a point every five minutes: at 0, 5 and 10 of eleven bars."""
    desk = bench.desk()
    desk.s["equity_interval_ns"] = 5 * MINUTE
    for minute in range(11):
        group(desk, desk.closing(10_000, START + minute * MINUTE), START + minute * MINUTE)
    points = desk.s["equity"][: desk.s["equity_count"]]
    assert [(int(p["ts_local"]) - START) // MINUTE for p in points] == [0, 5, 10]
    assert desk.s["equity_count"] < EQUITY_KEPT


def test_the_end_of_a_run_brings_its_own_point_unless_there_is_one(bench: Any) -> None:
    """Three minutes into an interval of five the run ends: one point more; at an interval's end none."""
    desk = bench.desk()
    desk.s["equity_interval_ns"] = 5 * MINUTE
    close_books(desk.s)
    assert desk.s["equity_count"] == 0  # a run without a bar has no equity curve
    for minute, points in ((0, 1), (3, 2)):
        group(desk, desk.closing(10_000, START + minute * MINUTE), START + minute * MINUTE)
        close_books(desk.s)
        assert desk.s["equity_count"] == points


def test_a_day_begins_with_the_first_group_of_its_session(bench: Any) -> None:
    """The loss of the day counts from the equity at which the session before it ended."""
    desk = bench.desk()
    desk.buy(100)
    group(desk, desk.closing(9_000, START + DAY - 1), START + DAY - 1)
    assert desk.s["ledger"]["day_start_minor"] == 100_000_000
    group(desk, desk.closing(9_000, START + DAY + MINUTE), START + DAY + MINUTE)
    assert desk.s["ledger"]["day_start_minor"] == 99_900_000


def test_a_held_daily_stock_is_stale_when_it_missed_a_session(bench: Any) -> None:
    """Both held; the second has no bar on day 2: equity is marked stale and counted, then fresh again."""
    desk = bench.desk(daily=True)
    s = desk.s
    s["positions"][0, :2]["lots"] = s["net_lots"][:2] = 10
    s["positions"][0, :2]["cost_minor"] = 100_000
    s["ledger"]["cost_minor"], s["ledger"]["cash_minor"] = 200_000, 99_800_000
    story = []
    for day, stocks in ((1, (0, 1)), (2, (0,)), (3, (0, 1))):
        ts = START + day * DAY
        group(desk, np.concatenate([desk.closing(10_000, ts, number) for number in stocks]), ts)
        story.append((list(s["instruments"]["stale"][:2]), int(s["ledger"]["stale_marks"])))
    assert story == [([0, 0], 0), ([0, 1], 1), ([0, 0], 0)]
    assert s["stale_equity_points"] == 1


def test_a_held_minute_stock_is_stale_by_age(bench: Any) -> None:
    """The limit is five minutes: four are fresh, six are stale, and what is not held is never stale."""
    desk = bench.desk(max_age="5m")
    s = desk.s
    desk.buy(10)
    last = int(s["instruments"][0]["mark_ts_local"])
    for age, stale in ((4 * MINUTE, 0), (5 * MINUTE, 0), (5 * MINUTE + 1, 1)):
        group(desk, desk.closing(5_000, last + age, 1), last + age)
        assert (s["instruments"][0]["stale"], s["instruments"][1]["stale"]) == (stale, 0)


def test_broken_books_halt_with_the_sequence_and_nothing_is_decided_after(bench: Any) -> None:
    """A coin is missing: the halt names the invariant, no exit is sent, nobody is woken."""
    desk = bench.desk()
    desk.buy(100)
    s = desk.s
    s["exits"][0, 0]["active"], s["exits"][0, 0]["time_stop_bars"] = 1, 1
    s["ledger"]["cash_minor"] -= 1
    before = int(s["sequence"])
    ts = desk.now + MINUTE
    assert not group(desk, desk.closing(10_000, ts), ts)
    assert (s["stop_code"], s["command_count"], s["decision_count"]) == (HALT_BOOKS + 1, 0, 0)
    assert s["stop_sequence"] == before + 1


def test_only_the_first_halt_is_kept(bench: Any) -> None:
    """A second cause does not overwrite the first."""
    desk = bench.desk()
    halt(desk.s, HALT_EARLY, 5)
    halt(desk.s, HALT_BACKWARDS, 6)
    assert (desk.s["stop_code"], desk.s["stop_detail"]) == (HALT_EARLY, 5)


def test_a_breaker_trips_before_exits_and_policy_are_asked(bench: Any) -> None:
    """The drawdown trips on this bar: the policy's buy of the same bar is refused for it."""
    desk = bench.desk(drawdown_max=0.10)
    desk.buy(5_000)
    outcome = desk.bar(7_000, Order("ONE", side=Side.BUY, lots=10, reason="cheap now"))
    assert [int(d["reason"]) for d in outcome.decisions] == [Reason.DRAWDOWN_LIMIT]
    events = desk.records("events")
    tripped = events[events["kind"] == EventKind.BREAKER_TRIPPED]
    assert tripped["sequence"][0] < outcome.decisions[0]["sequence"]
    assert desk.policy.woken[-1][1] == WakeReason.BAR_CLOSE
