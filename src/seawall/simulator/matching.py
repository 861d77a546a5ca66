"""Bar mode: which orders a bar fills, when, and at what price (SPEC.md F10).

Rule 1: what a bar's open can fill is filled when the open is seen; what its high and low
        can fill, when its closing packet has ended. Nothing fills inside a packet.
Rule 2: the adverse comes first: in one bar stops go before all others.
Rule 3: a bar that began before an order arrived cannot fill it, and an order that could
        trade at the open has had its turn in that bar.
Rule 4: no fill beyond an order's limit. A market order that would need it waits; a limit
        that trades at an open pays its costs up to the limit.
Rule 5: one bar's volume is shared: at an open the last known volume counts, at a close the
        bar's own, and what was filled before in the bar is taken off.

The conditions of each fill stand in docs/venue.md.
"""

import math
from typing import Any

from seawall.kernels.jit import kernel
from seawall.kernels.rows import BAR_CLOSE, BAR_HIGH, BAR_LOW, BAR_OPEN, FLAG_LAST, FLAG_NO_VOLUME
from seawall.kernels.state import FINE_PER_TICK
from seawall.model.kinds import Liquidity, ReportKind
from seawall.model.orders import OrderType, TimeInForce
from seawall.model.reasons import Reason
from seawall.simulator.costs import book_fill, cost_fine
from seawall.simulator.state import IMPACT_NONE, SIGMA_LAMBDA
from seawall.simulator.table import end_order, remove_order

__all__ = ["take_row"]

MARKET = int(OrderType.MARKET)
STOP_LIMIT = int(OrderType.STOP_LIMIT)
IOC = int(TimeInForce.IOC)
FOK = int(TimeInForce.FOK)
TAKER = int(Liquidity.TAKER)
MAKER = int(Liquidity.MAKER)
CANCELLED = int(ReportKind.CANCELLED)
NO_LIQUIDITY = int(Reason.VENUE_NO_LIQUIDITY)
TIME_IN_FORCE = int(Reason.VENUE_TIME_IN_FORCE)
PPM = 1_000_000


@kernel
def take_row(v: Any, row: Any) -> None:
    """Takes one row of a bar; at the LAST row of its packet orders are matched."""
    instrument = v["instruments"][row["instrument"]]
    kind = row["kind"]
    price = row["price_ticks"]
    if kind == BAR_OPEN:
        instrument["bar_number"] += 1
        instrument["bar_started"] = 1
        instrument["used_lots"] = 0
        instrument["open_ticks"] = price
        instrument["high_ticks"] = price
        instrument["low_ticks"] = price
        instrument["last_ticks"] = price
    elif kind in (BAR_HIGH, BAR_LOW, BAR_CLOSE):
        instrument["high_ticks"] = max(instrument["high_ticks"], price)
        instrument["low_ticks"] = min(instrument["low_ticks"], price)
        if kind == BAR_CLOSE:
            _take_close(instrument, row)
    if row["flags"] & FLAG_LAST:
        _end_packet(v, instrument, row)


@kernel
def _take_close(instrument: Any, row: Any) -> None:
    instrument["close_seen"] = 1
    instrument["close_ticks"] = row["price_ticks"]
    unknown = row["flags"] & FLAG_NO_VOLUME
    instrument["bar_volume_lots"] = instrument["assumed_volume_lots"] if unknown else row["size_lots"]


@kernel
def _end_packet(v: Any, instrument: Any, row: Any) -> None:
    if row["kind"] == BAR_OPEN:
        if instrument["working"] > 0:
            _match(v, row["instrument"], row["ts_exchange"], True)
    elif instrument["close_seen"]:
        if instrument["working"] > 0 and instrument["bar_started"]:
            _match(v, row["instrument"], row["ts_exchange"], False)
        _learn(v, instrument)


@kernel
def _learn(v: Any, instrument: Any) -> None:
    """A bar is over: volatility and average volume move by one, after the orders were matched."""
    close = float(instrument["close_ticks"])
    instrument["last_ticks"] = instrument["close_ticks"]
    instrument["close_seen"] = 0
    instrument["bar_started"] = 0
    instrument["bars_closed"] += 1
    if close > 0.0:
        if instrument["sigma_close"] > 0.0:
            change = math.log(close / instrument["sigma_close"])
            kept = SIGMA_LAMBDA * instrument["sigma_squared"]
            instrument["sigma_squared"] = kept + (1.0 - SIGMA_LAMBDA) * change * change
        instrument["sigma_close"] = close
    volume = instrument["bar_volume_lots"]
    if volume >= 0:
        first = instrument["volume_average"] <= 0.0
        step = (float(volume) - instrument["volume_average"]) * v["volume_alpha"]
        instrument["volume_average"] = float(volume) if first else instrument["volume_average"] + step
        instrument["previous_volume_lots"] = volume


@kernel
def _match(v: Any, number: int, ts: int, at_open: bool) -> None:
    """Tries all orders of an instrument, stops first, each group in the order of arrival."""
    for stops in (True, False):
        index = 0
        while index < v["order_count"]:
            order = v["orders"][index]
            mine = order["instrument"] == number and (order["order_type"] == STOP_LIMIT) == stops
            if mine and _try(v, order, ts, at_open) and _end_if_over(v, index, ts):
                continue
            index += 1


@kernel
def _try(v: Any, order: Any, ts: int, at_open: bool) -> bool:
    """Fills what can be filled; whether this was the attempt that an IOC or FOK order has."""
    return _try_open(v, order, ts) if at_open else _try_close(v, order, ts)


@kernel
def _try_open(v: Any, order: Any, ts: int) -> bool:
    instrument = v["instruments"][order["instrument"]]
    price = instrument["open_ticks"]
    side = order["side"]
    if order["order_type"] == STOP_LIMIT and not order["triggered"]:
        if side * (price - order["stop_ticks"]) < 0:
            return False
        order["triggered"] = 1
    room = side * (order["limit_ticks"] - price)
    is_market = order["order_type"] == MARKET
    if room < (0 if is_market else v["adversarial"]):
        return True
    order["bar_number"] = instrument["bar_number"]  # it had its turn in this bar
    lots = _fillable(v, instrument, order, instrument["previous_volume_lots"])
    if lots > 0:
        spread, impact = cost_fine(v, instrument, price, lots)
        if not is_market:
            spread = min(spread, room * FINE_PER_TICK)
            impact = min(impact, room * FINE_PER_TICK - spread)
        if spread + impact <= room * FINE_PER_TICK:
            book_fill(v, order, ts, lots, price * FINE_PER_TICK, spread, impact, TAKER)
    return True


@kernel
def _try_close(v: Any, order: Any, ts: int) -> bool:
    instrument = v["instruments"][order["instrument"]]
    if order["order_type"] == MARKET or order["bar_number"] >= instrument["bar_number"]:
        return False
    if order["order_type"] == STOP_LIMIT and not order["triggered"]:
        return _try_stop(v, order, instrument, ts)
    side = order["side"]
    extreme = instrument["low_ticks"] if side > 0 else instrument["high_ticks"]
    if side * (order["limit_ticks"] - extreme) < v["adversarial"]:
        return False
    lots = _fillable(v, instrument, order, instrument["bar_volume_lots"])
    if lots > 0:
        book_fill(v, order, ts, lots, order["limit_ticks"] * FINE_PER_TICK, 0, 0, MAKER)
    return True


@kernel
def _try_stop(v: Any, order: Any, instrument: Any, ts: int) -> bool:
    """A stop that was touched inside the bar fills at the stop with costs, or rests as a limit."""
    side = order["side"]
    extreme = instrument["high_ticks"] if side > 0 else instrument["low_ticks"]
    if side * (extreme - order["stop_ticks"]) < 0:
        return False
    order["triggered"] = 1
    room = side * (order["limit_ticks"] - order["stop_ticks"]) * FINE_PER_TICK
    lots = _fillable(v, instrument, order, instrument["bar_volume_lots"])
    if lots > 0:
        spread, impact = cost_fine(v, instrument, order["stop_ticks"], lots)
        if spread + impact <= room:
            book_fill(v, order, ts, lots, order["stop_ticks"] * FINE_PER_TICK, spread, impact, TAKER)
    return True


@kernel
def _fillable(v: Any, instrument: Any, order: Any, volume: int) -> int:
    """The lots that the bar's volume leaves for the order; FOK takes all or nothing."""
    leaves = order["quantity_lots"] - order["cumulative_lots"]
    if v["impact_model"] != IMPACT_NONE and instrument["volume_average"] <= 0.0:
        return 0
    lots = leaves
    if v["participation_ppm"] >= 0:
        if volume < 0:
            return 0
        # volume * ppm / 1e6, rounded down, without the large product
        cap = volume // PPM * v["participation_ppm"] + volume % PPM * v["participation_ppm"] // PPM
        lots = max(min(leaves, cap - instrument["used_lots"]), 0)
    return 0 if order["time_in_force"] == FOK and lots < leaves else lots


@kernel
def _end_if_over(v: Any, index: int, ts: int) -> bool:
    """Takes a filled order from the table, and one whose single attempt was made."""
    order = v["orders"][index]
    if order["cumulative_lots"] == order["quantity_lots"]:
        remove_order(v, index)
        return True
    if order["time_in_force"] != IOC and order["time_in_force"] != FOK:
        return False
    reason = TIME_IN_FORCE if order["cumulative_lots"] > 0 else NO_LIQUIDITY
    end_order(v, index, ts, CANCELLED, reason)
    return True
