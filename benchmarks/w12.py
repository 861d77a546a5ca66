"""Benchmarks W1 and W2: two million trades, a callback on each, and orders where the momentum turns.

Rule: the counts of every run are compared with those of `w12_data`, which come from integers and a plain
loop. Equity is compared with two of its own: orders filled at the trade that decided, or at the next one.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import w12_data
from environments import Environment
from turns import Measured, Side, measure, print_table, say_load

__all__ = ["compare"]

TICK = Environment("peers-tick", ("csp", "hftbacktest"))
NAUTILUS = Environment("peers-nautilus", ("nautilus_trader",), python_least=(3, 12))
NAUTILUS_CORE = Environment("peers-nautilus-core", ("nautilus_trader", "numpy"), python_least=(3, 13))
# name in the table, module, package, environment, works
PEERS = (
    ("nautilus", "nautilus", "nautilus_trader", NAUTILUS, ("w1", "w2")),
    ("nautilus core", "nautilus_core", "nautilus_trader", NAUTILUS_CORE, ("w1", "w2")),
    ("csp", "csp_py", "csp", TICK, ("w1", "w2")),
    ("csp compiled", "csp_compiled", "csp", TICK, ("w2",)),
    ("hftbacktest", "hft_step", "hftbacktest", TICK, ("w1",)),
    ("hftbacktest plain", "hft_plain", "hftbacktest", TICK, ("w1",)),
)
YARDSTICKS = ("nautilus core", "csp", "hftbacktest")
COUNTED = {"w1": ("calls", "above"), "w2": ("orders", "position")}
TITLES = {
    "w1": "a Python callback on each trade, an exponential average and a count",
    "w2": f"momentum over {w12_data.LOOKBACK} trades, {w12_data.THRESHOLD_TICKS} ticks, one lot, no costs",
}
FILLED_AT = {"equity": "deciding trade", "equity_next": "next trade"}


def make_sides(work: str, trades: int) -> list[Side]:
    """The bare loop, the peers, then seawall."""
    return [
        Side("no engine", "w12_peers.no_engine", trades, modes=(work,)),
        *(
            Side(name, f"w12_peers.{module}", trades, package, environment, (work,))
            for name, module, package, environment, works in PEERS
            if work in works
        ),
        Side("seawall", "w12_seawall", trades, modes=(work, "mapped")),
        Side("seawall streamed", "w12_seawall", trades, modes=(work, "streamed")),
    ]


def say_fills(result: dict[str, Any], expected: dict[str, float]) -> str:
    """Which price the orders filled at, as the equity tells."""
    near = [FILLED_AT[name] for name in FILLED_AT if abs(result["equity"] - expected[name]) < 0.001]
    return near[0] if near else "another"


def make_row(name: str, work: str, measured: Measured, expected: dict[str, float]) -> tuple[str, ...]:
    """One line of the table."""
    runs = measured.runs[name]
    last = runs[-1]
    counts = [f"{last[key]:,}" for key in COUNTED[work]]
    if work == "w2":
        counts += [f"{last['equity']:,.2f}", say_fills(last, expected)]
    verdict = "yes" if is_as_expected(runs, work, expected) else "NO"
    ratios = [measured.say_ratio(name, yardstick) for yardstick in YARDSTICKS]
    head = (name, last["version"], last["python"])
    speed = (*measured.say_speed(name), measured.say_cpu_ns(name))
    return (*head, *speed, *counts, verdict, *ratios, *measured.say_memory(name))


def is_as_expected(runs: list[dict[str, Any]], work: str, expected: dict[str, float]) -> bool:
    """All counts of all runs equal."""
    return all(run[key] == expected[key] for run in runs for key in COUNTED[work])


def make_heads(work: str) -> tuple[str, ...]:
    """The names of the columns."""
    equity = ("equity", "filled at") if work == "w2" else ()
    return (
        *("engine", "version", "python", "trades/s", "(min .. max)", "CPU ns/trade"),
        *(*COUNTED[work], *equity, "as expected", *(f"to {name}" for name in YARDSTICKS)),
        *("MiB before", "MiB peak", "bytes/trade"),
    )


def compare(work: str, trades: int, rounds: int) -> bool:
    """Prints the table of `w1` or `w2`; False where a count is wrong or ours is absent."""
    made = w12_data.make_trades(trades)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trades.npy"
        np.save(file, made)
        measured = measure(make_sides(work, trades), "w12_data", file, rounds)
    print(f"{work.upper()}: {TITLES[work]};")
    print(f"{trades:,} trades of one instrument (digest {w12_data.digest(made)}).")
    print(say_load(rounds))
    expected = {"w1": w12_data.expected_w1, "w2": w12_data.expected_w2}[work](made, trades)
    measured_names = [name for name, runs in measured.runs.items() if runs]
    print_table(make_heads(work), [make_row(name, work, measured, expected) for name in measured_names])
    measured.say_missing()
    right = [is_as_expected(measured.runs[name], work, expected) for name in measured_names]
    return all(right) and measured.has_ours()
