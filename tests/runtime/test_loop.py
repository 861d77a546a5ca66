"""The fused loop: what is taken in which order at one time, and that waiting moves nothing."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seawall.config import parse_desk
from seawall.kernels.rows import BAR_OPEN
from seawall.model.instruments import Instrument
from seawall.model.kinds import EventKind, WakeReason
from seawall.runtime.backtest import start
from seawall.runtime.loop import DRAIN, EVENT, NEED_ROWS, WAKE, bind, new_table, run
from seawall.store.catalog import BAR_SCHEMA, Catalog

MINUTE_NS = 60 * 10**9
FIRST_NS = 1_704_067_200 * 10**9  # a midnight, so that minutes are full

DESK = """
[desk]
name = "loop"
cash = 100_000
[data]
catalog = "catalog"
instruments = ["ONE"]
[strategy]
path = "diary.py"
[risk]
order_lots_max = 40
[venue]
latency_order = "1s"
latency_response = "1s"
taker_bps = 0
"""

DIARY = """
from seawall.model.intents import Target
from seawall.strategies.wakes import {wakes}


class Diary:
    features = ()
    wakes = ({calls})

    def __init__(self):
        self.lines = []
        self.asked = False

    def decide(self, view):
        self.lines.append((view.now, view.reasons))
        if not self.asked and view.close("ONE") > 0:  # with the first bar its volume is known
            self.asked = True
            return [Target("ONE", lots=10, reason="once")]
        return None
"""


def diary(folder: Path, calls: str, minutes: list[int]) -> list[tuple[int, str]]:
    """The wakes of a policy with these wakes: (second, names of the reasons)."""
    backtest = started(folder, calls, minutes)
    backtest.run()
    lines = backtest.built.policy.policy.lines
    return [
        (round((ts - FIRST_NS) / 1e9), "+".join(r.name.lower() for r in WakeReason if reasons & r))
        for ts, reasons in lines
    ]


def started(folder: Path, calls: str, minutes: list[int]) -> Any:
    """A run over bars that open at these minutes."""
    catalog = Catalog(folder / "catalog")
    catalog.write_instrument(Instrument(name="ONE", tick=Decimal("0.01"), sessions="24/7"))
    bars = [
        (
            FIRST_NS + m * MINUTE_NS,
            FIRST_NS + (m + 1) * MINUTE_NS,
            1000,
            1010,
            990,
            1000 + m,
            5000,
            None,
            None,
            MINUTE_NS,
        )
        for m in minutes
    ]
    catalog.write_bars("ONE", pl.DataFrame(bars, schema=BAR_SCHEMA, orient="row"))
    names = ", ".join(sorted({call.split("(")[0].strip() for call in calls.split("),")}))
    (folder / "diary.py").write_text(DIARY.format(wakes=names, calls=calls + ","))
    return start(parse_desk(DESK), DESK, folder, None)


def test_closes_and_timers_come_before_opens(tmp_path: Path) -> None:
    """At one time a close and a due timer are one wake, and the open of that time is another, later."""
    assert diary(tmp_path, 'OnBarClose(), OnBarOpen(), OnTimer("2m")', [0, 1, 2]) == [
        (0, "timer"),
        (0, "bar_open"),
        (60, "bar_close"),
        (60, "bar_open"),
        (120, "bar_close+timer"),
        (120, "bar_open"),
        (180, "bar_close"),
    ]


def test_timers_ring_where_no_bar_is(tmp_path: Path) -> None:
    """A timer rings in a gap of the data too; with if_changed it stays silent until something is new."""
    gap = [0, 5, 6]
    assert diary(tmp_path / "a", 'OnTimer("1m")', gap) == [(60 * n, "timer") for n in range(7)]
    changed = diary(tmp_path / "b", 'OnTimer("1m", if_changed=True)', gap)
    assert [second for second, _ in changed] == [60, 120, 360]  # new: a bar, an acceptance, a bar


def test_reports_wake_when_they_arrive(tmp_path: Path) -> None:
    """Sent on the open at 60 s: accepted is known at 62 s, the fill of the open at 120 s at 121 s."""
    assert diary(tmp_path, "OnBarOpen(), OnOrder()", [0, 1, 2, 3]) == [
        (0, "bar_open"),
        (60, "bar_open"),
        (62, "order"),
        (120, "bar_open"),
        (121, "order"),
        (180, "bar_open"),
    ]


def test_nobody_is_woken_after_the_last_row(tmp_path: Path) -> None:
    """Answers that come after the data has ended are booked, and the policy is not asked."""
    backtest = started(tmp_path, "OnBarClose(), OnOrder()", [0])
    events = backtest.run().lanes["events"]
    assert len(backtest.built.policy.policy.lines) == 1
    assert events["kind"].tolist() == [EventKind.COMMAND_NEW, EventKind.ACCEPTED, EventKind.EXPIRED]
    assert events["ts_local"][1] == FIRST_NS + MINUTE_NS + 2 * 10**9


@pytest.mark.parametrize("known", [0, 1, 2, 3, 4, 9])
def test_waiting_for_rows_moves_nothing(small: Any, known: int) -> None:
    """With `known` rows the loop asks for more, and asking again changes no byte of core and venue."""
    backtest = small.started()
    backtest.engine.start()
    window = backtest.rows[:known]
    arrays = (backtest.state, backtest.venue, backtest.books, backtest.venue_books, window, window)
    codes = []
    while (code := run(*arrays)) != NEED_ROWS:
        codes.append(code)
        assert code == WAKE
    before = backtest.state.tobytes(), backtest.venue.tobytes()
    assert run(*arrays) == NEED_ROWS
    assert (backtest.state.tobytes(), backtest.venue.tobytes()) == before
    assert backtest.state[0]["rows_taken"] == known


def test_bound_and_plain_calls_agree(small: Any) -> None:
    """The call by addresses does what the call with arrays does."""
    ends = []
    for by_address in (False, True):
        backtest = small.started()
        backtest.engine.start()
        window = backtest.rows[:150]
        arrays = (backtest.state, backtest.venue, backtest.books, backtest.venue_books, window, window)
        table = new_table()
        step, where = bind(table, *arrays)
        codes = []
        while not codes or codes[-1] != NEED_ROWS:
            codes.append(step(*where) if by_address else run(*arrays))
            assert codes[-1] not in (DRAIN, EVENT)
        ends.append((codes, backtest.state.tobytes(), backtest.venue.tobytes()))
    assert ends[0] == ends[1]
    assert (backtest.rows["kind"][:150] == BAR_OPEN).sum() > 30
