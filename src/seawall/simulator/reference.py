"""The venue once more, slow and plain: one sort of everything by time, then one pass.

Rule 1: all rows, commands and actions are known in advance, so nothing can be late or early;
        that is what the compiled venue, fed piece by piece, has to equal (CONTROLS A25).
Rule 2: nothing is shared with it but the settings and the words: money is Fractions, tables
        are lists, and the generator is written again in Python's own integers.

It is part of the package because users check their own data and settings with it; no run
uses it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from statistics import NormalDist
from typing import Any

from seawall.kernels import rows as r
from seawall.kernels.state import FINE_PER_TICK
from seawall.model.instruments import CURRENCY_EXPONENTS, Instrument
from seawall.model.kinds import CommandKind, Liquidity, ReportKind
from seawall.model.orders import OrderType, TimeInForce
from seawall.model.reasons import Reason
from seawall.model.sessions import SessionTable
from seawall.simulator.settings import LatencySpread, VenueSettings, duration_ns

__all__ = ["AT_ONCE", "Market", "Order", "World", "merge", "run"]

WORD = 2**64
AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK)


def merge(
    rows: Iterable[Any],
    commands: Iterable[Any],
    settings: VenueSettings,
    instruments: Sequence[Instrument],
    sessions: Mapping[str, SessionTable],
    assumed_volume_lots: Sequence[int] | None = None,
    actions: Iterable[tuple[int, int, int, int]] = (),
) -> list[dict[str, int]]:
    """All reports, in the order of their making, as dicts with the names of REPORT.

    rows: ROW records sorted as for `advance`; commands: COMMAND records in the order of
    sending; actions: (instrument, numerator, denominator, ts), sorted by time.
    """
    return run(World(settings, instruments, sessions, assumed_volume_lots), rows, commands, actions)


def run(
    world: "World",
    rows: Iterable[Any],
    commands: Iterable[Any],
    actions: Iterable[tuple[int, int, int, int]] = (),
) -> list[dict[str, int]]:
    """What a world says of all rows, commands and actions; see `merge`."""
    events: list[tuple[int, int, int, Any]] = []
    for row in rows:
        events.append((int(row["ts_exchange"]), 4 if row["kind"] == r.BAR_OPEN else 0, len(events), row))
    for action in actions:
        events.append((action[3], 2, len(events), action))
    before = (-WORD, 0)
    for command in commands:
        before = world.arrival(command, before)
        events.append((*before, len(events), command))
        for expiry in world.expiries(command, before[0]):
            events.append((expiry, 1, len(events), None))
    for ts, rank, _, what in sorted(events, key=lambda event: event[:3]):
        world.take(ts, rank, what)
    return world.reports


class Market:
    """What the venue knows of one instrument."""

    def __init__(self, instrument: Instrument, settings: VenueSettings, assumed: int) -> None:
        self.name: Instrument = instrument
        self.assumed: int = assumed
        self.bar: dict[str, int] | None = None  # the bar under way
        self.close_row: Any = None
        self.bars = self.closed = 0
        self.last = self.used = 0
        self.volume = assumed
        self.average = float(max(assumed, 0))
        self.variance = settings.sigma_initial**2
        self.close = 0.0
        self.action_ts = -WORD


class Order:
    """A working order."""

    def __init__(self, command: Any, expires: int, bars: int) -> None:
        self.id, self.side = int(command["order_id"]), int(command["side"])
        self.instrument, self.quantity = int(command["instrument"]), int(command["quantity_lots"])
        self.type, self.tif = int(command["order_type"]), int(command["time_in_force"])
        self.limit, self.stop = int(command["limit_ticks"]), int(command["stop_ticks"])
        self.expires, self.not_before = expires, bars + 1
        self.filled = self.commission = self.charged = 0
        self.waits = self.type == OrderType.STOP_LIMIT
        # bars know nothing of the rest
        self.reduce_only, self.post_only = bool(command["reduce_only"]), bool(command["post_only"])
        self.rests, self.was_matched = self.post_only, False


class World:
    """Everything that the venue is, with one method for each thing that can happen."""

    def __init__(
        self,
        settings: VenueSettings,
        instruments: Sequence[Instrument],
        sessions: Mapping[str, SessionTable],
        assumed: Sequence[int] | None,
    ) -> None:
        self.settings, self.sessions = settings, sessions
        self.markets: list[Market] = [
            Market(each, settings, assumed[i] if assumed else -1) for i, each in enumerate(instruments)
        ]
        self.orders: list[Order] = []
        self.filled: list[int] = []
        self.reports: list[dict[str, int]] = []
        self.highest = self.executions = 0
        self.touch = 1 if settings.adversarial else 0

    # --- time ---------------------------------------------------------------------------------

    def arrival(self, command: Any, before: tuple[int, int]) -> tuple[int, int]:
        """When a command is there, and its rank at that time; `before` is that of the one before it."""
        sent, kind = int(command["ts_sent"]), int(command["kind"])
        words = (1, 0, 0) if kind == CommandKind.NEW else (1, kind, sent % 2**63)
        ts = max(
            before[0], sent + self._latency(self.settings.latency_order, int(command["order_id"]), words)
        )
        rank = 5 if command["phase"] == 3 and ts == sent else 3
        return ts, max(rank, before[1]) if ts == before[0] else rank

    def expiries(self, command: Any, arrival: int) -> list[int]:
        """When a new order would end by itself, as a list of none or one."""
        if command["kind"] != CommandKind.NEW or not 0 <= command["instrument"] < len(self.markets):
            return []
        ends = [int(command["expires_ts"])] if command["expires_ts"] > 0 else []
        if command["time_in_force"] == TimeInForce.DAY:
            table = self.sessions[self.markets[int(command["instrument"])].name.sessions]
            later = [int(close) for close in table.closes if close > arrival]
            ends += later[:1] if later else [-1]
        return [min(ends)] if ends else []

    def _latency(self, latency: str | LatencySpread, order_id: int, words: tuple[int, int, int]) -> int:
        if isinstance(latency, str):
            return duration_ns("latency", latency)
        u = max(_uniform(self.settings.seed, order_id, *words), 2.0**-54)
        mu, sigma = latency.mu_sigma
        return math.floor(math.exp(mu + sigma * NormalDist().inv_cdf(u)) + 0.5)

    def take(self, ts: int, rank: int, what: Any) -> None:
        """One thing that happens: an expiry, an action, a market row, a command."""
        if rank == 1:
            for order in [each for each in self.orders if each.expires <= ts]:
                self._end(order, ts, ReportKind.EXPIRED, Reason.VENUE_TIME_IN_FORCE)
        elif rank == 2:
            self._act(ts, *what[:3])
        elif rank in (0, 4):
            self._row(ts, what)
        elif what["kind"] == CommandKind.NEW:
            self._new(ts, what)
        else:
            self._change(ts, what)

    def _report(self, ts: int, order_id: int, instrument: int, kind: int, reason: int) -> dict[str, int]:
        latency = self._latency(self.settings.latency_response, order_id, (2, kind, ts % 2**63))
        last = self.reports[-1]["ts_local"] if self.reports else -WORD
        names = "execution_id last_lots cumulative_lots price_fine base_fine fee_minor spread_minor"
        report = dict.fromkeys([*names.split(), "impact_minor", "liquidity"], 0)
        report |= {"ts_exchange": ts, "ts_local": max(last, ts + max(latency, 1)), "order_id": order_id}
        report |= {"venue_sequence": len(self.reports) + 1, "kind": int(kind), "reason": int(reason)}
        self.reports.append(report | {"instrument": instrument})
        return self.reports[-1]

    def _end(self, order: Order, ts: int, kind: int, reason: int) -> None:
        self.orders.remove(order)
        self._report(ts, order.id, order.instrument, kind, reason)["cumulative_lots"] = order.filled

    # --- commands -----------------------------------------------------------------------------

    def _new(self, ts: int, command: Any) -> None:
        reason = self._why_not(ts, command)
        order_id, instrument = int(command["order_id"]), int(command["instrument"])
        self.highest = max(self.highest, order_id)
        kind = ReportKind.REJECTED if reason else ReportKind.ACCEPTED
        self._report(ts, order_id, instrument, kind, reason)
        if not reason:
            expires = (self.expiries(command, ts) or [WORD])[0]
            self.orders.append(Order(command, expires, self.markets[instrument].bars))

    def _why_not(self, ts: int, command: Any) -> int:
        order_id, limit, stop = (int(command[name]) for name in ("order_id", "limit_ticks", "stop_ticks"))
        known = 0 <= command["instrument"] < len(self.markets)
        stops = command["order_type"] == OrderType.STOP_LIMIT
        good = (
            known
            and command["order_type"] in list(OrderType)
            and command["time_in_force"] in list(TimeInForce)
        )
        if not good or command["side"] not in (1, -1) or (stops and stop <= 0):
            return Reason.VENUE_INVALID
        market = self.markets[int(command["instrument"])]
        ends = (self.expiries(command, ts) or [WORD])[0]
        unlucky = _uniform(self.settings.seed, order_id, 3, 0, 0) < self.settings.p_reject
        checks = [
            (self._impossible(market, int(command["quantity_lots"]), limit), Reason.VENUE_INVALID),
            (command["ts_sent"] < market.action_ts, Reason.VENUE_CORPORATE_ACTION),
            (ends < 0, Reason.VENUE_CLOSED),
            (self._outside(market, int(command["order_type"]), limit, stop), Reason.VENUE_BAND),
            (order_id <= self.highest, Reason.VENUE_DUPLICATE),
            (unlucky, Reason.VENUE_RANDOM),
            (len(self.orders) >= 512, Reason.VENUE_CAPACITY),
            (self._would_take(market, command), Reason.VENUE_POST_ONLY),
            (self._lacks_volume(market), Reason.VENUE_NO_LIQUIDITY),
            (ends <= ts, Reason.VENUE_TIME_IN_FORCE),
        ]
        return next((reason for applies, reason in checks if applies), Reason.NONE)

    def _would_take(self, market: Market, command: Any) -> bool:
        """Bars refuse no order for that."""
        return False

    def _lacks_volume(self, market: Market) -> bool:
        liquid = self.settings.participation == "unlimited" and self.settings.impact == "none"
        return not liquid and market.closed > 0 and market.volume < 0

    def _impossible(self, market: Market, lots: int, limit: int) -> bool:
        if lots <= 0 or limit <= 0:
            return True
        value, prices = market.name.tick_value, (limit, market.last if market.last > 0 else limit)
        if market.name.contract == "inverse":
            divisor = value.denominator * max(prices) * FINE_PER_TICK
            return lots > 2**53 or lots * value / min(prices) > 2**53 or divisor >= 2**62
        top = max(prices) * FINE_PER_TICK >= 2**62 or max(prices) * value.numerator >= 2**62
        return top or lots * max(prices) * value > 2**53 or lots * value.numerator >= 2**62 or lots > 2**53

    def _outside(self, market: Market, kind: int, limit: int, stop: int) -> bool:
        reference = stop if kind == OrderType.STOP_LIMIT else market.last
        band = Fraction(round(self.settings.price_band * 1e6), 1_000_000)
        return bool(
            kind != OrderType.MARKET and band and reference > 0 and abs(limit - reference) > band * reference
        )

    def _change(self, ts: int, command: Any) -> None:
        order_id, cancels = int(command["order_id"]), command["kind"] == CommandKind.CANCEL
        order = next((each for each in self.orders if each.id == order_id), None)
        refusal = ReportKind.CANCEL_REJECTED if cancels else ReportKind.REPLACE_REJECTED
        reason = Reason.NONE
        if order is None:
            late = order_id in self.filled[-1024:]
            reason = Reason.VENUE_TOO_LATE if late else Reason.VENUE_UNKNOWN_ORDER
        elif not cancels:
            reason = self._why_not_replace(order, command)
        if order is None or reason:
            self._report(ts, order_id, int(command["instrument"]), refusal, reason)
        elif cancels:
            self._end(order, ts, ReportKind.CANCELLED, Reason.NONE)
        else:
            order.quantity, order.limit = int(command["quantity_lots"]), int(command["limit_ticks"])
            order.stop = int(command["stop_ticks"]) if order.waits else order.stop
            order.not_before = self.markets[order.instrument].bars + 1
            self.orders.remove(order)
            self.orders.append(order)
            report = self._report(ts, order_id, order.instrument, ReportKind.REPLACED, Reason.NONE)
            report["cumulative_lots"] = order.filled

    def _why_not_replace(self, order: Order, command: Any) -> int:
        market = self.markets[order.instrument]
        lots, limit, stop = (int(command[name]) for name in ("quantity_lots", "limit_ticks", "stop_ticks"))
        if (order.waits and stop <= 0) or self._impossible(market, lots, limit):
            return Reason.VENUE_INVALID
        rests = order.type == OrderType.STOP_LIMIT and not order.waits
        if self._outside(market, OrderType.LIMIT if rests else order.type, limit, stop):
            return Reason.VENUE_BAND
        return Reason.VENUE_TOO_LATE if lots <= order.filled else Reason.NONE

    def _act(self, ts: int, instrument: int, more: int, fewer: int) -> None:
        for order in [each for each in self.orders if each.instrument == instrument]:
            self._end(order, ts, ReportKind.CANCELLED, Reason.VENUE_CORPORATE_ACTION)
        market = self.markets[instrument]
        market.action_ts = ts
        market.last = market.last * fewer // more
        market.close, market.average = market.close * fewer / more, market.average * more / fewer
        market.volume = market.volume * more // fewer if market.volume >= 0 else market.volume

    # --- bars ---------------------------------------------------------------------------------

    def _row(self, ts: int, row: Any) -> None:
        market, price, last = (
            self.markets[int(row["instrument"])],
            int(row["price_ticks"]),
            row["flags"] & r.FLAG_LAST,
        )
        if row["kind"] == r.BAR_OPEN:
            market.bar = {"open": price, "high": price, "low": price}
            market.bars, market.used, market.last = market.bars + 1, 0, price
            if last:
                self._fill_all(ts, int(row["instrument"]), self._at_open)
            return
        if market.bar and row["kind"] in (r.BAR_HIGH, r.BAR_LOW, r.BAR_CLOSE):
            market.bar["high"], market.bar["low"] = (
                max(market.bar["high"], price),
                min(market.bar["low"], price),
            )
        market.close_row = row if row["kind"] == r.BAR_CLOSE else market.close_row
        if last and market.close_row is not None:
            unknown = market.close_row["flags"] & r.FLAG_NO_VOLUME
            volume = market.assumed if unknown else int(market.close_row["size_lots"])
            if market.bar:
                market.bar["volume"] = volume
                self._fill_all(ts, int(row["instrument"]), self._at_close)
            self._learn(market, int(market.close_row["price_ticks"]), volume)

    def _learn(self, market: Market, close: int, volume: int) -> None:
        market.close_row, market.bar = None, None
        market.last, market.closed = close, market.closed + 1
        if close > 0 and market.close > 0.0:
            change = math.log(close / market.close)
            market.variance = 0.94 * market.variance + (1.0 - 0.94) * change * change
        market.close = float(close) if close > 0 else market.close
        if volume >= 0:
            alpha = 2.0 / (self.settings.volume_bars + 1.0)
            step = (volume - market.average) * alpha
            market.average = float(volume) if market.average <= 0.0 else market.average + step
            market.volume = volume

    def _fill_all(self, ts: int, instrument: int, attempt: Any) -> None:
        mine = [order for order in self.orders if order.instrument == instrument]
        for order in sorted(mine, key=lambda each: each.type != OrderType.STOP_LIMIT):
            tried = attempt(ts, order, self.markets[instrument])
            if order.filled == order.quantity:
                self.orders.remove(order)
                self.filled.append(order.id)
            elif tried and order.tif in AT_ONCE:
                reason = Reason.VENUE_TIME_IN_FORCE if order.filled else Reason.VENUE_NO_LIQUIDITY
                self._end(order, ts, ReportKind.CANCELLED, reason)

    def _at_open(self, ts: int, order: Order, market: Market) -> bool:
        assert market.bar is not None
        price, side = market.bar["open"], order.side
        if order.waits and side * price < side * order.stop:
            return False
        order.waits = False
        room = side * (order.limit - price)
        patient = order.type != OrderType.MARKET
        if room < (self.touch if patient else 0):
            return True
        order.not_before = market.bars + 1
        self._take_liquidity(ts, order, market, price, market.volume, capped=patient)
        return True

    def _at_close(self, ts: int, order: Order, market: Market) -> bool:
        assert market.bar is not None
        if order.type == OrderType.MARKET or order.not_before > market.bars:
            return False
        worst, best = ("high", "low") if order.side > 0 else ("low", "high")
        if order.waits:
            if order.side * (market.bar[worst] - order.stop) < 0:
                return False
            order.waits = False
            self._take_liquidity(ts, order, market, order.stop, market.bar["volume"], capped=False)
            return True
        if order.side * (order.limit - market.bar[best]) < self.touch:
            return False
        lots = self._lots(order, market, market.bar["volume"])
        if lots:
            self._book(ts, order, market, lots, (order.limit, 0, 0), Liquidity.MAKER)
        return True

    def _lots(self, order: Order, market: Market, volume: int) -> int:
        lots, leaves = order.quantity - order.filled, order.quantity - order.filled
        if self.settings.impact != "none" and market.average <= 0.0:
            return 0
        if self.settings.participation != "unlimited":
            share = Fraction(repr(self.settings.participation))
            share = Fraction(math.floor(share * 1_000_000), 1_000_000)
            lots = max(min(lots, math.floor(volume * share) - market.used), 0) if volume >= 0 else 0
        return 0 if order.tif == TimeInForce.FOK and lots < leaves else lots

    def _take_liquidity(
        self, ts: int, order: Order, market: Market, base: int, volume: int, *, capped: bool
    ) -> None:
        lots = self._lots(order, market, volume)
        if not lots:
            return
        s, sigma = self.settings, math.sqrt(market.variance)
        half = min(max(s.spread_bps / 2.0, s.k_sigma * sigma * 1e4), 1e4)
        scale = {"none": 0.0, "base": s.impact_base_bps, "sqrt": s.impact_y * sigma * 1e4}[s.impact]
        slip = scale * math.sqrt(lots / market.average) if s.impact != "none" else 0.0
        spread, both = math.ceil(base * half), math.ceil(base * min(half + slip, 1e4))
        room = order.side * (order.limit - base) * FINE_PER_TICK
        if capped:
            spread, both = min(spread, room), min(both, room)
        if both <= room:
            self._book(ts, order, market, lots, (base, spread, both), Liquidity.TAKER)

    def _book(
        self,
        ts: int,
        order: Order,
        market: Market,
        lots: int,
        price: tuple[int | Fraction, int, int],
        liquidity: Liquidity,
    ) -> None:
        base, spread, both = price
        side = order.side

        def cash(ticks_fine: int) -> int:
            price, value = Fraction(ticks_fine, FINE_PER_TICK), market.name.tick_value
            inverse = market.name.contract == "inverse"
            return math.ceil(-side * lots * value / price if inverse else side * lots * price * value)

        base_fine = int(base * FINE_PER_TICK)
        order.filled, market.used, self.executions = (
            order.filled + lots,
            market.used + lots,
            self.executions + 1,
        )
        report = self._report(ts, order.id, order.instrument, ReportKind.FILL, Reason.NONE)
        report |= {"last_lots": lots, "cumulative_lots": order.filled, "execution_id": self.executions}
        report |= {"price_fine": base_fine + side * both, "base_fine": base_fine, "liquidity": int(liquidity)}
        report["spread_minor"] = cash(base_fine + side * spread) - cash(base_fine)
        report["impact_minor"] = cash(report["price_fine"]) - cash(base_fine) - report["spread_minor"]
        report["fee_minor"] = self._fee(order, market, lots, abs(cash(report["price_fine"])), liquidity)

    def _fee(self, order: Order, market: Market, lots: int, amount: int, liquidity: Liquidity) -> int:
        fees, minor = (
            self.settings.fees(market.name.fee_class),
            10 ** CURRENCY_EXPONENTS[market.name.currency],
        )
        bps = fees.taker_bps if liquidity == Liquidity.TAKER else fees.maker_bps
        shares = lots * Fraction(market.name.lot)
        per_share = Fraction(repr(fees.per_share)) * minor * shares
        order.commission += round(amount * Fraction(repr(bps)) / 10_000 + per_share)
        due = (
            max(order.commission, round(Fraction(repr(fees.minimum)) * minor))
            if fees.minimum
            else order.commission
        )
        charge, order.charged = due - order.charged, due
        levy = round(amount * Fraction(repr(fees.sell_levy_bps)) / 10_000) if order.side < 0 else 0
        return charge + levy


def _uniform(seed: int, *counter: int) -> float:
    """SPEC.md F5 in Python's integers: Philox4x64-10, upper 53 bits of the first word."""
    words = [counter[0] + 1, *counter[1:]]
    keys = [seed, 0]
    for _ in range(10):
        one, two = 0xD2E7470EE14C6C93 * words[0], 0xCA5A826395121157 * words[2]
        words = [two // WORD ^ words[1] ^ keys[0], two % WORD, one // WORD ^ words[3] ^ keys[1], one % WORD]
        keys = [(keys[0] + 0x9E3779B97F4A7C15) % WORD, (keys[1] + 0xBB67AE8584CAA73B) % WORD]
    return (words[0] >> 11) * 2.0**-53
