"""A busy desk on made-up ticks for the tests: every wake of ticks, every kind of order, any streams.

`TickWorld` keeps one folder with catalogs of two instruments: "plain", "faulty" (gaps, crossed and
one-sided moments) and "slow" (faulty, and a feed that takes 50 to 500 ms). A market has all three streams;
the desk reads those that it is told to.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from tick_world import TickMarket

from seawall.config import parse_desk
from seawall.model.instruments import Instrument
from seawall.runtime.backtest import Backtest, start
from seawall.runtime.desk import AssembledDesk, assemble
from seawall.store.catalog import Catalog
from seawall.store.ticks import write_ticks

__all__ = ["CommandTap", "TickWorld"]

DESK = """
[desk]
name = "ticks"
cash = 100_000_000
account = "margin"
equity_interval = "10s"
rebalance_band = 0.0
[data]
catalog = "MARKET"
instruments = ["ONE", "TWO"]
streams = STREAMS
[strategy]
path = "POLICY.py"
[risk]
order_notional_max = 250_000
order_lots_max = 1_000
order_volume_share_max = "none"
instrument_open_orders_max = 24
price_collar = 0.05
duplicate_window = "0s"
max_age = "3m"
[venue]
latency_order = {p50 = "20ms", p99 = "2s"}
latency_response = {p50 = "20ms", p99 = "2s"}
volume_interval = "3s"
p_reject = 0.05
taker_bps = 2.5
maker_bps = -0.5
"""

POLICY = '''
"""A policy that uses every wake of ticks and every kind of order; it is not meant to earn anything."""

from decimal import Decimal

from seawall.features.bars import Sma
from seawall.features.ticks import Imbalance, Mid, TradeChange, TradeEwma
from seawall.model.intents import Cancel, CancelAll, Exits, Order, Target
from seawall.model.kinds import WakeReason
from seawall.model.orders import OrderType, Side, TimeInForce
from seawall.strategies.wakes import OnBarClose, OnCrossing, OnOrder, OnQuote, OnTimer, OnTrade

KINDS = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)
TICK = Decimal("0.1")
MARKET_WAKES = WakeReason.TRADE | WakeReason.QUOTE


class Quick:
    features = FEATURES
    wakes = WAKES

    def __init__(self):
        self.turn = 0

    def decide(self, view):
        self.turn += 1
        name = view.instruments[self.turn % 2]
        bid, ask = PRICES
        if not bid > 0:
            return
        bid, ask = Decimal(str(round(bid, 1))), Decimal(str(round(ask, 1)))
        values = {"turn": self.turn, "bid": float(bid)}
        side = Side.BUY if self.turn % 5 < 3 else Side.SELL
        best = bid if side > 0 else ask
        if view.woken_by(WakeReason.TIMER):
            yield CancelAll(instrument=name, reason="the timer")
        elif view.woken_by(WakeReason.CROSSING) and self.turn % 3 == 0:
            exits = Exits(trailing=0.0005, time_bars=EXIT_BARS)
            yield Target(name, lots=int(side) * 15, reason="a crossing", values=values, exits=exits)
        elif view.woken_by(WakeReason.ORDER) and self.turn % 4 == 0:
            for order in view.orders(name)[:1]:
                yield Cancel(order.order_id, reason="an order")
        elif view.woken_by(WakeReason.BAR_CLOSE):
            yield Target(name, lots=0, reason="a bar", values=values)
        elif view.reasons & MARKET_WAKES:
            yield from self.orders(name, side, best, values, view.position(name), bid, ask)

    def orders(self, name, side, best, values, position, bid, ask):
        turn, kind = self.turn, KINDS[self.turn // 3 % 4]
        if turn % 6 == 0:
            yield Order(name, side=side, lots=4, order_type=OrderType.LIMIT, time_in_force=TimeInForce.GTC,
                        limit=best - side * TICK * (turn % 4 - 1), post_only=turn % 4 != 0,
                        reason="a quote", values=values)
        elif turn % 11 == 0:
            yield Order(name, side=side, lots=9 + turn % 60, order_type=OrderType.LIMIT, time_in_force=kind,
                        limit=best + side * (1 + turn % 3) * TICK, reason="a take", values=values)
        elif turn % 13 == 0:
            yield Order(name, side=side, lots=20, order_type=OrderType.STOP_LIMIT, time_in_force=kind,
                        limit=best + side * (2 + turn % 3) * TICK, stop=best + side * (turn % 5) * TICK,
                        reason="a stop", values=values)
        elif turn % 17 == 0:
            yield Order(name, side=side, lots=30 + turn % 90, time_in_force=kind, reason="a market order")
        elif position and turn % 5 == 0:
            away = Side.SELL if position > 0 else Side.BUY
            near, stops = bid if away < 0 else ask, turn % 3 == 0
            yield Order(name, side=away, lots=12, reduce_only=True, time_in_force=kind, reason="less",
                        order_type=OrderType.STOP_LIMIT if stops else OrderType.LIMIT,
                        limit=near + away * (3 * stops - 1 + turn % 2) * TICK,
                        stop=near + away * TICK if stops else None)
'''

QUOTE = "view.bid(name), view.ask(name)"
TRADE = "view.last_trade(name), view.last_trade(name)"
WITH_TRADES = 'OnTrade(), OnOrder(), OnTimer("7s", if_changed=True), OnBarClose("5s"), '
POLICIES = {  # name -> features, wakes, prices, exits in bars
    "both": (
        "(TradeChange(20), Sma(3), Imbalance(), TradeEwma(9), Mid())",
        f'({WITH_TRADES} OnQuote(), OnCrossing("trade_change_20", 0.25), OnCrossing("mid", "trade_ewma_9"))',
        QUOTE,
        "3",
    ),
    "trades": (
        "(TradeChange(20), Sma(3), TradeEwma(9))",
        f'({WITH_TRADES} OnCrossing("trade_change_20", 0.25), OnCrossing("sma_3", "trade_ewma_9"))',
        TRADE,
        "3",
    ),
    "quotes": (
        "(Imbalance(), Mid())",
        '(OnQuote(), OnOrder(), OnTimer("7s", if_changed=True), OnCrossing("imbalance", 0.1))',
        QUOTE,
        "None",
    ),
}
FEEDS_MS = {"plain": (1, 80), "faulty": (1, 80), "slow": (50, 500)}


class TickWorld:
    """Makes the markets and desks in a folder."""

    def __init__(self, folder: Path, packets: int) -> None:
        self.folder = folder
        for name, (features, wakes, prices, bars) in POLICIES.items():
            text = POLICY.replace("FEATURES", features).replace("= WAKES", f"= {wakes}")
            text = text.replace("PRICES", prices).replace("EXIT_BARS", bars)
            (folder / f"{name}.py").write_text(text)
        for name, latency_ms in FEEDS_MS.items():
            self._write_market(name, packets, latency_ms)

    def _write_market(self, name: str, packets: int, latency_ms: tuple[int, int]) -> None:
        for instrument, seed in (("ONE", 1), ("TWO", 2)):
            self._write(name, instrument, seed, packets, latency_ms)
        self.packets = packets

    def add(self, market: str, instrument: str, seed: int) -> None:
        """One more instrument in a market, once."""
        if instrument not in Catalog(self.folder / market).instruments():
            self._write(market, instrument, seed, self.packets, FEEDS_MS[market])

    def _write(self, market: str, name: str, seed: int, packets: int, latency_ms: tuple[int, int]) -> None:
        catalog = Catalog(self.folder / market)
        catalog.write_instrument(Instrument(name=name, tick=Decimal("0.1"), sessions="24/7", shortable=True))
        for kind, frame in TickMarket(seed, market != "plain", latency_ms).run(packets).items():
            write_ticks(catalog, kind, name, frame)

    def text(self, market: str, streams: tuple[str, ...]) -> str:
        """The desk file for a market and the streams that are read of it."""
        policy = "both" if len(streams) > 1 else streams[0]
        listed = "[" + ", ".join(f'"{stream}"' for stream in streams) + "]"
        return DESK.replace("MARKET", market).replace("POLICY", policy).replace("STREAMS", listed)

    def assembled(self, market: str, streams: tuple[str, ...], *overrides: str) -> AssembledDesk:
        """That desk, ready to run."""
        return assemble(parse_desk(self.text(market, streams), overrides), self.folder)

    def started(
        self, market: str, streams: tuple[str, ...], *overrides: str, chunk_rows: int = 65_536
    ) -> Backtest:
        """A run of it by the fused loop that has not taken a row yet."""
        text = self.text(market, streams)
        return start(parse_desk(text, overrides), text, self.folder, None, chunk_rows)


class CommandTap:
    """Stands before a backtest's policy, and notes at each wake what was sent to the venue since the last.

    The venue's queue is a ring: what has arrived stays readable until it is written over. Its capacity is
    far above what can be sent between two wakes; a whole turn would be seen as a hole in `commands`.
    """

    def __init__(self, backtest: Backtest) -> None:
        self.venue, self.decider = backtest.venue[0], backtest.engine.policy
        self.commands: list[np.ndarray] = []
        self.tail = 0
        backtest.engine.policy = self

    def decide(self, view: Any) -> Any:
        """What the policy wants."""
        self.drain()
        return self.decider.decide(view)

    def drain(self) -> list[np.ndarray]:
        """All commands so far, in the order of sending."""
        queue = self.venue["commands"]
        tail = (self.venue["command_head"] + self.venue["command_count"]) % len(queue)
        while self.tail != tail:
            self.commands.append(queue[self.tail]["command"].copy())
            self.tail = (self.tail + 1) % len(queue)
        return self.commands
