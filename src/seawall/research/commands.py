"""What the data commands do with their options.

Rule: an option that cannot be used is a ConfigError that names it.
"""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from seawall.model.errors import ConfigError
from seawall.model.instruments import Instrument
from seawall.store.bars_import import ImportReport, Progress, import_bars
from seawall.store.catalog import Catalog
from seawall.store.sample import open_catalog

__all__ = ["import_into"]


def import_into(
    path: Path, catalog: str, options: dict[str, Any], progress: Progress | None = None
) -> ImportReport:
    """Imports a file into the catalog with the options of `seawall data import`."""
    target = open_catalog(catalog) if catalog.startswith("sample:") else Catalog(catalog)  # one is read-only
    return import_bars(
        path,
        options["instrument"],
        target,
        format=options["kind"],
        bar_label=options["bar_label"],
        interval=options["interval"],
        symbol=options["symbol"],
        template=_template(options, options["instrument"] in target.instruments()),
        tz=options["tz"] or "UTC",
        splits=options["splits"],
        dividends=options["dividends"],
        progress=progress,
    )


def _template(options: dict[str, Any], stored: bool) -> Instrument | None:
    """The terms of new instruments; None where the stored ones are to be kept."""
    given = {key: options[key] for key in ("tick", "lot", "currency", "sessions") if options[key] is not None}
    if stored and not given:
        return None
    try:
        return Instrument(
            name=options["instrument"] or "template",
            tick=_decimal("--tick", given.get("tick", "0.01")),
            lot=_decimal("--lot", given.get("lot", "1")),
            currency=given.get("currency", "USD"),
            sessions=given.get("sessions", "XNYS"),
        )
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _decimal(option: str, text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ConfigError(f"{option} {text!r}: expected a decimal number such as 0.01") from None
