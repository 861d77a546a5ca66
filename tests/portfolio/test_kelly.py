"""Kelly and its limits: golden values, invariants over random edges, and refusals with reasons."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.portfolio import kelly as of

GOLDEN = json.loads((Path(__file__).parents[1] / "golden.json").read_text())
EVEN = ([1.0, -1.0], [0.55, 0.45])
SKEWED = ([0.10, 0.02, -0.08], [0.35, 0.30, 0.35])
NOT_FINITE = (math.nan, math.inf, -math.inf)


def close(value: object) -> object:
    """The value within the tolerance of the golden file."""
    return pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("E_KELLY", "even_money", of.kelly_binary(0.55, 1.0).value),
        ("E_KELLY", "p60_win1p5_loss1", of.kelly_binary(0.6, 1.5, 1.0).value),
        ("E_KELLY", "cont_mu8_s20", of.kelly_continuous(0.08, 0.20).value),
        ("E_KELLY", "growth_full", of.growth_rate(2.0, 0.08, 0.20)),
        ("E_KELLY", "growth_half", of.growth_rate(1.0, 0.08, 0.20)),
        ("E_KELLY", "half_share", of.growth_rate(1.0, 0.08, 0.20) / of.growth_rate(2.0, 0.08, 0.20)),
        ("E_LOGUTIL", "f_star", of.kelly_discrete(*SKEWED).value),
        ("E_LOGUTIL", "g_star", of.log_growth(of.kelly_discrete(*SKEWED).value, *SKEWED)),
        ("E_RCK", "lam", math.log(0.1) / math.log(0.7)),
        ("E_RCK", "kelly", of.kelly_discrete(*EVEN).value),
        ("E_RCK", "rck", of.risk_constrained_kelly(*EVEN, alpha=0.7, beta=0.1).value),
        ("E_RCK", "c_continuous", of.drawdown_kelly_fraction(0.7, 0.1).value),
        ("E_RCK", "p_hit_half_kelly_50", of.fall_probability(0.5, 0.5)),
        ("E_RCK", "p_hit_full_kelly_50", of.fall_probability(1.0, 0.5)),
        ("E_RUIN", "ruin_5_of_20", of.ruin_probability(0.55, 5, 20)),
        ("E_RUIN", "ruin_5_inf", of.ruin_probability(0.55, 5)),
        ("E_RUIN", "theta", of.lundberg_exponent(*EVEN)),
        ("E_RUIN", "lundberg_5", math.exp(-5 * of.lundberg_exponent(*EVEN))),
        ("E_SHARPE", "full", of.kelly_from_sharpe(1.0, 0.10).value),
        ("E_SHARPE", "half", of.fractional_kelly(of.kelly_from_sharpe(1.0, 0.10).value, 0.5, cap=99).value),
        ("E_SHARPE", "growth", of.growth_rate(10.0, 0.10, 0.10)),
        ("E_SHARPE", "shrink_c", of.estimation_shrink(1.0, 5.0).value),
    ],
)
def test_golden(section: str, name: str, value: float) -> None:
    """Each worked example equals the stored value."""
    assert value == close(GOLDEN[section][name])


@pytest.mark.parametrize(("alpha", "beta", "size"), [(0.5, 0.1, 0.0463782), (0.8, 0.05, 0.0139075)])
def test_other_limits_of_the_same_bet(alpha: float, beta: float, size: float) -> None:
    """The two other limits that the specification prints, to the digits it prints."""
    assert of.risk_constrained_kelly(*EVEN, alpha=alpha, beta=beta).value == pytest.approx(size, abs=5e-8)


@pytest.mark.parametrize("bad", NOT_FINITE)
@pytest.mark.parametrize(
    "size",
    [
        lambda x: of.kelly_binary(x, 1.0),
        lambda x: of.kelly_binary(0.6, x),
        lambda x: of.kelly_binary(0.6, 1.0, x),
        lambda x: of.kelly_continuous(x, 0.2),
        lambda x: of.kelly_continuous(0.1, x),
        of.fractional_kelly,
        lambda x: of.fractional_kelly(1.0, x),
        lambda x: of.fractional_kelly(1.0, 0.5, x),
        lambda x: of.kelly_discrete([1.0, x], [0.5, 0.5]),
        lambda x: of.kelly_discrete([1.0, -1.0], [0.5, x]),
        lambda x: of.risk_constrained_kelly(*EVEN, alpha=x),
        lambda x: of.risk_constrained_kelly(*EVEN, beta=x),
        lambda x: of.drawdown_kelly_fraction(x, 0.1),
        lambda x: of.kelly_from_sharpe(x, 0.1),
        lambda x: of.kelly_from_sharpe(1.0, x),
        lambda x: of.estimation_shrink(x, 5.0),
        lambda x: of.estimation_shrink(1.0, x),
    ],
)
def test_not_finite_is_zero_with_a_reason(size, bad: float) -> None:
    """NaN and both infinities size nothing, and the reason says so."""
    term = size(bad)
    assert term.value == 0.0
    assert "not a finite number" in term.reason


@pytest.mark.parametrize(
    ("part", "term"),
    [
        ("no edge", of.kelly_binary(0.5, 1.0)),
        ("p must lie", of.kelly_binary(1.1, 1.0)),
        ("p must lie", of.kelly_binary(0.6, 0.0)),
        ("no edge", of.kelly_continuous(-0.1, 0.2)),
        ("sigma must be above 0", of.kelly_continuous(0.1, 0.0)),
        ("sigma must be above 0", of.kelly_continuous(0.1, 1e-200)),
        ("too large", of.kelly_continuous(1e200, 1e-100)),
        ("c must lie", of.fractional_kelly(1.0, 1.5)),
        ("no edge", of.fractional_kelly(-1.0)),
        ("2 outcomes for 1", of.kelly_discrete([1.0, -1.0], [1.0])),
        ("sum to 1", of.kelly_discrete([1.0, -1.0], [0.5, 0.4])),
        ("no edge", of.kelly_discrete([1.0, -1.0], [0.5, 0.5])),
        ("sum to 1", of.risk_constrained_kelly([1.0, -1.0], [0.5, 0.4])),
        ("alpha and beta", of.risk_constrained_kelly(*EVEN, alpha=1.0)),
        ("alpha and beta", of.drawdown_kelly_fraction(0.5, 0.0)),
        ("sigma must be above 0", of.kelly_from_sharpe(1.0, 0.0)),
        ("above 0", of.estimation_shrink(-1.0, 5.0)),
    ],
)
def test_no_size_has_a_reason(part: str, term: of.Term) -> None:
    """Every way to have no size says why."""
    assert (term.value, part in term.reason) == (0.0, True), term


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("no outcome loses", lambda: of.kelly_discrete([0.1, 0.0], [0.5, 0.5])),
        ("no outcome loses", lambda: of.kelly_discrete([0.1, -0.5], [1.0, 0.0])),
        ("no outcome loses", lambda: of.lundberg_exponent([1.0], [1.0])),
        ("sum to 1", lambda: of.lundberg_exponent([1.0, -1.0], [0.5, 0.1])),
        ("c must lie", lambda: of.fall_probability(0.0, 0.5)),
        ("c must lie", lambda: of.fall_probability(0.5, math.nan)),
        ("p in", lambda: of.ruin_probability(math.nan, 5, 20)),
        ("p in", lambda: of.ruin_probability(0.5, 20, 20)),
    ],
)
def test_risk_is_never_answered_with_zero_by_mistake(message: str, call) -> None:
    """A question about risk that has no answer is an error: 0 would read as safety."""
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("p", "start", "goal", "expected"),
    [
        (1.0, 5, 20, 0.0),
        (0.0, 5, 20, 1.0),
        (0.5, 5, 20, 0.75),
        (0.5, 5, None, 1.0),
        (0.4, 5, None, 1.0),
        (0.3, 5, 5_000, 1.0),
    ],
)
def test_ruin_at_the_ends(p: float, start: int, goal: int | None, expected: float) -> None:
    """Certain bets, fair bets and far goals neither divide by zero nor overflow."""
    assert of.ruin_probability(p, start, goal) == close(expected)


def test_ruin_solves_its_recursion() -> None:
    """Before a bet, ruin is the average of ruin after a win and ruin after a loss."""
    for p in (0.3, 0.5, 0.62):
        chance = {i: of.ruin_probability(p, i, 9) for i in range(1, 9)} | {0: 1.0, 9: 0.0}
        for i in range(1, 9):
            assert chance[i] == close(p * chance[i + 1] + (1 - p) * chance[i - 1])


share = st.floats(0.0, 1.0)
amount = st.floats(0.01, 100.0)


@given(share, share, amount, amount, amount)
def test_binary_kelly_grows_with_the_edge(p: float, q: float, b: float, c: float, a: float) -> None:
    """0 <= f <= 1/a, and more wins or larger wins never make it smaller."""
    low, high = sorted((p, q))
    small, large = sorted((b, c))
    size = of.kelly_binary(low, small, a).value
    assert 0.0 <= size <= 1.0 / a * (1.0 + 1e-12)
    assert of.kelly_binary(high, small, a).value >= size
    assert of.kelly_binary(low, large, a).value >= size


@given(st.floats(-1.0, 1.0), amount, amount, share, share)
def test_continuous_kelly_falls_with_volatility(mu: float, s: float, t: float, c: float, cap: float) -> None:
    """More volatility never makes the size larger, and the cap holds."""
    low, high = sorted((s, t))
    calm, wild = of.kelly_continuous(mu, low).value, of.kelly_continuous(mu, high).value
    assert calm >= wild >= 0.0
    assert 0.0 <= of.fractional_kelly(calm, c, cap).value <= cap


@st.composite
def bets(draw) -> tuple[list[float], list[float]]:
    """Outcomes with at least one loss, and weights that sum to 1."""
    returns = [*draw(st.lists(st.floats(-0.9, 2.0), min_size=1, max_size=4)), draw(st.floats(-0.9, -0.01))]
    weights = draw(st.lists(st.integers(1, 100), min_size=len(returns), max_size=len(returns)))
    return returns, [weight / sum(weights) for weight in weights]


@given(bets(), st.floats(0.05, 0.95), st.floats(0.01, 0.95))
def test_the_drawdown_limit_never_enlarges(bet, alpha: float, beta: float) -> None:
    """0 <= f_RCK <= f_K, within the bound of ruin, and the constraint holds at the answer."""
    full = of.kelly_discrete(*bet).value
    size = of.risk_constrained_kelly(*bet, alpha=alpha, beta=beta).value
    assert 0.0 <= size <= full < -1.0 / min(bet[0])
    exponent = math.log(beta) / math.log(alpha)
    powers = [-exponent * math.log1p(size * r) for r in bet[0]]
    assert math.fsum(p * math.expm1(x) for p, x in zip(bet[1], powers, strict=True)) <= 1e-9


@given(bets())
def test_full_kelly_is_the_best_fraction(bet) -> None:
    """No nearby fraction grows faster."""
    full = of.kelly_discrete(*bet).value
    best = of.log_growth(full, *bet)
    for other in (0.9 * full, 0.99 * full, min(1.01 * full, full + (-1.0 / min(bet[0]) - full) / 2)):
        assert of.log_growth(other, *bet) <= best + 1e-12


@given(st.floats(0.05, 0.95), st.floats(0.01, 0.95))
def test_drawdown_fraction_inverts_the_fall(alpha: float, beta: float) -> None:
    """At the fraction given, the chance to fall to alpha is beta, or less where full Kelly is enough."""
    c = of.drawdown_kelly_fraction(alpha, beta).value
    assert 0.0 < c <= 1.0
    chance = of.fall_probability(c, alpha)
    assert chance == close(beta) if c < 1.0 else chance <= beta * (1 + 1e-9)
