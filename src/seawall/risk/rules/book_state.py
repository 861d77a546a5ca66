"""C27: nothing is decided on a book that is not whole.

Rule 1: a gap that is not healed, a crossed or a one-sided book, and one without a snapshot yet refuse
        every order of the instrument, also one that reduces: its price would be a guess.
Rule 2: instruments without a book (bars, trades alone) pass.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.reasons import Reason
from seawall.risk.rule import Rule

__all__ = ["BOOK_STATE", "book_state"]


@kernel
def book_state(x: Any) -> tuple[float, float, bool]:
    """0 where the instrument's book is known to be whole or it has none, else 1; the limit is 0."""
    return 0.0 if x["book_state"] == 0 else 1.0, 0.0, True


BOOK_STATE = Rule(
    control="C27",
    slot=22,
    name="book_state",
    reason=Reason.BOOK_INVALID,
    blind_reason=Reason.BOOK_INVALID,
    unit="0 whole, 1 not",
    reducing=False,
    limits=(),
    needs="the state of the book, where there is one",
    meaning="the instrument's book is whole, or it has none",
    check=book_state,
)
