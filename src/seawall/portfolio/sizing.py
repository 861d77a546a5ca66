"""How much: volatility target, stop distance, drawdown brake, and the smallest of all terms.

Rule 1: the weight is the smallest of its terms; multipliers can only make it smaller still.
Rule 2: a term that is not a finite number makes the weight 0, and the reason names it.
Rule 3: every term that was asked is recorded, and the one that bound is named.
Rule 4: betting more after a win means a return to 1, never above.

Theory: a desk has many opinions of how large a position may be (the growth of Kelly, a
drawdown limit, a volatility target, the distance of the stop, its limits). Each is a fraction
of the equity; the position is the most careful of them, then reduced by regime, drawdown and
the strength of the signal.
"""

import math
from collections.abc import Mapping

import msgspec

from seawall.portfolio.kelly import Term, refusal

__all__ = [
    "Sizing",
    "atr_quantity",
    "atr_weight",
    "below_no_trade_band",
    "compose",
    "drawdown_brake",
    "volatility_target",
]


class Sizing(msgspec.Struct, frozen=True):
    """A size with its reasons.

    weight is a fraction of the equity, >= 0; terms holds every cap and every multiplier by
    name; binding names the smallest cap; reason says why the weight is 0, and is else empty.
    """

    weight: float
    terms: dict[str, float]
    binding: str
    reason: str = ""


def volatility_target(target: float, forecast: float, annualisation: float = 1.0, cap: float = 1.0) -> Term:
    """Weight that brings the forecast volatility to the target, at most the cap.

    w = target / (forecast sqrt(A)) (Moreira & Muir 2017; Harvey et al. 2018). target is
    annual; forecast is that of one of the A periods of a year (1: it is annual already).

    >>> round(volatility_target(0.10, 0.0125, annualisation=252).value, 6)
    0.503953
    """
    bad = refusal(target=target, forecast=forecast, annualisation=annualisation, cap=cap)
    if bad:
        return bad
    annual = forecast * math.sqrt(annualisation) if annualisation > 0.0 else 0.0
    if target <= 0.0 or annual <= 0.0 or cap < 0.0:
        return Term(0.0, f"volatilities must be above 0 and the cap at least 0: {target}, {forecast}, {cap}")
    return Term(min(target / annual, cap))


def atr_quantity(
    equity: float, risk: float, atr: float, k: float = 2.0, point_value: float = 1.0, lot: float = 1.0
) -> Term:
    """Quantity whose stop, k average true ranges away, costs the fraction risk of the equity.

    floor to lots of equity * risk / (k * ATR * point value); ATR in price, point_value in
    currency per unit of price and quantity (Wilder 1978 for the range).

    >>> atr_quantity(equity=50_000, risk=0.01, atr=2.4, k=2).value
    104.0
    """
    bad = refusal(equity=equity, risk=risk, atr=atr, k=k, point_value=point_value, lot=lot)
    if bad:
        return bad
    if min(equity, risk, atr, k, point_value, lot) <= 0.0:
        return Term(0.0, f"equity {equity}, risk {risk}, ATR {atr}, k {k}, lot {lot}: all must be above 0")
    loss_a_lot = k * atr * point_value * lot
    lots = equity * risk / loss_a_lot if loss_a_lot > 0.0 else math.inf
    if not math.isfinite(lots):
        return Term(0.0, f"the stop at {k} times {atr} is too near to size on")
    quantity = math.floor(lots) * lot
    if quantity == 0.0:
        return Term(0.0, f"one lot loses {loss_a_lot} at the stop: more than the risk")
    return Term(quantity)


def atr_weight(
    equity: float,
    price: float,
    risk: float,
    atr: float,
    k: float = 2.0,
    point_value: float = 1.0,
    lot: float = 1.0,
) -> Term:
    """The same quantity as a fraction of the equity: quantity * price * point value / equity.

    >>> round(atr_weight(equity=50_000, price=120.0, risk=0.01, atr=2.4, k=2).value, 6)
    0.2496
    """
    quantity = atr_quantity(equity, risk, atr, k, point_value, lot)
    if quantity.reason:
        return quantity
    weight = quantity.value * price * point_value / equity
    if not math.isfinite(weight) or weight <= 0.0:
        return Term(0.0, f"price is {price}: not a finite number above 0")
    return Term(weight)


def drawdown_brake(equity: float, peak: float, stop: float = 0.20) -> Term:
    """Multiplier that falls from 1 at the peak to 0 at the drawdown stop.

    clip((W - a M) / ((1 - a) W), 0, 1), a = 1 - stop, M the peak (Grossman & Zhou 1993). A
    peak below the equity counts as the equity. stop in (0, 1].

    >>> drawdown_brake(100.0, 100.0).value, round(drawdown_brake(90.0, 100.0).value, 6)
    (1.0, 0.555556)
    >>> drawdown_brake(80.0, 100.0).reason
    'equity 80.0 stands at or below the stop 20.00% under the peak 100.0'
    """
    bad = refusal(equity=equity, peak=peak, stop=stop)
    if bad:
        return bad
    if not 0.0 < stop <= 1.0 or equity <= 0.0:
        return Term(0.0, f"equity must be above 0 and the stop in (0, 1]: {equity}, {stop}")
    multiplier = 1.0 - (1.0 - stop) / stop * (peak / equity - 1.0)
    if not multiplier > 1e-12:  # at the stop exactly, rounding must not leave a crumb of risk
        return Term(0.0, f"equity {equity} stands at or below the stop {stop:.2%} under the peak {peak}")
    return Term(min(1.0, multiplier))


def below_no_trade_band(target: float, current: float, band: float = 0.10, minimum: float = 0.0) -> bool:
    """Whether a change is too small to trade: below band of the target, or below the minimum.

    All in one unit of money or weight. Values that are not finite are below: nothing is traded.

    >>> below_no_trade_band(1.0, 0.95), below_no_trade_band(1.0, 0.85), below_no_trade_band(0.0, 0.85)
    (True, False, False)
    """
    change = abs(target - current)
    return not (0.0 < change < math.inf and change >= band * abs(target) and change >= minimum)


def compose(
    caps: Mapping[str, Term | float],
    multipliers: Mapping[str, Term | float] | None = None,
    strength: float = 1.0,
) -> Sizing:
    """The smallest of the caps times every multiplier times the root of the signal's strength.

    caps are fractions of the equity by name (kelly, risk_constrained, volatility, atr, target,
    limits: those that the desk uses), multipliers and strength count as at most 1 (regime,
    drawdown). weight = min(caps) * prod(multipliers) * sqrt(strength). No cap at all, or a
    value that is not finite, is a weight of 0 with a reason.

    >>> size = compose({"kelly": 0.5, "volatility": 0.4}, {"drawdown": 0.5}, strength=0.25)
    >>> size.weight, size.binding, size.reason
    (0.1, 'volatility', '')
    >>> compose({"kelly": Term(0.0, "mu / sigma^2 is not positive: no edge")}).reason
    'kelly: mu / sigma^2 is not positive: no edge'
    """
    factors = {**(multipliers or {}), "strength": strength}
    clash = sorted(caps.keys() & factors.keys())
    if clash:
        raise ValueError(f"the same name stands for a cap and a multiplier: {clash}")
    terms: dict[str, float] = {}
    reasons: list[str] = []
    for name, given in [*caps.items(), *factors.items()]:
        term = given if isinstance(given, Term) else Term(float(given))
        if not math.isfinite(term.value):
            term = Term(0.0, f"{term.value} is not a finite number")
        terms[name] = max(term.value, 0.0) if name in caps else min(max(term.value, 0.0), 1.0)
        if terms[name] == 0.0:
            reasons.append(f"{name}: {term.reason or 'it is 0'}")
    if not caps:
        return Sizing(0.0, terms, "", "no term: nothing says how much")
    binding = min(caps, key=terms.__getitem__)
    weight = terms[binding] * math.sqrt(terms["strength"])
    for name in multipliers or {}:
        weight *= terms[name]
    if weight > 0.0:
        return Sizing(weight, terms, binding)
    return Sizing(0.0, terms, binding, "; ".join(reasons) or "the terms multiply to less than a float holds")
