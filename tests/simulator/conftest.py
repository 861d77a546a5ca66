"""A bench for the venue: toy sessions, bars, orders, and a driver that moves time in steps.

The toy market opens at 10 and closes at 90 of every hundred nanoseconds; bar n opens at
100 n + 10 and closes at 100 n + 90. Run as a script, this file prints a digest of a random
run; tests/simulator/test_exchange.py compares it with and without compilation.
"""

import hashlib
import random
import sys
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from seawall.kernels import rows as r
from seawall.kernels.book import new_books
from seawall.kernels.state import COMMAND
from seawall.model.instruments import Instrument
from seawall.model.kinds import CommandKind, ReportKind
from seawall.model.orders import OrderType, TimeInForce
from seawall.model.sessions import SessionTable
from seawall.simulator.exchange import NEEDS_ROWS, advance, corporate_action, send
from seawall.simulator.reference import merge
from seawall.simulator.reports import next_report_ts, take_report
from seawall.simulator.settings import LatencySpread, VenueSettings
from seawall.simulator.state import new_venue

FREE: dict[str, Any] = {"taker_bps": 0, "maker_bps": 0, "spread_bps": 0, "k_sigma": 0, "impact": "none"}
FREE |= {"participation": "unlimited", "latency_order": "0", "latency_response": "0", "price_band": 0}
FOREVER = 2**61


class Bench:
    """Makes rows and commands, and runs the compiled venue and the reference on them."""

    FREE = FREE

    def __init__(self, sessions: int = 60, **terms: Any) -> None:
        self.terms = terms  # of all instruments
        starts = np.arange(sessions, dtype=np.int64) * 100
        self.sessions = {"TOY": SessionTable("TOY", starts + 10, starts + 90, 100 * sessions)}

    def instruments(self, count: int = 1) -> list[Instrument]:
        """Instruments with a tick of 0.01, 0.05, 0.0025 ...: tick values 1, 5 and 1/4 minor units."""
        ticks = ("0.01", "0.05", "0.0025")
        return [
            Instrument(name=f"I{i}", tick=Decimal(ticks[i % 3]), sessions="TOY", **self.terms)
            for i in range(count)
        ]

    def bars(self, *bars: tuple[int, ...], instrument: int = 0, first: int = 0) -> list[tuple[Any, ...]]:
        """Rows of bars (open, high, low, close, volume), volume -1 = unknown; sort them with `rows`."""
        made: list[tuple[Any, ...]] = []
        for number, (start, high, low, close, volume) in enumerate(bars, first):
            ts, end = 100 * number + 10, 100 * number + 90
            flags = r.FLAG_LAST | (r.FLAG_NO_VOLUME if volume < 0 else 0)
            made.append((ts, ts, number, start, 0, instrument, r.BAR_OPEN, 0, r.FLAG_LAST))
            made.append((end, end, number, high, 0, instrument, r.BAR_HIGH, 0, 0))
            made.append((end, end, number, low, 0, instrument, r.BAR_LOW, 0, 0))
            made.append((end, end, number, close, max(volume, 0), instrument, r.BAR_CLOSE, 0, flags))
        return made

    def rows(self, *parts: list[tuple[Any, ...]]) -> np.ndarray:
        """All parts as one array in exchange time, opens last at one time."""
        everything = [row for part in parts for row in part]
        everything.sort(key=lambda row: (row[0], row[6] == r.BAR_OPEN, row[5]))
        return np.array(everything, r.ROW)

    def order(self, ts: int = 95, lots: int = 10, side: int = 1, limit: int = 10**6, **more: int) -> np.void:
        """A new market order, GTC, unless `more` says otherwise with names of COMMAND."""
        command = np.zeros(1, COMMAND)[0]
        fields: dict[str, int] = {"kind": CommandKind.NEW, "order_id": 1, "phase": 1}
        fields |= {"order_type": OrderType.MARKET, "time_in_force": TimeInForce.GTC}
        fields |= {"ts_sent": ts, "quantity_lots": lots, "side": side, "limit_ticks": limit, **more}
        for name, value in fields.items():
            command[name] = value
        return command

    def venue(self, count: int = 1, assumed: list[int] | None = None, **settings: Any) -> np.ndarray:
        """A venue without costs and latency, but for what `settings` say."""
        return new_venue(VenueSettings(**(FREE | settings)), self.instruments(count), self.sessions, assumed)

    def run(self, rows: np.ndarray, *commands: np.void, **settings: Any) -> list[dict[str, int]]:
        """The reports of a run in which every command is sent at its time."""
        return self.drive(self.venue(**settings), rows, list(commands))

    def fills(self, rows: np.ndarray, *commands: np.void, **settings: Any) -> list[tuple[int, int, float]]:
        """The fills of a run as (exchange time, lots, price in ticks)."""
        reports = [each for each in self.run(rows, *commands, **settings) if each["kind"] == ReportKind.FILL]
        return [(each["ts_exchange"], each["last_lots"], each["price_fine"] / 10_000) for each in reports]

    def story(self, rows: np.ndarray, *commands: np.void, **settings: Any) -> list[tuple[int, str, int]]:
        """All reports of a run as (exchange time, kind, reason)."""
        reports = self.run(rows, *commands, **settings)
        return [(each["ts_exchange"], ReportKind(each["kind"]).name, each["reason"]) for each in reports]

    def drive(
        self,
        venue: np.ndarray,
        rows: np.ndarray,
        commands: list[np.void],
        actions: list[tuple[int, int, int, int]] | None = None,
        chance: random.Random | None = None,
    ) -> list[dict[str, int]]:
        """Moves time to each command, with `chance` also to random horizons and in random chunks."""
        v = venue[0]
        reports: list[dict[str, int]] = []
        end = int(rows["ts_exchange"][-1]) + 1 if len(rows) else 1
        stops = [(int(command["ts_sent"]), 1, command) for command in commands]
        stops += [(action[3], 0, action) for action in actions or []]
        stops += [(chance.randrange(end), 0, None) for _ in range(chance.randrange(80))] if chance else []
        base, shown = 0, 0 if chance else len(rows)
        for ts, _, what in sorted(stops, key=lambda stop: stop[:2]):
            while not self.reach(v, rows[base:shown], base, ts, shown == len(rows), reports):
                assert chance is not None
                base = chance.randrange(base, int(v["cursor"]) + 1)
                shown = min(len(rows), shown + chance.randrange(1, 40))
            if isinstance(what, tuple):
                corporate_action(v, *what)
            elif what is not None:
                send(v, what)
            reports += self.taken(v)
        assert self.reach(v, rows[base:], base, FOREVER, True, reports)
        return reports + self.taken(v)

    def reach(
        self, v: Any, rows: np.ndarray, base: int, ts: int, final: bool, reports: list[dict[str, int]]
    ) -> bool:
        """Moves time to `ts`, taking each report as it arrives; False where rows are lacking."""
        while True:
            if advance(v, new_books(0), rows, base, len(rows), ts, final) == NEEDS_ROWS:
                return False
            if next_report_ts(v) > ts:
                return True
            report = take_report(v)
            reports.append({name: int(report[name]) for name in report.dtype.names})

    def taken(self, v: Any) -> list[dict[str, int]]:
        """All reports that wait, as dicts."""
        taken: list[dict[str, int]] = []
        while v["report_count"] > 0:
            report = take_report(v)
            taken.append({name: int(report[name]) for name in report.dtype.names})
        return taken

    def world(self, seed: int, bars: int = 40) -> dict[str, Any]:
        """A random market of three instruments with settings, commands and splits."""
        chance = random.Random(seed)
        parts = [self._walk(chance, number, bars) for number in range(3)]
        actions = sorted(
            ((chance.randrange(3), chance.choice((2, 3, 1)), chance.choice((1, 2)), 100 * day + 10)
             for day in chance.sample(range(bars), 2)),
            key=lambda action: action[3],
        )  # fmt: skip
        return {
            "rows": self.rows(*parts),
            "commands": self._commands(chance, bars),
            "settings": self._settings(chance),
            "assumed": [chance.choice((-1, 500)) for _ in range(3)],
            "actions": actions,
        }

    def reference(self, world: dict[str, Any]) -> list[dict[str, int]]:
        """What the offline merge says of a world."""
        settings = VenueSettings(**world["settings"])
        return merge(
            world["rows"], world["commands"], settings, self.instruments(3), self.sessions,
            world["assumed"], world["actions"],
        )  # fmt: skip

    def digest(self) -> str:
        """SHA-256 over all reports of a dozen random worlds, driven in random steps."""
        total = hashlib.sha256()
        for seed in range(12):
            world = self.world(seed, bars=20)
            venue = self.venue(3, world["assumed"], **world["settings"])
            chance = random.Random(seed)
            reports = self.drive(venue, world["rows"], world["commands"], world["actions"], chance)
            total.update(repr(reports).encode())
        return total.hexdigest()

    def _walk(self, chance: random.Random, number: int, bars: int) -> list[tuple[Any, ...]]:
        price, made = 100, []
        for _ in range(bars):
            start = max(price + chance.randrange(-4, 5), 5)
            close = max(start + chance.randrange(-4, 5), 5)
            high, low = max(start, close) + chance.randrange(4), min(start, close) - chance.randrange(4)
            made.append((start, high, max(low, 1), close, chance.choice((-1, 0, 7, 90, 400, 2000))))
            price = close
        rows = self.bars(*made, instrument=number)
        missing = chance.randrange(bars)  # one bar is not there
        return [row for row in rows if row[2] != missing]

    def _commands(self, chance: random.Random, bars: int) -> list[np.void]:
        commands: list[np.void] = []
        for ts in sorted(
            chance.choice((10, 90, chance.randrange(100))) + 100 * chance.randrange(bars) for _ in range(70)
        ):
            fresh = chance.random() < 0.75 or not commands
            kind = CommandKind.NEW if fresh else chance.choice((CommandKind.CANCEL, CommandKind.REPLACE))
            order_id = (
                len(commands) + 1
                if fresh or chance.random() < 0.1
                else chance.randrange(1, len(commands) + 1)
            )
            more = {
                "kind": kind,
                "order_id": order_id,
                "instrument": chance.choice((0, 0, 1, 1, 2, 2, 3)),
                "order_type": chance.choice((1, 1, 2, 2, 3, 3)),
                "time_in_force": chance.choice((1, 1, 2, 3, 4)),
                "stop_ticks": chance.randrange(85, 118),
                "expires_ts": chance.choice((0, 0, 0, ts + 150)),
            }
            lots, side = chance.choice((0, 1, 9, 50, 300)), chance.choice((1, -1))
            commands.append(self.order(ts, lots, side, chance.randrange(80, 125), **more))
        for command in commands:  # what is sent with an open of its time may have been decided on it
            command["phase"] = 3 if command["ts_sent"] % 100 == 10 and _coin(command) else 1
        return sorted(commands, key=lambda command: (int(command["ts_sent"]), int(command["phase"])))

    def _settings(self, chance: random.Random) -> dict[str, Any]:
        latency = ("0", "3ns", "70ns", "250ns", LatencySpread("5ns", "40ns"))
        return {
            "taker_bps": chance.choice((0, 1.5, 20)),
            "maker_bps": 1.0,
            "per_share": chance.choice((0, 0.0035)),
            "fee_minimum": chance.choice((0, 1)),
            "sell_levy_bps": chance.choice((0, 0.278)),
            "spread_bps": chance.choice((0, 50)),
            "k_sigma": chance.choice((0, 0.1)),
            "impact": chance.choice(("none", "base", "sqrt")),
            "participation": chance.choice(("unlimited", 0.1, 1.0)),
            "latency_order": chance.choice(latency),
            "latency_response": chance.choice(latency),
            "p_reject": chance.choice((0, 0.1)),
            "price_band": chance.choice((0, 0.1)),
            "adversarial": chance.random() < 0.7,
            "seed": chance.randrange(2**40),
        }


def _coin(command: np.void) -> bool:
    """A coin that depends on the order alone."""
    return int(command["order_id"]) % 2 == 1


@pytest.fixture(scope="session")
def bench() -> Bench:
    """The bench, once for all tests of the room."""
    return Bench()


@pytest.fixture(scope="session")
def inverse_bench() -> Bench:
    """The same with inverse contracts: 7 dollars each, whose worth at a price is seldom whole."""
    return Bench(contract="inverse", multiplier=Decimal(7))


if __name__ == "__main__":
    sys.stdout.write(Bench().digest())
