"""From a desk file to a core, a venue and the events of the run, ready to start.

Rule 1: everything that can be wrong is found here, before the first event.
Rule 2: what is built depends on the desk file and the catalog alone; the same two give the
        same state, byte for byte.
"""

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from seawall.config import Desk
from seawall.engine.core import Engine
from seawall.kernels.jit import kernel_hash
from seawall.kernels.rows import BAR_CLOSE, FLAG_NO_VOLUME, ROW
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
from seawall.runtime.feed_latency import feed_latency
from seawall.runtime.policies import LoadedPolicy, load_policy
from seawall.runtime.ticks import fill_ticks, refuse_splits
from seawall.simulator.settings import VenueSettings, fee_bound
from seawall.simulator.state import new_venue
from seawall.store.catalog import Catalog
from seawall.store.mapped_rows import map_rows
from seawall.store.predictions import read_predictions
from seawall.store.row_source import RowSource, open_rows
from seawall.store.sample import open_catalog
from seawall.store.sessions import load_sessions
from seawall.store.streams import actions_events
from seawall.strategies.view import View
from seawall.strategies.wiring import crossings_of, features_of, wire_policy

__all__ = ["DAILY_NS", "AssembledDesk", "assemble", "open_desk_catalog", "read_market"]

DAILY_NS = 20 * 3600 * 10**9  # a bar interval from here on counts its ages in sessions
MARGIN = "margin"
MARGIN_DAYS = 400  # sessions kept before and after the data


class Market(msgspec.Struct):
    """What the catalog gave: instruments, rows, corporate actions, their hash.

    rows: those of bars; ticks are read from the source as the run goes on.
    """

    instruments: tuple[Instrument, ...]
    source: RowSource
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
    books: np.ndarray
    venue_books: np.ndarray
    view: View
    policy: LoadedPolicy
    market: Market
    manifest: dict[str, Any]


def read_market(desk: Desk, base: Path, maps_rows: bool = False) -> Market:
    """Instruments, market rows and corporate actions that the desk names."""
    catalog = open_desk_catalog(desk, base)
    names = list(desk.data.instruments)
    if len(names) > INSTRUMENTS_MAX:
        raise ConfigError(f"data.instruments: {len(names)} instruments; a desk can have {INSTRUMENTS_MAX}")
    instruments = tuple(catalog.instrument(name) for name in names)
    _check_contracts(desk, catalog, instruments)
    if desk.desk.benchmark is not None:
        catalog.instrument(desk.desk.benchmark)  # its refusal names what there is
    start, end = desk.data.start, desk.data.end
    restamp, latency_ns_max = feed_latency(desk.venue, desk.desk.seed)
    source = open_rows(
        catalog, names, desk.data.streams, start, end, restamp=restamp, latency_ns_max=latency_ns_max
    )
    if maps_rows and not is_bars(desk):
        salt = f"{desk.venue.latency_feed} {desk.desk.seed}" if restamp else ""
        source = map_rows(source, catalog, salt)
    if not source.rows_total:
        kinds = " and ".join(desk.data.streams)
        raise DataError(f"{desk.data.catalog}: no {kinds} of {', '.join(names)} between {start} and {end}")
    intervals = catalog.describe().filter(kind="bars")
    by_name = dict(zip(intervals["instrument"], intervals["interval_ns"], strict=True))
    first, last = source.first_ns, source.last_ns
    predictions = _predictions(desk, base, last)
    actions: list[CorporateAction | ModelPrediction] = [*actions_events(catalog, names, first, last + 1)]
    digest = hashlib.sha256(source.content_hash.encode())
    digest.update(msgspec.json.encode(predictions))
    return Market(
        instruments=instruments,
        source=source,
        rows=np.zeros(0, ROW) if source.memory is None else source.memory,
        actions=sorted([*actions, *predictions], key=lambda event: event.ts_local),  # stable: actions first
        data_hash=digest.hexdigest(),
        interval_ns=tuple(int(by_name[name]) if is_bars(desk) else 0 for name in names),
    )


def is_bars(desk: Desk) -> bool:
    """Whether the desk reads bars; else it reads ticks."""
    return "bars" in desk.data.streams


def _check_contracts(desk: Desk, catalog: Catalog, instruments: Sequence[Instrument]) -> None:
    """What settles in the desk's currency can be traded, contracts in a margin account alone.

    What settles in another currency is watched: the gate refuses its orders. An inverse contract
    has a face and no shares, so that nobody could say what a split or a dividend of it means.
    """
    account, currency = desk.desk.account, desk.desk.currency
    own = [instrument for instrument in instruments if instrument.currency == currency]
    if not own:
        there = ", ".join(dict.fromkeys(f"{i.name} in {i.currency}" for i in instruments))
        raise ConfigError(f"data.instruments: nothing settles in {currency}, the desk's currency: {there}")
    for name in (instrument.name for instrument in instruments if instrument.inverse):
        if count := len(catalog.actions(name)):
            raise DataError(
                f"{desk.data.catalog}: {count} corporate actions of {name}; an inverse contract has none"
            )
    for instrument in own:
        if instrument.contract != "spot" and account != MARGIN:
            raise ConfigError(
                f"data.instruments: {instrument.name} is a contract ({instrument.contract}), which needs "
                f'desk.account = "margin"; the desk has "{account}"'
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


def assemble(
    desk: Desk, base: Path, policy_file: Path | None = None, maps_rows: bool = False
) -> AssembledDesk:
    """Builds the core, the venue, the view and the policy of a desk file in folder `base`.

    policy_file: where the policy's source is taken from instead (a replay uses the run's copy).
    maps_rows: ticks are read from a mapped file of rows; it changes no result.
    """
    market = read_market(desk, base, maps_rows)
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
    if not is_bars(desk):
        refuse_splits(market.actions)
    books, venue_books = fill_ticks(s, venue[0], desk, market.instruments, policy.policy)
    predictions: dict[tuple[str, str], ModelPrediction] = {}
    view = View(
        state, market.instruments, features_of(policy.policy), crossings=crossings_of(policy.policy),
        predictions=predictions, currency=desk.desk.currency, books=books,
    )  # fmt: skip
    shortest, wanted = min(market.interval_ns), int(s["bar_interval_ns"])
    if is_bars(desk) and wanted and (wanted < shortest or wanted % shortest):
        raise ConfigError(
            f"strategy: it wakes on bars of {s['bar_interval_ns'] // 10**9} s, "
            f"which the data's bars of {shortest // 10**9} s do not make up"
        )
    if s["timer_interval_ns"] > 0:
        interval = int(s["timer_interval_ns"])
        s["timer_next_ns"] = -(-market.source.first_ns // interval) * interval
    manifest = {**_identity(desk, market, policy, limits, each), "base": str(base.resolve())}
    header = msgspec.json.encode({k: manifest[k] for k in HEADER_KEYS}, order="deterministic")
    ticks = tuple(Fraction(i.tick) for i in market.instruments)
    engine = Engine(
        state, view.instruments, ticks, _minor_per_lot(market), policy.policy, view, predictions, header,
        books,
    )  # fmt: skip
    return AssembledDesk(desk, engine, state, venue, books, venue_books, view, policy, market, manifest)


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
        "rows": market.source.rows_total,
        "rows_sha256": hashlib.sha256(market.rows.data.cast("B")).hexdigest() if is_bars(desk) else "",
        "clock_shifts": market.source.clock_shifts,
        "actions": len(market.actions),
        "instruments": [i.name for i in instruments],
        "ticks": [str(i.tick) for i in instruments],
        "contracts": [i.contract for i in instruments],
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
            first = int(np.searchsorted(whole.closes, market.source.first_ns - MARGIN_DAYS * DAY_NS))
            last = int(np.searchsorted(whole.opens, market.source.last_ns + MARGIN_DAYS * DAY_NS))
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
        record["inverse"] = instrument.inverse
        record["foreign"] = instrument.currency != desk.desk.currency
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
