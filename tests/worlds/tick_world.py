"""A small made-up market of ticks for the tests: trades, quotes and levels of one book, seeded.

It has what real feeds have: messages of many levels, equal times, latencies that differ by stream so
that order of arrival and the exchange's order differ, and on demand gaps that a later snapshot heals,
crossed and one-sided moments.
"""

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from seawall.kernels.rows import CLEAR, FLAG_LAST, FLAG_SNAPSHOT, GAP, LEVEL, QUOTE_BID, TRADE
from seawall.model.instruments import Instrument
from seawall.store.catalog import Catalog
from seawall.store.ticks import TICK_SCHEMAS, write_ticks

__all__ = ["FIRST_NS", "TickMarket", "write_market"]

FIRST_NS = 1_704_067_200 * 10**9  # a midnight
MS = 1_000_000
DEPTH = 6


class TickMarket:
    """One instrument's book as the exchange sees it, and the messages that it sends."""

    def __init__(self, seed: int, faults: bool = False, latency_ms: tuple[int, int] = (1, 80)) -> None:
        self.chance = random.Random(seed)
        self.faults, self.latency_ms = faults, latency_ms
        self.now = FIRST_NS + self.chance.randrange(50) * MS
        self.mid = 10_000
        self.sides: dict[int, dict[int, int]] = {1: {}, -1: {}}
        self.rows: dict[str, list[tuple[Any, ...]]] = {"trades": [], "quotes": [], "levels": []}
        self.last_local = dict.fromkeys(self.rows, 0)
        self.sequence = 100
        self.trade_number = 500
        self.blind = 0  # packets until a snapshot heals a gap
        self.quote: tuple[int, ...] = ()
        self._fill()
        self._snapshot()

    def run(self, packets: int) -> dict[str, pl.DataFrame]:
        """Goes on for so many messages; the frames of the three streams."""
        for _ in range(packets):
            self.now += self.chance.choice((0, 1, 5, 20, 60, 150)) * MS
            self._step()
        return {
            kind: pl.DataFrame(rows, schema=TICK_SCHEMAS[kind], orient="row")
            for kind, rows in self.rows.items()
        }

    def _step(self) -> None:
        luck = self.chance.random()
        if self.blind:
            self.blind -= 1
            if not self.blind:
                self._fill()
                self._snapshot()
                return
        if self.faults and luck < 0.01 and not self.blind:
            self.blind = self.chance.randrange(3, 12)
            self.sequence += 5
            self._send("levels", [(GAP, 0, 0, 3)], 0, self.sequence - 4)
        elif self.faults and luck < 0.02:
            self._cross()
        elif luck < 0.3:
            self._trade()
        elif luck < 0.5:
            self._move(self.chance.choice((-1, 1)))
        else:
            self._resize()

    def _fill(self) -> None:
        for side in (1, -1):
            self.sides[side] = {
                self.mid - side * (1 + step): self.chance.randrange(1, 40) for step in range(DEPTH)
            }

    def _best(self, side: int) -> int:
        return max(self.sides[side]) if side > 0 else min(self.sides[side])

    def _snapshot(self) -> None:
        rows = [(CLEAR, 0, 0, 0)]
        for side, levels in self.sides.items():
            rows += [(LEVEL, side, price, lots) for price, lots in levels.items()]
        self._send("levels", rows, FLAG_SNAPSHOT)

    def _trade(self) -> None:
        side = self.chance.choice((-1, 1))
        price = self._best(-side)
        there = self.sides[-side][price]
        lots = min(self.chance.randrange(1, 12), there)
        self.trade_number += 1
        self._send("trades", [(TRADE, side, price, lots)], 0, self.trade_number)
        self._set([(-side, price, there - lots)])

    def _move(self, step: int) -> None:
        """The book shifts by a tick: what it gives up on one side is taken by the other."""
        self.mid += step
        changes = []
        for side in (1, -1):
            wanted = {self.mid - side * (1 + place) for place in range(DEPTH)}
            changes += [(side, price, 0) for price in sorted(set(self.sides[side]) - wanted)]
            fresh = sorted(wanted - set(self.sides[side]))
            changes += [(side, price, self.chance.randrange(1, 40)) for price in fresh]
        self._set(changes)

    def _resize(self) -> None:
        side = self.chance.choice((-1, 1))
        price = self.chance.choice(sorted(self.sides[side]))
        self._set([(side, price, self.chance.randrange(1, 40))])

    def _cross(self) -> None:
        """A moment in which the bid stands above the ask, or a side is empty; then it is over."""
        ask = self._best(-1)
        if self.chance.random() < 0.5:
            self._set([(1, ask + 1, 3)])
            self.now += self.chance.choice((2, 70)) * MS
            self._set([(1, ask + 1, 0)])
        else:
            levels = dict(self.sides[1])
            self._set([(1, price, 0) for price in levels])
            self._set([(1, price, lots) for price, lots in levels.items()])

    def _set(self, changes: list[tuple[int, int, int]]) -> None:
        for side, price, lots in changes:
            if lots:
                self.sides[side][price] = lots
            else:
                self.sides[side].pop(price, None)
        if changes:
            self._send("levels", [(LEVEL, *change) for change in changes], 0)
        for side in (1, -1):
            if self.sides[side] and len(self.sides[side]) < DEPTH // 2:
                self._set([(side, self.mid - side * (1 + place), 9) for place in range(DEPTH)])
        self._quote()

    def _quote(self) -> None:
        if not (self.sides[1] and self.sides[-1]):
            return
        bid, ask = self._best(1), self._best(-1)
        quote = (bid, self.sides[1][bid], ask, self.sides[-1][ask])
        if quote != self.quote and bid <= ask:
            self.quote = quote
            self._append("quotes", (self.sequence, QUOTE_BID, *quote, FLAG_LAST))

    def _send(self, kind: str, rows: list[tuple[int, ...]], flags: int, sequence: int = 0) -> None:
        if not sequence:
            self.sequence += 1
            sequence = self.sequence
        arrival = self._arrival(kind)
        for place, (what, side, price, lots) in enumerate(rows):
            last = FLAG_LAST if place == len(rows) - 1 else 0
            self.rows[kind].append((*arrival, sequence, what, side, price, lots, flags | last))

    def _append(self, kind: str, rest: tuple[int, ...]) -> None:
        self.rows[kind].append((*self._arrival(kind), *rest))

    def _arrival(self, kind: str) -> tuple[int, int]:
        latency = self.chance.randrange(*self.latency_ms) * MS + self.chance.randrange(1000)
        self.last_local[kind] = max(self.last_local[kind], self.now + latency)
        return self.now, self.last_local[kind]


def write_market(
    folder: Path, seeds: dict[str, int], packets: int, faults: bool = False, **terms: Any
) -> Catalog:
    """A catalog with one made-up market a name: all three streams; terms of the instruments."""
    catalog = Catalog(folder)
    for name, seed in seeds.items():
        given = {"tick": Decimal("0.1"), "sessions": "24/7", **terms}
        catalog.write_instrument(Instrument(name=name, **given))
        for kind, frame in TickMarket(seed, faults).run(packets).items():
            write_ticks(catalog, kind, name, frame)
    return catalog
