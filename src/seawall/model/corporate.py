"""Corporate actions: splits and dividends as events, never as changes of past prices.

Rule 1: an action stands at the opening of its ex-date; whoever held the evening before is due.
Rule 2: amounts are exact decimals per share as it was on that day (after that day's split).
"""

from decimal import Decimal
from fractions import Fraction

import msgspec

__all__ = ["CorporateAction", "Dividend", "Split"]


class Split(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """`numerator` new shares for `denominator` old ones; ts_local: ns UTC of the ex-date's open.

    >>> Split("AAPL", 961594200000000000, 2, 1).ratio
    Fraction(2, 1)
    """

    instrument: str
    ts_local: int
    numerator: int
    denominator: int
    note: str = ""

    def __post_init__(self) -> None:
        if self.numerator <= 0 or self.denominator <= 0:
            raise ValueError(
                f"split of {self.instrument}: {self.numerator}:{self.denominator} must be above 0"
            )

    @property
    def ratio(self) -> Fraction:
        """New shares per old share, exactly."""
        return Fraction(self.numerator, self.denominator)


class Dividend(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Cash of `amount` per share, in the instrument's currency, for who held before `ts_local`."""

    instrument: str
    ts_local: int
    amount: Decimal

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or self.amount <= 0:
            raise ValueError(f"dividend of {self.instrument}: amount must be above 0, got {self.amount}")


CorporateAction = Split | Dividend
