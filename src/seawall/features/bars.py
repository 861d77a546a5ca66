"""Bar features: what a policy may ask for by name, with its parameters and warm-up.

Rule 1: a feature is declared before the run and computed at each close; a policy only reads it.
Rule 2: windows count completed bars of the desk's interval and fit in the ring of the core.
Rule 3: two features of one name are one feature; the name says kind and parameters.

Theory of operation: each struct below knows its name, the number of its kind, and whether its
value has the dimension of a price. The desk enters `number`, `window` and `parameter` into the
state, where kernels/bar_features.py computes the values. Those of the dimension of a price are
kept in ticks, like the bars that they come from; the view shows them in currency.
"""

from typing import ClassVar

import msgspec

from seawall.kernels import bar_features
from seawall.kernels.state import BARS_KEPT
from seawall.model.errors import ConfigError

__all__ = [
    "Atr",
    "EwmaVolatility",
    "Feature",
    "High",
    "LogReturn",
    "Low",
    "MomentumScore",
    "Sma",
    "StandardDeviation",
    "ZScore",
]


def _check(kind: str, field: str, value: object, low: int, high: int) -> None:
    """A window is a whole number that the ring of bars can answer."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"{kind}: {field} must be a whole number of bars, got {value!r}")
    if not low <= value <= high:
        raise ConfigError(f"{kind}: {field} must lie in {low} to {high} bars, got {value}")


class _Windowed(msgspec.Struct, frozen=True):
    """What features of one window share; see the subclasses for their formulas."""

    window: int

    number: ClassVar[int] = 0
    prefix: ClassVar[str] = ""
    window_min: ClassVar[int] = 1
    bars_before: ClassVar[int] = 0  # how many bars before the window the formula reads

    def __post_init__(self) -> None:
        _check(type(self).__name__, "window", self.window, self.window_min, BARS_KEPT - self.bars_before)

    @property
    def name(self) -> str:
        """How policies and desk files call it: kind and window, as in `sma_10`."""
        return f"{self.prefix}_{self.window}"

    @property
    def parameter(self) -> float:
        """A second parameter; 0 where there is none."""
        return 0.0

    @property
    def bars_needed(self) -> int:
        """Completed bars until the first value; NaN before."""
        return self.window + self.bars_before

    @property
    def in_price(self) -> bool:
        """Whether the value has the dimension of a price (and not of a ratio)."""
        return self.number in bar_features.PRICE_KINDS


class Sma(_Windowed, frozen=True):
    """Simple moving average of the last `window` closes, in price.

    >>> Sma(10).name, Sma(10).bars_needed
    ('sma_10', 10)
    """

    number: ClassVar[int] = bar_features.SMA
    prefix: ClassVar[str] = "sma"


class StandardDeviation(_Windowed, frozen=True):
    """Standard deviation of the last `window` closes, in price, dividing by window (Bollinger 2001)."""

    number: ClassVar[int] = bar_features.STANDARD_DEVIATION
    prefix: ClassVar[str] = "standard_deviation"


class ZScore(_Windowed, frozen=True):
    """(close - mean) / deviation over the `window` closes before this one (divisor window - 1).

    The present close is no part of its own scale, so that an outlier shows as one. 0 where the
    window does not vary.

    >>> ZScore(20).bars_needed
    21
    """

    number: ClassVar[int] = bar_features.Z_SCORE
    prefix: ClassVar[str] = "z_score"
    window_min: ClassVar[int] = 2
    bars_before: ClassVar[int] = 1


class LogReturn(_Windowed, frozen=True):
    """ln(close / close `window` bars ago)."""

    number: ClassVar[int] = bar_features.LOG_RETURN
    prefix: ClassVar[str] = "log_return"
    bars_before: ClassVar[int] = 1


class Atr(_Windowed, frozen=True):
    """Average true range in price (Wilder 1978): mean of the first `window`, then 1/window of each.

    >>> Atr(14).name, Atr(14).in_price
    ('atr_14', True)
    """

    number: ClassVar[int] = bar_features.ATR
    prefix: ClassVar[str] = "atr"
    bars_before: ClassVar[int] = 1


class High(_Windowed, frozen=True):
    """Highest high of the last `window` bars, in price; this bar counts."""

    number: ClassVar[int] = bar_features.HIGH
    prefix: ClassVar[str] = "high"


class Low(_Windowed, frozen=True):
    """Lowest low of the last `window` bars, in price; this bar counts."""

    number: ClassVar[int] = bar_features.LOW
    prefix: ClassVar[str] = "low"


class EwmaVolatility(msgspec.Struct, frozen=True):
    """Volatility of one bar: root of the EWMA of squared log returns, a = 2 / (span + 1).

    Seeded with the mean of the first `span` squares. RiskMetrics (1996) uses 0.94, which is a
    span of 32.

    >>> EwmaVolatility(32).name, EwmaVolatility(32).bars_needed
    ('ewma_volatility_32', 33)
    """

    span: int

    number: ClassVar[int] = bar_features.EWMA_VOLATILITY

    def __post_init__(self) -> None:
        _check("EwmaVolatility", "span", self.span, 1, BARS_KEPT - 1)

    @property
    def name(self) -> str:
        """Kind and span."""
        return f"ewma_volatility_{self.span}"

    @property
    def window(self) -> int:
        """The span, as the core keeps it."""
        return self.span

    @property
    def parameter(self) -> float:
        """No second parameter."""
        return 0.0

    @property
    def bars_needed(self) -> int:
        """Completed bars until the first value."""
        return self.span + 1

    @property
    def in_price(self) -> bool:
        """A ratio, not a price."""
        return False


class MomentumScore(msgspec.Struct, frozen=True):
    """Log return over `window` bars, in deviations of a random walk of that length.

    ln(close / close `window` bars ago) / (sigma sqrt(window)), sigma the standard deviation of
    the last `volatility_window` one-bar log returns (divisor one less). Moskowitz, Ooi &
    Pedersen (2012) scale time-series momentum so. 0 where prices do not move.

    >>> MomentumScore(60, 20).name, MomentumScore(60, 20).bars_needed
    ('momentum_score_60_20', 61)
    """

    window: int
    volatility_window: int = 60

    number: ClassVar[int] = bar_features.MOMENTUM_SCORE

    def __post_init__(self) -> None:
        _check("MomentumScore", "window", self.window, 1, BARS_KEPT - 1)
        _check("MomentumScore", "volatility_window", self.volatility_window, 2, BARS_KEPT - 1)

    @property
    def name(self) -> str:
        """Kind and both windows."""
        return f"momentum_score_{self.window}_{self.volatility_window}"

    @property
    def parameter(self) -> float:
        """The volatility window, as the core keeps it."""
        return float(self.volatility_window)

    @property
    def bars_needed(self) -> int:
        """Completed bars until the first value."""
        return max(self.window, self.volatility_window) + 1

    @property
    def in_price(self) -> bool:
        """A ratio, not a price."""
        return False


Feature = Sma | StandardDeviation | ZScore | LogReturn | Atr | High | Low | EwmaVolatility | MomentumScore
