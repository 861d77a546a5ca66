"""The inputs of the gate: everything that a rule may look at, gathered from the state once.

Rule 1: what is unknown is said to be unknown (prices 0; ages, notionals and exposures -1;
        equity 0), never guessed, so that the rules fail closed.
Rule 2: positions and working orders are those of the account, over all strategies.
Rule 3: an order only reduces if everything that works in its direction and the order itself,
        all filled, cannot flip the position. Side alone does not tell.
Rule 4: nothing is multiplied before it is known that the products fit into 62 bits.
Rule 5: an instrument that settles in another currency than the account has no notional here;
        nothing is gathered of it, and its lots stand in a foreign unit, so that C2 refuses.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.units import lots_max, notional_minor, worth_minor
from seawall.portfolio.exposure import fee_bound_minor, gross_after, net_after, worst_case

__all__ = ["bits", "gather", "is_reducing"]

BITS_MAX = 62
SUM_BITS = 9  # room for a full table of such orders
UNKNOWN = -1


@kernel
def gather(
    s: Any, strategy: int, instrument: int, side: int, order_type: int, time_in_force: int, lots: int,
    limit_ticks: int, stop_ticks: int, reduce_only: int, reference_age_sessions: int, duplicate_age_ns: int,
) -> None:  # fmt: skip
    """Fills s["gate_inputs"] for one order.

    lots above 0 with side +1 or -1; limit_ticks is the worst price, of market orders too;
    reference_age_sessions is looked at for daily instruments, where -1 means unknown;
    duplicate_age_ns is -1 where the same order was not approved within memory.
    """
    x = s["gate_inputs"]
    x["lots"] = lots
    x["wanted_lots"] = lots
    x["side"] = side
    x["order_type"] = order_type
    x["time_in_force"] = time_in_force
    x["limit_ticks"] = limit_ticks
    x["stop_ticks"] = stop_ticks
    x["reduce_only"] = reduce_only
    x["duplicate_age_ns"] = duplicate_age_ns
    _gather_account(s, x)
    known = 0 <= instrument < s["instrument_count"] and 0 <= strategy < s["positions"].shape[0]
    known = known and s["instruments"][max(instrument, 0)]["active"] == 1
    # `allowed` is set where the limits were made: without limits there is no trading.
    known = known and s["instrument_limits"][max(instrument, 0)]["allowed"] == 1
    x["known_instrument"] = 1 if known else 0
    _forget_instrument(x)
    if known and s["instruments"][instrument]["foreign"] != 0:
        x["wanted_lots"] = UNKNOWN
    elif known:
        _gather_instrument(s, x, instrument)
        _gather_price(s, x, instrument, reference_age_sessions)
        _gather_exposure(s, x, instrument)


@kernel
def is_reducing(position_lots: int, side: int, lots: int, working_lots: int) -> bool:
    """Whether an order of `lots` only reduces; working_lots are open in the same direction.

    >>> is_reducing(10, -1, 6, 4), is_reducing(10, -1, 7, 4), is_reducing(0, -1, 1, 0)
    (True, False, False)
    """
    return 0 < lots <= -side * position_lots - working_lots


@kernel
def bits(number: int) -> int:
    """The bit length of a number at or above 0.

    >>> bits(0), bits(255), bits(256)
    (0, 8, 9)
    """
    length = 0
    while number > 0:
        number >>= 1
        length += 1
    return length


@kernel
def _gather_account(s: Any, x: Any) -> None:
    ledger = s["ledger"]
    open_orders = 0
    for number in range(s["instrument_count"]):
        open_orders += s["open_orders"][number]
    x["open_orders"] = open_orders
    x["cash_minor"] = ledger["cash_minor"]
    x["reserved_minor"] = ledger["reserved_minor"]
    x["unexecuted_minor"] = ledger["unexecuted_minor"]
    x["equity_minor"] = ledger["equity_minor"]
    x["margin_account"] = ledger["margin_account"]
    x["day_known"] = 1 if ledger["day_start_minor"] > 0 else 0
    x["day_start_minor"] = ledger["day_start_minor"]
    x["day_loss_minor"] = ledger["day_start_minor"] - ledger["equity_minor"]
    x["drawdown_ppm"] = ledger["drawdown_ppm"]
    x["daily_loss_latched"] = 1 if s["daily_loss_latched"] != 0 else 0
    x["drawdown_latched"] = 1 if s["drawdown_latched"] != 0 else 0
    x["limits"] = s["limits"]


@kernel
def _forget_instrument(x: Any) -> None:
    """What is known of an instrument before anything is: nothing, and nothing is allowed."""
    x["reference_ticks"] = 0
    x["reference_age_ns"] = UNKNOWN
    x["reference_age_sessions"] = UNKNOWN
    x["position_lots"] = 0
    x["open_buy_lots"] = UNKNOWN
    x["open_sell_lots"] = UNKNOWN
    x["open_orders_instrument"] = UNKNOWN
    x["shortable"] = 0
    x["reducing"] = 0
    x["volume_known"] = 0
    x["volume_average_lots"] = 0
    x["overflow_bits"] = 0
    x["notional_minor"] = UNKNOWN
    x["fee_minor"] = UNKNOWN
    x["gross_after_minor"] = UNKNOWN
    x["net_after_minor"] = UNKNOWN
    x["single_name_after_minor"] = UNKNOWN
    x["gross_before_minor"] = UNKNOWN
    x["net_before_minor"] = UNKNOWN
    x["single_name_before_minor"] = UNKNOWN
    limits = x["instrument_limits"]
    limits["collar_ppm"] = 0
    limits["order_lots_max"] = 0
    limits["order_volume_ppm_max"] = 0
    limits["order_notional_minor_max"] = 0
    limits["long_lots_max"] = 0
    limits["short_lots_max"] = 0
    limits["single_name_ppm_max"] = 0
    limits["open_orders_max"] = 0
    limits["allowed"] = 0


@kernel
def _gather_instrument(s: Any, x: Any, instrument: int) -> None:
    record = s["instruments"][instrument]
    x["instrument_limits"] = s["instrument_limits"][instrument]
    x["position_lots"] = s["net_lots"][instrument]
    x["open_buy_lots"] = s["open_buy_lots"][instrument]
    x["open_sell_lots"] = s["open_sell_lots"][instrument]
    x["open_orders_instrument"] = s["open_orders"][instrument]
    x["shortable"] = record["shortable"]
    working = x["open_buy_lots"] if x["side"] > 0 else x["open_sell_lots"]
    if is_reducing(x["position_lots"], x["side"], x["lots"], working):
        x["reducing"] = 1
    if record["volume_known"] == 1 and record["volume_average"] >= 1.0:  # not so for NaN
        x["volume_known"] = 1
        x["volume_average_lots"] = int(min(record["volume_average"], 1e15))


@kernel
def _gather_price(s: Any, x: Any, instrument: int, age_sessions: int) -> None:
    """The reference price and its age; a price of the future has no age."""
    record = s["instruments"][instrument]
    age = s["now_ns"] - record["last_ts_local"]
    if record["last_ticks"] <= 0 or record["last_ts_local"] <= 0 or age < 0:
        return
    x["reference_ticks"] = record["last_ticks"]
    if record["daily"] != 1:
        x["reference_age_ns"] = age
    elif age_sessions >= 0:
        x["reference_age_ns"] = age
        x["reference_age_sessions"] = age_sessions


@kernel
def _gather_exposure(s: Any, x: Any, instrument: int) -> None:
    """Notional, fees and worst-case exposure, where price and size can be multiplied."""
    record = s["instruments"][instrument]
    lots, side, limit = x["lots"], x["side"], x["limit_ticks"]
    if lots <= 0 or limit <= 0 or abs(side) != 1:
        return
    reference = x["reference_ticks"] if x["reference_ticks"] > 0 else limit
    mark = record["mark_ticks"] if record["mark_ticks"] > 0 else limit
    lowest, highest = min(limit, reference, mark), max(limit, reference, mark)
    worst = min(limit, reference) if record["inverse"] != 0 else max(limit, reference)
    x["overflow_bits"] = _overflow_bits(record, lots, lowest, highest)
    if x["overflow_bits"] > BITS_MAX:
        return
    x["gross_before_minor"] = gross_after(s, instrument, side, 0, limit)
    x["net_before_minor"] = abs(net_after(s, instrument, side, 0, limit))
    x["single_name_before_minor"] = worst_case(s, instrument, side, 0, limit)[1]
    if x["reference_ticks"] <= 0:
        return
    x["notional_minor"] = notional_minor(record, lots, worst)
    x["fee_minor"] = fee_bound_minor(s, instrument, lots, worst)
    if side < 0 and x["reducing"] == 1 and x["margin_account"] == 0 and record["inverse"] == 0:
        proceeds = worth_minor(record, lots, limit)
        if x["cash_minor"] - x["reserved_minor"] + proceeds < x["fee_minor"]:
            x["reducing"] = 0  # it cannot pay its own fee: C16 refuses it, so that cash stays above zero
    x["gross_after_minor"] = gross_after(s, instrument, side, lots, limit)
    x["net_after_minor"] = abs(net_after(s, instrument, side, lots, limit))
    x["single_name_after_minor"] = worst_case(s, instrument, side, lots, limit)[1]


@kernel
def _overflow_bits(record: Any, lots: int, lowest: int, highest: int) -> int:
    """The bits that the money of an order needs at prices above 0; more than BITS_MAX is too much.

    Products are exact however large, so that it is the notional, and with it the sums that it
    enters, which has to fit.
    """
    if lots > lots_max(record, lowest, highest):
        return BITS_MAX + 1
    worst = lowest if record["inverse"] != 0 else highest
    return min(bits(notional_minor(record, lots, worst)) + SUM_BITS, BITS_MAX)
