"""hftbacktest as its benchmarks use it: no fees, no latency, its simplest models of queue and exchange."""

from typing import Any

import hftbacktest
import numpy as np

__all__ = ["make_backtest"]


def make_backtest(events: np.ndarray, tick: float, trades_kept: int = 0) -> Any:
    """A backtest of one asset over its own array of events, which it reads where they are."""
    asset = (
        hftbacktest.BacktestAsset()
        .data(events)
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(tick)
        .lot_size(1.0)
        .last_trades_capacity(trades_kept)
    )
    return hftbacktest.HashMapMarketDepthBacktest([asset])
