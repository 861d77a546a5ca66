"""C19: gross exposure over equity."""

from collections.abc import Callable
from typing import Any

import pytest

from seawall.risk.rules.leverage import LEVERAGE

CASES = [
    ("1.5 of 2", LEVERAGE, {"gross_after_minor": 150_000_000}, "pass"),
    ("no limit", LEVERAGE, {"gross_after_minor": 1_000_000_000_000, "desk__leverage_ppm_max": -1}, "pass"),
    (
        "equity fell by a cent",
        LEVERAGE,
        {"gross_after_minor": 200_000_000, "equity_minor": 99_999_999},
        "block",
    ),
    ("no equity, no leverage", LEVERAGE, {"equity_minor": 0}, "blind"),
]


@pytest.mark.parametrize(("said", "rule", "changes", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_leverage(
    said: str, rule: Any, changes: dict[str, int], verdict: str, judge: Callable[..., Any]
) -> None:
    """The account's terms bound leverage."""
    assert judge(rule, **changes)[2] == verdict, said
