"""Events out of adjustment factors, and adjusted closes out of events, are each other's inverse."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.model.corporate import Dividend, Split
from seawall.model.errors import DataError
from seawall.store.adjustments import CONVENTIONS, adjusted_closes, derive_actions

DAYS = np.arange(8, dtype=np.int64)


@given(
    st.lists(st.integers(1_000, 50_000), min_size=8, max_size=8),
    st.integers(1, 100),
    st.sampled_from([(2, 1), (3, 2), (1, 10)]),
    st.sampled_from(CONVENTIONS),
)
def test_round_trip(cents: list[int], dividend: int, ratio: tuple[int, int], convention: str) -> None:
    """A split and a dividend folded into closes are found again, to the cent, in both conventions."""
    raw = np.array(cents) / 100.0
    actions = [Split("X", 3, *ratio), Dividend("X", 6, Decimal(dividend) / 100)]
    adjusted = adjusted_closes(DAYS, raw, actions, convention, last_factor=0.7)
    splits, dividends = derive_actions("X", DAYS, raw, adjusted, convention)
    assert splits == actions[:1]
    assert [(d.ts_local, d.amount) for d in dividends] == [(6, actions[1].amount)]


def test_noise_is_no_event() -> None:
    """Rounding of the adjusted closes stays below the tolerance."""
    raw = np.array([100.0, 101.0, 99.5])
    assert derive_actions("X", DAYS[:3], raw, np.round(raw * 0.5, 4)) == ([], [])


def test_a_factor_that_nothing_explains() -> None:
    """A factor that falls is no dividend; the message names day and size."""
    raw = np.array([100.0, 100.0])
    with pytest.raises(DataError, match=r"X: factor changes by 0\.900000 on 1970-01-01"):
        derive_actions("X", DAYS[:2], raw, np.array([100.0, 90.0]))
    with pytest.raises(DataError, match="convention 'yahoo'"):
        derive_actions("X", DAYS[:2], raw, raw, "yahoo")


def test_events_outside_the_data_change_nothing() -> None:
    """An action at the first bar or after the last has nothing before it to adjust."""
    raw = np.full(8, 50.0)
    assert adjusted_closes(DAYS, raw, [Split("X", 0, 2, 1), Split("X", 99, 2, 1)]).tolist() == raw.tolist()
