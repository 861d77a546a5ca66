"""The fused loop of a backtest: core and venue over the same rows, in one compiled run.

Rule 1: before the core takes anything at local time T, the venue has processed every row
        and command whose exchange time + smallest response latency is <= T.
Rule 2: a group is closed, and its commands are handed to the venue, before the venue may
        move to anything later.
Rule 3: the loop may answer "need rows" or "drain" without having moved.

Theory of operation: the next thing the core takes is the smallest (time, phase) of the next
row, the oldest report, the timer and the next external event. The loop returns to Python
only when the policy must be woken, when tables must be drained, or when it lacks rows.
"""

from typing import Any, cast

import numba
import numpy as np

from seawall.engine.groups import close_group, take_row
from seawall.engine.placing import forget_wake, take_intents
from seawall.engine.ticks import has_work
from seawall.execution.manager import take_report
from seawall.kernels.book import BOOK
from seawall.kernels.jit import kernel
from seawall.kernels.pointers import as_pointer
from seawall.kernels.records import room_left
from seawall.kernels.rows import BAR_OPEN, BAR_TRADES, ROW
from seawall.kernels.state import STATE
from seawall.model.events import PHASE_EVENT, PHASE_OPEN, PHASE_ROW, PHASE_TIMER
from seawall.model.kinds import WakeReason
from seawall.simulator.exchange import advance, send
from seawall.simulator.reports import next_report_ts
from seawall.simulator.reports import take_report as pop_report
from seawall.simulator.state import VENUE

__all__ = [
    "DONE",
    "DRAIN",
    "EVENT",
    "FOREVER",
    "FULL",
    "HALT",
    "NEED_ROWS",
    "WAKE",
    "bind",
    "bind_quick",
    "new_table",
    "open_group",
    "run",
    "run_at",
    "run_quick",
    "run_quick_at",
]

NEED_ROWS = 0  # the next row must be known before anything more can be decided
WAKE = 1  # the policy is to be asked; its intents are taken by the next call
DRAIN = 2  # the record tables are nearly full
DONE = 3  # rows, reports and commands are all consumed
EVENT = 4  # the external event at until_ts is due
HALT = 5  # stop_code says why
FULL = 6  # run_quick leaves the rest to run

TABLE_LENGTH = 10
FOREVER = 4_611_686_018_427_387_904  # 2^62: no such thing is due
carray = cast(Any, numba).carray
pointer = cast(Any, as_pointer)  # numba gives it the typing context by itself
WAKE_TIMER = int(WakeReason.TIMER)


@kernel
def run(state: Any, venue: Any, books: Any, venue_books: Any, rows: Any, venue_rows: Any) -> int:
    """Runs until Python is needed.

    rows: in order of arrival, rows[0] is row number s["rows_base"] of the run; venue_rows: the
    same rows in order of the exchange's time, as far as that is certain, from number
    v["rows_base"] of that order; books: depth as the core and as the venue knows it.
    """
    s = state[0]
    v = venue[0]
    if s["intent_count"] > 0 or (s["wake_reasons"] != 0 and s["group_open"] == 0):
        take_intents(s)
    while True:
        if s["stop_code"] != 0:
            return HALT
        _flush(s, v)
        if not room_left(s):
            return DRAIN
        index = _run_ahead(s, v, books, rows)
        if index >= rows.shape[0] and s["final"] == 0:
            # the venue catches up, so that nobody has to keep rows for it
            advance(v, venue_books, venue_rows, v["rows_base"], venue_rows.shape[0], s["now_ns"], False)
            return NEED_ROWS
        if s["stop_code"] != 0:
            continue
        ts, phase = _next(s, v, rows, index)
        if _ends_group(s, ts, phase):
            if _wakes(s, index >= rows.shape[0]):
                return WAKE
            continue
        if _is_busy(v) and advance(
            v, venue_books, venue_rows, v["rows_base"], venue_rows.shape[0], ts, s["final"]
        ):
            return NEED_ROWS
        report_ts = next_report_ts(v)
        if report_ts <= ts and report_ts < FOREVER:
            open_group(s, report_ts, PHASE_EVENT)
            take_report(s, pop_report(v))
        elif ts >= FOREVER or phase < PHASE_EVENT:
            return DONE if ts >= FOREVER else EVENT
        else:
            _take_next(s, books, rows, index, ts, phase)


@kernel
def run_quick(state: Any, venue: Any, books: Any, rows: Any) -> int:
    """From one wake of a policy that wants nothing to the next, where only ticks come; else FULL.

    It does a part of what `run` does, in the same order, and leaves the rest to it: whatever it
    answers, `run` goes on from there. Entering all of `run` costs more than a row does.
    """
    s = state[0]
    v = venue[0]
    if s["stop_code"] != 0 or s["intent_count"] > 0 or s["command_count"] > 0 or not room_left(s):
        return FULL
    if s["wake_reasons"] != 0 and s["group_open"] == 0:
        s["idle_wakes"] += 1
        forget_wake(s)
    index = _run_ahead(s, v, books, rows)
    if index >= rows.shape[0] or s["stop_code"] != 0:
        return FULL
    ts, phase = _next(s, v, rows, index)
    if _ends_group(s, ts, phase) and close_group(s):
        return WAKE
    return FULL


@kernel
def run_quick_at(table_address: int) -> int:
    """`run_quick` on arrays whose addresses and lengths stand in a table; for compiled code only."""
    table = carray(pointer(table_address), (TABLE_LENGTH,), np.int64)
    state = carray(pointer(table[0]), (1,), STATE)
    venue = carray(pointer(table[1]), (1,), VENUE)
    books = carray(pointer(table[2]), (table[3],), BOOK)
    return run_quick(state, venue, books, carray(pointer(table[6]), (table[7],), ROW))


@kernel
def _take_next(s: Any, books: Any, rows: Any, index: int, ts: int, phase: int) -> None:
    """The timer or the next row, whose turn it is."""
    if phase == PHASE_TIMER:
        _take_timer(s, ts)
        return
    open_group(s, ts, phase)
    take_row(s, books, rows[index])


@kernel
def _run_ahead(s: Any, v: Any, books: Any, rows: Any) -> int:
    """Takes rows of ticks while nobody but the core has anything to do; the place of the next row.

    The venue has nothing under way, so that it may catch up later. Groups without work at their
    end pass; one that has some is left open for the caller to close, and so is a time at which a
    timer or an event is due.
    """
    index = s["rows_taken"] - s["rows_base"]
    if _is_busy(v) or v["report_count"] > 0:
        return index
    until = s["until_ts"]
    if s["timer_next_ns"] >= 0:
        until = min(until, s["timer_next_ns"])
    while index < rows.shape[0]:
        row = rows[index]
        ts = row["ts_local"]
        if ts >= until or BAR_OPEN <= row["kind"] <= BAR_TRADES:
            return index
        if s["group_open"] and (ts > s["group_ts"] or s["group_phase"] > 0):
            if s["group_phase"] > 0 or has_work(s):
                return index
            s["group_ticks"] = 0
        s["group_ts"] = ts
        s["group_phase"] = 0
        s["group_open"] = 1
        take_row(s, books, row)
        if s["stop_code"] != 0:
            return index
        index += 1
    return index


@kernel
def run_at(table_address: int) -> int:
    """`run` on arrays whose addresses and lengths stand in a table; for compiled code only."""
    table = carray(pointer(table_address), (TABLE_LENGTH,), np.int64)
    state = carray(pointer(table[0]), (1,), STATE)
    venue = carray(pointer(table[1]), (1,), VENUE)
    books = carray(pointer(table[2]), (table[3],), BOOK)
    venue_books = carray(pointer(table[4]), (table[5],), BOOK)
    rows = carray(pointer(table[6]), (table[7],), ROW)
    venue_rows = carray(pointer(table[8]), (table[9],), ROW)
    return run(state, venue, books, venue_books, rows, venue_rows)


def new_table() -> np.ndarray:
    """Where `bind` writes down addresses; whoever calls keeps it and all arrays alive and in place."""
    return np.zeros(TABLE_LENGTH, np.int64)


def bind_quick(
    table: np.ndarray, state: Any, venue: Any, books: Any, rows: Any
) -> tuple[Any, tuple[Any, ...]]:
    """The same for `run_quick`, after `bind` has filled the table."""
    if not hasattr(run, "py_func"):
        return run_quick, (state, venue, books, rows)
    return cast(Any, run_quick_at).compile((numba.types.int64,)), (table.ctypes.data,)


def bind(
    table: np.ndarray, state: Any, venue: Any, books: Any, venue_books: Any, rows: Any, venue_rows: Any
) -> tuple[Any, tuple[Any, ...]]:
    """The cheapest way to call `run` on these arrays: a function and its arguments."""
    if not hasattr(run, "py_func"):
        return run, (state, venue, books, venue_books, rows, venue_rows)
    table[0], table[1] = state.ctypes.data, venue.ctypes.data
    for place, array in enumerate((books, venue_books, rows, venue_rows), start=1):
        table[2 * place], table[2 * place + 1] = array.ctypes.data, len(array)
    # the compiled function itself, without numba's look-up of the types of the arguments
    return cast(Any, run_at).compile((numba.types.int64,)), (table.ctypes.data,)


@kernel
def open_group(s: Any, ts: int, phase: int) -> None:
    """The clock moves to `ts`; what is taken now belongs to this group."""
    s["now_ns"] = max(s["now_ns"], ts)
    s["group_ts"] = ts
    s["group_phase"] = 2 if phase >= PHASE_OPEN else 0  # commands leave one phase later
    s["group_open"] = 1


@kernel
def _is_busy(v: Any) -> bool:
    """Whether the venue may answer something; while it may not, it catches up on rows later, at once."""
    return v["command_count"] > 0 or v["order_count"] > 0 or v["action_count"] > 0


@kernel
def _ends_group(s: Any, ts: int, phase: int) -> bool:
    """Whether what comes next belongs to a later group than the one that is open."""
    return s["group_open"] and (ts > s["group_ts"] or (phase >= PHASE_OPEN) != (s["group_phase"] > 0))


@kernel
def _wakes(s: Any, rows_ended: bool) -> bool:
    """Closes the group; whether the policy must be asked now. After the last row nobody is."""
    ended = rows_ended and s["group_ts"] > s["last_row_ts"]
    if close_group(s):
        if not ended:
            return True
        take_intents(s)
    return False


@kernel
def _flush(s: Any, v: Any) -> None:
    """Hands the released commands to the venue, in their order."""
    for index in range(s["command_count"]):
        send(v, s["commands"][index])
    s["command_count"] = 0


@kernel
def _next(s: Any, v: Any, rows: Any, index: int) -> tuple[int, int]:
    """(time, phase) of what the core takes next, as far as is known now."""
    ts, phase = FOREVER, PHASE_ROW
    if index < rows.shape[0]:
        ts = rows[index]["ts_local"]
        phase = PHASE_OPEN if rows[index]["kind"] == BAR_OPEN else PHASE_ROW
        timer = s["timer_next_ns"]
        if timer >= 0 and (timer < ts or (timer == ts and phase == PHASE_OPEN)):
            ts, phase = timer, PHASE_TIMER
    until = s["until_ts"]
    if until < FOREVER and (until < ts or (until == ts and phase != PHASE_ROW)):
        ts, phase = until, PHASE_EVENT - 1  # after the closes of its instant, before timers and opens
    report = next_report_ts(v)
    if report <= ts and report < FOREVER:
        ts, phase = report, PHASE_EVENT
    return ts, phase


@kernel
def _take_timer(s: Any, ts: int) -> None:
    """The policy's timer: wakes it, unless nothing has changed and it asked not to be."""
    open_group(s, ts, PHASE_TIMER)
    s["timer_next_ns"] = ts + s["timer_interval_ns"]
    if s["timer_if_changed"] == 0 or s["timer_changed"]:
        s["wake_reasons"] |= WAKE_TIMER
        s["timer_changed"] = 0
