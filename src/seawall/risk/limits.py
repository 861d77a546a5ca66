"""The limits of a desk: how a person writes them, and the numbers that the rules compare.

Rule 1: shares are fractions of one (0.05) or text with a unit ("5%", "50 bps"), amounts are in
        currency, sizes in lots, ages in text ("5m") or sessions.
Rule 2: "none" means no limit, and has to be written; nothing is without a limit by default
        but where the default below says so.
Rule 3: C1, C2, C23 and stale data cannot be switched off, and the open orders of the account
        cannot either, because the order table has an end.
Rule 4: an instrument without limits is unknown to the gate: `allowed` is set here alone.
"""

import difflib
import hashlib
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
import numpy as np

from seawall.kernels.state import INSTRUMENT_LIMITS, INSTRUMENTS_MAX, LIMITS, ORDERS_MAX
from seawall.model.amounts import ppm
from seawall.model.errors import ConfigError
from seawall.model.instruments import CURRENCY_EXPONENTS, Instrument
from seawall.model.times import parse_duration

__all__ = [
    "OPEN_ORDERS_MAX",
    "Amount",
    "InstrumentRiskSettings",
    "RiskSettings",
    "Share",
    "instrument_setting",
    "limits_hash",
    "to_limits",
]

Share = float | str
"""A share of something: a fraction of one, or text that ends in %, bps or ppm, or "none"."""
Amount = int | float | str
"""An amount of currency as it is written, exact to the minor unit, or "none"."""

OPEN_ORDERS_MAX = ORDERS_MAX - INSTRUMENTS_MAX  # room is left for a reducing order an instrument
LIMIT_MAX = 2**53 - 1  # integers up to here compare exactly as floats


class InstrumentRiskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of one instrument that differ from the desk's; a key left out is the desk's.

    Units as in RiskSettings; `open_orders_max` stands for its `instrument_open_orders_max`.
    """

    price_collar: Share | None = None
    order_lots_max: int | str | None = None
    order_volume_share_max: Share | None = None
    order_notional_max: Amount | None = None
    long_lots_max: int | str | None = None
    short_lots_max: int | str | None = None
    single_name_max: Share | None = None
    open_orders_max: int | str | None = None


class RiskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table [risk] of a desk; the defaults suit daily US stocks with 1,000,000 USD.

    Shares are fractions of one or text ("5%"), amounts currency; "none" is no limit.

    >>> RiskSettings(price_collar="5%").order_notional_max
    250000
    """

    price_collar: Share = 0.10
    """Share of the reference price by which an order's worst price may differ from it (C3, C4)."""
    emergency_collar: Share = 0.30
    """The same for orders that only reduce a position."""
    order_lots_max: int | str = 20_000
    """Lots of one order (C6)."""
    order_volume_share_max: Share = 0.05
    """Share of the average volume of a bar that one order may be (C6)."""
    order_notional_max: Amount = 250_000
    """Currency: one order at the worse of its worst price and the reference (C7)."""
    duplicate_window: str = "1s"
    """How long the same order is refused after it was approved (C10)."""
    open_orders_max: int = 64
    """Orders of the account that can still fill (C14); at most 192."""
    instrument_open_orders_max: int | str = 4
    """Orders of one instrument that can still fill (C14)."""
    unexecuted_notional_max: Amount = 1_000_000
    """Currency: all working orders at their worst prices (C15)."""
    cash_floor: Amount = 0
    """Currency that no order may touch (C16)."""
    initial_margin: Share = 0.50
    """Share of worst-case gross exposure that equity must bear in a margin account (C16)."""
    long_lots_max: int | str = 100_000
    """Lots of one long position with its working buys (C17)."""
    short_lots_max: int | str = 100_000
    """Lots of one short position with its working sells (C17)."""
    gross_max: Share = 1.0
    """Share of equity: gross exposure after a worst-case fill (C18)."""
    net_max: Share = 1.0
    """Share of equity: net exposure after a worst-case fill, long or short (C18)."""
    single_name_max: Share = 0.30
    """Share of equity: exposure in one instrument after a worst-case fill (C18)."""
    leverage_max: Share = 2.0
    """Gross exposure over equity after a worst-case fill, as the account's terms allow (C19)."""
    max_age: str = "5m"
    """Age of the reference price of intraday data from which nothing is opened (C26)."""
    max_age_sessions: int = 0
    """Sessions of daily data that may have closed since the reference price (C26)."""
    daily_loss_max: Amount = "none"
    """Currency: a loss since the session's start that stops new risk (C29)."""
    daily_loss_share_max: Share = 0.05
    """Share of the session's first equity, likewise; the smaller of both counts (C29)."""
    daily_loss_resets: bool = True
    """Whether the next session releases the daily latch; else an operator does."""
    drawdown_max: Share = 0.25
    """Share of the peak of equity that may be lost before new risk stops until an operator acts (C30)."""
    version: int = 1
    """A number of your own for this set of limits; every decision records it."""
    instruments: dict[str, InstrumentRiskSettings] = {}
    """Tables [risk.instruments.NAME]: the limits of one instrument that differ."""


def to_limits(
    settings: RiskSettings, instruments: Sequence[Instrument], currency: str = "USD"
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The numbers: (LIMITS of shape (1,), INSTRUMENT_LIMITS of shape (INSTRUMENTS_MAX,)).

    Row i belongs to instruments[i]; rows beyond them stay zero, which allows nothing. A value
    that cannot be meant is a ConfigError that names its key.

    >>> limits, each = to_limits(RiskSettings(), [Instrument(name="AAPL", tick=Decimal("0.01"))])
    >>> int(limits[0]["order_notional_minor_max"]), int(each[0]["collar_ppm"]), int(each[1]["allowed"])
    (25000000, 100000, 0)
    """
    _check_names(settings, instruments)
    exponent = CURRENCY_EXPONENTS[currency]
    limits = np.zeros(1, LIMITS)
    row = limits[0]
    row["version"] = settings.version
    for field, key in _AMOUNTS.items():
        row[field] = _amount(getattr(settings, key), exponent, f"risk.{key}")
    for field, key in _SHARES.items():
        row[field] = _share(getattr(settings, key), f"risk.{key}")
    row["cash_floor_minor"] = _required(row["cash_floor_minor"], "risk.cash_floor")
    row["emergency_collar_ppm"] = _required(row["emergency_collar_ppm"], "risk.emergency_collar")
    row["duplicate_window_ns"] = _duration(settings.duplicate_window, "risk.duplicate_window")
    row["age_ns_max"] = _duration(settings.max_age, "risk.max_age")
    row["age_sessions_max"] = _count(settings.max_age_sessions, "risk.max_age_sessions")
    row["open_orders_max"] = _required(
        _count(settings.open_orders_max, "risk.open_orders_max"), "risk.open_orders_max", OPEN_ORDERS_MAX
    )
    row["daily_loss_resets"] = settings.daily_loss_resets
    each = np.zeros(INSTRUMENTS_MAX, INSTRUMENT_LIMITS)
    for number, instrument in enumerate(instruments):
        _fill_instrument(each[number], settings, instrument, CURRENCY_EXPONENTS[currency])
    return limits, each


def instrument_setting(settings: RiskSettings, name: str, key: str) -> Any:
    """A limit of one instrument as it is written: its own, else the desk's.

    >>> own = RiskSettings(instruments={"IBM": InstrumentRiskSettings(order_lots_max=500)})
    >>> instrument_setting(own, "IBM", "order_lots_max"), instrument_setting(own, "MSFT", "order_lots_max")
    (500, 20000)
    """
    own = getattr(settings.instruments.get(name), key, None)
    return getattr(settings, _DESK_KEYS.get(key, key)) if own is None else own


def limits_hash(limits: np.ndarray[Any, Any], instrument_limits: np.ndarray[Any, Any]) -> str:
    """SHA-256 over every field's name and value, 64 hexadecimal digits; a run records it.

    >>> limits, each = to_limits(RiskSettings(), [])
    >>> len(limits_hash(limits, each))
    64
    """
    digest = hashlib.sha256()
    for array in (limits, instrument_limits):
        names: Any = array.dtype.names
        digest.update(msgspec.json.encode([list(names), array.tolist()]))
    return digest.hexdigest()


_AMOUNTS = {
    "order_notional_minor_max": "order_notional_max",
    "unexecuted_notional_minor_max": "unexecuted_notional_max",
    "daily_loss_minor_max": "daily_loss_max",
    "cash_floor_minor": "cash_floor",
}
_SHARES = {
    "gross_ppm_max": "gross_max",
    "net_ppm_max": "net_max",
    "leverage_ppm_max": "leverage_max",
    "initial_margin_ppm": "initial_margin",
    "daily_loss_ppm_max": "daily_loss_share_max",
    "drawdown_ppm_max": "drawdown_max",
    "emergency_collar_ppm": "emergency_collar",
}
_DESK_KEYS = {"open_orders_max": "instrument_open_orders_max"}
_Parser = Callable[[Any, str], int]


def _fill_instrument(row: Any, settings: RiskSettings, instrument: Instrument, exponent: int) -> None:
    """Amounts are in the account's currency, whose minor unit has so many places."""
    parsers: dict[str, tuple[str, _Parser]] = {
        "collar_ppm": ("price_collar", _share),
        "order_lots_max": ("order_lots_max", _count),
        "order_volume_ppm_max": ("order_volume_share_max", _share),
        "order_notional_minor_max": ("order_notional_max", lambda value, key: _amount(value, exponent, key)),
        "long_lots_max": ("long_lots_max", _count),
        "short_lots_max": ("short_lots_max", _count),
        "single_name_ppm_max": ("single_name_max", _share),
        "open_orders_max": ("open_orders_max", _count),
    }
    for field, (key, parse) in parsers.items():
        where = f"risk.instruments.{instrument.name}.{key}"
        row[field] = parse(instrument_setting(settings, instrument.name, key), where)
    row["allowed"] = 1


def _check_names(settings: RiskSettings, instruments: Sequence[Instrument]) -> None:
    names = [instrument.name for instrument in instruments]
    if len(names) > INSTRUMENTS_MAX:
        raise ConfigError(f"risk: {len(names)} instruments, at most {INSTRUMENTS_MAX} have room")
    for name in settings.instruments:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ConfigError(f"risk.instruments.{name}: the desk has no such instrument{hint}")


def _share(value: Share, key: str) -> int:
    if value == "none":
        return -1
    try:
        return _within(ppm(value), key)
    except ValueError as error:
        raise ConfigError(f'{key}: {error}; write a fraction, "5%", "50 bps" or "none"') from None


def _amount(value: Amount, exponent: int, key: str) -> int:
    if value == "none":
        return -1
    try:
        minor = Decimal(str(value)).scaleb(exponent)
    except InvalidOperation:
        raise ConfigError(f'{key}: {value!r} is no amount; write a number or "none"') from None
    if not minor.is_finite() or minor != int(minor):
        raise ConfigError(f"{key}: {value!r} is not a whole number of minor units")
    return _within(int(minor), key)


def _count(value: int | str, key: str) -> int:
    if value == "none":
        return -1
    if isinstance(value, str):
        raise ConfigError(f'{key}: {value!r} is no count; write a whole number or "none"')
    return _within(value, key)


def _duration(text: str, key: str) -> int:
    try:
        return _within(parse_duration(text), key)
    except ValueError as error:
        raise ConfigError(f"{key}: {error}") from None


def _within(number: int, key: str) -> int:
    if not 0 <= number <= LIMIT_MAX:
        raise ConfigError(f"{key}: must be at least 0 and below 2^53 in its smallest unit, got {number}")
    return number


def _required(number: int, key: str, most: int = LIMIT_MAX) -> int:
    if not 0 <= number <= most:
        raise ConfigError(f"{key}: needs a value of at least 0 and at most {most}")
    return number
