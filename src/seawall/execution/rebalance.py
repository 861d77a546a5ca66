"""From a wanted target to the lots to trade: bands, minimum size, and what works already.

Rule 1: what counts is position + working orders; the same wish twice gives one order.
Rule 2: a change of side is two orders, one that closes and one that opens, so that a brake
        on opening risk never blocks the closing part.
Rule 3: working orders against the new wish are cancelled first; a fill that comes before the
        cancel is corrected at the next wake.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.reasons import Reason
from seawall.model.units import ceil_div, share_ceil

__all__ = ["collar_ticks", "is_against", "plan", "target_lots"]

NOTHING_LEFT = int(Reason.TARGET_REACHED)
WORKING = int(Reason.ALREADY_WORKING)
BAND = int(Reason.INSIDE_BAND)
SMALL = int(Reason.BELOW_MINIMUM_NOTIONAL)
MILLION = 1_000_000
LOTS_MAX = 1 << 53  # the gate refuses this many, whatever a lot is worth


@kernel
def target_lots(s: Any, number: int, weight: float) -> int:
    """Whole lots of a target weight: weight * equity / value of a lot, cut toward zero.

    0 without a price, and without equity: who owns less than nothing wants no position. What
    settles in another currency has no size here: one lot asks the gate, which refuses it.
    """
    instrument = s["instruments"][number]
    if instrument["last_ticks"] <= 0:
        return 0
    if instrument["foreign"] != 0:
        return 1 if weight > 0.0 else -1 if weight < 0.0 else 0
    tick_value = instrument["tick_value_numerator"] / instrument["tick_value_denominator"]
    lot_value = instrument["last_ticks"] * tick_value
    if instrument["inverse"] != 0:
        lot_value = tick_value / instrument["last_ticks"]
    lots = weight * max(s["ledger"]["equity_minor"], 0) / lot_value
    return int(min(max(lots, -float(LOTS_MAX)), float(LOTS_MAX)))


@kernel
def _lots_min(s: Any, number: int) -> int:
    """The fewest lots that are worth the minimum notional; 0 where a lot's worth is not known."""
    instrument = s["instruments"][number]
    numerator, denominator = instrument["tick_value_numerator"], instrument["tick_value_denominator"]
    last, least = instrument["last_ticks"], s["rebalance_notional_minor_min"]
    if last * numerator <= 0 or instrument["foreign"] != 0:
        return 0
    if instrument["inverse"] != 0:
        return share_ceil(least, denominator * last, numerator)
    return ceil_div(least * denominator, last * numerator)


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
def is_against(target: int, position: int, working: int) -> bool:
    """Whether the working orders lead away from the target, or beyond it.

    >>> is_against(50, 0, 100), is_against(0, 0, 100), is_against(150, 0, 100)
    (True, True, False)
    """
    change = target - position - working
    return working != 0 and change != 0 and (change > 0) != (working > 0)


@kernel
def plan(s: Any, number: int, target: int, position: int, working: int) -> tuple[int, int, int]:
    """(reason, closing lots, opening lots), signed; reason is 0 when there is something to do.

    position and working are those of the strategy; working orders against the target do not
    count, for they are being cancelled. A change smaller than the band (a share of the target)
    or worth less than the minimum is no trade, unless it closes the position.
    """
    if is_against(target, position, working):
        working = 0
    held = position + working
    change = target - held
    if change == 0:
        return (WORKING if working != 0 else NOTHING_LEFT), 0, 0
    if target * 1.0 * held > 0.0 and abs(change) < s["rebalance_band"] * abs(target):
        return BAND, 0, 0
    if target != 0 and abs(change) < _lots_min(s, number):
        return SMALL, 0, 0
    if held * 1.0 * change >= 0.0:
        return 0, 0, change
    if abs(change) <= abs(held):
        return 0, change, 0
    return 0, -held, target
