"""What the gate is told: positions, working orders, prices and what is unknown."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernels.state import new_state
from seawall.portfolio.exposure import open_leaves
from seawall.portfolio.ledger import mark
from seawall.risk.inputs import bits, gather, is_reducing

SESSION = 6 * 3600 * 10**9


def a_desk(position: int = 0, price: int = 10_000) -> Any:
    """A state with two instruments of one cent and lot, and 1,000,000.00 of cash."""
    s = new_state()[0]
    s["instrument_count"], s["now_ns"] = 2, 10**18
    for number in (0, 1):
        record = s["instruments"][number]
        record["active"] = 1
        record["tick_value_numerator"] = record["tick_value_denominator"] = 1
        record["last_ticks"] = record["mark_ticks"] = price
        record["last_ts_local"] = s["now_ns"] - SESSION
        record["volume_known"], record["volume_average"] = 1, 1234.9
        s["instrument_limits"][number]["allowed"] = 1
    s["ledger"]["cash_minor"] = s["ledger"]["day_start_minor"] = s["ledger"]["peak_minor"] = 100_000_000
    s["net_lots"][0] = s["positions"][0, 0]["lots"] = position
    mark(s)
    return s


def work(s: Any, slot: int, side: int, lots: int, limit: int, number: int = 0) -> None:
    """An order that is working."""
    order = s["orders"][slot]
    order["instrument"], order["side"], order["quantity_lots"], order["limit_ticks"] = (
        number,
        side,
        lots,
        limit,
    )
    open_leaves(s, slot)


def told(s: Any, side: int = 1, lots: int = 10, limit: int = 10_100, number: int = 0, age: int = -1) -> Any:
    """The gate inputs of a day order with a limit."""
    gather(s, 0, number, side, 2, 2, lots, limit, 0, 0, age, -1)
    return s["gate_inputs"]


REDUCING = [  # position, side, lots, lots already working in that direction, does it only reduce
    (0, 1, 10, 0, False),  # flat: everything opens
    (0, -1, 10, 0, False),
    (10, -1, 10, 0, True),
    (10, -1, 11, 0, False),  # would flip
    (10, 1, 1, 0, False),
    (-10, 1, 10, 0, True),
    (-10, 1, 50, 0, False),
    (-10, -1, 1, 0, False),
    (10, -1, 6, 4, True),
    (10, -1, 7, 4, False),  # with what works already it would flip
    (10, -1, 0, 0, False),
    (10, -1, -5, 0, False),
]


@pytest.mark.parametrize(("position", "side", "lots", "working", "expected"), REDUCING)
def test_reducing_is_a_matter_of_size_as_well_as_side(
    position: int, side: int, lots: int, working: int, expected: bool
) -> None:
    """Everything that works and the order itself, all filled, never flips the position."""
    assert is_reducing(position, side, lots, working) is expected
    s = a_desk(position)
    if working:
        work(s, 0, side, working, 9_000)
    assert told(s, side=side, lots=lots)["reducing"] == expected


@pytest.mark.parametrize(("cash", "reducing"), [(-50, 0), (-2, 0), (-1, 1)])
def test_a_sell_that_cannot_pay_its_own_fee_does_not_only_reduce(cash: int, reducing: int) -> None:
    """One lot at one cent against a minimum fee of a dollar: in a cash account C16 has to see it."""
    s = a_desk(position=5, price=1)
    s["instruments"][0]["fee_minimum_minor"] = 100
    s["ledger"]["cash_minor"] = told(s, side=-1, lots=1, limit=1)["fee_minor"] + cash  # a cent comes in
    assert told(s, side=-1, lots=1, limit=1)["reducing"] == reducing
    s["ledger"]["margin_account"] = 1
    assert told(s, side=-1, lots=1, limit=1)["reducing"] == 1


def test_what_is_known_arrives() -> None:
    """Account, position, working orders, price, age and the worst case, in the units of the state."""
    s = a_desk(position=50)
    work(s, 0, 1, 20, 10_050)
    work(s, 1, -1, 5, 10_200)
    x = told(s, lots=10, limit=10_100)
    assert (x["position_lots"], x["open_buy_lots"], x["open_sell_lots"]) == (50, 20, 5)
    assert (x["open_orders"], x["open_orders_instrument"]) == (2, 2)
    assert (x["reference_ticks"], x["reference_age_ns"], x["reference_age_sessions"]) == (10_000, SESSION, -1)
    assert (x["notional_minor"], x["volume_average_lots"]) == (101_000, 1_234)
    assert x["single_name_before_minor"] == 50 * 10_000 + 20 * 10_050
    assert x["single_name_after_minor"] == x["gross_after_minor"] == x["single_name_before_minor"] + 101_000
    assert x["equity_minor"] == 100_000_000 + 50 * 10_000


def test_net_exposure_has_a_size_on_the_short_side_too() -> None:
    """Short 50 and 10 more to sell is 60 lots at the mark, as a size."""
    s = a_desk(position=-50)
    x = told(s, side=-1, lots=10, limit=9_900)
    assert (x["net_before_minor"], x["net_after_minor"]) == (500_000, 600_000)


def test_notional_is_at_the_worse_of_worst_price_and_reference() -> None:
    """A buy far below the market counts at the market (C7)."""
    s = a_desk()
    assert told(s, limit=5_000)["notional_minor"] == 10 * 10_000
    assert told(s, limit=15_000)["notional_minor"] == 10 * 15_000


def test_daily_instruments_age_in_sessions_and_others_do_not() -> None:
    """The age that does not apply stays unknown; a daily one without its sessions has no age."""
    s = a_desk()
    assert told(s, age=3)["reference_age_sessions"] == -1
    s["instruments"][0]["daily"] = 1
    x = told(s, age=3)
    assert (x["reference_age_sessions"], x["reference_age_ns"]) == (3, SESSION)
    x = told(s, age=-1)
    assert (x["reference_age_sessions"], x["reference_age_ns"]) == (-1, -1)


@pytest.mark.parametrize(("field", "value"), [("last_ticks", 0), ("last_ticks", -5), ("last_ts_local", 0),
                                              ("last_ts_local", 10**18 + 1)])  # fmt: skip
def test_a_price_that_is_none_is_unknown(field: str, value: int) -> None:
    """No price, a price below zero, one without a time and one of the future."""
    s = a_desk()
    s["instruments"][0][field] = value
    x = told(s)
    assert (x["reference_ticks"], x["notional_minor"], x["fee_minor"], x["gross_after_minor"]) == (
        0,
        -1,
        -1,
        -1,
    )


@pytest.mark.parametrize("volume", [float("nan"), 0.0, 0.9, -3.0])
def test_a_volume_that_is_none_is_unknown(volume: float) -> None:
    """NaN, nothing and less than a lot are no volume."""
    s = a_desk()
    s["instruments"][0]["volume_average"] = volume
    assert told(s)["volume_known"] == 0


def test_unknown_instruments_carry_nothing_over_from_the_last_order() -> None:
    """A number out of range, an inactive one, one without limits: unknown, with no limits at all."""
    s = a_desk(position=50)
    for number, spoil in ((2, None), (-1, None), (64, None), (0, "active"), (1, "allowed")):
        told(s, number=0)
        if spoil == "active":
            s["instruments"][0]["active"] = 0
        if spoil == "allowed":
            s["instrument_limits"][1]["allowed"] = 0
        x = told(s, number=number)
        assert (x["known_instrument"], x["reference_ticks"], x["position_lots"], x["reducing"]) == (
            0,
            0,
            0,
            0,
        )
        assert not any(x["instrument_limits"].item())
        s["instruments"][0]["active"] = 1


@pytest.mark.parametrize(
    ("lots", "limit"), [(10**18, 10_000), (10_000, 10**18), (2**31, 2**31), (2**62, 2**62)]
)
def test_sizes_that_no_64_bits_hold_are_seen_before_they_are_multiplied(lots: int, limit: int) -> None:
    """The bound on the bits fails C1; the amounts stay unknown instead of wrapping around."""
    x = told(a_desk(), lots=lots, limit=limit)
    assert x["overflow_bits"] > 62
    assert (x["notional_minor"], x["gross_after_minor"]) == (-1, -1)


def a_perpetual(mark: int = 500_000) -> Any:
    """The desk with an inverse contract in place of instrument 0: 100 dollars, satoshis, a tick of 0.1."""
    s = a_desk(price=mark)
    record = s["instruments"][0]
    record["tick_value_numerator"], record["inverse"] = 10**11, 1
    s["ledger"]["margin_account"] = 1
    return s


def test_an_inverse_order_counts_at_the_lower_of_limit_and_reference() -> None:
    """10 contracts of 100 dollars are 0.02 coins at 50,000 and 0.025 at 40,000, bought or sold."""
    s = a_perpetual()
    for side in (1, -1):
        assert told(s, side=side, limit=500_000)["notional_minor"] == 2_000_000
        assert told(s, side=side, limit=400_000)["notional_minor"] == 2_500_000
        x = told(s, side=side, limit=600_000)
        assert (x["notional_minor"], x["gross_after_minor"], x["net_after_minor"]) == (2_000_000,) * 3


# the lowest price in ticks, the most lots that are counted exactly there
LARGEST = [(618_048, 55_668_814_849), (2_001, 180_234_057), (1, 90_071), (10**12, 2**53)]


@pytest.mark.parametrize(("ticks", "most"), LARGEST)
def test_inverse_sizes_are_counted_as_long_as_they_are_exact(ticks: int, most: int) -> None:
    """All that exact arithmetic holds passes, to the lot; one more is seen before it is divided."""
    s = a_perpetual(mark=ticks)
    x = told(s, lots=most, limit=ticks)
    assert x["overflow_bits"] <= 62
    assert x["notional_minor"] == -(-most * 10**11 // ticks) <= 2**53
    assert x["gross_after_minor"] == x["notional_minor"]
    x = told(s, lots=most + 1, limit=ticks)
    assert x["overflow_bits"] > 62
    assert (x["notional_minor"], x["gross_after_minor"]) == (-1, -1)


def test_an_inverse_contract_whose_price_does_not_fit_is_refused() -> None:
    """The price stands in the divisor as ten-thousandths, and has to fit as well."""
    assert told(a_perpetual(), lots=1, limit=2**62 // 10_000)["overflow_bits"] <= 62
    assert told(a_perpetual(), lots=1, limit=2**62 // 10_000 + 1)["overflow_bits"] > 62


def test_what_settles_in_another_currency_is_known_and_has_no_lots() -> None:
    """Nothing of it is gathered but that its lots are no quantity of this account (C2)."""
    s = a_desk()
    told(s, number=0)
    s["instruments"][1]["foreign"] = 1
    x = told(s, number=1)
    assert (x["known_instrument"], x["wanted_lots"], x["lots"]) == (1, -1, 10)
    assert (x["reference_ticks"], x["notional_minor"], x["gross_after_minor"]) == (0, -1, -1)
    assert not any(x["instrument_limits"].item())


def test_bits_bound_a_product() -> None:
    """A product has at most as many bits as its factors together."""
    for left, right in ((1, 1), (255, 256), (10**9, 10**9 + 7)):
        assert (left * right).bit_length() <= bits(left) + bits(right)
        assert bits(left) == left.bit_length()


WORKING = st.tuples(st.sampled_from([1, -1]), st.integers(1, 300), st.integers(9_000, 11_000))


@settings(max_examples=150, deadline=None)
@given(
    st.integers(-500, 500), st.sampled_from([1, -1]), st.integers(1, 800), st.integers(9_000, 11_000),
    st.lists(WORKING, max_size=4),
)  # fmt: skip
def test_only_a_reducing_order_can_pass_while_a_limit_is_passed(
    position: int, side: int, lots: int, limit: int, working: list[tuple[int, int, int]]
) -> None:
    """An opening order never lessens the worst case, so what is above its limit stays above it."""
    s = a_desk(position)
    for slot, order in enumerate(working):
        work(s, slot, *order)
    x = told(s, side=side, lots=lots, limit=limit)
    assert x["gross_after_minor"] >= x["gross_before_minor"]
    assert x["single_name_after_minor"] >= x["single_name_before_minor"]
    if x["reducing"]:
        everything = lots + sum(size for way, size, _ in working if way == side)
        assert everything <= abs(position)
        assert side * position < 0
