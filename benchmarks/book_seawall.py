"""seawall's side of benchmark "book": the same look every 100 ms, in a Python policy.

Rule 1: an ordinary policy over the ordinary backtest shell: the core keeps a book and the venue its own,
rows are hashed, records and journal are written.
Rule 2: the clock covers the whole run, reading the levels from the catalog included. Writing the catalog
beforehand and the Parquet tables afterwards are outside.
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
from book_data import TICKS_PER_UNIT

from seawall.config import parse_desk
from seawall.kernels.rows import CLEAR, FLAG_LAST, FLAG_SNAPSHOT, LEVEL
from seawall.model.instruments import Instrument
from seawall.runtime.backtest import start
from seawall.store import ticks as tick_store
from seawall.store.catalog import Catalog
from seawall.strategies.view import View
from seawall.strategies.wakes import OnTimer

__all__ = ["PACKAGE", "make_catalog", "make_frame", "prepare", "summary"]

PACKAGE = "seawall"
NAME = "BOOK"
DESK = f"""
[desk]
name = "book"
cash = 100000
[data]
catalog = "catalog"
instruments = ["{NAME}"]
streams = ["levels"]
[strategy]
path = "book_policy.py"
class = "Look"
"""


class Look:
    """Adds up the touch, in ticks."""

    features = ()
    wakes = (OnTimer("100ms"),)

    def __init__(self) -> None:
        self.looks = self.bid_sum = self.ask_sum = 0

    def decide(self, view: View) -> None:
        """One look; while there is no whole touch there is nothing to add."""
        if view.is_whole(NAME):
            self.looks += 1
            self.bid_sum += round(view.bid(NAME) * TICKS_PER_UNIT)
            self.ask_sum += round(view.ask(NAME) * TICKS_PER_UNIT)


def make_frame(levels: np.ndarray) -> pl.DataFrame:
    """The rows in the catalog's schema; the snapshot begins with a CLEAR row."""
    flags = FLAG_LAST * levels["is_last"].astype(np.uint16) + FLAG_SNAPSHOT * levels["is_snapshot"]
    frame = pl.DataFrame(
        {
            "ts_exchange": levels["ts_ns"], "ts_local": levels["ts_ns"], "sequence": levels["sequence"],
            "kind": np.full(len(levels), LEVEL, np.uint8), "side": levels["side"].astype(np.int8),
            "price_ticks": levels["price_ticks"], "size_lots": levels["size_lots"],
            "flags": flags.astype(np.uint16),
        }
    )  # fmt: skip
    nothing = {"kind": CLEAR, "side": 0, "price_ticks": 0, "size_lots": 0, "flags": FLAG_SNAPSHOT}
    clear = frame.head(1).with_columns(pl.lit(value).alias(name) for name, value in nothing.items())
    return pl.concat([clear.cast(frame.schema), frame])


def make_catalog(folder: Path, levels: np.ndarray) -> None:
    """One instrument and its book."""
    catalog = Catalog(folder)
    catalog.write_instrument(Instrument(name=NAME, tick=Decimal("0.1"), sessions="24/7"))
    tick_store.write_ticks(catalog, "levels", NAME, make_frame(levels))


def prepare(levels: np.ndarray) -> Callable[[], Any]:
    """The catalog is written, and the run is made, before the clock starts."""
    folder = tempfile.TemporaryDirectory(prefix="seawall-book-")
    home = Path(folder.name)
    make_catalog_apart("book_seawall", home, levels)
    shutil.copyfile(__file__, home / "book_policy.py")
    backtest = start(parse_desk(DESK), DESK, home, home / "run", overwrite=True)
    backtest.makes_tables = False
    return lambda: (backtest, backtest.run(), folder)


def summary(outcome: Any) -> dict[str, int]:
    """What the policy added up."""
    backtest, _, folder = outcome
    folder.cleanup()
    policy = backtest.built.policy.policy
    return {"looks": policy.looks, "bid_sum": policy.bid_sum, "ask_sum": policy.ask_sum}


if __name__ == "__main__":
    make_catalog(Path(sys.argv[2]), np.load(sys.argv[1], mmap_mode="r"))
