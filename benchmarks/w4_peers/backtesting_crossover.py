"""backtesting.py as its own quick start writes an SMA crossover: `lib.crossover` on the last two values.

It never sees a touch (averages that are equal for a bar) as a change, so its trades differ a little from
the exact rule; the table says so. Everything else is as in backtesting_py.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy
from backtesting.lib import crossover
from w4_data import CASH, FAST, QUANTITY, SLOW

from w4_peers.backtesting_py import PACKAGE, average, summary

__all__ = ["PACKAGE", "prepare", "summary"]


class SmaCross(Strategy):
    """Buys when the fast average crosses above the slow one, closes when it crosses below."""

    def init(self) -> None:
        """Both averages over all closes."""
        self.fast = self.I(average, self.data.Close, FAST)
        self.slow = self.I(average, self.data.Close, SLOW)

    def next(self) -> None:
        """A market order fills at the next open."""
        if crossover(self.fast, self.slow):
            self.buy(size=QUANTITY)
        elif crossover(self.slow, self.fast):
            self.position.close()


def prepare(bars: dict[str, np.ndarray]) -> Callable[[], Any]:
    """The frame and the Backtest object are made before the clock starts."""
    columns = {name.capitalize(): bars[name] for name in ("open", "high", "low", "close", "volume")}
    frame = pd.DataFrame(columns, index=pd.to_datetime(bars["ts"]))
    return Backtest(frame, SmaCross, cash=CASH, commission=0.0, finalize_trades=False).run
