"""The shipped sample is the public-domain source, raw, with its splits and dividends as events."""

import csv
import gzip
import hashlib
import runpy
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from seawall.model.corporate import Dividend, Split
from seawall.model.errors import CatalogError
from seawall.model.instruments import Instrument
from seawall.store.adjustments import adjusted_closes
from seawall.store.catalog import Catalog
from seawall.store.sample import open_catalog, sample_folder

NAMES = ["AAPL", "GOOG", "IBM", "MSFT"]
SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "make_sample.py"


@pytest.fixture(scope="module")
def source() -> dict[str, list[list[str]]]:
    """The rows of the package that the sample is made of, by ticker."""
    package = pytest.importorskip("bokeh_sampledata")
    path = Path(package.__file__).parent / "_data" / "stocks.csv.gz"
    rows: dict[str, list[list[str]]] = {name: [] for name in NAMES}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in csv.reader(file):
            rows.setdefault(row[0], []).append(row)
    return rows


def iso(ts_ns: int) -> str:
    """The date of a time."""
    return str(np.datetime64(ts_ns, "ns"))[:10]


def test_every_price_and_volume_is_the_source_s(source: dict[str, list[list[str]]]) -> None:
    """All bars, exactly: ticks times the tick are the decimals of the source, dates and volumes its own."""
    catalog = open_catalog("sample:us-stocks")
    columns = ["ts_open", "open_ticks", "high_ticks", "low_ticks", "close_ticks", "volume_lots"]
    for name in NAMES:
        tick = catalog.instrument(name).tick
        ours = catalog.bars(name).select(columns).rows()
        assert len(ours) == len(source[name])
        for (ts_open, *ticks, volume), (_, date, *prices, shares, _) in zip(ours, source[name], strict=True):
            assert iso(ts_open) == date
            assert [tick * count for count in ticks] == [Decimal(price) for price in prices]
            assert volume == int(shares)


def test_splits_are_the_known_ones() -> None:
    """Three splits, and none on the day of the crash."""
    catalog = open_catalog("sample:us-stocks")
    splits = [a for name in NAMES for a in catalog.actions(name) if isinstance(a, Split)]
    assert [(s.instrument, iso(s.ts_local), s.ratio) for s in splits] == [
        ("AAPL", "2000-06-21", 2),
        ("AAPL", "2005-02-28", 2),
        ("MSFT", "2003-02-18", 2),
    ]
    crash = catalog.bars("AAPL", "2000-09-28", "2000-09-30")["close_ticks"].to_list()
    assert crash == [535_000, 257_500]


def test_dividends_are_whole_cents() -> None:
    """The amounts that were declared come out of the factors: MSFT's 3.08, AAPL's 2.65, IBM's quarters."""
    catalog = open_catalog("sample:us-stocks")
    paid = {(a.instrument, iso(a.ts_local)): a.amount for name in NAMES for a in catalog.actions(name)
            if isinstance(a, Dividend)}  # fmt: skip
    assert len(paid) == 92
    assert all(amount == amount.quantize(Decimal("0.01")) for amount in paid.values())
    assert paid["MSFT", "2004-11-15"] == Decimal("3.08")
    assert paid["AAPL", "2012-08-09"] == Decimal("2.65")
    assert paid["IBM", "2006-05-08"] == Decimal("0.30")


def test_adjusted_closes_come_back(source: dict[str, list[list[str]]]) -> None:
    """Raw closes, splits and dividends give the source's adjusted closes within 1e-12, relatively."""
    catalog = open_catalog("sample:us-stocks")
    for name in NAMES:
        raw = np.array([float(row[5]) for row in source[name]])
        adjusted = np.array([float(row[7]) for row in source[name]])
        ts_open = catalog.bars(name)["ts_open"].to_numpy()
        again = adjusted_closes(ts_open, raw, catalog.actions(name), last_factor=adjusted[-1] / raw[-1])
        assert np.abs(again / adjusted - 1.0).max() < 1e-12


def test_the_script_makes_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Content and provenance are those of a fresh build from the package."""
    pytest.importorskip("bokeh_sampledata")
    monkeypatch.setattr(sys, "argv", ["make_sample.py", str(tmp_path / "sample")])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    fresh, shipped = Catalog(tmp_path / "sample"), open_catalog("sample:us-stocks")
    assert fresh.content_hash(NAMES) == shipped.content_hash(NAMES)
    provenance = (shipped.path / "PROVENANCE.md").read_text()
    assert provenance == (fresh.path / "PROVENANCE.md").read_text()
    assert shipped.content_hash(NAMES) in provenance


def test_it_is_small_and_says_where_it_is_from(source: dict[str, list[list[str]]]) -> None:
    """Under 500 kB; the provenance names licence, package and the source file's hash."""
    folder = sample_folder("us-stocks")
    assert source
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) < 500_000
    package = Path(pytest.importorskip("bokeh_sampledata").__file__).parent
    digest = hashlib.sha256((package / "_data" / "stocks.csv.gz").read_bytes()).hexdigest()
    text = (folder / "PROVENANCE.md").read_text()
    assert all(word in text for word in ("public domain", "bokeh_sampledata", digest))


def test_a_sample_cannot_be_written() -> None:
    """Writing into the package is refused."""
    with pytest.raises(CatalogError, match="read-only"):
        open_catalog("sample:us-stocks").write_instrument(Instrument(name="X", tick=Decimal(1)))


def test_names_of_catalogs(tmp_path: Path) -> None:
    """A wrong sample gets a suggestion; a missing folder and one that is no catalog are told apart."""
    with pytest.raises(CatalogError, match=r"no sample 'sample:us-stock'; did you mean 'sample:us-stocks'\?"):
        open_catalog("sample:us-stock")
    with pytest.raises(CatalogError, match="no catalog at"):
        open_catalog(tmp_path / "nowhere")
    with pytest.raises(CatalogError, match="is not a catalog"):
        open_catalog(tmp_path)
