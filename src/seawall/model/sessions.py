"""Trading sessions: when a market is open, as a frozen table of opening and closing times.

Rule 1: a session is half-open, [open, close): at its close a market is shut.
Rule 2: a table is data. The core is handed one and reads no calendar, file or clock.
Rule 3: outside what a table covers nothing is open; `last_covered_ns` says where that ends.

Ages and staleness of daily data count in sessions: the difference of two `index_at`.
"""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["DAY_NS", "SessionTable", "always_open", "index_at", "is_open", "session_days", "session_of_date"]

DAY_NS = 86_400_000_000_000


class SessionTable(msgspec.Struct, frozen=True, eq=False):
    """The sessions of one market.

    opens, closes: int64 ns UTC, shape (n,), sorted, opens[i] < closes[i] <= opens[i + 1];
    last_covered_ns: the first nanosecond of which the table knows nothing.

    >>> hours = SessionTable("toy", np.array([10, 30]), np.array([20, 40]), 50)
    >>> [index_at(hours, ts) for ts in (9, 10, 25, 35)], [is_open(hours, ts) for ts in (9, 10, 20, 35)]
    ([-1, 0, 0, 1], [False, True, False, True])
    """

    name: str
    opens: NDArray[np.int64]
    closes: NDArray[np.int64]
    last_covered_ns: int

    def __post_init__(self) -> None:
        if self.opens.shape != self.closes.shape or self.opens.ndim != 1:
            raise ValueError(f"session table {self.name}: opens and closes differ in shape")
        if bool(np.any(self.opens >= self.closes)) or bool(np.any(self.closes[:-1] > self.opens[1:])):
            raise ValueError(f"session table {self.name}: sessions overlap or are not sorted")


def index_at(table: SessionTable, ts_ns: int) -> int:
    """The index of the last session whose open is at or before `ts_ns`; -1 before the first."""
    return int(np.searchsorted(table.opens, ts_ns, side="right")) - 1


def is_open(table: SessionTable, ts_ns: int) -> bool:
    """Whether the market trades at `ts_ns`; never outside what the table covers."""
    index = index_at(table, ts_ns)
    return index >= 0 and ts_ns < int(table.closes[index])


def session_days(table: SessionTable) -> NDArray[np.int64]:
    """The date of each session as days since 1970-01-01: the UTC date of its open.

    For the markets that are shipped it is the local date too (New York opens after 13:00 UTC).
    """
    days: NDArray[np.int64] = table.opens // DAY_NS
    return days


def session_of_date(table: SessionTable, date: str) -> int:
    """The index of the session of an ISO date, -1 if the market is shut all that day.

    >>> table = always_open(first_year=2000, last_year=2000)
    >>> session_of_date(table, "2000-01-03"), session_of_date(table, "1999-12-31")
    (2, -1)
    """
    day = int(np.datetime64(date, "D").astype(np.int64))
    days: Any = session_days(table)
    index = int(np.searchsorted(days, day))
    return index if index < len(days) and int(days[index]) == day else -1


def always_open(first_year: int = 1970, last_year: int = 2099) -> SessionTable:
    """The table "24/7": one session a day, from 00:00 to 24:00 UTC, both years included."""
    first = int(np.datetime64(f"{first_year}-01-01", "D").astype(np.int64))
    last = int(np.datetime64(f"{last_year + 1}-01-01", "D").astype(np.int64))
    opens = np.arange(first, last, dtype=np.int64) * DAY_NS
    return SessionTable("24/7", opens, opens + DAY_NS, last * DAY_NS)
