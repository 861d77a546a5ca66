"""Tick features: what a policy may ask for between bars, with each trade or each move of the touch.

Rule 1: a feature of trades is computed at each trade, one of the touch at each change of a touch that
        can be trusted; a policy only reads them, and a crossing of one can wake it.
Rule 2: windows count trades and fit in the ring of the core.
Rule 3: two features of one name are one feature; the name says kind and parameters.

The arithmetic stands in kernels/tick_features.py. Features of the dimension of a price are computed in
ticks, so that differences are exact, and shown in currency.
"""

from typing import ClassVar

import msgspec

from seawall.kernels import tick_features
from seawall.kernels.state import TRADES_KEPT
from seawall.model.errors import ConfigError

__all__ = [
    "Imbalance",
    "LastTrade",
    "Microprice",
    "Mid",
    "Spread",
    "TickFeature",
    "TradeChange",
    "TradeEwma",
    "TradeReturn",
]


def _check_window(kind: str, window: object, most: int) -> None:
    """A window is a whole number of trades that the core's memory can answer."""
    if isinstance(window, bool) or not isinstance(window, int):
        raise ConfigError(f"{kind}: window must be a whole number of trades, got {window!r}")
    if not 1 <= window <= most:
        raise ConfigError(f"{kind}: window must lie in 1 to {most} trades, got {window}")


class _Tick(msgspec.Struct, frozen=True):
    """What tick features share: no parameter but perhaps a window."""

    number: ClassVar[int] = 0
    in_price: ClassVar[bool] = True
    """Whether the value has the dimension of a price (and not of a ratio)."""
    parameter: ClassVar[float] = 0.0
    bars_needed: ClassVar[int] = 0

    @property
    def of_trades(self) -> bool:
        """Whether it changes with trades; else with the touch."""
        return self.number in tick_features.TRADE_KINDS


class _OfTouch(_Tick, frozen=True):
    """A feature without parameters."""

    prefix: ClassVar[str] = ""
    window: ClassVar[int] = 0

    @property
    def name(self) -> str:
        """How policies call it."""
        return self.prefix


class _Windowed(_Tick, frozen=True):
    """A feature over so many trades."""

    window: int
    prefix: ClassVar[str] = ""
    window_max: ClassVar[int] = TRADES_KEPT - 1

    def __post_init__(self) -> None:
        _check_window(type(self).__name__, self.window, self.window_max)

    @property
    def name(self) -> str:
        """Kind and window, as in `trade_change_100`."""
        return f"{self.prefix}_{self.window}"


class LastTrade(_OfTouch, frozen=True):
    """The price of the last trade."""

    number: ClassVar[int] = tick_features.LAST_TRADE
    prefix: ClassVar[str] = "last_trade"


class TradeChange(_Windowed, frozen=True):
    """Price of the last trade less the price `window` trades before; NaN before there are as many.

    >>> TradeChange(100).name, TradeChange(100).in_price
    ('trade_change_100', True)
    """

    number: ClassVar[int] = tick_features.TRADE_CHANGE
    prefix: ClassVar[str] = "trade_change"


class TradeReturn(_Windowed, frozen=True):
    """The same as a fraction of the price `window` trades before.

    >>> TradeReturn(50).name, TradeReturn(50).in_price
    ('trade_return_50', False)
    """

    number: ClassVar[int] = tick_features.TRADE_RETURN
    prefix: ClassVar[str] = "trade_return"
    in_price: ClassVar[bool] = False


class TradeEwma(_Windowed, frozen=True):
    """Exponential average of trade prices, m += a (x - m) with a = 2 / (window + 1), from the first on.

    >>> TradeEwma(200).name
    'trade_ewma_200'
    """

    number: ClassVar[int] = tick_features.TRADE_EWMA
    prefix: ClassVar[str] = "trade_ewma"
    window_max: ClassVar[int] = 1_000_000


class Mid(_OfTouch, frozen=True):
    """The middle of the touch, (bid + ask) / 2."""

    number: ClassVar[int] = tick_features.MID
    prefix: ClassVar[str] = "mid"


class Spread(_OfTouch, frozen=True):
    """ask - bid; 0 where the touch is locked."""

    number: ClassVar[int] = tick_features.SPREAD
    prefix: ClassVar[str] = "spread"


class Imbalance(_OfTouch, frozen=True):
    """(bid lots - ask lots) / (bid lots + ask lots) at the touch, within -1 and 1 (Gould & Bonart 2016)."""

    number: ClassVar[int] = tick_features.IMBALANCE
    prefix: ClassVar[str] = "imbalance"
    in_price: ClassVar[bool] = False


class Microprice(_OfTouch, frozen=True):
    """The touch weighted by the other side's lots, (bid lots x ask + ask lots x bid) / (their sum)."""

    number: ClassVar[int] = tick_features.MICROPRICE
    prefix: ClassVar[str] = "microprice"


TickFeature = LastTrade | TradeChange | TradeReturn | TradeEwma | Mid | Spread | Imbalance | Microprice
