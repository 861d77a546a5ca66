"""A file as a table of raw columns with row numbers: CSV as text, Parquet as it is typed.

Rule 1: what cannot be a table (missing, a folder, empty, garbage, the wrong extension) is a
        DataError that says which; no exception of a reader's library leaves this file.
Rule 2: rows are numbered from 1, the header not counted; each keeps its raw text for a reject.
"""

import csv
import gzip
import io
import zlib
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from seawall.model.errors import DataError

__all__ = ["EXTRA", "READER_ERRORS", "ROW_NUMBER", "raw_rows", "read_table"]

ROW_NUMBER = "__row"
EXTRA = "__extra"  # what stood beyond the last column of a CSV row; null where nothing did
CSV_SUFFIXES = (".csv", ".txt", ".tsv", ".csv.gz")
PARQUET_SUFFIXES = (".parquet", ".pq")
PARQUET_MAGIC = b"PAR1"
READER_ERRORS = (PolarsError, OSError, PanicException)  # damaged bytes can make its reader panic
GZIP_MAGIC = b"\x1f\x8b"


def read_table(path: Path, form: str = "auto") -> pl.DataFrame:
    """The file's columns with ROW_NUMBER and EXTRA; form: auto (by extension), csv or parquet."""
    content = _content(path)
    if _form(path, content, form) == "parquet":
        frame = _parquet(path, content).with_columns(pl.lit(None, pl.String).alias(EXTRA))
    else:
        frame = _csv(path, content)
    if frame.height == 0:
        raise DataError(f"{path}: a header and no rows")
    return frame.with_row_index(ROW_NUMBER, offset=1).with_columns(pl.col(ROW_NUMBER).cast(pl.Int64))


def raw_rows(table: pl.DataFrame, rows: list[int]) -> dict[int, str]:
    """The raw text of each of the numbered rows, fields joined by commas."""
    columns = [name for name in table.columns if name != ROW_NUMBER]
    texts: dict[int, str] = {}
    for number in rows:
        values = table.row(number - 1, named=True)
        texts[number] = ",".join(str(values[c]) for c in columns if c != EXTRA or values[c] is not None)
    return texts


def _content(path: Path) -> bytes:
    if path.is_dir():
        raise DataError(f"{path} is a folder; import one file at a time")
    if not path.is_file():
        raise DataError(f"no file {path}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    if not content:
        raise DataError(f"{path} is empty")
    return content


def _form(path: Path, content: bytes, form: str) -> str:
    name = path.name.lower()
    is_parquet = content.startswith(PARQUET_MAGIC)
    if form == "auto":
        if name.endswith(PARQUET_SUFFIXES):
            form = "parquet"
        elif name.endswith(CSV_SUFFIXES):
            form = "csv"
        else:
            raise DataError(
                f"{path}: extension {path.suffix!r} is neither CSV nor Parquet; say format=csv or parquet"
            )
    if form not in ("csv", "parquet"):
        raise DataError(f"format {form!r}: expected auto, csv or parquet")
    if form == "parquet" and not is_parquet:
        raise DataError(f"{path} is not Parquet: it does not begin with PAR1")
    if form == "csv" and is_parquet:
        raise DataError(f"{path} is Parquet, not CSV")
    return form


def _parquet(path: Path, content: bytes) -> pl.DataFrame:
    try:
        return pl.read_parquet(io.BytesIO(content))
    except READER_ERRORS as error:
        raise DataError(f"{path} is damaged Parquet: {str(error).partition(chr(10))[0]}") from error


def _csv(path: Path, content: bytes) -> pl.DataFrame:
    if content.startswith(GZIP_MAGIC):
        content = _unzipped(path, content)
    _refuse_garbage(path, content)
    delimiter = _delimiter(content)
    try:
        frame = pl.read_csv(io.BytesIO(content), infer_schema=False, separator=delimiter)
    except READER_ERRORS as error:
        if "more fields" not in str(error):
            raise DataError(f"{path} is not CSV: {str(error).partition(chr(10))[0]}") from error
        frame = _ragged(path, content, delimiter)
    if EXTRA not in frame.columns:
        frame = frame.with_columns(pl.lit(None, pl.String).alias(EXTRA))
    return frame


def _unzipped(path: Path, content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is damaged gzip: {error}") from error


def _refuse_garbage(path: Path, content: bytes) -> None:
    if b"\x00" in content:
        raise DataError(f"{path} is not CSV: it holds zero bytes at offset {content.index(0)}")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not CSV in UTF-8: byte {error.start} cannot be read") from error


def _delimiter(content: bytes) -> str:
    header = content.partition(b"\n")[0]
    return max((",", ";", "\t"), key=lambda mark: header.count(mark.encode()))


def _ragged(path: Path, content: bytes, delimiter: str) -> pl.DataFrame:
    """A CSV in which rows have more fields than the header: what is too much goes to EXTRA."""
    reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter)
    header = next(reader)
    columns: list[list[str | None]] = [[] for _ in range(len(header) + 1)]
    for row in reader:
        for index in range(len(header)):
            columns[index].append(row[index] if index < len(row) and row[index] else None)
        columns[-1].append(delimiter.join(row[len(header) :]) if len(row) > len(header) else None)
    names = [*header, EXTRA]
    if len(set(names)) < len(names):
        raise DataError(f"{path}: a column name stands twice in the header")
    return pl.DataFrame(
        [pl.Series(name, values, dtype=pl.String) for name, values in zip(names, columns, strict=True)]
    )
