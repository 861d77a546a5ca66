"""C2: lots are a count of lots, never an amount of money that slipped into their place.

Rule 1: the types of model/units.py keep a Notional out of a Quantity's place; what a door
        without types lets through arrives here as `wanted_lots` = -1. So do the lots of what
        settles in another currency than the account: they are no amount of its money.
Rule 2: the lots that are reviewed are the lots that were typed; there is no switch.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.reasons import Reason
from seawall.risk.rule import Rule

__all__ = ["UNIT_TYPES", "unit_types"]


@kernel
def unit_types(x: Any) -> tuple[float, float, bool]:
    """How far the reviewed lots are from the typed ones; nothing but 0 passes."""
    return float(abs(x["lots"] - x["wanted_lots"])), 0.0, x["wanted_lots"] >= 0


UNIT_TYPES = Rule(
    control="C2",
    slot=1,
    name="unit_types",
    reason=Reason.UNIT_MISMATCH,
    blind_reason=Reason.UNIT_MISMATCH,
    unit="lots",
    reducing=False,
    needs="a quantity in lots of what settles in the account's currency",
    meaning="the size is a count of lots, not a notional or a price",
    check=unit_types,
)
