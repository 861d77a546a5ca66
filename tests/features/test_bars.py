"""Names and parameters of bar features."""

import pytest

from seawall.features import bars
from seawall.kernels import bar_features
from seawall.kernels.state import BARS_KEPT, FEATURE
from seawall.model.errors import ConfigError

TABLE = [
    # feature, name, number, second parameter, bars until warm, in price
    (bars.Sma(10), "sma_10", bar_features.SMA, 0.0, 10, True),
    (bars.StandardDeviation(20), "standard_deviation_20", bar_features.STANDARD_DEVIATION, 0.0, 20, True),
    (bars.ZScore(20), "z_score_20", bar_features.Z_SCORE, 0.0, 21, False),
    (bars.LogReturn(5), "log_return_5", bar_features.LOG_RETURN, 0.0, 6, False),
    (bars.MomentumScore(60, 20), "momentum_score_60_20", bar_features.MOMENTUM_SCORE, 20.0, 61, False),
    (bars.Atr(14), "atr_14", bar_features.ATR, 0.0, 15, True),
    (bars.EwmaVolatility(32), "ewma_volatility_32", bar_features.EWMA_VOLATILITY, 0.0, 33, False),
    (bars.High(55), "high_55", bar_features.HIGH, 0.0, 55, True),
    (bars.Low(55), "low_55", bar_features.LOW, 0.0, 55, True),
]


@pytest.mark.parametrize(("feature", "name", "number", "parameter", "needed", "in_price"), TABLE)
def test_table(feature, name, number, parameter, needed, in_price):
    """What the desk reads of each feature, and that the kernel agrees on the warm-up."""
    assert (feature.name, feature.number, feature.parameter) == (name, number, parameter)
    assert (feature.bars_needed, feature.in_price) == (needed, in_price)
    window = feature.window
    assert bar_features._bars_needed(number, window, int(parameter)) == needed
    assert FEATURE.names == ("kind", "window", "in_price", "unused", "parameter")


def test_the_table_names_every_feature():
    """No feature is left out above, and no two share a number."""
    kinds = [type(row[0]) for row in TABLE]
    assert kinds == [
        bars.Sma, bars.StandardDeviation, bars.ZScore, bars.LogReturn, bars.MomentumScore,
        bars.Atr, bars.EwmaVolatility, bars.High, bars.Low,
    ]  # fmt: skip
    assert sorted(row[2] for row in TABLE) == list(range(1, len(TABLE) + 1))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: bars.Sma(0), r"Sma: window must lie in 1 to 512 bars, got 0"),
        (lambda: bars.Sma(BARS_KEPT + 1), "got 513"),
        (lambda: bars.LogReturn(BARS_KEPT), r"LogReturn: window must lie in 1 to 511 bars, got 512"),
        (lambda: bars.ZScore(1), r"ZScore: window must lie in 2"),
        (lambda: bars.Sma(10.0), "whole number of bars, got 10.0"),
        (lambda: bars.Atr(True), "whole number of bars, got True"),
        (lambda: bars.EwmaVolatility(0), "span must lie in 1 to 511"),
        (lambda: bars.MomentumScore(20, 1), "volatility_window must lie in 2"),
    ],
)
def test_windows_that_the_core_cannot_answer(build, message):
    """A window outside the ring of bars is refused before the run."""
    with pytest.raises(ConfigError, match=message):
        build()
