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

from seawall.engine.groups import close_group, take_row
from seawall.engine.placing import take_intents
from seawall.execution.manager import take_report
from seawall.kernels.jit import kernel
from seawall.kernels.pointers import as_pointer
from seawall.kernels.records import room_left
from seawall.kernels.rows import BAR_OPEN, ROW
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
    "HALT",
    "NEED_ROWS",
    "WAKE",
    "bind",
    "open_group",
    "run",
    "run_at",
]

NEED_ROWS = 0  # the next row must be known before anything more can be decided
WAKE = 1  # the policy is to be asked; its intents are taken by the next call
DRAIN = 2  # the record tables are nearly full
DONE = 3  # rows, reports and commands are all consumed
EVENT = 4  # the external event at until_ts is due
HALT = 5  # stop_code says why

FOREVER = 4_611_686_018_427_387_904  # 2^62: no such thing is due
carray = cast(Any, numba).carray
pointer = cast(Any, as_pointer)  # numba gives it the typing context by itself
WAKE_TIMER = int(WakeReason.TIMER)


@kernel
def run(state: Any, venue: Any, rows: Any) -> int:
    """Runs until Python is needed; rows[0] is row number s["rows_base"] of the run."""
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
        index = s["rows_taken"] - s["rows_base"]
        if index >= rows.shape[0] and s["final"] == 0:
            return NEED_ROWS
        ts, phase = _next(s, v, rows, index)
        if _ends_group(s, ts, phase):
            if _wakes(s, index >= rows.shape[0]):
                return WAKE
            continue
        if _is_busy(v) and advance(v, rows, s["rows_base"], rows.shape[0], ts, s["final"]):
            return NEED_ROWS
        report_ts = next_report_ts(v)
        if report_ts <= ts and report_ts < FOREVER:
            open_group(s, report_ts, PHASE_EVENT)
            take_report(s, pop_report(v))
        elif ts >= FOREVER or phase < PHASE_EVENT:
            return DONE if ts >= FOREVER else EVENT
        elif phase == PHASE_TIMER:
            _take_timer(s, ts)
        else:
            open_group(s, ts, phase)
            take_row(s, rows[index])


@kernel
def run_at(state_address: int, venue_address: int, rows_address: int, count: int) -> int:
    """`run` on arrays that are given by their addresses; for compiled code only."""
    state = carray(pointer(state_address), (1,), STATE)
    venue = carray(pointer(venue_address), (1,), VENUE)
    return run(state, venue, carray(pointer(rows_address), (count,), ROW))


def bind(state: Any, venue: Any, rows: Any) -> tuple[Any, tuple[Any, ...]]:
    """The cheapest way to call `run` on these arrays: a function and its arguments.

    The caller keeps the arrays alive and in place for as long as it calls.
    """
    if not hasattr(run, "py_func"):
        return run, (state, venue, rows)
    # the compiled function itself, without numba's look-up of the types of the arguments
    entry = cast(Any, run_at).compile((numba.types.int64,) * 4)
    return entry, (state.ctypes.data, venue.ctypes.data, rows.ctypes.data, len(rows))


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
