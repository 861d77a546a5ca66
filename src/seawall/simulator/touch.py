"""Matching on ticks: orders against the touch and the displayed depth (SPEC.md F1 to F3, F7).

Rule 1: a taker pays the worst of three prices: half a spread and the impact away from the middle,
        the average over the displayed depth that it takes, the opposite touch.
Rule 2: depth that the desk took is not there a second time: it comes back with a half-life.
Rule 3: an order rests once the market is beyond its limit. A resting order fills, in full and at
        its limit, when a trade goes through it or when the opposite best reaches it; a trade at
        its limit fills it only where the venue is not adversarial. The queue is not modelled.
Rule 4: no fill beyond an order's limit: what is left of it waits, or ends where it may not wait.
Rule 5: a stop is triggered by trades, or by the opposite touch where there are none; it is then a
        limit order that has just arrived.
Rule 6: a reduce-only order never fills more than the desk's position at this venue.

Without quotes the last trade takes the place of the middle. The conditions stand in docs/venue.md.
"""

import math
from typing import Any

import numpy as np

from seawall.kernels.book import BOOK_OK
from seawall.kernels.jit import kernel
from seawall.kernels.state import FINE_PER_TICK
from seawall.model.kinds import Liquidity, ReportKind
from seawall.model.orders import OrderType, TimeInForce
from seawall.model.reasons import Reason
from seawall.model.units import share_ceil, share_floor
from seawall.simulator.costs import COST_BPS_MAX, book_fill, impact_bps
from seawall.simulator.state import IMPACT_NONE, TAKEN_KEPT
from seawall.simulator.table import end_order, remove_order

__all__ = ["match_touch", "try_arrived", "would_take"]

MARKET = int(OrderType.MARKET)
STOP_LIMIT = int(OrderType.STOP_LIMIT)
IOC = int(TimeInForce.IOC)
FOK = int(TimeInForce.FOK)
TAKER = int(Liquidity.TAKER)
MAKER = int(Liquidity.MAKER)
CANCELLED = int(ReportKind.CANCELLED)
NO_LIQUIDITY = int(Reason.VENUE_NO_LIQUIDITY)
TIME_IN_FORCE = int(Reason.VENUE_TIME_IN_FORCE)
REDUCE_ONLY = int(Reason.VENUE_REDUCE_ONLY)
FORGOTTEN_LOTS = 0.5  # less than half a lot is nothing


@kernel
def try_arrived(v: Any, books: Any, index: int, ts: int) -> None:
    """The first look at an order, as it arrives; on bars there is none."""
    order = v["orders"][index]
    if v["ticks"][order["instrument"]]["is_ticks"] == 0:
        return
    _try(v, books, order, ts, 0)
    _end_if_over(v, index, ts)


@kernel
def match_touch(v: Any, books: Any, number: int, ts: int, trade_ticks: int) -> None:
    """Looks at all orders of an instrument after a packet, stops first, each group by arrival.

    trade_ticks: the price of the packet's trade, 0 where it was none.
    """
    for stops in (True, False):
        index = 0
        while index < v["order_count"]:
            order = v["orders"][index]
            if order["instrument"] == number and (order["order_type"] == STOP_LIMIT) == stops:
                _try(v, books, order, ts, trade_ticks)
                if _end_if_over(v, index, ts):
                    continue
            index += 1


@kernel
def would_take(v: Any, number: int, side: int, limit_ticks: int) -> bool:
    """Whether an order at this limit would trade on arrival; no order does without a known price."""
    tick = v["ticks"][number]
    if not _is_priced(tick):
        return False
    return side * (limit_ticks - _opposite(tick, side)) >= 0


@kernel
def _is_priced(tick: Any) -> bool:
    """Whether the instrument's orders can be matched now."""
    if tick["has_touch"] == 1:
        return tick["status"] == BOOK_OK
    return tick["trade_ticks"] > 0


@kernel
def _opposite(tick: Any, side: int) -> int:
    """What a buyer or a seller trades against: the other side's best, or the last trade."""
    if tick["has_touch"] == 0:
        return tick["trade_ticks"]
    return tick["ask_ticks"] if side > 0 else tick["bid_ticks"]


@kernel
def _try(v: Any, books: Any, order: Any, ts: int, trade_ticks: int) -> None:
    """Fills what can be filled of one order now."""
    tick = v["ticks"][order["instrument"]]
    if not _is_priced(tick):
        return
    side = order["side"]
    if order["order_type"] == STOP_LIMIT and not order["triggered"]:
        if not _is_triggered(tick, order, trade_ticks):
            return
        order["triggered"] = 1
    lots = _leaves(tick, order)
    if lots <= 0:
        return
    reached = side * (order["limit_ticks"] - _opposite(tick, side)) >= 0
    if order["order_type"] == MARKET or order["resting"] == 0:
        if reached:
            _take(v, books, order, tick, ts, lots)
        elif order["order_type"] != MARKET:
            order["resting"] = 1
    elif _is_through(v, tick, order, trade_ticks) or (tick["has_touch"] == 1 and reached):
        _fill(v, order, tick, ts, lots, order["limit_ticks"] * FINE_PER_TICK, 0, 0, MAKER)


@kernel
def _is_triggered(tick: Any, order: Any, trade_ticks: int) -> bool:
    price = trade_ticks
    if tick["has_trades"] == 0:
        price = _opposite(tick, order["side"])
    elif price == 0 and order["bar_number"] == 0:  # as it arrives: the newest trade counts
        price = tick["trade_ticks"]
    order["bar_number"] = 1
    return price > 0 and order["side"] * (price - order["stop_ticks"]) >= 0


@kernel
def _is_through(v: Any, tick: Any, order: Any, trade_ticks: int) -> bool:
    """Whether a trade reached a resting order: beyond its limit, or at it if the venue is kind."""
    return trade_ticks > 0 and order["side"] * (order["limit_ticks"] - trade_ticks) >= v["adversarial"]


@kernel
def _leaves(tick: Any, order: Any) -> int:
    leaves = order["quantity_lots"] - order["cumulative_lots"]
    if order["reduce_only"]:
        return min(leaves, -order["side"] * tick["position_lots"])
    return leaves


@kernel
def _take(v: Any, books: Any, order: Any, tick: Any, ts: int, lots: int) -> None:
    """One attempt to take liquidity up to the order's limit."""
    instrument = v["instruments"][order["instrument"]]
    side, limit = order["side"], order["limit_ticks"]
    average_fine = 0
    if tick["book"] >= 0:
        book = books[tick["book"]]
        lots, average_fine = _sweep(v, book, tick, side, lots, limit, ts, False)
    whole = order["quantity_lots"] - order["cumulative_lots"]
    if lots <= 0 or (order["time_in_force"] == FOK and lots < whole):
        return
    if tick["book"] < 0 and v["impact_model"] != IMPACT_NONE and instrument["volume_average"] <= 0.0:
        return  # no depth and no volume: what it would cost is not known
    middle_fine, half_fine = _middle(v, tick)
    slip = impact_bps(v, instrument, lots) if instrument["volume_average"] > 0.0 else 0.0
    impact_fine = math.ceil(middle_fine / FINE_PER_TICK * min(slip, COST_BPS_MAX))
    cost = half_fine + impact_fine
    cost = max(cost, side * (_opposite(tick, side) * FINE_PER_TICK - middle_fine))
    if average_fine > 0:
        cost = max(cost, side * (average_fine - middle_fine))
    room = side * (limit * FINE_PER_TICK - middle_fine)
    if cost > room:
        if order["order_type"] == MARKET:
            return  # a market order that would need more than its worst price waits
        cost = room
    if tick["book"] >= 0:
        _sweep(v, books[tick["book"]], tick, side, lots, limit, ts, True)
    spread = min(half_fine, cost)
    _fill(v, order, tick, ts, lots, middle_fine, spread, cost - spread, TAKER)


@kernel
def _middle(v: Any, tick: Any) -> tuple[int, int]:
    """The middle of the touch and the half spread, both in ten-thousandths of a tick (F1)."""
    least = v["half_spread_bps_min"]
    if tick["has_touch"] == 0:
        middle = tick["trade_ticks"] * FINE_PER_TICK
        return middle, math.ceil(tick["trade_ticks"] * least)
    middle = (tick["bid_ticks"] + tick["ask_ticks"]) * (FINE_PER_TICK // 2)
    quoted = (tick["ask_ticks"] - tick["bid_ticks"]) * (FINE_PER_TICK // 2)
    return middle, max(quoted, math.ceil(middle / FINE_PER_TICK * least))


@kernel
def _sweep(
    v: Any, book: Any, tick: Any, side: int, lots: int, limit: int, ts: int, note: bool
) -> tuple[int, int]:
    """Lots that the displayed depth gives up to the limit, and their average price, against the taker.

    The price is in ten-thousandths of a tick. What the desk took before is missing from a level
    until it has come back; `note` writes down what is taken now.
    """
    against = 1 if side > 0 else 0
    keys, sizes = book["keys"][against], book["lots"][against]
    parts = np.zeros(book["counts"][against] if note else 0, np.int64)
    taken, total = 0, 0
    place = book["counts"][against] - 1
    while place >= 0 and taken < lots:
        price = abs(keys[place])
        if side * (limit - price) < 0:
            break
        there = sizes[place] - math.ceil(_missing(v, tick, side, price, ts) - FORGOTTEN_LOTS)
        part = min(max(there, 0), lots - taken)
        if part > 0:
            taken += part
            total += part * price
            if note:
                parts[place] = part
        place -= 1
    for place in range(len(parts) - 1, -1, -1):  # only now: to remember a level may forget a later one
        if parts[place] > 0:
            _note_taken(v, tick, side, abs(keys[place]), parts[place], ts)
    if taken == 0:
        return 0, 0
    # exact also where the lots are so small that the product would not fit
    if side > 0:
        return taken, share_ceil(total, FINE_PER_TICK, taken)
    return taken, share_floor(total, FINE_PER_TICK, taken)


@kernel
def _missing(v: Any, tick: Any, side: int, price: int, ts: int) -> float:
    """Lots of a level that the desk took and that have not come back yet."""
    for place in range(min(tick["taken_count"], TAKEN_KEPT)):
        if tick["taken_side"][place] == side and tick["taken_ticks"][place] == price:
            age = float(ts - tick["taken_ts"][place])
            return tick["taken_lots"][place] * 2.0 ** (-age / float(v["replenish_half_life_ns"]))
    return 0.0


@kernel
def _note_taken(v: Any, tick: Any, side: int, price: int, lots: int, ts: int) -> None:
    before = _missing(v, tick, side, price, ts)
    place = -1
    for known in range(min(tick["taken_count"], TAKEN_KEPT)):
        if tick["taken_side"][known] == side and tick["taken_ticks"][known] == price:
            place = known
    if place < 0:
        place = tick["taken_count"] % TAKEN_KEPT
        tick["taken_count"] += 1
    tick["taken_side"][place] = side
    tick["taken_ticks"][place] = price
    tick["taken_lots"][place] = before + lots
    tick["taken_ts"][place] = ts


@kernel
def _fill(
    v: Any, order: Any, tick: Any, ts: int, lots: int, base_fine: int, spread: int, impact: int,
    liquidity: int,
) -> None:  # fmt: skip
    tick["position_lots"] += order["side"] * lots
    book_fill(v, order, ts, lots, base_fine, spread, impact, liquidity)


@kernel
def _end_if_over(v: Any, index: int, ts: int) -> bool:
    """Takes a filled order from the table, and one that may not wait for another look."""
    order = v["orders"][index]
    if order["cumulative_lots"] == order["quantity_lots"]:
        remove_order(v, index)
        return True
    if order["reduce_only"] and _leaves(v["ticks"][order["instrument"]], order) <= 0:
        end_order(v, index, ts, CANCELLED, REDUCE_ONLY)
        return True
    waits = order["order_type"] == STOP_LIMIT and not order["triggered"]
    if waits or (order["time_in_force"] != IOC and order["time_in_force"] != FOK):
        return False
    end_order(v, index, ts, CANCELLED, TIME_IN_FORCE if order["cumulative_lots"] > 0 else NO_LIQUIDITY)
    return True
