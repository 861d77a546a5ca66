"""Quantities, prices and amounts of money with their grid attached, for the rims of the system.

Rule 1: a quantity, a price and a notional never stand for one another (CONTROLS C2): one
        in the place of another is a TypeError that says what stood where.
Rule 2: a binary float is no exact number, and is refused; decimals and text are exact.

They are the numbers of units.py (lots, ticks, minor units) for policies, desk files and reports.
"""

from decimal import Decimal, InvalidOperation
from fractions import Fraction

import msgspec

from seawall.model.instruments import CURRENCY_EXPONENTS, Instrument

__all__ = ["Notional", "Price", "Quantity", "ppm", "whole_lots"]


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
        exact = self.lots * self.instrument.tick_value
        if self.instrument.inverse and price.ticks <= 0:
            raise ValueError(f"{_said(price)}: an inverse contract has a notional at prices above 0 alone")
        exact = exact / price.ticks if self.instrument.inverse else exact * price.ticks
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
        # An inverse contract settles in what it prices, and is quoted in something else.
        unit = "" if value.instrument.inverse else f" {value.instrument.currency}"
        return f"a price of {value.amount}{unit} for {value.instrument.name}"
    if isinstance(value, Notional):
        return f"a notional of {value.amount} {value.currency}"
    return f"the {type(value).__name__} {value!r}"
