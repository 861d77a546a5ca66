"""A finished run to report on: eight years of five stocks, made from a stated seed."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from seawall.research.report import RunTables

DAY_NS = 86_400_000_000_000
NAMES = ("AAPL", "GOOG", "IBM", "MSFT", "XOM", "KO", "GE", "PG")
SEED = 20


def business_days(count: int) -> np.ndarray:
    """The closes of so many weekdays from 2005-01-03, at 21:00 UTC."""
    first = int(datetime(2005, 1, 3, 21, tzinfo=UTC).timestamp()) * 1_000_000_000
    days = np.arange(count * 2)
    return first + days[days % 7 < 5][:count] * DAY_NS


def equity_frame(rng: np.random.Generator, ts: np.ndarray, market: np.ndarray) -> pl.DataFrame:
    """An equity that follows the market by half, with an edge and a bad year."""
    own = 0.0003 + 0.45 * market + rng.normal(0.0, 0.006, ts.size)
    own[700:900] -= 0.0011
    own[0] = 0.0
    equity = np.round(100_000_00 * np.cumprod(1.0 + own)).astype(np.int64)
    gross = (equity * (0.55 + 0.35 * np.sin(np.arange(ts.size) / 60.0))).astype(np.int64)
    net = (gross * (0.4 + 0.5 * np.cos(np.arange(ts.size) / 110.0))).astype(np.int64)
    gain = equity - equity[0]
    return pl.DataFrame(
        {
            "ts_ns": ts,
            "equity_minor": equity,
            "cash_minor": equity - net,
            "gross_minor": gross,
            "net_minor": net,
            "drawdown": 1.0 - equity / np.maximum.accumulate(equity),
            "stale": (rng.random(ts.size) < 0.004).astype(np.int64),
            "realised_minor": (gain * 0.9).astype(np.int64),
            "unrealised_minor": gain - (gain * 0.9).astype(np.int64),
            "fees_minor": np.arange(ts.size) * 53,
        }
    )


def fills_frame(rng: np.random.Generator, ts: np.ndarray, count: int) -> pl.DataFrame:
    """Fills at random times, each with its costs."""
    price = rng.uniform(20.0, 180.0, count)
    lots = rng.integers(10, 400, count)
    notional = np.round(price * lots * 100).astype(np.int64)
    return pl.DataFrame(
        {
            "ts_ns": np.sort(rng.choice(ts, count)),
            "order_id": [f"O{n:06d}" for n in range(count)],
            "instrument": rng.choice(NAMES, count),
            "side": rng.choice(["buy", "sell"], count),
            "lots": lots,
            "price": price,
            "notional_minor": notional,
            "fee_minor": 100 + lots // 2,
            "spread_minor": (notional * 0.0004).astype(np.int64),
            "impact_minor": (notional * rng.uniform(0.0, 0.001, count)).astype(np.int64),
            "delay_minor": (notional * rng.normal(0.0, 0.0004, count)).astype(np.int64),
            "liquidity": rng.choice(["maker", "taker"], count),
        }
    )


def trades_frame(rng: np.random.Generator, ts: np.ndarray, count: int) -> pl.DataFrame:
    """Closed trades, slightly more won than lost."""
    closed = np.sort(rng.choice(ts[30:], count))
    entry = rng.uniform(20.0, 180.0, count)
    return pl.DataFrame(
        {
            "instrument": rng.choice(NAMES, count),
            "side": rng.choice(["long", "short"], count),
            "opened_ns": closed - rng.integers(1, 28, count) * DAY_NS,
            "closed_ns": closed,
            "lots": rng.integers(10, 400, count),
            "entry_price": entry,
            "exit_price": entry * rng.normal(1.01, 0.05, count),
            "pnl_minor": np.round(rng.normal(90_00, 900_00, count)).astype(np.int64),
            "fees_minor": rng.integers(100, 900, count),
        }
    )


def positions_frame(rng: np.random.Generator, equity: pl.DataFrame) -> pl.DataFrame:
    """Holdings that change every month, some of them closed."""
    frames = []
    for name in NAMES:
        at = equity.gather_every(21)
        share = rng.normal(0.0, 0.15, at.height) * (rng.random(at.height) > 0.3)
        value = np.round(at["equity_minor"].to_numpy() * share).astype(np.int64)
        rows = {"ts_ns": at["ts_ns"], "instrument": name, "lots": value // 100_00, "value_minor": value}
        frames.append(pl.DataFrame(rows))
    return pl.concat(frames).sort("ts_ns", maintain_order=True)


ASSUMPTIONS = {
    "Fill rule": "an order decided at a close fills at the next open, market orders at the collar",
    "Spread": "half spread 2 bps of the price, paid by takers",
    "Impact": "square root, Y 1.0, daily volatility from an EWMA of 0.94",
    "Latency": "log-normal, median 5 ms, 99th percentile 40 ms",
    "Fees": "0.005 USD a share, at least 1.00 USD an order",
    "Participation": "at most 10 % of the bar's volume, the rest carries",
    "Volume": "as recorded",
    "Limits": "gross 150 %, single name 30 %, daily loss 3 %, drawdown stop 20 %",
}


def make_run(days: int = 2_000, fills: int = 900, trades: int = 420) -> RunTables:
    """A realistic run; the same arguments give the same run."""
    rng = np.random.default_rng(SEED)
    ts = business_days(days)
    market = rng.normal(0.0004, 0.011, days) + 0.0003
    equity = equity_frame(rng, ts, market)
    refusals = {
        "rule": ["C6 price collar", "C16 gross exposure", "C10 duplicate order", "C3 stale price"],
        "reason": [
            "outside the collar",
            "above the limit",
            "same intent within 1 s",
            "last price 3 sessions old",
        ],
        "count": [41, 212, 3, 17],
    }
    return RunTables(
        name="us-momentum",
        currency="USD",
        exponent=2,
        manifest={
            "annualisation": 252,
            "seed": 7,
            "version": "0.1.0",
            "result": "3f" * 32,
            "config_hash": "a1" * 32,
            "data_hash": "07" * 32,
            "limits_hash": "be" * 32,
            "nested": {"not": "printed"},
        },
        equity=equity,
        fills=fills_frame(rng, ts, fills),
        trades=trades_frame(rng, ts, trades),
        refusals=pl.DataFrame(refusals),
        positions=positions_frame(rng, equity),
        benchmark=pl.DataFrame({"ts_ns": ts, "value": 1_000.0 * np.cumprod(1.0 + market)}),
        assumptions=dict(ASSUMPTIONS),
        breakers=[
            {"ts_ns": int(ts[days // 2]), "scope": "desk", "breaker": "drawdown", "state": "REDUCE_ONLY"}
        ],
    )


@pytest.fixture(scope="session")
def run() -> RunTables:
    """The run that most tests read; none of them changes it. Its seed is the constant above."""
    return make_run()


@pytest.fixture(scope="session")
def runs() -> Callable[..., RunTables]:
    """Makes a run of so many days, fills and trades, for those who change it."""
    return make_run
