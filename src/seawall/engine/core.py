"""Engine.apply(event) -> Outcome: the core as others see it.

Rule 1: events come in order of time; each is taken whole or refused before anything moved.
Rule 2: a policy is asked through a read-only view and answers with intents; whatever it
        raises is reported with its own file and line.
Rule 3: `drain` hands out the records since the last time, sealed and hashed into the chain.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import msgspec
import numpy as np

from seawall.engine.groups import HALT_BOOKS, close_books, close_group, halt, take_row
from seawall.engine.halts import halt_message
from seawall.engine.intents import IntentWriter, policy_fault
from seawall.engine.placing import take_intents
from seawall.execution.exits import rescale
from seawall.execution.manager import take_report
from seawall.kernels.bar_features import rescale_features
from seawall.kernels.bars import rescale_bars
from seawall.kernels.book import new_books
from seawall.kernels.records import new_event, room_left
from seawall.kernels.rows import BAR_OPEN
from seawall.model.chain import LANES, Chain
from seawall.model.corporate import Dividend, Split
from seawall.model.errors import InvariantBroken, PolicyError
from seawall.model.events import (
    PHASE_EVENT,
    PHASE_OPEN,
    PHASE_ROW,
    PHASE_TIMER,
    Event,
    MarketData,
    Timer,
    VenueReport,
)
from seawall.model.kinds import EventKind, WakeReason
from seawall.model.predictions import ModelPrediction
from seawall.portfolio.corporate import post_dividend, post_split
from seawall.portfolio.ledger import check_books

__all__ = ["Engine", "Outcome"]


class Outcome(msgspec.Struct, frozen=True):
    """What one step of the core came to.

    sequence: number of the last record; now: its clock, ns UTC; commands: array of COMMAND
    released by the gate; decisions: array of DECISION made in the step; digest: the result
    so far, which two engines that took the same events share.
    """

    sequence: int
    now: int
    commands: np.ndarray
    decisions: np.ndarray
    digest: str


class Engine:
    """The core over one state; see the module for its rules."""

    def __init__(
        self,
        state: np.ndarray,
        names: tuple[str, ...],
        ticks: tuple[Fraction, ...],
        minor_per_lot: tuple[Fraction, ...],
        policy: Any,
        view: Any,
        predictions: dict[tuple[str, str], ModelPrediction],
        header: bytes = b"",
        books: np.ndarray | None = None,
    ) -> None:
        self.state = state
        self.books = new_books(0) if books is None else books
        self.names = names
        self.policy = policy
        self.view = view
        self.chain = Chain(header)
        self.writer = IntentWriter(state, names, ticks)
        self.predictions = predictions
        self.minor_per_lot = minor_per_lot  # minor units of one currency unit of price a lot
        self.pending: list[tuple[str, np.ndarray]] = []
        self.outgoing: list[np.ndarray] = []  # commands of the step under way

    @property
    def next_timer(self) -> int | None:
        """When the core wants to be woken next, ns UTC; None when it does not."""
        due = int(self.state[0]["timer_next_ns"])
        return due if due >= 0 else None

    def apply(self, event: Event) -> Outcome:
        """Takes one event and answers with what it led to."""
        s = self.state[0]
        before = len(self.pending)
        if isinstance(event, MarketData):
            self.apply_rows(event.rows)
        elif isinstance(event, Timer) and not self._is_due(event.ts_local):
            self._close_at(event.ts_local)
        else:
            ts, phase = _key(event)
            self._end_group_before(ts, phase)
            self._raise_if_halted()
            self._open(ts, phase)
            self._take(event)
        self._raise_if_halted()
        self._take_commands()
        commands, self.outgoing = np.concatenate(self.outgoing), []
        self.pending.extend(self.drain())
        decisions = [records for lane, records in self.pending[before:] if lane == "decisions"]
        made = np.concatenate(decisions) if decisions else np.zeros(0, LANES[0][2])
        return Outcome(int(s["sequence"]), int(s["now_ns"]), commands, made, self.chain.result())

    def apply_rows(self, rows: np.ndarray) -> None:
        """Takes market rows one by one, closing each group as the next one begins."""
        self.chain.take_rows(rows)
        s = self.state[0]
        for row in rows:
            phase = PHASE_OPEN if row["kind"] == BAR_OPEN else PHASE_ROW
            self._end_group_before(int(row["ts_local"]), phase)
            self._open(int(row["ts_local"]), phase)
            take_row(s, self.books, row)
            if not room_left(s):
                self.pending.extend(self.drain())
            if s["command_count"]:  # many groups may send more than the table of one holds
                self._take_commands()

    def _take_commands(self) -> None:
        s = self.state[0]
        self.outgoing.append(s["commands"][: s["command_count"]].copy())
        s["commands"][: s["command_count"]] = 0
        s["command_count"] = 0

    def start(self) -> None:
        """Lets the policy prepare itself, once, before its first wake."""
        begin = getattr(self.policy, "start", None)
        if begin is not None:
            try:
                begin(self.view)
            except Exception as error:
                raise self.fault(error) from error

    def wake(self) -> None:
        """Asks the policy and writes its intents; the next step considers them."""
        try:
            wanted: Iterable[Any] | None = self.policy.decide(self.view)
            if wanted is not None:
                self.writer.write(wanted)
        except Exception as error:
            raise self.fault(error) from error

    def finish(self) -> None:
        """Ends the run: nobody is woken any more, and the equity gets its last point.

        The records are drained as always.
        """
        s = self.state[0]
        if s["group_open"] and close_group(s):
            take_intents(s)
        close_books(s)

    def fault(self, error: BaseException) -> PolicyError:
        """What a policy raised, as an error that names its own file and line."""
        return policy_fault(error, self.policy)

    def take_event(self, event: Event) -> None:
        """Takes an event that is not market data, at its place among the groups."""
        ts, phase = _key(event)
        self._open(ts, phase)
        self._take(event)

    def drain(self) -> list[tuple[str, np.ndarray]]:
        """The records since the last drain, by lane, sealed and hashed; empties the tables."""
        drained = self.collect()
        for lane, records in drained:
            self.chain.take_records(lane, records)
        return drained

    def take_pending(self) -> list[tuple[str, np.ndarray]]:
        """The records of the steps since the last call, by lane, for the shell's journal."""
        pending, self.pending = self.pending, []
        return pending

    def collect(self) -> list[tuple[str, np.ndarray]]:
        """The records since the last time, by lane, neither sealed nor hashed; empties the tables."""
        s = self.state[0]
        collected: list[tuple[str, np.ndarray]] = []
        for lane, counter, _ in LANES:
            count = int(s[counter])
            if count:
                collected.append((lane, s[lane][:count].copy()))
                s[lane][:count] = 0
                s[counter] = 0
        return collected

    def _end_group_before(self, ts: int, phase: int) -> None:
        s = self.state[0]
        later = ts > s["group_ts"] or (phase >= PHASE_OPEN) != (s["group_phase"] > 0)
        if s["group_open"] and later and close_group(s):
            self.wake()
            take_intents(s)

    def _open(self, ts: int, phase: int) -> None:
        s = self.state[0]
        s["now_ns"] = max(int(s["now_ns"]), ts)
        s["group_ts"] = ts
        s["group_phase"] = 2 if phase >= PHASE_OPEN else 0
        s["group_open"] = 1

    def _take(self, event: Event) -> None:
        s = self.state[0]
        s["timer_changed"] = 1
        if isinstance(event, VenueReport):
            take_report(s, event.report[0])
        elif isinstance(event, Split):
            self._split(event)
        elif isinstance(event, Dividend):
            self._dividend(event)
        elif isinstance(event, Timer):
            self._ring(event.ts_local)
        else:
            assert isinstance(event, ModelPrediction)
            self._take_prediction(event)

    def _is_due(self, ts: int) -> bool:
        return self.next_timer is not None and self.next_timer <= ts

    def _close_at(self, ts: int) -> None:
        """A time at which no timer is due: whatever is open and not later ends here."""
        s = self.state[0]
        if ts < s["group_ts"]:
            return
        if s["group_open"] and close_group(s):
            self.wake()
            take_intents(s)
        s["now_ns"] = max(int(s["now_ns"]), ts)

    def _ring(self, ts: int) -> None:
        """Wakes the policy by its timer, which is due, and sets it to the next multiple of its interval."""
        s = self.state[0]
        due, interval = int(s["timer_next_ns"]), int(s["timer_interval_ns"])
        s["timer_next_ns"] = due + ((ts - due) // interval + 1) * interval
        if s["timer_if_changed"] == 0 or s["timer_changed"]:
            s["wake_reasons"] |= np.uint64(WakeReason.TIMER)
            s["timer_changed"] = 0

    def _take_prediction(self, event: ModelPrediction) -> None:
        s = self.state[0]
        self.predictions[event.name, event.instrument] = event
        new_event(s, int(EventKind.PREDICTION), 0)
        record = s["events"][s["event_count"] - 1]  # what a compiled function returns is a copy
        record["instrument"] = self.names.index(event.instrument) if event.instrument in self.names else -1
        record["amount_minor"] = np.float64(event.value).view(np.int64)  # the bits of the value
        s["group_events"] += 1
        if s["wake_events"]:
            s["wake_reasons"] |= np.uint64(WakeReason.EVENT)

    def _split(self, event: Split) -> None:
        s = self.state[0]
        number = self.names.index(event.instrument)
        post_split(s, number, event.numerator, event.denominator, 0)
        rescale_bars(s, number, event.numerator, event.denominator)
        rescale_features(s, number, event.numerator, event.denominator)
        rescale(s, number, event.numerator, event.denominator)
        self._check()

    def _dividend(self, event: Dividend) -> None:
        number = self.names.index(event.instrument)
        amount = self.minor_per_lot[number] * Fraction(event.amount)
        post_dividend(self.state[0], number, amount.numerator, amount.denominator, 0)
        self._check()

    def _check(self) -> None:
        """The books after an action: they are marked with the next bar, but must balance now."""
        broken = check_books(self.state[0])
        if broken:
            halt(self.state[0], HALT_BOOKS + broken, 0)

    def _raise_if_halted(self) -> None:
        s = self.state[0]
        if s["stop_code"]:
            raise InvariantBroken(halt_message(s))


def _key(event: Event) -> tuple[int, int]:
    if isinstance(event, VenueReport):
        return int(event.report[0]["ts_local"]), PHASE_EVENT
    if isinstance(event, Timer):
        return event.ts_local, PHASE_TIMER
    assert not isinstance(event, MarketData)
    return event.ts_local, PHASE_EVENT
