"""A side that no file says comes from the quote before the trade, else from the last price change."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from seawall.kernels.rows import CLEAR, FLAG_LAST, FLAG_SNAPSHOT, GAP, LEVEL, QUOTE_BID
from seawall.model.instruments import Instrument
from seawall.store.catalog import Catalog
from seawall.store.tick_sides import infer_sides, stored_mids, tick_test
from seawall.store.ticks import TICK_SCHEMAS, write_ticks

CASES = [
    # exchange times, prices, quotes as (time, bid + ask), sides
    ([1, 2, 3], [10, 10, 10], [], [0, 0, 0]),
    ([1, 2, 3, 4], [10, 11, 11, 10], [], [0, 1, 1, -1]),
    ([5, 5], [11, 9], [(4, 20)], [1, -1]),
    ([5, 6], [9, 10], [(4, 20)], [-1, 1]),  # at the mid, the price change decides
    ([5, 5], [11, 11], [(5, 20)], [0, 0]),  # a quote of the same moment is too late
    ([5, 7], [11, 9], [(4, 20), (6, 0)], [1, -1]),  # a book without two sides has no mid
    ([5, 7], [11, 12], [(4, 30), (6, 0)], [-1, 1]),
    ([], [], [(4, 20)], []),
]


@pytest.mark.parametrize(("times", "prices", "quotes", "sides"), CASES)
def test_the_rule(
    times: list[int], prices: list[int], quotes: list[tuple[int, int]], sides: list[int]
) -> None:
    """Above the mid bought, below it sold, at it by the tick test."""
    columns = (np.array([quote[i] for quote in quotes], np.int64) for i in range(2))
    found = infer_sides(np.array(times, np.int64), np.array(prices, np.int64), *columns)
    assert found.tolist() == sides
    if not quotes:
        assert tick_test(np.array(prices, np.int64)).tolist() == sides


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """A catalog that knows X."""
    made = Catalog(tmp_path / "c")
    made.write_instrument(Instrument(name="X", tick=Decimal(1), sessions="24/7"))
    return made


def stream(kind: str, rows: list[tuple[int, ...]]) -> pl.DataFrame:
    """Rows without their first three columns, which count up: exchange time, local time, sequence 0."""
    timed = [(10 * n, 10 * n + 1, 0, *row) for n, row in enumerate(rows, 1)]
    return pl.DataFrame(timed, schema=TICK_SCHEMAS[kind], orient="row")


def test_mids_of_quotes(catalog: Catalog) -> None:
    """Bid + ask where both sides are there; quotes go before levels, and what is later is not read."""
    rows = [
        (QUOTE_BID, 9, 1, 11, 1, FLAG_LAST),
        (QUOTE_BID, 0, 0, 11, 1, FLAG_LAST),
        (GAP, 0, 0, 0, 0, FLAG_LAST),
        (QUOTE_BID, 9, 1, 12, 1, FLAG_LAST),
    ]
    assert stored_mids(catalog, "X", 10**18)[0] == ""
    write_ticks(catalog, "levels", "X", stream("levels", [(LEVEL, 1, 9, 1, FLAG_LAST)]))
    write_ticks(catalog, "quotes", "X", stream("quotes", rows))
    kind, times, sums = stored_mids(catalog, "X", 10**18)
    assert (kind, times.tolist(), sums.tolist()) == ("quotes", [10, 20, 30, 40], [20, 0, 0, 21])
    assert stored_mids(catalog, "X", 31)[1].tolist() == [10, 20]


def test_mids_of_levels(catalog: Catalog) -> None:
    """A book from its snapshot, each time that the sum changes; untrusted after a gap."""
    snap = FLAG_SNAPSHOT
    rows = [
        (10, CLEAR, 0, 0, 0, snap), (10, LEVEL, 1, 9, 1, snap), (10, LEVEL, -1, 12, 1, snap | FLAG_LAST),
        (20, LEVEL, 1, 8, 5, FLAG_LAST), (30, LEVEL, 1, 9, 0, FLAG_LAST), (40, LEVEL, 1, 9, 2, FLAG_LAST),
        (50, LEVEL, -1, 12, 0, FLAG_LAST), (60, LEVEL, -1, 11, 1, FLAG_LAST),
        (70, GAP, 0, 0, 0, FLAG_LAST), (80, LEVEL, 1, 10, 1, FLAG_LAST),
        (90, CLEAR, 0, 0, 0, snap), (90, LEVEL, 1, 5, 1, snap), (90, LEVEL, -1, 6, 1, snap | FLAG_LAST),
    ]  # fmt: skip
    frame = pl.DataFrame(
        [(at, at + 1, 0, *row) for at, *row in rows], schema=TICK_SCHEMAS["levels"], orient="row"
    )
    write_ticks(catalog, "levels", "X", frame)
    kind, times, sums = stored_mids(catalog, "X", 10**18)
    assert kind == "levels"
    assert times.tolist() == [10, 30, 40, 50, 60, 70, 90]
    assert sums.tolist() == [21, 20, 21, 0, 20, 0, 11]
