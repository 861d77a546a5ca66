"""Every report of a run equals that of one merge by time that is given all commands in advance."""

from typing import Any

import numpy as np
import pytest

from seawall.kernels.state import REPORT
from seawall.model.corporate import Split
from seawall.model.kinds import EventKind
from seawall.model.sessions import SessionTable
from seawall.simulator.reference import merge

SETTINGS = {
    "the desk's own": (),
    "no latency": ('venue.latency_order="0"', 'venue.latency_response="0"'),
    "constant": ('venue.latency_order="5ms"', 'venue.latency_response="5ms"'),
    "answers later than the next bars": ('venue.latency_order="75s"', 'venue.latency_response="90s"'),
    "answers from a nanosecond to minutes": (
        'venue.latency_order={p50="1ms", p99="100s"}',
        'venue.latency_response={p50="1ms", p99="100s"}',
    ),
}
SHARED = ("ts_exchange", "ts_local", "order_id", "kind", "reason", "instrument")
OF_FILLS = (
    "price_fine",
    "base_fine",
    "fee_minor",
    "spread_minor",
    "impact_minor",
    "execution_id",
    "liquidity",
)


@pytest.mark.parametrize(
    ("which", "setting"),
    [
        *(("busy", setting) for setting in SETTINGS),
        *(("sample", setting) for setting in ("the desk's own", "no latency")),
        ("contracts", "the desk's own"),
    ],
)
def test_reports_equal_the_offline_merge(world: Any, which: str, setting: str) -> None:
    """The events that the desk recorded are the reports of the merge, field by field."""
    overrides = SETTINGS[setting]
    expected = offline(world, which, overrides)
    events = world.run(which, *overrides).lanes["events"]
    answers = np.isin(events["kind"], [kind for kind in EventKind if 10 <= kind <= 19])
    recorded = events[answers]
    print(which, setting, len(expected), "reports", int((recorded["kind"] == EventKind.FILL).sum()), "fills")
    assert len(recorded) == len(expected) > 20
    for event, report in zip(recorded, expected, strict=True):
        for field in SHARED:
            assert event[field] == report[field], (field, report)
        if report["kind"] == EventKind.FILL:
            assert event["lots"] == report["last_lots"]
            assert event["cumulative_lots"] == report["cumulative_lots"]
            for field in OF_FILLS:
                assert event[field] == report[field], (field, report)


def test_reports_that_apply_took_equal_the_offline_merge(world: Any) -> None:
    """The reports that Engine.apply was fed are those of the merge, with every field."""
    expected = offline(world, "busy", ())
    taken = np.concatenate(world.step("busy").reports)
    assert len(taken) == len(expected)
    for report, other in zip(taken, expected, strict=True):
        assert {name: int(report[name]) for name in REPORT.names or ()} == other


def offline(world: Any, which: str, overrides: tuple[str, ...]) -> list[dict[str, int]]:
    """The reports of the merge on the rows, commands and splits of a run."""
    stepped, built = world.step(which, *overrides), world.assembled(which, *overrides)
    s, market = built.state[0], built.market
    count = int(s["session_count"][0])
    name = market.instruments[0].sessions
    table = SessionTable(name, s["session_open"][0][:count], s["session_close"][0][:count], 2**62)
    numbers = {instrument.name: place for place, instrument in enumerate(market.instruments)}
    actions = [
        (numbers[a.instrument], a.numerator, a.denominator, a.ts_local)
        for a in market.actions
        if isinstance(a, Split)
    ]
    settings = type(built.desk.venue)(**{**settings_of(built), "seed": built.desk.desk.seed})
    assumed = [built.desk.data.assumed_volume_lots] * len(numbers)
    return merge(market.rows, stepped.commands, settings, market.instruments, {name: table}, assumed, actions)


def settings_of(built: Any) -> dict[str, Any]:
    """The venue's settings by name."""
    return {name: getattr(built.desk.venue, name) for name in built.desk.venue.__struct_fields__}
