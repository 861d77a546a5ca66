"""Tables agree with each other and with the books, because they are projections of one journal."""

from pathlib import Path

import polars as pl
import pytest

import seawall
from seawall.runtime.run import Run
from seawall.store.tables import TableContext

pytestmark = pytest.mark.timeout(600)  # the first run of a build compiles
DESK = Path(seawall.__file__).parent / "desks" / "us-momentum.toml"


@pytest.fixture(scope="module")
def run() -> Run:
    """The demo's desk over three years with two splits of AAPL and one of MSFT in them."""
    return seawall.backtest(DESK, overrides=("data.start=2002-06-01", "data.end=2005-06-01"))


def test_every_table_has_rows(run: Run) -> None:
    """The run below is one that trades and refuses."""
    names = ("orders", "fills", "trades", "positions", "equity")
    heights = {name: getattr(run, name).height for name in names}
    assert min(heights.values()) > 20, heights
    assert run.refusals["count"].sum() > 0


def test_orders_and_fills_agree(run: Run) -> None:
    """Filled lots, fees and realised PnL of an order are those of its fills."""
    summed = run.fills.group_by("order_id").agg(
        pl.col("lots").sum().alias("lots_of_fills"), pl.col("fee_minor").sum(), pl.col("realised_minor").sum()
    )
    both = run.orders.join(summed, on="order_id", suffix="_of_fills")
    assert both.height == summed.height
    assert both["filled_lots"].to_list() == both["lots_of_fills"].to_list()
    assert both["fees_minor"].to_list() == both["fee_minor"].to_list()
    assert both["realised_minor"].to_list() == both["realised_minor_of_fills"].to_list()
    filled = run.orders.filter(pl.col("status") == "filled")
    assert filled["lots"].to_list() == filled["filled_lots"].to_list()


def test_every_order_and_every_refusal_has_its_decision(run: Run) -> None:
    """No order and no refusal is an orphan."""
    kinds = dict(run.decisions["kind"].value_counts().iter_rows())
    assert kinds["approved"] == run.orders.height
    assert kinds["refused"] == run.refusals["count"].sum()
    approved = run.decisions.filter(pl.col("kind") == "approved")
    assert approved["sequence"].to_list() == run.orders["decision"].to_list()
    assert approved["instrument"].to_list() == run.orders["instrument"].to_list()


def test_what_a_fill_cost_beyond_the_decision_is_split_without_rest(run: Run) -> None:
    """Delay, spread and impact are the distance from the price of the decision, to the cent."""
    signs = run.fills["side"].replace_strict({"buy": 1, "sell": -1})
    paid = (run.fills["price"] - run.fills["decision_price"]) * run.fills["lots"] * signs * 100
    split = run.fills["delay_minor"] + run.fills["spread_minor"] + run.fills["impact_minor"]
    assert (paid - split).abs().max() <= 2.0


def test_positions_follow_fills_and_splits(run: Run) -> None:
    """The last row of each instrument is what the last of its events left."""
    last = run.positions.group_by("instrument", maintain_order=True).last()
    held = dict(last.select("instrument", "lots").iter_rows())
    by_fills = dict(run.fills.group_by("instrument").last().select("instrument", "position_lots").iter_rows())
    unsplit = [name for name in held if name not in ("AAPL", "MSFT")]
    assert unsplit
    assert all(held[name] == by_fills[name] for name in unsplit)
    assert last.filter(pl.col("lots") == 0)["value_minor"].abs().sum() == 0


def test_round_trips_account_for_what_was_realised(run: Run) -> None:
    """A closed trade names both orders, and its PnL is net of both fees."""
    trades = run.trades
    numbers = set(run.orders["order_id"])
    assert set(trades["open_order"]) <= numbers
    assert set(trades["close_order"]) <= numbers
    gross = (trades["exit_price"] - trades["entry_price"]) * trades["lots"] * 100
    net = gross - trades["fees_minor"] + trades["dividends_minor"]
    unsplit = trades.with_columns(net=net).filter(pl.col("instrument").is_in(["IBM", "GOOG"]))
    assert unsplit.height > 5
    assert (unsplit["net"] - unsplit["pnl_minor"]).abs().max() < 100


def test_the_equity_ends_where_the_books_do(run: Run) -> None:
    """Equity is cash, cost and unrealised PnL; cash is the sum of its postings."""
    last = run.equity.row(-1, named=True)
    assert last["cash_minor"] == int(run.records.lanes["postings"]["cash"].sum())
    assert last["fees_minor"] == run.fills["fee_minor"].sum()
    assert last["realised_minor"] >= run.fills["realised_minor"].sum()  # a split pays fractions out


def test_prices_are_in_currency_and_absent_ones_are_no_number(run: Run) -> None:
    """Ticks become prices on their grid; a market order has no stop."""
    assert run.orders["stop"].is_nan().all()
    assert run.orders["limit"].is_between(1.0, 1000.0).all()
    context = TableContext(run.manifest)
    assert (context.currency, context.exponent) == ("USD", 2)
