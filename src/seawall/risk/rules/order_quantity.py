"""C6: one order is bounded in lots and as a share of the volume that the market trades.

Rule 1: unknown volume is not zero volume and not enough volume: it is NOT_EVALUATED.
Rule 2: a cap that can never bind is refused at the start of a desk (risk/lint.py).
"""

from math import inf
from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.reasons import Reason
from seawall.model.units import share_ceil
from seawall.risk.rule import Rule

__all__ = ["ORDER_QUANTITY", "VOLUME_SHARE", "order_quantity", "volume_share"]

INF = inf
MILLION = 1_000_000


@kernel
def order_quantity(x: Any) -> tuple[float, float, bool]:
    """The order's lots against the largest order of the instrument."""
    limit = x["instrument_limits"]["order_lots_max"]
    return float(x["lots"]), (float(limit) if limit >= 0 else INF), x["lots"] > 0


@kernel
def volume_share(x: Any) -> tuple[float, float, bool]:
    """The order's lots against a share of the average volume, cut to whole lots."""
    share = x["instrument_limits"]["order_volume_ppm_max"]
    lots = float(x["lots"])
    if share < 0:
        return lots, INF, x["lots"] > 0
    average = x["volume_average_lots"]
    if x["volume_known"] != 1 or average <= 0:
        return 0.0, 0.0, False
    return lots, float(-share_ceil(-average, share, MILLION)), x["lots"] > 0


ORDER_QUANTITY = Rule(
    control="C6",
    slot=4,
    name="order_quantity",
    reason=Reason.ORDER_QUANTITY,
    blind_reason=Reason.ORDER_QUANTITY,
    unit="lots",
    reducing=True,
    limits=("order_lots_max",),
    needs="lots above 0",
    meaning="no more lots than one order may have",
    check=order_quantity,
)
VOLUME_SHARE = Rule(
    control="C6",
    slot=5,
    name="volume_share",
    reason=Reason.ORDER_QUANTITY,
    blind_reason=Reason.UNKNOWN_VOLUME,
    unit="lots",
    reducing=True,
    limits=("order_volume_ppm_max",),
    needs="the average volume",
    meaning="no more lots than a share of the average volume of a bar",
    check=volume_share,
)
