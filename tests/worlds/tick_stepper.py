"""The slow runner for ticks: Engine.apply for one event after the other, the venue in Python's hands.

It does what the fused loop does, one event at a time, and keeps what went to and fro.
"""

from typing import Any

import numpy as np

from seawall.kernels.state import REPORT
from seawall.model.events import PHASE_EVENT, PHASE_ROW, PHASE_TIMER, MarketData, Timer, VenueReport
from seawall.runtime.desk import AssembledDesk
from seawall.runtime.window import PIECE_ROWS, ExchangeOrder
from seawall.simulator.exchange import advance, send
from seawall.simulator.reports import next_report_ts, take_report

__all__ = ["TickStepper"]

FOREVER = 2**62


class TickStepper:
    """Runs a desk without corporate actions or predictions; `commands` and `reports` are kept."""

    def __init__(self, built: AssembledDesk) -> None:
        assert not built.market.actions
        self.engine, self.state = built.engine, built.state[0]
        self.venue, self.venue_books = built.venue[0], built.venue_books
        source = built.market.source
        self.rows = np.concatenate(list(source.pieces(PIECE_ROWS)))
        order = ExchangeOrder(source.latency_ns_max)
        self.venue_rows = np.concatenate([order.add(self.rows), order.finish()])
        self.commands: list[np.ndarray] = []
        self.reports: list[np.ndarray] = []
        self.is_open = False
        self.place = 0
        self.has_ended = False

    def run(self) -> "TickStepper":
        """Runs to the end of the data and of all reports."""
        self.engine.start()
        while self._step():
            pass
        self.engine.finish()
        self.engine.pending.extend(self.engine.drain())
        return self

    def _step(self) -> bool:
        ts, phase = self._next()
        if self.is_open and ts > self.state["group_ts"]:
            self._send(self.engine.apply(Timer(int(self.state["group_ts"]))).commands)
            self.is_open = False
            if self.place == len(self.rows) and not self.has_ended:
                self.has_ended = True
                self.state["wake_orders"] = 0  # what the venue still says is booked, but nobody is woken
                self.state["timer_next_ns"] = -1
        advance(self.venue, self.venue_books, self.venue_rows, 0, len(self.venue_rows), ts, True)
        due = next_report_ts(self.venue)
        if due <= ts and due < FOREVER:
            self.reports.append(np.array([take_report(self.venue)], REPORT))
            self._apply(VenueReport(self.reports[-1]))
        elif ts >= FOREVER:
            return False
        elif phase == PHASE_TIMER:
            self._apply(Timer(ts))
        else:
            self.place += 1
            self._apply(MarketData(self.rows[self.place - 1 : self.place]))
        return True

    def _next(self) -> tuple[int, int]:
        """Time and phase of the next row, timer and known report."""
        nexts = [(FOREVER, PHASE_ROW), (int(next_report_ts(self.venue)), PHASE_EVENT)]
        if self.place < len(self.rows):
            nexts.append((int(self.rows[self.place]["ts_local"]), PHASE_ROW))
            nexts += [(self.engine.next_timer, PHASE_TIMER)] if self.engine.next_timer is not None else []
        return min(nexts)

    def _apply(self, event: Any) -> None:
        self.is_open = True
        self._send(self.engine.apply(event).commands)

    def _send(self, commands: np.ndarray) -> None:
        for command in commands:
            self.commands.append(command.copy())
            send(self.venue, command)
