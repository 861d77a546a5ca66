"""C23: reduce-only means that there is something to reduce."""

from collections.abc import Callable
from typing import Any

import pytest

from seawall.risk.rules.position_existence import POSITION_EXISTENCE

CASES = [
    ("flat", POSITION_EXISTENCE, {"reduce_only": 1}, "block"),
    ("a buy does not reduce a long", POSITION_EXISTENCE, {"reduce_only": 1, "position_lots": 500}, "block"),
    (
        "long 50, sell 100 would flip",
        POSITION_EXISTENCE,
        {"reduce_only": 1, "side": -1, "position_lots": 50},
        "block",
    ),
    ("a buy that closes a short", POSITION_EXISTENCE, {"reduce_only": 1, "position_lots": -100}, "pass"),
    (
        "50 work already, 100 are left",
        POSITION_EXISTENCE,
        {"reduce_only": 1, "side": -1, "position_lots": 150, "open_sell_lots": 50},
        "pass",
    ),
    (
        "99 are left",
        POSITION_EXISTENCE,
        {"reduce_only": 1, "side": -1, "position_lots": 150, "open_sell_lots": 51},
        "block",
    ),
    ("no excuse by a flag", POSITION_EXISTENCE, {"reduce_only": 1, "reducing": 1}, "block"),
    ("other orders are not asked", POSITION_EXISTENCE, {"reduce_only": 0}, "pass"),
]


@pytest.mark.parametrize(("said", "rule", "changes", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_position_existence(
    said: str, rule: Any, changes: dict[str, int], verdict: str, judge: Callable[..., Any]
) -> None:
    """The size is looked at as well as the side."""
    assert judge(rule, **changes)[2] == verdict, said
