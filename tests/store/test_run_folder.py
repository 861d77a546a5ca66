"""Run folders: a byte that is not as it was written is found and named, and reading writes nothing."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import seawall
from seawall.model.errors import PolicyError, RunError, VerificationError
from seawall.store.run_folder import JOURNAL, MANIFEST, RunFolder, create_folder, verify_run

pytestmark = pytest.mark.timeout(600)  # the first run of a build compiles
DESK = """
[desk]
name = "small"
cash = 1_000_000
[data]
catalog = "sample:us-stocks"
instruments = ["AAPL", "IBM"]
end = 2001-06-01
[strategy]
path = "policy.py"
"""
POLICY = """
from seawall.model.intents import Target
from seawall.strategies.wakes import OnBarClose

class Alternating:
    wakes = (OnBarClose(),)
    features = ()
    def __init__(self, dies_at: int = 0):
        self.dies_at, self.count = dies_at, 0
    def decide(self, view):
        self.count += 1
        if self.count == self.dies_at:
            raise RuntimeError("enough")
        if self.count % 20 == 0:
            return [Target("AAPL", weight=0.1 * (self.count // 20 % 2), reason="every twenty bars")]
"""
FILES = (
    *("config.json", "decisions.parquet", "desk.toml", "equity.parquet", "fills.parquet", "journal.bin"),
    *("manifest.json", "orders.parquet", "policy.py", "positions.parquet", "trades.parquet"),
)
Make = Callable[[str], Path]


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A complete run, one whose policy raised, and one that was stopped in the middle."""
    base = tmp_path_factory.mktemp("runs")
    (base / "desk.toml").write_text(DESK)
    (base / "policy.py").write_text(POLICY)
    seawall.backtest(base / "desk.toml", base / "complete")
    seawall.backtest(base / "desk.toml", base / "stopped", stop_after=1200)
    with pytest.raises(PolicyError, match=r"policy.py:13: Alternating raised RuntimeError: enough"):
        seawall.backtest(base / "desk.toml", base / "failed", overrides=("strategy.dies_at=150",))
    return {name: base / name for name in ("complete", "stopped", "failed")}


@pytest.fixture
def make(originals: dict[str, Path], tmp_path: Path) -> Make:
    """A fresh copy of one of the runs, to be damaged."""
    return lambda name: Path(shutil.copytree(originals[name], tmp_path / name))


def flip(path: Path, offset: int, mask: int = 0x01) -> None:
    """One byte of the file becomes another."""
    content = bytearray(path.read_bytes())
    content[offset] ^= mask
    path.write_bytes(content)


def test_a_run_has_these_files(make: Make) -> None:
    """What is parametrised below is all there is."""
    assert tuple(sorted(path.name for path in make("complete").iterdir())) == FILES


@pytest.mark.parametrize("name", ["complete", "stopped", "failed"])
def test_what_is_whole_verifies(make: Make, name: str) -> None:
    """Nothing is wrong with a run that nobody touched, however it ended."""
    assert verify_run(make(name)) == []


@pytest.mark.parametrize("place", [0.0, 0.3, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("name", FILES)
def test_a_flipped_byte_is_found_in_any_file(make: Make, name: str, place: float) -> None:
    """One problem, which names the file."""
    run = make("complete")
    size = (run / name).stat().st_size
    flip(run / name, int(place * (size - 1)))
    problems = verify_run(run)
    assert len(problems) == 1, problems
    assert problems[0].startswith(str(run / name))


def test_every_byte_of_the_manifest_counts(make: Make) -> None:
    """White space too: a manifest is as it was written, or it is damaged."""
    run = make("complete")
    content = (run / MANIFEST).read_bytes()
    for offset in range(0, len(content), 41):
        for mask in (0x01, 0x20, 0x29):  # 0x29 turns a space into a tab, which JSON does not mind
            flip(run / MANIFEST, offset, mask)
            assert verify_run(run), (offset, mask)
            flip(run / MANIFEST, offset, mask)
    assert verify_run(run) == []


def test_a_flipped_byte_of_the_journal_is_traced_to_its_record(make: Make) -> None:
    """A record is named by lane, number and offset; a header or the file's head by offset."""
    run = make("complete")
    path = run / JOURNAL
    size = path.stat().st_size
    for offset in (0, 8, 12, 40, 41, 500, size // 3, size // 2, size - 9, size - 1):
        flip(path, offset)
        (problem,) = verify_run(run)
        assert problem.startswith(f"{path}: ")
        assert "offset" in problem
        if offset > 100:
            assert "record" in problem
            assert int(problem.split("offset ")[1].split(";")[0]) <= offset
        flip(path, offset)
    assert verify_run(run) == []


def test_a_journal_that_is_cut_or_lengthened_is_found(make: Make) -> None:
    """Half a frame, a missing frame and bytes behind the end are three ways to be wrong."""
    run = make("complete")
    path = run / JOURNAL
    content = path.read_bytes()
    for changed in (content[:-5], content[:8], content + b"\0" * 40, b""):
        path.write_bytes(changed)
        assert verify_run(run), len(changed)
        assert all(str(path) in problem for problem in verify_run(run))


def test_missing_and_unlisted_files_are_named(make: Make) -> None:
    """Both are found at once."""
    run = make("complete")
    (run / "orders.parquet").unlink()
    (run / "notes.txt").write_text("mine")
    (run / "below").mkdir()
    (run / "below" / "manifest.json").write_text("{}")
    problems = verify_run(run)
    assert f"{run / 'orders.parquet'}: is missing" in problems
    assert f"{run / 'notes.txt'}: is not listed in the manifest" in problems
    assert f"{run / 'below' / 'manifest.json'}: is not listed in the manifest" in problems
    assert len(problems) == 3


@pytest.mark.parametrize("run_name", ["failed", "stopped"])
@pytest.mark.parametrize("name", ["config.json", "desk.toml", "policy.py", "journal.bin", "manifest.json"])
def test_a_run_that_did_not_end_is_guarded_too(make: Make, run_name: str, name: str) -> None:
    """A changed file of a failed or a stopped run is named."""
    run = make(run_name)
    flip(run / name, (run / name).stat().st_size // 2)
    problems = verify_run(run)
    assert problems
    assert problems[0].startswith(str(run / name))


def test_a_damaged_checkpoint_is_named(make: Make) -> None:
    """A checkpoint carries its own hash."""
    run = make("stopped")
    (checkpoint,) = run.glob("checkpoint-*.bin")
    flip(checkpoint, 100)
    assert verify_run(run) == [f"{checkpoint}: its SHA-256 differs from the one that it carries"]
    (run / "notes.txt").write_text("mine")
    assert f"{run / 'notes.txt'}: is not listed in the manifest" in verify_run(run)


def test_reading_a_run_writes_nothing_into_it(make: Make) -> None:
    """Every answer that a run gives leaves all bytes and all times of its folder as they were."""
    run = make("complete")

    def all_of_it() -> dict[str, tuple[int, str]]:
        contents = {path: path.read_bytes() if path.is_file() else b"" for path in [run, *run.rglob("*")]}
        return {
            str(path): (path.stat().st_mtime_ns, hashlib.sha256(content).hexdigest())
            for path, content in contents.items()
        }

    before = all_of_it()
    opened = seawall.open_run(run)
    for name in ("orders", "fills", "trades", "positions", "decisions", "equity", "refusals"):
        assert getattr(opened, name) is not None
    assert opened.why(1)["order_id"] == 1
    assert opened.refused() is not None
    assert seawall.compare(opened, opened)["first_difference"] is None
    assert seawall.verify(run) == []
    assert seawall.replay(run).recorded == opened.result
    assert seawall.report(opened) == run.with_name("complete-report.html")
    assert all_of_it() == before


def test_a_run_that_did_not_end_can_be_read(make: Make) -> None:
    """Up to its failure, or up to its newest checkpoint."""
    failed, stopped = seawall.open_run(make("failed")), seawall.open_run(make("stopped"))
    assert failed.manifest["status"] == "failed"
    assert "policy.py:13" in failed.manifest["error"]
    assert (failed.orders.height, failed.fills.height) == (7, 7)
    assert stopped.manifest["rows_taken"] == 1200
    assert stopped.orders.height == 7
    with pytest.raises(RunError, match=r"the run failed: .*enough"):
        RunFolder(failed.folder or Path()).require_complete()
    with pytest.raises(RunError, match="is interrupted; `seawall resume"):
        seawall.compare(stopped, stopped)


def test_a_run_that_was_killed_before_any_checkpoint_says_so(make: Make) -> None:
    """There is nothing to read, and resume runs it again."""
    run = make("stopped")
    for checkpoint in run.glob("checkpoint-*.bin"):
        checkpoint.unlink()
    with pytest.raises(RunError, match="before its first checkpoint; `seawall resume"):
        seawall.open_run(run)
    assert seawall.resume(run).is_complete


def test_folders_that_are_no_runs_are_refused(tmp_path: Path, make: Make) -> None:
    """Neither read nor overwritten, and nothing of them is lost."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(RunError, match="no such run folder"):
        RunFolder(tmp_path / "absent")
    with pytest.raises(RunError, match=r"not a run folder: it has no manifest.json"):
        RunFolder(tmp_path / "mine")
    for overwrite, says in ((False, "exists already"), (True, "is not a run folder")):
        with pytest.raises(RunError, match=says):
            create_folder(tmp_path / "mine", overwrite)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"
    run = make("complete")
    create_folder(run, overwrite=True)
    assert list(run.iterdir()) == []


def test_a_damaged_manifest_is_an_error_of_its_own(make: Make) -> None:
    """Whoever reads the run hears of it first."""
    run = make("complete")
    flip(run / MANIFEST, 30)
    with pytest.raises(VerificationError, match=r"manifest.json: is damaged"):
        seawall.open_run(run)
