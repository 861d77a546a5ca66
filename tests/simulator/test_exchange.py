"""The venue in time: order of events, cuts, snapshots, twins, and what no fill may ever do."""

import os
import random
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernels.book import new_books
from seawall.kernels.rows import BAR_HIGH, BAR_LOW, ROW
from seawall.model.kinds import Liquidity, ReportKind
from seawall.simulator.exchange import DONE, NEEDS_ROWS, advance, send
from seawall.simulator.reports import next_report_ts
from seawall.simulator.settings import LatencySpread

HERE = Path(__file__).parent
FIRST = (100, 105, 95, 100, 1000)


def test_plain_twin(bench: Any) -> None:
    """A dozen random worlds give the same digest compiled and, in another process, as plain Python."""
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, str(HERE / "conftest.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == bench.digest()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_no_cut_of_time_changes_an_answer(bench: Any, seed: int, cuts: int) -> None:
    """Any horizons and any chunks: the same reports and the same bytes of the venue at the end."""
    world = bench.world(seed, bars=12)
    ends: list[tuple[Any, bytes]] = []
    for chance in (None, random.Random(cuts)):
        venue = bench.venue(3, world["assumed"], **world["settings"])
        reports = bench.drive(venue, world["rows"], world["commands"], world["actions"], chance)
        ends.append((reports, venue.tobytes()))
    assert ends[0] == ends[1]


@pytest.mark.parametrize("seed", range(8))
def test_a_snapshot_resumes(bench: Any, seed: int) -> None:
    """The bytes of a venue, taken in the middle, go on exactly as the venue itself."""
    world = bench.world(seed)
    venue = bench.venue(3, world["assumed"], **world["settings"])
    v, rows, half = venue[0], world["rows"], 2000
    early = [command for command in world["commands"] if command["ts_sent"] < half]
    late = [command for command in world["commands"] if command["ts_sent"] >= half]
    for command in early:
        assert bench.reach(v, rows, 0, int(command["ts_sent"]), True, [])
        send(v, command)
    assert bench.reach(v, rows, 0, half, True, [])
    copy = np.frombuffer(venue.tobytes(), venue.dtype).copy()
    assert bench.drive(copy, rows, late) == bench.drive(venue, rows, late)
    assert copy.tobytes() == venue.tobytes()


def test_it_asks_for_rows_before_it_is_unsure(bench: Any) -> None:
    """At the end of the given rows nothing is done that a later row could precede."""
    rows = bench.rows(bench.bars(FIRST, FIRST))
    venue = bench.venue()
    v = venue[0]
    send(v, bench.order(95))
    told: list[dict[str, int]] = []
    assert not bench.reach(v, rows[:4], 0, 92, False, told)  # all four rows are done: a fifth may be due
    assert bench.reach(v, rows[:5], 0, 92, False, told)  # the fifth stands at 110
    assert not bench.reach(v, rows[:5], 0, 200, False, told)
    told += bench.taken(v)
    assert [each["kind"] for each in told] == [ReportKind.ACCEPTED, ReportKind.FILL]
    assert bench.reach(v, rows[5:], 5, 200, True, told)


def test_nothing_is_done_that_could_not_be_known(bench: Any) -> None:
    """With a response of 30 ns the open of 110 is processed at the horizon 140, not at 139."""
    rows = bench.rows(bench.bars(FIRST, FIRST))
    venue = bench.venue(latency_response="30ns")
    v = venue[0]
    send(v, bench.order(95))
    told: list[dict[str, int]] = []
    for horizon, cursor in ((139, 4), (140, 5)):
        assert bench.reach(v, rows, 0, horizon, True, told)
        assert v["cursor"] == cursor
    assert [(each["ts_exchange"], each["ts_local"]) for each in told] == [(95, 125), (110, 140)]


def test_nothing_happens_beyond_an_answer_that_was_not_taken(bench: Any) -> None:
    """Whoever gets an answer at 100 may act on it: until it is taken, the venue stays before 110."""
    rows = bench.rows(bench.bars(FIRST, FIRST, FIRST))
    v = bench.venue(latency_response="5ns")[0]
    send(v, bench.order(95))
    assert advance(v, new_books(0), rows, 0, len(rows), 500, True) == DONE
    assert (v["now_ns"], v["cursor"], next_report_ts(v)) == (95, 4, 100)
    told: list[dict[str, int]] = []
    assert bench.reach(v, rows, 0, 500, True, told)
    assert [each["ts_local"] for each in told] == [100, 115]


def test_commands_go_in_line(bench: Any) -> None:
    """A fast command never overtakes a slow one that was sent before it."""
    rows = bench.rows(bench.bars(FIRST, FIRST, FIRST))
    orders = [bench.order(95 + number, order_id=number + 1) for number in range(30)]
    from_lognormal = {
        "latency_order": LatencySpread("2ns", "400ns"),
        "latency_response": LatencySpread("2ns", "400ns"),
    }
    reports = bench.run(rows, *orders, **from_lognormal)
    accepted = [each for each in reports if each["kind"] == ReportKind.ACCEPTED]
    assert [each["order_id"] for each in accepted] == list(range(1, 31))
    assert all(a["ts_exchange"] <= b["ts_exchange"] for a, b in pairwise(accepted))
    assert all(a["ts_local"] <= b["ts_local"] for a, b in pairwise(reports))
    assert all(each["ts_local"] > each["ts_exchange"] for each in reports)


def test_the_line_holds_at_one_nanosecond(bench: Any) -> None:
    """What was sent after an order that was decided on an open comes after it, so after the open too."""
    rows = bench.rows(bench.bars(FIRST, FIRST, FIRST))
    venue = bench.venue()
    v = venue[0]
    reports: list[dict[str, int]] = []
    assert bench.reach(v, rows, 0, 110, True, reports)
    send(v, bench.order(110, phase=3, order_id=1))
    send(v, bench.order(110, phase=1, order_id=2))
    assert bench.reach(v, rows, 0, 300, True, reports)
    told = [(each["ts_exchange"], each["order_id"], each["kind"]) for each in reports]
    assert told == [(110, 1, 10), (110, 2, 10), (210, 1, 12), (210, 2, 12)]


def test_a_split_ends_orders_and_changes_units(bench: Any) -> None:
    """Two for one at the second open: the working order is cancelled, one in flight rejected."""
    rows = bench.rows(bench.bars(FIRST, (50, 52, 49, 51, 2000), (51, 52, 49, 51, 2000)))
    venue = bench.venue(latency_order="30ns", participation=0.1)
    orders = [bench.order(60, limit=80, order_type=2), bench.order(100, order_id=2)]
    orders += [bench.order(110, order_id=3, lots=300)]
    reports = bench.drive(venue, rows, orders, [(0, 2, 1, 110)])
    told = [(each["ts_exchange"], each["order_id"], each["kind"], each["reason"]) for each in reports]
    assert told[:3] == [(90, 1, 10, 0), (110, 1, 13, 149), (130, 2, 11, 149)]
    assert told[3:] == [(140, 3, 10, 0), (210, 3, 12, 0)]
    assert reports[-1]["last_lots"] == 200
    assert venue[0]["instruments"][0]["sigma_close"] == 51.0


def test_a_split_is_no_return(bench: Any) -> None:
    """Volatility does not see a two for one split as a loss of a half."""
    rows = bench.rows(bench.bars((100, 100, 100, 100, 1000), (50, 50, 50, 50, 2000)))
    seen = []
    for actions in ([], [(0, 2, 1, 110)]):
        venue = bench.venue(sigma_initial=0)
        bench.drive(venue, rows, [], actions)
        seen.append(float(venue[0]["instruments"][0]["sigma_squared"]))
    assert seen[0] > 0.02
    assert seen[1] == 0.0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**40))
def test_what_no_fill_may_do(bench: Any, seed: int) -> None:
    """CONTROLS A25: inside the bar but for own costs, inside the limit, after arrival, never too much."""
    world = bench.world(seed, bars=25)
    orders = {int(c["order_id"]): c for c in world["commands"] if c["kind"] == 1}
    replaced = {int(c["order_id"]) for c in world["commands"] if c["kind"] == 3}
    bars = _bars(world["rows"])
    accepted: dict[int, int] = {}
    filled: dict[int, int] = {}
    for report in bench.reference(world):
        number = report["order_id"]
        if report["kind"] == ReportKind.ACCEPTED:
            accepted[number] = report["ts_exchange"]
        if report["kind"] != ReportKind.FILL:
            continue
        order = orders[number]
        low, high = bars[report["instrument"], report["ts_exchange"]]
        assert low * 10_000 <= report["base_fine"] <= high * 10_000
        side = int(order["side"])
        cost = side * (report["price_fine"] - report["base_fine"])
        assert cost >= 0
        assert cost == 0 or report["liquidity"] == Liquidity.TAKER
        assert report["spread_minor"] >= 0
        assert report["impact_minor"] >= 0
        assert report["ts_exchange"] >= accepted[number] >= order["ts_sent"]
        filled[number] = filled.get(number, 0) + report["last_lots"]
        assert report["cumulative_lots"] == filled[number]
        if number not in replaced:
            assert side * report["price_fine"] <= side * int(order["limit_ticks"]) * 10_000
            assert filled[number] <= order["quantity_lots"]


def _bars(rows: np.ndarray) -> dict[tuple[int, int], tuple[int, int]]:
    """Lowest and highest price by instrument and time; an open has only itself."""
    bars: dict[tuple[int, int], tuple[int, int]] = {}
    for row in rows:
        key, price = (int(row["instrument"]), int(row["ts_exchange"])), int(row["price_ticks"])
        low, high = bars.get(key, (price, price))
        assert row["kind"] not in (BAR_HIGH, BAR_LOW) or key in bars or row["kind"] == BAR_HIGH
        bars[key] = min(low, price), max(high, price)
    return bars


def test_without_costs_and_latency_the_paper_result_comes_out(bench: Any) -> None:
    """A hundred random market orders: each fills whole at the next open, for nothing."""
    chance = random.Random(7)
    opens = [chance.randrange(50, 150) for _ in range(51)]
    rows = bench.rows(bench.bars(*[(price, price + 3, price - 3, price + 1, 50) for price in opens]))
    orders = [bench.order(100 * n + 90, chance.randrange(1, 99), chance.choice((1, -1)), order_id=n + 1)
              for n in range(50)]  # fmt: skip
    for order in orders:
        order["limit_ticks"] = 1000 if order["side"] > 0 else 1
    fills = [each for each in bench.run(rows, *orders) if each["kind"] == ReportKind.FILL]
    assert [each["ts_exchange"] for each in fills] == [100 * n + 110 for n in range(50)]
    assert [each["last_lots"] for each in fills] == [int(order["quantity_lots"]) for order in orders]
    assert [Fraction(each["price_fine"], 10_000) for each in fills] == opens[1:]
    assert {each["fee_minor"] + each["spread_minor"] + each["impact_minor"] for each in fills} == {0}


def test_no_rows_at_all(bench: Any) -> None:
    """A venue without market data asks for rows, and is done when there will be none."""
    v, nothing = bench.venue()[0], np.zeros(0, ROW)
    assert advance(v, new_books(0), nothing, 0, 0, 10, False) == NEEDS_ROWS
    assert advance(v, new_books(0), nothing, 0, 0, 10, True) == DONE
