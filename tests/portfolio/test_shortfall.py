"""Implementation shortfall: the worked example, and the identity to the last digit."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.portfolio.shortfall import Execution, implementation_shortfall

GOLDEN = json.loads((Path(__file__).parents[1] / "golden.json").read_text())["G_IS"]
FILLS = [
    Execution(300, 100.06, 100.05, 100.06),
    Execution(300, 100.09, 100.07, 100.08),
    Execution(200, 100.08, 100.09),
]
PARTS = ("delay", "impact", "spread", "depth", "opportunity", "fees")


def test_golden_split() -> None:
    """Six parts of the worked example, in currency and in basis points of what was decided."""
    parts = implementation_shortfall(1, 1000, 100, 100.04, 100.30, FILLS, 12)
    for name, expected in GOLDEN.items():
        assert float(getattr(parts, name)) == pytest.approx(expected, rel=1e-9), name


def test_exact_decimals_give_round_numbers() -> None:
    """In whole ticks the same order costs exactly what a person computes on paper."""
    fills = [
        Execution(300, 10006, 10005, 10006),
        Execution(300, 10009, 10007, 10008),
        Execution(200, 10008, 10009),
    ]
    parts = implementation_shortfall(1, 1000, 10000, 10004, 10030, fills, 1200)
    assert [getattr(parts, name) for name in PARTS] == [3200, 2200, 400, 300, 6000, 1200]
    assert (parts.total, parts.bps) == (13300, Fraction("13.3"))


def test_a_maker_captures_the_spread() -> None:
    """A passive sale above the mid costs a negative spread and no depth."""
    parts = implementation_shortfall(-1, 10, 100, 100, 100, [Execution(10, 101, 100)])
    assert (parts.spread, parts.depth, parts.total) == (-10, 0, -10)


def test_nothing_filled_is_all_opportunity() -> None:
    """An order that never filled cost what the market ran away by."""
    parts = implementation_shortfall(-1, 10, 100, 101, 90, [])
    assert (parts.opportunity, parts.total, parts.bps) == (100, 100, 1000)


numbers = st.integers(1, 10**6) | st.floats(0.01, 1e6)
executions = st.builds(Execution, numbers, numbers, numbers, st.none() | numbers)


@given(st.sampled_from([1, -1]), numbers, numbers, numbers, st.lists(executions, max_size=5), numbers)
def test_the_parts_sum_to_the_total(side, start, arrival, final, fills, fees) -> None:
    """Whatever the prices, the six parts sum to the cost that the cash flows show, exactly."""
    executed = sum((Fraction(fill.quantity) for fill in fills), Fraction(0))
    parts = implementation_shortfall(side, executed + 1, start, arrival, final, fills, fees)
    paid = sum((Fraction(fill.quantity) * Fraction(fill.price) for fill in fills), Fraction(0))
    cash = side * (paid - executed * Fraction(start)) + side * (Fraction(final) - Fraction(start))
    assert sum(getattr(parts, name) for name in PARTS) == parts.total == cash + Fraction(fees)


@pytest.mark.parametrize(
    ("side", "quantity", "start", "fills"),
    [
        (0, 1, 100, []),
        (1, 1, 0, []),
        (1, 0, 100, []),
        (1, 1, 100, [Execution(2, 100, 100)]),
        (1, 1, 100, [Execution(-1, 100, 100)]),
        (1, 1, float("nan"), []),
    ],
)
def test_impossible_orders_are_refused(side, quantity, start, fills) -> None:
    """No side, no quantity, no price, more filled than decided, or a NaN: an error."""
    with pytest.raises(ValueError, match=r"side|fills|NaN"):
        implementation_shortfall(side, quantity, start, 100, 100, fills)
