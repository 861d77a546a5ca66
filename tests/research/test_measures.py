"""The figures of a run from its tables, against the formulas and against sums done by hand."""

import numpy as np
import polars as pl
import pytest

from seawall.portfolio import performance, trade_metrics
from seawall.research.bands import METRICS
from seawall.research.measures import compare, costs_of, deepest, exposure_ratio, measure

DAY_NS = 86_400_000_000_000


def equity_of(levels: list[int], gross: int = 0) -> pl.DataFrame:
    """A daily equity with one gross exposure throughout."""
    ts = [n * DAY_NS for n in range(len(levels))]
    return pl.DataFrame({"ts_ns": ts, "equity_minor": levels, "gross_minor": [gross] * len(levels)})


def test_every_shown_figure_is_measured(run) -> None:
    """The names of the bands and of the measures are the same, and equal the formulas."""
    found = measure(run.equity, run.fills, run.trades, 252)
    assert list(found.values) == list(METRICS)
    curve = run.equity["equity_minor"].to_numpy()
    returns = performance.returns_of(curve)
    assert found.values["sharpe"] == performance.sharpe(returns, 252)
    assert found.values["max_drawdown"] == performance.max_drawdown(curve)
    assert found.values["max_drawdown"] == pytest.approx(-run.equity["drawdown"].max())
    outcomes = run.trades["pnl_minor"].to_list()
    assert found.values["profit_factor"] == trade_metrics.profit_factor(outcomes)
    assert found.values["trades"] == 420


def test_costs_by_hand() -> None:
    """Parts are summed with their signs, notional without; bps are of what was traded."""
    fills = pl.DataFrame(
        {
            "notional_minor": [-1_000_000, 3_000_000],
            "spread_minor": [100, -20],
            "impact_minor": [50, 50],
            "delay_minor": [-30, 0],
            "fee_minor": [25, -5],
        }
    )
    costs = costs_of(fills)
    assert costs.parts_minor == {"spread": 80, "impact": 100, "delay": -30, "fee": 20}
    assert (costs.total_minor, costs.notional_minor, costs.fills) == (170, 4_000_000, 2)
    assert costs.bps(costs.total_minor) == pytest.approx(0.425)
    assert costs_of(fills.clear()).bps(0) is None


def test_turnover_and_exposure_by_hand(run) -> None:
    """Half a year in which the equity is traded once is a turnover of two a year."""
    equity = equity_of([1_000] * 127, gross=500)
    fills = run.fills.head(1).with_columns(pl.lit(1_000, pl.Int64).alias("notional_minor"))
    values = measure(equity, fills, run.trades.clear(), 252).values
    assert values["turnover"] == pytest.approx(2.0)
    assert values["average_gross"] == pytest.approx(0.5)
    assert (values["win_rate"], values["trades"]) == (None, 0.0)


def test_exposure_of_nothing_is_undefined() -> None:
    """An equity at or below zero has no exposure in percent, and no warning is raised."""
    assert np.isnan(exposure_ratio(equity_of([0, -5], gross=3), "gross_minor")).all()


def test_comparison_over_common_days() -> None:
    """Days that only one side has are left out, whatever the hour of the marks."""
    rng = np.random.default_rng(3)
    market = np.cumprod(1.0 + rng.normal(0.0, 0.01, 40))
    levels = (
        np.round(1e12 * np.cumprod(1.0 + 2.0 * np.diff(np.log(market), prepend=0.0))).astype(int).tolist()
    )
    late = pl.DataFrame(
        {"ts_ns": [n * DAY_NS + 7 for n in range(10, 60)], "value": [*market[10:], *[1.0] * 20]}
    )
    found = compare(equity_of(levels), late, 252)
    assert found is not None
    assert found.days == 30
    assert found.fit is not None
    assert (found.fit.beta, found.fit.correlation) == (
        pytest.approx(2.0, abs=0.01),
        pytest.approx(1.0, abs=1e-3),
    )
    assert found.market.total_return == pytest.approx(market[39] / market[10] - 1.0)
    assert found.own.max_drawdown == performance.max_drawdown(levels[10:])


def test_comparison_needs_common_days() -> None:
    """Without two common days, or with a value at zero, there is no comparison."""
    equity = equity_of([100, 101, 102])
    elsewhere = pl.DataFrame({"ts_ns": [500 * DAY_NS], "value": [1.0]})
    zero = pl.DataFrame({"ts_ns": [0, DAY_NS], "value": [1.0, 0.0]})
    assert compare(equity, elsewhere, 252) is None
    assert compare(equity, zero, 252) is None
    assert compare(equity, elsewhere.clear(), 252) is None


def test_deepest_falls_with_their_times() -> None:
    """The deepest comes first, an open one has no recovery."""
    falls = deepest(equity_of([100, 90, 100, 70, 80, 110, 99]), 2)
    assert [(fall.peak_ts_ns // DAY_NS, fall.trough_ts_ns // DAY_NS, fall.days) for fall in falls] == [
        (2, 3, 2),
        (0, 1, 1),
    ]
    assert falls[0].depth == pytest.approx(-0.3)
    (last,) = deepest(equity_of([100, 99]), 5)
    assert last.recovery_ts_ns is None
