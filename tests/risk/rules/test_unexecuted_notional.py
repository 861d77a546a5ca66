"""C15: all that works, at its worst prices."""

from collections.abc import Callable
from typing import Any

import pytest

from seawall.risk.rules.unexecuted_notional import UNEXECUTED_NOTIONAL

CASES = [
    (
        "this one alone, at the limit",
        UNEXECUTED_NOTIONAL,
        {"unexecuted_minor": 0, "notional_minor": 100_000_000},
        "pass",
    ),
    (
        "with a minor unit of others",
        UNEXECUTED_NOTIONAL,
        {"unexecuted_minor": 1, "notional_minor": 100_000_000},
        "block",
    ),
    (
        "no limit",
        UNEXECUTED_NOTIONAL,
        {"unexecuted_minor": 1_000_000_000_000, "desk__unexecuted_notional_minor_max": -1},
        "pass",
    ),
    (
        "nobody knows what works",
        UNEXECUTED_NOTIONAL,
        {"unexecuted_minor": -1, "desk__unexecuted_notional_minor_max": -1},
        "blind",
    ),
]


@pytest.mark.parametrize(("said", "rule", "changes", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_unexecuted_notional(
    said: str, rule: Any, changes: dict[str, int], verdict: str, judge: Callable[..., Any]
) -> None:
    """Working orders and this one share one limit."""
    assert judge(rule, **changes)[2] == verdict, said
