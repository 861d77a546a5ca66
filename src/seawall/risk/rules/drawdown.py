"""C30: after a fall of equity from its peak nothing is opened until a person says so.

Rule 1: equity is marked to market with open positions and fees; a drawdown of closed trades
        is another number.
Rule 2: reaching the configured drawdown trips, so the limit shown is one ppm less.
Rule 3: once latched it stays so; only an operator's event releases it.
"""

from math import inf
from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.reasons import Reason
from seawall.risk.rule import Grade, Rule

__all__ = ["DRAWDOWN", "drawdown"]

INF = inf


@kernel
def drawdown(x: Any) -> tuple[float, float, bool]:
    """The fall from the peak in ppm of it against the largest that has not tripped."""
    value, limit = float(x["drawdown_ppm"]), x["limits"]["drawdown_ppm_max"]
    if x["drawdown_latched"] != 0:
        return value, -INF, True
    if limit < 0:
        return value, INF, True
    return value, float(limit - 1), x["drawdown_ppm"] >= 0


DRAWDOWN = Rule(
    control="C30",
    slot=21,
    name="drawdown",
    reason=Reason.DRAWDOWN_LIMIT,
    blind_reason=Reason.DRAWDOWN_LIMIT,
    grade=Grade.LATCH,
    unit="ppm of the peak",
    reducing=True,
    limits=("drawdown_ppm_max",),
    needs="the equity and its peak",
    meaning="the fall of equity from its peak has not reached its limit, and is not latched",
    check=drawdown,
)
