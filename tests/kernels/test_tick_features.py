"""Tick features against a twin in plain Python: exact differences, NaN until warm, each by its own events."""

import math
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from seawall.features.bars import Sma
from seawall.features.ticks import (
    Imbalance,
    LastTrade,
    Microprice,
    Mid,
    Spread,
    TradeChange,
    TradeEwma,
    TradeReturn,
)
from seawall.kernels.state import TRADES_KEPT, new_state
from seawall.kernels.tick_features import TOUCH_KINDS, TRADE_KINDS, update_touch, update_trade
from seawall.strategies.wakes import OnTrade
from seawall.strategies.wiring import wire_policy

SEED = 5150
LONGEST = TRADES_KEPT - 1
OF_TRADES = (LastTrade(), TradeChange(1), TradeChange(7), TradeChange(LONGEST), TradeReturn(3), TradeEwma(20))
OF_TOUCH = (Mid(), Spread(), Imbalance(), Microprice())


class Policy:
    """It only declares."""

    wakes = (OnTrade(),)

    def __init__(self, *features: Any) -> None:
        self.features = features


def a_state(*features: Any) -> Any:
    """A state with these features, of an instrument of a tenth a tick."""
    s = new_state()[0]
    wire_policy(s, Policy(*features))
    s["instrument_count"] = 2
    s["tick_numerator"], s["tick_denominator"] = 1.0, 10.0
    return s


def trade(s: Any, price: int, number: int = 0) -> None:
    """A trade enters the ring."""
    tick = s["ticks"][number]
    s["trades"][number, tick["trades_seen"] % TRADES_KEPT]["price_ticks"] = price
    tick["trades_seen"] += 1
    update_trade(s, number)


def touch(s: Any, bid: int, bid_lots: int, ask: int, ask_lots: int, number: int = 0) -> None:
    """A whole touch."""
    tick = s["ticks"][number]
    tick["bid_ticks"], tick["bid_lots"], tick["ask_ticks"], tick["ask_lots"] = bid, bid_lots, ask, ask_lots
    update_touch(s, number)


def values(s: Any, count: int, number: int = 0) -> list[float]:
    """The features in ticks."""
    return [float(value) for value in s["feature_values"][number, :count]]


def ewma(prices: list[int], span: int) -> Iterator[float]:
    """The textbook's recursion."""
    mean = float(prices[0])
    yield mean
    for price in prices[1:]:
        mean += 2.0 / (span + 1.0) * (price - mean)
        yield mean


@pytest.mark.parametrize("seed", range(SEED, SEED + 3))
def test_features_of_trades_are_those_of_a_plain_list(seed: int) -> None:
    """Random prices, twice round the ring: each value is the twin's to the bit, and NaN until warm."""
    chance = random.Random(seed)
    s, price, prices = a_state(*OF_TRADES), 50_000, []
    for _ in range(2 * TRADES_KEPT + 50):
        price += chance.randrange(-9, 10)
        prices.append(price)
    for count, (newest, average) in enumerate(zip(prices, ewma(prices, 20), strict=True), start=1):
        trade(s, newest)
        expected = [float(newest)]
        expected += [
            float(newest - prices[count - 1 - window]) if count > window else math.nan
            for window in (1, 7, LONGEST)
        ]
        before = prices[count - 4] if count > 3 else 1
        expected.append((newest - before) / before if count > 3 else math.nan)
        expected.append(average)
        np.testing.assert_array_equal(values(s, 6), expected, err_msg=f"seed {seed}, trade {count}")


def test_differences_of_prices_are_exact() -> None:
    """At prices near 2^53 a difference of one tick is one tick."""
    s = a_state(TradeChange(1), TradeChange(2))
    for price in (2**53 - 3, 2**53 - 2, 2**53 - 1):
        trade(s, price)
    assert values(s, 2) == [1.0, 2.0]


TOUCHES = [  # touch, mid, spread, imbalance, microprice
    ((100, 1, 101, 1), 100.5, 1.0, 0.0, 100.5),
    ((100, 3, 104, 1), 102.0, 4.0, 0.5, 103.0),
    ((100, 1, 104, 3), 102.0, 4.0, -0.5, 101.0),
    ((100, 10, 100, 30), 100.0, 0.0, -0.5, 100.0),  # locked
    ((1, 1, 2, 999_999_999), 1.5, 1.0, (1 - 999_999_999) / 10**9, (1 * 2 + 999_999_999 * 1) / 10**9),
]


@pytest.mark.parametrize(("given", "mid", "spread", "imbalance", "microprice"), TOUCHES)
def test_features_of_the_touch(
    given: tuple[int, int, int, int], mid: float, spread: float, imbalance: float, microprice: float
) -> None:
    """Each formula on numbers done by hand."""
    s = a_state(*OF_TOUCH)
    assert all(math.isnan(value) for value in values(s, 4))
    touch(s, *given)
    assert values(s, 4) == [mid, spread, imbalance, microprice]


def test_features_of_the_touch_keep_their_bounds() -> None:
    """On random touches: the microprice lies between bid and ask, the imbalance within -1 and 1."""
    chance, s = random.Random(SEED), a_state(*OF_TOUCH)
    for _ in range(500):
        bid = chance.randrange(1, 10**6)
        ask = bid + chance.randrange(0, 50)
        bid_lots, ask_lots = chance.randrange(1, 10**7), chance.randrange(1, 10**7)
        touch(s, bid, bid_lots, ask, ask_lots)
        mid, spread, imbalance, microprice = values(s, 4)
        assert (mid, spread) == ((bid + ask) / 2, ask - bid), f"seed {SEED}"
        assert imbalance == (bid_lots - ask_lots) / (bid_lots + ask_lots), f"seed {SEED}"
        assert bid - 1e-9 <= microprice <= ask + 1e-9, f"seed {SEED}"


def test_each_event_looks_at_its_own_features_alone() -> None:
    """With features of bars before them: a trade leaves the touch's NaN, a touch those of trades."""
    s = a_state(Mid(), LastTrade(), Sma(2))  # sorted: of bars, of trades, of the touch
    trade(s, 100)
    np.testing.assert_array_equal(values(s, 3), [math.nan, 100.0, math.nan])
    touch(s, 90, 1, 92, 1)
    np.testing.assert_array_equal(values(s, 3), [math.nan, 100.0, 91.0])
    trade(s, 105)
    np.testing.assert_array_equal(values(s, 3), [math.nan, 105.0, 91.0])


def test_instruments_do_not_mix() -> None:
    """What one trades does not warm the other's windows."""
    s = a_state(TradeChange(1), TradeEwma(3))
    for price in (100, 110, 120):
        trade(s, price)
    trade(s, 7, number=1)
    np.testing.assert_array_equal(values(s, 2, number=1), [math.nan, 7.0])
    assert values(s, 2) == [10.0, 112.5]


def test_policies_see_prices_in_currency_and_ratios_as_they_are() -> None:
    """A tick of a tenth: what has the dimension of a price is divided, a return is not."""
    s = a_state(LastTrade(), TradeReturn(1), Spread(), Imbalance())
    trade(s, 1_000)
    trade(s, 1_100)
    touch(s, 1_095, 1, 1_102, 3)
    assert s["feature_shown"][0, :4].tolist() == [110.0, 0.1, 0.7, -0.5]


def test_kinds_are_numbers_of_their_own() -> None:
    """None is used twice, and every feature has one of them."""
    kinds = [*TRADE_KINDS, *TOUCH_KINDS]
    assert len(set(kinds)) == len(kinds) == 8
    assert {feature.number for feature in OF_TRADES} == set(TRADE_KINDS)
    assert {feature.number for feature in OF_TOUCH} == set(TOUCH_KINDS)
