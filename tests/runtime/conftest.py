"""A small desk that trades at once, for the tests of the runtime room."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tick_world import write_market

from seawall.config import parse_desk
from seawall.runtime.backtest import Backtest, start
from seawall.runtime.desk import AssembledDesk, assemble
from seawall.store.catalog import Catalog
from seawall.store.ticks import tick_frames, write_ticks

TEXT = """
[desk]
name = "small"
cash = 1_000_000
[data]
catalog = "sample:us-stocks"
instruments = ["AAPL", "IBM"]
start = "2005-01-03"
end = "2005-05-01"
[strategy]
path = "policy.py"
[venue]
price_band = 0
"""

POLICY = '''
"""Buys on every fifth close and sells on the third after it."""

from seawall.model.intents import Target
from seawall.strategies.wakes import OnBarClose


class Fives:
    wakes = (OnBarClose(),)
    features = ()

    def __init__(self, raise_at: int = 0):
        self.turn = 0
        self.raise_at = raise_at

    def decide(self, view):
        self.turn += 1
        if self.turn == self.raise_at:
            raise ValueError("out of luck")
        if self.turn % 5 in (0, 3):
            for name in view.updated:
                yield Target(name, weight=0.2 if self.turn % 5 == 0 else 0.0, reason="the count")
'''


TICK_TEXT = """
[desk]
name = "small-ticks"
cash = 1_000_000
equity_interval = "1s"
[data]
catalog = "catalog"
instruments = ["A", "B"]
streams = ["trades", "quotes", "levels"]
[strategy]
path = "policy.py"
[venue]
volume_interval = "500ms"
[risk]
order_volume_share_max = "none"
"""

TICK_POLICY = '''
"""Buys on every fifth packet of trades and sells on the third after it."""

from seawall.model.intents import Target
from seawall.strategies.wakes import OnTrade


class Fives:
    wakes = (OnTrade(),)
    features = ()

    def __init__(self):
        self.turn = 0

    def decide(self, view):
        self.turn += 1
        if self.turn % 5 in (0, 3):
            for name in ("A", "B"):
                yield Target(name, weight=0.05 if self.turn % 5 == 0 else 0.0, reason="the count")
'''


class Small:
    """The small desk in a folder of its own."""

    def __init__(self, folder: Path, text: str = TEXT, policy: str = POLICY) -> None:
        self.folder, self.text = folder, text
        self.file = folder / "small.toml"
        self.file.write_text(text)
        self.policy = folder / "policy.py"
        self.policy.write_text(policy)

    def assembled(self, *overrides: str) -> AssembledDesk:
        """The desk with overrides, ready to run."""
        return assemble(parse_desk(self.text, overrides), self.folder)

    def started(self, *overrides: str, out: Path | None = None, **options: Any) -> Backtest:
        """A run that has not taken a row yet."""
        return start(parse_desk(self.text, overrides), self.text, self.folder, out, **options)


class SmallTicks(Small):
    """The same on two made-up markets of ticks, in a catalog of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, TICK_TEXT, TICK_POLICY)
        write_market(folder / "catalog", {"A": 1, "B": 2}, 400)

    def change(self, kind: str, row: int, column: str = "size_lots", by: int = 1) -> None:
        """Changes one stored row of A behind the catalog's back: its facts and hashes stay."""
        (part,) = (self.folder / "catalog" / kind / "instrument=A").glob("*.parquet")
        frame = pl.read_parquet(part)
        values = frame[column].to_list()
        values[row] += by
        frame.with_columns(pl.Series(column, values, frame[column].dtype)).write_parquet(part)

    def grow(self) -> None:
        """One trade more at the end of A."""
        catalog = Catalog(self.folder / "catalog")
        last = next(iter(tick_frames(catalog, "trades", "A"))).tail(1)
        write_ticks(catalog, "trades", "A", last.with_columns(pl.col("sequence") + 1))


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """The desk, its files and its folder."""
    return Small(tmp_path)


@pytest.fixture
def ticks(tmp_path: Path) -> SmallTicks:
    """The desk on ticks, its files and its folder."""
    return SmallTicks(tmp_path)
