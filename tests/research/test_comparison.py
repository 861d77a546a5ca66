"""Two runs side by side: what differs first is what explains the rest."""

from pathlib import Path

import pytest

import seawall
from seawall.research.comparison import compare_runs, decision_content, render_comparison
from seawall.runtime.run import Run

pytestmark = pytest.mark.timeout(600)  # the first run of a build compiles
DESK = Path(seawall.__file__).parent / "desks" / "us-momentum.toml"
PERIOD = ("data.start=2002-06-01", "data.end=2005-06-01")


@pytest.fixture(scope="module")
def run() -> Run:
    """The demo's desk over three years."""
    return seawall.backtest(DESK, overrides=PERIOD)


def test_the_same_run_is_the_same(run: Run) -> None:
    """No input, no setting and no decision differs."""
    found = compare_runs(run, seawall.backtest(DESK, overrides=PERIOD, chunk_rows=1000))
    assert (found["inputs"], found["settings"], found["first_difference"]) == ({}, {}, None)
    text = render_comparison(found)
    assert "same inputs" in text
    assert text.endswith(f"all {run.decisions.height:,} decisions are the same")


def test_a_changed_limit_is_named_with_the_first_decision_that_it_changed(run: Run) -> None:
    """Both sides of the first difference are shown, and they agree up to there."""
    other = seawall.backtest(DESK, overrides=(*PERIOD, "risk.single_name_max=0.2", "risk.instruments={}"))
    found = compare_runs(run, other)
    assert set(found["settings"]) == {"risk.single_name_max", "risk.instruments.GOOG.single_name_max"} | {
        key for key in found["settings"] if key.startswith("risk.instruments")
    }
    assert {"config_hash", "limits_hash", "result"} <= set(found["inputs"])
    place = found["first_difference"]["place"]
    assert decision_content(run)[:place] == decision_content(other)[:place]
    assert decision_content(run)[place] != decision_content(other)[place]
    text = render_comparison(found)
    assert f"decisions differ first at number {place + 1}" in text
    assert text.count("  decision  #") == 2


def test_a_run_that_ends_earlier_has_no_more_decisions(run: Run) -> None:
    """One run is the beginning of the other; the difference is that it ends."""
    shorter = seawall.backtest(DESK, overrides=(PERIOD[0], "data.end=2004-06-01"))
    found = compare_runs(shorter, run)
    assert found["first_difference"]["place"] == shorter.decisions.height
    assert found["first_difference"]["decisions"][0] is None
    assert "no more decisions" in render_comparison(found)


def test_an_instrument_that_nobody_trades_changes_no_decision() -> None:
    """Its bars are in the data and its rows are counted, but every other decision stands."""
    two = ('data.instruments=["AAPL", "MSFT"]', "risk.instruments={}")
    few = seawall.backtest(DESK, overrides=(*PERIOD, *two))
    more = seawall.backtest(
        DESK,
        overrides=(
            *PERIOD, 'data.instruments=["AAPL", "MSFT", "IBM"]',
            "risk.instruments={}", "risk.instruments.IBM.order_notional_max=0",
        ),
    )  # fmt: skip
    own = [row for row in decision_content(more) if "IBM" not in row]
    assert len(own) > 20
    assert own == decision_content(few)
