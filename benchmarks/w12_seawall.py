"""seawall's side of benchmarks W1 and W2: the same work, with gate, ledger, decisions and journal on.

Rule 1: ordinary policies over the ordinary backtest shell, nothing is switched off. W1 wakes a Python
policy on each trade; W2 declares the momentum as a feature and wakes where it crosses a threshold.
The largest share of a bar's volume is unlimited, since it is unknown in the first minute; its rule runs.
Rule 2: the clock covers the whole run: hashing the trades, features, wakes, every rule of the gate, venue,
ledger, records, their digests and the journal on disk. Writing the catalog beforehand and the Parquet
tables afterwards are outside, as making objects or arrays is for the other engines.
Rule 3: mapped, the trades are a file of rows that an earlier run has made, as the other engines have theirs
in memory; streamed, they are read from the catalog's Parquet files inside the clock.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from apart import make_catalog_apart
from w12_data import ALPHA, CASH, LOOKBACK, THRESHOLD

from seawall.config import parse_desk
from seawall.features import ticks as tick_features
from seawall.kernels.rows import FLAG_LAST, TRADE
from seawall.model.instruments import Instrument
from seawall.model.intents import Target
from seawall.runtime.backtest import start
from seawall.store import ticks as tick_store
from seawall.store.catalog import Catalog
from seawall.strategies.view import View
from seawall.strategies.wakes import OnCrossing, OnTrade

__all__ = ["PACKAGE", "make_catalog", "prepare", "summary"]

PACKAGE = "seawall"
NAME = "W12"
FILL = 12  # the kind of event
DESK = f"""
[desk]
name = "w12"
cash = {CASH}
rebalance_band = 0.0
[data]
catalog = "catalog"
instruments = ["{NAME}"]
streams = ["trades"]
[strategy]
path = "w12_policy.py"
class = "POLICY"
[risk]
order_lots_max = 1
order_volume_share_max = "none"
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


class EachTrade:
    """W1: an exponential average of the price, and the trades above it."""

    features = (tick_features.LastTrade(),)
    wakes = (OnTrade(),)

    def __init__(self) -> None:
        self.average = 0.0
        self.calls = self.above = 0

    def start(self, view: View) -> None:
        """Binds the price once."""
        self.price = view.reader("last_trade", NAME)

    def decide(self, view: View) -> None:
        """The work of W1."""
        price = self.price()
        if not self.calls:
            self.average = price
        self.average += ALPHA * (price - self.average)
        self.calls += 1
        self.above += price > self.average


class Momentum:
    """W2: long one lot from one threshold to the other."""

    features = (tick_features.TradeChange(LOOKBACK),)
    wakes = (
        OnCrossing(f"trade_change_{LOOKBACK}", THRESHOLD, way="up"),
        OnCrossing(f"trade_change_{LOOKBACK}", -THRESHOLD, way="down"),
    )

    def __init__(self) -> None:
        self.long = False

    def start(self, view: View) -> None:
        """Binds the momentum once."""
        self.change = view.reader(f"trade_change_{LOOKBACK}", NAME)

    def decide(self, view: View) -> list[Target] | None:
        """A target only where the side changes: most crossings are of a threshold that is passed already."""
        change = self.change()
        if self.long and change <= -THRESHOLD:
            self.long = False
            return [Target(NAME, lots=0, reason="momentum down")]
        if not self.long and change >= THRESHOLD:
            self.long = True
            return [Target(NAME, lots=1, reason="momentum up")]
        return None


POLICIES = {"w1": "EachTrade", "w2": "Momentum"}


def make_catalog(folder: Path, trades: np.ndarray) -> None:
    """One instrument and its trades."""
    catalog = Catalog(folder)
    catalog.write_instrument(Instrument(name=NAME, tick=Decimal("0.1"), sessions="24/7"))
    count = len(trades)
    frame = pl.DataFrame(
        {
            "ts_exchange": trades["ts_ns"], "ts_local": trades["ts_ns"],
            "sequence": np.arange(1, count + 1), "kind": np.full(count, TRADE, np.uint8),
            "side": trades["side"].astype(np.int8), "price_ticks": trades["price_ticks"],
            "size_lots": trades["size_lots"].astype(np.int64), "flags": np.full(count, FLAG_LAST, np.uint16),
        }
    )  # fmt: skip
    tick_store.write_ticks(catalog, "trades", NAME, frame)


def prepare(trades: np.ndarray, work: str, reading: str) -> Callable[[], Any]:
    """The catalog is written, its rows are mapped, and the run is made, before the clock starts."""
    folder = tempfile.TemporaryDirectory(prefix="seawall-w12-")
    home = Path(folder.name)
    make_catalog_apart("w12_seawall", home, trades)
    shutil.copyfile(__file__, home / "w12_policy.py")
    text = DESK.replace("POLICY", POLICIES[work])
    maps_rows = reading == "mapped"
    backtest = start(parse_desk(text), text, home, home / "run", overwrite=True, maps_rows=maps_rows)
    backtest.makes_tables = False
    return lambda: (work, backtest, backtest.run(), folder)


def summary(outcome: Any) -> dict[str, float]:
    """What the policy counted, or what events and equity of the run say."""
    work, backtest, finished, folder = outcome
    if work == "w1":
        policy = backtest.built.policy.policy
        result = {"calls": policy.calls, "above": policy.above}
    else:
        events = finished.lanes["events"]  # they may stand in the run's folder alone
        fills = events[events["kind"] == FILL]
        equity = int(finished.lanes["equity"]["equity_minor"][-1]) / 100
        orders, held = len(np.unique(fills["order_id"])), backtest.built.view.position(NAME)
        result = {"orders": orders, "position": held, "equity": equity}
    folder.cleanup()
    return result


if __name__ == "__main__":
    make_catalog(Path(sys.argv[2]), np.load(sys.argv[1], mmap_mode="r"))
