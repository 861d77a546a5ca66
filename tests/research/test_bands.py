"""Bands: every figure has a meaning, every band is reachable, the ends are read upwards."""

import math

import pytest

from seawall.research.bands import METRICS, reading, scale, tone


@pytest.mark.parametrize(
    ("name", "value", "word", "colour"),
    [
        ("sharpe", -0.01, "loses", "bad"),
        ("sharpe", 0.49, "weak", "care"),
        ("sharpe", 1.0, "good", "good"),
        ("sharpe", 2.0, "very good", "good"),
        ("sharpe", 3.0, "suspicious", "care"),
        ("max_drawdown", -0.05, "shallow", "good"),
        ("max_drawdown", -0.6, "severe", "bad"),
        ("profit_factor", 0.99, "loses", "bad"),
        ("total_return", 0.5, "", "plain"),
        ("sharpe", None, "", "plain"),
    ],
)
def test_readings(name: str, value: float | None, word: str, colour: str) -> None:
    """A value on an end belongs to the better band; what is undefined has no reading."""
    assert (reading(name, value), tone(name, value)) == (word, colour)


@pytest.mark.parametrize("name", METRICS)
def test_bands_are_complete(name: str) -> None:
    """Bands rise, the last has no end, and each word of the scale is one that is read."""
    metric = METRICS[name]
    ends = [upper for upper, _, _ in metric.bands]
    assert ends == sorted(set(ends))
    assert not ends or ends[-1] == math.inf
    assert metric.label
    assert metric.meaning
    for upper, word, _ in metric.bands:
        inside = ends[-2] + 1.0 if upper == math.inf else upper - 1e-9
        assert reading(name, inside) == word
        assert word in scale(name)
