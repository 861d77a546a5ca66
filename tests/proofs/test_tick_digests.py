"""One desk on ticks has one result: whatever the chunks, the process, a stop, a kill, the way of reading."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tick_desk import TickWorld

from seawall.config import parse_desk
from seawall.runtime.backtest import Backtest, Finished, resume, start
from seawall.runtime.replay import replay

DEPTH = ("trades", "levels")
ALONE = """
import sys
from pathlib import Path
from seawall.runtime.run import backtest
print(backtest(Path(sys.argv[1]) / "desk.toml", chunk_rows=int(sys.argv[2])).result)
"""
STEADY = """
from decimal import Decimal

from seawall.model.intents import Order, Target
from seawall.model.orders import OrderType, Side, TimeInForce
from seawall.strategies.wakes import OnTrade


class Steady:
    '''Decides for each instrument on what happened to it alone.'''

    features = ()
    wakes = (OnTrade(),)

    def decide(self, view):
        for name in ("ONE", "TWO"):
            count = view.trade_count(name)
            if name not in view.traded or count % 3:
                continue
            price, values = view.last_trade(name), {"count": count, "price": view.last_trade(name)}
            if count % 2:
                yield Target(name, lots=count % 31 - 15, reason="a trade", values=values)
            else:
                yield Order(name, side=Side.BUY if count % 4 else Side.SELL, lots=5, reason="a limit",
                            order_type=OrderType.LIMIT, limit=Decimal(str(round(price, 1))),
                            time_in_force=TimeInForce.IOC, values=values)
"""


@pytest.fixture(scope="module")
def ticks(tmp_path_factory: pytest.TempPathFactory) -> TickWorld:
    """The made-up markets, and the desk file for other processes."""
    world = TickWorld(tmp_path_factory.mktemp("ticks"), 700)
    (world.folder / "desk.toml").write_text(world.text("faulty", DEPTH))
    return world


@pytest.fixture(scope="module")
def whole(ticks: TickWorld) -> Finished:
    """The run that all others are compared with."""
    return ticks.started("faulty", DEPTH).run()


def into(ticks: TickWorld, folder: Path, **options: Any) -> Backtest:
    """A run of the same desk in a folder."""
    text = ticks.text("faulty", DEPTH)
    return start(parse_desk(text), text, ticks.folder, folder, **options)


def files(folder: Path) -> dict[str, bytes]:
    """The bytes of all files of a run."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("chunk_rows", [1, 7, 1000, 10**9])
def test_chunks_change_nothing(ticks: TickWorld, whole: Finished, chunk_rows: int) -> None:
    """Rows come one by one, by seven, by a thousand or all at once: the same records."""
    cut = ticks.started("faulty", DEPTH, chunk_rows=chunk_rows).run()
    assert cut.chunks == -(-whole.rows // chunk_rows)
    assert cut.result == whole.result
    for lane, records in whole.lanes.items():
        assert records.tobytes() == cut.lanes[lane].tobytes(), lane
    assert len(whole.lanes["decisions"]) > 300


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_processes_change_nothing(ticks: TickWorld, whole: Finished, hash_seed: str) -> None:
    """Another process with another hash seed and other chunks comes to the same result."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(ticks.folder), "331"], capture_output=True, text=True,
        env={**os.environ, "PYTHONHASHSEED": hash_seed}, check=False, timeout=110,
    )  # fmt: skip
    assert done.stdout.strip() == whole.result, done.stderr


@pytest.mark.parametrize("stops", [[1], [333], [40, 41, 1500]])
def test_stops_change_nothing(ticks: TickWorld, whole: Finished, tmp_path: Path, stops: list[int]) -> None:
    """A run that is stopped, also inside a packet, and resumed leaves the files of one that is not."""
    into(ticks, tmp_path / "whole").run()
    backtest = into(ticks, tmp_path / "cut", chunk_rows=97)
    for stop in stops:
        assert not backtest.run(stop).complete
        backtest = resume(tmp_path / "cut", chunk_rows=211)
    assert backtest.run().result == whole.result
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


@pytest.mark.parametrize("market", ["faulty", "slow"])
def test_mapped_rows_change_nothing(ticks: TickWorld, tmp_path: Path, market: str) -> None:
    """Rows from a mapped file, made by the first run and found by the second, give the same result."""
    text = ticks.text(market, DEPTH)
    plain = ticks.started(market, DEPTH).run()
    for chunk_rows in (50, 10**9):
        mapped = start(parse_desk(text), text, ticks.folder, None, chunk_rows, maps_rows=True)
        assert mapped.window.whole is not None
        assert mapped.run().result == plain.result


def test_a_run_is_replayed(ticks: TickWorld, whole: Finished, tmp_path: Path) -> None:
    """All records come out of the inputs again."""
    into(ticks, tmp_path / "run").run()
    assert replay(tmp_path / "run", chunk_rows=401).replayed == whole.result


@pytest.mark.parametrize("streams", [DEPTH, ("trades", "quotes"), ("trades",)])
def test_an_untraded_instrument_changes_no_decision(ticks: TickWorld, streams: tuple[str, ...]) -> None:
    """Without a third market beside them, the decisions on the two that are traded are the same."""
    text = ticks.text("faulty", streams)
    text = re.sub('path = ".*"', 'path = "steady.py"', text)
    (ticks.folder / "steady.py").write_text(STEADY)
    alone = start(parse_desk(text), text, ticks.folder, None).run().lanes["decisions"]
    ticks.add("faulty", "SPARE", seed=9)
    three = text.replace('["ONE", "TWO"]', '["ONE", "TWO", "SPARE"]')
    decisions = start(parse_desk(three), three, ticks.folder, None).run().lanes["decisions"]
    same = [
        *("kind", "reason", "instrument", "side", "order_id", "wanted_lots", "lots", "limit_ticks"),
        *("stop_ticks", "reference_ticks", "position_lots", "cash_minor", "equity_minor", "values"),
    ]
    own = decisions[decisions["instrument"] < 2]
    assert len(own) == len(alone) > 50
    assert len(set(own["reason"].tolist())) > 1
    for field in same:
        assert (own[field] == alone[field]).all(), field
