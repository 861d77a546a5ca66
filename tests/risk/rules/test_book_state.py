"""C27: no order on a book that has a gap, is crossed or lacks a side, not even one that reduces."""

from collections.abc import Callable
from typing import Any

import pytest

from seawall.model.reasons import Reason
from seawall.risk.gate import review
from seawall.risk.rule import FAIL, PASS
from seawall.risk.rules.book_state import BOOK_STATE

CASES = [
    ("whole, or none at all", BOOK_STATE, {"book_state": 0}, "pass"),
    ("not whole", BOOK_STATE, {"book_state": 1}, "block"),
    ("a number that means nothing", BOOK_STATE, {"book_state": 7}, "block"),
    ("nobody knows", BOOK_STATE, {"book_state": -1}, "block"),
]


@pytest.mark.parametrize(("said", "rule", "changes", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_book_state(
    said: str, rule: Any, changes: dict[str, int], verdict: str, judge: Callable[..., Any]
) -> None:
    """Only what is known to be whole passes."""
    assert judge(rule, **changes)[2] == verdict, said


@pytest.mark.parametrize("reducing", [0, 1])
@pytest.mark.parametrize(("state", "status"), [(0, PASS), (1, FAIL)])
def test_an_order_that_reduces_is_no_exception(
    reducing: int, state: int, status: int, a_state: Callable[..., Any]
) -> None:
    """The gate refuses both kinds for this alone, and names the reason."""
    s = a_state(book_state=state, reducing=reducing)
    decision = s["decisions"][0]
    assert review(s, decision) == state
    assert decision["rule_status"][BOOK_STATE.slot] == status
    assert decision["reason"] == (Reason.BOOK_INVALID if state else Reason.NONE)
