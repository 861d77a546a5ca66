"""Stop, kill -9, Ctrl-C and resume: the folder ends up as if nothing had happened, byte for byte."""

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from seawall.cli import main
from seawall.kernels.rows import BAR_OPEN
from seawall.model.errors import RunError, VerificationError
from seawall.runtime import backtest
from seawall.runtime.backtest import resume
from seawall.store.catalog import Catalog

DRIVER = """
import os, signal, sys
from pathlib import Path
from seawall.runtime.desk_files import load_desk
from seawall.runtime import backtest

desk, out, where, number = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
backtest.CHECKPOINT_ROWS = 500
seen = 0

def kill(*_):
    global seen
    seen += 1
    if seen == number:
        os.kill(os.getpid(), signal.SIGKILL)

def before(holder, name):
    inner = getattr(holder, name)
    def killing(*arguments, **options):
        kill()
        return inner(*arguments, **options)
    setattr(holder, name, killing)

if where == "rename":
    before(Path, "replace")
elif where == "tables":
    before(backtest, "write_tables")
elif where == "drain":
    before(backtest.Backtest, "_drain")
made, text = load_desk(Path(desk))
run = backtest.start(made, text, Path(desk).parent, out, 100)
run.run(None, kill if where == "chunk" else None)
print("not killed")
"""

INTERRUPTED = """
import os, signal, sys
from seawall import cli
from seawall.runtime import backtest

backtest.CHECKPOINT_ROWS = 500
feed = backtest.Backtest._feed

def feeding(self, limit, progress):
    if self.fed >= 2_000:
        os.kill(os.getpid(), signal.SIGINT)
    return feed(self, limit, progress)

backtest.Backtest._feed = feeding
cli.main(["backtest", sys.argv[1], "--out", sys.argv[2], "--chunk-rows", "100"])
"""


@pytest.fixture(scope="module")
def whole(world: Any) -> dict[str, bytes]:
    """All files of the run that nothing interrupted."""
    folder = world.folder / "whole"
    world.run("busy", folder=folder)
    return content(folder)


def content(folder: Path) -> dict[str, bytes]:
    """The bytes of each file of a run."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def begun(world: Any, folder: Path, stop_after: int, chunk_rows: int = 97) -> None:
    """A run of the busy desk that stopped after so many rows."""
    stopped = world.started("busy", folder=folder, chunk_rows=chunk_rows).run(stop_after)
    assert not stopped.complete


def test_stopping_anywhere_leaves_no_trace(world: Any, whole: dict[str, bytes], tmp_path: Path) -> None:
    """Stopped before, inside and after groups and bars, and resumed: every file is the same."""
    rows = world.assembled("busy").market.rows
    opens = np.flatnonzero(rows["kind"] == BAR_OPEN)
    middle = int(opens[len(opens) // 2])
    for number in (0, 1, middle, middle + 1, middle + 2, middle + 3, middle + 4, len(rows) - 1):
        folder = tmp_path / str(number)
        begun(world, folder, number)
        assert resume(folder).run().complete
        assert content(folder) == whole, number


def test_stopping_again_and_again(
    world: Any, whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is stopped every 1,000 rows and takes checkpoints every 300 is the same run."""
    monkeypatch.setattr(backtest, "CHECKPOINT_ROWS", 300)
    folder = tmp_path / "run"
    begun(world, folder, 1_000)
    stops = [resume(folder, 64).run(number).complete for number in (2_000, 3_000, 4_000)]
    assert stops == [False, False, False]
    assert len(list(folder.glob("checkpoint-*.bin"))) == 3
    assert resume(folder, 1).run().complete
    assert content(folder) == whole


@pytest.mark.parametrize(
    ("where", "number"), [("chunk", 3), ("chunk", 31), ("rename", 5), ("drain", 1), ("tables", 1)]
)
def test_kill_9(world: Any, whole: dict[str, bytes], tmp_path: Path, where: str, number: int) -> None:
    """Killed before the first checkpoint, between two, inside one, at a drain, and before the manifest."""
    folder = tmp_path / "run"
    killed = world.python(DRIVER, str(world.folder / "busy.toml"), str(folder), where, str(number))
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    assert (folder / "manifest.json").read_bytes() != whole["manifest.json"]
    assert resume(folder).run().complete
    assert content(folder) == whole


def test_interrupt(world: Any, whole: dict[str, bytes], tmp_path: Path) -> None:
    """Ctrl-C ends with one sentence and no traceback; `seawall resume` finishes the run."""
    folder = tmp_path / "run"
    stopped = world.python(INTERRUPTED, str(world.folder / "busy.toml"), str(folder))
    assert stopped.returncode == 1
    assert "resume" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    finished = CliRunner().invoke(main, ["resume", str(folder)])
    assert finished.exit_code == 0, finished.output
    assert content(folder) == whole


def test_a_damaged_checkpoint_is_passed_over(world: Any, whole: dict[str, bytes], tmp_path: Path) -> None:
    """With the newest, and then with all checkpoints damaged, an older state or the beginning serves."""
    for damaged in (1, 3):
        folder = tmp_path / str(damaged)
        begun(world, folder, 1_000)
        for number in (1_500, 2_000):
            resume(folder).run(number)
        newest = sorted(folder.glob("checkpoint-*.bin"), reverse=True)
        assert len(newest) == 3
        for path in newest[:damaged]:
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(data)
        resume(folder).run()
        assert content(folder) == whole, damaged


def test_a_damaged_journal_is_not_resumed(world: Any, tmp_path: Path) -> None:
    """A flipped byte or a cut below the checkpoint's offset is an error that names the journal."""
    folder = tmp_path / "run"
    begun(world, folder, 4_000)
    frames = (folder / "journal.bin").read_bytes()
    flipped = bytearray(frames)
    flipped[5_000] ^= 1
    for data in (flipped, frames[:5_000]):
        (folder / "journal.bin").write_bytes(data)
        with pytest.raises(VerificationError, match=r"journal\.bin"):
            resume(folder)


def test_what_cannot_be_resumed(world: Any, tmp_path: Path) -> None:
    """A complete run, changed data and a changed copy of the policy are the user's mistakes: exit code 2."""
    other = type(world)(tmp_path / "world")
    folder = tmp_path / "complete"
    other.run("busy", folder=folder)
    messages = [refusal(folder)]
    folder = tmp_path / "begun"
    begun(other, folder, 1_000)
    policy = folder / "policy.py"  # the run's own copy: what became of the original does not matter
    policy.write_text(policy.read_text() + "\n# a remark\n")
    messages.append(refusal(folder))
    policy.write_text(policy.read_text().removesuffix("\n# a remark\n"))
    catalog = Catalog(other.folder / "catalog")
    later = catalog.bars("ONE").tail(1).drop("sequence")
    gap = 300 * 10**9
    catalog.write_bars(
        "ONE", later.with_columns(ts_open=later["ts_open"] + gap, ts_close=later["ts_close"] + gap)
    )
    messages.append(refusal(folder))
    messages.append(refusal(tmp_path / "nowhere"))
    for message, words in zip(
        messages, ("complete", "policy_hash", "rows_sha256", "no such run folder"), strict=True
    ):
        assert words in message, message
    with pytest.raises(RunError):
        resume(folder)


def refusal(folder: Path) -> str:
    """What `seawall resume` says when it refuses with exit code 2 and without a traceback."""
    answer = CliRunner().invoke(main, ["resume", str(folder)])
    assert answer.exit_code == 2, answer.output
    assert answer.exception is None or isinstance(answer.exception, SystemExit)
    return answer.output
