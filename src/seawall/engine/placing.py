"""Placing: from an intent to an order that the gate has released, or to the reason why not.

Rule 1: each intent and each protective exit leaves at least one decision record, and so does
        each time that working orders are cancelled for one.
Rule 2: nothing is sent but through `review` and `release` of the risk gate.
Rule 3: exposure and cash are reserved before the command leaves.
Rule 4: a reduce-only order is cut to what is left to close after all that works already.
"""

from typing import Any

from seawall.execution.manager import find_slot, request_cancel, take_slot, working_lots
from seawall.execution.rebalance import collar_ticks, is_against, plan, target_lots
from seawall.kernels.bars import sessions_closed
from seawall.kernels.jit import kernel
from seawall.kernels.records import new_decision, new_event
from seawall.kernels.state import FINE_PER_TICK
from seawall.kernels.ticks import is_decidable
from seawall.model.kinds import DecisionKind, EventKind, IntentKind
from seawall.model.orders import OrderState, OrderType, TimeInForce
from seawall.model.reasons import Reason
from seawall.portfolio.exposure import open_leaves
from seawall.risk.gate import release, review
from seawall.risk.inputs import gather, is_reducing

__all__ = ["EXIT_VALUES", "exit_position", "forget_wake", "take_intents"]

EXIT_VALUES = (
    "entry ticks",
    "best ticks",
    "stop loss",
    "take profit",
    "trailing",
    "bars held",
    "bars at most",
)
"""Names of the values that a protective exit leaves; they are words 1 to 7 of every run."""
EXIT_VALUE_COUNT = len(EXIT_VALUES)
APPROVED = int(DecisionKind.APPROVED)
REFUSED = int(DecisionKind.REFUSED)
NO_ACTION = int(DecisionKind.NO_ACTION)
CANCEL = int(DecisionKind.CANCEL)
TARGET_LOTS = int(IntentKind.TARGET_LOTS)
TARGET_WEIGHT = int(IntentKind.TARGET_WEIGHT)
INTENT_CANCEL = int(IntentKind.CANCEL)
INTENT_CANCEL_ALL = int(IntentKind.CANCEL_ALL)
MARKET = int(OrderType.MARKET)
DAY = int(TimeInForce.DAY)
PENDING_NEW = int(OrderState.PENDING_NEW)
COMMAND_NEW = int(EventKind.COMMAND_NEW)
NO_PRICE = int(Reason.NO_REFERENCE_PRICE)
NO_ORDER = int(Reason.UNKNOWN_ORDER)
WORKING = int(Reason.ALREADY_WORKING)
CLIPPED = int(Reason.CLIPPED_TO_POSITION)


@kernel
def take_intents(s: Any) -> None:
    """Considers all intents of this wake in their order, and forgets the wake."""
    for index in range(s["intent_count"]):
        intent = s["intents"][index]
        if intent["kind"] == INTENT_CANCEL:
            _cancel_one(s, intent)
        elif intent["kind"] == INTENT_CANCEL_ALL:
            if not _cancel_all(s, intent, 0):
                decision = _decide(s, intent, NO_ACTION)
                decision["reason"] = NO_ORDER
        else:
            _consider(s, intent)
    if s["intent_count"] == 0:
        s["idle_wakes"] += 1
    s["intent_count"] = 0
    forget_wake(s)


@kernel
def forget_wake(s: Any) -> None:
    """Clears the reasons of a wake and the marks of what changed in it."""
    s["wake_reasons"] = 0
    s["crossed"] = 0
    for number in range(s["instrument_count"]):
        s["updated"][number] = 0


@kernel
def exit_position(s: Any, strategy: int, number: int, reason: int) -> None:
    """Sends the protective order: cancels what works, then closes the position at market."""
    lots = -s["positions"][strategy, number]["lots"]
    intent = s["intents"][s["intents"].shape[0] - 1]  # the last place is the exits' own scratch
    intent["kind"] = TARGET_LOTS
    intent["instrument"] = number
    intent["strategy"] = strategy
    intent["order_type"] = MARKET
    intent["time_in_force"] = DAY
    intent["reduce_only"] = 1
    intent["post_only"] = 0
    intent["exit_kind"] = reason
    intent["text"] = 0
    _note_exit(s, intent, s["exits"][strategy, number])
    intent["limit_ticks"] = 0
    intent["stop_ticks"] = 0
    intent["stop_loss"] = 0.0
    intent["take_profit"] = 0.0
    intent["trailing"] = 0.0
    intent["time_stop_bars"] = 0
    _cancel_all(s, intent, reason)
    if _place(s, intent, lots, 0) > 0:
        s["exits"][strategy, number]["pending"] = 1


@kernel
def _note_exit(s: Any, intent: Any, watched: Any) -> None:
    """What the exit saw, in ticks and fractions, as the values of its decision (EXIT_VALUES)."""
    intent["value_count"] = EXIT_VALUE_COUNT
    for place in range(EXIT_VALUE_COUNT):
        intent["value_names"][place] = place + 1
    intent["values"][0] = watched["entry_fine"] / FINE_PER_TICK
    intent["values"][1] = watched["extreme_ticks"]
    intent["values"][2] = watched["stop_loss"]
    intent["values"][3] = watched["take_profit"]
    intent["values"][4] = watched["trailing"]
    intent["values"][5] = watched["bars_held"]
    intent["values"][6] = watched["time_stop_bars"]


@kernel
def _cancel_one(s: Any, intent: Any) -> None:
    slot = find_slot(s, intent["order_id"])
    if slot >= 0:
        intent["instrument"] = s["orders"][slot]["instrument"]
    decision = _decide(s, intent, CANCEL)
    decision["order_id"] = intent["order_id"]
    if slot < 0 or s["orders"][slot]["strategy"] != intent["strategy"]:
        decision["kind"] = NO_ACTION
        decision["reason"] = NO_ORDER
    elif s["orders"][slot]["cancel_requested"]:
        decision["kind"] = NO_ACTION
        decision["reason"] = WORKING
    else:
        request_cancel(s, slot, decision["sequence"], 0)


@kernel
def _cancel_all(s: Any, intent: Any, reason: int) -> bool:
    """Cancels what the strategy has working in the intent's instrument (in all, if that is -1).

    False, and no decision, if there is nothing that was not being cancelled before.
    """
    cause = 0
    for slot in range(s["order_count"]):
        order = s["orders"][slot]
        mine = order["strategy"] == intent["strategy"] and order["cancel_requested"] == 0
        if mine and (intent["instrument"] < 0 or order["instrument"] == intent["instrument"]):
            if cause == 0:
                decision = _decide(s, intent, CANCEL)
                decision["reason"] = reason
                cause = decision["sequence"]
            request_cancel(s, slot, cause, reason)
    return cause > 0


@kernel
def _consider(s: Any, intent: Any) -> None:
    """Turns one intent into orders, or into a recorded reason why not."""
    strategy, number = intent["strategy"], intent["instrument"]
    if intent["kind"] != TARGET_LOTS and intent["kind"] != TARGET_WEIGHT:
        _place(s, intent, intent["side"] * intent["lots"], 0)
        return
    if s["instruments"][number]["last_ticks"] <= 0:
        decision = _decide(s, intent, REFUSED)
        decision["reason"] = NO_PRICE
        return
    target = intent["lots"]
    if intent["kind"] == TARGET_WEIGHT:
        target = target_lots(s, number, intent["target"])
    position = s["positions"][strategy, number]["lots"]
    working = working_lots(s, strategy, number)
    reason, closing, opening = plan(s, number, target, position, working)
    if is_against(target, position, working):
        _cancel_all(s, intent, 0)
    if closing == 0 and opening == 0:
        decision = _decide(s, intent, NO_ACTION)
        decision["reason"] = reason
        decision["target_lots"] = target
        return
    if closing != 0:
        _place(s, intent, closing, target)
    if opening != 0:
        _place(s, intent, opening, target)


@kernel
def _decide(s: Any, intent: Any, kind: int) -> Any:
    """A decision record with what the intent said and what the desk knew."""
    decision = new_decision(s, kind, 0)  # cause 0: the market rows up to rows_seen
    strategy, number = intent["strategy"], intent["instrument"]
    decision["rows_seen"] = s["rows_taken"]
    decision["strategy"] = strategy
    decision["instrument"] = number
    decision["order_type"] = intent["order_type"]
    decision["time_in_force"] = intent["time_in_force"]
    decision["text"] = intent["text"]
    decision["exit_kind"] = intent["exit_kind"]
    decision["wake_reasons"] = s["wake_reasons"]
    decision["value_count"] = intent["value_count"]
    for place in range(intent["value_count"]):
        decision["value_names"][place] = intent["value_names"][place]
        decision["values"][place] = intent["values"][place]
    if number >= 0:
        instrument = s["instruments"][number]
        decision["reference_ticks"] = instrument["last_ticks"]
        decision["reference_age_ns"] = s["now_ns"] - instrument["last_ts_local"]
        decision["position_lots"] = s["positions"][strategy, number]["lots"]
    decision["cash_minor"] = s["ledger"]["cash_minor"]
    decision["equity_minor"] = s["ledger"]["equity_minor"]
    decision["limits_version"] = s["limits"]["version"]
    return decision


@kernel
def _place(s: Any, intent: Any, signed_lots: int, target: int) -> int:
    """Asks the gate for one order; its number when approved and sent, else 0."""
    strategy, number = intent["strategy"], intent["instrument"]
    side = 1 if signed_lots > 0 else -1
    lots = abs(signed_lots)
    decision = _decide(s, intent, REFUSED)
    decision["side"] = side
    decision["wanted_lots"] = lots
    decision["target_lots"] = target
    working = s["open_buy_lots"][number] if side > 0 else s["open_sell_lots"][number]
    held = s["net_lots"][number]
    if intent["reduce_only"]:
        lots = _clipped(lots, -side * s["positions"][strategy, number]["lots"], -side * held - working)
    limit = intent["limit_ticks"]
    if intent["order_type"] == MARKET:
        limit = collar_ticks(s, number, side, is_reducing(held, side, lots, working))
    age = _age_sessions(s, s["instruments"][number])
    duplicate = _duplicate_age(s, intent, side, lots, limit)
    s["gate_inputs"]["book_state"] = 0 if is_decidable(s["ticks"][number]) else 1
    gather(
        s, strategy, number, side, intent["order_type"], intent["time_in_force"], lots, limit,
        intent["stop_ticks"], intent["reduce_only"], age, duplicate,
    )  # fmt: skip
    if review(s, decision) > 0:
        return 0
    if lots < decision["wanted_lots"]:
        decision["reason"] = CLIPPED
    return _send(s, intent, decision, side, lots, limit)


@kernel
def _clipped(lots: int, own: int, left: int) -> int:
    """Lots cut to what the strategy holds and to what is left of the account's position.

    Where nothing is left they stay, and the gate refuses them with that reason.
    """
    most = min(own, left)
    return min(lots, most) if most > 0 else lots


@kernel
def _age_sessions(s: Any, instrument: Any) -> int:
    """How many sessions have closed since the newest price; -1 before there is one."""
    if instrument["last_ts_local"] <= 0:
        return -1
    table = instrument["session_table"]
    return sessions_closed(s, table, s["now_ns"]) - sessions_closed(s, table, instrument["last_ts_local"])


@kernel
def _duplicate_age(s: Any, intent: Any, side: int, lots: int, limit: int) -> int:
    """Age of the newest equal order that was approved; -1 when there is none in memory.

    In memory are all that can still fill and the 64 that ended last.
    """
    newest = -1
    for slot in range(s["order_count"]):
        if _is_equal(s["orders"][slot], intent, side, lots, limit):
            newest = max(newest, s["orders"][slot]["ts_decided"])
    for place in range(s["recent"].shape[0]):
        other = s["recent"][place]
        if other["order_id"] > 0 and _is_equal(other, intent, side, lots, limit):
            newest = max(newest, other["ts_decided"])
    return s["now_ns"] - newest if newest >= 0 else -1


@kernel
def _is_equal(order: Any, intent: Any, side: int, lots: int, limit: int) -> bool:
    same = order["instrument"] == intent["instrument"] and order["strategy"] == intent["strategy"]
    same = same and order["side"] == side and order["quantity_lots"] == lots
    same = same and order["limit_ticks"] == limit and order["stop_ticks"] == intent["stop_ticks"]
    return same and order["order_type"] == intent["order_type"]


@kernel
def _send(s: Any, intent: Any, decision: Any, side: int, lots: int, limit: int) -> int:
    order_id = s["next_order_id"]
    s["next_order_id"] = order_id + 1
    decision["order_id"] = order_id
    slot = take_slot(s)
    order = s["orders"][slot]
    order["order_id"] = order_id
    order["decision"] = decision["sequence"]
    order["quantity_lots"] = lots
    order["filled_lots"] = 0
    order["limit_ticks"] = limit
    order["stop_ticks"] = intent["stop_ticks"]
    order["ts_decided"] = s["now_ns"]
    order["ts_sent"] = s["now_ns"]
    order["expires_ts"] = 0
    order["reference_fine"] = s["instruments"][intent["instrument"]]["last_ticks"] * FINE_PER_TICK
    order["reserved_minor"] = 0
    order["open_notional_minor"] = 0
    order["state"] = PENDING_NEW
    order["side"] = side
    order["order_type"] = intent["order_type"]
    order["time_in_force"] = intent["time_in_force"]
    order["instrument"] = intent["instrument"]
    order["strategy"] = intent["strategy"]
    order["reduce_only"] = intent["reduce_only"]
    order["post_only"] = intent["post_only"]
    order["exit_kind"] = intent["exit_kind"]
    order["cancel_requested"] = 0
    order["flags"] = 0
    order["last_execution_id"] = 0
    order["stop_loss"] = intent["stop_loss"]
    order["take_profit"] = intent["take_profit"]
    order["trailing"] = intent["trailing"]
    order["time_stop_bars"] = intent["time_stop_bars"]
    _announce(s, order)
    open_leaves(s, slot)
    release(s, slot)
    return order_id


@kernel
def _announce(s: Any, order: Any) -> None:
    record = new_event(s, COMMAND_NEW, order["decision"])
    record["order_id"] = order["order_id"]
    record["instrument"] = order["instrument"]
    record["strategy"] = order["strategy"]
    record["side"] = order["side"]
    record["order_type"] = order["order_type"]
    record["lots"] = order["quantity_lots"]
    record["limit_ticks"] = order["limit_ticks"]
    record["stop_ticks"] = order["stop_ticks"]
    record["reference_fine"] = order["reference_fine"]
    record["state_to"] = PENDING_NEW
    record["position_lots"] = s["positions"][order["strategy"], order["instrument"]]["lots"]
    record["cash_minor"] = s["ledger"]["cash_minor"]
    order["last_event"] = record["sequence"]
