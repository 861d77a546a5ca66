"""SQL reads the catalog, gives currency and ticks, and can do nothing else."""

from decimal import Decimal
from pathlib import Path

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
from seawall.model.errors import DataError
from seawall.model.instruments import Instrument
from seawall.store.catalog import BAR_SCHEMA, Catalog
from seawall.store.sample import open_catalog
from seawall.store.sql import query
from seawall.store.tick_parts import read_parts
from seawall.store.ticks import TICK_KINDS, TICK_SCHEMAS, write_ticks


def test_prices_are_the_nearest_doubles() -> None:
    """Ticks over the tick give exactly the decimals that people write."""
    sample = open_catalog("sample:us-stocks")
    row = query(
        sample, "select open, close, volume, close_ticks from bars where instrument = 'IBM' limit 1"
    ).row(0)
    assert row == (102.0, 100.25, 10_807_800.0, 1_002_500)
    low = query(sample, "select low from bars where instrument = 'AAPL' and closed::date = '2003-04-02'")
    assert low.item() == 14.2675


def test_views_and_helpers() -> None:
    """The views are there, can be described, and the rest is out of sight."""
    sample = open_catalog("sample:us-stocks")
    assert query(sample, "show tables")["name"].to_list() == [
        *("actions", "bars", "instruments", "levels", "quotes", "trades")
    ]
    assert query(sample, "select name, tick from instruments").row(0) == ("AAPL", 0.0001)
    assert query(sample, "select sum(amount) from actions where instrument = 'AAPL'").item() == pytest.approx(
        7.95
    )
    assert "opened" in query(sample, "describe bars")["column_name"].to_list()
    for kind in TICK_KINDS:
        assert query(sample, f"select * from {kind}").height == 0
        assert {"happened", "arrived", "missing"} < set(query(sample, f"describe {kind}")["column_name"])


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("copy (select 1) to 'x.csv'", "one SELECT and nothing else; got COPY"),
        ("select 1; select 2", "got SELECT, SELECT"),
        ("", "got no statement"),
        ("drop view bars", "got DROP"),
        ("set lock_configuration = false", "got SET"),
        ("attach 'x.db'", "got ATTACH"),
        ("selct 1", "syntax error"),
        ("select nothing from bars", "nothing"),
        ("select * from read_csv('/etc/hostname')", "disabled by configuration"),
        ("select * from sample", "sample"),
    ],
)
def test_it_only_reads_the_catalog(
    sql: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writing, other files, settings, Python variables and several statements are errors."""
    monkeypatch.chdir(tmp_path)
    sample = open_catalog("sample:us-stocks")
    with pytest.raises(DataError, match=message):
        query(sample, sql)
    assert list(tmp_path.iterdir()) == []


def test_a_catalog_without_bars_or_with_odd_names(tmp_path: Path) -> None:
    """Views are there before data is; escaped names come back as they are."""
    catalog = Catalog(tmp_path / "it's")
    catalog.write_instrument(
        Instrument(name="BTC/USDT", tick=Decimal("0.1"), lot=Decimal("0.001"), currency="USDT")
    )
    assert query(catalog, "select * from bars").height == 0
    bar = (0, 60, 10, 12, 9, 11, 1500, None, None, 60)
    catalog.write_bars("BTC/USDT", pl.DataFrame([bar], schema=BAR_SCHEMA, orient="row"))
    assert query(catalog, "select instrument, close, volume from bars").rows() == [("BTC/USDT", 1.1, 1.5)]


def with_ticks(path: Path) -> Catalog:
    """A catalog with a few ticks of each kind, a gap among each."""
    catalog = Catalog(path)
    catalog.write_instrument(Instrument(name="X", tick=Decimal("0.1"), lot=Decimal("0.001"), currency="USDT"))
    snapshot, last = FLAG_SNAPSHOT, FLAG_LAST
    tables = {
        "trades": [
            (5, 7, 1, TRADE, -1, 11, 1500, last | FLAG_INFERRED_SIDE),
            (5, 7, 2, GAP, 0, 0, 3, last),
            (6, 7, 5, TRADE, 1, 12, 1, last),
        ],
        "quotes": [
            (5, 7, 1, QUOTE_BID, 11, 1500, 13, 2000, last),
            (5, 7, 2, QUOTE_BID, 11, 1500, 0, 0, last),
            (6, 7, 5, GAP, 0, 0, 0, 0, last),
        ],
        "levels": [
            (5, 7, 1, CLEAR, 0, 0, 0, snapshot),
            (5, 7, 1, LEVEL, 1, 11, 1500, snapshot | last),
            (6, 7, 2, GAP, 0, 0, 9, last),
        ],
    }
    for kind, rows in tables.items():
        frame = pl.DataFrame(rows, schema=TICK_SCHEMAS[kind], orient="row")
        write_ticks(catalog, kind, "X", frame, part_rows_max=2)
    return catalog


def test_ticks_are_in_currency_and_in_order_of_arrival(tmp_path: Path) -> None:
    """Exact prices over parts; a gap and an empty side have no price; kinds are words."""
    catalog = with_ticks(tmp_path / "catalog")
    log = [
        query(
            catalog, "select instrument, kind, price, size, side, side_inferred, missing from trades"
        ).rows(),
        query(catalog, "select kind, bid, bid_size, ask, ask_size, missing, sequence from quotes").rows(),
        query(catalog, "select kind, side, price, size, last, snapshot, missing from levels").rows(),
    ]
    assert log == [
        [
            ("X", "trade", 1.1, 1.5, -1, True, None),
            ("X", "gap", None, None, 0, False, 3),
            ("X", "trade", 1.2, 0.001, 1, False, None),
        ],
        [
            ("quote", 1.1, 1.5, 1.3, 2.0, None, 1),
            ("quote", 1.1, 1.5, None, 0.0, None, 2),
            ("gap", None, None, None, None, None, 5),
        ],
        [
            ("clear", 0, None, None, False, True, None),
            ("level", 1, 1.1, 1.5, True, True, None),
            ("gap", 0, None, None, True, False, 9),
        ],
    ]
    times = query(catalog, "select epoch_ns(happened), epoch_ns(arrived), ts_local from trades limit 1")
    assert times.row(0) == (5, 7, 7)


def test_an_interrupted_write_is_not_seen(tmp_path: Path) -> None:
    """A part of ticks without its sidecar is in no view."""
    catalog = with_ticks(tmp_path / "catalog")
    folder = tmp_path / "catalog" / "trades" / "instrument=X"
    read_parts(folder)[1].path.with_suffix(".json").unlink()
    assert query(catalog, "select count(*) from trades").item() == 2
