"""A stream of ticks comes back as it was written: whole packets, once each, in any pieces."""

from decimal import Decimal
from pathlib import Path
from typing import Any

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
    QUOTE_ASK,
    QUOTE_BID,
    ROW,
    TRADE,
)
from seawall.model.errors import CatalogError, DataError
from seawall.model.instruments import Instrument
from seawall.store.catalog import Catalog
from seawall.store.sample import open_catalog
from seawall.store.ticks import (
    TICK_KINDS,
    TICK_SCHEMAS,
    tick_kinds,
    tick_parts,
    tick_rows,
    tick_stats,
    write_ticks,
)

LAST, SNAP = FLAG_LAST, FLAG_SNAPSHOT


def frame(kind: str, *rows: tuple[int, ...]) -> pl.DataFrame:
    """Rows as a frame of the kind's schema."""
    return pl.DataFrame(list(rows), schema=TICK_SCHEMAS[kind], orient="row")


def trades(*times: int, latency: int = 1) -> pl.DataFrame:
    """Trades that happen at the given times, which are their numbers as well."""
    return frame("trades", *((t, t + latency, t, TRADE, 1, 100 + t, 5, LAST) for t in times))


def packets(*lengths: int) -> pl.DataFrame:
    """Messages of so many levels each; their number is their time."""
    rows = [
        (number, number, number, LEVEL, 1, place + 1, 5, LAST if place == length - 1 else 0)
        for number, length in enumerate(lengths, 1)
        for place in range(length)
    ]
    return frame("levels", *rows)


def whole(catalog: Catalog, kind: str, *span: int | None, piece_rows: int = 10**6) -> np.ndarray:
    """A stream of X as one array, instrument 3."""
    return np.concatenate([np.zeros(0, ROW), *tick_rows(catalog, kind, "X", 3, *span, piece_rows=piece_rows)])


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """A catalog with one instrument and no ticks."""
    catalog = Catalog(tmp_path / "catalog")
    catalog.write_instrument(Instrument(name="X", tick=Decimal("0.01")))
    return catalog


def test_each_kind_becomes_market_rows(catalog: Catalog) -> None:
    """A trade and a level are a row, a quote is two, a gap is one with its count."""
    flags = LAST | FLAG_INFERRED_SIDE
    tables = {
        "trades": [(1, 2, 7, TRADE, -1, 100, 5, flags), (3, 4, 8, GAP, 0, 0, 2, LAST)],
        "quotes": [(1, 2, 7, QUOTE_BID, 99, 5, 101, 0, LAST), (3, 4, 8, GAP, 0, 2, 0, 0, LAST)],
        "levels": [(1, 2, 7, CLEAR, 0, 0, 0, SNAP), (1, 2, 7, LEVEL, -1, 101, 0, SNAP | LAST)],
    }
    log: dict[str, list[Any]] = {}
    for kind, rows in tables.items():
        assert write_ticks(catalog, kind, "X", frame(kind, *rows)).written == 2
        log[kind] = whole(catalog, kind).tolist()
    # ts_exchange, ts_local, sequence, price_ticks, size_lots, instrument, kind, side, flags
    assert log == {
        "trades": [(1, 2, 7, 100, 5, 3, TRADE, -1, flags), (3, 4, 8, TRADE, 2, 3, GAP, 0, LAST)],
        "quotes": [
            (1, 2, 7, 99, 5, 3, QUOTE_BID, 1, 0),
            (1, 2, 7, 101, 0, 3, QUOTE_ASK, -1, LAST),
            (3, 4, 8, QUOTE_BID, 2, 3, GAP, 0, LAST),
        ],
        "levels": [(1, 2, 7, 0, 0, 3, CLEAR, 0, SNAP), (1, 2, 7, 101, 0, 3, LEVEL, -1, SNAP | LAST)],
    }
    assert tick_kinds(catalog, "X") == list(TICK_KINDS)
    assert [tick_stats(catalog, kind, "X").rows for kind in TICK_KINDS] == [2, 3, 2]


@pytest.mark.parametrize("piece_rows", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("part_rows_max", [4, 5, 7, 1000])
def test_packets_are_never_cut(catalog: Catalog, piece_rows: int, part_rows_max: int) -> None:
    """Whatever the size of parts and pieces, a piece ends with LAST and all rows come back."""
    levels = packets(1, 4, 2, 3, 3, 1, 1, 4)
    write_ticks(catalog, "levels", "X", levels, part_rows_max=part_rows_max)
    assert all(part.facts.rows <= part_rows_max for part in tick_parts(catalog, "levels", "X"))
    pieces = list(tick_rows(catalog, "levels", "X", 0, piece_rows=piece_rows))
    assert all(piece["flags"][-1] & LAST for piece in pieces)
    assert all(len(piece) <= piece_rows + 3 for piece in pieces)
    rows = np.concatenate(pieces)
    for column in TICK_SCHEMAS["levels"]:
        assert rows[column].tolist() == levels[column].to_list(), column
    assert tick_stats(catalog, "levels", "X").rows == len(rows) == 19


def test_a_packet_longer_than_a_part_is_refused(catalog: Catalog) -> None:
    """It is a DataError before anything is written."""
    with pytest.raises(DataError, match="X levels: row 1: a packet of more than 3 rows"):
        write_ticks(catalog, "levels", "X", packets(1, 4), part_rows_max=3)
    assert tick_parts(catalog, "levels", "X") == []


def test_a_span_is_of_local_times(catalog: Catalog) -> None:
    """[start, end) by ts_local, over several parts; the facts of a span are exact."""
    write_ticks(catalog, "trades", "X", trades(0, 1, 2, 3, 4, 5, 6, latency=10), part_rows_max=3)
    write_ticks(catalog, "trades", "X", trades(7, 8, latency=20), clock_shift_ns=9)
    log: list[Any] = []
    for start, end in ((None, None), (12, 16), (13, 28), (27, None), (None, 10), (17, 27)):
        stats = tick_stats(catalog, "trades", "X", start, end)
        times = whole(catalog, "trades", start, end)["ts_local"].tolist()
        assert stats.rows == len(times)
        assert [stats.first_ns, stats.last_ns] == ([times[0], times[-1]] if times else [None, None])
        log.append((times, stats.latency_ns_min, stats.latency_ns_max, stats.clock_shifts))
    assert log == [
        ([10, 11, 12, 13, 14, 15, 16, 27, 28], 10, 20, (0, 9)),
        ([12, 13, 14, 15], 10, 10, (0,)),
        ([13, 14, 15, 16, 27], 10, 20, (0, 9)),
        ([27, 28], 20, 20, (9,)),
        ([], 0, 0, ()),
        ([], 0, 0, ()),
    ]


def test_a_stream_only_grows(catalog: Catalog) -> None:
    """Stored numbers are duplicates, later ones are appended, and an earlier time is an error."""
    log = [write_ticks(catalog, "trades", "X", trades(*t)) for t in ((5, 6), (5, 6, 7), (6, 7), ())]
    assert [(done.written, done.duplicates) for done in log] == [(2, 0), (1, 2), (0, 2), (0, 0)]
    late = trades(8, latency=0).with_columns(ts_local=pl.lit(7), ts_exchange=pl.lit(7))
    with pytest.raises(CatalogError, match="X trades: ts_local 7 is 1 ns before the last stored, 8"):
        write_ticks(catalog, "trades", "X", late)
    late = trades(8).with_columns(ts_exchange=pl.lit(6))
    with pytest.raises(CatalogError, match="ts_exchange 6 is 1 ns before the last stored, 7"):
        write_ticks(catalog, "trades", "X", late)
    unnumbered = trades(7).with_columns(sequence=pl.lit(0))
    assert write_ticks(catalog, "trades", "X", unnumbered).written == 1
    assert write_ticks(catalog, "trades", "X", unnumbered).written == 1, "without numbers none is known"
    assert write_ticks(catalog, "trades", "X", trades(7)).duplicates == 1


def test_an_interrupted_write_is_written_again(catalog: Catalog) -> None:
    """A part without its sidecar is not there: neither readers nor the next write mind it."""
    write_ticks(catalog, "trades", "X", trades(1, 2, 3, 4), part_rows_max=2)
    before = tick_stats(catalog, "trades", "X")
    tick_parts(catalog, "trades", "X")[1].path.with_suffix(".json").unlink()
    assert whole(catalog, "trades")["sequence"].tolist() == [1, 2]
    done = write_ticks(catalog, "trades", "X", trades(1, 2, 3, 4), part_rows_max=2)
    assert (done.written, done.duplicates) == (2, 2)
    assert tick_stats(catalog, "trades", "X") == before


def test_the_hash_is_of_content(catalog: Catalog) -> None:
    """The rows, the span and the terms of the instrument change it."""
    write_ticks(catalog, "trades", "X", trades(1, 2, 3))
    first = tick_stats(catalog, "trades", "X")
    hashes = {first.content_hash, tick_stats(catalog, "trades", "X", 1).content_hash}
    assert tick_stats(catalog, "trades", "X") == first
    write_ticks(catalog, "trades", "X", trades(4))
    hashes.add(tick_stats(catalog, "trades", "X").content_hash)
    other = Catalog(catalog.path.with_name("other"))
    other.write_instrument(Instrument(name="X", tick=Decimal("0.05")))
    write_ticks(other, "trades", "X", trades(1, 2, 3))
    hashes.add(tick_stats(other, "trades", "X").content_hash)
    assert len(hashes) == 4


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.drop("side"), "X trades: no column side; found: ts_exchange"),
        (lambda f: f.with_columns(side=pl.lit("buy")), "X trades: conversion from `str` to `i8` failed"),
        (lambda f: f.with_columns(flags=pl.lit(-1)), "X trades: conversion from `i32` to `u16` failed"),
        (lambda f: f.with_columns(side=pl.lit(None)), "X trades: row 0 of 2: no side"),
        (lambda f: f.with_columns(size_lots=0), "X trades: row 0 of 2: a trade's size is not above 0"),
    ],
)
def test_a_frame_is_judged_whole(catalog: Catalog, change: Any, says: str) -> None:
    """A column that is missing, of another type, empty or against the rules writes nothing."""
    with pytest.raises(DataError) as error:
        write_ticks(catalog, "trades", "X", change(trades(1, 2)))
    assert str(error.value).startswith(says)
    assert tick_kinds(catalog, "X") == []


def test_who_may_write_what() -> None:
    """A sample is read-only, and there are three kinds."""
    sample = open_catalog("sample:us-stocks")
    with pytest.raises(CatalogError, match="is a sample and read-only"):
        write_ticks(sample, "trades", "AAPL", trades(1))
    with pytest.raises(CatalogError, match="no kind of ticks 'candles'; expected trades, quotes, levels"):
        tick_parts(sample, "candles", "AAPL")
    with pytest.raises(CatalogError, match="no instrument 'X'"):
        tick_stats(sample, "trades", "X")
