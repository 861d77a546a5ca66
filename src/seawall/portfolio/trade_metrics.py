"""What closed trades say: how often, how much, and how steadily they won.

Rule 1: one value per closed trade, net of fees; money or multiples of the initial risk, any unit.
Rule 2: a trade that made exactly nothing is neither a win nor a loss.
Rule 3: what is undefined is None, never infinity: no losing trade leaves no profit factor.
"""

import math
from collections.abc import Sequence

__all__ = ["expectancy", "payoff_ratio", "profit_factor", "r_multiples", "system_quality", "win_rate"]


def wins_and_losses(outcomes: Sequence[float]) -> tuple[list[float], list[float]]:
    """The winning and the losing outcomes; one that is not finite is a ValueError."""
    for place, outcome in enumerate(outcomes):
        if not math.isfinite(outcome):
            raise ValueError(f"trade {place} has the outcome {outcome}, a finite number is needed")
    return [value for value in outcomes if value > 0], [value for value in outcomes if value < 0]


def win_rate(outcomes: Sequence[float]) -> float | None:
    """Wins over wins plus losses, zeros left out; None where no trade won or lost.

    >>> win_rate([5, -2, 0, 1])
    0.6666666666666666
    """
    wins, losses = wins_and_losses(outcomes)
    decided = len(wins) + len(losses)
    return len(wins) / decided if decided else None


def profit_factor(outcomes: Sequence[float]) -> float | None:
    """Sum of wins over the absolute sum of losses; None without a loss.

    >>> profit_factor([5, -2, 0, 1]), profit_factor([5, 1])
    (3.0, None)
    """
    wins, losses = wins_and_losses(outcomes)
    return math.fsum(wins) / -math.fsum(losses) if losses else None


def payoff_ratio(outcomes: Sequence[float]) -> float | None:
    """Average win over the average absolute loss; None without both.

    >>> payoff_ratio([5, -2, 0, 1])
    1.5
    """
    wins, losses = wins_and_losses(outcomes)
    if not wins or not losses:
        return None
    return (math.fsum(wins) / len(wins)) / (-math.fsum(losses) / len(losses))


def expectancy(outcomes: Sequence[float]) -> float | None:
    """Mean outcome of a trade, zeros included; None without a trade.

    >>> expectancy([5, -2, 0, 1])
    1.0
    """
    wins, losses = wins_and_losses(outcomes)
    return (math.fsum(wins) + math.fsum(losses)) / len(outcomes) if outcomes else None


def system_quality(outcomes: Sequence[float]) -> float | None:
    """System quality number, sqrt(n) mean / std(ddof=1) (Tharp 2008); None where nothing varies.

    >>> round(system_quality([1.8, -1.0, 2.0, -1.0]), 6)
    0.536895
    """
    mean = expectancy(outcomes)
    if mean is None or len(outcomes) < 2:
        return None
    square = math.fsum((outcome - mean) ** 2 for outcome in outcomes)
    deviation = math.sqrt(square / (len(outcomes) - 1))
    if deviation <= 1e-12 * max(abs(outcome) for outcome in outcomes):
        return None
    return math.sqrt(len(outcomes)) * mean / deviation


def r_multiples(outcomes: Sequence[float], initial_risks: Sequence[float]) -> list[float]:
    """Each net outcome as a multiple of what the trade risked at its start, R = pnl / risk.

    Both of shape (n,), risks above 0: else ValueError.

    >>> r_multiples([500, -250], [250, 250])
    [2.0, -1.0]
    """
    if len(outcomes) != len(initial_risks):
        raise ValueError(f"{len(outcomes)} outcomes against {len(initial_risks)} risks")
    for place, risk in enumerate(initial_risks):
        if not 0 < risk < math.inf:
            raise ValueError(f"trade {place} has the initial risk {risk}, above 0 is needed")
    wins_and_losses(outcomes)
    return [outcome / risk for outcome, risk in zip(outcomes, initial_risks, strict=True)]
