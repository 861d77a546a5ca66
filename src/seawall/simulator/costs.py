"""What a fill costs: half spread, impact and fees, each against the trader.

Rule 1: a cost in price is rounded up to the next ten-thousandth of a tick (F1, F2).
Rule 2: spread and impact of a fill, in minor units, add up to exactly what the fill cost
        more than at its base price; the rounding is the impact's.
Rule 3: a minimum commission is asked for once an order: its commission so far is at least
        the minimum, and each fill is charged what is lacking. A levy on sells comes on top.
"""

import math
from typing import Any

from seawall.kernels.impact import square_root_bps
from seawall.kernels.jit import kernel
from seawall.kernels.state import FINE_PER_TICK
from seawall.model.kinds import Liquidity, ReportKind
from seawall.model.units import cost_minor, fee_minor
from seawall.simulator.reports import new_report
from seawall.simulator.state import FILLED_KEPT, IMPACT_NONE, IMPACT_SQRT

__all__ = ["COST_BPS_MAX", "book_fill", "cost_fine", "half_spread_bps", "impact_bps"]

FILL = int(ReportKind.FILL)
TAKER = int(Liquidity.TAKER)
COST_BPS_MAX = 10_000.0  # a cost of the whole price; keeps the arithmetic inside int64


@kernel
def half_spread_bps(v: Any, instrument: Any) -> float:
    """max(least spread / 2, k_sigma * sigma * 10,000), sigma of one bar (SPEC.md F1)."""
    return max(v["half_spread_bps_min"], v["k_sigma"] * math.sqrt(instrument["sigma_squared"]) * 1e4)


@kernel
def impact_bps(v: Any, instrument: Any, lots: int) -> float:
    """The square root law with sigma and average volume of one bar (SPEC.md F2)."""
    if v["impact_model"] == IMPACT_NONE:
        return 0.0
    base = v["impact_base_bps"]
    if v["impact_model"] == IMPACT_SQRT:
        base = v["impact_y"] * math.sqrt(instrument["sigma_squared"]) * 1e4
    return square_root_bps(base, float(lots), instrument["volume_average"])


@kernel
def cost_fine(v: Any, instrument: Any, base_ticks: int, lots: int) -> tuple[int, int]:
    """Half spread and impact of a taker at a base price, in ten-thousandths of a tick.

    A basis point of a price is a ten-thousandth of it, so ticks * bps is in these units.
    """
    half = min(half_spread_bps(v, instrument), COST_BPS_MAX)
    both = min(half + impact_bps(v, instrument, lots), COST_BPS_MAX)
    spread = math.ceil(base_ticks * half)
    return spread, math.ceil(base_ticks * both) - spread


@kernel
def book_fill(
    v: Any,
    order: Any,
    ts: int,
    lots: int,
    base_fine: int,
    spread_fine: int,
    impact_fine: int,
    liquidity: int,
) -> None:
    """Books lots of an order at a base price + costs, uses up the bar's volume and reports it.

    liquidity: whether the fill made or took it; the price after costs is within the limit.
    """
    instrument = v["instruments"][order["instrument"]]
    side = order["side"]
    price_fine = base_fine + side * (spread_fine + impact_fine)
    assert 0 < lots <= order["quantity_lots"] - order["cumulative_lots"]
    assert side * (price_fine - order["limit_ticks"] * FINE_PER_TICK) <= 0
    order["cumulative_lots"] += lots
    instrument["used_lots"] += lots
    v["executions"] += 1
    report = new_report(v, ts, order["order_id"], order["instrument"], FILL, 0)
    report["execution_id"] = v["executions"]
    report["last_lots"] = lots
    report["cumulative_lots"] = order["cumulative_lots"]
    report["price_fine"] = price_fine
    report["base_fine"] = base_fine
    report["liquidity"] = liquidity
    _split(report, instrument, side, base_fine + side * spread_fine)
    report["fee_minor"] = _fee(order, instrument, lots, price_fine, liquidity)
    if order["cumulative_lots"] == order["quantity_lots"]:
        v["filled"][v["filled_count"] % FILLED_KEPT] = order["order_id"]
        v["filled_count"] += 1


@kernel
def _split(report: Any, instrument: Any, side: int, spread_only_fine: int) -> None:
    lots = report["last_lots"]
    base = cost_minor(instrument, side, lots, report["base_fine"])
    spread = cost_minor(instrument, side, lots, spread_only_fine) - base
    report["spread_minor"] = spread
    total = cost_minor(instrument, side, lots, report["price_fine"]) - base
    report["impact_minor"] = total - spread


@kernel
def _fee(order: Any, instrument: Any, lots: int, price_fine: int, liquidity: int) -> int:
    amount = abs(cost_minor(instrument, order["side"], lots, price_fine))
    rate = instrument["taker_rate"] if liquidity == TAKER else instrument["maker_rate"]
    order["commission_minor"] += fee_minor(amount, lots, rate, instrument["fee_per_lot_millionths"], 0)
    due = order["commission_minor"]
    if instrument["fee_minimum_minor"] > 0:
        due = max(due, instrument["fee_minimum_minor"])
    charge = due - order["charged_minor"]
    order["charged_minor"] = due
    levy = fee_minor(amount, 0, instrument["sell_levy_rate"], 0, 0) if order["side"] < 0 else 0
    return charge + levy
