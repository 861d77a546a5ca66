"""Implementation shortfall: what lay between the price of the decision and what was got.

Rule 1: six parts whose sum is the total, exactly; a cost is positive, a gain negative.
Rule 2: arithmetic is in fractions, so the identity holds for integers and for floats alike.
Rule 3: delay is charged on the executed quantity and opportunity from the decision price
        (others put delay on all of it and opportunity from arrival: the total is the same).

Theory (Perold 1988; the split after Kissell & Glantz 2003). With side s, decided quantity X,
decision mid P_d, arrival mid P_0, fills (q, p, mid m, opposite best t), E = sum q, final mid P_n:
    delay        s E (P_0 - P_d)                  waiting before the order went out
    impact       sum s q (m - P_0)                the market's way while it was worked
    spread       sum s q (t - m) of takers + sum s q (p - m) of makers (negative: captured)
    depth        sum s q (p - t) of takers        walking beyond the best
    opportunity  s (X - E)(P_n - P_d)             what was never bought
    fees         F
    total        s (sum q p - E P_d) + opportunity + F
"""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

__all__ = ["Execution", "Shortfall", "implementation_shortfall"]

Number = int | float | Fraction  # what a price or a quantity may be written as


class Execution(msgspec.Struct, frozen=True):
    """One fill with the market around it: quantity, price, mid, and the opposite best it took."""

    quantity: Number
    price: Number
    mid: Number
    touch: Number | None = None  # None: the fill was a maker's

    @property
    def taker(self) -> bool:
        """Whether the fill took liquidity."""
        return self.touch is not None


class Shortfall(msgspec.Struct, frozen=True, kw_only=True):
    """The six parts, exact, in price times quantity; bps is of the decided notional."""

    delay: Fraction
    impact: Fraction
    spread: Fraction
    depth: Fraction
    opportunity: Fraction
    fees: Fraction
    total: Fraction
    bps: Fraction


def implementation_shortfall(
    side: int,
    quantity: Number,
    decision_mid: Number,
    arrival_mid: Number,
    final_mid: Number,
    fills: Sequence[Execution],
    fees: Number = 0,
) -> Shortfall:
    """Split the cost of one decision; the parts sum to the total exactly.

    side is +1 to buy and -1 to sell; quantity is what was decided, in units; prices in currency
    per unit (or ticks and lots: any unit, as long as it is one); fees in price times quantity.
    A fill beyond the quantity, a price at or below 0 at the decision or another side: ValueError.

    >>> parts = implementation_shortfall(1, 100, 1000, 1002, 1010, [Execution(60, 1005, 1003, 1004)], 7)
    >>> [int(p) for p in (parts.delay, parts.impact, parts.spread, parts.depth, parts.opportunity)]
    [120, 60, 60, 60, 400]
    >>> int(parts.total), float(parts.bps)
    (707, 70.7)
    """
    decided, start = Fraction(quantity), Fraction(decision_mid)
    arrival, final, charged = Fraction(arrival_mid), Fraction(final_mid), Fraction(fees)
    sizes = [Fraction(fill.quantity) for fill in fills]
    executed = sum(sizes, Fraction(0))
    if side not in (1, -1) or start <= 0:
        raise ValueError(f"side must be 1 or -1 and the decision price above 0: {side}, {decision_mid}")
    if any(size <= 0 for size in sizes) or decided <= 0 or executed > decided:
        raise ValueError(f"fills of {float(executed)} in all must be positive and within {quantity}")
    impact = spread = depth = paid = Fraction(0)
    for size, fill in zip(sizes, fills, strict=True):
        price, mid = Fraction(fill.price), Fraction(fill.mid)
        touch = price if fill.touch is None else Fraction(fill.touch)
        impact += side * size * (mid - arrival)
        spread += side * size * (touch - mid)
        depth += side * size * (price - touch)
        paid += size * price
    delay = side * executed * (arrival - start)
    opportunity = side * (decided - executed) * (final - start)
    total = side * (paid - executed * start) + opportunity + charged
    assert total == delay + impact + spread + depth + opportunity + charged
    return Shortfall(
        delay=delay,
        impact=impact,
        spread=spread,
        depth=depth,
        opportunity=opportunity,
        fees=charged,
        total=total,
        bps=total / (decided * start) * 10_000,
    )
