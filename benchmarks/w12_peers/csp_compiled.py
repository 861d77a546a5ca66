"""csp with its own C++ nodes: Python is called only while the momentum is beyond a threshold (W2).

The difference over a hundred trades, the comparison and the filter are nodes in C++ that ship with csp.
Input and broker are those of csp_py.
"""

from collections.abc import Callable
from typing import Any

import csp
import numpy as np
from csp import ts
from w12_data import LOOKBACK, THRESHOLD

from w12_peers.csp_py import PACKAGE, broker, prepare_graph, summary

__all__ = ["PACKAGE", "prepare", "summary"]


@csp.node
def turn(change: ts[float]) -> ts[int]:
    """The lots to buy or sell, where the change is beyond the other threshold than before."""
    with csp.state():
        s_long = False
    if csp.ticked(change):
        if change > 0.0 and not s_long:
            s_long = True
            csp.output(1)
        elif change < 0.0 and s_long:
            s_long = False
            csp.output(-1)


@csp.graph
def graph_w2(arrays: object, result: dict):
    """Signal in C++, its few ticks to Python, and the broker."""
    price = csp.curve(float, arrays)
    change = csp.diff(price, LOOKBACK)
    beyond = csp.filter(csp.abs(change) >= csp.const(THRESHOLD), change)
    broker(turn(beyond), price, result)


def prepare(trades: np.ndarray, work: str) -> Callable[[], Any]:
    """W2 alone: a callback on each trade is what it does without."""
    assert work == "w2", work
    return prepare_graph(trades, graph_w2)
