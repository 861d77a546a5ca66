"""The traps of other engines' own risk code, laid for this one (the first is a grid of quotes).

Each test is a whole run: bars in a catalog, a policy in a file, the gate, the venue, the books.
"""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seawall.config import parse_desk
from seawall.model.instruments import Instrument
from seawall.runtime.backtest import start
from seawall.store.catalog import BAR_SCHEMA, Catalog
from seawall.store.tables import TableContext, decisions_table, fills_table

MINUTE = 60 * 10**9
FIRST = 1_767_261_600 * 10**9  # 2026-01-01 10:00
DESK = """
[desk]
name = "trap"
cash = 100_000
account = "{account}"
[data]
catalog = "catalog"
instruments = ["ONE"]
[strategy]
path = "policy.py"
[risk]
order_volume_share_max = "none"
order_notional_max = 100_000
unexecuted_notional_max = 100_000
instrument_open_orders_max = "none"
single_name_max = 2.0
gross_max = 2.0
net_max = 2.0
price_collar = 0.10
daily_loss_share_max = "none"
[venue]
latency_order = "0"
latency_response = "0"
spread_bps = 0
k_sigma = 0
impact = "none"
participation = "unlimited"
taker_bps = {fee}
maker_bps = 0
price_band = 0.9
"""
POLICY = """
from decimal import Decimal
from seawall.model.intents import Order, Target
from seawall.model.orders import OrderType, Side, TimeInForce
from seawall.strategies.wakes import OnBarClose, OnBarOpen, OnTimer

class Trap:
    wakes = ({wake},)

    def __init__(self):
        self.turn = 0

    def decide(self, view):
        self.turn += 1
        return self.want(view, self.turn)

    def limit(self, side, lots, price, **more):
        return Order("ONE", side=side, lots=lots, order_type=OrderType.LIMIT, limit=Decimal(price),
                     time_in_force=TimeInForce.GTC, reason="quote", **more)

    def market(self, side, lots, **more):
        return Order("ONE", side=side, lots=lots, reason="market", **more)

    def want(self, view, turn):
        {body}
"""
Runner = Callable[..., tuple[pl.DataFrame, pl.DataFrame, Any]]


@pytest.fixture
def trap(tmp_path: Path) -> Runner:
    """Runs a policy body over bars at the given closes; (decisions, fills, state)."""

    def run(
        body: str,
        closes: list[int],
        *risk: str,
        account: str = "cash",
        fee: float = 0,
        wake: str = "OnBarClose()",
    ) -> Any:
        catalog = Catalog(tmp_path / "catalog")
        catalog.write_instrument(
            Instrument(name="ONE", tick=Decimal("0.01"), sessions="24/7", shortable=True)
        )
        bars, last = [], closes[0]
        for number, close in enumerate(closes):
            ts = FIRST + number * MINUTE
            high, low = max(last, close), min(last, close)
            bars.append((ts, ts + MINUTE - 1, last, high, low, close, 1_000_000, None, None, MINUTE))
            last = close
        catalog.write_bars("ONE", pl.DataFrame(bars, schema=BAR_SCHEMA, orient="row"))
        (tmp_path / "policy.py").write_text(POLICY.format(body=body, wake=wake))
        text = DESK.format(account=account, fee=fee)
        desk = parse_desk(text, tuple(f"risk.{setting}" for setting in risk))
        backtest = start(desk, text, tmp_path, None)
        finished = backtest.run()
        context = TableContext(finished.manifest)
        return (
            decisions_table(finished.lanes, context),
            fills_table(finished.lanes, context),
            backtest.state[0],
        )

    return run


def test_a_grid_may_quote_the_same_price_for_ever(trap: Runner) -> None:
    """vn.py counts a lifetime and locks the tenth quote out; here twenty go, a minute apart."""
    decisions, _, _ = trap("return [self.limit(Side.BUY, 10, '95.00')]", [10_000] * 20)
    assert decisions["kind"].to_list() == ["approved"] * 20


def test_a_burst_of_one_order_is_one_order(trap: Runner) -> None:
    """The other side of that trap: nine at once are one and eight refusals."""
    decisions, _, _ = trap(
        "return [self.limit(Side.BUY, 10, '95.00')] * 9 if turn == 1 else None", [10_000] * 3
    )
    assert decisions["kind"].to_list() == ["approved"] + ["refused"] * 8
    assert set(decisions["reason"].to_list()[1:]) == {"duplicate_order"}


def test_resting_orders_cannot_fill_to_more_than_the_limit(trap: Runner) -> None:
    """zipline and LEAN look at the position alone: N resting orders fill to N caps; here to one."""
    body = "return [self.limit(Side.BUY, 40 + turn, '95.00')]"
    decisions, fills, s = trap(body, [10_000] * 8 + [9_000], "long_lots_max=100")
    approved = decisions.filter(kind="approved")
    assert approved["lots"].sum() <= 100
    assert fills["lots"].sum() == s["net_lots"][0] == approved["lots"].sum()
    assert "position_limit" in decisions["reason"].to_list()


def test_an_order_met_directly_meets_the_limits_too(trap: Runner) -> None:
    """LEAN's risk models see framework targets alone; here target and order stand at the same gate."""
    for wish in ("self.market(Side.BUY, 200)", "Target('ONE', lots=200, reason='t')"):
        decisions, fills, _ = trap(f"return [{wish}]", [10_000] * 3, "long_lots_max=100")
        assert set(decisions["reason"]) == {"position_limit"}
        assert fills.is_empty()


def test_the_notional_limit_holds_in_margin_accounts(trap: Runner) -> None:
    """nautilus 1.231.0 skips it there; here the order is refused, and one at the limit goes."""
    body = "return [self.limit(Side.BUY, 101 - turn, '100.00')] if turn < 3 else None"
    decisions, _, _ = trap(body, [10_000] * 4, "order_notional_max=9_900", account="margin")
    assert decisions["reason"].to_list() == ["order_notional", "none"]


REDUCING = [  # position, order in lots, approved; the drawdown breaker has tripped
    (0, 100, False),  # flat: a buy reduces nothing, whatever its side
    (0, -100, False),
    (100, -100, True),
    (100, -60, True),
    (100, -500, False),  # the side reduces, the size does not
    (100, 1, False),
]


@pytest.mark.parametrize(("position", "lots", "approved"), REDUCING)
def test_reducing_is_a_matter_of_size(trap: Runner, position: int, lots: int, approved: bool) -> None:
    """nautilus' REDUCING looks at the side alone; here long 100 and SELL 500 is refused."""
    side = "BUY" if lots > 0 else "SELL"
    body = f"""return {{
            1: [self.market(Side.BUY, 100)],
            3: [Target('ONE', lots={position}, reason='to begin with')],
            5: [self.market(Side.{side}, {abs(lots)}, reduce_only=False)],
        }}.get(turn)"""
    decisions, _, s = trap(body, [10_000, 10_000, *[8_000] * 5], "drawdown_max=0.01", account="margin")
    last = decisions.row(-1, named=True)
    assert (last["kind"] == "approved") == approved
    assert approved or last["reason"] == "drawdown_limit"
    assert s["net_lots"][0] == position + (lots if approved else 0)


def test_fees_are_in_the_cash_check(trap: Runner) -> None:
    """A buy that fits without its fee: nautilus fills it and owes cash; here it is refused."""
    for lots, kind in ((1_000, "refused"), (998, "approved")):
        body = f"return [self.limit(Side.BUY, {lots}, '100.00')] if turn == 1 else None"
        decisions, fills, s = trap(body, [10_000, 10_000, 9_900], fee=10)
        assert decisions["kind"].to_list() == [kind]
        assert decisions["reason"][0] == ("capital" if kind == "refused" else "none")
        assert s["ledger"]["cash_minor"] >= 0
        assert len(fills) == (kind == "approved")


def test_drawdown_is_marked_to_market(trap: Runner) -> None:
    """A trough of 22 % in an open position: nautilus 1.231.0 says 0.004 %, freqtrade waits for the close."""
    body = "return [self.market(Side.BUY, 900)] if turn == 1 else None"
    decisions, _, s = trap(body, [10_000, 10_000, 7_500, 10_000], "drawdown_max=0.20")
    assert decisions["kind"].to_list() == ["approved"]
    assert s["drawdown_latched"] == 1


def test_no_price_is_refused(trap: Runner) -> None:
    """The checks of others are skipped without a price; here nothing goes, and the decisions say why."""
    body = """wishes = self.market(Side.BUY, 1), Target('ONE', weight=0.1, reason='t')
        return wishes if turn == 1 else None"""
    decisions, fills, _ = trap(body, [10_000] * 3, wake="OnTimer('1h')")
    assert decisions["reason"].to_list() == ["invalid_input", "no_reference_price"]
    assert fills.is_empty()
