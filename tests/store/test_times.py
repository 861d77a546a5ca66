"""Times as files write them become ns UTC, or null; never a guess about one row."""

import datetime as dt

import polars as pl
import pytest

from seawall.model.errors import DataError
from seawall.store.times import check_zone, to_dates, to_ns

MARCH = 951_868_800_000_000_000  # 2000-03-01 00:00 UTC


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2000-03-01", MARCH),
        ("20000301", MARCH),
        ("2000-03-01 00:00", MARCH),
        ("2000-03-01T00:00:00", MARCH),
        (" 2000-03-01 00:00:00.000000001 ", MARCH + 1),
        ("2000-03-01T05:30:00+05:30", MARCH),
        ("2000-02-29 19:00:00-0500", MARCH),
        ("2000-03-01T00:00Z", MARCH),
        ("951868800", MARCH),
        ("951868800000", MARCH),
        ("951868800000000", MARCH),
        ("951868800000000000", MARCH),
        ("951868800.5", MARCH + 500_000_000),
        ("03/01/2000", None),
        ("soon", None),
        ("", None),
    ],
)
def test_text(text: str, expected: int | None) -> None:
    """ISO, yyyymmdd and epochs are read; a date whose order is a matter of country is not."""
    assert to_ns(pl.Series("Date", [text])).to_list() == [expected]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([20000301, 20000302], [MARCH, MARCH + 86_400 * 10**9]),
        ([951868800, None], [MARCH, None]),
        ([951868800000, 951868800001], [MARCH, MARCH + 10**6]),
        ([MARCH, MARCH + 1], [MARCH, MARCH + 1]),
        ([951868800.0, float("nan")], [MARCH, None]),
        ([dt.date(2000, 3, 1)], [MARCH]),
        ([dt.datetime(2000, 3, 1, tzinfo=dt.UTC)], [MARCH]),
    ],
)
def test_typed_columns(values: list[object], expected: list[int | None]) -> None:
    """Typed columns are read by type, and epochs by the size of the whole column."""
    assert to_ns(pl.Series("when", values)).to_list() == expected


def test_the_name_may_say_the_unit() -> None:
    """A column ts_ms is in milliseconds even where the numbers are small."""
    assert to_ns(pl.Series("ts_ms", [1000, 2000])).to_list() == [10**9, 2 * 10**9]


def test_zones() -> None:
    """Naive times are in the zone of the import; an hour that a zone skips does not exist."""
    column = pl.Series("t", ["2000-03-01 09:30:00", "2000-04-02 02:30:00"])
    assert to_ns(column, "America/New_York").to_list() == [MARCH + 52_200 * 10**9, None]
    with pytest.raises(DataError, match="no time zone 'Mars/Olympus'"):
        check_zone("Mars/Olympus")


def test_dates_are_as_written() -> None:
    """The date of a daily bar is the one on its label, whatever the zone makes of it in UTC."""
    assert to_dates(pl.Series("d", ["2000-02-29 23:00:00-05:00", "20000301", "x"])).to_list() == [
        11016,
        11017,
        None,
    ]
    local = pl.Series("d", [dt.datetime(2000, 3, 1, tzinfo=dt.UTC)]).dt.convert_time_zone("Asia/Tokyo")
    assert to_dates(local.dt.offset_by("-9h")).to_list() == [11017]
    assert to_dates(pl.Series("d", [MARCH])).to_list() == [11017]


def test_a_column_of_no_time() -> None:
    """Truth values are no times."""
    with pytest.raises(DataError, match="column 'flag' of type Boolean is no time"):
        to_ns(pl.Series("flag", [True]))
