"""C2: a count of lots is not an amount of money."""

from collections.abc import Callable
from typing import Any

import pytest

from seawall.risk.rules.unit_types import UNIT_TYPES

CASES = [
    ("what was typed is what is reviewed", UNIT_TYPES, {}, "pass"),
    ("something else than lots was typed", UNIT_TYPES, {"wanted_lots": -1}, "blind"),
    ("58 million stand where 100 lots were wanted", UNIT_TYPES, {"lots": 58_000_000}, "block"),
    ("fewer is another order too", UNIT_TYPES, {"lots": 99}, "block"),
]


@pytest.mark.parametrize(("said", "rule", "changes", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_unit_types(
    said: str, rule: Any, changes: dict[str, int], verdict: str, judge: Callable[..., Any]
) -> None:
    """Lots that are not the lots that were typed do not pass."""
    assert judge(rule, **changes)[2] == verdict, said
