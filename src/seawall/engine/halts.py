"""Why the core stopped, in words.

Rule: a halt code is never reused; the message gives the first offending sequence number.
"""

from typing import Any

from seawall.engine.groups import HALT_BACKWARDS, HALT_BOOKS, HALT_EARLY
from seawall.execution.manager import HALT_ILLEGAL, HALT_UNKNOWN_ORDER
from seawall.model.times import format_time
from seawall.portfolio.ledger import BROKEN

__all__ = ["halt_message"]

MEANING = {
    HALT_BACKWARDS: "an event is older than the clock",
    HALT_EARLY: "a row arrived before it left the exchange",
    HALT_ILLEGAL: "an order event that the transition table lacks",
    HALT_UNKNOWN_ORDER: "a report for an order that was never sent",
}


def halt_message(s: Any) -> str:
    """One sentence on the halt that the state carries: what, where, when."""
    code, sequence, detail = int(s["stop_code"]), int(s["stop_sequence"]), int(s["stop_detail"])
    what = f"invariant broken: {BROKEN[code - HALT_BOOKS]}" if code > HALT_BOOKS else MEANING[code]
    about = f" (order {detail})" if code in (HALT_ILLEGAL, HALT_UNKNOWN_ORDER) else ""
    return f"halted at sequence {sequence}, {format_time(int(s['now_ns']))}: {what}{about}"
