"""The shell of a backtest: what it leaves on the disk, also when it does not reach the end."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seawall.model.errors import InvariantBroken, PolicyError, RunError
from seawall.runtime.backtest import resume
from seawall.store.journal import JournalLanes
from seawall.store.run_folder import RunFolder, verify_run

FILES = [
    "config.json", "decisions.parquet", "desk.toml", "equity.parquet", "fills.parquet", "journal.bin",
    "orders.parquet", "policy.py", "positions.parquet", "trades.parquet",
]  # fmt: skip


def test_a_finished_folder(small: Any, tmp_path: Path) -> None:
    """A complete run names all of its files, verifies, and keeps no checkpoint."""
    finished = small.started(out=tmp_path / "run").run()
    manifest = RunFolder(tmp_path / "run").require_complete().manifest
    assert manifest["result"] == finished.result
    assert sorted(manifest["files"]) == FILES
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == sorted([*FILES, "manifest.json"])
    assert verify_run(tmp_path / "run") == []
    assert manifest["rows_taken"] == manifest["rows"] == finished.rows
    assert manifest["records"] == sum(len(records) for records in finished.lanes.values())
    assert (tmp_path / "run" / "policy.py").read_bytes() == small.policy.read_bytes()
    assert (tmp_path / "run" / "desk.toml").read_text() == small.file.read_text()


def test_existing_folders(small: Any, tmp_path: Path) -> None:
    """An existing folder is refused; a run is replaced on demand, anything else never."""
    small.started(out=tmp_path / "run").run()
    with pytest.raises(RunError, match="--overwrite"):
        small.started(out=tmp_path / "run")
    again = small.started(out=tmp_path / "run", overwrite=True).run()
    assert again.complete
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep me")
    with pytest.raises(RunError, match="not a run folder"):
        small.started(out=tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "keep me"


def test_progress_and_chunks(small: Any) -> None:
    """Progress is told after each chunk, rises to the number of rows and changes nothing."""
    told: list[tuple[int, int]] = []
    finished = small.started(chunk_rows=100).run(None, lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == [*range(100, finished.rows, 100), finished.rows]
    assert {total for _, total in told} == {finished.rows}
    assert finished.chunks == len(told)
    assert finished.result == small.started().run().result
    with pytest.raises(RunError, match="at least 1"):
        small.started(chunk_rows=0)


def test_stopping_behind_the_end(small: Any) -> None:
    """To stop after more rows than there are is to run to the end."""
    whole = small.started().run()
    assert small.started().run(10**9).result == whole.result
    assert small.started().run(whole.rows).complete
    stopped = small.started().run(whole.rows - 1)
    assert not stopped.complete
    assert stopped.manifest["rows_taken"] < whole.rows


def test_a_policy_that_raises(small: Any, tmp_path: Path) -> None:
    """Its exception names its file and line; all records before it are kept, positions accounted for."""
    whole = small.started().run()
    line = 1 + small.policy.read_text().splitlines().index('            raise ValueError("out of luck")')
    with pytest.raises(PolicyError, match=rf"policy\.py:{line}: Fives raised ValueError: out of luck"):
        small.started("strategy.raise_at=32", out=tmp_path / "run").run()
    folder = RunFolder(tmp_path / "run")
    assert folder.manifest["status"] == "failed"
    assert "out of luck" in folder.manifest["error"]
    kept = folder.records().lanes
    assert len(kept["decisions"]) == 2 * (31 // 5 * 2)  # buys at 5..30, sells at 3..28, of two stocks
    assert 0 < len(kept["events"]) < len(whole.lanes["events"])
    postings, held = kept["postings"], kept["events"][-1]["position_lots"]
    number = kept["events"][-1]["instrument"]
    assert postings["lots"][postings["instrument"] == number].sum() == held > 0
    with pytest.raises(RunError, match="failed"):
        folder.require_complete()


def test_a_broken_invariant_halts(small: Any, tmp_path: Path) -> None:
    """Books that were tampered with halt the run at the first offending sequence, on the record."""
    backtest = small.started(out=tmp_path / "run", chunk_rows=50)

    def tamper(done: int, _: int) -> None:
        if done == 300:
            backtest.state[0]["ledger"]["cash_minor"] += 1

    with pytest.raises(InvariantBroken, match=r"halted at sequence \d+, 2005-"):
        backtest.run(None, tamper)
    manifest = RunFolder(tmp_path / "run").manifest
    assert manifest["status"] == "failed"
    assert "invariant broken" in manifest["error"]
    assert backtest.state[0]["stop_sequence"] <= manifest["records"] + 1


def test_a_resumed_policy_is_started_once(small: Any, tmp_path: Path) -> None:
    """Stopped before its first row, a policy whose `start` counts is not started twice."""
    text = small.policy.read_text() + (
        "\n    starts = 0\n\n    def start(self, view):\n        self.starts = self.starts + 1\n"
    )
    small.policy.write_text(
        text.replace('reason="the count"', 'reason="the count", values={"n": self.starts}')
    )
    whole = small.started().run()
    small.started(out=tmp_path / "run").run(0)
    assert resume(tmp_path / "run").run().result == whole.result


# ticks ---------------------------------------------------------------------------------


def rows_of(backtest: Any) -> np.ndarray:
    """All market rows of a run, in the order in which it takes them."""
    return np.concatenate(list(backtest.built.market.source.pieces(1000)))


def test_the_rows_of_ticks_are_in_the_manifest(ticks: Any, tmp_path: Path) -> None:
    """Their digest is known when all were read: empty while the run goes on, then that of the bytes."""
    backtest = ticks.started(out=tmp_path / "run", chunk_rows=100)
    assert RunFolder(tmp_path / "run").manifest["rows_sha256"] == ""
    finished = backtest.run()
    digest = hashlib.sha256(rows_of(backtest).tobytes()).hexdigest()
    assert RunFolder(tmp_path / "run").manifest["rows_sha256"] == digest == finished.manifest["heads"]["rows"]
    assert finished.rows == finished.manifest["rows"] == len(rows_of(backtest))
    assert len(finished.lanes["postings"]) > 20  # the desk traded
    assert verify_run(tmp_path / "run") == []


@pytest.mark.parametrize("feed", ['"recorded"', '"20ms"', '{p50 = "20ms", p99 = "90ms"}'])
def test_chunks_and_stops_change_nothing_on_ticks(ticks: Any, tmp_path: Path, feed: str) -> None:
    """Whole, in small chunks, and stopped and resumed three times: one result, with any feed."""
    override = f"venue.latency_feed={feed}"
    whole = ticks.started(override).run()
    assert ticks.started(override, chunk_rows=7).run().result == whole.result
    assert not ticks.started(override, out=tmp_path / "run", chunk_rows=13).run(200).complete
    assert not resume(tmp_path / "run", chunk_rows=5).run(700).complete
    assert not resume(tmp_path / "run", chunk_rows=100).run(1001).complete
    assert resume(tmp_path / "run").run().result == whole.result
    assert verify_run(tmp_path / "run") == []


@pytest.mark.parametrize(
    ("kind", "row", "refused"), [("trades", 0, True), ("levels", 3, True), ("trades", -1, False)]
)
def test_a_resume_on_changed_rows_is_refused(
    ticks: Any, tmp_path: Path, kind: str, row: int, refused: bool
) -> None:
    """Rows before the checkpoint must be what they were; those behind it were not looked at yet."""
    ticks.started(out=tmp_path / "run").run(600)
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    ticks.change(kind, row)
    if not refused:
        assert resume(tmp_path / "run").run().complete
        return
    with pytest.raises(RunError, match="cannot be resumed: the market rows are not what they were"):
        resume(tmp_path / "run")
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


def test_a_resume_on_rows_that_came_since_is_refused(ticks: Any, tmp_path: Path) -> None:
    """A catalog that grew within the span of the desk is other data."""
    ticks.started(out=tmp_path / "run").run(600)
    ticks.grow()
    with pytest.raises(RunError, match="cannot be resumed: data_hash"):
        resume(tmp_path / "run")


def test_with_a_folder_no_records_are_kept_in_memory(ticks: Any, tmp_path: Path) -> None:
    """They are on the disk, and read from there when somebody asks; without a folder they are kept."""
    backtest = ticks.started(out=tmp_path / "run")
    finished = backtest.run()
    assert backtest.recorder.kept == {}
    assert isinstance(finished.lanes, JournalLanes)
    inside = ticks.started()
    kept = inside.run().lanes
    assert set(inside.recorder.kept) <= set(kept)
    for lane, records in kept.items():
        assert finished.lanes[lane].tobytes() == records.tobytes(), lane


def test_the_window_forgets(ticks: Any) -> None:
    """However many rows were fed, those that core and venue have taken are not kept."""
    backtest = ticks.started(chunk_rows=50)
    held: list[int] = []
    backtest.run(None, lambda *_: held.append(len(backtest.window.core) + len(backtest.window.venue)))
    assert max(held) < 400 < backtest.rows_total
