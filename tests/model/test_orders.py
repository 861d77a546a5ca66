"""What an order may become: the whole table of states and events, walked."""

from itertools import permutations, product

import numpy as np
import pytest

from seawall.model.errors import IllegalTransition
from seawall.model.orders import (
    FLAG_BUST,
    FLAG_LATE_FILL,
    FLAG_OVERFILL,
    NEXT,
    TERMINAL,
    TRANSITIONS,
    OrderEvent,
    OrderState,
    Side,
    next_state,
)

S, E = OrderState, OrderEvent
ANSWERS_TO_A_CANCEL = (E.CANCELLED, E.CANCEL_REJECTED)
ANSWERS_TO_A_REPLACE = (E.REPLACED, E.REPLACE_REJECTED)
SENT = (E.CANCEL_SENT, E.REPLACE_SENT)

# The table once more, written by hand from the rules: a row a state, a column an event.
#   new = pending new, wrk, prt, can = pending cancel, rep = pending replace, FIL, CAN, REJ, EXP, unk
COLUMNS = "ACC REJ PRT LST cs CAN cr rs REP rr EXP na BUST"
DRAWN = """
new  wrk REJ prt FIL can CAN  .   .   .   .  EXP unk  .
wrk  wrk REJ prt FIL can CAN wrk rep wrk wrk EXP unk  .
prt  prt  .  prt FIL can CAN prt rep prt prt EXP unk prt
can  can REJ can FIL can CAN wrk  .  can can EXP unk can
rep  rep REJ rep FIL can CAN rep  .  wrk wrk EXP unk rep
FIL  FIL  .  FIL FIL  .   .  FIL  .   .  FIL  .   .  prt
CAN  CAN  .  CAN FIL  .   .  CAN  .   .  CAN  .   .  CAN
REJ   .   .  REJ FIL  .   .  REJ  .   .  REJ  .   .  REJ
EXP  EXP  .  EXP FIL  .   .  EXP  .   .  EXP  .   .  EXP
unk  wrk REJ prt FIL unk CAN unk  .  wrk unk EXP unk unk
"""
NAMES = dict(zip(["new", "wrk", "prt", "can", "rep", "FIL", "CAN", "REJ", "EXP", "unk"], S, strict=True))
ROWS = [line.split() for line in DRAWN.strip().splitlines()]
PAIRS = [
    (NAMES[row[0]], event, NAMES.get(cell)) for row in ROWS for event, cell in zip(E, row[1:], strict=True)
]

# FIX 5.0 SP2, Appendix D (CONTROLS A8), in our words; done-for-day and stopped are not ours.
FIX = {
    S.PENDING_NEW: {S.WORKING, S.REJECTED},
    S.WORKING: {
        *(S.WORKING, S.PARTIALLY_FILLED, S.FILLED, S.PENDING_CANCEL, S.PENDING_REPLACE),
        *(S.REJECTED, S.CANCELLED, S.EXPIRED),
    },
    S.PARTIALLY_FILLED: {
        *(S.PARTIALLY_FILLED, S.FILLED, S.PENDING_CANCEL, S.PENDING_REPLACE, S.CANCELLED),
    },
    S.FILLED: {S.PARTIALLY_FILLED, S.FILLED},
    S.PENDING_CANCEL: {S.WORKING, S.FILLED, S.PENDING_CANCEL, S.CANCELLED},
    S.PENDING_REPLACE: {S.WORKING, S.FILLED, S.PENDING_REPLACE, S.CANCELLED},
}


@pytest.mark.parametrize(
    ("state", "event", "after"), PAIRS, ids=lambda each: getattr(each, "name", "illegal")
)
def test_every_pair_of_state_and_event(
    state: OrderState, event: OrderEvent, after: OrderState | None
) -> None:
    """A pair of the table gives its state; any other is an error that names both."""
    if after is not None:
        assert next_state(state, event) is after
    else:
        with pytest.raises(IllegalTransition, match=f"an order in {state.name} cannot take {event.name}"):
            next_state(state, event)


def test_the_walk_is_over_the_whole_table() -> None:
    """Ten states times thirteen events, each once."""
    assert len(COLUMNS.split()) == len(E)
    assert [(state, event) for state, event, _ in PAIRS] == list(product(NAMES.values(), E))
    assert set(TRANSITIONS) == set(S)


def test_the_numbers_for_compiled_code_are_the_table() -> None:
    """NEXT[state, event] is the state after, and 0 exactly where the table has no pair."""
    expected = np.zeros((len(S) + 1, len(E) + 1), np.int64)
    for state, event, after in PAIRS:
        expected[state, event] = after or 0
    assert NEXT.tolist() == expected.tolist()
    assert max(S) == len(S)
    assert max(E) == len(E)


@pytest.mark.parametrize("state", FIX, ids=lambda each: each.name)
def test_fix_appendix_d_is_covered(state: OrderState) -> None:
    """Whatever FIX lets an order become, some event of ours leads to."""
    assert FIX[state] <= set(TRANSITIONS[state].values())


@pytest.mark.parametrize("state", TERMINAL, ids=lambda each: each.name)
def test_terminal_states_book_fills_and_busts(state: OrderState) -> None:
    """After the end a fill is still booked (late), a bust too; nothing of ours can be sent any more."""
    assert {E.FILL_PART, E.FILL_LAST, E.BUST} <= set(TRANSITIONS[state])
    assert next_state(state, E.FILL_LAST) is S.FILLED
    assert not {*SENT, E.NO_ANSWER} & set(TRANSITIONS[state])
    if state is not S.FILLED:  # whose bust leaves something open again
        assert set(TRANSITIONS[state].values()) == {state, S.FILLED}


def test_terminal_is_where_nothing_leads_on() -> None:
    """TERMINAL names the states from which no order can be cancelled or replaced; all others can end."""
    quiet = tuple(state for state in S if not {*SENT, E.NO_ANSWER} & set(TRANSITIONS[state]))
    assert quiet == TERMINAL
    for state in S:
        if state not in TERMINAL:
            assert {E.FILL_PART, E.FILL_LAST, E.CANCELLED, E.EXPIRED} <= set(TRANSITIONS[state])


def test_a_fill_is_booked_in_every_state() -> None:
    """No state of an order can turn a fill away: the position is real."""
    assert [s.name for s in S if not {E.FILL_PART, E.FILL_LAST} <= set(TRANSITIONS[s])] == []


@pytest.mark.parametrize("start", [S.PENDING_NEW, S.PENDING_CANCEL, S.UNKNOWN], ids=lambda each: each.name)
@pytest.mark.parametrize("end", [E.CANCELLED, E.EXPIRED, E.FILL_LAST], ids=lambda each: each.name)
def test_the_order_of_reports_does_not_matter(start: OrderState, end: OrderEvent) -> None:
    """Acknowledgement, fills and the end in any order of arrival come to the same end (CONTROLS A5)."""
    for order in permutations((E.ACCEPTED, E.FILL_PART, E.FILL_PART, end)):
        state = start
        for event in order:
            state = next_state(state, event)
        assert state is TRANSITIONS[S.WORKING][end], order


def test_every_answer_finds_its_order() -> None:
    """The answer to a cancel or a replacement is legal wherever the order went in the meantime."""
    reached: set[tuple[OrderState, int, int]] = set()  # state, cancels and replacements under way
    waiting = [(S.PENDING_NEW, 0, 0)]
    while waiting:
        state, cancels, replaces = now = waiting.pop()
        if now in reached or cancels > 2 or replaces > 1:
            continue
        reached.add(now)
        for event, after in TRANSITIONS[state].items():
            change = (event is E.CANCEL_SENT, event is E.REPLACE_SENT)
            # an answer comes only to what was sent, and a cancel that worked is the only way to CANCELLED
            if event in ANSWERS_TO_A_REPLACE and not replaces:
                continue
            if event is E.CANCEL_REJECTED and not cancels:
                continue
            answered = (cancels > 0 and event in ANSWERS_TO_A_CANCEL, event in ANSWERS_TO_A_REPLACE)
            waiting.append((after, cancels + change[0] - answered[0], replaces + change[1] - answered[1]))
    assert len(reached) > 40
    unanswerable = [
        (state.name, event.name)
        for state, cancels, replaces in reached
        for event in (E.CANCEL_REJECTED, E.REPLACE_REJECTED)
        if (cancels if event is E.CANCEL_REJECTED else replaces) and event not in TRANSITIONS[state]
    ]
    assert sorted(set(unanswerable)) == []


def test_unknown_is_left_only_by_evidence() -> None:
    """Neither silence nor a refused command says that an order of unknown state is dead or alive."""
    for event in (E.NO_ANSWER, E.CANCEL_SENT, E.CANCEL_REJECTED, E.REPLACE_REJECTED, E.BUST):
        assert next_state(S.UNKNOWN, event) is S.UNKNOWN
    assert E.REPLACE_SENT not in TRANSITIONS[S.UNKNOWN]


def test_flags_are_bits_and_sides_are_signs() -> None:
    """Flags can stand together; a side is the sign with which lots enter the position."""
    assert FLAG_LATE_FILL | FLAG_BUST | FLAG_OVERFILL == FLAG_LATE_FILL + FLAG_BUST + FLAG_OVERFILL == 7
    assert [int(side) for side in Side] == [1, -1]
