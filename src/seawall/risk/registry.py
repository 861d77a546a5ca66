"""All rules of the gate in the order of their slots, and what compiled code needs of them.

Rule 1: a rule that does not stand here does not exist; a slot is never reused.
Rule 2: the reference table of docs/gate.md is made from here, so it cannot disagree.
"""

import numpy as np

from seawall.kernels.state import RULES_MAX
from seawall.risk.rule import Rule
from seawall.risk.rules.book_state import BOOK_STATE
from seawall.risk.rules.capital import CAPITAL
from seawall.risk.rules.concentration import GROSS_EXPOSURE, NET_EXPOSURE, SINGLE_NAME
from seawall.risk.rules.daily_loss import DAILY_LOSS
from seawall.risk.rules.drawdown import DRAWDOWN
from seawall.risk.rules.duplicate_order import DUPLICATE_ORDER
from seawall.risk.rules.input_sanity import INPUT_SANITY
from seawall.risk.rules.leverage import LEVERAGE
from seawall.risk.rules.market_protection import MARKET_PROTECTION
from seawall.risk.rules.open_orders import OPEN_ORDERS, OPEN_ORDERS_INSTRUMENT
from seawall.risk.rules.order_notional import ORDER_NOTIONAL
from seawall.risk.rules.order_quantity import ORDER_QUANTITY, VOLUME_SHARE
from seawall.risk.rules.position_existence import POSITION_EXISTENCE
from seawall.risk.rules.position_limit import POSITION_LIMIT, SHORT_SALE
from seawall.risk.rules.price_collar import PRICE_COLLAR
from seawall.risk.rules.stale_data import STALE_DATA
from seawall.risk.rules.unexecuted_notional import UNEXECUTED_NOTIONAL
from seawall.risk.rules.unit_types import UNIT_TYPES

__all__ = ["BLIND_REASONS", "REASONS", "REDUCING_PASSES", "RULES", "reference_table"]

RULES: tuple[Rule, ...] = (
    INPUT_SANITY,
    UNIT_TYPES,
    PRICE_COLLAR,
    MARKET_PROTECTION,
    ORDER_QUANTITY,
    VOLUME_SHARE,
    ORDER_NOTIONAL,
    DUPLICATE_ORDER,
    OPEN_ORDERS,
    OPEN_ORDERS_INSTRUMENT,
    UNEXECUTED_NOTIONAL,
    CAPITAL,
    POSITION_LIMIT,
    SHORT_SALE,
    GROSS_EXPOSURE,
    NET_EXPOSURE,
    SINGLE_NAME,
    LEVERAGE,
    POSITION_EXISTENCE,
    STALE_DATA,
    DAILY_LOSS,
    DRAWDOWN,
    BOOK_STATE,
)
assert [rule.slot for rule in RULES] == list(range(len(RULES)))
assert len(RULES) <= RULES_MAX

# By slot, for compiled code.
REASONS = np.array([int(rule.reason) for rule in RULES], np.int64)
BLIND_REASONS = np.array([int(rule.blind_reason) for rule in RULES], np.int64)
REDUCING_PASSES = np.array([int(rule.reducing) for rule in RULES], np.int64)


def reference_table() -> str:
    """The Markdown table of docs/gate.md: every rule, in the order of its slot.

    >>> print(reference_table().splitlines()[0])
    | control | rule | passes if | reducing orders | class | unit | limits | reason |
    """
    lines = [
        "| control | rule | passes if | reducing orders | class | unit | limits | reason |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for rule in RULES:
        reasons = [rule.reason.name.lower()]
        if rule.blind_reason != rule.reason:
            reasons.append(f"{rule.blind_reason.name.lower()} (not evaluated)")
        limits = ", ".join(f"`{name}`" for name in rule.limits) or "none"
        passing = "pass" if rule.reducing else "must pass it too"
        lines.append(
            f"| {rule.control} | `{rule.name}` | {rule.meaning} | {passing} | {rule.grade.name.lower()} "
            f"| {rule.unit} | {limits} | {', '.join(reasons)} |"
        )
    return "\n".join(lines) + "\n"
