"""The rows of a table of ticks, judged one by one: integer columns, or a reason why not.

Rule 1: each row ends in the columns or with exactly one reason, the first that applies in this order:
        extra fields, times, numbers that are missing, illegible or not finite, sign, off tick or lot,
        side, number of the message.
Rule 2: text is read as the decimal that it is, without a detour over binary floats.
Rule 3: a book message is taken whole or not at all: its other rows fall with the one that fell, and a
        numbered stream then has a gap there, so that no book is trusted that lacks a level.
Rule 4: when the tick or the lot itself is wrong the import stops: an error, not a thousand rejects.

A row whose times lie much farther apart than those of all others has a wrong time; it is refused, lest one
mistyped stamp move the clock of all.
"""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from seawall.model.errors import DataError
from seawall.model.instruments import Instrument
from seawall.store.clock import UNITS_NS
from seawall.store.grid import DOUBLE_EPSILON, SINGLE_EPSILON, finest_step, to_steps
from seawall.store.sequences import NO_NUMBER
from seawall.store.table import EXTRA, ROW_NUMBER
from seawall.store.tick_columns import TickColumns
from seawall.store.times import to_ns

__all__ = ["SIDE_UNKNOWN", "JudgedTicks", "TickSpec", "judge_ticks"]

SIDE_UNKNOWN = 2  # the file does not say it: to be inferred
OFF_GRID_ROWS_MAX = 10  # more, and more than one in a hundred: the tick is wrong, not the rows
TEXTS = (pl.String, pl.Boolean, pl.Null)  # and what text can stand for
NO_CODE = -99  # a word that stands for nothing
SKEW_NS_MAX = 60_000_000_000
INT_LIMIT = 2**62
PLAIN_DECIMAL = r"^([+-]?\d+)(?:\.(\d*))?$"
SIDES = {
    "1": 1, "1.0": 1, "+1": 1, "buy": 1, "b": 1, "bid": 1, "bids": 1, "long": 1,
    "-1": -1, "-1.0": -1, "sell": -1, "s": -1, "ask": -1, "asks": -1, "a": -1, "offer": -1, "short": -1,
    "0": 0, "0.0": 0, "none": 0, "auction": 0, "": SIDE_UNKNOWN, "unknown": SIDE_UNKNOWN,
    "n/a": SIDE_UNKNOWN,
}  # fmt: skip
BOOLEANS = {"true": 1, "t": 1, "1": 1, "yes": 1, "false": 0, "f": 0, "0": 0, "no": 0, "": 0}

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class TickSpec(msgspec.Struct, frozen=True):
    """How a table is read: what messages call it, its kind, the zone and unit of its times."""

    where: str
    kind: str
    zone: str = "UTC"
    time_unit: str = "auto"


class JudgedTicks(msgspec.Struct, frozen=True):
    """Good rows in file order; arrays of shape (n,).

    columns: row (in the file), time, local (without the latter: equal to time), own (bool: the row has
    an exchange time of its own), and by kind, in ticks and lots:
    trades: sequence (0: none), side (SIDE_UNKNOWN: not said), price, size
    quotes: sequence, bid, bid_size, ask, ask_size (size 0: that side is empty)
    levels: message (equal for the rows of one), first, sequence, previous, snapshot, side, price, size (a
    snapshot without a level is one row of side 0)
    reasons: row -> why it is none; has_local: the table has a receive time.
    notes: what the user should know of it.
    """

    columns: dict[str, Ints]
    reasons: dict[int, str]
    has_local: bool
    notes: tuple[str, ...]


class _Judge:
    """Who is still standing, and why the others fell; the first reason stays."""

    def __init__(self, rows: Ints) -> None:
        self.rows = rows
        self.ok = np.ones(len(rows), dtype=np.bool_)
        self.reasons: dict[int, str] = {}

    def refuse(self, bad: Bools, why: str | Callable[[int], str]) -> None:
        for index in np.flatnonzero(bad & self.ok).tolist():
            self.reasons[int(self.rows[index])] = why if isinstance(why, str) else why(index)
        self.ok &= ~bad


def judge_ticks(
    table: pl.DataFrame, columns: TickColumns, instrument: Instrument, spec: TickSpec
) -> JudgedTicks:
    """Judge the raw rows of one instrument: a table with ROW_NUMBER and EXTRA, and its columns by role."""
    table = _readable(table, columns, spec)
    frame = table.select(
        ROW_NUMBER, EXTRA, *(pl.col(name).alias(role) for role, name in columns.roles.items())
    )
    judge = _Judge(frame[ROW_NUMBER].to_numpy())
    extra = frame[EXTRA]
    judge.refuse(extra.is_not_null().to_numpy(), lambda i: f"fields beyond the header: {extra[i]}")
    found = {"row": judge.rows, **_times(frame, columns, spec, judge)}
    grid = _Grid(frame, instrument, spec, judge)
    if spec.kind == "trades":
        found |= grid.positive("price", "size") | {"side": _trade_sides(frame, judge)}
    elif spec.kind == "quotes":
        found |= grid.quote()
    elif not columns.wide:
        found |= grid.level() | {"side": _book_sides(frame, judge)}
    notes: list[str] = []
    for role in ("sequence", "first", "previous", "message"):
        if role in frame.columns:
            if _has_numbers(frame[role]):
                found[role] = _numbers(frame[role], role, judge)
            else:
                notes.append(f"column {columns.roles[role]!r} holds no numbers and is not used")
    if spec.kind == "levels":
        found["snapshot"] = _flags(frame, judge)
        if columns.wide:
            return _wide(columns, _Grid(table, instrument, spec, judge), found, notes)
        _fill_messages(found)
        _refuse_broken_messages(found, judge)
    kept = {role: values[judge.ok] for role, values in found.items()}
    return JudgedTicks(kept, judge.reasons, "local" in columns.roles, tuple(notes))


def _readable(table: pl.DataFrame, columns: TickColumns, spec: TickSpec) -> pl.DataFrame:
    """The table with categories as text; a column of a type that is no number and no text is an error."""
    times = [columns.roles[role] for role in ("time", "local") if role in columns.roles]
    casts: list[pl.Expr] = []
    for name in (*columns.roles.values(), *columns.wide.values()):
        dtype = table[name].dtype
        if isinstance(dtype, pl.Categorical | pl.Enum):
            casts.append(pl.col(name).cast(pl.String))
        elif not (dtype.is_numeric() or isinstance(dtype, TEXTS) or (dtype.is_temporal() and name in times)):
            raise DataError(f"{spec.where}: column {name!r} of type {dtype} is neither number nor text")
    return table.with_columns(casts) if casts else table


# Times -----------------------------------------------------------------------------------


def _times(frame: pl.DataFrame, columns: TickColumns, spec: TickSpec, judge: _Judge) -> dict[str, Ints]:
    """time, local and own; a row whose two times are equal to the ns has no exchange time of its own."""
    time = _time(frame["time"], spec, judge)
    if "local" not in frame.columns:
        return {"time": time, "local": time, "own": np.ones(len(time), np.int64)}
    local = _time(frame["local"], spec, judge)
    own = (local != time).astype(np.int64)
    latency = local - time
    if (own[judge.ok]).any():
        typical = int(np.median(latency[judge.ok & (own == 1)]))
        judge.refuse(
            (own == 1) & (np.abs(latency - typical) > SKEW_NS_MAX),
            lambda i: (
                f"its times are {latency[i] / 1e9:.3f} s apart, those of other rows {typical / 1e9:.3f} s"
            ),
        )
    return {"time": time, "local": local, "own": own}


def _time(column: pl.Series, spec: TickSpec, judge: _Judge) -> Ints:
    if spec.time_unit == "auto":
        ns = to_ns(column, spec.zone)
    else:
        ns = _from_unit(column, UNITS_NS[spec.time_unit])
    if ns.null_count() == len(ns):
        raise DataError(
            f"{spec.where}: column {column.name!r}: no time in it can be read, such as {column[0]!r}; "
            "expected ISO times, or an epoch in s, ms, us or ns"
        )
    judge.refuse(ns.is_null().to_numpy(), lambda i: f"cannot be read as a time in {spec.zone}: {column[i]!r}")
    return ns.fill_null(0).to_numpy()


def _from_unit(column: pl.Series, unit_ns: int) -> pl.Series:
    """Counts of a unit as ns: whole ones exactly, others to the nearest ns; null where illegible."""
    text = column.str.strip_chars() if column.dtype == pl.String else column
    rough = text.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    whole = text.cast(pl.Int64, strict=False).fill_null(0).to_numpy()
    usable = np.abs(rough) < INT_LIMIT / unit_ns  # NaN compares as false
    rough = np.where(usable, rough, 0.0)
    floor = np.floor(rough)
    is_whole = rough == whole  # beyond 2^53 the whole number is exact, and its float is not
    base = np.where(is_whole, whole, floor.astype(np.int64))
    part = np.where(is_whole, 0.0, np.rint((rough - floor) * unit_ns))
    ns = np.where(usable, base, 0) * unit_ns + part.astype(np.int64)
    frame = pl.DataFrame({"ns": ns, "usable": usable})
    return frame.select(pl.when(pl.col("usable")).then(pl.col("ns")))["ns"].alias(column.name)


# Prices and sizes ------------------------------------------------------------------------


class _Steps(msgspec.Struct):
    """A column of numbers as counts of a step; masks of shape (n,), in which a fallen value counts 0."""

    counts: Ints
    absent: Bools
    illegible: Bools
    endless: Bools  # NaN and infinite
    off: Bools
    values: Floats
    epsilon: float


def _steps(column: pl.Series, step: Decimal) -> _Steps:
    """Text exactly, as decimals; numbers through the grid of their resolution."""
    if isinstance(column.dtype, pl.Decimal):
        column = column.cast(pl.String)
    is_text = column.dtype == pl.String
    text = column.str.strip_chars() if is_text else column
    absent = ((text.is_null() | (text == "")) if is_text else column.is_null()).fill_null(True).to_numpy()
    parsed = text.cast(pl.Float64, strict=False)
    values = parsed.fill_null(0.0).to_numpy()
    illegible = parsed.is_null().to_numpy() & ~absent
    endless = ~np.isfinite(values)
    values = np.where(endless, 0.0, values)
    epsilon = SINGLE_EPSILON if column.dtype == pl.Float32 else DOUBLE_EPSILON
    counts, off = to_steps(values, step, epsilon)
    if is_text:
        plain, exact_counts, exact_off = _exact_steps(text, step)
        counts, off = np.where(plain, exact_counts, counts), np.where(plain, exact_off, off)
    return _Steps(counts, absent, illegible, endless, off, values, epsilon)


def _exact_steps(text: pl.Series, step: Decimal) -> tuple[Bools, Ints, Bools]:
    """(plain decimals that fit 62 bits, their count of steps, off the grid): integer arithmetic alone."""
    parts = pl.DataFrame({"text": text}).select(
        pl.col("text").str.extract(PLAIN_DECIMAL, 1).alias("whole"),
        pl.col("text").str.extract(PLAIN_DECIMAL, 2).fill_null("").str.strip_chars_end("0").alias("rest"),
    )
    lengths = parts["rest"].str.len_chars()
    decimals = int(lengths.to_numpy().max()) if len(text) else 0
    joined = parts.select(pl.col("whole") + pl.col("rest").str.pad_end(decimals, "0"))["whole"]
    mantissa = joined.cast(pl.Int64, strict=False)
    ratio = Fraction(1, 10**decimals) / Fraction(step)
    up, down = ratio.numerator, ratio.denominator
    numbers = mantissa.fill_null(0).to_numpy()
    if down >= INT_LIMIT or up >= INT_LIMIT:  # no integer of ours is a multiple: leave it to the floats
        return np.zeros(len(text), np.bool_), numbers, np.zeros(len(text), np.bool_)
    quotient = numbers // down
    plain = mantissa.is_not_null().to_numpy() & (np.abs(quotient) < INT_LIMIT // up)
    off = quotient * down != numbers
    return plain, np.where(off | ~plain, 0, quotient * up), off


class _Grid:
    """Columns of prices and sizes of a table on the grid of an instrument."""

    def __init__(self, frame: pl.DataFrame, instrument: Instrument, spec: TickSpec, judge: _Judge) -> None:
        self.frame, self.instrument, self.spec, self.judge = frame, instrument, spec, judge

    def positive(self, price: str, size: str) -> dict[str, Ints]:
        """A price and a size, both above 0."""
        return {price: self._column(price, "tick", 1), size: self._column(size, "lot", 1)}

    def level(self) -> dict[str, Ints]:
        """A price above 0 and a size, of which 0 deletes."""
        return {"price": self._column("price", "tick", 1), "size": self._column("size", "lot", 0)}

    def quote(self) -> dict[str, Ints]:
        """Both sides; one whose size is 0 or missing is empty, and its price does not matter."""
        found: dict[str, Ints] = {}
        for side in ("bid", "ask"):
            size = self._column(f"{side}_size", "lot", 0, optional=True)
            price = self._column(side, "tick", 1, where=size > 0)
            found |= {side: np.where(size > 0, price, 0), f"{side}_size": size}
        return found

    def pair(self, price: str, size: str) -> tuple[Ints, Ints]:
        """The price and size of one level of a row that is a snapshot; size 0: no such level."""
        sizes = self._column(size, "lot", 0, optional=True)
        return self._column(price, "tick", 1, where=sizes > 0), sizes

    def _column(
        self, name: str, grid: str, least: int, *, optional: bool = False, where: Bools | None = None
    ) -> Ints:
        """A column in steps of the tick or lot; least 1: above 0; optional: a missing value is 0."""
        column, judge = self.frame[name], self.judge
        step = self.instrument.tick if grid == "tick" else self.instrument.lot
        found = _steps(column, step)
        asked = np.ones(len(column), np.bool_) if where is None else where
        values = found.values
        if optional:
            found.endless &= ~np.isnan(column.to_numpy()) if column.dtype.is_float() else True
        else:
            judge.refuse(asked & found.absent, f"{name} is missing")
        judge.refuse(asked & found.illegible, lambda i: f"{name} is no number: {column[i]!r}")
        judge.refuse(asked & found.endless, lambda i: f"{name} is not finite: {column[i]}")
        if least:
            judge.refuse(asked & (values <= 0), lambda i: f"{name} is not above 0: {values[i]:g}")
        else:
            judge.refuse(asked & (values < 0), lambda i: f"{name} is negative: {values[i]:g}")
        self._refuse_off_grid(name, grid, step, found, asked)
        return np.where(judge.ok & asked, found.counts, 0)

    def _refuse_off_grid(self, name: str, grid: str, step: Decimal, found: _Steps, asked: Bools) -> None:
        off = asked & found.off & self.judge.ok
        count = int(off.sum())
        if not count:
            return
        standing = asked & self.judge.ok
        fits = finest_step(found.values[standing], found.epsilon)
        advice = f"the finest {grid} that fits the file is {fits:f}" if fits else f"no decimal {grid} fits it"
        rows = int(standing.sum())
        sample = found.values[np.flatnonzero(off)[0]]
        if count * 2 > rows or (count > OFF_GRID_ROWS_MAX and count * 100 > rows):
            raise DataError(
                f"{self.spec.where}: {self.instrument.name}: {count} of {rows} rows have a {name} that is "
                f"not on the {grid} {step:f}, such as {sample:.12g}; {advice}"
            )
        values = found.values
        self.judge.refuse(off, lambda i: f"{name} {values[i]:.12g} is not on the {grid} {step:f}; {advice}")


# Sides, numbers, marks -------------------------------------------------------------------


def _words(column: pl.Series) -> pl.Series:
    return column.cast(pl.String).str.strip_chars().str.to_lowercase().fill_null("")


def _coded(column: pl.Series, codes: dict[str, int], what: str, judge: _Judge) -> Ints:
    """Words as the numbers that stand for them; another word is a reason."""
    if column.dtype.is_integer() or column.dtype == pl.Boolean:
        coded = _coded_integers(column.cast(pl.Int64), codes)
    else:
        words = _words(column).replace_strict(codes, default=None, return_dtype=pl.Int64)
        coded = words.fill_null(NO_CODE).to_numpy()
    judge.refuse(coded == NO_CODE, lambda i: f"{what} cannot be read: {column[i]!r}")
    return coded


def _coded_integers(column: pl.Series, codes: dict[str, int]) -> Ints:
    """The same for whole numbers, without making text of them."""
    values = column.fill_null(0).to_numpy()
    coded = np.full(len(values), NO_CODE, np.int64)
    for word, code in codes.items():
        if word.lstrip("-").isdigit():
            coded[values == int(word)] = code
    return np.where(column.is_null().to_numpy(), codes[""], coded)


def _trade_sides(frame: pl.DataFrame, judge: _Judge) -> Ints:
    """+1 the taker buys, -1 it sells, 0 neither, SIDE_UNKNOWN where the file does not say it."""
    if "side" in frame.columns:
        return _coded(frame["side"], SIDES, "side", judge)
    if "buyer_is_maker" not in frame.columns:
        return np.full(frame.height, SIDE_UNKNOWN, np.int64)
    return 1 - 2 * _coded(frame["buyer_is_maker"], BOOLEANS, "buyer_is_maker", judge)


def _book_sides(frame: pl.DataFrame, judge: _Judge) -> Ints:
    sides = _coded(frame["side"], SIDES, "side", judge)
    judge.refuse(np.abs(sides) != 1, lambda i: f"side is neither bid nor ask: {frame['side'][i]!r}")
    return sides


def _has_numbers(column: pl.Series) -> bool:
    """Whether a column of numbers holds one, or nothing at all; ids that are hashes count nothing."""
    return column.null_count() == len(column) or column.cast(pl.Int64, strict=False).count() > 0


def _numbers(column: pl.Series, role: str, judge: _Judge) -> Ints:
    """Numbers of messages; a missing one is NO_NUMBER as a `previous`, 0 as another."""
    text = column.str.strip_chars() if column.dtype == pl.String else column
    numbers = text.cast(pl.Int64, strict=False)
    absent = (text.is_null() | (text == "")) if column.dtype == pl.String else text.is_null()
    beyond = (numbers < 0) | (numbers >= INT_LIMIT)
    bad = (numbers.is_null() & ~absent) | beyond.fill_null(False)
    judge.refuse(bad.to_numpy(), lambda i: f"{role} is no number of a message: {column[i]!r}")
    return numbers.fill_null(NO_NUMBER if role == "previous" else 0).to_numpy()


def _flags(frame: pl.DataFrame, judge: _Judge) -> Ints:
    if "snapshot" not in frame.columns:
        return np.zeros(frame.height, np.int64)
    return _coded(frame["snapshot"], BOOLEANS, "snapshot", judge)


# Book messages ---------------------------------------------------------------------------


def _fill_messages(found: dict[str, Ints]) -> None:
    """Without a column of messages, rows that share times, number and mark in a run are one."""
    count = len(found["row"])
    found.setdefault("sequence", np.zeros(count, np.int64))
    roles = ("message",) if "message" in found else ("time", "local", "sequence", "snapshot")
    starts: Bools = np.zeros(count, np.bool_)
    for role in roles:
        changes = found[role][1:] != found[role][:-1]
        starts[1:] |= changes
    found["message"] = np.cumsum(starts).astype(np.int64)


def _refuse_broken_messages(found: dict[str, Ints], judge: _Judge) -> None:
    """All rows of a message fall with the first that fell, or that disagrees about the message."""
    message = found["message"]
    heads = np.searchsorted(message, message)
    for role in ("time", "local", "sequence", "first", "previous", "snapshot"):
        if role in found:
            differs = found[role] != found[role][heads]
            judge.refuse(differs & judge.ok[heads], f"{role} changes inside its message")
    fallen = np.unique(message[~judge.ok])
    judge.refuse(np.isin(message, fallen), "another row of its message was rejected")


def _wide(columns: TickColumns, grid: _Grid, found: dict[str, Ints], notes: list[str]) -> JudgedTicks:
    """A row a snapshot: its levels as rows of one message, bids before asks, the best first."""
    places = sorted(
        {(side, level) for side, level, _ in columns.wide}, key=lambda place: (-place[0], place[1])
    )
    pairs = [
        grid.pair(columns.wide[side, level, "price"], columns.wide[side, level, "size"])
        for side, level in places
    ]
    ok = grid.judge.ok
    prices = np.stack([price for price, _ in pairs], axis=1)[ok]
    sizes = np.stack([size for _, size in pairs], axis=1)[ok]
    there = sizes > 0
    there[:, 0] |= ~there.any(axis=1)  # an empty book keeps one row, so that its message is not lost
    sides = np.where(sizes > 0, np.array([side for side, _ in places]), 0)
    kept = {role: np.repeat(values[ok], there.sum(axis=1)) for role, values in found.items()}
    kept.setdefault("sequence", np.zeros(len(kept["row"]), np.int64))
    kept["message"] = np.repeat(np.arange(int(ok.sum())), there.sum(axis=1))
    kept["snapshot"] = np.ones(len(kept["row"]), np.int64)
    kept |= {"side": sides[there], "price": prices[there], "size": sizes[there]}
    return JudgedTicks(kept, grid.judge.reasons, "local" in columns.roles, tuple(notes))
