"""From a wanted target to the lots to trade: bands, minimum size, and what works already.

Rule 1: what counts is position + working orders; the same wish twice gives one order.
Rule 2: a change of side is two orders, one that closes and one that opens, so that a brake
        on opening risk never blocks the closing part.
Rule 3: a working order against the new wish is cancelled first; its fill, should it come
        before the cancel, is corrected at the next wake.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.reasons import Reason

__all__ = ["collar_ticks", "plan", "target_lots"]

NOTHING_LEFT = int(Reason.TARGET_REACHED)
WORKING = int(Reason.ALREADY_WORKING)
BAND = int(Reason.INSIDE_BAND)
SMALL = int(Reason.BELOW_MINIMUM_NOTIONAL)
NO_PRICE = int(Reason.NO_REFERENCE_PRICE)
MILLION = 1_000_000


@kernel
def target_lots(s: Any, number: int, weight: float) -> int:
    """Whole lots of a target weight: weight * equity / value of a lot, cut toward zero."""
    instrument = s["instruments"][number]
    tick_value = instrument["tick_value_numerator"] / instrument["tick_value_denominator"]
    lot_value = instrument["last_ticks"] * tick_value
    if lot_value <= 0.0:
        return 0
    return int(weight * s["ledger"]["equity_minor"] / lot_value)


@kernel
def collar_ticks(s: Any, number: int, side: int, reducing: bool) -> int:
    """The worst price of a market order: the reference moved to the edge of the collar.

    Reducing orders get the wider emergency collar. At least one tick; 0 without a price.
    """
    reference = s["instruments"][number]["last_ticks"]
    if reference <= 0:
        return 0
    collar = s["instrument_limits"][number]["collar_ppm"]
    if reducing:
        collar = max(collar, s["limits"]["emergency_collar_ppm"])
    if collar < 0:
        return 0  # no collar, no worst price: the gate refuses the order as naked
    if side > 0:
        return reference * (MILLION + collar) // MILLION
    return max(1, -(-reference * (MILLION - collar) // MILLION))


@kernel
def plan(s: Any, number: int, target: int, position: int, working: int) -> tuple[int, int, int]:
    """(reason, closing lots, opening lots), signed; reason is 0 when there is something to do.

    position and working are those of the strategy; a change smaller than the band (a share
    of the target) or worth less than the minimum is no trade, unless it closes the position.
    """
    change = target - position - working
    if change == 0:
        return (WORKING if working != 0 else NOTHING_LEFT), 0, 0
    if working != 0 and (change > 0) != (working > 0):
        change = target - position  # the working orders are being cancelled
        if change == 0:
            return NOTHING_LEFT, 0, 0
    size = abs(change)
    if target != 0 and (position > 0) == (target > 0) and position != 0:
        if size < s["rebalance_band"] * abs(target):
            return BAND, 0, 0
    instrument = s["instruments"][number]
    worth = size * instrument["last_ticks"] * instrument["tick_value_numerator"]
    if target != 0 and worth < s["rebalance_notional_minor_min"] * instrument["tick_value_denominator"]:
        return SMALL, 0, 0
    if position != 0 and (position > 0) != (change > 0) and size > abs(position):
        return 0, -position, change + position
    if position != 0 and (position > 0) != (change > 0):
        return 0, change, 0
    return 0, 0, change
