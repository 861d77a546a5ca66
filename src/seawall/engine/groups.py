"""Groups: all events of one timestamp are taken, then the books are settled, once.

Rule 1: a row is checked against the clock before it touches anything.
Rule 2: the end of a group is: mark, breakers, books -> equity point -> exits -> wake.
Rule 3: a broken invariant halts with the first offending sequence number, and nothing is
        decided after it.
"""

from typing import Any

from seawall.engine.placing import exit_position, forget_wake
from seawall.engine.ticks import has_work, take_tick_row
from seawall.execution.exits import age, evaluate, evaluate_price
from seawall.kernels import bar_features
from seawall.kernels.bars import mix_row, session_index, sessions_closed, take
from seawall.kernels.jit import kernel
from seawall.kernels.rows import BAR_OPEN, BAR_TRADES
from seawall.kernels.ticks import is_decidable
from seawall.model.kinds import WakeReason
from seawall.portfolio.ledger import check_books, mark, start_day, write_equity
from seawall.portfolio.marking import set_alarm, set_drawdown
from seawall.risk.breakers import update_breakers

__all__ = ["HALT_BACKWARDS", "HALT_BOOKS", "HALT_EARLY", "close_books", "close_group", "halt", "take_row"]

HALT_BACKWARDS = 1  # an event older than the clock
HALT_EARLY = 2  # a row that arrived before it left the exchange
HALT_BOOKS = 100  # plus the code of the broken invariant

WAKE_CLOSE = int(WakeReason.BAR_CLOSE)
WAKE_OPEN = int(WakeReason.BAR_OPEN)
WAKE_CROSSING = int(WakeReason.CROSSING)


@kernel
def take_row(s: Any, books: Any, row: Any) -> None:
    """Takes one market row: time, hash, bars or ticks, features and the wakes that it causes."""
    if row["ts_local"] < s["now_ns"]:
        halt(s, HALT_BACKWARDS, row["ts_local"])
        return
    if row["ts_exchange"] > row["ts_local"]:
        halt(s, HALT_EARLY, row["ts_local"])
        return
    s["now_ns"] = row["ts_local"]
    s["last_row_ts"] = row["ts_local"]
    s["row_hash"] = mix_row(s["row_hash"], row)
    s["rows_taken"] += 1
    s["timer_changed"] = 1
    number = row["instrument"]
    if not BAR_OPEN <= row["kind"] <= BAR_TRADES:
        take_tick_row(s, books, row)
        return
    if take(s, row):
        bar_features.update(s, number)
        s["group_bars"] += 1
        if s["wake_bar_close"]:
            s["wake_reasons"] |= WAKE_CLOSE
        if s["crossing_count"] > 0 and bar_features.check_crossings(s, number):
            s["wake_reasons"] |= WAKE_CROSSING
    if row["kind"] == BAR_OPEN and s["wake_bar_open"]:
        s["wake_reasons"] |= WAKE_OPEN


@kernel
def close_group(s: Any) -> bool:
    """Ends the group of one timestamp; True when the policy is to be woken now."""
    s["group_open"] = 0
    held = s["ledger"]["gross_minor"] != 0 or s["ledger"]["stale_marks"] > 0
    due = s["group_bars"] > 0 or (s["group_ticks"] > 0 and has_work(s))
    if s["group_events"] > 0 or (due and held):
        _settle(s)
    elif due:
        _settle_flat(s)
    elif s["wake_reasons"] != 0:
        set_drawdown(s)  # a timer between ticks
    if (s["group_bars"] > 0 or s["group_exits"] > 0) and s["stop_code"] == 0:
        _run_exits(s)
    s["group_bars"] = 0
    s["group_events"] = 0
    s["group_ticks"] = 0
    s["group_alarm"] = 0
    s["group_exits"] = 0
    if s["stop_code"] == 0 and s["wake_reasons"] != 0:
        s["wakes"] += 1
        return True
    forget_wake(s)
    return False


@kernel
def _settle_flat(s: Any) -> None:
    """What is left to do while nothing is held and nothing happened: a new day, an equity point.

    The last mark found no position and no event came since, so equity is what it was.
    """
    if s["now_ns"] >= s["day_ends_ns"] or s["equity_points"] == 0:
        _settle(s)
        return
    if s["now_ns"] - s["equity_last_ns"] >= s["equity_interval_ns"]:
        _add_equity_point(s)
    _set_attention(s)


@kernel
def _settle(s: Any) -> None:
    """Marks the books, checks them, trips breakers and writes an equity point when it is due."""
    table = s["instruments"][0]["session_table"]
    day = session_index(s, table, s["now_ns"])
    if day != s["ledger"]["day_session"]:
        start_day(s, day)
    last = day + 1 >= s["session_count"][table]
    s["day_ends_ns"] = s["now_ns"] if last else s["session_open"][table, day + 1]
    _flag_stale(s)
    mark(s)
    update_breakers(s)
    broken = check_books(s)
    if broken:
        halt(s, HALT_BOOKS + broken, 0)
    due = s["equity_points"] == 0 or s["now_ns"] - s["equity_last_ns"] >= s["equity_interval_ns"]
    if due and (s["group_bars"] > 0 or s["group_ticks"] > 0):
        _add_equity_point(s)
    set_alarm(s)
    _set_attention(s)


@kernel
def _set_attention(s: Any) -> None:
    """When ticks alone ask for a mark again: for a point of the curve, or for a new day."""
    s["attention_ns"] = min(s["equity_last_ns"] + s["equity_interval_ns"], s["day_ends_ns"])
    if s["attention_ns"] <= s["now_ns"]:  # the last session that is known has no end
        s["attention_ns"] = s["now_ns"] + 1


@kernel
def close_books(s: Any) -> None:
    """The last equity point of a run, where the interval has not brought one at this instant.

    It stands at the end of the data, with all that the venue said later (an order may expire in a
    session that the data lacks).
    """
    now = s["now_ns"]
    s["now_ns"] = min(now, s["last_row_ts"] + 1)
    if s["equity_points"] > 0 and s["equity_last_ns"] < s["now_ns"]:
        _flag_stale(s)
        mark(s)
        _add_equity_point(s)
    s["now_ns"] = now


@kernel
def _add_equity_point(s: Any) -> None:
    if s["ledger"]["stale_marks"] > 0:
        s["stale_equity_points"] += 1
    s["equity_last_ns"] = s["now_ns"]
    s["equity_points"] += 1
    write_equity(s, 0)


@kernel
def _flag_stale(s: Any) -> None:
    """A held instrument is stale when its data missed a session, or is older than the limit."""
    for number in range(s["instrument_count"]):
        instrument = s["instruments"][number]
        if s["net_lots"][number] == 0:
            instrument["stale"] = 0
        elif instrument["daily"]:
            table = instrument["session_table"]
            marked = sessions_closed(s, table, instrument["mark_ts_local"])
            instrument["stale"] = 1 if sessions_closed(s, table, s["now_ns"]) > marked else 0
        else:
            limit = s["limits"]["age_ns_max"]
            age = s["now_ns"] - instrument["mark_ts_local"]
            instrument["stale"] = 1 if limit >= 0 and age > limit else 0


@kernel
def _run_exits(s: Any) -> None:
    for strategy in range(s["strategy_count"]):
        for number in range(s["instrument_count"]):
            if s["exits"][strategy, number]["active"] == 0:
                continue
            reason = _exit_reason(s, strategy, number)
            if reason and s["exits"][strategy, number]["pending"] == 0:
                exit_position(s, strategy, number, reason)


@kernel
def _exit_reason(s: Any, strategy: int, number: int) -> int:
    """Why the position is to be left now, or 0: a bar counts whole, a tick with its price alone.

    A bar of trades may be older than the position, so that it only ages it. While the touch is not
    whole the gate would refuse: what has fired waits.
    """
    tick = s["ticks"][number]
    if tick["is_ticks"] == 0:
        return evaluate(s, strategy, number) if s["updated"][number] else 0
    if s["updated"][number]:
        age(s, strategy, number)
    elif s["group_exits"] == 0:
        return 0
    return evaluate_price(s, strategy, number) if is_decidable(tick) else 0


@kernel
def halt(s: Any, code: int, detail: int) -> None:
    """Stops the desk; only the first cause is kept."""
    if s["stop_code"] == 0:
        s["stop_code"] = code
        s["stop_sequence"] = s["sequence"] + 1
        s["stop_detail"] = detail
