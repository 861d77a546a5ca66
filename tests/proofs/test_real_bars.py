"""Real bars with their defects: no volume, missing minutes, illiquid names."""

import time
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from seawall.config import parse_desk
from seawall.kernels.rows import BAR_CLOSE, BAR_OPEN
from seawall.model.instruments import Instrument
from seawall.model.kinds import DecisionKind
from seawall.model.reasons import Reason
from seawall.runtime.backtest import Backtest, Finished, start
from seawall.runtime.run import Run
from seawall.store.bars_import import import_bars
from seawall.store.catalog import Catalog
from seawall.store.run_folder import RunRecords

STOCKS = "bars_equity/skfolio_sp500_20stocks_1d.parquet"
MINUTES = "bars_equity/flowrisk_us10_1m_201811.parquet"
MINUTE_NS = 60 * 10**9
MAX_AGE_NS = 5 * MINUTE_NS

DAILY_DESK = """
[desk]
name = "twenty"
cash = 1_000_000
[data]
catalog = "stocks"
instruments = {names}
{volume}
[strategy]
name = "momentum"
[risk]
long_lots_max = 1_000_000
drawdown_max = 0.5
"""

MINUTE_DESK = """
[desk]
name = "minutes"
cash = 1_000_000
equity_interval = "1m"
[data]
catalog = "minutes"
instruments = {names}
[strategy]
path = "all_names.py"
[risk]
order_lots_max = 500
order_volume_share_max = "none"
max_age = "5m"
"""

ALL_NAMES = '''
"""Wants every name in turn, also those that have not traded for a while."""

from seawall.model.intents import Target
from seawall.strategies.wakes import OnBarClose


class AllNames:
    wakes = (OnBarClose(),)
    features = ()

    def __init__(self):
        self.turn = 0

    def decide(self, view):
        self.turn += 1
        if self.turn % 30 == 1:
            lots = 200 if self.turn % 120 < 60 else 0
            for name in view.instruments:
                yield Target(name, lots=lots, reason="its turn")
'''


@pytest.fixture(scope="module")
def stocks(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the catalog of the twenty stocks."""
    return imported(shared_data / STOCKS, tmp_path_factory.mktemp("daily"), "stocks", "0.001", "1d")


@pytest.fixture(scope="module")
def minutes(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the catalog of the ten names of minute bars and the policy on them."""
    folder = imported(shared_data / MINUTES, tmp_path_factory.mktemp("intraday"), "minutes", "0.0001", "1m")
    (folder / "all_names.py").write_text(ALL_NAMES)
    return folder


def imported(source: Path, folder: Path, name: str, tick: str, interval: str) -> Path:
    """The file as a catalog; what goes in is there."""
    template = Instrument(name="template", tick=Decimal(tick))
    report = import_bars(source, None, Catalog(folder / name), interval=interval, template=template)
    print(report.render())
    assert report.rows_written == report.rows_read == pl.read_parquet(source).height
    return folder


def run_desk(folder: Path, catalog: str, text: str, **fields: str) -> tuple[Backtest, Finished, Run]:
    """A whole run of a desk text in that folder."""
    names = Catalog(folder / catalog).instruments()
    text = text.replace("{names}", str(names))
    for key, value in fields.items():
        text = text.replace("{" + key + "}", value)
    begun = time.perf_counter()
    backtest = start(parse_desk(text), text, folder, None)
    finished = backtest.run()
    run = Run(RunRecords(finished.manifest, finished.lanes))
    seconds = time.perf_counter() - begun
    print(
        f"{finished.rows} market rows in {seconds:.1f} s: {len(run.decisions)} decisions, "
        f"{len(run.orders)} orders, {len(run.fills)} fills, {finished.manifest['stale_equity_points']} stale "
        f"points of {len(run.equity)}, refusals {dict(run.refusals.select('reason', 'count').iter_rows())}, "
        f"equity {run.equity['equity_minor'][0] / 100:,.2f} -> {run.equity['equity_minor'][-1] / 100:,.2f}"
    )
    return backtest, finished, run


def check_bars(backtest: Backtest, source: Path) -> None:
    """Each bar of the file is one open and one close of the run, and the core counted as many."""
    counts = dict(pl.read_parquet(source).group_by("symbol").len().iter_rows())
    for number, name in enumerate(backtest.engine.names):
        own = backtest.rows[backtest.rows["instrument"] == number]
        assert np.count_nonzero(own["kind"] == BAR_OPEN) == counts[name]
        assert np.count_nonzero(own["kind"] == BAR_CLOSE) == counts[name]
        assert backtest.state[0]["instruments"][number]["bars_seen"] == counts[name]
        assert backtest.state[0]["bar_count"][number] == counts[name]


def test_twenty_stocks(stocks: Path, shared_data: Path) -> None:
    """33 years of flat bars with an assumed volume: fills, and no opening on a price of yesterday."""
    backtest, finished, run = run_desk(stocks, "stocks", DAILY_DESK, volume='volume = "assume 1000000"')
    check_bars(backtest, shared_data / STOCKS)
    assert finished.manifest["no_volume_bars"] == 166_260
    assert len(run.fills) > 300
    decisions = finished.lanes["decisions"]
    opening = decisions[(decisions["kind"] == DecisionKind.APPROVED) & (decisions["reducing"] == 0)]
    assert len(opening) > 100
    assert opening["reference_age_sessions"].max() == 0
    assert finished.manifest["stale_equity_points"] == 0  # each name has a bar in each session


def test_unknown_volume_is_refused(stocks: Path) -> None:
    """Without `volume` the same desk trades nothing, and unknown_volume is what it is told."""
    _, finished, run = run_desk(stocks, "stocks", DAILY_DESK, volume="")
    decisions = finished.lanes["decisions"]
    refused = decisions[decisions["kind"] == DecisionKind.REFUSED]
    assert len(run.fills) == len(run.orders) == 0
    assert len(refused) > 100
    assert np.all(refused["reason"] == Reason.UNKNOWN_VOLUME)


def test_missing_minutes(minutes: Path, shared_data: Path) -> None:
    """No bar is invented where one is missing, nothing opens on a stale price, stale equity is counted."""
    backtest, finished, run = run_desk(minutes, "minutes", MINUTE_DESK)
    check_bars(backtest, shared_data / MINUTES)
    closes = backtest.rows[backtest.rows["kind"] == BAR_CLOSE]
    assert len(closes) < 10 * len(np.unique(closes["ts_local"]))  # minutes are missing indeed
    decisions = finished.lanes["decisions"]
    opening = decisions[(decisions["kind"] == DecisionKind.APPROVED) & (decisions["reducing"] == 0)]
    stale = decisions[decisions["reason"] == Reason.STALE_DATA]
    print(
        f"oldest approved price {opening['reference_age_ns'].max() / 1e9:.0f} s, stale refusals {len(stale)}"
    )
    assert 0 <= opening["reference_age_ns"].max() <= MAX_AGE_NS < stale["reference_age_ns"].min()
    assert len(run.fills) > 50
    assert len(stale) > 20
    points = finished.lanes["equity"]
    assert finished.manifest["stale_equity_points"] == np.count_nonzero(points["stale_marks"]) > 100
    check_fills_on_bars(backtest, run)


def check_fills_on_bars(backtest: Backtest, run: Run) -> None:
    """Each fill stands on the open or the close of a bar of its own name that is in the data."""
    rows = backtest.rows
    for number, name in enumerate(backtest.engine.names):
        own = rows[(rows["instrument"] == number) & np.isin(rows["kind"], (BAR_OPEN, BAR_CLOSE))]
        times = run.fills.filter(instrument=name)["ts_exchange_ns"].to_numpy()
        assert np.all(np.isin(times, own["ts_exchange"])), name
