"""From a wanted target to lots: the no-trade band, the minimum, working orders, a change of side."""

from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from seawall.execution.rebalance import collar_ticks, is_against, plan, target_lots
from seawall.model.reasons import Reason

REACHED, WORKING = Reason.TARGET_REACHED, Reason.ALREADY_WORKING
BAND, SMALL, NONE = Reason.INSIDE_BAND, Reason.BELOW_MINIMUM_NOTIONAL, Reason.NONE

PLANS = [  # target, position, working | reason, closing, opening | band 10 %, minimum 500.00 at 100.00 a lot
    (0, 0, 0, REACHED, 0, 0),
    (100, 100, 0, REACHED, 0, 0),
    (100, 0, 0, NONE, 0, 100),
    (-100, 0, 0, NONE, 0, -100),
    (0, 100, 0, NONE, -100, 0),
    (40, 100, 0, NONE, -60, 0),
    (160, 100, 0, NONE, 0, 60),
    (-60, 100, 0, NONE, -100, -60),  # a change of side is two orders
    (60, -100, 0, NONE, 100, 60),
    # the band: changes below 10 % of the target are no trade, but a position is left whole
    (105, 100, 0, BAND, 0, 0),
    (95, 100, 0, BAND, 0, 0),
    (-105, -100, 0, BAND, 0, 0),
    (100, 90, 0, NONE, 0, 10),  # 10 of 100 is not below
    (100, 91, 0, BAND, 0, 0),
    (0, 5, 0, NONE, -5, 0),
    (100, 90, 8, BAND, 0, 0),  # what works counts for the band
    # the minimum: changes below 5 lots
    (4, 0, 0, SMALL, 0, 0),
    (5, 0, 0, NONE, 0, 5),
    (-4, 0, 0, SMALL, 0, 0),
    (0, 4, 0, NONE, -4, 0),  # closing is never too small
    # working orders in the same direction
    (100, 0, 100, WORKING, 0, 0),
    (0, 100, -100, WORKING, 0, 0),
    (150, 0, 100, NONE, 0, 50),
    (0, 100, -60, NONE, -40, 0),
    (-50, 100, -100, NONE, 0, -50),  # the closing part works already
    (-50, 100, -40, NONE, -60, -50),
    (-50, 100, -150, WORKING, 0, 0),
    # working orders against the target are being cancelled and do not count
    (0, 0, 100, REACHED, 0, 0),
    (50, 0, 100, NONE, 0, 50),
    (100, 100, 50, REACHED, 0, 0),
    (50, 100, -100, NONE, -50, 0),
    (-50, 0, 100, NONE, 0, -50),
    (120, 100, -30, NONE, 0, 20),
]


@pytest.mark.parametrize(("target", "position", "working", "reason", "closing", "opening"), PLANS)
def test_the_plan(
    bench: Any, target: int, position: int, working: int, reason: Reason, closing: int, opening: int
) -> None:
    """One line a case: what is wanted, held and working, and what comes of it."""
    s = bench.desk()
    s["rebalance_band"], s["rebalance_notional_minor_min"] = 0.10, 50_000
    assert plan(s, 0, target, position, working) == (reason, closing, opening)


@seed(20260101)
@settings(max_examples=300, deadline=None, database=None)
@given(st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_a_plan_leads_to_the_target(bench: Any, target: int, position: int, working: int) -> None:
    """What is kept and what is sent add up to the target; closing never crosses zero."""
    s = bench.desk()
    kept = 0 if is_against(target, position, working) else working
    reason, closing, opening = plan(s, 0, target, position, working)
    assert position + kept + closing + opening == target
    assert (reason == 0) == (closing != 0 or opening != 0)
    assert abs(position + kept + closing) <= abs(position + kept)
    assert closing * (position + kept) <= 0
    assert not (closing and opening) or closing * opening > 0
    assert plan(s, 0, target, position, kept + closing + opening)[1:] == (0, 0)  # the same wish again


AGAINST = [  # target, position, working, is it against
    (100, 0, 0, False),
    (100, 0, 100, False),
    (150, 0, 100, False),
    (50, 0, 100, True),
    (0, 0, 100, True),
    (0, 100, -100, False),
    (100, 100, -50, True),
    (-100, 0, 50, True),
]


@pytest.mark.parametrize(("target", "position", "working", "expected"), AGAINST)
def test_working_orders_against_the_target(target: int, position: int, working: int, expected: bool) -> None:
    """Orders that lead away from the target, or beyond it, are against it."""
    assert is_against(target, position, working) == expected


WEIGHTS = [  # weight, price in ticks, equity in minor units | lots
    (0.25, 10_000, 100_000_000, 2_500),
    (-0.25, 10_000, 100_000_000, -2_500),
    (0.25, 9_999, 100_000_000, 2_500),  # 2500.25, cut toward zero
    (-0.25, 9_999, 100_000_000, -2_500),
    (0.0, 10_000, 100_000_000, 0),
    (0.25, 0, 100_000_000, 0),  # no price
    (0.25, 10_000, 0, 0),
    (0.25, 10_000, -5_000_000, 0),  # a desk that owes wants nothing, least of all the other side
    (1e300, 10_000, 100_000_000, 2**53),  # absurd, but a number; the gate refuses it
    (-1e300, 10_000, 100_000_000, -(2**53)),
]


@pytest.mark.parametrize(("weight", "price", "equity", "lots"), WEIGHTS)
def test_lots_of_a_weight(bench: Any, weight: float, price: int, equity: int, lots: int) -> None:
    """weight * equity / price of a lot, in whole lots toward zero."""
    s = bench.desk()
    s["instruments"][0]["last_ticks"], s["ledger"]["equity_minor"] = price, equity
    assert target_lots(s, 0, weight) == lots


# weight, price in ticks | lots of 100 dollars, an equity of one coin, a tick of 0.1
INVERSE_WEIGHTS = [
    (0.5, 500_000, 250),
    (-0.5, 500_000, -250),
    (0.5, 400_001, 200),
    (1.0, 618_048, 618),
    (1.0, 0, 0),
]


@pytest.mark.parametrize(("weight", "price", "lots"), INVERSE_WEIGHTS)
def test_lots_of_a_weight_of_an_inverse_contract(bench: Any, weight: float, price: int, lots: int) -> None:
    """weight * equity * price / face: the higher the price, the more contracts make a coin."""
    s = bench.desk()
    record = s["instruments"][0]
    record["tick_value_numerator"], record["inverse"], record["last_ticks"] = 10**11, 1, price
    s["ledger"]["equity_minor"] = 10**8
    assert target_lots(s, 0, weight) == lots


@pytest.mark.parametrize(("price", "fewest"), [(500_000, 50), (500_001, 51), (400_000, 40)])
def test_the_minimum_of_an_inverse_contract(bench: Any, price: int, fewest: int) -> None:
    """A tenth of a coin is 50 contracts of 100 dollars at 50,000."""
    s = bench.desk()
    record = s["instruments"][0]
    record["tick_value_numerator"], record["inverse"], record["last_ticks"] = 10**11, 1, price
    s["rebalance_notional_minor_min"] = 10**7
    assert plan(s, 0, fewest - 1, 0, 0) == (SMALL, 0, 0)
    assert plan(s, 0, fewest, 0, 0) == (NONE, 0, fewest)


def test_what_settles_in_another_currency_is_not_sized(bench: Any) -> None:
    """Its weight is no number of lots: one lot goes to the gate, to be refused there with the reason."""
    s = bench.desk()
    s["instruments"][0]["foreign"], s["rebalance_notional_minor_min"] = 1, 10**12
    assert [target_lots(s, 0, weight) for weight in (0.3, -0.3, 0.0)] == [1, -1, 0]
    assert plan(s, 0, 1, 0, 0) == (NONE, 0, 1)


def test_lots_of_a_weight_with_a_tick_of_a_fraction_of_a_cent(bench: Any) -> None:
    """100 shares a lot at a tick of 0.0001: one tick and lot is one cent."""
    s = bench.desk()
    record = s["instruments"][0]
    record["tick_value_numerator"], record["tick_value_denominator"], record["last_ticks"] = 1, 100, 1_000_000
    assert target_lots(s, 0, 0.5) == 5_000


COLLARS = [  # reference, side, reducing | worst price; collar 5 %, in an emergency 30 %
    (10_000, 1, False, 10_500),
    (10_000, -1, False, 9_500),
    (10_000, 1, True, 13_000),
    (10_000, -1, True, 7_000),
    (10_001, 1, False, 10_501),  # 10501.05: never beyond the collar
    (10_001, -1, False, 9_501),  # 9500.95
    (1, -1, True, 1),  # at least a tick
    (0, 1, False, 0),  # no price, no order
    (-5, -1, False, 0),
]


@pytest.mark.parametrize(("reference", "side", "reducing", "worst"), COLLARS)
def test_the_collar(bench: Any, reference: int, side: int, reducing: bool, worst: int) -> None:
    """The worst price of a market order, inside the collar to the tick."""
    s = bench.desk()
    s["instruments"][0]["last_ticks"] = reference
    assert collar_ticks(s, 0, side, reducing) == worst


def test_no_collar_is_no_price(bench: Any) -> None:
    """A desk without a collar has no worst price; an emergency collar alone serves what reduces."""
    s = bench.desk()
    s["instrument_limits"][0]["collar_ppm"] = -1
    assert (collar_ticks(s, 0, 1, False), collar_ticks(s, 0, 1, True)) == (0, 13_000)
