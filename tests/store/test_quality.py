"""The quality report finds what is missing, outside, broken or suspicious, and guesses why."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from seawall.model.corporate import Split
from seawall.model.instruments import Instrument
from seawall.model.sessions import session_of_date
from seawall.store.bars_import import import_bars
from seawall.store.catalog import BAR_SCHEMA, Catalog
from seawall.store.quality import InstrumentQuality, check
from seawall.store.sample import open_catalog
from seawall.store.sessions import load_sessions

DAY = 86_400 * 10**9
MINUTE = 60 * 10**9
XNYS = load_sessions("XNYS")
START = session_of_date(XNYS, "2001-01-02")


def daily(
    tmp_path: Path, closes: list[int], volumes: list[int | None], skip: tuple[int, ...] = ()
) -> Catalog:
    """A catalog of one stock with those closes (in ticks) on successive sessions, some left out."""
    catalog = Catalog(tmp_path)
    catalog.write_instrument(Instrument(name="X", tick=Decimal("0.01")))
    days = [START + n for n in range(len(closes) + len(skip)) if n not in skip]
    rows = [
        (int(XNYS.opens[day]), int(XNYS.closes[day]), close, close, close, close, volume, None, None, DAY)
        for day, close, volume in zip(days, closes, volumes, strict=True)
    ]
    catalog.write_bars("X", pl.DataFrame(rows, schema=BAR_SCHEMA, orient="row"))
    return catalog


def only(catalog: Catalog) -> InstrumentQuality:
    """The one row of a report."""
    (row,) = check(catalog).rows
    return row


def test_a_clean_series_is_clean(tmp_path: Path) -> None:
    """Nothing missing, nothing suspicious: no line but its name."""
    catalog = daily(tmp_path, [1000 + n % 7 for n in range(60)], [100] * 60)
    assert only(catalog).is_clean
    assert "clean" in check(catalog).render()


def test_missing_sessions_are_named(tmp_path: Path) -> None:
    """Sessions without a bar are counted and the first ones shown; weekends are none."""
    row = only(daily(tmp_path, [1000, 1001, 1002], [1, 1, 1], skip=(1, 2)))
    assert (row.missing_bars, row.missing_sessions) == (2, 2)
    assert row.missing_shown == ("2001-01-03", "2001-01-04")


def test_missing_minutes_and_bars_outside(tmp_path: Path) -> None:
    """Minutes inside a session are missing, one after its close is outside, the night is neither."""
    catalog = Catalog(tmp_path)
    catalog.write_instrument(Instrument(name="X", tick=Decimal("0.01")))
    opens = [int(XNYS.opens[START]) + n * MINUTE for n in (0, 1, 3)] + [int(XNYS.closes[START])]
    opens += [int(XNYS.opens[START + 1])]
    rows = [(ts, ts + MINUTE, 10, 10, 10, 10, 0, None, None, MINUTE) for ts in opens]
    catalog.write_bars("X", pl.DataFrame(rows, schema=BAR_SCHEMA, orient="row"))
    row = only(catalog)
    assert (row.missing_bars, row.missing_sessions, row.outside_session, row.zero_volume) == (387, 0, 1, 5)
    assert row.missing_shown[0] == "2001-01-02T14:32:00"
    assert row.outside_shown == ("2001-01-02T21:00:00",)


WOBBLE = [1000 + 10 * (n % 3) for n in range(30)]
JUMPS = [
    (500, 100, "looks like a 2:1 split that no action explains"),
    (333, 100, "looks like a 3:1 split that no action explains"),
    (10_000, 10, "looks like a 1:10 split that no action explains"),
    (500, 2000, "near a 2:1 split, but 10 times the usual value traded: looks real"),
    (1350, 1000, "13 times the usual value traded: looks real"),
    (1350, None, "unexplained"),
    (500, None, "looks like a 2:1 split that no action explains"),
]


@pytest.mark.parametrize(("after", "volume", "guess"), JUMPS)
def test_a_jump_and_its_guess(tmp_path: Path, after: int, volume: int | None, guess: str) -> None:
    """Ratios of splits, the value traded and unknown volume decide what a jump looks like."""
    catalog = daily(tmp_path, [*WOBBLE, after], [100] * 30 + [volume])
    (jump,) = only(catalog).jumps
    assert jump.guess == guess
    assert jump.change == pytest.approx(after / WOBBLE[-1] - 1)


def test_a_known_split_is_no_jump(tmp_path: Path) -> None:
    """The same fall with the split as an event is nothing to look at."""
    catalog = daily(tmp_path, [*WOBBLE, 510], [100] * 31)
    assert len(only(catalog).jumps) == 1
    catalog.write_actions("X", [Split("X", int(XNYS.opens[START + 30]), 2, 1)])
    assert only(catalog).jumps == ()


def test_a_long_gap_may_be_another_company(tmp_path: Path) -> None:
    """A new price level after months of silence is a ticker that was given again."""
    catalog = daily(tmp_path, [*WOBBLE, 300], [100] * 31, skip=tuple(range(30, 90)))
    (jump,) = only(catalog).jumps
    assert jump.guess.startswith("possible reused ticker")


def test_rejects_of_the_import_are_in_the_report(tmp_path: Path) -> None:
    """Off-tick, OHLC and order faults never reach the store; the report counts them from the reject file."""
    good = ["date,open,high,low,close,volume", "2001-01-02,10,10,10,10,1", "2001-01-05,10,10,10,10,1"]
    bad = ["2001-01-03,10,9,10,10,1", "2001-01-04,10,10.001,10,10,1", "2001-01-05,10,10,10,10,1"]
    lines = [*good[:2], *bad[:2], good[2], bad[2]]
    (tmp_path / "x.csv").write_text("\n".join(lines) + "\n")
    catalog = Catalog(tmp_path / "catalog")
    import_bars(tmp_path / "x.csv", Instrument(name="X", tick=Decimal("0.01")), catalog)
    assert only(catalog).rejected == {
        "high is below open or close": 1,
        "high # is not on the tick 0.01": 1,
        "repeats the time of a row before it": 1,
    }
    assert "1 rows rejected at import: high is below open or close" in check(catalog).render()


def test_the_sample() -> None:
    """No session is missing in thirteen years, and the crash of 2000-09-29 is called real."""
    report = check(open_catalog("sample:us-stocks"))
    assert [(row.instrument, row.missing_bars, row.unknown_volume) for row in report.rows] == [
        ("AAPL", 0, 0), ("GOOG", 0, 0), ("IBM", 0, 0), ("MSFT", 0, 0),
    ]  # fmt: skip
    (crash,) = report.rows[0].jumps
    assert str(np.datetime64(crash.ts_close, "ns"))[:10] == "2000-09-29"
    assert crash.guess.endswith("looks real")
    assert "AAPL: 3,270 bars of 1d, 2000-03-01 .. 2013-03-01" in report.render()
    assert report.to_dict()["rows"][0]["jumps"][0]["change"] == pytest.approx(-0.5187, abs=1e-4)


def test_illiquid_minutes(shared_data: Path, tmp_path: Path) -> None:
    """QES traded in 174 of 3,120 minutes; the report counts the rest between its first and last bar."""
    path = shared_data / "bars_equity" / "flowrisk_us10_1m_201811.parquet"
    catalog = Catalog(tmp_path)
    import_bars(path, None, catalog, template=Instrument(name="T", tick=Decimal("0.0001")), interval="1m")
    (row,) = check(catalog, ["QES"]).rows
    assert (row.bars, row.outside_session) == (174, 0)
    assert 2_500 < row.missing_bars <= 3_120 - 174
