"""On ticks nothing is known before it arrives: shorter histories, altered futures, single events."""

import random
from typing import Any

import numpy as np
import pytest
from tick_desk import TickWorld
from tick_stepper import TickStepper

from seawall.kernels.rows import FLAG_LAST, GAP, LEVEL, QUOTE_ASK, QUOTE_BID, TRADE
from seawall.kernels.state import FINE_PER_TICK
from seawall.model.kinds import DecisionKind, EventKind
from seawall.runtime.backtest import Backtest
from seawall.runtime.window import PIECE_ROWS, Window
from seawall.store.row_source import MemoryRows

DEPTH, QUOTES, TRADES = ("trades", "levels"), ("trades", "quotes"), ("trades",)
FAST = ('venue.latency_order="1ms"', 'venue.latency_response="1ms"')
RUNS: dict[str, tuple[Any, ...]] = {
    "depth": ("faulty", DEPTH),
    "depth, answers overtake the feed": ("slow", DEPTH, *FAST),
    "quotes, answers overtake the feed": ("slow", QUOTES, *FAST),
    "trades": ("plain", TRADES),
}


@pytest.fixture(scope="module")
def ticks(tmp_path_factory: pytest.TempPathFactory) -> TickWorld:
    """The made-up markets."""
    return TickWorld(tmp_path_factory.mktemp("ticks"), 400)


def all_rows(backtest: Backtest) -> np.ndarray:
    """A copy of all rows of a run."""
    return np.concatenate(list(backtest.built.market.source.pieces(PIECE_ROWS)))


def fed(backtest: Backtest, rows: np.ndarray) -> Backtest:
    """The run on these rows instead."""
    source = MemoryRows(rows)
    backtest.built.market.source, backtest.rows_total = source, len(rows)
    backtest.window = Window(source)
    return backtest


@pytest.mark.parametrize("name", RUNS)
def test_a_shorter_history_is_a_prefix(ticks: TickWorld, name: str) -> None:
    """Without what left the exchange after a moment there are the same records up to that moment."""
    seed = 3
    print("seed", seed)
    full = ticks.started(*RUNS[name]).run()
    rows = all_rows(ticks.started(*RUNS[name]))
    for moment in sorted(random.Random(seed).sample(rows["ts_local"][50:-50].tolist(), 5)):
        short = fed(ticks.started(*RUNS[name]), rows[rows["ts_exchange"] <= moment].copy()).run()
        for lane, records in full.lanes.items():
            earlier = records[records["ts_local"] < moment]
            assert earlier.tobytes() == short.lanes[lane][: len(earlier)].tobytes(), (lane, moment)


@pytest.mark.parametrize("name", RUNS)
def test_another_future_changes_no_past(ticks: TickWorld, name: str) -> None:
    """Prices and sizes changed from any message on change no record that had not seen it.

    What is changed are rows that left the exchange after a moment: the venue sees rows before the desk
    does, and an answer may come from them before they do.
    """
    seed = 5
    print("seed", seed)
    full = ticks.started(*RUNS[name]).run()
    rows = all_rows(ticks.started(*RUNS[name]))
    compared = 0
    for moment in sorted(random.Random(seed).sample(rows["ts_local"][50:-50].tolist(), 6)):
        altered = rows.copy()
        later = (rows["ts_exchange"] > moment) & np.isin(rows["kind"], (TRADE, LEVEL, QUOTE_BID, QUOTE_ASK))
        altered["price_ticks"][later] += 7
        altered["size_lots"][later & (rows["size_lots"] > 0)] += 2
        other = fed(ticks.started(*RUNS[name]), altered).run()
        for lane, records in full.lanes.items():
            earlier = records[records["ts_local"] <= moment]
            assert earlier.tobytes() == other.lanes[lane][: len(earlier)].tobytes(), (lane, moment)
            compared += len(earlier)
        assert other.result != full.result
    print(name, compared, "records compared")
    assert compared > 200


@pytest.mark.parametrize("name", RUNS)
def test_apply_is_the_fused_loop(ticks: TickWorld, name: str) -> None:
    """Engine.apply, one event after the other, leaves the bytes of the fused loop."""
    stepped = TickStepper(ticks.assembled(*RUNS[name])).run()
    fused = ticks.started(*RUNS[name], chunk_rows=313).run()
    lanes: dict[str, bytes] = dict.fromkeys(fused.lanes, b"")
    for lane, records in stepped.engine.pending:
        lanes[lane] += records.tobytes()
    for lane, records in fused.lanes.items():
        assert records.tobytes() == lanes[lane], lane
    assert len(fused.lanes["decisions"]) > 50


@pytest.mark.parametrize("name", RUNS)
def test_fills_keep_limits_and_come_after_their_order(ticks: TickWorld, name: str) -> None:
    """No fill beyond its limit, before its order arrived, or used before its answer arrived."""
    events = ticks.started(*RUNS[name]).run().lanes["events"]
    response = 1_000_000 if FAST[1] in RUNS[name] else 1
    sent: dict[int, Any] = {}
    count = 0
    for event in events:
        order = int(event["order_id"])
        if event["kind"] == EventKind.COMMAND_NEW:
            sent[order] = event
        elif event["kind"] == EventKind.FILL:
            new = sent[order]
            assert event["ts_exchange"] >= new["ts_local"] + (1_000_000 if response > 1 else 0)
            assert event["ts_local"] - event["ts_exchange"] >= response
            assert new["side"] * (new["limit_ticks"] * FINE_PER_TICK - event["price_fine"]) >= 0
            count += 1
    print(name, count, "fills")
    assert count > 20


def test_nothing_is_decided_while_a_book_is_not_whole(ticks: TickWorld) -> None:
    """From a gap until the snapshot after it nothing of the instrument is approved, whoever asks."""
    backtest = ticks.started("faulty", DEPTH)
    rows = all_rows(backtest)
    decisions = backtest.run().lanes["decisions"]
    approved = decisions[decisions["kind"] == DecisionKind.APPROVED]
    blind = 0
    for number in (0, 1):
        own = rows[rows["instrument"] == number]
        healed = own[(own["kind"] == LEVEL) & (own["flags"] & 2 > 0) & (own["flags"] & FLAG_LAST > 0)]
        for gap in own[own["kind"] == GAP]:
            later = healed["ts_local"][healed["ts_local"] > gap["ts_local"]]
            until = later[0] if len(later) else 2**62
            inside = (approved["ts_local"] >= gap["ts_local"]) & (approved["ts_local"] < until)
            assert not (inside & (approved["instrument"] == number)).any()
            blind += 1
    assert blind > 3
    assert len(approved) > 50
