"""Import of OHLCV bars: CSV or Parquet, long or wide, into a catalog.

Rule 1: rows read = written + duplicates + rejected; it is asserted, nothing is silently dropped.
Rule 2: every rejected row stands in <catalog>/rejects/ with file, row, reason and its raw text.
Rule 3: all rows of all instruments are judged before the first is written.
Rule 4: prices are kept as they were traded; splits and dividends are events beside them.

A table with one price (adjusted closes, a wide table) becomes flat bars, open = high = low =
close, of unknown volume, and the report says so.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import msgspec
import polars as pl

from seawall.model.corporate import CorporateAction
from seawall.model.errors import DataError
from seawall.model.instruments import Instrument
from seawall.store.actions_import import read_dividends, read_splits
from seawall.store.bars_judge import BarSpec, JudgedBars, judge_bars
from seawall.store.catalog import Catalog
from seawall.store.columns import ColumnRoles, guess_columns
from seawall.store.rejects import Reject, count_reasons, write_rejects
from seawall.store.table import EXTRA, ROW_NUMBER, raw_rows, read_table
from seawall.store.times import check_zone

__all__ = ["ImportReport", "Progress", "import_bars", "parse_interval"]

Progress = Callable[[int, int], None]  # (rows done, rows in all)
UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
SHOWN = 5


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did. reasons: kind of reason -> rows; times in ns UTC, None without a bar."""

    path: str
    instruments: tuple[str, ...]
    rows_read: int
    rows_written: int
    duplicates: int
    rejected: int
    unknown_volume: int
    first_ns: int | None
    last_ns: int | None
    splits: int
    dividends: int
    reject_path: str | None
    reasons: dict[str, int]
    notes: tuple[str, ...]

    def render(self) -> str:
        """The report as lines for a terminal."""
        listed = ", ".join(self.instruments[:SHOWN])
        more = f" and {len(self.instruments) - SHOWN} more" if len(self.instruments) > SHOWN else ""
        lines = [
            f"{self.path}: {listed}{more}",
            f"  rows read {self.rows_read:,} = written {self.rows_written:,} + duplicates "
            f"{self.duplicates:,} + rejected {self.rejected:,}",
        ]
        if self.splits or self.dividends:
            lines.append(f"  splits {self.splits}, dividends {self.dividends}")
        lines += [f"  rejected {count:,}: {reason}" for reason, count in self.reasons.items()]
        if self.reject_path is not None:
            lines.append(f"  rejected rows: {self.reject_path}")
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])


def import_bars(
    path: Path | str,
    instrument: Instrument | str | None,
    catalog: Catalog,
    *,
    format: str = "auto",  # noqa: A002  the name that the command line has
    bar_label: str = "open",
    interval: str = "1d",
    symbol: str | None = None,
    columns: Mapping[str, str] | None = None,
    template: Instrument | None = None,
    volume_unit: Decimal = Decimal(1),
    tz: str = "UTC",
    splits: Path | str | None = None,
    dividends: Path | str | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a file's bars; DataError if it cannot be used, CatalogError if the catalog objects.

    instrument: an Instrument, or a name (of the catalog, or new with the terms of `template`);
    None takes every symbol of the file, each with the terms of `template`. symbol: which symbol
    of the file, if not the instrument's name. columns: role -> column (columns.ROLES).
    interval: "1d", "1h", "5m", "30s"; bar_label: whether times are a bar's open or close; the date
    of a daily bar names its session, whose open and close come from the instrument's table.
    volume_unit: how many units one unit of the file's volume is (100 for round lots).
    """
    source = Path(path)
    if bar_label not in ("open", "close"):
        raise DataError(f"bar_label {bar_label!r}: expected open or close")
    check_zone(tz)
    if volume_unit <= 0:
        raise DataError(f"volume_unit must be above 0, got {volume_unit}")
    spec = BarSpec(str(source), parse_interval(interval), bar_label, tz, volume_unit)
    table = read_table(source, format)
    named = [name for name in table.columns if name not in (ROW_NUMBER, EXTRA)]
    roles = guess_columns(named, bar_label, columns)
    rows, notes = _by_role(table, roles)
    targets = _targets(rows, instrument, catalog, template, symbol, source)
    for target in targets.values():
        catalog.has_terms(target)  # its refusal comes before any work and any write
    notes += [
        f"the file's symbol {s!r} is imported as {t.name}"
        for s, t in targets.items()
        if s not in (None, t.name)
    ]
    judged = _judge_all(rows, targets, spec, progress)
    _refuse_unusable(judged, source)
    actions = [
        action
        for target in targets.values()
        for action in (*read_splits(splits, target), *read_dividends(dividends, target))
    ]
    run = _ImportRun(source, catalog, table, targets, judged, notes)
    return run.write(actions)


def parse_interval(text: str) -> int:
    """An interval in ns: "1d", or a number of h, m or s.

    >>> parse_interval("5m"), parse_interval("1d")
    (300000000000, 86400000000000)
    """
    match = re.fullmatch(r"([1-9]\d{0,4})([smhd])", text.strip().lower())
    if match is None or (match[2] == "d" and match[1] != "1"):
        raise DataError(f"interval {text!r}: expected 1d, or a number of h, m or s such as 1h, 5m, 30s")
    return int(match[1]) * UNIT_SECONDS[match[2]] * 10**9


def _by_role(table: pl.DataFrame, roles: ColumnRoles) -> tuple[pl.DataFrame, list[str]]:
    """The table with its columns named by role (long form), and what the user should know of it."""
    notes: list[str] = []
    kept = [ROW_NUMBER, EXTRA]
    if roles.wide:
        time = roles.roles["time"]
        try:
            long = table.unpivot(
                list(roles.wide), index=[*kept, time], variable_name="symbol", value_name="close"
            )
        except pl.exceptions.PolarsError as error:
            raise DataError(
                f"columns {roles.wide[:SHOWN]} are neither prices of a bar nor closes: {error}"
            ) from error
        absent = (
            long["close"].is_null() if long["close"].dtype != pl.String else long["close"].fill_null("") == ""
        )
        if absent.any():
            notes.append(f"{int(absent.sum()):,} empty cells of the wide table carry no bar")
        notes.append(f"a wide table of {len(roles.wide)} columns of closes")
        rows = long.filter(~absent).rename({time: "time"})
    else:
        used = {role: name for role, name in roles.roles.items() if role != "adj_close"}
        rows = table.select(*kept, *(pl.col(name).alias(role) for role, name in used.items()))
    if roles.unused:
        notes.append(f"columns not used: {', '.join(roles.unused[:12])}")
    if roles.is_flat:
        notes.append("one price a row: flat bars (open = high = low = close)")
    if "volume" not in roles.roles:
        notes.append("no volume column: the volume is unknown; a desk must say what to assume")
    return rows, notes


def _targets(
    rows: pl.DataFrame,
    instrument: Instrument | str | None,
    catalog: Catalog,
    template: Instrument | None,
    symbol: str | None,
    path: Path,
) -> dict[str | None, Instrument]:
    """The instrument that the rows of each symbol of the file belong to; None: it has no such column."""
    symbols = (
        rows["symbol"].unique(maintain_order=True).cast(pl.String).to_list()
        if "symbol" in rows.columns
        else []
    )
    if None in symbols:
        raise DataError(f"{path}: row {_first_without_symbol(rows)} has no symbol")
    if instrument is None:
        if not symbols:
            raise DataError(f"{path} has no symbol column; say which instrument it is")
        return {name: _named(name, catalog, template) for name in symbols}
    target = _named(instrument, catalog, template) if isinstance(instrument, str) else instrument
    if not symbols and symbol is None:
        return {None: target}
    wanted = symbol if symbol is not None else target.name
    if wanted not in symbols:
        if symbol is None and len(symbols) == 1:
            return {symbols[0]: target}
        listed = ", ".join(map(str, symbols[:20])) or "no symbol column"
        raise DataError(f"{path} has no symbol {wanted!r}; it has: {listed}")
    return {wanted: target}


def _first_without_symbol(rows: pl.DataFrame) -> int:
    return int(rows.filter(pl.col("symbol").is_null())[ROW_NUMBER].item(0))


def _named(name: str, catalog: Catalog, template: Instrument | None) -> Instrument:
    if template is None:
        return catalog.instrument(name)
    try:
        return msgspec.structs.replace(template, name=name)
    except ValueError as error:
        raise DataError(str(error)) from error


def _judge_all(
    rows: pl.DataFrame, targets: dict[str | None, Instrument], spec: BarSpec, progress: Progress | None
) -> dict[str | None, JudgedBars]:
    total = rows.height
    groups: dict[str | None, pl.DataFrame] = {None: rows}
    if None not in targets:
        groups = {str(key[0]): part for key, part in rows.partition_by("symbol", as_dict=True).items()}
        total = sum(groups[name].height for name in targets)
    judged: dict[str | None, JudgedBars] = {}
    done = 0
    for name, target in targets.items():
        judged[name] = judge_bars(groups[name], target, spec)
        done += groups[name].height
        if progress is not None:
            progress(done, total)
    return judged


def _refuse_unusable(judged: dict[str | None, JudgedBars], path: Path) -> None:
    """A file without one good row is an error that names the first reason."""
    if any(part.bars.height for part in judged.values()):
        return
    reasons = {row: why for part in judged.values() for row, why in part.reasons.items()}
    first = min(reasons)
    raise DataError(f"{path}: none of {len(reasons)} rows can be used; row {first}: {reasons[first]}")


class _ImportRun:
    """The writing half of an import: catalog, reject file, report."""

    def __init__(
        self, source: Path, catalog: Catalog, table: pl.DataFrame,
        targets: dict[str | None, Instrument], judged: dict[str | None, JudgedBars], notes: list[str],
    ) -> None:  # fmt: skip
        self.source, self.catalog, self.table = source, catalog, table
        self.targets, self.judged, self.notes = targets, judged, notes
        self.rejects: list[Reject] = []
        self.written = self.duplicates = 0

    def write(self, actions: list[CorporateAction]) -> ImportReport:
        kinds: dict[str, int] = {"Split": 0, "Dividend": 0}
        for symbol, target in self.targets.items():
            self.catalog.write_instrument(target)
            own = [action for action in actions if action.instrument == target.name]
            self.catalog.write_actions(target.name, own)
            for action in own:
                kinds[type(action).__name__] += 1
            self._write_bars(target, self.judged[symbol])
        read = sum(part.bars.height + len(part.reasons) for part in self.judged.values())
        assert read == self.written + self.duplicates + len(self.rejects), "a row was lost"
        reject_path = self._write_rejects() if self.rejects else None
        return self._report(read, kinds, reject_path)

    def _write_bars(self, target: Instrument, part: JudgedBars) -> None:
        outcome = self.catalog.write_bars(target.name, part.bars)
        self.written += outcome.written
        self.duplicates += outcome.duplicates
        self.rejects += [Reject(row, target.name, why) for row, why in part.reasons.items()]
        refused = outcome.refused.join(part.bars.select("ts_open", ROW_NUMBER), on="ts_open", how="left")
        pairs = refused.select(ROW_NUMBER, "reason").iter_rows()
        self.rejects += [Reject(row, target.name, why) for row, why in pairs]
        if part.is_backwards:
            self.notes.append(f"{target.name}: the file is newest first and was read backwards")

    def _write_rejects(self) -> Path:
        raw = raw_rows(self.table, sorted({reject.row for reject in self.rejects}))
        return write_rejects(self.catalog, self.source, self.rejects, raw)

    def _report(self, read: int, kinds: dict[str, int], reject_path: Path | None) -> ImportReport:
        bars = pl.concat([part.bars for part in self.judged.values()])
        return ImportReport(
            path=str(self.source),
            instruments=tuple(target.name for target in self.targets.values()),
            rows_read=read,
            rows_written=self.written,
            duplicates=self.duplicates,
            rejected=len(self.rejects),
            unknown_volume=bars["volume_lots"].null_count(),
            first_ns=int(bars["ts_open"].to_numpy().min()),
            last_ns=int(bars["ts_close"].to_numpy().max()),
            splits=kinds["Split"],
            dividends=kinds["Dividend"],
            reject_path=None if reject_path is None else str(reject_path),
            reasons=count_reasons(reject.reason for reject in self.rejects),
            notes=tuple(self.notes),
        )
