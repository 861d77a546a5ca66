"""Why the core stopped, in words.

Rule: a halt code is never reused; the message gives the first offending sequence number.
"""

from typing import Any

from seawall.engine.groups import HALT_BACKWARDS, HALT_BOOKS, HALT_EARLY
from seawall.engine.ticks import HALT_PACKET
from seawall.execution.manager import HALT_FORGOTTEN, HALT_ILLEGAL, HALT_REPLACED, HALT_UNKNOWN_ORDER
from seawall.model.times import format_time
from seawall.portfolio.ledger import BROKEN

__all__ = ["halt_message"]

MEANING = {
    HALT_BACKWARDS: "an event is older than the clock",
    HALT_EARLY: "a row arrived before it left the exchange",
    HALT_PACKET: "a packet of market rows does not end",
    HALT_ILLEGAL: "an order event that the transition table lacks",
    HALT_UNKNOWN_ORDER: "a report for an order that was never sent",
    HALT_REPLACED: "the venue says that it replaced an order, which this desk never asks for",
    HALT_FORGOTTEN: "a fill of an order that ended too long ago to be known",
}


def halt_message(s: Any) -> str:
    """One sentence on the halt that the state carries: what, where, when."""
    code, sequence, detail = int(s["stop_code"]), int(s["stop_sequence"]), int(s["stop_detail"])
    what = f"invariant broken: {BROKEN[code - HALT_BOOKS]}" if code > HALT_BOOKS else MEANING[code]
    about = f" (order {detail})" if HALT_ILLEGAL <= code <= HALT_FORGOTTEN else ""
    return f"halted at sequence {sequence}, {format_time(int(s['now_ns']))}: {what}{about}"
