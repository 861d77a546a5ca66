"""Import of trades, quotes and L2 levels into a catalog: CSV, Parquet, and raw captures of Binance.

Rule 1: rows read = written + duplicates + rejected + dropped by the bridge rule; it is asserted for each
        stream, nothing is silently lost.
Rule 2: every rejected row stands in <catalog>/rejects/ with file, row, reason and its raw text.
Rule 3: all rows of all streams are judged, and one shift of the clock is taken over all, before the first
        is written.
Rule 4: rows stay in the order in which they arrived; a file that is not in that order is refused.
Rule 5: several paths are one recording in their order.

The way of a row: its table's columns by role (tick_columns), integers or a reason (tick_judge), both clocks
(clock), venue numbers and packets (sequences, tick_packets), the catalog (ticks).
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from seawall.model.errors import CatalogError, DataError
from seawall.model.instruments import Instrument
from seawall.store.binance_raw import Fault, parse_capture
from seawall.store.catalog import Catalog
from seawall.store.clock import LATENCY_FLOOR_NS, UNITS_NS, ClockShift, clock_shift, duration_text
from seawall.store.rejects import Reject, count_reasons, write_rejects
from seawall.store.table import EXTRA, ROW_NUMBER, raw_rows, read_table
from seawall.store.tick_columns import TickColumns, guess_tick_columns
from seawall.store.tick_judge import JudgedTicks, TickSpec, judge_ticks
from seawall.store.tick_packets import Packets, Tail, level_packets, quote_packets, trade_packets
from seawall.store.tick_sides import infer_sides, stored_mids
from seawall.store.ticks import TICK_KINDS, TicksWritten, tick_parts, write_ticks
from seawall.store.times import check_zone

__all__ = ["StreamReport", "TickReport", "import_ticks"]

Progress = Callable[[int, int], None]  # (rows or bytes done, in all)
Ints = NDArray[np.int64]
Place = Callable[[int], tuple[Path, int]]  # a row number of a table -> its file, and its number there

BACK_STEPS_MAX = 10  # more, and more than one in a hundred: the file is not in order of arrival
CAPTURES = {"trades": "trades", "quotes": "bbo", "levels": "l2_delta"}


class StreamReport(msgspec.Struct, frozen=True, kw_only=True):
    """One stream: rows_read = rows_written + duplicates + rejected + dropped, in rows of the file.

    dropped: needed by no snapshot; added: rows of the stream that no file has (gaps, and the clear of each
    snapshot); lifted: exchange times that stepped back; inferred: trades whose side was inferred.
    """

    kind: str
    rows_read: int
    rows_written: int
    duplicates: int
    rejected: int
    dropped: int
    added: int
    gaps: int
    lifted: int
    inferred: int

    def render(self) -> list[str]:
        """The stream as lines for a terminal."""
        lines = [
            f"  {self.kind}: rows read {self.rows_read:,} = written {self.rows_written:,} + duplicates "
            f"{self.duplicates:,} + rejected {self.rejected:,} + dropped {self.dropped:,}"
        ]
        more = (
            (self.gaps, "gaps"),
            (self.lifted, "exchange times lifted that stepped back"),
            (self.inferred, "sides inferred"),
        )
        said = [f"{count:,} {what}" for count, what in more if count]
        return [*lines, *([f"    {', '.join(said)}"] if said else [])]


class TickReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did. lines: of a raw capture, with those that could not be used; times ns UTC, local."""

    paths: tuple[str, ...]
    instrument: str
    streams: tuple[StreamReport, ...]
    clock: ClockShift
    lines: int
    lines_rejected: int
    first_ns: int | None
    last_ns: int | None
    reject_paths: tuple[str, ...]
    reasons: dict[str, int]
    notes: tuple[str, ...]

    def stream(self, kind: str) -> StreamReport:
        """The report of one kind."""
        return next(stream for stream in self.streams if stream.kind == kind)

    def render(self) -> str:
        """The report as lines for a terminal."""
        lines = [f"{', '.join(self.paths)}: {self.instrument}"]
        if self.lines:
            lines.append(f"  lines read {self.lines:,}, of which rejected {self.lines_rejected:,}")
        for stream in self.streams:
            lines += stream.render()
        lines.append(f"  {self.clock.render()}")
        lines += [f"  rejected {count:,}: {reason}" for reason, count in self.reasons.items()]
        lines += [f"  rejected rows: {path}" for path in self.reject_paths]
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])


class _Stream(NamedTuple):
    """A judged table of one kind; place: where a row stands, for rejects."""

    kind: str
    table: pl.DataFrame
    rows_read: int
    judged: JudgedTicks
    place: Place


class _Source(NamedTuple):
    """What the files hold, before it is judged."""

    tables: dict[str, tuple[pl.DataFrame, TickColumns, Place]]
    faults: tuple[Fault, ...]
    lines: int
    symbols: list[str]
    notes: list[str]


def import_ticks(
    paths: Path | str | Sequence[Path | str],
    instrument: Instrument | str | None,
    catalog: Catalog,
    *,
    kind: str = "trades",
    format: str = "auto",  # noqa: A002  the name that the command line has
    symbol: str | None = None,
    columns: Mapping[str, str] | None = None,
    template: Instrument | None = None,
    tz: str = "UTC",
    time_unit: str = "auto",
    clock_shift_ns: int | None = None,
    latency_floor_ns: int | None = None,
    progress: Progress | None = None,
) -> TickReport:
    """Import ticks; DataError if a file cannot be used, CatalogError if the catalog objects.

    instrument: an Instrument, or a name (of the catalog, or new with the terms of `template`); None takes
    the file's only symbol. kind: trades, quotes or levels; format binance: a raw capture, all three
    at once. columns: role -> column (tick_columns.TICK_ROLES). time_unit: auto, ns, us, ms or s.
    clock_shift_ns: what to add to local times, else what the latencies ask for; latency_floor_ns: the
    smallest latency there can be (0.5 ms; 0 for a file without receive times, unless said).
    """
    listed = [Path(path) for path in ([paths] if isinstance(paths, Path | str) else paths)]
    if not listed:
        raise DataError("no file to import")
    _refuse_unknown(kind, time_unit)
    check_zone(tz)
    if format == "binance":
        source = _capture(listed, symbol, progress)
    else:
        source = _table(listed, format, kind, columns)
    target = _target(instrument, source, catalog, template)
    catalog.has_terms(target)  # its refusal comes before any work and any write
    if source.lines and source.symbols not in ([], [target.name]):
        source.notes.append(f"the capture's symbol {source.symbols[0]!r} is imported as {target.name}")
    where = str(listed[0]) if len(listed) == 1 else f"{listed[0]} and {len(listed) - 1} more"
    streams: list[_Stream] = []
    for each, (table, roles, place) in source.tables.items():
        rows = _rows_of_symbol(table, roles, symbol, target, source.notes, where)
        judged = judge_ticks(rows, roles, target, TickSpec(where, each, tz, time_unit))
        streams.append(_in_order(_Stream(each, table, rows.height, judged, place), where, source.notes))
    if not any(len(stream.judged.columns["row"]) for stream in streams):
        raise DataError(f"{where}: {_no_good_row(streams)}")
    run = _ImportRun(listed, catalog, target, source, streams)
    return run.write(clock_shift_ns, latency_floor_ns, None if source.lines else progress)


def _refuse_unknown(kind: str, time_unit: str) -> None:
    if kind not in TICK_KINDS:
        raise DataError(f"kind {kind!r}: expected {', '.join(TICK_KINDS)}")
    if time_unit not in ("auto", *UNITS_NS):
        raise DataError(f"time_unit {time_unit!r}: expected auto, {', '.join(UNITS_NS)}")


def _no_good_row(streams: list[_Stream]) -> str:
    reasons = {row: why for stream in streams for row, why in stream.judged.reasons.items()}
    first = min(reasons)
    return f"none of {len(reasons)} rows can be used; row {first}: {reasons[first]}"


# Sources ---------------------------------------------------------------------------------


def _table(paths: list[Path], form: str, kind: str, given: Mapping[str, str] | None) -> _Source:
    """Files of one shape as one table, its rows numbered through."""
    tables = [read_table(path, form) for path in paths]
    names = [[name for name in table.columns if name not in (ROW_NUMBER, EXTRA)] for table in tables]
    for path, found in zip(paths[1:], names[1:], strict=True):
        if found != names[0]:
            raise DataError(f"{path}: its columns {found[:12]} are not those of {paths[0]}, {names[0][:12]}")
    ends = np.cumsum([table.height for table in tables])
    try:
        joined = pl.concat(tables, how="vertical_relaxed").drop(ROW_NUMBER)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{paths[0]} and the files after it differ: {error}") from error
    table = joined.with_row_index(ROW_NUMBER, offset=1).with_columns(pl.col(ROW_NUMBER).cast(pl.Int64))
    roles = guess_tick_columns(names[0], kind, given)

    def place(row: int) -> tuple[Path, int]:
        file = int(np.searchsorted(ends, row))
        return paths[file], row - (int(ends[file - 1]) if file else 0)

    notes = [f"columns not used: {', '.join(roles.unused[:12])}"] if roles.unused else []
    if kind == "trades" and not {"side", "buyer_is_maker"} & set(roles.roles):
        notes.append("no column says who was the aggressor: sides are inferred")
    symbols = table[roles.roles["symbol"]] if "symbol" in roles.roles else pl.Series([], dtype=pl.String)
    listed = symbols.cast(pl.String).unique(maintain_order=True).drop_nulls().to_list()
    return _Source({kind: (table, roles, place)}, (), 0, listed, notes)


def _capture(paths: list[Path], symbol: str | None, progress: Progress | None) -> _Source:
    """A raw capture as up to three tables."""
    capture = parse_capture(paths, exact=True, symbol=symbol, progress=progress)
    tables: dict[str, tuple[pl.DataFrame, TickColumns, Place]] = {}
    for kind, name in CAPTURES.items():
        frame: pl.DataFrame = getattr(capture, name)
        if not frame.height:
            continue
        numbered = frame.with_row_index(ROW_NUMBER, offset=1).with_columns(
            pl.col(ROW_NUMBER).cast(pl.Int64), pl.lit(None, pl.String).alias(EXTRA)
        )
        lines = frame["msg_id" if kind == "levels" else "line"].to_numpy()

        def place(row: int, lines: Ints = lines) -> tuple[Path, int]:
            file, line = capture.place(int(lines[row - 1]))
            return Path(file), line

        named = [column for column in frame.columns if column not in ("line", "order_type")]
        tables[kind] = numbered, guess_tick_columns(named, kind), place
    quiet = f"{capture.quiet:,} depth messages without a level: their numbers went into the next ones"
    symbols = [capture.symbol] if capture.symbol else []
    return _Source(tables, capture.faults, capture.lines, symbols, [quiet] if capture.quiet else [])


def _target(
    instrument: Instrument | str | None, source: _Source, catalog: Catalog, template: Instrument | None
) -> Instrument:
    if isinstance(instrument, Instrument):
        return instrument
    if instrument is None:
        if len(source.symbols) != 1:
            listed = f"it has the symbols {', '.join(source.symbols[:20])}" if source.symbols else "no symbol"
            raise DataError(f"say which instrument it is: {listed}")
        instrument = source.symbols[0]
    if template is None:
        return catalog.instrument(instrument)
    try:
        return msgspec.structs.replace(template, name=instrument)
    except ValueError as error:
        raise DataError(str(error)) from error


def _rows_of_symbol(
    table: pl.DataFrame, roles: TickColumns, symbol: str | None, target: Instrument,
    notes: list[str], where: str,
) -> pl.DataFrame:  # fmt: skip
    """The rows of the wanted symbol: the one that is said, else the instrument's name, else the only one."""
    if "symbol" not in roles.roles:
        return table
    column = pl.col(roles.roles["symbol"]).cast(pl.String)
    symbols = table.select(column.unique(maintain_order=True)).to_series().to_list()
    wanted = symbol if symbol is not None else target.name
    if wanted not in symbols:
        if symbol is not None or len(symbols) != 1 or symbols[0] is None:
            listed = ", ".join(map(str, symbols[:20]))
            raise DataError(f"{where} has no symbol {wanted!r}; it has: {listed}")
        wanted = symbols[0]
    if wanted != target.name:
        notes.append(f"the file's symbol {wanted!r} is imported as {target.name}")
    return table.filter(column == wanted)


def _in_order(stream: _Stream, where: str, notes: list[str]) -> _Stream:
    """The stream in order of arrival: read backwards where the file is newest first throughout."""
    columns = stream.judged.columns
    local = columns["local"]
    steps = np.diff(local)
    back = int((steps < 0).sum())
    if back and not (steps > 0).any():
        notes.append("the file is newest first and was read backwards")
        reversed_ = {role: values[::-1] for role, values in columns.items()}
        if "message" in columns:
            reversed_["message"] = columns["message"].max() - reversed_["message"]
        return stream._replace(judged=msgspec.structs.replace(stream.judged, columns=reversed_))
    if back > max(BACK_STEPS_MAX, len(local) // 100):
        at = int(np.argmax(steps < 0))
        path, row = stream.place(int(columns["row"][at + 1]))
        raise DataError(
            f"{where}: {back:,} of {len(local):,} rows of {stream.kind} are before the one above them, first "
            f"row {row} of {path} by {duration_text(int(-steps[at]))}; sort the file by its time of arrival"
        )
    if back:
        notes.append(f"{stream.kind}: {back:,} local times stepped back and were lifted")
    return stream


# Writing ---------------------------------------------------------------------------------


class _ImportRun:
    """The second half of an import: clock, packets, catalog, reject files, report."""

    def __init__(
        self, paths: list[Path], catalog: Catalog, target: Instrument, source: _Source, streams: list[_Stream]
    ) -> None:
        self.paths, self.catalog, self.target = paths, catalog, target
        self.source, self.streams = source, streams
        self.notes = source.notes
        self.rejects: dict[Path, tuple[list[Reject], dict[int, str]]] = {}
        self.first_ns: int | None = None
        self.last_ns: int | None = None

    def write(self, shift_ns: int | None, floor_ns: int | None, progress: Progress | None) -> TickReport:
        clock = self._clock(shift_ns, floor_ns)
        self.catalog.write_instrument(self.target)
        self._note_other_shifts(clock.shift_ns)
        total = sum(stream.rows_read for stream in self.streams)
        done = 0
        if progress is not None:
            progress(done, total)
        reports: list[StreamReport] = []
        laid_out = [self._packets(stream) for stream in self.streams]
        for stream, packets in zip(self.streams, laid_out, strict=True):
            reports.append(self._write_stream(stream, packets, clock.shift_ns))
            done += stream.rows_read
            if progress is not None:
                progress(done, total)
        for fault in self.source.faults:
            self._reject(Path(fault.path), fault.line, fault.reason, fault.raw)
        return self._report(reports, clock)

    def _clock(self, shift_ns: int | None, floor_ns: int | None) -> ClockShift:
        """The shift over all streams, and both clocks of each row."""
        latencies = [
            (columns["local"] - columns["time"])[columns["own"] == 1]
            for columns in (stream.judged.columns for stream in self.streams if stream.judged.has_local)
        ]
        floor = LATENCY_FLOOR_NS if floor_ns is None else floor_ns
        clock = clock_shift(latencies, floor_ns=floor, shift_ns=shift_ns)
        for stream in self.streams:
            columns = stream.judged.columns
            local = columns["local"] + clock.shift_ns
            if stream.judged.has_local:
                own = columns["own"] == 1
                columns["ts_exchange"] = np.where(own, columns["time"], local - floor)
                if not own.all():
                    self.notes.append(
                        f"{stream.kind}: {int((~own).sum()):,} rows have no exchange time of their own: "
                        f"they were sent {duration_text(floor)} before they arrived"
                    )
            else:
                columns["ts_exchange"] = columns["time"]
                local = local + (floor_ns or 0)
                if clock.shift_ns + (floor_ns or 0) < 0:
                    raise DataError(
                        f"a clock shift of {duration_text(clock.shift_ns)} is none for {stream.kind} without "
                        "a receive time: they would arrive before they were sent"
                    )
            columns["ts_local"] = local
        return clock

    def _note_other_shifts(self, shift_ns: int) -> None:
        for kind in TICK_KINDS:
            parts = tick_parts(self.catalog, kind, self.target.name)
            others = sorted({part.facts.clock_shift_ns for part in parts} - {shift_ns})
            if others:
                self.notes.append(
                    f"{kind} in the catalog were shifted by {', '.join(map(str, others))} ns, these rows by "
                    f"{shift_ns} ns; one recorder needs one shift (clock shift)"
                )

    def _write_stream(self, stream: _Stream, packets: Packets, shift_ns: int) -> StreamReport:
        outcome = write_ticks(
            self.catalog,
            stream.kind,
            self.target.name,
            packets.frame,
            clock_shift_ns=shift_ns,
            source=", ".join(str(path) for path in self.paths),
        )
        assert outcome == TicksWritten(packets.frame.height, 0), "what is a duplicate was decided twice"
        self.notes += [f"{stream.kind}: {note}" for note in (*stream.judged.notes, *packets.notes)]
        self._reject_rows(stream, packets)
        self._extend_span(packets.frame)
        rejected = len(stream.judged.reasons) + len(packets.late)
        report = StreamReport(
            kind=stream.kind,
            rows_read=stream.rows_read,
            rows_written=len(packets.written),
            duplicates=len(packets.duplicates),
            rejected=rejected,
            dropped=len(packets.dropped),
            **{name: getattr(packets, name) for name in ("added", "gaps", "lifted", "inferred")},
        )
        known = report.rows_written + report.duplicates + report.rejected + report.dropped
        assert known == report.rows_read, "a row was lost"
        return report

    def _packets(self, stream: _Stream) -> Packets:
        """The stream as packets; one that begins before the stored end is refused before any is written."""
        columns, tail = stream.judged.columns, self._tail(stream.kind)
        if stream.kind == "quotes":
            packets = quote_packets(columns, tail)
        elif stream.kind == "levels":
            packets = level_packets(columns, tail)
        else:
            packets = trade_packets(columns, tail, self._infer)
        behind = tail.last_local_ns - int(packets.frame["ts_local"][0]) if packets.frame.height else 0
        if behind > 0:
            raise CatalogError(
                f"{self.target.name} {stream.kind}: the first new row is {duration_text(behind)} before the "
                f"last stored one, ts_local {tail.last_local_ns}; a stream only grows"
            )
        return packets

    def _tail(self, kind: str) -> Tail:
        parts = tick_parts(self.catalog, kind, self.target.name)
        if not parts:
            return Tail()
        end = parts[-1].facts
        last_sequence = max(part.facts.last_sequence for part in parts)
        return Tail(last_sequence, end.last_local_ns, end.last_exchange_ns)

    def _infer(self, ts_exchange: Ints, price_ticks: Ints) -> Ints:
        kind, times, mids = stored_mids(self.catalog, self.target.name, int(ts_exchange.max()) + 1)
        self.notes.append(f"sides inferred by {f'{kind} of the catalog' if kind else 'the tick test'}")
        return infer_sides(ts_exchange, price_ticks, times, mids)

    def _extend_span(self, frame: pl.DataFrame) -> None:
        if frame.height:
            first, last = int(frame["ts_local"][0]), int(frame["ts_local"][-1])
            self.first_ns = first if self.first_ns is None else min(self.first_ns, first)
            self.last_ns = last if self.last_ns is None else max(self.last_ns, last)

    # Rejects

    def _reject_rows(self, stream: _Stream, packets: Packets) -> None:
        late = dict.fromkeys(packets.late.tolist(), "its number is below one that came before it")
        reasons = stream.judged.reasons | late
        raw = raw_rows(stream.table, sorted(reasons))
        for row, reason in sorted(reasons.items()):
            path, number = stream.place(row)
            self._reject(path, number, reason, raw[row])

    def _reject(self, path: Path, number: int, reason: str, raw: str) -> None:
        rejects, texts = self.rejects.setdefault(path, ([], {}))
        rejects.append(Reject(number, self.target.name, reason))
        texts[number] = f"{texts[number]}; {raw}" if number in texts else raw

    def _report(self, reports: list[StreamReport], clock: ClockShift) -> TickReport:
        written = [
            write_rejects(self.catalog, path, rejects, raw) for path, (rejects, raw) in self.rejects.items()
        ]
        reasons = (reject.reason for rejects, _ in self.rejects.values() for reject in rejects)
        return TickReport(
            paths=tuple(str(path) for path in self.paths),
            instrument=self.target.name,
            streams=tuple(reports),
            clock=clock,
            lines=self.source.lines,
            lines_rejected=len(self.source.faults),
            first_ns=self.first_ns,
            last_ns=self.last_ns,
            reject_paths=tuple(str(path) for path in written),
            reasons=count_reasons(reasons),
            notes=tuple(self.notes),
        )
