"""C18: gross, net and single-name exposure after a worst-case fill, as shares of equity.

Rule 1: exposure counts filled, working, in flight and this order, each side assumed filled.
Rule 2: the limit is the configured share of equity in money, cut to whole minor units:
        exposure <= floor(equity * ppm / 10^6) is the exact integer form of the share.
Rule 3: without equity above zero no share of it can be told: NOT_EVALUATED.
"""

from math import inf
from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.reasons import Reason
from seawall.model.units import share_ceil
from seawall.risk.rule import Rule

__all__ = [
    "GROSS_EXPOSURE",
    "NET_EXPOSURE",
    "SINGLE_NAME",
    "gross_exposure",
    "net_exposure",
    "single_name",
]

INF = inf
MILLION = 1_000_000


@kernel
def gross_exposure(x: Any) -> tuple[float, float, bool]:
    """Worst-case gross exposure after this order against its share of equity."""
    share, equity = x["limits"]["gross_ppm_max"], x["equity_minor"]
    value, known = float(x["gross_after_minor"]), x["gross_after_minor"] >= 0
    if share < 0:
        return value, INF, known
    return value, float(-share_ceil(-equity, share, MILLION)), known and equity > 0


@kernel
def net_exposure(x: Any) -> tuple[float, float, bool]:
    """The larger worst-case net exposure, long or short, against its share of equity."""
    share, equity = x["limits"]["net_ppm_max"], x["equity_minor"]
    value, known = float(x["net_after_minor"]), x["net_after_minor"] >= 0
    if share < 0:
        return value, INF, known
    return value, float(-share_ceil(-equity, share, MILLION)), known and equity > 0


@kernel
def single_name(x: Any) -> tuple[float, float, bool]:
    """Worst-case exposure in the instrument after this order against its share of equity."""
    share, equity = x["instrument_limits"]["single_name_ppm_max"], x["equity_minor"]
    value, known = float(x["single_name_after_minor"]), x["single_name_after_minor"] >= 0
    if share < 0:
        return value, INF, known
    return value, float(-share_ceil(-equity, share, MILLION)), known and equity > 0


NEEDS = "equity above 0, a reference price and the worst-case exposure"
GROSS_EXPOSURE = Rule(
    control="C18",
    slot=14,
    name="gross_exposure",
    reason=Reason.GROSS_LIMIT,
    blind_reason=Reason.GROSS_LIMIT,
    unit="minor",
    reducing=True,
    limits=("gross_ppm_max",),
    needs=NEEDS,
    meaning="gross exposure after a worst-case fill is within its share of equity",
    check=gross_exposure,
)
NET_EXPOSURE = Rule(
    control="C18",
    slot=15,
    name="net_exposure",
    reason=Reason.NET_LIMIT,
    blind_reason=Reason.NET_LIMIT,
    unit="minor",
    reducing=True,
    limits=("net_ppm_max",),
    needs=NEEDS,
    meaning="net exposure after a worst-case fill is within its share of equity",
    check=net_exposure,
)
SINGLE_NAME = Rule(
    control="C18",
    slot=16,
    name="single_name",
    reason=Reason.SINGLE_NAME_LIMIT,
    blind_reason=Reason.SINGLE_NAME_LIMIT,
    unit="minor",
    reducing=True,
    limits=("single_name_ppm_max",),
    needs=NEEDS,
    meaning="one instrument's exposure after a worst-case fill is within its share of equity",
    check=single_name,
)
