"""The arithmetic of bar features: numbers that are known at the close of a bar, and no earlier.

Rule 1: every window is computed afresh from the ring of completed bars, so nothing drifts; only
        Wilder's range and the EWMA carry a value, because their definition is a recursion.
Rule 2: NaN until the window is full, and a finite number for ever after: zero volume, flat
        prices and gaps included. Where no scale is known (no variation at all) a score is 0.
Rule 3: a feature at bar t reads bars up to t; the z-score compares bar t with the bars before it.
Rule 4: a crossing is a change of sign; touching is not crossing, and the first sign after the
        warm-up is where we start, not a crossing.

Theory of operation: `update` runs once for each completed bar of an instrument and fills its
row of `feature_values`; `check_crossings` then compares the configured pairs. Prices in the
ring are floats in ticks, so features of the dimension of a price are in ticks as well; whoever
shows them multiplies by the tick. Names and parameters stand in features/bars.py.
"""

import math
from typing import Any

import numpy as np

from seawall.kernels.jit import kernel
from seawall.kernels.state import BARS_KEPT

__all__ = [
    "ATR",
    "EWMA_VOLATILITY",
    "HIGH",
    "LOG_RETURN",
    "LOW",
    "MOMENTUM_SCORE",
    "PRICE_KINDS",
    "SMA",
    "STANDARD_DEVIATION",
    "Z_SCORE",
    "check_crossings",
    "rescale_features",
    "show",
    "update",
]

SMA = 1
STANDARD_DEVIATION = 2
Z_SCORE = 3
LOG_RETURN = 4
MOMENTUM_SCORE = 5
ATR = 6
EWMA_VOLATILITY = 7
HIGH = 8
LOW = 9

PRICE_KINDS = (SMA, STANDARD_DEVIATION, ATR, HIGH, LOW)
"""The kinds of the dimension of a price: in ticks, and touched by a split."""

NO_SCALE = 1e-12  # a deviation below this part of its level is rounding, not movement
ONE = np.uint64(1)


@kernel
def update(s: Any, instrument: int) -> None:
    """Recomputes all bar features of an instrument; called once after each of its completed bars."""
    for number in range(s["bar_feature_count"]):
        s["feature_values"][instrument, number] = _value(s, instrument, number)
        show(s, instrument, number)


@kernel
def check_crossings(s: Any, instrument: int) -> bool:
    """Whether a pair of features changed sides on this bar; sets its bit in `crossed`.

    There are two sides, left > right and not; NaN is on neither and changes nothing. The first
    side that is known counts as a crossing, so that a policy learns where it begins. A crossing
    that is not of the declared way is remembered and not told.
    """
    found = False
    for number in range(s["crossing_count"]):
        crossing = s["crossings"][number]
        left = s["feature_shown"][instrument, crossing["left"]]  # a level is in currency
        right = crossing["level"]
        if crossing["right"] >= 0:
            left = s["feature_values"][instrument, crossing["left"]]
            right = s["feature_values"][instrument, crossing["right"]]
        side = 1 if left > right else (-1 if left <= right else 0)
        if side != 0 and side != s["crossing_sign"][instrument, number]:
            s["crossing_sign"][instrument, number] = side
            if crossing["way"] == -side:
                continue
            s["crossed"] = np.uint64(s["crossed"]) | (ONE << np.uint64(number))
            found = True
    return found


@kernel
def rescale_features(s: Any, instrument: int, numerator: int, denominator: int) -> None:
    """Puts features of the dimension of a price into terms of the shares after a split.

    Goes with `rescale_bars`: the next bar would recompute all but Wilder's range anyway; what
    is read between the split and that bar has to be in new shares too.
    """
    ratio = denominator / numerator
    for number in range(s["feature_count"]):
        if s["features"][number]["in_price"] == 1:
            s["feature_values"][instrument, number] *= ratio
            show(s, instrument, number)
        if s["features"][number]["kind"] == ATR:
            s["feature_state"][instrument, number, 0] *= ratio


@kernel
def show(s: Any, instrument: int, number: int) -> None:
    """The feature as policies read it: in currency where it has the dimension of a price."""
    value = s["feature_values"][instrument, number]
    if s["features"][number]["in_price"] == 1:
        value = value * s["tick_numerator"][instrument] / max(s["tick_denominator"][instrument], 1.0)
    s["feature_shown"][instrument, number] = value


@kernel
def _value(s: Any, instrument: int, number: int) -> float:
    """One feature, chosen by its kind."""
    ring = s["bars"][instrument]
    count = s["bar_count"][instrument]
    kind = s["features"][number]["kind"]
    window = s["features"][number]["window"]
    other = int(s["features"][number]["parameter"])
    state = s["feature_state"][instrument, number]
    if count < _bars_needed(kind, window, other):
        return math.nan
    if kind == SMA:
        return _mean(ring, count, window)
    if kind == STANDARD_DEVIATION:
        return _deviation(ring, count, window, 0)
    if kind == Z_SCORE:
        return _z_score(ring, count, window)
    if kind == LOG_RETURN:
        return _log_return(ring, count, window)
    if kind == MOMENTUM_SCORE:
        return _momentum_score(ring, count, window, other)
    if kind == ATR:
        return _average_true_range(ring, count, window, state)
    if kind == EWMA_VOLATILITY:
        return _ewma_volatility(ring, count, window, state)
    return _extreme(ring, count, window, kind == HIGH)


@kernel
def _bars_needed(kind: int, window: int, other: int) -> int:
    """Completed bars before the first value: one more where the bar before the window counts."""
    if kind == MOMENTUM_SCORE:
        return max(window, other) + 1
    if kind in (Z_SCORE, LOG_RETURN, ATR, EWMA_VOLATILITY):
        return window + 1
    return window


@kernel
def _mean(ring: Any, count: int, window: int) -> float:
    """Mean of the last `window` closes before bar `count`."""
    total = 0.0
    for index in range(count - window, count):
        total += ring[index % BARS_KEPT]["close"]
    return total / window


@kernel
def _deviation(ring: Any, count: int, window: int, freedom: int) -> float:
    """Standard deviation of these closes, around their mean, divided by window - freedom."""
    mean = _mean(ring, count, window)
    total = 0.0
    for index in range(count - window, count):
        difference = ring[index % BARS_KEPT]["close"] - mean
        total += difference * difference
    return math.sqrt(total / (window - freedom))


@kernel
def _z_score(ring: Any, count: int, window: int) -> float:
    """(close - mean) / deviation, both of the `window` closes before this one."""
    mean = _mean(ring, count - 1, window)
    deviation = _deviation(ring, count - 1, window, 1)
    if deviation <= NO_SCALE * abs(mean):
        return 0.0
    return (ring[(count - 1) % BARS_KEPT]["close"] - mean) / deviation


@kernel
def _log_ratio(now: float, before: float) -> float:
    """ln(now / before); 0 where a price is not above 0 and the logarithm has no meaning."""
    if now <= 0.0 or before <= 0.0:
        return 0.0
    return math.log(now / before)


@kernel
def _log_return(ring: Any, count: int, window: int) -> float:
    """Log return of the last close over `window` bars."""
    return _log_ratio(ring[(count - 1) % BARS_KEPT]["close"], ring[(count - 1 - window) % BARS_KEPT]["close"])


@kernel
def _momentum_score(ring: Any, count: int, window: int, volatility_window: int) -> float:
    """Log return over `window` bars in units of its own deviation under a random walk."""
    mean = 0.0
    for lag in range(volatility_window):
        mean += _log_return(ring, count - lag, 1)
    mean /= volatility_window
    total = 0.0
    for lag in range(volatility_window):
        difference = _log_return(ring, count - lag, 1) - mean
        total += difference * difference
    deviation = math.sqrt(total / (volatility_window - 1))
    if deviation <= NO_SCALE:
        return 0.0
    return _log_return(ring, count, window) / (deviation * math.sqrt(window))


@kernel
def _true_range(ring: Any, index: int) -> float:
    """Wilder's true range of a bar: its own range, stretched to the close before it."""
    bar = ring[index % BARS_KEPT]
    before = ring[(index - 1) % BARS_KEPT]["close"]
    return max(bar["high"], before) - min(bar["low"], before)


@kernel
def _average_true_range(ring: Any, count: int, window: int, state: Any) -> float:
    """Wilder's average: the mean of the first `window` ranges, then 1/window of each new one."""
    if state[1] == 0.0:
        total = 0.0
        for index in range(count - window, count):
            total += _true_range(ring, index)
        state[0] = total / window
        state[1] = 1.0
    else:
        state[0] = (state[0] * (window - 1) + _true_range(ring, count - 1)) / window
    return state[0]


@kernel
def _ewma_volatility(ring: Any, count: int, span: int, state: Any) -> float:
    """Root of the EWMA of squared one-bar log returns; seeded with the mean of the first ones."""
    if state[1] == 0.0:
        total = 0.0
        for lag in range(span):
            change = _log_return(ring, count - lag, 1)
            total += change * change
        state[0] = total / span
        state[1] = 1.0
    else:
        change = _log_return(ring, count, 1)
        state[0] += 2.0 / (span + 1.0) * (change * change - state[0])
    return math.sqrt(state[0])


@kernel
def _extreme(ring: Any, count: int, window: int, highest: bool) -> float:
    """Highest high or lowest low of the last `window` bars."""
    best = ring[(count - 1) % BARS_KEPT]["high"] if highest else ring[(count - 1) % BARS_KEPT]["low"]
    for index in range(count - window, count - 1):
        bar = ring[index % BARS_KEPT]
        best = max(best, bar["high"]) if highest else min(best, bar["low"])
    return best
