"""Units of money, price and quantity, and the only place of seawall that rounds.

Rule 1: money is whole minor units, a price whole ticks, a quantity whole lots; a fill price
        is whole ten-thousandths of a tick (`price_fine`).
Rule 2: what rounds says which way. What a fill costs and what a position is worth round
        against the trader; fees and shares of a cost round half to even.
Rule 3: a quantity, a price and a notional never stand for one another (CONTROLS C2): one
        in the place of another is a TypeError that says what stood where.

Theory of operation: the functions on plain integers are compiled and work in int64. The
configuration check calls `fits` once, so that products in the hot path need no check.
Shares (`share_half_even` and its kin) multiply what no configuration bounds; there a
product beyond 2^62 is divided bit by bit, exactly, instead of overflowing. `Quantity`,
`Price` and `Notional` are the same numbers with their grid attached, for the rims of the
system: policies, desk files, reports.
"""

from decimal import Decimal, InvalidOperation
from fractions import Fraction

import msgspec

from seawall.kernels.jit import kernel
from seawall.kernels.state import FINE_PER_TICK
from seawall.model.instruments import CURRENCY_EXPONENTS, Instrument

__all__ = [
    "PRODUCT_MAX",
    "Notional",
    "Price",
    "Quantity",
    "ceil_div",
    "fee_minor",
    "fill_cost_minor",
    "fits",
    "floor_div",
    "half_even_div",
    "ppm",
    "share_ceil",
    "share_half_even",
    "toward_zero_div",
    "value_minor",
    "whole_lots",
]

PRODUCT_MAX = 2**62
"""Products in compiled money stay below this; int64 ends at 2^63."""

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
def fill_cost_minor(side: int, lots: int, price_fine: int, numerator: int, denominator: int) -> int:
    """The cash that a fill costs, in minor units: above 0 paid by a buy, below 0 received.

    side * lots * price_fine * numerator / (denominator * 10,000), rounded up, which is
    against the trader on both sides. numerator / denominator is the value of one tick and
    lot in minor units.

    >>> fill_cost_minor(1, 3, 1_000_050, 1, 1), fill_cost_minor(-1, 3, 1_000_050, 1, 1)
    (301, -300)
    """
    return ceil_div(side * lots * price_fine * numerator, denominator * FINE_PER_TICK)


@kernel
def value_minor(lots: int, price_ticks: int, numerator: int, denominator: int) -> int:
    """What signed lots are worth at a price, in minor units, rounded toward minus infinity.

    A long is worth a little less and a short owes a little more than exactly.

    >>> value_minor(3, 105, 1, 10), value_minor(-3, 105, 1, 10)
    (31, -32)
    """
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


# --- the same numbers with their grid attached -------------------------------------------------


class Quantity(msgspec.Struct, frozen=True):
    """A signed number of lots of one instrument.

    >>> apple = Instrument(name="AAPL", tick=Decimal("0.01"))
    >>> Quantity.of(apple, "100").at(Price.of(apple, "110.01"))
    Notional(currency='USD', minor=1100100)
    """

    instrument: Instrument
    lots: int

    def __post_init__(self) -> None:
        _whole(self.lots, f"lots of {self.instrument.name}")

    @classmethod
    def of(cls, instrument: Instrument, units: Decimal | int | str) -> "Quantity":
        """So many units (shares, coins); off the lot is a ValueError, a float a TypeError."""
        count = Fraction(_decimal(units, f"quantity of {instrument.name}")) / Fraction(instrument.lot)
        if count.denominator != 1:
            raise ValueError(f"{instrument.name}: quantity {units} is not on the lot {instrument.lot}")
        return cls(instrument, count.numerator)

    @property
    def units(self) -> Decimal:
        """The quantity in units of the instrument, exactly."""
        return self.lots * self.instrument.lot

    def __add__(self, other: object) -> "Quantity":
        return Quantity(self.instrument, self.lots + self._same(other, "added to").lots)

    def __sub__(self, other: object) -> "Quantity":
        return Quantity(self.instrument, self.lots - self._same(other, "taken from").lots)

    def __neg__(self) -> "Quantity":
        return Quantity(self.instrument, -self.lots)

    def at(self, price: object) -> "Notional":
        """The notional at a price, rounded away from zero: a limit never sees less than there is."""
        if not isinstance(price, Price) or price.instrument != self.instrument:
            raise TypeError(f"{_said(price)} stood where a price of {self.instrument.name} belongs")
        exact = self.lots * price.ticks * self.instrument.tick_value
        # Not `ceil_div`: what a fuzzer or a thick finger types need not fit into int64.
        size = -(-abs(exact.numerator) // exact.denominator)
        return Notional(self.instrument.currency, size if exact >= 0 else -size)

    def _same(self, other: object, verb: str) -> "Quantity":
        if not isinstance(other, Quantity) or other.instrument != self.instrument:
            raise TypeError(f"{_said(other)} was {verb} a quantity of {self.instrument.name}")
        return other


class Price(msgspec.Struct, frozen=True):
    """A price of one instrument in whole ticks.

    >>> apple = Instrument(name="AAPL", tick=Decimal("0.01"))
    >>> Price.of(apple, "110.01").ticks, str(Price(apple, 11001).amount)
    (11001, '110.01')
    """

    instrument: Instrument
    ticks: int

    def __post_init__(self) -> None:
        _whole(self.ticks, f"ticks of {self.instrument.name}")

    @classmethod
    def of(cls, instrument: Instrument, amount: Decimal | int | str) -> "Price":
        """A price in currency; off the tick is a ValueError, a binary float a TypeError."""
        return cls(instrument, instrument.ticks(_decimal(amount, f"price of {instrument.name}")))

    @property
    def amount(self) -> Decimal:
        """The price in currency, exactly."""
        return self.ticks * self.instrument.tick

    def __add__(self, other: object) -> "Price":
        raise TypeError(f"{_said(other)} was added to a price of {self.instrument.name}: add ticks instead")


class Notional(msgspec.Struct, frozen=True):
    """An amount of money in minor units of one currency.

    >>> Notional.of("USD", "1000.50") + Notional("USD", 50)
    Notional(currency='USD', minor=100100)
    """

    currency: str
    minor: int

    def __post_init__(self) -> None:
        _whole(self.minor, f"minor units of {self.currency}")
        if self.currency not in CURRENCY_EXPONENTS:
            raise ValueError(f"unknown currency {self.currency!r}")

    @classmethod
    def of(cls, currency: str, amount: Decimal | int | str) -> "Notional":
        """An amount in currency; finer than the minor unit is a ValueError, a float a TypeError."""
        if currency not in CURRENCY_EXPONENTS:
            raise ValueError(f"unknown currency {currency!r}")
        minor = Fraction(_decimal(amount, f"amount of {currency}")) * 10 ** CURRENCY_EXPONENTS[currency]
        if minor.denominator != 1:
            raise ValueError(f"{amount} {currency} is finer than the minor unit")
        return cls(currency, minor.numerator)

    @property
    def amount(self) -> Decimal:
        """The amount in currency, exactly."""
        return Decimal(self.minor).scaleb(-CURRENCY_EXPONENTS[self.currency])

    def __add__(self, other: object) -> "Notional":
        return Notional(self.currency, self.minor + self._same(other, "added to").minor)

    def __sub__(self, other: object) -> "Notional":
        return Notional(self.currency, self.minor - self._same(other, "taken from").minor)

    def __neg__(self) -> "Notional":
        return Notional(self.currency, -self.minor)

    def _same(self, other: object, verb: str) -> "Notional":
        if not isinstance(other, Notional) or other.currency != self.currency:
            raise TypeError(f"{_said(other)} was {verb} a notional in {self.currency}")
        return other


def whole_lots(value: object, instrument: Instrument) -> int:
    """The lots of a quantity or of a plain whole number; anything else is a TypeError.

    >>> apple = Instrument(name="AAPL", tick=Decimal("0.01"))
    >>> whole_lots(Notional.of("USD", 58_000_000), apple)
    Traceback (most recent call last):
        ...
    TypeError: a notional of 58000000.00 USD stood where a quantity of AAPL belongs
    """
    if isinstance(value, Quantity) and value.instrument == instrument:
        return value.lots
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TypeError(f"{_said(value)} stood where a quantity of {instrument.name} belongs")


def ppm(value: str | float | Decimal) -> int:
    """A share in parts per million, exactly; finer than that, or no number, is a ValueError.

    A bare number is a fraction of one; text may end in %, bps or ppm. A float means the
    decimal that it prints as.

    >>> ppm(0.025), ppm("2.5%"), ppm("250 bps"), ppm("300 ppm")
    (25000, 25000, 25000, 300)
    """
    text = str(value).strip()
    scale = 1_000_000
    for suffix, parts in (("%", 10_000), ("bps", 100), ("ppm", 1)):
        if text.endswith(suffix):
            text, scale = text.removesuffix(suffix).strip(), parts
            break
    share = Fraction(_decimal(text, "share")) * scale
    if share.denominator != 1:
        raise ValueError(f"share {value!r} is finer than one part per million")
    return share.numerator


def _decimal(value: object, what: str) -> Decimal:
    """The exact decimal of an int, a Decimal or a text; a float or another unit is a TypeError."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise TypeError(f"{what}: {_said(value)} is not an exact number")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{what}: {value!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{what}: {value!r} is not finite")
    return number


def _whole(value: object, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{what}: {_said(value)} is not a whole number")


def _said(value: object) -> str:
    """What a wrong operand was, in the desk's words."""
    if isinstance(value, Quantity):
        return f"a quantity of {value.units} {value.instrument.name}"
    if isinstance(value, Price):
        return f"a price of {value.amount} {value.instrument.currency} for {value.instrument.name}"
    if isinstance(value, Notional):
        return f"a notional of {value.amount} {value.currency}"
    return f"the {type(value).__name__} {value!r}"
