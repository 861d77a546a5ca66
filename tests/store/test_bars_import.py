"""An import takes what is good, keeps what is bad with its reason, and loses nothing."""

import csv
import tempfile
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.model.errors import CatalogError, DataError
from seawall.model.instruments import Instrument
from seawall.store.bars_import import import_bars, parse_interval
from seawall.store.catalog import Catalog

STOCK = Instrument(name="X", tick=Decimal("0.01"))
HEADER = "Date,Open,High,Low,Close,Volume"
DAYS = ["2000-01-03", "2000-01-04", "2000-01-05", "2000-01-06", "2000-01-07", "2000-01-10"]
GOOD = [f"{day},10,10.5,9.5,10.25,{300 + n}" for n, day in enumerate(DAYS)]


def write(folder: Path, *lines: str, name: str = "x.csv") -> Path:
    """A CSV file of those lines."""
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder / name


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """An empty catalog."""
    return Catalog(tmp_path / "catalog")


def test_a_clean_file(tmp_path: Path, catalog: Catalog) -> None:
    """All rows are written, once: the second import finds only duplicates."""
    path = write(tmp_path, HEADER, *GOOD)
    first = import_bars(path, STOCK, catalog)
    again = import_bars(path, "X", catalog)
    assert (first.rows_read, first.rows_written, first.duplicates, first.rejected) == (6, 6, 0, 0)
    assert (again.rows_written, again.duplicates, again.reject_path) == (0, 6, None)
    assert catalog.bars("X")["volume_lots"].to_list() == [300, 301, 302, 303, 304, 305]
    assert "rows read 6 = written 6 + duplicates 0 + rejected 0" in first.render()


def test_bad_rows_stand_in_the_reject_file(tmp_path: Path, catalog: Catalog) -> None:
    """File, row, reason and raw text of each; the same import writes the same file."""
    bad = ["2000-01-05,10,10.5,9.5,nan,1", "2000-01-08,10,10.5,9.5,10,1", "2000-01-06,10,10.5,9.5,10,1,234"]
    path = write(tmp_path, HEADER, *GOOD[:2], *bad, *GOOD[2:])
    report = import_bars(path, STOCK, catalog)
    assert (report.rows_read, report.rows_written, report.rejected) == (9, 6, 3)
    assert report.reject_path is not None
    with Path(report.reject_path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["row"], row["reason"], row["raw"]) for row in rows] == [
        ("3", "close is not finite: nan", bad[0]),
        ("4", "no session of XNYS: 2000-01-08", bad[1]),
        ("5", "fields beyond the header: 234", bad[2]),
    ]
    assert {row["file"] for row in rows} == {str(path)}
    again = import_bars(path, STOCK, catalog)
    assert again.reject_path == report.reject_path
    assert again.reasons == report.reasons


def test_a_conflict_with_the_store(tmp_path: Path, catalog: Catalog) -> None:
    """A stored bar is not overwritten by another version of it; the new one is rejected."""
    import_bars(write(tmp_path, HEADER, *GOOD[:3]), STOCK, catalog)
    changed = GOOD[1].replace("10.25", "10.26")
    report = import_bars(write(tmp_path, HEADER, changed, *GOOD[2:]), STOCK, catalog)
    assert (report.rows_written, report.duplicates, report.rejected) == (3, 1, 1)
    assert report.reasons == {"conflicts with stored bar": 1}
    assert catalog.bars("X")["close_ticks"].to_list() == [1025] * 6


BAD = [
    "2000-01-04,10,10.5,9.5,10.3,1",
    "2000-01-05,10,9,9.5,10,1",
    "x,1,1,1,1,1",
    "2000-01-06,,,,,",
    "2000-01-07,10,10.5,9.5,10,-1",
    "1999-12-31,10,10.5,9.5,10,1",
    "2000-01-10,10,10.5,9.5,10,1,9,9",
    "",
]
LINES = st.sampled_from([*GOOD, *GOOD, *BAD])


@settings(max_examples=40, deadline=None)
@given(st.lists(LINES, max_size=12), st.lists(LINES, max_size=6))
def test_nothing_is_lost(first: list[str], second: list[str]) -> None:
    """Whatever the rows, read = written + duplicates + rejected, and each reject is in the file."""
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(Path(folder) / "catalog")
        for lines in ([GOOD[0], *first], [GOOD[0], *second, GOOD[5]]):
            report = import_bars(write(Path(folder), HEADER, *lines), STOCK, catalog)
            assert report.rows_read == report.rows_written + report.duplicates + report.rejected
            assert report.rows_read == len(lines)
            listed = Path(report.reject_path).read_text().splitlines()[1:] if report.reject_path else []
            assert len(listed) == report.rejected


def test_long_with_symbols(tmp_path: Path, catalog: Catalog) -> None:
    """One symbol by name, by `symbol=`, or all of them, each an instrument."""
    lines = [f"{symbol},{line}" for symbol in ("AA", "BB") for line in GOOD[:2]]
    path = write(tmp_path, f"symbol,{HEADER}", *lines)
    assert import_bars(path, "BB", catalog, template=STOCK).rows_read == 2
    assert import_bars(path, "OTHER", catalog, template=STOCK, symbol="AA").rows_read == 2
    alone = write(tmp_path, f"symbol,{HEADER}", f"AA,{GOOD[0]}", name="alone.csv")
    assert (
        "the file's symbol 'AA' is imported as ZZ" in import_bars(alone, "ZZ", catalog, template=STOCK).notes
    )
    everything = import_bars(path, None, catalog, template=STOCK)
    assert (everything.instruments, everything.rows_written, everything.duplicates) == (("AA", "BB"), 2, 2)
    with pytest.raises(DataError, match="has no symbol 'CC'; it has: AA, BB"):
        import_bars(path, "CC", catalog, template=STOCK)


def test_wide_closes(tmp_path: Path, catalog: Catalog) -> None:
    """A column a symbol becomes flat bars of unknown volume; empty cells carry no bar, and it is said."""
    path = write(tmp_path, "date,AA,BB", "2000-01-03,10.5,", "2000-01-04,10.75,20")
    report = import_bars(path, None, catalog, template=STOCK)
    assert (report.rows_read, report.rows_written, report.unknown_volume) == (3, 3, 3)
    assert report.notes[0] == "1 empty cells of the wide table carry no bar"
    bar = (
        catalog.bars("BB")
        .select("open_ticks", "high_ticks", "low_ticks", "close_ticks", "volume_lots")
        .row(0)
    )
    assert bar == (2000, 2000, 2000, 2000, None)


def test_parquet_equals_csv(tmp_path: Path, catalog: Catalog) -> None:
    """The same bars from typed Parquet have the same content hash."""
    path = write(tmp_path, HEADER, *GOOD)
    pl.read_csv(path, try_parse_dates=True).write_parquet(tmp_path / "x.parquet")
    import_bars(path, STOCK, catalog)
    other = Catalog(tmp_path / "other")
    import_bars(tmp_path / "x.parquet", STOCK, other)
    assert catalog.content_hash(["X"]) == other.content_hash(["X"])


def test_splits_and_dividends_come_as_events(tmp_path: Path, catalog: Catalog) -> None:
    """Prices stay as traded; the events stand beside them, once."""
    bars = write(tmp_path, HEADER, *GOOD)
    splits = write(tmp_path, "date,ratio", "2000-01-05,2:1", name="splits.csv")
    dividends = write(tmp_path, "date,amount", "2000-01-06,0.25", name="dividends.csv")
    for _ in range(2):
        report = import_bars(bars, STOCK, catalog, splits=splits, dividends=dividends)
        assert (report.splits, report.dividends) == (1, 1)
    assert [type(action).__name__ for action in catalog.actions("X")] == ["Split", "Dividend"]


def test_nothing_is_written_before_all_is_judged(tmp_path: Path, catalog: Catalog) -> None:
    """A fault of the second symbol leaves the catalog as it was, also without the first one."""
    path = write(tmp_path, "date,AA,BB", "2000-01-03,10.5,0.001", "2000-01-04,10.75,0.002")
    with pytest.raises(DataError, match="BB: 2 of 2 rows"):
        import_bars(path, None, catalog, template=STOCK)
    assert catalog.instruments() == []


def test_progress_ends_at_the_total(tmp_path: Path, catalog: Catalog) -> None:
    """The callback hears of all rows."""
    heard: list[tuple[int, int]] = []
    path = write(tmp_path, "date,AA,BB", "2000-01-03,10,20", "2000-01-04,10,20")
    import_bars(path, None, catalog, template=STOCK, progress=lambda done, total: heard.append((done, total)))
    assert heard == [(2, 4), (4, 4)]


@pytest.mark.parametrize(
    ("lines", "arguments", "message"),
    [
        ([HEADER, "2000-01-03,1,1,1,nan,1"], {}, "none of 1 rows can be used; row 1: close is not finite"),
        ([HEADER, GOOD[0]], {"interval": "1w"}, "interval '1w': expected 1d"),
        ([HEADER, GOOD[0]], {"bar_label": "middle"}, "bar_label 'middle'"),
        ([HEADER, GOOD[0]], {"tz": "Nowhere"}, "no time zone 'Nowhere'"),
        ([HEADER, GOOD[0]], {"volume_unit": Decimal(0)}, "volume_unit must be above 0"),
        ([HEADER, GOOD[0]], {"symbol": "AA"}, "has no symbol 'AA'; it has: no symbol column"),
        (["symbol,date,close", ",2000-01-03,1"], {}, "row 1 has no symbol"),
        (["a,b", "1,2"], {}, "no time column"),
    ],
)
def test_the_user_s_mistakes(
    tmp_path: Path, catalog: Catalog, lines: list[str], arguments: dict[str, str], message: str
) -> None:
    """Each has a message that says what and where."""
    with pytest.raises(DataError, match=message):
        import_bars(write(tmp_path, *lines), STOCK, catalog, **arguments)  # type: ignore[arg-type]
    assert catalog.instruments() == []


def test_names_and_terms(tmp_path: Path, catalog: Catalog) -> None:
    """A name needs terms from somewhere, a symbol must be a possible name, terms do not change."""
    path = write(tmp_path, HEADER, GOOD[0])
    with pytest.raises(CatalogError, match="no catalog at"):
        import_bars(path, "X", catalog)
    with pytest.raises(DataError, match="has no symbol column; say which instrument it is"):
        import_bars(path, None, catalog, template=STOCK)
    wide = write(tmp_path, "date,A B", "2000-01-03,1", name="wide.csv")
    with pytest.raises(DataError, match="instrument name 'A B'"):
        import_bars(wide, None, catalog, template=STOCK)
    import_bars(path, STOCK, catalog)
    with pytest.raises(CatalogError, match=r"with tick 0\.01, not 0\.001"):
        import_bars(path, Instrument(name="X", tick=Decimal("0.001")), catalog)


def test_intervals() -> None:
    """A number and a unit; days only one at a time."""
    assert [parse_interval(text) for text in ("30s", "1m", "2h", "1D")] == [
        30 * 10**9, 60 * 10**9, 7200 * 10**9, 86_400 * 10**9,
    ]  # fmt: skip
    for text in ("2d", "m", "0m", "1w", "-1m", ""):
        with pytest.raises(DataError, match="expected 1d"):
            parse_interval(text)


def test_twenty_stocks_of_adjusted_closes(shared_data: Path, catalog: Catalog) -> None:
    """166,260 adjusted closes on tick 0.001 become flat bars; on 0.01 the message says which tick fits."""
    path = shared_data / "bars_equity" / "skfolio_sp500_20stocks_1d.parquet"
    with pytest.raises(
        DataError, match=r"not on the tick 0\.01; the finest tick that fits the file is 0\.001"
    ):
        import_bars(path, None, catalog, template=STOCK)
    template = Instrument(name="T", tick=Decimal("0.001"))
    report = import_bars(path, None, catalog, template=template)
    assert (report.rows_written, report.rejected, report.unknown_volume) == (166_260, 0, 166_260)
    assert any("flat bars" in note for note in report.notes)
    source = pl.read_parquet(path).filter(pl.col("symbol") == "XOM")["adj_close"]
    assert (catalog.bars("XOM")["close_ticks"] / 1000 - source).abs().max() < 1e-9


def test_minute_bars(shared_data: Path, catalog: Catalog) -> None:
    """21,309 one-minute bars of ten stocks: all are kept, each a minute long and in its session."""
    path = shared_data / "bars_equity" / "flowrisk_us10_1m_201811.parquet"
    template = Instrument(name="T", tick=Decimal("0.0001"))
    report = import_bars(path, None, catalog, template=template, interval="1m")
    assert (report.rows_read, report.rows_written, report.rejected, report.unknown_volume) == (
        21_309,
        21_309,
        0,
        0,
    )
    assert catalog.describe()["rows"].sum() == 21_309
