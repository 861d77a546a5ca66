"""One result for one run, whatever the chunks, the process or the hash seed; another for any change."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seawall.research.comparison import decision_content
from seawall.runtime.run import Run
from seawall.store.run_folder import RunRecords

RESULT = """
import sys
from seawall.runtime.run import backtest
print({"set order": list({"a", "b", "c", "d", "e"})}, file=sys.stderr)
print(*[backtest(path).result for path in sys.argv[1:]])
"""

NAMED = '''
"""Momentum of two named stocks, whatever else the desk can trade."""

from seawall.features.bars import Sma
from seawall.model.intents import Target
from seawall.strategies.wakes import OnBarClose


class Named:
    wakes = (OnBarClose(),)
    features = (Sma(5), Sma(20))

    def decide(self, view):
        for name in ("AAPL", "IBM"):
            if name in view.updated:
                up = view.feature("sma_5", name) > view.feature("sma_20", name)
                yield Target(name, weight=0.2 if up else 0.0, reason="up" if up else "down")
'''


@pytest.mark.parametrize("which", ["sample", "busy"])
def test_chunks(world: Any, which: str) -> None:
    """The result is the same for chunks of 1, 7, 1,000 and 1,000,000 rows, and the run counts them."""
    runs = {rows: world.run(which, chunk_rows=rows) for rows in (1, 7, 1_000, 1_000_000)}
    print(which, {rows: run.chunks for rows, run in runs.items()})
    assert len({run.result for run in runs.values()}) == 1
    for rows, run in runs.items():
        assert run.chunks == -(-run.rows // rows)


def test_processes_and_hash_seeds(world: Any) -> None:
    """Processes with hash seeds 0, 1 and a random one give the results of this process."""
    paths = [str(world.folder / name) for name in ("busy.toml", "sample.toml")]
    expected = [world.run(which).result for which in ("busy", "sample")]
    orders = set()
    for seed in ("0", "1", "random"):
        told = world.python(RESULT, *paths, PYTHONHASHSEED=seed)
        assert told.stdout.split() == expected, told.stderr
        orders.add(told.stderr)
    assert len(orders) > 1  # the seeds did something


def test_a_folder_changes_nothing(world: Any, tmp_path: Path) -> None:
    """A run in memory and one that writes a folder have the same result and the same records."""
    memory, folder = world.run("busy"), world.run("busy", folder=tmp_path / "run")
    assert memory.result == folder.result
    for lane, records in memory.lanes.items():
        assert records.tobytes() == folder.lanes[lane].tobytes()


@pytest.mark.parametrize(
    ("override", "acts"),
    [
        ("venue.taker_bps=0.6", True),
        ("risk.drawdown_max=0.29", False),
        ("risk.order_notional_max=249_999", False),
        ("desk.seed=43", False),
        ("desk.cash=1_000_000.01", True),
    ],
)
def test_any_setting_changes_the_result(world: Any, override: str, acts: bool) -> None:
    """One changed fee, limit or seed is another result, also where it binds nothing."""
    before, after = world.run("sample"), world.run("sample", override)
    assert before.result != after.result
    same = before.lanes["events"].tobytes() == after.lanes["events"].tobytes()
    assert same is not acts


def test_a_seed_decides_the_draws(world: Any) -> None:
    """On a desk with random latency and rejections another seed is another story."""
    before, after = world.run("busy"), world.run("busy", "desk.seed=43")
    assert before.lanes["events"].tobytes() != after.lanes["events"].tobytes()


def test_one_price_changes_the_result(world: Any) -> None:
    """One tick on one close is another result, from the first record after it on."""
    before = world.run("sample")
    changed = world.started("sample")
    place = len(changed.rows) // 2
    changed.rows["price_ticks"][place] += 1
    after = changed.run()
    assert before.result != after.result
    one, two = before.lanes["equity"], after.lanes["equity"]
    differ = np.flatnonzero(one["row_hash"][: len(two)] != two["row_hash"][: len(one)])
    assert one["ts_local"][differ[0]] >= changed.rows["ts_local"][place] > one["ts_local"][differ[0] - 1]


def test_an_instrument_that_nobody_trades(world: Any) -> None:
    """Beside or before the others, an instrument that nobody trades changes none of their decisions."""
    (world.folder / "named.py").write_text(NAMED)
    world.add_desk("named", world.texts["sample"].replace('name = "momentum"', 'path = "named.py"'))
    told = {}
    for names in (["AAPL", "IBM"], ["AAPL", "IBM", "GOOG"], ["GOOG", "MSFT", "AAPL", "IBM"]):
        finished = world.run("named", f"data.instruments={names}")
        run = Run(RunRecords(finished.manifest, finished.lanes))
        told[len(names)] = (finished.result, decision_content(run), run.fills.drop("sequence").rows())
    results, decisions, fills = zip(*told.values(), strict=True)
    print(len(decisions[0]), "decisions", len(fills[0]), "fills")
    assert len(fills[0]) > 20
    assert decisions[0] == decisions[1] == decisions[2]
    assert fills[0] == fills[1] == fills[2]
    assert len(set(results)) == 3


def test_compiled_code_and_plain_python(world: Any) -> None:
    """The same run without compilation has the same result: 100 minutes of two instruments."""
    world.add_minutes(world.folder / "short", {"ONE": 3, "TWO": 4}, 100)
    path = world.add_desk("short", world.texts["busy"].replace('catalog = "catalog"', 'catalog = "short"'))
    code = "import numpy\nnumpy.seterr(over='ignore')  # hashes wrap on purpose\n" + RESULT
    plain = world.python(code, str(path), NUMBA_DISABLE_JIT="1")
    compiled = world.run("short")
    print({lane: len(records) for lane, records in compiled.lanes.items()})
    assert len(compiled.lanes["events"]) > 300
    assert plain.stdout.split() == [compiled.result], plain.stderr
