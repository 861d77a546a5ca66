"""Benchmark "book": a real book of levels replayed, its touch read every 100 ms, beside hftbacktest.

Rule 1: the looks and the sums of the touches are compared with those of `book_data`.
Rule 2: the recording is not part of the project; without it nothing is measured, and that is said.
"""

import tempfile
from pathlib import Path

import book_data
import numpy as np
from turns import Measured, Side, measure, print_table, say_load
from w12 import TICK

__all__ = ["compare"]

COUNTED = ("looks", "bid_sum", "ask_sum")
HEADS = ("engine", "version", "python", "rows/s", "(min .. max)", "CPU ns/row", *COUNTED, "as expected",
         "to hftbacktest", "MiB before", "MiB peak", "bytes/row")  # fmt: skip


def make_sides(rows: int) -> list[Side]:
    """The peer, then seawall."""
    peer = Side("hftbacktest compiled", "book_peers.hft_compiled", rows, "hftbacktest", TICK)
    return [peer, Side("seawall", "book_seawall", rows)]


def make_row(name: str, measured: Measured, right: bool) -> tuple[str, ...]:
    """One line of the table."""
    last = measured.runs[name][-1]
    speed = (*measured.say_speed(name), measured.say_cpu_ns(name))
    counts = [f"{last[key]:,}" for key in COUNTED]
    ratio = measured.say_ratio(name, "hftbacktest compiled")
    head = (name, last["version"], last["python"])
    return (*head, *speed, *counts, "yes" if right else "NO", ratio, *measured.say_memory(name))


def compare(rounds: int) -> bool:
    """Prints the table; False where a result is wrong or ours is absent. True without the recording."""
    if not book_data.RECORDING.exists():
        print(f"book: left out: there is no {book_data.RECORDING.name} in ../shared/data/l2_crypto\n")
        return True
    levels = book_data.make_levels(book_data.RECORDING)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "levels.npy"
        np.save(file, levels)
        measured = measure(make_sides(len(levels)), "book_data", file, rounds)
    print(f"BOOK: {len(levels):,} rows of a real book (digest {book_data.digest(levels)}),")
    print("its best bid and ask read every 100 ms.")
    print(say_load(rounds))
    expected = book_data.expected(levels)
    names = [name for name, runs in measured.runs.items() if runs]
    right = {n: all(run[key] == expected[key] for run in measured.runs[n] for key in COUNTED) for n in names}
    print_table(HEADS, [make_row(name, measured, right[name]) for name in names])
    measured.say_missing()
    return all(right.values()) and measured.has_ours()
