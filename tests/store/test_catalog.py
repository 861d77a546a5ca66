"""The catalog keeps what it was given: once, whole, sorted, and says when it cannot."""

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.kernels.rows import FLAG_LAST, TRADE
from seawall.model.corporate import Dividend, Split
from seawall.model.errors import CatalogError, DataError
from seawall.model.instruments import Instrument
from seawall.store.catalog import BAR_SCHEMA, Catalog, escape_name, time_ns, unescape_name
from seawall.store.ticks import TRADE_SCHEMA, write_ticks

MINUTE = 60 * 10**9
APPLE = Instrument(name="AAPL", tick=Decimal("0.01"))


def frame(*minutes: int, close: int = 100) -> pl.DataFrame:
    """One-minute bars that open at the given minutes."""
    rows = [
        (m * MINUTE, (m + 1) * MINUTE, 100, max(100, close), min(100, close), close, 7, None, None, MINUTE)
        for m in minutes
    ]
    return pl.DataFrame(rows, schema=BAR_SCHEMA, orient="row")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """A catalog with one instrument and no bars."""
    catalog = Catalog(tmp_path / "catalog")
    catalog.write_instrument(APPLE)
    return catalog


def test_appends_in_any_order_read_sorted(catalog: Catalog) -> None:
    """Later, earlier and overlapping appends give one sorted series; the same bar counts once."""
    log = [catalog.write_bars("AAPL", frame(*m)) for m in ((5, 6), (1, 2), (2, 3, 5), (6, 1))]
    assert [(done.written, done.duplicates) for done in log] == [(2, 0), (2, 0), (1, 2), (0, 2)]
    bars = catalog.bars("AAPL")
    assert (bars["ts_open"] // MINUTE).to_list() == [1, 2, 3, 5, 6]
    assert bars["sequence"].to_list() == [0, 1, 2, 3, 4]
    assert bars["buy_volume_lots"].null_count() == 5


def test_a_stored_bar_never_changes(catalog: Catalog) -> None:
    """Other values at the same time are refused, and so is a bar that overlaps another in time."""
    catalog.write_bars("AAPL", frame(1, 2))
    again = catalog.write_bars("AAPL", frame(2, close=101))
    assert again.refused["reason"].to_list() == ["conflicts with stored bar"]
    half = frame(4).with_columns(pl.col("ts_open", "ts_close") - 2 * MINUTE + 1)
    assert catalog.write_bars("AAPL", half).refused["reason"].to_list() == ["overlaps another bar in time"]
    twice = catalog.write_bars("AAPL", pl.concat([frame(9), frame(9, close=99)]))
    assert (twice.written, twice.refused["reason"].to_list()) == (1, ["repeats the time of a bar before it"])
    assert catalog.bars("AAPL")["close_ticks"].to_list() == [100, 100, 100]


def test_the_span_is_half_open(catalog: Catalog) -> None:
    """A bar belongs to [start, end) if it lies in it, and keeps its number."""
    catalog.write_bars("AAPL", frame(0, 1, 2, 3))
    chosen = catalog.bars("AAPL", MINUTE, 3 * MINUTE)
    assert chosen["sequence"].to_list() == [1, 2]
    assert catalog.bars("AAPL", "1970-01-01T00:02", "1970-01-02")["sequence"].to_list() == [2, 3]
    with pytest.raises(DataError, match="'yesterday' is not a time"):
        time_ns("yesterday")


def test_one_interval_a_name(catalog: Catalog) -> None:
    """Hours under a name that has minutes would mix; it is an error."""
    catalog.write_bars("AAPL", frame(1))
    with pytest.raises(CatalogError, match="bars of 60 s and 3600 s under one name"):
        catalog.write_bars("AAPL", frame(9).with_columns(interval_ns=pl.lit(60 * MINUTE)))


def test_missing_names_are_answered(catalog: Catalog, tmp_path: Path) -> None:
    """A wrong name gets a suggestion and the list; a missing folder is said to be missing."""
    with pytest.raises(CatalogError, match=r"no instrument 'APL' in .*; did you mean 'AAPL'\? It has: AAPL"):
        catalog.bars("APL")
    with pytest.raises(CatalogError, match="no catalog at"):
        Catalog(tmp_path / "nowhere").instrument("AAPL")


def test_terms_do_not_change(catalog: Catalog) -> None:
    """The same instrument again is fine; another tick would make all stored ticks lie."""
    catalog.write_instrument(APPLE)
    with pytest.raises(CatalogError, match=r"with tick 0\.01, not 0\.05"):
        catalog.write_instrument(Instrument(name="AAPL", tick=Decimal("0.05")))


def test_actions(catalog: Catalog) -> None:
    """Actions come back sorted, splits before dividends, once each; a contradiction is an error."""
    actions = [Dividend("AAPL", 5, Decimal("0.10")), Split("AAPL", 5, 2, 1), Split("AAPL", 1, 3, 2, "odd")]
    assert catalog.write_actions("AAPL", actions) == (3, 0)
    assert catalog.write_actions("AAPL", actions[:1]) == (0, 1)
    assert catalog.actions("AAPL") == [actions[2], actions[1], actions[0]]
    with pytest.raises(DataError, match="conflicts with the stored"):
        catalog.write_actions("AAPL", [Split("AAPL", 1, 2, 1)])


def test_the_hash_is_of_content(catalog: Catalog, tmp_path: Path) -> None:
    """One part or three hash alike; a price, an action, an order of names or a span changes it."""
    other = Catalog(tmp_path / "other")
    other.write_instrument(APPLE)
    other.write_bars("AAPL", frame(1, 2, 3))
    for minute in (3, 1, 2):
        catalog.write_bars("AAPL", frame(minute))
    first = catalog.content_hash(["AAPL"])
    assert first == other.content_hash(["AAPL"])
    other.write_actions("AAPL", [Split("AAPL", 1, 2, 1)])
    catalog.write_bars("AAPL", frame(4))
    hashes = [other.content_hash(["AAPL"]), catalog.content_hash(["AAPL"]), catalog.content_hash([])]
    assert len({first, *hashes}) == 4
    assert catalog.content_hash(["AAPL"], end=4 * MINUTE) == first


def test_odd_names_are_files(catalog: Catalog) -> None:
    """Names with slashes and colons are escaped, listed and read back."""
    name = "BTC/USDT:PERP"
    catalog.write_instrument(Instrument(name=name, tick=Decimal("0.1"), currency="USDT"))
    catalog.write_bars(name, frame(1))
    assert catalog.instruments() == ["AAPL", name]
    assert catalog.bars(name).height == 1


@given(st.text(st.sampled_from("aZ9._-:/=^"), min_size=1, max_size=20))
def test_escaping_is_reversible(name: str) -> None:
    """Every name that an instrument may have is a file name, and comes back."""
    escaped = escape_name(name)
    assert unescape_name(escaped) == name
    assert not any(c in escaped for c in "/:")
    assert not escaped.startswith(".")


def test_describe(catalog: Catalog) -> None:
    """One row for bars and one for actions, with the first and last time."""
    catalog.write_bars("AAPL", frame(1, 2))
    catalog.write_actions("AAPL", [Split("AAPL", 5, 2, 1)])
    assert catalog.describe().rows() == [
        ("AAPL", "bars", 2, MINUTE, 3 * MINUTE, MINUTE),
        ("AAPL", "actions", 1, 5, 5, None),
    ]


def test_describe_ticks(catalog: Catalog) -> None:
    """A stream of ticks is a row by itself; an instrument that has none and no bars is still listed."""
    assert catalog.describe().rows() == [("AAPL", "bars", 0, None, None, None)]
    ticks = [(t, t + 2, 0, TRADE, 1, 100, 5, FLAG_LAST) for t in (1, 2, 9)]
    write_ticks(catalog, "trades", "AAPL", pl.DataFrame(ticks, schema=TRADE_SCHEMA, orient="row"))
    assert not catalog.has_bars("AAPL")
    assert catalog.describe().rows() == [("AAPL", "trades", 3, 3, 11, None)]
    catalog.write_bars("AAPL", frame(1))
    assert catalog.has_bars("AAPL")
    assert catalog.describe()["kind"].to_list() == ["bars", "trades"]


@pytest.mark.parametrize("content", [b"", b"PAR1 garbage PAR1"])
def test_a_damaged_part_is_named(catalog: Catalog, content: bytes) -> None:
    """A part that cannot be read is a DataError with its path."""
    catalog.write_bars("AAPL", frame(1))
    part = next(catalog.path.rglob("part-*.parquet"))
    part.write_bytes(content)
    with pytest.raises(DataError, match=r"part-00000\.parquet cannot be read as bars"):
        catalog.bars("AAPL")


def test_a_damaged_instrument_is_named(catalog: Catalog) -> None:
    """An instrument's file that is no instrument is a DataError with its path."""
    (catalog.path / "instruments" / "AAPL.json").write_text('{"name": "AAPL"}')
    with pytest.raises(DataError, match=r"AAPL\.json is not an instrument"):
        catalog.bars("AAPL")
