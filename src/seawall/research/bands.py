"""How people read the figures of performance: a meaning in one line, and bands with a word each.

Rule 1: a band is a habit of the trade, not a law; it is printed beside the figure, never instead.
Rule 2: too good is a reading of its own: a simulated Sharpe ratio above 3 is suspicious first.
Rule 3: a figure without a habit has a meaning and no bands.
"""

import math

import msgspec

__all__ = ["METRICS", "Metric", "reading", "scale", "tone"]

GOOD, PLAIN, CARE, BAD = "good", "plain", "care", "bad"


class Metric(msgspec.Struct, frozen=True):
    """One figure: its label, its meaning, its unit, and its bands as (upper end, word, tone)."""

    label: str
    meaning: str
    unit: str  # ratio, percent, days, count, bps, money
    bands: tuple[tuple[float, str, str], ...] = ()


SHARPE = (
    (0.0, "loses", BAD),
    (0.5, "weak", CARE),
    (1.0, "fair", PLAIN),
    (2.0, "good", GOOD),
    (3.0, "very good", GOOD),
    (math.inf, "suspicious", CARE),
)

METRICS = {
    "total_return": Metric("Total return", "growth of the equity, costs included", "percent"),
    "cagr": Metric(
        "CAGR",
        "the same growth as a rate a year",
        "percent",
        (
            (0.0, "loses", BAD),
            (0.03, "like cash", CARE),
            (0.07, "modest", PLAIN),
            (0.12, "like equities", PLAIN),
            (0.30, "high", GOOD),
            (math.inf, "suspicious", CARE),
        ),
    ),
    "annual_volatility": Metric(
        "Volatility",
        "annual standard deviation of daily returns",
        "percent",
        (
            (0.05, "bond-like", PLAIN),
            (0.12, "moderate", PLAIN),
            (0.20, "like equities", PLAIN),
            (0.35, "high", CARE),
            (math.inf, "very high", BAD),
        ),
    ),
    "sharpe": Metric("Sharpe", "return for each unit of volatility, risk-free rate 0", "ratio", SHARPE),
    "lo_adjusted_sharpe": Metric(
        "Sharpe, autocorrelation allowed for", "far below Sharpe: returns are smoothed", "ratio", SHARPE
    ),
    "probabilistic_sharpe": Metric(
        "P(true Sharpe > 0)",
        "one strategy tried; more trials need a deflated ratio",
        "percent",
        ((0.90, "not shown", CARE), (0.95, "nearly shown", PLAIN), (math.inf, "shown", GOOD)),
    ),
    "minimum_track_record": Metric(
        "Track record needed", "days until that probability is 95 % at this Sharpe", "days"
    ),
    "sortino": Metric(
        "Sortino",
        "return for each unit of downside deviation",
        "ratio",
        (
            (0.0, "loses", BAD),
            (1.0, "weak", CARE),
            (2.0, "good", GOOD),
            (4.0, "very good", GOOD),
            (math.inf, "suspicious", CARE),
        ),
    ),
    "max_drawdown": Metric(
        "Maximum drawdown",
        "deepest fall from a peak, at daily closes",
        "percent",
        (
            (-0.50, "severe", BAD),
            (-0.35, "very deep", BAD),
            (-0.20, "deep", CARE),
            (-0.10, "usual", PLAIN),
            (math.inf, "shallow", GOOD),
        ),
    ),
    "calmar": Metric(
        "Calmar",
        "CAGR for each unit of maximum drawdown",
        "ratio",
        (
            (0.0, "loses", BAD),
            (0.5, "weak", CARE),
            (1.0, "fair", PLAIN),
            (3.0, "good", GOOD),
            (math.inf, "suspicious", CARE),
        ),
    ),
    "average_drawdown": Metric("Average drawdown", "mean depth of all falls from a peak", "percent"),
    "longest_underwater": Metric(
        "Longest under water",
        "days below a former peak, in a row",
        "days",
        (
            (63, "short", GOOD),
            (252, "usual", PLAIN),
            (756, "long", CARE),
            (math.inf, "very long", BAD),
        ),
    ),
    "skewness": Metric(
        "Skewness",
        "below 0: the large days are losses",
        "ratio",
        ((-0.5, "left tail", CARE), (0.5, "even", PLAIN), (math.inf, "right tail", GOOD)),
    ),
    "kurtosis": Metric(
        "Kurtosis",
        "weight of extreme days; a normal has 3",
        "ratio",
        ((4.0, "near normal", PLAIN), (10.0, "fat tails", PLAIN), (math.inf, "very fat tails", CARE)),
    ),
    "trades": Metric(
        "Closed trades",
        "few trades prove little",
        "count",
        ((30, "too few to judge", CARE), (100, "few", PLAIN), (math.inf, "enough", GOOD)),
    ),
    "win_rate": Metric(
        "Win rate",
        "winners among trades that won or lost; read it with payoff",
        "percent",
        (
            (0.35, "as trend following", PLAIN),
            (0.60, "usual", PLAIN),
            (0.75, "high", GOOD),
            (math.inf, "look for hidden tails", CARE),
        ),
    ),
    "profit_factor": Metric(
        "Profit factor",
        "money won for each unit lost",
        "ratio",
        (
            (1.0, "loses", BAD),
            (1.3, "thin", CARE),
            (1.75, "fair", PLAIN),
            (3.0, "good", GOOD),
            (math.inf, "suspicious", CARE),
        ),
    ),
    "payoff_ratio": Metric(
        "Payoff",
        "average win over average loss",
        "ratio",
        ((1.0, "needs many wins", PLAIN), (2.0, "usual", PLAIN), (math.inf, "as trend following", PLAIN)),
    ),
    "expectancy": Metric("Expectancy", "mean result of a trade, net of fees", "money"),
    "system_quality": Metric(
        "System quality",
        "evenness of trade results (SQN of Tharp)",
        "ratio",
        (
            (0.0, "loses", BAD),
            (1.6, "poor", CARE),
            (2.0, "average", PLAIN),
            (3.0, "good", GOOD),
            (5.0, "excellent", GOOD),
            (math.inf, "suspicious", CARE),
        ),
    ),
    "turnover": Metric(
        "Turnover a year",
        "traded notional over average equity",
        "ratio",
        (
            (2.0, "low", PLAIN),
            (12.0, "moderate", PLAIN),
            (50.0, "high", CARE),
            (math.inf, "very high", CARE),
        ),
    ),
    "average_gross": Metric(
        "Average gross exposure",
        "gross positions over equity",
        "percent",
        ((0.5, "mostly cash", PLAIN), (1.0, "unlevered", PLAIN), (math.inf, "levered", CARE)),
    ),
    "cost_bps": Metric(
        "Cost of trading",
        "spread, impact, delay and fees in bps of traded notional",
        "bps",
        ((5.0, "low", PLAIN), (20.0, "moderate", PLAIN), (math.inf, "high", CARE)),
    ),
}
"""Every figure that the report shows, in its order."""


def band(name: str, value: float | None) -> tuple[str, str]:
    """The word and the tone of the band in which the value lies; nothing where there is none."""
    if value is None:
        return "", PLAIN
    for upper, word, colour in METRICS[name].bands:
        if value < upper:
            return word, colour
    return "", PLAIN


def reading(name: str, value: float | None) -> str:
    """The word for a value, an upper end belonging to the band above it; empty without bands.

    >>> reading("sharpe", 1.0), reading("sharpe", 4.0), reading("sharpe", None)
    ('good', 'suspicious', '')
    """
    return band(name, value)[0]


def tone(name: str, value: float | None) -> str:
    """How the reading is coloured: good, plain, care or bad.

    >>> tone("sharpe", 4.0)
    'care'
    """
    return band(name, value)[1]


def edge(upper: float, unit: str) -> str:
    """The end of a band as it is printed."""
    text = f"{upper * 100:.0f}%" if unit == "percent" else f"{upper:g}"
    return text.replace("-", "\N{MINUS SIGN}")


def scale(name: str) -> str:
    """All bands in one line, for the reader who wants to know the ends.

    >>> scale("probabilistic_sharpe")
    '< 90% not shown · < 95% nearly shown · else shown'
    """
    metric = METRICS[name]
    below = [f"< {edge(upper, metric.unit)} {word}" for upper, word, _ in metric.bands[:-1]]
    return " · ".join([*below, *(f"else {word}" for _, word, _ in metric.bands[-1:])])
