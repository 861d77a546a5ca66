"""C15: what all working orders would cost at their worst prices is bounded.

Rule 1: this order counts with the rest, at the worse of its worst price and the reference.
"""

from math import inf
from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.reasons import Reason
from seawall.risk.rule import Rule

__all__ = ["UNEXECUTED_NOTIONAL", "unexecuted_notional"]

INF = inf


@kernel
def unexecuted_notional(x: Any) -> tuple[float, float, bool]:
    """Leaves at worst price with this order's notional, against the limit."""
    limit = x["limits"]["unexecuted_notional_minor_max"]
    known = x["unexecuted_minor"] >= 0 and x["notional_minor"] > 0
    return float(x["unexecuted_minor"] + x["notional_minor"]), (float(limit) if limit >= 0 else INF), known


UNEXECUTED_NOTIONAL = Rule(
    control="C15",
    slot=10,
    name="unexecuted_notional",
    reason=Reason.UNEXECUTED_NOTIONAL,
    blind_reason=Reason.UNEXECUTED_NOTIONAL,
    unit="minor",
    reducing=True,
    limits=("unexecuted_notional_minor_max",),
    needs="the working orders and a reference price",
    meaning="working orders with this one, at their worst prices, are within the limit",
    check=unexecuted_notional,
)
