"""All benchmarks of seawall: `.venv/bin/python benchmarks/run.py [--only w1] [--rounds N] [--trades N]`.

Rule 1: engines are compared in turns, each run in a process of its own; see turns.py.
Rule 2: an engine whose result differs from the expected one is shown as such: a fast wrong answer is no
answer. The call then ends with code 1, as it does where seawall itself fails.
"""

import argparse
import sys
from collections.abc import Callable

import book
import w4
import w12

__all__ = ["main"]


def orders(options: argparse.Namespace) -> bool:
    """80 k orders against 5 k; False where the time grows faster than it may."""
    from orders import orders_scaling  # noqa: PLC0415  it compiles kernels

    return orders_scaling(options.rounds)


BENCHMARKS: dict[str, Callable[[argparse.Namespace], bool]] = {
    "orders": orders,
    "w1": lambda options: w12.compare("w1", options.trades, options.rounds),
    "w2": lambda options: w12.compare("w2", options.trades, options.rounds),
    "w4": lambda options: w4.compare(options.bars, options.slow_bars, options.rounds),
    "book": lambda options: book.compare(options.rounds),
}


def count_above_zero(text: str) -> int:
    """An argument that counts something."""
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"a whole number of 1 or more, not {text!r}")
    return int(text)


def main() -> int:
    """Run what was asked for; 1 if a benchmark found a wrong result."""
    parser = argparse.ArgumentParser(description="The benchmarks of seawall.")
    parser.add_argument("--only", choices=list(BENCHMARKS), help="this benchmark alone")
    parser.add_argument("--rounds", type=count_above_zero, default=5, help="rounds in turns (5)")
    parser.add_argument("--trades", type=count_above_zero, default=2_000_000, help="of W1, W2 (2,000,000)")
    parser.add_argument("--bars", type=count_above_zero, default=1_000_000, help="bars of W4 (1,000,000)")
    parser.add_argument("--slow-bars", type=count_above_zero, default=100_000, help="for backtrader (100k)")
    options = parser.parse_args()
    chosen = [options.only] if options.only else list(BENCHMARKS)
    wrong = [name for name in chosen if not BENCHMARKS[name](options)]
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
