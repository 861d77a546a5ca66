"""C14: the number of orders that can still fill is bounded, for account and instrument.

Rule 1: orders that are pending or of unknown state count as open.
"""

from math import inf
from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.reasons import Reason
from seawall.risk.rule import Rule

__all__ = ["OPEN_ORDERS", "OPEN_ORDERS_INSTRUMENT", "open_orders", "open_orders_instrument"]

INF = inf


@kernel
def open_orders(x: Any) -> tuple[float, float, bool]:
    """Open orders of the account with this one, against the account's limit."""
    limit = x["limits"]["open_orders_max"]
    return float(x["open_orders"] + 1), (float(limit) if limit >= 0 else INF), x["open_orders"] >= 0


@kernel
def open_orders_instrument(x: Any) -> tuple[float, float, bool]:
    """Open orders of the instrument with this one, against the instrument's limit."""
    limit = x["instrument_limits"]["open_orders_max"]
    count = x["open_orders_instrument"]
    return float(count + 1), (float(limit) if limit >= 0 else INF), count >= 0


OPEN_ORDERS = Rule(
    control="C14",
    slot=8,
    name="open_orders",
    reason=Reason.OPEN_ORDERS,
    blind_reason=Reason.OPEN_ORDERS,
    unit="orders",
    reducing=True,
    limits=("open_orders_max",),
    needs="the count of open orders",
    meaning="no more open orders than the account may have",
    check=open_orders,
)
OPEN_ORDERS_INSTRUMENT = Rule(
    control="C14",
    slot=9,
    name="open_orders_instrument",
    reason=Reason.OPEN_ORDERS,
    blind_reason=Reason.OPEN_ORDERS,
    unit="orders",
    reducing=True,
    limits=("open_orders_max",),
    needs="the count of open orders",
    meaning="no more open orders than the instrument may have",
    check=open_orders_instrument,
)
