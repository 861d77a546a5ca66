"""How the time of a run grows with its orders: 80 k orders against 5 k, everything on.

Rule: the same bars a round trip; a policy that turns its position over on each bar, so that time is orders.
"""

import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from w4_data import make_bars
from w4_seawall import NAME, QUANTITY, make_catalog, start_run

from seawall.model.intents import Target
from seawall.strategies.view import View
from seawall.strategies.wakes import OnBarClose

__all__ = ["orders_scaling"]

FEW, MANY, RATIO_MAX = 5_000, 80_000, 18.0


class Turnover:
    """In and out, bar by bar: one order a bar."""

    features = ()
    wakes = (OnBarClose(),)

    def __init__(self, mode: str = "turnover") -> None:
        self.mode = mode

    def decide(self, view: View) -> list[Target]:
        """The other side of what is held."""
        return [Target(NAME, lots=0 if view.position(NAME) else QUANTITY, reason="turn over")]


def orders_scaling(rounds: int) -> bool:
    """Prints seconds for both counts and their ratio; False where it is above 18."""
    seconds: dict[int, list[float]] = {FEW: [], MANY: []}
    for _ in range(rounds):
        for orders in (FEW, MANY):
            seconds[orders].append(_run(orders)["seconds"])
    few, many = (statistics.median(seconds[orders]) for orders in (FEW, MANY))
    print(f"orders: {FEW:,} in {few:.3f} s, {MANY:,} in {many:.3f} s: {many / few:.1f}x for 16x the orders")
    print(f"        {many / MANY * 1e6:.1f} us an order, bar and wake included; {rounds} rounds, medians\n")
    return many / few <= RATIO_MAX


def _run(orders: int) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="seawall-orders-"))
    try:
        make_catalog(folder / "catalog", make_bars(orders + 1)["close"] / 100.0)
        shutil.copyfile(__file__, folder / "policy.py")
        backtest = start_run(folder, "policy.py", "Turnover", "turnover")
        begun = time.perf_counter()
        finished = backtest.run()
        taken = time.perf_counter() - begun
        fills = int(np.count_nonzero(finished.lanes["events"]["kind"] == 12))
        assert fills == orders, f"{fills} fills, {orders} expected"
        return {"seconds": taken}
    finally:
        shutil.rmtree(folder)
