"""Each rule of a stream is broken by one row, and the message names that row and the rule."""

import numpy as np
import pytest

from seawall.kernels.rows import CLEAR, FLAG_LAST, FLAG_SNAPSHOT, GAP, LEVEL, QUOTE_BID, TRADE
from seawall.model.errors import DataError
from seawall.store.tick_rules import check_ticks
from seawall.store.ticks import TICK_SCHEMAS

LAST, SNAP = FLAG_LAST, FLAG_SNAPSHOT
Row = tuple[int, ...]

# ts_exchange, ts_local, sequence, kind, side, price_ticks, size_lots, flags
TRADES: list[Row] = [
    (1, 2, 1, TRADE, 1, 100, 5, LAST),
    (1, 2, 2, TRADE, 0, 100, 5, LAST),
    (2, 4, 3, GAP, 0, 0, 0, LAST),
    (3, 4, 9, TRADE, -1, 99, 1, LAST),
]
# ts_exchange, ts_local, sequence, kind, bid_ticks, bid_lots, ask_ticks, ask_lots, flags
QUOTES: list[Row] = [
    (1, 2, 1, QUOTE_BID, 99, 5, 100, 5, LAST),
    (1, 2, 2, QUOTE_BID, 0, 0, 100, 5, LAST),
    (2, 4, 3, GAP, 0, 7, 0, 0, LAST),
    (3, 4, 10, QUOTE_BID, 99, 1, 0, 0, LAST),
]
LEVELS: list[Row] = [
    (1, 2, 5, CLEAR, 0, 0, 0, SNAP),
    (1, 2, 5, LEVEL, 1, 99, 5, SNAP),
    (1, 2, 5, LEVEL, -1, 100, 5, SNAP | LAST),
    (2, 4, 6, GAP, 0, 0, 2, LAST),
    (3, 4, 8, LEVEL, 1, 99, 0, 0),
    (3, 4, 8, LEVEL, 1, 98, 1, LAST),
]
GOOD = {"trades": TRADES, "quotes": QUOTES, "levels": LEVELS}


def columns(kind: str, rows: list[Row]) -> dict[str, np.ndarray]:
    """Rows as columns of the kind's schema."""
    table = np.array(rows, dtype=np.int64).reshape(-1, len(TICK_SCHEMAS[kind]))
    return {name: table[:, place] for place, name in enumerate(TICK_SCHEMAS[kind])}


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_stream_passes(kind: str) -> None:
    """A stream with gaps, empty sides and a snapshot breaks no rule, and neither does an empty one."""
    check_ticks(kind, "X", columns(kind, GOOD[kind]))
    check_ticks(kind, "X", columns(kind, []))


@pytest.mark.parametrize(
    ("kind", "row", "changes", "says"),
    [
        ("trades", 1, {"ts_local": 0}, "ts_local is before ts_exchange"),
        ("trades", 3, {"ts_local": 3}, "ts_local decreases"),
        ("quotes", 3, {"ts_exchange": 1}, "ts_exchange decreases"),
        ("levels", 1, {"ts_local": 3}, "ts_local changes inside a packet"),
        ("levels", 5, {"ts_exchange": 4}, "ts_exchange changes inside a packet"),
        ("levels", 5, {"sequence": 9}, "sequence changes inside a packet"),
        ("trades", 0, {"sequence": -1}, "sequence is negative"),
        ("quotes", 1, {"flags": 257}, "flags have a bit above 128"),
        ("levels", 5, {"flags": 0}, "the last packet has no LAST"),
        ("levels", 3, {"flags": 0}, "a gap stands inside a packet"),
        ("trades", 1, {"kind": LEVEL}, "kind is neither TRADE nor GAP"),
        ("trades", 1, {"flags": 4}, "a trade without LAST"),
        ("trades", 1, {"side": 2}, "side is none of 1, -1, 0"),
        ("trades", 1, {"price_ticks": 0}, "a trade's price is not above 0"),
        ("trades", 1, {"size_lots": 0}, "a trade's size is not above 0"),
        ("trades", 2, {"price_ticks": 1}, "a gap's price_ticks is not 0"),
        ("levels", 3, {"size_lots": -1}, "a gap's size_lots is negative"),
        ("quotes", 1, {"kind": 4}, "kind is neither QUOTE_BID nor GAP"),
        ("quotes", 1, {"flags": 0}, "a quote without LAST"),
        ("quotes", 0, {"ask_lots": -1}, "ask_lots is negative"),
        ("quotes", 0, {"bid_ticks": 0}, "bid_ticks is not above 0"),
        ("quotes", 2, {"ask_lots": 1}, "a gap has an ask"),
        ("quotes", 2, {"bid_lots": -1}, "bid_lots is negative"),
        ("levels", 4, {"kind": TRADE}, "kind is none of LEVEL, CLEAR, GAP"),
        ("levels", 4, {"side": 0}, "a level's side is neither 1 nor -1"),
        ("levels", 4, {"price_ticks": 0}, "a level's price is not above 0"),
        ("levels", 4, {"size_lots": -1}, "a level's size is negative"),
        ("levels", 1, {"kind": CLEAR}, "a clear stands inside a packet"),
        ("levels", 0, {"flags": 0}, "a clear without SNAPSHOT"),
        ("levels", 0, {"size_lots": 1}, "a clear has a side, price or size"),
        ("levels", 2, {"flags": LAST}, "SNAPSHOT changes inside a packet"),
        ("levels", 0, {"kind": LEVEL, "side": 1, "price_ticks": 1}, "a snapshot does not open with a clear"),
    ],
)
def test_each_rule_is_named_with_its_row(kind: str, row: int, changes: dict[str, int], says: str) -> None:
    """One field of one row is spoilt, and the error says which row and why."""
    spoilt = {name: values.copy() for name, values in columns(kind, GOOD[kind]).items()}
    for name, value in changes.items():
        spoilt[name][row] = value
    with pytest.raises(DataError) as error:
        check_ticks(kind, "X stream", spoilt)
    assert str(error.value) == f"X stream: row {row} of {len(GOOD[kind])}: {says}"


def test_the_first_row_wins() -> None:
    """Of several broken rows the first is named, whichever rule it breaks."""
    spoilt = columns("trades", TRADES)
    spoilt["size_lots"][1], spoilt["ts_local"][3] = -1, 0
    with pytest.raises(DataError, match="row 1 of 4: a trade's size is not above 0"):
        check_ticks("trades", "X", spoilt)
