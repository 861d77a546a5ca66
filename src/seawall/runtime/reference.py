"""The reference of a desk file, made from the settings themselves: every key, unit and default.

Rule 1: a meaning stands once, beside its field: as the string below it, or in the docstring of
        its class as "key, key: meaning". A key without one is a failed assert, not an empty cell.
Rule 2: units follow from the name of a key or from its type; UNITS has those that follow from
        neither.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Any, cast, get_args, get_type_hints

import msgspec

from seawall.config import SECTIONS, WITHHELD, DataSettings, DeskSettings
from seawall.risk.limits import Amount, InstrumentRiskSettings, RiskSettings, Share
from seawall.runtime.policies import BUILT_IN
from seawall.simulator.settings import Fees, LatencySpread, VenueSettings

__all__ = ["meanings", "reference_page"]

OPENING = """\
# Desk file reference

Made by `seawall config reference`. A desk file is TOML; `--set table.key=value` overrides one key.

An amount of currency, a count and a rate are numbers; a share is a fraction of one (`0.05`) or text
(`"5%"`, `"50 bps"`); a duration is text (`"5ms"`, `"30s"`, `"1d"`). Where a limit may be absent,
`"none"` says so. An unknown key, a value of another type or out of range is refused before anything
starts.
"""
COLUMNS = "| key | unit | default | meaning |\n|---|---|---|---|"
UNITS = {
    "cash": "currency",
    "minimum_notional": "currency",
    "fee_minimum": "currency",
    "minimum": "currency",
    "per_share": "currency",
    "cash_floor": "currency",
    "equity_interval": "duration",
    "duplicate_window": "duration",
    "max_age": "duration",
    "max_age_sessions": "sessions",
    "latency_order": "duration",
    "latency_response": "duration",
    "latency_feed": 'duration, or `"recorded"`',
    "volume_interval": "duration",
    "replenish_half_life": "duration",
    "p50": "duration",
    "p99": "duration",
    "rebalance_band": "share of the target",
    "leverage_max": "multiple of equity",
    "open_orders_max": "orders",
    "instrument_open_orders_max": "orders",
    "k_sigma": "share of a bar's volatility",
    "sigma_initial": "fraction a bar",
    "impact_y": "factor",
    "volume_bars": "bars",
    "participation": 'share of a bar\'s volume, or `"unlimited"`',
    "p_reject": "probability",
    "price_band": "fraction of the last price",
    "start": "ISO 8601",
    "end": "ISO 8601",
}
SUFFIXES = {"_bps": "bps", "_lots_max": "lots"}
FEES_OF_VENUE = {"fee_minimum": "minimum"}  # the default class spells one of its keys in full
PERCENTILES = {"p50": "The median.", "p99": "The 99th percentile; not below the median."}
DESK_LIMITS = {"open_orders_max": "instrument_open_orders_max"}  # and so do the desk's limits
HEADINGS: tuple[tuple[str, type[msgspec.Struct], str], ...] = (
    ("[desk]", DeskSettings, "Who trades, with what, and how the account works."),
    ("[data]", DataSettings, "Which market data, from when to when, and what to assume where it is silent."),
    ("[risk]", RiskSettings, "The limits of the gate; all are checked for every order (see gate.md)."),
    (
        "[risk.instruments.NAME]",
        InstrumentRiskSettings,
        "Limits of one instrument that differ from the desk's. A key left out is the desk's.",
    ),
    ("[venue]", VenueSettings, "The simulated venue: fees, spread, impact, latency and refusals."),
    (
        "[venue.fee_classes.NAME]",
        Fees,
        'Fees of the instruments whose fee class is NAME; the keys of [venue] are the class "default".',
    ),
    (
        "latency_order = { p50 = ..., p99 = ... }",
        LatencySpread,
        "A latency as a log-normal draw for each order; `latency_response` and `latency_feed` likewise.",
    ),
)


def reference_page() -> str:
    """The Markdown page docs/desk_file.md.

    >>> print(reference_page().splitlines()[0])
    # Desk file reference
    """
    parts = [OPENING]
    for title, struct, purpose in HEADINGS:
        parts.append(f"## {title}\n\n{purpose}\n\n{COLUMNS}\n" + "".join(_rows(struct)))
        if title == "[data]":
            parts.append(_strategy_part())
    return "\n".join(parts)


@cache
def meanings(kind: type[Any]) -> dict[str, str]:
    """What each field of a settings struct, or each parameter of a policy, means.

    >>> meanings(DataSettings)["end"]
    'Last day or instant, exclusive.'
    """
    if kind is InstrumentRiskSettings:
        desk = meanings(RiskSettings)
        return {name: desk[DESK_LIMITS.get(name, name)] for name in _names(kind)}
    if kind is LatencySpread:
        return PERCENTILES
    found = _strings_below_fields(kind) or _paragraphs(kind.__doc__ or "", _names(kind))
    if kind is VenueSettings:
        fees = meanings(Fees)
        for name in _names(kind):
            key = FEES_OF_VENUE.get(name, name)
            if key in fees:
                found[name] = f'Fee class "default": {fees[key][:1].lower()}{fees[key][1:]}'
    for name in _names(kind):
        spoken_of = next((key for key, text in found.items() if re.search(rf"\b{name}\b", text)), None)
        if name not in found and spoken_of:
            found[name] = f"See `{spoken_of}`."
    missing = [name for name in _names(kind) if name not in found]
    assert not (missing and issubclass(kind, msgspec.Struct)), f"{kind} says nothing about {missing}"
    return {**found, **dict.fromkeys(missing, "See above.")}  # a policy may explain itself in prose


def _rows(struct: type[msgspec.Struct]) -> list[str]:
    section = next((name for name, known in SECTIONS.items() if known is struct), "")
    said = meanings(struct)
    hints = get_type_hints(struct)
    return [
        f"| `{field.name}` | {_unit(field.name, hints[field.name])} | {_default(struct, field)} "
        f"| {said[field.name]} |\n"
        for field in msgspec.structs.fields(struct)
        if (section, field.name) not in WITHHELD
    ]


def _strategy_part() -> str:
    """The table [strategy]: its own keys, then the parameters of each built-in policy."""
    lines = [
        "## [strategy]\n",
        "The policy and its parameters: those of a built-in policy, or the arguments of the constructor of",
        "your own class.\n",
        COLUMNS,
        f"| `name` | text | one of both | A built-in policy: {', '.join(map('`{}`'.format, BUILT_IN))}. |",
        "| `path` | text | one of both | A Python file with a policy, relative to the desk file. |",
        "| `class` | text | the only one | Which class of the file, where it has several. |",
    ]
    for name, kind in BUILT_IN.items():
        lines += ["", f"### {name}", "", _summary(kind), "", "| key | default | meaning |\n|---|---|---|"]
        said = meanings(kind)
        lines += [
            f"| `{key}` | {_shown(item.default)} | {said[key]} |"
            for key, item in inspect.signature(kind).parameters.items()
        ]
    return "\n".join(lines) + "\n"


def _unit(name: str, hint: Any) -> str:
    if name in UNITS:
        return UNITS[name]
    for suffix, unit in SUFFIXES.items():
        if name.endswith(suffix):
            return unit
    options = [option for option in (get_args(hint) or (hint,)) if option is not type(None)]
    if hint == Amount or set(get_args(Amount)) <= set(options):
        return "currency"
    if set(get_args(Share)) <= set(options):
        return "share"
    if all(isinstance(option, str) for option in options):
        return "one of " + ", ".join(f'`"{option}"`' for option in options)
    if any(option is Ellipsis for option in options):
        return "list of text"
    if dict in (hint, getattr(hint, "__origin__", None)):
        return "tables"
    return {bool: "true or false", int: "whole number", str: "text"}.get(options[0], "number")


def _default(struct: type[msgspec.Struct], field: Any) -> str:
    if field.required:
        return "required"
    if struct is InstrumentRiskSettings:
        return "the desk's"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return _shown(value)


def _shown(value: Any) -> str:
    if value is None or value == {}:
        return "none given"
    if value is inspect.Parameter.empty:
        return "required"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f'`"{value}"`'
    if isinstance(value, tuple):
        return f"`{list(cast(Any, value))}`".replace("'", '"')
    return f"`{value:,}`".replace(",", "_") if isinstance(value, int | Decimal) else f"`{value:g}`"


def _names(kind: type[Any]) -> Sequence[str]:
    if issubclass(kind, msgspec.Struct):
        return [field.name for field in msgspec.structs.fields(kind)]
    return list(inspect.signature(kind).parameters)


def _summary(kind: type[Any]) -> str:
    """The class's own words: all of its prose where that names the parameters, else its first line."""
    paragraphs = (inspect.getdoc(kind) or "").partition(">>>")[0].strip().split("\n\n")
    kept = paragraphs if "See above." in meanings(kind).values() else paragraphs[:1]
    return "\n\n".join(kept)


def _strings_below_fields(kind: type[Any]) -> dict[str, str]:
    """The strings below each field of a class, by field."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    said: dict[str, str] = {}
    for before, after in zip(body.body, body.body[1:], strict=False):
        match before, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                said[name] = " ".join(text.split())
            case _:
                continue
    return said


def _paragraphs(text: str, names: Sequence[str]) -> dict[str, str]:
    """Meanings of a docstring that says "key, key: meaning" or "key ... key: meaning"."""
    prose = " ".join(text.partition(">>>")[0].split())
    word = "|".join(sorted(names, key=len, reverse=True))
    heads = list(re.finditer(rf"\b((?:{word})(?:(?:, | \.\.\. )(?:{word}))*): ", prose))
    said: dict[str, str] = {}
    ends = [head.start() for head in heads[1:]] + [len(prose)]
    for head, end in zip(heads, ends, strict=False):
        meaning = prose[head.end() : end].strip().rstrip(";.")
        for name in _listed(head[1], names):
            said[name] = meaning[:1].upper() + meaning[1:] + "."
    return said


def _listed(head: str, names: Sequence[str]) -> list[str]:
    first, dots, last = head.partition(" ... ")
    if dots:
        return list(names[names.index(first) : names.index(last) + 1])
    return head.split(", ")
