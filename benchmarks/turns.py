"""Measure engines in turns, and say in a table what came out.

Rule 1: what is compared runs in the same call, on the same data, in turns (A B C D, A B C D, ...), so that
a busy machine slows all alike; the table gives medians with the range.
Rule 2: every run has a process of its own, `child.py`.
Rule 3: a side that cannot be installed or that fails is named with its reason; the others still run.

Theory of operation. A `Side` is one engine doing one work: the module that does it, its environment (None
is the Python that runs this file, which has seawall) and a mode. `measure` installs what is needed, lets
the sides run round by round and returns the results of each.
"""

import json
import os
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments import Environment, call, install, say_last_line

__all__ = ["Measured", "Side", "in_mib", "measure", "print_table", "say_load"]

RUN_SECONDS_MAX = 600


@dataclass(frozen=True)
class Side:
    """An engine as the table calls it, the module with its `prepare` and `summary`, and how many events."""

    name: str
    module: str
    count: int
    package: str = ""
    environment: Environment | None = None
    modes: tuple[str, ...] = ()

    @property
    def is_ours(self) -> bool:
        """Whether this is seawall."""
        return self.name.startswith("seawall")


@dataclass
class Measured:
    """The results of each side, and why others have none."""

    runs: dict[str, list[dict[str, Any]]]
    missing: dict[str, str]

    def speeds(self, name: str) -> list[float]:
        """Events a second, run by run."""
        return [run["count"] / run["seconds"] for run in self.runs.get(name, [])]

    def median(self, name: str) -> float:
        """The median of the speeds; 0 for a side without results."""
        return statistics.median(self.speeds(name) or [0.0])

    def say_speed(self, name: str) -> tuple[str, str]:
        """Median and range, for the table."""
        speeds = self.speeds(name)
        return f"{self.median(name):,.0f}", f"({min(speeds):,.0f} .. {max(speeds):,.0f})"

    def say_cpu_ns(self, name: str) -> str:
        """Nanoseconds of processor time an event, all threads: the median, less moved by other work."""
        return f"{statistics.median(1e9 * run['cpu_seconds'] / run['count'] for run in self.runs[name]):,.0f}"

    def say_ratio(self, name: str, yardstick: str) -> str:
        """How many times as fast as the yardstick."""
        other = self.median(yardstick)
        return f"{self.median(name) / other:.2f}x" if other else "-"

    def say_memory(self, name: str) -> tuple[str, str, str]:
        """MiB before, MiB at the peak, and the bytes an event between them; medians."""
        runs = self.runs[name]
        before, peak = (statistics.median(run[key] for run in runs) for key in ("bytes_before", "bytes_peak"))
        return in_mib(before), in_mib(peak), f"{(peak - before) / runs[-1]['count']:,.0f}"

    def say_missing(self) -> None:
        """Names every side that has no result."""
        for name, reason in self.missing.items():
            print(f"{name}: left out: {reason}")

    def has_ours(self) -> bool:
        """False where seawall itself could not be measured."""
        return not any(name.startswith("seawall") for name in self.missing)


def in_mib(size_bytes: float) -> str:
    """Bytes as MiB."""
    return f"{size_bytes / 2**20:,.0f}"


def install_all(sides: list[Side]) -> dict[str, str]:
    """Side -> why it cannot run."""
    needed = dict.fromkeys(side.environment for side in sides if side.environment)
    reasons = {environment: install(environment) for environment in needed}
    return {
        side.name: reasons[side.environment][side.package]
        for side in sides
        if side.environment and side.package in reasons[side.environment]
    }


def run_once(side: Side, data_module: str, file: Path) -> dict[str, Any] | str:
    """One measured run in a process of its own; a text says why there is no result."""
    python = side.environment.python if side.environment else sys.executable
    command = [python, "-m", "child", data_module, side.module, str(file), str(side.count), *side.modes]
    done = call(command, RUN_SECONDS_MAX)
    return say_last_line(done) if done.returncode else json.loads(done.stdout)


def measure(sides: list[Side], data_module: str, file: Path, rounds: int) -> Measured:
    """All sides in turns; one that fails once does not run again."""
    measured = Measured({side.name: [] for side in sides}, install_all(sides))
    for number in range(1, rounds + 1):
        for side in sides:
            if side.name in measured.missing:
                continue
            if sys.stderr.isatty():
                print(f"round {number} of {rounds}: {side.name}", file=sys.stderr)
            result = run_once(side, data_module, file)
            if isinstance(result, str):
                measured.missing[side.name] = result
            else:
                measured.runs[side.name].append(result)
    return measured


def print_table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Columns as wide as they need to be: the first to the left, the others to the right."""
    widths = [max(len(row[place]) for row in [heads, *rows]) for place in range(len(heads))]
    for row in [heads, *rows]:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join([row[0].ljust(widths[0]), *cells]).rstrip())


def say_load(rounds: int) -> str:
    """How busy the machine was."""
    load = os.getloadavg()[0]
    return f"{rounds} rounds in turns; load average at the end: {load:.1f} on {os.cpu_count()} cores.\n"
