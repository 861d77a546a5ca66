"""From what a policy declares to the fields of the state that make it so.

Rule 1: wakes and features are declared before the run; an unknown or a surplus one is a
        ConfigError that names it.
Rule 2: a desk has one interval of bars: a policy that wants two keeps the longer one itself.
"""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from seawall.features.bars import Feature as BarFeature
from seawall.features.ticks import TickFeature
from seawall.kernels.state import CROSSINGS_MAX, FEATURES_MAX
from seawall.model.errors import ConfigError
from seawall.strategies.wakes import (
    WAYS,
    OnBarClose,
    OnBarOpen,
    OnCrossing,
    OnEvent,
    OnOrder,
    OnPacket,
    OnQuote,
    OnTimer,
    OnTrade,
    Wake,
    interval_ns,
)

__all__ = ["Feature", "bars_of", "crossings_of", "features_of", "wakes_of", "wire_policy"]

Feature = BarFeature | TickFeature


def features_of(policy: Any) -> tuple[Feature, ...]:
    """The features that the policy declares, each once: of bars, then of trades, then of the touch."""
    features: tuple[Feature, ...] = _declared(policy, "features", Feature)
    features = tuple(sorted(dict.fromkeys(features), key=_group))
    if len(features) > FEATURES_MAX:
        raise ConfigError(f"the policy declares {len(features)} features; a desk can have {FEATURES_MAX}")
    return features


def _group(feature: Feature) -> int:
    """0 for features of bars, 1 of trades, 2 of the touch."""
    if isinstance(feature, BarFeature):
        return 0
    return 1 if feature.of_trades else 2


def bars_of(policy: Any) -> OnBarClose | None:
    """The bars on whose closes the policy wakes; None if it does not."""
    return next((wake for wake in wakes_of(policy) if isinstance(wake, OnBarClose)), None)


def crossings_of(policy: Any) -> tuple[OnCrossing, ...]:
    """The crossings that wake the policy, in its order."""
    crossings = tuple(wake for wake in wakes_of(policy) if isinstance(wake, OnCrossing))
    if len(crossings) > CROSSINGS_MAX:
        raise ConfigError(f"the policy declares {len(crossings)} crossings; a desk can have {CROSSINGS_MAX}")
    return crossings


def wakes_of(policy: Any) -> Sequence[Wake]:
    """The wakes that the policy declares; none at all is a mistake."""
    wakes: Sequence[Wake] = _declared(policy, "wakes", Wake)
    if not wakes:
        raise ConfigError(f"{type(policy).__name__} declares no wakes, so it would never be asked")
    return wakes


def _declared(policy: Any, field: str, kind: Any) -> tuple[Any, ...]:
    """What the policy declares under a name, each of the right type."""
    declared = getattr(policy, field, ())
    if not isinstance(declared, tuple | list):
        raise ConfigError(f"{type(policy).__name__}.{field} must be a tuple, got {declared!r}")
    for each in cast("tuple[Any, ...]", declared):
        if not isinstance(each, kind):
            raise ConfigError(f"{type(policy).__name__}.{field} has {each!r}, which does not belong there")
    return tuple(cast("tuple[Any, ...]", declared))


def wire_policy(s: Any, policy: Any) -> None:
    """Writes the policy's features, crossings, timers and wakes into the state."""
    features = features_of(policy)
    for number, feature in enumerate(features):
        record = s["features"][number]
        record["kind"] = feature.number
        record["window"] = feature.window
        record["parameter"] = feature.parameter
        record["in_price"] = int(feature.in_price)
    groups = [_group(feature) for feature in features]
    s["feature_count"] = len(features)
    s["bar_feature_count"], s["trade_feature_count"] = groups.count(0), groups.count(1)
    s["tick_features"] = groups.count(1) + groups.count(2)
    s["feature_values"][:] = np.nan
    s["feature_shown"][:] = np.nan
    names = {feature.name: number for number, feature in enumerate(features)}
    for number, crossing in enumerate(crossings_of(policy)):
        _wire_crossing(s["crossings"][number], crossing, names)
        s["crossing_count"] = number + 1
    for wake in wakes_of(policy):
        _wire_wake(s, wake)


def _wire_crossing(record: Any, crossing: OnCrossing, names: dict[str, int]) -> None:
    right = (crossing.right,) if isinstance(crossing.right, str) else ()
    for side in (crossing.left, *right):
        if side not in names:
            known = ", ".join(names) or "none"
            raise ConfigError(
                f"crossing {crossing.name}: {side!r} is no declared feature; declared are {known}"
            )
    record["left"] = names[crossing.left]
    record["right"] = names[crossing.right] if isinstance(crossing.right, str) else -1
    record["level"] = 0.0 if isinstance(crossing.right, str) else crossing.right
    record["way"] = WAYS[crossing.way]


def _wire_wake(s: Any, wake: Wake) -> None:
    if isinstance(wake, OnBarClose):
        wanted = 0 if wake.interval is None else interval_ns(wake.interval)
        if s["wake_bar_close"]:
            raise ConfigError("a policy can wake on the closes of one kind of bars only")
        s["wake_bar_close"] = 1
        s["bar_interval_ns"] = wanted
    elif isinstance(wake, OnBarOpen):
        s["wake_bar_open"] = 1
    elif isinstance(wake, OnTimer):
        if s["wake_timer"]:
            raise ConfigError("a policy can have one timer only")
        s["wake_timer"] = 1
        s["timer_interval_ns"] = interval_ns(wake.interval)
        s["timer_if_changed"] = int(wake.if_changed)
    elif isinstance(wake, OnOrder):
        s["wake_orders"] = 1
    elif isinstance(wake, OnEvent):
        s["wake_events"] = 1
    elif isinstance(wake, OnTrade):
        s["wake_trade"] = 1
    elif isinstance(wake, OnQuote):
        s["wake_quote"] = 1
    elif isinstance(wake, OnPacket):
        s["wake_packet"] = 1
