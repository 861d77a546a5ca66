"""Protective exits: stop loss, take profit, trailing stop and time stop of one position.

Rule 1: levels are whole ticks, and a stop is rounded towards the price: it fires a fraction of a
        tick early rather than late. A profit has to be reached in full.
Rule 2: what a bar's order of events leaves open is read against us: a bar that touches stop and
        target hit the stop. What it makes certain is used: its close came after its high.
Rule 3: an exit that has fired stays fired until the position is flat, so that a rejected or
        partly filled exit order is tried again at the next close.

Theory of operation: fills call `arm` when a position opens and `disarm` when it is flat;
`evaluate` runs at each completed bar and answers with the number of a Reason or 0. `active`
is 0 without exits, 1 while they watch, and the number of the reason once one has fired;
`pending` belongs to whoever sends the exit order. Fractions become parts per million of the
price, so that all comparisons are between integers.

The trailing stop has two tests a bar: the low against the best price before this bar, and the
close against the best price with this bar's high (for a short, all mirrored). Testing the low
against the high of the same bar would stop every position in a wide bar that only went up.
"""

import math
from typing import Any

from seawall.kernels.jit import kernel
from seawall.kernels.state import BARS_KEPT, FINE_PER_TICK, STRATEGIES_MAX
from seawall.model.reasons import Reason

__all__ = ["age", "arm", "disarm", "evaluate", "evaluate_price", "rescale"]

STOP_LOSS = int(Reason.STOP_LOSS)
TAKE_PROFIT = int(Reason.TAKE_PROFIT)
TRAILING_STOP = int(Reason.TRAILING_STOP)
TIME_STOP = int(Reason.TIME_STOP)
MILLION = 1_000_000
WATCHING = 1


@kernel
def arm(
    s: Any,
    strategy: int,
    instrument: int,
    stop_loss: float,
    take_profit: float,
    trailing: float,
    time_bars: int,
    entry_fine: int,
) -> None:
    """Starts the exits of a new position; fractions of the entry price and bars, 0 for none.

    entry_fine: average fill price in ten-thousandths of a tick.
    """
    record = s["exits"][strategy, instrument]
    record["stop_loss"] = stop_loss
    record["take_profit"] = take_profit
    record["trailing"] = trailing
    record["time_stop_bars"] = time_bars
    record["bars_held"] = 0
    record["entry_fine"] = entry_fine
    record["extreme_ticks"] = entry_fine // FINE_PER_TICK
    if s["positions"][strategy, instrument]["lots"] > 0:  # the better side for a long is above
        record["extreme_ticks"] = -(-entry_fine // FINE_PER_TICK)
    wanted = stop_loss > 0.0 or take_profit > 0.0 or trailing > 0.0 or time_bars > 0
    record["active"] = WATCHING if wanted else 0
    record["pending"] = 0


@kernel
def disarm(s: Any, strategy: int, instrument: int) -> None:
    """Ends the exits of a position that is flat."""
    record = s["exits"][strategy, instrument]
    record["active"] = 0
    record["pending"] = 0
    record["bars_held"] = 0


@kernel
def evaluate(s: Any, strategy: int, instrument: int) -> int:
    """The reason to leave the position at this completed bar, or 0; the lowest number wins.

    Runs after the bar entered the ring. Ages the position by one bar and moves its best price.
    """
    record = s["exits"][strategy, instrument]
    lots = s["positions"][strategy, instrument]["lots"]
    if record["active"] == 0 or lots == 0:
        return 0
    record["bars_held"] += 1
    bar = s["bars"][instrument, (s["bar_count"][instrument] - 1) % BARS_KEPT]
    # A short is a long in negated prices: its worst price is the high, its best the low.
    side = 1 if lots > 0 else -1
    high = math.ceil(bar["high"])
    low = math.floor(bar["low"])
    close = math.floor(side * bar["close"])
    worst = low if side > 0 else -high
    best = high if side > 0 else -low
    reason = _reason(record, side, worst, best, close)
    record["extreme_ticks"] = side * max(side * record["extreme_ticks"], best)
    if record["active"] == WATCHING and reason != 0:
        record["active"] = reason
    return int(record["active"]) if record["active"] != WATCHING else 0


@kernel
def age(s: Any, strategy: int, instrument: int) -> None:
    """A bar has closed, in data of ticks, where `evaluate_price` looks at the prices."""
    s["exits"][strategy, instrument]["bars_held"] += 1


@kernel
def evaluate_price(s: Any, strategy: int, instrument: int) -> int:
    """The reason to leave the position at the instrument's newest price, or 0.

    For ticks: one price is worst, best and last at once, and ages no bar.
    """
    record = s["exits"][strategy, instrument]
    lots = s["positions"][strategy, instrument]["lots"]
    if record["active"] == 0 or lots == 0:
        return 0
    side = 1 if lots > 0 else -1
    price = side * s["instruments"][instrument]["mark_ticks"]
    reason = _reason(record, side, price, price, price)
    record["extreme_ticks"] = side * max(side * record["extreme_ticks"], price)
    if record["active"] == WATCHING and reason != 0:
        record["active"] = reason
    return int(record["active"]) if record["active"] != WATCHING else 0


@kernel
def rescale(s: Any, instrument: int, numerator: int, denominator: int) -> None:
    """Puts entry and best prices into terms of the shares after a split, rounding to the early side."""
    for strategy in range(STRATEGIES_MAX):
        record = s["exits"][strategy, instrument]
        side = 1 if s["positions"][strategy, instrument]["lots"] > 0 else -1
        record["entry_fine"] = -side * ((-side * record["entry_fine"] * denominator) // numerator)
        record["extreme_ticks"] = -side * ((-side * record["extreme_ticks"] * denominator) // numerator)


@kernel
def _reason(record: Any, side: int, worst: int, best: int, close: int) -> int:
    """The first exit that this bar fired, in order of precedence; prices carry the sign of the side."""
    entry = record["entry_fine"]
    if record["stop_loss"] > 0.0 and worst <= _stop_ticks(side * entry, _part(entry, record["stop_loss"])):
        return STOP_LOSS
    if record["take_profit"] > 0.0:
        target = side * entry + _part(entry, record["take_profit"])
        if best >= -(-target // FINE_PER_TICK):
            return TAKE_PROFIT
    if record["trailing"] > 0.0:
        before = record["extreme_ticks"]
        after = side * max(side * before, best)
        if worst <= _trail_ticks(before, side, record["trailing"]):
            return TRAILING_STOP
        if close <= _trail_ticks(after, side, record["trailing"]):
            return TRAILING_STOP
    if 0 < record["time_stop_bars"] <= record["bars_held"]:
        return TIME_STOP
    return 0


@kernel
def _trail_ticks(extreme_ticks: int, side: int, trailing: float) -> int:
    """The trailing level below the best price, in ticks that carry the sign of the side."""
    fine = extreme_ticks * FINE_PER_TICK
    return _stop_ticks(side * fine, _part(fine, trailing))


@kernel
def _stop_ticks(signed_fine: int, distance_fine: int) -> int:
    """A level below a price, rounded up to a tick: towards the price, hence early."""
    return -((distance_fine - signed_fine) // FINE_PER_TICK)


@kernel
def _part(price_fine: int, fraction: float) -> int:
    """A fraction of a price, rounded down to the fine unit, without leaving 64 bits."""
    ppm = math.floor(fraction * MILLION + 0.5)
    return (price_fine // MILLION) * ppm + (price_fine % MILLION) * ppm // MILLION
