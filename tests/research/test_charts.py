"""Thinning keeps what matters, and what is embedded stays inside its element."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.research.charts import chart_of, embed, thin


@given(st.integers(1, 3), st.integers(1, 400), st.integers(14, 60), st.integers(0, 2**32 - 1))
def test_extremes_survive(lines: int, count: int, points_max: int, seed: int) -> None:
    """However few points remain, each line keeps its lowest, its highest, its first and its last."""
    rng = np.random.default_rng(seed)
    values = [np.cumsum(rng.normal(size=count)) for _ in range(lines)]
    keep = thin(values, points_max)
    assert keep.size <= points_max
    assert np.all(np.diff(keep) > 0)
    assert (keep[0], keep[-1]) == (0, count - 1)
    for line in values:
        assert (line[keep].min(), line[keep].max()) == (line.min(), line.max())


def test_one_bad_minute_survives() -> None:
    """A single point of a million at the bottom of a drawdown is still drawn."""
    line = np.zeros(1_000_000)
    line[654_321] = -0.52
    assert 654_321 in thin([line], 1_500)


def test_short_series_are_whole() -> None:
    """What fits is not thinned."""
    assert thin([np.arange(9.0)], 9).tolist() == list(range(9))


def test_gaps_are_not_extremes() -> None:
    """Missing values are skipped, a stretch without any value keeps nothing."""
    line = np.full(100, np.nan)
    line[40] = 7.0
    keep = thin([line], 22)
    assert set(keep.tolist()) == {0, 40, 99}


def test_too_few_points_are_refused() -> None:
    """Below two places a line there is nothing left to choose."""
    with pytest.raises(ValueError, match="too few for 3 lines"):
        thin([np.zeros(50)] * 3, 7)


def test_chart_times_and_values() -> None:
    """Times are seconds and differences; values are rounded to seven digits; NaN is a gap."""
    ts = np.array([5, 6, 9]) * 1_000_000_000
    chart = chart_of("k", "money", ts, {"a": np.array([1.0, np.nan, 12345.6789])}, 10, ["a"], step=True)
    assert (chart.start, chart.steps) == (5, [1, 3])
    (line,) = chart.lines
    assert (line.values, line.fill, line.step) == ([1, None, 12345.68], True, True)


@given(
    st.recursive(st.text() | st.integers() | st.none(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_embedded_data_cannot_leave_its_element(value: object) -> None:
    """No text can end the script element or start a comment, and the data survives."""
    text = embed(value)
    assert not set("<>&") & set(text)
    assert json.loads(text) == value
