"""The bars of benchmark W4, and what a right answer to them is.

Rule 1: every engine reads the same file; nothing is drawn anywhere else.
Rule 2: prices are made as integer ticks of 0.01, and the expected result is integer arithmetic too.

Theory of operation. The close is a random walk of uniform steps of -6..6 ticks, folded into 50..150 so
that a million bars neither reach zero nor outgrow the cash. A bar opens at the close before it, as in a
market without gaps, so an engine that is given closes alone can rebuild the opens. High and low stand up
to three ticks outside open and close. Volume is far above any order.

The rule traded: long 100 units while SMA(10) > SMA(50) of the closes, flat otherwise; decided at a close,
filled at the next open; no commission, no spread, no slippage; cash 100,000. In exact arithmetic the rule
reads 5 * sum(10) > sum(50). The least difference of the two averages that is not zero is 0.0002, so an
engine that works in floats compares with `TIE` instead of zero and decides the same on each bar.
"""

import hashlib

import numpy as np

__all__ = [
    "CASH",
    "FAST",
    "QUANTITY",
    "SLOW",
    "TICK",
    "TIE",
    "WARM_UP",
    "digest",
    "expected",
    "load",
    "make_bars",
]

FAST, SLOW = 10, 50
QUANTITY = 100
CASH = 100_000
TICK = 0.01
TIE = 1e-6
WARM_UP = 2_000  # bars before the clock starts
PRICES = ("open", "high", "low", "close")


def make_bars(bars: int, seed: int = 7) -> dict[str, np.ndarray]:
    """Integer ticks open, high, low, close, volume in units, and ts: the bar's label, int64 ns UTC."""
    draw = np.random.default_rng(seed)
    walk = np.cumsum(draw.integers(-6, 7, size=bars))
    close = 5_000 + np.abs((walk + 5_000) % 20_000 - 10_000)
    opened = np.concatenate((close[:1], close[:-1]))
    return {
        "ts": 1_640_995_200_000_000_000 + 60_000_000_000 * np.arange(bars, dtype=np.int64),
        "open": opened,
        "high": np.maximum(opened, close) + draw.integers(0, 4, size=bars),
        "low": np.minimum(opened, close) - draw.integers(0, 4, size=bars),
        "close": close,
        "volume": draw.integers(100_000, 200_000, size=bars),
    }


def load(path: str, count: int) -> dict[str, np.ndarray]:
    """The first `count` bars of the file as engines read them: float64, the nearest to so many ticks."""
    with np.load(path) as file:
        bars = {name: file[name][:count] for name in file.files}
    return bars | {name: bars[name] / 100.0 for name in PRICES}


def digest(bars: dict[str, np.ndarray]) -> str:
    """The first 16 hex digits of SHA-256 over all columns, to see that two calls used the same bars."""
    return hashlib.sha256(b"".join(bars[name].tobytes() for name in sorted(bars))).hexdigest()[:16]


def expected(bars: dict[str, np.ndarray], count: int) -> dict[str, float]:
    """Orders, closed trades and final equity over the first `count` bars, by integers alone."""
    opened, close = bars["open"][:count], bars["close"][:count]
    total = np.concatenate(([0], np.cumsum(close)))
    slow = total[SLOW:] - total[:-SLOW]
    fast = (total[FAST:] - total[:-FAST])[SLOW - FAST :]
    held = np.zeros(count, dtype=np.int64)  # units held from the open of each bar on
    held[SLOW:] = QUANTITY * (SLOW * fast > FAST * slow)[:-1]
    traded = np.diff(held, prepend=0)
    cash_ticks = round(CASH / TICK) - int(np.sum(traded * opened))
    orders = int(np.count_nonzero(traded))
    return {
        "orders": orders,
        "trades": orders // 2,
        "equity": (cash_ticks + int(held[-1] * close[-1])) / round(1 / TICK),
    }
