"""C16: the money for the worst case is there before the order goes, fees included.

Rule 1: in a cash account a buy needs its notional and its fee out of the cash that is neither
        reserved for other orders nor below the floor; a sell needs its fee. No switch.
Rule 2: in a margin account equity above the floor bears the initial margin of the worst-case
        gross exposure after this order, its fee and the fees reserved for others. Without a
        margin rate (-1) C18 and C19 bound the exposure, and only the fees are asked for here.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.reasons import Reason
from seawall.model.units import share_ceil
from seawall.risk.rule import Rule

__all__ = ["CAPITAL", "capital"]

MILLION = 1_000_000


@kernel
def capital(x: Any) -> tuple[float, float, bool]:
    """What the worst case needs against what is free."""
    floor = max(x["limits"]["cash_floor_minor"], 0)
    fee = x["fee_minor"]
    known = fee >= 0 and x["notional_minor"] > 0
    if x["margin_account"] != 1:
        needed = fee + x["notional_minor"] if x["side"] > 0 else fee
        known = known and x["reserved_minor"] >= 0 and x["cash_minor"] >= 0
        return float(needed), float(x["cash_minor"] - x["reserved_minor"] - floor), known
    gross, rate = x["gross_after_minor"], max(x["limits"]["initial_margin_ppm"], 0)
    known = known and gross >= 0 and x["reserved_minor"] >= 0 and x["equity_minor"] > 0
    margin = share_ceil(gross, rate, MILLION) + x["reserved_minor"]
    return float(margin + fee), float(x["equity_minor"] - floor), known


CAPITAL = Rule(
    control="C16",
    slot=11,
    name="capital",
    reason=Reason.CAPITAL,
    blind_reason=Reason.CAPITAL,
    unit="minor",
    reducing=True,
    limits=("cash_floor_minor", "initial_margin_ppm"),
    needs="the account, a reference price and a bound on the fee",
    meaning="free cash or margin bears the worst-case fill with its fees",
    check=capital,
)
