"""Units of money, price and quantity, and the only place of seawall that rounds.

Rule 1: money is whole minor units, a price whole ticks, a quantity whole lots; a fill price
        is whole ten-thousandths of a tick (`price_fine`).
Rule 2: what rounds says which way. What a fill costs and what a position is worth round
        against the trader; fees and shares of a cost round half to even.

Theory of operation: the functions on plain integers are compiled and work in int64. The
configuration check calls `fits` once, so that products in the hot path need no check.
Shares (`share_half_even` and its kin) multiply what no configuration bounds; there a
product beyond 2^62 is divided bit by bit, exactly, instead of overflowing. amounts.py has the
same numbers with their grid attached, for the rims of the system.

What an instrument's money is, three functions say, on its record (INSTRUMENT of the core or
VENUE_INSTRUMENT of the venue): `cost_minor` of a fill, `worth_minor` of a position, and
`notional_minor`, its size without a sign, which limits look at. With V the tick value, q lots
(signed) and p the price in ticks:

    spot, linear    cost = q p V      worth =  q p V      notional = |q| p V
    inverse         cost = -q V / p   worth = -q V / p    notional = |q| V / p

Who is long of an inverse contract is short of its settlement currency: its cost basis is below
zero, and its PnL, worth - cost = q V (1/entry - 1/exit), a difference of postings as any other.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.kernels.state import FINE_PER_TICK

__all__ = [
    "AMOUNT_MAX",
    "PRODUCT_MAX",
    "ceil_div",
    "cost_minor",
    "fee_minor",
    "fill_cost_minor",
    "fits",
    "floor_div",
    "half_even_div",
    "lots_max",
    "notional_minor",
    "share_ceil",
    "share_floor",
    "share_half_even",
    "toward_zero_div",
    "value_minor",
    "worth_minor",
]

PRODUCT_MAX = 2**62
"""Products in compiled money stay below this; int64 ends at 2^63."""

AMOUNT_MAX = 2**53
"""An order is worth at most this many minor units: a full order table of them adds up below 2^62,
and up to here the numbers of the rules, which are floats, are exact."""

LARGE = 2.0**61

HUNDREDTHS_OF_PPM = 100_000_000
"""One, in hundredths of a millionth: the unit of fee rates."""


@kernel
def floor_div(amount: int, divisor: int) -> int:
    """Amount / divisor rounded toward minus infinity; the divisor is above 0.

    >>> floor_div(-7, 2)
    -4
    """
    return amount // divisor


@kernel
def ceil_div(amount: int, divisor: int) -> int:
    """Amount / divisor rounded toward plus infinity; the divisor is above 0.

    >>> ceil_div(-7, 2)
    -3
    """
    return -((-amount) // divisor)


@kernel
def toward_zero_div(amount: int, divisor: int) -> int:
    """Amount / divisor without its fraction, for either sign; the divisor is above 0.

    >>> toward_zero_div(-7, 2), toward_zero_div(7, 2)
    (-3, 3)
    """
    return amount // divisor if amount >= 0 else -((-amount) // divisor)


@kernel
def half_even_div(amount: int, divisor: int) -> int:
    """Amount / divisor to the nearest integer, a tie to the even one; the divisor is above 0.

    >>> half_even_div(5, 2), half_even_div(7, 2), half_even_div(-5, 2)
    (2, 4, -2)
    """
    quotient = amount // divisor
    return _nearest_even(quotient, amount - quotient * divisor, divisor)


@kernel
def share_half_even(amount: int, part: int, whole: int) -> int:
    """Amount * part / whole to the nearest integer, exact for any int64 product.

    part >= 0 and 0 < whole < 2^62. The whole share of a whole is the amount itself, so
    nothing is lost when a position closes in pieces.

    >>> share_half_even(1000, 1, 3), share_half_even(4 * 10**18, 10**12, 10**12)
    (333, 4000000000000000000)
    """
    quotient, rest = _share(amount, part, whole)
    return _nearest_even(quotient, rest, whole)


@kernel
def share_ceil(amount: int, part: int, whole: int) -> int:
    """Amount * part / whole rounded toward plus infinity, exact for any int64 product.

    >>> share_ceil(1000, 1, 3), share_ceil(-1000, 1, 3)
    (334, -333)
    """
    quotient, rest = _share(amount, part, whole)
    return quotient + 1 if rest > 0 else quotient


@kernel
def share_floor(amount: int, part: int, whole: int) -> int:
    """Amount * part / whole rounded toward minus infinity, exact for any int64 product.

    >>> share_floor(1000, 1, 3), share_floor(-1000, 1, 3)
    (333, -334)
    """
    return _share(amount, part, whole)[0]


@kernel
def cost_minor(record: Any, side: int, lots: int, price_fine: int) -> int:
    """The cash that a fill of an instrument costs, in minor units: above 0 paid, below 0 received.

    side +1 buys, -1 sells; lots at or above 0; price_fine in ten-thousandths of a tick. Rounded
    up, which is against the trader on both sides. An inverse contract costs nothing at a price
    of 0, which is no price.
    """
    numerator, denominator = record["tick_value_numerator"], record["tick_value_denominator"]
    if record["inverse"] == 0:
        return fill_cost_minor(side, lots, price_fine, numerator, denominator)
    if price_fine <= 0:
        return 0
    return share_ceil(-side * numerator * FINE_PER_TICK, lots, denominator * price_fine)


@kernel
def worth_minor(record: Any, lots: int, price_ticks: int) -> int:
    """What signed lots of an instrument add to equity, in minor units, rounded toward minus infinity.

    Of an inverse contract a long is worth less than nothing: it owes its settlement currency.
    """
    numerator, denominator = record["tick_value_numerator"], record["tick_value_denominator"]
    if record["inverse"] == 0:
        return value_minor(lots, price_ticks, numerator, denominator)
    if price_ticks <= 0:
        return 0
    return share_floor(-numerator if lots > 0 else numerator, abs(lots), denominator * price_ticks)


@kernel
def notional_minor(record: Any, lots: int, price_ticks: int) -> int:
    """The size of lots of an instrument at a price, in minor units, without a sign, rounded up."""
    numerator, denominator = record["tick_value_numerator"], record["tick_value_denominator"]
    if record["inverse"] == 0:
        if _is_large(lots, price_ticks, numerator):
            return share_ceil(abs(lots) * numerator, price_ticks, denominator)
        return ceil_div(abs(lots) * price_ticks * numerator, denominator)
    if price_ticks <= 0:
        return 0
    return share_ceil(numerator, abs(lots), denominator * price_ticks)


@kernel
def lots_max(record: Any, lowest_ticks: int, highest_ticks: int) -> int:
    """The most lots of an instrument whose money at these prices is counted exactly; 0 if none.

    Their notional, of an inverse contract at the lowest price and else at the highest, is at most
    AMOUNT_MAX. The highest price of an inverse contract, which stands in the divisor as
    ten-thousandths, leaves it below 2^62. Prices above 0.
    """
    numerator, denominator = record["tick_value_numerator"], record["tick_value_denominator"]
    if numerator <= 0 or denominator <= 0 or highest_ticks > (PRODUCT_MAX - 1) // FINE_PER_TICK:
        return 0
    if record["inverse"] == 0:
        if numerator > (PRODUCT_MAX - 1) // highest_ticks:
            return 0
        worth, most = numerator * highest_ticks, AMOUNT_MAX
        if worth > denominator:
            most = share_floor(AMOUNT_MAX, denominator, worth)
        return min(most, (PRODUCT_MAX - 1) // numerator)
    if highest_ticks > (PRODUCT_MAX - 1) // FINE_PER_TICK // denominator:
        return 0
    divisor = denominator * lowest_ticks
    return AMOUNT_MAX if divisor >= numerator else share_floor(AMOUNT_MAX, divisor, numerator)


@kernel
def _is_large(lots: int, price: int, numerator: int) -> bool:
    """Whether a product might not fit, so that it has to be divided bit by bit."""
    return abs(float(lots)) * float(price) * float(numerator) > LARGE


@kernel
def fill_cost_minor(side: int, lots: int, price_fine: int, numerator: int, denominator: int) -> int:
    """The cash that a fill costs, in minor units: above 0 paid by a buy, below 0 received.

    side * lots * price_fine * numerator / (denominator * 10,000), rounded up, which is
    against the trader on both sides. numerator / denominator is the value of one tick and
    lot in minor units.

    >>> fill_cost_minor(1, 3, 1_000_050, 1, 1), fill_cost_minor(-1, 3, 1_000_050, 1, 1)
    (301, -300)
    """
    if _is_large(lots, price_fine, numerator):
        return share_ceil(side * lots * numerator, price_fine, denominator * FINE_PER_TICK)
    return ceil_div(side * lots * price_fine * numerator, denominator * FINE_PER_TICK)


@kernel
def value_minor(lots: int, price_ticks: int, numerator: int, denominator: int) -> int:
    """What signed lots are worth at a price, in minor units, rounded toward minus infinity.

    A long is worth a little less and a short owes a little more than exactly.

    >>> value_minor(3, 105, 1, 10), value_minor(-3, 105, 1, 10)
    (31, -32)
    """
    if _is_large(lots, price_ticks, numerator):
        return share_floor(lots * numerator, price_ticks, denominator)
    return floor_div(lots * price_ticks * numerator, denominator)


@kernel
def fee_minor(
    notional_minor: int, lots: int, rate_ppm_hundredths: int, per_lot_millionths: int, minimum_minor: int
) -> int:
    """The fee of one fill, in minor units, rounded half to even; below 0 it is a rebate.

    notional * rate + lots * per_lot, at least the minimum where that is above 0. The rate is
    in hundredths of a millionth (20 bps = 200,000), per_lot in millionths of a minor unit.
    A broker asks for its minimum once an order: pass 0 after the order's first fill.

    >>> fee_minor(1_000_000, 100, 200_000, 0, 0)  # 20 bps of 10,000.00
    2000
    >>> fee_minor(1_000_000, 100, 0, 500_000, 100), fee_minor(1_000_000, 100, -2_500, 0, 0)
    (100, -25)
    """
    whole = notional_minor // HUNDREDTHS_OF_PPM
    rest = (
        notional_minor - whole * HUNDREDTHS_OF_PPM
    ) * rate_ppm_hundredths + lots * per_lot_millionths * 100
    quotient = rest // HUNDREDTHS_OF_PPM
    remainder = rest - quotient * HUNDREDTHS_OF_PPM
    fee = _nearest_even(whole * rate_ppm_hundredths + quotient, remainder, HUNDREDTHS_OF_PPM)
    return minimum_minor if minimum_minor > 0 and fee < minimum_minor else fee


def fits(lots_max: int, price_ticks_max: int, numerator: int) -> bool:
    """Whether no fill within these bounds can reach 2^62 in compiled money.

    >>> fits(10_000_000, 1_000_000, 1), fits(10**12, 10**9, 1)
    (True, False)
    """
    return abs(lots_max * price_ticks_max * FINE_PER_TICK * numerator) < PRODUCT_MAX


@kernel
def _nearest_even(quotient: int, rest: int, divisor: int) -> int:
    """Rounds quotient + rest / divisor, 0 <= rest < divisor, without doubling anything."""
    other = divisor - rest
    if rest > other or (rest == other and quotient & 1):
        return quotient + 1
    return quotient


@kernel
def _share(amount: int, part: int, whole: int) -> tuple[int, int]:
    """Quotient and rest of amount * part / whole, rounded toward minus infinity."""
    units = amount // whole
    rest = amount - units * whole
    if part == 0:
        return 0, 0
    if rest <= PRODUCT_MAX // part:
        product = rest * part
        return units * part + product // whole, product % whole
    # The product would not fit: schoolbook multiplication and division, one bit at a time.
    quotient = 0
    remainder = 0
    for shift in range(62, -1, -1):
        quotient *= 2
        remainder *= 2
        if remainder >= whole:
            remainder -= whole
            quotient += 1
        if (part >> shift) & 1:
            remainder += rest
            if remainder >= whole:
                remainder -= whole
                quotient += 1
    return units * part + quotient, remainder
