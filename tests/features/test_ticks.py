"""Tick features as declarations: names, dimensions, windows, and what cannot be meant."""

from typing import Any

import pytest

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
from seawall.kernels.state import TRADES_KEPT
from seawall.kernels.tick_features import TOUCH_KINDS, TRADE_KINDS
from seawall.model.errors import ConfigError

TABLE = [  # feature, name, in the dimension of a price, of trades, window
    (LastTrade(), "last_trade", True, True, 0),
    (TradeChange(100), "trade_change_100", True, True, 100),
    (TradeReturn(50), "trade_return_50", False, True, 50),
    (TradeEwma(200), "trade_ewma_200", True, True, 200),
    (Mid(), "mid", True, False, 0),
    (Spread(), "spread", True, False, 0),
    (Imbalance(), "imbalance", False, False, 0),
    (Microprice(), "microprice", True, False, 0),
]


@pytest.mark.parametrize(("feature", "name", "in_price", "of_trades", "window"), TABLE)
def test_table(feature: Any, name: str, in_price: bool, of_trades: bool, window: int) -> None:
    """What the desk enters into the state, and how a policy calls it."""
    assert (feature.name, feature.in_price, feature.of_trades) == (name, in_price, of_trades)
    assert (feature.window, feature.parameter, feature.bars_needed) == (window, 0.0, 0)
    assert feature.number in (TRADE_KINDS if of_trades else TOUCH_KINDS)


def test_names_and_numbers_are_unique() -> None:
    """Two features of one name would be one feature."""
    assert len({feature.name for feature, *_ in TABLE}) == len(TABLE)
    assert len({feature.number for feature, *_ in TABLE}) == len(TABLE)


@pytest.mark.parametrize("kind", [TradeChange, TradeReturn])
@pytest.mark.parametrize("window", [0, -1, TRADES_KEPT, 10**9])
def test_a_window_fits_into_the_ring(kind: Any, window: int) -> None:
    """A change over n trades reads n + 1 of them."""
    with pytest.raises(ConfigError, match=f"window must lie in 1 to {TRADES_KEPT - 1} trades, got {window}"):
        kind(window)
    assert kind(TRADES_KEPT - 1).window == TRADES_KEPT - 1


@pytest.mark.parametrize("kind", [TradeChange, TradeReturn, TradeEwma])
@pytest.mark.parametrize("window", [1.5, "10", None, True])
def test_a_window_is_a_whole_number(kind: Any, window: Any) -> None:
    """Anything else is named with the feature."""
    with pytest.raises(ConfigError, match=f"{kind.__name__}: window must be a whole number of trades"):
        kind(window)


def test_an_average_may_be_longer_than_the_ring() -> None:
    """It carries a value instead of a window."""
    assert TradeEwma(1_000_000).window == 1_000_000
    with pytest.raises(ConfigError, match="1 to 1000000"):
        TradeEwma(1_000_001)


def test_equal_declarations_are_one() -> None:
    """They are values: equal, hashable, frozen."""
    assert TradeChange(5) == TradeChange(5) != TradeReturn(5)
    assert len({Mid(), Mid(), Spread()}) == 2
    with pytest.raises(AttributeError):
        TradeChange(5).window = 6  # type: ignore[misc]
