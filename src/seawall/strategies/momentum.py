"""Time-series momentum, sized with care: the demonstration policy. It is not tuned, and no advice.

Rule 1: it enters when the momentum score is past `entry` and leaves when it is back at `exit`;
        the gap between the two is its hysteresis.
Rule 2: the weight is the smallest of a part of Kelly, a volatility target and a cap, and it is
        changed at most every `rebalance_bars`, and then only beyond `band`.
Rule 3: what the desk's exits have closed is not bought back on the same signal: the score has to
        fall below `entry` first.

Theory (Moskowitz, Ooi & Pedersen 2012): z = ln(close / close n bars ago) / (sigma sqrt(n)) is the
t-value of the drift over n bars. Its plug-in estimate is mu = z sigma / sqrt(n) a bar, so that
Kelly is mu / sigma^2 = z / (sigma sqrt(n)). An estimate over n bars is worth the part
z^2 / (z^2 + 1) of itself (the shrink of a Sharpe ratio measured over that time); that part is
the confidence with which the fraction of Kelly is multiplied.
"""

import math

from seawall.features.bars import EwmaVolatility, MomentumScore
from seawall.model.errors import ConfigError
from seawall.model.intents import Exits, Target
from seawall.portfolio.kelly import estimation_shrink, fractional_kelly, kelly_continuous
from seawall.portfolio.sizing import Sizing, below_no_trade_band, compose, volatility_target
from seawall.strategies.view import View
from seawall.strategies.wakes import OnBarClose

__all__ = ["Momentum"]


class Momentum:
    """Follows the trend of each instrument on its own.

    window, volatility_window: bars of the score; volatility_span: EWMA span of sigma in bars;
    entry, exit: scores; shorts: may go short as well; kelly_fraction: part c of Kelly;
    volatility_annual: target of one position, a year; weight_max: cap, as a fraction of equity;
    band: relative change of the weight that is worth trading; rebalance_bars: between two
    changes; retry_bars: between two attempts to enter; trailing: distance of the trailing stop
    as a fraction of the best price; time_bars: longest holding; bars_per_year: to annualise.

    >>> size = Momentum().size(z=1.5, sigma=0.02)
    >>> round(size.weight, 4), size.binding
    (0.2362, 'volatility')
    """

    wakes = (OnBarClose(),)

    def __init__(
        self,
        *,
        window: int = 60,
        volatility_window: int = 60,
        volatility_span: int = 32,
        entry: float = 1.0,
        exit: float = 0.0,  # noqa: A002
        shorts: bool = False,
        kelly_fraction: float = 0.25,
        volatility_annual: float = 0.075,
        weight_max: float = 0.24,
        band: float = 0.2,
        rebalance_bars: int = 21,
        retry_bars: int = 5,
        trailing: float = 0.15,
        time_bars: int = 250,
        bars_per_year: int = 252,
    ) -> None:
        if not math.isfinite(entry) or not 0.0 <= exit < entry:
            raise ConfigError(f"momentum: 0 <= exit < entry is needed, got exit {exit} and entry {entry}")
        if not (0.0 < kelly_fraction <= 1.0 and weight_max > 0.0 and volatility_annual > 0.0):
            raise ConfigError("momentum: kelly_fraction in (0, 1], weight_max and volatility_annual above 0")
        if band < 0.0 or min(rebalance_bars, retry_bars, bars_per_year) < 1:
            raise ConfigError("momentum: band must not be negative, and bars must be at least 1")
        score = MomentumScore(window, volatility_window)
        volatility = EwmaVolatility(volatility_span)
        self.features = (score, volatility)
        self.window, self.entry, self.exit, self.shorts = window, entry, exit, shorts
        self.kelly_fraction, self.volatility_annual = kelly_fraction, volatility_annual
        self.weight_max, self.band, self.bars_per_year = weight_max, band, bars_per_year
        self.rebalance_bars, self.retry_bars = rebalance_bars, retry_bars
        self.exits = Exits(trailing=trailing or None, time_bars=time_bars or None)
        # The memory: what was asked for, bars since, whether it was held, the side that is barred.
        self.wanted: dict[str, float] = {}
        self.waited: dict[str, int] = {}
        self.held: dict[str, bool] = {}
        self.barred: dict[str, int] = {}

    def decide(self, view: View) -> list[Target]:
        """Targets for the instruments whose bar has just closed and whose position should change."""
        wants: list[Target] = []
        for name in view.updated:
            z = view.feature(self.features[0].name, name)
            sigma = view.feature(self.features[1].name, name)
            if not math.isnan(z) and not math.isnan(sigma):
                want = self._consider(view, name, z, sigma)
                if want is not None:
                    wants.append(want)
        return wants

    def size(self, z: float, sigma: float) -> Sizing:
        """The weight of a position, without its sign, from the score and the volatility of a bar."""
        strength = abs(z)
        mu = strength * sigma / math.sqrt(self.window)
        years = self.window / self.bars_per_year
        confidence = estimation_shrink(strength / math.sqrt(years), years).value
        kelly = kelly_continuous(mu, sigma)
        part = fractional_kelly(kelly.value, self.kelly_fraction * confidence, cap=1.0)
        volatility = volatility_target(self.volatility_annual, sigma, self.bars_per_year, cap=1.0)
        return compose({"kelly": part, "volatility": volatility, "cap": self.weight_max})

    def _consider(self, view: View, name: str, z: float, sigma: float) -> Target | None:
        """What to do about one instrument at its close."""
        position = view.position(name)
        self.waited[name] = self.waited.get(name, 0) + 1
        self._notice_exit(name, position, z)
        wanted = self.wanted.get(name, 0.0)
        side = _sign(position) or _sign(wanted)
        if side and side * z <= self.exit:
            return self._leave(view, name, position, z)
        if view.working(name):  # one thing at a time: an order or a protective exit is under way
            return None
        if position:
            if self.waited[name] < self.rebalance_bars:
                return None
            size = self.size(z, sigma)
            if size.weight == 0.0 or below_no_trade_band(size.weight, abs(wanted), self.band):
                return None
            return self._want(name, side, size, "weight moved beyond its band", z, sigma)
        return self._enter(name, z, sigma)

    def _notice_exit(self, name: str, position: int, z: float) -> None:
        """Sees that the desk's exits have closed what was wanted, and bars its side for now."""
        wanted = self.wanted.get(name, 0.0)
        if self.held.get(name) and position == 0 and wanted:
            self.barred[name] = _sign(wanted)
            self.wanted[name] = 0.0
        self.held[name] = position != 0
        if z * self.barred.get(name, 0) < self.entry:
            self.barred[name] = 0

    def _leave(self, view: View, name: str, position: int, z: float) -> Target | None:
        """Flat; what was asked for and never came needs an intent only while it is working."""
        self.wanted[name] = 0.0
        if position == 0 and not view.working(name):
            return None
        self.waited[name] = 0
        values = {"z": z, "exit": self.exit}
        return Target(name, weight=0.0, reason="momentum fell back to its exit", values=values)

    def _enter(self, name: str, z: float, sigma: float) -> Target | None:
        """A new position, when the score is past the entry on a side that is open to us."""
        side = 1 if z >= self.entry else (-1 if self.shorts and z <= -self.entry else 0)
        if not side or self.barred[name] == side:
            return None
        if self.wanted.get(name, 0.0) and self.waited[name] < self.retry_bars:
            return None
        size = self.size(z, sigma)
        if size.weight == 0.0:
            return None
        reason = "momentum is above its entry" if side > 0 else "momentum is below its short entry"
        return self._want(name, side, size, reason, z, sigma)

    def _want(self, name: str, side: int, size: Sizing, reason: str, z: float, sigma: float) -> Target:
        self.wanted[name] = side * size.weight
        self.waited[name] = 0
        values = {"z": z, "entry": self.entry, "sigma": sigma, **size.terms, "weight": side * size.weight}
        return Target(name, weight=side * size.weight, reason=reason, values=values, exits=self.exits)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
