"""What an order may become.

Rule 1: an order changes only by an event from the venue; our wishes are commands, and a
        wish moves the order at most into a pending state.
Rule 2: the table below is the whole truth; a pair that it lacks is an error, never ignored.
Rule 3: a fill is always booked, also after a terminal state (late), because the position is
        real; the order is then flagged. A bust reverses a fill and is flagged as well.
Rule 4: no answer is not a rejection: UNKNOWN keeps its exposure until the venue has spoken.
Rule 5: two commands can be under way at once, so the answer to one may come when the order
        has left the pending state of it. Such an answer is taken and moves nothing else.

The table knows no quantities: where it says WORKING after a refusal or a replacement, an order
with fills is PARTIALLY_FILLED, which the order manager puts right.
"""

from enum import IntEnum

import numpy as np

from seawall.model.errors import IllegalTransition

__all__ = [
    "FLAG_BUST",
    "FLAG_LATE_FILL",
    "FLAG_OVERFILL",
    "NEXT",
    "TERMINAL",
    "TRANSITIONS",
    "OrderEvent",
    "OrderState",
    "OrderType",
    "Side",
    "TimeInForce",
    "next_state",
]


class Side(IntEnum):
    """+1 buys, -1 sells; the sign with which lots enter a position."""

    BUY = 1
    SELL = -1


class OrderType(IntEnum):
    """A market order is a marketable limit at the collar; a stop becomes a limit when touched."""

    MARKET = 1
    LIMIT = 2
    STOP_LIMIT = 3


class TimeInForce(IntEnum):
    """How long an order lives: until cancelled, for the session, at once, at once and whole."""

    GTC = 1
    DAY = 2
    IOC = 3
    FOK = 4


class OrderState(IntEnum):
    """Where an order stands; see the table below for how it moves."""

    PENDING_NEW = 1
    WORKING = 2
    PARTIALLY_FILLED = 3
    PENDING_CANCEL = 4
    PENDING_REPLACE = 5
    FILLED = 6
    CANCELLED = 7
    REJECTED = 8
    EXPIRED = 9
    UNKNOWN = 10


class OrderEvent(IntEnum):
    """What can happen to an order; PART and LAST tell whether a fill leaves anything open."""

    ACCEPTED = 1
    REJECTED = 2
    FILL_PART = 3
    FILL_LAST = 4
    CANCEL_SENT = 5
    CANCELLED = 6
    CANCEL_REJECTED = 7
    REPLACE_SENT = 8
    REPLACED = 9
    REPLACE_REJECTED = 10
    EXPIRED = 11
    NO_ANSWER = 12
    BUST = 13


S, E = OrderState, OrderEvent
_ENDS = {E.CANCELLED: S.CANCELLED, E.EXPIRED: S.EXPIRED}

TRANSITIONS: dict[OrderState, dict[OrderEvent, OrderState]] = {
    S.PENDING_NEW: {
        E.ACCEPTED: S.WORKING,
        E.REJECTED: S.REJECTED,
        E.FILL_PART: S.PARTIALLY_FILLED,  # the fill may overtake the acknowledgement
        E.FILL_LAST: S.FILLED,
        E.CANCEL_SENT: S.PENDING_CANCEL,
        E.NO_ANSWER: S.UNKNOWN,
        **_ENDS,
    },
    S.WORKING: {
        E.ACCEPTED: S.WORKING,
        E.REJECTED: S.REJECTED,
        E.FILL_PART: S.PARTIALLY_FILLED,
        E.FILL_LAST: S.FILLED,
        E.CANCEL_SENT: S.PENDING_CANCEL,
        E.CANCEL_REJECTED: S.WORKING,  # the second of two cancels, or one that UNKNOWN overtook
        E.REPLACE_SENT: S.PENDING_REPLACE,
        E.REPLACED: S.WORKING,
        E.REPLACE_REJECTED: S.WORKING,
        E.NO_ANSWER: S.UNKNOWN,
        **_ENDS,
    },
    S.PARTIALLY_FILLED: {
        E.ACCEPTED: S.PARTIALLY_FILLED,  # acknowledgement after the fill
        E.FILL_PART: S.PARTIALLY_FILLED,
        E.FILL_LAST: S.FILLED,
        E.CANCEL_SENT: S.PENDING_CANCEL,
        E.CANCEL_REJECTED: S.PARTIALLY_FILLED,
        E.REPLACE_SENT: S.PENDING_REPLACE,
        E.REPLACED: S.PARTIALLY_FILLED,
        E.REPLACE_REJECTED: S.PARTIALLY_FILLED,
        E.NO_ANSWER: S.UNKNOWN,
        E.BUST: S.PARTIALLY_FILLED,
        **_ENDS,
    },
    S.PENDING_CANCEL: {
        E.ACCEPTED: S.PENDING_CANCEL,
        E.REJECTED: S.REJECTED,
        E.FILL_PART: S.PENDING_CANCEL,
        E.FILL_LAST: S.FILLED,
        E.CANCEL_SENT: S.PENDING_CANCEL,
        E.CANCEL_REJECTED: S.WORKING,
        E.REPLACED: S.PENDING_CANCEL,  # a replacement was under way when the cancel was sent
        E.REPLACE_REJECTED: S.PENDING_CANCEL,
        E.NO_ANSWER: S.UNKNOWN,
        E.BUST: S.PENDING_CANCEL,
        **_ENDS,
    },
    S.PENDING_REPLACE: {
        E.ACCEPTED: S.PENDING_REPLACE,
        E.REJECTED: S.REJECTED,
        E.FILL_PART: S.PENDING_REPLACE,
        E.FILL_LAST: S.FILLED,
        E.CANCEL_SENT: S.PENDING_CANCEL,
        E.CANCEL_REJECTED: S.PENDING_REPLACE,
        E.REPLACED: S.WORKING,
        E.REPLACE_REJECTED: S.WORKING,
        E.NO_ANSWER: S.UNKNOWN,
        E.BUST: S.PENDING_REPLACE,
        **_ENDS,
    },
    S.UNKNOWN: {
        E.ACCEPTED: S.WORKING,
        E.REJECTED: S.REJECTED,
        E.FILL_PART: S.PARTIALLY_FILLED,
        E.FILL_LAST: S.FILLED,
        E.CANCEL_SENT: S.UNKNOWN,
        E.CANCEL_REJECTED: S.UNKNOWN,
        E.REPLACED: S.WORKING,
        E.REPLACE_REJECTED: S.UNKNOWN,  # as for a cancel: perhaps because the venue lacks the order
        E.NO_ANSWER: S.UNKNOWN,  # nor is there one to what was sent since
        E.BUST: S.UNKNOWN,
        **_ENDS,
    },
    # terminal states: fills and busts are booked and flagged, late answers to a wish are noted
    S.FILLED: {E.ACCEPTED: S.FILLED, E.CANCEL_REJECTED: S.FILLED, E.REPLACE_REJECTED: S.FILLED,
               E.BUST: S.PARTIALLY_FILLED, E.FILL_PART: S.FILLED, E.FILL_LAST: S.FILLED},
    S.CANCELLED: {E.ACCEPTED: S.CANCELLED, E.CANCEL_REJECTED: S.CANCELLED, E.REPLACE_REJECTED: S.CANCELLED,
                  E.BUST: S.CANCELLED, E.FILL_PART: S.CANCELLED, E.FILL_LAST: S.FILLED},
    S.REJECTED: {E.CANCEL_REJECTED: S.REJECTED, E.REPLACE_REJECTED: S.REJECTED,
                 E.BUST: S.REJECTED, E.FILL_PART: S.REJECTED, E.FILL_LAST: S.FILLED},
    S.EXPIRED: {E.ACCEPTED: S.EXPIRED, E.CANCEL_REJECTED: S.EXPIRED, E.REPLACE_REJECTED: S.EXPIRED,
                E.BUST: S.EXPIRED, E.FILL_PART: S.EXPIRED, E.FILL_LAST: S.FILLED},
}  # fmt: skip

TERMINAL = (S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED)

FLAG_LATE_FILL = 1
FLAG_BUST = 2
FLAG_OVERFILL = 4

NEXT = np.zeros((len(S) + 1, len(E) + 1), np.int64)
"""The table as numbers for compiled code: NEXT[state, event], 0 where the pair is lacking."""
for _state, _row in TRANSITIONS.items():
    for _event, _after in _row.items():
        NEXT[_state, _event] = _after


def next_state(state: OrderState, event: OrderEvent) -> OrderState:
    """The state after the event; a pair that the table lacks is an IllegalTransition.

    >>> next_state(OrderState.PENDING_CANCEL, OrderEvent.FILL_LAST).name
    'FILLED'
    """
    after = TRANSITIONS[state].get(event)
    if after is None:
        raise IllegalTransition(f"an order in {state.name} cannot take {event.name}")
    return after
