"""A desk file: TOML to frozen structs, checked whole before anything starts.

Rule 1: an unknown key, a wrong type or a value out of range is an error that names the key,
        what was expected and what stood there, with the nearest known key.
Rule 2: each room defines its own settings; this file assembles them and checks what spans
        several of them. The core gets values, never the file.
Rule 3: every setting is part of the configuration hash, and the hash is part of the result.
Rule 4: types are strict: a quoted number is text, 1 is not true; a whole number is fine where
        a fraction may stand.
"""

import difflib
import hashlib
import re
import tomllib
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

import msgspec

from seawall.model.errors import ConfigError
from seawall.model.instruments import CURRENCY_EXPONENTS
from seawall.model.times import parse_duration, parse_time
from seawall.risk.limits import RiskSettings
from seawall.simulator.settings import VenueSettings

__all__ = ["SECTIONS", "WITHHELD", "DataSettings", "Desk", "DeskSettings", "apply_overrides", "parse_desk"]

Duration = str
Tables = dict[str, Any]


MINOR_MAX = 2**53 - 1  # minor units of any amount: exact as a float, and far below 2^62
SEED_MAX = 2**63 - 1


class DeskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[desk]: who trades, with what, and how the account works."""

    name: str
    """Name of the desk, used for run folders: letters, digits, dot, dash and underscore."""
    cash: Decimal
    """Initial cash in units of the currency."""
    seed: int = 42
    """Seed of every random draw of the run; draws are keyed by order, not by time of call."""
    currency: str = "USD"
    """Currency of the account; what settles in another one can be watched, not traded."""
    account: Literal["cash", "margin"] = "cash"
    """A cash account never borrows and never shorts; a margin account may do both."""
    equity_interval: Duration = "1d"
    """Shortest time between two points of the equity table."""
    rebalance_band: float = 0.1
    """Change of a target, as a share of it, below which nothing is traded."""
    minimum_notional: Decimal = Decimal(0)
    """Worth of a change, in units of the currency, below which nothing is traded."""
    benchmark: str | None = None
    """Instrument that the report compares with; its closes must be in the catalog."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9._-]+", self.name):
            raise ValueError("name: letters, digits, dot, dash and underscore only")
        if self.currency not in CURRENCY_EXPONENTS:
            known = ", ".join(CURRENCY_EXPONENTS)
            raise ValueError(f"currency: unknown {self.currency!r}; known are {known}")
        self._check_amount("cash", least=Decimal(1).scaleb(-CURRENCY_EXPONENTS[self.currency]))
        self._check_amount("minimum_notional", least=Decimal(0))
        if not 0 <= self.seed <= SEED_MAX:
            raise ValueError(f"seed: must be between 0 and 2^63 - 1, got {self.seed}")
        if not 0.0 <= self.rebalance_band < 1.0:
            raise ValueError(f"rebalance_band: must be in [0, 1), got {self.rebalance_band}")
        try:
            parse_duration(self.equity_interval)
        except ValueError as error:
            raise ValueError(f"equity_interval: {error}") from None

    def _check_amount(self, key: str, least: Decimal) -> None:
        """An amount of the currency: whole in minor units, and not so large that money overflows."""
        amount: Decimal = getattr(self, key)
        exponent = CURRENCY_EXPONENTS[self.currency]
        most = Decimal(MINOR_MAX).scaleb(-exponent)
        if not amount.is_finite() or not least <= amount <= most:
            raise ValueError(f"{key}: must be between {least} and {most}, got {amount}")
        minor = amount.scaleb(exponent)
        if minor != int(minor):
            raise ValueError(f"{key}: {amount} {self.currency} is not a whole number of minor units")


class DataSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[data]: which market data, from when to when, and what to assume where it is silent."""

    catalog: str
    """Folder of the catalog, relative to the desk file, or sample:us-stocks."""
    instruments: tuple[str, ...]
    """Names of the instruments, in the order that numbers them."""
    streams: tuple[Literal["bars", "trades", "quotes", "levels"], ...] = ("bars",)
    """What of each instrument is read: bars, or any of trades, quotes and levels."""
    start: str | None = None
    """First day or instant (ISO 8601, UTC unless it says otherwise), inclusive."""
    end: str | None = None
    """Last day or instant, exclusive."""
    predictions: str | None = None
    """File of a model's predictions (CSV or Parquet), relative to the desk file; they come in as events."""
    volume: str | None = None
    """"assume N": lots that a bar is taken to have traded where the data has no volume."""

    def __post_init__(self) -> None:
        if not self.instruments:
            raise ValueError("instruments: at least one")
        if len(dict.fromkeys(self.instruments)) != len(self.instruments):
            raise ValueError("instruments: a name stands twice")
        if not self.streams or len(set(self.streams)) != len(self.streams):
            raise ValueError(f"streams: each at most once, and at least one, got {list(self.streams)}")
        if "bars" in self.streams and len(self.streams) > 1:
            raise ValueError("streams: bars are made out of trades, so they cannot stand beside them")
        for key in ("start", "end"):
            self._check_time(key)
        if self.volume is not None and not re.fullmatch(r"assume [1-9][0-9]*", self.volume):
            raise ValueError(f'volume: expected "assume N" with N lots above 0, got {self.volume!r}')

    def _check_time(self, key: str) -> None:
        text: str | None = getattr(self, key)
        if text is not None:
            try:
                parse_time(text)
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from None

    @property
    def assumed_volume_lots(self) -> int:
        """Lots to assume for a bar of unknown volume; -1 when the desk does not say."""
        return int(self.volume.split()[1]) if self.volume else -1


class Desk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole desk file."""

    desk: DeskSettings
    data: DataSettings
    strategy: dict[str, Any]
    risk: RiskSettings = msgspec.field(default_factory=RiskSettings)
    venue: VenueSettings = msgspec.field(default_factory=VenueSettings)

    @property
    def config_hash(self) -> str:
        """SHA-256 over the canonical form of all settings, defaults included."""
        canonical = msgspec.json.encode(msgspec.to_builtins(self, str_keys=True), order="deterministic")
        return hashlib.sha256(canonical).hexdigest()


SECTIONS: dict[str, type[msgspec.Struct]] = {
    "desk": DeskSettings,
    "data": DataSettings,
    "risk": RiskSettings,
    "venue": VenueSettings,
}
"""The tables of a desk file that are structs; [strategy] belongs to the policy."""

WITHHELD = {("venue", "seed"): "one seed decides all draws of a run: set desk.seed"}
"""Fields of a struct that a desk file may not set, and why."""


def parse_desk(text: str, overrides: tuple[str, ...] = (), where: str = "desk") -> Desk:
    r"""Parses and checks the text of a desk file.

    >>> parse_desk("[desk]\ncsh = 1\n[data]\n[strategy]\n")
    Traceback (most recent call last):
    seawall.model.errors.ConfigError: desk: unknown key desk.csh; did you mean desk.cash?
    """
    try:
        raw = _plain(tomllib.loads(text, parse_float=_number))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not valid TOML: {error}") from None
    apply_overrides(raw, overrides)
    for section, table in raw.items():
        if section not in (*SECTIONS, "strategy"):
            hint = _nearest(section, [*SECTIONS, "strategy"])
            raise ConfigError(f"{where}: unknown table [{section}]{hint}")
        if not isinstance(table, dict):
            raise ConfigError(f"{where}: {section} must be a table: [{section}]")
        if section in SECTIONS:
            _check_table(cast(Tables, table), SECTIONS[section], section, where)
    for section in ("desk", "data", "strategy"):
        if section not in raw:
            raise ConfigError(f"{where}: the table [{section}] is missing")
    try:
        return msgspec.convert({**raw, "strategy": _as_text(raw["strategy"])}, Desk)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {_readable(str(error))}") from None


def apply_overrides(raw: Tables, overrides: tuple[str, ...]) -> None:
    """Sets dotted keys in the raw tables; the value is read as TOML, else as a string.

    >>> tables = {}
    >>> apply_overrides(tables, ('desk.seed=7', 'data.start=2001-01-02', 'strategy.name=momentum'))
    >>> tables
    {'desk': {'seed': 7}, 'data': {'start': '2001-01-02'}, 'strategy': {'name': 'momentum'}}
    """
    for override in overrides:
        key, equals, value = override.partition("=")
        parts = _key_parts(key) if equals else []
        if len(parts) < 2:
            raise ConfigError(f"--set {override!r}: expected table.key=value, as in risk.gross_max=0.5")
        table = raw
        for part in parts[:-1]:
            below = table.setdefault(part, {})
            if not isinstance(below, dict):
                raise ConfigError(f"--set {override!r}: {part} is not a table")
            table = cast(Tables, below)
        table[parts[-1]] = _value(value.strip())


def _key_parts(key: str) -> list[str]:
    """The parts of a dotted TOML key, quoted ones too; none when it cannot be read."""
    try:
        found: Any = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        return []
    parts: list[str] = []
    while isinstance(found, dict):
        tables = cast(Tables, found)
        name, found = next(iter(tables.items()))
        parts.append(name)
    return parts


def _value(text: str) -> Any:
    """A value as TOML reads it; what TOML cannot read is text."""
    try:
        return _plain(tomllib.loads(f"v = {text}", parse_float=_number)["v"])
    except tomllib.TOMLDecodeError:
        return text


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ConfigError(f"not a number: {text!r}") from None


def _plain(value: Any) -> Any:
    """TOML's dates and times as ISO text, which is what our times are."""
    return _walk(value, lambda leaf: leaf.isoformat() if isinstance(leaf, date | time) else leaf)


def _as_text(value: Any) -> Any:
    """Decimals as text, from which the policy's own parameter types convert exactly."""
    return _walk(value, lambda leaf: str(leaf) if isinstance(leaf, Decimal) else leaf)


def _walk(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _walk(item, change) for key, item in cast(Tables, value).items()}
    if isinstance(value, list):
        return [_walk(item, change) for item in cast(list[Any], value)]
    return change(value)


def _check_table(table: Tables, struct: type[msgspec.Struct], path: str, where: str) -> None:
    """Unknown and withheld keys, and text where a number belongs, at any depth."""
    hints = get_type_hints(struct)
    for key, value in table.items():
        full = f"{path}.{key}"
        if (path, key) in WITHHELD:
            raise ConfigError(f"{where}: {full} cannot be set: {WITHHELD[path, key]}")
        if key not in hints:
            raise ConfigError(f"{where}: unknown key {full}{_nearest(key, list(hints), path + '.')}")
        if hints[key] is Decimal and isinstance(value, str):
            raise ConfigError(f"{where}: {full}: expected number, got the text {value!r}")
        if get_origin(hints[key]) is Literal and value not in get_args(hints[key]):
            choices = ", ".join(get_args(hints[key]))
            raise ConfigError(f"{where}: {full}: expected one of {choices}; got {value!r}")
        inner = get_args(hints[key])[-1:] if get_origin(hints[key]) is dict else ()
        if inner and isinstance(value, dict) and issubclass(inner[0], msgspec.Struct):
            for name, below in cast(Tables, value).items():
                if isinstance(below, dict):
                    _check_table(cast(Tables, below), inner[0], f"{full}.{name}", where)


def _nearest(word: str, known: list[str], prefix: str = "") -> str:
    close = difflib.get_close_matches(word, known, 1, 0.5)
    return f"; did you mean {prefix}{close[0]}?" if close else f"; known are {', '.join(known)}"


def _readable(message: str) -> str:
    """What msgspec says, with the key in front.

    >>> _readable("Expected `int`, got `str` - at `$.desk.seed`")
    'desk.seed: expected int, got str'
    """
    match = re.fullmatch(r"(.*) - at `\$\.?(.*)`", message, re.DOTALL)
    said, key = (match[1], match[2]) if match else (message, "")
    if re.match(r"[a-z_]+: ", said):  # a struct's own check has named its field already
        return f"{key}.{said}" if key else said
    for word, plain in (("`", ""), ("decimal", "number"), ("float", "number"), ("array", "list")):
        said = said.replace(word, plain)
    said = said[:1].lower() + said[1:]
    return f"{key}: {said}" if key else said
