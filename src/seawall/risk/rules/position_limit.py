"""C17: a position is bounded long and short, counting all that could still be filled.

Rule 1: position + working orders of the same side + this one; working orders of the other
        side do not help, because they may never fill.
Rule 2: an instrument that may not be held short, or a cash account, has a short limit of 0
        whatever is configured.
"""

from math import inf
from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.reasons import Reason
from seawall.risk.rule import Rule

__all__ = ["POSITION_LIMIT", "SHORT_SALE", "position_limit", "short_sale"]

INF = inf


@kernel
def position_limit(x: Any) -> tuple[float, float, bool]:
    """The position in the order's direction, were all filled, against that side's limit."""
    if x["side"] > 0:
        limit = x["instrument_limits"]["long_lots_max"]
        lots = x["position_lots"] + x["open_buy_lots"] + x["lots"]
        known = x["open_buy_lots"] >= 0 and x["lots"] > 0
    else:
        limit = x["instrument_limits"]["short_lots_max"]
        lots = x["open_sell_lots"] + x["lots"] - x["position_lots"]
        known = x["open_sell_lots"] >= 0 and x["lots"] > 0
    return float(lots), (float(limit) if limit >= 0 else INF), known


@kernel
def short_sale(x: Any) -> tuple[float, float, bool]:
    """Lots that a sell would be short, were all sells filled, where that is not allowed."""
    if x["side"] > 0 or (x["shortable"] == 1 and x["margin_account"] == 1):
        return 0.0, INF, True
    lots = x["open_sell_lots"] + x["lots"] - x["position_lots"]
    return float(max(lots, 0)), 0.0, x["open_sell_lots"] >= 0 and x["lots"] > 0


POSITION_LIMIT = Rule(
    control="C17",
    slot=12,
    name="position_limit",
    reason=Reason.POSITION_LIMIT,
    blind_reason=Reason.POSITION_LIMIT,
    unit="lots",
    reducing=True,
    limits=("long_lots_max", "short_lots_max"),
    needs="the position and the working orders",
    meaning="position, working orders of the same side and this one are within the limit",
    check=position_limit,
)
SHORT_SALE = Rule(
    control="C17",
    slot=13,
    name="short_sale",
    reason=Reason.SHORT_NOT_ALLOWED,
    blind_reason=Reason.SHORT_NOT_ALLOWED,
    unit="lots short",
    reducing=True,
    needs="the position and the working orders",
    meaning="no short position where the instrument or the account may have none",
    check=short_sale,
)
