"""A bench for the venue on ticks: messages and commands by hand or by chance, and two venues to try them on.

`engine` is the compiled venue, driven in random steps and pieces; `reference` is the offline merge. Times are
seconds after BASE_NS; sessions are seven seconds long, one every eight.
"""

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from tick_world import FIRST_NS, write_market

from seawall.kernels import rows as r
from seawall.kernels.book import new_books
from seawall.kernels.state import COMMAND
from seawall.model.instruments import Instrument
from seawall.model.kinds import CommandKind
from seawall.model.orders import OrderType, TimeInForce
from seawall.model.sessions import DAY_NS, SessionTable
from seawall.runtime.window import PIECE_ROWS, ExchangeOrder
from seawall.simulator.exchange import NEEDS_ROWS, advance, send
from seawall.simulator.reference_ticks import merge_ticks
from seawall.simulator.reports import take_report
from seawall.simulator.settings import LatencySpread, VenueSettings, duration_ns
from seawall.simulator.state import new_venue
from seawall.store.row_source import open_rows

__all__ = ["BASE_NS", "FREE", "TickBench", "command", "gap", "levels", "quote", "snapshot", "trade"]

SECOND = 10**9
BASE_NS = FIRST_NS
FREE: dict[str, Any] = {"taker_bps": 0, "maker_bps": 0, "spread_bps": 0, "k_sigma": 0, "impact": "none"}
FREE |= {"latency_order": "0", "latency_response": "0", "price_band": 0}
STREAMS = [("trades", "levels"), ("trades", "quotes"), ("trades",), ("quotes",), ("levels",)]
STREAMS += [("trades", "quotes", "levels"), ("quotes", "levels")]


def at(seconds: float) -> int:
    """That time in ns."""
    return BASE_NS + round(seconds * SECOND)


def message(seconds: float, flags: int, *rows: tuple[int, int, int, int]) -> list[tuple[Any, ...]]:
    """One packet of (kind, side, price, lots)."""
    last = [flags | (r.FLAG_LAST if place == len(rows) - 1 else 0) for place in range(len(rows))]
    return [
        (at(seconds), at(seconds), 0, price, lots, 0, kind, side, flag)
        for (kind, side, price, lots), flag in zip(rows, last, strict=True)
    ]


def levels(seconds: float, *changes: tuple[int, int, int]) -> list[tuple[Any, ...]]:
    """A message of (side, price, lots)."""
    return message(seconds, 0, *((r.LEVEL, *change) for change in changes))


def snapshot(seconds: float, *found: tuple[int, int, int]) -> list[tuple[Any, ...]]:
    """A snapshot of (side, price, lots)."""
    return message(seconds, r.FLAG_SNAPSHOT, (r.CLEAR, 0, 0, 0), *((r.LEVEL, *each) for each in found))


def trade(seconds: float, price: int, lots: int = 1) -> list[tuple[Any, ...]]:
    """A trade."""
    return message(seconds, 0, (r.TRADE, 1, price, lots))


def quote(seconds: float, bid: int, ask: int, bid_lots: int = 5, ask_lots: int = 5) -> list[tuple[Any, ...]]:
    """A quote; no lots, no side."""
    return message(seconds, 0, (r.QUOTE_BID, 1, bid, bid_lots), (r.QUOTE_ASK, -1, ask, ask_lots))


def gap(seconds: float, kind: int) -> list[tuple[Any, ...]]:
    """Rows of that kind are missing."""
    return message(seconds, 0, (r.GAP, 0, kind, 3))


def command(
    seconds: float, order_id: int = 1, lots: int = 10, side: int = 1, limit: int = 300, **more: int
) -> Any:
    """A new order: a market one, GTC, unless `more` says otherwise with names of COMMAND."""
    made = np.zeros(1, COMMAND)[0]
    fields = {
        "kind": CommandKind.NEW,
        "order_type": OrderType.MARKET,
        "time_in_force": TimeInForce.GTC,
        "phase": 1,
    }
    fields |= {"ts_sent": at(seconds), "order_id": order_id, "quantity_lots": lots, "side": side}
    for name, value in {**fields, "limit_ticks": limit, **more}.items():
        made[name] = value
    return made


class TickBench:
    """The two venues, on a spot instrument and an inverse contract, and what is thrown at them."""

    def __init__(self, folder: Path) -> None:
        opens = BASE_NS + 8 * SECOND * np.arange(60, dtype=np.int64)
        self.sessions = {"24/7": SessionTable("24/7", opens, opens + 7 * SECOND, int(opens[-1] + 8 * SECOND))}
        inverse: dict[str, Any] = {"contract": "inverse", "currency": "BTC", "multiplier": Decimal(100)}
        self.instruments = [
            Instrument(name="ONE", tick=Decimal("0.1"), lot=Decimal("0.25"), sessions="24/7"),
            Instrument(name="TWO", tick=Decimal("0.1"), sessions="24/7", **inverse),
        ]
        self.merged: dict[int, list[dict[str, int]]] = {}
        self.catalog = write_market(folder, {"ONE": 5, "TWO": 6}, 260, faults=True)

    def reference(
        self, rows: Any, commands: list[Any], streams: tuple[str, ...], assumed: int = -1, **settings: Any
    ) -> list[dict[str, int]]:
        """The reports of the merge."""
        made = VenueSettings(**(FREE | settings))
        return merge_ticks(rows, commands, made, self.instruments, self.sessions, streams, [assumed] * 2)

    def engine(
        self,
        rows: Any,
        commands: list[Any],
        streams: tuple[str, ...],
        assumed: int = -1,
        chance: random.Random | None = None,
        **settings: Any,
    ) -> list[dict[str, int]]:
        """The reports of the compiled venue; with `chance` time and rows are cut at random."""
        v, books = self._venue(streams, assumed, VenueSettings(**(FREE | settings)))
        order = ExchangeOrder(2**60)
        order.add(rows)
        rows = order.finish()
        end = int(rows["ts_exchange"][-1]) + 1
        stops = [(int(each["ts_sent"]), each) for each in commands]
        stops += [(chance.randrange(BASE_NS, end), None) for _ in range(40)] if chance else []
        reports: list[dict[str, int]] = []
        base, shown = 0, 0 if chance else len(rows)
        for ts, what in sorted(stops, key=lambda stop: stop[0]):
            while (
                advance(v, books, rows[base:shown], base, shown - base, ts, shown == len(rows)) == NEEDS_ROWS
            ):
                assert chance is not None
                base = chance.randrange(base, int(v["cursor"]) + 1)
                shown = min(len(rows), shown + chance.randrange(1, 60))
            if what is not None:
                send(v, what)
            reports += _taken(v)
        while True:  # it stops at each answer, because somebody could act on it
            assert advance(v, books, rows[base:], base, len(rows) - base, 2**61, True) != NEEDS_ROWS
            if not v["report_count"]:
                return reports
            reports += _taken(v)

    def _venue(self, streams: tuple[str, ...], assumed: int, settings: VenueSettings) -> tuple[Any, Any]:
        v = new_venue(settings, self.instruments, self.sessions, [assumed] * 2)[0]
        for number in range(2):
            tick = v["ticks"][number]
            tick["is_ticks"], tick["has_trades"] = 1, "trades" in streams
            tick["has_touch"] = "quotes" in streams or "levels" in streams
            tick["book"] = number if "levels" in streams else -1
            share = duration_ns("volume_interval", settings.volume_interval) / DAY_NS
            v["instruments"][number]["sigma_squared"] *= share
        return v, new_books(2 if "levels" in streams else 0)

    def expected(self, seed: int) -> list[dict[str, int]]:
        """The reports of the merge in a random world; made once."""
        if seed not in self.merged:
            self.merged[seed] = self.reference(**self.world(seed))
        return self.merged[seed]

    def world(self, seed: int) -> dict[str, Any]:
        """A random choice of streams and settings, with commands of every kind, bad ones too."""
        chance = random.Random(seed)
        streams = STREAMS[seed % len(STREAMS)]
        rows = np.concatenate(list(open_rows(self.catalog, ["ONE", "TWO"], streams).pieces(PIECE_ROWS)))
        return {
            "rows": rows, "streams": streams, "commands": _commands(chance, int(rows["ts_exchange"].max())),
            "assumed": chance.choice((-1, -1, 400)), **_settings(chance),
        }  # fmt: skip


def _taken(v: Any) -> list[dict[str, int]]:
    taken: list[dict[str, int]] = []
    while v["report_count"] > 0:
        report = take_report(v)
        taken.append({name: int(report[name]) for name in report.dtype.names})
    return taken


def _commands(chance: random.Random, end: int) -> list[Any]:
    made: list[Any] = []
    for ts in sorted(chance.randrange(BASE_NS, end) // 1_000_000 * 1_000_000 for _ in range(160)):
        fresh = chance.random() < 0.75 or not made
        kind = CommandKind.NEW if fresh else chance.choice((CommandKind.CANCEL, CommandKind.REPLACE))
        newest = not made or (chance.random() < 0.96 if fresh else chance.random() < 0.05)
        order_id = len(made) + 1 if newest else chance.randrange(max(1, len(made) - 25), len(made) + 1)
        order_type = chance.choice((1, 2, 2, 2, 3, 3))
        tif = chance.choice((1, 1, 1, 2, 3, 4))
        more = {
            "kind": kind, "order_type": order_type, "time_in_force": tif,
            "instrument": chance.choice((0, 0, 0, 0, 1, 1, 1, 1, 2)),
            "stop_ticks": chance.randrange(9_995, 10_010),
            "expires_ts": chance.choice((0, 0, 0, 0, ts + 300_000_000)),
            "reduce_only": chance.random() < 0.2,
            "post_only": order_type == OrderType.LIMIT and tif <= TimeInForce.DAY and chance.random() < 0.4,
        }  # fmt: skip
        side, lots = chance.choice((1, -1)), chance.choice((0, 1, 4, 9, 20, 45, 150, 150))
        limit = chance.randrange(9_994, 10_011)
        made.append(command((ts - BASE_NS) / SECOND, order_id, lots, side, limit, **more))
        made[-1]["ts_sent"] = ts
    return made


def _settings(chance: random.Random) -> dict[str, Any]:
    latency = ("0", "1ms", "40ms", "2s", LatencySpread("5ms", "400ms"))
    return {
        "taker_bps": chance.choice((0, 1.5, 20)),
        "maker_bps": chance.choice((-0.5, 1)),
        "sell_levy_bps": chance.choice((0, 0.278)),
        "spread_bps": chance.choice((0, 0.3, 2.5)),
        "impact": chance.choice(("none", "base", "sqrt")),
        "impact_base_bps": chance.choice((0.7, 25.0)),
        "volume_bars": chance.choice((2, 20)),
        "volume_interval": chance.choice(("100ms", "1s", "7s")),
        "replenish_half_life": chance.choice(("10ms", "1s", "60s")),
        "latency_order": chance.choice(latency),
        "latency_response": chance.choice(latency),
        "p_reject": chance.choice((0, 0.1)),
        "price_band": chance.choice((0, 0.0006)),
        "adversarial": chance.random() < 0.5,
        "seed": chance.randrange(2**40),
    }
