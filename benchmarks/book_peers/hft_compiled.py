"""hftbacktest as it is meant to be used: a compiled loop over its own array of events.

The loop elapses from look to look and reads the touch of its book; there is no Python in it.
"""

from collections.abc import Callable
from typing import Any

import hftbacktest
import numba
import numpy as np
from book_data import STEP_NS, TICKS_PER_UNIT, looks
from hft_setup import make_backtest
from hftbacktest.types import event_dtype

__all__ = ["PACKAGE", "prepare", "summary"]

PACKAGE = "hftbacktest"


def make_events(levels: np.ndarray) -> np.ndarray:
    """Each level as an event that exchange and strategy see at the same time."""
    events = np.zeros(len(levels), dtype=event_dtype)
    kind = np.where(levels["is_snapshot"], hftbacktest.DEPTH_SNAPSHOT_EVENT, hftbacktest.DEPTH_EVENT)
    side = np.where(levels["side"] > 0, hftbacktest.BUY_EVENT, hftbacktest.SELL_EVENT)
    events["ev"] = (hftbacktest.EXCH_EVENT | hftbacktest.LOCAL_EVENT) | kind | side
    events["exch_ts"] = events["local_ts"] = levels["ts_ns"]
    events["px"], events["qty"] = levels["price_ticks"] / TICKS_PER_UNIT, levels["size_lots"]
    return events


@numba.njit
def loop(backtest: Any, first_ns: int, step_ns: int, count: int) -> tuple[int, int, int]:
    """Looks `count` times; the first one is `first_ns` after the first event."""
    bid_sum, ask_sum, number = 0, 0, 0
    elapsed = backtest.elapse(first_ns)
    while number < count and elapsed == 0:
        depth = backtest.depth(0)
        bid_sum += depth.best_bid_tick
        ask_sum += depth.best_ask_tick
        number += 1
        elapsed = backtest.elapse(step_ns) if number < count else 0
    return number, bid_sum, ask_sum


def prepare(levels: np.ndarray) -> Callable[[], Any]:
    """Events and backtest are made before the clock starts."""
    times = looks(levels)
    events = make_events(levels)
    backtest = make_backtest(events, 1.0 / TICKS_PER_UNIT)
    first_ns = int(times[0] - levels["ts_ns"][0])
    return lambda: (loop(backtest, first_ns, STEP_NS, len(times)), backtest, events)


def summary(outcome: Any) -> dict[str, int]:
    """As the loop counted."""
    (number, bid_sum, ask_sum), backtest, _ = outcome
    backtest.close()
    return {"looks": number, "bid_sum": bid_sum, "ask_sum": ask_sum}
