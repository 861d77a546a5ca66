"""What the tests of execution share: a small desk of two stocks with real books and no market."""

from typing import Any

import numpy as np
import pytest

from seawall.execution.manager import remember, take_report, take_slot
from seawall.kernels.state import FINE_PER_TICK, ORDER, REPORT, new_state
from seawall.model.kinds import ReportKind
from seawall.model.orders import OrderState, OrderType, TimeInForce
from seawall.portfolio.exposure import close_leaves, open_leaves
from seawall.portfolio.ledger import check_books_full, mark, open_books

CASH = 100_000_000
PRICE = 10_000
WORKING = OrderState.WORKING


class Bench:
    """A desk with 1,000,000.00 in cash and stocks at 100.00, one cent a tick and one share a lot."""

    def desk(self, margin: bool = True, position: int = 0) -> Any:
        """A new desk; `position` lots of stock 0 were bought at 100.00 by an operator's entry."""
        s = new_state()[0]
        s["instrument_count"], s["strategy_count"], s["now_ns"] = 2, 1, 10**18
        s["limits"]["emergency_collar_ppm"] = 300_000
        for number in (0, 1):
            record = s["instruments"][number]
            record["active"] = record["tick_value_numerator"] = record["tick_value_denominator"] = 1
            record["last_ticks"] = record["mark_ticks"] = PRICE
            record["fee_ppm_max"] = 1_000
            s["instrument_limits"][number]["collar_ppm"] = 50_000
        open_books(s, CASH, margin, 0)
        if position:
            self.order(s, abs(position), side=1 if position > 0 else -1)
            self.fill(s, 1, abs(position))
        mark(s)
        return s

    def order(
        self,
        s: Any,
        lots: int = 100,
        side: int = 1,
        filled: int = 0,
        state: int = OrderState.WORKING,
        **more: Any,
    ) -> int:
        """An order that was approved and stands in `state`; its number. Ended ones are remembered."""
        slot, order_id = take_slot(s), int(s["next_order_id"])
        s["next_order_id"] = order_id + 1
        order = s["orders"][slot]
        fields = {"order_id": order_id, "quantity_lots": lots, "side": side, "state": state,
                  "limit_ticks": 10_500 if side > 0 else 9_500, "last_event": 1 + order_id,
                  "order_type": OrderType.MARKET, "time_in_force": TimeInForce.DAY,
                  "reference_fine": PRICE * FINE_PER_TICK}  # fmt: skip
        s["orders"][slot] = np.zeros(1, ORDER)[0]
        for name, value in (fields | more).items():
            order[name] = value
        open_leaves(s, slot)
        close_leaves(s, slot, filled)
        order["filled_lots"] = filled
        if OrderState.FILLED <= state <= OrderState.EXPIRED:
            close_leaves(s, slot, lots - filled)
            remember(s, slot)
            s["order_count"] -= 1
        return order_id

    def report(self, s: Any, order_id: int, kind: int, **fields: int) -> None:
        """The venue says something about an order."""
        report = np.zeros(1, REPORT)[0]
        for name, value in {"order_id": order_id, "kind": kind, "ts_exchange": 5, **fields}.items():
            report[name] = value
        take_report(s, report)

    def fill(
        self, s: Any, order_id: int, lots: int, execution: int = 1, price: int = PRICE, fee: int = 0,
        kind: int = ReportKind.FILL,
    ) -> None:  # fmt: skip
        """The venue says that lots were filled at a price in ticks."""
        fine = price * FINE_PER_TICK
        fields = {"last_lots": lots, "execution_id": execution, "price_fine": fine, "base_fine": fine}
        self.report(s, order_id, kind, fee_minor=fee, **fields)

    def bust(self, s: Any, order_id: int, lots: int, **as_booked: int) -> None:
        """The venue takes a fill back, told as it was booked."""
        self.fill(s, order_id, lots, kind=ReportKind.BUST, **as_booked)

    def events(self, s: Any) -> list[tuple[int, int, int, int]]:
        """All events as (kind, lots, state before, state after)."""
        table = s["events"][: s["event_count"]]
        return [(int(e["kind"]), int(e["lots"]), int(e["state_from"]), int(e["state_to"])) for e in table]

    def books(self, s: Any) -> tuple[int, int, int]:
        """(position, cash, reserved) after a check that all invariants of the books hold."""
        mark(s)
        assert check_books_full(s) == 0
        return (
            int(s["positions"][0, 0]["lots"]),
            int(s["ledger"]["cash_minor"]),
            int(s["ledger"]["reserved_minor"]),
        )


@pytest.fixture(scope="session")
def bench() -> Bench:
    """The bench, once for all tests of the room."""
    return Bench()
