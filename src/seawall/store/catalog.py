"""The catalog: instruments, bars and corporate actions as Parquet files in a folder.

Rule 1: prices are integer ticks and volumes integer lots of the instrument that stands beside them.
Rule 2: a bar that is stored never changes: the same bar again is a duplicate, another one a conflict.
Rule 3: files are written whole or not at all, and reading sorts, so appends may come in any order.
Rule 4: the hash of a catalog is of its content, not of its bytes: parts may be merged freely.

    <catalog>/instruments/<NAME>.json
    <catalog>/bars/instrument=<NAME>/part-00000.parquet     columns: BAR_SCHEMA
    <catalog>/actions/instrument=<NAME>/part-00000.parquet  columns: ACTION_SCHEMA
    <catalog>/rejects/<import>.csv                          rows that no import would take
    <catalog>/trades/, quotes/, levels/                     streams of ticks: store/ticks.py

One process writes a catalog at a time; any number may read it.
"""

import difflib
import hashlib
import io
import urllib.parse
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from seawall.model.corporate import CorporateAction, Dividend, Split
from seawall.model.errors import CatalogError, DataError
from seawall.model.instruments import Instrument
from seawall.store.atomic import write_atomically
from seawall.store.table import READER_ERRORS
from seawall.store.tick_parts import TICK_KINDS, read_parts

__all__ = [
    "ACTION_SCHEMA",
    "BAR_SCHEMA",
    "BarsWritten",
    "Catalog",
    "action_order",
    "escape_name",
    "time_ns",
    "unescape_name",
]

BAR_SCHEMA: dict[str, type[pl.DataType]] = {
    "ts_open": pl.Int64,
    "ts_close": pl.Int64,
    "open_ticks": pl.Int64,
    "high_ticks": pl.Int64,
    "low_ticks": pl.Int64,
    "close_ticks": pl.Int64,
    "volume_lots": pl.Int64,  # null: unknown, which is not zero
    "buy_volume_lots": pl.Int64,  # null: unknown
    "trades": pl.Int64,  # null: unknown
    "interval_ns": pl.Int64,
}
ACTION_SCHEMA: dict[str, type[pl.DataType]] = {
    "kind": pl.String,
    "ts_local": pl.Int64,
    "numerator": pl.Int64,
    "denominator": pl.Int64,
    "amount": pl.String,  # an exact decimal
    "note": pl.String,
}
VALUES = [name for name in BAR_SCHEMA if name != "ts_open"]
REQUIRED = [name for name in BAR_SCHEMA if name not in ("volume_lots", "buy_volume_lots", "trades")]
UNKNOWN = -1  # stands for null where rows become bytes; no count is negative


class BarsWritten(msgspec.Struct, frozen=True):
    """What `write_bars` did: counts, and the refused bars (their columns and `reason`)."""

    written: int
    duplicates: int
    refused: pl.DataFrame


def escape_name(name: str) -> str:
    """An instrument's name as one file name, reversibly.

    >>> escape_name("BTC/USDT:PERP"), unescape_name(escape_name("BTC/USDT:PERP"))
    ('BTC%2FUSDT%3APERP', 'BTC/USDT:PERP')
    """
    escaped = urllib.parse.quote(name, safe="_-=^")
    return escaped.replace(".", "%2E") if escaped.startswith(".") else escaped


def unescape_name(escaped: str) -> str:
    """The name that `escape_name` made a file name of."""
    return urllib.parse.unquote(escaped)


def time_ns(value: int | str) -> int:
    """A time as ns UTC: an int is one already, a string is an ISO date or time (UTC).

    >>> time_ns("2000-09-29"), time_ns("1970-01-01T00:00:01")
    (970185600000000000, 1000000000)
    """
    if isinstance(value, int):
        return value
    try:
        return int(np.datetime64(value.removesuffix("Z"), "ns").astype(np.int64))
    except ValueError:
        raise DataError(
            f"{value!r} is not a time; expected ISO, such as 2000-09-29 or 2000-09-29T13:30"
        ) from None


def action_order(action: CorporateAction) -> tuple[int, str, bool]:
    """Actions are applied by time, then instrument, then splits before dividends."""
    return action.ts_local, action.instrument, isinstance(action, Dividend)


class Catalog:
    """A folder of market data.

    path: the folder, made at the first write; read_only: writing is a CatalogError (samples);
    name: what people call it, the path unless said.

    >>> from seawall.store.sample import open_catalog
    >>> sample = open_catalog("sample:us-stocks")
    >>> sample.instruments(), sample.bars("AAPL", "2000-09-29", "2000-09-30")["close_ticks"].to_list()
    (['AAPL', 'GOOG', 'IBM', 'MSFT'], [257500])
    """

    def __init__(self, path: Path | str, *, read_only: bool = False, name: str | None = None) -> None:
        self.path = Path(path)
        self.name = name if name is not None else str(path)
        self.read_only = read_only

    # Reading -----------------------------------------------------------------------------

    def instruments(self) -> list[str]:
        """The names of all instruments, sorted."""
        files = (self.path / "instruments").glob("*.json")
        return sorted(unescape_name(file.stem) for file in files)

    def instrument(self, name: str) -> Instrument:
        """The instrument of that name; a CatalogError says what there is instead."""
        file = self.path / "instruments" / f"{escape_name(name)}.json"
        if not file.is_file():
            raise CatalogError(self._missing(name))
        try:
            return msgspec.json.decode(file.read_bytes(), type=Instrument)
        except (msgspec.DecodeError, OSError) as error:
            raise DataError(f"{file} is not an instrument: {error}") from error

    def bars(self, name: str, start: int | str | None = None, end: int | str | None = None) -> pl.DataFrame:
        """The bars of an instrument that lie within [start, end), sorted by time.

        start, end: ns UTC or ISO; a bar belongs if start <= ts_open and ts_close <= end.
        Columns: BAR_SCHEMA and `sequence`, the bar's number in the whole catalog from 0.
        """
        self.instrument(name)
        frame = self._read("bars", name, BAR_SCHEMA).sort("ts_open")
        frame = frame.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("sequence"))
        if start is not None:
            frame = frame.filter(pl.col("ts_open") >= time_ns(start))
        if end is not None:
            frame = frame.filter(pl.col("ts_close") <= time_ns(end))
        return frame

    def has_bars(self, name: str) -> bool:
        """Whether there are bars of an instrument, without reading them."""
        self.instrument(name)
        return bool(self._parts("bars", name))

    def actions(self, name: str) -> list[CorporateAction]:
        """The splits and dividends of an instrument, sorted by time."""
        self.instrument(name)
        frame = self._read("actions", name, ACTION_SCHEMA)
        found: list[CorporateAction] = []
        for kind, ts, numerator, denominator, amount, note in frame.iter_rows():
            if kind == "split":
                found.append(Split(name, ts, numerator, denominator, note))
            else:
                found.append(Dividend(name, ts, Decimal(amount)))
        return sorted(found, key=action_order)

    def content_hash(
        self, names: Sequence[str], start: int | str | None = None, end: int | str | None = None
    ) -> str:
        """SHA-256 (hex) of instruments, bars within [start, end) and all actions of `names`, in their order.

        Rows count, files do not: parts may be split, merged or compressed in another way.
        """
        digest = hashlib.sha256()
        for name in names:
            frame = self.bars(name, start, end).fill_null(UNKNOWN)
            digest.update(msgspec.json.encode(self.instrument(name), order="sorted") + b"\n")
            digest.update(f"bars {frame.height}\n".encode())
            for column in frame.get_columns():
                digest.update(column.name.encode() + column.to_numpy().astype("<i8").tobytes())
            digest.update(b"\nactions\n" + msgspec.json.encode(self.actions(name), order="sorted"))
        return digest.hexdigest()

    def describe(self) -> pl.DataFrame:
        """What there is: instrument, kind, rows, first and last time (ns UTC), interval_ns (null: none).

        kind: bars, actions, or trades, quotes, levels, whose times are of their arrival.
        """
        rows: list[tuple[str, str, int, int | None, int | None, int | None]] = []
        for name in self.instruments():
            streams = [(kind, read_parts(self.path / kind / _folder(name))) for kind in TICK_KINDS]
            streams = [(kind, parts) for kind, parts in streams if parts]
            bars = self.bars(name)
            if bars.height or not streams:
                interval = bars["interval_ns"].item(0) if bars.height else None
                first, last = _least(bars["ts_open"]), _most(bars["ts_close"])
                rows.append((name, "bars", bars.height, first, last, interval))
            for kind, parts in streams:
                first, last = parts[0].facts.first_local_ns, parts[-1].facts.last_local_ns
                rows.append((name, kind, sum(part.facts.rows for part in parts), first, last, None))
            times = pl.Series([action.ts_local for action in self.actions(name)], dtype=pl.Int64)
            if len(times):
                rows.append((name, "actions", len(times), _least(times), _most(times), None))
        return pl.DataFrame(rows, schema=_DESCRIPTION, orient="row")

    def _missing(self, name: str) -> str:
        known = self.instruments()
        if not self.path.is_dir():
            return f"no catalog at {self.path}; `seawall data import` makes one"
        near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        listed = ", ".join(known[:20]) + (f" and {len(known) - 20} more" if len(known) > 20 else "")
        return f"no instrument {name!r} in {self.name}{hint} It has: {listed or 'none'}"

    def _parts(self, kind: str, name: str) -> list[Path]:
        return sorted((self.path / kind / _folder(name)).glob("part-*.parquet"))

    def _read(self, kind: str, name: str, schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
        frames: list[pl.DataFrame] = [pl.DataFrame(schema=schema)]
        for part in self._parts(kind, name):
            try:
                frames.append(
                    pl.read_parquet(part, hive_partitioning=False)
                    .select(list(schema))
                    .cast(pl.Schema(schema))
                )
            except READER_ERRORS as error:
                raise DataError(f"{part} cannot be read as {kind}: {_first_line(error)}") from error
        return pl.concat(frames)

    # Writing -----------------------------------------------------------------------------

    def write_instrument(self, instrument: Instrument) -> None:
        """Add an instrument; one of that name with other terms is a CatalogError (ticks would lie)."""
        if self.has_terms(instrument):
            return
        content = msgspec.json.format(msgspec.json.encode(instrument), indent=2) + b"\n"
        write_atomically(self.path / "instruments" / f"{escape_name(instrument.name)}.json", content)

    def has_terms(self, instrument: Instrument) -> bool:
        """Whether the instrument is stored already; with other terms, or a sample, a CatalogError."""
        self._refuse_if_read_only()
        if instrument.name not in self.instruments():
            return False
        stored = self.instrument(instrument.name)
        for field in stored.__struct_fields__:
            old, new = getattr(stored, field), getattr(instrument, field)
            if old != new:
                raise CatalogError(f"{instrument.name} is in {self.path} with {field} {old}, not {new}")
        return True

    def write_bars(self, name: str, frame: pl.DataFrame) -> BarsWritten:
        """Append bars of an instrument that the catalog has; any order, overlap allowed.

        frame: the columns BAR_SCHEMA. A stored bar met again is counted and dropped; one that
        differs from what is stored, or overlaps another bar in time, is handed back with a reason.
        A second interval under one name is a CatalogError.
        """
        self._refuse_if_read_only()
        self.instrument(name)
        frame = (
            frame.select(list(BAR_SCHEMA)).cast(pl.Schema(BAR_SCHEMA)).sort("ts_open", maintain_order=True)
        )
        assert frame.select(REQUIRED).null_count().sum_horizontal().item() == 0, "a bar without time or price"
        stored = self.bars(name).drop("sequence")
        self._refuse_other_interval(name, stored, frame)
        judged = _judge(frame, stored)
        fresh = judged.filter(pl.col("reason") == "").drop("reason")
        if fresh.height:
            self._write_part("bars", name, fresh)
        refused = judged.filter(~pl.col("reason").is_in(["", "duplicate"]))
        return BarsWritten(fresh.height, judged.height - fresh.height - refused.height, refused)

    def write_actions(self, name: str, actions: Sequence[CorporateAction]) -> tuple[int, int]:
        """Add splits and dividends: (written, duplicates); another one at the same time is a DataError."""
        self._refuse_if_read_only()
        stored = {(action.ts_local, type(action)): action for action in self.actions(name)}
        fresh: list[CorporateAction] = []
        for action in actions:
            assert action.instrument == name
            known = stored.setdefault((action.ts_local, type(action)), action)
            if known is action:
                fresh.append(action)
            elif known != action:
                raise DataError(f"{name}: {action} conflicts with the stored {known}")
        if fresh:
            rows = [_action_row(action) for action in sorted(fresh, key=action_order)]
            self._write_part("actions", name, pl.DataFrame(rows, schema=ACTION_SCHEMA, orient="row"))
        return len(fresh), len(actions) - len(fresh)

    def _write_part(self, kind: str, name: str, frame: pl.DataFrame) -> None:
        parts = self._parts(kind, name)
        number = int(parts[-1].stem.removeprefix("part-")) + 1 if parts else 0
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="zstd", compression_level=9)
        folder = self.path / kind / _folder(name)
        write_atomically(folder / f"part-{number:05d}.parquet", buffer.getvalue())

    def _refuse_if_read_only(self) -> None:
        if self.read_only:
            raise CatalogError(f"{self.name} is a sample and read-only; import into a catalog of your own")

    def _refuse_other_interval(self, name: str, stored: pl.DataFrame, frame: pl.DataFrame) -> None:
        intervals = pl.concat([stored["interval_ns"], frame["interval_ns"]]).unique().sort().to_list()
        if len(intervals) > 1:
            seconds = " and ".join(f"{value / 1e9:g} s" for value in intervals)
            raise CatalogError(
                f"{name}: bars of {seconds} under one name; use another name or catalog for one"
            )


_DESCRIPTION: dict[str, type[pl.DataType]] = {
    "instrument": pl.String,
    "kind": pl.String,
    "rows": pl.Int64,
    "first": pl.Int64,
    "last": pl.Int64,
    "interval_ns": pl.Int64,
}


def _folder(name: str) -> str:
    return f"instrument={escape_name(name)}"


def _judge(frame: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """The frame with `reason`: empty to write, "duplicate", or why the bar cannot stand here."""
    seen = stored.rename({column: f"stored_{column}" for column in VALUES})
    joined = frame.join(seen, on="ts_open", how="left", maintain_order="left")
    known = pl.col("stored_ts_close").is_not_null()
    equal = pl.all_horizontal(pl.col(column).eq_missing(pl.col(f"stored_{column}")) for column in VALUES)
    repeated = pl.col("ts_open").cum_count().over("ts_open") > 1
    overlaps = pl.Series(_overlaps(frame, stored))
    reason = (
        pl.when(known & equal)
        .then(pl.lit("duplicate"))
        .when(known)
        .then(pl.lit("conflicts with stored bar"))
        .when(repeated)
        .then(pl.lit("repeats the time of a bar before it"))
        .when(overlaps)
        .then(pl.lit("overlaps another bar in time"))
        .otherwise(pl.lit(""))
    )
    return joined.with_columns(reason.alias("reason")).select([*BAR_SCHEMA, "reason"])


def _overlaps(frame: pl.DataFrame, stored: pl.DataFrame) -> np.ndarray:
    """Whether each bar begins before the end of an earlier one, or ends after a stored one begins."""
    opens, closes = frame["ts_open"].to_numpy(), frame["ts_close"].to_numpy()
    overlaps = np.zeros(len(opens), dtype=np.bool_)
    if len(opens) > 1:
        overlaps[1:] = np.maximum.accumulate(closes)[:-1] > opens[1:]
    if stored.height:
        old_opens, old_closes = stored["ts_open"].to_numpy(), stored["ts_close"].to_numpy()
        before = np.searchsorted(old_opens, opens, side="right") - 1
        overlaps |= (before >= 0) & (old_closes[before] > opens)
        after = np.minimum(before + 1, len(old_opens) - 1)
        overlaps |= (before + 1 < len(old_opens)) & (old_opens[after] < closes)
    return overlaps


def _action_row(action: CorporateAction) -> tuple[str, int, int | None, int | None, str | None, str]:
    if isinstance(action, Split):
        return "split", action.ts_local, action.numerator, action.denominator, None, action.note
    return "dividend", action.ts_local, None, None, str(action.amount), ""


def _least(times: pl.Series) -> int | None:
    return int(times.to_numpy().min()) if len(times) else None


def _most(times: pl.Series) -> int | None:
    return int(times.to_numpy().max()) if len(times) else None


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
