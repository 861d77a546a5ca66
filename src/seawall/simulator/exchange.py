"""The venue as the runner sees it: commands in, time forward, reports out.

Rule 1: everything happens in exchange time, in the order (time, rank): rows that are not
        opens, expiries and corporate actions, commands, opens, commands decided on an open.
Rule 2: nothing happens until no earlier row can come: the venue asks for more rows first.
Rule 3: what happens does not depend on how time is cut: any sequence of horizons gives the
        same reports as one merge of everything by time (simulator/reference.py).

Theory of operation: three queues sorted by time (market rows, commands in flight, actions)
and the next expiry are merged. `advance` stops where exchange time + the smallest response
latency passes the horizon, or the arrival of the oldest report: nothing later can be known
then, and whatever is sent then arrives later than all that has been processed.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.kernels.rows import BAR_OPEN, BAR_TRADES
from seawall.simulator.draws import entry_latency_ns
from seawall.simulator.matching import take_row
from seawall.simulator.orders import expire_orders, receive, remove_orders_of
from seawall.simulator.reports import next_report_ts
from seawall.simulator.state import ACTIONS_KEPT, COMMANDS_KEPT, NEVER
from seawall.simulator.ticks import take_tick_row

__all__ = ["DONE", "NEEDS_ROWS", "advance", "corporate_action", "send"]

DONE = 0
NEEDS_ROWS = 1

RANK_ROW = 0
RANK_EXPIRY = 1
RANK_ACTION = 2
RANK_COMMAND = 3
RANK_OPEN = 4
RANK_COMMAND_ON_OPEN = 5
PHASE_ON_OPEN = 3


@kernel
def send(v: Any, command: Any) -> None:
    """Puts a COMMAND record on its way; it arrives after its latency, never before an earlier one.

    `phase` 3 says that it was decided on an open of `ts_sent`; with no latency it then comes
    after the opens of that time, all others come before them.
    """
    assert v["command_count"] < COMMANDS_KEPT
    assert command["order_id"] > 0
    latency = entry_latency_ns(v, command["order_id"], command["kind"], command["ts_sent"])
    arrival = max(command["ts_sent"] + latency, v["last_arrival_ts"])
    on_open = command["phase"] == PHASE_ON_OPEN and arrival == command["ts_sent"]
    rank = RANK_COMMAND_ON_OPEN if on_open else RANK_COMMAND
    if arrival == v["last_arrival_ts"]:
        rank = max(rank, v["last_arrival_rank"])
    assert arrival > v["now_ns"] or (arrival == v["now_ns"] and rank >= v["now_rank"])
    v["last_arrival_ts"] = arrival
    v["last_arrival_rank"] = rank
    queued = v["commands"][(v["command_head"] + v["command_count"]) % COMMANDS_KEPT]
    v["command_count"] += 1
    queued["arrival_ts"] = arrival
    queued["rank"] = rank
    queued["command"] = command


@kernel
def corporate_action(v: Any, instrument: int, numerator: int, denominator: int, ts: int) -> None:
    """Announces `numerator` new units for `denominator` old ones from exchange time `ts` on.

    Then working orders of the instrument are cancelled, prices and volumes change units, and
    orders that were sent before `ts` are rejected on arrival. Actions come in order of time.
    """
    assert v["action_count"] < ACTIONS_KEPT
    assert ts > v["now_ns"] or (ts == v["now_ns"] and v["now_rank"] <= RANK_ACTION)
    action = v["actions"][(v["action_head"] + v["action_count"]) % ACTIONS_KEPT]
    v["action_count"] += 1
    action["ts"] = ts
    action["instrument"] = instrument
    action["numerator"] = numerator
    action["denominator"] = denominator


@kernel
def advance(v: Any, books: Any, rows: Any, base: int, available: int, horizon_ns: int, final: bool) -> int:
    """Processes all that happens until an answer could not arrive by `horizon_ns`, or one has.

    rows[0:available] are ROW records sorted by exchange time, opens last at one time, with
    the absolute numbers base, base + 1, ...; books: depth as the venue knows it, for rows of
    ticks; `final` says that no more will ever come.
    Answers DONE, or NEEDS_ROWS if a row beyond those given may belong before the horizon;
    call again with more rows then: what has been done is kept.
    """
    place = v["cursor"] - base
    assert 0 <= place <= available
    while True:
        # Whoever gets an answer before the horizon may act on it, so nothing beyond it happens yet.
        last_ts = min(horizon_ns, next_report_ts(v)) - v["response_ns_min"]
        ts, rank = _next_other(v)
        told = v["report_count"]
        while place < available and v["report_count"] == told:
            row = rows[place]
            row_ts = row["ts_exchange"]
            row_rank = RANK_OPEN if row["kind"] == BAR_OPEN else RANK_ROW
            if row_ts > ts or (row_ts == ts and row_rank >= rank):
                break
            if row_ts > last_ts:
                return DONE
            _move(v, row_ts, row_rank)
            place += 1
            v["cursor"] += 1
            if BAR_OPEN <= row["kind"] <= BAR_TRADES:
                take_row(v, row)
            else:
                take_tick_row(v, books, row)
        if v["report_count"] != told:
            continue
        if place >= available and not final:
            return NEEDS_ROWS
        if ts > last_ts or ts == NEVER:
            return DONE
        _move(v, ts, rank)
        _process_other(v, books, ts, rank)


@kernel
def _move(v: Any, ts: int, rank: int) -> None:
    """The venue's clock; it never goes back."""
    assert ts > v["now_ns"] or (ts == v["now_ns"] and rank >= v["now_rank"])
    v["now_ns"] = ts
    v["now_rank"] = rank


@kernel
def _next_other(v: Any) -> tuple[int, int]:
    """Time and rank of what happens next apart from market rows."""
    ts, rank = v["next_expiry_ts"], RANK_EXPIRY
    if v["action_count"] > 0:
        action_ts = v["actions"][v["action_head"]]["ts"]
        if action_ts < ts:
            ts, rank = action_ts, RANK_ACTION
    if v["command_count"] > 0:
        queued = v["commands"][v["command_head"]]
        if queued["arrival_ts"] < ts:
            ts, rank = queued["arrival_ts"], queued["rank"]
    return ts, rank


@kernel
def _process_other(v: Any, books: Any, ts: int, rank: int) -> None:
    if rank == RANK_EXPIRY:
        expire_orders(v, ts)
    elif rank == RANK_ACTION:
        action = v["actions"][v["action_head"]]
        v["action_head"] = (v["action_head"] + 1) % ACTIONS_KEPT
        v["action_count"] -= 1
        _act(v, action)
    else:
        queued = v["commands"][v["command_head"]]
        v["command_head"] = (v["command_head"] + 1) % COMMANDS_KEPT
        v["command_count"] -= 1
        receive(v, books, queued["command"], ts)


@kernel
def _act(v: Any, action: Any) -> None:
    instrument = v["instruments"][action["instrument"]]
    more, fewer = action["numerator"], action["denominator"]
    remove_orders_of(v, action["instrument"], action["ts"])
    instrument["action_ts"] = action["ts"]
    instrument["last_ticks"] = instrument["last_ticks"] * fewer // more
    instrument["sigma_close"] = instrument["sigma_close"] * fewer / more
    instrument["volume_average"] = instrument["volume_average"] * more / fewer
    if instrument["previous_volume_lots"] >= 0:
        instrument["previous_volume_lots"] = instrument["previous_volume_lots"] * more // fewer
