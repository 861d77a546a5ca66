"""nautilus_trader 2.0 (release candidate): the whole engine in Rust, the strategy a Python class.

What is said in nautilus.py holds here: ticks made before the clock starts, no logging, no closing
statistics, no fees, no latency, all else as it comes. The wheel's strategies in Rust are a fixed choice of
samples, and none of them does this work, so the strategy is in Python here too.
"""

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import LoggerConfig
from nautilus_trader.execution import MakerTakerFeeModel
from nautilus_trader.model import (
    AccountType,
    AggressorSide,
    Currency,
    Equity,
    InstrumentId,
    Money,
    OmsType,
    OrderSide,
    OrderStatus,
    Price,
    Quantity,
    TradeId,
    TradeTick,
    Venue,
)
from nautilus_trader.trading import Strategy, StrategyConfig
from w12_data import ALPHA, CASH, LOOKBACK, THRESHOLD, prices

__all__ = ["PACKAGE", "prepare", "summary"]

PACKAGE = "nautilus_trader"
VENUE = Venue("SIM")
ID = InstrumentId.from_str("W12.SIM")
USD = Currency.from_str("USD")
CHUNK = 100_000  # the engine copies what it is given, so the objects need not all be there at once


class EachTrade(Strategy):
    """W1: an exponential average of the price, and the trades above it."""

    def on_start(self) -> None:
        """Every trade is wanted."""
        self.average: float | None = None
        self.calls = self.above = 0
        self.subscribe_trades(ID)

    def on_trade(self, trade: TradeTick) -> None:
        """The work of W1."""
        price = trade.price.as_double()
        if self.average is None:
            self.average = price
        self.average += ALPHA * (price - self.average)
        self.calls += 1
        self.above += price > self.average


class Momentum(Strategy):
    """W2: long one lot from one threshold to the other."""

    def on_start(self) -> None:
        """Every trade is wanted."""
        self.last: deque[float] = deque(maxlen=LOOKBACK + 1)
        self.long = False
        self.lot = Quantity(1.0, 0)
        self.subscribe_trades(ID)

    def on_trade(self, trade: TradeTick) -> None:
        """The work of W2."""
        price, last = trade.price.as_double(), self.last
        last.append(price)
        if len(last) <= LOOKBACK:
            return
        momentum = price - last[0]
        if momentum >= THRESHOLD and not self.long:
            self.long = True
            self.submit_order(self.order_factory.market(ID, OrderSide.BUY, self.lot))
        elif momentum <= -THRESHOLD and self.long:
            self.long = False
            self.submit_order(self.order_factory.market(ID, OrderSide.SELL, self.lot))


STRATEGIES = {"w1": EachTrade, "w2": Momentum}


def make_ticks(trades: np.ndarray, first_number: int) -> list[TradeTick]:
    """One object a trade; the wheel has no constructor from arrays."""
    columns = zip(prices(trades).tolist(), trades["size_lots"].tolist(), trades["side"].tolist(),
                  trades["ts_ns"].tolist(), strict=True)  # fmt: skip
    sides = {1: AggressorSide.BUY, -1: AggressorSide.SELL}
    return [
        TradeTick(ID, Price(price, 1), Quantity(size, 0), sides[side], TradeId(str(number)), ts_ns, ts_ns)
        for number, (price, size, side, ts_ns) in enumerate(columns, first_number)
    ]


def prepare(trades: np.ndarray, work: str) -> Callable[[], Any]:
    """The ticks, the venue and the strategy are made before the clock starts."""
    logging = LoggerConfig(bypass_logging=True)
    engine = BacktestEngine(BacktestEngineConfig(logging=logging, bypass_logging=True, run_analysis=False))
    engine.add_venue(
        VENUE,
        OmsType.NETTING,
        AccountType.CASH,
        [Money(CASH, USD)],
        base_currency=USD,
        fee_model=MakerTakerFeeModel(Decimal(0), Decimal(0)),
    )
    engine.add_instrument(Equity(ID, ID.symbol, USD, 1, Price(0.1, 1), 0, 0, lot_size=Quantity(1, 0)))
    for start in range(0, len(trades), CHUNK):
        engine.add_data(make_ticks(trades[start : start + CHUNK], start + 1), sort=False)
    engine.sort_data()
    strategy = STRATEGIES[work](StrategyConfig())
    engine.add_strategy(strategy)
    last_price = float(prices(trades[-1:])[0])

    def run() -> Any:
        engine.run()
        return work, engine, strategy, last_price

    return run


def summary(outcome: Any) -> dict[str, float]:
    """What the strategy counted, or what the engine's cache and account say."""
    work, engine, strategy, last_price = outcome
    if work == "w1":
        result = {"calls": strategy.calls, "above": strategy.above}
    else:
        filled = [order for order in engine.cache.orders() if order.status == OrderStatus.FILLED]
        position = int(engine.portfolio.net_position(ID))
        cash = engine.cache.account_for_venue(VENUE).balance_total(USD).as_double()
        equity = cash + position * last_price
        result = {"orders": len(filled), "position": position, "equity": equity}
    engine.dispose()
    return result
