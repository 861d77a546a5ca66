"""C10: a window that slides, not a counter that fills."""

from collections.abc import Callable
from typing import Any

import pytest

from seawall.risk.rules.duplicate_order import DUPLICATE_ORDER

CASES = [
    ("never before", DUPLICATE_ORDER, {"duplicate_age_ns": -1}, "pass"),
    ("at the same instant", DUPLICATE_ORDER, {"duplicate_age_ns": 0}, "block"),
    ("as old as the window", DUPLICATE_ORDER, {"duplicate_age_ns": 1_000}, "block"),
    ("a nanosecond older", DUPLICATE_ORDER, {"duplicate_age_ns": 1_001}, "pass"),
    ("no window", DUPLICATE_ORDER, {"duplicate_age_ns": 0, "desk__duplicate_window_ns": -1}, "pass"),
    (
        "a window of one instant",
        DUPLICATE_ORDER,
        {"duplicate_age_ns": 0, "desk__duplicate_window_ns": 0},
        "block",
    ),
    ("the memory was full, or the clock went back", DUPLICATE_ORDER, {"duplicate_age_ns": -2}, "blind"),
]


@pytest.mark.parametrize(("said", "rule", "changes", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_duplicate_order(
    said: str, rule: Any, changes: dict[str, int], verdict: str, judge: Callable[..., Any]
) -> None:
    """The same order waits until the window is over."""
    assert judge(rule, **changes)[2] == verdict, said


def test_the_value_is_the_time_still_to_wait(judge: Callable[..., Any]) -> None:
    """600 ns after the first, the same order has to wait 401 ns more."""
    assert judge(DUPLICATE_ORDER, duplicate_age_ns=600)[:2] == (401.0, 0.0)
