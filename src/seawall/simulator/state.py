"""The whole state of the venue as one record.

Rule 1: everything that can change an answer is a field of VENUE; a snapshot is its bytes.
Rule 2: every table has a capacity, asserted where it grows; a full order table rejects.
Rule 3: working orders stand in the order of their arrival, which is their priority.

Theory of operation: the same as of kernels/state.py: functions take `v`, one record
(`venue[0]`), compiled or as plain Python. Queues are rings: `_head` is the oldest entry,
`_count` their number.

Units: `_ticks`, `_lots`, `_minor`, `_ppm`, `ts_*` = ns UTC of exchange time unless local.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from seawall.kernels.state import COMMAND, INSTRUMENTS_MAX, REPORT, SESSION_TABLES_MAX, SESSIONS_MAX
from seawall.model.errors import ConfigError
from seawall.model.instruments import Instrument
from seawall.model.sessions import SessionTable
from seawall.simulator.draws import CONSTANT, LOGNORMAL
from seawall.simulator.settings import LatencySpread, VenueSettings, duration_ns, fee_rates

__all__ = [
    "ACTIONS_KEPT",
    "COMMANDS_KEPT",
    "FILLED_KEPT",
    "IMPACT_BASE",
    "IMPACT_NONE",
    "IMPACT_SQRT",
    "NEVER",
    "ORDERS_KEPT",
    "REPORTS_KEPT",
    "SIGMA_LAMBDA",
    "TAKEN_KEPT",
    "VENUE",
    "VENUE_INSTRUMENT",
    "VENUE_ORDER",
    "VENUE_TICK",
    "new_venue",
]

NEVER = 2**62
ORDERS_KEPT = 512
COMMANDS_KEPT = 1024
REPORTS_KEPT = 4096
ACTIONS_KEPT = 128
TAKEN_KEPT = 64  # price levels of which the desk took something lately; the oldest is forgotten
FILLED_KEPT = 1024  # the last filled ids, so that a cancel can be told that it came too late

IMPACT_NONE = 0
IMPACT_SQRT = 1
IMPACT_BASE = 2
IMPACT_NUMBERS = {"none": IMPACT_NONE, "sqrt": IMPACT_SQRT, "base": IMPACT_BASE}
SIGMA_LAMBDA = 0.94


def _columns(kind: str, names: str) -> list[tuple[str, str]]:
    return [(name, kind) for name in names.split()]


VENUE_INSTRUMENT = np.dtype(
    [
        *_columns("i8", "tick_value_numerator tick_value_denominator assumed_volume_lots"),
        *_columns("i8", "taker_rate maker_rate sell_levy_rate fee_per_lot_millionths fee_minimum_minor"),
        *_columns("i8", "bar_number open_ticks high_ticks low_ticks close_ticks last_ticks"),
        *_columns("i8", "bar_volume_lots previous_volume_lots used_lots action_ts"),  # -1 = unknown
        *_columns("f8", "sigma_squared sigma_close volume_average"),
        *_columns("i4", "session_table bar_started close_seen bars_closed working inverse"),
    ],
    align=True,
)
VENUE_ORDER = np.dtype(
    [
        *_columns("i8", "order_id quantity_lots cumulative_lots limit_ticks stop_ticks expires_ts"),
        *_columns("i8", "bar_number commission_minor charged_minor"),  # bar that may not fill it, nor earlier
        *_columns("i4", "instrument side order_type time_in_force triggered reduce_only"),
        *_columns("i4", "post_only resting"),
    ],
    align=True,
)
VENUE_TICK = np.dtype(  # what trades, quotes and levels said last, in exchange time
    [
        *_columns("i8", "bid_ticks bid_lots ask_ticks ask_lots pending_ticks pending_lots"),
        *_columns("i8", "trade_ticks interval_ends_ns interval_lots position_lots taken_count"),
        *_columns("i4", "is_ticks has_touch has_trades book status unused"),
        # what the desk took of the displayed depth: it comes back with a half-life
        ("taken_ticks", "i8", (TAKEN_KEPT,)),
        ("taken_lots", "f8", (TAKEN_KEPT,)),
        ("taken_ts", "i8", (TAKEN_KEPT,)),
        ("taken_side", "i8", (TAKEN_KEPT,)),
    ],
    align=True,
)
QUEUED = np.dtype([("arrival_ts", "i8"), ("rank", "i8"), ("command", COMMAND)], align=True)
ACTION = np.dtype(_columns("i8", "ts instrument numerator denominator"), align=True)

VENUE = np.dtype(
    [
        ("seed", "u8"),
        *_columns("i8", "cursor rows_base now_ns now_rank instrument_count"),
        *_columns("i8", "volume_interval_ns replenish_half_life_ns"),
        *_columns("i8", "last_arrival_ts last_arrival_rank last_response_ts response_ns_min"),
        *_columns("i8", "entry_ns response_ns participation_ppm price_band_ppm"),
        *_columns("f8", "entry_mu entry_sigma response_mu response_sigma reject_probability"),
        *_columns("f8", "half_spread_bps_min k_sigma impact_y impact_base_bps volume_alpha"),
        *_columns("i8", "entry_model response_model impact_model adversarial"),
        *_columns("i8", "venue_sequence executions order_id_max next_expiry_ts"),
        *_columns("i8", "order_count command_head command_count report_head report_count"),
        *_columns("i8", "action_head action_count filled_count"),
        ("instruments", VENUE_INSTRUMENT, (INSTRUMENTS_MAX,)),
        ("ticks", VENUE_TICK, (INSTRUMENTS_MAX,)),
        ("orders", VENUE_ORDER, (ORDERS_KEPT + 1,)),  # one spare, to move an order to the end
        ("commands", QUEUED, (COMMANDS_KEPT,)),
        ("reports", REPORT, (REPORTS_KEPT,)),
        ("actions", ACTION, (ACTIONS_KEPT,)),
        ("filled", "i8", (FILLED_KEPT,)),
        ("session_open", "i8", (SESSION_TABLES_MAX, SESSIONS_MAX)),
        ("session_close", "i8", (SESSION_TABLES_MAX, SESSIONS_MAX)),
        ("session_count", "i8", (SESSION_TABLES_MAX,)),
    ],
    align=True,
)


def new_venue(
    settings: VenueSettings,
    instruments: Sequence[Instrument],
    sessions: Mapping[str, SessionTable],
    assumed_volume_lots: Sequence[int] | None = None,
) -> np.ndarray:
    """A venue that has seen nothing: an array of one VENUE record.

    instruments: by their dense index; sessions: the tables that they name;
    assumed_volume_lots: for each instrument the volume of a bar that has none, -1 = unknown.
    A table or an instrument that does not fit is a ConfigError.
    """
    if len(instruments) > INSTRUMENTS_MAX:
        raise ConfigError(f"venue: {len(instruments)} instruments, at most {INSTRUMENTS_MAX} are possible")
    venue = np.zeros(1, VENUE)
    v = venue[0]
    _set_market(v, settings)
    _set_latency(v, "entry", settings.latency_order, "latency_order")
    _set_latency(v, "response", settings.latency_response, "latency_response")
    v["response_ns_min"] = max(int(v["response_ns"]), 1)
    names = sorted({instrument.sessions for instrument in instruments})
    _set_sessions(v, names, sessions)
    v["instrument_count"] = len(instruments)
    assumed = [-1] * len(instruments) if assumed_volume_lots is None else assumed_volume_lots
    for index, instrument in enumerate(instruments):
        table = names.index(instrument.sessions)
        _set_instrument(v["instruments"][index], instrument, settings, table, int(assumed[index]))
    return venue


def _set_market(v: np.void, settings: VenueSettings) -> None:
    v["seed"] = settings.seed
    v["participation_ppm"] = settings.participation_ppm
    v["price_band_ppm"] = round(settings.price_band * 1e6)
    v["reject_probability"] = settings.p_reject
    v["half_spread_bps_min"] = settings.spread_bps / 2.0
    v["k_sigma"] = settings.k_sigma
    v["impact_model"] = IMPACT_NUMBERS[settings.impact]
    v["impact_y"] = settings.impact_y
    v["impact_base_bps"] = settings.impact_base_bps
    v["volume_alpha"] = 2.0 / (settings.volume_bars + 1.0)
    v["adversarial"] = settings.adversarial
    v["volume_interval_ns"] = duration_ns("volume_interval", settings.volume_interval)
    v["replenish_half_life_ns"] = duration_ns("replenish_half_life", settings.replenish_half_life)
    v["next_expiry_ts"] = NEVER
    v["now_ns"] = v["last_arrival_ts"] = v["last_response_ts"] = -NEVER


def _set_latency(v: np.void, name: str, latency: str | LatencySpread, key: str) -> None:
    if isinstance(latency, LatencySpread):
        v[f"{name}_model"] = LOGNORMAL
        v[f"{name}_mu"], v[f"{name}_sigma"] = latency.mu_sigma
    else:
        v[f"{name}_model"] = CONSTANT
        v[f"{name}_ns"] = duration_ns(key, latency)


def _set_sessions(v: np.void, names: list[str], sessions: Mapping[str, SessionTable]) -> None:
    if len(names) > SESSION_TABLES_MAX:
        raise ConfigError(f"venue: {len(names)} session tables, at most {SESSION_TABLES_MAX} are possible")
    for index, name in enumerate(names):
        if name not in sessions:
            raise ConfigError(f"venue: no session table {name!r} was given; there are: {', '.join(sessions)}")
        count = len(sessions[name].opens)
        if count > SESSIONS_MAX:
            raise ConfigError(f"venue: {name} has {count} sessions, at most {SESSIONS_MAX}; cut it")
        v["session_open"][index, :count] = sessions[name].opens
        v["session_close"][index, :count] = sessions[name].closes
        v["session_count"][index] = count


def _set_instrument(
    record: np.void, instrument: Instrument, settings: VenueSettings, table: int, assumed: int
) -> None:
    rates = fee_rates(settings, instrument)
    record["tick_value_numerator"] = instrument.tick_value.numerator
    record["tick_value_denominator"] = instrument.tick_value.denominator
    record["inverse"] = instrument.inverse
    record["taker_rate"] = rates.taker
    record["maker_rate"] = rates.maker
    record["sell_levy_rate"] = rates.sell_levy
    record["fee_per_lot_millionths"] = rates.per_lot_millionths
    record["fee_minimum_minor"] = rates.minimum_minor
    record["session_table"] = table
    record["assumed_volume_lots"] = assumed
    record["previous_volume_lots"] = assumed
    record["volume_average"] = max(assumed, 0)
    record["sigma_squared"] = settings.sigma_initial**2
    record["action_ts"] = -NEVER
