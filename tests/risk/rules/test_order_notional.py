"""C7: one order is bounded in money."""

from collections.abc import Callable
from typing import Any

import pytest

from seawall.risk.rules.order_notional import ORDER_NOTIONAL

CASES = [
    (
        "the instrument's is smaller",
        ORDER_NOTIONAL,
        {"notional_minor": 1_000, "instrument__order_notional_minor_max": 999},
        "block",
    ),
    (
        "the desk's is smaller",
        ORDER_NOTIONAL,
        {"notional_minor": 1_000, "desk__order_notional_minor_max": 999},
        "block",
    ),
    (
        "neither is configured",
        ORDER_NOTIONAL,
        {
            "notional_minor": 1_000_000_000_000_000,
            "desk__order_notional_minor_max": -1,
            "instrument__order_notional_minor_max": -1,
        },
        "pass",
    ),
    (
        "one of them is",
        ORDER_NOTIONAL,
        {
            "notional_minor": 1_000,
            "desk__order_notional_minor_max": -1,
            "instrument__order_notional_minor_max": 999,
        },
        "block",
    ),
    ("a notional that could not be computed", ORDER_NOTIONAL, {"notional_minor": -1}, "blind"),
]


@pytest.mark.parametrize(("said", "rule", "changes", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_order_notional(
    said: str, rule: Any, changes: dict[str, int], verdict: str, judge: Callable[..., Any]
) -> None:
    """The smaller of the two limits counts."""
    assert judge(rule, **changes)[2] == verdict, said
