"""Times as files write them, to ns UTC and to dates.

Rule 1: a time without a zone is in the zone that the import names (UTC unless said).
Rule 2: whole numbers are yyyymmdd or an epoch count; the column as a whole decides which unit.
Rule 3: what cannot be read is null, and the importer rejects its row with the reason.
"""

import zoneinfo

import numpy as np
import polars as pl

from seawall.model.errors import DataError

__all__ = ["check_zone", "to_dates", "to_ns"]

UNITS_NS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
NAIVE_FORMATS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y%m%d", "%Y%m%d %H:%M:%S")
ZONED_FORMATS = ("%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M%#z")
DATE_FORMATS = ("%Y-%m-%d", "%Y%m%d")
FIRST_NS, LAST_NS = -2_208_988_800 * 10**9, 7_258_118_400 * 10**9  # the years 1900 to 2199


def check_zone(zone: str) -> None:
    """A zone name that the system lacks is a DataError."""
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise DataError(f"no time zone {zone!r}; expected a name such as UTC or America/New_York") from None


def to_ns(column: pl.Series, zone: str = "UTC") -> pl.Series:
    """int64 ns UTC of each value; null where it cannot be read or does not exist in `zone`.

    >>> to_ns(pl.Series("Date", ["2000-03-01 09:30", "1970-01-01T00:00:01Z"]), "America/New_York").to_list()
    [951921000000000000, 1000000000]
    >>> to_ns(pl.Series("ts", [1542033000, None])).to_list()
    [1542033000000000000, None]
    """
    numbers = _numbers(column)
    if numbers is not None:
        return numbers
    if column.dtype == pl.String:
        naive, zoned = _parse_text(column)
        return zoned.fill_null(_localise(naive, zone)).rename(column.name)
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is not None:
        return column.dt.timestamp("ns")
    return _localise(_naive(column), zone)


def to_dates(column: pl.Series) -> pl.Series:
    """Days since 1970-01-01 of the date as it is written, whatever its zone; null where unreadable.

    >>> to_dates(pl.Series("Date", ["1970-01-03 00:00:00-05:00", "19700102", "soon"])).to_list()
    [2, 1, None]
    """
    numbers = _numbers(column)
    if numbers is not None:
        return numbers // (86_400 * 10**9)
    if column.dtype == pl.String:
        head = column.str.strip_chars().str.slice(0, 10)
        days = [head.str.to_date(form, strict=False) for form in DATE_FORMATS]
        return days[0].fill_null(days[1]).cast(pl.Int32).cast(pl.Int64)
    if isinstance(column.dtype, pl.Datetime):
        return column.dt.replace_time_zone(None).dt.date().cast(pl.Int32).cast(pl.Int64)
    return _naive(column).dt.date().cast(pl.Int32).cast(pl.Int64)


def _naive(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Date or isinstance(column.dtype, pl.Datetime):
        return column.cast(pl.Datetime("ns"))
    raise DataError(f"column {column.name!r} of type {column.dtype} is no time")


def _localise(naive: pl.Series, zone: str) -> pl.Series:
    placed = naive.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
    return placed.dt.timestamp("ns")


def _parse_text(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """(naive datetimes, ns of those that name their zone), null where the other applies."""
    text = column.str.strip_chars().str.replace("T", " ", literal=True)
    zoned = pl.Series(column.name, [None] * len(text), dtype=pl.Int64)
    if text.str.contains(r"(Z|[+-]\d\d:?\d\d)$").any():
        for form in ZONED_FORMATS:
            parsed = text.str.to_datetime(form, time_unit="ns", time_zone="UTC", strict=False)
            zoned = zoned.fill_null(parsed.dt.timestamp("ns"))
    naive = pl.Series(column.name, [None] * len(text), dtype=pl.Datetime("ns"))
    for form in NAIVE_FORMATS:
        if naive.null_count() == 0:
            break
        naive = naive.fill_null(text.str.to_datetime(form, time_unit="ns", strict=False))
    return naive, zoned


def _numbers(column: pl.Series) -> pl.Series | None:
    """A column of numbers as ns (they may be written as text); None if it is none."""
    if column.dtype == pl.String:
        text = column.str.strip_chars()
        digits = text.str.contains(r"^-?\d{9,}(\.\d+)?$")
        if not digits.any() or int(digits.sum()) * 2 < len(column) - column.null_count():
            return None
        whole = text.cast(pl.Int64, strict=False)
        column = whole if whole.null_count() == int((~digits).sum()) else text.cast(pl.Float64, strict=False)
    if not column.dtype.is_numeric():
        return None
    return _from_epoch(column)


def _from_epoch(column: pl.Series) -> pl.Series:
    rough = column.cast(pl.Float64, strict=False).to_numpy()
    finite = np.abs(rough[np.isfinite(rough)])
    if len(finite) and finite.min() >= 19_000_101 and finite.max() <= 21_991_231:
        dates = column.cast(pl.Int64, strict=False).cast(pl.String).str.to_date("%Y%m%d", strict=False)
        return dates.cast(pl.Datetime("ns")).dt.timestamp("ns")
    unit_ns = _unit_ns(column.name, float(np.median(finite)) if len(finite) else 0.0)
    legible = (rough * unit_ns >= FIRST_NS) & (rough * unit_ns <= LAST_NS)  # NaN compares as false
    if column.dtype.is_integer():
        counts = pl.Series(column.name, np.where(legible, column.fill_null(0).to_numpy(), 0), dtype=pl.Int64)
        return _null_where(counts * unit_ns, ~legible)
    scaled = np.rint(np.where(legible, rough, 0.0) * unit_ns).astype(np.int64)
    return _null_where(pl.Series(column.name, scaled), ~legible)


def _null_where(values: pl.Series, absent: np.ndarray) -> pl.Series:
    frame = pl.DataFrame({"value": values, "absent": pl.Series(absent)})
    return frame.select(pl.when(~pl.col("absent")).then(pl.col("value")))["value"].rename(values.name)


def _unit_ns(name: str, typical: float) -> int:
    """The unit of an epoch count, by the column's name if that says it, else by its size."""
    suffix = name.lower().rpartition("_")[2]
    if suffix in UNITS_NS and name.lower() != suffix:
        return UNITS_NS[suffix]
    limits = ((1e11, "s"), (1e14, "ms"), (1e17, "us"))
    return UNITS_NS[next((unit for limit, unit in limits if typical < limit), "ns")]
