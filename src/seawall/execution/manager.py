"""The order manager: which orders exist, where each stands, and what a report does to it.

Rule 1: an order stands in one slot while it can still fill, and leaves it when it cannot.
Rule 2: states change by the table of model/orders.py alone; a pair it lacks halts the desk.
Rule 3: a fill is booked before anything else is said about it, also when it comes late.
Rule 4: each event of an order names the event before it, so its life reads as a chain.

Theory of operation: `slots` are kept dense, so that a look-up is a short scan and the order
of slots is a function of the events alone. Orders that ended are kept in the `recent` ring
for late fills and for the duplicate rule.
"""

from typing import Any

from seawall.execution.exits import arm, disarm
from seawall.kernels.jit import kernel
from seawall.kernels.records import new_event
from seawall.kernels.state import ORDERS_MAX
from seawall.model.kinds import CommandKind, EventKind, ReportKind, WakeReason
from seawall.model.orders import FLAG_LATE_FILL, FLAG_OVERFILL, NEXT, OrderEvent, OrderState
from seawall.model.units import fill_cost_minor
from seawall.portfolio.exposure import close_leaves
from seawall.portfolio.ledger import post_fill

__all__ = ["HALT_ILLEGAL", "HALT_UNKNOWN_ORDER", "find_slot", "find_recent", "remember", "request_cancel",
           "take_report", "take_slot", "working_lots"]  # fmt: skip

HALT_ILLEGAL = 20
HALT_UNKNOWN_ORDER = 21
RECENT = 64

ACCEPTED = int(ReportKind.ACCEPTED)
REJECTED = int(ReportKind.REJECTED)
FILL = int(ReportKind.FILL)
CANCELLED = int(ReportKind.CANCELLED)
CANCEL_REJECTED = int(ReportKind.CANCEL_REJECTED)
EXPIRED = int(ReportKind.EXPIRED)
REPLACED = int(ReportKind.REPLACED)
REPLACE_REJECTED = int(ReportKind.REPLACE_REJECTED)

ON_ACCEPTED = int(OrderEvent.ACCEPTED)
ON_REJECTED = int(OrderEvent.REJECTED)
ON_PART = int(OrderEvent.FILL_PART)
ON_LAST = int(OrderEvent.FILL_LAST)
ON_CANCELLED = int(OrderEvent.CANCELLED)
ON_CANCEL_REJECTED = int(OrderEvent.CANCEL_REJECTED)
ON_EXPIRED = int(OrderEvent.EXPIRED)
ON_REPLACED = int(OrderEvent.REPLACED)
ON_REPLACE_REJECTED = int(OrderEvent.REPLACE_REJECTED)
ON_CANCEL_SENT = int(OrderEvent.CANCEL_SENT)

STATE_WORKING = int(OrderState.WORKING)
STATE_PARTLY = int(OrderState.PARTIALLY_FILLED)
STATE_FILLED = int(OrderState.FILLED)
STATE_EXPIRED = int(OrderState.EXPIRED)
COMMAND_CANCEL = int(CommandKind.CANCEL)
EVENT_CANCEL = int(EventKind.COMMAND_CANCEL)
WAKE_ORDER = int(WakeReason.ORDER)


@kernel
def find_slot(s: Any, order_id: int) -> int:
    """The slot of an order that can still fill, or -1."""
    for slot in range(s["order_count"]):
        if s["orders"][slot]["order_id"] == order_id:
            return slot
    return -1


@kernel
def find_recent(s: Any, order_id: int) -> int:
    """The place of an ended order in the ring of the last ones, or -1."""
    place = order_id % RECENT
    return place if order_id > 0 and s["recent"][place]["order_id"] == order_id else -1


@kernel
def take_slot(s: Any) -> int:
    """A new empty slot at the end; the open-orders rule keeps the table from overflowing."""
    slot = s["order_count"]
    assert slot < ORDERS_MAX
    s["order_count"] = slot + 1
    return slot


@kernel
def remember(s: Any, slot: int) -> None:
    """Copies the order into the ring of recent ones."""
    order = s["orders"][slot]
    s["recent"][order["order_id"] % RECENT] = order


@kernel
def working_lots(s: Any, strategy: int, instrument: int) -> int:
    """Signed lots that the strategy's working orders in the instrument would still fill."""
    total = 0
    for slot in range(s["order_count"]):
        order = s["orders"][slot]
        if order["instrument"] == instrument and order["strategy"] == strategy:
            total += order["side"] * (order["quantity_lots"] - order["filled_lots"])
    return total


@kernel
def request_cancel(s: Any, slot: int, cause: int, reason: int) -> None:
    """Asks the venue to cancel the order, once; cancels pass the gate by rule."""
    order = s["orders"][slot]
    if order["cancel_requested"]:
        return
    record = _order_event(s, EVENT_CANCEL, order, cause)
    record["reason"] = reason
    record["state_to"] = NEXT[order["state"], ON_CANCEL_SENT]
    order["state"] = record["state_to"]
    order["cancel_requested"] = 1
    index = s["command_count"]
    s["command_count"] = index + 1
    command = s["commands"][index]
    command["sequence"] = record["sequence"]
    command["kind"] = COMMAND_CANCEL
    command["order_id"] = order["order_id"]
    command["instrument"] = order["instrument"]
    command["side"] = order["side"]
    command["strategy"] = order["strategy"]
    command["ts_sent"] = s["now_ns"]
    command["phase"] = s["group_phase"] + 1


@kernel
def take_report(s: Any, report: Any) -> None:
    """Takes one report of the venue: books, moves the order, records, and flags a wake."""
    slot = find_slot(s, report["order_id"])
    place = find_recent(s, report["order_id"]) if slot < 0 else -1
    if slot < 0 and place < 0:
        _halt(s, HALT_UNKNOWN_ORDER, report["order_id"])
        return
    order = s["orders"][slot] if slot >= 0 else s["recent"][place]
    event = _order_event_of(order, report)
    after = NEXT[order["state"], event]
    if after == 0:
        _halt(s, HALT_ILLEGAL, report["order_id"])
        return
    record = _order_event(s, report["kind"], order, order["last_event"])
    record["ts_exchange"] = report["ts_exchange"]
    record["reason"] = report["reason"]
    order["last_event"] = record["sequence"]
    if report["kind"] == FILL:
        _book_fill(s, order, report, record, slot)
    if event == ON_CANCEL_REJECTED or event == ON_REPLACE_REJECTED or event == ON_REPLACED:
        after = _after_refusal(order, after)
    record["state_to"] = after
    order["state"] = after
    s["group_events"] += 1
    if s["wake_orders"]:
        s["wake_reasons"] |= WAKE_ORDER
    if slot >= 0 and STATE_FILLED <= after <= STATE_EXPIRED:
        _end(s, slot)


@kernel
def _order_event_of(order: Any, report: Any) -> int:
    kind = report["kind"]
    if kind == FILL:
        left = order["quantity_lots"] - order["filled_lots"] - report["last_lots"]
        return ON_LAST if left <= 0 else ON_PART
    if kind == ACCEPTED:
        return ON_ACCEPTED
    if kind == REJECTED:
        return ON_REJECTED
    if kind == CANCELLED:
        return ON_CANCELLED
    if kind == CANCEL_REJECTED:
        return ON_CANCEL_REJECTED
    if kind == EXPIRED:
        return ON_EXPIRED
    return ON_REPLACED if kind == REPLACED else ON_REPLACE_REJECTED


@kernel
def _after_refusal(order: Any, after: int) -> int:
    """Back from a pending state: partially filled if something was, and cancellable again."""
    order["cancel_requested"] = 0
    if after == STATE_WORKING and order["filled_lots"] > 0:
        return STATE_PARTLY
    return after


@kernel
def _order_event(s: Any, kind: int, order: Any, cause: int) -> Any:
    record = new_event(s, kind, cause)
    record["order_id"] = order["order_id"]
    record["instrument"] = order["instrument"]
    record["strategy"] = order["strategy"]
    record["side"] = order["side"]
    record["order_type"] = order["order_type"]
    record["lots"] = order["quantity_lots"] - order["filled_lots"]
    record["cumulative_lots"] = order["filled_lots"]
    record["limit_ticks"] = order["limit_ticks"]
    record["stop_ticks"] = order["stop_ticks"]
    record["state_from"] = order["state"]
    record["state_to"] = order["state"]
    record["reference_fine"] = order["reference_fine"]
    record["position_lots"] = s["positions"][order["strategy"], order["instrument"]]["lots"]
    record["cash_minor"] = s["ledger"]["cash_minor"]
    return record


@kernel
def _book_fill(s: Any, order: Any, report: Any, record: Any, slot: int) -> None:
    lots, side, number, strategy = report["last_lots"], order["side"], order["instrument"], order["strategy"]
    instrument = s["instruments"][number]
    numerator, denominator = instrument["tick_value_numerator"], instrument["tick_value_denominator"]
    amount = fill_cost_minor(side, lots, report["price_fine"], numerator, denominator)
    ideal = fill_cost_minor(side, lots, order["reference_fine"], numerator, denominator)
    if slot >= 0:
        close_leaves(s, slot, min(lots, order["quantity_lots"] - order["filled_lots"]))
    else:
        order["flags"] |= FLAG_LATE_FILL
    order["filled_lots"] += lots
    if order["filled_lots"] > order["quantity_lots"]:
        order["flags"] |= FLAG_OVERFILL
    realised = post_fill(
        s, strategy, number, side, lots, report["price_fine"], report["fee_minor"], record["sequence"]
    )
    order["last_execution_id"] = report["execution_id"]
    record["lots"] = lots
    record["cumulative_lots"] = order["filled_lots"]
    record["price_fine"] = report["price_fine"]
    record["base_fine"] = report["base_fine"]
    record["amount_minor"] = amount
    record["fee_minor"] = report["fee_minor"]
    record["spread_minor"] = report["spread_minor"]
    record["impact_minor"] = report["impact_minor"]
    record["delay_minor"] = amount - ideal - report["spread_minor"] - report["impact_minor"]
    record["realised_minor"] = realised
    record["execution_id"] = report["execution_id"]
    record["liquidity"] = report["liquidity"]
    record["flags"] = order["flags"]
    record["position_lots"] = s["positions"][strategy, number]["lots"]
    record["cash_minor"] = s["ledger"]["cash_minor"]
    _protect(s, order, report["price_fine"], record["position_lots"])


@kernel
def _protect(s: Any, order: Any, price_fine: int, position: int) -> None:
    """Arms the order's protective exits when it opened a position, disarms them when flat."""
    strategy, number = order["strategy"], order["instrument"]
    if position == 0:
        disarm(s, strategy, number)
        return
    wanted = order["stop_loss"] > 0 or order["take_profit"] > 0 or order["trailing"] > 0
    wanted = wanted or order["time_stop_bars"] > 0
    if wanted and order["side"] * position > 0 and s["exits"][strategy, number]["active"] == 0:
        arm(
            s, strategy, number, order["stop_loss"], order["take_profit"], order["trailing"],
            order["time_stop_bars"], price_fine,
        )  # fmt: skip


@kernel
def _end(s: Any, slot: int) -> None:
    """Releases what the order still held, remembers it and frees its slot."""
    order = s["orders"][slot]
    leaves = order["quantity_lots"] - order["filled_lots"]
    if order["exit_kind"]:
        s["exits"][order["strategy"], order["instrument"]]["pending"] = 0
    close_leaves(s, slot, max(leaves, 0))
    remember(s, slot)
    last = s["order_count"] - 1
    if slot != last:
        s["orders"][slot] = s["orders"][last]
    s["order_count"] = last


@kernel
def _halt(s: Any, code: int, detail: int) -> None:
    if s["stop_code"] == 0:
        s["stop_code"] = code
        s["stop_sequence"] = s["sequence"] + 1
        s["stop_detail"] = detail


