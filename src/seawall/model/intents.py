"""What a policy may want: a target, an order, a cancel; always with a reason.

Rule 1: an intent is a wish. It becomes an order only through rebalancing and the gate.
Rule 2: a malformed intent cannot be built: the constructor refuses it and names the field.
Rule 3: `reason` is a short constant sentence; numbers go into `values`, which are recorded with
        the decision and printed by `seawall why`.
Rule 4: quantities are whole lots, weights are finite fractions of the equity, prices are exact
        decimals. A notional is never a quantity.
"""

import math
from decimal import Decimal

import msgspec

from seawall.kernels.state import VALUES_MAX
from seawall.model.orders import OrderType, Side, TimeInForce

__all__ = ["Cancel", "CancelAll", "Exits", "Intent", "Order", "Target"]

REASON_LENGTH_MAX = 120


class Exits(msgspec.Struct, frozen=True, kw_only=True):
    """Protective exits that the desk keeps for a position; None for none.

    stop_loss, take_profit: distances as fractions of the entry price; trailing: of the best
    price since entry; the stops lie below 1. time_bars: bars after which the position is left.

    >>> Exits(trailing=0.08, time_bars=60)
    Exits(stop_loss=None, take_profit=None, trailing=0.08, time_bars=60)
    """

    stop_loss: float | None = None
    take_profit: float | None = None
    trailing: float | None = None
    time_bars: int | None = None

    def __post_init__(self) -> None:
        for field in ("stop_loss", "take_profit", "trailing"):
            value = getattr(self, field)
            if value is None:
                continue
            _check_number("exits", field, value)
            if value < 1e-6 or (value >= 1.0 and field != "take_profit"):
                raise ValueError(f"exits: {field} is a fraction of the price in (0, 1), got {value!r}")
        if self.time_bars is not None:
            _check_whole("exits", "time_bars", self.time_bars)


class _OfInstrument(msgspec.Struct, frozen=True):
    """The field that comes first and needs no keyword."""

    instrument: str


class Target(_OfInstrument, frozen=True, kw_only=True):
    """Be at this position: `weight` (fraction of equity, negative is short) or `lots`, not both.

    The desk sends an order for the difference, unless that is inside the no-trade band or
    working already. `limit` belongs to limit orders alone. A malformed field is a TypeError or
    a ValueError that names it.

    >>> Target("AAPL", weight=0.25, reason="momentum is up", values={"z": 1.8}).weight
    0.25
    >>> Target("AAPL", weight=0.25, lots=100, reason="both")
    Traceback (most recent call last):
    ValueError: target of AAPL: give exactly one of weight and lots, got weight=0.25 and lots=100
    """

    weight: float | None = None
    lots: int | None = None
    reason: str
    values: dict[str, float] = {}
    order_type: OrderType = OrderType.MARKET
    limit: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    exits: Exits | None = None

    def __post_init__(self) -> None:
        if _is_plain(self):
            return
        what = f"target of {self.instrument}"
        _check_name(what, self.instrument)
        if (self.weight is None) == (self.lots is None):
            given = f"weight={self.weight!r} and lots={self.lots!r}"
            raise ValueError(f"{what}: give exactly one of weight and lots, got {given}")
        if self.weight is not None:
            _check_number(what, "weight", self.weight)
        else:
            _check_lots(what, self.lots)
        if self.order_type is OrderType.STOP_LIMIT:
            raise ValueError(f"{what}: a target is reached by market or limit orders; use Order for a stop")
        _check_prices(what, self.order_type, self.limit, None)
        _check_common(what, self.reason, self.values, self.time_in_force, self.exits)


class Order(_OfInstrument, frozen=True, kw_only=True):
    """One order of `lots` (above 0) on one side.

    limit and stop are exact decimals on the tick: limit for LIMIT and STOP_LIMIT, stop for
    STOP_LIMIT. A market order gets its worst price from the desk's collar. reduce_only is cut
    to the position, so that it cannot turn it around. post_only is for LIMIT orders: the venue
    rejects one that would take liquidity.

    >>> buy = Order("IBM", side=Side.BUY, lots=100, order_type=OrderType.LIMIT,
    ...             limit=Decimal("94.50"), reason="support holds")
    >>> buy.side.name, buy.limit
    ('BUY', Decimal('94.50'))
    """

    side: Side
    lots: int
    reason: str
    values: dict[str, float] = {}
    order_type: OrderType = OrderType.MARKET
    limit: Decimal | None = None
    stop: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    reduce_only: bool = False
    post_only: bool = False
    exits: Exits | None = None

    def __post_init__(self) -> None:
        what = f"order in {self.instrument}"
        _check_name(what, self.instrument)
        _check_enum(what, "side", self.side, Side)
        _check_lots(what, self.lots)
        if self.lots <= 0:
            raise ValueError(f"{what}: lots must be above 0 (side says the direction), got {self.lots}")
        _check_prices(what, self.order_type, self.limit, self.stop)
        _check_common(what, self.reason, self.values, self.time_in_force, self.exits)
        _check_type(what, "reduce_only", self.reduce_only, bool, "True or False")
        _check_type(what, "post_only", self.post_only, bool, "True or False")
        if self.post_only and self.order_type is not OrderType.LIMIT:
            raise ValueError(f"{what}: post_only is for LIMIT orders, not {self.order_type.name}")
        if self.post_only and self.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
            raise ValueError(f"{what}: post_only cannot be {self.time_in_force.name}")


class Cancel(msgspec.Struct, frozen=True):
    """Cancel one working order of this strategy."""

    order_id: int
    reason: str

    def __post_init__(self) -> None:
        _check_whole("cancel", "order_id", self.order_id)
        _check_reason("cancel", self.reason)


class CancelAll(msgspec.Struct, frozen=True, kw_only=True):
    """Cancel all working orders of this strategy, in one instrument or (None) in all."""

    instrument: str | None = None
    reason: str

    def __post_init__(self) -> None:
        if self.instrument is not None:
            _check_name("cancel all", self.instrument)
        _check_reason("cancel all", self.reason)


Intent = Target | Order | Cancel | CancelAll
MARKET, DAY = OrderType.MARKET, TimeInForce.DAY
SENTENCES: set[str] = set()
"""Reasons that were found good before; bounded, because reasons are constant."""
SENTENCES_MAX = 4096


def _is_plain(target: Target) -> bool:
    """Whether it is a market target of whole lots or a weight with a known reason: no more to check.

    A desk that trades on each bar makes a target on each bar; the full checks cost five times this.
    """
    lots, weight = target.lots, target.weight
    if type(target.reason) is not str or target.reason not in SENTENCES:
        return False
    if target.order_type is not MARKET or target.time_in_force is not DAY:
        return False
    if target.limit is not None or target.exits is not None or target.values or not target.instrument:
        return False
    if lots is None:
        return type(weight) is float and weight - weight == 0.0
    return weight is None and type(lots) is int and -(1 << 62) < lots < 1 << 62


def _check_type(what: str, field: str, value: object, kind: type, wanted: str) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{what}: {field} must be {wanted}, got {type(value).__name__} {value!r}")


def _check_enum(what: str, field: str, value: object, kind: type) -> None:
    """Only the enum itself: a bare 1 may be a side, a type or a mistake."""
    _check_type(what, field, value, kind, f"a {kind.__name__}")


def _check_name(what: str, instrument: object) -> None:
    _check_type(what, "instrument", instrument, str, "the name of an instrument")
    if not instrument:
        raise ValueError(f"{what}: instrument is empty")


def _check_number(what: str, field: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{what}: {field} must be a number, got {type(value).__name__} {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{what}: {field} must be finite, got {value!r}")


def _check_lots(what: str, lots: object) -> None:
    """Whole lots in 63 bits; an amount of money or a fraction is not a quantity (C2)."""
    # The exact type, because a subclass of int may be another unit that only looks like one.
    if type(lots) is not int:
        raise TypeError(f"{what}: lots must be whole lots (int), got {type(lots).__name__} {lots!r}")
    if abs(lots) >= 1 << 62:
        raise ValueError(f"{what}: lots must be below 2^62, got {lots}")


def _check_whole(what: str, field: str, value: object) -> None:
    if type(value) is not int:
        raise TypeError(f"{what}: {field} must be a whole number, got {type(value).__name__} {value!r}")
    if not 0 < value < 1 << 62:
        raise ValueError(f"{what}: {field} must be at least 1 and below 2^62, got {value}")


def _check_price(what: str, field: str, price: Decimal | None, wanted: bool, order_type: OrderType) -> None:
    """A price is there exactly where the type of the order asks for one."""
    if price is None:
        if wanted:
            raise ValueError(f"{what}: a {order_type.name} order needs {field}")
        return
    if not wanted:
        raise ValueError(f"{what}: a {order_type.name} order has no {field}, got {price!r}")
    _check_type(what, field, price, Decimal, "a Decimal on the tick")
    if not price.is_finite() or price <= 0:
        raise ValueError(f"{what}: {field} must be finite and above 0, got {price}")


def _check_prices(what: str, order_type: OrderType, limit: Decimal | None, stop: Decimal | None) -> None:
    _check_enum(what, "order_type", order_type, OrderType)
    _check_price(what, "limit", limit, order_type is not OrderType.MARKET, order_type)
    _check_price(what, "stop", stop, order_type is OrderType.STOP_LIMIT, order_type)


def _check_reason(what: str, reason: object) -> None:
    _check_type(what, "reason", reason, str, "a short sentence")
    text = str(reason)
    if not text.strip() or len(text) > REASON_LENGTH_MAX or not text.isprintable():
        wanted = f"one line of 1 to {REASON_LENGTH_MAX} characters"
        raise ValueError(f"{what}: reason must be {wanted}, got {text!r}")
    if len(SENTENCES) < SENTENCES_MAX:
        SENTENCES.add(text)


def _check_value(what: str, name: str, value: object) -> None:
    """A number that is recorded; NaN is allowed, because "not known" is an answer."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{what}: values[{name!r}] must be a number, got {type(value).__name__} {value!r}")
    if math.isinf(value):
        raise ValueError(f"{what}: values[{name!r}] must be finite or NaN, got {value!r}")


def _check_common(
    what: str, reason: str, values: dict[str, float], time_in_force: TimeInForce, exits: Exits | None
) -> None:
    _check_reason(what, reason)
    _check_enum(what, "time_in_force", time_in_force, TimeInForce)
    if exits is not None:
        _check_type(what, "exits", exits, Exits, "Exits or None")
    _check_type(what, "values", values, dict, "a dict of numbers by name")
    if len(values) > VALUES_MAX:
        raise ValueError(f"{what}: values may hold {VALUES_MAX} numbers, got {len(values)}")
    for name, value in values.items():
        _check_type(what, "a name in values", name, str, "a string")
        _check_value(what, name, value)
