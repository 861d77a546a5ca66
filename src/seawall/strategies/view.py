"""The view: what a policy may see at a wake, and nothing that it could change.

Rule 1: all that the view hands out is a number, a frozen struct or a copy; the arrays behind it
        are read-only, so a policy cannot move the desk's books even by accident.
Rule 2: it shows the present and the completed past: a bar that is still forming is not in it.
Rule 3: an unknown name is a PolicyError with what was probably meant, never a NaN. NaN means
        that the number does not exist yet: a feature is warming up, no bar has closed.
Rule 4: positions, orders and prices are this strategy's; cash, equity and drawdown are the account's.

Theory of operation: the view is made once and reads the state's own memory, so that a wake
constructs nothing. Columns of the state are kept as memoryviews, which are several times as
fast as indexing numpy records; the state must therefore be changed in place and never be
replaced. For the hottest policies `reader` binds one feature of one instrument into a callable
without arguments, once, in the policy's `start`.

Where an instrument is named, its number (`view.index(name)`) does as well and is no slower.
"""

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from typing import Any

import msgspec
import numpy as np

from seawall.kernels.book import new_books
from seawall.kernels.state import BARS_KEPT
from seawall.model.errors import PolicyError
from seawall.model.instruments import CURRENCY_EXPONENTS, Instrument
from seawall.model.kinds import WakeReason
from seawall.model.orders import OrderState, OrderType, Side
from seawall.model.predictions import ModelPrediction
from seawall.strategies.tick_view import TickView
from seawall.strategies.wakes import OnCrossing
from seawall.strategies.wiring import Feature

__all__ = ["Bar", "MarketSnapshot", "PortfolioState", "Reader", "View", "WorkingOrder"]

MASK = BARS_KEPT - 1  # the ring's length is a power of two
PRICES = ("open", "high", "low", "close")


class Bar(msgspec.Struct, frozen=True):
    """One completed bar: prices in currency, volume in lots, ts_close in ns UTC."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    ts_close: int


class WorkingOrder(msgspec.Struct, frozen=True):
    """One of the strategy's orders that can still fill; lots are what is left, prices in currency."""

    order_id: int
    instrument: str
    side: Side
    lots: int
    filled_lots: int
    order_type: OrderType
    limit: float
    state: OrderState


class MarketSnapshot(msgspec.Struct, frozen=True):
    """The market at a wake: prices (last closes), last bars and features by name, in currency."""

    ts: int
    prices: dict[str, float]
    bars: dict[str, Bar]
    features: dict[str, dict[str, float]]


class PortfolioState(msgspec.Struct, frozen=True):
    """The books at a wake: money in currency, positions and working lots by name, where not 0."""

    cash: float
    available_cash: float
    equity: float
    drawdown: float
    positions: dict[str, int]
    working: dict[str, int]


Reader = Callable[[], float]
"""One feature of one instrument, bound: call it for the present value (NaN until warm)."""


class View(TickView):
    """A read-only window on the state of a desk, for one of its strategies.

    state: array of one STATE; instruments, features and crossings in the order in which the
    desk entered them; predictions: the newest by (name, instrument), kept by the desk; books:
    depth, for instruments that have it.
    """

    def __init__(
        self,
        state: np.ndarray,
        instruments: Sequence[Instrument],
        features: Sequence[Feature] = (),
        *,
        crossings: Sequence[OnCrossing] = (),
        predictions: Mapping[tuple[str, str], ModelPrediction] | None = None,
        strategy: int = 0,
        currency: str = "USD",
        books: np.ndarray | None = None,
    ) -> None:
        frozen = state.view()
        frozen.flags.writeable = False
        s: Any = frozen
        self._names = tuple(instrument.name for instrument in instruments)
        # Names and numbers lead to the number, so that both cost one look-up.
        self._index: dict[str | int, int] = {name: number for number, name in enumerate(self._names)}
        self._index.update({number: number for number in range(len(self._names))})
        self._features = {feature.name: feature for feature in dict.fromkeys(features)}
        self._feature_index = {name: number for number, name in enumerate(self._features)}
        self._crossings = tuple(crossing.name for crossing in crossings)
        self._predictions: Mapping[tuple[str, str], ModelPrediction] = (
            {} if predictions is None else predictions
        )
        self._readers: dict[tuple[str, str | int], Reader] = {}
        self._strategy = strategy
        self._scale = 10.0 ** CURRENCY_EXPONENTS[currency]
        # tick * lots of a price as a fraction: a decimal tick then gives the nearest float
        ticks = [instrument.tick.as_integer_ratio() for instrument in instruments]
        self._tick = [(float(numerator), float(denominator)) for numerator, denominator in ticks]
        self._tick_values = [float(instrument.tick_value) for instrument in instruments]
        self._inverse = [instrument.inverse for instrument in instruments]
        self._bind(s, strategy, len(self._names))
        depth = (new_books(0) if books is None else books).view()
        depth.flags.writeable = False
        self._bind_ticks(s, depth, len(self._names))

    def _bind(self, s: Any, strategy: int, count: int) -> None:
        """Memoryviews of the columns that policies read at each wake."""
        ledger = s["ledger"]
        self._now = s["now_ns"].item
        self._reasons = s["wake_reasons"].item
        self._crossed = s["crossed"].item
        self._cash = ledger["cash_minor"].item
        self._reserved = ledger["reserved_minor"].item
        self._equity = ledger["equity_minor"].item
        self._drawdown = ledger["drawdown_ppm"].item
        self._updated = memoryview(s["updated"][0, :count])
        self._bar_counts = memoryview(s["bar_count"][0])
        self._open_orders = memoryview(s["open_orders"][0])
        self._lots = memoryview(s["positions"][0, strategy]["lots"])
        self._costs = memoryview(s["positions"][0, strategy]["cost_minor"])
        self._bar_rings = [s["bars"][0, number] for number in range(count)]
        self._columns = {
            field: [memoryview(ring[field]) for ring in self._bar_rings] for field in (*PRICES, "volume")
        }
        self._closes = self._columns["close"]
        self._feature_shown = s["feature_shown"][0]
        self._orders = s["orders"][0]
        self._order_count = s["order_count"].item

    # --- the wake --------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """The time of this wake, ns UTC."""
        return self._now()

    @property
    def reasons(self) -> int:
        """Why the policy was woken: bits of WakeReason."""
        return self._reasons()

    def woken_by(self, reason: WakeReason) -> bool:
        """Whether this is one of the reasons of the wake."""
        return bool(self._reasons() & reason)

    @property
    def updated(self) -> tuple[str, ...]:
        """The instruments whose bar closed in this wake, in the desk's order."""
        return tuple(compress(self._names, self._updated))

    @property
    def crossed(self) -> tuple[str, ...]:
        """The names of the crossings that happened in this wake, in any instrument."""
        bits = self._crossed()
        return tuple(name for number, name in enumerate(self._crossings) if bits >> number & 1)

    # --- the market ------------------------------------------------------------------------

    @property
    def instruments(self) -> tuple[str, ...]:
        """The names of what the desk trades, in the desk's order."""
        return self._names

    def index(self, instrument: str | int) -> int:
        """The number of an instrument, for use in place of its name."""
        number = self._index.get(instrument)
        return self._unknown("instrument", instrument, self._names) if number is None else number

    def open(self, instrument: str | int) -> float:
        """The open of the last completed bar, in currency; NaN before the first."""
        return self._last("open", instrument)

    def high(self, instrument: str | int) -> float:
        """The high of the last completed bar, in currency; NaN before the first."""
        return self._last("high", instrument)

    def low(self, instrument: str | int) -> float:
        """The low of the last completed bar, in currency; NaN before the first."""
        return self._last("low", instrument)

    def close(self, instrument: str | int) -> float:
        """The close of the last completed bar, in currency; NaN before the first."""
        number = self._index.get(instrument)
        if number is None:
            number = self.index(instrument)
        count = self._bar_counts[number]
        numerator, denominator = self._tick[number]
        return self._closes[number][(count - 1) & MASK] * numerator / denominator if count else math.nan

    def volume(self, instrument: str | int) -> float:
        """The volume of the last completed bar, in lots; NaN before the first."""
        number = self.index(instrument)
        count = self._bar_counts[number]
        return self._columns["volume"][number][(count - 1) & MASK] if count else math.nan

    def bars(self, instrument: str | int, count: int) -> np.ndarray:
        """The last `count` completed bars, oldest first: a copy, array [<= count] of BAR.

        Prices in currency, adjusted for splits; fewer while fewer have completed. More than
        the desk keeps is a PolicyError.
        """
        number = self.index(instrument)
        bars = self._bar_rings[number][self._places(number, count)]
        numerator, denominator = self._tick[number]
        for field in PRICES:
            bars[field] = bars[field] * numerator / denominator
        return bars

    def closes(self, instrument: str | int, count: int) -> np.ndarray:
        """The closes of the last `count` completed bars, oldest first: a copy, array [<= count]."""
        number = self.index(instrument)
        numerator, denominator = self._tick[number]
        return self._bar_rings[number]["close"][self._places(number, count)] * numerator / denominator

    def feature(self, feature: str, instrument: str | int) -> float:
        """A declared feature, by name; NaN until warm. Features of a price are in currency."""
        bound = self._readers.get((feature, instrument))
        return bound() if bound is not None else self.reader(feature, instrument)()

    def reader(self, feature: str, instrument: str | int) -> Reader:
        """The same, bound once: a callable without arguments, for policies that wake often.

        Bind it in the policy's `start`; snapshots of the policy leave it out and `start` makes it anew.
        """
        found = self._readers.get((feature, instrument))
        if found is not None:
            return found
        number = self.index(instrument)
        place = self._feature_index.get(feature)
        if place is None:
            place = self._unknown("feature", feature, tuple(self._features))
        bound: Reader = self._feature_shown[number, place : place + 1].item
        self._readers[feature, instrument] = bound
        return bound

    def prediction(self, name: str, instrument: str | int) -> ModelPrediction | None:
        """The newest prediction of that name for the instrument; None before the first."""
        return self._predictions.get((name, self._names[self.index(instrument)]))

    @property
    def market(self) -> MarketSnapshot:
        """Prices, bars and features as one object, made when asked for."""
        seen = [name for name in self._names if self._bar_counts[self._index[name]]]
        return MarketSnapshot(
            ts=self.now,
            prices={name: self.close(name) for name in seen},
            bars={name: Bar(*self.bars(name, 1)[0].item()) for name in seen},
            features={
                feature: {name: self.feature(feature, name) for name in self._names}
                for feature in self._features
            },
        )

    # --- the books -------------------------------------------------------------------------

    @property
    def cash(self) -> float:
        """Cash of the account, in currency."""
        return self._cash() / self._scale

    @property
    def available_cash(self) -> float:
        """Cash that no working order has reserved, in currency."""
        return (self._cash() - self._reserved()) / self._scale

    @property
    def equity(self) -> float:
        """Equity of the account as of its last mark, in currency."""
        return self._equity() / self._scale

    @property
    def drawdown(self) -> float:
        """How far the equity stands below its peak, as a fraction >= 0."""
        return self._drawdown() / 1e6

    def position(self, instrument: str | int) -> int:
        """Lots that this strategy holds; negative is short."""
        number = self._index.get(instrument)
        return self._lots[self.index(instrument) if number is None else number]

    def average_price(self, instrument: str | int) -> float:
        """Average price that the position cost, in currency; NaN without a position.

        The price at which all of it would have cost the same: of an inverse contract the harmonic mean.
        """
        number = self.index(instrument)
        lots = self._lots[number]
        if lots == 0:
            return math.nan
        numerator, denominator = self._tick[number]
        if self._inverse[number]:
            cost = -self._costs[number]
            return lots * self._tick_values[number] / cost * numerator / denominator if cost else math.nan
        return self._costs[number] / lots / self._tick_values[number] * numerator / denominator

    def working(self, instrument: str | int) -> int:
        """Signed lots that this strategy's working orders would still fill."""
        if self._open_orders[self.index(instrument)] == 0:
            return 0
        return sum(order.side * order.lots for order in self.orders(instrument))

    def orders(self, instrument: str | int) -> tuple[WorkingOrder, ...]:
        """This strategy's orders in the instrument that can still fill, oldest first."""
        number = self.index(instrument)
        if self._open_orders[number] == 0:
            return ()
        found = [
            self._order(number, record)
            for record in self._orders[: self._order_count()]
            if record["instrument"] == number and record["strategy"] == self._strategy
        ]
        return tuple(sorted(found, key=lambda order: order.order_id))

    @property
    def portfolio(self) -> PortfolioState:
        """Cash, equity, positions and working lots as one object, made when asked for."""
        positions = {name: self.position(name) for name in self._names}
        working = {name: self.working(name) for name in self._names}
        return PortfolioState(
            cash=self.cash,
            available_cash=self.available_cash,
            equity=self.equity,
            drawdown=self.drawdown,
            positions={name: lots for name, lots in positions.items() if lots},
            working={name: lots for name, lots in working.items() if lots},
        )

    # --- within ----------------------------------------------------------------------------

    def _last(self, field: str, instrument: str | int) -> float:
        number = self.index(instrument)
        count = self._bar_counts[number]
        if count == 0:
            return math.nan
        numerator, denominator = self._tick[number]
        return self._columns[field][number][(count - 1) & MASK] * numerator / denominator

    def _places(self, number: int, count: int) -> np.ndarray:
        """Where the last bars stand in the ring, oldest first."""
        if not 1 <= count <= BARS_KEPT:
            raise PolicyError(f"{self._names[number]}: bars are kept for 1 to {BARS_KEPT}, asked for {count}")
        last = self._bar_counts[number]
        return np.arange(max(last - count, 0), last) & MASK

    def _order(self, number: int, record: Any) -> WorkingOrder:
        numerator, denominator = self._tick[number]
        return WorkingOrder(
            order_id=int(record["order_id"]),
            instrument=self._names[number],
            side=Side(int(record["side"])),
            lots=int(record["quantity_lots"]) - int(record["filled_lots"]),
            filled_lots=int(record["filled_lots"]),
            order_type=OrderType(int(record["order_type"])),
            limit=int(record["limit_ticks"]) * numerator / denominator,
            state=OrderState(int(record["state"])),
        )

    def _unknown(self, kind: str, given: object, names: tuple[str, ...]) -> int:
        near = difflib.get_close_matches(str(given), names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"this desk has {', '.join(names) or 'none'}"
        raise PolicyError(f"unknown {kind} {given!r}: {hint}")
