"""When a policy wakes: between wakes everything runs compiled.

Rule 1: a policy declares its wakes before the run; several can fall together, and it is then
        woken once, after all events of that timestamp.
Rule 2: an interval is a duration above 0, written as in "30s", "5m", "1h", "1d".
"""

import math

import msgspec

from seawall.model.errors import ConfigError
from seawall.model.times import parse_duration

__all__ = [
    "OnBarClose",
    "OnBarOpen",
    "OnCrossing",
    "OnEvent",
    "OnOrder",
    "OnTimer",
    "Wake",
    "interval_ns",
]


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


class OnBarClose(msgspec.Struct, frozen=True, tag=True):
    """Each completed bar of the interval; None is the data's own interval."""

    interval: str | None = None

    def __post_init__(self) -> None:
        if self.interval is not None:
            interval_ns(self.interval)


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
    """A declared feature crosses another one or a level, upwards or downwards, in any instrument.

    >>> OnCrossing("sma_10", "sma_50").name
    'sma_10 x sma_50'
    """

    left: str
    right: str | float

    def __post_init__(self) -> None:
        if not isinstance(self.right, str) and not math.isfinite(self.right):
            raise ConfigError(f"a crossing is with a feature's name or a finite level, got {self.right!r}")

    @property
    def name(self) -> str:
        """How the view calls it in `crossed`."""
        return f"{self.left} x {self.right}"


class OnEvent(msgspec.Struct, frozen=True, tag=True):
    """Each prediction of a model that arrives."""


Wake = OnBarClose | OnBarOpen | OnTimer | OnOrder | OnCrossing | OnEvent
