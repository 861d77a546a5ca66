"""Benchmark W4: SMA 10/50 crossover over one-minute bars, beside other engines.

Rule: orders, closed trades and final equity of every run are compared with `w4_data.expected`.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import w4_data
from environments import Environment
from turns import Measured, Side, measure, print_table, say_load

__all__ = ["compare"]

ENVIRONMENT = Environment("peers", ("backtesting", "vectorbt", "backtrader"))
PEERS = {
    "backtesting_crossover": "backtesting",  # as its quick start writes it
    "backtesting_py": "backtesting",  # the same rule, tuned by hand and exact
    "vectorbt_py": "vectorbt",
    "backtrader_py": "backtrader",
}
SLOW = ("backtrader_py",)  # some 20 k bars/s: these get `slow_bars` bars
OURS = ("python", "crossing")
YARDSTICKS = ("backtesting_crossover", "backtesting_py")
DIFFERING = {"backtesting_crossover": "touches"}  # what it does otherwise by its nature
HEADS = ("engine", "version", "bars", "bars/s", "(min .. max)", "orders", "trades", "equity", "as expected",
         "to _crossover", "to _py", "MiB before", "MiB peak", "bytes/bar")  # fmt: skip


def make_sides(bars: int, slow_bars: int) -> list[Side]:
    """The peers, then seawall."""
    sides = [
        Side(name, f"w4_peers.{name}", min(slow_bars, bars) if name in SLOW else bars, package, ENVIRONMENT)
        for name, package in PEERS.items()
    ]
    return sides + [Side(f"seawall {mode}", "w4_seawall", bars, modes=(mode,)) for mode in OURS]


def is_as_expected(result: dict[str, Any], expected: dict[str, float]) -> bool:
    """Orders and trades equal; equity equal to the tenth of a cent, for the engines that add floats."""
    counted = result["orders"] == expected["orders"] and result["trades"] == expected["trades"]
    return counted and abs(result["equity"] - expected["equity"]) < 0.001


def make_row(name: str, measured: Measured, right: bool) -> tuple[str, ...]:
    """One line of the table."""
    last = measured.runs[name][-1]
    verdict = "yes" if right else DIFFERING.get(name, "NO")
    counts = (str(last["orders"]), str(last["trades"]), f"{last['equity']:,.2f}", verdict)
    ratios = [measured.say_ratio(name, yardstick) for yardstick in YARDSTICKS]
    head = (name, last["version"], f"{last['count']:,}")
    return (*head, *measured.say_speed(name), *counts, *ratios, *measured.say_memory(name))


def compare(bars: int, slow_bars: int, rounds: int) -> bool:
    """Prints the table; False where a result is wrong or ours is absent."""
    made = w4_data.make_bars(bars)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bars.npz"
        np.savez(file, **made)
        measured = measure(make_sides(bars, slow_bars), "w4_data", file, rounds)
    print(f"W4: SMA {w4_data.FAST}/{w4_data.SLOW} over one-minute bars (digest {w4_data.digest(made)}),")
    print(f"{w4_data.QUANTITY} units or none, filled at the next open, no costs.")
    print(say_load(rounds))
    rows: list[tuple[str, ...]] = []
    all_right = True
    for name, runs in measured.runs.items():
        if runs:
            expected = w4_data.expected(made, runs[-1]["count"])
            right = all(is_as_expected(run, expected) for run in runs)
            all_right &= right or name in DIFFERING
            rows.append(make_row(name, measured, right))
    print_table(HEADS, rows)
    measured.say_missing()
    return all_right and measured.has_ours()
