"""How much of the equity an edge is worth: Kelly, its fractions, and Kelly under a drawdown limit.

Rule 1: a size that cannot be computed is 0 with a reason; it is never NaN, infinite or negative.
Rule 2: no input can make a size larger than the full Kelly fraction of the same edge.
Rule 3: probabilities of ruin are not sizes: for them a bad input is a ValueError, because 0
        would read as safety.

Theory: log wealth grows fastest at the Kelly fraction (Kelly 1956; Thorp 2006), where the
chance to halve is one half. Betting c of it keeps c (2 - c) of the growth and changes that
chance to x^(2/c - 1). Roots are found by bisection down to adjacent floats, which is slower
than Brent's method and the same on every machine.
"""

import math
from collections.abc import Callable, Sequence

import msgspec

__all__ = [
    "Term",
    "drawdown_kelly_fraction",
    "estimation_shrink",
    "fall_probability",
    "fractional_kelly",
    "growth_rate",
    "kelly_binary",
    "kelly_continuous",
    "kelly_discrete",
    "kelly_from_sharpe",
    "log_growth",
    "lundberg_exponent",
    "refusal",
    "risk_constrained_kelly",
    "ruin_probability",
]

EXPONENT_MAX = 700.0  # e^700 is the last that a float holds comfortably


class Term(msgspec.Struct, frozen=True):
    """One term of a size: a fraction >= 0, and where it is 0 the reason."""

    value: float
    reason: str = ""


def refusal(**inputs: float) -> Term | None:
    """The term 0 that names the first input which is not finite, or None when all are.

    >>> refusal(mu=0.1, sigma=math.nan)
    Term(value=0.0, reason='sigma is nan: not a finite number')
    """
    for name, value in inputs.items():
        if not math.isfinite(value):
            return Term(0.0, f"{name} is {value}: not a finite number")
    return None


def positive(value: float, edge: str) -> Term:
    """The value as a term; at or below 0 there is no edge, overflow is refused."""
    if not math.isfinite(value):
        return Term(0.0, f"{edge} is too large to represent")
    return Term(value) if value > 0.0 else Term(0.0, f"{edge} is not positive: no edge")


def bisect(positive_until: Callable[[float], bool], low: float, high: float) -> float:
    """The last float of [low, high] for which the test holds, given that it holds up to a point."""
    while True:
        middle = low + (high - low) / 2.0
        if middle <= low or middle >= high:
            return low
        if positive_until(middle):
            low = middle
        else:
            high = middle


def kelly_binary(p: float, b: float, a: float = 1.0) -> Term:
    """Kelly fraction of a bet that wins b with probability p and else loses a, per unit staked.

    f* = p / a - (1 - p) / b (Kelly 1956; Thorp 2006). p in [0, 1], b and a above 0, per trade.

    >>> kelly_binary(p=0.6, b=1.5).value
    0.3333333333333333
    >>> kelly_binary(p=0.4, b=1.0)
    Term(value=0.0, reason='p/a - (1-p)/b is not positive: no edge')
    """
    bad = refusal(p=p, b=b, a=a)
    if bad:
        return bad
    if not 0.0 <= p <= 1.0 or b <= 0.0 or a <= 0.0:
        return Term(0.0, f"p must lie in [0, 1], b and a above 0: p={p}, b={b}, a={a}")
    return positive(p / a - (1.0 - p) / b, "p/a - (1-p)/b")


def kelly_continuous(mu: float, sigma: float) -> Term:
    """Kelly fraction mu / sigma^2 of an asset with excess drift mu and volatility sigma.

    Both of the same period, as fractions (Thorp 2006).

    >>> round(kelly_continuous(mu=0.08, sigma=0.20).value, 6)
    2.0
    """
    bad = refusal(mu=mu, sigma=sigma)
    if bad:
        return bad
    square = sigma * sigma
    if sigma <= 0.0 or square == 0.0:
        return Term(0.0, f"sigma must be above 0, got {sigma}")
    return positive(mu / square, "mu / sigma^2")


def growth_rate(f: float, mu: float, sigma: float) -> float:
    """Growth of log wealth at the fraction f, f mu - f^2 sigma^2 / 2; SR^2 / 2 at its best.

    >>> round(growth_rate(2.0, 0.08, 0.20), 6), round(growth_rate(1.0, 0.08, 0.20), 6)
    (0.08, 0.06)
    """
    return f * mu - 0.5 * f * f * sigma * sigma


def fractional_kelly(kelly: float, c: float = 0.25, cap: float = 1.0) -> Term:
    """The part c of a Kelly fraction, at most the cap (gross); c of it keeps c (2 - c) of the growth.

    >>> fractional_kelly(2.0, c=0.25), fractional_kelly(2.0, c=1.0)
    (Term(value=0.5, reason=''), Term(value=1.0, reason=''))
    """
    bad = refusal(kelly=kelly, c=c, cap=cap)
    if bad:
        return bad
    if not 0.0 <= c <= 1.0 or cap < 0.0:
        return Term(0.0, f"c must lie in [0, 1] and cap be at least 0: c={c}, cap={cap}")
    return positive(min(c * kelly, cap), "the part of Kelly taken")


def outcomes_refusal(returns: Sequence[float], probabilities: Sequence[float]) -> Term | None:
    """The term 0 with what is wrong with a table of outcomes, or None when it is sound."""
    if len(returns) != len(probabilities) or not returns:
        return Term(0.0, f"{len(returns)} outcomes for {len(probabilities)} probabilities")
    for value in (*returns, *probabilities):
        if not math.isfinite(value):
            return Term(0.0, f"an outcome or a probability is {value}: not a finite number")
    if min(probabilities) < 0.0 or abs(math.fsum(probabilities) - 1.0) > 1e-9:
        return Term(0.0, f"probabilities must be >= 0 and sum to 1, got {math.fsum(probabilities)}")
    return None


def log_growth(f: float, returns: Sequence[float], probabilities: Sequence[float]) -> float:
    """Expected growth of log wealth at the fraction f: sum p ln(1 + f r).

    >>> round(log_growth(0.1, [1.0, -1.0], [0.55, 0.45]), 9)
    0.005008367
    """
    return math.fsum(p * math.log1p(f * r) for r, p in zip(returns, probabilities, strict=True))


def kelly_discrete(returns: Sequence[float], probabilities: Sequence[float]) -> Term:
    """Fraction that maximises sum p ln(1 + f r) over discrete outcomes r with probabilities p.

    The root of sum p r / (1 + f r) on (0, -1 / min r); 0 without a positive mean. Outcomes
    that cannot lose would make it infinite: ValueError.

    >>> round(kelly_discrete([0.10, 0.02, -0.08], [0.35, 0.30, 0.35]).value, 10)
    2.2788559033
    """
    bad = outcomes_refusal(returns, probabilities)
    if bad:
        return bad
    pairs = [(r, p) for r, p in zip(returns, probabilities, strict=True) if p > 0.0]
    if math.fsum(r * p for r, p in pairs) <= 0.0:
        return Term(0.0, "the mean outcome is not positive: no edge")
    worst = min(r for r, _ in pairs)
    if worst >= 0.0:
        raise ValueError(f"no outcome loses (the worst is {worst}): the Kelly fraction has no bound")
    bound = -1.0 / worst * (1.0 - 1e-9)
    if not math.isfinite(bound):
        return Term(0.0, f"the worst outcome {worst} is too small to bound a size")
    best = bisect(lambda f: math.fsum(p * r / (1.0 + f * r) for r, p in pairs) > 0.0, 0.0, bound)
    return positive(best, "the growth-optimal fraction")


def fall_probability(c: float, x: float) -> float:
    """Probability that the c part of continuous Kelly ever falls to x of its wealth: x^(2/c - 1).

    0 < c <= 2 and 0 < x <= 1, else ValueError.

    >>> fall_probability(1.0, 0.5), fall_probability(0.5, 0.5)
    (0.5, 0.125)
    """
    if not 0.0 < c <= 2.0 or not 0.0 < x <= 1.0:
        raise ValueError(f"c must lie in (0, 2] and x in (0, 1]: c={c}, x={x}")
    return x ** (2.0 / c - 1.0)


def drawdown_limit(alpha: float, beta: float) -> float | Term:
    """The exponent lambda = ln beta / ln alpha, or the term 0 with what is wrong with the two."""
    bad = refusal(alpha=alpha, beta=beta)
    if bad:
        return bad
    if not 0.0 < alpha < 1.0 or not 0.0 < beta < 1.0:
        return Term(0.0, f"alpha and beta must lie in (0, 1): alpha={alpha}, beta={beta}")
    return math.log(beta) / math.log(alpha)


def drawdown_kelly_fraction(alpha: float, beta: float) -> Term:
    """Largest part c of continuous Kelly with P(wealth ever below alpha) <= beta, at most 1.

    c = 2 / (1 + ln beta / ln alpha), the inverse of fall_probability.

    >>> round(drawdown_kelly_fraction(alpha=0.7, beta=0.1).value, 6)
    0.268251
    """
    exponent = drawdown_limit(alpha, beta)
    return exponent if isinstance(exponent, Term) else Term(min(1.0, 2.0 / (1.0 + exponent)))


def risk_constrained_kelly(
    returns: Sequence[float], probabilities: Sequence[float], alpha: float = 0.8, beta: float = 0.05
) -> Term:
    """Kelly fraction under P(wealth ever below alpha) < beta (Busseti, Ryu & Boyd 2016).

    Maximises E ln(1 + f r) subject to E (1 + f r)^-lambda <= 1, lambda = ln beta / ln alpha:
    the Kelly fraction where it satisfies the limit, else the root below it, never above.

    >>> round(risk_constrained_kelly([1.0, -1.0], [0.55, 0.45], alpha=0.7, beta=0.1).value, 9)
    0.026899743
    """
    exponent = drawdown_limit(alpha, beta)
    if isinstance(exponent, Term):
        return exponent
    full = kelly_discrete(returns, probabilities)
    pairs = [(r, p) for r, p in zip(returns, probabilities, strict=False) if p > 0.0]

    def within(f: float) -> bool:
        powers = [-exponent * math.log1p(f * r) for r, _ in pairs]
        if max(powers) > EXPONENT_MAX:
            return False
        return math.fsum(p * math.expm1(power) for (_, p), power in zip(pairs, powers, strict=True)) <= 0.0

    if full.value == 0.0 or within(full.value):
        return full
    return positive(bisect(within, 0.0, full.value), "the size that the drawdown limit allows")


def ruin_probability(p: float, start: int, goal: int | None = None) -> float:
    """Probability that unit bets won with probability p lose start units before reaching goal.

    (rho^i - rho^N) / (1 - rho^N), rho = (1-p)/p; goal None is N without bound: rho^i, or 1
    without an edge. p in [0, 1] and 0 < start < goal, else ValueError.

    >>> round(ruin_probability(0.55, 5, 20), 10), round(ruin_probability(0.55, 5), 10)
    (0.3549914996, 0.3666478321)
    """
    if not 0.0 <= p <= 1.0 or start < 1 or (goal is not None and goal <= start):
        raise ValueError(f"p in [0, 1] and 0 < start < goal needed: p={p}, start={start}, goal={goal}")
    if p in (0.0, 1.0):
        return 1.0 - p
    rho = (1.0 - p) / p
    if goal is None:
        return 1.0 if rho >= 1.0 else rho**start
    if rho == 1.0:
        return 1.0 - start / goal
    if rho > 1.0:
        return (1.0 - rho ** (start - goal)) / (1.0 - rho**-goal)
    return (rho**start - rho**goal) / (1.0 - rho**goal)


def lundberg_exponent(outcomes: Sequence[float], probabilities: Sequence[float]) -> float:
    """Exponent theta of the bound on ruin P(ruin from u) <= e^(-theta u) for fixed bets.

    The positive root of E e^(-theta X) = 1 (Lundberg 1903); 0 without a positive mean. A bad
    table of outcomes, or one that cannot lose, is a ValueError.

    >>> round(lundberg_exponent([1.0, -1.0], [0.55, 0.45]), 10)
    0.2006706955
    """
    bad = outcomes_refusal(outcomes, probabilities)
    if bad:
        raise ValueError(bad.reason)
    pairs = [(x, p) for x, p in zip(outcomes, probabilities, strict=True) if p > 0.0]
    worst = min(x for x, _ in pairs)
    if worst >= 0.0:
        raise ValueError(f"no outcome loses (the worst is {worst}): ruin cannot happen")
    if math.fsum(x * p for x, p in pairs) <= 0.0:
        return 0.0

    def below_one(theta: float) -> bool:
        return math.fsum(p * math.expm1(min(-theta * x, EXPONENT_MAX)) for x, p in pairs) < 0.0

    high = EXPONENT_MAX / -worst  # the losing outcome alone is past 1 here
    return bisect(below_one, 0.0, high)


def kelly_from_sharpe(sharpe: float, sigma: float) -> Term:
    """Kelly fraction from an annual Sharpe ratio and an annual volatility, SR / sigma.

    Its growth is SR^2 / 2 above the risk-free rate. Use a lower bound of the Sharpe ratio
    in practice, or estimation_shrink.

    >>> kelly_from_sharpe(1.0, 0.10).value
    10.0
    """
    bad = refusal(sharpe=sharpe, sigma=sigma)
    if bad:
        return bad
    if sigma <= 0.0:
        return Term(0.0, f"sigma must be above 0, got {sigma}")
    return positive(sharpe / sigma, "SR / sigma")


def estimation_shrink(sharpe: float, years: float) -> Term:
    """Part of Kelly to bet when the Sharpe ratio was measured over so many years.

    c* = SR^2 / (SR^2 + 1 / T) maximises the expected growth c SR^2 - c^2 (SR^2 + 1/T) / 2
    when the estimated drift has the variance sigma^2 / T. No edge leaves 0.

    >>> round(estimation_shrink(1.0, 5.0).value, 6)
    0.833333
    """
    bad = refusal(sharpe=sharpe, years=years)
    if bad:
        return bad
    if years <= 0.0 or sharpe <= 0.0:
        return Term(0.0, f"years and the Sharpe ratio must be above 0: {years}, {sharpe}")
    square = min(sharpe, 1e100) ** 2 * years
    return positive(square / (square + 1.0) if square < 1e15 else 1.0, "the shrunk part")
