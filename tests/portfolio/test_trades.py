"""Round trips: which order closed which, and that the trades sum to the ledger."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernels.records import new_event
from seawall.kernels.state import EVENT, new_state
from seawall.model.kinds import EventKind
from seawall.portfolio import corporate, ledger
from seawall.portfolio.trades import Trade, replay_positions, round_trips

FINE = 10_000
ONE = {0: Fraction(1), 1: Fraction(1)}


def desk(tick_value: Fraction = Fraction(1), inverse: bool = False) -> Any:
    """A margin desk of two strategies and two instruments at 100.00."""
    s = new_state()[0]
    s["instrument_count"], s["strategy_count"] = 2, 2
    for number in range(2):
        record = s["instruments"][number]
        record["tick_value_numerator"], record["tick_value_denominator"] = tick_value.as_integer_ratio()
        record["mark_ticks"], record["inverse"] = 10_000, inverse
    ledger.open_books(s, 10**9, True, 0)
    return s


def trade(
    s: Any,
    order: int,
    lots: int,
    price_fine: int,
    fee: int = 0,
    holding: tuple[int, int] = (0, 0),
    bust: bool = False,
) -> int:
    """A fill (or a bust of one) in the books and in the events; the PnL that it realised."""
    s["now_ns"] += 10
    new_event(s, int(EventKind.BUST if bust else EventKind.FILL), 0)
    record = s["events"][s["event_count"] - 1]
    record["order_id"], record["strategy"], record["instrument"] = order, *holding
    record["side"], record["lots"] = (1 if lots > 0 else -1), abs(lots)
    record["price_fine"], record["fee_minor"] = price_fine, fee
    book = ledger.post_bust if bust else ledger.post_fill
    return int(book(s, *holding, record["side"], abs(lots), price_fine, fee, record["sequence"]))


def events(s: Any) -> np.ndarray:
    """The records so far."""
    return s["events"][: s["event_count"]]


def brief(trades: list[Trade]) -> list[tuple[int, ...]]:
    """Orders, side, lots, entry and exit in ticks, PnL, fees."""
    return [
        (
            t.open_order,
            t.close_order,
            t.side,
            t.lots,
            t.entry_fine // FINE,
            t.exit_fine // FINE,
            t.pnl_minor,
            t.fees_minor,
        )
        for t in trades
    ]


def test_fifo_and_average_by_hand() -> None:
    """Bought at 10 and 20, sold at 30 and 25: the oldest first, or the average of 15."""
    s = desk()
    trade(s, 1, 100, 1_000 * FINE, 10)
    trade(s, 2, 100, 2_000 * FINE, 20)
    trade(s, 3, -50, 3_000 * FINE, 4)
    trade(s, 4, -150, 2_500 * FINE, 6)
    assert brief(round_trips(events(s), "fifo", ONE)) == [
        (1, 3, 1, 50, 1_000, 3_000, 100_000, 5 + 4),
        (1, 4, 1, 50, 1_000, 2_500, 75_000, 5 + 2),
        (2, 4, 1, 100, 2_000, 2_500, 50_000, 20 + 4),
    ]
    assert brief(round_trips(events(s), "average", ONE)) == [
        (1, 3, 1, 50, 1_500, 3_000, 75_000, 8 + 4),
        (1, 4, 1, 150, 1_500, 2_500, 150_000, 22 + 6),
    ]
    first = round_trips(events(s), "fifo", ONE)[0]
    assert (first.opened_ns, first.closed_ns, first.net_minor) == (10, 30, 100_000 - 9)


def test_an_inverse_round_trip_by_hand() -> None:
    """100 dollars at 40,000 and at 60,000 are an entry of 48,000, the harmonic mean, and PnL as booked."""
    s, values = desk(Fraction(10**11), inverse=True), {0: Fraction(10**11)}
    trade(s, 1, 5, 400_000 * FINE, 3)  # -1,250,000
    trade(s, 1, 5, 600_000 * FINE, 3)  # -833,333
    trade(s, 2, -10, 500_000 * FINE, 4)  # 2,000,000
    for method in ("fifo", "average"):
        (found,) = round_trips(events(s), method, values, inverse={0})
        assert found.entry_fine == 480_000 * FINE
        assert (found.exit_fine, found.lots, found.fees_minor) == (500_000 * FINE, 10, 10)
        assert found.pnl_minor == s["positions"][0, 0]["realised_minor"] == 83_333


def test_a_flip_and_a_short_with_a_rebate() -> None:
    """The closing part makes a trade, the rest opens on the other side."""
    s = desk()
    trade(s, 1, 10, 1_000 * FINE)
    trade(s, 2, -30, 1_100 * FINE, -3)
    trade(s, 3, 20, 1_000 * FINE)
    for method in ("fifo", "average"):
        assert brief(round_trips(events(s), method, ONE)) == [
            (1, 2, 1, 10, 1_000, 1_100, 1_000, -1),
            (2, 3, -1, 20, 1_100, 1_000, 2_000, -2),
        ]


def test_partial_fills_of_one_order_are_one_trade() -> None:
    """Three fills in, two fills out: one round trip at average prices."""
    s = desk()
    for price in (1_000, 1_010, 1_020):
        trade(s, 1, 10, price * FINE, 1)
    for price in (1_100, 1_200):
        trade(s, 2, -15, price * FINE, 1)
    assert brief(round_trips(events(s), "fifo", ONE)) == [(1, 2, 1, 30, 1_010, 1_150, 4_200, 5)]


def test_a_split_and_a_dividend_on_the_way() -> None:
    """The entry is per new share, the dividend belongs to the trade, the odd half is paid out."""
    s = desk()
    s["instruments"][0]["mark_ticks"] = 9_000
    trade(s, 1, 101, 6_000 * FINE, 100)
    corporate.post_dividend(s, 0, 25, 1, 0)
    corporate.post_split(s, 0, 3, 2, 0)
    trade(s, 2, -151, 7_000 * FINE, 100)
    for method in ("fifo", "average"):
        trades = round_trips(events(s), method, ONE)
        assert brief(trades) == [(1, 0, 1, 0, 4_000, 0, 1_000, 0), (1, 2, 1, 151, 4_000, 7_000, 453_000, 200)]
        assert trades[-1].dividends_minor == 2_525
        assert trades[-1].net_minor == 453_000 - 200 + 2_525
    assert replay_positions(events(s)) == {(0, 0): 0}


def test_holdings_do_not_mix() -> None:
    """Strategies and instruments each have their own trades, in that order."""
    s = desk()
    trade(s, 1, 5, 1_000 * FINE, holding=(1, 1))
    trade(s, 2, -5, 1_000 * FINE, holding=(0, 1))
    trade(s, 3, -5, 1_100 * FINE, holding=(1, 1))
    trade(s, 4, 5, 1_100 * FINE, holding=(0, 1))
    assert [(t.strategy, t.instrument, t.pnl_minor) for t in round_trips(events(s), "fifo", ONE)] == [
        (0, 1, -500),
        (1, 1, 500),
    ]


def test_what_cannot_be_asked() -> None:
    """No events give no trades; an unknown method and a missing tick value are errors."""
    assert round_trips(np.zeros(0, EVENT), "fifo", ONE) == []
    s = desk()
    trade(s, 1, 5, 1_000 * FINE)
    with pytest.raises(ValueError, match="fifo or average"):
        round_trips(events(s), "lifo", ONE)  # type: ignore[arg-type]
    with pytest.raises(KeyError):
        round_trips(events(s), "fifo", {})


STEPS = st.tuples(
    st.sampled_from(["fill"] * 8 + ["bust", "split", "dividend", "adjust"]),
    st.tuples(st.integers(0, 1), st.integers(0, 1)),
    st.integers(-60, 60).filter(bool),
    st.integers(1, 30_000_0000),
    st.integers(-20, 90),
)


def run(s: Any, steps: list[tuple[Any, ...]]) -> None:
    """Plays random steps into the books; then every holding is closed."""
    for order, (kind, holding, lots, price_fine, fee) in enumerate(steps, 1):
        s["instruments"][holding[1]]["mark_ticks"] = 1 + price_fine // FINE
        if kind in ("fill", "bust"):
            trade(s, 1 + order // 2, lots, price_fine, fee, holding, kind == "bust")
        elif kind == "split":
            corporate.post_split(s, holding[1], 1 + abs(lots) % 5, 1 + abs(fee) % 4, 0)
        elif kind == "dividend":
            corporate.post_dividend(s, holding[1], abs(lots), 7, 0)
        else:
            ledger.post_adjustment(s, *holding, lots, fee, 0)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(STEPS, min_size=1, max_size=30),
    st.sampled_from([Fraction(1), Fraction(1, 10), Fraction(7, 3), Fraction(10**7), Fraction(10**8, 3)]),
)
def test_trades_sum_to_the_ledger(steps: list[tuple[Any, ...]], tick_value: Fraction) -> None:
    """Positions equal their replay; PnL is the ledger's, by FIFO when flat (A1, A16)."""
    inverse = (0, 1) if tick_value > 1_000 else ()
    s, values = desk(tick_value, bool(inverse)), {0: tick_value, 1: tick_value}
    run(s, [step for step in steps if step[0] != "split" or not inverse])  # contracts have none
    seen = replay_positions(events(s))
    for holding, lots in seen.items():
        assert s["positions"][holding]["lots"] == lots
    assert sum(abs(lots) for lots in seen.values()) == abs(s["positions"]["lots"]).sum()
    average = round_trips(events(s), "average", values, inverse)
    for holding in seen:
        made = sum(t.pnl_minor for t in average if (t.strategy, t.instrument) == holding)
        assert made == s["positions"][holding]["realised_minor"]
    for holding, lots in seen.items():
        if lots:
            trade(s, 10_000, -lots, 5_000_0000, 7, holding)
    for method in ("fifo", "average"):
        trades = round_trips(events(s), method, values, inverse)
        for holding in seen:
            mine = [t for t in trades if (t.strategy, t.instrument) == holding]
            position = s["positions"][holding]
            assert sum(t.pnl_minor for t in mine) == position["realised_minor"]
            assert sum(t.fees_minor for t in mine) == position["fees_minor"]
            assert sum(t.dividends_minor for t in mine) == position["dividends_minor"]
    ledger.mark(s)
    assert ledger.check_books_full(s) == 0
