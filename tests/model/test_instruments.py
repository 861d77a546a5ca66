"""Instruments: the price grid is exact, names are plain, and a wrong one says what is wrong."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from seawall.model.instruments import CURRENCY_EXPONENTS, Instrument

CENT = Decimal("0.01")


def instrument(**fields: object) -> Instrument:
    """An instrument of a cent's tick, with other fields as given."""
    return Instrument(**{"name": "AAPL", "tick": CENT, **fields})


@pytest.mark.parametrize(
    ("tick", "lot", "multiplier", "currency", "value"),
    [
        ("0.01", "1", "1", "USD", Fraction(1)),  # a share: one cent
        ("0.0001", "1", "1", "USD", Fraction(1, 100)),  # a fine tick is a part of a cent
        ("0.25", "1", "50", "USD", Fraction(1250)),  # a future of 50 dollars a point
        ("1", "100", "1", "JPY", Fraction(100)),  # no minor unit
        ("0.1", "0.00001", "1", "USDT", Fraction(1)),
        ("0.01", "0.00001", "1", "USDC", Fraction(1, 10)),
        ("0.015625", "1", "1000", "USD", Fraction(3125, 2)),  # a 64th is exact
        ("0.1", "0.001", "1", "BTC", Fraction(10_000)),
    ],
)
def test_the_value_of_a_tick_is_an_exact_fraction(
    tick: str, lot: str, multiplier: str, currency: str, value: Fraction
) -> None:
    """Minor units a lot gains by one tick: tick x lot x multiplier x 10^places, never a float."""
    it = instrument(tick=Decimal(tick), lot=Decimal(lot), multiplier=Decimal(multiplier), currency=currency)
    assert it.tick_value == value
    assert isinstance(it.tick_value, Fraction)


@pytest.mark.parametrize(
    ("tick", "lot", "face", "currency", "value"),
    [
        ("0.1", "1", "100", "BTC", Fraction(10**11)),  # 100 dollars a contract, in satoshis at 0.1
        ("0.01", "1", "10", "ETH", Fraction(10**11)),
        ("0.5", "1", "1", "BTC", Fraction(2 * 10**8)),
        ("0.3", "1", "1", "BTC", Fraction(10**9, 3)),
        ("0.1", "0.1", "1", "USD", Fraction(100)),
    ],
)
def test_an_inverse_lot_is_worth_its_face_at_a_price_of_one(
    tick: str, lot: str, face: str, currency: str, value: Fraction
) -> None:
    """Minor units at a price of one tick: lot x face x 10^places / tick; at n ticks, an n-th of it."""
    it = instrument(
        tick=Decimal(tick), lot=Decimal(lot), multiplier=Decimal(face), currency=currency, contract="inverse"
    )
    assert it.tick_value == value
    assert it.inverse
    assert not instrument(contract="linear").inverse
    assert instrument(contract="linear").tick_value == instrument().tick_value


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"contract": "future"}, "contract 'future' is none of spot, linear, inverse"),
        ({"contract": "inverse", "multiplier": Decimal(10**9), "currency": "BTC"}, "must stay below 2^48"),
        ({"contract": "inverse", "tick": Decimal("28147497671071.1")}, "must stay below 2^48"),
    ],
)
def test_contracts_that_cannot_be_counted(fields: dict[str, Any], words: str) -> None:
    """A kind that there is not, and a face so large or so small that 62 bits do not hold it."""
    with pytest.raises(ValueError, match=words.replace("^", "\\^")):
        instrument(**fields)


@pytest.mark.parametrize(
    ("tick", "price", "ticks"),
    [
        ("0.01", "110.01", 11_001),
        ("0.01", "110.010", 11_001),
        ("0.01", "0", 0),
        ("0.01", "-37.63", -3763),  # oil, April 2020
        ("0.05", "1.15", 23),
        ("0.1", "0.3", 3),  # in binary floats 0.3 / 0.1 is 2.9999999999999996
        ("0.015625", "101.984375", 6527),
        ("100", "1E+3", 10),
    ],
)
def test_a_price_on_the_grid_in_ticks(tick: str, price: str, ticks: int) -> None:
    """A price that is a whole number of ticks is that number."""
    assert instrument(tick=Decimal(tick)).ticks(Decimal(price)) == ticks


@pytest.mark.parametrize("price", ["110.005", "0.001", "NaN", "Infinity", "-Infinity"])
def test_a_price_off_the_grid_is_refused(price: str) -> None:
    """A price between two ticks, or none at all, is an error that names price and tick."""
    with pytest.raises(ValueError, match=rf"AAPL: price {price} is not on the tick 0\.01"):
        instrument().ticks(Decimal(price))


@pytest.mark.parametrize("field", ["tick", "lot", "multiplier"])
@pytest.mark.parametrize("value", [Decimal(0), Decimal(-1), Decimal("NaN"), Decimal("Infinity"), 0.01, 1])
def test_steps_are_decimals_above_zero(field: str, value: object) -> None:
    """A binary float, an int or anything not above 0 cannot define a grid."""
    with pytest.raises(ValueError, match=rf"instrument AAPL: {field} must be a Decimal above 0, got"):
        instrument(**{field: value})


@pytest.mark.parametrize(
    "name", ["AAPL", "BTC-USDT", "BRK.B", "ES_F", "EUR/USD", "X:BTC", "^SPX", "GC=F", "7203"]
)
def test_names_that_venues_use(name: str) -> None:
    """Letters, digits and the signs of common tickers pass."""
    assert instrument(name=name).name == name


@pytest.mark.parametrize(
    "name", ["", "A B", "A\n", "A,B", "A*", "A'B", 'A"', "A;B", "A\\B", "A|B", "$A", "<b>"]
)
def test_names_that_would_be_ambiguous(name: str) -> None:
    """Blanks, quotes and separators are refused, with the signs that may stand in a name."""
    with pytest.raises(ValueError, match=r"instrument name .*: letters, digits and ._-:/=\^ only"):
        instrument(name=name)


def test_currencies_are_known_ones() -> None:
    """Each listed currency makes an instrument; another one is refused by name."""
    for currency in CURRENCY_EXPONENTS:
        assert instrument(currency=currency).currency == currency
    with pytest.raises(ValueError, match="instrument AAPL: unknown currency 'ZZZ'"):
        instrument(currency="ZZZ")


def test_an_instrument_is_frozen_and_knows_its_fields() -> None:
    """It cannot be changed, survives JSON exactly, and an unknown field is an error."""
    it = instrument(tick=Decimal("0.0000001"), lot=Decimal("0.5"))
    with pytest.raises(AttributeError, match="immutable"):
        it.tick = Decimal(1)
    text = msgspec.json.encode(it)
    assert msgspec.json.decode(text, type=Instrument) == it
    with pytest.raises(msgspec.ValidationError, match="unknown field `tickk`"):
        msgspec.json.decode(text.replace(b'"tick"', b'"tickk"'), type=Instrument)
