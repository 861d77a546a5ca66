"""A model drives a desk: its predictions come in as events and are known when they were, not before."""

from pathlib import Path

import seawall
from seawall.model.kinds import EventKind
from seawall.model.times import format_time

DESK = """
[desk]
name = "model"
cash = 100_000
[data]
catalog = "sample:us-stocks"
instruments = ["IBM"]
start = "2001-01-01"
end = "2001-02-01"
predictions = "up.csv"
[strategy]
path = "policy.py"
"""
POLICY = """
from seawall.model.intents import Target
from seawall.strategies.wakes import OnEvent

class Follower:
    wakes = (OnEvent(),)
    features = ()

    def decide(self, view):
        said = view.prediction("up", "IBM")
        weight = 0.2 if said.value > 0 else 0.0
        return [Target("IBM", weight=weight, reason="the model says so", values={"up": said.value})]
"""
PREDICTIONS = """ts_local,name,instrument,value
2001-01-10T21:30:00Z,up,IBM,0.5
2001-01-20T12:00:00Z,up,IBM,-0.5
2001-06-01T12:00:00Z,up,IBM,0.5
"""


def run(folder: Path, predictions: str = PREDICTIONS) -> seawall.Run:
    """The desk in `folder` with these predictions."""
    (folder / "desk.toml").write_text(DESK)
    (folder / "policy.py").write_text(POLICY)
    (folder / "up.csv").write_text(predictions)
    return seawall.backtest(folder / "desk.toml", folder / "run", overwrite=True)


def test_a_policy_wakes_on_predictions_and_trades_at_the_next_open(tmp_path: Path) -> None:
    """In after the first, out after the second; the third is beyond the data and unknown to the run."""
    made = run(tmp_path)
    events = made.records.lanes["events"]
    assert int((events["kind"] == EventKind.PREDICTION).sum()) == 2
    assert made.decisions["values"].to_list() == ["up=0.5", "up=-0.5"]
    days = [format_time(ts)[:10] for ts in made.fills["ts_ns"]]
    assert days == ["2001-01-11", "2001-01-22"]  # the session after each prediction
    assert seawall.replay(tmp_path / "run").recorded == made.result


def test_another_prediction_is_another_run(tmp_path: Path) -> None:
    """A prediction that changes nothing but its value still changes the result."""
    assert run(tmp_path).result != run(tmp_path, PREDICTIONS.replace("0.5", "0.25")).result
