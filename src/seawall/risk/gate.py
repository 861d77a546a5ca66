"""The gate of the engine: every rule on every order, and the one door to a venue.

Rule 1: all rules are evaluated, whatever the first ones said.
Rule 2: nothing fails open: a rule that could not be evaluated counts as failed.
Rule 3: `release` is the only function that writes a NEW command, and it writes none without
        an approving decision of this gate for that very order.

Theory of operation: the calls below are written out because compiled code cannot loop over
functions; a test checks that each rule of the registry is called with its own slot.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.kernels.state import COMMANDS_MAX
from seawall.model.kinds import CommandKind, DecisionKind
from seawall.risk.registry import BLIND_REASONS, REASONS, REDUCING_PASSES
from seawall.risk.rule import FAIL, NOT_EVALUATED, PASS, PASS_REDUCING
from seawall.risk.rules.book_state import book_state
from seawall.risk.rules.capital import capital
from seawall.risk.rules.concentration import gross_exposure, net_exposure, single_name
from seawall.risk.rules.daily_loss import daily_loss
from seawall.risk.rules.drawdown import drawdown
from seawall.risk.rules.duplicate_order import duplicate_order
from seawall.risk.rules.input_sanity import input_sanity
from seawall.risk.rules.leverage import leverage
from seawall.risk.rules.market_protection import market_protection
from seawall.risk.rules.open_orders import open_orders, open_orders_instrument
from seawall.risk.rules.order_notional import order_notional
from seawall.risk.rules.order_quantity import order_quantity, volume_share
from seawall.risk.rules.position_existence import position_existence
from seawall.risk.rules.position_limit import position_limit, short_sale
from seawall.risk.rules.price_collar import price_collar
from seawall.risk.rules.stale_data import stale_data
from seawall.risk.rules.unexecuted_notional import unexecuted_notional
from seawall.risk.rules.unit_types import unit_types

__all__ = ["release", "review"]

APPROVED = int(DecisionKind.APPROVED)
REFUSED = int(DecisionKind.REFUSED)
NEW = int(CommandKind.NEW)


@kernel
def review(s: Any, decision: Any) -> int:
    """Evaluates all rules on s["gate_inputs"] and writes the verdict; returns how many failed.

    Sets of the decision: kind (APPROVED or REFUSED), reason (of the failing rules the one
    that goes first), the three rule arrays, and what the rules saw of order, price, age
    and account. The caller has called `gather`, and fills in what the rules do not
    see: order_id, strategy and its position, instrument, intent, wanted lots, text, values.
    """
    x = s["gate_inputs"]
    _copy_inputs(x, decision)
    decision["reason"] = 0
    failed = _note(x, decision, 0, input_sanity(x))
    failed += _note(x, decision, 1, unit_types(x))
    failed += _note(x, decision, 2, price_collar(x))
    failed += _note(x, decision, 3, market_protection(x))
    failed += _note(x, decision, 4, order_quantity(x))
    failed += _note(x, decision, 5, volume_share(x))
    failed += _note(x, decision, 6, order_notional(x))
    failed += _note(x, decision, 7, duplicate_order(x))
    failed += _note(x, decision, 8, open_orders(x))
    failed += _note(x, decision, 9, open_orders_instrument(x))
    failed += _note(x, decision, 10, unexecuted_notional(x))
    failed += _note(x, decision, 11, capital(x))
    failed += _note(x, decision, 12, position_limit(x))
    failed += _note(x, decision, 13, short_sale(x))
    failed += _note(x, decision, 14, gross_exposure(x))
    failed += _note(x, decision, 15, net_exposure(x))
    failed += _note(x, decision, 16, single_name(x))
    failed += _note(x, decision, 17, leverage(x))
    failed += _note(x, decision, 18, position_existence(x))
    failed += _note(x, decision, 19, stale_data(x))
    failed += _note(x, decision, 20, daily_loss(x))
    failed += _note(x, decision, 21, drawdown(x))
    failed += _note(x, decision, 22, book_state(x))
    decision["kind"] = APPROVED if failed == 0 else REFUSED
    return failed


@kernel
def release(s: Any, slot: int) -> None:
    """Writes the NEW command of the order in s["orders"][slot], whose decision approved it.

    The order manager has recorded COMMAND_NEW before, so that `last_event` is the number of
    that event; the command carries it. One decision lets one command out.
    """
    order = s["orders"][slot]
    assert _is_approved(s, order)
    assert order["last_event"] > order["decision"]
    index = s["command_count"]
    assert index < COMMANDS_MAX
    s["command_count"] = index + 1
    command = s["commands"][index]
    command["kind"] = NEW
    command["sequence"] = order["last_event"]
    command["ts_sent"] = s["now_ns"]
    command["phase"] = s["group_phase"] + 1  # after the row that caused it
    command["order_id"] = order["order_id"]
    command["instrument"] = order["instrument"]
    command["strategy"] = order["strategy"]
    command["side"] = order["side"]
    command["order_type"] = order["order_type"]
    command["time_in_force"] = order["time_in_force"]
    command["reduce_only"] = order["reduce_only"]
    command["post_only"] = order["post_only"]
    command["quantity_lots"] = order["quantity_lots"]
    command["limit_ticks"] = order["limit_ticks"]
    command["stop_ticks"] = order["stop_ticks"]
    command["expires_ts"] = order["expires_ts"]


@kernel
def _is_approved(s: Any, order: Any) -> bool:
    """Whether a decision of this step approved exactly this order, and no command used it."""
    for number in range(s["command_count"]):
        if s["commands"][number]["kind"] == NEW and s["commands"][number]["order_id"] == order["order_id"]:
            return False
    for back in range(s["decision_count"]):
        decision = s["decisions"][s["decision_count"] - 1 - back]
        if decision["sequence"] == order["decision"]:
            return (
                decision["kind"] == APPROVED
                and decision["rule_status"][0] == PASS  # the gate has been here
                and decision["order_id"] == order["order_id"]
                and decision["instrument"] == order["instrument"]
                and decision["side"] == order["side"]
                and decision["order_type"] == order["order_type"]
                and decision["lots"] == order["quantity_lots"]
                and decision["limit_ticks"] == order["limit_ticks"]
                and decision["stop_ticks"] == order["stop_ticks"]
            )
    return False


@kernel
def _note(x: Any, decision: Any, slot: int, outcome: tuple[float, float, bool]) -> int:
    """Writes one rule's outcome; 1 if it failed, else 0."""
    value, limit, evaluated = outcome
    decision["rule_value"][slot] = value
    decision["rule_limit"][slot] = limit
    if evaluated and value <= limit:
        decision["rule_status"][slot] = PASS
        return 0
    if x["reducing"] == 1 and REDUCING_PASSES[slot] == 1:
        decision["rule_status"][slot] = PASS_REDUCING
        return 0
    decision["rule_status"][slot] = FAIL if evaluated else NOT_EVALUATED
    reason = REASONS[slot] if evaluated else BLIND_REASONS[slot]
    if decision["reason"] == 0 or reason < decision["reason"]:
        decision["reason"] = reason
    return 1


@kernel
def _copy_inputs(x: Any, decision: Any) -> None:
    """What the rules saw, so that the decision describes the very order that was reviewed."""
    decision["lots"] = x["lots"]
    decision["limit_ticks"] = x["limit_ticks"]
    decision["stop_ticks"] = x["stop_ticks"]
    decision["side"] = x["side"]
    decision["order_type"] = x["order_type"]
    decision["time_in_force"] = x["time_in_force"]
    decision["reference_ticks"] = x["reference_ticks"]
    decision["reference_age_ns"] = x["reference_age_ns"]
    decision["reference_age_sessions"] = x["reference_age_sessions"]
    decision["cash_minor"] = x["cash_minor"]
    decision["equity_minor"] = x["equity_minor"]
    decision["notional_minor"] = x["notional_minor"]
    decision["limits_version"] = x["limits"]["version"]
    decision["reducing"] = x["reducing"]
