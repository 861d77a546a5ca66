"""The breakers that are always on: daily loss, drawdown, and limits passed without an order.

Rule 1: called after each mark, before anything is decided on it.
Rule 2: a latch trips once, with one BREAKER_TRIPPED event; whatever equity does then, only
        orders that reduce pass. The daily latch is released by the next session where the
        limits say so (BREAKER_RESET), the drawdown latch by an operator's event alone.
Rule 3: a limit that the market carried the account past is a PASSIVE_BREACH event, once, and
        a PASSIVE_CURED event when it is back within. Nothing else has to be done: the rules
        compare what would stand after an order, which an opening order does not lessen.
Rule 4: of such events `amount_minor` is the value and `limit_ticks` the limit, both in the
        unit of the rule whose reason they carry; `instrument` is -1 unless it is one's own.

Theory of operation: `daily_loss_latched` holds the session in which it tripped, plus 2 (a
desk may start before session 0), so that it can tell a new one. `passive_breach` is a bit
set; single names keep their own mark beside their limits.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.kernels.records import new_event
from seawall.model.kinds import EventKind
from seawall.model.reasons import Reason
from seawall.model.units import share_ceil
from seawall.portfolio.ledger import position_exposure_minor

__all__ = ["GROSS_BREACH", "LEVERAGE_BREACH", "update_breakers"]

TRIPPED = int(EventKind.BREAKER_TRIPPED)
RESET = int(EventKind.BREAKER_RESET)
BREACH = int(EventKind.PASSIVE_BREACH)
CURED = int(EventKind.PASSIVE_CURED)
DAILY_LOSS = int(Reason.DAILY_LOSS_LIMIT)
DRAWDOWN = int(Reason.DRAWDOWN_LIMIT)
GROSS = int(Reason.GROSS_LIMIT)
LEVERAGE = int(Reason.LEVERAGE_LIMIT)
SINGLE_NAME = int(Reason.SINGLE_NAME_LIMIT)
GROSS_BREACH = 1
LEVERAGE_BREACH = 2
MILLION = 1_000_000


@kernel
def update_breakers(s: Any) -> None:
    """Trips, releases and records what the last mark makes of the limits."""
    _daily_loss(s)
    _drawdown(s)
    ledger, limits = s["ledger"], s["limits"]
    _account_breach(s, GROSS_BREACH, GROSS, ledger["gross_minor"], limits["gross_ppm_max"])
    _account_breach(s, LEVERAGE_BREACH, LEVERAGE, ledger["gross_minor"], limits["leverage_ppm_max"])
    for instrument in range(s["instrument_count"]):
        _single_name_breach(s, instrument)


@kernel
def _daily_loss(s: Any) -> None:
    ledger, limits = s["ledger"], s["limits"]
    session = ledger["day_session"] + 2
    loss = ledger["day_start_minor"] - ledger["equity_minor"]
    if s["daily_loss_latched"] != 0:
        if limits["daily_loss_resets"] == 1 and session > s["daily_loss_latched"]:
            s["daily_loss_latched"] = 0
            _record(s, RESET, DAILY_LOSS, -1, loss, _loss_limit(ledger, limits))
        else:
            return
    limit = _loss_limit(ledger, limits)
    if limit >= 0 and loss >= limit:
        s["daily_loss_latched"] = max(session, 1)
        _record(s, TRIPPED, DAILY_LOSS, -1, loss, limit)


@kernel
def _loss_limit(ledger: Any, limits: Any) -> int:
    """The loss that trips, the smaller of amount and share; -1 where neither is configured."""
    limit = limits["daily_loss_minor_max"]
    share = limits["daily_loss_ppm_max"]
    if share >= 0:
        most = share_ceil(max(ledger["day_start_minor"], 0), share, MILLION)
        limit = most if limit < 0 else min(limit, most)
    return limit


@kernel
def _drawdown(s: Any) -> None:
    limit, value = s["limits"]["drawdown_ppm_max"], s["ledger"]["drawdown_ppm"]
    if s["drawdown_latched"] == 0 and limit >= 0 and value >= limit:
        s["drawdown_latched"] = 1
        _record(s, TRIPPED, DRAWDOWN, -1, value, limit)


@kernel
def _account_breach(s: Any, bit: int, reason: int, value: int, share: int) -> None:
    limit = -share_ceil(-max(s["ledger"]["equity_minor"], 0), max(share, 0), MILLION)
    breached = share >= 0 and value > limit
    if breached != ((s["passive_breach"] & bit) != 0):
        s["passive_breach"] ^= bit
        _record(s, BREACH if breached else CURED, reason, -1, value, limit if share >= 0 else -1)


@kernel
def _single_name_breach(s: Any, instrument: int) -> None:
    limits = s["instrument_limits"][instrument]
    if s["net_lots"][instrument] == 0 and limits["passive_breach"] == 0:
        return
    share = limits["single_name_ppm_max"]
    value = abs(position_exposure_minor(s, instrument))
    limit = -share_ceil(-max(s["ledger"]["equity_minor"], 0), max(share, 0), MILLION)
    breached = share >= 0 and value > limit
    if breached != (limits["passive_breach"] != 0):
        limits["passive_breach"] = 1 if breached else 0
        kind = BREACH if breached else CURED
        _record(s, kind, SINGLE_NAME, instrument, value, limit if share >= 0 else -1)


@kernel
def _record(s: Any, kind: int, reason: int, instrument: int, value: int, limit: int) -> None:
    record = new_event(s, kind, 0)  # caused by the market rows that made the mark
    record["reason"] = reason
    record["instrument"] = instrument
    record["strategy"] = -1
    record["amount_minor"] = value
    record["limit_ticks"] = limit
    record["cash_minor"] = s["ledger"]["cash_minor"]
