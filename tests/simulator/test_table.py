"""How an order leaves the venue's table."""

import numpy as np
import pytest
from venue_bench import TickBench

from seawall.model.kinds import ReportKind
from seawall.model.reasons import Reason
from seawall.simulator.reports import take_report
from seawall.simulator.table import end_order, remove_order

BENCH = TickBench("quotes")


def full(count: int) -> np.ndarray:
    """A venue at which orders 1, 2, 3 ... of ten lots rest."""
    venue = BENCH.venue()
    orders = [BENCH.limit(50 + number, 10, 1, 90, order_id=number + 1) for number in range(count)]
    BENCH.drive(venue, [BENCH.quote(10, 100, 102)], orders)
    return venue


@pytest.mark.parametrize(("index", "left"), [(0, [2, 3, 4]), (1, [1, 3, 4]), (3, [1, 2, 3])])
def test_the_others_keep_their_order(index: int, left: list[int]) -> None:
    """Whichever one leaves, the rest moves up, and the instrument has one working order less."""
    v = full(4)[0]
    remove_order(v, index)
    assert v["order_count"] == v["instruments"][0]["working"] == 3
    assert v["orders"]["order_id"][:3].tolist() == left
    assert v["report_count"] == 0


def test_an_order_that_ends_is_reported() -> None:
    """With its kind, its reason and what it had filled."""
    v = full(2)[0]
    v["orders"][1]["cumulative_lots"] = 4
    end_order(v, 1, 777, int(ReportKind.EXPIRED), int(Reason.VENUE_TIME_IN_FORCE))
    report = take_report(v)
    told = [int(report[key]) for key in ("ts_exchange", "order_id", "kind", "reason", "cumulative_lots")]
    assert told == [777, 2, ReportKind.EXPIRED, Reason.VENUE_TIME_IN_FORCE, 4]
    assert v["orders"]["order_id"][: int(v["order_count"])].tolist() == [1]


def test_the_last_one() -> None:
    """An empty table is one that nothing is in."""
    v = full(1)[0]
    remove_order(v, 0)
    assert v["order_count"] == v["instruments"][0]["working"] == 0
