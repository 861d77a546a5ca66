"""A desk in BTC on an inverse and a linear contract, and a stock in USD that it may only watch.

Its money is computed once more from fills and closes, in fractions that share nothing with it.
"""

import re
from collections import Counter
from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np
import polars as pl
import pytest

import seawall
from seawall.config import parse_desk
from seawall.kernels.rows import BAR_CLOSE, BAR_OPEN
from seawall.model.errors import ConfigError
from seawall.model.kinds import DecisionKind, EventKind
from seawall.model.reasons import Reason
from seawall.runtime.desk import assemble
from seawall.store.why import render_story

COIN = 10**8
CASH = 100 * COIN
TICK = Fraction(1, 100)


def amount(number: int, lots: int, price: Fraction) -> Fraction:
    """What signed lots cost at a price, in satoshis: a dollar's worth, or a ten-thousandth a point."""
    return -lots * COIN / price if number == 0 else lots * price * Fraction(COIN, 10_000)


def closes_until(rows: np.ndarray, ts: int) -> dict[int, Fraction]:
    """The last close of each instrument as of a time; a row of an open comes after its nanosecond."""
    seen = rows[(rows["kind"] == BAR_CLOSE) & (rows["ts_local"] + (rows["kind"] == BAR_OPEN) <= ts)]
    return {int(row["instrument"]): int(row["price_ticks"]) * TICK for row in seen}


def fills_of(lanes: dict[str, np.ndarray]) -> np.ndarray:
    """The fills in their order."""
    return lanes["events"][lanes["events"]["kind"] == EventKind.FILL]


def test_the_desk_trades_both_contracts_on_both_sides(world: Any) -> None:
    """What the proofs below look at has happened, and the stock was not traded."""
    fills = fills_of(world.run("contracts").lanes)
    count = Counter((int(f["instrument"]), int(f["side"])) for f in fills)
    print(dict(count))
    assert sorted(count) == [(0, -1), (0, 1), (1, -1), (1, 1)]
    assert min(count.values()) >= 5


def test_equity_equals_an_independent_computation(world: Any) -> None:
    """Cash, worth, exposure and PnL of every equity point, from fills and closes alone, to the satoshi."""
    finished = world.run("contracts")
    lanes, rows = finished.lanes, world.assembled("contracts").market.rows
    fills, points = fills_of(lanes), lanes["equity"]
    cash, exact, fees, held, place = CASH, Fraction(CASH), 0, Counter[int](), 0
    assert len(points) > 100
    for point in points:
        while place < len(fills) and fills[place]["sequence"] < point["sequence"]:
            fill = fills[place]
            number, lots = int(fill["instrument"]), int(fill["side"]) * int(fill["lots"])
            paid = amount(number, lots, Fraction(int(fill["price_fine"]), 10_000) * TICK)
            assert fill["amount_minor"] == ceil(paid)
            cash -= ceil(paid) + int(fill["fee_minor"])
            exact -= paid + int(fill["fee_minor"])
            fees += int(fill["fee_minor"])
            held[number] += lots
            assert fill["cash_minor"] == cash
            place += 1
        marks = closes_until(rows, int(point["ts_local"]))
        worths = {n: amount(n, lots, marks[n]) for n, lots in held.items() if lots}
        sizes = [ceil(abs(w)) if n == 0 else abs(floor(w)) for n, w in worths.items()]
        signed = [size if held[n] > 0 else -size for n, size in zip(worths, sizes, strict=True)]
        assert point["cash_minor"] == cash
        assert point["equity_minor"] == cash + sum(map(floor, worths.values()))
        assert 0 <= exact + sum(worths.values()) - int(point["equity_minor"]) < place + 2
        assert (point["gross_minor"], point["net_minor"]) == (sum(sizes), sum(signed))
        made = int(point["realised_minor"]) + int(point["unrealised_minor"]) - fees
        assert point["equity_minor"] == CASH + made
    assert place > 50
    print(place, "fills; equity", int(points[-1]["equity_minor"]) / COIN, "of", CASH / COIN)


def test_what_settles_in_dollars_is_watched_and_refused(world: Any) -> None:
    """It has bars; every order in it, also of a weight, is refused as no quantity of this account."""
    finished, built = world.run("contracts"), world.assembled("contracts")
    decisions = finished.lanes["decisions"]
    foreign = decisions[(decisions["instrument"] == 2) & (decisions["kind"] != DecisionKind.CANCEL)]
    refused = foreign[foreign["kind"] == DecisionKind.REFUSED]
    assert len(refused) > 20
    assert set(refused["reason"].tolist()) == {int(Reason.UNIT_MISMATCH)}
    assert set(foreign["kind"].tolist()) <= {int(DecisionKind.REFUSED), int(DecisionKind.NO_ACTION)}
    assert not (finished.lanes["postings"]["instrument"] == 2).any()
    assert (built.market.rows["instrument"] == 2).sum() > 100


def test_tables_show_lots_and_money_with_one_sign(world: Any) -> None:
    """A position's value has the sign of its lots; round trips and open cost are what was booked."""
    run = seawall.backtest(world.folder / "contracts.toml")
    held = run.positions.filter(pl.col("lots") != 0)
    assert (held["value_minor"].sign() == held["lots"].sign()).all()
    assert set(held["instrument"]) == {"INVERSE", "LINEAR"}
    fills = run.fills.filter(pl.col("instrument") == "INVERSE")
    price = fills["notional_minor"] * fills["price"] / fills["lots"]  # a dollar a contract, in satoshis
    assert ((price - COIN).abs() <= fills["price"] / fills["lots"]).all()
    trades = run.trades.filter(pl.col("instrument") == "INVERSE")
    sides = trades["side"].replace_strict({"long": 1, "short": -1})
    made = COIN * sides * trades["lots"] * (1 / trades["entry_price"] - 1 / trades["exit_price"])
    gross = trades["pnl_minor"] + trades["fees_minor"]
    # Prices are kept to the ten-thousandth of a tick, and an order may fill in many parts.
    assert ((made - gross).abs() <= 3 + 2e-8 * trades["lots"] * COIN / 100).all()
    closed = [order for order in run.trades["close_order"] if order]
    story = render_story(run.why(closed[0]))
    assert re.search(r"realised -?\d+\.\d{8}$", story, re.MULTILINE)
    assert re.search(r"equity 1?\d\d\.\d{8}$", story, re.MULTILINE)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (
            ('desk.account="cash"',),
            r"INVERSE is a contract \(inverse\), which needs desk.account = \"margin\"",
        ),
        (('desk.account="cash"', 'data.instruments=["LINEAR"]'), r"LINEAR is a contract \(linear\)"),
        (
            ('desk.currency="ETH"',),
            "nothing settles in ETH, .* INVERSE in BTC, LINEAR in BTC, FOREIGN in USD",
        ),
    ],
)
def test_desks_that_do_not_start(world: Any, overrides: tuple[str, ...], words: str) -> None:
    """A contract needs a margin account, and a desk something that settles in its currency."""
    with pytest.raises(ConfigError, match=words):
        world.assembled("contracts", *overrides)


def test_a_cash_desk_may_watch_contracts(world: Any) -> None:
    """A contract that settles elsewhere is never traded, so that it asks for nothing."""
    text = world.texts["contracts"]
    desk = parse_desk(
        text, ('desk.currency="USD"', 'desk.account="cash"', "risk.unexecuted_notional_max=100")
    )
    records = assemble(desk, world.folder).state[0]["instruments"]
    assert records["foreign"][:3].tolist() == [1, 1, 0]
    assert records["inverse"][:3].tolist() == [1, 0, 0]
