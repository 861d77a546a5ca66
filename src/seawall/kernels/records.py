"""How a record enters an output table: one numbering, one head, no gaps.

Rule 1: `sequence` rises by one over all four tables; the head carries the clock and the
        running hash of the market rows, so that a record is tied to what had been seen.
Rule 2: the shell drains before a table can fill; running into the end is our own bug.
"""

from typing import Any

import numpy as np

from seawall.kernels.jit import kernel
from seawall.kernels.state import DECISIONS_KEPT, EQUITY_KEPT, EVENTS_KEPT, POSTINGS_KEPT

__all__ = ["new_decision", "new_equity", "new_event", "new_posting", "room_left", "seal"]


MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
SHIFT = np.uint64(31)


@kernel
def seal(words: Any) -> None:
    """Writes each record's own check into its last word.

    words: uint64 [records, words of a record]. The check is a multiply and xor-shift over the
    other words, so that `verify` can name the very record in which a byte has flipped.
    """
    last = words.shape[1] - 1
    for row in range(words.shape[0]):
        check = MULTIPLIER
        for column in range(last):
            check = (check ^ words[row, column]) * MULTIPLIER
            check ^= check >> SHIFT
        words[row, last] = check


@kernel
def _head(s: Any, record: Any, cause: int) -> None:
    s["sequence"] += 1
    record["sequence"] = s["sequence"]
    record["ts_local"] = s["now_ns"]
    record["row_hash"] = s["row_hash"]
    record["cause"] = cause


@kernel
def new_event(s: Any, kind: int, cause: int) -> Any:
    """The next EVENT record with its head filled; all other fields are as in an empty record."""
    index = s["event_count"]
    assert index < EVENTS_KEPT
    s["event_count"] = index + 1
    record = s["events"][index]
    _head(s, record, cause)
    record["kind"] = kind
    return record


@kernel
def new_decision(s: Any, kind: int, cause: int) -> Any:
    """The next DECISION record with its head filled."""
    index = s["decision_count"]
    assert index < DECISIONS_KEPT
    s["decision_count"] = index + 1
    record = s["decisions"][index]
    _head(s, record, cause)
    record["kind"] = kind
    return record


@kernel
def new_posting(s: Any, cause: int) -> Any:
    """The next POSTING record with its head filled; the caller sets all legs."""
    index = s["posting_count"]
    assert index < POSTINGS_KEPT
    s["posting_count"] = index + 1
    record = s["postings"][index]
    _head(s, record, cause)
    s["ledger"]["entries"] += 1
    record["entry"] = s["ledger"]["entries"]
    return record


@kernel
def new_equity(s: Any, cause: int) -> Any:
    """The next EQUITY record with its head filled."""
    index = s["equity_count"]
    assert index < EQUITY_KEPT
    s["equity_count"] = index + 1
    record = s["equity"][index]
    _head(s, record, cause)
    return record


@kernel
def room_left(s: Any) -> bool:
    """Whether the tables can surely take what one step may write; if not, the shell drains."""
    return (
        s["decision_count"] + 700 < DECISIONS_KEPT
        and s["event_count"] + 2000 < EVENTS_KEPT
        and s["posting_count"] + 600 < POSTINGS_KEPT
        and s["equity_count"] + 8 < EQUITY_KEPT
    )
