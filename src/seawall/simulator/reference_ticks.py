"""The venue on ticks once more, slow and plain: one sort of everything by time, then one pass.

Rule 1: all rows and commands are known in advance, so nothing can be late or early; that is what the
        compiled venue, fed piece by piece, has to equal.
Rule 2: it is written from the documentation (venue_ticks.md, venue.md) and shares nothing with the
        compiled venue but settings and words: books are dicts, money is Fractions. Where the page
        leaves something open, a comment that begins with "Reading" says how it is read here.

Time, latencies, draws, refusals, fees and the table of orders are those of reference.py; here stand the
books, when an order is looked at, when it fills, and what a taker pays. No run uses it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from seawall.kernels import rows as r
from seawall.kernels.state import FINE_PER_TICK
from seawall.model.instruments import Instrument
from seawall.model.kinds import Liquidity, ReportKind
from seawall.model.orders import OrderType, TimeInForce
from seawall.model.reasons import Reason
from seawall.model.sessions import DAY_NS, SessionTable
from seawall.simulator.reference import AT_ONCE, Market, Order, World, run
from seawall.simulator.settings import VenueSettings, duration_ns

__all__ = ["merge_ticks"]

CROSSED_NS_MAX = 50_000_000
EMPTY_INTERVALS_MAX = 64
LEVELS_REMEMBERED_MAX = 64
QUOTES = (r.QUOTE_BID, r.QUOTE_ASK)


def merge_ticks(
    rows: Iterable[Any],
    commands: Iterable[Any],
    settings: VenueSettings,
    instruments: Sequence[Instrument],
    sessions: Mapping[str, SessionTable],
    streams: Sequence[str],
    assumed_volume_lots: Sequence[int] | None = None,
) -> list[dict[str, int]]:
    """All reports, in the order of their making, as dicts with the names of REPORT.

    rows: ROW records in the order of their arrival; commands: COMMAND records in the order of sending;
    streams: what is read of each instrument, of "trades", "quotes" and "levels".
    """
    world = _TickWorld(settings, instruments, sessions, assumed_volume_lots, streams)
    return run(world, sorted(rows, key=lambda row: int(row["ts_exchange"])), commands)  # a stable sort


class _Book:
    """The depth of one instrument: for each side (+1 bids, -1 asks) price -> lots."""

    def __init__(self) -> None:
        self.sides: dict[int, dict[int, int]] = {1: {}, -1: {}}
        self.is_known = self.in_snapshot = False
        self.crossed_since: int | None = None

    def take(self, ts: int, row: Any) -> None:
        if row["kind"] == r.GAP:
            self._forget()
            return
        if row["kind"] == r.CLEAR:
            self.in_snapshot = self.in_snapshot or bool(row["flags"] & r.FLAG_SNAPSHOT)
            self.sides = {1: {}, -1: {}}
        elif self.is_known or self.in_snapshot:
            self.sides[int(row["side"])].pop(int(row["price_ticks"]), None)
            if row["size_lots"] > 0:
                self.sides[int(row["side"])][int(row["price_ticks"])] = int(row["size_lots"])
        if row["flags"] & r.FLAG_LAST:
            self.is_known = self.is_known or self.in_snapshot
            self.crossed_since = None if self.in_snapshot else self.crossed_since
            self.in_snapshot = False
            bid, ask = self.best(1), self.best(-1)
            crossed = self.is_known and 0 < ask < bid
            self.crossed_since = (self.crossed_since or ts) if crossed else None
            # Reading: what waits for a snapshot is a book that a message leaves crossed 50 ms or more after
            # the first that did; where nothing was heard for as long, the message that uncrosses it mends it.
            if self.crossed_since is not None and ts - self.crossed_since >= CROSSED_NS_MAX:
                self._forget()

    def _forget(self) -> None:
        self.sides, self.is_known, self.in_snapshot = {1: {}, -1: {}}, False, False
        self.crossed_since = None

    def best(self, side: int) -> int:
        """The best price of a side, 0 if it is empty."""
        return max(self.sides[side], key=lambda price: side * price, default=0)


class _Ticks:
    """What the venue knows of one instrument's ticks."""

    def __init__(self, streams: Sequence[str]) -> None:
        self.book = _Book() if "levels" in streams else None
        self.has_touch = "levels" in streams or "quotes" in streams
        self.has_trades = "trades" in streams
        self.bid = self.ask = self.pending_bid = self.trade = 0  # the last whole touch; the newest trade
        self.is_whole = False
        self.interval_ends = self.interval_lots = 0
        self.position = 0  # the desk's
        self.taken: dict[tuple[int, int], tuple[float, int]] = {}  # (side, price) -> lots, when

    @property
    def can_match(self) -> bool:
        return self.is_whole if self.has_touch else self.trade > 0

    @property
    def middle(self) -> Fraction:
        return Fraction(self.bid + self.ask, 2) if self.has_touch else Fraction(self.trade)

    def opposite(self, side: int) -> int:
        """Where a taker of that side would begin."""
        return (self.ask if side > 0 else self.bid) if self.has_touch else self.trade

    def set_touch(self, bid: int, ask: int) -> None:
        """A touch that is not whole leaves the one of before."""
        self.is_whole = 0 < bid <= ask
        if self.is_whole:
            self.bid, self.ask = bid, ask

    def reducible(self, order: Order) -> int:
        return max(-order.side * self.position, 0)


class _TickWorld(World):
    """The world of reference.py with ticks in the place of bars."""

    def __init__(
        self,
        settings: VenueSettings,
        instruments: Sequence[Instrument],
        sessions: Mapping[str, SessionTable],
        assumed: Sequence[int] | None,
        streams: Sequence[str],
    ) -> None:
        super().__init__(settings, instruments, sessions, assumed)
        self.ticks = [_Ticks(streams) for _ in instruments]
        self.interval_ns = duration_ns("volume_interval", settings.volume_interval)
        self.half_life_ns = duration_ns("replenish_half_life", settings.replenish_half_life)
        for market in self.markets:
            market.variance = settings.sigma_initial**2 * (self.interval_ns / DAY_NS)

    # --- market rows --------------------------------------------------------------------------

    def _row(self, ts: int, row: Any) -> None:
        number, kind = int(row["instrument"]), int(row["kind"])
        tick, market = self.ticks[number], self.markets[number]
        traded = 0
        if kind == r.TRADE:
            traded = int(row["price_ticks"])
            self._trade(ts, tick, market, traded, int(row["size_lots"]))
        elif kind in QUOTES:
            self._quote(tick, row)
        elif tick.book is not None and (kind != r.GAP or row["price_ticks"] == r.LEVEL):
            tick.book.take(ts, row)
        if not row["flags"] & r.FLAG_LAST:
            return
        if tick.book is not None and kind in (r.LEVEL, r.CLEAR, r.GAP):
            tick.set_touch(tick.book.best(1), tick.book.best(-1))
        # of bands and sizes: the middle of the last whole touch, rounded down
        market.last = math.floor(tick.middle)
        mine = [order for order in self.orders if order.instrument == number]
        # Reading: "stops first" goes by what an order was sent as, so a stop that has become a limit is
        # still among the first, as it is in bar mode.
        for order in sorted(mine, key=lambda each: each.type != OrderType.STOP_LIMIT):
            self._look(ts, order, traded)

    def _trade(self, ts: int, tick: _Ticks, market: Market, price: int, lots: int) -> None:
        present = ts // self.interval_ns
        if tick.interval_ends and ts >= tick.interval_ends:
            self._learn(market, tick.trade, tick.interval_lots)
            empty = present - tick.interval_ends // self.interval_ns
            for _ in range(min(empty, EMPTY_INTERVALS_MAX)):
                self._learn(market, tick.trade, 0)
            tick.interval_lots = 0
        tick.interval_ends = (present + 1) * self.interval_ns
        tick.interval_lots += lots
        tick.trade = price

    def _quote(self, tick: _Ticks, row: Any) -> None:
        """A side without lots is empty. Where levels are read, quotes say nothing."""
        price = int(row["price_ticks"]) if row["size_lots"] > 0 else 0
        if row["kind"] == r.QUOTE_BID:
            tick.pending_bid = price
        elif tick.book is None:
            tick.set_touch(tick.pending_bid, price)

    # --- commands -----------------------------------------------------------------------------

    def _new(self, ts: int, command: Any) -> None:
        before = len(self.orders)
        super()._new(ts, command)
        if len(self.orders) > before:
            self._look(ts, self.orders[-1], 0)

    def _change(self, ts: int, command: Any) -> None:
        super()._change(ts, command)
        if self.reports[-1]["kind"] == ReportKind.REPLACED:
            # Reading: it gets a first look again, so that a stop that was moved to the market triggers.
            self.orders[-1].rests, self.orders[-1].was_matched = self.orders[-1].post_only, False

    def _would_take(self, market: Market, command: Any) -> bool:
        tick, side = self.ticks[int(command["instrument"])], int(command["side"])
        room = side * (int(command["limit_ticks"]) - tick.opposite(side))
        return bool(command["post_only"]) and tick.can_match and room >= 0

    def _lacks_volume(self, market: Market) -> bool:
        # Reading: this refuses every order, also one that would only ever rest.
        tick = self.ticks[0]  # all instruments have the same streams
        needs = tick.book is None and self.settings.impact != "none"
        return needs and not tick.has_trades and market.assumed < 0

    # --- looks --------------------------------------------------------------------------------

    def _look(self, ts: int, order: Order, traded: int) -> None:
        """traded: the price of the trade that the packet is, 0 if it is none."""
        tick = self.ticks[order.instrument]
        # Reading: a look is one also while nothing is matched: an IOC ends with it, and a reduce-only
        # order that has nothing to reduce is cancelled, be it a stop that was not triggered.
        if order.reduce_only and not tick.reducible(order):
            self._end(order, ts, ReportKind.CANCELLED, Reason.VENUE_REDUCE_ONLY)
            return
        if tick.can_match:
            order.waits = order.waits and not self._is_triggered(order, tick, traded)
            order.was_matched = True
            if not order.waits:
                self._attempt(ts, order, tick, traded)
        if order.filled == order.quantity:
            self.orders.remove(order)
            self.filled.append(order.id)
        elif order.reduce_only and not tick.reducible(order):
            self._end(order, ts, ReportKind.CANCELLED, Reason.VENUE_REDUCE_ONLY)
        elif order.tif in AT_ONCE and not order.waits:
            reason = Reason.VENUE_TIME_IN_FORCE if order.filled else Reason.VENUE_NO_LIQUIDITY
            self._end(order, ts, ReportKind.CANCELLED, reason)

    def _is_triggered(self, order: Order, tick: _Ticks, traded: int) -> bool:
        if not tick.has_trades:
            price = tick.opposite(order.side)
        else:
            price = traded if order.was_matched else tick.trade
        return price > 0 and order.side * (price - order.stop) >= 0

    def _attempt(self, ts: int, order: Order, tick: _Ticks, traded: int) -> None:
        side, left = order.side, order.quantity - order.filled
        room = side * (order.limit - tick.opposite(side))
        wanted = min(left, tick.reducible(order)) if order.reduce_only else left
        if order.rests:
            through = traded > 0 and side * (order.limit - traded) >= self.touch
            if through or (tick.has_touch and room >= 0):
                self._book(
                    ts, order, self.markets[order.instrument], wanted, (order.limit, 0, 0), Liquidity.MAKER
                )
        elif room < 0:
            order.rests = order.type != OrderType.MARKET
        else:
            self._take(ts, order, tick, wanted)

    # --- taking -------------------------------------------------------------------------------

    def _take(self, ts: int, order: Order, tick: _Ticks, wanted: int) -> None:
        market, side = self.markets[order.instrument], order.side
        taken = self._levels(ts, order, tick, wanted)
        lots = sum(each for _, each in taken)
        unknown = tick.book is None and self.settings.impact != "none" and market.average <= 0.0
        if not lots or unknown or (order.tif == TimeInForce.FOK and lots < order.quantity - order.filled):
            return
        middle = tick.middle
        half = self._half_spread(tick)
        average = Fraction(sum(price * each for price, each in taken), lots)
        both = max(
            half + self._impact(market, float(middle), lots),
            math.ceil(side * (average - middle) * FINE_PER_TICK),
            math.ceil(side * (tick.opposite(side) - middle) * FINE_PER_TICK),
        )
        room = int(side * (order.limit - middle) * FINE_PER_TICK)
        if both > room and order.type == OrderType.MARKET:
            return
        both = min(both, room)
        for price, each in taken if tick.book is not None else ():
            self._remember(ts, tick, (-side, price), each)
        self._book(ts, order, market, lots, (middle, min(half, both), both), Liquidity.TAKER)

    def _half_spread(self, tick: _Ticks) -> int:
        """In ten-thousandths of a tick; a basis point of a price in ticks is one of these."""
        least = math.ceil(float(tick.middle) * (self.settings.spread_bps / 2.0))
        return max(least, (tick.ask - tick.bid) * FINE_PER_TICK // 2) if tick.has_touch else least

    def _impact(self, market: Market, middle: float, lots: int) -> int:
        s, sigma = self.settings, math.sqrt(market.variance)
        if s.impact == "none" or market.average <= 0.0:
            return 0
        scale = {"base": s.impact_base_bps, "sqrt": s.impact_y * sigma * 1e4}[s.impact]
        # Reading: as in bar mode nothing costs more than the whole price
        return math.ceil(middle * min(scale * math.sqrt(lots / market.average), 1e4))

    def _levels(self, ts: int, order: Order, tick: _Ticks, wanted: int) -> list[tuple[int, int]]:
        """What a taker finds within its limit, best first, as (price, lots)."""
        if tick.book is None:
            return [(tick.opposite(order.side), wanted)]
        displayed, found = tick.book.sides[-order.side], list[tuple[int, int]]()
        for price in sorted(displayed, key=lambda price: order.side * price):
            missing = math.ceil(self._missing(ts, tick, (-order.side, price)) - 0.5)  # a half down
            there = displayed[price] - missing
            lots = min(max(there, 0), wanted)
            if order.side * (order.limit - price) >= 0 and lots > 0:
                found.append((price, lots))
                wanted -= lots
        return found

    def _missing(self, ts: int, tick: _Ticks, level: tuple[int, int]) -> float:
        lots, before = tick.taken.get(level, (0.0, ts))
        return lots * 2.0 ** (-(ts - before) / self.half_life_ns)

    def _remember(self, ts: int, tick: _Ticks, level: tuple[int, int], lots: int) -> None:
        # Reading: what is missing is rounded where it is looked at, and remembered as it is;
        # what is remembered anew keeps its place in the line of those to forget.
        if level not in tick.taken and len(tick.taken) == LEVELS_REMEMBERED_MAX:
            del tick.taken[next(iter(tick.taken))]
        tick.taken[level] = (self._missing(ts, tick, level) + lots, ts)

    def _learn(self, market: Market, close: int, volume: int) -> None:
        last = market.last  # of which only touch and trades decide
        super()._learn(market, close, volume)
        market.last = last

    def _book(
        self,
        ts: int,
        order: Order,
        market: Market,
        lots: int,
        price: tuple[int | Fraction, int, int],
        liquidity: Liquidity,
    ) -> None:
        super()._book(ts, order, market, lots, price, liquidity)
        self.ticks[order.instrument].position += order.side * lots
