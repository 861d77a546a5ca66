"""The way back: numbered, in line, and bounded."""

from typing import Any

import pytest

from seawall.simulator.reports import new_report, next_report_ts, take_report
from seawall.simulator.state import NEVER, REPORTS_KEPT


def test_in_line_and_numbered(bench: Any) -> None:
    """Reports come out in the order of their making, each once."""
    v = bench.venue(latency_response="5ns")[0]
    assert next_report_ts(v) == NEVER
    for ts in (10, 12, 12):
        new_report(v, ts, 7, 0, 10, 0)
    assert next_report_ts(v) == 15
    taken = [take_report(v) for _ in range(3)]
    assert [(int(each["venue_sequence"]), int(each["ts_local"])) for each in taken] == [
        (1, 15),
        (2, 17),
        (3, 17),
    ]
    assert next_report_ts(v) == NEVER


def test_a_report_is_clean(bench: Any) -> None:
    """A slot that was used before shows nothing of its earlier report."""
    v = bench.venue()[0]
    for number in range(REPORTS_KEPT + 1):
        report = new_report(v, number, number + 1, 0, 12, 3)
        for name in ("last_lots", "price_fine", "fee_minor", "execution_id", "liquidity"):
            assert report[name] == 0
            v["reports"][number % REPORTS_KEPT][name] = 9
        take_report(v)


def test_the_ring_is_bounded(bench: Any) -> None:
    """One report in flight more than the ring holds is our own bug, said by an assertion."""
    v = bench.venue()[0]
    for number in range(REPORTS_KEPT):
        new_report(v, number, 1, 0, 10, 0)
    with pytest.raises(AssertionError):
        new_report(v, REPORTS_KEPT, 1, 0, 10, 0)


def test_nothing_to_take(bench: Any) -> None:
    """Taking from an empty ring is our own bug as well."""
    with pytest.raises(AssertionError):
        take_report(bench.venue()[0])
