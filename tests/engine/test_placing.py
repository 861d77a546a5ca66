"""From wishes to orders: every wish leaves a decision, every order has one approval before it."""

from decimal import Decimal
from typing import Any

import pytest

from seawall.model.intents import Cancel, CancelAll, Exits, Order, Target
from seawall.model.kinds import CommandKind, DecisionKind, EventKind, ReportKind
from seawall.model.orders import OrderType, Side
from seawall.model.reasons import Reason
from seawall.risk.rule import FAIL, NOT_EVALUATED
from seawall.strategies.wakes import OnBarClose

APPROVED, REFUSED = DecisionKind.APPROVED, DecisionKind.REFUSED
NO_ACTION, CANCEL = DecisionKind.NO_ACTION, DecisionKind.CANCEL
BUY, SELL = Side.BUY, Side.SELL


def limit(side: Side, lots: int, price: str = "99.00", **more: Any) -> Order:
    """A limit order in the first stock."""
    return Order(
        "ONE", side=side, lots=lots, order_type=OrderType.LIMIT, limit=Decimal(price), reason="r", **more
    )


def told(outcome: Any) -> list[tuple[int, int, int]]:
    """The decisions of a step as (kind, reason, side * lots)."""
    return [(int(d["kind"]), int(d["reason"]), int(d["side"] * d["lots"])) for d in outcome.decisions]


def sent(outcome: Any) -> list[tuple[int, int]]:
    """The commands of a step as (kind, side * lots)."""
    return [(int(c["kind"]), int(c["side"] * c["quantity_lots"])) for c in outcome.commands]


WISHES = [  # what is wanted with 100 lots held, the decisions, the commands
    (Target("ONE", lots=150, reason="r"), [(APPROVED, 0, 50)], [(1, 50)]),
    (Target("ONE", lots=100, reason="r"), [(NO_ACTION, Reason.TARGET_REACHED, 0)], []),
    (Target("TWO", lots=5, reason="r"), [(REFUSED, Reason.NO_REFERENCE_PRICE, 0)], []),
    (Target("ONE", lots=-50, reason="r"), [(APPROVED, 0, -100), (APPROVED, 0, -50)], [(1, -100), (1, -50)]),
    (limit(BUY, 10), [(APPROVED, 0, 10)], [(1, 10)]),
    (limit(BUY, 10, "150.00"), [(REFUSED, Reason.PRICE_COLLAR, 10)], []),
    (limit(SELL, 500, reduce_only=True), [(APPROVED, Reason.CLIPPED_TO_POSITION, -100)], [(1, -100)]),
    (limit(BUY, 5, reduce_only=True), [(REFUSED, Reason.NO_POSITION_TO_REDUCE, 5)], []),
    (Cancel(77, "r"), [(NO_ACTION, Reason.UNKNOWN_ORDER, 0)], []),
    (CancelAll(reason="r"), [(NO_ACTION, Reason.UNKNOWN_ORDER, 0)], []),
    (CancelAll(instrument="TWO", reason="r"), [(NO_ACTION, Reason.UNKNOWN_ORDER, 0)], []),
]


@pytest.mark.parametrize(("wish", "decisions", "commands"), WISHES, ids=str)
def test_each_wish_leaves_a_decision(bench: Any, wish: Any, decisions: Any, commands: Any) -> None:
    """One wish of each kind: what was decided, why, and what went to the venue."""
    desk = bench.desk(margin=True)
    desk.buy(100)
    outcome = desk.bar(10_000, wish)
    assert told(outcome) == decisions
    assert sent(outcome) == commands
    desk.books()


def test_each_approval_comes_before_its_order_and_belongs_to_no_other(bench: Any) -> None:
    """One approving decision an order, with a smaller number; each refusal names a failing rule (A10)."""
    desk = bench.desk(margin=True, instrument_open_orders_max=3)
    desk.bar(10_000)
    desk.bar(10_000, *(limit(BUY, lots) for lots in (10, 20, 20, 30, 40)))
    decisions, events = desk.records("decisions"), desk.records("events")
    approved = decisions[decisions["kind"] == APPROVED]
    announced = events[events["kind"] == EventKind.COMMAND_NEW]
    assert list(approved["order_id"]) == list(announced["order_id"]) == [1, 2, 3]
    assert (approved["sequence"] < announced["sequence"]).all()
    assert list(announced["cause"]) == list(approved["sequence"])
    assert [int(c["sequence"]) for c in desk.commands] == list(announced["sequence"])
    refused = decisions[decisions["kind"] == REFUSED]
    assert list(refused["reason"]) == [Reason.DUPLICATE_ORDER, Reason.OPEN_ORDERS]
    for decision in refused:
        assert any(status in (FAIL, NOT_EVALUATED) for status in decision["rule_status"])


def test_a_refused_wish_does_not_stand_in_the_way_of_the_next(bench: Any) -> None:
    """Three wishes in one wake are judged in their order, each on what the ones before it hold."""
    free = {
        "unexecuted_notional_max": "none",
        "gross_max": "none",
        "net_max": "none",
        "single_name_max": "none",
    }
    desk = bench.desk(order_notional_max=700_000, **free)
    desk.bar(10_000)
    wishes = [limit(BUY, lots) for lots in (7_001, 6_000, 5_000)]
    assert told(desk.bar(10_000, *wishes)) == [
        (REFUSED, Reason.ORDER_NOTIONAL, 7_001),
        (APPROVED, 0, 6_000),
        (REFUSED, Reason.CAPITAL, 5_000),  # 600,000 are reserved of 1,000,000
    ]


def test_a_reduce_only_order_is_cut_to_what_works_already(bench: Any) -> None:
    """Held 100, a sell of 60 works: 40 are left to close, and then nothing."""
    desk = bench.desk(margin=True)
    desk.buy(100)
    outcome = desk.bar(
        10_000,
        limit(SELL, 60),
        limit(SELL, 100, "99.50", reduce_only=True),
        limit(SELL, 1, "98.00", reduce_only=True),
    )
    assert told(outcome) == [
        (APPROVED, 0, -60),
        (APPROVED, Reason.CLIPPED_TO_POSITION, -40),
        (REFUSED, Reason.NO_POSITION_TO_REDUCE, -1),
    ]


def test_the_opening_part_of_a_flip_keeps_to_the_narrow_collar(bench: Any) -> None:
    """From 100 to -50: the close gets the emergency collar, the short the ordinary one."""
    desk = bench.desk(margin=True, emergency_collar=0.30)
    desk.buy(100)
    outcome = desk.bar(10_000, Target("ONE", lots=-50, reason="r"))
    assert [int(c["limit_ticks"]) for c in outcome.commands] == [7_000, 9_500]


def test_a_smaller_wish_replaces_what_works(bench: Any) -> None:
    """Wanted 100, then 50: the first order is cancelled, one of 50 goes, and a third wake adds none."""
    desk = bench.desk()
    desk.bar(10_000)
    desk.bar(10_000, Target("ONE", lots=100, reason="r"))
    second = desk.bar(10_000, Target("ONE", lots=50, reason="r"))
    assert sent(second) == [(CommandKind.CANCEL, 0), (CommandKind.NEW, 50)]
    assert told(second) == [(CANCEL, 0, 0), (APPROVED, 0, 50)]
    third = desk.bar(10_000, Target("ONE", lots=50, reason="r"))
    assert told(third) == [(NO_ACTION, Reason.ALREADY_WORKING, 0)]


def test_a_wish_to_be_flat_cancels_what_would_open(bench: Any) -> None:
    """Nothing held, 100 working, flat wanted: a cancel, caused by a decision."""
    desk = bench.desk()
    desk.bar(10_000)
    desk.bar(10_000, Target("ONE", lots=100, reason="r"))
    outcome = desk.bar(10_000, Target("ONE", lots=0, reason="r"))
    assert told(outcome) == [(CANCEL, 0, 0), (NO_ACTION, Reason.TARGET_REACHED, 0)]
    cancel = desk.records("events")[-1]
    assert (cancel["kind"], cancel["cause"]) == (EventKind.COMMAND_CANCEL, outcome.decisions[0]["sequence"])


def test_cancel_and_cancel_all_name_their_decision(bench: Any) -> None:
    """A cancel by number, then all: each order is asked once, and each wish is a decision."""
    desk = bench.desk()
    desk.bar(10_000)
    desk.bar(10_000, *(limit(BUY, lots) for lots in (10, 20, 30)))
    outcome = desk.bar(
        10_000,
        Cancel(2, "one"),
        Cancel(2, "again"),
        CancelAll(instrument="TWO", reason="no"),
        CancelAll(reason="all"),
    )
    assert [int(c["order_id"]) for c in outcome.commands] == [2, 1, 3]
    assert [(kind, reason) for kind, reason, _ in told(outcome)] == [
        (CANCEL, 0),
        (NO_ACTION, Reason.ALREADY_WORKING),
        (NO_ACTION, Reason.UNKNOWN_ORDER),
        (CANCEL, 0),
    ]
    causes = desk.records("events")[-3:]["cause"]
    decisions = [int(d["sequence"]) for d in outcome.decisions]
    assert list(causes) == [decisions[0], decisions[3], decisions[3]]


EXITS = [  # exits of a long at 100.00, the next bar (low, high, close), the reason
    (Exits(stop_loss=0.05), (9_499, 10_000, 9_900), Reason.STOP_LOSS),
    (Exits(take_profit=0.05), (10_000, 10_500, 10_400), Reason.TAKE_PROFIT),
    (Exits(trailing=0.05), (9_500, 10_000, 9_800), Reason.TRAILING_STOP),
    (Exits(time_bars=1), (10_000, 10_000, 10_000), Reason.TIME_STOP),
]


@pytest.mark.parametrize(("exits", "bar", "reason"), EXITS)
def test_an_exit_cancels_what_works_and_closes(bench: Any, exits: Exits, bar: Any, reason: Reason) -> None:
    """A resting buy is cancelled, the position is sold by a reduce-only order of its size."""
    desk = bench.desk()
    desk.buy(100, limit(BUY, 10, "96.00"), exits=exits)
    low, high, close = bar
    outcome = desk.bar(close, low=low, high=high)
    assert [(int(c["kind"]), int(c["order_id"])) for c in outcome.commands] == [(2, 2), (1, 3)]
    order = outcome.commands[1]
    assert (order["reduce_only"], order["side"] * order["quantity_lots"]) == (1, -100)
    made = [(int(d["kind"]), int(d["reason"]), int(d["exit_kind"])) for d in outcome.decisions]
    assert made == [(CANCEL, reason, reason), (APPROVED, 0, reason)]
    desk.fill(3, 100, close, 2)
    assert desk.books() == 0
    assert desk.s["exits"][0, 0]["active"] == 0


def test_an_exit_is_sent_once_while_it_works_and_again_when_it_ended(bench: Any) -> None:
    """The stop fired: no second sell while the first works; expired after 30, the other 70 are sold."""
    desk = bench.desk()
    desk.buy(100, exits=Exits(stop_loss=0.05))
    assert sent(desk.bar(9_400)) == [(1, -100)]
    assert sent(desk.bar(9_300)) == []
    desk.fill(2, 30, 9_300, 2)
    assert sent(desk.bar(9_600)) == []
    desk.say(2, ReportKind.EXPIRED)
    assert sent(desk.bar(9_900)) == [(1, -70)]  # it has fired, whatever the price does
    desk.fill(3, 70, 9_900, 3)
    assert desk.books() == 0


def test_an_exit_counts_the_sells_that_are_still_being_cancelled(bench: Any) -> None:
    """60 of 100 are for sale when the stop fires: 40 go at once, 60 when the cancel is confirmed."""
    desk = bench.desk()
    desk.buy(100, exits=Exits(stop_loss=0.05))
    desk.bar(10_000, limit(SELL, 60, "104.00"))
    assert sent(desk.bar(9_400)) == [(2, 0), (1, -40)]
    desk.fill(3, 40, 9_400, 2)
    assert sent(desk.bar(9_300)) == []  # nothing is left that is not for sale: refused, tried again
    desk.say(2, ReportKind.CANCELLED)
    assert sent(desk.bar(9_300)) == [(1, -60)]
    desk.fill(4, 60, 9_300, 3)
    assert desk.books() == 0


def test_a_refused_exit_is_tried_again(bench: Any) -> None:
    """A desk that may not trade the stock at all refuses its exit too; allowed again, it goes."""
    desk = bench.desk()
    desk.buy(100, exits=Exits(time_bars=1))
    desk.s["instrument_limits"][0]["allowed"] = 0
    assert told(desk.bar(10_000))[0][0] == REFUSED
    assert desk.s["exits"][0, 0]["pending"] == 0
    desk.s["instrument_limits"][0]["allowed"] = 1
    assert sent(desk.bar(10_000)) == [(1, -100)]


def test_a_slot_that_is_used_again_remembers_nothing(bench: Any) -> None:
    """Execution ids count for their own order: 9 of the first does not make 1 of the second a repeat."""
    desk = bench.desk()
    desk.bar(10_000)
    for lots, execution in ((10, 9), (20, 1)):
        made = desk.bar(10_000, limit(BUY, lots))
        desk.fill(int(made.commands[0]["order_id"]), lots, 9_900, execution)
    assert desk.books() == 30


def test_a_decision_carries_the_values_of_its_own_wish_alone(bench: Any) -> None:
    """Three values, then one: the second record has nothing left over from the first."""
    desk = bench.desk()
    for values in ({"a": 1.0, "b": 2.0, "c": 3.0}, {"z": 9.0}):
        outcome = desk.bar(10_000, Target("ONE", lots=0, reason="r", values=values))
    assert list(outcome.decisions[0]["values"][:3]) == [9.0, 0.0, 0.0]
    assert list(outcome.decisions[0]["value_names"][1:3]) == [0, 0]


def test_a_wake_that_wants_nothing_is_counted_not_recorded(bench: Any) -> None:
    """Two idle wakes, no decision."""
    desk = bench.desk()
    desk.bar(10_000)
    desk.bar(10_000)
    assert (desk.s["idle_wakes"], len(desk.records("decisions"))) == (2, 0)


def test_a_duplicate_is_refused_though_many_orders_ended_since(bench: Any) -> None:
    """The first order still works while 70 others come and go: its twin is refused all the same."""
    desk = bench.desk(duplicate_window="2h", open_orders_max=100, instrument_open_orders_max="none")
    desk.bar(10_000)
    desk.bar(10_000, limit(BUY, 10))
    for lots in range(11, 81):
        made = desk.bar(10_000, limit(BUY, lots))
        desk.say(int(made.commands[0]["order_id"]), ReportKind.REJECTED)
    assert told(desk.bar(10_000, limit(BUY, 10))) == [(REFUSED, Reason.DUPLICATE_ORDER, 10)]


def test_a_wish_of_another_strategy_cannot_cancel_ours(bench: Any) -> None:
    """The order exists, but for whom it does not belong to it is unknown."""
    desk = bench.desk(wakes=(OnBarClose(),))
    desk.bar(10_000)
    desk.bar(10_000, limit(BUY, 10))
    desk.s["orders"][0]["strategy"] = 1
    assert (
        told(desk.bar(10_000, Cancel(1, "r"), CancelAll(reason="r")))
        == [(NO_ACTION, Reason.UNKNOWN_ORDER, 0)] * 2
    )
