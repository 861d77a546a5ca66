"""From decimal numbers in a file to integer ticks and lots, and which step a column fits.

Rule 1: a value is on the grid if it is the nearest binary float of a multiple of the step;
        what is farther off is off the grid, never rounded onto it.
Rule 2: a message about an off-grid value names the step that the whole column fits.

Step s = p/q exactly; count = rint(v q / p), and off means |v q / p - count| > 1e-6 + 4 eps |v q / p|,
where eps is the resolution of the column as stored (float32 columns are coarser).
"""

from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

__all__ = ["DOUBLE_EPSILON", "SINGLE_EPSILON", "finest_step", "to_steps"]

DOUBLE_EPSILON = float(np.finfo(np.float64).eps)
SINGLE_EPSILON = float(np.finfo(np.float32).eps)
EXACT_LIMIT = 2.0**53
NOISE = 1e-6
DECIMALS_MAX = 12


def to_steps(
    values: NDArray[np.float64], step: Decimal, epsilon: float = DOUBLE_EPSILON
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Each value as a count of steps, and whether it is off the grid (its count is then 0).

    values: shape (n,), finite; step: above 0.

    >>> to_steps(np.array([27.12, 27.1234]), Decimal("0.01"))
    (array([2712,    0]), array([False,  True]))
    """
    exact = Fraction(step)
    quotients = values * float(exact.denominator) / float(exact.numerator)
    size = np.abs(quotients)
    quotients = np.where(size >= EXACT_LIMIT, 0.0, quotients)  # beyond exact integers there is no grid
    counts = np.rint(quotients)
    off = (np.abs(quotients - counts) > np.minimum(NOISE + 4.0 * epsilon * size, 0.25)) | (
        size >= EXACT_LIMIT
    )
    return np.where(off, 0.0, counts).astype(np.int64), off


def finest_step(values: NDArray[np.float64], epsilon: float = DOUBLE_EPSILON) -> Decimal | None:
    """The coarsest power of ten, 1 or less, of which all values are multiples; None below 1e-12.

    >>> finest_step(np.array([27.12, 27.1234])), finest_step(np.array([3.0, 1e6]))
    (Decimal('0.0001'), Decimal('1'))
    """
    for decimals in range(DECIMALS_MAX + 1):
        step = Decimal(1).scaleb(-decimals)
        if not to_steps(values, step, epsilon)[1].any():
            return step
    return None
