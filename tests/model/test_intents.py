"""Intents: what cannot be used cannot be built, and the message names the field."""

import math
from decimal import Decimal

import msgspec
import pytest

from seawall.model.amounts import Notional
from seawall.model.intents import Cancel, CancelAll, Exits, Order, Target
from seawall.model.orders import OrderType, Side, TimeInForce

NAN, INF = math.nan, math.inf
MANY = {f"v{number}": 1.0 for number in range(13)}


class Shares(int):
    """A unit of a user's own that only looks like a number."""


def target(**changes):
    """A sound target of AAPL, changed."""
    return Target("AAPL", **{"weight": 0.1, "reason": "because", **changes})


def order(**changes):
    """A sound order in AAPL, changed."""
    return Order("AAPL", **{"side": Side.BUY, "lots": 5, "reason": "because", **changes})


MALFORMED = [
    (target, {"lots": 5}, ValueError, "exactly one of weight and lots"),
    (target, {"weight": None}, ValueError, "exactly one of weight and lots"),
    (target, {"weight": NAN}, ValueError, "weight must be finite, got nan"),
    (target, {"weight": INF}, ValueError, "weight must be finite, got inf"),
    (target, {"weight": True}, TypeError, "weight must be a number, got bool"),
    (target, {"weight": "0.5"}, TypeError, "weight must be a number, got str"),
    (target, {"weight": None, "lots": 1.5}, TypeError, "lots must be whole lots (int), got float 1.5"),
    (target, {"weight": None, "lots": True}, TypeError, "lots must be whole lots (int), got bool"),
    (target, {"weight": None, "lots": NAN}, TypeError, "got float nan"),
    (target, {"weight": None, "lots": Notional("USD", 100)}, TypeError, "got Notional"),
    (target, {"weight": None, "lots": Shares(5)}, TypeError, "got Shares"),
    (target, {"weight": None, "lots": 1 << 62}, ValueError, "lots must be below 2^62"),
    (target, {"order_type": OrderType.STOP_LIMIT}, ValueError, "use Order for a stop"),
    (target, {"order_type": OrderType.LIMIT}, ValueError, "a LIMIT order needs limit"),
    (target, {"limit": Decimal(5)}, ValueError, "a MARKET order has no limit"),
    (target, {"reason": ""}, ValueError, "reason must be one line"),
    (target, {"reason": "a\nb"}, ValueError, "reason must be one line"),
    (target, {"reason": "x" * 121}, ValueError, "reason must be one line of 1 to 120"),
    (target, {"reason": 5}, TypeError, "reason must be a short sentence, got int"),
    (target, {"values": MANY}, ValueError, "values may hold 12 numbers, got 13"),
    (target, {"values": {"z": INF}}, ValueError, "values['z'] must be finite or NaN"),
    (target, {"values": {"z": None}}, TypeError, "values['z'] must be a number, got NoneType"),
    (target, {"values": {5: 1.0}}, TypeError, "a name in values must be a string"),
    (target, {"values": [1.0]}, TypeError, "values must be a dict"),
    (target, {"exits": {"stop_loss": 0.1}}, TypeError, "exits must be Exits or None"),
    (target, {"time_in_force": 2}, TypeError, "time_in_force must be a TimeInForce, got int 2"),
    (order, {"side": 1}, TypeError, "side must be a Side, got int 1"),
    (order, {"side": "buy"}, TypeError, "side must be a Side"),
    (order, {"lots": 0}, ValueError, "lots must be above 0"),
    (order, {"lots": -5}, ValueError, "lots must be above 0"),
    (order, {"lots": Notional("USD", 100)}, TypeError, "got Notional"),
    (order, {"order_type": OrderType.LIMIT, "limit": 94.5}, TypeError, "limit must be a Decimal on the tick"),
    (order, {"order_type": OrderType.LIMIT, "limit": Decimal("NaN")}, ValueError, "finite and above 0"),
    (order, {"order_type": OrderType.LIMIT, "limit": Decimal(-1)}, ValueError, "finite and above 0"),
    (order, {"order_type": OrderType.STOP_LIMIT, "limit": Decimal(5)}, ValueError, "needs stop"),
    (
        order,
        {"order_type": OrderType.LIMIT, "limit": Decimal(5), "stop": Decimal(5)},
        ValueError,
        "has no stop",
    ),
    (order, {"reduce_only": 1}, TypeError, "reduce_only must be True or False"),
    (order, {"post_only": 1}, TypeError, "post_only must be True or False"),
    (order, {"post_only": True}, ValueError, "post_only is for LIMIT orders, not MARKET"),
    (
        order,
        {"post_only": True, "order_type": OrderType.STOP_LIMIT, "limit": Decimal(5), "stop": Decimal(5)},
        ValueError,
        "post_only is for LIMIT orders, not STOP_LIMIT",
    ),
    *(
        (
            order,
            {"post_only": True, "order_type": OrderType.LIMIT, "limit": Decimal(5), "time_in_force": ends},
            ValueError,
            f"post_only cannot be {ends.name}",
        )
        for ends in (TimeInForce.IOC, TimeInForce.FOK)
    ),
    (Exits, {"stop_loss": 0.0}, ValueError, "stop_loss is a fraction of the price in (0, 1)"),
    (Exits, {"stop_loss": 1.0}, ValueError, "stop_loss is a fraction"),
    (Exits, {"trailing": NAN}, ValueError, "trailing must be finite"),
    (Exits, {"take_profit": -0.1}, ValueError, "take_profit is a fraction"),
    (Exits, {"time_bars": 0}, ValueError, "time_bars must be at least 1"),
    (Exits, {"time_bars": 2.0}, TypeError, "time_bars must be a whole number"),
    (Cancel, {"order_id": 0, "reason": "late"}, ValueError, "order_id must be at least 1"),
    (Cancel, {"order_id": "7", "reason": "late"}, TypeError, "order_id must be a whole number"),
    (CancelAll, {"instrument": "", "reason": "late"}, ValueError, "instrument is empty"),
    (CancelAll, {"reason": " "}, ValueError, "reason must be one line"),
]


@pytest.mark.parametrize(("build", "fields", "error", "message"), MALFORMED)
def test_malformed(build, fields, error, message):
    """Each malformed field is refused by a message that names it."""
    with pytest.raises(error) as caught:
        build(**fields)
    assert message in str(caught.value)


def test_an_instrument_must_be_named():
    """The instrument is text, and there is some."""
    with pytest.raises(TypeError, match="instrument must be the name of an instrument, got int 0"):
        Target(0, weight=0.1, reason="because")
    with pytest.raises(ValueError, match="instrument is empty"):
        Order("", side=Side.BUY, lots=1, reason="because")


def test_sound_intents():
    """What may be said: negative weights and lots, NaN among the values, each type of order."""
    assert target(weight=-0.5, values={"z": NAN}).weight == -0.5
    assert target(weight=None, lots=-7).lots == -7
    limit = target(order_type=OrderType.LIMIT, limit=Decimal("1.25"), time_in_force=TimeInForce.GTC)
    assert limit.limit == Decimal("1.25")
    stop = order(
        order_type=OrderType.STOP_LIMIT, limit=Decimal(5), stop=Decimal(4), exits=Exits(stop_loss=0.1)
    )
    assert stop.stop == 4
    for stays in (TimeInForce.DAY, TimeInForce.GTC):
        resting = order(order_type=OrderType.LIMIT, limit=Decimal(5), post_only=True, time_in_force=stays)
        assert resting.post_only
    assert not order().post_only
    assert Exits(take_profit=2.5).take_profit == 2.5
    assert CancelAll(reason="end of day").instrument is None


def test_intents_are_frozen_and_share_no_values():
    """Neither a field nor the default dict of another intent can be changed."""
    one, other = target(), target()
    one.values["z"] = 1.0
    assert other.values == {}
    with pytest.raises(AttributeError):
        one.weight = 0.2
    assert msgspec.structs.replace(one, weight=0.2).weight == 0.2
