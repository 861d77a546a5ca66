"""hftbacktest, each of its methods called from plain Python; W1 alone.

Its input is its own array of events, made and handed over before the clock starts. A feed that is also the
end of the data answers 1 in place of 2, so the last trade is read after the loop.

W2 is left out: hftbacktest fills an order against a book, never against a trade. A book made up from the
trades would bring two or more book events for each of them and fill at its sides, which is another work.
"""

from collections.abc import Callable
from typing import Any

import hftbacktest
import numpy as np
from hft_setup import make_backtest
from hftbacktest.types import event_dtype
from w12_data import ALPHA, TICKS_PER_UNIT, prices

__all__ = ["PACKAGE", "EachTrade", "make_events", "prepare", "summary"]

PACKAGE = "hftbacktest"
FOREVER_NS = 10**18
FEED = 2


def make_events(trades: np.ndarray) -> np.ndarray:
    """Each trade as an event that exchange and strategy see at the same time."""
    events = np.zeros(len(trades), dtype=event_dtype)
    kind = hftbacktest.EXCH_EVENT | hftbacktest.LOCAL_EVENT | hftbacktest.TRADE_EVENT
    events["ev"] = kind | np.where(trades["side"] > 0, hftbacktest.BUY_EVENT, hftbacktest.SELL_EVENT)
    events["exch_ts"] = events["local_ts"] = trades["ts_ns"]
    events["px"], events["qty"] = prices(trades), trades["size_lots"]
    return events


class EachTrade:
    """W1: an exponential average of the price, and the trades above it."""

    def __init__(self) -> None:
        self.average = 0.0
        self.calls = self.above = 0

    def on_trade(self, price: float) -> None:
        """The work of W1."""
        if not self.calls:
            self.average = price
        self.average += ALPHA * (price - self.average)
        self.calls += 1
        self.above += price > self.average


def loop(backtest: Any, strategy: EachTrade) -> None:
    """The loop of its documentation, from feed to feed."""
    going = True
    while going:
        going = backtest.wait_next_feed(False, FOREVER_NS) == FEED
        for trade in backtest.last_trades(0):
            strategy.on_trade(float(trade["px"]))
        backtest.clear_last_trades(0)


def prepare(trades: np.ndarray, work: str) -> Callable[[], Any]:
    """Events and backtest are made before the clock starts."""
    assert work == "w1", work
    events = make_events(trades)
    backtest = make_backtest(events, 1.0 / TICKS_PER_UNIT, trades_kept=1)

    def run() -> Any:
        strategy = EachTrade()
        loop(backtest, strategy)
        return strategy, backtest, events  # the engine reads the events where they are

    return run


def summary(outcome: Any) -> dict[str, float]:
    """What the strategy counted."""
    strategy, backtest, _ = outcome
    backtest.close()
    return {"calls": strategy.calls, "above": strategy.above}
