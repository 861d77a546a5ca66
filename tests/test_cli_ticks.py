"""Ticks as a new user meets them: from CSV files to a run, its reasons, its replay and its report."""

import json
import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from seawall.cli import main

pytestmark = pytest.mark.timeout(600)  # the first run of a build compiles
SEED, MESSAGES, FIRST_NS, MS = 5, 3000, 1_704_067_200 * 10**9, 1_000_000
DESK = """
[desk]
name = "ticks"
cash = 1_000_000
equity_interval = "1s"
[data]
catalog = "catalog"
instruments = ["X"]
streams = ["trades", "quotes"]
[strategy]
path = "policy.py"
"""
POLICY = """
import os
import signal

from seawall.features.bars import Sma
from seawall.features.ticks import Mid
from seawall.model.intents import Target
from seawall.strategies.wakes import OnBarClose, OnBarOpen, OnPacket, OnQuote, OnTrade

class Fives:
    wakes = ({wakes},)
    features = ({features})
    def __init__(self):
        self.turn = 0
    def decide(self, view):
        self.turn += 1
        if self.turn == 900:
            {act}
        if self.turn % 5 == 0:
            yield Target("X", weight=0.01 if self.turn % 10 == 0 else 0.0, reason="the count")
"""
SETTINGS = [
    ('data.streams=["trades", "levels"]', "catalog has no levels of X; it has trades, quotes"),
    ('data.streams=["bars"]', "catalog has no bars of X; it has trades, quotes"),
    ('data.streams=["trades", "bars"]', "bars are made out of trades, so they cannot stand beside them"),
    ('data.streams=["ticks"]', "data.streams.*'ticks'"),
    ("data.streams=[]", "data.streams: each at most once, and at least one"),
    ('data.streams=["quotes"]', "OnTrade would be silent for the whole run: it needs trades"),
    ('data.start="2030-01-01"', "no trades and quotes of X"),
    ('venue.latency_feed="fast"', "latency_feed: expected a duration"),
    ('venue.latency_feed={p50="5ms", p99="1ms"}', "needs 0 < p50 <= p99"),
    ('venue.volume_interval="0"', "volume_interval: must be above 0"),
]
DECLARED = [  # wakes, features -> what is said
    ("OnBarClose()", "", "ticks have no bars of their own: say OnBarClose"),
    ("OnBarOpen()", "", "OnBarOpen would be silent"),
    ("OnBarClose(trades=10), OnBarClose('1m')", "", "one kind of bars only"),
    ("OnTrade()", "Sma(5),", "feature sma_5 would be silent"),
]


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trades and quotes of five minutes in two CSV files, as a recorder would write them; seed 5."""
    folder = tmp_path_factory.mktemp("market")
    chance = random.Random(SEED)
    quotes, trades = (
        ["ts,ts_local,sequence,bid,bid_size,ask,ask_size"],
        ["ts,ts_local,sequence,price,size,side"],
    )
    now, mid = FIRST_NS, 10_000
    for _ in range(MESSAGES):
        now += chance.randrange(30, 170) * MS
        times = f"{now},{now + chance.randrange(1, 29) * MS}"
        if chance.random() < 0.5:
            mid += chance.choice((-1, 1))
            touch = f"{(mid - 1) / 100},{chance.randrange(1, 50)},{(mid + 1) / 100},{chance.randrange(1, 50)}"
            quotes.append(f"{times},{len(quotes)},{touch}")
        else:
            side = chance.choice((-1, 1))
            word = "buy" if side > 0 else "sell"
            trades.append(f"{times},{len(trades)},{(mid + side) / 100},{chance.randrange(1, 50)},{word}")
    (folder / "trades.csv").write_text("\n".join(trades) + "\n")
    (folder / "quotes.csv").write_text("\n".join(quotes) + "\n")
    for kind in ("trades", "quotes"):
        words = ["data", "import", str(folder / f"{kind}.csv"), "--kind", kind, "--instrument", "X"]
        told = run(*words, "--catalog", str(folder / "catalog")).stdout
        assert re.search(rf"{kind}: rows read ([0-9,]+) = written \1 \+ duplicates 0 \+ rejected 0", told), (
            told
        )
    return folder


@pytest.fixture
def folder(market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a desk, a policy and the catalog, in which the commands are typed."""
    (tmp_path / "desk.toml").write_text(DESK)
    (tmp_path / "policy.py").write_text(POLICY.format(wakes="OnTrade()", features="", act="pass"))
    (tmp_path / "catalog").symlink_to(market / "catalog")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str, exits: int = 0) -> Result:
    """One command; nothing but an exit may come out of it."""
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == exits, (words, result.exit_code, result.stdout, result.stderr)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def digest(text: str) -> str:
    """The digits of the last line, the result."""
    word, digits = text.splitlines()[-1].split()
    assert (word, len(digits)) == ("result", 64)
    return digits


def test_from_csv_files_to_a_report(folder: Path) -> None:
    """The run trades; each command of a run works on it as on one of bars; the report speaks of ticks."""
    told = run("backtest", "desk.toml").stdout
    found = re.search(r"decisions +[0-9,]+: ([0-9,]+) orders, [0-9,]+ refused; ([0-9,]+) fills", told)
    assert found is not None, told
    assert int(found[1]) == int(found[2]) > 100, told
    assert "unknown_volume" in told  # until the first interval of volume is over nothing is traded
    for table, count in (("orders", found[1]), ("fills", found[2])):
        assert len(json.loads(run(table, "runs/ticks", "--json").stdout)) == int(count)
    story = run("why", "runs/ticks", "1").stdout
    for part in ("the count", "book_state", "APPROVED", "(taker)", "spread", "closed it"):
        assert part in story, part
    assert digest(told) in run("replay", "runs/ticks").stdout
    run("verify", "runs/ticks")
    run("report", "runs/ticks")
    page = (folder / "runs" / "ticks-report.html").read_text()
    assert "takers as they arrive" in page
    assert "an interval of 1m" in page
    assert "next bar" not in page
    assert digest(run("backtest", "desk.toml", "--out", "chunked", "--chunk-rows", "7").stdout) == digest(
        told
    )


def test_a_slower_feed_is_compared(folder: Path) -> None:
    """The same desk sees the same market later: another result, and what differs is told."""
    run("backtest", "desk.toml", "--out", "recorded")
    run("backtest", "desk.toml", "--out", "slow", "--set", 'venue.latency_feed="200ms"')
    told = run("compare", "recorded", "slow").stdout
    assert re.search(r"venue\.latency_feed +recorded +200ms", told), told
    assert "decisions differ first at number 1" in told
    assert "data_hash" not in told  # the market is the same one


def test_a_stopped_run_of_ticks_is_resumed(folder: Path) -> None:
    """Stopped twice within, the result is that of the whole run; another replay agrees."""
    whole = digest(run("backtest", "desk.toml", "--out", "whole").stdout)
    run("backtest", "desk.toml", "--out", "a", "--stop-after", "1234", "--chunk-rows", "100")
    assert "is interrupted" in run("replay", "a", exits=2).stderr
    assert digest(run("resume", "a").stdout) == whole
    assert whole in run("replay", "a").stdout


@pytest.mark.parametrize("chunk_rows", ["50", "100000"])
def test_a_killed_run_of_ticks_is_resumed(folder: Path, chunk_rows: str) -> None:
    """kill -9 in the middle of a wake, with and without rows that were fed before."""
    act = f"os.path.exists('fuse') and (os.remove('fuse'), os.kill(os.getpid(), {int(signal.SIGKILL)}))"
    (folder / "policy.py").write_text(POLICY.format(wakes="OnTrade()", features="", act=act))
    whole = digest(run("backtest", "desk.toml", "--out", "whole").stdout)
    (folder / "fuse").touch()
    words = ["backtest", "desk.toml", "--out", "killed", "--chunk-rows", chunk_rows]
    killed = subprocess.run([sys.executable, "-m", "seawall", *words], check=False, env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    assert digest(run("resume", "killed").stdout) == whole
    run("verify", "killed")


@pytest.mark.parametrize(("setting", "message"), SETTINGS)
def test_settings_that_cannot_be(folder: Path, setting: str, message: str) -> None:
    """Exit 2, one sentence, and no folder is left behind."""
    told = run("backtest", "desk.toml", "--set", setting, exits=2).stderr
    assert re.search(message, told), told
    assert not (folder / "runs").exists()


@pytest.mark.parametrize(("wakes", "features", "message"), DECLARED)
def test_policies_that_cannot_be(folder: Path, wakes: str, features: str, message: str) -> None:
    """What they declare is checked against the data before anything runs."""
    (folder / "policy.py").write_text(POLICY.format(wakes=wakes, features=features, act="pass"))
    told = run("backtest", "desk.toml", exits=2).stderr
    assert message in told, told
    assert not (folder / "runs").exists()


def test_depth_that_the_desk_does_not_read(folder: Path) -> None:
    """The policy's own line is named, and what to read."""
    act = "view.depth('X')"
    (folder / "policy.py").write_text(POLICY.format(wakes="OnTrade()", features="", act=act))
    told = run("backtest", "desk.toml", exits=1).stderr
    assert re.search(r"policy\.py:18: X has no depth: the desk reads no levels \(data\.streams\)", told), told


def test_an_interval_of_a_second_and_a_half(folder: Path) -> None:
    """Any duration that the settings take is one that the run takes."""
    run("backtest", "desk.toml", "--set", 'venue.volume_interval="1.5s"')
