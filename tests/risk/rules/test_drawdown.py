"""C30: the fall from the peak."""

from collections.abc import Callable
from typing import Any

import pytest

from seawall.risk.rules.drawdown import DRAWDOWN

CASES = [
    ("latched, though equity is back", DRAWDOWN, {"drawdown_latched": 1}, "block"),
    ("no limit", DRAWDOWN, {"drawdown_ppm": 1_000_000, "desk__drawdown_ppm_max": -1}, "pass"),
    ("a latch outlives its limit", DRAWDOWN, {"drawdown_latched": 1, "desk__drawdown_ppm_max": -1}, "block"),
    (
        "no drawdown allowed at all is reached at once",
        DRAWDOWN,
        {"drawdown_ppm": 0, "desk__drawdown_ppm_max": 0},
        "block",
    ),
]


@pytest.mark.parametrize(("said", "rule", "changes", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_drawdown(
    said: str, rule: Any, changes: dict[str, int], verdict: str, judge: Callable[..., Any]
) -> None:
    """Reaching the limit blocks, and a latch blocks whatever happens."""
    assert judge(rule, **changes)[2] == verdict, said
