"""Round-trip trades: what was opened, what closed it, and what it made.

Rule 1: trades are made from the EVENT records of a run alone; nothing here asks the ledger,
        so this is its independent twin.
Rule 2: money is exact. All trades of a position that is flat sum to the PnL, the fees and the
        dividends of its postings, whatever the method.
Rule 3: the partial fills of one order are one: a trade pairs an opening with a closing order.

Theory of operation. A position is a queue of parcels, each with its lots, its cost, its fees
and dividends. `fifo` closes the oldest parcel first. `average` keeps a single parcel, which
is what the ledger does, so its PnL is the ledger's realised PnL trade by trade. A closing
fill takes the parcel's share of cost and fees, all of it with the last lot. A bust is an
opposite trade of the same amount. A split cuts each holding toward zero and pays the fraction
out: a trade of 0 lots. What rounds here rounds on exact fractions, apart from model/units.py,
because a twin that shared its rounding could not catch it.
"""

import math
from collections import deque
from collections.abc import Container, Iterator, Mapping
from fractions import Fraction
from typing import Any, Literal

import msgspec
import numpy as np

from seawall.kernels.state import FINE_PER_TICK
from seawall.model.kinds import EventKind

__all__ = ["Trade", "replay_positions", "round_trips"]

Holding = tuple[int, int]  # strategy, instrument


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One round trip: `lots` opened by one order and closed by another.

    side +1 was long, -1 was short; prices in ten-thousandths of a tick, averaged over the
    fills; pnl_minor before fees, as the ledger realises it; open_order and close_order are
    order ids, 0 where a split or an adjustment stood in an order's place.
    """

    strategy: int
    instrument: int
    side: int
    opened_ns: int
    closed_ns: int
    lots: int
    entry_fine: int
    exit_fine: int
    pnl_minor: int
    fees_minor: int
    dividends_minor: int
    open_order: int
    close_order: int

    @property
    def net_minor(self) -> int:
        """What the trade made after fees and with dividends."""
        return self.pnl_minor - self.fees_minor + self.dividends_minor


class _Parcel(msgspec.Struct):
    """Lots opened by one order: signed, with what they cost and have paid since."""

    order: int
    opened_ns: int
    lots: int
    cost: int
    fees: int
    dividends: int
    entry: Fraction  # price in ten-thousandths of a tick, per lot as it is now

    def take(self, lots: int) -> tuple[int, int, int]:
        """Remove lots (a size) with their share of cost, fees and dividends."""
        size = abs(self.lots)
        cost, fees, dividends = (round(Fraction(part * lots, size)) for part in self.amounts())
        self.lots -= lots if self.lots > 0 else -lots
        self.cost -= cost
        self.fees -= fees
        self.dividends -= dividends
        return cost, fees, dividends

    def amounts(self) -> tuple[int, int, int]:
        return self.cost, self.fees, self.dividends


class _Fill(msgspec.Struct):
    """What a fill, a bust or an adjustment does: signed lots at a price, for a fee.

    sign -1 takes a fill back: its amount is that of the fill, negated after rounding.
    """

    order: int
    ts: int
    lots: int
    price_fine: int
    fee: int
    sign: int = 1

    def cost(self, size: int, tick_value: Fraction, inverse: bool) -> int:
        """What so many of the lots cost (> 0) or bring (< 0), rounded as they were filled."""
        lots = self.sign * size if self.lots > 0 else -self.sign * size
        price = Fraction(self.price_fine, FINE_PER_TICK)
        if inverse:
            return self.sign * math.ceil(-lots * tick_value / price) if price else 0
        return self.sign * math.ceil(lots * price * tick_value)


class _Book:
    """The parcels of one holding and the trades that it has closed."""

    def __init__(self, holding: Holding, tick_value: Fraction, inverse: bool, average: bool) -> None:
        self.holding = holding
        self.tick_value = tick_value
        self.inverse = inverse
        self.average = average
        self.parcels: deque[_Parcel] = deque()
        self.trades: list[Trade] = []

    def fill(self, fill: _Fill) -> None:
        """Close what is held on the other side, then open with the rest."""
        left, fee = abs(fill.lots), fill.fee
        amount = fill.cost(left, self.tick_value, self.inverse)
        if self.parcels and self.parcels[0].lots * fill.lots < 0:
            closed = min(abs(self._held()), left)
            part = fill.cost(closed, self.tick_value, self.inverse)
            fee_part = round(Fraction(fee * closed, left))
            self._close(fill, closed, part, fee_part)
            amount, fee, left = amount - part, fee - fee_part, left - closed
        if left:
            self._open(fill, left, amount, fee)

    def split(self, numerator: int, denominator: int, mark_fine: int, ts: int) -> None:
        """Rescale the holding; its fraction of a lot leaves the last parcels for cash."""
        held = self._held()
        if held == 0:
            return
        exact = Fraction(held * numerator, denominator)
        fraction = exact - int(exact)
        cash = fraction * mark_fine * Fraction(denominator, numerator) / FINE_PER_TICK * self.tick_value
        whole = _cut([Fraction(parcel.lots * numerator, denominator) for parcel in self.parcels], int(exact))
        for parcel, lots in zip(self.parcels, whole, strict=True):
            parcel.lots = lots
            parcel.entry *= Fraction(denominator, numerator)
        if fraction:
            self._pay_out(
                fraction / exact, math.floor(cash) if mark_fine else None, 1 if held > 0 else -1, ts
            )

    def dividend(self, amount: Fraction) -> None:
        """Spread what the holding receives or pays over its parcels, exactly in total."""
        held = self._held()
        left = math.floor(held * amount)
        for parcel in self.parcels:
            share = round(Fraction(left * parcel.lots, held))
            parcel.dividends += share
            left, held = left - share, held - parcel.lots

    def _held(self) -> int:
        return sum(parcel.lots for parcel in self.parcels)

    def _mean(self, one: Fraction, lots: int, other: Fraction, more: int) -> Fraction:
        """The price at which both together are worth the same: of inverse contracts the harmonic mean."""
        if self.inverse and one and other:
            return (lots + more) / (lots / one + more / other)
        return (one * lots + other * more) / (lots + more)

    def _open(self, fill: _Fill, size: int, amount: int, fee: int) -> None:
        lots = size if fill.lots > 0 else -size
        price = Fraction(fill.price_fine)
        last = self.parcels[-1] if self.parcels else None
        if last is None or (not self.average and last.order != fill.order):
            self.parcels.append(_Parcel(fill.order, fill.ts, lots, amount, fee, 0, price))
            return
        last.entry = self._mean(last.entry, last.lots, price, lots)
        last.lots += lots
        last.cost += amount
        last.fees += fee

    def _close(self, fill: _Fill, size: int, amount: int, fee: int) -> None:
        while size:
            parcel = self.parcels[0]
            lots = min(size, abs(parcel.lots))
            amount_part = round(Fraction(amount * lots, size))
            fee_part = round(Fraction(fee * lots, size))
            side = 1 if parcel.lots > 0 else -1
            cost, fees, dividends = parcel.take(lots)
            self._record(parcel, side, lots, fill, -amount_part - cost, fees + fee_part, dividends)
            size, amount, fee = size - lots, amount - amount_part, fee - fee_part
            if parcel.lots == 0:
                self.parcels.popleft()

    def _record(
        self, parcel: _Parcel, side: int, lots: int, fill: _Fill, pnl: int, fees: int, dividends: int
    ) -> None:
        """Append a trade, or add to the last one when the same two orders made it."""
        entry, leave = parcel.entry, Fraction(fill.price_fine)
        last = self.trades[-1] if self.trades else None
        if last and fill.order and (last.open_order, last.close_order) == (parcel.order, fill.order):
            self.trades.pop()
            total = last.lots + lots
            entry = self._mean(Fraction(last.entry_fine), last.lots, entry, lots)
            leave = self._mean(Fraction(last.exit_fine), last.lots, leave, lots)
            lots, pnl, fees = total, pnl + last.pnl_minor, fees + last.fees_minor
            dividends += last.dividends_minor
        self.trades.append(
            Trade(
                strategy=self.holding[0],
                instrument=self.holding[1],
                side=side,
                opened_ns=parcel.opened_ns,
                closed_ns=fill.ts,
                lots=lots,
                entry_fine=round(entry),
                exit_fine=round(leave),
                pnl_minor=pnl,
                fees_minor=fees,
                dividends_minor=dividends,
                open_order=parcel.order,
                close_order=fill.order,
            )
        )

    def _pay_out(self, share: Fraction, cash: int | None, side: int, ts: int) -> None:
        """Pay for the share of the holding that a split cut off: a trade of no whole lot."""
        last = self.parcels[-1]
        cost = round(share * sum(parcel.cost for parcel in self.parcels))
        last.cost -= cost
        fees, dividends = 0, 0
        emptied = [parcel for parcel in self.parcels if parcel.lots == 0]
        self.parcels = deque(parcel for parcel in self.parcels if parcel.lots != 0)
        for parcel in emptied:  # what a parcel without lots still has passes to the next, or out
            if self.parcels:
                self.parcels[0].cost += parcel.cost
                self.parcels[0].fees += parcel.fees
                self.parcels[0].dividends += parcel.dividends
            else:
                fees, dividends = fees + parcel.fees, dividends + parcel.dividends
        pnl = 0 if cash is None else cash - cost
        self._record(last, side, 0, _Fill(0, ts, 0, 0, 0), pnl, fees, dividends)


def round_trips(
    events: np.ndarray,
    method: Literal["fifo", "average"],
    tick_values: Mapping[int, Fraction],
    inverse: Container[int] = (),
) -> list[Trade]:
    """All closed trades of EVENT records in their order, by holding and then by time of closing.

    events: shape (n,) of EVENT; tick_values: by instrument, minor units of a lot at a price of
    one tick (`Instrument.tick_value`); inverse: the instruments that are inverse contracts. An
    unknown method is a ValueError, an instrument without a tick value a KeyError.
    """
    if method not in ("fifo", "average"):
        raise ValueError(f"method {method!r}: fifo or average")
    books: dict[Holding, _Book] = {}
    for kind, record in _records(events):
        instrument, ts = int(record["instrument"]), int(record["ts_local"])
        ratio = int(record["lots"]), int(record["cumulative_lots"])
        if kind is EventKind.SPLIT:
            for book in _of_instrument(books, instrument):
                book.split(*ratio, int(record["price_fine"]), ts)
        elif kind is EventKind.DIVIDEND:
            for book in _of_instrument(books, instrument):
                book.dividend(Fraction(*ratio))
        else:
            holding = int(record["strategy"]), instrument
            if holding not in books:
                books[holding] = _Book(
                    holding, tick_values[instrument], instrument in inverse, method == "average"
                )
            books[holding].fill(_fill_of(kind, record))
    return [trade for holding in sorted(books) for trade in books[holding].trades]


def replay_positions(events: np.ndarray) -> dict[Holding, int]:
    """Lots by (strategy, instrument), from fills, busts, splits and adjustments alone (A1).

    The twin of the state's positions; a holding that went flat stays with 0 lots.
    """
    lots: dict[Holding, int] = {}
    for kind, record in _records(events):
        instrument = int(record["instrument"])
        if kind is EventKind.SPLIT:
            numerator, denominator = int(record["lots"]), int(record["cumulative_lots"])
            for holding, held in lots.items():
                if holding[1] == instrument:
                    lots[holding] = int(Fraction(held * numerator, denominator))
        elif kind is not EventKind.DIVIDEND:
            holding = int(record["strategy"]), instrument
            lots[holding] = lots.get(holding, 0) + _fill_of(kind, record).lots
    return lots


def _records(events: np.ndarray) -> Iterator[tuple[EventKind, Any]]:
    """The records that change positions or their cash, with their kind."""
    wanted = (EventKind.FILL, EventKind.BUST, EventKind.SPLIT, EventKind.DIVIDEND, EventKind.ADJUSTMENT)
    for record in events[np.isin(events["kind"], wanted)]:
        yield EventKind(int(record["kind"])), record


def _of_instrument(books: dict[Holding, _Book], instrument: int) -> Iterator[_Book]:
    return (book for holding, book in books.items() if holding[1] == instrument)


def _fill_of(kind: EventKind, record: Any) -> _Fill:
    sign = -1 if kind is EventKind.BUST else 1
    lots = sign * int(record["side"]) * int(record["lots"])
    order = 0 if kind is EventKind.ADJUSTMENT else int(record["order_id"])
    fee = 0 if kind is EventKind.ADJUSTMENT else sign * int(record["fee_minor"])
    return _Fill(order, int(record["ts_local"]), lots, int(record["price_fine"]), fee, sign)


def _cut(exact: list[Fraction], total: int) -> list[int]:
    """Whole parts that sum to `total`: running totals cut toward zero, the last takes the rest."""
    whole: list[int] = []
    running, given = Fraction(0), 0
    for place, part in enumerate(exact):
        running += part
        until = total if place == len(exact) - 1 else int(running)
        whole.append(until - given)
        given = until
    return whole
