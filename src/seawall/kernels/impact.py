"""Market impact: how far an order of a given size moves the price against itself.

Rule 1: results are in basis points or fractions, of 0 or above, for either side.
Rule 2: the square root law is the one that the venue uses; Almgren 2005 is for comparison.

Sources: Tóth et al., "Anomalous price impact and the critical nature of liquidity", Phys.
Rev. X 1 (2011) 021006; Almgren, Thum, Hauptmann and Li, "Equity market impact", Risk 2005.
"""

import math

from seawall.kernels.jit import kernel

__all__ = ["almgren_2005", "square_root_bps"]

GAMMA = 0.314  # permanent, +-0.041
ETA = 0.142  # temporary, +-0.0062
BETA = 0.6  # +-0.038; the paper rejects 1/2


@kernel
def square_root_bps(base_bps: float, lots: float, average_lots: float) -> float:
    """base_bps * sqrt(lots / average_lots), in basis points.

    With base_bps = Y * sigma * 10,000 this is Tóth's law; sigma and the average volume must
    belong to the same span of time (both of a bar, or both of a day: the result is the same).

    >>> round(square_root_bps(25.0, 1.0, 40.0), 7), round(square_root_bps(200.0, 1.0, 100.0), 7)
    (3.9528471, 20.0)
    """
    return base_bps * math.sqrt(lots / average_lots)


@kernel
def almgren_2005(
    shares: float, daily_volume: float, outstanding: float, sigma_daily: float, days: float
) -> tuple[float, float]:
    """The permanent impact I and the cost J of trading `shares` evenly in `days`, as fractions.

    I = gamma sigma (X/V) (Theta/V)^(1/4);  J = I/2 + eta sigma (X/(V T))^(3/5).

    >>> permanent, cost = almgren_2005(656_100, 6_561_000, 1_728e6, 0.0157, 0.5)
    >>> round(permanent * 1e4, 2), round(cost * 1e4, 2)
    (19.86, 18.42)
    """
    turnover = shares / daily_volume
    permanent = GAMMA * sigma_daily * turnover * (outstanding / daily_volume) ** 0.25
    return permanent, permanent / 2.0 + ETA * sigma_daily * (turnover / days) ** BETA
