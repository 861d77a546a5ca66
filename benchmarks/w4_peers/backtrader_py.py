"""backtrader: `next()` in Python on each bar, its own broker and orders; observers are switched off."""

from collections.abc import Callable
from typing import Any

import backtrader
import numpy as np
import pandas as pd
from w4_data import CASH, FAST, QUANTITY, SLOW, TIE

PACKAGE = "backtrader"


class Crossover(backtrader.Strategy):
    """Long while the fast average is above the slow one."""

    def __init__(self) -> None:
        self.fast = backtrader.indicators.SimpleMovingAverage(self.data.close, period=FAST)
        self.slow = backtrader.indicators.SimpleMovingAverage(self.data.close, period=SLOW)
        self.orders_filled = self.trades_closed = 0

    def notify_order(self, order: Any) -> None:
        """Count the orders done."""
        self.orders_filled += order.status == order.Completed

    def notify_trade(self, trade: Any) -> None:
        """Count the round trips."""
        self.trades_closed += trade.isclosed

    def next(self) -> None:
        """A market order fills at the next open."""
        above = self.fast[0] - self.slow[0] > TIE
        if above and not self.position:
            self.buy(size=QUANTITY)
        elif not above and self.position:
            self.close()


def prepare(bars: dict[str, np.ndarray]) -> Callable[[], Any]:
    """The frame, the feed and the broker are made before the clock starts."""
    columns = {name: bars[name] for name in ("open", "high", "low", "close", "volume")}
    frame = pd.DataFrame(columns, index=pd.to_datetime(bars["ts"]))
    cerebro = backtrader.Cerebro(stdstats=False)
    cerebro.broker.setcash(CASH)
    cerebro.adddata(backtrader.feeds.PandasData(dataname=frame))
    cerebro.addstrategy(Crossover)
    return lambda: cerebro.run()[0]


def summary(outcome: Any) -> dict[str, float]:
    """What the strategy was told by its broker."""
    equity = outcome.broker.getvalue()
    return {"orders": outcome.orders_filled, "trades": outcome.trades_closed, "equity": equity}
