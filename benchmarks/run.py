"""All benchmarks of seawall: `.venv/bin/python benchmarks/run.py [--only w4] [--rounds N] [--bars N]`.

Rule 1: what is compared runs in the same call, on the same bars, in turns (A B C D, A B C D, ...), so that
a busy machine slows all alike; the table gives medians with the range.
Rule 2: an engine whose orders or equity differ from the expected ones is shown as such: a fast wrong answer
is no answer. The call then ends with code 1, as it does where seawall itself fails.
Rule 3: a peer that cannot be installed or that fails is named with its reason; the others still run.
"""

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import w4_data

__all__ = ["main"]

HERE = Path(__file__).resolve().parent
PEERS_HOME = HERE / ".venv-peers"
PINS = HERE / "peers.txt"
PEERS = {
    "backtesting_crossover": "backtesting",  # as its quick start writes it
    "backtesting_py": "backtesting",  # the same rule, tuned by hand and exact
    "vectorbt_py": "vectorbt",
    "backtrader_py": "backtrader",
}
ENGINES = (*PEERS, "seawall python", "seawall crossing")
YARDSTICKS = ("backtesting_crossover", "backtesting_py")
DIFFERING = {"backtesting_crossover": "touches"}  # what it does otherwise by its nature
SLOW_ENGINES = ("backtrader_py",)  # some 20 k bars/s: these get `--slow-bars` bars
RUN_SECONDS_MAX = 180
INSTALL_SECONDS_MAX = 300


def say_last_line(failure: subprocess.CompletedProcess[str]) -> str:
    """The last line that a failed process wrote to stderr."""
    lines = failure.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit code {failure.returncode}"


def call(command: list[str], seconds_max: int) -> subprocess.CompletedProcess[str]:
    """Run a command in this folder; one that is too slow or cannot start counts as failed."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.run(
            command,
            cwd=HERE,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds_max,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"not done after {seconds_max} s")
    except OSError as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


def find_uv() -> str | None:
    """uv beside this Python or on the path, if there is one."""
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else shutil.which("uv")


def install_peers() -> dict[str, str]:
    """Make the peers' environment, or find it made for these pins; engine -> why it is missing."""
    stamp = PEERS_HOME / "pins.sha256"
    pins = hashlib.sha256(PINS.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == pins:
        return {}
    print(f"Installing the peers of {PINS.name} into {PEERS_HOME} (once) ...", flush=True)
    shutil.rmtree(PEERS_HOME, ignore_errors=True)
    python, uv = str(PEERS_HOME / "bin" / "python"), find_uv()
    create = [uv, "venv", "--python", sys.executable] if uv else [sys.executable, "-m", "venv"]
    made = call([*create, str(PEERS_HOME)], INSTALL_SECONDS_MAX)
    if made.returncode:
        return {engine: f"no environment: {say_last_line(made)}" for engine in PEERS}
    (PEERS_HOME / ".gitignore").write_text("*\n")
    install = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
    missing: dict[str, str] = {}
    for engine, package in PEERS.items():  # one by one: a peer that is not to be had costs only itself
        done = call([*install, "-c", str(PINS), package], INSTALL_SECONDS_MAX)
        if done.returncode:
            missing[engine] = f"cannot be installed: {say_last_line(done)}"
    if not missing:
        stamp.write_text(pins)
    return missing


def run_once(engine: str, bars_file: Path, count: int) -> dict[str, Any] | str:
    """One measured run in a process of its own; a text says why there is no result."""
    python = sys.executable if engine.startswith("seawall") else str(PEERS_HOME / "bin" / "python")
    done = call([python, "-m", "w4_peers.child", engine, str(bars_file), str(count)], RUN_SECONDS_MAX)
    return say_last_line(done) if done.returncode else json.loads(done.stdout)


def run_rounds(
    counts: dict[str, int], bars_file: Path, rounds: int, missing: dict[str, str]
) -> dict[str, list[dict[str, Any]]]:
    """The results of each engine, taken in turns; an engine that fails is added to `missing`."""
    results: dict[str, list[dict[str, Any]]] = {engine: [] for engine in counts}
    for number in range(1, rounds + 1):
        for engine, count in counts.items():
            if engine in missing:
                continue
            if sys.stderr.isatty():
                print(f"round {number} of {rounds}: {engine}", file=sys.stderr)
            result = run_once(engine, bars_file, count)
            if isinstance(result, str):
                missing[engine] = result
            else:
                results[engine].append(result)
    return results


def is_as_expected(result: dict[str, Any], expected: dict[str, float]) -> bool:
    """Orders and trades equal; equity equal to the tenth of a cent, for the engines that add floats."""
    counted = result["orders"] == expected["orders"] and result["trades"] == expected["trades"]
    return counted and abs(result["equity"] - expected["equity"]) < 0.001


def print_table(results: dict[str, list[dict[str, Any]]], bars: dict[str, np.ndarray]) -> bool:
    """One line an engine; False where a result is not the expected one."""
    line = "{:<22}{:<12}{:>10}{:>12}  {:<24}{:>7}{:>7}{:>12}  {:<12}{:>11}{:>9}"
    heads = ("engine", "version", "bars", "bars/s", "(min .. max)", "orders", "trades", "equity")
    print(line.format(*heads, "as expected", "to _crossover", "to _py"))
    speeds_of = {name: [run["bars"] / run["seconds"] for run in results[name]] or [0] for name in YARDSTICKS}
    yardsticks = [statistics.median(speeds_of[name]) for name in YARDSTICKS]
    all_right = True
    for engine, runs in results.items():
        if not runs:
            continue
        speeds, last = [run["bars"] / run["seconds"] for run in runs], runs[-1]
        median, expected = statistics.median(speeds), w4_data.expected(bars, last["bars"])
        right = all(is_as_expected(run, expected) for run in runs)
        all_right &= right or engine in DIFFERING
        verdict = "yes" if right else DIFFERING.get(engine, "NO")
        counts = (last["orders"], last["trades"], f"{last['equity']:,.2f}", verdict)
        speed = (f"{median:,.0f}", f"({min(speeds):,.0f} .. {max(speeds):,.0f})")
        ratios = [f"{median / yardstick:.2f}x" if yardstick else "-" for yardstick in yardsticks]
        print(line.format(engine, last["version"], f"{last['bars']:,}", *speed, *counts, *ratios))
    return all_right


def w4(options: argparse.Namespace) -> bool:
    """SMA 10/50 crossover beside the peers; False where a result is wrong or ours is absent."""
    slow_count = min(options.slow_bars, options.bars)
    counts = {engine: slow_count if engine in SLOW_ENGINES else options.bars for engine in ENGINES}
    missing = install_peers()
    with tempfile.TemporaryDirectory() as folder:
        bars = w4_data.make_bars(options.bars)
        bars_file = Path(folder) / "bars.npz"
        np.savez(bars_file, **bars)
        results = run_rounds(counts, bars_file, options.rounds, missing)
    print(f"W4: SMA {w4_data.FAST}/{w4_data.SLOW} over one-minute bars (digest {w4_data.digest(bars)}),")
    print(f"{w4_data.QUANTITY} units or none, filled at the next open, no costs; {options.rounds} rounds.")
    print(f"Load average at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.\n")
    all_right = print_table(results, bars)
    for engine, reason in missing.items():
        print(f"{engine}: left out: {reason}")
    return all_right and not any(engine.startswith("seawall") for engine in missing)


def orders(options: argparse.Namespace) -> bool:
    """80 k orders against 5 k; False where the time grows faster than it may."""
    from orders import orders_scaling  # noqa: PLC0415  it compiles kernels

    return orders_scaling(options.rounds)


BENCHMARKS: dict[str, Callable[[argparse.Namespace], bool]] = {"orders": orders, "w4": w4}


def count_above_zero(text: str) -> int:
    """An argument that counts something."""
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"a whole number of 1 or more, not {text!r}")
    return int(text)


def main() -> int:
    """Run what was asked for; 1 if a benchmark found a wrong result."""
    parser = argparse.ArgumentParser(description="The benchmarks of seawall.")
    parser.add_argument("--only", choices=list(BENCHMARKS), help="this benchmark alone")
    parser.add_argument("--rounds", type=count_above_zero, default=5, help="rounds in turns (5)")
    parser.add_argument("--bars", type=count_above_zero, default=1_000_000, help="bars of W4 (1,000,000)")
    parser.add_argument("--slow-bars", type=count_above_zero, default=100_000, help="for backtrader (100k)")
    options = parser.parse_args()
    chosen = [options.only] if options.only else list(BENCHMARKS)
    wrong = [name for name in chosen if not BENCHMARKS[name](options)]
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
