"""C29: the loss of the day, marked to market."""

from collections.abc import Callable
from typing import Any

import pytest

from seawall.risk.rules.daily_loss import DAILY_LOSS

CASES = [
    ("a gain", DAILY_LOSS, {"day_loss_minor": -1_000_000_000}, "pass"),
    ("latched, though nothing is lost now", DAILY_LOSS, {"daily_loss_latched": 1}, "block"),
    (
        "latched, in spite of a gain",
        DAILY_LOSS,
        {"daily_loss_latched": 1, "day_loss_minor": -1_000_000_000},
        "block",
    ),
    (
        "the amount is the smaller",
        DAILY_LOSS,
        {"day_loss_minor": 3_000_000, "desk__daily_loss_minor_max": 3_000_000},
        "block",
    ),
    (
        "the share is the smaller",
        DAILY_LOSS,
        {"day_loss_minor": 3_000_000, "desk__daily_loss_ppm_max": 30_000},
        "block",
    ),
    (
        "5 % of the day's start, reached",
        DAILY_LOSS,
        {"day_loss_minor": 5_000_000, "desk__daily_loss_minor_max": -1},
        "block",
    ),
    (
        "the amount, reached",
        DAILY_LOSS,
        {"day_loss_minor": 5_000_000, "desk__daily_loss_ppm_max": -1},
        "block",
    ),
    (
        "4 of 4.95",
        DAILY_LOSS,
        {"day_loss_minor": 4, "day_start_minor": 99, "desk__daily_loss_minor_max": -1},
        "pass",
    ),
    (
        "5 of 4.95",
        DAILY_LOSS,
        {"day_loss_minor": 5, "day_start_minor": 99, "desk__daily_loss_minor_max": -1},
        "block",
    ),
    (
        "nothing configured",
        DAILY_LOSS,
        {"day_known": 0, "desk__daily_loss_minor_max": -1, "desk__daily_loss_ppm_max": -1},
        "pass",
    ),
    (
        "a latch outlives its limit",
        DAILY_LOSS,
        {"daily_loss_latched": 1, "desk__daily_loss_minor_max": -1, "desk__daily_loss_ppm_max": -1},
        "block",
    ),
]


@pytest.mark.parametrize(("said", "rule", "changes", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_daily_loss(
    said: str, rule: Any, changes: dict[str, int], verdict: str, judge: Callable[..., Any]
) -> None:
    """Reaching the limit blocks, and a latch blocks whatever happens."""
    assert judge(rule, **changes)[2] == verdict, said
