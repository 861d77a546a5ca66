"""The venue's order table: what happens to a command when it arrives.

Rule 1: a command is answered once, when it arrives: accepted, done, or rejected with the
        first reason that applies, in the order of model/reasons.py.
Rule 2: order ids rise; an id at or below the highest one seen is a duplicate.
Rule 3: an order that was decided in a split instrument's old units is rejected for that.
Rule 4: a bar that is under way when an order arrives or is replaced cannot fill it.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.kinds import CommandKind, ReportKind
from seawall.model.orders import OrderType, TimeInForce
from seawall.model.reasons import Reason
from seawall.model.units import lots_max
from seawall.simulator.draws import is_rejected
from seawall.simulator.reports import new_report
from seawall.simulator.state import FILLED_KEPT, IMPACT_NONE, NEVER, ORDERS_KEPT
from seawall.simulator.table import end_order
from seawall.simulator.touch import try_arrived, would_take

__all__ = ["expire_orders", "receive", "remove_orders_of"]

NEW = int(CommandKind.NEW)
CANCEL = int(CommandKind.CANCEL)
ACCEPTED = int(ReportKind.ACCEPTED)
REJECTED = int(ReportKind.REJECTED)
CANCELLED = int(ReportKind.CANCELLED)
CANCEL_REJECTED = int(ReportKind.CANCEL_REJECTED)
EXPIRED = int(ReportKind.EXPIRED)
REPLACED = int(ReportKind.REPLACED)
REPLACE_REJECTED = int(ReportKind.REPLACE_REJECTED)

LIMIT = int(OrderType.LIMIT)
STOP_LIMIT = int(OrderType.STOP_LIMIT)
DAY = int(TimeInForce.DAY)
FOK = int(TimeInForce.FOK)

NONE = int(Reason.NONE)
INVALID = int(Reason.VENUE_INVALID)
CLOSED = int(Reason.VENUE_CLOSED)
BAND = int(Reason.VENUE_BAND)
DUPLICATE = int(Reason.VENUE_DUPLICATE)
RANDOM = int(Reason.VENUE_RANDOM)
CAPACITY = int(Reason.VENUE_CAPACITY)
NO_LIQUIDITY = int(Reason.VENUE_NO_LIQUIDITY)
TIME_IN_FORCE = int(Reason.VENUE_TIME_IN_FORCE)
UNKNOWN_ORDER = int(Reason.VENUE_UNKNOWN_ORDER)
CORPORATE_ACTION = int(Reason.VENUE_CORPORATE_ACTION)
TOO_LATE = int(Reason.VENUE_TOO_LATE)
POST_ONLY = int(Reason.VENUE_POST_ONLY)

PPM = 1_000_000


@kernel
def receive(v: Any, books: Any, command: Any, ts: int) -> None:
    """Answers a command that arrives at exchange time `ts`; on ticks an order is tried at once."""
    if command["kind"] == NEW:
        if _receive_new(v, command, ts):
            try_arrived(v, books, v["order_count"] - 1, ts)
        return
    index = _find(v, command["order_id"])
    if command["kind"] == CANCEL:
        _receive_cancel(v, command, ts, index)
    else:
        _receive_replace(v, command, ts, index)


@kernel
def expire_orders(v: Any, ts: int) -> None:
    """Ends all orders whose time is over at `ts` and notes when the next one is."""
    index = 0
    following = NEVER
    while index < v["order_count"]:
        expires = v["orders"][index]["expires_ts"]
        if expires <= ts:
            end_order(v, index, ts, EXPIRED, TIME_IN_FORCE)
        else:
            following = min(following, expires)
            index += 1
    v["next_expiry_ts"] = following


@kernel
def remove_orders_of(v: Any, instrument: int, ts: int) -> None:
    """Cancels all working orders of an instrument because of a corporate action."""
    index = 0
    while index < v["order_count"]:
        if v["orders"][index]["instrument"] == instrument:
            end_order(v, index, ts, CANCELLED, CORPORATE_ACTION)
        else:
            index += 1


@kernel
def _receive_new(v: Any, command: Any, ts: int) -> bool:
    """Whether the order was accepted; it then stands last in the table."""
    expires = _expiry(v, command, ts)
    reason = _reason_to_reject(v, command, ts, expires)
    v["order_id_max"] = max(v["order_id_max"], command["order_id"])
    if reason != NONE:
        new_report(v, ts, command["order_id"], command["instrument"], REJECTED, reason)
        return False
    order = v["orders"][v["order_count"]]
    v["order_count"] += 1
    instrument = v["instruments"][command["instrument"]]
    instrument["working"] += 1
    order["order_id"] = command["order_id"]
    order["quantity_lots"] = command["quantity_lots"]
    order["cumulative_lots"] = 0
    order["limit_ticks"] = command["limit_ticks"]
    order["stop_ticks"] = command["stop_ticks"]
    order["expires_ts"] = expires
    order["bar_number"] = instrument["bar_number"]
    order["commission_minor"] = 0
    order["charged_minor"] = 0
    order["instrument"] = command["instrument"]
    order["side"] = command["side"]
    order["order_type"] = command["order_type"]
    order["time_in_force"] = command["time_in_force"]
    order["triggered"] = 0
    order["reduce_only"] = command["reduce_only"]
    order["post_only"] = command["post_only"]
    order["resting"] = command["post_only"]  # it never takes, not even a book that it cannot see yet
    v["next_expiry_ts"] = min(v["next_expiry_ts"], expires)
    new_report(v, ts, command["order_id"], command["instrument"], ACCEPTED, NONE)
    return True


@kernel
def _reason_to_reject(v: Any, command: Any, ts: int, expires: int) -> int:
    if _is_malformed(v, command):
        return INVALID
    instrument = v["instruments"][command["instrument"]]
    if command["ts_sent"] < instrument["action_ts"]:
        return CORPORATE_ACTION
    if expires < 0:
        return CLOSED
    if _is_outside_band(v, instrument, command["order_type"], command["limit_ticks"], command["stop_ticks"]):
        return BAND
    if command["order_id"] <= v["order_id_max"]:
        return DUPLICATE
    if is_rejected(v, command["order_id"]):
        return RANDOM
    if v["order_count"] == ORDERS_KEPT:
        return CAPACITY
    if command["post_only"] and would_take(v, command["instrument"], command["side"], command["limit_ticks"]):
        return POST_ONLY
    if _lacks_volume(v, command["instrument"]):
        return NO_LIQUIDITY
    return TIME_IN_FORCE if expires <= ts else NONE


@kernel
def _is_malformed(v: Any, command: Any) -> bool:
    number = command["instrument"]
    if number < 0 or number >= v["instrument_count"]:
        return True
    kind = command["order_type"]
    if kind < 1 or kind > STOP_LIMIT or command["time_in_force"] < 1 or command["time_in_force"] > FOK:
        return True
    if abs(command["side"]) != 1 or (kind == STOP_LIMIT and command["stop_ticks"] <= 0):
        return True
    return _is_impossible(v["instruments"][number], command["quantity_lots"], command["limit_ticks"])


@kernel
def _is_impossible(instrument: Any, lots: int, limit_ticks: int) -> bool:
    """Not above zero, or so large that its money would not fit."""
    if lots <= 0 or limit_ticks <= 0:
        return True
    last = instrument["last_ticks"] if instrument["last_ticks"] > 0 else limit_ticks
    return lots > lots_max(instrument, min(limit_ticks, last), max(limit_ticks, last))


@kernel
def _is_outside_band(v: Any, instrument: Any, kind: int, limit_ticks: int, stop_ticks: int) -> bool:
    """A limit is held against the last price and a stop's limit against its stop.

    A market order's worst price is its owner's own bound, and nothing is held against a
    price that is not known yet.
    """
    reference = stop_ticks if kind == STOP_LIMIT else instrument["last_ticks"]
    if v["price_band_ppm"] == 0 or reference <= 0 or kind not in (LIMIT, STOP_LIMIT):
        return False
    return float(abs(limit_ticks - reference)) * PPM > float(reference) * float(v["price_band_ppm"])


@kernel
def _lacks_volume(v: Any, number: int) -> bool:
    """Volume is needed, bars have been seen (or there are no trades), and nothing told it."""
    tick = v["ticks"][number]
    needed = v["impact_model"] != IMPACT_NONE
    if tick["is_ticks"] == 0:
        needed = needed or v["participation_ppm"] >= 0
    elif tick["book"] >= 0:
        return False  # depth says what a size costs
    instrument = v["instruments"][number]
    if tick["is_ticks"] and needed and tick["has_trades"] == 0:
        return instrument["volume_average"] <= 0.0
    return needed and instrument["bars_closed"] > 0 and instrument["previous_volume_lots"] < 0


@kernel
def _expiry(v: Any, command: Any, ts: int) -> int:
    """When the order ends by itself; -1 for a DAY order after the last session that is known."""
    expires = command["expires_ts"] if command["expires_ts"] > 0 else NEVER
    number = command["instrument"]
    if command["time_in_force"] != DAY or number < 0 or number >= v["instrument_count"]:
        return expires
    table = v["instruments"][number]["session_table"]
    closes = v["session_close"][table]
    low, high = 0, v["session_count"][table]
    while low < high:  # the first close after `ts`: of the session under way, else of the next
        middle = (low + high) // 2
        if closes[middle] <= ts:
            low = middle + 1
        else:
            high = middle
    return min(expires, closes[low]) if low < v["session_count"][table] else -1


@kernel
def _receive_cancel(v: Any, command: Any, ts: int, index: int) -> None:
    if index >= 0:
        end_order(v, index, ts, CANCELLED, NONE)
        return
    reason = _reason_not_working(v, command["order_id"])
    new_report(v, ts, command["order_id"], command["instrument"], CANCEL_REJECTED, reason)


@kernel
def _receive_replace(v: Any, command: Any, ts: int, index: int) -> None:
    reason = _reason_not_to_replace(v, command, index)
    if reason != NONE:
        new_report(v, ts, command["order_id"], command["instrument"], REPLACE_REJECTED, reason)
        return
    orders = v["orders"]
    order = orders[index]
    order["quantity_lots"] = command["quantity_lots"]
    order["limit_ticks"] = command["limit_ticks"]
    if order["order_type"] == STOP_LIMIT and not order["triggered"]:
        order["stop_ticks"] = command["stop_ticks"]
    order["bar_number"] = v["instruments"][order["instrument"]]["bar_number"]
    order["resting"] = order["post_only"]
    report = new_report(v, ts, order["order_id"], order["instrument"], REPLACED, NONE)
    report["cumulative_lots"] = order["cumulative_lots"]
    # It goes to the end of the line: first into the spare slot, then all move up by one.
    orders[v["order_count"]] = orders[index]
    for place in range(index, v["order_count"]):
        orders[place] = orders[place + 1]


@kernel
def _reason_not_to_replace(v: Any, command: Any, index: int) -> int:
    if index < 0:
        return _reason_not_working(v, command["order_id"])
    order = v["orders"][index]
    instrument = v["instruments"][order["instrument"]]
    waits = order["order_type"] == STOP_LIMIT and not order["triggered"]
    if waits and command["stop_ticks"] <= 0:
        return INVALID
    if _is_impossible(instrument, command["quantity_lots"], command["limit_ticks"]):
        return INVALID
    # A stop that was triggered is a limit.
    kind = LIMIT if order["triggered"] else order["order_type"]
    if _is_outside_band(v, instrument, kind, command["limit_ticks"], command["stop_ticks"]):
        return BAND
    return TOO_LATE if command["quantity_lots"] <= order["cumulative_lots"] else NONE


@kernel
def _reason_not_working(v: Any, order_id: int) -> int:
    """Too late if the order is among the last filled ones, else unknown."""
    for index in range(min(v["filled_count"], FILLED_KEPT)):
        if v["filled"][index] == order_id:
            return TOO_LATE
    return UNKNOWN_ORDER


@kernel
def _find(v: Any, order_id: int) -> int:
    for index in range(v["order_count"]):
        if v["orders"][index]["order_id"] == order_id:
            return index
    return -1
