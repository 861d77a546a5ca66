"""Momentum as a desk log: what it wants at each close of a made-up score."""

from decimal import Decimal

import pytest

from seawall.kernels.state import new_state
from seawall.model.errors import ConfigError
from seawall.model.instruments import Instrument
from seawall.strategies.momentum import Momentum
from seawall.strategies.policy import check_policy, policy_state, restore_policy
from seawall.strategies.view import View

NAN = float("nan")
AAPL = (Instrument(name="AAPL", tick=Decimal("0.01")),)


class Desk:
    """One instrument whose score, volatility, position and working lots the test writes."""

    def __init__(self, **parameters):
        self.policy = Momentum(**parameters)
        self.state = new_state()
        self.s = self.state[0]
        self.s["instrument_count"], self.s["updated"][0], self.s["bar_count"][0] = 1, 1, 1
        self.view = View(self.state, AAPL, self.policy.features)

    def close(self, z, sigma=0.02, lots=None, working=0):
        """One wake; (weight, reason) or None."""
        self.s["feature_shown"][0, :2] = z, sigma
        if lots is not None:
            self.s["positions"][0, 0]["lots"] = lots
        self.s["open_orders"][0] = self.s["order_count"] = int(working != 0)
        order = self.s["orders"][0]
        order["side"], order["quantity_lots"] = (1 if working > 0 else -1), abs(working)
        order["order_id"] = order["order_type"] = order["state"] = 1
        wants = self.policy.decide(self.view)
        assert len(wants) <= 1
        return (round(wants[0].weight, 4), wants[0].reason) if wants else None


ENTER = "momentum is above its entry"
SHORT = "momentum is below its short entry"
LEAVE = "momentum fell back to its exit"
MOVED = "weight moved beyond its band"


def test_a_round_trip():
    """Warm-up, below entry, entry, hold through the hysteresis, exit."""
    desk = Desk()
    assert desk.close(NAN) is None
    assert desk.close(1.2, sigma=NAN) is None
    assert desk.close(0.9) is None
    assert desk.close(1.5) == (0.2362, ENTER)
    assert desk.close(1.5, working=100) is None
    assert desk.close(0.5, lots=100) is None
    assert desk.close(0.01) is None
    assert desk.close(0.0) == (0.0, LEAVE)
    assert desk.close(-0.5) == (0.0, LEAVE)  # until it is flat
    assert desk.close(-0.5, lots=0) is None


def test_the_intent_says_why():
    """Score, volatility and every term of the size stand beside the weight; exits go with it."""
    desk = Desk(trailing=0.1, time_bars=99)
    desk.s["feature_shown"][0, :2] = 1.5, 0.02
    (want,) = desk.policy.decide(desk.view)
    assert list(want.values) == ["z", "entry", "sigma", "kelly", "volatility", "cap", "strength", "weight"]
    assert (want.exits.trailing, want.exits.time_bars) == (0.1, 99)
    assert want.values["weight"] == want.weight == min(want.values[k] for k in ("kelly", "volatility", "cap"))


@pytest.mark.parametrize(
    ("z", "sigma", "options", "weight", "binding"),
    [
        (1.5, 0.02, {}, 0.075 / (0.02 * 252**0.5), "volatility"),
        (1.5, 0.005, {}, 0.24, "cap"),
        (1.0, 0.02, {"kelly_fraction": 0.02}, 0.02 * 0.5 * 1.0 / (0.02 * 60**0.5), "kelly"),
        (-2.0, 0.02, {"kelly_fraction": 0.01}, 0.01 * 0.8 * 2.0 / (0.02 * 60**0.5), "kelly"),
    ],
)
def test_sizes(z, sigma, options, weight, binding):
    """The smallest of c * confidence * z / (sigma sqrt(n)), the volatility target and the cap."""
    size = Momentum(**options).size(z, sigma)
    assert size.weight == pytest.approx(weight, rel=1e-12)
    assert size.binding == binding


def test_no_volatility_no_position():
    """Without a scale there is no size, hence no intent."""
    assert Desk().close(5.0, sigma=0.0) is None


def test_rebalances_on_schedule_and_beyond_the_band():
    """Every 21 bars at most, and then only for a change of more than a fifth."""
    desk = Desk()
    desk.close(1.5)
    log = [desk.close(1.5, sigma=0.04, lots=100) for _ in range(25)]
    assert [(day, want) for day, want in enumerate(log, 1) if want] == [(21, (0.1181, MOVED))]
    calm = Desk()
    calm.close(1.5)
    assert not any(calm.close(1.5, sigma=0.022, lots=100) for _ in range(60))


def test_what_an_exit_has_closed_is_not_bought_back_at_once():
    """After the trailing stop the score has to fall below the entry before it counts again."""
    desk = Desk()
    desk.close(1.5)
    desk.close(1.6, lots=100)
    assert [desk.close(1.6, lots=0) for _ in range(30)] == [None] * 30
    assert desk.close(0.9) is None
    assert desk.close(1.1) == (0.2362, ENTER)


def test_a_refused_entry_is_tried_again_after_some_bars():
    """Not at each close: five bars later, while the score is still there."""
    desk = Desk()
    log = [desk.close(1.5) for _ in range(11)]
    assert [day for day, want in enumerate(log) if want] == [0, 5, 10]
    assert desk.close(-0.1) is None  # nothing held, nothing working: nothing to say
    assert desk.close(1.5) == (0.2362, ENTER)


def test_an_entry_that_is_still_working_is_called_off():
    """The signal is gone before the fill: the target is flat."""
    desk = Desk()
    desk.close(1.5)
    assert desk.close(-0.1, working=100) == (0.0, LEAVE)


def test_shorts_only_when_asked():
    """Below minus the entry: nothing, or a negative weight."""
    assert Desk().close(-1.5) is None
    desk = Desk(shorts=True)
    assert desk.close(-1.5) == (-0.2362, SHORT)
    assert desk.close(-0.5, lots=-100) is None
    assert desk.close(0.0) == (0.0, LEAVE)


@pytest.mark.parametrize(
    "parameters",
    [
        {"entry": 0.5, "exit": 0.5}, {"entry": NAN}, {"exit": -1.0}, {"kelly_fraction": 1.5},
        {"weight_max": 0.0}, {"band": -0.1}, {"rebalance_bars": 0}, {"window": 600},
        {"volatility_annual": NAN},
    ],
)  # fmt: skip
def test_senseless_parameters(parameters):
    """Refused before the run."""
    with pytest.raises(ConfigError):
        Momentum(**parameters)


def test_conformance_and_resume():
    """Pure; and a policy resumed in the middle wants the same as one that was not."""
    for z in (NAN, 1.5, -0.5):
        desk = Desk()
        desk.close(z)
        check_policy(Momentum, desk.view)
    one, other = Desk(), Desk()
    one.close(1.5)
    one.close(1.6, lots=100)
    restore_policy(other.policy, policy_state(one.policy))
    story = [(1.6, 0), (0.9, 0), (1.2, 0), (1.2, 100), (-1.0, 100)]
    assert [one.close(z, lots=lots) for z, lots in story] == [other.close(z, lots=lots) for z, lots in story]
