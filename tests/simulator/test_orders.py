"""What the venue answers to a command, as tables: rejections in order, cancels, replaces, expiry."""

from typing import Any

import pytest

from seawall.model.kinds import CommandKind
from seawall.model.orders import OrderType, TimeInForce
from seawall.model.reasons import Reason
from seawall.simulator.state import ORDERS_KEPT

LIMIT, STOP = OrderType.LIMIT, OrderType.STOP_LIMIT
FIRST = (100, 105, 95, 100, 1000)
REJECTED = [
    ({"quantity_lots": 0}, Reason.VENUE_INVALID),
    ({"quantity_lots": -5}, Reason.VENUE_INVALID),
    ({"quantity_lots": 2**60}, Reason.VENUE_INVALID),
    ({"limit_ticks": 0}, Reason.VENUE_INVALID),
    ({"limit_ticks": -1}, Reason.VENUE_INVALID),
    ({"side": 0}, Reason.VENUE_INVALID),
    ({"side": 2}, Reason.VENUE_INVALID),
    ({"order_type": 4}, Reason.VENUE_INVALID),
    ({"order_type": 0}, Reason.VENUE_INVALID),
    ({"time_in_force": 5}, Reason.VENUE_INVALID),
    ({"instrument": 1}, Reason.VENUE_INVALID),
    ({"instrument": -1}, Reason.VENUE_INVALID),
    ({"order_type": STOP, "stop_ticks": 0}, Reason.VENUE_INVALID),
    ({"time_in_force": TimeInForce.DAY, "ts_sent": 5995}, Reason.VENUE_CLOSED),
    ({"order_type": LIMIT, "limit_ticks": 106}, Reason.VENUE_BAND),
    ({"order_type": LIMIT, "limit_ticks": 94}, Reason.VENUE_BAND),
    ({"order_type": STOP, "stop_ticks": 120, "limit_ticks": 127}, Reason.VENUE_BAND),
    ({"expires_ts": 95}, Reason.VENUE_TIME_IN_FORCE),
    # the first of several reasons
    ({"order_type": LIMIT, "limit_ticks": 94, "quantity_lots": 0}, Reason.VENUE_INVALID),
    ({"order_type": LIMIT, "limit_ticks": 94, "expires_ts": 95}, Reason.VENUE_BAND),
]


@pytest.mark.parametrize(("fields", "reason"), REJECTED)
def test_rejections(bench: Any, fields: dict[str, int], reason: Reason) -> None:
    """One bad command, one answer, one reason."""
    order = bench.order(limit=100, **{k: v for k, v in fields.items() if k in ("order_type", "stop_ticks")})
    for name, value in fields.items():
        order[name] = value
    story = bench.story(bench.rows(bench.bars(FIRST, FIRST)), order, price_band=0.05)
    assert story == [(int(order["ts_sent"]), "REJECTED", reason)]


@pytest.mark.parametrize("limit", [105, 95])
def test_the_band_includes_its_edge(bench: Any, limit: int) -> None:
    """Five per cent of 100 away is inside a band of five per cent; a market order has no band."""
    rows = bench.rows(bench.bars(FIRST))
    assert bench.story(rows, bench.order(limit=limit, order_type=LIMIT), price_band=0.05)[0][1] == "ACCEPTED"
    assert bench.story(rows, bench.order(limit=999), price_band=0.05)[0][1] == "ACCEPTED"


def test_duplicates(bench: Any) -> None:
    """An id at or below the highest one seen is a duplicate, also when its order is over."""
    rows = bench.rows(bench.bars(FIRST, FIRST, FIRST))
    orders = [bench.order(95, order_id=5), bench.order(96, order_id=5), bench.order(195, order_id=4)]
    told = [(ts, kind) for ts, kind, reason in bench.story(rows, *orders) if reason == Reason.VENUE_DUPLICATE]
    assert told == [(96, "REJECTED"), (195, "REJECTED")]


def test_unknown_volume(bench: Any) -> None:
    """Data without volume and no assumption: rejected where a cap or an impact needs it, else not."""
    rows = bench.rows(bench.bars((100, 105, 95, 100, -1), FIRST))
    order = bench.order()
    assert bench.story(rows, order, participation=0.1) == [(95, "REJECTED", Reason.VENUE_NO_LIQUIDITY)]
    assert bench.story(rows, order, impact="sqrt") == [(95, "REJECTED", Reason.VENUE_NO_LIQUIDITY)]
    assert [kind for _, kind, _ in bench.story(rows, order)] == ["ACCEPTED", "FILL"]
    assumed = bench.story(rows, order, participation=0.1, assumed=[1000])
    assert [kind for _, kind, _ in assumed] == ["ACCEPTED", "FILL"]


def test_a_full_table_rejects(bench: Any) -> None:
    """One order more than the table holds is rejected, and the table stays whole."""
    rows = bench.rows(bench.bars(FIRST))
    orders = [
        bench.order(order_id=number + 1, limit=50, order_type=LIMIT) for number in range(ORDERS_KEPT + 1)
    ]
    reports = bench.run(rows, *orders)
    assert [each["reason"] for each in reports] == [0] * ORDERS_KEPT + [Reason.VENUE_CAPACITY]


def test_random_rejections_have_their_rate(bench: Any) -> None:
    """A tenth of a thousand orders, seed 3: within four standard deviations, and the same ones again."""
    rows = bench.rows(bench.bars(FIRST, FIRST))
    orders = [bench.order(order_id=number + 1, time_in_force=TimeInForce.IOC) for number in range(1000)]
    once, again = (
        [each for start in range(0, 1000, 250)
         for each in bench.run(rows, *orders[start : start + 250], p_reject=0.1, seed=3)]
        for _ in range(2)
    )  # fmt: skip
    rejected = [each["order_id"] for each in once if each["reason"] == Reason.VENUE_RANDOM]
    assert 62 <= len(rejected) <= 138
    assert rejected == [each["order_id"] for each in again if each["reason"] == Reason.VENUE_RANDOM]


DAY_ORDERS = [  # sent at -> expires at: the close of the session in which it becomes active
    (50, 90),
    (89, 90),
    (90, 190),  # a session is half-open: at its close the next one counts
    (95, 190),
    (110, 190),
]


@pytest.mark.parametrize(("ts", "expires"), DAY_ORDERS)
def test_day_orders(bench: Any, ts: int, expires: int) -> None:
    """A DAY order lives to the end of its session."""
    rows = bench.rows(bench.bars(FIRST, FIRST, FIRST))
    order = bench.order(ts, limit=50, order_type=LIMIT, time_in_force=TimeInForce.DAY)
    expected = [(ts, "ACCEPTED", 0), (expires, "EXPIRED", Reason.VENUE_TIME_IN_FORCE)]
    assert bench.story(rows, order) == expected


def test_the_last_bar_of_the_session_may_fill_a_day_order(bench: Any) -> None:
    """The closing packet stands at the close and comes before the expiry of the same nanosecond."""
    rows = bench.rows(bench.bars(FIRST, (100, 105, 90, 100, 1000)))
    order = bench.order(95, limit=95, order_type=LIMIT, time_in_force=TimeInForce.DAY)
    assert [(ts, kind) for ts, kind, _ in bench.story(rows, order)] == [(95, "ACCEPTED"), (190, "FILL")]


def test_good_till_date(bench: Any) -> None:
    """`expires_ts` ends an order at that time, whatever else it is."""
    rows = bench.rows(bench.bars(FIRST, FIRST))
    order = bench.order(limit=50, order_type=LIMIT, expires_ts=123)
    assert bench.story(rows, order) == [(95, "ACCEPTED", 0), (123, "EXPIRED", Reason.VENUE_TIME_IN_FORCE)]


CANCELS = [  # cancel sent at, of order -> the answer
    (100, 1, (100, "CANCELLED", 0)),
    (110, 1, (110, "CANCELLED", 0)),  # before the open of the same nanosecond
    (111, 1, (111, "CANCEL_REJECTED", Reason.VENUE_TOO_LATE)),
    (100, 7, (100, "CANCEL_REJECTED", Reason.VENUE_UNKNOWN_ORDER)),
]


@pytest.mark.parametrize(("ts", "order_id", "answer"), CANCELS)
def test_cancels(bench: Any, ts: int, order_id: int, answer: Any) -> None:
    """A cancel races the fill; who comes too late is told so."""
    rows = bench.rows(bench.bars(FIRST, FIRST))
    cancel = bench.order(ts, kind=CommandKind.CANCEL, order_id=order_id)
    assert answer in bench.story(rows, bench.order(95), cancel)


def test_a_cancelled_order_cannot_be_cancelled_again(bench: Any) -> None:
    """The second cancel finds no working order."""
    cancels = [bench.order(ts, kind=CommandKind.CANCEL) for ts in (96, 97)]
    story = bench.story(bench.rows(bench.bars(FIRST, FIRST)), bench.order(95), *cancels)
    assert story[-1] == (97, "CANCEL_REJECTED", Reason.VENUE_UNKNOWN_ORDER)


def replace(bench: Any, ts: int, lots: int, limit: int, **more: int) -> Any:
    """A replace command for order 1."""
    return bench.order(ts, lots, limit=limit, kind=CommandKind.REPLACE, **more)


def test_replace_changes_quantity_and_limit(bench: Any) -> None:
    """After a fill of 100 an order of 300 becomes one of 150: 50 more, then it is filled."""
    rows = bench.rows(bench.bars(FIRST, FIRST, FIRST, FIRST))
    reports = bench.run(rows, bench.order(95, 300), replace(bench, 150, 150, 120), participation=0.1)
    told = [
        (each["ts_exchange"], each["kind"], each["last_lots"], each["cumulative_lots"]) for each in reports
    ]
    assert told == [(95, 10, 0, 0), (110, 12, 100, 100), (150, 16, 0, 100), (210, 12, 50, 150)]


REPLACES = [
    (195, 100, 120, Reason.VENUE_TOO_LATE),  # filled as much already
    (195, 0, 120, Reason.VENUE_INVALID),
    (195, 200, 0, Reason.VENUE_INVALID),
]


@pytest.mark.parametrize(("ts", "lots", "limit", "reason"), REPLACES)
def test_replaces_refused(bench: Any, ts: int, lots: int, limit: int, reason: Reason) -> None:
    """An impossible replace changes nothing: the order goes on."""
    rows = bench.rows(bench.bars(FIRST, FIRST, FIRST, FIRST))
    story = bench.story(rows, bench.order(95, 300), replace(bench, ts, lots, limit), participation=0.1)
    assert (ts, "REPLACE_REJECTED", reason) in story
    assert [ts for ts, kind, _ in story if kind == "FILL"] == [110, 210, 310]


def test_a_replaced_order_goes_to_the_end_of_the_line(bench: Any) -> None:
    """Two limits share a bar; the first was replaced before it, so the second is served first."""
    rows = bench.rows(bench.bars(FIRST, (100, 105, 80, 100, 1000)))
    orders = [bench.order(95, 80, limit=90, order_type=LIMIT, order_id=number) for number in (1, 2)]
    reports = bench.run(rows, *orders, replace(bench, 96, 70, 90), participation=0.1)
    fills = [(each["order_id"], each["last_lots"]) for each in reports if each["last_lots"]]
    assert fills == [(2, 80), (1, 20)]


def test_a_bar_under_way_cannot_fill_a_replaced_order(bench: Any) -> None:
    """A limit moved inside a bar sees nothing of the bar's low."""
    rows = bench.rows(bench.bars(FIRST, (100, 105, 80, 100, 1000), (100, 105, 80, 100, 1000)))
    order = bench.order(95, limit=70, order_type=LIMIT)
    assert bench.fills(rows, order, replace(bench, 150, 10, 90)) == [(290, 10, 90)]
