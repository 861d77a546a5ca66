"""Units: which way each number rounds, and that one unit never passes for another."""

import os
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seawall
from seawall.model import units
from seawall.model.instruments import Instrument
from seawall.model.units import Notional, Price, Quantity

APPLE = Instrument(name="AAPL", tick=Decimal("0.01"))
IBM = Instrument(name="IBM", tick=Decimal("0.01"))
COIN = Instrument(
    name="BTC-USDT", tick=Decimal("0.1"), lot=Decimal("0.00001"), currency="USDT", sessions="24/7"
)

LARGE = st.integers(-(2**61), 2**61)


def half_even(exact: Fraction) -> int:
    """Python's own rounding of an exact fraction, which is half to even."""
    return round(exact)


@settings(deadline=None)  # the first call compiles
@given(LARGE, st.integers(1, 2**61))
def test_divisions_round_as_exact_fractions_do(amount: int, divisor: int) -> None:
    """Floor, ceiling, toward zero and half to even agree with exact fractions."""
    exact = Fraction(amount, divisor)
    assert units.floor_div(amount, divisor) == exact.__floor__()
    assert units.ceil_div(amount, divisor) == exact.__ceil__()
    assert units.toward_zero_div(amount, divisor) == int(exact)
    assert units.half_even_div(amount, divisor) == half_even(exact)


@settings(deadline=None)  # the first call compiles
@given(LARGE, st.integers(1, 2**61), st.data())
def test_shares_are_exact_where_the_product_overflows(amount: int, whole: int, data: st.DataObject) -> None:
    """A share is right for any int64 amount, and the whole share is the amount."""
    part = data.draw(st.integers(0, whole))
    exact = Fraction(amount * part, whole)
    assert units.share_half_even(amount, part, whole) == half_even(exact)
    assert units.share_ceil(amount, part, whole) == exact.__ceil__()
    assert units.share_half_even(amount, whole, whole) == amount


@pytest.mark.parametrize(
    ("side", "lots", "price_fine", "numerator", "denominator", "cost"),
    [
        (1, 100, 11_001_0000, 1, 1, 1_100_100),  # on the tick nothing rounds
        (-1, 100, 11_001_0000, 1, 1, -1_100_100),
        (1, 1, 11_001_0001, 1, 1, 11_002),  # a ten-thousandth over: the buyer pays the next cent
        (-1, 1, 11_001_9999, 1, 1, -11_001),  # and the seller does not get it
        (1, 7, 5_0000, 1, 10, 4),  # 3.5 minor units
        (-1, 7, 5_0000, 1, 10, -3),
    ],
)
def test_a_fill_rounds_against_the_trader(
    side: int, lots: int, price_fine: int, numerator: int, denominator: int, cost: int
) -> None:
    """Buys round up, what a sell brings rounds down."""
    assert units.fill_cost_minor(side, lots, price_fine, numerator, denominator) == cost


def test_a_value_rounds_against_the_holder() -> None:
    """10.5 minor units are worth 10 to a long and cost a short 11."""
    assert units.value_minor(3, 35, 1, 10) == 10
    assert units.value_minor(-3, 35, 1, 10) == -11


@pytest.mark.parametrize(
    ("notional", "lots", "rate", "per_lot", "minimum", "fee"),
    [
        (1_000_000, 100, 200_000, 0, 0, 2_000),  # 20 bps of 10,000.00
        (250, 1, 1_000_000, 0, 0, 2),  # 2.5 cents: to the even one
        (350, 1, 1_000_000, 0, 0, 4),  # 3.5 cents
        (1_000_000, 100, -2_500, 0, 0, -25),  # a rebate of 0.25 bps
        (0, 1_000, 0, 350_000, 0, 350),  # 0.35 cents a share
        (0, 10, 0, 350_000, 100, 100),  # the minimum of a dollar
        (4 * 10**15, 1, 10_000_000, 0, 0, 4 * 10**14),  # 10 % of 4 billion USDT does not overflow
    ],
)
def test_fees(notional: int, lots: int, rate: int, per_lot: int, minimum: int, fee: int) -> None:
    """Fees by hand: rates, per-share fees, minimum and rebate."""
    assert units.fee_minor(notional, lots, rate, per_lot, minimum) == fee


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 10**15), st.integers(0, 10**8), st.integers(-(10**7), 10**7), st.integers(0, 10**7))
def test_fees_are_exact(notional: int, lots: int, rate: int, per_lot: int) -> None:
    """Fees equal the rounded exact fraction."""
    exact = Fraction(notional * rate, 10**8) + Fraction(lots * per_lot, 10**6)
    assert units.fee_minor(notional, lots, rate, per_lot, 0) == half_even(exact)


def test_fits_is_the_bound_of_compiled_money() -> None:
    """The largest product that fits is below 2^62, the next one is refused."""
    ticks = 2**62 // 10_000
    assert units.fits(1, ticks - 1, 1)
    assert not units.fits(1, ticks + 1, 1)
    assert not units.fits(-2, ticks, 1)


def test_a_notional_is_no_quantity() -> None:
    """Citi 2022: 58 million dollars typed where a quantity belongs do not become lots."""
    with pytest.raises(
        TypeError, match=r"a notional of 58000000\.00 USD stood where a quantity of AAPL belongs"
    ):
        units.whole_lots(Notional.of("USD", 58_000_000), APPLE)


WRONG: list[object] = [
    Price(APPLE, 1),
    Quantity(IBM, 1),
    Notional("USD", 1),
    1.0,
    True,
    None,
    Decimal(1),
    "7",
]


@pytest.mark.parametrize("value", WRONG, ids=repr)
def test_only_lots_are_lots(value: object) -> None:
    """Whatever is not a whole number or a quantity of this instrument is a TypeError."""
    with pytest.raises(TypeError, match="stood where a quantity of AAPL belongs"):
        units.whole_lots(value, APPLE)
    assert units.whole_lots(7, APPLE) == units.whole_lots(Quantity(APPLE, 7), APPLE) == 7


def test_units_do_not_mix() -> None:
    """Sums of unlike units, instruments and currencies are TypeErrors that name both."""
    lots, price, money = Quantity(APPLE, 5), Price(APPLE, 100), Notional("USD", 5)
    cases = [
        (lambda: lots + money, "a notional of 0.05 USD was added to a quantity of AAPL"),
        (lambda: lots - Quantity(IBM, 1), "a quantity of 1 IBM was taken from a quantity of AAPL"),
        (lambda: money + lots, "a quantity of 5 AAPL was added to a notional in USD"),
        (lambda: money - Notional("EUR", 1), "a notional of 0.01 EUR was taken from a notional in USD"),
        (lambda: price + money, "a notional of 0.05 USD was added to a price of AAPL"),
        (lambda: lots.at(money), "a notional of 0.05 USD stood where a price of AAPL belongs"),
        (lambda: lots.at(Price(IBM, 1)), "a price of 0.01 USD for IBM stood where a price of AAPL belongs"),
    ]
    for mix, message in cases:
        with pytest.raises(TypeError, match=message):
            mix()
    assert lots + lots - Quantity(APPLE, 3) == -Quantity(APPLE, -7)
    assert money + money - Notional("USD", 3) == -Notional("USD", -7)


def test_grids_are_exact() -> None:
    """What is off the grid, binary, infinite or no number is refused; what is on it is exact."""
    assert Quantity.of(COIN, "0.00123") == Quantity(COIN, 123)
    assert Quantity(COIN, 123).units == Decimal("0.00123")
    assert Price.of(COIN, "43210.5").ticks == 432_105
    assert Quantity(COIN, 123).at(Price(COIN, 432_105)) == Notional("USDT", 53_148_915)
    assert Quantity(COIN, -123).at(Price(COIN, 432_105)) == Notional("USDT", -53_148_915)
    with pytest.raises(ValueError, match=r"not on the lot 0\.00001"):
        Quantity.of(COIN, "0.000001")
    with pytest.raises(ValueError, match=r"not on the tick 0\.01"):
        Price.of(APPLE, "1.005")
    with pytest.raises(ValueError, match="finer than the minor unit"):
        Notional.of("USD", "0.001")
    for wrong in (1.5, True):
        with pytest.raises(TypeError):
            Price.of(APPLE, wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            Quantity(APPLE, wrong)  # type: ignore[arg-type]
    for text in ("nan", "Infinity", "ten"):
        with pytest.raises(ValueError, match="price of AAPL"):
            Price.of(APPLE, text)
    with pytest.raises(ValueError, match="unknown currency 'ZZZ'"):
        Notional("ZZZ", 1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1_000_000),
        (0.1, 100_000),
        ("0.1", 100_000),
        ("10 %", 100_000),
        ("1bps", 100),
        ("7 ppm", 7),
        ("0", 0),
    ],
)
def test_ppm(value: float | str, expected: int) -> None:
    """Shares read as they are written."""
    assert units.ppm(value) == expected


@pytest.mark.parametrize("value", ["0.0000001", "ten", "", "nan", float("inf"), "0.5ppm"])
def test_ppm_refuses_what_it_cannot_hold(value: float | str) -> None:
    """Finer than a millionth, or no number, is a ValueError."""
    with pytest.raises(ValueError, match="share"):
        units.ppm(value)


def test_compiled_and_plain_functions_agree() -> None:
    """A process without the compiler gives the same numbers."""
    here = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(Path(seawall.__file__).parents[1])}
    plain = subprocess.run([sys.executable, __file__], env=here, capture_output=True, text=True, check=True)
    assert plain.stdout == table()


def table() -> str:
    """A few hundred results of every compiled function, as text."""
    lines: list[str] = []
    for number in range(100):
        amount = (number * 7_919_993_777_777) % 10**16 - 5 * 10**15
        part, whole = number * 10**12, 10**15 + number
        lines.append(str(int(units.share_half_even(amount, part, whole))))
        lines.append(str(int(units.share_ceil(amount, part, whole))))
        lines.append(str(int(units.half_even_div(amount, 2 * number + 2))))
        lines.append(
            str(int(units.fee_minor(abs(amount), number, 12_345 - 500 * number, 350_001, number % 3)))
        )
        lines.append(str(int(units.fill_cost_minor(1 - number % 2 * 2, number, 123_456_789, 3, 7))))
        lines.append(str(int(units.value_minor(number - 50, 12_345, 3, 7))))
        lines.append(str(int(units.toward_zero_div(amount, 1_000_003))))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(table())
