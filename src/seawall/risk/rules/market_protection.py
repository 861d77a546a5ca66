"""C4: a market order is a marketable limit at the edge of the collar, never naked.

Rule 1: a market order carries its worst price, at or inside the collar.
Rule 2: without a collar the worst price has to be there all the same, at any distance.
Rule 3: other types carry a price of their own and pass.
"""

from math import inf
from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.orders import OrderType
from seawall.model.reasons import Reason
from seawall.risk.rule import Rule

__all__ = ["MARKET_PROTECTION", "market_protection"]

INF = inf
MARKET = int(OrderType.MARKET)


@kernel
def market_protection(x: Any) -> tuple[float, float, bool]:
    """The market order's worst price away from the reference, in ppm, against the collar."""
    if x["order_type"] != MARKET:
        return 0.0, INF, True
    collar = x["instrument_limits"]["collar_ppm"]
    if x["reducing"] == 1 and collar >= 0:
        collar = max(collar, x["limits"]["emergency_collar_ppm"])
    limit = float(collar) if collar >= 0 else INF
    if x["reference_ticks"] <= 0 or x["limit_ticks"] <= 0:
        return 0.0, limit, False
    return abs(x["limit_ticks"] - x["reference_ticks"]) * 1e6 / x["reference_ticks"], limit, True


MARKET_PROTECTION = Rule(
    control="C4",
    slot=3,
    name="market_protection",
    reason=Reason.NAKED_MARKET_ORDER,
    blind_reason=Reason.NAKED_MARKET_ORDER,
    unit="ppm of the reference",
    reducing=True,
    limits=("collar_ppm",),
    needs="a worst price and a reference price",
    meaning="a market order carries a worst price at or inside the collar",
    check=market_protection,
)
