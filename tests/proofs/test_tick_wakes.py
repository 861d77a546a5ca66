"""A policy on ticks wakes when it said, for every reason that there is, and at no other time.

The expected wakes are worked out from the rows alone, in plain Python, without the core.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tick_desk import TickWorld

from seawall.config import parse_desk
from seawall.kernels.rows import FLAG_LAST, TRADE
from seawall.model.kinds import WakeReason
from seawall.runtime.backtest import start
from seawall.runtime.window import PIECE_ROWS

DIARY = """
from seawall.features.ticks import TradeChange
from seawall.strategies.wakes import OnBarClose, OnCrossing, OnPacket, OnTimer, OnTrade


class Diary:
    features = (TradeChange(5),)
    wakes = ({wakes})

    def __init__(self):
        self.lines = []

    def decide(self, view):
        self.lines.append((view.now, view.reasons))
"""
SECOND = 10**9
LEVEL = 0.15  # of the crossing: between one and two ticks
WAKES = {  # what the policy declares -> what its wakes are made of
    'OnTrade(), OnCrossing("trade_change_5", 0.15), OnTimer("3s"), OnBarClose("2s")': (
        "trade cross timer time"
    ),
    'OnCrossing("trade_change_5", 0.15)': "cross",
    'OnCrossing("trade_change_5", 0.15, way="up")': "cross_up",
    'OnCrossing("trade_change_5", 0.15, way="down")': "cross_down",
    "OnTrade(),": "trade",
    "OnBarClose(trades=7), OnTrade()": "trade count",
    "OnBarClose(volume=40),": "volume",
    "OnPacket(),": "packet",
}


@pytest.fixture(scope="module")
def ticks(tmp_path_factory: pytest.TempPathFactory) -> TickWorld:
    """The made-up markets."""
    return TickWorld(tmp_path_factory.mktemp("ticks"), 500)


@pytest.mark.parametrize("chunk_rows", [1, 10**9])
@pytest.mark.parametrize("wakes", WAKES)
def test_it_wakes_when_it_said(ticks: TickWorld, wakes: str, chunk_rows: int) -> None:
    """The diary of a policy that wants nothing equals what its declarations mean on these rows."""
    write_policy(ticks.folder, wakes)
    text = ticks.text("plain", ("trades",)).replace('path = "trades.py"', 'path = "diary.py"')
    backtest = start(parse_desk(text), text, ticks.folder, None, chunk_rows)
    rows = np.concatenate(list(backtest.built.market.source.pieces(PIECE_ROWS)))
    backtest.run()
    policy: Any = backtest.built.policy.policy
    expected = expected_wakes(rows, WAKES[wakes].split())
    last = int(rows["ts_local"][-1])
    print(wakes, len(expected), "wakes")
    # after the last row nobody is woken, but for what that row itself caused
    assert policy.lines == [line for line in expected if line[0] <= last]
    assert len(policy.lines) > 5


def write_policy(folder: Path, wakes: str) -> None:
    """The diary that declares these wakes."""
    declared = wakes if wakes.endswith(",") or ", On" in wakes else f"{wakes},"
    text = DIARY.replace("{wakes}", declared)
    (folder / "diary.py").write_text(text)


def expected_wakes(rows: np.ndarray, parts: list[str]) -> list[tuple[int, int]]:
    """(time, reasons) of each wake, by time; `parts` are the kinds of wakes."""
    reasons: dict[int, int] = defaultdict(int)
    makers = {"trade": _trades, "packet": _packets, "cross": _crossings, "timer": _timers}
    makers |= {
        "cross_up": partial(_crossings, told=(True,)),
        "cross_down": partial(_crossings, told=(False,)),
    }
    makers |= {"time": _time_bars, "count": _count_bars, "volume": _volume_bars}
    for part in parts:
        for ts, reason in makers[part](rows):
            reasons[ts] |= int(reason)
    return sorted(reasons.items())


def _trades(rows: np.ndarray) -> list[tuple[int, WakeReason]]:
    return [(int(r["ts_local"]), WakeReason.TRADE) for r in rows if r["kind"] == TRADE]


def _packets(rows: np.ndarray) -> list[tuple[int, WakeReason]]:
    return [(int(r["ts_local"]), WakeReason.PACKET) for r in rows if r["flags"] & FLAG_LAST]


def _crossings(rows: np.ndarray, told: Sequence[bool] = (True, False)) -> list[tuple[int, WakeReason]]:
    """The change over five trades passes the level, to a side that is told of; the first side counts."""
    prices: dict[int, list[int]] = defaultdict(list)
    sides: dict[int, bool] = {}
    found: list[tuple[int, WakeReason]] = []
    for row in rows:
        seen = prices[int(row["instrument"])]
        seen.append(int(row["price_ticks"]))
        if len(seen) > 5:
            side = (seen[-1] - seen[-6]) / 10 > LEVEL
            if sides.get(int(row["instrument"])) is not side:
                sides[int(row["instrument"])] = side
                if side in told:
                    found.append((int(row["ts_local"]), WakeReason.CROSSING))
    return found


def _timers(rows: np.ndarray) -> list[tuple[int, WakeReason]]:
    """Full multiples of three seconds from the first row on; one that no row follows does not ring."""
    first, last = int(rows["ts_local"][0]), int(rows["ts_local"][-1])
    start_ns = -(-first // (3 * SECOND)) * 3 * SECOND
    return [(ts, WakeReason.TIMER) for ts in range(start_ns, last, 3 * SECOND)]


def _time_bars(rows: np.ndarray) -> list[tuple[int, WakeReason]]:
    """A bar of two seconds of exchange time ends with the first trade of a later one."""
    intervals: dict[int, int] = {}
    found: list[tuple[int, WakeReason]] = []
    for row in rows:
        interval = int(row["ts_exchange"]) // (2 * SECOND)
        if intervals.setdefault(int(row["instrument"]), interval) != interval:
            found.append((int(row["ts_local"]), WakeReason.BAR_CLOSE))
        intervals[int(row["instrument"])] = interval
    return found


def _count_bars(rows: np.ndarray) -> list[tuple[int, WakeReason]]:
    counts: dict[int, int] = defaultdict(int)
    found: list[tuple[int, WakeReason]] = []
    for row in rows:
        counts[int(row["instrument"])] += 1
        if counts[int(row["instrument"])] % 7 == 0:
            found.append((int(row["ts_local"]), WakeReason.BAR_CLOSE))
    return found


def _volume_bars(rows: np.ndarray) -> list[tuple[int, WakeReason]]:
    filled: dict[int, int] = defaultdict(int)
    found: list[tuple[int, WakeReason]] = []
    for row in rows:
        number = int(row["instrument"])
        filled[number] += int(row["size_lots"])
        if filled[number] >= 40:
            filled[number] = 0
            found.append((int(row["ts_local"]), WakeReason.BAR_CLOSE))
    return found
