"""Philox4x64-10: random numbers that are a function of a counter, not of a history.

Rule 1: a draw is addressed, never taken in turn: the same key and counter give the same
        words, whoever asks and in whatever order.
Rule 2: no operation below overflows, so the plain Python twin needs no wrapping integers.

Theory of operation (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
1, 2, 3", SC 2011): ten rounds, each multiplies two of the four counter words by constants
to 128 bits, and mixes the halves with the other words and with a key that walks along a
Weyl sequence. A 128-bit product is put together from four products of 32-bit halves.
"""

import numpy as np

from seawall.kernels.jit import kernel

__all__ = ["philox_block", "philox_raw", "uniform"]

ROUNDS = 10
HALF = np.uint64(32)
MASK = np.uint64(0xFFFFFFFF)
ONE = np.uint64(1)
MULTIPLIER_0 = np.uint64(0xD2E7470EE14C6C93)
MULTIPLIER_1 = np.uint64(0xCA5A826395121157)
WEYL_0 = np.uint64(0x9E3779B97F4A7C15)
WEYL_1 = np.uint64(0xBB67AE8584CAA73B)
FRACTION_SHIFT = np.uint64(11)  # 64 - 53 bits of a double
FRACTION_UNIT = 2.0**-53


@kernel
def _multiply(a: np.uint64, b: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The high and the low word of the 128-bit product."""
    a_low, a_high, b_low, b_high = a & MASK, a >> HALF, b & MASK, b >> HALF
    low, cross_a, cross_b = a_low * b_low, a_high * b_low, a_low * b_high
    middle = (low >> HALF) + (cross_a & MASK) + (cross_b & MASK)
    high = a_high * b_high + (cross_a >> HALF) + (cross_b >> HALF) + (middle >> HALF)
    return high, ((middle & MASK) << HALF) | (low & MASK)


@kernel
def _add(a: np.uint64, b: np.uint64) -> np.uint64:
    """The sum modulo 2^64."""
    low = (a & MASK) + (b & MASK)
    high = (a >> HALF) + (b >> HALF) + (low >> HALF)
    return ((high & MASK) << HALF) | (low & MASK)


@kernel
def philox_block(
    key_0: np.uint64, key_1: np.uint64, c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """The four words of one counter; all arguments are unsigned 64-bit words.

    >>> zero = np.uint64(0)
    >>> f"{int(philox_block(zero, zero, zero, zero, zero, zero)[0]):016x}"
    '16554d9eca36314c'
    """
    for _ in range(ROUNDS):
        high_0, low_0 = _multiply(MULTIPLIER_0, c0)
        high_1, low_1 = _multiply(MULTIPLIER_1, c2)
        c0, c1, c2, c3 = high_1 ^ c1 ^ key_0, low_1, high_0 ^ c3 ^ key_1, low_0
        key_0 = _add(key_0, WEYL_0)
        key_1 = _add(key_1, WEYL_1)
    return c0, c1, c2, c3


@kernel
def philox_raw(seed: int, c0: int, c1: int, c2: int, c3: int) -> np.uint64:
    """The first word of numpy's stream `Philox(key=seed, counter=[c0, c1, c2, c3])`.

    numpy raises the counter by one before it makes its first block; the lowest word here
    must therefore be below 2^64 - 1. All arguments are integers of 0 or above.

    >>> int(philox_raw(42, 7, 1, 0, 0))
    9509554518043399836
    """
    first = _add(np.uint64(c0), ONE)
    return philox_block(np.uint64(seed), np.uint64(0), first, np.uint64(c1), np.uint64(c2), np.uint64(c3))[0]


@kernel
def uniform(seed: int, c0: int, c1: int, c2: int, c3: int) -> float:
    """A number in [0, 1): the upper 53 bits of `philox_raw` (SPEC.md F5).

    >>> round(uniform(42, 7, 1, 0, 0), 10)
    0.5155139834
    """
    return float(philox_raw(seed, c0, c1, c2, c3) >> FRACTION_SHIFT) * FRACTION_UNIT
