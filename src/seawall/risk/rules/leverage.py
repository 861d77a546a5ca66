"""C19: worst-case gross exposure over equity, the leverage, is bounded.

Rule 1: the same exposure as C18, against a limit that the account's terms set, where C18's
        is the desk's own choice; both are recorded, and the smaller binds.
"""

from math import inf
from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.reasons import Reason
from seawall.model.units import share_ceil
from seawall.risk.rule import Rule

__all__ = ["LEVERAGE", "leverage"]

INF = inf
MILLION = 1_000_000


@kernel
def leverage(x: Any) -> tuple[float, float, bool]:
    """Worst-case gross exposure after this order against equity times the leverage."""
    share, equity = x["limits"]["leverage_ppm_max"], x["equity_minor"]
    value, known = float(x["gross_after_minor"]), x["gross_after_minor"] >= 0
    if share < 0:
        return value, INF, known
    return value, float(-share_ceil(-equity, share, MILLION)), known and equity > 0


LEVERAGE = Rule(
    control="C19",
    slot=17,
    name="leverage",
    reason=Reason.LEVERAGE_LIMIT,
    blind_reason=Reason.LEVERAGE_LIMIT,
    unit="minor",
    reducing=True,
    limits=("leverage_ppm_max",),
    needs="equity above 0, a reference price and the worst-case exposure",
    meaning="gross exposure after a worst-case fill is within equity times the leverage",
    check=leverage,
)
