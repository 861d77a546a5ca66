"""The start-up lint of limits: each can bind, and none contradicts another.

Rule 1: a cap that the market never lets anybody reach is no cap. Merrill's was 5,000,000
        shares on a stock that traded 79,000 a day (CONTROLS C6).
Rule 2: the lint looks at settings and volumes only; a desk that fails it does not start.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from seawall.model.errors import ConfigError
from seawall.model.instruments import Instrument
from seawall.model.units import share_ceil
from seawall.risk.limits import RiskSettings, instrument_setting, to_limits

__all__ = ["VOLUME_SHARE_DEFAULT", "limit_problems", "lint"]

VOLUME_SHARE_DEFAULT = 50_000
"""The share of the average volume, in ppm, against which an order cap is judged where the
desk has switched its own share off."""


def lint(
    settings: RiskSettings,
    instruments: Sequence[Instrument],
    volumes: Mapping[str, int],
    currency: str = "USD",
) -> None:
    """Refuses limits that cannot do their work: a ConfigError with all of `limit_problems`."""
    problems = limit_problems(settings, instruments, volumes, currency)
    if problems:
        raise ConfigError("risk: " + "; ".join(problems))


def limit_problems(
    settings: RiskSettings,
    instruments: Sequence[Instrument],
    volumes: Mapping[str, int],
    currency: str = "USD",
) -> tuple[str, ...]:
    """What is wrong with the limits, one sentence each; empty if nothing is.

    volumes: average daily volume in lots by instrument name; one that is left out cannot be
    judged and is passed over (the gate refuses its orders by UNKNOWN_VOLUME). Settings that
    cannot be read at all are a ConfigError.

    >>> from decimal import Decimal
    >>> osg = Instrument(name="OSG", tick=Decimal("0.01"))
    >>> print(limit_problems(RiskSettings(order_lots_max=5_000_000), [osg], {"OSG": 79_000})[0])
    OSG: order_lots_max 5000000 is above 3950 lots, 5 % of the average volume of 79000: it cannot bind
    """
    limits, each = to_limits(settings, instruments, currency)
    problems = _desk_problems(limits[0], settings)
    for number, instrument in enumerate(instruments):
        problems += _instrument_problems(limits[0], each[number], settings, instrument.name)
        problems += _volume_problems(each[number], instrument.name, volumes.get(instrument.name, 0))
    return tuple(problems)


def _desk_problems(limits: Any, settings: RiskSettings) -> list[str]:
    """What can be said without looking at an instrument."""
    problems: list[str] = []
    if 0 <= limits["unexecuted_notional_minor_max"] < limits["order_notional_minor_max"]:
        problems.append(
            f"unexecuted_notional_max {settings.unexecuted_notional_max} is below order_notional_max "
            f"{settings.order_notional_max}: the largest allowed order could never go"
        )
    if 0 <= limits["gross_ppm_max"] < limits["net_ppm_max"]:
        problems.append(f"net_max {settings.net_max} is above gross_max {settings.gross_max}: it cannot bind")
    if 0 <= limits["leverage_ppm_max"] < limits["gross_ppm_max"]:
        problems.append(
            f"gross_max {settings.gross_max} is above leverage_max {settings.leverage_max}: it cannot bind"
        )
    for field, key in _TRIPS_AT_ONCE.items():
        if limits[field] == 0:
            problems.append(f"{key} is 0: it trips before the first order")
    return problems


_TRIPS_AT_ONCE = {
    "daily_loss_minor_max": "daily_loss_max",
    "daily_loss_ppm_max": "daily_loss_share_max",
    "drawdown_ppm_max": "drawdown_max",
}


def _instrument_problems(limits: Any, row: Any, settings: RiskSettings, name: str) -> list[str]:
    """Where the limits of one instrument contradict each other or the desk's."""
    problems: list[str] = []
    collar = instrument_setting(settings, name, "price_collar")
    if row["collar_ppm"] < 0:
        problems.append(f"{name}: price_collar is none, so every market order is naked and refused")
    if row["collar_ppm"] > limits["emergency_collar_ppm"]:
        problems.append(
            f"{name}: price_collar {collar} is wider than emergency_collar {settings.emergency_collar}"
        )
    if 0 <= limits["order_notional_minor_max"] < row["order_notional_minor_max"]:
        problems.append(f"{name}: order_notional_max is above the desk's: it cannot bind")
    if 0 <= limits["open_orders_max"] < row["open_orders_max"]:
        problems.append(f"{name}: open_orders_max is above the desk's: it cannot bind")
    if 0 <= limits["gross_ppm_max"] < row["single_name_ppm_max"]:
        problems.append(f"{name}: single_name_max is above gross_max: it cannot bind")
    return problems


def _volume_problems(row: Any, name: str, volume: int) -> list[str]:
    """Whether the cap on one order is within the share of the volume that it may be."""
    cap, share = int(row["order_lots_max"]), int(row["order_volume_ppm_max"])
    share = share if share >= 0 else VOLUME_SHARE_DEFAULT
    most = -share_ceil(-volume, share, 1_000_000)
    if volume <= 0 or cap <= most:
        return []
    return [
        f"{name}: order_lots_max {cap} is above {most} lots, {share / 10_000:g} % of the average "
        f"volume of {volume}: it cannot bind"
    ]
