"""nautilus_trader 1.x: a Cython engine over a Rust core, the strategy a Python class.

Its input is a list of TradeTick objects, made before the clock starts. Logging is bypassed, the closing
statistics are off and no fee or latency model is set; risk engine, cache, account and portfolio are as
they come. The venue fills a market order from a book of one level that it moves to the price of each trade,
so an order of `on_trade_tick` fills at the trade that decided it.
"""

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.common.config import LoggingConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AccountType, AggressorSide, OmsType, OrderSide, OrderStatus
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy
from w12_data import ALPHA, CASH, LOOKBACK, THRESHOLD, prices

__all__ = ["PACKAGE", "prepare", "summary"]

PACKAGE = "nautilus_trader"
VENUE = Venue("SIM")
ID = InstrumentId(Symbol("W12"), VENUE)
INSTRUMENT = Equity(
    instrument_id=ID,
    raw_symbol=ID.symbol,
    currency=USD,
    price_precision=1,
    price_increment=Price.from_str("0.1"),
    lot_size=Quantity.from_int(1),
    maker_fee=Decimal(0),
    taker_fee=Decimal(0),
    ts_event=0,
    ts_init=0,
)


class EachTrade(Strategy):
    """W1: an exponential average of the price, and the trades above it."""

    def on_start(self) -> None:
        """Every trade is wanted."""
        self.average: float | None = None
        self.calls = self.above = 0
        self.subscribe_trade_ticks(ID)

    def on_trade_tick(self, tick: TradeTick) -> None:
        """The work of W1."""
        price = tick.price.as_double()
        if self.average is None:
            self.average = price
        self.average += ALPHA * (price - self.average)
        self.calls += 1
        self.above += price > self.average


class Momentum(Strategy):
    """W2: long one lot from one threshold to the other."""

    def on_start(self) -> None:
        """Every trade is wanted; the last prices are kept in ticks, as floats."""
        self.last: deque[float] = deque(maxlen=LOOKBACK + 1)
        self.long = False
        self.lot = INSTRUMENT.make_qty(1)
        self.subscribe_trade_ticks(ID)

    def on_trade_tick(self, tick: TradeTick) -> None:
        """The work of W2."""
        price, last = tick.price.as_double(), self.last
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


def make_ticks(trades: np.ndarray) -> list[TradeTick]:
    """One object a trade, by the package's own constructor from arrays."""
    ts_ns = trades["ts_ns"].astype(np.uint64)
    sides = np.where(trades["side"] > 0, AggressorSide.BUYER.value, AggressorSide.SELLER.value)
    return TradeTick.from_raw_arrays_to_list(
        ID,
        1,
        0,
        prices(trades),
        trades["size_lots"].astype(np.float64),
        sides.astype(np.uint8),
        [str(number) for number in range(1, len(trades) + 1)],
        ts_ns,
        ts_ns,
    )


def prepare(trades: np.ndarray, work: str) -> Callable[[], Any]:
    """The ticks, the venue and the strategy are made before the clock starts."""
    logging = LoggingConfig(bypass_logging=True)
    engine = BacktestEngine(BacktestEngineConfig(logging=logging, run_analysis=False))
    engine.add_venue(VENUE, OmsType.NETTING, AccountType.CASH, [Money(CASH, USD)], base_currency=USD)
    engine.add_instrument(INSTRUMENT)
    engine.add_data(make_ticks(trades))
    strategy = STRATEGIES[work]()
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
