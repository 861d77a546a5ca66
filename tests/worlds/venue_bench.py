"""A bench for the venue on ticks: rows of trades, quotes and levels, orders, and a driver through time.

Times are small numbers of nanoseconds of one long session. A market is a list of packets in the
exchange's order; the venue has neither costs nor latency but for what the settings say.
"""

from decimal import Decimal
from typing import Any

import numpy as np

from seawall.kernels import rows as r
from seawall.kernels.book import new_books
from seawall.kernels.state import COMMAND
from seawall.model.instruments import Instrument
from seawall.model.kinds import CommandKind, ReportKind
from seawall.model.orders import OrderType, TimeInForce
from seawall.model.sessions import SessionTable
from seawall.simulator.exchange import DONE, advance, send
from seawall.simulator.reports import next_report_ts, take_report
from seawall.simulator.settings import VenueSettings
from seawall.simulator.state import new_venue

__all__ = ["FREE", "SECOND", "TickBench"]

FREE: dict[str, Any] = {"taker_bps": 0, "maker_bps": 0, "spread_bps": 0, "impact": "none"}
FREE |= {"latency_order": "0", "latency_response": "0", "price_band": 0}
SECOND = 1_000_000_000
FOREVER = 2**61
Packet = list[tuple[int, ...]]


class TickBench:
    """One instrument at a venue that reads some of trades, quotes and levels."""

    def __init__(self, *streams: str, assumed: int = -1, **terms: Any) -> None:
        self.streams, self.assumed = streams, assumed
        given: dict[str, Any] = {"tick": Decimal("0.1"), "sessions": "TOY", **terms}
        self.instrument = Instrument(name="X", **given)
        ends = np.array([2**60], np.int64)
        self.sessions = {"TOY": SessionTable("TOY", ends * 0, ends, 2**60)}

    def venue(self, **settings: Any) -> np.ndarray:
        """A venue that has seen nothing, set up as the shell does it."""
        made = new_venue(VenueSettings(**(FREE | settings)), [self.instrument], self.sessions, [self.assumed])
        tick = made[0]["ticks"][0]
        tick["is_ticks"] = 1
        tick["has_trades"] = int("trades" in self.streams)
        tick["has_touch"] = int("quotes" in self.streams or "levels" in self.streams)
        tick["book"] = 0 if "levels" in self.streams else -1
        return made

    # rows ------------------------------------------------------------------------------

    def trade(self, ts: int, price: int, lots: int = 1) -> Packet:
        """One trade."""
        return [(ts, ts, 0, price, lots, 0, r.TRADE, 1, r.FLAG_LAST)]

    def quote(self, ts: int, bid: int, ask: int, bid_lots: int = 9, ask_lots: int = 9) -> Packet:
        """One whole quote."""
        return [
            (ts, ts, 0, bid, bid_lots, 0, r.QUOTE_BID, 1, 0),
            (ts, ts, 0, ask, ask_lots, 0, r.QUOTE_ASK, -1, r.FLAG_LAST),
        ]

    def levels(self, ts: int, bids: dict[int, int], asks: dict[int, int], flags: int = 0) -> Packet:
        """A change of levels, {price: lots} a side, as one packet."""
        rows = [(ts, ts, 0, price, lots, 0, r.LEVEL, 1, flags) for price, lots in bids.items()]
        rows += [(ts, ts, 0, price, lots, 0, r.LEVEL, -1, flags) for price, lots in asks.items()]
        return self._packet(rows)

    def snapshot(self, ts: int, bids: dict[int, int], asks: dict[int, int]) -> Packet:
        """A whole book as one packet."""
        clear = (ts, ts, 0, 0, 0, 0, r.CLEAR, 0, r.FLAG_SNAPSHOT)
        return self._packet([clear, *self.levels(ts, bids, asks, r.FLAG_SNAPSHOT)])

    def gap(self, ts: int, missing: int) -> Packet:
        """A gap in the stream whose rows are of the kind `missing`."""
        return [(ts, ts, 0, missing, 1, 0, r.GAP, 0, r.FLAG_LAST)]

    def _packet(self, rows: Packet) -> Packet:
        ends = [(*row[:8], row[8] & ~r.FLAG_LAST) for row in rows]
        ends[-1] = (*ends[-1][:8], ends[-1][8] | r.FLAG_LAST)
        return ends

    # orders ----------------------------------------------------------------------------

    def order(self, ts: int = 50, lots: int = 10, side: int = 1, **more: int) -> np.void:
        """A market order of id 1, GTC, with its worst price far away, unless `more` says otherwise."""
        command = np.zeros(1, COMMAND)[0]
        fields: dict[str, int] = {"kind": CommandKind.NEW, "order_id": 1, "phase": 1}
        fields |= {"order_type": OrderType.MARKET, "time_in_force": TimeInForce.GTC, "ts_sent": ts}
        fields |= {"quantity_lots": lots, "side": side, "limit_ticks": 10**6 if side > 0 else 1, **more}
        for name, value in fields.items():
            command[name] = value
        return command

    def limit(self, ts: int, lots: int, side: int, limit: int, **more: int) -> np.void:
        """A limit order."""
        return self.order(ts, lots, side, order_type=OrderType.LIMIT, limit_ticks=limit, **more)

    def stop(self, ts: int, lots: int, side: int, stop: int, limit: int, **more: int) -> np.void:
        """A stop-limit order."""
        kind = OrderType.STOP_LIMIT
        return self.order(ts, lots, side, order_type=kind, stop_ticks=stop, limit_ticks=limit, **more)

    def replace(self, ts: int, lots: int, limit: int, stop: int = 0, order_id: int = 1) -> np.void:
        """The wish to replace order 1."""
        fields = {"kind": CommandKind.REPLACE, "order_id": order_id, "stop_ticks": stop}
        return self.order(ts, lots, 1, **fields, limit_ticks=limit)

    # time ------------------------------------------------------------------------------

    def drive(
        self, venue: np.ndarray, packets: list[Packet], commands: list[np.void]
    ) -> list[dict[str, int]]:
        """The reports, in their order, of a market in which every command is sent at its time."""
        v, books = venue[0], new_books(1)
        rows = np.array([row for packet in packets for row in packet], r.ROW)
        reports: list[dict[str, int]] = []
        for command in [*sorted(commands, key=lambda command: int(command["ts_sent"])), None]:
            ts = FOREVER if command is None else int(command["ts_sent"])
            while True:
                assert advance(v, books, rows, 0, len(rows), ts, True) == DONE
                if next_report_ts(v) > ts:
                    break
                report = take_report(v)
                reports.append({name: int(report[name]) for name in report.dtype.names})
            if command is not None:
                send(v, command)
        return reports

    def run(self, packets: list[Packet], *commands: np.void, **settings: Any) -> list[dict[str, int]]:
        """The reports of a run at a new venue."""
        return self.drive(self.venue(**settings), packets, list(commands))

    def fills(
        self, packets: list[Packet], *commands: np.void, **settings: Any
    ) -> list[tuple[int, int, float]]:
        """The fills of a run as (exchange time, lots, price in ticks)."""
        reports = [
            each for each in self.run(packets, *commands, **settings) if each["kind"] == ReportKind.FILL
        ]
        return [(each["ts_exchange"], each["last_lots"], each["price_fine"] / 10_000) for each in reports]

    def story(
        self, packets: list[Packet], *commands: np.void, **settings: Any
    ) -> list[tuple[int, int, str, int]]:
        """All reports of a run as (exchange time, order, kind, reason)."""
        reports = self.run(packets, *commands, **settings)
        return [
            (each["ts_exchange"], each["order_id"], ReportKind(each["kind"]).name, each["reason"])
            for each in reports
        ]
