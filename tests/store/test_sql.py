"""SQL reads the catalog, gives currency and ticks, and can do nothing else."""

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from seawall.model.errors import DataError
from seawall.model.instruments import Instrument
from seawall.store.catalog import BAR_SCHEMA, Catalog
from seawall.store.sample import open_catalog
from seawall.store.sql import query


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
    """The three views are there, can be described, and the rest is out of sight."""
    sample = open_catalog("sample:us-stocks")
    assert query(sample, "show tables")["name"].to_list() == ["actions", "bars", "instruments"]
    assert query(sample, "select name, tick from instruments").row(0) == ("AAPL", 0.0001)
    assert query(sample, "select sum(amount) from actions where instrument = 'AAPL'").item() == pytest.approx(
        7.95
    )
    assert "opened" in query(sample, "describe bars")["column_name"].to_list()


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
