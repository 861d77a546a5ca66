"""The command line as a user meets it: exit codes, last lines, messages, and no traceback."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import seawall
from seawall.cli import main

pytestmark = pytest.mark.timeout(600)  # the first run of a build compiles
SEAWALL = (sys.executable, "-m", "seawall")
DESK = """
[desk]
name = "alternating"
cash = 1_000_000
[data]
catalog = "sample:us-stocks"
instruments = ["AAPL", "IBM"]
end = 2001-06-01
[strategy]
path = "policy.py"
[risk]
order_notional_max = 130_000
"""
POLICY = """
import os
import re
import signal

from seawall.model.intents import Order, Target
from seawall.strategies.wakes import OnBarClose

class Alternating:
    wakes = (OnBarClose(),)
    features = ()
    def __init__(self):
        self.count = 0
    def decide(self, view):
        self.count += 1
        if self.count == 150:
            {act}
        if self.count % 20 == 0:
            weight = 0.1 * (self.count // 20 % 2)
            return [Target(name, weight=weight, reason="every twenty bars") for name in ("AAPL", "IBM")]
"""
MISBEHAVIOUR = [
    ("1 / 0", "policy.py:17: Alternating raised ZeroDivisionError: division by zero"),
    ("return [Target('AAPL', weight=float('nan'), reason='x')]", "weight must be finite, got nan"),
    ("return [Target('APPL', weight=0.1, reason='x')]", "instrument.* 'APPL'.*; did you mean 'AAPL'"),
    ("return [object()]", "which is no intent"),
    ("return 42", "the policy returned int 42; return a list of intents, or None"),
    ("return [Order('AAPL', side=1, lots=5, reason='x')]", "policy.py:17: .*side must be a Side, got int 1"),
]
MISTAKES = [
    (["--set", "risk.gros_max=1"], "did you mean risk.gross_max"),
    (["--set", "desk.seed='1'"], "desk.seed: expected int, got str"),
    (["--set", "desk"], "expected table.key=value"),
    (["--set", 'data.instruments=["AAPL","IMB"]'], "no instrument 'IMB' in sample:us-stocks; did you mean"),
    (["--set", "data.catalog=absent"], "no catalog at "),
    (["--set", "data.start=2040-01-01"], "no bars of AAPL, IBM"),
    (["--set", "strategy.path=absent.py"], "absent.py cannot be read"),
    (["--set", "strategy.wndow=3"], "has no such parameter"),
    (["--set", "risk.drawdown_max=0"], "drawdown_max"),
    (["--chunk-rows", "0"], "0 is not in the range"),
    (["--stop-after", "-1"], "-1 is not in the range"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a desk and a policy, in which the commands are typed."""
    (tmp_path / "desk.toml").write_text(DESK)
    (tmp_path / "policy.py").write_text(POLICY.format(act="pass"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str | Path, exits: int = 0) -> Result:
    """One command; nothing but an exit may come out of it."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == exits, (words, result.exit_code, result.stdout, result.stderr)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def digest(text: str) -> str:
    """The 64 digits of the last line."""
    word, digits = text.splitlines()[-1].split()
    assert word == "result"
    assert len(digits) == len(f"{int(digits, 16):064x}") == 64
    return digits


def process(*words: str, limit_bytes: int | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
    """The same command as a process of its own, with files of at most so many bytes."""

    def limit() -> None:
        if limit_bytes is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    return subprocess.run(
        [*SEAWALL, *words], capture_output=True, text=True, check=False, preexec_fn=limit, **options
    )


def test_a_backtest_ends_with_its_result_whatever_the_chunks(folder: Path) -> None:
    """The last line is the result; chunks are counted; the folder beside the desk is the default."""
    result = run("backtest", "desk.toml")
    lines = result.stdout.splitlines()
    assert lines[-2:] == ["folder runs/alternating", f"result {digest(result.stdout)}"]
    assert "chunks 1" in lines
    assert result.stderr == ""  # progress is for terminals
    chunked = run("backtest", "desk.toml", "--out", "two", "--chunk-rows", "7")
    assert "chunks 1\n" not in chunked.stdout
    assert digest(chunked.stdout) == digest(result.stdout)
    seeded = run("backtest", "desk.toml", "--out", "three", "--set", "desk.seed=7")
    assert digest(seeded.stdout) != digest(result.stdout)
    assert json.loads((folder / "three" / "manifest.json").read_text())["seed"] == 7


def test_an_existing_folder_is_refused_without_overwrite(folder: Path) -> None:
    """Nothing of it is lost; a folder that is no run is not overwritten at all."""
    first = digest(run("backtest", "desk.toml", "--out", "a").stdout)
    assert "exists already" in run("backtest", "desk.toml", "--out", "a", exits=2).stderr
    refused = run("backtest", "desk.toml", "--out", "a", "--overwrite", "--set", "desk.cash=0", exits=2)
    assert "desk.cash" in refused.stderr
    assert first in run("verify", "a").stdout
    assert digest(run("backtest", "desk.toml", "--out", "a", "--overwrite").stdout) == first
    (folder / "mine").mkdir()
    (folder / "mine" / "letter.txt").write_text("dear")
    run("backtest", "desk.toml", "--out", "mine", "--overwrite", exits=2)
    assert (folder / "mine" / "letter.txt").read_text() == "dear"


@pytest.mark.parametrize(("words", "says"), MISTAKES, ids=[" ".join(words) for words, _ in MISTAKES])
def test_a_mistake_of_the_user_is_one_message_and_exit_2(folder: Path, words: list[str], says: str) -> None:
    """And no run folder is left behind."""
    assert says in run("backtest", "desk.toml", "--out", "a", *words, exits=2).stderr
    assert not (folder / "a").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [("[desk", "not valid TOML"), ("", "the table [desk] is missing"), ("x = nan\n", "unknown table [x]")],
)
def test_a_broken_desk_file_is_named(folder: Path, text: str, says: str) -> None:
    """Malformed, empty and foreign files."""
    (folder / "desk.toml").write_text(text)
    error = run("backtest", "desk.toml", exits=2).stderr
    assert error.startswith("seawall: desk.toml: ")
    assert says in error
    assert "no such desk file; did you mean desk.toml" in run("backtest", "dek.toml", exits=2).stderr


@pytest.mark.parametrize(("act", "says"), MISBEHAVIOUR, ids=[act for act, _ in MISBEHAVIOUR])
def test_a_policy_that_misbehaves_ends_the_run_with_what_the_desk_held(
    folder: Path, act: str, says: str
) -> None:
    """Exit 1, the user's own line, positions and cash; the records up to then stay readable."""
    (folder / "policy.py").write_text(POLICY.format(act=act))
    result = run("backtest", "desk.toml", "--out", "a", exits=1)
    assert re.search(says, result.stderr), result.stderr
    assert "  cash  " in result.stderr
    assert "  AAPL  " in result.stderr
    assert "  IBM  " in result.stderr
    assert "the run failed" in run("verify", "a").stdout
    orders = json.loads(run("orders", "a", "--json").stdout)
    assert orders
    assert run("why", "a", str(orders[-1]["order_id"])).stdout.startswith("order ")
    assert "the run failed" in run("replay", "a", exits=2).stderr


def test_a_policy_cannot_choose_the_exit_code(folder: Path) -> None:
    """What calls sys.exit stops the run early, which is exit 1."""
    (folder / "policy.py").write_text(POLICY.format(act="raise SystemExit(5)"))
    answer = process("backtest", "desk.toml", "--out", "a")
    assert answer.returncode == 1
    assert "sys.exit" in answer.stderr or "SystemExit" in answer.stderr


def test_stop_and_resume_give_the_result_of_an_uninterrupted_run(folder: Path) -> None:
    """Wherever it was stopped; what was stopped can be read, and be verified."""
    whole = digest(run("backtest", "desk.toml", "--out", "whole").stdout)
    for rows in ("0", "1", "777", "1500"):
        stopped = run("backtest", "desk.toml", "--out", rows, "--stop-after", rows)
        assert digest(stopped.stdout) != whole
        assert f"to finish it: seawall resume {rows}" in stopped.stdout
        assert "not finished" in run("verify", rows).stdout
        run("orders", rows)
        assert "is interrupted" in run("report", rows, exits=2).stderr
        assert digest(run("resume", rows, "--chunk-rows", "100").stdout) == whole
        run("verify", rows)
    assert "nothing to resume" in run("resume", "777", exits=2).stderr


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_can_be_resumed(folder: Path, number: signal.Signals) -> None:
    """kill -9 and Ctrl-C leave a folder that ends with the result of an uninterrupted run."""
    act = f"os.path.exists('fuse') and (os.remove('fuse'), os.kill(os.getpid(), {int(number)}))"
    (folder / "policy.py").write_text(POLICY.format(act=act))
    whole = digest(run("backtest", "desk.toml", "--out", "whole").stdout)
    (folder / "fuse").touch()
    killed = process("backtest", "desk.toml", "--out", "killed")
    assert killed.returncode == (1 if number == signal.SIGINT else -number), killed.stderr
    assert "Traceback" not in killed.stderr
    if number == signal.SIGINT:
        assert killed.stderr == "seawall: interrupted; to finish it: seawall resume killed\n"
    assert "is interrupted" in run("replay", "killed", exits=2).stderr
    assert digest(run("resume", "killed").stdout) == whole


@pytest.mark.parametrize("limit_bytes", [100, 3_000, 10_000, 30_000])
def test_a_full_disk_is_a_message_and_loses_nothing(folder: Path, limit_bytes: int) -> None:
    """Exit 2 and the file's name; what was there before stays, and the run can be finished."""
    whole = digest(run("backtest", "desk.toml", "--out", "whole").stdout)
    answer = process("backtest", "desk.toml", "--out", "full", limit_bytes=limit_bytes)
    assert answer.returncode == 2, answer.stderr
    assert "Traceback" not in answer.stderr
    assert answer.stderr.startswith("seawall: ")
    assert "full" in answer.stderr
    assert whole in run("verify", "whole").stdout
    if (folder / "full" / "manifest.json").exists():
        assert digest(run("resume", "full").stdout) == whole
        run("verify", "full")


def test_output_that_nobody_takes_is_no_crash(folder: Path) -> None:
    """A closed pipe ends the command in silence; a full device is a message."""
    run("backtest", "desk.toml", "--out", "a")
    with Path("/dev/full").open("w") as full:
        answer = subprocess.run([*SEAWALL, "orders", "a"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert answer.returncode == 2
    assert b"No space left" in answer.stderr
    assert b"Traceback" not in answer.stderr
    reader, writer = os.pipe()
    os.close(reader)
    try:
        answer = subprocess.run([*SEAWALL, "orders", "a"], stdout=writer, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writer)
    assert b"Traceback" not in answer.stderr


def test_every_list_is_also_json(folder: Path) -> None:
    """Lists of objects with the names of the library's tables."""
    run("backtest", "desk.toml", "--out", "a")
    opened = seawall.open_run(folder / "a")
    for name, keys in (
        ("orders", {"order_id", "status", "filled_lots", "average_price", "fees_minor"}),
        ("fills", {"order_id", "price", "delay_minor", "spread_minor", "impact_minor", "fee_minor"}),
        ("trades", {"open_order", "close_order", "pnl_minor"}),
        ("positions", {"instrument", "lots", "value_minor"}),
    ):
        rows = json.loads(run(name, "a", "--json").stdout)
        frame = getattr(opened, name)
        assert len(rows) == frame.height > 0
        assert keys <= set(rows[0]) == set(frame.columns)
        assert len(run(name, "a").stdout.splitlines()) == 1 + frame.height
    story = json.loads(run("why", "a", "1", "--json").stdout)
    assert (story["order_id"], story["filled_lots"] > 0) == (1, True)
    refused = json.loads(run("why", "a", "--refused", "--json").stdout)
    assert all({"reason", "count", "last"} <= set(row) for row in refused)
    assert json.loads(run("compare", "a", "a", "--json").stdout)["first_difference"] is None
    sql = run("data", "sql", "select 1 as n", "--catalog", "sample:us-stocks", "--json")
    assert json.loads(sql.stdout) == [{"n": 1}]


def test_the_library_has_the_names_of_the_commands() -> None:
    """What one can type, one can call: on the package, or on a run."""
    on_a_run = {"orders", "fills", "trades", "positions", "why"}
    on_the_package = {"backtest", "resume", "replay", "verify", "compare", "report"}
    assert on_a_run | on_the_package | {"init", "demo", "data", "config", "kernels"} == set(main.commands)
    assert all(hasattr(seawall, name) for name in on_the_package)
    assert all(hasattr(seawall.Run, name) for name in on_a_run)


def test_verify_names_the_file_and_exits_2(folder: Path) -> None:
    """The journal's record and offset, any other file, and what is not listed."""
    run("backtest", "desk.toml", "--out", "a")
    path = folder / "a" / "journal.bin"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    (folder / "a" / "notes.txt").write_text("mine")
    error = run("verify", "a", exits=2).stderr
    assert "a: 2 problems" in error
    assert "a/notes.txt: is not listed" in error
    assert re.search(r"a/journal.bin: \w+ record \d+ .* is corrupt at offset \d+", error)
    for words in (["orders", "a"], ["why", "a", "1"], ["replay", "a"], ["report", "a"]):
        assert "journal.bin" in run(*words, exits=2).stderr


def test_replay_tells_changed_inputs_from_a_divergence(folder: Path) -> None:
    """The policy's own copy in the run is what counts; data that is gone is exit 2."""
    (folder / "bars.csv").write_text(
        "date,open,high,low,close,volume\n"
        + "".join(f"2001-01-{day:02d},10,11,9,10.5,100000\n" for day in (2, 3, 4, 5, 8, 9, 10, 11, 12))
    )
    run("data", "import", "bars.csv", "--instrument", "ACME")
    text = DESK.replace('"sample:us-stocks"', '"catalog"').replace('["AAPL", "IBM"]', '["ACME"]')
    (folder / "desk.toml").write_text(f"{text}order_lots_max = 5000\n")
    run("backtest", "desk.toml", "--out", "a")
    (folder / "policy.py").write_text("broken(")
    assert "all equal" in run("replay", "a").stdout
    (folder / "catalog").rename(folder / "elsewhere")
    assert "no catalog at" in run("replay", "a", exits=2).stderr


def test_imports_that_cannot_be_used_are_exit_2(folder: Path) -> None:
    """Empty, garbage, missing; bad rows go to a reject file with row and reason."""
    (folder / "empty.csv").touch()
    (folder / "garbage.csv").write_bytes(bytes(range(256)))
    (folder / "garbage.parquet").write_bytes(b"PAR1" + bytes(range(200)))
    for name in ("empty.csv", "garbage.csv", "garbage.parquet", "absent.csv", "."):
        error = run("data", "import", name, "--instrument", "A", exits=2).stderr
        assert name in error
    (folder / "bad.csv").write_text(
        "date,open,high,low,close,volume\n2001-01-02,10,11,9,10,1\n2001-01-03,nan,11,9,10,1\n"
        "2001-01-04,-1,11,9,10,1\n2001-01-08,10,11,9,10,1\n2001-01-05,10,11,9,10,1\n2001-01-08,10,11,9,10,1\n"
    )
    text = run("data", "import", "bad.csv", "--instrument", "A").stdout
    assert "rows read 6 = written 2 + duplicates 0 + rejected 4" in text
    (rejects,) = (folder / "catalog" / "rejects").glob("*.csv")
    said = rejects.read_text()
    assert all(
        reason in said for reason in ("open is not finite", "open is not above 0", "back-step", "repeats")
    )
    assert "2 bars of 1d" in run("data", "check").stdout
    assert "no catalog at absent" in run("data", "check", "--catalog", "absent", exits=2).stderr
    assert "runs one SELECT" in run("data", "sql", "drop table bars", exits=2).stderr


def test_init_gives_a_desk_that_runs(folder: Path) -> None:
    """The skeleton runs as it is, and is never overwritten."""
    assert "next: seawall backtest new/desk.toml" in run("init", "new").stdout
    digest(run("backtest", "new/desk.toml", "--set", "data.end=2001-06-01").stdout)
    assert "exists already; it was not touched" in run("init", "new", exits=2).stderr


def test_help_version_and_reference_are_printed() -> None:
    """Each command explains itself; the module is the same command."""
    assert run("--version").stdout == f"seawall, version {seawall.__version__}\n"
    assert process("--version").stdout == run("--version").stdout
    assert "Exit codes: 0 done" in run("--help").stdout
    for name, command in main.commands.items():
        assert command.get_short_help_str()
        run(name, "--help")
    assert run("config", "reference").stdout.startswith("# Desk file reference")
    assert run("config", "reasons").stdout.startswith("# Reasons")
