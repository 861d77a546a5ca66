"""From a run to its report: the run's own assumptions, a benchmark, and nothing written into it."""

from pathlib import Path

import pytest

import seawall
from seawall.model.errors import RunError
from seawall.research.run_tables import report_of, tables_of
from seawall.runtime.run import Run

pytestmark = pytest.mark.timeout(600)  # the first run of a build compiles
DESK = Path(seawall.__file__).parent / "desks" / "us-momentum.toml"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The demo's desk over two years with MSFT's split in them, compared with MSFT."""
    folder = tmp_path_factory.mktemp("tables") / "run"
    overrides = ("data.start=2002-06-01", "data.end=2004-06-01", "desk.benchmark=MSFT", "venue.spread_bps=3")
    return seawall.backtest(DESK, folder, overrides=overrides)


def test_the_assumptions_are_those_of_the_run(run: Run) -> None:
    """What the desk file said, not what a default says today."""
    words = tables_of(run).assumptions
    assert "1.5 bps" in words["Spread"]
    assert "order notional max 520000" in words["Limits"]
    assert words["Account"] == "cash, 1,000,000 USD"
    assert words["Volume"] == "as in the data"


def test_the_benchmark_is_adjusted_and_covers_the_run(run: Run) -> None:
    """The split of 2003-02-18 is no loss of a half, and its days are those of the run."""
    benchmark = tables_of(run).benchmark
    assert benchmark is not None
    returns = (benchmark["value"].diff() / benchmark["value"].shift(1)).drop_nulls()
    assert returns.min() > -0.2
    assert benchmark["ts_ns"][0] >= run.equity["ts_ns"][0]
    assert benchmark["ts_ns"][-1] <= run.equity["ts_ns"][-1]


def test_a_report_stands_beside_its_run(run: Run, tmp_path: Path) -> None:
    """Or where it is told to; never inside, and never on a folder."""
    assert run.folder
    beside = report_of(run)
    assert beside == run.folder.resolve().with_name("run-report.html")
    assert report_of(run, tmp_path / "mine.html").read_bytes() == beside.read_bytes()
    assert beside.stat().st_size < 300_000
    with pytest.raises(RunError, match="is inside the run"):
        report_of(run, run.folder / "report.html")
    with pytest.raises(RunError, match="is a folder"):
        report_of(run, tmp_path)
    with pytest.raises(RunError, match="in memory only"):
        report_of(Run(run.records))


def test_a_report_can_be_made_without_the_catalog(run: Run) -> None:
    """There is no benchmark then, and everything else is there."""
    manifest = {**run.manifest, "config": {**run.manifest["config"]}}
    manifest["config"]["data"] = {**run.manifest["config"]["data"], "catalog": "gone"}
    bare = tables_of(Run(type(run.records)(manifest, run.records.lanes)))
    assert bare.benchmark is None
    assert bare.fills.height == run.fills.height
