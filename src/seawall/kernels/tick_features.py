"""The arithmetic of tick features: numbers that are known with each trade or each move of the touch.

Rule 1: a feature of trades changes with trades alone, one of the touch with the touch alone.
Rule 2: NaN until it can be computed, a finite number for ever after.
Rule 3: prices are integer ticks until the last step, so that differences are exact.

Theory of operation: the table of features holds those of bars first, then those of trades, then
those of the touch (strategies/wiring.py sorts them), so that each event looks at its own alone.
Crossings are those of bar features. Names and parameters stand in features/ticks.py.
"""

import math
from typing import Any

from seawall.kernels.bar_features import show
from seawall.kernels.jit import kernel
from seawall.kernels.state import TRADES_KEPT

__all__ = [
    "IMBALANCE",
    "LAST_TRADE",
    "MICROPRICE",
    "MID",
    "SPREAD",
    "TOUCH_KINDS",
    "TRADE_CHANGE",
    "TRADE_EWMA",
    "TRADE_KINDS",
    "TRADE_RETURN",
    "update_touch",
    "update_trade",
]

LAST_TRADE = 101
TRADE_CHANGE = 102
TRADE_RETURN = 103
TRADE_EWMA = 104
MID = 121
SPREAD = 122
IMBALANCE = 123
MICROPRICE = 124

TRADE_KINDS = (LAST_TRADE, TRADE_CHANGE, TRADE_RETURN, TRADE_EWMA)
TOUCH_KINDS = (MID, SPREAD, IMBALANCE, MICROPRICE)


@kernel
def update_trade(s: Any, number: int) -> None:
    """The features of trades after a trade of the instrument has entered its ring."""
    first = s["bar_feature_count"]
    for place in range(first, first + s["trade_feature_count"]):
        s["feature_values"][number, place] = _trade_value(s, number, place)
        show(s, number, place)


@kernel
def update_touch(s: Any, number: int) -> None:
    """The features of the touch after a whole touch."""
    for place in range(s["bar_feature_count"] + s["trade_feature_count"], s["feature_count"]):
        s["feature_values"][number, place] = _touch_value(s, number, place)
        show(s, number, place)


@kernel
def _trade_value(s: Any, number: int, place: int) -> float:
    feature = s["features"][place]
    kind, window = feature["kind"], feature["window"]
    ring, seen = s["trades"][number], s["ticks"][number]["trades_seen"]
    price = ring[(seen - 1) & (TRADES_KEPT - 1)]["price_ticks"]
    if kind == LAST_TRADE:
        return float(price)
    if kind == TRADE_EWMA:
        return _ewma(s["feature_state"][number, place], float(price), window)
    if seen <= window:
        return math.nan
    before = ring[(seen - 1 - window) & (TRADES_KEPT - 1)]["price_ticks"]
    change = float(price - before)
    return change if kind == TRADE_CHANGE else change / before


@kernel
def _ewma(state: Any, price: float, span: int) -> float:
    """m += a (x - m) with a = 2 / (span + 1), from the first price on (Finch 2009)."""
    if state[1] == 0.0:
        state[0] = price
        state[1] = 1.0
    else:
        state[0] += 2.0 / (span + 1.0) * (price - state[0])
    return state[0]


@kernel
def _touch_value(s: Any, number: int, place: int) -> float:
    tick = s["ticks"][number]
    kind = s["features"][place]["kind"]
    bid, ask = float(tick["bid_ticks"]), float(tick["ask_ticks"])
    if kind == MID:
        return (bid + ask) / 2.0
    if kind == SPREAD:
        return ask - bid
    bids, asks = float(tick["bid_lots"]), float(tick["ask_lots"])
    if kind == IMBALANCE:
        return (bids - asks) / (bids + asks)
    return (bids * ask + asks * bid) / (bids + asks)
