"""What the tests of the engine share: a whole core with a scripted policy and a scripted venue.

The desk trades two stocks of one cent a tick around the clock. A test says what the policy wants
at its next wake and what the venue answers; all between is the real thing.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from seawall.engine.core import Engine
from seawall.kernels.rows import BAR_CLOSE, BAR_HIGH, BAR_LOW, BAR_OPEN, FLAG_LAST, ROW
from seawall.kernels.state import FINE_PER_TICK, REPORT, new_state
from seawall.model.events import MarketData, Timer, VenueReport
from seawall.model.instruments import Instrument
from seawall.model.intents import Order
from seawall.model.kinds import ReportKind
from seawall.model.orders import Side
from seawall.model.sessions import always_open
from seawall.portfolio.ledger import check_books_full, mark, open_books
from seawall.risk.limits import RiskSettings, to_limits
from seawall.strategies.view import View
from seawall.strategies.wakes import OnBarClose
from seawall.strategies.wiring import wire_policy

MINUTE = 60 * 10**9
START = 1_767_225_600 * 10**9  # 2026-01-01
RISK: dict[str, Any] = {
    "price_collar": 0.05, "order_volume_share_max": "none", "single_name_max": 1.0, "max_age": "1h",
    "order_notional_max": 10_000_000, "drawdown_max": "none", "daily_loss_share_max": "none",
}  # fmt: skip


class Script:
    """A policy that returns what the test has laid ready, and writes down its wakes."""

    features = ()

    def __init__(self, wakes: tuple[Any, ...]) -> None:
        self.wakes = wakes
        self.ready: Any = None
        self.woken: list[tuple[int, int]] = []

    def decide(self, view: View) -> Any:
        """Whatever was laid ready, once."""
        self.woken.append((view.now, view.reasons))
        ready, self.ready = self.ready, None
        return ready


class Desk:
    """A core in whose hands the test puts rows, reports and wishes."""

    def __init__(self, margin: bool, wakes: tuple[Any, ...], risk: dict[str, Any], daily: bool) -> None:
        self.state = new_state()
        self.s: Any = self.state[0]
        names, tick = ("ONE", "TWO"), Decimal("0.01")
        instruments = tuple(Instrument(name=n, tick=tick, sessions="24/7", shortable=True) for n in names)
        limits, each = to_limits(RiskSettings(**(RISK | risk)), instruments)
        self.s["limits"], self.s["instrument_limits"] = limits[0], each
        self._fill(margin, daily)
        self.policy = Script(wakes)
        wire_policy(self.s, self.policy)
        view = View(self.state, instruments, (), crossings=(), predictions={}, currency="USD")
        ticks = (Fraction(1, 100),) * 2
        self.engine = Engine(self.state, names, ticks, (Fraction(100),) * 2, self.policy, view, {})
        self.now = START
        self.commands: list[np.void] = []

    def _fill(self, margin: bool, daily: bool) -> None:
        s, table = self.s, always_open(2025, 2027)
        count = len(table.opens)
        s["session_open"][0, :count], s["session_close"][0, :count] = table.opens, table.closes
        s["session_count"][0], s["instrument_count"], s["strategy_count"] = count, 2, 1
        for number in (0, 1):
            record = s["instruments"][number]
            record["active"] = record["tick_value_numerator"] = record["tick_value_denominator"] = 1
            record["shortable"], record["daily"] = int(margin), int(daily)
            record["interval_ns"] = 24 * 60 * MINUTE if daily else MINUTE
            record["assumed_volume_lots"], record["fee_ppm_max"] = -1, 1_000
        open_books(s, 100_000_000, margin, 0)

    def row(self, kind: int, price: int, ts: int, number: int = 0, size: int = 0, last: bool = True) -> Any:
        """One market row."""
        row = np.zeros(1, ROW)
        row["ts_exchange"] = row["ts_local"] = ts
        row["price_ticks"], row["size_lots"], row["instrument"], row["kind"] = price, size, number, kind
        row["flags"] = FLAG_LAST if last else 0
        return row

    def closing(self, price: int, ts: int, number: int = 0, low: int = 0, high: int = 0) -> Any:
        """The closing packet of a bar."""
        kinds = ((BAR_HIGH, max(high, price)), (BAR_LOW, low or price), (BAR_CLOSE, price))
        return np.concatenate([self.row(k, p, ts, number, 10_000, k == BAR_CLOSE) for k, p in kinds])

    def take(self, event: Any) -> Any:
        """The core takes an event; its commands are kept."""
        outcome = self.engine.apply(event)
        self.commands += [command.copy() for command in outcome.commands]
        return outcome

    def settle(self) -> Any:
        """The time goes on, so that the last group ends."""
        return self.take(Timer(int(self.s["group_ts"]) + 1))

    def bar(self, price: int, *wishes: Any, low: int = 0, high: int = 0, number: int = 0) -> Any:
        """A whole bar of a minute at one price; then the policy wants `wishes`. The last outcome."""
        self.take(MarketData(self.row(BAR_OPEN, price, self.now, number)))
        self.now += MINUTE
        self.policy.ready = list(wishes)
        self.take(MarketData(self.closing(price, self.now - 1, number, low, high)))
        return self.settle()

    def say(self, order_id: int, kind: int = ReportKind.ACCEPTED, **fields: int) -> Any:
        """The venue's answer arrives."""
        report = np.zeros(1, REPORT)
        report["ts_exchange"] = report["ts_local"] = int(self.s["now_ns"])
        for name, value in {"order_id": order_id, "kind": kind, **fields}.items():
            report[name] = value
        return self.take(VenueReport(report))

    def fill(self, order_id: int, lots: int, price: int, execution: int) -> Any:
        """The venue fills lots at a price in ticks, without a fee."""
        fine = price * FINE_PER_TICK
        fields = {"last_lots": lots, "price_fine": fine, "base_fine": fine, "execution_id": execution}
        return self.say(order_id, ReportKind.FILL, **fields)

    def buy(self, lots: int, *others: Any, price: int = 10_000, **more: Any) -> None:
        """A position from nothing: an order that is filled at once; `others` go with it."""
        side = Side.BUY if lots > 0 else Side.SELL
        made = self.bar(
            price, Order("ONE", side=side, lots=abs(lots), reason="to begin with", **more), *others
        )
        self.fill(int(made.commands[0]["order_id"]), abs(lots), price, 1)

    def records(self, lane: str) -> Any:
        """All records of a lane so far."""
        found = [records for name, records in self.engine.pending if name == lane]
        return np.concatenate(found) if found else self.s[lane][:0]

    def books(self) -> int:
        """The position in the first stock, after a check of all invariants."""
        mark(self.s)
        assert check_books_full(self.s) == 0
        return int(self.s["positions"][0, 0]["lots"])


class Bench:
    """Makes desks."""

    def desk(
        self, margin: bool = False, wakes: tuple[Any, ...] = (OnBarClose(),), daily: bool = False, **risk: Any
    ) -> Desk:
        """A desk of 1,000,000.00 with limits that are not in the way, but for those in `risk`."""
        return Desk(margin, wakes, risk, daily)


@pytest.fixture(scope="session")
def bench() -> Bench:
    """The bench, once for all tests of the room."""
    return Bench()
