"""What the data commands do with their options.

Rule: an option that cannot be used is a ConfigError that names it.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from seawall.model.errors import ConfigError, DataError
from seawall.model.instruments import Instrument
from seawall.runtime.record import Recorded, TickRecorder, load_source, record_until_stopped
from seawall.store.bars_import import ImportReport, Progress, import_bars
from seawall.store.catalog import Catalog
from seawall.store.clock import parse_duration
from seawall.store.sample import open_catalog
from seawall.store.tick_import import TickReport, import_ticks

__all__ = ["import_into", "record_into"]

# Options that would be lost without a word where they mean nothing: their default, and what they are for.
ONLY_BARS = {"bar_label": "open", "interval": "1d", "splits": None, "dividends": None}
ONLY_TICKS = {"clock_shift": None, "latency_floor": None}
TERMS = ("tick", "lot", "multiplier", "currency", "sessions", "contract")


def import_into(
    paths: Sequence[Path], catalog: str, options: dict[str, Any], progress: Progress | None = None
) -> ImportReport | TickReport:
    """Imports files into the catalog with the options of `seawall data import`."""
    target = open_catalog(catalog) if catalog.startswith("sample:") else Catalog(catalog)  # one is read-only
    is_ticks = options["kind"] != "bars" or options["format"] == "binance"
    what = "bars" if is_ticks else "ticks"
    for key, default in (ONLY_BARS if is_ticks else ONLY_TICKS).items():
        if options[key] != default:
            raise ConfigError(f"--{key.replace('_', '-')} is for {what}, and these are none")
    if is_ticks:
        return _import_ticks(paths, target, options, progress)
    if len(paths) > 1:
        raise ConfigError(f"{len(paths)} paths: bars are imported a file at a time")
    return import_bars(
        paths[0],
        options["instrument"],
        target,
        format=options["format"],
        bar_label=options["bar_label"],
        interval=options["interval"],
        symbol=options["symbol"],
        template=_template(options, options["instrument"] in target.instruments()),
        tz=options["tz"] or "UTC",
        splits=options["splits"],
        dividends=options["dividends"],
        progress=progress,
    )


def record_into(source: str, catalog: str, options: dict[str, Any]) -> Recorded:
    """Records a user's source into the catalog with the options of `seawall data record`."""
    function = load_source(source)
    target = open_catalog(catalog) if catalog.startswith("sample:") else Catalog(catalog)
    terms = _template(options, options["instrument"] in target.instruments(), "24/7")
    if terms is not None:
        target.write_instrument(terms)
    recorder = TickRecorder(
        target, options["instrument"], clock_shift_ns=options["clock_shift_ns"], origin=source
    )
    limits = {key: options[key] for key in ("flush_rows", "flush_seconds", "seconds")}
    return record_until_stopped(function(), recorder, **limits)


def _import_ticks(
    paths: Sequence[Path], target: Catalog, options: dict[str, Any], progress: Progress | None
) -> TickReport:
    return import_ticks(
        paths,
        options["instrument"],
        target,
        kind="trades" if options["format"] == "binance" else options["kind"],
        format=options["format"],
        symbol=options["symbol"],
        template=_template(options, options["instrument"] in target.instruments(), "24/7"),
        tz=options["tz"] or "UTC",
        clock_shift_ns=_duration("--clock-shift", options["clock_shift"]),
        latency_floor_ns=_duration("--latency-floor", options["latency_floor"]),
        progress=progress,
    )


def _template(options: dict[str, Any], stored: bool, sessions: str = "XNYS") -> Instrument | None:
    """The terms of new instruments; None where the stored ones are to be kept."""
    given = {key: options[key] for key in TERMS if options.get(key) is not None}
    if stored and not given:
        return None
    terms: dict[str, Any] = {"tick": "0.01", "sessions": sessions} | given
    for key in ("tick", "lot", "multiplier"):
        if key in terms:
            terms[key] = _decimal(f"--{key}", terms[key])
    try:
        return Instrument(name=options["instrument"] or "template", **terms)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _decimal(option: str, text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ConfigError(f"{option} {text!r}: expected a decimal number such as 0.01") from None


def _duration(option: str, text: str | None) -> int | None:
    try:
        return None if text is None else parse_duration(text)
    except DataError as error:
        raise ConfigError(f"{option}: {error}") from None
