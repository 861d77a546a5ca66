"""The window: the market rows that core and venue still need, fed piece by piece from their source.

Rule 1: the core reads rows in order of arrival, the venue the same rows in the exchange's order, and
        only as far as that order is certain: no row that has not been fed can belong before them.
Rule 2: a row is forgotten once both have taken it, so that memory does not grow with the run.
Rule 3: how rows are cut into pieces changes neither order.

Theory of operation. A row that arrives at local time L left the exchange at L - latency_ns_max at the
earliest, so once rows up to L are known, all that left before L - latency_ns_max are. `ExchangeOrder`
keeps back the rest. Equal times keep their order of arrival, opens stand last, as in the venue. A
source that holds all rows in memory (bars, mapped rows) is only looked at, by the venue too where both
orders are one.
"""

from collections.abc import Iterator

import numpy as np

from seawall.kernels.rows import BAR_OPEN, ROW
from seawall.store.mapped_rows import MappedRows, is_exchange_ordered
from seawall.store.row_source import RowSource

__all__ = ["PIECE_ROWS", "ExchangeOrder", "Window"]

PIECE_ROWS = 262_144
RAW = np.dtype(f"V{ROW.itemsize}")  # numpy moves a record field by field, and raw bytes at once


class ExchangeOrder:
    """Sorts rows that come in order of arrival by the exchange's time; latency_ns_max bounds their lateness.

    >>> rows = np.zeros(3, ROW)
    >>> rows["ts_local"], rows["ts_exchange"] = [10, 11, 30], [9, 6, 29]
    >>> order = ExchangeOrder(5)
    >>> order.add(rows)["ts_exchange"].tolist(), order.finish()["ts_exchange"].tolist()
    ([6, 9], [29])
    """

    def __init__(self, latency_ns_max: int) -> None:
        self.latency_ns_max = latency_ns_max
        self.waiting = np.zeros(0, ROW)

    def add(self, rows: np.ndarray) -> np.ndarray:
        """The rows whose place in the exchange's order is certain now, sorted."""
        if not len(rows):
            return rows
        known = _joined(self.waiting, rows)
        certain = known["ts_exchange"] < rows["ts_local"][-1] - self.latency_ns_max
        count = int(np.count_nonzero(certain))
        if certain[:count].all():  # what is certain stands in front, as it does where nothing overtakes
            self.waiting = known[count:]
            return _sorted(known[:count])
        self.waiting = _picked(known, np.flatnonzero(~certain))
        return _sorted(_picked(known, np.flatnonzero(certain)))

    def finish(self) -> np.ndarray:
        """All that is left, when no more will come."""
        rest, self.waiting = _sorted(self.waiting), self.waiting[:0]
        return rest


def _sorted(rows: np.ndarray) -> np.ndarray:
    if is_exchange_ordered(rows):
        return rows
    return _picked(rows, np.lexsort((rows["kind"] == BAR_OPEN, rows["ts_exchange"])))


def _picked(rows: np.ndarray, places: np.ndarray) -> np.ndarray:
    return np.take(rows.view(RAW), places).view(ROW)


def _joined(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    if not len(first):
        return second
    return np.concatenate([first.view(RAW), second.view(RAW)]).view(ROW)


class Window:
    """Rows for core and venue; `core[0]` is row number core_base, `venue[0]` number venue_base."""

    def __init__(self, source: RowSource) -> None:
        self.source = source
        self.fed = 0
        self.core_base = self.venue_base = 0
        self.core = self.venue = np.zeros(0, ROW)
        self.whole = source.memory  # then the core looks at the source's own rows
        if isinstance(source, MappedRows):
            self.shared = source.is_exchange_ordered
        else:
            self.shared = self.whole is not None and is_exchange_ordered(self.whole)
        self.order = ExchangeOrder(source.latency_ns_max)
        self._pieces: Iterator[np.ndarray] | None = None
        self._piece, self._used = np.zeros(0, ROW), 0

    def feed(self, count: int) -> np.ndarray:
        """Makes up to `count` more rows known and answers with them, in order of arrival."""
        if self.whole is not None:
            rows = self.whole[self.fed : self.fed + count]
            self.core = self.whole[: self.fed + len(rows)]
        else:
            rows = self._next(count)
            self.core = _joined(self.core, rows)
        self.fed += len(rows)
        self.venue = self.core if self.shared else _joined(self.venue, self.order.add(rows))
        return rows

    def finish(self) -> None:
        """No more rows will come: the venue sees what was kept back."""
        if not self.shared:
            self.venue = _joined(self.venue, self.order.finish())

    def forget(self, core_number: int, venue_number: int) -> None:
        """Drops the rows before those numbers of either order."""
        if self.whole is None:
            self.core = self.core[core_number - self.core_base :]
            self.core_base = core_number
        if not self.shared:
            self.venue = self.venue[venue_number - self.venue_base :]
            self.venue_base = venue_number

    def _next(self, count: int) -> np.ndarray:
        """Up to `count` rows from the pieces of the source."""
        if self._pieces is None:
            self._pieces = self.source.pieces(PIECE_ROWS)
        taken: list[np.ndarray] = []
        wanted = count
        while wanted:
            if self._used >= len(self._piece):
                found = next(self._pieces, None)
                if found is None:
                    break
                self._piece, self._used = found, 0
            part = self._piece[self._used : self._used + wanted]
            taken.append(part)
            self._used += len(part)
            wanted -= len(part)
        rows = np.zeros(0, ROW)
        for part in taken:
            rows = _joined(rows, part)
        return rows
