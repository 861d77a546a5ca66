"""Splits and dividends from CSV files, as events at the open of their ex-date.

Rule 1: there are few of these and each moves money: one bad row refuses the whole file.
Rule 2: a date that is no session of the instrument is an error, never moved to a neighbour.

Splits: date and ratio (2:1, 2/1, 2, 1.5) or numerator and denominator; dividends: date and
amount per share. A column symbol is optional: rows of other symbols are then left to them.
"""

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path

import polars as pl

from seawall.model.corporate import Dividend, Split
from seawall.model.errors import DataError
from seawall.model.instruments import Instrument
from seawall.model.sessions import session_of_date
from seawall.store.columns import ROLES
from seawall.store.sessions import load_sessions
from seawall.store.table import EXTRA, ROW_NUMBER, read_table

__all__ = ["read_dividends", "read_splits"]

AMOUNTS = ("amount", "dividend", "dividends", "cash")
RATIOS = ("ratio", "split", "splitratio", "stocksplits")


def read_splits(path: Path | str | None, instrument: Instrument) -> list[Split]:
    """The splits of an instrument in a CSV file; none without a file."""
    if path is None:
        return []
    rows, where = _rows(Path(path), instrument)
    splits: list[Split] = []
    for row in rows:
        ratio = _ratio(row, f"{where}, row {row[ROW_NUMBER]}")
        ts_local = _ex_date_ns(row, instrument, where)
        splits.append(
            Split(instrument.name, ts_local, ratio.numerator, ratio.denominator, row.get("note") or "")
        )
    return splits


def read_dividends(path: Path | str | None, instrument: Instrument) -> list[Dividend]:
    """The dividends of an instrument in a CSV file; none without a file."""
    if path is None:
        return []
    rows, where = _rows(Path(path), instrument)
    dividends: list[Dividend] = []
    for row in rows:
        amount = _decimal(_field(row, AMOUNTS, where), f"{where}, row {row[ROW_NUMBER]}")
        dividends.append(Dividend(instrument.name, _ex_date_ns(row, instrument, where), amount))
    return dividends


def _rows(path: Path, instrument: Instrument) -> tuple[list[dict[str, str]], str]:
    frame = read_table(path, "csv")
    if frame[EXTRA].null_count() < frame.height:
        raise DataError(f"{path}: a row has more fields than the header")
    plain = {name: name.strip().lower().replace("_", "").replace(" ", "") for name in frame.columns}
    frame = frame.rename({name: new for name, new in plain.items() if name not in (ROW_NUMBER, EXTRA)})
    symbol = next((name for name in frame.columns if name in ROLES["symbol"]), None)
    if symbol is not None:
        frame = frame.filter(pl.col(symbol) == instrument.name)
    return frame.rows(named=True), str(path)


def _field(row: dict[str, str], spellings: tuple[str, ...], where: str) -> str:
    for name in spellings:
        if name in row:
            return row[name] or ""
    found = ", ".join(name for name in row if name not in (ROW_NUMBER, EXTRA))
    raise DataError(f"{where}: no column {' or '.join(spellings)}; found: {found}")


def _ratio(row: dict[str, str], where: str) -> Fraction:
    if "numerator" in row and "denominator" in row:
        parts = [row["numerator"] or "", row["denominator"] or ""]
    else:
        parts = _field(row, RATIOS, where).replace("/", ":").split(":")
    numbers = [_decimal(part, where) for part in parts]
    if len(numbers) > 2:
        raise DataError(f"{where}: split ratio {':'.join(parts)!r}; expected 2:1, 2/1 or 2")
    return Fraction(numbers[0]) / (Fraction(numbers[1]) if len(numbers) == 2 else 1)


def _decimal(text: str, where: str) -> Decimal:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise DataError(f"{where}: {text!r} is no number") from None
    if not value.is_finite() or value <= 0:
        raise DataError(f"{where}: {text!r} must be above 0")
    return value


def _ex_date_ns(row: dict[str, str], instrument: Instrument, where: str) -> int:
    table = load_sessions(instrument.sessions)
    text = _field(row, ("exdate", "date"), where).strip()[:10]
    try:
        index = session_of_date(table, text)
    except ValueError:
        raise DataError(f"{where}, row {row[ROW_NUMBER]}: {text!r} is no date; expected yyyy-mm-dd") from None
    if index < 0:
        raise DataError(f"{where}, row {row[ROW_NUMBER]}: {text} is no session of {table.name}")
    return int(table.opens[index])
