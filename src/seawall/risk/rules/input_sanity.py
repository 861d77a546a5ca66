"""C1: an order that cannot be understood is refused before anything is made of it.

Rule 1: every order has a worst price, market orders and exits too.
Rule 2: price x size x scale stays below 2^62, the room that compiled money has.
Rule 3: no order passes this rule for being a reducing one, and there is no switch.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.orders import OrderType, TimeInForce
from seawall.model.reasons import Reason
from seawall.risk.rule import Rule

__all__ = ["FAULTS", "INPUT_SANITY", "fault_names", "input_sanity"]

STOP_LIMIT = int(OrderType.STOP_LIMIT)
TYPE_FIRST = int(min(OrderType))
TYPE_LAST = int(max(OrderType))
TIME_FIRST = int(min(TimeInForce))
TIME_LAST = int(max(TimeInForce))
BITS_MAX = 62

FAULTS = {
    1: "lots not above 0",
    2: "unknown side",
    4: "unknown order type",
    8: "unknown time in force",
    16: "no worst price",
    32: "no stop price",
    64: "unknown instrument",
    128: "price x size too large to count",
}


@kernel
def input_sanity(x: Any) -> tuple[float, float, bool]:
    """The sum of the bits of FAULTS; nothing but 0 passes."""
    faults = 0
    if x["lots"] <= 0:
        faults += 1
    if x["side"] != 1 and x["side"] != -1:
        faults += 2
    if x["order_type"] < TYPE_FIRST or x["order_type"] > TYPE_LAST:
        faults += 4
    if x["time_in_force"] < TIME_FIRST or x["time_in_force"] > TIME_LAST:
        faults += 8
    if x["limit_ticks"] <= 0:
        faults += 16
    if x["stop_ticks"] < 0 or (x["order_type"] == STOP_LIMIT and x["stop_ticks"] == 0):
        faults += 32
    if x["known_instrument"] != 1:
        faults += 64
    if x["overflow_bits"] < 0 or x["overflow_bits"] > BITS_MAX:
        faults += 128
    return float(faults), 0.0, True


def fault_names(value: float) -> tuple[str, ...]:
    """The words for a value of this rule.

    >>> fault_names(17.0)
    ('lots not above 0', 'no worst price')
    """
    return tuple(text for bit, text in FAULTS.items() if int(value) & bit)


INPUT_SANITY = Rule(
    control="C1",
    slot=0,
    name="input_sanity",
    reason=Reason.INVALID_INPUT,
    blind_reason=Reason.INVALID_INPUT,
    unit="fault bits",
    reducing=False,
    meaning="size, side, type, time in force, worst price, stop and instrument make sense",
    check=input_sanity,
)
