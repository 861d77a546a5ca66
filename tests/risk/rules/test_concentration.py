"""C18: gross, net and single name as shares of equity."""

from collections.abc import Callable
from typing import Any

import pytest

from seawall.risk.rules.concentration import GROSS_EXPOSURE, NET_EXPOSURE, SINGLE_NAME

CASES = [
    (
        "33 of 33.3333",
        GROSS_EXPOSURE,
        {"gross_after_minor": 33, "equity_minor": 100, "desk__gross_ppm_max": 333_333},
        "pass",
    ),
    (
        "34 is above it",
        GROSS_EXPOSURE,
        {"gross_after_minor": 34, "equity_minor": 100, "desk__gross_ppm_max": 333_333},
        "block",
    ),
    (
        "nine trillion, exactly",
        GROSS_EXPOSURE,
        {"gross_after_minor": 900_000_000_000_000, "equity_minor": 900_000_000_000_000},
        "pass",
    ),
    (
        "and a cent",
        GROSS_EXPOSURE,
        {"gross_after_minor": 900_000_000_000_001, "equity_minor": 900_000_000_000_000},
        "block",
    ),
    ("no limit", GROSS_EXPOSURE, {"gross_after_minor": 1_000_000_000_000, "desk__gross_ppm_max": -1}, "pass"),
    ("a limit of nothing", GROSS_EXPOSURE, {"gross_after_minor": 1, "desk__gross_ppm_max": 0}, "block"),
    ("no share of less than nothing", NET_EXPOSURE, {"net_after_minor": 1, "equity_minor": -1}, "blind"),
    ("no limit", NET_EXPOSURE, {"net_after_minor": 1_000_000_000_000, "desk__net_ppm_max": -1}, "pass"),
    (
        "no limit",
        SINGLE_NAME,
        {"single_name_after_minor": 1_000_000_000_000, "instrument__single_name_ppm_max": -1},
        "pass",
    ),
    ("gross is another rule", SINGLE_NAME, {"gross_after_minor": 1_000_000_000_000}, "pass"),
]


@pytest.mark.parametrize(("said", "rule", "changes", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_concentration(
    said: str, rule: Any, changes: dict[str, int], verdict: str, judge: Callable[..., Any]
) -> None:
    """A share of equity is compared exactly, to the minor unit."""
    assert judge(rule, **changes)[2] == verdict, said
