"""The proofs on ticks can fail: each of these broken engines is caught by one of them.

A mutant is made by replacing a function of the plain Python twins (NUMBA_DISABLE_JIT=1) in a process of its
own, which then runs a proof. It is caught if the proof, or an assertion of the engine itself, fails.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
PROLOGUE = """
import sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")  # numbers wrap in plain Python as they do compiled, but say so
sys.path[:0] = [{worlds!r}, {proofs!r}]
import numpy as np
import test_offline_merge_ticks as merge
import test_tick_wakes as wakes
from tick_desk import TickWorld
from seawall.engine import ticks as core
from seawall.runtime import backtest, loop, window
from seawall.simulator import reports

folder = Path(sys.argv[1])


def replace(module, name, make):
    setattr(module, name, make(getattr(module, name)))

"""
MERGE = """
merge.compare(TickWorld(folder, 130), {name!r})
"""
DIARY = """
wakes.test_it_wakes_when_it_said(TickWorld(folder, 130), next(iter(wakes.WAKES)), 50)
"""
DEPTH, SLOW = "depth, no latency", "depth, answers overtake a feed of 50 to 500 ms"
MUTANTS = {  # what is broken -> the replacement, and the proof that has to fail
    "nothing, on the merge": ("", MERGE.format(name=SLOW)),
    "nothing, on the wakes": ("", DIARY),
    "a venue 400 ms ahead": (
        """
replace(loop, "advance", lambda advance: lambda v, books, rows, base, count, horizon, final:
        advance(v, books, rows, base, count, min(horizon + 400_000_000, loop.FOREVER), final))
""",
        MERGE.format(name=SLOW),
    ),
    "a venue that does not wait for the desk to read its answers": (
        """
from seawall.simulator import exchange
replace(exchange, "next_report_ts", lambda _: lambda v: exchange.NEVER)
""",
        MERGE.format(name=SLOW),
    ),
    "a report delivered early": (
        """
def early(take):
    def taken(v):
        report = take(v)
        report["ts_local"] -= 300_000
        return report
    return taken
replace(loop, "pop_report", early)
replace(loop, "next_report_ts", lambda due: lambda v: due(v) - 300_000 if v["report_count"] else due(v))
""",
        MERGE.format(name=SLOW),
    ),
    "a missed rewind: rows are forgotten that the venue has yet to see": (
        """
replace(window.Window, "forget", lambda forget: lambda self, core, venue: forget(self, core, venue + 3))
""",
        MERGE.format(name=SLOW),
    ),
    "rows in order of arrival for the venue": (
        """
replace(window, "_sorted", lambda _: lambda rows: rows)
""",
        MERGE.format(name=SLOW),
    ),
    "a lost wake reason: a crossing that falls together with a trade": (
        """
def lost(take):
    def taken(s, books, row):
        take(s, books, row)
        if s["wake_reasons"] & core.WAKE_TRADE:
            s["wake_reasons"] &= ~np.uint64(core.WAKE_CROSSING)
    return taken
from seawall.engine import groups
replace(groups, "take_tick_row", lost)
""",
        DIARY,
    ),
    "a lost wake: groups of one timestamp run on": (
        """
replace(loop, "has_work", lambda work: lambda s: work(s) and s["wake_reasons"] != core.WAKE_TRADE)
""",
        DIARY,
    ),
}


def outcome(folder: Path, mutation: str, proof: str) -> str:
    """How a proof ends in a process of its own with the mutation: passed, or its last line."""
    text = PROLOGUE.format(worlds=str(TESTS / "worlds"), proofs=str(TESTS / "proofs"))
    done = subprocess.run(
        [sys.executable, "-c", text + mutation + proof + "print('passed')", str(folder)],
        capture_output=True, text=True, check=False, timeout=200,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    )  # fmt: skip
    if done.stdout.strip().endswith("passed"):
        return "passed"
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught(tmp_path: Path, name: str) -> None:
    """The engine as it is passes the proof; with one thing broken an assertion fails."""
    mutation, proof = MUTANTS[name]
    found = outcome(tmp_path, mutation, proof)
    print(name, "->", found)
    if mutation:
        assert found.startswith(("AssertionError", "seawall.model.errors.InvariantBroken"))
    else:
        assert found == "passed"
