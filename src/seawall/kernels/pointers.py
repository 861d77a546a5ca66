"""Addresses instead of arrays: the cheapest call into compiled code.

Rule 1: an address is taken from an array that the caller keeps alive and never resizes.
Rule 2: these are for the outermost call alone; inside, everything is a record again.

An array argument costs about 100 ns a call in checks and conversions, an integer about 20.
"""

from typing import Any

from numba import types
from numba.extending import intrinsic

__all__ = ["as_pointer"]


@intrinsic
def as_pointer(_context: Any, address: Any) -> Any:
    """The memory at an address (int64), for `numba.carray` in compiled code."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.voidptr(types.int64), generate
