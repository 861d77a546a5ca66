"""Quantities, prices and money with their grid: exact, and never one in the place of another."""

from decimal import Decimal

import pytest

from seawall.model import amounts
from seawall.model.amounts import Notional, Price, Quantity
from seawall.model.instruments import Instrument

APPLE = Instrument(name="AAPL", tick=Decimal("0.01"))
IBM = Instrument(name="IBM", tick=Decimal("0.01"))
COIN = Instrument(
    name="BTC-USDT", tick=Decimal("0.1"), lot=Decimal("0.00001"), currency="USDT", sessions="24/7"
)


def test_a_notional_is_no_quantity() -> None:
    """Citi 2022: 58 million dollars typed where a quantity belongs do not become lots."""
    with pytest.raises(
        TypeError, match=r"a notional of 58000000\.00 USD stood where a quantity of AAPL belongs"
    ):
        amounts.whole_lots(Notional.of("USD", 58_000_000), APPLE)


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
        amounts.whole_lots(value, APPLE)
    assert amounts.whole_lots(7, APPLE) == amounts.whole_lots(Quantity(APPLE, 7), APPLE) == 7


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
    assert amounts.ppm(value) == expected


@pytest.mark.parametrize("value", ["0.0000001", "ten", "", "nan", float("inf"), "0.5ppm"])
def test_ppm_refuses_what_it_cannot_hold(value: float | str) -> None:
    """Finer than a millionth, or no number, is a ValueError."""
    with pytest.raises(ValueError, match="share"):
        amounts.ppm(value)
