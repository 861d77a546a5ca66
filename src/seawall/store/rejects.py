"""Reject files: the rows that no import would take, each with its reason and its raw text.

Rule 1: a file is named by what it holds, so the same import writes the same file again.
Rule 2: a reject file is for people and for the quality report; nothing is ever read back as data.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec
import polars as pl

from seawall.model.errors import DataError
from seawall.store.atomic import write_atomically
from seawall.store.catalog import Catalog, escape_name
from seawall.store.table import READER_ERRORS

__all__ = ["Reject", "count_reasons", "read_rejects", "write_rejects"]

HEADER = ("file", "row", "instrument", "reason", "raw")


class Reject(msgspec.Struct, frozen=True, order=True):
    """One row that was not taken; row counts from 1, the header not counted."""

    row: int
    instrument: str
    reason: str


def write_rejects(catalog: Catalog, source: Path, rejects: Iterable[Reject], raw: dict[int, str]) -> Path:
    """Write <catalog>/rejects/<source>-<hash>.csv; raw: row number -> its text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows((str(source), r.row, r.instrument, r.reason, raw[r.row]) for r in sorted(rejects))
    content = text.getvalue().encode()
    path = (
        catalog.path
        / "rejects"
        / f"{escape_name(source.stem)}-{hashlib.sha256(content).hexdigest()[:12]}.csv"
    )
    write_atomically(path, content)
    return path


def read_rejects(catalog: Catalog) -> dict[str, list[str]]:
    """The reasons of all rejected rows of a catalog by instrument."""
    reasons: dict[str, list[str]] = {}
    for path in sorted((catalog.path / "rejects").glob("*.csv")):
        try:
            frame = pl.read_csv(path, infer_schema=False).select("instrument", "reason")
        except READER_ERRORS as error:
            raise DataError(f"{path} is no reject file: {str(error).partition(chr(10))[0]}") from error
        for instrument, reason in frame.iter_rows():
            reasons.setdefault(instrument, []).append(reason)
    return reasons


def count_reasons(reasons: Iterable[str]) -> dict[str, int]:
    """How many rows fell for each kind of reason, the rows' own values left out.

    >>> count_reasons(["low 2.5 is not on the tick 1", "low 9.3 is not on the tick 1", "no time: x"])
    {'low # is not on the tick 1': 2, 'no time': 1}
    """
    counts: dict[str, int] = {}
    for reason in reasons:
        plain = reason.partition(": ")[0].partition(";")[0]
        kind = re.sub(r"(?<![\w.])[\d][\d.,:e+-]*(?=\s|$)", "#", plain, count=1)
        counts[kind] = counts.get(kind, 0) + 1
    return dict(sorted(counts.items()))
