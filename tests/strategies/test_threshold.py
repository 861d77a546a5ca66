"""The trivial policy, and its copy in examples/."""

from decimal import Decimal
from pathlib import Path

from seawall.kernels.state import new_state
from seawall.model.instruments import Instrument
from seawall.runtime.policies import load_policy
from seawall.strategies.policy import check_policy
from seawall.strategies.threshold import Threshold
from seawall.strategies.view import View

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "threshold.py"
INSTRUMENTS = (Instrument(name="AAPL", tick=Decimal("0.01")), Instrument(name="IBM", tick=Decimal("0.01")))


def a_wake(close_ticks, lots, updated=1):
    """A view on one closed bar of AAPL."""
    state = new_state()
    s = state[0]
    s["instrument_count"], s["updated"][0], s["bar_count"][0] = 2, updated, 1
    s["bars"][0, 0]["close"], s["positions"][0, 0]["lots"] = close_ticks, lots
    return View(state, INSTRUMENTS)


TABLE = [
    # close, lots held -> weight wanted (None: nothing)
    (9_001, 0, None), (9_000, 0, 0.2), (8_000, 0, 0.2), (8_000, 50, None),
    (10_999, 50, None), (11_000, 50, 0.0), (12_000, 0, None), (12_000, -5, None),
]  # fmt: skip


def test_table():
    """Buys at the low when flat, sells at the high when long, else nothing; the example agrees."""
    example = load_policy(EXAMPLE, {"low": "90", "high": "110", "weight": "0.2"}).policy
    for close, lots, weight in TABLE:
        view = a_wake(close, lots)
        wants = Threshold().decide(view)
        assert [want.weight for want in wants] == ([] if weight is None else [weight]), (close, lots)
        assert list(example.decide(view)) == wants


def test_sleeps_when_no_bar_closed():
    """An instrument that was not updated is not looked at."""
    assert Threshold().decide(a_wake(8_000, 0, updated=0)) == []


def test_conformance():
    """Pure, restorable, answers with intents."""
    check_policy(Threshold, a_wake(8_000, 0))
