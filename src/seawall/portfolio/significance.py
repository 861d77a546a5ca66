"""How far a Sharpe ratio can be believed: its sampling error, its trials, its autocorrelation.

Rule 1: Sharpe ratios in and out are per period; only lo_adjusted_sharpe annualises.
Rule 2: skewness and kurtosis are population moments, and kurtosis is raw (a normal has 3).
Rule 3: what is undefined is None, never NaN or infinity.

The standard error of a Sharpe ratio over n periods is sqrt(1 - g3*SR + (g4-1)/4*SR^2) /
sqrt(n-1) for skewness g3 and kurtosis g4 (Bailey & Lopez de Prado 2012). Everything below
is that one formula, turned round for the probability, the length or the number of trials.
"""

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

__all__ = [
    "deflated_sharpe_ratio",
    "deviations",
    "expected_maximum_sharpe",
    "first_autocorrelation",
    "kurtosis",
    "lo_adjusted_sharpe",
    "lo_scaling",
    "minimum_track_record_length",
    "period_sharpe",
    "probabilistic_sharpe_ratio",
    "skewness",
]

EULER_GAMMA = 0.5772156649015329
NORMAL = NormalDist()
FLAT = 1e-12  # a spread below this part of the largest value is rounding, not movement


def deviations(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
    """Differences from the mean, shape (n,), or None where the series does not move at all.

    >>> deviations(np.array([1.0, 2.0, 3.0])).tolist(), deviations(np.array([0.1, 0.1, 0.1]))
    ([-1.0, 0.0, 1.0], None)
    """
    if values.size < 2:
        return None
    apart = values - values.mean()
    if float(np.abs(apart).max()) <= FLAT * float(np.abs(values).max()):
        return None
    return apart


def skewness(returns: npt.NDArray[np.float64]) -> float | None:
    """Third standardised moment of the population, m3 / m2^1.5; None for a flat series.

    >>> round(skewness(np.array([0.01, 0.01, -0.03])), 6)
    -0.707107
    """
    apart = deviations(returns)
    return None if apart is None else float((apart**3).mean() / (apart**2).mean() ** 1.5)


def kurtosis(returns: npt.NDArray[np.float64]) -> float | None:
    """Fourth standardised moment of the population, m4 / m2^2, raw: a normal has 3.

    >>> round(kurtosis(np.array([0.01, 0.01, -0.03])), 6)
    1.5
    """
    apart = deviations(returns)
    return None if apart is None else float((apart**4).mean() / (apart**2).mean() ** 2)


def period_sharpe(returns: npt.NDArray[np.float64]) -> float | None:
    """Mean over standard deviation (ddof=1), per period; None for a flat series.

    >>> round(period_sharpe(np.array([0.01, 0.02, 0.03])), 6)
    2.0
    """
    apart = deviations(returns)
    if apart is None:
        return None
    return float(returns.mean() / math.sqrt(float((apart**2).sum()) / (returns.size - 1)))


def variance_factor(sharpe: float, skew: float, kurt: float) -> float:
    """n-1 times the sampling variance of a Sharpe ratio: 1 - g3*SR + (g4-1)/4*SR^2."""
    return 1.0 - skew * sharpe + (kurt - 1.0) / 4.0 * sharpe * sharpe


def probabilistic_sharpe_ratio(
    sharpe: float, periods: int, skew: float, kurt: float, benchmark_sharpe: float = 0.0
) -> float | None:
    """Probability that the true Sharpe ratio lies above a benchmark (Bailey & Lopez de Prado 2012).

    sharpe and benchmark_sharpe are per period; skew is the population skewness, kurt the raw
    population kurtosis. PSR = Phi((SR - SR*) sqrt(n-1) / sqrt(1 - g3*SR + (g4-1)/4*SR^2)).
    None with fewer than two periods or where the variance would not be positive.

    >>> round(probabilistic_sharpe_ratio(0.1, 250, skew=0.0, kurt=3.0), 6)
    0.942261
    """
    factor = variance_factor(sharpe, skew, kurt)
    if periods < 2 or not factor > 0.0:
        return None
    return NORMAL.cdf((sharpe - benchmark_sharpe) * math.sqrt(periods - 1) / math.sqrt(factor))


def minimum_track_record_length(
    sharpe: float, skew: float, kurt: float, benchmark_sharpe: float = 0.0, confidence: float = 0.95
) -> float | None:
    """Periods needed before PSR against the benchmark reaches the confidence (same paper).

    MinTRL = 1 + (1 - g3*SR + (g4-1)/4*SR^2) (z / (SR - SR*))^2. None where the Sharpe ratio
    does not exceed its benchmark: no length is then enough.

    >>> round(minimum_track_record_length(0.1, skew=0.0, kurt=3.0), 3)
    272.907
    """
    factor = variance_factor(sharpe, skew, kurt)
    if not sharpe > benchmark_sharpe or not factor > 0.0:
        return None
    return 1.0 + factor * (NORMAL.inv_cdf(confidence) / (sharpe - benchmark_sharpe)) ** 2


def expected_maximum_sharpe(variance: float, trials: int) -> float:
    """Best Sharpe ratio to expect from that many worthless trials (Bailey & Lopez de Prado 2014).

    variance is that of the trials' Sharpe ratios, in the same period as the answer:
    sqrt(V) ((1-g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e))), g the Euler-Mascheroni constant.
    One trial selects nothing: 0. A negative variance or no trial is a ValueError.

    >>> round(expected_maximum_sharpe(variance=0.5 / 250, trials=100), 6)
    0.113172
    """
    if trials < 1 or not 0.0 <= variance < math.inf:
        raise ValueError(f"trials must be at least 1 and variance finite and >= 0: {trials}, {variance}")
    if trials == 1:
        return 0.0
    common = NORMAL.inv_cdf(1.0 - 1.0 / trials)
    rare = NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return math.sqrt(variance) * ((1.0 - EULER_GAMMA) * common + EULER_GAMMA * rare)


def deflated_sharpe_ratio(
    sharpe: float, periods: int, skew: float, kurt: float, variance: float, trials: int
) -> float | None:
    """PSR against the best Sharpe ratio that luck alone would give over the trials.

    All Sharpe ratios per period, variance that of the trials' Sharpe ratios. The example is
    the one of Bailey & Lopez de Prado 2014: annual Sharpe 2.5 over five years, 100 trials.

    >>> round(deflated_sharpe_ratio(2.5 / 250**0.5, 1250, -3.0, 10.0, 0.5 / 250, 100), 6)
    0.900397
    """
    luck = expected_maximum_sharpe(variance, trials)
    return probabilistic_sharpe_ratio(sharpe, periods, skew, kurt, luck)


def first_autocorrelation(returns: npt.NDArray[np.float64]) -> float | None:
    """Correlation of a return with the one before it, over the n-1 pairs; None for a flat series.

    Each side of the pairs is centred on its own mean (Pearson).

    >>> round(first_autocorrelation(np.array([0.01, -0.01, 0.01, -0.01])), 6)
    -1.0
    """
    later, earlier = deviations(returns[1:]), deviations(returns[:-1])
    if later is None or earlier is None:
        return None
    return float((later * earlier).sum() / math.sqrt(float((later**2).sum() * (earlier**2).sum())))


def lo_scaling(autocorrelation: float, periods_per_year: int) -> float | None:
    """Factor eta(q) from a per-period to an annual Sharpe ratio under AR(1) (Lo 2002).

    eta(q) = q / sqrt(q + 2 sum_{k=1}^{q-1} (q - k) rho^k); sqrt(q) when rho is 0. None where
    the root's argument is not positive.

    >>> round(lo_scaling(0.0, 252), 6), round(lo_scaling(0.2, 252), 6)
    (15.874508, 12.97221)
    """
    total = float(periods_per_year)
    power = 1.0
    for lag in range(1, periods_per_year):
        power *= autocorrelation
        total += 2.0 * (periods_per_year - lag) * power
    return periods_per_year / math.sqrt(total) if total > 0.0 else None


def lo_adjusted_sharpe(returns: npt.NDArray[np.float64], annualisation: int) -> float | None:
    """Annual Sharpe ratio that allows for the returns' autocorrelation (Lo 2002, AR(1)).

    Read it beside the plain one: smoothed returns (stale marks) have a plain Sharpe ratio
    that is too high.

    >>> returns = np.array([0.01, -0.01, 0.02, -0.01, 0.01])
    >>> round(lo_adjusted_sharpe(returns, 252), 6)
    23.534435
    """
    ratio = period_sharpe(returns)
    correlation = first_autocorrelation(returns)
    if ratio is None or correlation is None:
        return None
    scaling = lo_scaling(correlation, annualisation)
    return None if scaling is None else ratio * scaling
