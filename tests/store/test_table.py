"""A file is a table with numbered rows, or a DataError that says what it is instead."""

import gzip
from pathlib import Path

import polars as pl
import pytest

from seawall.model.errors import DataError
from seawall.store.table import EXTRA, ROW_NUMBER, raw_rows, read_table

CSV = b"date,close\n2000-01-03,1\n2000-01-04,2\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", CSV),
        ("bom.csv", b"\xef\xbb\xbf" + CSV),
        ("semicolon.csv", CSV.replace(b",", b";")),
        ("tab.tsv", CSV.replace(b",", b"\t")),
        ("crlf.csv", CSV.replace(b"\n", b"\r\n")),
        ("zip.csv.gz", gzip.compress(CSV, mtime=0)),
    ],
)
def test_csv_as_it_comes(tmp_path: Path, name: str, content: bytes) -> None:
    """Byte order mark, other separators, other line ends and gzip give the same table."""
    (tmp_path / name).write_bytes(content)
    frame = read_table(tmp_path / name)
    assert frame.select("date", "close").rows() == [("2000-01-03", "1"), ("2000-01-04", "2")]
    assert frame[ROW_NUMBER].to_list() == [1, 2]


def test_extra_fields_are_kept(tmp_path: Path) -> None:
    """Rows longer than the header keep what stands beyond it; shorter ones lack it."""
    (tmp_path / "a.csv").write_bytes(b"date,close\n2000-01-03,1,234.5\n2000-01-04\n2000-01-05,3\n")
    frame = read_table(tmp_path / "a.csv")
    assert frame[EXTRA].to_list() == ["234.5", None, None]
    assert frame["close"].to_list() == ["1", None, "3"]
    assert raw_rows(frame, [1, 2]) == {1: "2000-01-03,1,234.5", 2: "2000-01-04,None"}


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    """Parquet columns come as they are typed."""
    pl.DataFrame({"ts": [1, 2], "close": [1.5, 2.5]}).write_parquet(tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet").schema["close"] == pl.Float64


@pytest.mark.parametrize(
    ("name", "content", "form", "message"),
    [
        ("a.csv", b"", "auto", "is empty"),
        ("a.csv", b"date,close\n", "auto", "a header and no rows"),
        ("a.csv", b"date\x00close\n", "auto", "zero bytes at offset 4"),
        ("a.csv", b"date,close\n\xff\xfe", "auto", "byte 11 cannot be read"),
        ("a.csv", b"a,a,b\n1,2,3,4\n", "auto", "a column name stands twice"),
        ("a.csv.gz", b"\x1f\x8bgarbage", "auto", "is damaged gzip"),
        ("a.csv", b"PAR1....", "auto", "is Parquet, not CSV"),
        ("a.parquet", CSV, "auto", "is not Parquet: it does not begin with PAR1"),
        ("a.parquet", b"PAR1garbagePAR1", "auto", "is damaged Parquet"),
        ("a.xlsx", CSV, "auto", "extension '.xlsx' is neither CSV nor Parquet"),
        ("a.csv", CSV, "json", "format 'json': expected auto, csv or parquet"),
    ],
)
def test_what_is_no_table(tmp_path: Path, name: str, content: bytes, form: str, message: str) -> None:
    """Empty, garbage, misnamed and damaged files each have their own message."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_table(tmp_path / name, form)


def test_what_is_no_file(tmp_path: Path) -> None:
    """A folder and a missing file are named."""
    with pytest.raises(DataError, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(DataError, match="no file"):
        read_table(tmp_path / "missing.csv")
