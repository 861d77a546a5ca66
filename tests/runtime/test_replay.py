"""Replay: equal inputs give equal records; changed inputs are told apart from a divergence."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from seawall.cli import main
from seawall.kernels.records import seal
from seawall.model.errors import Divergence, RunError, VerificationError
from seawall.runtime.replay import first_difference, replay
from seawall.store.journal import Journal, read_frames
from seawall.store.run_folder import RunFolder, write_manifest


@pytest.fixture
def run(small: Any, tmp_path: Path) -> Path:
    """The folder of a complete run."""
    small.started(out=tmp_path / "run").run()
    return tmp_path / "run"


def test_a_replay_agrees(run: Path) -> None:
    """All records are compared, the result is the recorded one, and nothing is written into the run."""
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    found = replay(run)
    assert found.recorded == found.replayed == RunFolder(run).manifest["result"]
    assert found.records == RunFolder(run).manifest["records"] > 50
    assert found.notes == ()
    assert replay(run, chunk_rows=7) == found
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_the_run_brings_its_own_policy(small: Any, run: Path) -> None:
    """The policy file may change or go: a replay uses the run's copy; a change of that is told."""
    small.policy.unlink()
    assert replay(run).replayed
    (run / "policy.py").write_text((run / "policy.py").read_text() + "\n# a remark\n")
    with pytest.raises(VerificationError, match="policy_hash"):
        replay(run)


def test_an_unfinished_run(small: Any, tmp_path: Path) -> None:
    """A run that was stopped cannot be replayed; the error says how to finish it."""
    small.started(out=tmp_path / "run").run(100)
    with pytest.raises(RunError, match="seawall resume"):
        replay(tmp_path / "run")


def test_changed_data(run: Path) -> None:
    """Where the data is no longer what the run recorded, the user is told which hash differs."""
    manifest = RunFolder(run).manifest
    write_manifest(run, {**manifest, "data_hash": "0" * 64})
    answer = CliRunner().invoke(main, ["replay", str(run)])
    assert answer.exit_code == 2
    assert "data_hash" in answer.output


def test_other_machine_code_is_a_note(run: Path) -> None:
    """The same records by other machine code are equal, and the difference is noted."""
    write_manifest(run, {**RunFolder(run).manifest, "kernel_hash": "0" * 64})
    assert "other machine code" in replay(run).notes[0]


@pytest.mark.parametrize(
    ("lane", "field", "shown"),
    [("decisions", "target_lots", "APPROVED|approved"), ("events", "cash_minor", "cash_minor=")],
)
def test_a_divergence_shows_both_sides(run: Path, lane: str, field: str, shown: str) -> None:
    """A record that was altered with all its checks is the first difference: exit code 3, both sides."""
    sequence = alter(run, lane, field)
    with pytest.raises(
        Divergence, match=f"first difference in {lane}, .*sequence {sequence}.*{field}"
    ) as caught:
        replay(run)
    message = str(caught.value)
    assert "recorded" in message
    assert "replayed" in message
    assert any(word in message for word in shown.split("|")), message
    assert CliRunner().invoke(main, ["replay", str(run)]).exit_code == 3


def test_missing_records_are_a_difference(small: Any, run: Path) -> None:
    """A lane that is longer on one side differs, also when all shared records agree."""
    recorded = RunFolder(run).records()
    again = small.started().run()
    assert first_difference(recorded, again) == ""
    again.lanes["events"] = again.lanes["events"][:-1]
    count = len(recorded.lanes["events"])
    assert first_difference(recorded, again) == (
        f"events: recorded {count} records, replayed {count - 1}; the first {count - 1} agree"
    )


def test_a_replay_of_ticks(ticks: Any, tmp_path: Path) -> None:
    """It reads the ticks again, in any chunks, and agrees; the policy file may be gone."""
    finished = ticks.started(out=tmp_path / "run").run()
    ticks.policy.unlink()
    found = replay(tmp_path / "run")
    assert found.replayed == finished.result
    assert found.records == finished.manifest["records"] > 200
    assert replay(tmp_path / "run", chunk_rows=11) == found


@pytest.mark.parametrize(
    ("kind", "row", "column"),
    [
        ("trades", 0, "size_lots"),
        ("trades", -1, "price_ticks"),
        ("levels", 5, "size_lots"),
        ("quotes", 9, "bid_ticks"),
    ],
)
def test_changed_ticks_are_no_divergence(
    ticks: Any, tmp_path: Path, kind: str, row: int, column: str
) -> None:
    """Rows that were changed behind the catalog's back are the user's to mend, whatever came of them."""
    ticks.started(out=tmp_path / "run").run()
    ticks.change(kind, row, column)
    with pytest.raises(VerificationError, match="rows_sha256 is not what the run recorded"):
        replay(tmp_path / "run")
    answer = CliRunner().invoke(main, ["replay", str(tmp_path / "run")])
    assert (answer.exit_code, answer.exception.__class__) == (2, SystemExit)
    assert "its inputs have changed" in answer.output


def test_ticks_that_came_since(ticks: Any, tmp_path: Path) -> None:
    """A catalog that grew within the span of the desk has another hash, told before anything runs."""
    ticks.started(out=tmp_path / "run").run()
    ticks.grow()
    with pytest.raises(VerificationError, match="data_hash is not what the run recorded"):
        replay(tmp_path / "run")


def test_changed_ticks_on_which_the_policy_fails(ticks: Any, tmp_path: Path) -> None:
    """The run ended well, its policy cannot on other rows: it is told that the rows are others."""
    text = ticks.policy.read_text()
    ticks.policy.write_text(
        text.replace("self.turn += 1", "self.turn += None if view.last_trade('A') > 1e6 else 1")
    )
    ticks.started(out=tmp_path / "run").run()
    ticks.change("trades", 4, "price_ticks", 10**8)
    with pytest.raises(VerificationError, match="rows_sha256"):
        replay(tmp_path / "run")


def alter(run: Path, lane: str, field: str) -> int:
    """Adds one to a field of the fourth record of a lane and mends every check; its sequence."""
    frames = list(read_frames(run / "journal.bin"))
    journal = Journal(run / "journal.bin")
    sequence = 0
    for frame in frames:
        records = frame.records.copy()
        if frame.lane == lane and not sequence:
            records[3][field] += 1
            sequence = int(records[3]["sequence"])
            seal(records.view(np.uint64).reshape(len(records), -1))
        journal.append(frame.lane, records)
    journal.close()
    manifest = RunFolder(run).manifest
    digest = hashlib.sha256((run / "journal.bin").read_bytes()).hexdigest()
    write_manifest(run, {**manifest, "files": {**manifest["files"], "journal.bin": digest}})
    return sequence
