"""Nothing is known before it can be: altered futures, first opens, arrivals, limits, answers."""

import random
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from seawall.kernels.rows import BAR_CLOSE, BAR_HIGH, BAR_LOW, BAR_OPEN
from seawall.kernels.state import FINE_PER_TICK
from seawall.model.kinds import EventKind
from seawall.model.orders import OrderType

DESKS = ["sample", "busy"]
LATENCIES = {
    "none": ('venue.latency_order="0"', 'venue.latency_response="0"'),
    "constant": ('venue.latency_order="70ms"', 'venue.latency_response="30ms"'),
    "longer than a bar": ('venue.latency_order="75s"', 'venue.latency_response="90s"'),
    "log-normal": (),
}


@pytest.mark.parametrize(
    ("which", "end"),
    [("sample", day) for day in ("2004-11-03", "2005-02-28", "2005-03-01", "2005-06-04")]
    + [("busy", minute) for minute in ("2023-11-14T23:10", "2023-11-15T01:00", "2023-11-15T09:13")],
)
def test_a_shorter_history_is_a_prefix(world: Any, which: str, end: str) -> None:
    """Without the data after t there are the same records of every kind up to t."""
    full, short = world.run(which), world.run(which, f'data.end="{end}"')
    cut = world.started(which, f'data.end="{end}"').rows["ts_local"][-1]
    assert short.rows < full.rows
    for lane, records in full.lanes.items():
        told = short.lanes[lane][short.lanes[lane]["ts_local"] <= cut]
        if lane == "equity" and told[-1]["sequence"] == short.manifest["records"]:
            told = told[:-1]  # the end of a run has a point of its own
        assert records[: len(told)].tobytes() == told.tobytes(), lane
        assert len(told) >= np.count_nonzero(records["ts_local"] < cut), lane


@pytest.mark.parametrize("which", DESKS)
def test_another_future_changes_no_past(world: Any, which: str) -> None:
    """Prices and volumes changed from any row on change no record that had not seen that row."""
    seed = 5
    print("seed", seed)
    chance = random.Random(seed)
    full = world.run(which)
    packets = np.flatnonzero(np.isin(world.started(which).rows["kind"], (BAR_OPEN, BAR_HIGH)))
    compared = 0
    for place in sorted(chance.sample(packets.tolist(), 8)):
        altered = world.started(which)
        altered.rows["price_ticks"][place:] = altered.rows["price_ticks"][place:] * 51 // 50 + 1
        altered.rows["size_lots"][place:] += 1
        other = altered.run()
        before = full.lanes["decisions"]["rows_seen"] <= place
        told = full.lanes["decisions"][before]
        assert told.tobytes() == other.lanes["decisions"][: len(told)].tobytes(), place
        compared += len(told)
        for lane, records in full.lanes.items():
            earlier = records[records["ts_local"] < altered.rows["ts_local"][place]]
            assert earlier.tobytes() == other.lanes[lane][: len(earlier)].tobytes(), (lane, place)
        assert other.result != full.result
    print(which, compared, "decisions compared")
    assert compared > 50


@pytest.mark.parametrize("latency", LATENCIES)
@pytest.mark.parametrize("which", DESKS)
def test_fills_come_in_time_and_inside_limits(world: Any, which: str, latency: str) -> None:
    """No fill before its arrival, before a bar that opened after it, outside the bar or the limit."""
    run = world.run(which, *LATENCIES[latency])
    bars = bars_of(world.started(which, *LATENCIES[latency]).rows)
    sent, accepted, count = {}, {}, 0
    for event in run.lanes["events"]:
        order = int(event["order_id"])
        if event["kind"] == EventKind.COMMAND_NEW:
            sent[order] = event
        elif event["kind"] == EventKind.ACCEPTED:
            accepted[order] = event
            assert event["ts_exchange"] >= sent[order]["ts_local"]
        elif event["kind"] == EventKind.FILL:
            bar = bars[int(event["instrument"])][int(event["ts_exchange"])]
            check_fill(event, sent[order], accepted[order], bar)
            count += 1
    print(which, latency, count, "fills")
    assert count > (5 if which == "sample" else 100)


def bars_of(rows: np.ndarray) -> dict[int, dict[int, list[dict[int, Any]]]]:
    """By instrument and by time of its open and of its close, the bars as rows by kind."""
    found: dict[int, dict[int, list[dict[int, Any]]]] = defaultdict(lambda: defaultdict(list))
    bars: dict[tuple[int, int], dict[int, Any]] = defaultdict(dict)
    for row in rows:
        bars[int(row["instrument"]), int(row["sequence"])][int(row["kind"])] = row
    for (instrument, _), bar in bars.items():
        for kind in (BAR_OPEN, BAR_CLOSE):
            found[instrument][int(bar[kind]["ts_exchange"])].append(bar)
    return found


def check_fill(fill: Any, sent: Any, accepted: Any, bars: list[dict[int, Any]]) -> None:
    """One fill against its order and the bars that open or close at its time."""
    assert fill["ts_exchange"] >= accepted["ts_exchange"]
    assert fill["ts_local"] > fill["ts_exchange"]
    assert sent["side"] * (sent["limit_ticks"] * FINE_PER_TICK - fill["price_fine"]) >= 0
    assert fill["sequence"] > accepted["sequence"]
    possible = [bar for bar in bars if bar[BAR_OPEN]["ts_exchange"] >= accepted["ts_exchange"]]
    assert possible, "filled by a bar that had begun before the order arrived"
    base = fill["base_fine"] / FINE_PER_TICK
    assert any(bar[BAR_LOW]["price_ticks"] <= base <= bar[BAR_HIGH]["price_ticks"] for bar in possible)
    if sent["order_type"] == OrderType.MARKET:
        assert any(bar[BAR_OPEN]["price_ticks"] == base for bar in possible)


def test_a_close_is_followed_by_the_next_open(world: Any) -> None:
    """A market order that is decided on a daily close fills at the very next open, with no latency too."""
    for latency in ("none", "constant"):
        run = world.run("sample", *LATENCIES[latency])
        rows = world.started("sample").rows
        decided = {int(d["order_id"]): d for d in run.lanes["decisions"] if d["order_id"] > 0}
        fills = run.lanes["events"][run.lanes["events"]["kind"] == EventKind.FILL]
        first = {}
        for fill in fills:
            first.setdefault(int(fill["order_id"]), fill)
        closes = rows["ts_local"][rows["kind"] == BAR_CLOSE]
        for order, fill in first.items():
            assert decided[order]["ts_local"] in closes
            own = rows[(rows["kind"] == BAR_OPEN) & (rows["instrument"] == fill["instrument"])]
            later = own["ts_exchange"][own["ts_exchange"] >= decided[order]["ts_local"]]
            assert fill["ts_exchange"] == later[0]
            assert fill["ts_exchange"] > decided[order]["ts_local"]
        assert len(first) > 5


@pytest.mark.parametrize("latency", ["none", "constant", "longer than a bar"])
def test_answers_take_their_time(world: Any, latency: str) -> None:
    """Every report is used no earlier than its exchange time plus the response latency."""
    response = {"none": 1, "constant": 30_000_000, "longer than a bar": 90 * 10**9}[latency]
    for which in DESKS:
        events = world.run(which, *LATENCIES[latency]).lanes["events"]
        reports = events[
            (events["kind"] >= EventKind.ACCEPTED) & (events["kind"] <= EventKind.REPLACE_REJECTED)
        ]
        assert len(reports) > 20
        assert (reports["ts_local"] - reports["ts_exchange"]).min() >= response


@pytest.mark.parametrize("latency", LATENCIES)
def test_positions_are_what_was_known(world: Any, latency: str) -> None:
    """Each decision saw exactly the fills that had been reported before it."""
    run = world.run("busy", *LATENCIES[latency])
    fills = run.lanes["events"][run.lanes["events"]["kind"] == EventKind.FILL]
    for decision in run.lanes["decisions"]:
        own = fills[
            (fills["instrument"] == decision["instrument"]) & (fills["sequence"] < decision["sequence"])
        ]
        assert (own["side"] * own["lots"]).sum() == decision["position_lots"]
        assert own["ts_local"].max(initial=0) <= decision["ts_local"]
