"""Splits and dividends: who gets what, and that nobody becomes richer."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernels.state import new_state
from seawall.portfolio import corporate, ledger

FINE = 10_000


def desk(tick_value: Fraction = Fraction(1), mark: int = 9_000) -> Any:
    """A margin desk of two strategies in one instrument at a mark of 90.00."""
    s = new_state()[0]
    s["instrument_count"], s["strategy_count"] = 1, 2
    s["instruments"][0]["tick_value_numerator"] = tick_value.numerator
    s["instruments"][0]["tick_value_denominator"] = tick_value.denominator
    for name in ("last_ticks", "open_ticks", "high_ticks", "low_ticks", "mark_ticks"):
        s["instruments"][0][name] = mark
    ledger.open_books(s, 10_000_000, True, 0)
    return s


def hold(s: Any, strategy: int, lots: int, ticks: int) -> None:
    """Trades into a position, free of fees."""
    ledger.post_fill(s, strategy, 0, 1 if lots > 0 else -1, abs(lots), ticks * FINE, 0, 0)


# held, ratio -> lots after, cash in lieu, cost after; mark 90.00 before, cost 60.00 a lot
SPLITS = [
    (100, (2, 1), 200, 0, 600_000),
    (-100, (2, 1), -200, 0, -600_000),
    (101, (3, 2), 151, 3_000, 604_000),  # half a lot at 60.00 is 30.00
    (-101, (3, 2), -151, -3_000, -604_000),
    (107, (1, 10), 10, 63_000, 600_000),  # 0.7 of a lot at 900.00
    (-107, (1, 10), -10, -63_000, -600_000),
    (7, (1, 10), 0, 63_000, 0),  # too few for a whole lot: all of it is paid out
]


@pytest.mark.parametrize(("held", "ratio", "lots", "cash", "cost"), SPLITS)
def test_splits_worked_by_hand(held: int, ratio: tuple[int, int], lots: int, cash: int, cost: int) -> None:
    """Whole lots stay, the fraction is paid out at the new price, its cost leaves with it."""
    s = desk()
    hold(s, 0, held, 6_000)
    ledger.mark(s)
    before, cash_before = int(s["ledger"]["equity_minor"]), int(s["ledger"]["cash_minor"])
    corporate.post_split(s, 0, *ratio, 77)
    ledger.mark(s)
    position = s["positions"][0, 0]
    assert position["lots"] == s["net_lots"][0] == lots
    assert s["ledger"]["cash_minor"] - cash_before == cash
    assert position["cost_minor"] == cost
    assert s["ledger"]["equity_minor"] == before
    assert ledger.check_books_full(s) == 0


def test_a_split_moves_prices_and_volume_of_its_instrument() -> None:
    """Prices go on the new grid half to even, volume the other way, an unknown price stays unknown."""
    s = desk(mark=10_001)
    record = s["instruments"][0]
    record["volume_average"], record["low_ticks"], record["high_ticks"] = 1_000.0, 0, 1
    corporate.post_split(s, 0, 2, 1, 77)
    assert record[["last_ticks", "open_ticks", "mark_ticks"]].item() == (5_000, 5_000, 5_000)
    assert record["low_ticks"] == 0
    assert record["high_ticks"] == 1  # a known price does not become unknown
    assert record["volume_average"] == 2_000.0


def test_the_event_of_a_split_stands_before_its_postings() -> None:
    """One event with the ratio, the old mark and the cash; one posting a holding, caused by it."""
    s = desk()
    hold(s, 0, 101, 6_000)
    hold(s, 1, -3, 9_000)
    sequence = corporate.post_split(s, 0, 3, 2, 77)
    event = s["events"][0]
    names = ["sequence", "kind", "strategy", "lots", "cumulative_lots", "price_fine", "cause"]
    assert event[names].item() == (sequence, 30, -1, 3, 2, 9_000 * FINE, 77)
    assert event[["amount_minor", "realised_minor", "position_lots"]].item() == (0, 1_000, 147)
    splits = s["postings"][: s["posting_count"]]
    splits = splits[splits["kind"] == 30]
    assert list(splits["lots"]) == [50, -1]
    assert list(splits["cash"]) == [3_000, -3_000]
    assert list(splits["cause"]) == [sequence, sequence]


def test_without_a_mark_the_fraction_is_paid_at_cost() -> None:
    """Nothing is made of a fraction whose price nobody knows."""
    s = desk(mark=0)
    hold(s, 0, 107, 6_000)
    corporate.post_split(s, 0, 1, 10, 0)
    assert s["positions"][0, 0][["lots", "cost_minor", "realised_minor"]].item() == (10, 600_000, 0)


# amount per lot in minor units, lots -> cash
DIVIDENDS = [((25, 1), 100, 2_500), ((25, 1), -100, -2_500), ((47, 4), 3, 35), ((47, 4), -3, -36)]


@pytest.mark.parametrize(("amount", "lots", "cash"), DIVIDENDS)
def test_dividends_worked_by_hand(amount: tuple[int, int], lots: int, cash: int) -> None:
    """A long receives, a short pays; 35.25 is 35 to the one and 36 from the other."""
    s = desk()
    hold(s, 1, lots, 9_000)
    before = int(s["ledger"]["cash_minor"])
    sequence = corporate.post_dividend(s, 0, *amount, 77)
    assert s["ledger"]["cash_minor"] - before == cash == s["ledger"]["dividends_minor"]
    assert s["positions"][1, 0]["dividends_minor"] == cash
    last = s["postings"][s["posting_count"] - 1]
    assert last[["kind", "strategy", "cash", "dividends", "lots", "cause"]].item() == (
        31,
        1,
        cash,
        -cash,
        0,
        sequence,
    )
    assert s["events"][0][["amount_minor", "lots", "cumulative_lots"]].item() == (cash, *amount)
    ledger.mark(s)
    assert ledger.check_books_full(s) == 0


@settings(max_examples=80, deadline=None)
@given(
    st.tuples(st.integers(-10_000, 10_000), st.integers(-10_000, 10_000)),
    st.tuples(st.integers(1, 30), st.integers(1, 30)),
    st.integers(1, 10**6),
    st.sampled_from([Fraction(1), Fraction(1, 10), Fraction(7, 3)]),
)
def test_a_split_conserves_equity(
    held: tuple[int, int], ratio: tuple[int, int], mark: int, tick_value: Fraction
) -> None:
    """At the exact new price cash + lots is conserved, but for a unit a holding against the trader (A17)."""
    s = desk(tick_value, mark)
    for strategy, lots in enumerate(held):
        if lots:
            hold(s, strategy, lots, mark)
    before = int(s["ledger"]["cash_minor"]) + sum(held) * mark * tick_value
    corporate.post_split(s, 0, *ratio, 0)
    price = Fraction(mark * ratio[1], ratio[0])
    after = int(s["ledger"]["cash_minor"]) + int(s["net_lots"][0]) * price * tick_value
    assert 0 <= before - after < 2
    for strategy, lots in enumerate(held):
        assert s["positions"][strategy, 0]["lots"] == int(Fraction(lots * ratio[0], ratio[1]))
    ledger.mark(s)
    assert ledger.check_books_full(s) == 0
