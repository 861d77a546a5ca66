"""Compiling ahead: the kernels of this version into the cache, so that the first run is quick.

Rule: a short real run is made, because that compiles just what runs need; its outcome is dropped.
"""

from pathlib import Path

from seawall.config import parse_desk
from seawall.kernels.jit import cache_folder
from seawall.runtime.backtest import start

__all__ = ["compile_kernels", "is_compiled"]

DESK = """
[desk]
name = "warm"
cash = 100_000
[data]
catalog = "sample:us-stocks"
instruments = ["AAPL"]
start = "2000-06-01"
end = "2000-07-01"
[strategy]
name = "threshold"
low = 90.0
high = 91.0
"""  # AAPL was split in that month, so the rare path is compiled as well


def is_compiled() -> bool:
    """Whether a run of this version was compiled before, on this machine and for this user."""
    return any(cache_folder().rglob("loop.run_at-*.nbi"))


def compile_kernels() -> Path:
    """Compiles what is not compiled yet; the folder that keeps the machine code."""
    start(parse_desk(DESK), DESK, Path(), None).run()
    return cache_folder()
