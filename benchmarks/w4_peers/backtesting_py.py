"""backtesting.py: `next()` in Python on each bar, indicators whole before the first bar.

Its `run()` cannot leave out its statistics, so they are inside the clock. The trade open at the end is
left open (`finalize_trades=False`) and marked to market, as everywhere in W4.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy
from w4_data import CASH, FAST, QUANTITY, SLOW, TIE

PACKAGE = "backtesting"


def average(values: Any, length: int) -> pd.Series:
    """Simple moving average, NaN until `length` bars are there."""
    return pd.Series(values).rolling(length).mean()


class Crossover(Strategy):
    """Long while the fast average is above the slow one."""

    def init(self) -> None:
        """Both averages over all closes."""
        self.fast = self.I(average, self.data.Close, FAST)
        self.slow = self.I(average, self.data.Close, SLOW)

    def next(self) -> None:
        """A market order fills at the next open."""
        above = self.fast[-1] - self.slow[-1] > TIE
        if above and not self.position:
            self.buy(size=QUANTITY)
        elif not above and self.position:
            self.position.close()


def prepare(bars: dict[str, np.ndarray]) -> Callable[[], Any]:
    """The frame and the Backtest object are made before the clock starts."""
    columns = {name.capitalize(): bars[name] for name in ("open", "high", "low", "close", "volume")}
    frame = pd.DataFrame(columns, index=pd.to_datetime(bars["ts"]))
    return Backtest(frame, Crossover, cash=CASH, commission=0.0, finalize_trades=False).run


def summary(outcome: Any) -> dict[str, float]:
    """Each closed trade is two orders; the one still open is one more."""
    trades = len(outcome["_trades"])
    still_open = len(outcome["_strategy"].trades)
    return {"orders": 2 * trades + still_open, "trades": trades, "equity": outcome["Equity Final [$]"]}
