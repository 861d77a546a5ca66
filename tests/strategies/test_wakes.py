"""Wakes: intervals and crossings are read before the run, or refused."""

import math

import pytest

from seawall.model.errors import ConfigError
from seawall.strategies.wakes import OnBarClose, OnCrossing, OnTimer, interval_ns


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
