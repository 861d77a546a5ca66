"""Addresses reach the very memory of an array."""

import numpy as np
from numba import carray

from seawall.kernels.jit import kernel
from seawall.kernels.pointers import as_pointer
from seawall.kernels.rows import ROW


@kernel
def double_price(address: int, count: int) -> int:
    """Doubles the price of each row and sums them up."""
    rows = carray(as_pointer(address), (count,), ROW)
    total = 0
    for index in range(count):
        rows[index]["price_ticks"] *= 2
        total += rows[index]["price_ticks"]
    return total


def test_an_address_reads_and_writes_the_rows_it_was_taken_from() -> None:
    """What is written by address is in the array, no more and no less."""
    rows = np.zeros(3, ROW)
    rows["price_ticks"] = [1, 2, 4]
    assert double_price(rows.ctypes.data, 2) == 6
    assert rows["price_ticks"].tolist() == [2, 4, 4]
