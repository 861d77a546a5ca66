"""No engine: the work itself in a bare loop over a list of prices, to see what an engine adds to it.

It runs in seawall's own Python, and holds neither orders nor a ledger but two numbers.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from w12_data import ALPHA, CASH, LOOKBACK, THRESHOLD, prices

__all__ = ["PACKAGE", "prepare", "summary"]

PACKAGE = "numpy"


def each_trade(values: list[float]) -> dict[str, float]:
    """W1: an exponential average of the price, and the trades above it."""
    average, calls, above = values[0], 0, 0
    for price in values:
        average += ALPHA * (price - average)
        calls += 1
        above += price > average
    return {"calls": calls, "above": above}


def momentum(values: list[float]) -> dict[str, float]:
    """W2: long one lot from one threshold to the other, filled at the price that decided."""
    last: deque[float] = deque(maxlen=LOOKBACK + 1)
    orders, position, cash = 0, 0, float(CASH)
    for price in values:
        last.append(price)
        if len(last) <= LOOKBACK:
            continue
        change = price - last[0]
        if change >= THRESHOLD and not position:
            orders, position, cash = orders + 1, 1, cash - price
        elif change <= -THRESHOLD and position:
            orders, position, cash = orders + 1, 0, cash + price
    return {"orders": orders, "position": position, "equity": cash + position * values[-1]}


def prepare(trades: np.ndarray, work: str) -> Callable[[], Any]:
    """The list of prices is made before the clock starts."""
    values = prices(trades).tolist()
    loop = {"w1": each_trade, "w2": momentum}[work]
    return lambda: loop(values)


def summary(outcome: Any) -> dict[str, float]:
    """As counted."""
    return outcome
