"""Exposure: what could happen, which is more than what has happened.

Rule 1: what counts is filled + working + in flight + UNKNOWN. An order counts from its
        approval until the venue has said that it can no longer fill.
Rule 2: each side is assumed filled at its worst price. Buys and sells of one instrument do
        not net against each other, for only one of them may fill.
Rule 3: what an order holds is released as it fills and exactly once in total (A13).
Rule 4: in a cash account the reservation is at least what the fills can cost, so that cash
        cannot be owed (A14).

Theory of operation. `open_leaves` and `close_leaves` keep sums per instrument and for the
account, so that nothing scans the orders. A slot holds what it holds in two fields:
`open_notional_minor`, above zero exactly while the order is open, and `reserved_minor`.

The worst price is the limit, for every order has one. As exposure a sell counts at the mark
where that is above its limit: a short sold cheaply is still a short of the full value. The
notional of an inverse contract grows as the price falls, so that either side counts at the
lower of limit and mark, and so do its fees.

The reservation. A buy in a cash account reserves its leaves at the limit, and each order the
bound of its fees. Fills in parts round in parts, so the bound has one minor unit of slack
(two where a lot is not worth whole minor units) for each of the first PARTS_MAX fills, held
until the order ends. A sell's fee grows slower than its proceeds, so that its bound at the
limit is enough for any better price. The minimum fee is asked for once an order.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.units import ceil_div, notional_minor, share_ceil
from seawall.portfolio.ledger import position_exposure_minor

__all__ = [
    "PARTS_MAX",
    "close_leaves",
    "fee_bound_minor",
    "gross_after",
    "net_after",
    "open_leaves",
    "order_notional_minor",
    "reservation_minor",
    "sensitivity_minor",
    "worst_case",
]

PARTS_MAX = 1024
"""Fills of one order whose rounding the reservation covers."""

MILLION = 1_000_000


@kernel
def fee_bound_minor(s: Any, instrument: int, lots: int, price_ticks: int) -> int:
    """The most that the fees of an order can be, in minor units, in however many parts it fills.

    ceil(notional * fee_ppm_max + lots * fee_per_lot) + minimum + slack; see the theory above.
    """
    if lots <= 0:
        return 0
    record = s["instruments"][instrument]
    worst = _lowest(record, price_ticks) if record["inverse"] != 0 else price_ticks
    notional = notional_minor(record, lots, worst)
    linear = share_ceil(notional, record["fee_ppm_max"], MILLION)
    linear += ceil_div(lots * record["fee_per_lot_millionths"], MILLION)
    slack = min(lots, PARTS_MAX)
    if record["tick_value_denominator"] != 1 or record["inverse"] != 0:
        slack *= 2
    return linear + record["fee_minimum_minor"] + slack


@kernel
def order_notional_minor(s: Any, instrument: int, side: int, lots: int, limit_ticks: int) -> int:
    """The notional of lots at their worst price, in minor units, rounded up.

    The limit; for a sell the mark where that is above the limit; of an inverse contract the
    mark where that is below the limit, on both sides.
    """
    record = s["instruments"][instrument]
    worst = limit_ticks
    if record["inverse"] != 0:
        worst = _lowest(record, limit_ticks)
    elif side < 0:
        worst = max(limit_ticks, record["mark_ticks"])
    return notional_minor(record, lots, worst)


@kernel
def _lowest(record: Any, price_ticks: int) -> int:
    """The lower of a price and the mark, where there is one."""
    return min(price_ticks, record["mark_ticks"]) if record["mark_ticks"] > 0 else price_ticks


@kernel
def reservation_minor(s: Any, instrument: int, side: int, lots: int, limit_ticks: int) -> int:
    """The cash that an order must reserve: its fees and, for a buy in a cash account, its cost."""
    if lots <= 0:
        return 0
    fees = fee_bound_minor(s, instrument, lots, limit_ticks)
    if side < 0 or s["ledger"]["margin_account"] != 0:
        return fees
    return fees + order_notional_minor(s, instrument, side, lots, limit_ticks)


@kernel
def open_leaves(s: Any, slot: int) -> None:
    """Count an order's leaves (quantity - filled, above 0) and reserve its cash.

    Called once, before the command leaves. The limit is above 0: the gate refuses all else.
    """
    order = s["orders"][slot]
    lots = order["quantity_lots"] - order["filled_lots"]
    instrument, side, limit_ticks = order["instrument"], order["side"], order["limit_ticks"]
    assert lots > 0
    assert limit_ticks > 0
    assert order["open_notional_minor"] == 0
    notional = order_notional_minor(s, instrument, side, lots, limit_ticks)
    reserved = reservation_minor(s, instrument, side, lots, limit_ticks)
    s["open_orders"][instrument] += 1
    _hold(s, order, lots, notional, reserved)


@kernel
def close_leaves(s: Any, slot: int, lots: int) -> None:
    """Release lots of an order that have filled or can no longer fill.

    Called before `filled_lots` grows. All that is left is released with the last lot; more
    than is left, or an order that holds nothing, releases what there is: a late fill or an
    overfill cannot release twice.
    """
    order = s["orders"][slot]
    held = order["open_notional_minor"]
    if held == 0:
        return
    leaves = order["quantity_lots"] - order["filled_lots"]
    closed = min(lots, leaves)
    instrument = order["instrument"]
    left = leaves - closed
    notional = share_ceil(held, left, leaves) if left > 0 else 0
    reserved = 0
    if left > 0:
        reserved = reservation_minor(s, instrument, order["side"], left, order["limit_ticks"])
        reserved = min(reserved, order["reserved_minor"])
    else:
        s["open_orders"][instrument] -= 1
    _hold(s, order, -closed, notional - held, reserved - order["reserved_minor"])


@kernel
def _hold(s: Any, order: Any, lots: int, notional_minor: int, reserved_minor: int) -> None:
    """Change what an order holds, and every sum of it."""
    instrument = order["instrument"]
    if order["side"] > 0:
        s["open_buy_lots"][instrument] += lots
        s["open_buy_minor"][instrument] += notional_minor
    else:
        s["open_sell_lots"][instrument] += lots
        s["open_sell_minor"][instrument] += notional_minor
    order["open_notional_minor"] += notional_minor
    order["reserved_minor"] += reserved_minor
    s["ledger"]["unexecuted_minor"] += notional_minor
    s["ledger"]["reserved_minor"] += reserved_minor


@kernel
def worst_case(
    s: Any, instrument: int, extra_side: int, extra_lots: int, extra_ticks: int
) -> tuple[int, int]:
    """The largest position that an instrument can reach, as (lots, minor units), both >= 0.

    The larger of |position + all open buys + the extra buy| and |position - all open sells -
    the extra sell|: the position at its mark, orders at their worst price. extra_lots 0 asks
    about what stands already.
    """
    buys, sells, bought, sold = _sides(s, instrument, extra_side, extra_lots, extra_ticks)
    held = s["net_lots"][instrument]
    value = position_exposure_minor(s, instrument)
    return max(abs(held + buys), abs(held - sells)), max(abs(value + bought), abs(value - sold))


@kernel
def gross_after(s: Any, instrument: int, extra_side: int, extra_lots: int, extra_ticks: int) -> int:
    """Gross exposure of the desk if an order is added, in minor units: the sum of worst cases."""
    total = 0
    for other in range(s["instrument_count"]):
        lots = extra_lots if other == instrument else 0
        total += worst_case(s, other, extra_side, lots, extra_ticks)[1]
    return total


@kernel
def net_after(s: Any, instrument: int, extra_side: int, extra_lots: int, extra_ticks: int) -> int:
    """Signed net exposure of the desk if an order is added: the larger of all buys and all sells filled."""
    longest = 0
    shortest = 0
    for other in range(s["instrument_count"]):
        lots = extra_lots if other == instrument else 0
        _, _, bought, sold = _sides(s, other, extra_side, lots, extra_ticks)
        value = position_exposure_minor(s, other)
        longest += value + bought
        shortest += value - sold
    return longest if abs(longest) >= abs(shortest) else shortest


@kernel
def sensitivity_minor(exposure_minor: int) -> int:
    """What an exposure gains when the price rises by 1 %, in minor units, away from zero.

    Exposure / 100, for instruments whose value is linear in their price; an inverse contract
    gains 1 - 1 / 1.01 of it, a hundredth less than this says.

    >>> sensitivity_minor(10_050), sensitivity_minor(-10_050)
    (101, -101)
    """
    size = ceil_div(abs(exposure_minor), 100)
    return size if exposure_minor >= 0 else -size


@kernel
def _sides(
    s: Any, instrument: int, extra_side: int, extra_lots: int, extra_ticks: int
) -> tuple[int, int, int, int]:
    """Lots to buy, lots to sell, and both in minor units: what is open and the extra order."""
    buys, sells = s["open_buy_lots"][instrument], s["open_sell_lots"][instrument]
    bought, sold = s["open_buy_minor"][instrument], s["open_sell_minor"][instrument]
    if extra_lots > 0:
        notional = order_notional_minor(s, instrument, extra_side, extra_lots, extra_ticks)
        if extra_side > 0:
            buys += extra_lots
            bought += notional
        else:
            sells += extra_lots
            sold += notional
    return buys, sells, bought, sold
