"""What the proofs share: two desks, a market of minute bars, and a slow runner beside the fast one.

`sample` is the shipped momentum desk over a year with a split and dividends in it. `busy` is a
desk on two instruments of made-up minute bars whose policy uses every wake and every kind of
intent. `Stepper` runs a desk by Engine.apply and the venue's Python face, one event at a time.
"""

import os
import random
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from seawall.config import parse_desk
from seawall.kernels.rows import BAR_OPEN
from seawall.kernels.state import REPORT
from seawall.model.corporate import CorporateAction, Split
from seawall.model.events import (
    PHASE_EVENT,
    PHASE_OPEN,
    PHASE_ROW,
    PHASE_TIMER,
    MarketData,
    Timer,
    VenueReport,
)
from seawall.model.instruments import Instrument
from seawall.runtime.backtest import Backtest, Finished, start
from seawall.runtime.desk import AssembledDesk, assemble
from seawall.simulator.exchange import advance, corporate_action, send
from seawall.simulator.reports import next_report_ts, take_report
from seawall.store.catalog import BAR_SCHEMA, Catalog

MINUTE_NS = 60 * 10**9
FIRST_NS = 1_700_000_040 * 10**9  # a full minute
FOREVER = 2**62

SAMPLE = """
[desk]
name = "proof"
cash = 1_000_000
[data]
catalog = "sample:us-stocks"
instruments = ["AAPL", "IBM", "MSFT", "GOOG"]
start = "2004-06-01"
end = "2005-09-01"
[strategy]
name = "momentum"
[risk]
order_notional_max = 250_000
drawdown_max = 0.30
[venue]
taker_bps = 0.5
per_share = 0.005
fee_minimum = 1.0
sell_levy_bps = 0.2
price_band = 0.5
"""

BUSY = """
[desk]
name = "busy"
cash = 1_000_000
account = "margin"
equity_interval = "1h"
rebalance_band = 0.0
[data]
catalog = "catalog"
instruments = ["ONE", "TWO"]
[strategy]
path = "busy.py"
[risk]
order_notional_max = 250_000
order_lots_max = 1_000
order_volume_share_max = "none"
price_collar = 0.05
duplicate_window = "0s"
max_age = "3m"
[venue]
latency_order = {p50 = "20ms", p99 = "2s"}
latency_response = {p50 = "20ms", p99 = "2s"}
p_reject = 0.05
participation = 0.02
"""

CONTRACTS = """
[desk]
name = "contracts"
currency = "BTC"
cash = 100
account = "margin"
equity_interval = "1m"
rebalance_band = 0.0
minimum_notional = 0.01
[data]
catalog = "contracts"
instruments = ["INVERSE", "LINEAR", "FOREIGN"]
[strategy]
path = "busy.py"
[risk]
order_notional_max = 25
unexecuted_notional_max = 100
order_lots_max = 5_000
order_volume_share_max = "none"
price_collar = 0.05
duplicate_window = "0s"
max_age = "3m"
[venue]
latency_order = {p50 = "20ms", p99 = "2s"}
latency_response = {p50 = "20ms", p99 = "2s"}
p_reject = 0.05
participation = 0.1
taker_bps = 5.0
maker_bps = -1.0
"""

POLICY = '''
"""A policy that uses every wake and every kind of intent; it is not meant to earn anything."""

from decimal import Decimal

from seawall.features.bars import Sma
from seawall.model.intents import Cancel, CancelAll, Exits, Order, Target
from seawall.model.kinds import WakeReason
from seawall.model.orders import OrderType, Side, TimeInForce
from seawall.strategies.wakes import OnBarClose, OnBarOpen, OnCrossing, OnOrder, OnTimer

KINDS = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)


class Busy:
    features = (Sma(3), Sma(9))
    wakes = (OnBarClose(), OnBarOpen(), OnOrder(), OnTimer("7m", if_changed=True),
             OnCrossing("sma_3", "sma_9"))

    def __init__(self):
        self.turn = 0
        self.starts = 0

    def start(self, view):
        self.starts += 1

    def decide(self, view):
        self.turn += 1
        values = {"turn": self.turn, "starts": self.starts}
        name = view.instruments[self.turn % len(view.instruments)]
        if view.woken_by(WakeReason.CROSSING):
            side = 1 if view.feature("sma_3", name) > view.feature("sma_9", name) else -1
            exits = Exits(trailing=0.002, time_bars=9)
            yield Target(name, weight=0.1 * side, reason="a crossing", values=values, exits=exits)
        elif view.woken_by(WakeReason.TIMER):
            yield CancelAll(instrument=name, reason="the timer")
        elif view.woken_by(WakeReason.BAR_OPEN) and self.turn % 3 == 0:
            yield Target(name, lots=self.turn % 50 - 25, reason="an open", values=values)
        elif view.woken_by(WakeReason.ORDER) and self.turn % 4 == 0:
            for order in view.orders(name)[:1]:
                yield Cancel(order.order_id, reason="an order")
        elif view.woken_by(WakeReason.BAR_CLOSE) and self.turn % 2 == 0 and view.close(name) > 0:
            step = Decimal(self.turn % 7 - 3) / 100
            price = Decimal(str(round(view.close(name), 2)))
            side = Side.BUY if self.turn % 5 < 3 else Side.SELL
            kind = KINDS[self.turn % 4]
            if self.turn % 6 == 0:
                yield Order(name, side=side, lots=20, order_type=OrderType.STOP_LIMIT, time_in_force=kind,
                            limit=price + side * Decimal("0.05"), stop=price + side * Decimal("0.01"),
                            reason="a stop", values=values)
            else:
                yield Order(name, side=side, lots=30, order_type=OrderType.LIMIT, time_in_force=kind,
                            limit=price + step, reason="a limit", values=values)
'''


class Stepper:
    """The slow runner: Engine.apply for one event after the other, the venue in Python's hands.

    `tape` is what the engine took, without the timers that only closed a group; None in it
    stands where the data ended. `commands` and `reports` are what went to and fro.
    """

    def __init__(self, built: AssembledDesk) -> None:
        self.engine, self.rows, self.state = built.engine, built.market.rows, built.state[0]
        self.venue, self.books = built.venue[0], built.venue_books
        self.actions = list(built.market.actions)
        self.tape: list[Any] = []
        self.commands: list[np.ndarray] = []
        self.reports: list[np.ndarray] = []
        self.is_open = False
        self.place = 0

    def run(self) -> "Stepper":
        """Runs to the end of the data and of all reports."""
        self.engine.start()
        while self._step():
            pass
        self.engine.finish()
        self.engine.pending.extend(self.engine.drain())
        return self

    def _step(self) -> bool:
        ts, phase = self._next()
        if self.is_open and ts > self.state["group_ts"]:
            self._send(self.engine.apply(Timer(int(self.state["group_ts"]))).commands)
            self.is_open = False
            if self.place == len(self.rows) and None not in self.tape:
                self.tape.append(None)
                _end_of_data(self.engine)
        advance(self.venue, self.books, self.rows, 0, len(self.rows), ts, True)
        due = next_report_ts(self.venue)
        if due <= ts and due < FOREVER:
            self.reports.append(np.array([take_report(self.venue)], REPORT))
            self._apply(VenueReport(self.reports[-1]))
        elif ts >= FOREVER:
            return False
        elif phase < PHASE_EVENT:
            self._act(self.actions.pop(0))
        elif phase == PHASE_TIMER:
            self._apply(Timer(ts))
        else:
            self.place += 1
            self._apply(MarketData(self.rows[self.place - 1 : self.place]))
        return True

    def _next(self) -> tuple[int, int]:
        """Time and phase of the next row, timer, corporate action and known report."""
        nexts = [(FOREVER, PHASE_ROW), (int(next_report_ts(self.venue)), PHASE_EVENT)]
        if self.place < len(self.rows):
            row = self.rows[self.place]
            nexts.append((int(row["ts_local"]), PHASE_OPEN if row["kind"] == BAR_OPEN else PHASE_ROW))
            nexts += [(self.engine.next_timer, PHASE_TIMER)] if self.engine.next_timer is not None else []
            nexts += [(action.ts_local, PHASE_EVENT - 1) for action in self.actions[:1]]
        return min(nexts)

    def _act(self, action: CorporateAction) -> None:
        if isinstance(action, Split):
            number = self.engine.names.index(action.instrument)
            corporate_action(self.venue, number, action.numerator, action.denominator, action.ts_local)
        self._apply(action)

    def _apply(self, event: Any) -> None:
        self.tape.append(event)
        self.is_open = True
        self._send(self.engine.apply(event).commands)

    def _send(self, commands: np.ndarray) -> None:
        for command in commands:
            self.commands.append(command.copy())
            send(self.venue, command)


def _end_of_data(engine: Any) -> None:
    """The runner's rule for the end: what the venue still says is booked, but nobody is woken."""
    engine.state[0]["wake_orders"] = 0
    engine.state[0]["timer_next_ns"] = -1  # else a late report would ring it


class World:
    """Makes desks in a folder, and runs them in the ways that the proofs compare."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stepped: dict[tuple[str, tuple[str, ...]], Stepper] = {}
        folder.mkdir(exist_ok=True)
        self.texts: dict[str, str] = {}
        self.add_desk("sample", SAMPLE)
        self.add_desk("busy", BUSY)
        (folder / "busy.py").write_text(POLICY)
        self.add_minutes(folder / "catalog", {"ONE": 1, "TWO": 2}, 700)
        self.add_desk("contracts", CONTRACTS)
        self.add_minutes(folder / "contracts", {"INVERSE": 3}, 500, currency="BTC", contract="inverse")
        face = {"multiplier": Decimal("0.0001"), "currency": "BTC", "contract": "linear"}
        self.add_minutes(folder / "contracts", {"LINEAR": 4}, 500, **face)
        self.add_minutes(folder / "contracts", {"FOREIGN": 5}, 500)

    def add_desk(self, name: str, text: str) -> Path:
        """A desk of that name, from now on, and its file."""
        self.texts[name] = text
        path = self.folder / f"{name}.toml"
        path.write_text(text)
        return path

    def add_minutes(self, catalog: Path, seeds: dict[str, int], bars: int, **terms: Any) -> None:
        """Random walks of minute bars around the clock, some minutes missing in each."""
        made = Catalog(catalog)
        for name, seed in seeds.items():
            chance = random.Random(seed)
            made.write_instrument(
                Instrument(name=name, tick=Decimal("0.01"), sessions="24/7", shortable=True, **terms)
            )
            made.write_bars(name, _walk(chance, bars))

    def assembled(self, which: str, *overrides: str) -> AssembledDesk:
        """The desk of `sample` or `busy`, ready to run."""
        return assemble(parse_desk(self.texts[which], overrides), self.folder)

    def run(
        self, which: str, *overrides: str, folder: Path | None = None, chunk_rows: int = 65_536
    ) -> Finished:
        """One whole run by the fused loop."""
        return self.started(which, *overrides, folder=folder, chunk_rows=chunk_rows).run()

    def started(
        self, which: str, *overrides: str, folder: Path | None = None, chunk_rows: int = 65_536
    ) -> Backtest:
        """A run of the fused loop that has not taken a row yet."""
        desk = parse_desk(self.texts[which], overrides)
        return start(desk, self.texts[which], self.folder, folder, chunk_rows)

    def step(self, which: str, *overrides: str) -> Stepper:
        """One whole run by Engine.apply; made once, because it is slow, and not to be changed."""
        if (which, overrides) not in self.stepped:
            self.stepped[which, overrides] = Stepper(self.assembled(which, *overrides)).run()
        return self.stepped[which, overrides]

    def lanes(self, engine: Any) -> dict[str, bytes]:
        """All records that an engine made, as bytes by lane."""
        lanes: dict[str, bytes] = dict.fromkeys(engine.chain.lanes, b"")
        for lane, records in engine.pending:
            lanes[lane] += records.tobytes()
        return lanes

    def end_of_data(self, engine: Any) -> None:
        """The runner's rule for the end of the data."""
        _end_of_data(engine)

    def python(self, code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs Python code in a process of its own, with variables added to the environment."""
        return subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True,
            env={**os.environ, **environment}, cwd=self.folder, timeout=110, check=False,
        )  # fmt: skip


def _walk(chance: random.Random, bars: int) -> pl.DataFrame:
    price, made = 10_000, []
    for number in range(bars):
        first = max(price + chance.randrange(-6, 7), 100)
        last = max(first + chance.randrange(-12, 13), 100)
        ts = FIRST_NS + number * MINUTE_NS
        high, low = max(first, last) + chance.randrange(6), min(first, last) - chance.randrange(6)
        if chance.random() > 0.05:
            volume = chance.choice((0, 400, 3_000, 3_000))
            made.append((ts, ts + MINUTE_NS, first, high, low, last, volume, None, None, MINUTE_NS))
        price = last
    return pl.DataFrame(made, schema=BAR_SCHEMA, orient="row")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The desks and their folder, once for all proofs."""
    return World(tmp_path_factory.mktemp("world"))
