"""One measured run of one engine, in a process of its own: `python -m w4_peers.child ENGINE FILE BARS`.

Rule 1: the clock covers the engine's run only: no import, no data making, no counting of results.
Rule 2: every engine runs once over the first 2,000 bars before the clock starts, so that compiling,
lazy imports and caches are outside for all alike.
"""

import importlib
import importlib.metadata
import json
import os
import sys
import time
from typing import Any

import numpy as np

WARM_UP_BARS = 2_000


def measure_peer(module_name: str, bars: dict[str, np.ndarray]) -> dict[str, Any]:
    """Seconds and results of a peer, through its `prepare` and `summary`."""
    peer = importlib.import_module(f"w4_peers.{module_name}")
    peer.summary(peer.prepare({name: column[:WARM_UP_BARS] for name, column in bars.items()})())
    run = peer.prepare(bars)
    start = time.perf_counter()
    outcome = run()
    seconds = time.perf_counter() - start
    version = importlib.metadata.version(peer.PACKAGE)
    return {"version": version, "seconds": seconds, **peer.summary(outcome)}


def measure_seawall(mode: str, bars: dict[str, np.ndarray]) -> dict[str, Any]:
    """Seconds and results of seawall; `w4_seawall.run` holds the clock, by the same two rules."""
    run = importlib.import_module("w4_seawall").run
    run(bars["close"][:WARM_UP_BARS], mode)
    result = run(bars["close"], mode)
    version = importlib.metadata.version("seawall")
    counts = {"orders": result["orders"], "trades": result["fills"] // 2, "equity": result["equity"]}
    return {"version": version, "seconds": result["seconds"], **counts}


def main(engine: str, path: str, count: int) -> None:
    """Measure, and answer with one JSON line on stdout; what an engine itself prints goes to stderr."""
    answer, sys.stdout = sys.stdout, sys.stderr
    os.environ["TQDM_DISABLE"] = "1"  # a progress bar nobody sees would cost its engine time
    with np.load(path) as file:
        bars = {name: file[name][:count] for name in file.files}
    for name in ("open", "high", "low", "close"):
        bars[name] = bars[name] / 100.0  # the nearest float64 to the price of so many ticks of 0.01
    kind, _, mode = engine.partition(" ")
    result = measure_seawall(mode, bars) if kind == "seawall" else measure_peer(kind, bars)
    print(json.dumps({"bars": count, **result}), file=answer)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
