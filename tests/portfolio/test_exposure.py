"""Exposure: what working orders hold, what they release, and what could happen at worst."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernels.state import new_state
from seawall.model.units import fee_minor, fill_cost_minor
from seawall.portfolio import exposure, ledger

FINE = 10_000


def desk(cash: int = 1_000_000, margin: bool = True, tick_value: Fraction = Fraction(1)) -> Any:
    """A desk of two instruments at 100.00; fees at most 10 bps, half a cent a lot and 1.00 an order."""
    s = new_state()[0]
    s["instrument_count"] = 2
    for number in range(2):
        record = s["instruments"][number]
        record["tick_value_numerator"], record["tick_value_denominator"] = tick_value.as_integer_ratio()
        record["mark_ticks"] = 10_000
        record["fee_ppm_max"], record["fee_per_lot_millionths"], record["fee_minimum_minor"] = (
            1_000,
            500_000,
            100,
        )
    ledger.open_books(s, cash, margin, 0)
    return s


def place(s: Any, side: int, lots: int, limit: int, instrument: int = 0) -> int:
    """A new order in the next slot, counted and reserved."""
    slot = int(s["order_count"])
    s["order_count"] += 1
    order = s["orders"][slot]
    order["side"], order["quantity_lots"], order["limit_ticks"] = side, lots, limit
    order["instrument"] = instrument
    exposure.open_leaves(s, slot)
    return slot


def fill(s: Any, slot: int, lots: int, price_fine: int, fee: int = 0) -> None:
    """A fill as the order manager takes it: release, then count, then book."""
    order = s["orders"][slot]
    exposure.close_leaves(s, slot, lots)
    order["filled_lots"] += lots
    ledger.post_fill(s, 0, order["instrument"], order["side"], lots, price_fine, fee, 0)


def holds(s: Any) -> tuple[int, ...]:
    """Open lots and notional by side, orders, unexecuted and reserved of instrument 0."""
    names = ("open_buy_lots", "open_sell_lots", "open_buy_minor", "open_sell_minor", "open_orders")
    account = s["ledger"]
    return (
        *(int(s[name][0]) for name in names),
        int(account["unexecuted_minor"]),
        int(account["reserved_minor"]),
    )


def test_the_fee_bound_worked_by_hand() -> None:
    """10 bps of 11,000.00 + 100 half cents + the minimum of 1.00 + 100 cents of slack."""
    assert exposure.fee_bound_minor(desk(), 0, 100, 11_000) == 1_100 + 50 + 100 + 100
    assert exposure.fee_bound_minor(desk(), 0, 5_000, 11_000) == 55_000 + 2_500 + 100 + 1_024
    assert exposure.fee_bound_minor(desk(), 0, 0, 11_000) == 0
    assert exposure.fee_bound_minor(desk(tick_value=Fraction(1, 10)), 0, 100, 11_000) == 110 + 50 + 100 + 200


def test_the_life_of_a_buy_in_a_cash_account() -> None:
    """Reserved at the limit with fees, released as it fills, nothing left at the end."""
    s = desk(cash=2_000_000, margin=False)
    slot = place(s, 1, 100, 11_000)
    assert holds(s) == (100, 0, 1_100_000, 0, 1, 1_100_000, 1_101_350)
    fill(s, slot, 40, 10_500 * FINE, 500)
    assert holds(s) == (60, 0, 660_000, 0, 1, 660_000, 660_000 + 660 + 30 + 100 + 60)
    fill(s, slot, 60, 11_000 * FINE, 600)
    assert holds(s) == (0, 0, 0, 0, 0, 0, 0)
    exposure.close_leaves(s, slot, 60)  # late or doubled: there is nothing left to release
    assert holds(s) == (0, 0, 0, 0, 0, 0, 0)
    assert s["ledger"]["cash_minor"] == 2_000_000 - 420_000 - 660_000 - 1_100


def test_an_overfill_and_a_cancel_release_once() -> None:
    """More than the leaves releases the leaves; a cancel after a partial fill releases the rest."""
    s = desk()
    first, second = place(s, 1, 10, 10_000), place(s, -1, 10, 10_000)
    exposure.close_leaves(s, first, 12)
    fill(s, second, 4, 10_000 * FINE)
    exposure.close_leaves(s, second, 6)
    assert holds(s) == (0, 0, 0, 0, 0, 0, 0)


def test_sells_and_margin_accounts_reserve_the_fee_alone() -> None:
    """A sell brings cash; a margin account is bound by its exposure."""
    fees = exposure.fee_bound_minor(desk(), 0, 10, 9_000)
    assert exposure.reservation_minor(desk(margin=False), 0, -1, 10, 9_000) == fees
    assert exposure.reservation_minor(desk(margin=True), 0, 1, 10, 9_000) == fees
    assert exposure.reservation_minor(desk(margin=False), 0, 1, 10, 9_000) == fees + 90_000


def test_a_cheap_sell_counts_at_the_mark() -> None:
    """A short sold at 90 while the mark is 100 is an exposure of 100."""
    s = desk()
    assert exposure.order_notional_minor(s, 0, -1, 10, 9_000) == 100_000
    assert exposure.order_notional_minor(s, 0, -1, 10, 11_000) == 110_000
    assert exposure.order_notional_minor(s, 0, 1, 10, 9_000) == 90_000


# held, open buys, open sells, extra (side, lots, ticks) -> worst lots, worst notional at 100.00
WORST = [
    (0, 0, 0, (1, 0, 0), 0, 0),
    (5, 0, 0, (1, 0, 0), 5, 50_000),
    (3, 0, 0, (1, 2, 11_000), 5, 52_000),
    (3, 2, 0, (1, 2, 10_000), 7, 70_000),  # a limit on fills alone would have said 5
    (3, 2, 9, (1, 0, 0), 6, 60_000),  # all sells filled: short 6
    (3, 0, 0, (-1, 3, 10_000), 3, 30_000),  # closing: at worst it does not fill
    (-4, 0, 2, (1, 4, 10_000), 6, 60_000),
    (-4, 10, 0, (-1, 1, 10_000), 6, 60_000),
]


@pytest.mark.parametrize(("held", "buys", "sells", "extra", "lots", "minor"), WORST)
def test_the_worst_case(
    held: int, buys: int, sells: int, extra: tuple[int, int, int], lots: int, minor: int
) -> None:
    """Filled + working + this order, each side assumed filled alone."""
    s = desk()
    if held:
        ledger.post_fill(s, 0, 0, 1 if held > 0 else -1, abs(held), 10_000 * FINE, 0, 0)
    if buys:
        place(s, 1, buys, 10_000)
    if sells:
        place(s, -1, sells, 10_000)
    assert exposure.worst_case(s, 0, *extra) == (lots, minor)
    assert exposure.gross_after(s, 0, *extra) == minor


def test_gross_and_net_of_the_desk() -> None:
    """Gross adds the worst case of each instrument; net fills all buys, or all sells."""
    s = desk()
    ledger.post_fill(s, 0, 0, 1, 10, 10_000 * FINE, 0, 0)  # long 100,000
    ledger.post_fill(s, 0, 1, -1, 30, 10_000 * FINE, 0, 0)  # short 300,000
    place(s, -1, 5, 10_000, instrument=0)
    assert exposure.gross_after(s, 0, 1, 0, 0) == 400_000
    assert exposure.net_after(s, 0, 1, 0, 0) == -250_000  # the sell filled: 50,000 - 300,000
    assert exposure.gross_after(s, 1, -1, 10, 10_000) == 500_000
    assert exposure.net_after(s, 1, -1, 10, 10_000) == -350_000
    assert exposure.net_after(s, 1, 1, 90, 10_000) == 700_000
    assert exposure.sensitivity_minor(exposure.net_after(s, 0, 1, 0, 0)) == -2_500


def perpetuals(mark: int = 500_000) -> Any:
    """Two inverse contracts of 100 dollars in satoshis, a tick of 0.1; fees as of `desk`."""
    s = desk(cash=10**9, tick_value=Fraction(10**11))
    for number in range(2):
        s["instruments"][number]["inverse"] = 1
        s["instruments"][number]["mark_ticks"] = mark
    return s


# side, limit, mark -> notional of 10 contracts in satoshis
LOWER = [
    (1, 500_000, 500_000, 2_000_000),
    (1, 400_000, 500_000, 2_500_000),  # the limit is below the mark
    (1, 500_000, 400_000, 2_500_000),  # the mark is below the limit
    (-1, 500_000, 400_000, 2_500_000),
    (-1, 600_000, 500_000, 2_000_000),
    (-1, 300_000, 500_000, 3_333_334),  # rounded up
    (1, 500_000, 0, 2_000_000),  # no mark
]


@pytest.mark.parametrize(("side", "limit", "mark", "notional"), LOWER)
def test_an_inverse_order_counts_at_the_lower_price(side: int, limit: int, mark: int, notional: int) -> None:
    """Its notional grows as the price falls, so that both sides and the fees count at the lower price."""
    s = perpetuals(mark)
    assert exposure.order_notional_minor(s, 0, side, 10, limit) == notional
    fees = -(-notional // 1_000) + 5 + 100 + 2 * 10  # 10 bps, ten half units, the minimum, the slack
    assert exposure.fee_bound_minor(s, 0, 10, limit) == fees
    assert exposure.reservation_minor(s, 0, side, 10, limit) == fees


# held, open buys, open sells, extra (side, lots, ticks) -> worst lots, worst notional at 50,000.0
INVERSE_WORST = [
    (5, 0, 0, (1, 0, 0), 5, 1_000_000),
    (-5, 0, 0, (1, 0, 0), 5, 1_000_000),
    (5, 0, 0, (1, 5, 400_000), 10, 2_250_000),
    (5, 0, 0, (-1, 15, 600_000), 10, 2_000_000),
    (5, 2, 9, (1, 0, 0), 7, 1_400_000),
    (-5, 0, 2, (-1, 1, 250_000), 8, 1_800_000),
]


@pytest.mark.parametrize(("held", "buys", "sells", "extra", "lots", "minor"), INVERSE_WORST)
def test_the_worst_case_of_inverse_contracts(
    held: int, buys: int, sells: int, extra: tuple[int, int, int], lots: int, minor: int
) -> None:
    """A long and a buy add up, as of any other instrument, though a long is worth less than nothing."""
    s = perpetuals()
    ledger.post_fill(s, 0, 0, 1 if held > 0 else -1, abs(held), 500_000 * FINE, 0, 0)
    if buys:
        place(s, 1, buys, 500_000)
    if sells:
        place(s, -1, sells, 500_000)
    assert exposure.worst_case(s, 0, *extra) == (lots, minor)
    assert exposure.gross_after(s, 0, *extra) == minor


def test_gross_and_net_over_inverse_and_linear() -> None:
    """A long inverse and a short linear contract offset each other in net and add up in gross."""
    s = perpetuals()
    s["instruments"][1]["inverse"] = 0
    s["instruments"][1]["tick_value_numerator"] = 1
    ledger.post_fill(s, 0, 0, 1, 10, 500_000 * FINE, 0, 0)  # 2,000,000
    ledger.post_fill(s, 0, 1, -1, 3, 500_000 * FINE, 0, 0)  # 1,500,000
    assert exposure.gross_after(s, 0, 1, 0, 0) == 3_500_000
    assert exposure.net_after(s, 0, 1, 0, 0) == 500_000
    assert exposure.net_after(s, 0, -1, 40, 500_000) == 500_000 - 8_000_000


def test_a_position_without_a_mark_counts_at_cost() -> None:
    """No price does not mean no exposure."""
    s = desk()
    ledger.post_fill(s, 0, 0, 1, 10, 7_000 * FINE, 0, 0)
    s["instruments"][0]["mark_ticks"] = 0
    assert exposure.worst_case(s, 0, 1, 0, 0) == (10, 70_000)


def pay(tick_value: Fraction, limit: int, parts: list[int], better_fine: list[int]) -> None:
    """Fills an order in parts at the highest fees with exactly the cash that it has reserved."""
    ratio, lots = tick_value.as_integer_ratio(), sum(parts)
    s = desk(cash=0, margin=False, tick_value=tick_value)
    ledger.post_adjustment(s, 0, 0, 0, exposure.reservation_minor(s, 0, 1, lots, limit), 0)
    slot, left, due = place(s, 1, lots, limit), lots, 100
    for part, better in zip(parts, better_fine, strict=True):
        price = limit * FINE - better
        cost = fill_cost_minor(1, part, price, *ratio)
        fill(s, slot, part, price, fee_minor(cost, part, 100_000, 500_000, due))
        left, due = left - part, 0
        # What is still reserved pays for the rest, whatever was released.
        assert s["ledger"]["cash_minor"] >= fill_cost_minor(1, left, limit * FINE, *ratio)
        assert ledger.check_books(s) == 0
    ledger.mark(s)
    assert ledger.check_books_full(s) == 0
    assert holds(s) == (0, 0, 0, 0, 0, 0, 0)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([Fraction(1), Fraction(1, 10), Fraction(7, 3), Fraction(1, 1_000)]),
    st.integers(1, 20_000),
    st.lists(st.tuples(st.integers(1, 300), st.sampled_from([0, 0, 1, 9_999])), min_size=1, max_size=25),
)
def test_a_reservation_pays_for_every_way_to_fill(
    tick_value: Fraction, limit: int, fills: list[tuple[int, int]]
) -> None:
    """With exactly the reserved cash, no sequence of parts leaves cash owed (A13, A14)."""
    pay(tick_value, limit, [part for part, _ in fills], [better for _, better in fills])


@pytest.mark.parametrize("tick_value", [Fraction(1), Fraction(7, 3)])
def test_a_reservation_pays_for_a_thousand_parts(tick_value: Fraction) -> None:
    """As many parts as the slack is made for, each rounding against us."""
    parts = [1] * (exposure.PARTS_MAX - 1) + [5_000]
    pay(tick_value, 10_001, parts, [0] * len(parts))


ORDERS = st.tuples(st.sampled_from([1, -1]), st.integers(1, 300), st.integers(1, 20_000), st.integers(0, 1))


@settings(max_examples=40, deadline=None)
@given(st.lists(ORDERS, min_size=1, max_size=12), st.data(), st.sampled_from([desk, perpetuals]))
def test_sums_equal_the_orders(
    orders: list[tuple[int, int, int, int]], data: st.DataObject, made: Callable[[], Any]
) -> None:
    """After any fills and cancels the sums are those of the orders, and zero when all have ended."""
    s = made()
    slots = [place(s, *order) for order in orders]
    open_slots = list(slots)
    while open_slots:
        slot = data.draw(st.sampled_from(open_slots))
        order = s["orders"][slot]
        leaves = int(order["quantity_lots"] - order["filled_lots"])
        part = data.draw(st.integers(1, leaves))
        if data.draw(st.booleans()):
            fill(s, slot, part, int(order["limit_ticks"]) * FINE)
        else:
            part = leaves
            exposure.close_leaves(s, slot, leaves)  # cancelled
        if part == leaves:
            open_slots.remove(slot)
        assert s["open_buy_lots"].sum() + s["open_sell_lots"].sum() == sum(
            int(s["orders"][slot]["quantity_lots"] - s["orders"][slot]["filled_lots"]) for slot in open_slots
        )
        assert s["open_orders"].sum() == len(open_slots)
        assert s["open_buy_minor"].sum() + s["open_sell_minor"].sum() == s["ledger"]["unexecuted_minor"]
        assert (s["orders"]["reserved_minor"] >= 0).all()
        ledger.mark(s)
        assert ledger.check_books_full(s) == 0
    assert s["ledger"]["unexecuted_minor"] == s["ledger"]["reserved_minor"] == 0
