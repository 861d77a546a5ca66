"""Why the core stopped: every code has words, the sequence and the time."""

from typing import Any

import pytest

from seawall.engine import groups, halts, ticks
from seawall.engine.halts import halt_message
from seawall.execution import manager
from seawall.kernels.state import new_state
from seawall.portfolio.ledger import BROKEN

CODES = [
    (groups.HALT_BACKWARDS, 0, "an event is older than the clock"),
    (groups.HALT_EARLY, 0, "a row arrived before it left the exchange"),
    (ticks.HALT_PACKET, 0, "a packet of market rows does not end"),
    (manager.HALT_ILLEGAL, 7, "an order event that the transition table lacks (order 7)"),
    (manager.HALT_UNKNOWN_ORDER, 7, "a report for an order that was never sent (order 7)"),
    (
        manager.HALT_REPLACED,
        7,
        "the venue says that it replaced an order, which this desk never asks for (order 7)",
    ),
    (manager.HALT_FORGOTTEN, 7, "a fill of an order that ended too long ago to be known (order 7)"),
    (groups.HALT_BOOKS + 3, 0, "invariant broken: a cash account owes cash (A14)"),
]


@pytest.mark.parametrize(("code", "detail", "words"), CODES)
def test_a_halt_in_words(code: int, detail: int, words: str) -> None:
    """The first offending sequence, the time, and what was wrong."""
    s: Any = new_state()[0]
    s["stop_code"], s["stop_sequence"], s["stop_detail"], s["now_ns"] = code, 42, detail, 10**18
    assert halt_message(s) == f"halted at sequence 42, 2001-09-09T01:46:40Z: {words}"


def test_every_code_has_words_and_none_is_used_twice() -> None:
    """All HALT_ constants are in the table, but for the books, whose codes the ledger explains."""
    codes = [
        value
        for module in (groups, ticks, manager)
        for name, value in vars(module).items()
        if name.startswith("HALT_") and name != "HALT_BOOKS"
    ]
    assert sorted(codes) == sorted(halts.MEANING)
    assert max(codes) < groups.HALT_BOOKS + min(BROKEN)
