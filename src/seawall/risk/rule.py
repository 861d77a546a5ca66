"""What a rule of the gate is: one small function on numbers, and one frozen description.

Rule 1: `check(x)` sees one GATE_INPUTS record and nothing else; it keeps no state.
Rule 2: it returns (value, limit, evaluated) and passes if evaluated and value <= limit.
        Nothing else passes: a value that is not a number does not, nor does a missing one.
Rule 3: a limit of -1 is "no limit configured", and then limit = infinity. A limit of 0 is a
        limit of nothing, so a record of zeros refuses all. C1, C2, C16 in a cash account,
        C23 and C26 have no such switch.
Rule 4: a latched rule answers limit = -infinity until somebody releases the latch.
Rule 5: money and counts are compared as integers below 2^53, so "one unit beyond" is exact.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Any

import msgspec

from seawall.model.reasons import Reason

__all__ = [
    "FAIL",
    "NOT_EVALUATED",
    "PASS",
    "PASS_REDUCING",
    "UNUSED",
    "Grade",
    "Rule",
    "Status",
]

UNUSED = 0
PASS = 1
FAIL = 2
NOT_EVALUATED = 3
PASS_REDUCING = 4


class Status(IntEnum):
    """How a rule came out; a missing limit is PASS at infinity, so there is no DISABLED.

    NOT_EVALUATED had no valid input and counts as failed. PASS_REDUCING would have failed,
    or could not be evaluated, but the order only reduces and the rule lets such orders pass.
    """

    UNUSED = UNUSED
    PASS = PASS
    FAIL = FAIL
    NOT_EVALUATED = NOT_EVALUATED
    PASS_REDUCING = PASS_REDUCING


class Grade(IntEnum):
    """HARD is never overridden; SOFT needs a recorded override; LATCH a person to re-arm it."""

    HARD = 1
    SOFT = 2
    LATCH = 3


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """The description of one rule.

    control: its number in the list of controls; slot: its place in the rule arrays of a
    decision, never reused because runs on disk carry it; reason: what a failure is called;
    blind_reason: the same where it could not be evaluated; unit: of value and limit;
    reducing: whether orders that only reduce pass it; limits: the fields of LIMITS and
    INSTRUMENT_LIMITS that configure it; needs: what must be known to evaluate it.
    """

    control: str
    slot: int
    name: str
    reason: Reason
    blind_reason: Reason
    grade: Grade = Grade.HARD
    unit: str
    reducing: bool
    limits: tuple[str, ...] = ()
    needs: str = ""
    meaning: str
    check: Callable[[Any], tuple[float, float, bool]]
