"""Bars: from market rows to the ring of completed bars that features and policies read.

Rule 1: a bar is complete at the LAST row of its closing packet, never before.
Rule 2: bars of a longer interval are built from shorter ones and are complete when their
        time is over: at a multiple of the interval, at the end of the session (intervals of
        a day at most), or when the open of a later interval shows that nothing more will come.
Rule 3: no bar is invented where the data has none.
Rule 4: intervals and sessions are the exchange's time; however late rows arrive, they fall
        into the same bars.

Theory of operation: `take` is called for each row; it answers True when a bar of the desk's
interval became complete on this row. The ring keeps prices as floats in ticks, adjusted for
later splits, because it feeds statistics; money is never computed from it.
"""

from typing import Any

import numpy as np

from seawall.kernels.jit import kernel
from seawall.kernels.rows import BAR_CLOSE, BAR_HIGH, BAR_LOW, BAR_OPEN, FLAG_LAST, FLAG_NO_VOLUME
from seawall.kernels.state import BARS_KEPT

__all__ = ["mix_row", "rescale_bars", "session_index", "sessions_closed", "take", "take_bar_row"]

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
SHIFT = np.uint64(29)
DAY_NS = 86_400_000_000_000


@kernel
def mix_row(row_hash: int, row: Any) -> int:
    """The running 64-bit hash after one more row: multiply and xor-shift over its six words.

    It ties each record to the rows before it; tamper evidence is the SHA-256 beside it.
    """
    word = int(row["instrument"]) * 4294967296 + int(row["kind"]) * 16777216
    word += (int(row["side"]) + 128) * 65536 + int(row["flags"])
    row_hash = _mix(row_hash, row["ts_exchange"])
    row_hash = _mix(row_hash, row["ts_local"])
    row_hash = _mix(row_hash, row["sequence"])
    row_hash = _mix(row_hash, row["price_ticks"])
    row_hash = _mix(row_hash, row["size_lots"])
    return _mix(row_hash, word)


@kernel
def session_index(s: Any, table: int, ts: int) -> int:
    """The number of the session that was opened last at `ts`; -1 before the first."""
    return _count_until(s["session_open"][table], s["session_count"][table], ts) - 1


@kernel
def sessions_closed(s: Any, table: int, ts: int) -> int:
    """How many sessions of the table had closed at `ts`; ages of daily data are differences of it."""
    return _count_until(s["session_close"][table], s["session_count"][table], ts)


@kernel
def _count_until(stamps: Any, count: int, ts: int) -> int:
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if stamps[middle] <= ts:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def take_bar_row(s: Any, row: Any) -> None:
    """Moves the instrument's newest prices by one row of a bar."""
    instrument = s["instruments"][row["instrument"]]
    kind = row["kind"]
    price = row["price_ticks"]
    instrument["rows_seen"] += 1
    instrument["last_ticks"] = price
    instrument["last_ts_local"] = row["ts_local"]
    if kind == BAR_OPEN:
        instrument["open_ticks"] = price
        instrument["high_ticks"] = price
        instrument["low_ticks"] = price
        instrument["bar_open_ts"] = row["ts_exchange"]
    elif kind == BAR_HIGH:
        instrument["high_ticks"] = price
    elif kind == BAR_LOW:
        instrument["low_ticks"] = price
    elif kind == BAR_CLOSE:
        instrument["bar_close_ts"] = row["ts_local"]
        instrument["volume_known"] = 1
        instrument["volume_lots"] = row["size_lots"]
        if row["flags"] & FLAG_NO_VOLUME:
            instrument["volume_lots"] = max(instrument["assumed_volume_lots"], 0)
            instrument["volume_known"] = 1 if instrument["assumed_volume_lots"] >= 0 else 0
            s["no_volume_bars"] += 1


@kernel
def take(s: Any, row: Any) -> bool:
    """Takes one row of a bar; True when a bar of the desk's interval became complete."""
    number = row["instrument"]
    kind = row["kind"]
    instrument = s["instruments"][number]
    completed = False
    if kind == BAR_OPEN and s["forming"][number]["ts_close"] != 0:
        start = s["forming_open_ts"][number]
        interval = s["bar_interval_ns"]
        if interval > 0 and row["ts_exchange"] // interval != start // interval:
            completed = _complete(s, number)
    if kind <= BAR_CLOSE:
        take_bar_row(s, row)
    if kind >= BAR_HIGH and row["flags"] & FLAG_LAST:
        instrument["mark_ticks"] = instrument["last_ticks"]
        instrument["mark_ts_local"] = row["ts_local"]
        instrument["bars_seen"] += 1
        _average_volume(s, instrument)
        _join(s, number, instrument)
        if _is_over(s, instrument, row["ts_exchange"]):
            completed = _complete(s, number)
    return completed


@kernel
def rescale_bars(s: Any, number: int, numerator: int, denominator: int) -> None:
    """Puts the ring into terms of the shares after a split of numerator for denominator."""
    ratio = denominator / numerator
    for index in range(min(s["bar_count"][number], BARS_KEPT)):
        _rescale(s["bars"][number, index], ratio)
    _rescale(s["forming"][number], ratio)


@kernel
def _mix(row_hash: Any, word: Any) -> Any:
    value = (np.uint64(row_hash) ^ np.uint64(word)) * MULTIPLIER  # wraps, as unsigned numbers do
    return value ^ (value >> SHIFT)


@kernel
def _rescale(bar: Any, ratio: float) -> None:
    bar["open"] *= ratio
    bar["high"] *= ratio
    bar["low"] *= ratio
    bar["close"] *= ratio
    bar["volume"] /= ratio


@kernel
def _average_volume(s: Any, instrument: Any) -> None:
    if instrument["volume_known"] == 0:
        return
    instrument["volumes_seen"] += 1
    if instrument["volumes_seen"] == 1:
        instrument["volume_average"] = instrument["volume_lots"]
    else:
        change = instrument["volume_lots"] - instrument["volume_average"]
        instrument["volume_average"] += s["volume_alpha"] * change


@kernel
def _join(s: Any, number: int, instrument: Any) -> None:
    forming = s["forming"][number]
    if forming["ts_close"] == 0:
        forming["open"] = instrument["open_ticks"]
        forming["high"] = instrument["high_ticks"]
        forming["low"] = instrument["low_ticks"]
        forming["volume"] = 0.0
        s["forming_open_ts"][number] = instrument["bar_open_ts"]
    forming["high"] = max(forming["high"], float(instrument["high_ticks"]))
    forming["low"] = min(forming["low"], float(instrument["low_ticks"]))
    forming["close"] = instrument["last_ticks"]
    forming["volume"] += instrument["volume_lots"]
    forming["ts_close"] = instrument["bar_close_ts"]


@kernel
def _is_over(s: Any, instrument: Any, ts: int) -> bool:
    interval = s["bar_interval_ns"]
    if interval <= 0 or interval <= instrument["interval_ns"] or ts % interval == 0:
        return True
    if interval > DAY_NS:
        return False
    table = instrument["session_table"]
    index = session_index(s, table, ts - 1)
    return index >= 0 and s["session_close"][table, index] == ts


@kernel
def _complete(s: Any, number: int) -> bool:
    ring = s["bars"][number]
    bar = ring[s["bar_count"][number] % BARS_KEPT]
    forming = s["forming"][number]
    bar["open"] = forming["open"]
    bar["high"] = forming["high"]
    bar["low"] = forming["low"]
    bar["close"] = forming["close"]
    bar["volume"] = forming["volume"]
    bar["ts_close"] = forming["ts_close"]
    forming["ts_close"] = 0
    s["bar_count"][number] += 1
    s["updated"][number] = 1
    return True
