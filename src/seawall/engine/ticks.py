"""Ticks in the core: what a trade, a quote or a level means for features, marks, exits and wakes.

Rule 1: nothing that a policy could decide on is told of an instrument whose touch cannot be
        trusted: a gap, a crossed or a one-sided book wake nobody until it is whole again.
Rule 2: equity follows each move of a held instrument's price at once, exactly as a full mark
        would; what else a mark brings (breakers, checks, points of the curve) waits for the end
        of a group that needs it: a wake, an event, a level of the alarm, the time of a point.
Rule 3: a packet that does not end within PACKET_ROWS_MAX rows halts: its feed is broken.

Theory of operation: `take_tick_row` is called for each row. Whether the group has work at its end
is told by `has_work`, so that the fused loop may pass over groups that have none.
"""

from typing import Any

from seawall.kernels import bar_features
from seawall.kernels.jit import kernel
from seawall.kernels.rows import FLAG_LAST, GAP, QUOTE_ASK, QUOTE_BID, TRADE
from seawall.kernels.tick_features import update_touch, update_trade
from seawall.kernels.ticks import (
    BAR_ENDED,
    PRICE_MOVED,
    TOUCH_MOVED,
    TRADED,
    is_decidable,
    take_gap,
    take_levels,
    take_quote,
    take_trade,
)
from seawall.model.kinds import WakeReason
from seawall.portfolio.marking import remark

__all__ = ["HALT_PACKET", "PACKET_ROWS_MAX", "has_work", "take_tick_row"]

HALT_PACKET = 3  # a packet of more rows than any venue sends
PACKET_ROWS_MAX = 65_536

WAKE_CLOSE = int(WakeReason.BAR_CLOSE)
WAKE_CROSSING = int(WakeReason.CROSSING)
WAKE_TRADE = int(WakeReason.TRADE)
WAKE_QUOTE = int(WakeReason.QUOTE)
WAKE_PACKET = int(WakeReason.PACKET)


@kernel
def take_tick_row(s: Any, books: Any, row: Any) -> None:
    """Takes one row of trades, quotes or levels; the caller has checked its time."""
    number = row["instrument"]
    tick = s["ticks"][number]
    assert tick["is_ticks"] == 1
    kind = row["kind"]
    s["group_ticks"] = 1
    if kind == TRADE:
        changed = take_trade(s, number, row)
    elif kind in (QUOTE_BID, QUOTE_ASK):
        changed = take_quote(s, number, row)
    elif kind == GAP:
        changed = take_gap(s, books, number, row)
    else:
        changed = take_levels(s, books, number, row)
    if changed:
        _follow(s, number, tick, changed)
    if row["flags"] & FLAG_LAST:
        tick["packet_rows"] = 0
        if s["wake_packet"] and is_decidable(tick):
            s["wake_reasons"] |= WAKE_PACKET
        return
    tick["packet_rows"] += 1
    if tick["packet_rows"] >= PACKET_ROWS_MAX and s["stop_code"] == 0:
        s["stop_code"] = HALT_PACKET
        s["stop_sequence"] = s["sequence"] + 1
        s["stop_detail"] = number


@kernel
def has_work(s: Any) -> bool:
    """Whether the open group must be closed in full: somebody wakes, or the books want to be settled."""
    if s["wake_reasons"] != 0 or s["group_events"] > 0 or s["group_bars"] > 0:
        return True
    return s["group_alarm"] > 0 or s["group_exits"] > 0 or s["now_ns"] >= s["attention_ns"]


@kernel
def _follow(s: Any, number: int, tick: Any, changed: int) -> None:
    """What the changed bits of a row lead to."""
    decidable = is_decidable(tick)
    if changed & PRICE_MOVED:
        _mark(s, number)
    wakes = 0
    if changed & TRADED:
        if s["trade_feature_count"] > 0:
            update_trade(s, number)
        if s["wake_trade"]:
            wakes |= WAKE_TRADE
    if changed & TOUCH_MOVED:
        if s["tick_features"] > 0 and decidable:
            update_touch(s, number)
        if s["wake_quote"]:
            wakes |= WAKE_QUOTE
    if changed & BAR_ENDED:
        bar_features.update(s, number)
        s["group_bars"] += 1
        if s["wake_bar_close"]:
            wakes |= WAKE_CLOSE
    if s["crossing_count"] > 0 and decidable and bar_features.check_crossings(s, number):
        wakes |= WAKE_CROSSING
    if decidable:
        s["wake_reasons"] |= wakes


@kernel
def _mark(s: Any, number: int) -> None:
    """The price moves what is held of the instrument, and its exits want to see it.

    A group that has events, or begins a day, is marked in full at its end and not before: a fill
    that is half in the books would look like a gain, and a day starts from the equity before it.
    """
    s["instruments"][number]["mark_ticks"] = s["instruments"][number]["last_ticks"]
    if s["net_lots"][number] != 0:
        if s["group_events"] == 0 and s["now_ns"] < s["day_ends_ns"]:
            remark(s, number)
    elif s["strategy_count"] == 1:
        return  # nothing is held, so nothing is watched
    for strategy in range(s["strategy_count"]):
        if s["exits"][strategy, number]["active"] != 0:
            s["group_exits"] = 1
