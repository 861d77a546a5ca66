"""Every report of a run on ticks equals that of one merge by time that is given all commands in advance."""

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tick_desk import CommandTap, TickWorld
from tick_stepper import TickStepper

from seawall.kernels.state import REPORT
from seawall.model.kinds import EventKind, Liquidity, ReportKind
from seawall.model.reasons import Reason
from seawall.model.sessions import SessionTable
from seawall.runtime.desk import AssembledDesk
from seawall.runtime.window import PIECE_ROWS
from seawall.simulator.reference_ticks import merge_ticks

DEPTH, QUOTES, TRADES, TOUCH = ("trades", "levels"), ("trades", "quotes"), ("trades",), ("quotes",)
AT_ONCE = ('venue.latency_order="0"', 'venue.latency_response="0"')
FAST = ('venue.latency_order="1ms"', 'venue.latency_response="1ms"')
LATE = ('venue.latency_order="50ms"', 'venue.latency_response="90s"')
KIND = ('venue.impact="none"', "venue.adversarial=false")
ASSUMED = 'data.volume="assume 400"'
RUNS: dict[str, tuple[Any, ...]] = {  # market, streams, settings; the desk's own are log-normal latencies
    "depth": ("faulty", DEPTH),
    "depth, no latency": ("faulty", DEPTH, *AT_ONCE),
    "depth, answers overtake a feed of 50 to 500 ms": ("slow", DEPTH, *FAST),
    "depth, a feed of 300 ms": ("faulty", DEPTH, *FAST, 'venue.latency_feed="300ms"'),
    "quotes, a feed drawn anew": ("slow", QUOTES, *FAST, 'venue.latency_feed={p50="30ms", p99="400ms"}'),
    "depth, answers later than everything": ("plain", DEPTH, *LATE),
    "depth, no impact, a touch fills": ("faulty", DEPTH, *FAST, *KIND),
    "depth, impact of a base": ("slow", DEPTH, 'venue.impact="base"', 'venue.replenish_half_life="20ms"'),
    "all three": ("faulty", ("trades", "quotes", "levels"), *FAST),
    "quotes": ("faulty", QUOTES, *FAST),
    "quotes, no impact, a touch fills": ("slow", QUOTES, *KIND),
    "trades alone": ("plain", TRADES, *FAST),
    "trades alone, no impact, a touch fills": ("slow", TRADES, *KIND),
    "quotes alone": ("faulty", TOUCH, 'venue.impact="none"'),
    "quotes alone, a volume assumed": ("slow", TOUCH, *FAST, ASSUMED),
    "quotes alone, no volume": ("plain", TOUCH, *FAST),
}
SHARED = ("ts_exchange", "ts_local", "order_id", "kind", "reason", "instrument")
OF_FILLS = (
    *("price_fine", "base_fine", "fee_minor", "spread_minor", "impact_minor"),
    *("execution_id", "liquidity", "cumulative_lots"),
)


class Compared:
    """The runs, each made and compared once."""

    def __init__(self, folder: Path) -> None:
        self.world = TickWorld(folder, 800)
        self.made: dict[str, list[dict[str, int]]] = {}

    def reports(self, name: str) -> list[dict[str, int]]:
        """The reports of a run, after they were compared with the merge."""
        if name not in self.made:
            self.made[name] = compare(self.world, name)
        return self.made[name]


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """The runs, once for all tests."""
    return Compared(tmp_path_factory.mktemp("ticks"))


def compare(ticks: TickWorld, name: str) -> list[dict[str, int]]:
    """Runs a desk by the fused loop; each event that the desk recorded is a report of the merge."""
    backtest = ticks.started(*RUNS[name], chunk_rows=777)
    tap = CommandTap(backtest)
    events = backtest.run().lanes["events"]
    commands = tap.drain()
    sent = np.isin(events["kind"], (EventKind.COMMAND_NEW, EventKind.COMMAND_CANCEL))
    assert [int(c["order_id"]) for c in commands] == events[sent]["order_id"].tolist()
    expected = offline(backtest.built, RUNS[name][1], commands)
    recorded = events[np.isin(events["kind"], [kind for kind in EventKind if 10 <= kind <= 19])]
    print(name, len(commands), "commands", len(expected), "reports")
    assert len(recorded) == len(expected) > 20
    for event, report in zip(recorded, expected, strict=True):
        fields = SHARED + (OF_FILLS if report["kind"] == ReportKind.FILL else ())
        assert {field: event[field] for field in fields} == {field: report[field] for field in fields}
        assert report["kind"] != ReportKind.FILL or event["lots"] == report["last_lots"]
    return expected


def offline(built: AssembledDesk, streams: tuple[str, ...], commands: list[Any]) -> list[dict[str, int]]:
    """The reports of the merge on the rows and commands of a run."""
    s, market = built.state[0], built.market
    count = int(s["session_count"][0])
    name = market.instruments[0].sessions
    table = SessionTable(name, s["session_open"][0][:count], s["session_close"][0][:count], 2**62)
    rows = np.concatenate(list(market.source.pieces(PIECE_ROWS)))
    settings = msgspec.structs.replace(built.desk.venue, seed=built.desk.desk.seed)
    assumed = [built.desk.data.assumed_volume_lots] * len(market.instruments)
    return merge_ticks(rows, commands, settings, market.instruments, {name: table}, streams, assumed)


@pytest.mark.parametrize("name", RUNS)
def test_reports_equal_the_offline_merge(compared: Compared, name: str) -> None:
    """The events that the desk recorded are the reports of the merge, field by field."""
    reports = compared.reports(name)
    fills = [report for report in reports if report["kind"] == ReportKind.FILL]
    if name == "quotes alone, no volume":
        assert not fills
        assert Reason.VENUE_NO_LIQUIDITY in {report["reason"] for report in reports}
    else:
        assert {report["liquidity"] for report in fills} == {Liquidity.TAKER, Liquidity.MAKER}


def test_the_runs_are_worth_it(compared: Compared) -> None:
    """Together the runs have every kind of report and every reason that such a desk can meet."""
    reports = [report for name in RUNS for report in compared.reports(name)]
    kinds = Counter(ReportKind(report["kind"]).name for report in reports)
    reasons = Counter(Reason(report["reason"]).name for report in reports)
    print(kinds, reasons)
    assert {"ACCEPTED", "REJECTED", "FILL", "CANCELLED", "CANCEL_REJECTED", "EXPIRED"} == set(kinds)
    assert {
        *("NONE", "VENUE_RANDOM", "VENUE_NO_LIQUIDITY", "VENUE_TIME_IN_FORCE", "VENUE_UNKNOWN_ORDER"),
        *("VENUE_TOO_LATE", "VENUE_POST_ONLY", "VENUE_REDUCE_ONLY"),
    } == set(reasons)
    assert kinds["FILL"] > 1000


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> TickWorld:
    """Markets for the slow runner."""
    return TickWorld(tmp_path_factory.mktemp("short"), 200)


@pytest.mark.parametrize("name", ["depth, no latency", "quotes"])
def test_reports_that_apply_took_equal_the_offline_merge(short: TickWorld, name: str) -> None:
    """The reports that Engine.apply was fed, one event at a time, equal the merge's in every field."""
    built = short.assembled(*RUNS[name])
    stepped = TickStepper(built).run()
    expected = offline(built, RUNS[name][1], stepped.commands)
    taken = np.concatenate(stepped.reports)
    assert len(taken) == len(expected) > 20
    for report, other in zip(taken, expected, strict=True):
        assert {field: int(report[field]) for field in REPORT.names or ()} == other
