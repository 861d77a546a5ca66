"""When a policy wakes: between wakes everything runs compiled.

Rule 1: a policy declares its wakes before the run; several can fall together, and it is then
        woken once, after all events of that timestamp.
Rule 2: an interval is a duration above 0, written as in "30s", "5m", "1h", "1d".
"""

import math
from typing import Any, Literal

import msgspec

from seawall.model.errors import ConfigError
from seawall.model.times import parse_duration

__all__ = [
    "OnBarClose",
    "OnBarOpen",
    "OnCrossing",
    "OnEvent",
    "OnOrder",
    "OnPacket",
    "OnQuote",
    "OnTimer",
    "OnTrade",
    "WAYS",
    "Wake",
    "interval_ns",
]


WAYS = {"both": 0, "up": 1, "down": -1}  # of a crossing: what the state record holds


def interval_ns(interval: str) -> int:
    """Nanoseconds of an interval such as "30s", "5m", "1h", "1d"; else a ConfigError.

    >>> interval_ns("5m")
    300000000000
    """
    try:
        duration = parse_duration(interval)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"the interval of a wake: {error}") from None
    if duration <= 0:
        raise ConfigError(f"the interval of a wake must be above 0, got {interval!r}")
    return duration


def _check_size(name: str, size: Any, kind: Any, said: str) -> None:
    """The size of bars of trades: None, or a finite number of its kind above 0."""
    if size is None:
        return
    if isinstance(size, bool) or not isinstance(size, kind) or not math.isfinite(size) or size <= 0:
        raise ConfigError(f"bars of {name}: must be a {said} above 0, got {size!r}")


class OnBarClose(msgspec.Struct, frozen=True, tag=True):
    """Each completed bar of the interval; None is the data's own interval.

    Out of trades, where the data are ticks, bars are made of an interval, or of so many `trades`, of a
    `volume` in lots, or of a `value` in currency (price x size x multiplier): one of the four.

    >>> OnBarClose("5m"), OnBarClose(trades=1000).interval
    (OnBarClose(interval='5m', trades=None, volume=None, value=None), None)
    """

    interval: str | None = None
    trades: int | None = None
    volume: int | None = None
    value: float | None = None

    def __post_init__(self) -> None:
        kinds = ("interval", "trades", "volume", "value")
        given = [name for name in kinds if getattr(self, name) is not None]
        if len(given) > 1:
            raise ConfigError(f"bars are of one kind: give {' or '.join(given)}, not both")
        if self.interval is not None:
            interval_ns(self.interval)
        for name in ("trades", "volume"):
            _check_size(name, getattr(self, name), int, "whole number")
        _check_size("value", self.value, int | float, "number")


class OnBarOpen(msgspec.Struct, frozen=True, tag=True):
    """Each opening of a bar, when its open is the only thing known of it."""


class OnTimer(msgspec.Struct, frozen=True, tag=True):
    """Every interval of event time; `if_changed`: only when something in the view has changed."""

    interval: str
    if_changed: bool = False

    def __post_init__(self) -> None:
        interval_ns(self.interval)


class OnOrder(msgspec.Struct, frozen=True, tag=True):
    """Each event of the policy's own orders."""


class OnCrossing(msgspec.Struct, frozen=True, tag=True):
    """A declared feature crosses another one or a level in any instrument, upwards, downwards or both.

    There are two sides: left > right, and left <= right. The first side that is known, after the
    warm-up, counts as a crossing to it.

    >>> OnCrossing("sma_10", "sma_50").name
    'sma_10 x sma_50'
    >>> OnCrossing("rsi_14", 70.0, way="up").name
    'rsi_14 x 70.0 up'

    Raises:
        ConfigError: a level that is not finite, or a way that is none of both, up and down.
    """

    left: str
    right: str | float
    way: Literal["both", "up", "down"] = "both"

    def __post_init__(self) -> None:
        if self.way not in WAYS:
            raise ConfigError(f"a crossing's way is {', '.join(WAYS)}, got {self.way!r}")
        if not isinstance(self.right, str) and not math.isfinite(self.right):
            raise ConfigError(f"a crossing is with a feature's name or a finite level, got {self.right!r}")

    @property
    def name(self) -> str:
        """How the view calls it in `crossed`."""
        way = "" if self.way == "both" else f" {self.way}"
        return f"{self.left} x {self.right}{way}"


class OnEvent(msgspec.Struct, frozen=True, tag=True):
    """Each prediction of a model that arrives."""


class OnTrade(msgspec.Struct, frozen=True, tag=True):
    """Each trade; several of one nanosecond wake once."""


class OnQuote(msgspec.Struct, frozen=True, tag=True):
    """Each change of the touch: best bid, best ask, or their lots."""


class OnPacket(msgspec.Struct, frozen=True, tag=True):
    """Each message of the market: a trade, a quote, a change of the book."""


Wake = OnBarClose | OnBarOpen | OnTimer | OnOrder | OnCrossing | OnEvent | OnTrade | OnQuote | OnPacket
