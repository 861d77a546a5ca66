"""A policy in twenty lines: run it with `strategy.path = "threshold.py"`."""

from seawall.model.intents import Target
from seawall.strategies.wakes import OnBarClose


class Threshold:
    """Hold `weight` of the equity from a close at or below `low` to one at or above `high`."""

    wakes = (OnBarClose(),)
    features = ()

    def __init__(self, low=90.0, high=110.0, weight=0.2):
        self.low, self.high, self.weight = low, high, weight

    def decide(self, view):
        """Targets for the instruments whose bar has just closed."""
        for name in view.updated:
            close, held = view.close(name), view.position(name)
            values = {"close": close, "low": self.low, "high": self.high}
            if close <= self.low and held == 0:
                yield Target(name, weight=self.weight, reason="close is at the low", values=values)
            elif close >= self.high and held > 0:
                yield Target(name, weight=0.0, reason="close is at the high", values=values)
