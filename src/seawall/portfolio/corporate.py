"""Corporate actions in the books: splits and dividends, for every strategy's holding.

Rule 1: a split changes lots and prices and makes nobody richer: what does not fill a whole
        lot is paid out at the mark, and that payment is rounded against the trader.
Rule 2: a dividend is due on the lots held, from a short as well as to a long.
Rule 3: both have no order, so their EVENT is written here; the postings name it as cause.

Theory of operation. In the EVENT of both `lots` / `cumulative_lots` is the ratio or the
amount per lot, `price_fine` the mark before the action, `amount_minor` the cash that came in
over all strategies, `realised_minor` the PnL realised on the fractions, `position_lots` the
desk's lots afterwards.

Rounding of a split n:d. Lots are cut toward zero; the fraction of a lot is worth the old mark
* d / n, exactly, rounded toward minus infinity: at most one minor unit a holding, against the
trader. So cash + lots * (mark * d / n) is conserved. The stored mark is put on the tick
again, half to even, which moves the *marked* equity by at most half a tick a lot until the
next price comes. It does not reach the books: only the mark changes.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.kernels.records import new_event
from seawall.kernels.state import FINE_PER_TICK
from seawall.model.kinds import EventKind
from seawall.model.units import floor_div, half_even_div, share_half_even, toward_zero_div
from seawall.portfolio.ledger import post

__all__ = ["post_dividend", "post_split"]

SPLIT = int(EventKind.SPLIT)
DIVIDEND = int(EventKind.DIVIDEND)


@kernel
def post_split(s: Any, instrument: int, numerator: int, denominator: int, cause: int) -> int:
    """Book a split, `numerator` new lots for `denominator` old ones; the sequence of its event.

    Positions, their fractions and the instrument's last, open, high, low and mark prices and
    average volume change. Working orders are the venue's to cancel, and the prices that
    features, bars and exits keep are not touched.
    """
    assert s["instruments"][instrument]["inverse"] == 0  # contracts have no shares: refused at the start
    record = _announce(s, SPLIT, instrument, numerator, denominator, cause)
    for strategy in range(s["positions"].shape[0]):
        if s["positions"][strategy, instrument]["lots"] != 0:
            realised, cash = _split_holding(
                s, strategy, instrument, numerator, denominator, record["sequence"]
            )
            record["realised_minor"] += realised
            record["amount_minor"] += cash
    _rescale(s["instruments"][instrument], numerator, denominator)
    record["position_lots"] = s["net_lots"][instrument]
    record["cash_minor"] = s["ledger"]["cash_minor"]
    return record["sequence"]


@kernel
def post_dividend(s: Any, instrument: int, amount_numerator: int, amount_denominator: int, cause: int) -> int:
    """Book a dividend of so many minor units (a fraction) per lot held; the sequence of its event.

    Each holding is rounded against the trader: a long receives less, a short pays more.
    """
    record = _announce(s, DIVIDEND, instrument, amount_numerator, amount_denominator, cause)
    for strategy in range(s["positions"].shape[0]):
        lots = s["positions"][strategy, instrument]["lots"]
        if lots != 0:
            cash = floor_div(lots * amount_numerator, amount_denominator)
            post(s, DIVIDEND, strategy, instrument, 0, 0, 0, 0, cash, 0, record["sequence"])
            record["amount_minor"] += cash
    record["position_lots"] = s["net_lots"][instrument]
    record["cash_minor"] = s["ledger"]["cash_minor"]
    return record["sequence"]


@kernel
def _announce(s: Any, kind: int, instrument: int, numerator: int, denominator: int, cause: int) -> Any:
    """The event of an action, with what is known before it is booked."""
    assert numerator > 0
    assert denominator > 0
    record = new_event(s, kind, cause)
    record["instrument"] = instrument
    record["strategy"] = -1
    record["lots"] = numerator
    record["cumulative_lots"] = denominator
    record["price_fine"] = s["instruments"][instrument]["mark_ticks"] * FINE_PER_TICK
    record["amount_minor"] = 0
    record["realised_minor"] = 0
    return record


@kernel
def _split_holding(
    s: Any, strategy: int, instrument: int, numerator: int, denominator: int, cause: int
) -> tuple[int, int]:
    """Book the split of one holding; (PnL realised on its fraction, cash paid for it)."""
    record = s["instruments"][instrument]
    position = s["positions"][strategy, instrument]
    held = position["lots"]
    whole = toward_zero_div(held * numerator, denominator)
    fraction = held * numerator - whole * denominator  # in parts of 1 / denominator of a new lot
    removed = share_half_even(position["cost_minor"], abs(fraction), abs(held) * numerator)
    cash = removed  # without a mark at cost: nothing is made of it
    if record["mark_ticks"] != 0:
        # (fraction / d) new lots at (mark * d / n): the denominators of both cancel.
        value = fraction * record["mark_ticks"] * record["tick_value_numerator"]
        cash = floor_div(value, numerator * record["tick_value_denominator"])
    realised = cash - removed
    post(s, SPLIT, strategy, instrument, whole - held, -removed, 0, realised, 0, 0, cause)
    return realised, cash


@kernel
def _rescale(record: Any, numerator: int, denominator: int) -> None:
    """Put an instrument's prices and average volume into the new lots."""
    record["last_ticks"] = _rescaled(record["last_ticks"], numerator, denominator)
    record["open_ticks"] = _rescaled(record["open_ticks"], numerator, denominator)
    record["high_ticks"] = _rescaled(record["high_ticks"], numerator, denominator)
    record["low_ticks"] = _rescaled(record["low_ticks"], numerator, denominator)
    record["mark_ticks"] = _rescaled(record["mark_ticks"], numerator, denominator)
    record["volume_average"] = record["volume_average"] * numerator / denominator


@kernel
def _rescaled(price_ticks: int, numerator: int, denominator: int) -> int:
    """A price per new lot on the tick, half to even; a price stays above zero, which means unknown."""
    rescaled = half_even_div(price_ticks * denominator, numerator)
    return 1 if rescaled == 0 and price_ticks > 0 else rescaled
