"""C7: one order is bounded in money, at the worse of its worst price and the reference.

Rule 1: the smaller of the account's and the instrument's limit counts.
"""

from math import inf
from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.reasons import Reason
from seawall.risk.rule import Rule

__all__ = ["ORDER_NOTIONAL", "order_notional"]

INF = inf


@kernel
def order_notional(x: Any) -> tuple[float, float, bool]:
    """lots * max(worst price, reference) * value of a tick, against the smaller limit."""
    limit = INF
    account = x["limits"]["order_notional_minor_max"]
    if account >= 0:
        limit = float(account)
    instrument = x["instrument_limits"]["order_notional_minor_max"]
    if instrument >= 0:
        limit = min(limit, float(instrument))
    return float(x["notional_minor"]), limit, x["notional_minor"] > 0


ORDER_NOTIONAL = Rule(
    control="C7",
    slot=6,
    name="order_notional",
    reason=Reason.ORDER_NOTIONAL,
    blind_reason=Reason.ORDER_NOTIONAL,
    unit="minor",
    reducing=True,
    limits=("order_notional_minor_max",),
    needs="a reference price and a notional",
    meaning="no more notional than one order may have",
    check=order_notional,
)
