"""seawall's side of benchmark W4: the same rule, with gate, ledger, decisions and journal on.

Rule 1: `python` asks a Python policy on each of the bars; `crossing` wakes it only where the averages
cross. Both are ordinary policies over the ordinary backtest shell, nothing is switched off.
Rule 2: the clock covers the whole run: feeding and hashing the rows, features, wakes, rebalancing, every
rule of the gate, venue, ledger, records, their digests and the journal on disk. Reading the catalog and
writing the Parquet tables are outside, as reading and converting frames is for the other engines.
"""

import shutil
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from w4_data import CASH, FAST, QUANTITY, SLOW, TIE

from seawall.config import parse_desk
from seawall.features.bars import Sma
from seawall.model.instruments import Instrument
from seawall.model.intents import Target
from seawall.runtime.backtest import start
from seawall.store.catalog import Catalog
from seawall.strategies.view import View
from seawall.strategies.wakes import OnBarClose, OnCrossing

__all__ = ["PACKAGE", "make_catalog", "prepare", "start_run", "summary"]

PACKAGE = "seawall"
NAME = "W4"
MINUTE_NS = 60 * 10**9
FIRST_NS = 1_640_995_200_000_000_000
DESK = f"""
[desk]
name = "w4"
cash = {CASH}
rebalance_band = 0.0
[data]
catalog = "catalog"
instruments = ["{NAME}"]
volume = "assume 1000000"
[strategy]
path = "POLICY_FILE"
class = "POLICY"
mode = "MODE"
[risk]
order_lots_max = {QUANTITY}
order_notional_max = "none"
unexecuted_notional_max = "none"
single_name_max = "none"
gross_max = "none"
net_max = "none"
duplicate_window = "0s"
[venue]
taker_bps = 0.0
maker_bps = 0.0
spread_bps = 0.0
k_sigma = 0.0
impact = "none"
latency_order = "0"
latency_response = "0"
"""


class Crossover:
    """Long 100 units while the fast average is above the slow one, else flat."""

    features = (Sma(FAST), Sma(SLOW))

    def __init__(self, mode: str = "python") -> None:
        self.wakes = (OnBarClose(),) if mode == "python" else (OnCrossing(f"sma_{FAST}", f"sma_{SLOW}"),)
        self.long = False

    def start(self, view: View) -> None:
        """Binds the two averages once."""
        self.fast = view.reader(f"sma_{FAST}", NAME)
        self.slow = view.reader(f"sma_{SLOW}", NAME)

    def decide(self, view: View) -> list[Target] | None:
        """A target only where the side changes."""
        above = self.fast() - self.slow() > TIE
        if above == self.long:
            return None
        self.long = above
        lots = QUANTITY if above else 0
        return [Target(NAME, lots=lots, reason="fast above slow" if above else "fast not above slow")]


def make_catalog(folder: Path, closes: np.ndarray) -> None:
    """One instrument of one-minute bars, each opening at the close before it."""
    ticks = np.rint(closes * 100).astype(np.int64)
    opened = np.concatenate((ticks[:1], ticks[:-1]))
    ts = FIRST_NS + MINUTE_NS * np.arange(len(ticks), dtype=np.int64)
    catalog = Catalog(folder)
    catalog.write_instrument(Instrument(name=NAME, tick=Decimal("0.01"), sessions="24/7"))
    nothing = pl.Series([None] * len(ticks), dtype=pl.Int64)
    frame = pl.DataFrame(
        {
            "ts_open": ts, "ts_close": ts + MINUTE_NS, "open_ticks": opened,
            "high_ticks": np.maximum(opened, ticks), "low_ticks": np.minimum(opened, ticks),
            "close_ticks": ticks,
            "volume_lots": nothing, "buy_volume_lots": nothing, "trades": nothing,
            "interval_ns": np.full(len(ticks), MINUTE_NS),
        }
    )  # fmt: skip
    catalog.write_bars(NAME, frame)


def start_run(folder: Path, file: str, policy: str, mode: str) -> Any:
    """A backtest over the catalog in `folder`, ready to run; its Parquet tables are left out."""
    text = DESK.replace("POLICY_FILE", file).replace("POLICY", policy).replace("MODE", mode)
    backtest = start(parse_desk(text), text, folder, folder / "run", overwrite=True)
    backtest.makes_tables = False
    return backtest


def prepare(bars: dict[str, np.ndarray], mode: str) -> Callable[[], Any]:
    """The catalog is written and read before the clock starts."""
    folder = tempfile.TemporaryDirectory(prefix="seawall-w4-")
    home = Path(folder.name)
    make_catalog(home / "catalog", bars["close"])
    shutil.copyfile(__file__, home / "w4_policy.py")
    backtest = start_run(home, "w4_policy.py", "Crossover", mode)
    return lambda: (backtest.run(), folder)


def summary(outcome: Any) -> dict[str, float]:
    """Filled orders, closed trades and final equity in currency."""
    finished, folder = outcome
    events = finished.lanes["events"]
    fills = events[events["kind"] == 12]
    equity = int(finished.lanes["equity"]["equity_minor"][-1]) / 100
    folder.cleanup()
    return {"orders": len(np.unique(fills["order_id"])), "trades": len(fills) // 2, "equity": equity}
