"""The demo: the whole path on the shipped sample, and what a newcomer reads."""

from contextlib import nullcontext
from pathlib import Path

import pytest

import seawall
from seawall.research.demo import DEMO_DESK, run_demo

pytestmark = pytest.mark.timeout(600)  # the first run of a build compiles


def test_the_demo_explains_replays_and_reports(tmp_path: Path) -> None:
    """Summary, refusals by several rules, one filled order to its PnL, equal digests, a report."""
    printed: list[str] = []
    run_demo(tmp_path / "out", printed.append, nullcontext)
    text = "\n".join(printed)
    run = seawall.open_run(tmp_path / "out" / "us-momentum")
    assert text.splitlines()[-1] == f"result {run.result}"
    assert (run.orders.height > 100, run.fills.height > 100) == (True, True)
    counts = dict(run.refusals.select("reason", "count").iter_rows())
    assert len(counts) >= 3, counts
    assert 24 <= sum(counts.values()) < run.orders.height, counts
    assert all(f"{count:7,d}  {reason}" in text for reason, count in counts.items())
    assert "REFUSED: " in text
    assert "binds among kelly" in text
    assert "USD net: " in text
    assert f"recorded {run.result}\nreplayed {run.result}" in text
    assert (tmp_path / "out" / "us-momentum-report.html").stat().st_size < 300_000
    assert seawall.verify(tmp_path / "out" / "us-momentum") == []


def test_the_demos_desk_is_the_one_in_the_checkout() -> None:
    """desks/ at the root of the repository shows the same file."""
    root = Path(__file__).resolve().parents[2] / "desks" / "us-momentum.toml"
    assert root.read_bytes() == DEMO_DESK.read_bytes()
