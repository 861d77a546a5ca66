"""The trivial policy: buy when the close falls to a level, sell when it has risen to another.

Rule: it is meant to be read. The same twenty lines stand in examples/threshold.py and README.
"""

from seawall.model.intents import Target
from seawall.strategies.view import View
from seawall.strategies.wakes import OnBarClose

__all__ = ["Threshold"]


class Threshold:
    """Hold `weight` of the equity from a close at or below `low` to one at or above `high`.

    low, high: closes in currency; weight: fraction of the equity, of each instrument.

    >>> Threshold(low=90.0, high=110.0).weight
    0.2
    """

    wakes = (OnBarClose(),)
    features = ()

    def __init__(self, low: float = 90.0, high: float = 110.0, weight: float = 0.2) -> None:
        self.low, self.high, self.weight = low, high, weight

    def decide(self, view: View) -> list[Target]:
        """Targets for the instruments whose bar has just closed."""
        wants: list[Target] = []
        for name in view.updated:
            close, held = view.close(name), view.position(name)
            values = {"close": close, "low": self.low, "high": self.high}
            if close <= self.low and held == 0:
                wants.append(Target(name, weight=self.weight, reason="close is at the low", values=values))
            elif close >= self.high and held > 0:
                wants.append(Target(name, weight=0.0, reason="close is at the high", values=values))
        return wants
