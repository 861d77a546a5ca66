"""Reports on their way back: numbered at the venue, delivered in the order of their making.

Rule 1: a report is made once, complete, and never changed.
Rule 2: one line back, first in first out: a report never overtakes an earlier one, and
        arrives at least a nanosecond after what it tells.
Rule 3: the ring holds REPORTS_KEPT reports in flight; more than that is an assertion.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.simulator.draws import response_latency_ns
from seawall.simulator.state import NEVER, REPORTS_KEPT

__all__ = ["new_report", "next_report_ts", "take_report"]


@kernel
def new_report(v: Any, ts: int, order_id: int, instrument: int, kind: int, reason: int) -> Any:
    """A report of something at exchange time `ts`, enqueued; all amounts are 0."""
    assert v["report_count"] < REPORTS_KEPT
    report = v["reports"][(v["report_head"] + v["report_count"]) % REPORTS_KEPT]
    v["report_count"] += 1
    v["venue_sequence"] += 1
    arrival = max(v["last_response_ts"], ts + response_latency_ns(v, order_id, kind, ts))
    v["last_response_ts"] = arrival
    report["ts_exchange"] = ts
    report["ts_local"] = arrival
    report["venue_sequence"] = v["venue_sequence"]
    report["order_id"] = order_id
    report["instrument"] = instrument
    report["kind"] = kind
    report["reason"] = reason
    report["execution_id"] = 0
    report["last_lots"] = 0
    report["cumulative_lots"] = 0
    report["price_fine"] = 0
    report["base_fine"] = 0
    report["fee_minor"] = 0
    report["spread_minor"] = 0
    report["impact_minor"] = 0
    report["liquidity"] = 0
    return report


@kernel
def next_report_ts(v: Any) -> int:
    """The local time at which the oldest undelivered report arrives; 2^62 if there is none."""
    return v["reports"][v["report_head"]]["ts_local"] if v["report_count"] > 0 else NEVER


@kernel
def take_report(v: Any) -> Any:
    """The oldest undelivered report, now delivered; read it before the venue moves again."""
    assert v["report_count"] > 0
    report = v["reports"][v["report_head"]]
    v["report_head"] = (v["report_head"] + 1) % REPORTS_KEPT
    v["report_count"] -= 1
    return report
