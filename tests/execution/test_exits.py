"""Protective exits, as a table: what a bar does to a position that has them."""

import numpy as np
import pytest

from seawall.execution.exits import age, arm, disarm, evaluate, evaluate_price, rescale
from seawall.kernels.state import FINE_PER_TICK, new_state
from seawall.model.reasons import Reason

NONE, STOP, PROFIT, TRAIL, TIME = (
    int(r)
    for r in (Reason.NONE, Reason.STOP_LOSS, Reason.TAKE_PROFIT, Reason.TRAILING_STOP, Reason.TIME_STOP)
)


def a_position(lots, entry_ticks=10_000.0, stop=0.0, profit=0.0, trail=0.0, bars=0):
    """A state with one position whose exits are armed at this entry."""
    state = new_state()
    s = state[0]
    s["positions"][0, 0]["lots"] = lots
    arm(s, 0, 0, stop, profit, trail, bars, round(entry_ticks * FINE_PER_TICK))
    return state


def after(state, high, low, close):
    """The reason that this bar gives."""
    s = state[0]
    bar = s["bars"][0, s["bar_count"][0] % len(s["bars"][0])]
    bar["high"], bar["low"], bar["close"] = high, low, close
    s["bar_count"][0] += 1
    return evaluate(s, 0, 0)


CASES = [
    # lots, exits,                      bars as (high, low, close),                      reasons
    (100, {"stop": 0.05}, [(10_100, 9_501, 9_600), (9_600, 9_500, 9_590)], [NONE, STOP]),
    (100, {"stop": 0.05}, [(9_000, 8_000, 8_500)], [STOP]),  # a gap right through it
    (-100, {"stop": 0.05}, [(10_499, 9_000, 9_500), (10_500, 10_000, 10_000)], [NONE, STOP]),
    (-100, {"stop": 0.05}, [(12_000, 11_000, 11_500)], [STOP]),
    (100, {"profit": 0.10}, [(10_999, 10_000, 10_500), (11_000, 10_000, 10_500)], [NONE, PROFIT]),
    (-100, {"profit": 0.10}, [(10_000, 9_001, 9_500), (10_000, 9_000, 9_500)], [NONE, PROFIT]),
    (100, {"stop": 0.05, "profit": 0.05}, [(10_600, 9_400, 10_000)], [STOP]),  # both in one bar
    (-100, {"stop": 0.05, "profit": 0.05}, [(10_600, 9_400, 10_000)], [STOP]),
    # trailing 10 %: from the entry, then from the best; the low is held against the best before it
    (100, {"trail": 0.10}, [(10_100, 9_000, 9_500)], [TRAIL]),
    (100, {"trail": 0.10}, [(12_000, 10_000, 12_000), (12_000, 10_801, 11_000)], [NONE, NONE]),
    (100, {"trail": 0.10}, [(12_000, 10_000, 12_000), (12_000, 10_800, 11_000)], [NONE, TRAIL]),
    (100, {"trail": 0.10}, [(12_000, 10_000, 10_800)], [TRAIL]),  # the close came after the high
    (-100, {"trail": 0.10}, [(10_000, 8_000, 8_000), (8_799, 8_000, 8_500)], [NONE, NONE]),
    (-100, {"trail": 0.10}, [(10_000, 8_000, 8_000), (8_800, 8_000, 8_500)], [NONE, TRAIL]),
    (-100, {"trail": 0.10}, [(10_000, 8_000, 8_800)], [TRAIL]),
    (100, {"bars": 3}, [(10_001, 9_999, 10_000)] * 4, [NONE, NONE, TIME, TIME]),
    # what has fired stays so, and keeps its reason, until the position is flat
    (100, {"stop": 0.05, "bars": 2}, [(9_600, 9_400, 9_600), (11_000, 10_900, 11_000)], [STOP, STOP]),
    (100, {}, [(20_000, 1, 10_000)], [NONE]),
    (0, {"stop": 0.05}, [(20_000, 1, 10_000)], [NONE]),
]


@pytest.mark.parametrize(("lots", "exits", "bars", "reasons"), CASES)
def test_table(lots, exits, bars, reasons):
    """Long, short, gaps, both in one bar, trailing and time."""
    state = a_position(lots, **exits)
    assert [after(state, *bar) for bar in bars] == reasons


@pytest.mark.parametrize(
    ("lots", "entry", "first_out"),
    [
        (100, 10_000.0, 9_500),
        (100, 10_000.5, 9_501),  # level 9500.475: fires early, at the tick above
        (-100, 10_000.0, 10_500),
        (-100, 9_999.5, 10_499),  # level 10499.475: at the tick below
    ],
)
def test_a_stop_between_ticks_fires_early(lots, entry, first_out):
    """A level off the tick is rounded towards the price."""
    side = 1 if lots > 0 else -1
    just_in = a_position(lots, entry, stop=0.05)
    out = a_position(lots, entry, stop=0.05)
    safe = first_out + side
    assert after(just_in, max(safe, 10_000), min(safe, 10_000), 10_000) == NONE
    assert after(out, max(first_out, 10_000), min(first_out, 10_000), 10_000) == STOP


def test_no_arithmetic_leaves_64_bits():
    """Prices near the largest that compiled money admits have a stop where it belongs."""
    ticks = 400_000_000_000
    state = a_position(1, ticks, stop=0.05)
    level = ticks * 95 // 100
    assert after(state, ticks, level + 1, ticks) == NONE
    assert after(state, ticks, level, ticks) == STOP


def test_disarm_and_arm_again():
    """A flat position has no exits; the next one begins at age 0 and without what fired."""
    state = a_position(100, stop=0.05, bars=2)
    assert after(state, 10_000, 9_000, 9_000) == STOP
    disarm(state[0], 0, 0)
    assert after(state, 10_000, 9_000, 9_000) == NONE
    arm(state[0], 0, 0, 0.05, 0.0, 0.0, 2, 9_000 * FINE_PER_TICK)
    assert [after(state, 9_100, 8_900, 9_000) for _ in range(2)] == [NONE, TIME]


def test_other_strategies_and_instruments_are_not_touched():
    """Exits belong to one position."""
    state = a_position(100, stop=0.05)
    before = state[0]["exits"].copy()
    after(state, 10_100, 9_900, 10_000)
    changed = np.argwhere(state[0]["exits"] != before)
    assert changed.tolist() == [[0, 0]]


def test_a_split_moves_every_level():
    """After 2 for 1 the same story in half prices gives the same reasons."""
    state = a_position(100, 10_001, stop=0.05, trail=0.10)
    assert after(state, 12_001, 10_000, 12_000) == NONE
    rescale(state[0], 0, 2, 1)
    assert int(state[0]["exits"][0, 0]["extreme_ticks"]) == 6_001  # rounded to the early side
    assert after(state, 6_000, 5_402, 5_500) == NONE
    assert after(state, 6_000, 5_401, 5_500) == TRAIL


def test_a_short_after_a_reverse_split():
    """1 for 10: prices times ten, for a short the best is rounded down."""
    state = a_position(-100, 1_000, trail=0.10)
    assert after(state, 1_000, 800, 800) == NONE
    rescale(state[0], 0, 1, 10)
    assert after(state, 8_799, 8_000, 8_000) == NONE
    assert after(state, 8_800, 8_000, 8_000) == TRAIL


def at(state, price):
    """The reason that this price gives."""
    state[0]["instruments"][0]["mark_ticks"] = price
    return evaluate_price(state[0], 0, 0)


PRICES = [
    # lots, exits,                    prices,                              reasons
    (100, {"stop": 0.05}, [9_501, 9_500], [NONE, STOP]),
    (-100, {"stop": 0.05}, [10_499, 10_500], [NONE, STOP]),
    (100, {"stop": 0.05}, [1], [STOP]),  # a gap right through it
    (100, {"profit": 0.10}, [10_999, 11_000], [NONE, PROFIT]),
    (-100, {"profit": 0.10}, [9_001, 9_000], [NONE, PROFIT]),
    (100, {"trail": 0.10}, [9_001, 9_000], [NONE, TRAIL]),  # from the entry
    (100, {"trail": 0.10}, [12_000, 10_801, 10_800], [NONE, NONE, TRAIL]),  # from the best price
    (100, {"trail": 0.10}, [12_000, 11_000, 11_500, 10_801, 10_800], [NONE] * 4 + [TRAIL]),
    (-100, {"trail": 0.10}, [8_000, 8_799, 8_800], [NONE, NONE, TRAIL]),
    (100, {"stop": 0.05, "trail": 0.05}, [9_500], [STOP]),  # both at once
    (100, {"stop": 0.05}, [9_500, 11_000], [STOP, STOP]),  # what has fired stays so
    (100, {"bars": 1}, [9_000, 12_000], [NONE, NONE]),  # prices age nobody
    (100, {}, [1, 99_999], [NONE, NONE]),
    (0, {"stop": 0.05}, [1], [NONE]),
]


@pytest.mark.parametrize(("lots", "exits", "prices", "reasons"), PRICES)
def test_prices_one_by_one(lots, exits, prices, reasons):
    """Long and short: a price is worst, best and last at once."""
    state = a_position(lots, **exits)
    assert [at(state, price) for price in prices] == reasons


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("lots", [100, -100])
def test_a_price_is_a_bar_of_no_height(seed, lots):
    """On random walks both ways of looking fire at the same step with the same reason."""
    chance = np.random.default_rng(seed)
    exits = {"stop": 0.03, "profit": 0.04, "trail": 0.02}
    one, other = a_position(lots, **exits), a_position(lots, **exits)
    for price in 10_000 + np.cumsum(chance.integers(-20, 21, 2_000)):
        assert at(one, price) == after(other, price, price, price), f"seed {seed}"
        assert one[0]["exits"][0, 0]["extreme_ticks"] == other[0]["exits"][0, 0]["extreme_ticks"]


def test_bars_of_trades_age_a_position():
    """The price after the last of them finds that its time is over."""
    state = a_position(100, bars=2)
    found = []
    for _ in range(3):
        found.append(at(state, 10_000))
        age(state[0], 0, 0)
    assert found == [NONE, NONE, TIME]
    assert at(state, 10_000) == TIME
