"""Instruments: what can be traded, in which steps, when and at which fee class.

Rule 1: tick, lot and multiplier are exact decimals; binary floats never define a price grid.
Rule 2: an instrument is frozen; a change of it (a split, a new tick) is an event.
Rule 3: money of an instrument is in its settlement currency, `currency`, whatever its price
        is quoted in.

Theory of operation: a lot of a spot or a linear contract is worth its price, so that it gains
as much with each tick. An inverse contract is so many units of the quote currency (its face,
100 USD) and settles in what is quoted: a lot is worth face / price, which falls as the price
rises, and who is long of it is short of its settlement currency. One number tells both, what
a lot is worth at a price of one tick; the price multiplies the one and divides the other.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Literal, get_args

import msgspec

__all__ = ["CURRENCY_EXPONENTS", "TICK_VALUE_MAX", "Contract", "Instrument"]

Contract = Literal["spot", "linear", "inverse"]

TICK_VALUE_MAX = 2**48
"""Numerator and denominator of an inverse contract's tick value stay below this, so that both
have room in 62 bits as ten-thousandths."""

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

    tick: smallest price step, in quote currency per unit; lot: smallest quantity step, in
    units; multiplier: currency value of one unit per unit of price, of an inverse contract the
    face of one unit in quote currency; currency: what it settles in; sessions: name of a
    session table (XNYS, XNAS, 24/7); fee_class: key of the venue's fee table; shortable: may
    be held short (a margin account is needed as well); contract: spot, or a perpetual that is
    linear or inverse (both need a margin account).

    >>> apple = Instrument(name="AAPL", tick=Decimal("0.01"))
    >>> apple.ticks(Decimal("110.01")), apple.tick_value
    (11001, Fraction(1, 1))
    >>> perpetual = Instrument(name="BTCUSD_PERP", tick=Decimal("0.1"), multiplier=Decimal(100),
    ...     currency="BTC", contract="inverse")
    >>> float(10 * perpetual.tick_value / perpetual.ticks(Decimal("61804.8")))  # satoshis
    1617997.30765248
    """

    name: str
    tick: Decimal
    lot: Decimal = Decimal(1)
    multiplier: Decimal = Decimal(1)
    currency: str = "USD"
    sessions: str = "XNYS"
    fee_class: str = "default"
    shortable: bool = True
    contract: Contract = "spot"

    def __post_init__(self) -> None:
        if not self.name or not all(c.isalnum() or c in "._-:/=^" for c in self.name):
            raise ValueError(f"instrument name {self.name!r}: letters, digits and ._-:/=^ only")
        for field in ("tick", "lot", "multiplier"):
            value = getattr(self, field)
            if not isinstance(value, Decimal) or not value.is_finite() or value <= 0:
                raise ValueError(f"instrument {self.name}: {field} must be a Decimal above 0, got {value!r}")
        if self.currency not in CURRENCY_EXPONENTS:
            raise ValueError(f"instrument {self.name}: unknown currency {self.currency!r}")
        if self.contract not in get_args(Contract):
            kinds = ", ".join(get_args(Contract))
            raise ValueError(f"instrument {self.name}: contract {self.contract!r} is none of {kinds}")
        value = self.tick_value
        if self.inverse and max(value.numerator, value.denominator) >= TICK_VALUE_MAX:
            raise ValueError(
                f"instrument {self.name}: lot x multiplier / tick is {value} minor units; "
                "numerator and denominator must stay below 2^48 to be counted exactly"
            )

    @property
    def inverse(self) -> bool:
        """Whether a lot is worth less as the price rises: face / price."""
        return self.contract == "inverse"

    @property
    def tick_value(self) -> Fraction:
        """Minor units of the settlement currency that a lot is worth at a price of one tick, exactly.

        At a price of n ticks a lot is worth n times as much; of an inverse contract, an n-th.
        """
        scale = 10 ** CURRENCY_EXPONENTS[self.currency]
        face = Fraction(self.lot) * Fraction(self.multiplier) * scale
        return face / Fraction(self.tick) if self.inverse else face * Fraction(self.tick)

    def ticks(self, price: Decimal) -> int:
        """The price in ticks; a price off the grid is a ValueError."""
        count = Fraction(price) / Fraction(self.tick) if price.is_finite() else None
        if count is None or count.denominator != 1:
            raise ValueError(f"{self.name}: price {price} is not on the tick {self.tick}")
        return count.numerator
