"""C4: a market order never goes naked."""

from collections.abc import Callable
from typing import Any

import pytest

from seawall.risk.rules.market_protection import MARKET_PROTECTION

CASES = [
    ("at the edge of the collar", MARKET_PROTECTION, {"order_type": 1, "limit_ticks": 11_000}, "pass"),
    ("outside", MARKET_PROTECTION, {"order_type": 1, "limit_ticks": 11_001}, "block"),
    ("naked", MARKET_PROTECTION, {"order_type": 1, "limit_ticks": 0}, "blind"),
    (
        "naked, without a collar too",
        MARKET_PROTECTION,
        {"order_type": 1, "limit_ticks": 0, "instrument__collar_ppm": -1},
        "blind",
    ),
    ("a limit order is C3's business", MARKET_PROTECTION, {"order_type": 2, "limit_ticks": 99_999}, "pass"),
    (
        "reducing: the emergency collar",
        MARKET_PROTECTION,
        {"order_type": 1, "limit_ticks": 13_000, "reducing": 1},
        "pass",
    ),
]


@pytest.mark.parametrize(("said", "rule", "changes", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_market_protection(
    said: str, rule: Any, changes: dict[str, int], verdict: str, judge: Callable[..., Any]
) -> None:
    """A market order carries a worst price inside the collar."""
    assert judge(rule, **changes)[2] == verdict, said
