"""Bars as the engine reads them: market rows of many instruments, merged by time.

Rule 1: a bar's open is a packet of its own at ts_open; high, low, close and counts are one packet
        at ts_close, never before. Each packet ends with LAST.
Rule 2: order is (ts_local, BAR_OPEN last, instrument, sequence, row kind): a decision taken at a
        close precedes an open of the same nanosecond.
Rule 3: `sequence` is the bar's number in the whole catalog, so a later start changes no row.

Packets are sorted, not rows: all closing packets and then all opening ones are laid out by
instrument and time, and a stable sort by time alone gives the order of Rule 2.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seawall.kernels.rows import (
    BAR_BUY_VOLUME,
    BAR_CLOSE,
    BAR_HIGH,
    BAR_LOW,
    BAR_OPEN,
    BAR_TRADES,
    FLAG_LAST,
    FLAG_NO_VOLUME,
    ROW,
)
from seawall.model.corporate import CorporateAction
from seawall.store.catalog import Catalog, action_order, time_ns

__all__ = ["actions_events", "bar_rows"]

ABSENT = -1
Ints = NDArray[np.int64]
Rows = NDArray[np.void]
COLUMNS = (
    "ts_open", "ts_close", "open_ticks", "high_ticks", "low_ticks", "close_ticks",
    "volume_lots", "buy_volume_lots", "trades", "sequence",
)  # fmt: skip


def bar_rows(
    catalog: Catalog, names: Sequence[str], start: int | str | None = None, end: int | str | None = None
) -> Rows:
    """The bars of `names` within [start, end) as market rows, merged; instrument = position in names.

    Per bar 4 rows: BAR_OPEN, and BAR_HIGH, BAR_LOW, BAR_CLOSE (size_lots = volume; 0 with NO_VOLUME
    where unknown), then BAR_BUY_VOLUME and BAR_TRADES (size_lots) where known. ts_exchange = ts_local.

    >>> from seawall.store.sample import open_catalog
    >>> rows = bar_rows(open_catalog("sample:us-stocks"), ["AAPL", "IBM"], "2000-09-29", "2000-09-30")
    >>> [(int(r["kind"]), int(r["instrument"]), int(r["price_ticks"])) for r in rows][:3]
    [(5, 0, 281900), (5, 1, 1155000), (6, 0, 290000)]
    """
    bars = _columns(catalog, names, start, end)
    count = len(bars["ts_open"])
    has_buy, has_trades = bars["buy_volume_lots"] != ABSENT, bars["trades"] != ABSENT
    sizes = np.ones(2 * count, dtype=np.int64)
    sizes[:count] = 3 + has_buy.astype(np.int64) + has_trades
    order = np.argsort(np.concatenate([bars["ts_close"], bars["ts_open"]]), kind="stable")
    ends = np.cumsum(sizes[order])
    first = np.empty(2 * count, dtype=np.int64)
    first[order] = ends - sizes[order]
    rows = np.zeros(int(ends[-1]) if count else 0, dtype=ROW)
    _fill_opens(rows, first[count:], bars)
    _fill_closes(rows, first[:count], bars, has_buy, has_trades)
    rows["ts_exchange"] = rows["ts_local"]
    return rows


def actions_events(
    catalog: Catalog, names: Sequence[str], start: int | str | None = None, end: int | str | None = None
) -> list[CorporateAction]:
    """The splits and dividends of `names` with start <= ts_local < end, by time, name, splits first."""
    first = None if start is None else time_ns(start)
    last = None if end is None else time_ns(end)
    return sorted(
        (
            action
            for name in names
            for action in catalog.actions(name)
            if (first is None or action.ts_local >= first) and (last is None or action.ts_local < last)
        ),
        key=action_order,
    )


def _columns(
    catalog: Catalog, names: Sequence[str], start: int | str | None, end: int | str | None
) -> dict[str, Ints]:
    """All bars, instrument after instrument, as int64 arrays; ABSENT where a count is unknown."""
    assert len(set(names)) == len(names), "an instrument twice"
    frames = [catalog.bars(name, start, end).fill_null(ABSENT) for name in names]
    columns = {
        column: np.concatenate([np.zeros(0, np.int64), *(frame[column].to_numpy() for frame in frames)])
        for column in COLUMNS
    }
    numbers = np.arange(len(names), dtype=np.int64)
    columns["instrument"] = np.repeat(numbers, [frame.height for frame in frames])
    return columns


def _fill_opens(rows: Rows, at: Ints, bars: dict[str, Ints]) -> None:
    _fill(rows, at, BAR_OPEN, bars["ts_open"], bars)
    rows["price_ticks"][at] = bars["open_ticks"]
    rows["flags"][at] = FLAG_LAST


def _fill_closes(
    rows: Rows, at: Ints, bars: dict[str, Ints], has_buy: NDArray[np.bool_], has_trades: NDArray[np.bool_]
) -> None:
    for offset, (kind, column) in enumerate(
        ((BAR_HIGH, "high_ticks"), (BAR_LOW, "low_ticks"), (BAR_CLOSE, "close_ticks"))
    ):
        _fill(rows, at + offset, kind, bars["ts_close"], bars)
        rows["price_ticks"][at + offset] = bars[column]
    unknown = bars["volume_lots"] == ABSENT
    rows["size_lots"][at + 2] = np.where(unknown, 0, bars["volume_lots"])
    rows["flags"][at + 2] = np.where(unknown, FLAG_NO_VOLUME, 0)
    _fill_counts(rows, at[has_buy] + 3, BAR_BUY_VOLUME, "buy_volume_lots", bars, has_buy)
    _fill_counts(rows, (at + 3 + has_buy)[has_trades], BAR_TRADES, "trades", bars, has_trades)
    rows["flags"][at + 2 + has_buy + has_trades] |= FLAG_LAST


def _fill_counts(
    rows: Rows, at: Ints, kind: int, column: str, bars: dict[str, Ints], which: NDArray[np.bool_]
) -> None:
    chosen = {name: values[which] for name, values in bars.items()}
    _fill(rows, at, kind, chosen["ts_close"], chosen)
    rows["size_lots"][at] = chosen[column]


def _fill(rows: Rows, at: Ints, kind: int, times: Ints, bars: dict[str, Ints]) -> None:
    rows["ts_local"][at] = times
    rows["sequence"][at] = bars["sequence"]
    rows["instrument"][at] = bars["instrument"]
    rows["kind"][at] = kind
