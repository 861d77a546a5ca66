"""C17: positions with everything that may still fill."""

from collections.abc import Callable
from typing import Any

import pytest

from seawall.risk.rules.position_limit import POSITION_LIMIT, SHORT_SALE

CASES = [
    (
        "position + working + this = limit",
        POSITION_LIMIT,
        {"position_lots": 99_000, "open_buy_lots": 900},
        "pass",
    ),
    ("working orders count", POSITION_LIMIT, {"position_lots": 99_000, "open_buy_lots": 901}, "block"),
    (
        "working sells do not help: they may never fill",
        POSITION_LIMIT,
        {"position_lots": 99_901, "open_sell_lots": 50_000},
        "block",
    ),
    (
        "short, at its own limit",
        POSITION_LIMIT,
        {"side": -1, "position_lots": -99_000, "open_sell_lots": 900},
        "pass",
    ),
    ("short, beyond", POSITION_LIMIT, {"side": -1, "position_lots": -99_000, "open_sell_lots": 901}, "block"),
    (
        "selling all is not short",
        POSITION_LIMIT,
        {"side": -1, "instrument__short_lots_max": 0, "position_lots": 100},
        "pass",
    ),
    (
        "one lot is",
        POSITION_LIMIT,
        {"side": -1, "instrument__short_lots_max": 0, "position_lots": 99},
        "block",
    ),
    ("the short limit is not the long one's", POSITION_LIMIT, {"instrument__short_lots_max": 0}, "pass"),
    (
        "no limit",
        POSITION_LIMIT,
        {"position_lots": 1_000_000_000_000, "instrument__long_lots_max": -1},
        "pass",
    ),
    (
        "another sell works already",
        SHORT_SALE,
        {"side": -1, "position_lots": 100, "open_sell_lots": 1},
        "block",
    ),
    ("a margin account may", SHORT_SALE, {"side": -1, "margin_account": 1}, "pass"),
    ("where the instrument may", SHORT_SALE, {"side": -1, "margin_account": 1, "shortable": 0}, "block"),
    ("a buy is no short sale", SHORT_SALE, {"side": 1}, "pass"),
]


@pytest.mark.parametrize(("said", "rule", "changes", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_position_limit(
    said: str, rule: Any, changes: dict[str, int], verdict: str, judge: Callable[..., Any]
) -> None:
    """Each side is assumed filled; the other side does not net it."""
    assert judge(rule, **changes)[2] == verdict, said
