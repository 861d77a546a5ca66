"""How much: golden values, the brake, the smallest term, and what makes a size nothing."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.portfolio import sizing as of
from seawall.portfolio.kelly import Term

GOLDEN = json.loads((Path(__file__).parents[1] / "golden.json").read_text())
NOT_FINITE = (math.nan, math.inf, -math.inf)


def test_golden_volatility_target() -> None:
    """A daily 1.25 % is 19.84 % a year, so a target of 10 % is half the equity."""
    golden = GOLDEN["E_VOLTARGET"]
    assert of.volatility_target(0.10, 0.0125, 252).value == pytest.approx(golden["lev"], rel=1e-9)
    assert of.volatility_target(0.10, golden["ann_vol"]).value == pytest.approx(golden["lev"], rel=1e-9)
    assert of.volatility_target(0.10, 0.05).value == 1.0
    assert of.volatility_target(0.10, 0.05, cap=3.0).value == 2.0


def test_golden_stop_distance() -> None:
    """The quantity whose stop costs one percent of the equity, rounded down to lots."""
    golden = GOLDEN["E_ATR"]
    quantity = of.atr_quantity(50_000, 0.01, 2.4, 2.0).value
    assert quantity == golden["qty"]
    assert quantity * 2 * 2.4 == pytest.approx(golden["loss_at_stop"], rel=1e-9)
    assert of.atr_quantity(50_000, 0.01, 2.4, 2.0, lot=100.0).value == 100.0
    assert of.atr_weight(50_000, 120.0, 0.01, 2.4, 2.0).value == pytest.approx(104 * 120 / 50_000)


@pytest.mark.parametrize("bad", NOT_FINITE)
@pytest.mark.parametrize(
    "size",
    [
        lambda x: of.volatility_target(x, 0.1),
        lambda x: of.volatility_target(0.1, x),
        lambda x: of.volatility_target(0.1, 0.1, cap=x),
        lambda x: of.atr_quantity(x, 0.01, 2.4),
        lambda x: of.atr_quantity(1e4, 0.01, x),
        lambda x: of.atr_weight(1e4, x, 0.01, 2.4),
        lambda x: of.drawdown_brake(x, 100.0),
        lambda x: of.drawdown_brake(100.0, x),
        lambda x: of.drawdown_brake(100.0, 100.0, x),
    ],
)
def test_not_finite_is_zero_with_a_reason(size, bad: float) -> None:
    """NaN and both infinities size nothing, and the reason says so."""
    term = size(bad)
    assert term.value == 0.0
    assert "not a finite number" in term.reason


@pytest.mark.parametrize(
    ("part", "term"),
    [
        ("above 0", of.volatility_target(0.10, 0.0)),
        ("above 0", of.volatility_target(0.0, 0.1)),
        ("above 0", of.volatility_target(0.1, 0.1, annualisation=0)),
        ("all must be above 0", of.atr_quantity(0.0, 0.01, 2.4)),
        ("more than the risk", of.atr_quantity(100.0, 0.01, 2.4)),
        ("too near", of.atr_quantity(1e300, 1.0, 1e-300)),
        ("all must be above 0", of.atr_weight(-1.0, 10.0, 0.01, 2.4)),
        ("price is -3", of.atr_weight(1e4, -3.0, 0.01, 2.4)),
        ("equity must be above 0", of.drawdown_brake(0.0, 100.0)),
        ("stop in (0, 1]", of.drawdown_brake(100.0, 100.0, 0.0)),
        ("at or below the stop", of.drawdown_brake(79.0, 100.0, 0.20)),
    ],
)
def test_no_size_has_a_reason(part: str, term: Term) -> None:
    """Every way to have no size says why."""
    assert (term.value, part in term.reason) == (0.0, True), term


@pytest.mark.parametrize(
    ("equity", "expected"), [(100.0, 1.0), (120.0, 1.0), (95.0, 0.7894736842), (90.0, 5 / 9), (80.0, 0.0)]
)
def test_brake_table(equity: float, expected: float) -> None:
    """One at the peak and above, nothing at the stop, and the curve between."""
    assert of.drawdown_brake(equity, 100.0).value == pytest.approx(expected)


def test_no_crumb_of_risk_is_left_at_the_stop() -> None:
    """At the stop exactly, rounding leaves nothing to trade, wherever the stop is."""
    for percent in range(1, 100):
        stop = percent / 100
        assert of.drawdown_brake(1e6 * (1.0 - stop), 1e6, stop).value == 0.0, stop


@given(st.floats(0.01, 0.99), *[st.floats(1.0, 1e9)] * 3)
def test_brake_falls_with_the_drawdown(stop: float, peak: float, one: float, two: float) -> None:
    """Within 0 and 1, and a deeper drawdown never sizes more."""
    low, high = sorted((one, two))
    deep, shallow = (of.drawdown_brake(x, peak, stop).value for x in (low, high))
    assert 0.0 <= deep <= shallow <= 1.0


@given(*[st.floats(0.001, 10.0)] * 4)
def test_volatility_and_range_only_reduce(target: float, one: float, two: float, cap: float) -> None:
    """More volatility or a wider range never sizes more, and the cap holds."""
    low, high = sorted((one, two))
    assert cap >= of.volatility_target(target, low, 252, cap).value
    assert (
        of.volatility_target(target, low, 252, cap).value
        >= of.volatility_target(target, high, 252, cap).value
    )
    calm, wild = of.atr_quantity(1e5, 0.01, low).value, of.atr_quantity(1e5, 0.01, high).value
    assert calm >= wild >= 0.0
    assert wild * 2.0 * high <= 1e5 * 0.01 * (1 + 1e-12)


def test_composition_records_every_term() -> None:
    """The smallest cap binds, each multiplier is recorded, and the product is the weight."""
    size = of.compose(
        {"kelly": 0.5, "risk_constrained": Term(0.3), "volatility": 0.4},
        {"regime": 0.8, "drawdown": 0.5},
        strength=0.81,
    )
    assert size.terms == {
        "kelly": 0.5,
        "risk_constrained": 0.3,
        "volatility": 0.4,
        "regime": 0.8,
        "drawdown": 0.5,
        "strength": 0.81,
    }
    assert (size.binding, size.reason) == ("risk_constrained", "")
    assert size.weight == pytest.approx(0.3 * 0.8 * 0.5 * 0.9)


@pytest.mark.parametrize(
    ("reason", "caps", "multipliers", "strength"),
    [
        ("no term: nothing says how much", {}, {}, 1.0),
        ("kelly: nan is not a finite number", {"kelly": math.nan, "volatility": 0.5}, {}, 1.0),
        ("kelly: inf is not a finite number", {"kelly": math.inf}, {}, 1.0),
        ("kelly: no edge at all", {"kelly": Term(0.0, "no edge at all")}, {}, 1.0),
        ("kelly: it is 0", {"kelly": -0.5}, {}, 1.0),
        ("drawdown: at the stop", {"kelly": 0.5}, {"drawdown": Term(0.0, "at the stop")}, 1.0),
        ("strength: nan is not a finite number", {"kelly": 0.5}, {}, math.nan),
        ("less than a float holds", {"kelly": 0.5}, {"a": 1e-200, "b": 1e-200}, 1.0),
        ("kelly: it is 0; regime: it is 0", {"kelly": 0.0}, {"regime": 0.0}, 1.0),
    ],
)
def test_zero_weight_says_why(reason, caps, multipliers, strength) -> None:
    """A weight of nothing names every term that made it so."""
    size = of.compose(caps, multipliers, strength)
    assert size.weight == 0.0
    assert reason in size.reason


def test_a_name_is_one_term() -> None:
    """One name for a cap and a multiplier would hide one of them: an error."""
    with pytest.raises(ValueError, match=r"\['regime'\]"):
        of.compose({"regime": 0.5}, {"regime": 0.5})


@given(
    st.dictionaries(st.sampled_from("abcd"), st.floats(0.0, 5.0), min_size=1),
    st.dictionaries(st.sampled_from("wxyz"), st.floats(-1.0, 3.0)),
    st.floats(-1.0, 3.0),
)
def test_weight_never_exceeds_a_cap(caps, multipliers, strength: float) -> None:
    """No multiplier and no strength can lift the weight above its smallest cap."""
    size = of.compose(caps, multipliers, strength)
    assert 0.0 <= size.weight <= min(caps.values()) == caps[size.binding]
    assert (size.reason == "") == (size.weight > 0.0)
    assert size.terms.keys() == {*caps, *multipliers, "strength"}


@pytest.mark.parametrize(
    ("target", "current", "minimum", "below"),
    [
        (100.0, 95.0, 0.0, True),
        (100.0, 90.0, 0.0, False),
        (100.0, 100.0, 0.0, True),
        (-100.0, -91.0, 0.0, True),
        (100.0, 80.0, 25.0, True),
        (0.0, 1.0, 0.0, False),
        (math.nan, 1.0, 0.0, True),
        (math.inf, 1.0, 0.0, True),
    ],
)
def test_no_trade_band(target: float, current: float, minimum: float, below: bool) -> None:
    """A tenth of the target is traded, less is not, and NaN never trades."""
    assert of.below_no_trade_band(target, current, minimum=minimum) is below
