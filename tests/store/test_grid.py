"""Prices on the grid become exact ticks; prices off it are named, never rounded."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.store.grid import SINGLE_EPSILON, finest_step, to_steps

TICKS = ["1", "0.5", "0.25", "0.01", "0.0001", "0.00000001"]


@given(st.integers(1, 10**9), st.sampled_from(TICKS))
def test_every_multiple_is_on_the_grid(count: int, tick: str) -> None:
    """The nearest float of count x tick gives the count back."""
    price = float(Decimal(tick) * count)
    steps, off = to_steps(np.array([price]), Decimal(tick))
    assert not off[0]
    assert steps[0] == count


@given(st.integers(1, 10**7), st.integers(1, 99))
def test_every_other_price_is_off_the_grid(count: int, parts: int) -> None:
    """A hundredth of a tick off is off."""
    price = float(Decimal(count) / 100 + Decimal(parts) / 10_000)
    assert to_steps(np.array([price]), Decimal("0.01"))[1][0]


def test_float32_noise_is_not_a_price() -> None:
    """A price that was stored as float32 is on its tick at float32's resolution, and off at float64's."""
    prices = np.array([27.12, 198.94], dtype=np.float32).astype(np.float64)
    assert to_steps(prices, Decimal("0.01"))[1].all()
    steps, off = to_steps(prices, Decimal("0.01"), SINGLE_EPSILON)
    assert steps.tolist() == [2712, 19894]
    assert not off.any()


def test_what_no_integer_can_count_is_off() -> None:
    """Beyond 2^53 steps a float is no exact count."""
    assert to_steps(np.array([1e17]), Decimal("0.01"))[1][0]


@pytest.mark.parametrize(
    ("values", "step"),
    [([27.12, 27.1234], "0.0001"), ([5.0], "1"), ([0.1, 0.25], "0.01"), ([1 / 3], None)],
)
def test_the_finest_step_that_fits(values: list[float], step: str | None) -> None:
    """The coarsest power of ten that all are multiples of, or none."""
    assert finest_step(np.array(values)) == (None if step is None else Decimal(step))
