"""What an equity curve is worth: returns, ratios, drawdowns, and the comparison with a benchmark.

Rule 1: returns are E_t / E_t-1 - 1 on a fixed grid; the annualisation is always said, never guessed
        (252 for equities, 365 for markets that never close).
Rule 2: the starting equity is a point of the curve, so a loss in the first period is a drawdown.
Rule 3: what is undefined is None, never NaN or infinity: no spread, no loss, too few periods.
Rule 4: definitions are those of Sharpe 1994 and the papers named; the risk-free rate is 0.

Theory: an equity curve becomes a daily grid (the last equity of each UTC day, with the first
point as its base), the grid becomes returns, and every figure is a function of one of
the two: levels for growth and drawdowns, returns for the ratios.
"""

import math
from typing import TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from seawall.portfolio.significance import (
    deviations,
    kurtosis,
    lo_adjusted_sharpe,
    minimum_track_record_length,
    period_sharpe,
    probabilistic_sharpe_ratio,
    skewness,
)

__all__ = [
    "Drawdown",
    "Regression",
    "Summary",
    "alpha_beta",
    "annual_volatility",
    "average_drawdown",
    "cagr",
    "calmar",
    "daily_grid",
    "drawdown_episodes",
    "max_drawdown",
    "returns_of",
    "sharpe",
    "sortino",
    "summary",
    "total_return",
]

DAY_NS = 86_400_000_000_000
CAGR_PERIODS_MIN = 60

Floats = npt.NDArray[np.float64]
Number = TypeVar("Number", np.int64, np.float64)


class Drawdown(msgspec.Struct, frozen=True):
    """One episode under water; start, trough and recovery index the equity curve.

    start is the peak before the fall, recovery the first point at or above that peak (None
    while it is still open), depth is negative, and underwater_bars counts the points below.
    """

    depth: float
    start: int
    trough: int
    recovery: int | None
    underwater_bars: int


class Regression(msgspec.Struct, frozen=True):
    """Ordinary least squares of returns on a benchmark; alpha is annual, the rest has no unit."""

    alpha: float
    beta: float
    r_squared: float
    correlation: float
    periods: int


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Every figure of one equity curve on its daily grid; None where a figure is undefined.

    Fractions are per unit (0.1 is ten percent), money is in the minor unit, times are ns UTC,
    lengths are in periods of the grid. reason says why the ratios are missing, if they are.
    """

    annualisation: int
    periods: int
    start_ts_ns: int
    end_ts_ns: int
    start_equity_minor: int
    end_equity_minor: int
    total_return: float | None
    cagr: float | None
    annual_volatility: float | None
    sharpe: float | None
    lo_adjusted_sharpe: float | None
    sortino: float | None
    max_drawdown: float | None
    calmar: float | None
    average_drawdown: float | None
    drawdowns: int
    longest_underwater: int
    underwater_now: bool
    skewness: float | None
    kurtosis: float | None
    probabilistic_sharpe: float | None
    minimum_track_record: float | None
    reason: str = ""


def as_floats(values: npt.ArrayLike, what: str) -> Floats:
    """The values as one line of finite floats; anything else is a ValueError naming the place."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"{what}: one dimension expected, got {array.ndim}")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise ValueError(f"{what}: value {int(bad[0])} is {array[bad[0]]}, a finite number is needed")
    return array


def curve_of(equity: npt.ArrayLike) -> Floats:
    """The equity curve as floats; it must have a point, and start above 0: else ValueError."""
    curve = as_floats(equity, "equity")
    if not curve.size or float(curve[0]) <= 0.0:
        raise ValueError(f"equity must start above 0, got {curve[:1].tolist()}")
    return curve


def returns_of(equity: npt.ArrayLike) -> Floats:
    """Simple returns of an equity curve of shape (n,), shape (n-1,): E_t / E_t-1 - 1.

    Every equity must be above 0, because a return on nothing has no meaning: else ValueError.

    >>> returns_of([100.0, 110.0, 99.0]).round(6).tolist()
    [0.1, -0.1]
    """
    curve = as_floats(equity, "equity")
    if curve.size and float(curve.min()) <= 0.0:
        raise ValueError(f"equity falls to {curve.min()}: returns need an equity above 0")
    return curve[1:] / curve[:-1] - 1.0


def total_return(equity: npt.ArrayLike) -> float | None:
    """Growth over the whole curve, E_T / E_0 - 1; None below two points.

    >>> round(total_return([100.0, 110.0, 99.0]), 6)
    -0.01
    """
    curve = curve_of(equity)
    return float(curve[-1] / curve[0]) - 1.0 if curve.size >= 2 else None


def sharpe(returns: npt.ArrayLike, annualisation: int) -> float | None:
    """Annual Sharpe ratio, mean / std(ddof=1) * sqrt(A) (Sharpe 1994, risk-free rate 0).

    >>> round(sharpe([0.01, -0.01, 0.02], 252), 6)
    6.928203
    """
    ratio = period_sharpe(as_floats(returns, "returns"))
    return None if ratio is None else ratio * math.sqrt(annualisation)


def sortino(returns: npt.ArrayLike, annualisation: int) -> float | None:
    """Annual Sortino ratio: mean / sqrt(mean(min(r, 0)^2)) * sqrt(A), all n in the denominator.

    None below two periods or without a losing one. (The standard deviation of the losses alone
    is another thing: it forgets how rare they are.) Sortino & Price 1994.

    >>> round(sortino([0.01, -0.01, 0.02], 252), 6)
    18.330303
    """
    series = as_floats(returns, "returns")
    if series.size < 2 or float(series.min()) >= 0.0:
        return None
    downside = math.sqrt(float((np.minimum(series, 0.0) ** 2).mean()))
    return float(series.mean()) / downside * math.sqrt(annualisation)


def annual_volatility(returns: npt.ArrayLike, annualisation: int) -> float | None:
    """Annual standard deviation of returns, std(ddof=1) * sqrt(A); None below two periods.

    >>> round(annual_volatility([0.01, -0.01, 0.02], 252), 6)
    0.242487
    """
    series = as_floats(returns, "returns")
    return float(series.std(ddof=1)) * math.sqrt(annualisation) if series.size >= 2 else None


def cagr(equity: npt.ArrayLike, annualisation: int, periods_min: int = CAGR_PERIODS_MIN) -> float | None:
    """Compound annual growth over n periods, (E_T / E_0)^(A/n) - 1; None below periods_min periods.

    A few lucky days grow to absurd annual figures, so 60 periods are needed by default. None as
    well where the equity ends at or below 0.

    >>> round(cagr([100.0] * 252 + [110.0], 252), 6), cagr([100.0, 110.0], 252)
    (0.1, None)
    """
    curve = curve_of(equity)
    periods = curve.size - 1
    if periods < max(periods_min, 1) or float(curve[-1]) <= 0.0:
        return None
    growth = annualisation / periods * math.log(float(curve[-1] / curve[0]))
    return math.expm1(growth) if growth < 700.0 else None


def drawdown_curve(equity: npt.ArrayLike) -> Floats:
    """Loss from the running peak at each point of the curve, E / peak - 1, shape (n,), all <= 0."""
    curve = curve_of(equity)
    return curve / np.maximum.accumulate(curve) - 1.0


def max_drawdown(equity: npt.ArrayLike) -> float | None:
    """Deepest loss from a peak, min(E / peak - 1); the starting equity is the first peak.

    None below two points; 0.0 when no point lies below a peak.

    >>> round(max_drawdown([100.0, 98.0, 99.0, 99.5]), 6)
    -0.02
    """
    below = drawdown_curve(equity)
    return float(below.min()) if below.size >= 2 else None


def calmar(equity: npt.ArrayLike, annualisation: int, periods_min: int = CAGR_PERIODS_MIN) -> float | None:
    """CAGR over the absolute maximum drawdown, over the whole curve (Young 1991 took 36 months).

    None without a drawdown or without a CAGR.

    >>> round(calmar([100.0] * 251 + [80.0, 110.0], 252), 6)
    0.5
    """
    growth, depth = cagr(equity, annualisation, periods_min), max_drawdown(equity)
    return None if growth is None or not depth else growth / abs(depth)


def drawdown_episodes(equity: npt.ArrayLike) -> list[Drawdown]:
    """Every stretch below a peak, in order; the last may be open (recovery None).

    >>> drawdown_episodes([100.0, 110.0, 55.0, 110.0])
    [Drawdown(depth=-0.5, start=1, trough=2, recovery=3, underwater_bars=1)]
    """
    below = drawdown_curve(equity)
    under = np.concatenate(([False], below < 0.0, [False]))
    begins = np.flatnonzero(~under[:-1] & under[1:])
    ends = np.flatnonzero(under[:-1] & ~under[1:])
    episodes: list[Drawdown] = []
    for first, end in zip(begins.tolist(), ends.tolist(), strict=True):
        trough = first + int(below[first:end].argmin())
        recovery = end if end < below.size else None
        episodes.append(Drawdown(float(below[trough]), first - 1, trough, recovery, end - first))
    return episodes


def average_drawdown(equity: npt.ArrayLike) -> float | None:
    """Mean depth of the troughs over all episodes, an open one included; None without any.

    >>> round(average_drawdown([100.0, 50.0, 100.0, 90.0]), 6)
    -0.3
    """
    depths = [episode.depth for episode in drawdown_episodes(equity)]
    return math.fsum(depths) / len(depths) if depths else None


def alpha_beta(returns: npt.ArrayLike, benchmark: npt.ArrayLike, annualisation: int) -> Regression | None:
    """Least squares r = a + beta * b + e over the same periods; alpha is a * A, arithmetic.

    Both of shape (n,), else ValueError. None below three periods or when the benchmark does
    not move; a flat strategy has beta, R^2 and correlation 0. (Jensen 1968.)

    >>> fit = alpha_beta([0.011, -0.009, 0.021], [0.01, -0.01, 0.02], 252)
    >>> round(fit.alpha, 6), round(fit.beta, 6), round(fit.r_squared, 6)
    (0.252, 1.0, 1.0)
    """
    own, market = as_floats(returns, "returns"), as_floats(benchmark, "benchmark")
    if own.size != market.size:
        raise ValueError(f"{own.size} returns against {market.size} of the benchmark")
    market_apart = deviations(market)
    if own.size < 3 or market_apart is None:
        return None
    own_apart = deviations(own)
    if own_apart is None:
        return Regression(float(own.mean()) * annualisation, 0.0, 0.0, 0.0, own.size)
    shared = float((own_apart * market_apart).sum())
    market_square, own_square = float((market_apart**2).sum()), float((own_apart**2).sum())
    beta = shared / market_square
    correlation = max(-1.0, min(1.0, shared / math.sqrt(market_square * own_square)))
    alpha = (float(own.mean()) - beta * float(market.mean())) * annualisation
    return Regression(alpha, beta, correlation**2, correlation, own.size)


def daily_grid(
    ts_ns: npt.NDArray[np.int64], values: npt.NDArray[Number]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[Number]]:
    """The base and then the last value of each UTC day that has one; times must not go back.

    The very first point is the base, so that the first day's own loss counts; where it is the
    only point of its day it stands for that day. Days without a value are not invented.

    >>> ts = np.array([9, 15, 24 + 9, 24 + 16]) * 3_600_000_000_000
    >>> daily_grid(ts, np.array([100, 98, 99, 101]))[1].tolist()
    [100, 98, 101]
    """
    if ts_ns.size != values.size or not ts_ns.size:
        raise ValueError(f"{ts_ns.size} times for {values.size} values: equal and above 0 needed")
    back = np.flatnonzero(np.diff(ts_ns) < 0)
    if back.size:
        raise ValueError(f"time goes back after point {int(back[0])}, at {int(ts_ns[back[0] + 1])} ns")
    day = ts_ns // DAY_NS
    last = np.append(np.flatnonzero(np.diff(day)), ts_ns.size - 1)
    picks = last if last[0] == 0 else np.concatenate(([0], last))
    return ts_ns[picks], values[picks]


def summary(
    equity_ts_ns: npt.NDArray[np.int64], equity_minor: npt.NDArray[np.int64], annualisation: int
) -> Summary:
    """All figures of an equity curve, on its daily grid.

    equity_ts_ns and equity_minor have shape (n,), n >= 1, times not going back, the first
    point the starting equity. An equity at or below 0 leaves the ratios None, with a reason.

    >>> hours = np.arange(3) * 24 * 3_600_000_000_000
    >>> outcome = summary(hours, np.array([100_00, 90_00, 99_00]), 252)
    >>> outcome.periods, round(outcome.total_return, 6), round(outcome.max_drawdown, 6), outcome.cagr
    (2, -0.01, -0.1, None)
    """
    if annualisation < 1:
        raise ValueError(f"annualisation must be at least 1 period a year, got {annualisation}")
    grid_ts, grid = daily_grid(equity_ts_ns, equity_minor)
    if int(grid[0]) <= 0:
        raise ValueError(f"the starting equity must be above 0, got {int(grid[0])} minor units")
    ruined = bool((grid <= 0).any())
    returns = np.zeros(0) if ruined else returns_of(grid)
    reason = "" if returns.size else "one point only: no period has passed"
    if ruined:
        reason = "the equity fell to zero or below: returns and ratios have no meaning from there on"
    ratio, skew, kurt = period_sharpe(returns), skewness(returns), kurtosis(returns)
    probability = length = None
    if ratio is not None and skew is not None and kurt is not None:
        probability = probabilistic_sharpe_ratio(ratio, int(returns.size), skew, kurt)
        length = minimum_track_record_length(ratio, skew, kurt)
    episodes = drawdown_episodes(grid)
    return Summary(
        annualisation=annualisation,
        periods=int(returns.size),
        start_ts_ns=int(grid_ts[0]),
        end_ts_ns=int(grid_ts[-1]),
        start_equity_minor=int(grid[0]),
        end_equity_minor=int(grid[-1]),
        total_return=total_return(grid),
        cagr=cagr(grid, annualisation),
        annual_volatility=annual_volatility(returns, annualisation),
        sharpe=sharpe(returns, annualisation),
        lo_adjusted_sharpe=lo_adjusted_sharpe(returns, annualisation),
        sortino=sortino(returns, annualisation),
        max_drawdown=max_drawdown(grid),
        calmar=calmar(grid, annualisation),
        average_drawdown=average_drawdown(grid),
        drawdowns=len(episodes),
        longest_underwater=max((episode.underwater_bars for episode in episodes), default=0),
        underwater_now=bool(episodes) and episodes[-1].recovery is None,
        skewness=skew,
        kurtosis=kurt,
        probabilistic_sharpe=probability,
        minimum_track_record=length,
        reason=reason,
    )
