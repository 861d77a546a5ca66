"""Real trades and books of three BTC markets, recorded by one machine: one desk and one result."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from seawall.config import parse_desk
from seawall.kernels.rows import FLAG_LAST, FLAG_SNAPSHOT, GAP
from seawall.model.instruments import Instrument
from seawall.model.kinds import DecisionKind
from seawall.research.listing import render_summary
from seawall.research.run_tables import report_of
from seawall.runtime.backtest import Finished, resume, start
from seawall.runtime.run import Run, open_run
from seawall.runtime.window import PIECE_ROWS
from seawall.store.catalog import Catalog
from seawall.store.run_folder import RunRecords
from seawall.store.tick_import import import_ticks

SHIFT_NS = 1_280_000_000  # of the recorder, 1.27 s behind: one for all, or the markets would drift apart
TERMS = {  # name -> file, terms
    "BTCUSDT": (
        "binance_spot_BTCUSDT_20240808-09",
        {"tick": "0.01", "lot": "0.00000001", "currency": "USDT"},
    ),
    "BTCUSDT-PERP": (
        "binance_usdm_BTCUSDT_20240808",
        {"tick": "0.1", "lot": "0.001", "currency": "USDT", "contract": "linear"},
    ),
    "BTCUSD-PERP": (
        "binance_coinm_BTCUSD_PERP_20240808-09",
        {"tick": "0.1", "multiplier": "100", "currency": "BTC", "contract": "inverse"},
    ),
}
KINDS = {"levels": "l2_delta", "trades": "trades"}
DESK = """
[desk]
name = "three"
cash = 1_000_000
currency = "USDT"
account = "margin"
equity_interval = "1s"
rebalance_band = 0.0
[data]
catalog = "catalog"
instruments = {names}
streams = ["trades", "levels"]
{end}
[strategy]
path = "lead.py"
[risk]
order_notional_max = 250_000
order_lots_max = "none"
long_lots_max = "none"
short_lots_max = "none"
order_volume_share_max = "none"
max_age = "5s"
duplicate_window = "0s"
[venue]
latency_order = {{p50 = "5ms", p99 = "40ms"}}
latency_response = {{p50 = "5ms", p99 = "40ms"}}
"""
POLICY = '''
"""Trades the two markets that settle in the desk's currency, each on its own moves; not meant to earn."""

from decimal import Decimal

from seawall.features.ticks import Imbalance, TradeChange
from seawall.model.intents import CancelAll, Order, Target
from seawall.model.orders import OrderType, Side, TimeInForce
from seawall.strategies.wakes import OnTrade

LOTS = {"BTCUSDT": 20_000_000, "BTCUSDT-PERP": 200}


class Lead:
    features = (TradeChange(50), Imbalance())
    wakes = (OnTrade(),)

    def decide(self, view):
        for name, lots in LOTS.items():
            count = view.trade_count(name)
            if name not in view.traded or count % 25 or not view.is_whole(name):
                continue
            change, lead = view.feature("trade_change_50", name), view.feature("imbalance", name)
            values = {"change": change, "lead": lead}
            if change > 3.0:
                yield Target(name, lots=lots, reason="up", values=values)
            elif change < -3.0:
                yield Target(name, lots=0, reason="down", values=values)
            else:
                side = Side.BUY if lead > 0 else Side.SELL
                price = view.bid(name) if side > 0 else view.ask(name)
                yield CancelAll(instrument=name, reason="a new quote")
                yield Order(name, side=side, lots=lots // 10, order_type=OrderType.LIMIT, post_only=True,
                            limit=Decimal(str(round(price, 2))), time_in_force=TimeInForce.GTC,
                            reason="a quote", values=values)
'''
ALONE = """
import sys
from pathlib import Path
from seawall.runtime.run import backtest
print(backtest(Path(sys.argv[1]) / "desk.toml").result)
"""
SHORT = 'end = "2024-08-08T23:54:45"'  # half a minute, for what takes a call a row


@pytest.fixture(scope="module")
def folder(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalog of the three markets, the policy, and the desk file for other processes."""
    place = tmp_path_factory.mktemp("btc")
    catalog = Catalog(place / "catalog")
    for name, (file, terms) in TERMS.items():
        exact = {key: Decimal(value) if key in ("tick", "lot", "multiplier") else value
                 for key, value in terms.items()}  # fmt: skip
        given: Any = {**exact, "name": name, "sessions": "24/7", "shortable": terms["currency"] == "USDT"}
        for kind, part in KINDS.items():
            path = shared_data / "l2_crypto" / f"{file}_{part}.parquet"
            import_ticks(path, Instrument(**given), catalog, kind=kind, clock_shift_ns=SHIFT_NS)
    (place / "lead.py").write_text(POLICY)
    (place / "desk.toml").write_text(text())
    return place


def text(*names: str, end: str = "") -> str:
    """The desk on these markets, all three unless said."""
    listed = str(list(names or TERMS)).replace("'", '"')
    return DESK.format(names=listed, end=end)


def run(folder: Path, desk: str, chunk_rows: int = PIECE_ROWS, **options: Any) -> Finished:
    """One run in memory."""
    return start(parse_desk(desk), desk, folder, None, chunk_rows, **options).run()


@pytest.fixture(scope="module")
def whole(folder: Path) -> Finished:
    """All of the data in chunks of a quarter of a million rows."""
    return run(folder, text())


@pytest.mark.parametrize("chunk_rows", [1000, 10**9])
def test_chunks_change_nothing(folder: Path, whole: Finished, chunk_rows: int) -> None:
    """1.4 million rows of three books: one result."""
    assert run(folder, text(), chunk_rows).result == whole.result
    print(whole.rows, "rows", {lane: len(records) for lane, records in whole.lanes.items()})
    assert whole.rows > 1_400_000
    assert len(whole.lanes["decisions"]) > 500


def test_single_rows_change_nothing(folder: Path) -> None:
    """Row by row and by seven, over half a minute."""
    results = {run(folder, text(end=SHORT), chunk_rows).result for chunk_rows in (1, 7, 10**9)}
    assert len(results) == 1


def test_another_process_and_mapped_rows_change_nothing(folder: Path, whole: Finished) -> None:
    """A process with another hash seed, and rows that are mapped, give the same result."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(folder)], capture_output=True, text=True, check=False, timeout=200,
        env={**os.environ, "PYTHONHASHSEED": "1"},
    )  # fmt: skip
    assert done.stdout.strip() == whole.result, done.stderr
    assert run(folder, text(), maps_rows=True).result == whole.result


def test_a_stop_changes_nothing_and_the_shift_is_reported(
    folder: Path, whole: Finished, tmp_path: Path
) -> None:
    """Stopped inside a message of a book and resumed; summary and report tell how the clock was moved."""
    desk = text()
    assert not start(parse_desk(desk), desk, folder, tmp_path / "run").run(700_001).complete
    assert resume(tmp_path / "run").run().result == whole.result
    made = open_run(tmp_path / "run")
    assert set(made.manifest["clock_shifts"].values()) == {SHIFT_NS}
    assert "arrival times of 6 streams were shifted at import by +1.28 s" in render_summary(made)
    page = Path(str(report_of(made, tmp_path / "report.html"))).read_text()
    assert "arrival times were shifted at import: +1.28 s for BTCUSDT/trades" in page


def test_an_untraded_market_changes_no_decision(folder: Path, whole: Finished) -> None:
    """Without the contract in coins the decisions on the other two are what they were."""
    pair = run(folder, text("BTCUSDT", "BTCUSDT-PERP")).lanes["decisions"]
    with_coins = whole.lanes["decisions"]
    assert len(pair) == len(with_coins)
    for field in ("kind", "reason", "instrument", "order_id", "lots", "limit_ticks", "reference_ticks",
                  "position_lots", "cash_minor", "equity_minor", "values"):  # fmt: skip
        assert np.array_equal(pair[field], with_coins[field], equal_nan=True), field


def test_a_lost_message_blinds_its_market_until_the_next_snapshot(
    folder: Path, shared_data: Path, tmp_path: Path
) -> None:
    """One message of the perpetual's book is taken out: a gap, no book, and nothing is approved there."""
    file, terms = TERMS["BTCUSDT-PERP"]
    book = pl.read_parquet(shared_data / "l2_crypto" / f"{file}_l2_delta.parquet")
    lost = book["msg_id"].unique().sort()[3000]
    (tmp_path / "lead.py").write_text(POLICY.replace('"BTCUSDT": 20_000_000, ', ""))
    holed = tmp_path / "holed.parquet"
    book.filter(pl.col("msg_id") != lost).write_parquet(holed)
    exact: Any = {key: Decimal(value) if key in ("tick", "lot") else value for key, value in terms.items()}
    perpetual = Instrument(**{**exact, "name": "BTCUSDT-PERP", "sessions": "24/7"})
    catalog = Catalog(tmp_path / "catalog")
    report = import_ticks(holed, perpetual, catalog, kind="levels", clock_shift_ns=SHIFT_NS)
    assert report.stream("levels").gaps == 1
    trades = shared_data / "l2_crypto" / f"{file}_trades.parquet"
    import_ticks(trades, perpetual, catalog, kind="trades", clock_shift_ns=SHIFT_NS)
    desk = text("BTCUSDT-PERP")
    backtest = start(parse_desk(desk), desk, tmp_path, None)
    rows = np.concatenate(list(backtest.built.market.source.pieces(PIECE_ROWS)))
    gap = rows[rows["kind"] == GAP]
    assert len(gap) == 1
    healed = rows[(rows["flags"] & (FLAG_SNAPSHOT | FLAG_LAST)) == FLAG_SNAPSHOT | FLAG_LAST]["ts_local"]
    until = min([int(ts) for ts in healed if ts > gap["ts_local"][0]], default=2**62)
    decisions = backtest.run().lanes["decisions"]
    approved = decisions[decisions["kind"] == DecisionKind.APPROVED]["ts_local"]
    assert (approved < gap["ts_local"][0]).sum() > 20
    assert not ((approved >= gap["ts_local"][0]) & (approved < until)).any()
    assert not (
        decisions["ts_local"] >= gap["ts_local"][0]
    ).any()  # nobody is even asked: there is no snapshot


def test_the_books_balance(whole: Finished) -> None:
    """Trades were made in both markets, and cash plus cost is what the postings say."""
    made = Run(RunRecords(whole.manifest, whole.lanes))
    assert set(made.fills["instrument"].unique()) == {"BTCUSDT", "BTCUSDT-PERP"}
    postings = whole.lanes["postings"]
    legs = [postings[name].sum() for name in ("cash", "position", "fees", "realised", "dividends", "capital")]
    assert sum(legs) == 0
