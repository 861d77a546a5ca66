"""What is printed: aligned, in currency and UTC, the same in a pipe."""

from pathlib import Path

import polars as pl
import pytest

import seawall
from seawall.model.errors import PolicyError
from seawall.research.listing import (
    render_catalog,
    render_failure,
    render_frame,
    render_replay,
    render_run,
    render_summary,
    render_verified,
    summary_of,
)
from seawall.runtime.replay import Replayed
from seawall.runtime.run import Run
from seawall.store.run_folder import RunFolder
from seawall.store.sample import open_catalog

pytestmark = pytest.mark.timeout(600)  # the first run of a build compiles
DESK = Path(seawall.__file__).parent / "desks" / "us-momentum.toml"
FAILING = """
from seawall.model.intents import Target
from seawall.strategies.wakes import OnBarClose

class Failing:
    wakes = (OnBarClose(),)
    features = ()
    def __init__(self):
        self.count = 0
    def decide(self, view):
        self.count += 1
        if self.count == 5:
            return [Target("IBM", weight=0.2, reason="try")]
        if self.count > 50:
            raise ValueError("no more")
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The demo's desk over three years."""
    folder = tmp_path_factory.mktemp("listing") / "run"
    return seawall.backtest(DESK, folder, overrides=("data.start=2002-06-01", "data.end=2005-06-01"))


def test_a_frame_is_aligned_text() -> None:
    """Numbers to the right, words and times to the left, money in currency, nothing as a dash."""
    frame = pl.DataFrame(
        {
            "ts_ns": [0, 1_500_000_000],
            "name": ["a", "long name"],
            "fee_minor": [-123456, 5],
            "reason": ["none", "x"],
            "stop": [float("nan"), 2.5],
        }
    )
    assert render_frame(frame, "rows", 2).splitlines() == [
        "time                      name             fee  reason  stop",
        "1970-01-01T00:00:00Z      a          -1,234.56  -          -",
        "1970-01-01T00:00:01.500Z  long name       0.05  x        2.5",
    ]
    assert render_frame(frame.head(0), "rows") == "no rows"


def test_a_long_frame_is_cut_and_says_so() -> None:
    """Two hundred rows and a count of the rest."""
    lines = render_frame(pl.DataFrame({"n": range(250)}), "rows").splitlines()
    assert len(lines) == 202
    assert lines[-1] == "... and 50 more rows; --json prints all"


@pytest.mark.parametrize("name", ["orders", "fills", "trades", "positions"])
def test_the_tables_of_a_run_fit_a_terminal(run: Run, name: str) -> None:
    """The columns that matter, each row as wide as the header at most, no minor units."""
    lines = render_frame(getattr(run, name), name, 2).splitlines()
    assert len(lines) == 1 + getattr(run, name).height
    assert max(map(len, lines)) < 190
    assert "minor" not in lines[0]


def test_the_summary_has_the_figures_of_the_tables(run: Run) -> None:
    """Counts, money and refusals by reason agree with the run."""
    figures, text = summary_of(run), render_summary(run)
    assert (figures["orders"], figures["fills"]) == (run.orders.height, run.fills.height)
    assert figures["end_equity"] == run.equity["equity_minor"][-1] / 100
    assert sum(figures["refused_by"].values()) == figures["refusals"]
    assert f"{figures['end_equity']:,.2f} USD" in text
    assert "sharpe" in text
    assert all(reason in text for reason in figures["refused_by"])


def test_breakers_are_told_in_one_line_each(run: Run) -> None:
    """How often, when first and last, and whether it is still in force."""
    lines = [line for line in render_summary(run).splitlines() if line.startswith("  breakers")]
    reasons = {breaker["reason"] for breaker in run.breakers}
    assert reasons
    assert len(lines) == len(reasons)
    assert all("released since" in line or "IN FORCE at the end" in line for line in lines)


def test_the_last_line_of_a_run_is_its_result(run: Run) -> None:
    """And the line says how many chunks it took before it."""
    lines = render_run(run, Path("x")).splitlines()
    assert lines[-3:] == ["chunks 1", "folder x", f"result {run.result}"]


def test_a_replay_and_a_verification_are_told_shortly(run: Run) -> None:
    """Both digests, and what was counted."""
    assert render_replay(Replayed("a", "a", 1200, ("other code",))).splitlines() == [
        "note: other code", "replayed 1,200 records, all equal", "recorded a", "replayed a",
    ]  # fmt: skip
    assert run.folder
    assert render_verified(RunFolder(run.folder)).endswith(f"records; result {run.result}")


def test_a_failure_says_what_the_desk_held(tmp_path: Path) -> None:
    """Cash and positions at that moment, and where the records are."""
    (tmp_path / "failing.py").write_text(FAILING)
    text = DESK.read_text().replace('name = "momentum"', 'path = "failing.py"')
    (tmp_path / "desk.toml").write_text(text)
    with pytest.raises(PolicyError) as caught:
        seawall.backtest(tmp_path / "desk.toml", tmp_path / "run")
    told = render_failure(tmp_path / "run", str(caught.value))
    run = seawall.open_run(tmp_path / "run")
    assert f"IBM {run.fills['position_lots'][-1]:>25,} lots" in told
    assert f"cash {run.equity['cash_minor'][-1] / 100:>24,.2f} USD" in told
    assert render_failure(tmp_path / "run", "another error") == ""
    assert render_failure(tmp_path, "no run here") == ""
    assert "the run failed: " in render_verified(RunFolder(tmp_path / "run"))


def test_a_catalog_is_told_in_times() -> None:
    """First and last as times, the interval as a duration."""
    lines = render_catalog(open_catalog("sample:us-stocks").describe()).splitlines()
    assert lines[1].split() == ["AAPL", "bars", "3270", "2000-03-01T14:30:00Z", "2013-03-01T21:00:00Z", "1d"]
