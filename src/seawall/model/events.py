"""What the core takes: every cause of a change comes in as one of these.

Rule 1: all nondeterminism is an event; nothing else can change an answer.
Rule 2: an event carries its own time, and the core takes events in order of
        (ts_local, phase): answers of the venue, market rows, events of the desk (splits,
        dividends, predictions), timers, and the opens of the next bars last of all.
"""

import msgspec
import numpy as np

from seawall.model.corporate import Dividend, Split
from seawall.model.predictions import ModelPrediction

__all__ = [
    "PHASE_EVENT",
    "PHASE_OPEN",
    "PHASE_ROW",
    "PHASE_TIMER",
    "Event",
    "MarketData",
    "Timer",
    "VenueReport",
]

PHASE_EVENT = 0
PHASE_ROW = 1
PHASE_TIMER = 2
PHASE_OPEN = 5


class MarketData(msgspec.Struct, frozen=True):
    """Market rows (array of ROW) in order of arrival."""

    rows: np.ndarray


class VenueReport(msgspec.Struct, frozen=True):
    """One answer of the venue (array of one REPORT)."""

    report: np.ndarray


class Timer(msgspec.Struct, frozen=True):
    """The time has come; also how a live shell closes a group when nothing else arrives."""

    ts_local: int


Event = MarketData | VenueReport | Timer | Split | Dividend | ModelPrediction
