"""Each row is a bar or has one reason; a wrong tick or lot stops the import instead."""

from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from seawall.model.errors import DataError
from seawall.model.instruments import Instrument
from seawall.store.bars_import import parse_interval
from seawall.store.bars_judge import BarSpec, JudgedBars, judge_bars
from seawall.store.table import EXTRA, ROW_NUMBER

STOCK = Instrument(name="X", tick=Decimal("0.01"))
COIN = Instrument(name="C", tick=Decimal("0.01"), lot=Decimal("0.1"), currency="USDT", sessions="24/7")
GOOD = ("10.00", "10.50", "9.50", "10.25", "300")


def judge(
    rows: list[tuple[str | None, ...]],
    instrument: Instrument = STOCK,
    interval: str = "1d",
    label: str = "open",
    unit: int = 1,
) -> JudgedBars:
    """Judge rows of text: time, open, high, low, close, volume."""
    columns = ["time", "open", "high", "low", "close", "volume"]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    frame = frame.with_row_index(ROW_NUMBER, 1).with_columns(pl.lit(None, pl.String).alias(EXTRA))
    spec = BarSpec("x.csv", parse_interval(interval), label, "UTC", Decimal(unit))
    return judge_bars(frame.with_columns(pl.col(ROW_NUMBER).cast(pl.Int64)), instrument, spec)


def iso(ts_ns: int) -> str:
    """A time to the minute."""
    return str(np.datetime64(ts_ns, "ns"))[:16]


REASONS = [
    (("2000-01-04", "10", "10.5", "9.5", "nan", "1"), "close is not finite: nan"),
    (("2000-01-04", "inf", "10.5", "9.5", "10", "1"), "open is not finite: inf"),
    (("2000-01-04", "10", "10.5", "9.5", "-1", "1"), "close is not above 0: -1"),
    (("2000-01-04", "10", "10.5", "0", "10", "1"), "low is not above 0: 0"),
    (("2000-01-04", "10", "10.5", "9.5", "10", "-5"), "volume is negative: -5"),
    (("2000-01-04", "10", "10.5", "9.5", "10", "inf"), "volume is not finite: inf"),
    (("2000-01-04", "10", "10.5", "9.5", "10", "many"), "volume is no number: 'many'"),
    (("2000-01-04", "10", "10.5", "9.5", None, "1"), "close is missing"),
    (("2000-01-04", "10", "10.5", "", "10", "1"), "low is missing"),
    (("2000-01-04", "ten", "10.5", "9.5", "10", "1"), "open is no number: 'ten'"),
    (("2000-01-04", "10", "10.5", "10.1", "10.2", "1"), "low is above open or close: 10.1"),
    (("2000-01-04", "10", "10.1", "9.5", "10.2", "1"), "high is below open or close: 10.1"),
    (
        ("2000-01-04", "10", "10.5", "9.5", "10.1234", "1"),
        "close 10.1234 is not on the tick 0.01; the finest tick that fits the file is 0.0001",
    ),
    (("2000-01-08", *GOOD), "no session of XNYS: 2000-01-08"),
    (("1989-01-03", *GOOD), "outside the session table XNYS: 1989-01-03"),
    (("soon", *GOOD), "cannot be read as a date: 'soon'"),
    ((None, *GOOD), "cannot be read as a date: None"),
    (("2000-01-03", *GOOD), "repeats the time of a row before it"),
    (("1999-12-31", *GOOD), "its time is before that of a row above it (back-step)"),
]


@pytest.mark.parametrize(("row", "reason"), REASONS)
def test_the_reason_of_a_bad_row(row: tuple[str | None, ...], reason: str) -> None:
    """The bad row falls with its reason and the good ones around it stand."""
    judged = judge([("2000-01-03", *GOOD), row, ("2000-01-05", *GOOD), ("2000-01-06", *GOOD)])
    assert judged.reasons == {2: reason}
    assert judged.bars[ROW_NUMBER].to_list() == [1, 3, 4]


def test_a_row_with_several_faults_has_the_first_reason() -> None:
    """One row, one reason, in the order of the rules."""
    judged = judge([("2000-01-03", *GOOD), ("2000-01-08", "-1", "nan", "9", "10.123", "-4")])
    assert judged.reasons == {2: "no session of XNYS: 2000-01-08"}


def test_daily_bars_take_the_hours_of_their_session() -> None:
    """Open and close come from the table, half-days and summer time included."""
    bars = judge([("2000-07-03", *GOOD), ("2000-12-01", *GOOD)]).bars
    assert [iso(ts) for ts in bars["ts_open"]] == ["2000-07-03T13:30", "2000-12-01T14:30"]
    assert [iso(ts) for ts in bars["ts_close"]] == ["2000-07-03T17:00", "2000-12-01T21:00"]
    assert bars.select("open_ticks", "high_ticks", "low_ticks", "close_ticks", "volume_lots").row(0) == (
        1000, 1050, 950, 1025, 300,
    )  # fmt: skip


@pytest.mark.parametrize(("label", "opened"), [("open", "2000-01-03T15:00"), ("close", "2000-01-03T14:55")])
def test_the_label_of_an_intraday_bar(label: str, opened: str) -> None:
    """A time is the open of its bar or its close, as the user says."""
    bars = judge([("2000-01-03 15:00", *GOOD)], interval="5m", label=label).bars
    assert iso(bars["ts_open"][0]) == opened
    assert bars["ts_close"][0] - bars["ts_open"][0] == bars["interval_ns"][0] == 300 * 10**9


def test_newest_first_is_read_backwards() -> None:
    """A file that is newest first throughout is no list of back-steps."""
    judged = judge(
        [("2000-01-05", *GOOD), ("2000-01-04", *GOOD), ("2000-01-04", *GOOD), ("2000-01-03", *GOOD)]
    )
    assert judged.is_backwards
    assert judged.bars[ROW_NUMBER].to_list() == [4, 3, 1]
    assert judged.reasons == {2: "repeats the time of a row before it"}


def test_a_wrong_tick_stops_the_import() -> None:
    """When most rows are off the tick, it is the tick that is wrong: an error with the one that fits."""
    odd = ("10.001", "10.5", "9.5", "10.25", "300")
    with pytest.raises(
        DataError, match=r"2 of 3 rows .* not on the tick 0\.01; the finest tick .* is 0\.001"
    ):
        judge([("2000-01-03", *odd), ("2000-01-04", *odd), ("2000-01-05", *GOOD)])


def test_volume_in_lots() -> None:
    """Volume is counted in lots, unknown where the cell is empty, and an impossible lot is an error."""
    bars = judge([("2000-01-03", *GOOD[:4], "1.5"), ("2000-01-04", *GOOD[:4], "")], COIN).bars
    assert bars["volume_lots"].to_list() == [15, None]
    hundreds = judge([("2000-01-03", *GOOD[:4], "12")], unit=100).bars
    assert hundreds["volume_lots"].to_list() == [1200]
    with pytest.raises(DataError, match=r"volume 1\.25 is no multiple of 0\.1; the finest lot .* is 0\.01"):
        judge([("2000-01-03", *GOOD[:4], "1.25")], COIN)


def test_a_column_of_no_times() -> None:
    """When no time can be read it is the column, not the rows."""
    with pytest.raises(DataError, match=r"column 'time': no time in it can be read, such as '03/01/2000'"):
        judge([("03/01/2000", *GOOD)])
