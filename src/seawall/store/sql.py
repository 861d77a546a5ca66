"""SQL over a catalog: DuckDB in memory with the views bars, trades, quotes, levels, actions, instruments.

Rule 1: one SELECT (or EXPLAIN) a call; nothing else runs, so a query cannot write.
Rule 2: the database sees the catalog's folder and nothing else: no other file, no network, no
        extension; its configuration is locked before the user's text is parsed.
Rule 3: prices come twice: exact as *_ticks, and as doubles in currency (open, high, low, close).
Rule 4: ticks stand in order of arrival; a gap has no price and no size, and says in `missing` how many
        messages lack (null: unknown).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from seawall.kernels.rows import (
    CLEAR,
    FLAG_INFERRED_SIDE,
    FLAG_LAST,
    FLAG_SNAPSHOT,
    GAP,
    LEVEL,
    QUOTE_BID,
    TRADE,
)
from seawall.model.errors import DataError
from seawall.store.catalog import ACTION_SCHEMA, BAR_SCHEMA, Catalog, escape_name
from seawall.store.ticks import TICK_SCHEMAS, tick_parts

__all__ = ["query"]

SQL_TYPES: dict[type[pl.DataType], str] = {
    pl.Int64: "BIGINT",
    pl.String: "VARCHAR",
    pl.UInt8: "UTINYINT",
    pl.Int8: "TINYINT",
    pl.UInt16: "USMALLINT",
}
READ_ONLY = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
KIND_WORDS = {TRADE: "trade", QUOTE_BID: "quote", LEVEL: "level", CLEAR: "clear", GAP: "gap"}
KIND = (
    f"CASE t.kind {' '.join(f'WHEN {kind} THEN {word!r}' for kind, word in KIND_WORDS.items())} END AS kind"
)
VIEWS = f"""
CREATE VIEW bars AS
SELECT i.name AS instrument, make_timestamp_ns(b.ts_open) AS opened, make_timestamp_ns(b.ts_close) AS closed,
       b.open_ticks * i.tick_numerator / i.tick_denominator AS open,
       b.high_ticks * i.tick_numerator / i.tick_denominator AS high,
       b.low_ticks * i.tick_numerator / i.tick_denominator AS low,
       b.close_ticks * i.tick_numerator / i.tick_denominator AS close,
       b.volume_lots * i.lot_numerator / i.lot_denominator AS volume,
       b.* EXCLUDE (folder, part, place)
FROM internal.stored_bars b JOIN internal.instrument_terms i USING (folder) ORDER BY i.name, b.ts_open;
CREATE VIEW actions AS
SELECT i.name AS instrument, make_timestamp_ns(a.ts_local) AS effective, a.kind, a.ts_local,
       a.numerator, a.denominator, CAST(a.amount AS DOUBLE) AS amount, a.note
FROM internal.stored_actions a JOIN internal.instrument_terms i USING (folder) ORDER BY i.name, a.ts_local;
CREATE VIEW trades AS
SELECT i.name AS instrument, make_timestamp_ns(t.ts_exchange) AS happened,
       make_timestamp_ns(t.ts_local) AS arrived, {KIND},
       CASE WHEN t.kind <> {GAP} THEN t.price_ticks * i.tick_numerator / i.tick_denominator END AS price,
       CASE WHEN t.kind <> {GAP} THEN t.size_lots * i.lot_numerator / i.lot_denominator END AS size,
       t.side, (t.flags & {FLAG_INFERRED_SIDE}) <> 0 AS side_inferred,
       CASE WHEN t.kind = {GAP} THEN nullif(t.size_lots, 0) END AS missing,
       t.sequence, t.flags, t.ts_exchange, t.ts_local, t.price_ticks, t.size_lots
FROM internal.stored_trades t JOIN internal.instrument_terms i USING (folder)
ORDER BY i.name, t.part, t.place;
CREATE VIEW quotes AS
SELECT i.name AS instrument, make_timestamp_ns(t.ts_exchange) AS happened,
       make_timestamp_ns(t.ts_local) AS arrived, {KIND},
       CASE WHEN t.kind <> {GAP} AND t.bid_lots > 0
            THEN t.bid_ticks * i.tick_numerator / i.tick_denominator END AS bid,
       CASE WHEN t.kind <> {GAP} THEN t.bid_lots * i.lot_numerator / i.lot_denominator END AS bid_size,
       CASE WHEN t.kind <> {GAP} AND t.ask_lots > 0
            THEN t.ask_ticks * i.tick_numerator / i.tick_denominator END AS ask,
       CASE WHEN t.kind <> {GAP} THEN t.ask_lots * i.lot_numerator / i.lot_denominator END AS ask_size,
       CASE WHEN t.kind = {GAP} THEN nullif(t.bid_lots, 0) END AS missing,
       t.sequence, t.flags, t.ts_exchange, t.ts_local, t.bid_ticks, t.bid_lots, t.ask_ticks, t.ask_lots
FROM internal.stored_quotes t JOIN internal.instrument_terms i USING (folder)
ORDER BY i.name, t.part, t.place;
CREATE VIEW levels AS
SELECT i.name AS instrument, make_timestamp_ns(t.ts_exchange) AS happened,
       make_timestamp_ns(t.ts_local) AS arrived, {KIND}, t.side,
       CASE WHEN t.kind = {LEVEL} THEN t.price_ticks * i.tick_numerator / i.tick_denominator END AS price,
       CASE WHEN t.kind = {LEVEL} THEN t.size_lots * i.lot_numerator / i.lot_denominator END AS size,
       (t.flags & {FLAG_LAST}) <> 0 AS last, (t.flags & {FLAG_SNAPSHOT}) <> 0 AS snapshot,
       CASE WHEN t.kind = {GAP} THEN nullif(t.size_lots, 0) END AS missing,
       t.sequence, t.flags, t.ts_exchange, t.ts_local, t.price_ticks, t.size_lots
FROM internal.stored_levels t JOIN internal.instrument_terms i USING (folder)
ORDER BY i.name, t.part, t.place;
CREATE VIEW instruments AS
SELECT name, tick, lot, multiplier, currency, sessions, fee_class, shortable
FROM internal.instrument_terms ORDER BY name;
"""


def query(catalog: Catalog, sql: str) -> pl.DataFrame:
    """The rows that a SELECT gives; a statement that is not one, or fails, is a DataError.

    >>> from seawall.store.sample import open_catalog
    >>> sample = open_catalog("sample:us-stocks")
    >>> query(sample, "select count(*) as bars, min(low) as lowest from bars").rows()
    [(11958, 12.72)]
    """
    connection = duckdb.connect(":memory:")
    try:
        _prepare(connection, catalog)
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type not in READ_ONLY:
            raise DataError(f"data sql runs one SELECT and nothing else; got {_summary(statements)}")
        # The relation's own Arrow stream: it needs no pyarrow.
        return pl.DataFrame(connection.sql(sql))
    except duckdb.Error as error:
        raise DataError(f"sql: {str(error).strip()}") from error
    finally:
        connection.close()


def _prepare(connection: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    folder = catalog.path.resolve()
    _make_terms(connection, catalog)
    connection.execute(f"SET allowed_directories = [{_quoted(folder)}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET python_enable_replacements = false")  # a table name is no Python variable
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    connection.execute("SET lock_configuration = true")
    _make_source(connection, "bars", sorted(folder.glob("bars/*/part-*.parquet")), BAR_SCHEMA)
    _make_source(connection, "actions", sorted(folder.glob("actions/*/part-*.parquet")), ACTION_SCHEMA)
    for kind, schema in TICK_SCHEMAS.items():
        streams = (tick_parts(catalog, kind, name) for name in catalog.instruments())
        _make_source(connection, kind, [part.path.resolve() for parts in streams for part in parts], schema)
    connection.execute(VIEWS)


def _make_terms(connection: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    """A table of instruments with exact ticks as ratios, so that ticks become the nearest doubles."""
    connection.execute("CREATE SCHEMA internal")
    connection.execute(
        "CREATE TABLE internal.instrument_terms (name VARCHAR, folder VARCHAR,"
        " tick_numerator DOUBLE, tick_denominator DOUBLE, lot_numerator DOUBLE, lot_denominator DOUBLE,"
        " tick DOUBLE, lot DOUBLE, multiplier DOUBLE,"
        " currency VARCHAR, sessions VARCHAR, fee_class VARCHAR, shortable BOOLEAN)"
    )
    for name in catalog.instruments():
        terms = catalog.instrument(name)
        tick, lot = terms.tick.as_integer_ratio(), terms.lot.as_integer_ratio()
        numbers: list[Any] = [
            *map(float, (*tick, *lot)),
            float(terms.tick),
            float(terms.lot),
            float(terms.multiplier),
        ]
        words = [terms.currency, terms.sessions, terms.fee_class, terms.shortable]
        marks = ", ".join("?" * 13)
        values = [name, f"instrument={escape_name(name)}", *numbers, *words]
        connection.execute(f"INSERT INTO internal.instrument_terms VALUES ({marks})", values)


def _make_source(
    connection: duckdb.DuckDBPyConnection,
    kind: str,
    files: Sequence[Path],
    schema: dict[str, type[pl.DataType]],
) -> None:
    """A view of a kind's Parquet files, with the folder, the file and the place of each row."""
    select = "SELECT {}, {} AS folder, {} AS part, {} AS place FROM {}"
    if files:
        listed = ", ".join(map(_quoted, files))
        source = f"read_parquet([{listed}], hive_partitioning=false, filename=true, file_row_number=true)"
        folder = "parse_filename(parse_dirpath(filename))"
        select = select.format(", ".join(schema), folder, "filename", "file_row_number", source)
    else:
        columns = ", ".join(f"NULL::{SQL_TYPES[dtype]} AS {name}" for name, dtype in schema.items())
        empty = "(SELECT 1) WHERE false"
        select = select.format(columns, "NULL::VARCHAR", "NULL::VARCHAR", "NULL::BIGINT", empty)
    connection.execute(f"CREATE VIEW internal.stored_{kind} AS {select}")


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _summary(statements: list[Any]) -> str:
    return ", ".join(statement.type.name for statement in statements) or "no statement"
