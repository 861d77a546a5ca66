"""The trades of benchmarks W1 and W2, and what a right answer to them is.

Rule 1: every engine reads the same file; nothing is drawn anywhere else.
Rule 2: prices are integer ticks of 0.1. The orders of W2 and their worth are integer arithmetic; the
average of W1 is float64 in one order of operations, written here and in each engine alike.

Theory of operation. The price is a random walk of uniform steps of -2..2 ticks, folded into 500..1,500, so
that two million trades neither reach zero nor outgrow the cash. Times are strictly increasing nanoseconds,
one to ten milliseconds apart, the exchange's and the recorder's alike; sizes are 1..20 lots of one unit.

W1, a callback on each trade: `average += ALPHA * (price - average)`, beginning at the first price; trades
whose price is above the average that includes them are counted. A count that is off by one is a trade that
was dropped, doubled or seen out of order.

W2, orders where the momentum turns: m is the price less the price `LOOKBACK` trades before, in ticks. Long
one lot where m comes to `THRESHOLD_TICKS` or more while flat; flat where m falls to `-THRESHOLD_TICKS` or
less while long; market orders. The threshold lies between two ticks, so that `above` and `at or above` are
one, as are a level and a crossing: between buying and selling m has to pass both. It gives about one order
in a thousand trades. The expected worth assumes fills at the price of the trade that decided.
"""

import hashlib

import numpy as np

__all__ = [
    "ALPHA",
    "CASH",
    "LOOKBACK",
    "THRESHOLD",
    "THRESHOLD_TICKS",
    "TICKS_PER_UNIT",
    "TRADE",
    "WARM_UP",
    "digest",
    "expected_w1",
    "expected_w2",
    "load",
    "make_trades",
    "prices",
    "targets",
]

TRADE = np.dtype([("ts_ns", "i8"), ("price_ticks", "i8"), ("size_lots", "i4"), ("side", "i4")])
FIRST_NS = 1_640_995_200_000_000_000
ALPHA = 0.02
CASH = 100_000
LOOKBACK = 100
THRESHOLD_TICKS = 28.5
WARM_UP = 10_000  # trades before the clock starts: a dozen orders among them
TICKS_PER_UNIT = 10  # a tick is 0.1; dividing gives the float64 nearest to the decimal price
THRESHOLD = THRESHOLD_TICKS / TICKS_PER_UNIT  # for engines that subtract float64 prices: far from any tick


def make_trades(count: int, seed: int = 11) -> np.ndarray:
    """As many rows of TRADE; the first n of a longer make are not those of a shorter one."""
    draw = np.random.default_rng(seed)
    trades = np.zeros(count, dtype=TRADE)
    walk = np.cumsum(draw.integers(-2, 3, size=count))
    trades["ts_ns"] = FIRST_NS + np.cumsum(draw.integers(1_000_000, 10_000_001, size=count))
    trades["price_ticks"] = 5_000 + np.abs((walk + 5_000) % 20_000 - 10_000)
    trades["size_lots"] = draw.integers(1, 21, size=count)
    trades["side"] = 2 * draw.integers(0, 2, size=count) - 1
    return trades


def load(path: str, count: int) -> np.ndarray:
    """The first `count` trades of the file, mapped, and all touched so that they count as memory."""
    trades = np.load(path, mmap_mode="r")[:count]
    assert trades["ts_ns"].min() >= FIRST_NS, path
    return trades


def digest(trades: np.ndarray) -> str:
    """The first 16 hex digits of SHA-256 over all rows, to see that two calls used the same trades."""
    return hashlib.sha256(trades.tobytes()).hexdigest()[:16]


def prices(trades: np.ndarray) -> np.ndarray:
    """The prices in currency, float64: the nearest to so many ticks of 0.1."""
    return trades["price_ticks"] / TICKS_PER_UNIT


def expected_w1(trades: np.ndarray, count: int) -> dict[str, float]:
    """The calls, and how many of them saw a price above the average."""
    values = prices(trades)[:count].tolist()
    average, above = values[0], 0
    for price in values:
        average += ALPHA * (price - average)
        above += price > average
    return {"calls": count, "above": above}


def targets(price_ticks: np.ndarray) -> np.ndarray:
    """Lots wanted after each trade, 0 or 1: the last threshold that was passed holds until the other is."""
    momentum = np.zeros(len(price_ticks), dtype=np.int64)
    momentum[LOOKBACK:] = price_ticks[LOOKBACK:] - price_ticks[:-LOOKBACK]
    rises, falls = momentum >= THRESHOLD_TICKS, momentum <= -THRESHOLD_TICKS
    last_passed = np.maximum.accumulate(np.where(rises | falls, np.arange(len(momentum)), 0))
    return rises[last_passed].astype(np.int64)


def expected_w2(trades: np.ndarray, count: int) -> dict[str, float]:
    """Filled orders, the lots held at the end, and the equity if each fills at the trade that decided it.

    `equity_next` is the one of an engine that fills at the trade after it.
    """
    price_ticks = trades["price_ticks"][:count]
    held = targets(price_ticks)
    traded = np.diff(held, prepend=0)
    held_ticks = int(held[-1] * price_ticks[-1])
    next_ticks = np.append(price_ticks[1:], price_ticks[-1])
    worth_ticks, worth_next_ticks = (
        held_ticks - int(np.sum(traded * at)) for at in (price_ticks, next_ticks)
    )
    return {
        "orders": int(np.count_nonzero(traded)),
        "position": int(held[-1]),
        "equity": CASH + worth_ticks / TICKS_PER_UNIT,
        "equity_next": CASH + worth_next_ticks / TICKS_PER_UNIT,
    }
