"""Each oddity of a stream is counted, the rest is clean, and the books agree with plain ones."""

from decimal import Decimal
from pathlib import Path

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
from seawall.model.instruments import Instrument
from seawall.store.catalog import Catalog
from seawall.store.quality import check
from seawall.store.tick_parts import read_parts
from seawall.store.tick_quality import _Book, _Latencies, _Silence, check_streams, clock_warnings
from seawall.store.ticks import LEVEL_SCHEMA, TICK_SCHEMAS, write_ticks

LAST, SNAP, SECOND = FLAG_LAST, FLAG_SNAPSHOT, 10**9
T0 = 1_700_000_000 * SECOND


def frame(kind: str, *rows: tuple[int, ...]) -> pl.DataFrame:
    """Rows as a frame of the kind's schema; the first two fields are ns after T0."""
    moved = [(T0 + row[0], T0 + row[1], *row[2:]) for row in rows]
    return pl.DataFrame(moved, schema=TICK_SCHEMAS[kind], orient="row")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """A catalog with two instruments and no ticks."""
    catalog = Catalog(tmp_path / "catalog")
    for name in ("X", "Y"):
        catalog.write_instrument(Instrument(name=name, tick=Decimal("0.01"), sessions="24/7"))
    return catalog


def test_trades(catalog: Catalog) -> None:
    """Gaps of known and unknown length, inferred sides, duplicates, a long silence, latencies."""
    rows = [
        (0, 5_000_000, 1, TRADE, 1, 100, 5, LAST | FLAG_INFERRED_SIDE),
        (1, 7_000_000, 2, GAP, 0, 0, 3, LAST),
        (SECOND, SECOND + 6_000_000, 5, TRADE, -1, 100, 5, LAST),
        (SECOND, SECOND + 6_000_000, 6, GAP, 0, 0, 0, LAST),
    ]
    write_ticks(catalog, "trades", "X", frame("trades", *rows))
    later = (51 * SECOND, 51 * SECOND + 9_000_000, 9, TRADE, 1, 100, 5, LAST | FLAG_INFERRED_SIDE)
    write_ticks(catalog, "trades", "X", frame("trades", rows[2], later), clock_shift_ns=4)
    (row,) = check_streams(catalog)
    assert (row.instrument, row.kind, row.rows, row.packets) == ("X", "trades", 5, 3)
    assert (row.gaps, row.gaps_unknown, row.missing, row.duplicates) == (2, 1, 3, 1)
    assert row.sides_inferred == pytest.approx(2 / 3)
    assert (row.silence_ns_max, row.silence_from_ns - T0) == (50_003_000_000, SECOND + 6_000_000)
    assert row.stale_share == pytest.approx(20_003_000_000 / 51_004_000_000)
    assert (row.latency_ns_min, row.latency_ns_median, row.latency_ns_p99) == (
        5_000_000,
        6_000_000,
        6_000_000,
    )
    assert (row.clock_shifts, row.states, row.damaged, row.is_clean) == ((0, 4), 0, (), False)
    assert row.render() == [
        "X: 5 rows of trades, 2023-11-14T22:13:20.005Z .. 2023-11-14T22:14:11.009Z",
        "    2 gaps, 3 messages missing, and of 1 unknown",
        "    1 duplicates dropped",
        "    66.7% of the sides are inferred",
        "    longest silence 50.003 s from 2023-11-14T22:13:21.006Z; 39.22% of the time beyond 30 s",
        "    latency 5.000 / 6.000 / 6.000 ms (least, median, 99 %); clock shifted by +0.000 ms",
    ]


def test_quotes(catalog: Catalog) -> None:
    """Crossed, locked and one-sided quotes; silence beyond two seconds is doubtful."""
    sides = [(99, 1, 100, 1), (100, 1, 100, 1), (101, 1, 100, 1), (101, 0, 100, 1), (99, 1, 0, 0)]
    rows = [(t, t, t + 1, QUOTE_BID, *side, LAST) for t, side in enumerate(sides)]
    write_ticks(catalog, "quotes", "X", frame("quotes", *rows), part_rows_max=2)
    (row,) = check_streams(catalog, ["X"])
    assert (row.states, row.crossed, row.locked, row.one_sided) == (5, 1, 1, 2)
    assert (row.gaps, row.stale_share, row.is_clean) == (0, 0.0, False)
    good = (0, 0, 1, QUOTE_BID, 99, 1, 100, 1, LAST)
    silent = (4 * SECOND, 4 * SECOND, 2, QUOTE_BID, 99, 1, 100, 1, LAST)
    write_ticks(catalog, "quotes", "Y", frame("quotes", good))
    assert [row.is_clean for row in check_streams(catalog, ["Y"])] == [True]
    write_ticks(catalog, "quotes", "Y", frame("quotes", silent))
    (row,) = check_streams(catalog, ["Y"])
    assert (row.stale_share, row.is_clean) == (0.5, False)


def test_levels(catalog: Catalog) -> None:
    """A book is judged after each packet; from a gap to the next snapshot it is unknown."""
    rows = [
        (0, 0, 1, CLEAR, 0, 0, 0, SNAP),
        (0, 0, 1, LEVEL, 1, 99, 5, SNAP),
        (0, 0, 1, LEVEL, -1, 100, 5, SNAP | LAST),  # 99 : 100
        (1, 1, 2, LEVEL, 1, 100, 1, LAST),  # locked
        (2, 2, 3, LEVEL, 1, 101, 1, 0),
        (2, 2, 3, LEVEL, -1, 101, 1, LAST),  # 101 : 100, crossed
        (3, 3, 4, LEVEL, -1, 100, 0, 0),
        (3, 3, 4, LEVEL, -1, 101, 0, LAST),  # no asks
        (4, 4, 5, GAP, 0, 0, 0, LAST),
        (5, 5, 6, LEVEL, -1, 101, 1, LAST),  # unknown
        (6, 6, 7, CLEAR, 0, 0, 0, SNAP | LAST),  # empty
    ]
    write_ticks(catalog, "levels", "X", frame("levels", *rows), part_rows_max=4)
    (row,) = check_streams(catalog)
    assert (row.packets, row.states, row.crossed, row.locked, row.one_sided) == (6, 5, 1, 1, 2)
    assert row.render()[1:4] == [
        "    1 gaps, 0 messages missing, and of 1 unknown",
        "    1 crossed states of 5",
        "    1 locked states of 5",
    ]


@pytest.mark.parametrize("seed", range(5))
def test_the_book_agrees_with_a_plain_one(seed: int) -> None:
    """Best prices after each packet equal the max and the min of a dict, whatever comes and goes."""
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    rows: list[tuple[int, ...]] = []
    expected: list[tuple[int, ...]] = []
    plain: dict[int, dict[int, int]] = {1: {}, -1: {}}
    for number in range(400):
        if rng.random() < 0.02:
            rows.append((number, number, number, CLEAR, 0, 0, 0, SNAP | LAST))
            plain = {1: {}, -1: {}}
        else:
            side, price = int(rng.choice([1, -1])), int(rng.integers(1, 30))
            size = int(rng.choice([0, 0, 1, 2]))
            rows.append((number, number, number, LEVEL, side, price, size, LAST))
            plain[side].pop(price, None)
            plain[side] |= {price: size} if size else {}
        bids, asks = plain[1], plain[-1]
        expected.append((max(bids, default=0), min(asks, default=0), bool(bids), bool(asks)))
    book = _Book()
    halves = [pl.DataFrame(part, schema=LEVEL_SCHEMA, orient="row") for part in (rows[:150], rows[150:])]
    found = [book.take(half) for half in halves]
    assert [tuple(row) for tops in found for row in np.column_stack(tops).tolist()] == expected


@pytest.mark.parametrize("count_max", [3, 4, 50, 1000])
def test_latencies_are_thinned_evenly(count_max: int) -> None:
    """Whatever is kept are every 2^k-th of all, at most count_max of them, however they come."""
    kept = _Latencies(count_max)
    everything = np.arange(500)
    for piece in np.split(everything, [1, 2, 7, 100, 101, 340]):
        kept.take(piece)
    assert kept.kept.tolist() == list(range(0, 500, kept.stride))
    assert len(kept.kept) <= count_max
    assert kept.quantiles(0.0, 0.5) == [0, kept.kept[(len(kept.kept) - 1) // 2]]
    assert _Latencies().quantiles(0.5, 0.99) == [0, 0]


def test_silence_spans_parts() -> None:
    """The silence between two parts counts like one within."""
    silence = _Silence(10)
    for times in ([5, 6], [], [30, 41]):
        silence.take(np.array(times, dtype=np.int64))
    assert (silence.longest_ns, silence.from_ns, silence.stale_ns) == (24, 6, 14 + 1)


def test_damage_and_shifts(catalog: Catalog) -> None:
    """A part whose content changed is named; shifts that differ are a warning of the report."""
    for name, shift in (("X", 1_270_000_000), ("Y", 0)):
        rows = frame("trades", (1, 5, 1, TRADE, 1, 100, 5, LAST), (2, 6, 2, TRADE, 1, 100, 5, LAST))
        write_ticks(catalog, "trades", name, rows, clock_shift_ns=shift)
    folder = catalog.path / "trades" / "instrument=X"
    part = read_parts(folder)[0]
    pl.read_parquet(part.path).with_columns(size_lots=pl.lit(6, pl.Int64)).write_parquet(part.path)
    report = check(catalog)
    assert [row.damaged for row in report.ticks] == [("part-00000.parquet",), ()]
    assert report.warnings == clock_warnings(report.ticks)
    text = report.render()
    assert "damaged: part-00000.parquet differs from its sidecar" in text
    assert "warning: clocks were shifted in 2 ways, so streams may not line up" in text
    assert "+0.000 ms: Y/trades; +1,270.000 ms: X/trades" in text
    assert text.endswith("1 clean, 1 to look at")
    assert report.to_dict()["ticks"][0]["damaged"] == ("part-00000.parquet",)
    assert clock_warnings(report.ticks[:1]) == ()
