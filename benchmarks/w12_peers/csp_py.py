"""csp: a graph of nodes on a C++ scheduler; here a node in Python sees each trade.

Its input is times and prices as numpy arrays, made before the clock starts. csp has no broker: W2 has a toy
one in a node of its own, which fills an order at the price of its trade and keeps position and cash. There
is no order object, no risk, no account, and no equity until the run is over.
"""

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import csp
import numpy as np
from csp import ts
from w12_data import ALPHA, CASH, FIRST_NS, LOOKBACK, THRESHOLD, prices

__all__ = ["PACKAGE", "broker", "prepare", "prepare_graph", "summary"]

PACKAGE = "csp"
FIRST = datetime.fromtimestamp(FIRST_NS // 10**9, tz=UTC).replace(tzinfo=None)  # csp's times are naive UTC
YEAR = timedelta(days=365)  # far behind the last trade: the run ends with the data


@csp.node
def each_trade(price: ts[float], result: dict):
    """W1: an exponential average of the price, and the trades above it."""
    with csp.state():
        s_average = 0.0
        s_calls = 0
        s_above = 0
    with csp.stop():
        result.update(calls=s_calls, above=s_above)
    if csp.ticked(price):
        if s_calls == 0:
            s_average = price
        s_average += ALPHA * (price - s_average)
        s_calls += 1
        s_above += price > s_average


@csp.node
def momentum(price: ts[float]) -> ts[int]:
    """W2: the lots to buy or sell, where a threshold is passed."""
    with csp.state():
        s_last = deque(maxlen=LOOKBACK + 1)
        s_long = False
    if csp.ticked(price):
        s_last.append(price)
        if len(s_last) > LOOKBACK:
            change = price - s_last[0]
            if change >= THRESHOLD and not s_long:
                s_long = True
                csp.output(1)
            elif change <= -THRESHOLD and s_long:
                s_long = False
                csp.output(-1)


@csp.node
def broker(order: ts[int], price: ts[float], result: dict):
    """Fills at the price of the trade, keeps position and cash."""
    with csp.state():
        s_orders = 0
        s_position = 0
        s_cash = float(CASH)
    with csp.start():
        csp.make_passive(price)
    with csp.stop():
        result.update(orders=s_orders, position=s_position, cash=s_cash)
    if csp.ticked(order):
        s_orders += 1
        s_position += order
        s_cash -= order * price


@csp.graph
def graph_w1(arrays: object, result: dict):
    """One node."""
    each_trade(csp.curve(float, arrays), result)


@csp.graph
def graph_w2(arrays: object, result: dict):
    """Signal and broker."""
    price = csp.curve(float, arrays)
    broker(momentum(price), price, result)


def prepare_graph(trades: np.ndarray, graph: Any) -> Callable[[], Any]:
    """The arrays are made before the clock starts."""
    arrays = (trades["ts_ns"].astype("datetime64[ns]"), prices(trades))
    result: dict[str, float] = {"last_price": float(arrays[1][-1])}

    def run() -> Any:
        csp.run(graph, arrays, result, starttime=FIRST, endtime=FIRST + YEAR)
        return result

    return run


def prepare(trades: np.ndarray, work: str) -> Callable[[], Any]:
    """W1 or W2."""
    return prepare_graph(trades, {"w1": graph_w1, "w2": graph_w2}[work])


def summary(outcome: Any) -> dict[str, float]:
    """What the last node of the graph was left with; what is held is worth the last price."""
    last_price = outcome.pop("last_price")
    if "cash" in outcome:
        outcome["equity"] = outcome.pop("cash") + outcome["position"] * last_price
    return outcome
