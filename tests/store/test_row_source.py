"""Streams are merged in one order that no size of pieces, no cut of parts and no neighbour changes."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from seawall.kernels.rows import BAR_OPEN, CLEAR, FLAG_LAST, FLAG_SNAPSHOT, GAP, LEVEL, QUOTE_BID, ROW, TRADE
from seawall.model.corporate import Split
from seawall.model.errors import DataError
from seawall.model.instruments import Instrument
from seawall.store.catalog import BAR_SCHEMA, Catalog
from seawall.store.row_source import MemoryRows, RowSource, TickSource, _merge, open_rows
from seawall.store.sample import open_catalog
from seawall.store.streams import bar_rows
from seawall.store.tick_parts import GROUP_ROWS
from seawall.store.ticks import TICK_KINDS, TICK_SCHEMAS, tick_rows, write_ticks

NAMES = ("A", "B", "C")
ALL = ("bars", *TICK_KINDS)
LAST = FLAG_LAST


def random_ticks(kind: str, rng: np.random.Generator, packets: int) -> pl.DataFrame:
    """A valid stream with many equal times, gaps, and among levels snapshots and longer packets."""
    rows: list[tuple[int, ...]] = []
    exchange = local = int(rng.integers(0, 3))
    for sequence in range(1, packets + 1):
        exchange += int(rng.choice([0, 0, 1, 2]))
        local = max(local, exchange + int(rng.integers(0, 3)))
        head = (exchange, local, sequence)
        price, lots = (int(value) for value in rng.integers(1, 100, 2))
        if rng.random() < 0.1:
            rows.append((*head, GAP, *((0, 0, 2) if kind != "quotes" else (0, 2, 0, 0)), LAST))
        elif kind == "trades":
            rows.append((*head, TRADE, 1, price, lots, LAST))
        elif kind == "quotes":
            rows.append((*head, QUOTE_BID, price, lots, price + 1, lots, LAST))
        else:
            is_snapshot = rng.random() < 0.2
            flags = FLAG_SNAPSHOT if is_snapshot else 0
            packet = [(*head, CLEAR, 0, 0, 0, flags)] if is_snapshot else []
            packet += [(*head, LEVEL, 1, price + k, lots, flags) for k in range(int(rng.integers(1, 5)))]
            packet[-1] = (*packet[-1][:-1], flags | LAST)
            rows += packet
    return pl.DataFrame(rows, schema=TICK_SCHEMAS[kind], orient="row")


def random_bars(rng: np.random.Generator) -> pl.DataFrame:
    """Bars back to back, so that opens stand at the time of closes."""
    opens = range(0, 10 * int(rng.integers(1, 4)), 5)
    rows = [(t, t + 5, 5, 9, 1, 5, 100, None, None, 5) for t in opens]
    return pl.DataFrame(rows, schema=BAR_SCHEMA, orient="row")


def random_catalog(path: Path, seed: int, part_rows_max: int = 10**6, packets: int = 25) -> Catalog:
    """Three instruments with all kinds of streams; the seed says everything but the cut of the parts."""
    rng = np.random.default_rng(seed)
    catalog = Catalog(path)
    for name in NAMES:
        catalog.write_instrument(Instrument(name=name, tick=Decimal("0.01"), sessions="24/7"))
        catalog.write_bars(name, random_bars(rng))
        for kind in TICK_KINDS:
            ticks = random_ticks(kind, rng, packets)
            write_ticks(catalog, kind, name, ticks, part_rows_max=part_rows_max)
    return catalog


def joined(pieces: Sequence[np.ndarray]) -> np.ndarray:
    """The pieces as one array."""
    return np.concatenate([np.zeros(0, ROW), *pieces])


def sorted_one_by_one(
    catalog: Catalog, names: Sequence[str], streams: Sequence[str]
) -> list[tuple[int, ...]]:
    """All rows, each with its key in plain Python, sorted: the oracle."""
    keyed: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    for number, name in enumerate(names):
        for rank, kind in enumerate([*TICK_KINDS, "bars"]):
            if kind not in streams:
                continue
            is_bars = kind == "bars"
            rows = bar_rows(catalog, [name]) if is_bars else joined([*tick_rows(catalog, kind, name, number)])
            rows["instrument"] = number
            for place, row in enumerate(rows):
                is_open = int(row["kind"] == BAR_OPEN)
                keyed.append(((int(row["ts_local"]), is_open, number, rank, place), row.tolist()))
    return [row for _, row in sorted(keyed)]


@pytest.mark.parametrize("streams", [("trades",), ("quotes", "trades"), ("levels", "bars"), ALL])
@pytest.mark.parametrize("seed", range(3))
def test_the_merge_equals_one_sort(tmp_path: Path, seed: int, streams: tuple[str, ...]) -> None:
    """Pieces of 1, 7, 1000 and all, reads of 1 row to all, parts of 5 rows to all: the same rows."""
    print(f"seed {seed}")
    whole = random_catalog(tmp_path / "whole", seed)
    parted = random_catalog(tmp_path / "parted", seed, part_rows_max=5)
    expected = sorted_one_by_one(whole, NAMES, streams)
    for catalog in (whole, parted):
        for piece_rows, read_rows in ((1, 10**6), (7, 1), (1000, 3), (10**9, 10**6)):
            source = TickSource(catalog, NAMES, streams, read_rows=read_rows)
            pieces = list(source.pieces(piece_rows))
            assert all(len(piece) == piece_rows for piece in pieces[:-1])
            assert joined(pieces).tolist() == expected
            assert source.rows_total == len(expected)


@pytest.mark.parametrize("seed", range(3))
def test_memory_is_bounded_by_the_pieces(seed: int) -> None:
    """However long the streams, no more than two pieces of each are read ahead of what is merged."""
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    count, piece = 20_000, 50
    ahead, ahead_max = 0, 0

    def stream(step_ns: int) -> Iterator[np.ndarray]:
        nonlocal ahead, ahead_max
        rows = np.zeros(count, ROW)
        rows["ts_local"] = np.cumsum(rng.integers(0, step_ns, count))
        for at in range(0, count, piece):
            ahead += piece
            ahead_max = max(ahead_max, ahead)
            yield rows[at : at + piece]

    merged = 0
    for block in _merge([stream(3), stream(5), stream(500)], has_bars=False):
        merged += len(block)
        ahead -= len(block)
    assert merged == 3 * count
    assert ahead_max <= 3 * 2 * piece


@pytest.mark.parametrize("seed", range(4))
def test_a_neighbour_changes_no_order(tmp_path: Path, seed: int) -> None:
    """Without an instrument, or a stream, the rows of the others stand as they stood; packets are whole."""
    print(f"seed {seed}")
    catalog = random_catalog(tmp_path, seed)
    rows = joined([*TickSource(catalog, NAMES, ALL).pieces(100)])
    without = joined([*TickSource(catalog, ("A", "C"), ALL).pieces(100)])
    kept = rows[rows["instrument"] != 1]
    kept["instrument"] = np.where(kept["instrument"] == 2, 1, 0)
    assert without.tolist() == kept.tolist()
    ticks = joined([*TickSource(catalog, NAMES, TICK_KINDS).pieces(100)])
    assert ticks.tolist() == rows[~np.isin(rows["kind"], range(BAR_OPEN, GAP))].tolist()
    begins = np.flatnonzero((ticks["flags"][:-1] & LAST) == 0) + 1
    for field in ("instrument", "ts_local", "sequence"):
        assert (ticks[field][begins] == ticks[field][begins - 1]).all(), field


def test_the_facts_are_those_of_the_rows(tmp_path: Path) -> None:
    """Count, first, last and greatest latency, of the whole and of a span."""
    catalog = random_catalog(tmp_path, 7, part_rows_max=5)
    for start, end in ((None, None), (3, 11), (None, 9), (10, None)):
        source = open_rows(catalog, NAMES, ALL[1:], start, end)
        rows = joined([*source.pieces(50)])
        assert source.rows_total == len(rows) > 0
        assert (source.first_ns, source.last_ns) == (rows["ts_local"][0], rows["ts_local"][-1])
        assert source.latency_ns_max == (rows["ts_local"] - rows["ts_exchange"]).max()
        assert (source.memory, source.clock_shifts) == (None, {})
        assert ((rows["ts_local"] >= (start or 0)) & (rows["ts_local"] < (end or 999))).all()
    empty = open_rows(catalog, NAMES, ["trades", "quotes"], 10**6)
    assert (empty.rows_total, empty.first_ns, empty.last_ns, list(empty.pieces(9))) == (0, 0, 0, [])


def test_shifts_are_told(tmp_path: Path) -> None:
    """A stream whose clock was shifted is named with its shift; the others are not."""
    catalog = random_catalog(tmp_path, 1)
    late = random_ticks("trades", np.random.default_rng(2), 3).with_columns(
        pl.col("ts_exchange", "ts_local", "sequence") + 1000
    )
    write_ticks(catalog, "trades", "B", late, clock_shift_ns=-40)
    assert open_rows(catalog, NAMES, ["trades", "levels"]).clock_shifts == {"B/trades": -40}


def test_bars_alone_are_in_memory() -> None:
    """They are the rows of streams.bar_rows, in the order that they always had."""
    sample = open_catalog("sample:us-stocks")
    source = open_rows(sample, ["IBM", "AAPL"], ["bars"], "2005-01-01", "2006-01-01")
    expected = bar_rows(sample, ["IBM", "AAPL"], "2005-01-01", "2006-01-01")
    assert source.memory is not None
    assert source.memory.tolist() == expected.tolist()
    assert [len(piece) for piece in source.pieces(1000)] == [1000, 1000, 16]
    assert source.content_hash == sample.content_hash(["IBM", "AAPL"], "2005-01-01", "2006-01-01")
    assert (source.rows_total, source.latency_ns_max, source.clock_shifts) == (2016, 0, {})
    empty = MemoryRows(np.zeros(0, ROW))
    assert (empty.first_ns, empty.last_ns, list(empty.pieces(5))) == (0, 0, [])


class Jitter:
    """A latency that depends on the row alone, made monotone for each stream and each pass."""

    def __init__(self, extra_ns: int = 0) -> None:
        self.extra_ns = extra_ns
        self.last: dict[str, int] = {}

    def __call__(self, stream: str, rows: np.ndarray) -> None:
        """Rewrites ts_local in place."""
        if int(rows["sequence"][0]) == 1:
            self.last[stream] = 0
        times = rows["ts_exchange"] + rows["sequence"] % 5 + self.extra_ns
        rows["ts_local"] = np.maximum(np.maximum.accumulate(times), self.last[stream])
        self.last[stream] = int(rows["ts_local"][-1])


def test_restamped_rows_are_merged_by_their_new_times(tmp_path: Path) -> None:
    """The order follows, at any size of pieces; first and last are those of the new times; bars stay."""
    catalog = random_catalog(tmp_path, 3)
    logs: list[list[tuple[int, ...]]] = []
    for read_rows in (1, 4, GROUP_ROWS):
        source: RowSource = TickSource(
            catalog, NAMES, ALL, restamp=Jitter, latency_ns_max=10**6, read_rows=read_rows
        )
        rows = joined([*source.pieces(11)])
        assert (np.diff(rows["ts_local"]) >= 0).all()
        assert (source.first_ns, source.last_ns) == (rows["ts_local"][0], rows["ts_local"][-1])
        assert (source.rows_total, source.latency_ns_max) == (len(rows), 10**6)
        logs.append(rows.tolist())
    assert logs[0] == logs[1] == logs[2]
    stored = joined([*TickSource(catalog, NAMES, ALL).pieces(11)])
    assert sorted(row[0] for row in logs[0]) == sorted(stored["ts_exchange"].tolist())
    assert logs[0] != stored.tolist()


def backwards(stream: str, rows: np.ndarray) -> None:
    """Lets every second row arrive long after the next one."""
    rows["ts_local"] = rows["ts_exchange"] + 100 * (rows["sequence"] % 2)


def torn(stream: str, rows: np.ndarray) -> None:
    """Lets each row of a packet arrive by itself."""
    rows["ts_local"] = rows["ts_exchange"][-1] + np.arange(len(rows))


@pytest.mark.parametrize(
    ("restamp", "bound", "says"),
    [
        (Jitter(-100), 10**6, "A/levels: restamped to before the exchange's time"),
        (Jitter(5), 4, "A/levels: restamped beyond the bound"),
        (backwards, 10**6, "A/levels: restamped back in time"),
        (torn, 10**6, "A/levels: restamped inside a packet"),
    ],
)
def test_a_wrong_restamping_is_a_bug(tmp_path: Path, restamp: Jitter, bound: int, says: str) -> None:
    """What breaks the order of a stream is an assert that names it."""
    catalog = random_catalog(tmp_path, 3)
    source = TickSource(catalog, NAMES, ["levels"], restamp=lambda: restamp, latency_ns_max=bound)
    with pytest.raises(AssertionError, match=says):
        list(source.pieces(100))


def test_the_hash_is_of_what_is_read(tmp_path: Path) -> None:
    """Another stream, span, order of names, action or row is another hash; the order of streams is not."""
    catalog = random_catalog(tmp_path, 5)
    hashes = [
        open_rows(catalog, ["A", "B"], ["trades"]).content_hash,
        open_rows(catalog, ["B", "A"], ["trades"]).content_hash,
        open_rows(catalog, ["A", "B"], ["trades", "levels"]).content_hash,
        open_rows(catalog, ["A", "B"], ["trades", "bars"]).content_hash,
        open_rows(catalog, ["A", "B"], ["trades"], 2).content_hash,
    ]
    assert open_rows(catalog, ["A", "B"], ["levels", "trades"]).content_hash == hashes[2]
    catalog.write_actions("B", [Split("B", 5, 2, 1)])
    hashes.append(open_rows(catalog, ["A", "B"], ["trades"]).content_hash)
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize(
    ("names", "streams", "says"),
    [
        (["AAPL", "IBM"], ["trades"], "sample:us-stocks has no trades of AAPL; it has bars"),
        (["IBM"], ["bars", "levels", "quotes"], "has no levels and no quotes of IBM; it has bars"),
        (["IBM"], ["candles"], "no stream 'candles'; expected some of bars, trades, quotes, levels"),
        (["IBM"], [], "no stream chosen; expected some of bars, trades, quotes, levels"),
    ],
)
def test_what_is_missing_is_said(names: list[str], streams: list[str], says: str) -> None:
    """A stream that the catalog lacks is a DataError with what there is instead."""
    with pytest.raises(DataError, match=says):
        open_rows(open_catalog("sample:us-stocks"), names, streams)
