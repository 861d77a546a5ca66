"""The shipped session tables are those of the exchange_calendars library, and small."""

from pathlib import Path

import numpy as np
import pytest

import seawall.store.sessions as sessions_file
from seawall.model.errors import CatalogError
from seawall.model.sessions import index_at, session_of_date
from seawall.store.sessions import SHIPPED, load_sessions, pack_sessions


@pytest.mark.filterwarnings("ignore:Series.values returning")  # the library's own, under pandas 3.1
@pytest.mark.parametrize("name", SHIPPED)
def test_tables_equal_the_library(name: str) -> None:
    """Every open and close since 1990, holidays and half-days included, is the library's."""
    calendars = pytest.importorskip("exchange_calendars")
    calendar = calendars.get_calendar(name, start="1990-01-01", end="2035-12-31")
    table = load_sessions(name)
    for ours, theirs in ((table.opens, calendar.opens), (table.closes, calendar.closes)):
        expected = theirs.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[ns]")
        assert np.array_equal(ours, expected.astype(np.int64))


@pytest.mark.parametrize(
    ("date", "hours"),
    [
        ("1990-01-02", ("14:30", "21:00")),
        ("2000-07-03", ("13:30", "17:00")),  # a half-day, in summer time
        ("2018-11-23", ("14:30", "18:00")),  # the day after Thanksgiving
        ("2001-09-11", None),  # the exchange stayed shut
        ("2012-10-29", None),  # the hurricane
        ("2013-03-02", None),  # a Saturday
    ],
)
def test_days_that_people_remember(date: str, hours: tuple[str, str] | None) -> None:
    """Half-days end early and shut days have no session."""
    table = load_sessions("XNYS")
    index = session_of_date(table, date)
    if hours is None:
        assert index == -1
        return
    times = [str(np.datetime64(int(column[index]), "ns"))[:16] for column in (table.opens, table.closes)]
    assert times == [f"{date}T{hour}" for hour in hours]
    assert index_at(table, int(table.opens[index])) == index


def test_an_unknown_table_names_the_known() -> None:
    """A typing error gets a suggestion."""
    with pytest.raises(CatalogError, match=r"no session table 'XNYC'; did you mean 'XNYS'\?"):
        load_sessions("XNYC")


def test_the_files_are_small() -> None:
    """All shipped tables together stay below 150 kB."""
    folder = Path(sessions_file.__file__).parent / "sessions_data"
    assert sum(file.stat().st_size for file in folder.iterdir()) < 150_000


def test_packing_refuses_seconds() -> None:
    """A file holds whole minutes; other times are our bug."""
    with pytest.raises(AssertionError):
        pack_sessions(np.array([1]), np.array([60 * 10**9]), 10**12)
