"""Every fill rule of bar mode as a table: a bar, an order, and what becomes of it."""

from typing import Any

import numpy as np
import pytest

from seawall.model.kinds import Liquidity, ReportKind
from seawall.model.orders import OrderType, TimeInForce

MARKET, LIMIT, STOP = OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LIMIT
FIRST = (100, 105, 95, 100, 1000)  # the bar before the order: it closes at 90, the order comes at 95
# side, type, limit, stop, second bar (open, high, low, close, volume) -> fill (time, price) or none
TABLE = [
    # market: the next open, inside the worst price
    (1, MARKET, 110, 0, (102, 108, 98, 104, 1000), (110, 102)),
    (-1, MARKET, 90, 0, (102, 108, 98, 104, 1000), (110, 102)),
    (1, MARKET, 102, 0, (102, 108, 98, 104, 1000), (110, 102)),
    (1, MARKET, 101, 0, (102, 108, 98, 104, 1000), None),  # beyond its worst price: it waits
    # limit: better at the open -> the open; else traded through by a tick -> the limit
    (1, LIMIT, 103, 0, (102, 108, 98, 104, 1000), (110, 102)),
    (1, LIMIT, 99, 0, (102, 108, 98, 104, 1000), (190, 99)),
    (1, LIMIT, 98, 0, (102, 108, 98, 104, 1000), None),  # a touch is no fill
    (1, LIMIT, 97, 0, (102, 108, 98, 104, 1000), None),
    (-1, LIMIT, 101, 0, (102, 108, 98, 104, 1000), (110, 102)),
    (-1, LIMIT, 107, 0, (102, 108, 98, 104, 1000), (190, 107)),
    (-1, LIMIT, 108, 0, (102, 108, 98, 104, 1000), None),
    (1, LIMIT, 102, 0, (102, 108, 98, 104, 1000), (190, 102)),  # touched at the open, through later
    (1, LIMIT, 102, 0, (102, 108, 102, 104, 1000), None),
    # stop: the worse of stop and open, inside its limit
    (1, STOP, 110, 105, (102, 108, 98, 104, 1000), (190, 105)),
    (1, STOP, 110, 108, (102, 108, 98, 104, 1000), (190, 108)),  # touching triggers
    (1, STOP, 110, 109, (102, 108, 98, 104, 1000), None),
    (1, STOP, 110, 101, (102, 108, 98, 104, 1000), (110, 102)),  # a gap fills at the open
    (-1, STOP, 90, 99, (102, 108, 98, 104, 1000), (190, 99)),
    (-1, STOP, 90, 103, (102, 108, 98, 104, 1000), (110, 102)),
    (-1, STOP, 99, 103, (98, 108, 97, 104, 1000), (190, 99)),  # gapped past its limit: rests, then through
    (-1, STOP, 103, 105, (98, 102, 97, 101, 1000), None),
]


@pytest.mark.parametrize(("side", "kind", "limit", "stop", "bar", "fill"), TABLE)
def test_fill_table(bench: Any, side: int, kind: int, limit: int, stop: int, bar: Any, fill: Any) -> None:
    """One order, one bar, one outcome."""
    order = bench.order(side=side, limit=limit, order_type=kind, stop_ticks=stop)
    expected = [] if fill is None else [(fill[0], 10, fill[1])]
    assert bench.fills(bench.rows(bench.bars(FIRST, bar)), order) == expected


def test_touch_fills_when_not_adversarial(bench: Any) -> None:
    """The kinder venue fills a touched limit, at the low and at the open."""
    rows = bench.rows(bench.bars(FIRST, (102, 108, 98, 104, 1000)))
    low, opening = bench.order(limit=98, order_type=LIMIT), bench.order(limit=102, order_type=LIMIT)
    assert bench.fills(rows, low, adversarial=False) == [(190, 10, 98)]
    assert bench.fills(rows, opening, adversarial=False) == [(110, 10, 102)]


@pytest.mark.parametrize(("phase", "expected"), [(1, (110, 10, 102)), (3, (210, 10, 103))])
def test_a_command_at_the_nanosecond_of_an_open(bench: Any, phase: int, expected: Any) -> None:
    """Sent with the open it fills there; decided on that open, it waits for the next."""
    rows = bench.rows(bench.bars(FIRST, (102, 108, 98, 104, 1000), (103, 108, 98, 104, 1000)))
    assert bench.fills(rows, bench.order(110, phase=phase)) == [expected]


@pytest.mark.parametrize("order_type", [LIMIT, STOP])
def test_a_bar_under_way_cannot_fill(bench: Any, order_type: int) -> None:
    """An order that arrives inside a bar sees nothing of its high and low."""
    rows = bench.rows(bench.bars(FIRST, (100, 120, 80, 100, 1000), (100, 100, 100, 100, 1000)))
    order = bench.order(111, limit=90 if order_type == LIMIT else 130, stop_ticks=110, order_type=order_type)
    assert bench.fills(rows, order) == []
    order["ts_sent"] = 109
    assert len(bench.fills(rows, order)) == 1


def test_latency_moves_the_fill_to_a_later_open(bench: Any) -> None:
    """An order that is on its way while a bar opens fills at the following one."""
    rows = bench.rows(bench.bars(FIRST, (102, 108, 98, 104, 1000), (103, 108, 98, 104, 1000)))
    assert bench.fills(rows, bench.order(95), latency_order="15ns") == [(110, 10, 102)]
    assert bench.fills(rows, bench.order(95), latency_order="16ns") == [(210, 10, 103)]


def test_participation_carries_the_rest(bench: Any) -> None:
    """A tenth of the bar before at each open; the rest waits for the next opens."""
    rows = bench.rows(bench.bars(FIRST, *[(100, 101, 99, 100, volume) for volume in (550, 0, 2000, 900)]))
    fills = bench.fills(rows, bench.order(lots=400), participation=0.1)
    assert fills == [(110, 100, 100), (210, 55, 100), (410, 200, 100)]


def test_the_close_counts_its_own_volume_less_the_open(bench: Any) -> None:
    """A limit hit inside the bar gets a tenth of that bar, less what a market order took at its open."""
    rows = bench.rows(bench.bars(FIRST, (100, 101, 90, 100, 1500)))
    orders = bench.order(lots=70), bench.order(lots=900, limit=95, order_type=LIMIT, order_id=2)
    assert bench.fills(rows, *orders, participation=0.1) == [(110, 70, 100), (190, 80, 95)]


def test_the_adverse_comes_first(bench: Any) -> None:
    """One bar touches stop and target: the stop goes first, though it arrived later."""
    rows = bench.rows(bench.bars(FIRST, (100, 120, 80, 100, 1000)))
    target = bench.order(side=-1, limit=110, order_type=LIMIT, order_id=1, lots=60)
    stop = bench.order(side=-1, limit=70, stop_ticks=90, order_type=STOP, order_id=2, lots=60)
    assert bench.fills(rows, target, stop, participation=0.1) == [(190, 60, 90), (190, 40, 110)]


ONCE = [
    (TimeInForce.IOC, 60, [("ACCEPTED", 0, 0), ("FILL", 60, 0)]),
    (TimeInForce.IOC, 160, [("ACCEPTED", 0, 0), ("FILL", 100, 0), ("CANCELLED", 0, 147)]),
    (TimeInForce.FOK, 100, [("ACCEPTED", 0, 0), ("FILL", 100, 0)]),
    (TimeInForce.FOK, 101, [("ACCEPTED", 0, 0), ("CANCELLED", 0, 146)]),
]


@pytest.mark.parametrize(("time_in_force", "lots", "expected"), ONCE)
def test_one_attempt(bench: Any, time_in_force: int, lots: int, expected: Any) -> None:
    """IOC takes what there is at the first open, FOK all or nothing; nothing is left behind."""
    rows = bench.rows(bench.bars(FIRST, FIRST, FIRST))
    reports = bench.run(rows, bench.order(lots=lots, time_in_force=time_in_force), participation=0.1)
    assert [(ReportKind(r["kind"]).name, r["last_lots"], r["reason"]) for r in reports] == expected


@pytest.mark.parametrize("order_type", [MARKET, LIMIT])
def test_one_attempt_beyond_the_limit(bench: Any, order_type: int) -> None:
    """An IOC order whose price is not there at the first open is cancelled for lack of liquidity."""
    rows = bench.rows(bench.bars(FIRST, (102, 108, 90, 104, 1000)))
    order = bench.order(limit=101, order_type=order_type, time_in_force=TimeInForce.IOC)
    assert bench.story(rows, order) == [(95, "ACCEPTED", 0), (110, "CANCELLED", 146)]


def test_a_market_order_waits_when_costs_pass_its_worst_price(bench: Any) -> None:
    """Open 100 with a half spread of 1 %: a worst price of 100 fills only when the open is 99."""
    rows = bench.rows(bench.bars(FIRST, (100, 100, 100, 100, 9), (99, 99, 99, 99, 9)))
    assert bench.fills(rows, bench.order(limit=100), spread_bps=200) == [(210, 10, 99.99)]


def test_a_limit_at_the_open_pays_costs_up_to_its_limit(bench: Any) -> None:
    """Open 200 with a half spread of 1 %: limits of 203 and 202 pay 202, a limit of 201 pays 201."""
    rows = bench.rows(bench.bars(FIRST, (200, 200, 200, 200, 9)))
    for limit, price in ((203, 202), (202, 202), (201, 201)):
        order = bench.order(limit=limit, order_type=LIMIT)
        assert bench.fills(rows, order, spread_bps=200) == [(110, 10, price)]


def test_maker_and_taker(bench: Any) -> None:
    """What fills at an open or a stop takes, what is traded through makes."""
    rows = bench.rows(bench.bars(FIRST, (102, 108, 98, 104, 1000)))
    kinds = {}
    for name, order in {
        "open": bench.order(limit=103, order_type=LIMIT),
        "through": bench.order(limit=99, order_type=LIMIT),
        "stop": bench.order(limit=110, stop_ticks=105, order_type=STOP),
    }.items():
        kinds[name] = Liquidity(bench.run(rows, order)[-1]["liquidity"]).name
    assert kinds == {"open": "TAKER", "through": "MAKER", "stop": "TAKER"}


def test_unknown_volume_fills_nothing_until_it_is_known(bench: Any) -> None:
    """Before any bar has closed a capped order waits; with an assumed volume it fills."""
    rows = bench.rows(bench.bars(FIRST, FIRST))
    assert bench.fills(rows, bench.order(5), participation=0.1) == [(110, 10, 100)]
    assert bench.fills(rows, bench.order(5), participation=0.1, assumed=[1000]) == [(10, 10, 100)]


def test_nothing_fills_inside_a_packet(bench: Any) -> None:
    """Without the LAST flag of a closing packet its high and low match nothing."""
    rows = bench.rows(bench.bars(FIRST, (102, 108, 90, 104, 1000)))
    rows["flags"][-1] = 0
    assert bench.fills(rows, bench.order(limit=95, order_type=LIMIT)) == []


def test_a_bar_whose_open_is_missing_fills_nothing(bench: Any) -> None:
    """Where the open of a bar is missing nothing fills in it, though the order was there before."""
    rows = bench.rows(bench.bars(FIRST, (102, 108, 90, 104, 1000), (102, 108, 90, 104, 1000)))
    order = bench.order(5, limit=92, order_type=LIMIT)
    assert bench.fills(rows, order) == [(190, 10, 92)]
    assert bench.fills(np.delete(rows, 4), order) == [(290, 10, 92)]
