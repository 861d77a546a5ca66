"""Engine.apply: groups in order of time, one wake each, records that chain, errors with a place."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from seawall.kernels.rows import BAR_OPEN
from seawall.model.corporate import Dividend, Split
from seawall.model.errors import InvariantBroken, PolicyError
from seawall.model.events import MarketData, Timer
from seawall.model.intents import Order, Target
from seawall.model.kinds import EventKind, ReportKind, WakeReason
from seawall.model.orders import Side
from seawall.model.predictions import ModelPrediction
from seawall.strategies.wakes import OnBarClose, OnBarOpen, OnEvent, OnOrder, OnTimer

MINUTE = 60 * 10**9
START = 1_767_225_600 * 10**9
CLOSE, OPEN, ORDER = WakeReason.BAR_CLOSE, WakeReason.BAR_OPEN, WakeReason.ORDER
EVERYTHING = (OnBarClose(), OnBarOpen(), OnOrder(), OnEvent(), OnTimer("1h"))


def test_opens_are_a_group_of_their_own_after_the_closes_of_their_nanosecond(bench: Any) -> None:
    """At one nanosecond: two wakes, and the order decided at the close leaves before the open."""
    desk = bench.desk(wakes=(OnBarClose(), OnBarOpen()))
    desk.policy.ready = [Order("ONE", side=Side.BUY, lots=10, reason="at the close")]
    ts = START + MINUTE
    closes = [desk.closing(10_000, ts), desk.closing(20_000, ts, 1)]
    opens = [desk.row(BAR_OPEN, 10_010, ts), desk.row(BAR_OPEN, 20_010, ts, 1)]
    desk.take(MarketData(np.concatenate(closes + opens)))
    desk.settle()
    assert desk.policy.woken == [(ts, CLOSE), (ts, OPEN)]
    assert [int(c["phase"]) for c in desk.commands] == [1]  # 1: before the opens of this time, 3: after them
    assert desk.records("decisions")[0]["reference_ticks"] == 10_000


def test_what_is_decided_on_an_open_leaves_after_it(bench: Any) -> None:
    """The phase of the command is that of the group in which it was decided."""
    desk = bench.desk(wakes=(OnBarOpen(),))
    desk.policy.ready = [Order("ONE", side=Side.BUY, lots=10, reason="at the open")]
    desk.take(MarketData(desk.row(BAR_OPEN, 10_000, START)))
    desk.settle()
    assert [int(c["phase"]) for c in desk.commands] == [3]


def test_reasons_of_one_timestamp_are_merged(bench: Any) -> None:
    """A report, a prediction and a close at one time: one wake with three bits."""
    desk = bench.desk(wakes=EVERYTHING)
    desk.policy.ready = [Order("ONE", side=Side.BUY, lots=10, reason="r")]
    desk.take(MarketData(desk.closing(10_000, START)))
    desk.settle()
    desk.policy.woken.clear()
    desk.s["now_ns"] = ts = START + MINUTE
    desk.say(1, ReportKind.ACCEPTED)
    desk.take(ModelPrediction(ts_local=ts, name="alpha", instrument="ONE", value=0.5))
    desk.take(MarketData(desk.closing(10_000, ts)))
    desk.settle()
    assert desk.policy.woken == [(ts, CLOSE | ORDER | WakeReason.EVENT)]


def test_a_step_back_stops_the_desk(bench: Any) -> None:
    """The error is ours to show: what, where, when."""
    desk = bench.desk()
    desk.bar(10_000)
    with pytest.raises(
        InvariantBroken, match=r"halted at sequence \d+, .*: an event is older than the clock"
    ):
        desk.take(MarketData(desk.closing(10_000, START - MINUTE)))


def test_a_policy_that_raises_stops_with_its_own_line_and_the_books_stay(bench: Any) -> None:
    """Positions are accounted for; the message has the file and line of the policy."""
    desk = bench.desk()
    desk.buy(100)

    def decide(view: Any) -> Any:
        return view.close("ONE") / 0

    desk.policy.decide = decide
    with pytest.raises(PolicyError, match=r"test_core\.py:\d+: Script raised ZeroDivisionError"):
        desk.bar(10_000)
    assert desk.books() == 100


@pytest.mark.parametrize("returned", [5, "buy", [None], [float("nan")]])
def test_a_policy_that_returns_nonsense_stops(bench: Any, returned: Any) -> None:
    """No part of it is traded."""
    desk = bench.desk()
    desk.policy.decide = lambda view: returned
    with pytest.raises(PolicyError, match="the policy returned"):
        desk.bar(10_000)
    assert desk.commands == []


def test_numbers_are_contiguous_over_the_lanes_and_chunks_do_not_matter(bench: Any) -> None:
    """The same rows one by one and at once: the same digests, every sequence number once."""
    ends = []
    for size in (1, 7, 1000):
        desk = bench.desk()
        opens = [desk.row(BAR_OPEN, 10_000 + k, START + k * MINUTE) for k in range(60)]
        closes = [desk.closing(10_000 + k, START + (k + 1) * MINUTE - 1) for k in range(60)]
        rows = np.concatenate([part for pair in zip(opens, closes, strict=True) for part in pair])
        desk.policy.decide = lambda view: [Target("ONE", weight=0.001 * (view.now // MINUTE % 7), reason="r")]
        for first in range(0, len(rows), size):
            desk.take(MarketData(rows[first : first + size]))
        desk.settle()
        lanes = [desk.records(lane)["sequence"] for lane in ("decisions", "events", "postings", "equity")]
        numbers = np.sort(np.concatenate(lanes))
        assert len(desk.records("decisions")) > 30
        assert list(numbers) == list(range(1, int(desk.s["sequence"]) + 1))
        ends.append(desk.engine.chain.heads())
    assert ends[0] == ends[1] == ends[2]


def test_corporate_actions_reach_books_bars_and_exits(bench: Any) -> None:
    """Two for one: 200 lots at half the price; a dividend of 0.25 pays 50.00; equity is what it was."""
    desk = bench.desk()
    desk.buy(100)
    equity = int(desk.s["ledger"]["equity_minor"])
    ts = int(desk.s["group_ts"]) + 1
    desk.take(Split(ts_local=ts, instrument="ONE", numerator=2, denominator=1))
    assert desk.books() == 200
    assert desk.s["bars"][0, 0]["close"] == 5_000.0
    desk.take(Dividend(ts_local=ts + 1, instrument="ONE", amount=Decimal("0.25")))
    desk.settle()
    kinds = [int(k) for k in desk.records("events")["kind"]]
    desk.now += MINUTE
    desk.bar(5_000)
    assert desk.s["ledger"]["dividends_minor"] == 5_000
    assert desk.s["ledger"]["equity_minor"] == equity + 5_000
    assert kinds[-2:] == [EventKind.SPLIT, EventKind.DIVIDEND]


@pytest.mark.parametrize(("wakes", "woken"), [((OnBarClose(),), 0), ((OnTimer("1h"),), 1)])
def test_a_timer_wakes_only_who_asked_for_it_and_when_it_is_due(bench: Any, wakes: Any, woken: int) -> None:
    """Due at START: nothing a nanosecond earlier, one wake, and the next one an hour later."""
    desk = bench.desk(wakes=wakes)
    desk.s["timer_next_ns"] = START if woken else -1
    desk.take(Timer(START - 1))
    desk.take(Timer(START))
    assert desk.policy.woken == []
    desk.settle()
    assert desk.policy.woken == [(START, WakeReason.TIMER)] * woken
    assert desk.engine.next_timer == (START + 60 * MINUTE if woken else None)
