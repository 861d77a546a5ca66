"""A desk file: TOML to frozen structs, checked whole before anything starts.

Rule 1: an unknown key, a wrong type or a value out of range is an error that names the key,
        what was expected and what stood there, with the nearest known key.
Rule 2: each room defines its own settings; this file assembles them and checks what spans
        several of them. The core gets values, never the file.
Rule 3: every setting is part of the configuration hash, and the hash is part of the result.
"""

import difflib
import hashlib
import re
import tomllib
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, get_type_hints

import msgspec

from seawall.model.errors import ConfigError
from seawall.model.instruments import CURRENCY_EXPONENTS
from seawall.model.times import parse_duration
from seawall.risk.limits import RiskSettings
from seawall.simulator.settings import VenueSettings

__all__ = ["DataSettings", "Desk", "DeskSettings", "apply_overrides", "load_desk", "parse_desk", "reference"]

Duration = str


class DeskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[desk]: who trades, with what, and how the account works."""

    name: str
    """Name of the desk, used for run folders: letters, digits, dot, dash and underscore."""
    cash: Decimal
    """Initial cash in units of the currency."""
    seed: int = 42
    """Seed of every random draw of the run; draws are keyed by order, not by time of call."""
    currency: str = "USD"
    """Currency of the account; all instruments of a desk share it."""
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
            raise ValueError(f"currency: unknown {self.currency!r}; known are {', '.join(CURRENCY_EXPONENTS)}")
        scaled = self.cash * 10 ** CURRENCY_EXPONENTS[self.currency]
        if not self.cash.is_finite() or self.cash <= 0 or scaled != int(scaled):
            raise ValueError(f"cash: must be above 0 and whole in minor units, got {self.cash}")
        if not 0.0 <= self.rebalance_band < 1.0:
            raise ValueError(f"rebalance_band: must be in [0, 1), got {self.rebalance_band}")
        parse_duration(self.equity_interval)


class DataSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[data]: which market data, from when to when, and what to assume where it is silent."""

    catalog: str
    """Folder of the catalog, relative to the desk file, or sample:us-stocks."""
    instruments: tuple[str, ...]
    """Names of the instruments, in the order that numbers them."""
    start: str | None = None
    """First day or instant (ISO 8601, UTC unless it says otherwise), inclusive."""
    end: str | None = None
    """Last day or instant, exclusive."""
    volume: str | None = None
    """"assume N": lots that a bar is taken to have traded where the data has no volume."""

    def __post_init__(self) -> None:
        if not self.instruments:
            raise ValueError("instruments: at least one")
        if len(dict.fromkeys(self.instruments)) != len(self.instruments):
            raise ValueError("instruments: a name stands twice")
        if self.volume is not None and not re.fullmatch(r"assume [1-9][0-9]*", self.volume):
            raise ValueError(f'volume: expected "assume N" with N lots above 0, got {self.volume!r}')

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


SECTIONS = {"desk": DeskSettings, "data": DataSettings, "risk": RiskSettings, "venue": VenueSettings}


def load_desk(path: Path, overrides: tuple[str, ...] = ()) -> tuple[Desk, str]:
    """The desk of a file with overrides ("a.b=c") applied, and the text it was made of."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such desk file") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: is a folder, not a desk file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    return parse_desk(text, overrides, where=str(path)), text


def parse_desk(text: str, overrides: tuple[str, ...] = (), where: str = "desk") -> Desk:
    """Parses and checks the text of a desk file.

    >>> parse_desk("[desk]\\nname = 'a'\\ncsh = 1\\n[data]\\n[strategy]\\n")
    Traceback (most recent call last):
    ...
    seawall.model.errors.ConfigError: desk: unknown key desk.csh; did you mean desk.cash?
    """
    try:
        raw = tomllib.loads(text, parse_float=_number)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not valid TOML: {error}") from None
    apply_overrides(raw, overrides)
    _check_keys(raw, where)
    for section in ("desk", "data", "strategy"):
        if section not in raw:
            raise ConfigError(f"{where}: the table [{section}] is missing")
    try:
        return msgspec.convert({name: _plain(table) for name, table in raw.items()}, Desk, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {_readable(str(error))}") from None


def apply_overrides(raw: dict[str, Any], overrides: tuple[str, ...]) -> None:
    """Sets dotted keys in the raw tables; the value is read as TOML, else as a string."""
    for override in overrides:
        key, equals, value = override.partition("=")
        parts = key.strip().split(".")
        if not equals or len(parts) < 2 or not all(parts):
            raise ConfigError(f"--set {override!r}: expected table.key=value")
        table = raw
        for part in parts[:-1]:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise ConfigError(f"--set {override!r}: {part} is not a table")
        try:
            table[parts[-1]] = tomllib.loads(f"v = {value}", parse_float=_number)["v"]
        except tomllib.TOMLDecodeError:
            table[parts[-1]] = value


def reference() -> str:
    """The Markdown reference of every key: type, default and meaning, made from the structs."""
    lines = ["# Desk file reference", "", "Made by `seawall config reference`."]
    for section, struct in SECTIONS.items():
        lines += ["", f"## [{section}]", "", _first_line(struct), "", "| key | type | default | meaning |"]
        lines += ["|---|---|---|---|"]
        meanings = _attribute_docs(struct)
        for field in msgspec.structs.fields(struct):
            default = "required" if field.required else f"`{_default(field)}`"
            lines.append(f"| `{field.name}` | {_type_name(struct, field.name)} | {default} | {meanings[field.name]} |")
    lines += ["", "## [strategy]", "", "`name` of a built-in policy or `path` of a file, and its parameters."]
    return "\n".join(lines) + "\n"


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ConfigError(f"not a number: {text!r}") from None


def _plain(value: Any) -> Any:
    """Decimals as strings, from which both Decimal and float fields convert exactly."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Decimal) else value


def _check_keys(raw: dict[str, Any], where: str) -> None:
    for section, table in raw.items():
        known = [*SECTIONS, "strategy"]
        if section not in known:
            raise ConfigError(f"{where}: unknown table [{section}]{_nearest(section, known)}")
        if not isinstance(table, dict):
            raise ConfigError(f"{where}: {section} must be a table, [{section}]")
        if section == "strategy":
            continue
        names = [field.name for field in msgspec.structs.fields(SECTIONS[section])]
        for key in table:
            if key not in names:
                raise ConfigError(f"{where}: unknown key {section}.{key}{_nearest(key, names, section + '.')}")


def _nearest(word: str, known: list[str], prefix: str = "") -> str:
    close = difflib.get_close_matches(word, known, 1, 0.5)
    return f"; did you mean {prefix}{close[0]}?" if close else f"; known are {', '.join(known)}"


def _readable(message: str) -> str:
    """msgspec says 'Expected ... - at `$.desk.cash`'; we say 'desk.cash: expected ...'."""
    match = re.fullmatch(r"(.*) - at `\$\.?(.*)`", message, re.DOTALL)
    return f"{match[2]}: {match[1]}" if match else message


def _first_line(struct: type) -> str:
    return (struct.__doc__ or "").split("\n\n")[0].split(": ", 1)[-1]


def _default(field: Any) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    return field.default_factory()


def _type_name(struct: type, name: str) -> str:
    hint = get_type_hints(struct)[name]
    text = getattr(hint, "__name__", None) if not hasattr(hint, "__args__") else None
    return (text or str(hint)).replace("typing.", "").replace("decimal.", "").replace("|", "or")


def _attribute_docs(struct: type) -> dict[str, str]:
    """The strings below each field of a struct's class body, by field name."""
    import ast
    import inspect
    import textwrap

    body = ast.parse(textwrap.dedent(inspect.getsource(struct))).body[0]
    assert isinstance(body, ast.ClassDef)
    docs: dict[str, str] = {}
    for before, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name) and isinstance(after, ast.Expr):
            if isinstance(after.value, ast.Constant):
                docs[before.target.id] = " ".join(str(after.value.value).split())
    return docs
