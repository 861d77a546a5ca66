"""The documented cases of the venue on ticks, by hand and by chance, on the merge and on the compiled venue.

What stands in a case was computed from the documentation by hand, so both sides are wrong or right together
only if the page is read in the same way by three.
"""

import random
from typing import Any

import numpy as np
import pytest
from tick_bench import BASE_NS, TickBench, command, gap, levels, quote, snapshot, trade

from seawall.kernels import rows as r
from seawall.model.kinds import CommandKind, Liquidity, ReportKind
from seawall.model.orders import OrderType, TimeInForce
from seawall.model.reasons import Reason

DEPTH, QUOTES, TRADES = ("trades", "levels"), ("trades", "quotes"), ("trades",)
BOOK = snapshot(0, (1, 199, 5), (1, 198, 7), (-1, 201, 5), (-1, 202, 7), (-1, 203, 20))
LATER = snapshot(2, (1, 199, 1), (-1, 201, 9))
TALL = snapshot(0, (1, 199, 5), *((-1, 201 + place, 1) for place in range(66)))
SEEDS = range(35)
LIMIT = {"order_type": OrderType.LIMIT}
STOP = {"order_type": OrderType.STOP_LIMIT}
IOC, FOK = {"time_in_force": TimeInForce.IOC}, {"time_in_force": TimeInForce.FOK}
REPLACE = {"kind": CommandKind.REPLACE}
BASE = {"impact": "base", "impact_base_bps": 25.0, "volume_interval": "1s"}
TRADED = trade(0.1, 200, 40)
SWEPT = [(1, 1, "taker", 12, 2_015_834)]

# what is shown: streams, settings, rows, commands, (seconds, order, how, lots, price in 1/10,000 of a tick)
CASES: dict[str, tuple[Any, ...]] = {
    "a sweep pays the average of its levels, rounded against it": (
        DEPTH, {}, BOOK, [command(1, lots=15)], [(1, 1, "taker", 15, 2_018_667)],
    ),
    "a sweep of a seller": (
        DEPTH, {}, BOOK, [command(1, lots=7, side=-1, limit=1)], [(1, 1, "taker", 7, 1_987_142)],
    ),
    "what was taken is missing at once": (
        DEPTH, {}, BOOK, [command(1, lots=12), command(1, 2, lots=10)],
        [*SWEPT, (1, 2, "taker", 10, 2_030_000)],
    ),
    "after a half-life half is back: 2.5 and 3.5 are missing, rounded to 2 and 3": (
        DEPTH, {}, BOOK, [command(1, lots=12), command(2, 2, lots=8)],
        [*SWEPT, (2, 2, "taker", 8, 2_017_500)],
    ),
    "of more than 64 levels the first are forgotten": (
        DEPTH, {}, TALL, [command(1, lots=66), command(1, 2, lots=2)],
        [(1, 1, "taker", 66, 2_335_000), (1, 2, "taker", 2, 2_015_000)],
    ),
    "one that is taken from again keeps its place in that line": (
        DEPTH, {}, TALL + levels(1.001, (-1, 201, 5)),
        [
            command(1, lots=64), command(1.001, 2, lots=1), command(1.001, 3, lots=4),
            command(1.001, 4, lots=5),
        ],
        [
            (1, 1, "taker", 64, 2_325_000), (1.001, 2, "taker", 1, 2_010_000),
            (1.001, 3, "taker", 4, 2_170_000), (1.001, 4, "taker", 5, 2_010_000),
        ],
    ),
    "an IOC takes what is there within its limit": (
        DEPTH, {}, BOOK, [command(1, lots=20, limit=202, **LIMIT, **IOC)],
        [*SWEPT, (1, 1, "VENUE_TIME_IN_FORCE")],
    ),
    "a FOK takes nothing if not all is there": (
        DEPTH, {}, BOOK, [command(1, lots=13, limit=202, **FOK), command(1, 2, lots=12, limit=202, **FOK)],
        [(1, 1, "VENUE_NO_LIQUIDITY"), (1, 2, "taker", 12, 2_015_834)],
    ),
    "a market order takes the rest after the next packet": (
        DEPTH, {}, BOOK + levels(2, (-1, 201, 50)), [command(1, lots=20, limit=202)],
        [*SWEPT, (2, 1, "taker", 8, 2_010_000)],
    ),
    "beyond its worst price a market order waits whole, a limit order pays its limit": (
        DEPTH, {"spread_bps": 200}, BOOK, [command(1, lots=1, limit=201), command(1, 2, 1, 1, 201, **LIMIT)],
        [(1, 2, "taker", 1, 2_010_000)],
    ),
    "a limit that rests needs a trade beyond it": (
        DEPTH, {}, BOOK + trade(2, 200) + trade(3, 199), [command(1, limit=200, **LIMIT)],
        [(3, 1, "maker", 10, 2_000_000)],
    ),
    "or at it, if the venue is not adversarial": (
        DEPTH, {"adversarial": False}, BOOK + trade(2, 200), [command(1, limit=200, **LIMIT)],
        [(2, 1, "maker", 10, 2_000_000)],
    ),
    "or an opposite that comes to it, however thin": (
        DEPTH, {}, BOOK + levels(2, (-1, 200, 3)), [command(1, limit=200, **LIMIT)],
        [(2, 1, "maker", 10, 2_000_000)],
    ),
    "what a limit order did not get rests once the opposite has gone": (
        DEPTH, {}, BOOK + levels(2, (-1, 201, 0)) + trade(3, 200), [command(1, lots=8, limit=201, **LIMIT)],
        [(1, 1, "taker", 5, 2_010_000), (3, 1, "maker", 3, 2_010_000)],
    ),
    "a post-only order never takes": (
        DEPTH, {}, BOOK + levels(2, (-1, 200, 1)),
        [command(1, limit=201, post_only=1, **LIMIT), command(1, 2, limit=200, post_only=1, **LIMIT)],
        [(1, 1, "VENUE_POST_ONLY"), (2, 2, "maker", 10, 2_000_000)],
    ),
    "a stop waits for a trade at it, and takes at once": (
        DEPTH, {}, BOOK + trade(2, 202) + trade(3, 203), [command(1, 1, 5, 1, 205, stop_ticks=203, **STOP)],
        [(3, 1, "taker", 5, 2_010_000)],
    ),
    "at its first look the newest trade counts": (
        DEPTH, {}, BOOK + trade(0.5, 203), [command(1, 1, 5, 1, 205, stop_ticks=203, **STOP)],
        [(1, 1, "taker", 5, 2_010_000)],
    ),
    "without trades the opposite triggers it": (
        ("levels",), {}, BOOK + levels(2, (-1, 201, 0)), [command(1, 1, 5, 1, 205, stop_ticks=202, **STOP)],
        [(2, 1, "taker", 5, 2_020_000)],
    ),
    "stops are looked at before the others": (
        QUOTES, {}, quote(0, 199, 201) + quote(2, 198, 200) + trade(3, 203),
        [command(1, limit=199, **LIMIT), command(1, 2, 5, 1, 205, stop_ticks=203, **STOP)],
        [(3, 2, "taker", 5, 2_000_000)],
    ),
    "reduce-only needs a position, and ends with it": (
        DEPTH, {}, BOOK,
        [
            command(1, 1, 9, -1, 199, reduce_only=1), command(1, 2, 5),
            command(2, 3, 9, -1, 198, reduce_only=1),
        ],
        [
            (1, 1, "VENUE_REDUCE_ONLY"), (1, 2, "taker", 5, 2_010_000),
            (2, 3, "taker", 5, 1_990_000), (2, 3, "VENUE_REDUCE_ONLY"),
        ],
    ),
    "nothing is matched between a gap of levels and a snapshot; an IOC ends": (
        DEPTH, {}, BOOK + gap(0.5, r.LEVEL) + trade(1.2, 150) + levels(1.3, (-1, 180, 9)) + LATER,
        [command(1, **IOC), command(1, 2, 9)],
        [(1, 1, "VENUE_NO_LIQUIDITY"), (2, 2, "taker", 9, 2_010_000)],
    ),
    "gaps of trades and quotes do not matter": (
        DEPTH, {}, BOOK + gap(0.5, r.TRADE) + gap(0.6, r.QUOTE_BID), [command(1, lots=5)],
        [(1, 1, "taker", 5, 2_010_000)],
    ),
    "a crossed book is waited for": (
        DEPTH, {}, BOOK + levels(1, (1, 202, 3)) + levels(1.049, (1, 198, 8)) + levels(1.06, (1, 202, 0)),
        [command(1.01, lots=5)], [(1.06, 1, "taker", 5, 2_010_000)],
    ),
    "one that is still crossed after 50 ms waits for a snapshot": (
        DEPTH, {},
        BOOK + levels(1, (1, 202, 3)) + levels(1.05, (1, 198, 8)) + levels(1.06, (1, 202, 0)) + LATER,
        [command(1.01, lots=5)], [(2, 1, "taker", 5, 2_010_000)],
    ),
    "nothing is matched while a side is empty": (
        DEPTH, {}, snapshot(0, (1, 199, 5), (-1, 201, 5)) + levels(1, (1, 199, 0)) + levels(2, (1, 197, 1)),
        [command(1.5, lots=5)], [(2, 1, "taker", 5, 2_010_000)],
    ),
    "a quote with an empty side or crossed is waited for; a locked one is whole": (
        QUOTES, {}, quote(0, 199, 201) + quote(1, 199, 201, 5, 0) + quote(2, 202, 201) + quote(3, 200, 200),
        [command(1.5)], [(3, 1, "taker", 10, 2_000_000)],
    ),
    "where levels are read quotes say nothing": (
        ("quotes", "levels"), {}, BOOK + quote(0.5, 180, 182), [command(1, lots=5)],
        [(1, 1, "taker", 5, 2_010_000)],
    ),
    "trades alone: the last trade, once there is one, and half the least spread": (
        TRADES, {"spread_bps": 100}, trade(1, 200), [command(0.5)], [(1, 1, "taker", 10, 2_010_000)],
    ),
    "impact waits for a volume, that of the first interval": (
        QUOTES, BASE, quote(0, 199, 201) + TRADED + quote(1.05, 199, 201) + trade(1.1, 200),
        [command(0.5, lots=1)], [(1.1, 1, "taker", 1, 2_010_791)],
    ),
    "a trade at the end of an interval is after it": (
        QUOTES, BASE, quote(0, 199, 201) + TRADED + trade(1, 200),
        [command(1.5, lots=1)], [(1.5, 1, "taker", 1, 2_010_791)],
    ),
    "empty intervals halve the average of three bars": (
        QUOTES, {**BASE, "volume_bars": 3}, quote(0, 199, 201) + TRADED + trade(3.1, 200),
        [command(4, lots=1)], [(4, 1, "taker", 1, 2_011_582)],
    ),
    "at most 64 empty intervals count": (
        QUOTES, {**BASE, "volume_bars": 199}, quote(0, 199, 201) + TRADED + trade(100.1, 200),
        [command(101, lots=1)], [(101, 1, "taker", 1, 2_011_091)],
    ),
    "without trades a volume must be assumed": (
        ("quotes",), BASE, quote(0, 199, 201), [command(1, lots=1)], [(1, 1, "VENUE_NO_LIQUIDITY")],
    ),
    "with depth there is no impact of its own before a volume is known": (
        DEPTH, BASE, BOOK, [command(1, lots=5)], [(1, 1, "taker", 5, 2_010_000)],
    ),
    "bands look at the middle": (
        DEPTH, {"price_band": 0.01}, BOOK + trade(0.5, 250),
        [command(1, limit=203, **LIMIT), command(1, 2, 5, limit=202, **LIMIT)],
        [(1, 1, "VENUE_BAND"), (1, 2, "taker", 5, 2_010_000)],
    ),
    "a replaced order has not rested, and waits for the next packet": (
        DEPTH, {}, BOOK + levels(3, (1, 198, 9)),
        [command(1, lots=5, limit=200, **LIMIT), command(2, lots=5, limit=201, **LIMIT, **REPLACE)],
        [(2, 1, "REPLACED"), (3, 1, "taker", 5, 2_010_000)],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> TickBench:
    """The bench, once for all tests."""
    return TickBench(tmp_path_factory.mktemp("ticks"))


def story(reports: list[dict[str, int]]) -> list[tuple[Any, ...]]:
    """All reports but acceptances, as the cases write them."""
    told: list[tuple[Any, ...]] = []
    for each in reports:
        head = ((each["ts_exchange"] - BASE_NS) / 1e9, each["order_id"])
        if each["kind"] == ReportKind.FILL:
            how = Liquidity(each["liquidity"]).name.lower()
            told.append((*head, how, each["last_lots"], each["price_fine"]))
        elif each["kind"] != ReportKind.ACCEPTED:
            told.append(
                (*head, Reason(each["reason"]).name if each["reason"] else ReportKind(each["kind"]).name)
            )
    return told


@pytest.mark.parametrize("name", CASES)
def test_documented_cases(bench: TickBench, name: str) -> None:
    """What the documentation says, computed by hand, is what the merge and the compiled venue do."""
    streams, settings, rows, commands, expected = CASES[name]
    rows = np.array(rows, r.ROW)
    settings = {"volume_bars": 1, **settings}
    assert story(bench.reference(rows, commands, streams, **settings)) == expected
    assert story(bench.engine(rows, commands, streams, **settings)) == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_equal_in_seeded_worlds(bench: TickBench, seed: int) -> None:
    """All streams, settings and kinds of commands, replacements and bad ones too; equal to the last field."""
    world, expected = bench.world(seed), bench.expected(seed)
    assert bench.engine(**world) == expected
    assert bench.engine(**world, chance=random.Random(seed)) == expected


def test_the_worlds_are_worth_it(bench: TickBench) -> None:
    """The worlds contain every kind of report, and every reason but splits and a full table."""
    reports = [report for seed in SEEDS for report in bench.expected(seed)]
    kinds, reasons = ({report[name] for report in reports} for name in ("kind", "reason"))
    assert sorted(kinds) == [int(kind) for kind in ReportKind if kind != ReportKind.BUST]
    never = (Reason.VENUE_CORPORATE_ACTION, Reason.VENUE_CAPACITY, Reason.VENUE_CLOSED)
    venue = [int(reason) for reason in Reason if reason >= Reason.VENUE_INVALID and reason not in never]
    assert sorted(reasons) == [0, *venue]
    assert sum(report["kind"] == ReportKind.FILL for report in reports) > 1000
