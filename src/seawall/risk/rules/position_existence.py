"""C23: an order that says it only reduces has something to reduce, and cannot flip it.

Rule 1: what is left to close is the opposite position less what works against it already;
        long 10 with a sell of 10 working has nothing left for a second one.
Rule 2: it looks at the size as well as at the side; there is no switch.
"""

from math import inf
from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.reasons import Reason
from seawall.risk.rule import Rule

__all__ = ["POSITION_EXISTENCE", "position_existence"]

INF = inf


@kernel
def position_existence(x: Any) -> tuple[float, float, bool]:
    """A reduce-only order's lots against the lots left to close; other orders pass."""
    lots = float(x["lots"])
    if x["reduce_only"] == 0:
        return lots, INF, True
    if x["side"] > 0:
        left, known = -x["position_lots"] - x["open_buy_lots"], x["open_buy_lots"] >= 0
    else:
        left, known = x["position_lots"] - x["open_sell_lots"], x["open_sell_lots"] >= 0
    return lots, float(max(left, 0)), known and x["lots"] > 0


POSITION_EXISTENCE = Rule(
    control="C23",
    slot=18,
    name="position_existence",
    reason=Reason.NO_POSITION_TO_REDUCE,
    blind_reason=Reason.NO_POSITION_TO_REDUCE,
    unit="lots",
    reducing=False,
    needs="the position and the working orders",
    meaning="a reduce-only order has that much of a position left to close",
    check=position_existence,
)
