"""C3: prices far from the market, on either side of it."""

from collections.abc import Callable
from typing import Any

import pytest

from seawall.risk.rules.price_collar import PRICE_COLLAR

CASES = [
    ("10 % below, at the edge", PRICE_COLLAR, {"limit_ticks": 9_000}, "pass"),
    ("one tick below it", PRICE_COLLAR, {"limit_ticks": 8_999}, "block"),
    ("a sell at the edge", PRICE_COLLAR, {"side": -1, "limit_ticks": 9_000}, "pass"),
    ("a sell given away", PRICE_COLLAR, {"side": -1, "limit_ticks": 8_999}, "block"),
    ("a sell far above is a slip as well", PRICE_COLLAR, {"side": -1, "limit_ticks": 11_001}, "block"),
    ("reducing: the emergency collar", PRICE_COLLAR, {"limit_ticks": 13_000, "reducing": 1}, "pass"),
    ("and not beyond it", PRICE_COLLAR, {"limit_ticks": 13_001, "reducing": 1}, "block"),
    (
        "never narrower than the usual one",
        PRICE_COLLAR,
        {"limit_ticks": 11_000, "reducing": 1, "desk__emergency_collar_ppm": 0},
        "pass",
    ),
    ("no collar configured", PRICE_COLLAR, {"limit_ticks": 99_999, "instrument__collar_ppm": -1}, "pass"),
    (
        "no reference is not excused by that",
        PRICE_COLLAR,
        {"reference_ticks": 0, "instrument__collar_ppm": -1},
        "blind",
    ),
    ("0.01 % is 100 ppm", PRICE_COLLAR, {"limit_ticks": 10_001, "instrument__collar_ppm": 99}, "block"),
]


@pytest.mark.parametrize(("said", "rule", "changes", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_price_collar(
    said: str, rule: Any, changes: dict[str, int], verdict: str, judge: Callable[..., Any]
) -> None:
    """The distance counts both ways."""
    assert judge(rule, **changes)[2] == verdict, said
