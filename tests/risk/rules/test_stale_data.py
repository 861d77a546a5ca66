"""C26: prices age in nanoseconds, or in sessions where data is daily."""

from collections.abc import Callable
from typing import Any

import pytest

from seawall.risk.rules.stale_data import STALE_DATA

CASES = [
    (
        "daily: of the last session, whatever the clock says",
        STALE_DATA,
        {"reference_age_sessions": 0, "reference_age_ns": 100_000_000_000_000_000},
        "pass",
    ),
    (
        "daily: a session has closed since",
        STALE_DATA,
        {"reference_age_sessions": 1, "reference_age_ns": 0},
        "block",
    ),
    ("daily: as configured", STALE_DATA, {"reference_age_sessions": 3, "desk__age_sessions_max": 3}, "pass"),
    ("nobody knows the age", STALE_DATA, {"reference_age_ns": -1}, "blind"),
    ("a fresh nothing", STALE_DATA, {"reference_ticks": 0, "reference_age_ns": 0}, "blind"),
    ("there is no switch", STALE_DATA, {"reference_age_ns": 0, "desk__age_ns_max": -1}, "block"),
    ("here neither", STALE_DATA, {"reference_age_sessions": 0, "desk__age_sessions_max": -1}, "block"),
]


@pytest.mark.parametrize(("said", "rule", "changes", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_stale_data(
    said: str, rule: Any, changes: dict[str, int], verdict: str, judge: Callable[..., Any]
) -> None:
    """An old price opens nothing."""
    assert judge(rule, **changes)[2] == verdict, said
