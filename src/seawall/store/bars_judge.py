"""The rows of one instrument, judged one by one: bars in ticks, or a reason why not.

Rule 1: each row ends as a bar or with exactly one reason, the first that applies in this order:
        extra fields, time, missing or illegible number, not finite, not above 0, OHLC, off tick,
        no session, order in time.
Rule 2: a file that is newest first throughout is read backwards; any other step back is refused.
Rule 3: when the tick or the lot itself is wrong the import stops: an error, not a thousand rejects.
"""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from seawall.model.errors import DataError
from seawall.model.instruments import Instrument
from seawall.model.sessions import DAY_NS, SessionTable, session_days
from seawall.store.catalog import BAR_SCHEMA
from seawall.store.columns import PRICES
from seawall.store.grid import DOUBLE_EPSILON, SINGLE_EPSILON, finest_step, to_steps
from seawall.store.sessions import load_sessions
from seawall.store.table import EXTRA, ROW_NUMBER
from seawall.store.times import to_dates, to_ns

__all__ = ["BarSpec", "JudgedBars", "judge_bars"]

COUNTS = ("volume", "buy_volume", "trades")
OFF_TICK_ROWS_MAX = 10  # more, and more than one in a hundred: the tick is wrong, not the rows
UNKNOWN = -1

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class BarSpec(msgspec.Struct, frozen=True):
    """How the rows of a file are to be read; volume_unit: units of the instrument in one of the file's."""

    path: str
    interval_ns: int
    bar_label: str
    zone: str
    volume_unit: Decimal


class JudgedBars(msgspec.Struct, frozen=True):
    """bars: BAR_SCHEMA and ROW_NUMBER, in time order; reasons: row number -> why it is no bar."""

    bars: pl.DataFrame
    reasons: dict[int, str]
    is_backwards: bool


class _Judge:
    """Who is still standing, and why the others fell; the first reason stays."""

    def __init__(self, rows: Ints) -> None:
        self.rows = rows
        self.ok = np.ones(len(rows), dtype=np.bool_)
        self.reasons: dict[int, str] = {}

    def refuse(self, bad: NDArray[np.bool_], why: str | Callable[[int], str]) -> None:
        for index in np.flatnonzero(bad & self.ok).tolist():
            self.reasons[int(self.rows[index])] = why if isinstance(why, str) else why(index)
        self.ok &= ~bad


def judge_bars(frame: pl.DataFrame, instrument: Instrument, spec: BarSpec) -> JudgedBars:
    """Judge raw rows of one instrument: columns by role (time, open ... trades), ROW_NUMBER, EXTRA."""
    judge = _Judge(frame[ROW_NUMBER].to_numpy())
    judge.refuse(
        frame[EXTRA].is_not_null().to_numpy(), lambda i: f"fields beyond the header: {frame[EXTRA][i]}"
    )
    ts_open, ts_close = _times(frame, instrument, spec, judge)
    prices = _prices(frame, instrument, spec, judge)
    counts = {role: _count(frame, role, instrument, spec, judge) for role in COUNTS}
    is_backwards = _is_backwards(ts_open[judge.ok])
    _refuse_disorder(ts_open, judge, is_backwards)
    columns = {"ts_open": ts_open, "ts_close": ts_close}
    columns |= {f"{role}_ticks": prices[role] for role in PRICES}
    columns |= {
        "volume_lots": counts["volume"],
        "buy_volume_lots": counts["buy_volume"],
        "trades": counts["trades"],
    }
    columns[ROW_NUMBER] = judge.rows
    bars = pl.DataFrame(columns).filter(pl.Series(judge.ok)).sort("ts_open")
    unknown = [pl.when(pl.col(c) != UNKNOWN).then(pl.col(c)).alias(c) for c in list(BAR_SCHEMA)[6:9]]
    interval = pl.lit(spec.interval_ns, pl.Int64).alias("interval_ns")
    return JudgedBars(bars.with_columns(*unknown, interval), judge.reasons, is_backwards)


def _times(frame: pl.DataFrame, instrument: Instrument, spec: BarSpec, judge: _Judge) -> tuple[Ints, Ints]:
    """(ts_open, ts_close): a day's from the session table, others from label and interval."""
    column = frame["time"]
    if spec.interval_ns == DAY_NS:
        return _daily_times(to_dates(column), column, load_sessions(instrument.sessions), judge)
    ns = to_ns(column, spec.zone)
    _refuse_illegible(ns, column, spec, judge)
    stamps = ns.fill_null(0).to_numpy()
    ts_open = stamps if spec.bar_label == "open" else stamps - spec.interval_ns
    return ts_open, ts_open + spec.interval_ns


def _daily_times(days: pl.Series, column: pl.Series, table: SessionTable, judge: _Judge) -> tuple[Ints, Ints]:
    judge.refuse(days.is_null().to_numpy(), lambda i: f"cannot be read as a date: {column[i]!r}")
    _refuse_unreadable_column(days, column)
    wanted = days.fill_null(0).to_numpy()
    known = session_days(table)
    index = np.minimum(np.searchsorted(known, wanted), len(known) - 1)

    def date(i: int) -> str:
        return str(np.datetime64(int(wanted[i]), "D"))

    outside = (wanted < known[0]) | (wanted * DAY_NS >= table.last_covered_ns)
    judge.refuse(outside, lambda i: f"outside the session table {table.name}: {date(i)}")
    judge.refuse(known[index] != wanted, lambda i: f"no session of {table.name}: {date(i)}")
    return table.opens[index], table.closes[index]


def _refuse_illegible(ns: pl.Series, column: pl.Series, spec: BarSpec, judge: _Judge) -> None:
    _refuse_unreadable_column(ns, column)
    judge.refuse(ns.is_null().to_numpy(), lambda i: f"cannot be read as a time in {spec.zone}: {column[i]!r}")


def _refuse_unreadable_column(parsed: pl.Series, column: pl.Series) -> None:
    if parsed.null_count() == len(parsed):
        raise DataError(
            f"column {column.name!r}: no time in it can be read, such as {column[0]!r}; "
            "expected ISO dates or times, yyyymmdd, or an epoch in s, ms, us or ns"
        )


def _numbers(frame: pl.DataFrame, role: str, judge: _Judge) -> Floats:
    """A column of prices as float64, 1.0 where it fell; text must be a plain decimal."""
    column = frame[role]
    text = column.str.strip_chars() if column.dtype == pl.String else column
    values = text.cast(pl.Float64, strict=False)
    absent = (text.is_null() | (text == "")) if column.dtype == pl.String else column.is_null()
    judge.refuse(absent.to_numpy(), f"{role} is missing")
    judge.refuse(values.is_null().to_numpy(), lambda i: f"{role} is no number: {column[i]!r}")
    numbers = values.fill_null(1.0).to_numpy()
    judge.refuse(~np.isfinite(numbers), lambda i: f"{role} is not finite: {numbers[i]}")
    return np.where(np.isfinite(numbers), numbers, 1.0)


def _prices(frame: pl.DataFrame, instrument: Instrument, spec: BarSpec, judge: _Judge) -> dict[str, Ints]:
    """The four prices in ticks; a flat bar has one price four times."""
    roles = [role for role in PRICES if role in frame.columns]
    values = {role: _numbers(frame, role, judge) for role in roles}
    for role in roles:
        bad = values[role] <= 0
        judge.refuse(bad, lambda i, role=role: f"{role} is not above 0: {values[role][i]:g}")
    if len(roles) == len(PRICES):
        least, most = np.minimum(values["open"], values["close"]), np.maximum(values["open"], values["close"])
        judge.refuse(values["low"] > least, lambda i: f"low is above open or close: {values['low'][i]:g}")
        judge.refuse(values["high"] < most, lambda i: f"high is below open or close: {values['high'][i]:g}")
    ticks = _to_ticks(frame, roles, values, instrument, spec, judge)
    return {role: ticks[role] if role in ticks else ticks["close"] for role in PRICES}


def _to_ticks(
    frame: pl.DataFrame, roles: list[str], values: dict[str, Floats],
    instrument: Instrument, spec: BarSpec, judge: _Judge,
) -> dict[str, Ints]:  # fmt: skip
    epsilon = _epsilon(frame, roles)
    ticks: dict[str, Ints] = {}
    off: dict[str, NDArray[np.bool_]] = {}
    for role in roles:
        ticks[role], off[role] = to_steps(values[role], instrument.tick, epsilon)
    any_off = judge.ok & np.logical_or.reduce(list(off.values()))
    if not any_off.any():
        return ticks
    good = np.concatenate([values[role][judge.ok] for role in roles])
    fits = finest_step(good, epsilon)
    advice = f"the finest tick that fits the file is {fits:f}" if fits else "no decimal tick fits the file"
    _refuse_wrong_tick(any_off, judge, f"{spec.path}: {instrument.name}", instrument.tick, advice)
    for role in roles:

        def why(i: int, role: str = role) -> str:
            return f"{role} {values[role][i]:.12g} is not on the tick {instrument.tick}; {advice}"

        judge.refuse(off[role], why)
    return ticks


def _refuse_wrong_tick(off: NDArray[np.bool_], judge: _Judge, where: str, tick: Decimal, advice: str) -> None:
    rows, count = int(judge.ok.sum()), int(off.sum())
    if count * 2 > rows or (count > OFF_TICK_ROWS_MAX and count * 100 > rows):
        raise DataError(
            f"{where}: {count} of {rows} rows have a price that is not on the tick {tick}; {advice}"
        )


def _count(frame: pl.DataFrame, role: str, instrument: Instrument, spec: BarSpec, judge: _Judge) -> Ints:
    """Volume in lots, or a number of trades; UNKNOWN where the file has none."""
    if role not in frame.columns:
        return np.full(frame.height, UNKNOWN, dtype=np.int64)
    column = frame[role]
    text = column.str.strip_chars() if column.dtype == pl.String else column
    known = (
        (text.is_not_null() & (text != "")) if column.dtype == pl.String else column.is_not_null()
    ).to_numpy()
    values = text.cast(pl.Float64, strict=False)
    judge.refuse(known & values.is_null().to_numpy(), lambda i: f"{role} is no number: {column[i]!r}")
    numbers = values.fill_null(0.0).to_numpy()
    judge.refuse(~np.isfinite(numbers), lambda i: f"{role} is not finite: {numbers[i]}")
    judge.refuse(numbers < 0, lambda i: f"{role} is negative: {numbers[i]:g}")
    step = Decimal(1) if role == "trades" else instrument.lot / spec.volume_unit
    good = np.where(judge.ok & known, numbers, 0.0)
    epsilon = _epsilon(frame, [role])
    lots, off = to_steps(good, step, epsilon)
    count = int(off.sum())
    if count * 2 <= len(good) and count <= max(OFF_TICK_ROWS_MAX, len(good) // 100):
        judge.refuse(off, lambda i: f"{role} {good[i]:.12g} is no multiple of {step:f}")
    elif off.any():
        fits = finest_step(good * float(spec.volume_unit), epsilon)
        advice = f"the finest lot that fits the file is {fits:f}" if fits else "no decimal lot fits the file"
        sample = good[np.flatnonzero(off)[0]]
        raise DataError(
            f"{spec.path}: {instrument.name}: {role} {sample:.12g} is no multiple of {step:f}; {advice}"
        )
    return np.where(known, lots, UNKNOWN)


def _epsilon(frame: pl.DataFrame, roles: list[str]) -> float:
    return SINGLE_EPSILON if any(frame[role].dtype == pl.Float32 for role in roles) else DOUBLE_EPSILON


def _is_backwards(ts_open: Ints) -> bool:
    return len(ts_open) > 1 and bool(np.all(ts_open[1:] <= ts_open[:-1])) and ts_open[0] > ts_open[-1]


def _refuse_disorder(ts_open: Ints, judge: _Judge, is_backwards: bool) -> None:
    """Refuse rows that step back in time or repeat the time of the row that came last before them."""
    standing = np.flatnonzero(judge.ok)
    if is_backwards:
        standing = standing[::-1]
    times = ts_open[standing]
    if len(times) < 2 or bool(np.all(times[1:] > times[:-1])):
        return
    latest = np.maximum.accumulate(times)
    back, same = np.zeros(len(ts_open), np.bool_), np.zeros(len(ts_open), np.bool_)
    back[standing[1:]] = times[1:] < latest[:-1]
    same[standing[1:]] = times[1:] == latest[:-1]
    judge.refuse(same, "repeats the time of a row before it")
    judge.refuse(back, "its time is before that of a row above it (back-step)")
