"""The whole state of the core as one record, and the records that it leaves behind.

Rule 1: everything that can change an answer is a field of STATE; a snapshot is its bytes.
Rule 2: every table has a fixed capacity, checked where it grows; nothing is unbounded.
Rule 3: the core writes records into the four output tables below, in one numbering
        (`sequence` rises by one over all four); the shell drains them to the journal.

Theory of operation: compiled functions of all rooms take `s`, one record of this type
(`state[0]`), which costs one pointer a call. The same functions run as plain Python on
numpy's own records, which is what their twins in the tests do. The layout stands here,
in the lowest room, because every room reads it; the meaning of a field belongs to the
room that writes it.

Units: `_minor` = minor currency units, `_ticks`, `_lots` as in the instrument,
`price_fine` = ten-thousandths of a tick, `_ppm` = parts per million, `ts_*` = ns UTC.
"""

from typing import Any

import numpy as np

__all__ = [
    "BAR",
    "BARS_KEPT",
    "COMMAND",
    "COMMANDS_MAX",
    "CROSSING",
    "CROSSINGS_MAX",
    "DECISION",
    "DECISIONS_KEPT",
    "EQUITY",
    "EQUITY_KEPT",
    "EVENT",
    "EVENTS_KEPT",
    "EXIT",
    "FEATURE",
    "FEATURES_MAX",
    "FINE_PER_TICK",
    "GATE_INPUTS",
    "INSTRUMENT",
    "INSTRUMENTS_MAX",
    "INSTRUMENT_LIMITS",
    "INTENT",
    "INTENTS_MAX",
    "LEDGER",
    "LIMITS",
    "ORDER",
    "ORDERS_MAX",
    "POSITION",
    "POSTING",
    "POSTINGS_KEPT",
    "REPORT",
    "RULES_MAX",
    "SESSIONS_MAX",
    "SESSION_TABLES_MAX",
    "STATE",
    "STRATEGIES_MAX",
    "TICK",
    "TRADES_KEPT",
    "TRADE_SEEN",
    "VALUES_MAX",
    "new_state",
]

FINE_PER_TICK = 10_000
INSTRUMENTS_MAX = 64
STRATEGIES_MAX = 4
ORDERS_MAX = 256
INTENTS_MAX = 128
COMMANDS_MAX = 512
BARS_KEPT = 512
TRADES_KEPT = 1024  # the newest trades of an instrument, a power of two
FEATURES_MAX = 8
CROSSINGS_MAX = 8
RULES_MAX = 24
VALUES_MAX = 12
SESSION_TABLES_MAX = 3
SESSIONS_MAX = 20_480
DECISIONS_KEPT = 2048
EVENTS_KEPT = 4096
POSTINGS_KEPT = 4096
EQUITY_KEPT = 2048


def _record(*fields: Any) -> np.dtype[np.void]:
    return np.dtype([*fields], align=True)


def _columns(kind: str, names: str) -> list[tuple[str, str]]:
    return [(name, kind) for name in names.split()]


# --- what is traded, and what is known of it ----------------------------------------------

INSTRUMENT = _record(
    *_columns("i8", "tick_value_numerator tick_value_denominator"),  # minor units of a lot at one tick
    *_columns("i4", "inverse foreign"),  # worth falls with the price; settles in another currency
    *_columns("i8", "assumed_volume_lots"),  # -1: unknown volume stays unknown, orders are refused
    *_columns("i8", "fee_ppm_max fee_per_lot_millionths fee_minimum_minor"),  # worst case, to reserve
    *_columns("i4", "active session_table shortable daily"),
    *_columns("i8", "interval_ns"),
    # what the market rows said last:
    *_columns("i8", "last_ticks last_ts_local open_ticks high_ticks low_ticks volume_lots"),
    *_columns("i8", "rows_seen bars_seen bar_open_ts bar_close_ts"),
    *_columns("i8", "mark_ticks mark_ts_local"),  # the price that values positions
    *_columns("f8", "volume_average sigma_squared sigma_close"),  # average bar volume; EWMA of r^2
    *_columns("i8", "volumes_seen"),  # bars whose volume is in the average
    *_columns("i4", "volume_known stale"),
)
TICK = _record(  # what trades, quotes and levels said last, of an instrument that has such data
    *_columns("i8", "bid_ticks bid_lots ask_ticks ask_lots touch_ts_local crossed_since_ns"),
    *_columns("i8", "pending_ticks pending_lots"),  # the bid of a quote whose ask has not come yet
    *_columns("i8", "trade_ticks trade_lots trade_ts_local trades_seen trade_gaps"),
    *_columns("i8", "interval_ends_ns interval_lots packet_rows"),
    *_columns("i8", "bar_ends_ns bar_trades worth_minor exposure_minor"),  # both as of the last mark
    *_columns("f8", "bar_size bar_filled"),  # a bar of trades is full at this much
    *_columns("i4", "is_ticks has_touch book status trade_side bar_kind"),  # book -1: quotes, no depth
)
TRADE_SEEN = _record(*_columns("i8", "price_ticks size_lots ts_exchange side"))
BAR = _record(*_columns("f8", "open high low close volume"), *_columns("i8", "ts_close"))
FEATURE = _record(*_columns("i4", "kind window in_price unused"), *_columns("f8", "parameter"))
# Feature numbers, right -1 = the level; way 1 tells of crossings upwards only, -1 downwards only, 0 both.
CROSSING = _record(*_columns("i4", "left right"), *_columns("f8", "level"), *_columns("i8", "way"))

# --- orders ------------------------------------------------------------------------------

ORDER = _record(
    *_columns("i8", "order_id decision intent quantity_lots filled_lots limit_ticks stop_ticks"),
    *_columns("i8", "ts_decided ts_sent expires_ts reference_fine reserved_minor open_notional_minor"),
    *_columns("i8", "last_execution_id last_event"),
    *_columns("i4", "state side order_type time_in_force instrument strategy reduce_only exit_kind"),
    *_columns("i4", "cancel_requested flags post_only unused"),
    *_columns("f8", "stop_loss take_profit trailing"),
    *_columns("i8", "time_stop_bars"),
)
INTENT = _record(
    *_columns("i4", "kind instrument strategy side order_type time_in_force text value_count"),
    *_columns("i4", "reduce_only exit_kind post_only unused"),
    *_columns("i8", "lots limit_ticks stop_ticks order_id"),
    *_columns("f8", "target"),  # weight of equity for TARGET_WEIGHT, else 0
    *_columns("f8", "stop_loss take_profit trailing"),  # fractions of the entry price; 0 = none
    *_columns("i8", "time_stop_bars"),
    ("value_names", "i4", (VALUES_MAX,)),
    ("values", "f8", (VALUES_MAX,)),
)
COMMAND = _record(
    *_columns("i8", "sequence ts_sent order_id quantity_lots limit_ticks stop_ticks expires_ts"),
    *_columns("i4", "kind instrument side order_type time_in_force phase reduce_only strategy"),
    *_columns("i4", "post_only unused"),
)
REPORT = _record(
    *_columns("i8", "ts_exchange ts_local venue_sequence order_id execution_id"),
    *_columns("i8", "last_lots cumulative_lots price_fine base_fine"),  # base: price before own costs
    *_columns("i8", "fee_minor spread_minor impact_minor"),
    *_columns("i4", "kind reason instrument liquidity"),
)
EXIT = _record(  # protective exits of one position, evaluated on each bar close
    *_columns("f8", "stop_loss take_profit trailing"),
    *_columns("i8", "time_stop_bars bars_held extreme_ticks entry_fine"),
    *_columns("i4", "active pending"),
)

# --- money -------------------------------------------------------------------------------

POSITION = _record(*_columns("i8", "lots cost_minor realised_minor fees_minor dividends_minor traded_lots"))
LEDGER = _record(
    *_columns("i8", "initial_minor cash_minor cost_minor realised_minor fees_minor dividends_minor"),
    *_columns("i8", "adjustments_minor reserved_minor unexecuted_minor entries"),
    *_columns("i8", "equity_minor worth_minor gross_minor net_minor unrealised_minor"),  # as of the last mark
    *_columns("i8", "peak_minor day_start_minor day_session drawdown_ppm"),
    *_columns("i4", "margin_account stale_marks"),
)

# --- limits and what the gate looks at -----------------------------------------------------

LIMITS = _record(
    *_columns("i8", "version cash_floor_minor order_notional_minor_max unexecuted_notional_minor_max"),
    *_columns("i8", "gross_ppm_max net_ppm_max leverage_ppm_max initial_margin_ppm"),
    *_columns("i8", "daily_loss_minor_max daily_loss_ppm_max drawdown_ppm_max"),
    *_columns("i8", "duplicate_window_ns age_ns_max age_sessions_max emergency_collar_ppm"),
    *_columns("i8", "open_orders_max"),
    *_columns("i4", "daily_loss_resets unused"),
)
INSTRUMENT_LIMITS = _record(
    *_columns("i8", "collar_ppm order_lots_max order_volume_ppm_max order_notional_minor_max"),
    *_columns("i8", "long_lots_max short_lots_max single_name_ppm_max open_orders_max"),
    *_columns("i4", "allowed passive_breach"),
)
GATE_INPUTS = _record(  # everything a rule may look at, as plain numbers; -1 ages and 0 prices = unknown
    *_columns("i8", "lots wanted_lots limit_ticks stop_ticks reference_ticks reference_age_ns"),
    *_columns("i8", "reference_age_sessions notional_minor fee_minor duplicate_age_ns"),
    *_columns("i8", "position_lots open_buy_lots open_sell_lots open_orders open_orders_instrument"),
    *_columns("i8", "unexecuted_minor cash_minor reserved_minor equity_minor"),
    *_columns("i8", "gross_after_minor net_after_minor single_name_after_minor gross_before_minor"),
    *_columns("i8", "net_before_minor single_name_before_minor"),
    *_columns("i8", "day_loss_minor day_start_minor drawdown_ppm volume_average_lots overflow_bits"),
    *_columns("i4", "side order_type time_in_force known_instrument reducing reduce_only"),
    *_columns("i4", "volume_known margin_account daily_loss_latched drawdown_latched day_known shortable"),
    *_columns("i4", "book_state unused"),  # 0: a book that can be decided on, or none at all
    ("limits", LIMITS),
    ("instrument_limits", INSTRUMENT_LIMITS),
)

# --- output tables -------------------------------------------------------------------------

_HEAD = [("sequence", "i8"), ("ts_local", "i8"), ("row_hash", "u8"), ("cause", "i8")]
DECISION = _record(
    *_HEAD,
    *_columns("i8", "rows_seen order_id intent wanted_lots lots limit_ticks stop_ticks reference_ticks"),
    *_columns("i8", "reference_age_ns reference_age_sessions position_lots target_lots"),
    *_columns("i8", "cash_minor equity_minor notional_minor limits_version"),
    *_columns("i4", "kind reason strategy instrument side order_type time_in_force reducing"),
    *_columns("i4", "text value_count wake_reasons exit_kind"),
    ("value_names", "i4", (VALUES_MAX,)),
    ("values", "f8", (VALUES_MAX,)),
    ("rule_value", "f8", (RULES_MAX,)),
    ("rule_limit", "f8", (RULES_MAX,)),
    ("rule_status", "u1", (RULES_MAX,)),
    ("check", "u8"),
)
EVENT = _record(
    *_HEAD,
    *_columns("i8", "ts_exchange order_id lots price_fine limit_ticks stop_ticks cumulative_lots"),
    *_columns("i8", "amount_minor fee_minor spread_minor impact_minor delay_minor realised_minor"),
    *_columns("i8", "execution_id position_lots cash_minor base_fine reference_fine"),
    *_columns("i4", "kind reason instrument strategy side state_from state_to liquidity order_type flags"),
    ("check", "u8"),
)
POSTING = _record(  # double entry: the six legs of each row add up to zero
    *_HEAD,
    *_columns("i8", "entry lots cash position fees realised dividends capital"),
    *_columns("i4", "kind strategy instrument unused"),
    ("check", "u8"),
)
EQUITY = _record(
    *_HEAD,
    *_columns("i8", "cash_minor equity_minor gross_minor net_minor realised_minor unrealised_minor"),
    *_columns("i8", "fees_minor dividends_minor peak_minor drawdown_ppm reserved_minor stale_marks"),
    ("check", "u8"),
)

# --- the state -------------------------------------------------------------------------------

STATE = _record(
    # the clock and the two lanes
    *_columns("i8", "now_ns group_ts sequence rows_taken next_order_id next_execution wakes"),
    *_columns("i8", "stop_code stop_sequence stop_detail"),  # a halt, with the first offending sequence
    ("row_hash", "u8"),
    *_columns("i4", "group_phase group_open instrument_count strategy_count"),
    # wakes
    *_columns("i8", "timer_interval_ns timer_next_ns bar_interval_ns equity_interval_ns equity_last_ns"),
    *_columns("i4", "wake_bar_close wake_bar_open wake_orders wake_timer wake_events"),
    *_columns("i4", "timer_if_changed timer_changed wake_trade wake_quote wake_packet"),
    # ticks: what the open group needs at its end, and when the books want to be settled next
    *_columns("i4", "group_ticks group_alarm group_exits tick_features"),
    *_columns("i8", "attention_ns alarm_minor volume_interval_ns"),
    ("wake_reasons", "u8"),
    ("crossed", "u8"),
    # features of bars come first, then those of trades, then those of the touch
    *_columns("i4", "feature_count bar_feature_count trade_feature_count crossing_count"),
    *_columns("i4", "order_count order_event_count"),
    # counters
    *_columns("i4", "intent_count command_count decision_count event_count posting_count equity_count"),
    *_columns("i4", "daily_loss_latched drawdown_latched passive_breach final"),
    *_columns("i8", "rows_base until_ts last_row_ts equity_points group_events group_bars day_ends_ns"),
    *_columns("i8", "stale_equity_points idle_wakes no_volume_bars"),
    *_columns("f8", "rebalance_band volume_alpha sigma_alpha"),
    *_columns("i8", "rebalance_notional_minor_min"),
    # tables
    ("ledger", LEDGER),
    ("limits", LIMITS),
    ("gate_inputs", GATE_INPUTS),
    ("instruments", INSTRUMENT, (INSTRUMENTS_MAX,)),
    ("ticks", TICK, (INSTRUMENTS_MAX,)),
    ("trades", TRADE_SEEN, (INSTRUMENTS_MAX, TRADES_KEPT)),  # a ring
    ("instrument_limits", INSTRUMENT_LIMITS, (INSTRUMENTS_MAX,)),
    ("positions", POSITION, (STRATEGIES_MAX, INSTRUMENTS_MAX)),
    ("net_lots", "i8", (INSTRUMENTS_MAX,)),  # over all strategies
    ("open_buy_lots", "i8", (INSTRUMENTS_MAX,)),
    ("open_sell_lots", "i8", (INSTRUMENTS_MAX,)),
    ("open_buy_minor", "i8", (INSTRUMENTS_MAX,)),  # leaves at worst price
    ("open_sell_minor", "i8", (INSTRUMENTS_MAX,)),
    ("open_orders", "i4", (INSTRUMENTS_MAX,)),
    ("updated", "u1", (INSTRUMENTS_MAX,)),  # a bar closed in this group
    ("exits", EXIT, (STRATEGIES_MAX, INSTRUMENTS_MAX)),
    ("orders", ORDER, (ORDERS_MAX,)),
    ("recent", ORDER, (64,)),  # the last approved orders, for the duplicate rule
    ("intents", INTENT, (INTENTS_MAX,)),
    ("commands", COMMAND, (COMMANDS_MAX,)),
    ("features", FEATURE, (FEATURES_MAX,)),
    ("crossings", CROSSING, (CROSSINGS_MAX,)),
    ("feature_values", "f8", (INSTRUMENTS_MAX, FEATURES_MAX)),  # those of a price in ticks
    ("feature_shown", "f8", (INSTRUMENTS_MAX, FEATURES_MAX)),  # the same in currency, for policies
    ("tick_numerator", "f8", (INSTRUMENTS_MAX,)),  # the tick in currency, as a fraction
    ("tick_denominator", "f8", (INSTRUMENTS_MAX,)),
    ("feature_state", "f8", (INSTRUMENTS_MAX, FEATURES_MAX, 2)),
    ("crossing_sign", "i1", (INSTRUMENTS_MAX, CROSSINGS_MAX)),
    ("bars", BAR, (INSTRUMENTS_MAX, BARS_KEPT)),  # a ring, adjusted for splits
    ("bar_count", "i8", (INSTRUMENTS_MAX,)),
    ("forming", BAR, (INSTRUMENTS_MAX,)),
    ("forming_open_ts", "i8", (INSTRUMENTS_MAX,)),
    ("session_open", "i8", (SESSION_TABLES_MAX, SESSIONS_MAX)),
    ("session_close", "i8", (SESSION_TABLES_MAX, SESSIONS_MAX)),
    ("session_count", "i8", (SESSION_TABLES_MAX,)),
    ("decisions", DECISION, (DECISIONS_KEPT,)),
    ("events", EVENT, (EVENTS_KEPT,)),
    ("postings", POSTING, (POSTINGS_KEPT,)),
    ("equity", EQUITY, (EQUITY_KEPT,)),
)


def new_state() -> np.ndarray:
    """An empty state: an array of one STATE record, zero but for what has another origin.

    >>> new_state()[0]["next_order_id"]
    np.int64(1)
    """
    state = np.zeros(1, STATE)
    state[0]["next_order_id"] = 1
    state[0]["next_execution"] = 1
    state[0]["timer_next_ns"] = -1
    state[0]["group_ts"] = -1
    return state
