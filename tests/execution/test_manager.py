"""The order manager against the venue: every report in every state, twice, late, or about nobody."""

from itertools import permutations
from typing import Any

import pytest

from seawall.execution.manager import (
    HALT_FORGOTTEN,
    HALT_ILLEGAL,
    HALT_REPLACED,
    HALT_UNKNOWN_ORDER,
    find_recent,
    find_slot,
    request_cancel,
    take_slot,
    working_lots,
)
from seawall.kernels.state import COMMANDS_MAX, ORDERS_MAX
from seawall.model.kinds import CommandKind, EventKind, ReportKind
from seawall.model.orders import (
    FLAG_BUST,
    FLAG_LATE_FILL,
    FLAG_OVERFILL,
    TERMINAL,
    TRANSITIONS,
    OrderEvent,
    OrderState,
)
from seawall.model.reasons import Reason

FILLED = {OrderState.PARTIALLY_FILLED: 40, OrderState.FILLED: 100}  # of 100 lots, before the report
REPORTS = {  # the report of the venue, and what it is in the table of model/orders.py
    "accepted": (ReportKind.ACCEPTED, 0, OrderEvent.ACCEPTED),
    "rejected": (ReportKind.REJECTED, 0, OrderEvent.REJECTED),
    "fill of 10": (ReportKind.FILL, 10, OrderEvent.FILL_PART),
    "fill of 100": (ReportKind.FILL, 100, OrderEvent.FILL_LAST),
    "cancelled": (ReportKind.CANCELLED, 0, OrderEvent.CANCELLED),
    "cancel rejected": (ReportKind.CANCEL_REJECTED, 0, OrderEvent.CANCEL_REJECTED),
    "expired": (ReportKind.EXPIRED, 0, OrderEvent.EXPIRED),
    "replace rejected": (ReportKind.REPLACE_REJECTED, 0, OrderEvent.REPLACE_REJECTED),
    "no answer": (EventKind.NO_ANSWER, 0, OrderEvent.NO_ANSWER),
}


@pytest.mark.parametrize("said", REPORTS)
@pytest.mark.parametrize("state", OrderState)
def test_each_report_in_each_state(bench: Any, state: OrderState, said: str) -> None:
    """What the table has happens, also to what is held; what it lacks halts and changes nothing."""
    kind, lots, event = REPORTS[said]
    s = bench.desk()
    number = bench.order(s, filled=FILLED.get(state, 0), state=state)
    before = s["sequence"]
    after = TRANSITIONS[state].get(event)
    if event is OrderEvent.FILL_PART and state is OrderState.FILLED:
        after = OrderState.FILLED
    if lots:
        bench.fill(s, number, lots)
    else:
        bench.report(s, number, kind)
    if after is None:
        assert (s["stop_code"], s["stop_detail"]) == (HALT_ILLEGAL, number)
        assert s["stop_sequence"] == before + 1
        assert s["sequence"] == before
        return
    assert s["stop_code"] == 0
    assert bench.events(s)[-1][2:] == (state, after)
    position, _, reserved = bench.books(s)
    assert position == lots
    assert (find_slot(s, number) >= 0, reserved > 0) == (after not in TERMINAL, after not in TERMINAL)
    assert (find_recent(s, number) >= 0) == (after in TERMINAL)


def test_fill_before_its_acknowledgement(bench: Any) -> None:
    """A fill overtakes the acknowledgement: both orders of arrival end in the same place."""
    ends = []
    for order in (("ack", "fill"), ("fill", "ack")):
        s = bench.desk()
        number = bench.order(s, state=OrderState.PENDING_NEW)
        for what in order:
            if what == "ack":
                bench.report(s, number, ReportKind.ACCEPTED)
            else:
                bench.fill(s, number, 30)
        order_now = s["orders"][find_slot(s, number)]
        ends.append((order_now["state"], order_now["filled_lots"], bench.books(s)))
    assert ends[0] == ends[1]
    assert ends[0][:2] == (OrderState.PARTIALLY_FILLED, 30)


@pytest.mark.parametrize("said", sorted({*permutations(("ack", "fill", "fill", "cancelled"))}), ids="-".join)
def test_the_order_of_arrival_does_not_matter(bench: Any, said: tuple[str, ...]) -> None:
    """Two fills of 30, the acknowledgement and the cancel in any order: one end (A5)."""
    s = bench.desk()
    number = bench.order(s, state=OrderState.PENDING_NEW)
    for execution, what in enumerate(said, 1):
        if what == "fill":
            bench.fill(s, number, 30, execution)
        else:
            bench.report(s, number, ReportKind.ACCEPTED if what == "ack" else ReportKind.CANCELLED)
    order = s["recent"][find_recent(s, number)]
    assert (s["stop_code"], order["state"], order["filled_lots"]) == (0, OrderState.CANCELLED, 60)
    assert bench.books(s) == (60, 99_400_000, 0)


LATE = [  # state before, filled before, late fill, state after, flags
    (OrderState.CANCELLED, 40, 20, OrderState.CANCELLED, FLAG_LATE_FILL),
    (OrderState.CANCELLED, 40, 60, OrderState.FILLED, FLAG_LATE_FILL),
    (OrderState.EXPIRED, 0, 5, OrderState.EXPIRED, FLAG_LATE_FILL),
    (OrderState.REJECTED, 0, 5, OrderState.REJECTED, FLAG_LATE_FILL),
    (OrderState.FILLED, 100, 7, OrderState.FILLED, FLAG_LATE_FILL | FLAG_OVERFILL),
    (OrderState.CANCELLED, 40, 61, OrderState.FILLED, FLAG_LATE_FILL | FLAG_OVERFILL),
]


@pytest.mark.parametrize(("state", "filled", "lots", "after", "flags"), LATE)
def test_a_late_fill_is_booked_and_flagged(
    bench: Any, state: OrderState, filled: int, lots: int, after: OrderState, flags: int
) -> None:
    """The order was over, the position is real; nothing is released a second time."""
    s = bench.desk()
    number = bench.order(s, filled=filled, state=state)
    bench.fill(s, number, lots)
    order = s["recent"][find_recent(s, number)]
    assert (order["state"], order["filled_lots"], order["flags"]) == (after, filled + lots, flags)
    assert bench.books(s) == (lots, 100_000_000 - lots * 10_000, 0)
    assert s["ledger"]["unexecuted_minor"] == 0


def test_an_overfill_of_a_working_order_is_booked_and_flagged(bench: Any) -> None:
    """130 of 100: the order is over, holds nothing, and the books have all 130."""
    s = bench.desk()
    number = bench.order(s)
    bench.fill(s, number, 130)
    assert bench.books(s)[::2] == (130, 0)
    assert s["recent"][find_recent(s, number)]["flags"] == FLAG_OVERFILL
    assert (s["open_buy_lots"][0], s["open_orders"][0]) == (0, 0)


def test_an_execution_is_applied_once(bench: Any) -> None:
    """Executions 3 and 5 come two and three times, one of them after the end: booked once each (A4)."""
    s = bench.desk()
    number = bench.order(s)
    for execution, lots in ((3, 60), (3, 60), (5, 40), (5, 40), (3, 60)):
        bench.fill(s, number, lots, execution)
    assert bench.books(s) == (100, 99_000_000, 0)
    assert [event[1] for event in bench.events(s)] == [60, 0, 40, 0, 0]
    assert s["stop_code"] == 0


def test_equal_fills_with_ids_of_their_own_are_two(bench: Any) -> None:
    """Two fills alike but for the execution id are both booked: values are no identity."""
    s = bench.desk()
    number = bench.order(s)
    bench.fill(s, number, 10, 1)
    bench.fill(s, number, 10, 2)
    assert bench.books(s)[0] == 20


def test_a_repeated_fill_wakes_nobody(bench: Any) -> None:
    """A repeat leaves a record and no wake."""
    s = bench.desk()
    s["wake_orders"] = 1
    number = bench.order(s)
    bench.fill(s, number, 10, 1)
    s["wake_reasons"] = 0
    bench.fill(s, number, 10, 1)
    assert (s["wake_reasons"], s["event_count"]) == (0, 2)


STRAYS = [  # order number, report, halt; 9 orders were sent and forgotten, 10 is the next number
    (10, ReportKind.ACCEPTED, HALT_UNKNOWN_ORDER),
    (0, ReportKind.FILL, HALT_UNKNOWN_ORDER),
    (-1, ReportKind.CANCELLED, HALT_UNKNOWN_ORDER),
    (5, ReportKind.FILL, HALT_FORGOTTEN),
    (5, ReportKind.BUST, HALT_FORGOTTEN),
    (5, ReportKind.CANCEL_REJECTED, 0),
    (5, ReportKind.EXPIRED, 0),
]


@pytest.mark.parametrize(("number", "kind", "code"), STRAYS)
def test_a_report_about_an_order_that_nobody_knows(
    bench: Any, number: int, kind: ReportKind, code: int
) -> None:
    """Never sent halts; long over is noted, unless it would have to be booked."""
    s = bench.desk()
    s["next_order_id"] = 10
    bench.report(s, number, kind, last_lots=1, execution_id=1)
    assert s["stop_code"] == code
    assert bench.events(s) == ([] if code else [(kind, 0, 0, 0)])


@pytest.mark.parametrize("kind", [1, 18 + 41, 0, 99])
def test_a_report_of_an_unknown_kind_halts(bench: Any, kind: int) -> None:
    """What is no report of ours is not read as some other one."""
    s = bench.desk()
    bench.report(s, bench.order(s), kind)
    assert s["stop_code"] == HALT_ILLEGAL


def test_a_replacement_that_nobody_asked_for_halts(bench: Any) -> None:
    """This desk sends no replacements; an order that is not what it was is not traded on."""
    s = bench.desk()
    bench.report(s, bench.order(s), ReportKind.REPLACED)
    assert s["stop_code"] == HALT_REPLACED


def test_the_first_halt_is_kept(bench: Any) -> None:
    """A second fault does not hide the first offending sequence."""
    s = bench.desk()
    bench.report(s, 77, ReportKind.ACCEPTED)
    first = int(s["stop_sequence"])
    bench.report(s, bench.order(s), ReportKind.REPLACED)
    assert (s["stop_code"], s["stop_sequence"]) == (HALT_UNKNOWN_ORDER, first)


def test_a_bust_of_a_part_gives_back_money_lots_and_reservation(bench: Any) -> None:
    """60 of 100 filled and taken back: the books are as before, and 100 lots are held again."""
    s = bench.desk(margin=False)
    number = bench.order(s)
    held = bench.books(s)
    bench.fill(s, number, 60, price=10_100, fee=77)
    bench.bust(s, number, 60, price=10_100, fee=77)
    order = s["orders"][find_slot(s, number)]
    assert bench.books(s) == held
    assert (order["filled_lots"], order["flags"], s["open_orders"][0], s["open_buy_lots"][0]) == (
        0,
        FLAG_BUST,
        1,
        100,
    )


def test_a_bust_of_a_filled_order_puts_it_back_to_work(bench: Any) -> None:
    """The lots may fill again, so the order counts again until the venue ends it."""
    s = bench.desk()
    number = bench.order(s)
    bench.fill(s, number, 100)
    bench.bust(s, number, 30)
    slot = find_slot(s, number)
    assert (s["orders"][slot]["state"], find_recent(s, number)) == (OrderState.PARTIALLY_FILLED, -1)
    assert (bench.books(s)[0], s["open_buy_lots"][0]) == (70, 30)
    bench.report(s, number, ReportKind.CANCELLED)
    assert (bench.books(s)[::2], s["open_orders"][0]) == ((70, 0), 0)


def test_a_fill_and_a_bust_of_an_inverse_contract(bench: Any) -> None:
    """1,000 dollars bought at 40,000 instead of 50,000 bring 2,500,000 satoshis, and give them back."""
    s = bench.desk()
    record = s["instruments"][0]
    record["tick_value_numerator"], record["inverse"], record["mark_ticks"] = 10**11, 1, 500_000
    number = bench.order(s, 10, limit_ticks=520_000, reference_fine=500_000 * 10_000)
    bench.fill(s, number, 10, price=400_000, fee=7)
    assert bench.books(s) == (10, 102_499_993, 0)
    assert s["ledger"]["equity_minor"] == 102_499_993 - 2_000_000
    bench.bust(s, number, 10, price=400_000, fee=7)
    assert bench.books(s)[:2] == (0, 100_000_000)
    fill, bust = s["events"][: s["event_count"]]
    assert (fill["amount_minor"], fill["delay_minor"]) == (-2_500_000, -500_000)  # lower is a gain
    assert (bust["amount_minor"], bust["realised_minor"]) == (-2_500_000, 0)


def test_a_bust_after_a_cancel_stays_cancelled(bench: Any) -> None:
    """The lots leave the position; the order is over and holds nothing."""
    s = bench.desk()
    number = bench.order(s)
    bench.fill(s, number, 40)
    bench.report(s, number, ReportKind.CANCELLED)
    bench.bust(s, number, 40)
    assert bench.books(s) == (0, 100_000_000, 0)
    assert s["recent"][find_recent(s, number)]["state"] == OrderState.CANCELLED


@pytest.mark.parametrize("lots", [0, 41])
def test_a_bust_of_more_than_was_filled_halts(bench: Any, lots: int) -> None:
    """A venue that takes back what it never gave is not believed."""
    s = bench.desk()
    number = bench.order(s)
    bench.fill(s, number, 40)
    bench.bust(s, number, lots)
    assert (s["stop_code"], bench.books(s)[0]) == (HALT_ILLEGAL, 40)


def test_no_answer_keeps_the_exposure(bench: Any) -> None:
    """UNKNOWN is no rejection: it reserves, counts as working, and may be asked to cancel again (A13)."""
    s = bench.desk(margin=False)
    number = bench.order(s, state=OrderState.PENDING_NEW)
    held = bench.books(s)
    bench.report(s, number, EventKind.NO_ANSWER)
    assert (bench.books(s), working_lots(s, 0, 0)) == (held, 100)
    request_cancel(s, find_slot(s, number), 7, 0)
    assert (s["command_count"], working_lots(s, 0, 0)) == (1, 100)
    bench.report(s, number, EventKind.NO_ANSWER)
    request_cancel(s, find_slot(s, number), 8, 0)
    assert s["command_count"] == 2
    bench.fill(s, number, 100)
    assert (bench.books(s)[0], s["order_count"]) == (100, 0)


def test_a_cancel_names_what_caused_it_and_what_follows_names_the_cancel(bench: Any) -> None:
    """decision 900 -> cancel -> cancelled: the chain has no gap, and the reason is on it."""
    s = bench.desk()
    number = bench.order(s)
    request_cancel(s, find_slot(s, number), 900, Reason.TRAILING_STOP)
    cancel = s["events"][0]
    assert (cancel["cause"], cancel["reason"], cancel["kind"]) == (
        900,
        Reason.TRAILING_STOP,
        EventKind.COMMAND_CANCEL,
    )
    command = s["commands"][0]
    assert (command["kind"], command["order_id"]) == (CommandKind.CANCEL, number)
    assert command["sequence"] == cancel["sequence"]
    bench.report(s, number, ReportKind.CANCELLED)
    assert s["events"][1]["cause"] == cancel["sequence"]


def test_a_cancel_is_sent_once_until_it_is_answered(bench: Any) -> None:
    """Two wishes are one command; after a rejected cancel a third wish is a second one."""
    s = bench.desk()
    number = bench.order(s, state=OrderState.PENDING_NEW)
    for _ in range(2):
        request_cancel(s, find_slot(s, number), 1, 0)
    assert (s["command_count"], s["orders"][0]["state"]) == (1, OrderState.PENDING_CANCEL)
    bench.report(s, number, ReportKind.ACCEPTED)
    bench.report(s, number, ReportKind.REPLACE_REJECTED)
    request_cancel(s, find_slot(s, number), 1, 0)
    assert s["command_count"] == 1
    bench.report(s, number, ReportKind.CANCEL_REJECTED)
    request_cancel(s, find_slot(s, number), 1, 0)
    assert s["command_count"] == 2


def test_a_full_command_table_is_an_error_of_ours(bench: Any) -> None:
    """A command beyond the table would be written into something else: it asserts instead."""
    s = bench.desk()
    number = bench.order(s)
    s["command_count"] = COMMANDS_MAX
    with pytest.raises(AssertionError):
        request_cancel(s, find_slot(s, number), 1, 0)


RACES = [  # reports while the cancel is under way, state and position at the end
    (("cancelled",), OrderState.CANCELLED, 0),
    (("fill 100", "cancel rejected"), OrderState.FILLED, 100),
    (("fill 40", "cancelled"), OrderState.CANCELLED, 40),
    (("cancelled", "fill 40"), OrderState.CANCELLED, 40),
    (("fill 40", "cancel rejected"), OrderState.PARTIALLY_FILLED, 40),
    (("cancel rejected", "fill 40"), OrderState.PARTIALLY_FILLED, 40),
    (("fill 60", "fill 40", "cancel rejected"), OrderState.FILLED, 100),
]


@pytest.mark.parametrize(("said", "state", "position"), RACES)
def test_cancel_against_fill(bench: Any, said: tuple[str, ...], state: OrderState, position: int) -> None:
    """Whoever wins the race, the end is what the venue did, and the books hold."""
    s = bench.desk()
    number = bench.order(s)
    request_cancel(s, find_slot(s, number), 1, 0)
    for execution, what in enumerate(said, 1):
        if what.startswith("fill"):
            bench.fill(s, number, int(what[5:]), execution)
        else:
            bench.report(s, number, {"cancelled": ReportKind.CANCELLED}.get(what, ReportKind.CANCEL_REJECTED))
    slot = find_slot(s, number)
    order = s["orders"][slot] if slot >= 0 else s["recent"][find_recent(s, number)]
    assert (order["state"], bench.books(s)[0]) == (state, position)


def test_working_lots_count_all_that_may_fill_but_what_is_being_cancelled(bench: Any) -> None:
    """In flight, working, partly filled and UNKNOWN count with their sign; other stocks do not."""
    s = bench.desk()
    bench.order(s, 10, state=OrderState.PENDING_NEW)
    bench.order(s, 20, filled=5, state=OrderState.PARTIALLY_FILLED)
    bench.order(s, 40, state=OrderState.UNKNOWN)
    bench.order(s, 7, side=-1)
    bench.order(s, 1000, instrument=1)
    assert working_lots(s, 0, 0) == 10 + 15 + 40 - 7
    request_cancel(s, 2, 1, 0)
    assert working_lots(s, 0, 0) == 10 + 15 + 40 - 7  # of unknown state: the cancel may meet nothing
    request_cancel(s, 1, 1, 0)
    assert working_lots(s, 0, 0) == 10 + 40 - 7


def test_the_memory_of_ended_orders_is_bounded_and_forgets_the_oldest(bench: Any) -> None:
    """Of 100 orders the 64 that ended last are known, an old order that ended last among them."""
    s = bench.desk()
    old = bench.order(s, 10)
    numbers = [bench.order(s, 10) for _ in range(99)]
    for number in [*numbers, old]:
        bench.report(s, number, ReportKind.CANCELLED)
        s["event_count"] = 0
    known = [number for number in [*numbers, old] if find_recent(s, number) >= 0]
    assert known == [*numbers[-63:], old]


def test_slots_are_dense_and_full_is_an_error_of_ours(bench: Any) -> None:
    """The last order takes the place of one that ended; one more than there is room for asserts."""
    s = bench.desk()
    first, _, last = (bench.order(s, 10) for _ in range(3))
    bench.report(s, first, ReportKind.EXPIRED)
    assert (s["order_count"], find_slot(s, last), find_slot(s, first)) == (2, 0, -1)
    s["order_count"] = ORDERS_MAX
    with pytest.raises(AssertionError):
        take_slot(s)


def test_exits_are_armed_by_the_opening_fill_and_end_with_the_position(bench: Any) -> None:
    """A fill that opens arms; adding keeps the first entry; flat disarms; a flip does both."""
    s = bench.desk()
    exits = s["exits"][0, 0]
    bench.fill(s, bench.order(s, 10, stop_loss=0.05), 10, price=10_000)
    bench.fill(s, bench.order(s, 10, stop_loss=0.10), 10, price=11_000)
    assert (exits["active"], exits["entry_fine"], exits["stop_loss"]) == (1, 100_000_000, 0.05)
    bench.fill(s, bench.order(s, 30, side=-1, stop_loss=0.20), 30, price=12_000)
    assert (exits["active"], exits["entry_fine"], exits["stop_loss"]) == (1, 120_000_000, 0.20)
    bench.fill(s, bench.order(s, 30), 30)  # flips without exits of its own
    assert exits["active"] == 0


def test_a_bust_of_the_opening_fill_ends_its_exits(bench: Any) -> None:
    """No position, nothing to protect."""
    s = bench.desk()
    number = bench.order(s, 10, stop_loss=0.05)
    bench.fill(s, number, 10)
    bench.bust(s, number, 10)
    assert s["exits"][0, 0]["active"] == 0


def test_an_exit_order_that_ends_unfilled_frees_its_exit(bench: Any) -> None:
    """`pending` falls when the exit order expires, so that the next close tries again."""
    s = bench.desk(position=100)
    s["exits"][0, 0]["active"] = s["exits"][0, 0]["pending"] = 1
    number = bench.order(s, side=-1, exit_kind=Reason.STOP_LOSS, reduce_only=1)
    bench.fill(s, number, 40, execution=9)
    assert s["exits"][0, 0]["pending"] == 1
    bench.report(s, number, ReportKind.EXPIRED)
    assert (s["exits"][0, 0]["pending"], s["exits"][0, 0]["active"]) == (0, 1)


def test_reducing_orders_are_dropped_when_there_is_nothing_left_to_reduce(bench: Any) -> None:
    """The policy's own sell empties the position: the exit still working is asked to cancel."""
    s = bench.desk(position=100)
    bench.order(s, side=-1, reduce_only=1)
    mine = bench.order(s, side=-1)
    bench.fill(s, mine, 60, execution=2)
    assert s["command_count"] == 0
    bench.fill(s, mine, 40, execution=3)
    last = s["events"][s["event_count"] - 1]
    assert (s["command_count"], last["reason"]) == (1, Reason.NO_POSITION_TO_REDUCE)
    assert last["cause"] == last["sequence"] - 2  # the fill; its posting stands between
