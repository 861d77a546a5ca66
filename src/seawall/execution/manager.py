"""The order manager: which orders exist, where each stands, and what a report does to it.

Rule 1: an order stands in one slot while it can still fill, and leaves it when it cannot.
Rule 2: states change by the table of model/orders.py alone; a pair it lacks halts the desk.
Rule 3: a fill is booked before anything else is said about it, also when it comes late; it is
        booked once, however often it is reported.
Rule 4: each event of an order names what caused it: the event before it or, of a command,
        the decision; so its life reads as a chain.
Rule 5: no answer and a bust give the exposure back that they may bring: an order counts until
        the venue has said that it can no longer fill.

Theory of operation: `slots` are kept dense, so that a look-up is a short scan and the order
of slots is a function of the events alone. Orders that ended are kept in `recent`, the newest
of 64, for late answers and for the duplicate rule. An answer about an order that is forgotten
even there is noted if it moves nothing; a fill of it halts, because nobody can say whose it is.

A report of a fill is a repeat if its execution id is at or below the highest one booked for its
order: whoever connects a venue numbers executions in the order of their first arrival, and
hands a repeat on under the number of the first. A repeat leaves a record and moves nothing.
"""

from typing import Any

from seawall.execution.exits import arm, disarm
from seawall.kernels.jit import kernel
from seawall.kernels.records import new_event
from seawall.kernels.state import COMMANDS_MAX, ORDERS_MAX
from seawall.model.kinds import CommandKind, EventKind, ReportKind, WakeReason
from seawall.model.orders import FLAG_BUST, FLAG_LATE_FILL, FLAG_OVERFILL, NEXT, OrderEvent, OrderState
from seawall.model.reasons import Reason
from seawall.model.units import cost_minor
from seawall.portfolio.exposure import close_leaves, open_leaves
from seawall.portfolio.ledger import post_bust, post_fill

__all__ = [
    "HALT_FORGOTTEN",
    "HALT_ILLEGAL",
    "HALT_REPLACED",
    "HALT_UNKNOWN_ORDER",
    "find_recent",
    "find_slot",
    "remember",
    "request_cancel",
    "take_report",
    "take_slot",
    "working_lots",
]

HALT_ILLEGAL = 20
HALT_UNKNOWN_ORDER = 21
HALT_REPLACED = 22  # this desk asks for no replacements, so that an answer to one is not ours
HALT_FORGOTTEN = 23

ACCEPTED = int(ReportKind.ACCEPTED)
REJECTED = int(ReportKind.REJECTED)
FILL = int(ReportKind.FILL)
CANCELLED = int(ReportKind.CANCELLED)
CANCEL_REJECTED = int(ReportKind.CANCEL_REJECTED)
EXPIRED = int(ReportKind.EXPIRED)
REPLACED = int(ReportKind.REPLACED)
REPLACE_REJECTED = int(ReportKind.REPLACE_REJECTED)
BUST = int(ReportKind.BUST)
NO_ANSWER = int(EventKind.NO_ANSWER)  # what the shell reports when the venue has not answered in time

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
ON_NO_ANSWER = int(OrderEvent.NO_ANSWER)
ON_BUST = int(OrderEvent.BUST)

STATE_WORKING = int(OrderState.WORKING)
STATE_PARTLY = int(OrderState.PARTIALLY_FILLED)
STATE_PENDING_CANCEL = int(OrderState.PENDING_CANCEL)
STATE_FILLED = int(OrderState.FILLED)
STATE_EXPIRED = int(OrderState.EXPIRED)
COMMAND_CANCEL = int(CommandKind.CANCEL)
EVENT_CANCEL = int(EventKind.COMMAND_CANCEL)
WAKE_ORDER = int(WakeReason.ORDER)
NOTHING_TO_REDUCE = int(Reason.NO_POSITION_TO_REDUCE)


@kernel
def find_slot(s: Any, order_id: int) -> int:
    """The slot of an order that can still fill, or -1."""
    for slot in range(s["order_count"]):
        if s["orders"][slot]["order_id"] == order_id:
            return slot
    return -1


@kernel
def find_recent(s: Any, order_id: int) -> int:
    """The place of an order among the 64 that ended last, or -1."""
    for place in range(s["recent"].shape[0]):
        if s["recent"][place]["order_id"] == order_id:
            return place if order_id > 0 else -1
    return -1


@kernel
def take_slot(s: Any) -> int:
    """A new empty slot at the end; the open-orders rule keeps the table from overflowing."""
    slot = s["order_count"]
    assert slot < ORDERS_MAX
    s["order_count"] = slot + 1
    return slot


@kernel
def remember(s: Any, slot: int) -> None:
    """Copies an order that ended among the recent ones, in place of the one that ended first."""
    oldest = 0
    for place in range(s["recent"].shape[0]):
        if s["recent"][place]["last_event"] < s["recent"][oldest]["last_event"]:
            oldest = place
    s["recent"][oldest] = s["orders"][slot]


@kernel
def working_lots(s: Any, strategy: int, instrument: int) -> int:
    """Signed lots that the strategy's working orders in the instrument would still fill.

    In flight and UNKNOWN count. An order under cancel does not, for it is wanted no more; the
    gate counts it until the venue has confirmed.
    """
    total = 0
    for slot in range(s["order_count"]):
        order = s["orders"][slot]
        if order["instrument"] != instrument or order["strategy"] != strategy:
            continue
        if order["state"] != STATE_PENDING_CANCEL:
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
    order["last_event"] = record["sequence"]
    index = s["command_count"]
    assert index < COMMANDS_MAX
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
        _take_stray(s, report)
        return
    order = s["orders"][slot] if slot >= 0 else s["recent"][place]
    event = _order_event_of(order, report)
    after = NEXT[order["state"], event]
    impossible = event == ON_BUST and not 0 < report["last_lots"] <= order["filled_lots"]
    if after == 0 or impossible or event == ON_REPLACED:
        _halt(s, HALT_REPLACED if event == ON_REPLACED else HALT_ILLEGAL, report["order_id"])
        return
    record = _order_event(s, report["kind"], order, order["last_event"])
    record["ts_exchange"] = report["ts_exchange"]
    record["reason"] = report["reason"]
    order["last_event"] = record["sequence"]
    s["group_events"] += 1
    if report["kind"] == FILL and report["execution_id"] <= order["last_execution_id"]:
        record["lots"] = 0
        record["execution_id"] = report["execution_id"]
        return
    if report["kind"] == FILL:
        _book_fill(s, order, report, record, slot)
    elif event == ON_BUST:
        slot = _book_bust(s, order, report, record, slot)
        order = s["orders"][slot] if slot >= 0 else order
    elif event in (ON_CANCEL_REJECTED, ON_NO_ANSWER):
        order["cancel_requested"] = 0  # a cancel may be sent again: asking twice does no harm
    _move(s, order, record, after)
    strategy, number = order["strategy"], order["instrument"]
    if slot >= 0 and STATE_FILLED <= order["state"] <= STATE_EXPIRED:
        _end(s, slot)
    if event in (ON_PART, ON_LAST):
        _drop_reducers(s, strategy, number, record["sequence"])


@kernel
def _move(s: Any, order: Any, record: Any, after: int) -> None:
    """Sets the state, with what the quantities add to the table, and wakes who waits for it."""
    if after == STATE_WORKING and order["filled_lots"] > 0:
        after = STATE_PARTLY
    if after == STATE_PARTLY and order["filled_lots"] >= order["quantity_lots"]:
        after = STATE_FILLED  # a bust of an overfilled order
    record["state_to"] = after
    order["state"] = after
    s["timer_changed"] = 1
    if s["wake_orders"]:
        s["wake_reasons"] |= WAKE_ORDER


@kernel
def _drop_reducers(s: Any, strategy: int, number: int, cause: int) -> None:
    """Cancels the orders that were to reduce a position which is gone or has changed sides."""
    position = s["positions"][strategy, number]["lots"]
    for slot in range(s["order_count"]):
        order = s["orders"][slot]
        mine = order["strategy"] == strategy and order["instrument"] == number
        if mine and order["reduce_only"] and order["side"] * position >= 0:
            request_cancel(s, slot, cause, NOTHING_TO_REDUCE)


@kernel
def _take_stray(s: Any, report: Any) -> None:
    """A report about an order that is not in memory: noted, unless it would have to be booked."""
    if not 0 < report["order_id"] < s["next_order_id"]:
        _halt(s, HALT_UNKNOWN_ORDER, report["order_id"])
        return
    if report["kind"] in (FILL, BUST):
        _halt(s, HALT_FORGOTTEN, report["order_id"])
        return
    record = new_event(s, report["kind"], 0)
    record["order_id"] = report["order_id"]
    record["instrument"] = report["instrument"]
    record["ts_exchange"] = report["ts_exchange"]
    record["reason"] = report["reason"]
    s["group_events"] += 1


@kernel
def _order_event_of(order: Any, report: Any) -> int:
    """The event of the table that a report is; 0, which no state takes, for none of them."""
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
    if kind == NO_ANSWER:
        return ON_NO_ANSWER
    if kind == BUST:
        return ON_BUST
    if kind == REPLACED:
        return ON_REPLACED
    return ON_REPLACE_REJECTED if kind == REPLACE_REJECTED else 0


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
    amount = cost_minor(instrument, side, lots, report["price_fine"])
    ideal = cost_minor(instrument, side, lots, order["reference_fine"])
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
    _protect(s, order, report["price_fine"], side * lots, record["position_lots"])


@kernel
def _book_bust(s: Any, order: Any, report: Any, record: Any, slot: int) -> int:
    """Reverses a fill, given as it was booked; the slot of the order, or -1 if it is over.

    The lots may come back to the book, so they are reserved again: an order that was filled
    takes a slot again. One that had ended otherwise stays where it is.
    """
    lots, side, number, strategy = report["last_lots"], order["side"], order["instrument"], order["strategy"]
    realised = post_bust(
        s, strategy, number, side, lots, report["price_fine"], report["fee_minor"], record["sequence"]
    )
    record["lots"] = lots
    record["cumulative_lots"] = order["filled_lots"] - lots
    record["price_fine"] = report["price_fine"]
    record["amount_minor"] = cost_minor(s["instruments"][number], side, lots, report["price_fine"])
    record["fee_minor"] = report["fee_minor"]
    record["realised_minor"] = realised
    record["execution_id"] = report["execution_id"]
    order["flags"] |= FLAG_BUST
    record["flags"] = order["flags"]
    record["position_lots"] = s["positions"][strategy, number]["lots"]
    record["cash_minor"] = s["ledger"]["cash_minor"]
    _follow(s, order, record["position_lots"] + side * lots, record["position_lots"])
    if slot >= 0:
        close_leaves(s, slot, order["quantity_lots"] - order["filled_lots"])
    order["filled_lots"] -= lots
    if slot < 0 and order["state"] == STATE_FILLED and order["filled_lots"] < order["quantity_lots"]:
        slot = take_slot(s)
        s["orders"][slot] = order
        order["order_id"] = 0  # it is no longer among those that ended
    if slot >= 0:
        open_leaves(s, slot)
    return slot


@kernel
def _protect(s: Any, order: Any, price_fine: int, lots: int, position: int) -> None:
    """Arms the order's protective exits when it opened a position; `lots` signed, position after."""
    strategy, number = order["strategy"], order["instrument"]
    _follow(s, order, position - lots, position)
    wanted = order["stop_loss"] > 0 or order["take_profit"] > 0 or order["trailing"] > 0
    wanted = wanted or order["time_stop_bars"] > 0
    if wanted and order["side"] * position > 0 and s["exits"][strategy, number]["active"] == 0:
        arm(
            s, strategy, number, order["stop_loss"], order["take_profit"], order["trailing"],
            order["time_stop_bars"], price_fine,
        )  # fmt: skip


@kernel
def _follow(s: Any, order: Any, before: int, after: int) -> None:
    """Ends the exits of a position that is flat or has changed sides."""
    if after == 0 or before * after < 0:
        disarm(s, order["strategy"], order["instrument"])


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
