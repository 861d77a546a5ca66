"""Build the sample `sample:us-stocks` from the package bokeh_sampledata.

Usage: python scripts/make_sample.py [FOLDER]        default: the folder inside the package
"""

import gzip
import hashlib
import importlib.metadata
import shutil
import sys
from decimal import Decimal
from pathlib import Path

import bokeh_sampledata
import polars as pl

from seawall.model.instruments import Instrument
from seawall.store.adjustments import adjusted_closes, derive_actions
from seawall.store.bars_import import import_bars
from seawall.store.catalog import Catalog
from seawall.store.sample import sample_folder

SOURCE = Path(bokeh_sampledata.__file__).parent / "_data" / "stocks.csv.gz"
INSTRUMENTS = {"AAPL": "XNAS", "GOOG": "XNAS", "IBM": "XNYS", "MSFT": "XNAS"}
TICK = Decimal("0.0001")

PROVENANCE = """# Provenance of `sample:us-stocks`

Daily bars of AAPL, GOOG, IBM and MSFT, 2000-03-01 (GOOG: 2004-08-19) to 2013-03-01, made by
`scripts/make_sample.py`; tests/store/test_sample.py makes it again and compares.

- **Source:** the PyPI package `bokeh_sampledata` {version}, file `_data/stocks.csv.gz`,
  sha256 `{source_hash}`.
- **Licence:** public domain. The package states in `stocks.py`: "License: Public Domain. Sourced from
  Quandl WIKI Prices [...] Quandl declared the data public domain and permitted redistribution".
- **Prices:** raw, as traded, nothing rounded. The tick is 0.0001: {off_cent:,} of {prices:,} prices are
  not on 0.01 (prints and highs or lows below a cent, from 2003 on), all are on 0.0001.
- **Volume:** shares of the day as given, raw: it rises for good at each split. On the three split days
  themselves it appears to be in old shares (MSFT 2003-02-18: 28,707,750, about half of its neighbours and no
  multiple of 100); it is kept as given.
- **Crash:** AAPL's -52 % of 2000-09-29 is real (132.5 million shares, eight times the day before); no split.
- **Times:** open and close of the session of that date (XNAS, XNYS tables of this package).
- **Splits:** {splits}.
- **Dividends:** {dividends} of them, derived from the source's adjusted closes. Its factor on an ex-date is
  c / (c + D) with the close c of the ex-date, so D = c (1/q - 1) with q the ratio of the factors before and
  on it. The amounts come out as whole cents.
- **Check:** adjusted closes reconstructed from raw closes, splits and dividends equal the source's within
  a relative error of {error:.1e} (the last factor, for events after 2013-03-01, is taken from the source).
- **Known:** GOOG is Google's history before 2014, which the source files under GOOGL.

Content hash: `{content_hash}`
"""


def main() -> None:
    """Write the sample and print what stands in it."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else sample_folder("us-stocks")
    if folder.exists():
        shutil.rmtree(folder)
    catalog = Catalog(folder)
    source = pl.read_csv(gzip.decompress(SOURCE.read_bytes()), infer_schema=False)
    source = source.filter(pl.col("Ticker").is_in(list(INSTRUMENTS)))
    errors = [_add(catalog, name, sessions, source) for name, sessions in INSTRUMENTS.items()]
    (folder / "PROVENANCE.md").write_text(_provenance(catalog, source, max(errors)))
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(catalog.describe(), f"{size:,} bytes, largest relative error {max(errors):.2e}", sep="\n")


def _add(catalog: Catalog, name: str, sessions: str, source: pl.DataFrame) -> float:
    """Import one instrument with its actions; the largest relative error of reconstruction."""
    instrument = Instrument(name=name, tick=TICK, sessions=sessions)
    csv_file = catalog.path.parent / f".{name}.csv"
    csv_file.parent.mkdir(parents=True, exist_ok=True)
    own = source.filter(pl.col("Ticker") == name)
    own.write_csv(csv_file)
    report = import_bars(csv_file, instrument, catalog)
    csv_file.unlink()
    assert report.rejected == 0, report.render()
    bars = catalog.bars(name)
    raw = own["Close"].cast(pl.Float64).to_numpy()
    adjusted = own["Adj Close"].cast(pl.Float64).to_numpy()
    ts_open = bars["ts_open"].to_numpy()
    splits, dividends = derive_actions(name, ts_open, raw, adjusted)
    catalog.write_actions(name, [*splits, *dividends])
    again = adjusted_closes(ts_open, raw, catalog.actions(name), last_factor=float(adjusted[-1] / raw[-1]))
    return float(abs(again / adjusted - 1.0).max())


def _provenance(catalog: Catalog, source: pl.DataFrame, error: float) -> str:
    prices = pl.concat([source[name] for name in ("Open", "High", "Low", "Close")])
    actions = [action for name in INSTRUMENTS for action in catalog.actions(name)]
    splits = [action for action in actions if hasattr(action, "numerator")]
    named = (
        f"{split.instrument} {pl.Series([split.ts_local]).cast(pl.Datetime('ns')).dt.date()[0]} "
        f"{split.numerator}:{split.denominator}"
        for split in splits
    )
    return PROVENANCE.format(
        version=importlib.metadata.version("bokeh_sampledata"),
        source_hash=hashlib.sha256(SOURCE.read_bytes()).hexdigest(),
        off_cent=int(prices.str.contains(r"\.\d\d0*[1-9]").sum()),
        prices=len(prices),
        splits=", ".join(named),
        dividends=len(actions) - len(splits),
        error=error,
        content_hash=catalog.content_hash(list(INSTRUMENTS)),
    )


if __name__ == "__main__":
    main()
