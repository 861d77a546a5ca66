"""C14: how many orders may be open."""

from collections.abc import Callable
from typing import Any

import pytest

from seawall.risk.rules.open_orders import OPEN_ORDERS, OPEN_ORDERS_INSTRUMENT

CASES = [
    ("no limit", OPEN_ORDERS, {"open_orders": 1_000_000, "desk__open_orders_max": -1}, "pass"),
    ("none at all", OPEN_ORDERS, {"open_orders": 0, "desk__open_orders_max": 0}, "block"),
    ("the instrument's count is not the account's", OPEN_ORDERS, {"open_orders_instrument": 4}, "pass"),
    ("nor the other way round", OPEN_ORDERS_INSTRUMENT, {"open_orders": 64}, "pass"),
    (
        "no limit",
        OPEN_ORDERS_INSTRUMENT,
        {"open_orders_instrument": 9, "instrument__open_orders_max": -1},
        "pass",
    ),
]


@pytest.mark.parametrize(("said", "rule", "changes", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_open_orders(
    said: str, rule: Any, changes: dict[str, int], verdict: str, judge: Callable[..., Any]
) -> None:
    """This order counts with those that are open."""
    assert judge(rule, **changes)[2] == verdict, said
