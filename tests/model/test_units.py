"""Units: which way each number rounds, and that one unit never passes for another."""

import os
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seawall
from seawall.kernels.state import INSTRUMENT
from seawall.model import units
from seawall.model.amounts import Notional, Price, Quantity
from seawall.model.instruments import Instrument
from seawall.simulator.state import VENUE_INSTRUMENT

APPLE = Instrument(name="AAPL", tick=Decimal("0.01"))
IBM = Instrument(name="IBM", tick=Decimal("0.01"))
COIN = Instrument(
    name="BTC-USDT", tick=Decimal("0.1"), lot=Decimal("0.00001"), currency="USDT", sessions="24/7"
)

PERPETUAL = Instrument(
    name="BTCUSD_PERP", tick=Decimal("0.1"), multiplier=Decimal(100), currency="BTC", contract="inverse"
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
    assert units.share_floor(amount, part, whole) == exact.__floor__()
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


def record_of(instrument: Instrument, kind: np.dtype[Any] = INSTRUMENT) -> Any:
    """A record of an instrument, of the core or of the venue."""
    record = np.zeros(1, kind)[0]
    record["tick_value_numerator"], record["tick_value_denominator"] = (
        instrument.tick_value.numerator,
        instrument.tick_value.denominator,
    )
    record["inverse"] = instrument.inverse
    return record


INVERSE = [  # signed lots, price -> cost of such a fill, worth and notional, all in satoshis
    (10, "61804.8", -1_617_997, -1_617_998, 1_617_998),  # exactly 1,617,997.31
    (-10, "61804.8", 1_617_998, 1_617_997, 1_617_998),
    (10, "62000.0", -1_612_903, -1_612_904, 1_612_904),  # 1,612,903.23
    (-10, "62000.0", 1_612_904, 1_612_903, 1_612_904),
    (1, "50000.0", -200_000, -200_000, 200_000),  # nothing rounds
    (-1, "50000.0", 200_000, 200_000, 200_000),
    (0, "50000.0", 0, 0, 0),
    (1, "0.1", -(10**11), -(10**11), 10**11),  # the smallest price
]


@pytest.mark.parametrize("kind", [INSTRUMENT, VENUE_INSTRUMENT], ids=["core", "venue"])
@pytest.mark.parametrize(("lots", "price", "cost", "worth", "notional"), INVERSE)
def test_money_of_an_inverse_contract_by_hand(
    kind: Any, lots: int, price: str, cost: int, worth: int, notional: int
) -> None:
    """lots x 100 USD / price: a buy is paid out, a long is owed, and each rounds against the trader."""
    record, ticks = record_of(PERPETUAL, kind), PERPETUAL.ticks(Decimal(price))
    side = 1 if lots > 0 else -1
    assert units.cost_minor(record, side, abs(lots), ticks * 10_000) == cost
    assert units.worth_minor(record, lots, ticks) == worth
    assert units.notional_minor(record, lots, ticks) == notional
    size = Quantity(PERPETUAL, lots).at(Price(PERPETUAL, ticks))
    assert size == Notional("BTC", notional if lots >= 0 else -notional)


def test_no_price_is_no_money_of_an_inverse_contract() -> None:
    """At a price of 0 nothing is divided; a notional by hand is refused."""
    record = record_of(PERPETUAL)
    assert units.cost_minor(record, 1, 10, 0) == 0
    assert units.worth_minor(record, 10, 0) == units.notional_minor(record, 10, 0) == 0
    with pytest.raises(ValueError, match=r"a price of 0\.0 for BTCUSD_PERP: .* prices above 0 alone"):
        Quantity(PERPETUAL, 1).at(Price(PERPETUAL, 0))


PRICES = st.one_of(st.integers(1, 10**4), st.integers(1, 4 * 10**6), st.integers(1, 10**13))


@settings(deadline=None)  # the first call compiles
@given(
    st.sampled_from(["0.1", "0.5", "0.01", "0.3"]), st.sampled_from([1, 10, 100]),
    st.sampled_from((1, -1)), PRICES, st.integers(0, 9_999), st.data(),
)  # fmt: skip
def test_inverse_money_is_the_exact_fraction_at_any_size(
    tick: str, face: int, side: int, ticks: int, part: int, data: st.DataObject
) -> None:
    """Up to the most lots that are allowed, cost, worth and notional are the rounded fractions."""
    it = msgspec.structs.replace(PERPETUAL, tick=Decimal(tick), multiplier=Decimal(face))
    record, value = record_of(it), it.tick_value
    most = int(units.lots_max(record, ticks, ticks + 1))
    assert most == (min(2**53 * ticks // value, 2**53))
    near = [st.integers(0, most), st.integers(max(most - 1000, 0), most), st.integers(0, min(most, 10**9))]
    lots = data.draw(st.one_of(near))
    fine = ticks * 10_000 + part
    cost = units.cost_minor(record, side, lots, fine)
    assert cost == (-side * lots * value * 10_000 / fine).__ceil__()
    assert units.worth_minor(record, side * lots, ticks) == (-side * lots * value / ticks).__floor__()
    notional = units.notional_minor(record, side * lots, ticks)
    assert notional == (lots * value / ticks).__ceil__() <= units.AMOUNT_MAX


def test_a_thousand_million_contracts_are_exact() -> None:
    """100 billion dollars at 61,804.8 and at the lowest price of ten years are counted to the satoshi."""
    record = record_of(PERPETUAL)
    for price in ("61804.8", "200.1"):
        ticks = PERPETUAL.ticks(Decimal(price))
        exact = Fraction(10**9 * 100 * 10**8) / Fraction(price)
        assert units.cost_minor(record, 1, 10**9, ticks * 10_000) == -exact.__floor__()
        assert units.cost_minor(record, -1, 10**9, ticks * 10_000) == exact.__ceil__()


@pytest.mark.parametrize(
    ("lowest", "highest", "lots"),
    [
        (618_048, 618_048, 55_668_814_849),  # 2^53 satoshis: 90 million coins
        (1, 618_048, 90_071),
        (10**12, 10**12, 2**53),  # a lot is worth less than a satoshi
        (1, 2**62 // 10_000, 90_071),
        (1, 2**62 // 10_000 + 1, 0),  # the price itself does not fit as ten-thousandths
    ],
)
def test_the_most_lots_of_an_inverse_contract(lowest: int, highest: int, lots: int) -> None:
    """Their notional at the lowest price is within 2^53, that of one more is not."""
    assert units.lots_max(record_of(PERPETUAL), lowest, highest) == lots
    if 0 < lots < 2**53:
        assert lots * PERPETUAL.tick_value / lowest <= 2**53 < (lots + 1) * PERPETUAL.tick_value / lowest


@given(st.integers(1, 10**15), st.integers(1, 10**7), st.sampled_from((1, -1)))
def test_linear_money_of_the_finest_lots_is_exact(lots: int, ticks: int, side: int) -> None:
    """A lot of 0.00000001 coins: cost, worth and notional are the rounded fractions at any size allowed."""
    it = Instrument(name="X", tick=Decimal("0.01"), lot=Decimal("0.00000001"), currency="USDT")
    record, value = record_of(it), it.tick_value
    lots = min(lots, int(units.lots_max(record, ticks, ticks)))
    fine = ticks * 10_000 - 1
    assert units.cost_minor(record, side, lots, fine) == (side * lots * fine * value / 10_000).__ceil__()
    assert units.worth_minor(record, side * lots, ticks) == (side * lots * ticks * value).__floor__()
    assert units.notional_minor(record, side * lots, ticks) == (lots * ticks * value).__ceil__() <= 2**53


@pytest.mark.parametrize("contract", ["spot", "linear"])
def test_linear_money_is_what_it_was(contract: Any) -> None:
    """Cost, worth and notional of all but inverse contracts are lots x price x tick value."""
    it = Instrument(name="X", tick=Decimal("0.001"), lot=Decimal("0.7"), contract=contract)
    record, value = record_of(it), it.tick_value
    for lots in (-7, -1, 0, 1, 3, 1_000_003):
        fine = 12_345_678
        side = 1 if lots > 0 else -1
        parts = int(value.numerator), int(value.denominator)
        cost = units.fill_cost_minor(side, abs(lots), fine, *parts)
        assert units.cost_minor(record, side, abs(lots), fine) == cost
        assert units.worth_minor(record, lots, 1_234) == units.value_minor(lots, 1_234, *parts)
        assert units.notional_minor(record, lots, 1_234) == (abs(lots) * 1_234 * value).__ceil__()


def test_fits_is_the_bound_of_compiled_money() -> None:
    """The largest product that fits is below 2^62, the next one is refused."""
    ticks = 2**62 // 10_000
    assert units.fits(1, ticks - 1, 1)
    assert not units.fits(1, ticks + 1, 1)
    assert not units.fits(-2, ticks, 1)


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
        for record in (record_of(PERPETUAL), record_of(APPLE)):
            lines.append(str(int(units.cost_minor(record, 1, number * 10**6, 6_180_480_001))))
            lines.append(str(int(units.worth_minor(record, number * 10**6 - 3, 618_048))))
            lines.append(str(int(units.notional_minor(record, number * 10**6 - 3, 618_048))))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(table())
