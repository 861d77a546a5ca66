"""hftbacktest with one compiled call a trade: the fastest way to bring its trades to plain Python.

Its methods are made for compiled code; from Python each call costs microseconds. Here a small compiled
function does the three calls of hft_plain and returns the price, and the strategy stays in Python.
"""

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from hft_setup import make_backtest
from w12_data import TICKS_PER_UNIT

from w12_peers.hft_plain import FEED, FOREVER_NS, PACKAGE, EachTrade, make_events, summary

__all__ = ["PACKAGE", "prepare", "summary"]


@numba.njit
def step(backtest: Any) -> float:
    """The price of the next trade, or NaN where there is none."""
    ended = backtest.wait_next_feed(False, FOREVER_NS) != FEED
    trades = backtest.last_trades(0)
    price = trades[0].px if len(trades) else math.nan
    backtest.clear_last_trades(0)
    return -price if ended else price


def loop(backtest: Any, strategy: EachTrade) -> None:
    """From trade to trade; the last one comes with its sign turned."""
    while (price := step(backtest)) > 0.0:
        strategy.on_trade(price)
    if price < 0.0:
        strategy.on_trade(-price)


def prepare(trades: np.ndarray, work: str) -> Callable[[], Any]:
    """Events and backtest are made before the clock starts."""
    assert work == "w1", work
    events = make_events(trades)
    backtest = make_backtest(events, 1.0 / TICKS_PER_UNIT, trades_kept=1)

    def run() -> Any:
        strategy = EachTrade()
        loop(backtest, strategy)
        return strategy, backtest, events

    return run
