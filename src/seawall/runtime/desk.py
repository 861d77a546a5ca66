"""From a desk file to a core, a venue and the events of the run, ready to start.

Rule 1: everything that can be wrong is found here, before the first event.
Rule 2: what is built depends on the desk file and the catalog alone; the same two give the
        same state, byte for byte.
"""

import hashlib
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from seawall.config import Desk
from seawall.engine.core import Engine
from seawall.kernels.jit import kernel_hash
from seawall.kernels.rows import BAR_CLOSE, FLAG_NO_VOLUME
from seawall.kernels.state import (
    FEATURES_MAX,
    INSTRUMENTS_MAX,
    SESSION_TABLES_MAX,
    SESSIONS_MAX,
    STATE,
    new_state,
)
from seawall.model.corporate import CorporateAction
from seawall.model.errors import ConfigError, DataError
from seawall.model.instruments import CURRENCY_EXPONENTS, Instrument
from seawall.model.predictions import ModelPrediction
from seawall.model.sessions import DAY_NS, SessionTable
from seawall.model.times import parse_duration
from seawall.portfolio.ledger import open_books
from seawall.risk.limits import limits_hash, to_limits
from seawall.risk.lint import lint
from seawall.runtime.policies import LoadedPolicy, load_policy
from seawall.simulator.settings import VenueSettings, fee_bound
from seawall.simulator.state import new_venue
from seawall.store.catalog import Catalog
from seawall.store.predictions import read_predictions
from seawall.store.sample import open_catalog
from seawall.store.sessions import load_sessions
from seawall.store.streams import actions_events, bar_rows
from seawall.strategies.view import View
from seawall.strategies.wiring import crossings_of, features_of, wire_policy

__all__ = ["DAILY_NS", "AssembledDesk", "assemble", "open_desk_catalog", "read_market"]

DAILY_NS = 20 * 3600 * 10**9  # a bar interval from here on counts its ages in sessions
MARGIN = "margin"
MARGIN_DAYS = 400  # sessions kept before and after the data


class Market(msgspec.Struct):
    """What the catalog gave: instruments, rows, corporate actions, their hash."""

    instruments: tuple[Instrument, ...]
    rows: np.ndarray
    actions: list[CorporateAction | ModelPrediction]
    data_hash: str
    interval_ns: tuple[int, ...]


class AssembledDesk(msgspec.Struct):
    """A desk ready to run."""

    desk: Desk
    engine: Engine
    state: np.ndarray
    venue: np.ndarray
    view: View
    policy: LoadedPolicy
    market: Market
    manifest: dict[str, Any]


def read_market(desk: Desk, base: Path) -> Market:
    """Instruments, market rows and corporate actions that the desk names."""
    catalog = open_desk_catalog(desk, base)
    names = list(desk.data.instruments)
    if len(names) > INSTRUMENTS_MAX:
        raise ConfigError(f"data.instruments: {len(names)} instruments; a desk can have {INSTRUMENTS_MAX}")
    instruments = tuple(catalog.instrument(name) for name in names)
    for instrument in instruments:
        if instrument.currency != desk.desk.currency:
            raise ConfigError(
                f"data.instruments: {instrument.name} is in {instrument.currency}, "
                f"the desk in {desk.desk.currency}"
            )
    if desk.desk.benchmark is not None:
        catalog.instrument(desk.desk.benchmark)  # its refusal names what there is
    start, end = desk.data.start, desk.data.end
    rows = bar_rows(catalog, names, start, end)
    if not len(rows):
        raise DataError(f"{desk.data.catalog}: no bars of {', '.join(names)} between {start} and {end}")
    intervals = catalog.describe().filter(kind="bars")
    by_name = dict(zip(intervals["instrument"], intervals["interval_ns"], strict=True))
    first, last = int(rows[0]["ts_local"]), int(rows[-1]["ts_local"])
    predictions = _predictions(desk, base, last)
    actions: list[CorporateAction | ModelPrediction] = [*actions_events(catalog, names, first, last + 1)]
    digest = hashlib.sha256(catalog.content_hash(names, start, end).encode())
    digest.update(msgspec.json.encode(predictions))
    return Market(
        instruments=instruments,
        rows=rows,
        actions=sorted([*actions, *predictions], key=lambda event: event.ts_local),  # stable: actions first
        data_hash=digest.hexdigest(),
        interval_ns=tuple(int(by_name[name]) for name in names),
    )


def _predictions(desk: Desk, base: Path, last_ns: int) -> list[ModelPrediction]:
    """The predictions that the desk names, up to the last row; all must be of its instruments."""
    if desk.data.predictions is None:
        return []
    path = base / desk.data.predictions
    found = read_predictions(path)
    foreign = next((p for p in found if p.instrument not in desk.data.instruments), None)
    if foreign:
        raise DataError(f"{path}: a prediction is of {foreign.instrument}, which the desk has not")
    return [prediction for prediction in found if prediction.ts_local <= last_ns]


def open_desk_catalog(desk: Desk, base: Path) -> Catalog:
    """The catalog of the desk; a relative folder is relative to the desk file."""
    where = desk.data.catalog
    return open_catalog(where if where.startswith("sample:") else base / where)


def assemble(desk: Desk, base: Path, policy_file: Path | None = None) -> AssembledDesk:
    """Builds the core, the venue, the view and the policy of a desk file in folder `base`.

    policy_file: where the policy's source is taken from instead (a replay uses the run's copy).
    """
    market = read_market(desk, base)
    policy = load_desk_policy(desk, base, policy_file)
    state = new_state()
    s = state[0]
    tables = _session_tables(market)
    _fill_instruments(s, desk, market, tables)
    _fill_desk(s, desk)
    limits, each = to_limits(desk.risk, market.instruments, desk.desk.currency)
    s["limits"] = limits[0]
    s["instrument_limits"] = each
    lint(desk.risk, market.instruments, _daily_volumes(desk, market), desk.desk.currency)
    open_books(s, _minor(desk), desk.desk.account == MARGIN, 0)
    venue = new_venue(
        _venue_settings(desk),
        market.instruments,
        tables,
        [desk.data.assumed_volume_lots] * len(market.instruments),
    )
    wire_policy(s, policy.policy)
    predictions: dict[tuple[str, str], ModelPrediction] = {}
    view = View(
        state, market.instruments, features_of(policy.policy), crossings=crossings_of(policy.policy),
        predictions=predictions, currency=desk.desk.currency,
    )  # fmt: skip
    shortest = min(market.interval_ns)
    if s["bar_interval_ns"] and (s["bar_interval_ns"] < shortest or s["bar_interval_ns"] % shortest):
        raise ConfigError(
            f"strategy: it wakes on bars of {s['bar_interval_ns'] // 10**9} s, "
            f"which the data's bars of {shortest // 10**9} s do not make up"
        )
    if s["timer_interval_ns"] > 0:
        interval = int(s["timer_interval_ns"])
        s["timer_next_ns"] = -(-int(market.rows[0]["ts_local"]) // interval) * interval
    manifest = {**_identity(desk, market, policy, limits, each), "base": str(base.resolve())}
    header = msgspec.json.encode({k: manifest[k] for k in HEADER_KEYS}, order="deterministic")
    ticks = tuple(Fraction(i.tick) for i in market.instruments)
    engine = Engine(
        state, view.instruments, ticks, _minor_per_lot(market), policy.policy, view, predictions, header
    )
    return AssembledDesk(desk, engine, state, venue, view, policy, market, manifest)


def load_desk_policy(desk: Desk, base: Path, policy_file: Path | None = None) -> LoadedPolicy:
    """The policy that [strategy] names, or that stands in its `path`, with its parameters."""
    parameters = dict(desk.strategy)
    name, path = parameters.pop("name", None), parameters.pop("path", None)
    if (name is None) == (path is None):
        raise ConfigError('strategy: give either name = "..." of a built-in policy or path = "my_policy.py"')
    if name is not None:
        return load_policy(str(name), parameters)
    return load_policy(policy_file or base / str(path), parameters)


HEADER_KEYS = ("config_hash", "limits_hash", "policy_hash", "instruments", "ticks", "seed")


def _identity(
    desk: Desk, market: Market, policy: LoadedPolicy, limits: np.ndarray, each: np.ndarray
) -> dict[str, Any]:
    """The part of the manifest that is known before the run."""
    instruments = market.instruments
    return {
        "format": 1,
        "version": version("seawall"),
        "name": desk.desk.name,
        "config": msgspec.to_builtins(desk, str_keys=True),
        "config_hash": desk.config_hash,
        "limits_hash": limits_hash(limits, each),
        "kernel_hash": kernel_hash(),
        "policy": policy.name,
        "policy_hash": policy.source_hash,
        "seed": desk.desk.seed,
        "currency": desk.desk.currency,
        "exponent": CURRENCY_EXPONENTS[desk.desk.currency],
        "catalog": desk.data.catalog,
        "data_hash": market.data_hash,
        "rows": len(market.rows),
        "rows_sha256": hashlib.sha256(market.rows.data.cast("B")).hexdigest(),
        "actions": len(market.actions),
        "instruments": [i.name for i in instruments],
        "ticks": [str(i.tick) for i in instruments],
        "tick_values": [[i.tick_value.numerator, i.tick_value.denominator] for i in instruments],
        "strategies": [policy.name],
        "annualisation": 365 if all(i.sessions == "24/7" for i in instruments) else 252,
    }


def _session_tables(market: Market) -> dict[str, SessionTable]:
    """The session tables of the instruments by name, in order of first use, cut to the data's years."""
    tables: dict[str, SessionTable] = {}
    for instrument in market.instruments:
        if instrument.sessions not in tables:
            whole = load_sessions(instrument.sessions)
            first = int(np.searchsorted(whole.closes, int(market.rows[0]["ts_local"]) - MARGIN_DAYS * DAY_NS))
            last = int(np.searchsorted(whole.opens, int(market.rows[-1]["ts_local"]) + MARGIN_DAYS * DAY_NS))
            tables[instrument.sessions] = SessionTable(
                whole.name, whole.opens[first:last], whole.closes[first:last], whole.last_covered_ns
            )
            if last - first > SESSIONS_MAX:
                raise ConfigError(
                    f"data: {last - first} sessions of {whole.name}; a run can have {SESSIONS_MAX}"
                )
    if len(tables) > SESSION_TABLES_MAX:
        raise ConfigError(
            f"data.instruments: {len(tables)} session tables; a desk can have {SESSION_TABLES_MAX}"
        )
    return tables


def _fill_instruments(s: Any, desk: Desk, market: Market, tables: dict[str, SessionTable]) -> None:
    for number, table in enumerate(tables.values()):
        count = len(table.opens)
        s["session_open"][number, :count] = table.opens
        s["session_close"][number, :count] = table.closes
        s["session_count"][number] = count
    names = list(tables)
    settings = _venue_settings(desk)
    for number, instrument in enumerate(market.instruments):
        record = s["instruments"][number]
        record["tick_value_numerator"] = instrument.tick_value.numerator
        record["tick_value_denominator"] = instrument.tick_value.denominator
        record["assumed_volume_lots"] = desk.data.assumed_volume_lots
        bound = fee_bound(settings, instrument)
        record["fee_ppm_max"] = bound.fee_ppm_max
        record["fee_per_lot_millionths"] = bound.fee_per_lot_millionths
        record["fee_minimum_minor"] = bound.fee_minimum_minor
        record["active"] = 1
        numerator, denominator = instrument.tick.as_integer_ratio()
        s["tick_numerator"][number], s["tick_denominator"][number] = float(numerator), float(denominator)
        record["session_table"] = names.index(instrument.sessions)
        record["shortable"] = int(instrument.shortable and desk.desk.account == MARGIN)
        record["interval_ns"] = market.interval_ns[number]
        record["daily"] = int(market.interval_ns[number] >= DAILY_NS)
    s["instrument_count"] = len(market.instruments)


def _fill_desk(s: Any, desk: Desk) -> None:
    s["strategy_count"] = 1
    s["equity_interval_ns"] = parse_duration(desk.desk.equity_interval)
    s["rebalance_band"] = desk.desk.rebalance_band
    s["rebalance_notional_minor_min"] = _scaled(desk, desk.desk.minimum_notional)
    s["volume_alpha"] = 2.0 / 21.0  # span of 20 bars, as the sizing of participation uses
    assert s.dtype == STATE
    assert len(s["features"]) == FEATURES_MAX


def _daily_volumes(desk: Desk, market: Market) -> dict[str, int]:
    """Average lots a day by name, for the lint of the limits; left out where nothing is known."""
    closes = market.rows[market.rows["kind"] == BAR_CLOSE]
    volumes: dict[str, int] = {}
    for number, instrument in enumerate(market.instruments):
        own = closes[closes["instrument"] == number]
        known = own[(own["flags"] & FLAG_NO_VOLUME) == 0]
        days = len(np.unique(known["ts_local"] // DAY_NS))
        if days:
            volumes[instrument.name] = int(known["size_lots"].sum()) // days
        elif desk.data.assumed_volume_lots > 0 and len(own):
            bars = len(own) // max(1, len(np.unique(own["ts_local"] // DAY_NS)))
            volumes[instrument.name] = desk.data.assumed_volume_lots * bars
    return volumes


def _venue_settings(desk: Desk) -> VenueSettings:
    """The venue's settings with the desk's seed: one seed decides all draws of a run."""
    return msgspec.structs.replace(desk.venue, seed=desk.desk.seed)


def _minor(desk: Desk) -> int:
    return _scaled(desk, desk.desk.cash)


def _scaled(desk: Desk, amount: Any) -> int:
    return int(amount * 10 ** CURRENCY_EXPONENTS[desk.desk.currency])


def _minor_per_lot(market: Market) -> tuple[Fraction, ...]:
    return tuple(i.tick_value / Fraction(i.tick) for i in market.instruments)
