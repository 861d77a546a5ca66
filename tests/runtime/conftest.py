"""A small desk that trades at once, for the tests of the runtime room."""

from pathlib import Path
from typing import Any

import pytest

from seawall.config import parse_desk
from seawall.runtime.backtest import Backtest, start
from seawall.runtime.desk import AssembledDesk, assemble

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


class Small:
    """The small desk in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "small.toml"
        self.file.write_text(TEXT)
        self.policy = folder / "policy.py"
        self.policy.write_text(POLICY)

    def assembled(self, *overrides: str) -> AssembledDesk:
        """The desk with overrides, ready to run."""
        return assemble(parse_desk(TEXT, overrides), self.folder)

    def started(self, *overrides: str, out: Path | None = None, **options: Any) -> Backtest:
        """A run that has not taken a row yet."""
        return start(parse_desk(TEXT, overrides), TEXT, self.folder, out, **options)


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """The desk, its files and its folder."""
    return Small(tmp_path)
