"""vectorbt: whole arrays at once, a compiled order loop, no policy and no event per bar.

The signals are moved one bar on and the price is the open, so that orders fill as elsewhere. Its results
are lazy: the equity curve is asked for inside the clock, because the other engines make theirs there.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import vectorbt
from w4_data import CASH, FAST, QUANTITY, SLOW, TIE

PACKAGE = "vectorbt"


def prepare(bars: dict[str, np.ndarray]) -> Callable[[], Any]:
    """The two series are made before the clock starts."""
    index = pd.to_datetime(bars["ts"])
    close, opened = pd.Series(bars["close"], index), pd.Series(bars["open"], index)

    def run() -> Any:
        fast = vectorbt.MA.run(close, FAST).ma.to_numpy()
        slow = vectorbt.MA.run(close, SLOW).ma.to_numpy()
        above = np.zeros(len(close), dtype=np.bool_)
        above[1:] = (fast - slow > TIE)[:-1]
        folio = vectorbt.Portfolio.from_signals(
            close, above, ~above, price=opened, size=QUANTITY, init_cash=CASH, freq="1min"
        )
        return folio, folio.value()

    return run


def summary(outcome: Any) -> dict[str, float]:
    """Counts of its order and trade records."""
    folio, value = outcome
    trades = int(folio.trades.closed.count())
    return {"orders": int(folio.orders.count()), "trades": trades, "equity": float(value.iloc[-1])}
