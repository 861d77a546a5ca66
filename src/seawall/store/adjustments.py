"""Between adjusted closes and events: splits and dividends out of adjustment factors, and back.

Rule 1: an event is where the factor adjusted/raw changes from one bar to the next, beyond noise.
Rule 2: a change to a small ratio of whole numbers is a split; any other is a dividend.
Rule 3: the source's convention decides the amount, and reconstructing its adjusted closes proves it.

With f = adjusted/raw and q = f[t-1]/f[t] at ex-date t, a split of n:d has q = d/n. A dividend D has
q = c[t] / (c[t] + D) where the source divides by the close of the ex-date (Quandl WIKI), so
D = c[t] (1/q - 1); and q = 1 - D/c[t-1] where it uses the close before (CRSP, Yahoo), so
D = c[t-1] (1 - q).
"""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from seawall.model.corporate import CorporateAction, Dividend, Split
from seawall.model.errors import DataError

__all__ = ["CONVENTIONS", "adjusted_closes", "derive_actions"]

CONVENTIONS = ("ex_close", "previous_close")
RATIOS = (
    (2, 1),
    (3, 1),
    (3, 2),
    (4, 1),
    (4, 3),
    (5, 1),
    (5, 2),
    (5, 4),
    (6, 1),
    (7, 1),
    (8, 1),
    (10, 1),
    (20, 1),
)
SPLIT_TOLERANCE = 1e-3
AMOUNT_DECIMALS_MAX = 6

Floats = NDArray[np.float64]


def derive_actions(
    instrument: str,
    ts_open: NDArray[np.int64],
    raw_closes: Floats,
    adj_closes: Floats,
    convention: str = "ex_close",
    tolerance: float = 1e-5,
) -> tuple[list[Split], list[Dividend]]:
    """The splits and dividends that a source has adjusted its closes for.

    ts_open: int64 ns of each bar's open, shape (n,); the closes likewise; tolerance: the smallest
    relative change of the factor that is an event (above the rounding of the adjusted closes).

    >>> closes, adjusted = np.array([100.0, 50.0, 49.0]), np.array([49.0, 49.0, 49.0])
    >>> derive_actions("X", np.array([1, 2, 3]), closes, adjusted)
    ([Split(instrument='X', ts_local=2, numerator=2, denominator=1, note='')],
     [Dividend(instrument='X', ts_local=3, amount=Decimal('1.00'))])
    """
    if convention not in CONVENTIONS:
        raise DataError(f"convention {convention!r}: expected {' or '.join(CONVENTIONS)}")
    factors = adj_closes / raw_closes
    ratios = factors[:-1] / factors[1:]
    splits: list[Split] = []
    dividends: list[Dividend] = []
    for index in (np.flatnonzero(np.abs(ratios - 1.0) > tolerance) + 1).tolist():
        ratio, ts_local = float(ratios[index - 1]), int(ts_open[index])
        split = _as_split(ratio)
        if split is not None:
            splits.append(Split(instrument, ts_local, *split))
            continue
        amount = _amount(ratio, float(raw_closes[index - 1]), float(raw_closes[index]), convention)
        if amount <= 0:
            when = np.datetime64(ts_local, "ns").astype("datetime64[D]")
            raise DataError(
                f"{instrument}: factor changes by {1 / ratio:.6f} on {when}: no split, no dividend"
            )
        dividends.append(Dividend(instrument, ts_local, _rounded(amount)))
    return splits, dividends


def adjusted_closes(
    ts_open: NDArray[np.int64],
    raw_closes: Floats,
    actions: Sequence[CorporateAction],
    convention: str = "ex_close",
    last_factor: float = 1.0,
) -> Floats:
    """Raw closes with all later actions folded in; last_factor: adjusted/raw of the last bar.

    It stands for what happened after the data ends, which the events do not know.
    """
    factors = np.full(len(raw_closes), last_factor)
    for action in actions:
        index = int(np.searchsorted(ts_open, action.ts_local))
        if index == 0 or index >= len(ts_open):
            continue
        if isinstance(action, Split):
            factors[:index] *= action.denominator / action.numerator
        elif convention == "ex_close":
            factors[:index] *= raw_closes[index] / (raw_closes[index] + float(action.amount))
        else:
            factors[:index] *= 1.0 - float(action.amount) / raw_closes[index - 1]
    return raw_closes * factors


def _as_split(ratio: float) -> tuple[int, int] | None:
    for numerator, denominator in RATIOS:
        for new, old in ((numerator, denominator), (denominator, numerator)):
            if abs(ratio * new / old - 1.0) < SPLIT_TOLERANCE:
                return new, old
    return None


def _amount(ratio: float, close_before: float, close: float, convention: str) -> float:
    return close * (1.0 / ratio - 1.0) if convention == "ex_close" else close_before * (1.0 - ratio)


def _rounded(amount: float) -> Decimal:
    """The amount with the fewest decimals (2 to 6) that keep it within a part in a million."""
    for decimals in range(2, AMOUNT_DECIMALS_MAX):
        if abs(round(amount, decimals) - amount) <= 1e-6 * amount:
            return Decimal(f"{amount:.{decimals}f}")
    return Decimal(f"{amount:.{AMOUNT_DECIMALS_MAX}f}")
