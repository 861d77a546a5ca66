"""C3: no order is priced far from the market, whichever side it is on.

Rule 1: the distance counts both ways: a buy far below the market is a slip of the finger too.
Rule 2: orders that reduce are measured against the wider emergency collar and pass in any
        case, marked PASS_REDUCING.
"""

from math import inf
from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.reasons import Reason
from seawall.risk.rule import Rule

__all__ = ["PRICE_COLLAR", "price_collar"]

INF = inf


@kernel
def price_collar(x: Any) -> tuple[float, float, bool]:
    """|worst price / reference - 1| in ppm against the collar of the instrument."""
    collar = x["instrument_limits"]["collar_ppm"]
    if x["reducing"] == 1 and collar >= 0:
        collar = max(collar, x["limits"]["emergency_collar_ppm"])
    limit = float(collar) if collar >= 0 else INF
    if x["reference_ticks"] <= 0 or x["limit_ticks"] <= 0:
        return 0.0, limit, False
    # Multiplied before the one division: the quotient is then exact at the edge.
    return abs(x["limit_ticks"] - x["reference_ticks"]) * 1e6 / x["reference_ticks"], limit, True


PRICE_COLLAR = Rule(
    control="C3",
    slot=2,
    name="price_collar",
    reason=Reason.PRICE_COLLAR,
    blind_reason=Reason.PRICE_COLLAR,
    unit="ppm of the reference",
    reducing=True,
    limits=("collar_ppm",),
    needs="a worst price and a reference price",
    meaning="the worst price is within the collar around the reference price",
    check=price_collar,
)
