"""The numbers by which records, commands and reports tell what they are.

Rule: a number is never reused, because runs on disk carry it.
"""

from enum import IntEnum

__all__ = ["CommandKind", "DecisionKind", "EventKind", "IntentKind", "Liquidity", "ReportKind", "WakeReason"]


class IntentKind(IntEnum):
    """What a policy may want."""

    TARGET_LOTS = 1
    TARGET_WEIGHT = 2
    ORDER = 3
    CANCEL = 4
    CANCEL_ALL = 5


class DecisionKind(IntEnum):
    """What was decided about an intent or an exit."""

    APPROVED = 1
    REFUSED = 2
    NO_ACTION = 3
    CANCEL = 4


class EventKind(IntEnum):
    """What happened: to an order, to the books, to the desk."""

    COMMAND_NEW = 1
    COMMAND_CANCEL = 2
    COMMAND_REPLACE = 3
    ACCEPTED = 10
    REJECTED = 11
    FILL = 12
    CANCELLED = 13
    CANCEL_REJECTED = 14
    EXPIRED = 15
    REPLACED = 16
    REPLACE_REJECTED = 17
    NO_ANSWER = 18
    BUST = 19
    SPLIT = 30
    DIVIDEND = 31
    ADJUSTMENT = 32
    BREAKER_TRIPPED = 40
    BREAKER_RESET = 41
    PASSIVE_BREACH = 42
    PASSIVE_CURED = 43
    TIMER = 50
    PREDICTION = 51
    LIMITS_CHANGED = 52
    OPERATOR = 53
    HALT = 60


class CommandKind(IntEnum):
    """What the desk asks of a venue."""

    NEW = 1
    CANCEL = 2
    REPLACE = 3


class ReportKind(IntEnum):
    """What a venue answers; the numbers are those of EventKind."""

    ACCEPTED = 10
    REJECTED = 11
    FILL = 12
    CANCELLED = 13
    CANCEL_REJECTED = 14
    EXPIRED = 15
    REPLACED = 16
    REPLACE_REJECTED = 17
    BUST = 19


class Liquidity(IntEnum):
    """Whether a fill took or made liquidity."""

    TAKER = 1
    MAKER = 2


class WakeReason(IntEnum):
    """Why a policy was woken: bits of one set, several can fall together."""

    BAR_CLOSE = 1
    BAR_OPEN = 2
    TIMER = 4
    ORDER = 8
    CROSSING = 16
    EVENT = 32
    TRADE = 64
    QUOTE = 128
    PACKET = 256
