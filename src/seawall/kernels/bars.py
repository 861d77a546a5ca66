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

__all__ = [
    "average_volume",
    "complete",
    "mix_row",
    "rescale_bars",
    "session_index",
    "sessions_closed",
    "take",
    "take_bar_row",
]

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
SHIFT = np.uint64(29)
HALF = np.uint64(32)
MULTIPLIERS = (  # odd, from the fractions of the square roots of 2, 3, 5, 7, 11 and 13
    np.uint64(0x6A09E667F3BCC909),
    np.uint64(0xBB67AE8584CAA73B),
    np.uint64(0x3C6EF372FE94F82B),
    np.uint64(0xA54FF53A5F1D36F1),
    np.uint64(0x510E527FADE682D1),
    np.uint64(0x9B05688C2B3E6C1F),
)
DAY_NS = 86_400_000_000_000


@kernel
def mix_row(row_hash: int, row: Any) -> int:
    """The running 64-bit hash after one more row: a sum of its six words times odd constants, mixed in.

    It ties each record to the rows before it; tamper evidence is the SHA-256 beside it. The products
    do not wait for each other, nor for the row before.
    """
    word = int(row["instrument"]) * 4294967296 + int(row["kind"]) * 16777216
    word += (int(row["side"]) + 128) * 65536 + int(row["flags"])
    total = _spread(row["ts_exchange"]) * MULTIPLIERS[0] + _spread(row["ts_local"]) * MULTIPLIERS[1]
    total += _spread(row["sequence"]) * MULTIPLIERS[2] + _spread(row["price_ticks"]) * MULTIPLIERS[3]
    total += _spread(row["size_lots"]) * MULTIPLIERS[4] + _spread(word) * MULTIPLIERS[5]
    value = (np.uint64(row_hash) ^ total) * MULTIPLIER  # wraps, as unsigned numbers do
    return value ^ (value >> SHIFT)


@kernel
def _spread(word: Any) -> Any:
    """The word with its upper half mixed into the lower, so that its highest bits count as the others do."""
    whole = np.uint64(word)
    return whole ^ (whole >> HALF)


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
            completed = complete(s, number)
    if kind <= BAR_CLOSE:
        take_bar_row(s, row)
    if kind >= BAR_HIGH and row["flags"] & FLAG_LAST:
        instrument["mark_ticks"] = instrument["last_ticks"]
        instrument["mark_ts_local"] = row["ts_local"]
        instrument["bars_seen"] += 1
        average_volume(s, instrument)
        _join(s, number, instrument)
        if _is_over(s, instrument, row["ts_exchange"]):
            completed = complete(s, number)
    return completed


@kernel
def rescale_bars(s: Any, number: int, numerator: int, denominator: int) -> None:
    """Puts the ring into terms of the shares after a split of numerator for denominator."""
    ratio = denominator / numerator
    for index in range(min(s["bar_count"][number], BARS_KEPT)):
        _rescale(s["bars"][number, index], ratio)
    _rescale(s["forming"][number], ratio)


@kernel
def _rescale(bar: Any, ratio: float) -> None:
    bar["open"] *= ratio
    bar["high"] *= ratio
    bar["low"] *= ratio
    bar["close"] *= ratio
    bar["volume"] /= ratio


@kernel
def average_volume(s: Any, instrument: Any) -> None:
    """Moves the instrument's average volume by its newest one, where that is known."""
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
def complete(s: Any, number: int) -> bool:
    """Moves the bar that was forming into the ring; True, for callers that answer so."""
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
