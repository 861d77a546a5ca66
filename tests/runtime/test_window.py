"""The window: the exchange's order is one stable sort however rows are cut, and never told too early."""

import random
from collections.abc import Iterator

import numpy as np
import pytest

from seawall.kernels.rows import BAR_CLOSE, BAR_OPEN, ROW, TRADE
from seawall.runtime.window import PIECE_ROWS, ExchangeOrder, Window
from seawall.store.row_source import MemoryRows

SEEDS = range(25)


def market(seed: int, count: int = 200, latency_max: int = 30, opens: bool = False) -> np.ndarray:
    """Rows in order of arrival whose latencies are random; many times are equal, sequence is the place."""
    chance = random.Random(seed)
    rows = np.zeros(count, ROW)
    rows["ts_local"] = sorted(100 + chance.randrange(count // 2) for _ in range(count))
    rows["ts_exchange"] = rows["ts_local"] - [chance.randrange(latency_max + 1) for _ in range(count)]
    rows["kind"] = [chance.choice((BAR_OPEN, BAR_CLOSE)) if opens else TRADE for _ in range(count)]
    rows["sequence"] = np.arange(count)
    return rows


def at_once(rows: np.ndarray) -> np.ndarray:
    """The exchange's order of all rows, in plain words: by time, opens last, else as they arrived."""
    keys = [(int(row["ts_exchange"]), row["kind"] == BAR_OPEN, place) for place, row in enumerate(rows)]
    return rows[[place for _, _, place in sorted(keys)]]


def cut(chance: random.Random, rows: np.ndarray) -> list[np.ndarray]:
    """The rows in pieces of random length, some of them empty."""
    ends = sorted(chance.randrange(len(rows) + 1) for _ in range(chance.choice((0, 3, 40))))
    return np.split(rows, ends)


class Counted:
    """A source of rows that are not held in memory, as one of ticks is."""

    def __init__(self, rows: np.ndarray, chance: random.Random) -> None:
        self.whole = MemoryRows(rows)
        self.chance = chance
        self.memory = None
        self.rows_total = len(rows)
        self.latency_ns_max = self.whole.latency_ns_max

    def pieces(self, piece_rows: int) -> Iterator[np.ndarray]:
        """All rows, in pieces that no caller knows."""
        assert piece_rows == PIECE_ROWS
        assert self.whole.memory is not None
        yield from (piece.copy() for piece in cut(self.chance, self.whole.memory))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("opens", [False, True])
def test_any_cut_gives_one_stable_sort(seed: int, opens: bool) -> None:
    """Pieces of any length, whatever overtakes what: the parts, one behind the other, are one sort."""
    chance = random.Random(seed)
    rows = market(seed, latency_max=chance.choice((0, 1, 30, 150)), opens=opens)
    order = ExchangeOrder(int((rows["ts_local"] - rows["ts_exchange"]).max()))
    parts = [order.add(piece) for piece in cut(chance, rows)]
    told = np.concatenate([*parts, order.finish()])
    assert told.tobytes() == at_once(rows).tobytes()
    assert len(order.finish()) == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_no_row_is_told_before_it_is_certain(seed: int) -> None:
    """After each piece: the earliest row that the bound still allows comes behind all that were told."""
    chance = random.Random(seed)
    rows = market(seed)
    bound = int((rows["ts_local"] - rows["ts_exchange"]).max()) + chance.choice((0, 7))
    order = ExchangeOrder(bound)
    for piece in cut(chance, rows):
        told = order.add(piece)
        if len(told):
            assert told["ts_exchange"].max() < piece["ts_local"][-1] - bound
        if len(piece):  # and whatever is certain is told
            assert (order.waiting["ts_exchange"] >= piece["ts_local"][-1] - bound).all()


def test_the_bound_itself_is_not_certain() -> None:
    """A row may still arrive that left exactly a bound before the last arrival, behind its equals."""
    rows = np.zeros(3, ROW)
    rows["ts_local"], rows["ts_exchange"], rows["sequence"] = [10, 15, 15], [10, 15, 10], [0, 1, 2]
    order = ExchangeOrder(5)
    assert len(order.add(rows[:2])) == 0
    assert order.add(rows[2:])["sequence"].tolist() == []
    assert order.finish()["sequence"].tolist() == [0, 2, 1]


def test_memory_is_bounded_by_the_latency() -> None:
    """What waits are the rows of one bound of time, however many were fed."""
    rows = np.zeros(10_000, ROW)
    rows["ts_local"] = np.arange(10_000)
    rows["ts_exchange"] = rows["ts_local"] - 3
    order = ExchangeOrder(20)
    waits = []
    for piece in np.split(rows, 100):
        order.add(piece)
        waits.append(len(order.waiting))
    assert max(waits) <= 21


def test_what_was_told_does_not_change() -> None:
    """Later pieces leave the rows of earlier answers, and the pieces themselves, as they were."""
    rows = market(3)
    before = rows.tobytes()
    order = ExchangeOrder(30)
    first = order.add(rows[:120])
    kept = first.tobytes()
    order.add(rows[120:])
    order.finish()
    assert (first.tobytes(), rows.tobytes()) == (kept, before)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_window_gives_what_is_asked_for(seed: int) -> None:
    """Core and venue read by number while rows are fed and forgotten in any steps, and miss none."""
    chance = random.Random(seed)
    rows = market(seed)
    window = Window(Counted(rows, chance))
    assert not window.shared
    expected, taken, cursor = at_once(rows), 0, 0
    while window.fed < len(rows):
        count = chance.choice((1, 7, 50))
        fed = window.feed(count)
        assert len(fed) == min(count, len(rows) - window.fed + len(fed))
        assert window.core_base + len(window.core) == window.fed
        ready = window.venue_base + len(window.venue)
        assert window.core.tobytes() == rows[window.core_base : window.fed].tobytes()
        assert window.venue.tobytes() == expected[window.venue_base : ready].tobytes()
        taken, cursor = chance.randrange(taken, window.fed + 1), chance.randrange(cursor, ready + 1)
        window.forget(taken, cursor)
        assert (window.core_base, window.venue_base) == (taken, cursor)
    assert len(window.feed(5)) == 0
    window.finish()
    assert window.venue.tobytes() == expected[cursor:].tobytes()


def bars(*steps: tuple[int, int]) -> np.ndarray:
    """Rows of bars, (time, kind) each, without latency."""
    rows = np.zeros(len(steps), ROW)
    for row, (ts, kind) in zip(rows, steps, strict=True):
        row["ts_local"] = row["ts_exchange"] = ts
        row["kind"] = kind
    return rows


SHARED: list[tuple[str, np.ndarray, bool]] = [
    ("nothing", bars(), True),
    ("one row", bars((5, BAR_OPEN)), True),
    ("opens behind closes", bars((5, BAR_CLOSE), (5, BAR_OPEN), (5, BAR_OPEN), (6, BAR_CLOSE)), True),
    ("an open before a close", bars((5, BAR_OPEN), (5, BAR_CLOSE)), False),
    ("back in time", bars((6, BAR_CLOSE), (5, BAR_CLOSE)), False),
]


@pytest.mark.parametrize(("name", "rows", "shared"), SHARED)
def test_one_array_for_both(name: str, rows: np.ndarray, shared: bool) -> None:
    """Rows in memory that stand in both orders are looked at and never copied; else there are two orders."""
    window = Window(MemoryRows(rows))
    assert window.shared == shared, name
    fed = window.feed(len(rows) + 1)
    assert fed.tobytes() == rows.tobytes()
    window.finish()
    assert window.venue.tobytes() == at_once(rows).tobytes()
    if shared and len(rows):
        assert np.shares_memory(window.core, rows)
        assert np.shares_memory(window.venue, rows)


def test_a_shared_window_shows_no_more_than_was_fed() -> None:
    """And forgets nothing, so that numbers are places in the array."""
    rows = bars(*((ts, BAR_CLOSE) for ts in range(10)))
    window = Window(MemoryRows(rows))
    for fed in (3, 4, 10):
        window.feed(fed - window.fed)
        window.forget(fed, fed)
        assert (len(window.core), len(window.venue), window.core_base, window.venue_base) == (fed, fed, 0, 0)
