"""Instruments: what can be traded, in which steps, when and at which fee class.

Rule 1: tick, lot and multiplier are exact decimals; binary floats never define a price grid.
Rule 2: an instrument is frozen; a change of it (a split, a new tick) is an event.
"""

from decimal import Decimal
from fractions import Fraction

import msgspec

__all__ = ["CURRENCY_EXPONENTS", "Instrument"]

CURRENCY_EXPONENTS = {
    "USD": 2,
    "EUR": 2,
    "GBP": 2,
    "CHF": 2,
    "JPY": 0,
    "USDT": 6,
    "USDC": 6,
    "BTC": 8,
    "ETH": 8,
}
"""Decimal places of the minor unit in which cash of each currency is kept."""


class Instrument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One tradable thing.

    tick: smallest price step, in currency per unit; lot: smallest quantity step, in units;
    multiplier: currency value of one unit per unit of price; sessions: name of a session
    table (XNYS, XNAS, 24/7); fee_class: key of the venue's fee table; shortable: may be
    held short (a margin account is needed as well).

    >>> apple = Instrument(name="AAPL", tick=Decimal("0.01"))
    >>> apple.ticks(Decimal("110.01")), apple.tick_value
    (11001, Fraction(1, 1))
    """

    name: str
    tick: Decimal
    lot: Decimal = Decimal(1)
    multiplier: Decimal = Decimal(1)
    currency: str = "USD"
    sessions: str = "XNYS"
    fee_class: str = "default"
    shortable: bool = True

    def __post_init__(self) -> None:
        if not self.name or not all(c.isalnum() or c in "._-:/=^" for c in self.name):
            raise ValueError(f"instrument name {self.name!r}: letters, digits and ._-:/=^ only")
        for field in ("tick", "lot", "multiplier"):
            value = getattr(self, field)
            if not isinstance(value, Decimal) or not value.is_finite() or value <= 0:
                raise ValueError(f"instrument {self.name}: {field} must be a Decimal above 0, got {value!r}")
        if self.currency not in CURRENCY_EXPONENTS:
            raise ValueError(f"instrument {self.name}: unknown currency {self.currency!r}")

    @property
    def tick_value(self) -> Fraction:
        """Minor currency units gained by one lot when the price rises by one tick, exactly."""
        scale = 10 ** CURRENCY_EXPONENTS[self.currency]
        return Fraction(self.tick) * Fraction(self.lot) * Fraction(self.multiplier) * scale

    def ticks(self, price: Decimal) -> int:
        """The price in ticks; a price off the grid is a ValueError."""
        count = Fraction(price) / Fraction(self.tick) if price.is_finite() else None
        if count is None or count.denominator != 1:
            raise ValueError(f"{self.name}: price {price} is not on the tick {self.tick}")
        return count.numerator
