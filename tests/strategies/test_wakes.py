"""Wakes: intervals and crossings are read before the run, or refused."""

import math

import pytest

from seawall.model.errors import ConfigError
from seawall.strategies.wakes import (
    OnBarClose,
    OnCrossing,
    OnPacket,
    OnQuote,
    OnTimer,
    OnTrade,
    interval_ns,
)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("5m", 300), ("1h", 3600), ("1d", 86_400), ("90m", 5400)]
)
def test_intervals(text, seconds):
    """Durations are exact."""
    assert interval_ns(text) == seconds * 10**9


@pytest.mark.parametrize("text", ["", "0m", "5", "m", "-5m", "1.5h", "5 weeks", 5])
def test_bad_intervals(text):
    """An interval that cannot be read or is 0 is the user's mistake, in each wake that has one."""
    for wake in (OnBarClose, OnTimer):
        with pytest.raises(ConfigError, match="interval of a wake"):
            wake(text)


def test_crossings():
    """A crossing is with a name or with a finite level."""
    assert OnCrossing("sma_10", 95.5).name == "sma_10 x 95.5"
    for level in (math.nan, math.inf):
        with pytest.raises(ConfigError, match="finite level"):
            OnCrossing("sma_10", level)
    assert OnCrossing("sma_10", 95.5, way="down").name == "sma_10 x 95.5 down"
    with pytest.raises(ConfigError, match="way is both, up, down, got 'upwards'"):
        OnCrossing("sma_10", 95.5, way="upwards")  # type: ignore[arg-type]


def test_bars_are_of_one_kind():
    """An interval, a number of trades, a volume or a value; of none it is the data's own."""
    kinds = ("interval", "trades", "volume", "value")
    for wake, given in (
        (OnBarClose(), []),
        (OnBarClose("5m"), ["interval"]),
        (OnBarClose(trades=1000), ["trades"]),
        (OnBarClose(volume=50), ["volume"]),
        (OnBarClose(value=1e6), ["value"]),
    ):
        assert [kind for kind in kinds if getattr(wake, kind) is not None] == given


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"interval": "1m", "trades": 5}, "give interval or trades, not both"),
        ({"trades": 5, "volume": 5}, "give trades or volume, not both"),
        ({"volume": 5, "value": 5.0}, "give volume or value, not both"),
        ({"trades": 0}, "bars of trades: must be a whole number above 0, got 0"),
        ({"trades": -1}, "bars of trades: must be a whole number above 0, got -1"),
        ({"trades": 1.5}, "bars of trades: must be a whole number above 0, got 1.5"),
        ({"trades": True}, "bars of trades: must be a whole number above 0, got True"),
        ({"volume": "10"}, "bars of volume: must be a whole number above 0, got '10'"),
        ({"value": 0.0}, "bars of value: must be a number above 0, got 0.0"),
        ({"value": math.nan}, "bars of value: must be a number above 0, got nan"),
        ({"value": math.inf}, "bars of value: must be a number above 0, got inf"),
        ({"value": True}, "bars of value: must be a number above 0, got True"),
    ],
)
def test_bars_that_cannot_be_made(given, words):
    """Two kinds at once, sizes that are none: the message names kind and value."""
    with pytest.raises(ConfigError) as caught:
        OnBarClose(**given)
    assert words in str(caught.value)


def test_wakes_of_ticks_are_values():
    """They have no field, and two of a kind are one."""
    assert {OnTrade(), OnTrade(), OnQuote(), OnPacket()} == {OnTrade(), OnQuote(), OnPacket()}
