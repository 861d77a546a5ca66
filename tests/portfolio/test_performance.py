"""The figures of an equity curve against the golden values and against the pitfalls of libraries."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.portfolio import performance as of

GOLDEN = json.loads((Path(__file__).parents[1] / "golden.json").read_text())["G_METRICS"]
RETURNS = np.array([0.012, -0.008, 0.005, 0.0, 0.015, -0.020, -0.006, 0.009, 0.011, -0.004, 0.007, 0.003])
CURVE = np.concatenate(([1.0], np.cumprod(1.0 + RETURNS)))
DAY_NS = 86_400_000_000_000


def close(value: object) -> object:
    """The value within the tolerance of the golden file."""
    return pytest.approx(value, rel=1e-9, abs=1e-13)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sharpe", of.sharpe(RETURNS, 252)),
        ("sortino", of.sortino(RETURNS, 252)),
        ("total_return", of.total_return(CURVE)),
        ("cagr", of.cagr(CURVE, 252, periods_min=1)),
        ("ann_vol", of.annual_volatility(RETURNS, 252)),
        ("max_dd", of.max_drawdown(CURVE)),
        ("calmar", of.calmar(CURVE, 252, periods_min=1)),
        ("avg_dd", of.average_drawdown(CURVE)),
    ],
)
def test_golden_figure(name: str, value: float) -> None:
    """Each figure of the worked example equals the stored one."""
    assert value == close(GOLDEN[name])


def test_pitfalls_are_not_reproduced() -> None:
    """Neither ddof 0 nor the deviation of the losses alone is what we print."""
    assert of.sharpe(RETURNS, 252) != close(GOLDEN["sharpe_ddof0"])
    assert of.sortino(RETURNS, 252) != close(GOLDEN["sortino_wrong_std_of_negatives"])


def test_golden_episodes() -> None:
    """A closed episode and an open one, each with its depth, its places and its length."""
    found = of.drawdown_episodes(CURVE)
    assert len(found) == len(GOLDEN["episodes"]) == 2
    for episode, expected in zip(found, GOLDEN["episodes"], strict=True):
        assert episode.depth == close(expected["depth"])
        places = (episode.start, episode.trough, episode.recovery, episode.underwater_bars)
        assert places == tuple(expected[k] for k in ("start", "trough", "recovery", "underwater_bars"))
        end = CURVE.size - 1 if episode.recovery is None else episode.recovery
        assert end - episode.start == expected["peak_to_recovery"]


def test_first_loss_is_a_drawdown() -> None:
    """A loss in the first period counts, because the starting equity is a point of the curve."""
    golden = json.loads((Path(__file__).parents[1] / "golden.json").read_text())["G_FIRSTLOSS"]
    curve = np.concatenate(([1.0], np.cumprod(1.0 + np.array([-0.02, 0.01, 0.005]))))
    assert of.max_drawdown(curve) == close(golden["max_dd"])
    assert of.max_drawdown(curve[1:]) == golden["max_dd_without_base"]


@pytest.mark.parametrize(
    ("case", "value"),
    [
        ("sharpe of a flat series", of.sharpe([0.0] * 9, 252)),
        ("sharpe of a constant return", of.sharpe([0.001] * 9, 252)),
        ("sharpe of one period", of.sharpe([0.01], 252)),
        ("sortino without a loss", of.sortino([0.01, 0.0], 252)),
        ("sortino of one period", of.sortino([-0.01], 252)),
        ("growth below sixty periods", of.cagr([1.0] * 60, 252)),
        ("growth of a ruin", of.cagr([1.0] * 70 + [0.0], 252)),
        ("calmar without a drawdown", of.calmar(np.linspace(1, 2, 100), 252)),
        ("average of no drawdown", of.average_drawdown([1.0, 1.1])),
        ("volatility of one period", of.annual_volatility([0.01], 252)),
        ("drawdown of one point", of.max_drawdown([1.0])),
        ("alpha on a flat benchmark", of.alpha_beta([0.1, 0.2, 0.3], [0.0, 0.0, 0.0], 252)),
    ],
)
def test_undefined_is_none(case: str, value: object) -> None:
    """What has no meaning is None, neither infinity nor NaN nor an absurd ratio."""
    assert value is None, case


def test_growth_needs_sixty_periods() -> None:
    """Sixty periods are enough, and the exponent is periods, not calendar days."""
    curve = np.concatenate(([1.0], np.cumprod(np.full(60, 1.001))))
    assert of.cagr(curve, 365) == pytest.approx(1.001**365 - 1.0, rel=1e-9)


def test_exact_recovery_closes_the_episode() -> None:
    """An equity back at its peak to the cent is above water."""
    (episode,) = of.drawdown_episodes([10_000_03, 9_000_01, 10_000_03])
    assert (episode.recovery, episode.underwater_bars) == (2, 1)


def test_alpha_and_beta_of_a_known_line() -> None:
    """Least squares finds the line that made the returns, and says how well it fits."""
    market = np.random.default_rng(5).normal(0.0, 0.01, 500)
    fit = of.alpha_beta(0.0002 + 1.5 * market, market, 252)
    assert fit is not None
    assert (fit.alpha, fit.beta) == (close(0.0002 * 252), close(1.5))
    assert (fit.r_squared, fit.correlation, fit.periods) == (close(1.0), close(1.0), 500)
    noisy = of.alpha_beta(market[::-1], market, 252)
    expected = np.polyfit(market, market[::-1], 1)
    assert noisy is not None
    assert (noisy.beta, noisy.alpha / 252) == (close(expected[0]), close(expected[1]))
    assert noisy.correlation == close(np.corrcoef(market, market[::-1])[0, 1])


def test_flat_strategy_has_no_beta() -> None:
    """A strategy that never moves has beta, fit and alpha 0, not a division by zero."""
    assert of.alpha_beta([0.0] * 3, [0.1, 0.2, -0.1], 252) == of.Regression(0.0, 0.0, 0.0, 0.0, 3)


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("value 1 is nan", lambda: of.sharpe([0.1, float("nan")], 252)),
        ("value 0 is inf", lambda: of.max_drawdown([float("inf"), 1.0])),
        ("above 0", lambda: of.returns_of([1.0, 0.0])),
        ("start above 0", lambda: of.total_return([0.0, 1.0])),
        ("one dimension", lambda: of.returns_of([[1.0], [2.0]])),
        ("2 returns against 1", lambda: of.alpha_beta([0.1, 0.2], [0.1], 252)),
        ("annualisation", lambda: of.summary(np.zeros(1, "i8"), np.ones(1, "i8"), 0)),
        ("starting equity", lambda: of.summary(np.zeros(1, "i8"), np.zeros(1, "i8"), 252)),
        ("time goes back after point 0", lambda: of.daily_grid(np.array([5, 4]), np.array([1, 1]))),
        ("equal and above 0", lambda: of.daily_grid(np.array([], "i8"), np.array([]))),
    ],
)
def test_bad_input_is_named(message: str, call: object) -> None:
    """An input that cannot be measured is refused with what and where."""
    with pytest.raises(ValueError, match=message):
        call()


def test_daily_grid_takes_the_last_of_each_utc_day() -> None:
    """The base, then one point a day; a day without rows is not invented."""
    hours = np.array([1, 23, 25, 47, 24 * 5]) * 3_600_000_000_000
    ts, values = of.daily_grid(hours, np.array([10, 11, 12, 13, 14]))
    assert (values.tolist(), ts.tolist()) == ([10, 11, 13, 14], hours[[0, 1, 3, 4]].tolist())


def test_summary_agrees_with_the_single_figures() -> None:
    """The summary is the single functions on the daily grid, times and money included."""
    curve = np.round(np.concatenate(([1.0], np.cumprod(1.0 + np.tile(RETURNS, 10)))) * 10**9).astype("i8")
    ts = np.arange(curve.size) * DAY_NS
    found = of.summary(ts, curve, 252)
    returns = of.returns_of(curve)
    assert (found.periods, found.start_ts_ns, found.end_ts_ns) == (120, 0, 120 * DAY_NS)
    assert (found.start_equity_minor, found.end_equity_minor) == (curve[0], curve[-1])
    assert found.sharpe == of.sharpe(returns, 252)
    assert found.cagr == of.cagr(curve, 252)
    assert found.calmar == of.calmar(curve, 252)
    assert found.max_drawdown == of.max_drawdown(curve)
    assert (found.drawdowns, found.underwater_now) == (len(of.drawdown_episodes(curve)), True)
    assert found.reason == ""


def test_summary_of_degenerate_curves() -> None:
    """One point, a flat curve and a ruin give None with a reason, never an exception."""
    one = of.summary(np.array([0]), np.array([100]), 252)
    assert (one.periods, one.sharpe, one.max_drawdown) == (0, None, None)
    assert "one point" in one.reason
    flat = of.summary(np.arange(5) * DAY_NS, np.full(5, 100), 365)
    assert (flat.sharpe, flat.annual_volatility, flat.max_drawdown, flat.drawdowns) == (None, 0.0, 0.0, 0)
    ruin = of.summary(np.arange(3) * DAY_NS, np.array([100, -20, 50]), 365)
    assert (ruin.sharpe, ruin.max_drawdown) == (None, -1.2)
    assert "zero or below" in ruin.reason


@given(st.lists(st.integers(1, 10**9), min_size=2, max_size=60))
def test_episodes_cover_every_point_under_water(levels: list[int]) -> None:
    """Episodes are disjoint, in order, as deep as the maximum drawdown, and miss no point."""
    below = np.array(levels) < np.maximum.accumulate(levels)
    episodes = of.drawdown_episodes(levels)
    assert sum(episode.underwater_bars for episode in episodes) == int(below.sum())
    assert min((episode.depth for episode in episodes), default=0.0) == of.max_drawdown(levels)
    starts = [episode.start for episode in episodes]
    assert starts == sorted(set(starts))
    assert all(episode.recovery is not None for episode in episodes[:-1])
