"""C16: the worst case is paid for before the order goes."""

from collections.abc import Callable
from typing import Any

import pytest

from seawall.risk.rules.capital import CAPITAL

CASES = [
    ("notional and fee, to the cent", CAPITAL, {"cash_minor": 1_010_100}, "pass"),
    ("the fee's last cent is missing", CAPITAL, {"cash_minor": 1_010_099}, "block"),
    ("another order holds a cent", CAPITAL, {"cash_minor": 1_010_100, "reserved_minor": 1}, "block"),
    ("the floor holds a cent", CAPITAL, {"cash_minor": 1_010_100, "desk__cash_floor_minor": 1}, "block"),
    (
        "a floor below zero is a floor of zero",
        CAPITAL,
        {"cash_minor": 1_010_100, "desk__cash_floor_minor": -500},
        "pass",
    ),
    ("and lends nothing", CAPITAL, {"cash_minor": 1_010_099, "desk__cash_floor_minor": -500}, "block"),
    ("a sell needs its fee", CAPITAL, {"side": -1, "cash_minor": 100}, "pass"),
    ("all of it", CAPITAL, {"side": -1, "cash_minor": 99}, "block"),
    ("half of the gross and the fee", CAPITAL, {"margin_account": 1, "equity_minor": 505_100}, "pass"),
    ("a cent less", CAPITAL, {"margin_account": 1, "equity_minor": 505_099}, "block"),
    (
        "the fee of another order",
        CAPITAL,
        {"margin_account": 1, "equity_minor": 505_100, "reserved_minor": 1},
        "block",
    ),
    (
        "a margin is rounded up",
        CAPITAL,
        {"margin_account": 1, "equity_minor": 505_101, "gross_after_minor": 1_010_001},
        "pass",
    ),
    (
        "not down",
        CAPITAL,
        {"margin_account": 1, "equity_minor": 505_100, "gross_after_minor": 1_010_001},
        "block",
    ),
    ("no equity", CAPITAL, {"margin_account": 1, "equity_minor": 0}, "blind"),
    ("a margin account may owe cash", CAPITAL, {"margin_account": 1, "cash_minor": -1}, "pass"),
]


@pytest.mark.parametrize(("said", "rule", "changes", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_capital(
    said: str, rule: Any, changes: dict[str, int], verdict: str, judge: Callable[..., Any]
) -> None:
    """Cash and margin accounts bear their worst case, fees included."""
    assert judge(rule, **changes)[2] == verdict, said
