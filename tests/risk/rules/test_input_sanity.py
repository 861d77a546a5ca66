"""C1: orders that make no sense, one fault at a time."""

from collections.abc import Callable
from typing import Any

import pytest

from seawall.risk.rules.input_sanity import INPUT_SANITY, fault_names

CASES = [
    ("nothing", INPUT_SANITY, {"lots": 0}, "block"),
    ("less than nothing", INPUT_SANITY, {"lots": -5}, "block"),
    ("neither buy nor sell", INPUT_SANITY, {"side": 0}, "block"),
    ("twice a buy", INPUT_SANITY, {"side": 2}, "block"),
    ("no type", INPUT_SANITY, {"order_type": 0}, "block"),
    ("a type of tomorrow", INPUT_SANITY, {"order_type": 4}, "block"),
    ("no time in force", INPUT_SANITY, {"time_in_force": 0}, "block"),
    ("an unknown one", INPUT_SANITY, {"time_in_force": 5}, "block"),
    ("no worst price", INPUT_SANITY, {"limit_ticks": 0}, "block"),
    ("not for a market order either", INPUT_SANITY, {"limit_ticks": 0, "order_type": 1}, "block"),
    ("a stop-limit without a stop", INPUT_SANITY, {"order_type": 3}, "block"),
    ("one with", INPUT_SANITY, {"order_type": 3, "stop_ticks": 10_050}, "pass"),
    ("a stop below zero", INPUT_SANITY, {"stop_ticks": -1}, "block"),
    ("an unknown instrument", INPUT_SANITY, {"known_instrument": 0}, "block"),
    ("reducing is no excuse", INPUT_SANITY, {"reducing": 1, "lots": 0}, "block"),
]


@pytest.mark.parametrize(("said", "rule", "changes", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_input_sanity(
    said: str, rule: Any, changes: dict[str, int], verdict: str, judge: Callable[..., Any]
) -> None:
    """Each fault alone blocks."""
    assert judge(rule, **changes)[2] == verdict, said


def test_every_fault_has_its_bit_and_its_words(judge: Callable[..., Any]) -> None:
    """Several faults at once are all named."""
    value, _, _ = judge(INPUT_SANITY, lots=0, side=0, limit_ticks=0)
    assert fault_names(value) == ("lots not above 0", "unknown side", "no worst price")
