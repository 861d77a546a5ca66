"""Judged rows become the packets of a stream: a message each, with its clears and gaps."""

import numpy as np
import polars as pl
import pytest

from seawall.kernels.rows import (
    CLEAR,
    FLAG_INFERRED_SIDE,
    FLAG_LAST,
    FLAG_SNAPSHOT,
    GAP,
    LEVEL,
    QUOTE_BID,
    TRADE,
)
from seawall.store.sequences import NO_NUMBER
from seawall.store.tick_judge import SIDE_UNKNOWN
from seawall.store.tick_packets import Packets, Tail, level_packets, quote_packets, trade_packets
from seawall.store.tick_rules import check_ticks
from seawall.store.tick_sides import tick_test
from seawall.store.ticks import TICK_SCHEMAS

LAST, SNAP = FLAG_LAST, FLAG_SNAPSHOT


def columns(roles: str, *rows: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Columns of judged rows, numbered from 1."""
    names = roles.split()
    made = {name: np.array([row[i] for row in rows], np.int64) for i, name in enumerate(names)}
    return made | {"row": np.arange(1, len(rows) + 1)}


def infer(ts_exchange: np.ndarray, price_ticks: np.ndarray) -> np.ndarray:
    """The tick test alone."""
    assert len(ts_exchange) == len(price_ticks)
    return tick_test(price_ticks)


def checked(kind: str, found: Packets) -> list[tuple[int, ...]]:
    """The rows of a frame that the store would take."""
    assert dict(found.frame.schema) == TICK_SCHEMAS[kind]
    check_ticks(kind, kind, {name: found.frame[name].to_numpy() for name in found.frame.columns})
    assert found.frame.height >= len(found.written)
    return found.frame.rows()


TRADES = "ts_exchange ts_local sequence side price size"


def test_trades() -> None:
    """A packet each, a gap before the trade that shows it, exchange times lifted, sides inferred."""
    rows = [
        (10, 15, 1, 1, 20, 1),
        (12, 16, 2, SIDE_UNKNOWN, 21, 2),
        (11, 17, 2, -1, 21, 2),
        (11, 17, 5, -1, 22, 3),
    ]
    many = [(20 + n, 20 + n, 6 + n, 1, 20, 1) for n in range(10)]
    found = trade_packets(columns(TRADES, *rows, *many), Tail(), infer)
    assert checked("trades", found)[:4] == [
        (10, 15, 1, TRADE, 1, 20, 1, LAST),
        (12, 16, 2, TRADE, 1, 21, 2, LAST | FLAG_INFERRED_SIDE),
        (12, 17, 3, GAP, 0, 0, 2, LAST),
        (12, 17, 5, TRADE, -1, 22, 3, LAST),
    ]
    assert (found.written.tolist()[:3], found.duplicates.tolist(), found.late.tolist()) == (
        [1, 2, 4],
        [3],
        [],
    )
    assert (found.gaps, found.added, found.lifted, found.inferred, found.notes) == (1, 1, 1, 1, ())


def test_trades_go_on_where_the_stored_end() -> None:
    """Stored numbers are duplicates, and exchange times do not fall behind the stored ones."""
    rows = [(10, 15, 3, 1, 20, 1), (11, 16, 4, 1, 20, 1), (18, 18, 5, 1, 20, 1)]
    found = trade_packets(columns(TRADES, *rows), Tail(3, 15, 14), infer)
    assert [row[:3] for row in checked("trades", found)] == [(14, 16, 4), (18, 18, 5)]
    assert (found.duplicates.tolist(), found.lifted) == ([1], 1)


def test_trade_ids_that_skip_make_no_gaps() -> None:
    """The report says that gaps cannot be seen."""
    rows = [(n, n, 1000 * n, 1, 20, 1) for n in range(1, 5)]
    found = trade_packets(columns(TRADES, *rows), Tail(), infer)
    assert (found.gaps, found.notes) == (0, ("trade ids do not count by one: gaps cannot be seen",))


def test_trade_ids_without_an_order_are_not_used() -> None:
    """No trade is rejected for them; where the stream has numbers already, each is late."""
    rows = [(n, n, 200 - n, 1, 20, 1) for n in range(1, 30)]
    found = trade_packets(columns(TRADES, *rows), Tail(), infer)
    assert {row[2] for row in checked("trades", found)} == {0}
    assert found.notes == ("numbers do not grow with arrival (28 of 29 rows) and are not used",)
    assert len(trade_packets(columns(TRADES, *rows), Tail(100, 0, 0), infer).late) == 28


def test_trades_without_ids() -> None:
    """Two equal trades are two trades."""
    roles = TRADES.replace(" sequence", "")
    found = trade_packets(columns(roles, (1, 1, 1, 20, 1), (1, 1, 1, 20, 1)), Tail(), infer)
    assert [row[2] for row in checked("trades", found)] == [0, 0]


def test_quotes() -> None:
    """A packet each; a skipped number is no gap, a repeated one a duplicate, a lower one late."""
    roles = "ts_exchange ts_local sequence bid bid_size ask ask_size"
    rows = [(1, 2, 5, 9, 1, 11, 2), (2, 3, 9, 9, 1, 0, 0), (2, 4, 9, 9, 1, 0, 0), (3, 5, 7, 9, 1, 11, 2)]
    found = quote_packets(columns(roles, *rows), Tail())
    assert checked("quotes", found) == [
        (1, 2, 5, QUOTE_BID, 9, 1, 11, 2, LAST),
        (2, 3, 9, QUOTE_BID, 9, 1, 0, 0, LAST),
    ]
    assert (found.duplicates.tolist(), found.late.tolist(), found.gaps) == ([3], [4], 0)


LEVELS = "ts_exchange ts_local message first sequence previous snapshot side price size"
NO = NO_NUMBER
STREAM = [
    (8, 10, 0, 1, 2, NO, 0, 1, 9, 1),  # in the snapshot already
    (9, 11, 1, 3, 4, NO, 0, 1, 9, 2),  # not in it: applied after it
    (9, 11, 1, 3, 4, NO, 0, -1, 12, 0),
    (12, 13, 2, 3, 3, NO, 1, 1, 9, 1),
    (12, 13, 2, 3, 3, NO, 1, -1, 12, 5),
    (13, 14, 3, 7, 8, NO, 0, 1, 9, 3),  # 5 and 6 are missing
]


def test_levels() -> None:
    """The snapshot first, with its clear; then what waited for it, and a gap before what shows it."""
    found = level_packets(columns(LEVELS, *STREAM), Tail())
    assert checked("levels", found) == [
        (9, 13, 3, CLEAR, 0, 0, 0, SNAP),
        (9, 13, 3, LEVEL, 1, 9, 1, SNAP),
        (9, 13, 3, LEVEL, -1, 12, 5, SNAP | LAST),
        (9, 13, 4, LEVEL, 1, 9, 2, 0),
        (9, 13, 4, LEVEL, -1, 12, 0, LAST),
        (13, 14, 5, GAP, 0, 0, 2, LAST),
        (13, 14, 8, LEVEL, 1, 9, 3, LAST),
    ]
    assert (found.written.tolist(), found.dropped.tolist()) == ([2, 3, 4, 5, 6], [1])
    assert (found.gaps, found.added) == (1, 2)


def test_levels_go_on_where_the_stored_end() -> None:
    """With a stored book there is no need for a snapshot: all up to its number are duplicates."""
    found = level_packets(columns(LEVELS, *STREAM), Tail(6, 5, 5))
    assert [row[2:4] for row in checked("levels", found)] == [(8, LEVEL)]
    assert (found.duplicates.tolist(), found.gaps, found.notes) == ([1, 2, 3, 4, 5], 0, ())


def test_a_snapshot_whose_clock_stepped_back() -> None:
    """What waited for it is not said to have arrived before it was sent."""
    rows = [(18, 20, 0, 4, 4, NO, 0, 1, 9, 1), (10, 12, 1, 3, 3, NO, 1, 1, 9, 2)]
    found = level_packets(columns(LEVELS, *rows), Tail())
    assert [row[:4] for row in checked("levels", found)] == [
        (10, 20, 3, CLEAR),
        (10, 20, 3, LEVEL),
        (18, 20, 4, LEVEL),
    ]


NUMBERS = [
    ("first sequence previous", [(1, 2, NO), (3, 4, NO), (6, 6, NO)], 1, ""),
    ("sequence previous", [(2, NO), (4, 2), (9, 4)], 0, ""),
    ("sequence previous", [(2, NO), (4, 2), (9, 5)], 1, ""),
    ("sequence", [(2,), (3,), (4,)], 0, ""),
    ("sequence", [(2,), (3,), (5,)], 1, ""),
    ("sequence", [(2,), (13,), (55,)], 0, "update ids do not count by one: gaps cannot be seen"),
]


@pytest.mark.parametrize(("roles", "rows", "gaps", "note"), NUMBERS)
def test_what_the_numbers_can_tell(roles: str, rows: list[tuple[int, ...]], gaps: int, note: str) -> None:
    """U and u, u and pu, or u alone: a gap is seen where it can be."""
    made = [(10 * n, 10 * n, n, 0, 1, 9, 1, *row) for n, row in enumerate(rows)]
    names = f"ts_exchange ts_local message snapshot side price size {roles}"
    found = level_packets(columns(names, *made), Tail())
    checked("levels", found)
    assert found.gaps == gaps
    assert [said for said in found.notes if "snapshot" not in said] == ([note] if note else [])
    assert any("no snapshot" in said for said in found.notes)


def test_snapshots_without_numbers() -> None:
    """Each is a packet; an empty one is a clear alone; a file row that holds many levels counts once."""
    names = "ts_exchange ts_local message sequence snapshot side price size"
    rows = [
        (1, 1, 0, 0, 1, 1, 9, 1),
        (1, 1, 0, 0, 1, -1, 11, 1),
        (3, 3, 1, 0, 1, 0, 0, 0),
        (2, 4, 2, 0, 1, 1, 9, 1),
    ]
    made = columns(names, *rows) | {"row": np.array([1, 1, 2, 3])}
    found = level_packets(made, Tail())
    assert checked("levels", found) == [
        (1, 1, 0, CLEAR, 0, 0, 0, SNAP),
        (1, 1, 0, LEVEL, 1, 9, 1, SNAP),
        (1, 1, 0, LEVEL, -1, 11, 1, SNAP | LAST),
        (3, 3, 0, CLEAR, 0, 0, 0, SNAP | LAST),
        (3, 4, 0, CLEAR, 0, 0, 0, SNAP),
        (3, 4, 0, LEVEL, 1, 9, 1, SNAP | LAST),
    ]
    assert (found.written.tolist(), found.added, found.lifted) == ([1, 2, 3], 3, 1)


def test_no_rows() -> None:
    """An empty stream of each kind is an empty frame."""
    assert checked("levels", level_packets(columns(LEVELS), Tail())) == []
    assert checked("trades", trade_packets(columns(TRADES), Tail(), infer)) == []
    assert isinstance(level_packets(columns(LEVELS), Tail()).frame, pl.DataFrame)
