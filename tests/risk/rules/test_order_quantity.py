"""C6: the cap in lots and the share of the volume."""

from collections.abc import Callable
from typing import Any

import pytest

from seawall.risk.rules.order_quantity import ORDER_QUANTITY, VOLUME_SHARE

CASES = [
    (
        "no cap configured",
        ORDER_QUANTITY,
        {"lots": 1_000_000_000_000_000, "instrument__order_lots_max": -1},
        "pass",
    ),
    ("a cap of nothing", ORDER_QUANTITY, {"lots": 1, "instrument__order_lots_max": 0}, "block"),
    ("5 % of a million", VOLUME_SHARE, {"lots": 50_000}, "pass"),
    ("one lot more", VOLUME_SHARE, {"lots": 50_001}, "block"),
    ("5 % of 19 lots is no whole lot", VOLUME_SHARE, {"lots": 1, "volume_average_lots": 19}, "block"),
    ("5 % of 20 is one", VOLUME_SHARE, {"lots": 1, "volume_average_lots": 20}, "pass"),
    ("unknown volume", VOLUME_SHARE, {"volume_known": 0}, "blind"),
    (
        "unknown volume, and nobody asks",
        VOLUME_SHARE,
        {"volume_known": 0, "instrument__order_volume_ppm_max": -1},
        "pass",
    ),
    (
        "no overflow",
        VOLUME_SHARE,
        {
            "lots": 1_000_000_000_000,
            "volume_average_lots": 100_000_000_000_000,
            "instrument__order_volume_ppm_max": 10_000,
        },
        "pass",
    ),
]


@pytest.mark.parametrize(("said", "rule", "changes", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_order_quantity(
    said: str, rule: Any, changes: dict[str, int], verdict: str, judge: Callable[..., Any]
) -> None:
    """Caps hold to the lot; unknown volume is not zero and not enough."""
    assert judge(rule, **changes)[2] == verdict, said
