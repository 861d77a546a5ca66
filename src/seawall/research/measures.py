"""The figures of one run, computed from its tables: performance, trades, costs, benchmark.

Rule 1: figures come from all rows of the tables; what is drawn or listed may be fewer.
Rule 2: performance stands on the daily grid of the equity, whose first row is the start.
Rule 3: the benchmark is compared over the days that both have, and over no others.
"""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from seawall.portfolio import performance as formulas
from seawall.portfolio import trade_metrics

__all__ = [
    "Comparison",
    "Costs",
    "Fall",
    "Measures",
    "Side",
    "compare",
    "costs_of",
    "deepest",
    "exposure_ratio",
    "integers",
    "measure",
]

DAY_NS = 86_400_000_000_000
COST_PARTS = ("spread", "impact", "delay", "fee")


class Costs(msgspec.Struct, frozen=True):
    """What trading cost, in minor units, by part and in all; notional is what was traded."""

    notional_minor: int
    parts_minor: dict[str, int]
    total_minor: int
    fills: int

    def bps(self, minor: int) -> float | None:
        """A cost in basis points of the traded notional; None where nothing was traded."""
        return minor / self.notional_minor * 10_000 if self.notional_minor else None


class Measures(msgspec.Struct, frozen=True):
    """The summary of the equity, and every figure that the report shows, by its name."""

    summary: formulas.Summary
    values: dict[str, float | None]


class Side(msgspec.Struct, frozen=True):
    """One side of a comparison over the common days."""

    total_return: float | None
    cagr: float | None
    annual_volatility: float | None
    sharpe: float | None
    max_drawdown: float | None


class Comparison(msgspec.Struct, frozen=True):
    """A run beside its benchmark over their common days; fit is None where it has no meaning."""

    days: int
    own: Side
    market: Side
    fit: formulas.Regression | None


class Fall(msgspec.Struct, frozen=True):
    """One drawdown with its times; recovery is None while it is open."""

    depth: float
    peak_ts_ns: int
    trough_ts_ns: int
    recovery_ts_ns: int | None
    days: int


def integers(frame: pl.DataFrame, name: str) -> npt.NDArray[np.int64]:
    """A column as int64."""
    return frame[name].cast(pl.Int64).to_numpy()


def total(frame: pl.DataFrame, name: str) -> int:
    """The sum of a column of integers, 0 for an empty one."""
    return int(integers(frame, name).sum())


def costs_of(fills: pl.DataFrame) -> Costs:
    """Costs by part over all fills; positive is paid, negative is earned (a rebate, a captured spread).

    >>> row = {"notional_minor": [-1_000_00], "spread_minor": [5], "impact_minor": [3],
    ...        "delay_minor": [-1], "fee_minor": [2]}
    >>> costs = costs_of(pl.DataFrame(row))
    >>> costs.total_minor, costs.bps(costs.total_minor)
    (9, 0.9)
    """
    parts = {part: total(fills, f"{part}_minor") for part in COST_PARTS}
    notional = int(np.abs(integers(fills, "notional_minor")).sum())
    return Costs(notional, parts, sum(parts.values()), fills.height)


def exposure_ratio(equity: pl.DataFrame, name: str) -> npt.NDArray[np.float64]:
    """A column of money over the equity, NaN where the equity is not above 0."""
    levels = integers(equity, "equity_minor").astype(np.float64)
    held = integers(equity, name).astype(np.float64)
    return np.divide(held, levels, out=np.full(levels.size, np.nan), where=levels > 0)


def turnover_a_year(equity: pl.DataFrame, costs: Costs, summary: formulas.Summary) -> float | None:
    """Traded notional a year over the average equity of the daily grid."""
    _, grid = formulas.daily_grid(integers(equity, "ts_ns"), integers(equity, "equity_minor"))
    average = float(grid.mean())
    if not summary.periods or average <= 0:
        return None
    return costs.notional_minor / average / (summary.periods / summary.annualisation)


def measure(equity: pl.DataFrame, fills: pl.DataFrame, trades: pl.DataFrame, annualisation: int) -> Measures:
    """Every figure of the report by its name in bands.METRICS; None where one has no meaning."""
    summary = formulas.summary(integers(equity, "ts_ns"), integers(equity, "equity_minor"), annualisation)
    outcomes: list[float] = integers(trades, "pnl_minor").tolist()
    costs = costs_of(fills)
    gross = exposure_ratio(equity, "gross_minor")
    known = gross[np.isfinite(gross)]
    values: dict[str, float | None] = {
        "total_return": summary.total_return,
        "cagr": summary.cagr,
        "annual_volatility": summary.annual_volatility,
        "sharpe": summary.sharpe,
        "lo_adjusted_sharpe": summary.lo_adjusted_sharpe,
        "probabilistic_sharpe": summary.probabilistic_sharpe,
        "minimum_track_record": summary.minimum_track_record,
        "sortino": summary.sortino,
        "max_drawdown": summary.max_drawdown,
        "calmar": summary.calmar,
        "average_drawdown": summary.average_drawdown,
        "longest_underwater": float(summary.longest_underwater),
        "skewness": summary.skewness,
        "kurtosis": summary.kurtosis,
        "trades": float(trades.height),
        "win_rate": trade_metrics.win_rate(outcomes),
        "profit_factor": trade_metrics.profit_factor(outcomes),
        "payoff_ratio": trade_metrics.payoff_ratio(outcomes),
        "expectancy": trade_metrics.expectancy(outcomes),
        "system_quality": trade_metrics.system_quality(outcomes),
        "turnover": turnover_a_year(equity, costs, summary),
        "average_gross": float(known.mean()) if known.size else None,
        "cost_bps": costs.bps(costs.total_minor),
    }
    return Measures(summary, values)


def last_of_day(ts_ns: npt.NDArray[np.int64], values: npt.NDArray[Any]) -> dict[int, float]:
    """The last value of each UTC day, by day number."""
    return dict(zip((ts_ns // DAY_NS).tolist(), values.tolist(), strict=True))


def side_of(curve: npt.NDArray[np.float64], annualisation: int) -> Side:
    """The figures of one curve over the common days."""
    returns = formulas.returns_of(curve)
    return Side(
        formulas.total_return(curve),
        formulas.cagr(curve, annualisation),
        formulas.annual_volatility(returns, annualisation),
        formulas.sharpe(returns, annualisation),
        formulas.max_drawdown(curve),
    )


def compare(equity: pl.DataFrame, benchmark: pl.DataFrame, annualisation: int) -> Comparison | None:
    """The run beside its benchmark; None with fewer than two common days or a value at or below 0."""
    own = last_of_day(integers(equity, "ts_ns"), integers(equity, "equity_minor"))
    values = benchmark["value"].cast(pl.Float64).to_numpy()
    market = last_of_day(integers(benchmark, "ts_ns"), values)
    days = [day for day in own if day in market]
    own_curve = np.array([own[day] for day in days], dtype=np.float64)
    market_curve = np.array([market[day] for day in days], dtype=np.float64)
    if len(days) < 2 or not (own_curve > 0).all() or not (market_curve > 0).all():
        return None
    fit = formulas.alpha_beta(
        formulas.returns_of(own_curve), formulas.returns_of(market_curve), annualisation
    )
    return Comparison(len(days), side_of(own_curve, annualisation), side_of(market_curve, annualisation), fit)


def deepest(equity: pl.DataFrame, count: int) -> list[Fall]:
    """The deepest drawdowns on the daily grid, deepest first, with their times."""
    ts, grid = formulas.daily_grid(integers(equity, "ts_ns"), integers(equity, "equity_minor"))
    ordered = sorted(formulas.drawdown_episodes(grid), key=lambda episode: episode.depth)
    return [
        Fall(
            episode.depth,
            int(ts[episode.start]),
            int(ts[episode.trough]),
            None if episode.recovery is None else int(ts[episode.recovery]),
            episode.underwater_bars,
        )
        for episode in ordered[:count]
    ]
