"""Closed trades: golden values of the worked example, and what is left undefined."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.portfolio import trade_metrics as of

ALL = json.loads((Path(__file__).parents[1] / "golden.json").read_text())
GOLDEN = ALL["G_TRADES"]
TRADES = [1.8, -1, -1, 2, -1, 0.6, -1, -1, -1, 2.2, 1.1, -1, 0.9, 1.5]
PERIODS = [0.012, -0.008, 0.005, 0.0, 0.015, -0.020, -0.006, 0.009, 0.011, -0.004, 0.007, 0.003]


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        (GOLDEN["sum_R"], math.fsum(of.r_multiples(TRADES, [1.0] * 14))),
        (GOLDEN["mean_R"], of.expectancy(TRADES)),
        (GOLDEN["win"], of.win_rate(TRADES)),
        (GOLDEN["pf"], of.profit_factor(TRADES)),
        (GOLDEN["payoff"], of.payoff_ratio(TRADES)),
        (GOLDEN["sqn"], of.system_quality(TRADES)),
        (ALL["G_METRICS"]["win_rate_excl_zero"], of.win_rate(PERIODS)),
        (ALL["G_METRICS"]["profit_factor"], of.profit_factor(PERIODS)),
    ],
)
def test_golden(expected: float, value: float) -> None:
    """Each figure of the worked examples equals the stored one."""
    assert value == pytest.approx(expected, rel=1e-9)


def test_a_trade_without_result_is_no_loss() -> None:
    """Zeros count neither as wins nor as losses; counting them would give 0.5833."""
    assert of.win_rate(PERIODS) != pytest.approx(ALL["G_METRICS"]["win_rate_incl_zero"])


@pytest.mark.parametrize(
    ("case", "value"),
    [
        ("no trade", of.win_rate([])),
        ("only zeros", of.win_rate([0, 0])),
        ("no loss", of.profit_factor([1, 2])),
        ("no win to average", of.payoff_ratio([-1, 0])),
        ("no expectancy", of.expectancy([])),
        ("one trade", of.system_quality([5])),
        ("no variation", of.system_quality([0.1] * 9)),
    ],
)
def test_undefined_is_none(case: str, value: object) -> None:
    """What has no meaning is None, not infinity."""
    assert value is None, case


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("trade 1 has the outcome nan", lambda: of.win_rate([1, math.nan])),
        ("trade 0 has the initial risk 0", lambda: of.r_multiples([1], [0])),
        ("trade 0 has the initial risk inf", lambda: of.r_multiples([1], [math.inf])),
        ("1 outcomes against 2 risks", lambda: of.r_multiples([1], [1, 1])),
    ],
)
def test_bad_input_is_named(message: str, call: object) -> None:
    """A trade that cannot be measured is refused with its place."""
    with pytest.raises(ValueError, match=message):
        call()


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1))
def test_order_does_not_matter(outcomes: list[int]) -> None:
    """The same trades in another order have the same figures, bit for bit."""
    for figure in (of.win_rate, of.profit_factor, of.payoff_ratio, of.expectancy, of.system_quality):
        assert figure(outcomes) == figure(sorted(outcomes))
