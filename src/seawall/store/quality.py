"""The quality report of a catalog: what is missing, doubtful or out of place in its bars and ticks.

What an import refused is counted too, from the catalog's reject files: off-tick prices, OHLC
violations, duplicates and back-steps cannot stand in the store itself.

Rule 1: the report changes nothing; it counts, shows the first few and says what to look at.
Rule 2: gaps are counted against the instrument's session table between its first and last bar.
Rule 3: a jump is a close-to-close log return, corrected for known splits, above 0.25 or above ten
        robust sigmas (1.4826 times the median size of the returns that are not 0).

What is counted of ticks stands in tick_quality.py.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from seawall.model.corporate import Split
from seawall.model.sessions import DAY_NS, SessionTable
from seawall.store.catalog import Catalog
from seawall.store.rejects import count_reasons, read_rejects
from seawall.store.sessions import load_sessions
from seawall.store.tick_quality import StreamQuality, check_streams, clock_warnings

__all__ = ["InstrumentQuality", "Jump", "QualityReport", "check"]

JUMP_LOG_RETURN = 0.25
JUMP_SIGMAS = 10.0
SIGMA_OF_MEDIAN = 1.4826
SPLIT_TOLERANCE = 0.05  # the day's own move stands on top of the ratio
CRASH_VALUE_RATIO = 3.0  # traded value against its median before: a split leaves it as it was
REUSED_GAP_NS = 60 * DAY_NS
SPLIT_RATIOS = ((3, 2), (2, 1), (3, 1), (4, 1), (5, 1), (7, 1), (10, 1), (20, 1))
SHOWN = 5

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Jump(msgspec.Struct, frozen=True):
    """A suspicious move: time of the close, size as a simple return, sigmas, and a guess."""

    ts_close: int
    change: float
    sigmas: float
    guess: str


class InstrumentQuality(msgspec.Struct, frozen=True, kw_only=True):
    """The counts of one instrument; *_shown: ISO times of the first few; rejected: reason -> rows."""

    instrument: str
    bars: int
    interval_ns: int
    first_ns: int
    last_ns: int
    missing_sessions: int
    missing_bars: int
    missing_shown: tuple[str, ...]
    outside_session: int
    outside_shown: tuple[str, ...]
    duplicates: int
    back_steps: int
    ohlc_violations: int
    zero_volume: int
    unknown_volume: int
    rejected: dict[str, int]
    jumps: tuple[Jump, ...]

    @property
    def is_clean(self) -> bool:
        """Nothing is missing, outside its session, broken or suspicious."""
        broken = self.duplicates + self.back_steps + self.ohlc_violations
        return not (broken or self.missing_bars or self.outside_session or self.jumps or self.rejected)


class QualityReport(msgspec.Struct, frozen=True):
    """A row an instrument that has bars, and one a stream of ticks, in the order asked for."""

    catalog: str
    rows: tuple[InstrumentQuality, ...]
    ticks: tuple[StreamQuality, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The report in plain types, for JSON."""
        return msgspec.to_builtins(self)

    def render(self) -> str:
        """The report as lines for a terminal."""
        names = {row.instrument for row in (*self.rows, *self.ticks)}
        lines = [f"quality of {self.catalog}: {len(names)} instruments"]
        for row in self.rows:
            lines += _render(row)
        for stream in self.ticks:
            lines += stream.render()
        lines += [f"warning: {warning}" for warning in self.warnings]
        everything = (*self.rows, *self.ticks)
        clean = sum(row.is_clean for row in everything)
        return "\n".join([*lines, f"{clean} clean, {len(everything) - clean} to look at"])


def check(catalog: Catalog, names: Sequence[str] | None = None) -> QualityReport:
    """Check the bars and ticks of `names` (None: all); an instrument has a row for what there is of it.

    >>> from seawall.store.sample import open_catalog
    >>> [row.instrument for row in check(open_catalog("sample:us-stocks")).rows if row.missing_bars]
    []
    """
    rows: list[InstrumentQuality] = []
    rejected = read_rejects(catalog)
    for name in names if names is not None else catalog.instruments():
        bars = catalog.bars(name)
        if bars.height:
            rows.append(_check_one(catalog, name, bars, count_reasons(rejected.get(name, ()))))
    ticks = check_streams(catalog, names)
    return QualityReport(catalog.name, tuple(rows), ticks, clock_warnings(ticks))


def _check_one(
    catalog: Catalog, name: str, bars: pl.DataFrame, rejected: dict[str, int]
) -> InstrumentQuality:
    table = load_sessions(catalog.instrument(name).sessions)
    ts_open, ts_close = bars["ts_open"].to_numpy(), bars["ts_close"].to_numpy()
    interval_ns = int(bars["interval_ns"][0])
    missing, missing_sessions = _missing(table, ts_open, interval_ns)
    outside = ts_open[~_inside(table, ts_open, ts_close)]
    splits = [action for action in catalog.actions(name) if isinstance(action, Split)]
    return InstrumentQuality(
        instrument=name,
        bars=bars.height,
        interval_ns=interval_ns,
        first_ns=int(ts_open[0]),
        last_ns=int(ts_close[-1]),
        missing_sessions=missing_sessions,
        missing_bars=len(missing),
        missing_shown=tuple(_iso(ts, interval_ns) for ts in missing[:SHOWN].tolist()),
        outside_session=len(outside),
        outside_shown=tuple(_iso(ts, interval_ns) for ts in outside[:SHOWN].tolist()),
        duplicates=int((np.diff(ts_open) == 0).sum()),
        back_steps=int((ts_open[1:] < ts_close[:-1]).sum()) - int((np.diff(ts_open) == 0).sum()),
        ohlc_violations=_ohlc_violations(bars),
        zero_volume=int((bars["volume_lots"] == 0).sum()),
        unknown_volume=bars["volume_lots"].null_count(),
        rejected=rejected,
        jumps=_jumps(bars, splits),
    )


def _missing(table: SessionTable, ts_open: Ints, interval_ns: int) -> tuple[Ints, int]:
    """(opening times of the bars that the sessions ask for and the catalog lacks, whole sessions lacking)."""
    first = int(np.searchsorted(table.closes, int(ts_open[0]), side="right"))
    last = int(np.searchsorted(table.opens, int(ts_open[-1]), side="right"))
    opens, closes = table.opens[first:last], table.closes[first:last]
    # A session is there if a bar opens within it.
    counts = np.searchsorted(ts_open, closes) - np.searchsorted(ts_open, opens)
    if interval_ns == DAY_NS:
        return opens[counts == 0], int((counts == 0).sum())
    slots = (closes - opens) // interval_ns
    starts = np.repeat(opens, slots)
    within = np.arange(int(slots.sum())) - np.repeat(np.cumsum(slots) - slots, slots)
    wanted = starts + within * interval_ns
    wanted = wanted[(wanted >= ts_open[0]) & (wanted <= ts_open[-1])]
    return wanted[~np.isin(wanted, ts_open)], int((counts == 0).sum())


def _inside(table: SessionTable, ts_open: Ints, ts_close: Ints) -> NDArray[np.bool_]:
    index = np.searchsorted(table.opens, ts_open, side="right") - 1
    inside: NDArray[np.bool_] = (index >= 0) & (ts_close <= table.closes[np.maximum(index, 0)])
    return inside


def _ohlc_violations(bars: pl.DataFrame) -> int:
    body = pl.min_horizontal("open_ticks", "close_ticks"), pl.max_horizontal("open_ticks", "close_ticks")
    broken = (pl.col("low_ticks") > body[0]) | (pl.col("high_ticks") < body[1]) | (pl.col("low_ticks") <= 0)
    return int(bars.select(broken.sum()).item())


def _jumps(bars: pl.DataFrame, splits: Sequence[Split]) -> tuple[Jump, ...]:
    closes = bars["close_ticks"].cast(pl.Float64).to_numpy()
    ts_open, ts_close = bars["ts_open"].to_numpy(), bars["ts_close"].to_numpy()
    returns = np.diff(np.log(closes))
    for split in splits:
        index = int(np.searchsorted(ts_open, split.ts_local))  # the first bar in new shares
        if 0 < index < len(closes):
            returns[index - 1] += float(np.log(split.numerator / split.denominator))
    sigma = _robust_sigma(returns)
    suspicious = np.abs(returns) > JUMP_LOG_RETURN
    if sigma > 0:
        suspicious |= np.abs(returns) > JUMP_SIGMAS * sigma
    value_ratios = _value_ratios(bars)
    jumps: list[Jump] = []
    for index in (np.flatnonzero(suspicious) + 1).tolist():
        size = float(returns[index - 1])
        gap_ns = int(ts_open[index] - ts_close[index - 1])
        guess = _guess(size, gap_ns, value_ratios[index])
        sigmas = abs(size) / sigma if sigma > 0 else 0.0
        jumps.append(Jump(int(ts_close[index]), float(np.expm1(size)), sigmas, guess))
    return tuple(jumps)


def _robust_sigma(returns: Floats) -> float:
    moves = returns[returns != 0.0]
    return SIGMA_OF_MEDIAN * float(np.median(np.abs(moves))) if len(moves) else 0.0


def _value_ratios(bars: pl.DataFrame) -> Floats:
    """Traded value of each bar over the median of the 20 before it; NaN where a volume is unknown."""
    value = pl.col("volume_lots").cast(pl.Float64) * pl.col("close_ticks")
    before = value.rolling_median(20, min_samples=5).shift(1)
    ratio = bars.select(pl.when(before > 0).then(value / before).alias("ratio"))["ratio"]
    return ratio.fill_null(float("nan")).to_numpy()


def _guess(log_return: float, gap_ns: int, value_ratio: float) -> str:
    """What the jump may be: an unknown split, another company under the same ticker, or a real move."""
    if gap_ns > REUSED_GAP_NS:
        return f"possible reused ticker: {gap_ns // DAY_NS} days without a bar before it"
    factor = float(np.exp(abs(log_return)))
    for new, old in SPLIT_RATIOS:
        if abs(factor * old / new - 1.0) > SPLIT_TOLERANCE:
            continue
        ratio = f"{new}:{old}" if log_return < 0 else f"{old}:{new}"
        if value_ratio > CRASH_VALUE_RATIO:
            return f"near a {ratio} split, but {value_ratio:.0f} times the usual value traded: looks real"
        return f"looks like a {ratio} split that no action explains"
    if value_ratio > CRASH_VALUE_RATIO:
        return f"{value_ratio:.0f} times the usual value traded: looks real"
    return "unexplained"


def _render(row: InstrumentQuality) -> list[str]:
    span = f"{_iso(row.first_ns, row.interval_ns)} .. {_iso(row.last_ns, row.interval_ns)}"
    lines = [f"{row.instrument}: {row.bars:,} bars of {_interval(row.interval_ns)}, {span}"]
    unit = "sessions" if row.interval_ns == DAY_NS else "bars inside sessions"
    whole = f" ({row.missing_sessions:,} whole sessions)" if row.interval_ns != DAY_NS else ""
    _add(lines, row.missing_bars, f"missing {unit}{whole}", row.missing_shown)
    _add(lines, row.outside_session, "bars outside a session", row.outside_shown)
    _add(lines, row.duplicates, "duplicate times")
    _add(lines, row.back_steps, "back-steps or overlaps")
    _add(lines, row.ohlc_violations, "OHLC violations")
    _add(lines, row.zero_volume, "bars of zero volume")
    _add(lines, row.unknown_volume, "bars of unknown volume")
    for reason, count in row.rejected.items():
        _add(lines, count, f"rows rejected at import: {reason}")
    _add(lines, len(row.jumps), "suspicious jumps")
    for jump in sorted(row.jumps, key=lambda jump: -abs(np.log1p(jump.change)))[:SHOWN]:
        when = _iso(jump.ts_close, row.interval_ns)
        lines.append(f"      {when} {jump.change:+.1%} ({jump.sigmas:.0f} sigmas): {jump.guess}")
    return [*lines, "    clean"] if row.is_clean else lines


def _add(lines: list[str], count: int, what: str, shown: tuple[str, ...] = ()) -> None:
    if count:
        first = f": {', '.join(shown)}{', ...' if count > len(shown) else ''}" if shown else ""
        lines.append(f"    {count:,} {what}{first}")


def _interval(interval_ns: int) -> str:
    seconds = interval_ns // 10**9
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _iso(ts_ns: int, interval_ns: int) -> str:
    """A date for daily bars, else a time to the second, UTC."""
    unit = "D" if interval_ns == DAY_NS else "s"
    return str(np.datetime64(ts_ns, "ns").astype(f"datetime64[{unit}]"))
