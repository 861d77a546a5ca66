"""Marking one instrument: equity follows each move of a price, without a look at all the others.

Rule 1: after `remark` the ledger's worth, gross, net, equity, unrealised PnL and peak are those that
        `mark` would find; only what a mark counts over all instruments (stale marks, drawdown) is
        left to the next full one. Lots that changed since want that one first.
Rule 2: `group_alarm` is set as soon as a breaker could trip; the full mark then decides. The level is
        on the early side: an alarm too many costs a mark, one too few would be a loss unseen.

Theory of operation: `mark` leaves what each instrument was worth in `ticks`; a move of one price
changes the sums by the difference. The alarm level is computed with each full mark and with each
new peak, from the daily loss and drawdown limits that have not tripped yet.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.units import share_ceil
from seawall.portfolio.ledger import position_exposure_minor, position_worth_minor

__all__ = ["NO_ALARM", "remark", "set_alarm", "set_drawdown"]

NO_ALARM = -(1 << 62)
MILLION = 1_000_000


@kernel
def remark(s: Any, number: int) -> None:
    """Values what is held of one instrument at its new mark, and the account with it."""
    ledger = s["ledger"]
    tick = s["ticks"][number]
    worth = position_worth_minor(s, number)
    exposure = position_exposure_minor(s, number)
    ledger["worth_minor"] += worth - tick["worth_minor"]
    ledger["net_minor"] += exposure - tick["exposure_minor"]
    ledger["gross_minor"] += abs(exposure) - abs(tick["exposure_minor"])
    tick["worth_minor"] = worth
    tick["exposure_minor"] = exposure
    ledger["equity_minor"] = ledger["cash_minor"] + ledger["worth_minor"]
    ledger["unrealised_minor"] = ledger["worth_minor"] - ledger["cost_minor"]
    if ledger["equity_minor"] > ledger["peak_minor"]:
        ledger["peak_minor"] = ledger["equity_minor"]
        set_alarm(s)
    elif ledger["equity_minor"] <= s["alarm_minor"]:
        s["group_alarm"] = 1


@kernel
def set_drawdown(s: Any) -> None:
    """The drawdown of the present equity, for a wake without a full mark."""
    ledger = s["ledger"]
    peak = ledger["peak_minor"]
    ledger["drawdown_ppm"] = share_ceil(peak - ledger["equity_minor"], MILLION, peak) if peak > 0 else 0


@kernel
def set_alarm(s: Any) -> None:
    """The equity at or below which a breaker could trip; NO_ALARM where none can."""
    ledger, limits = s["ledger"], s["limits"]
    level = NO_ALARM
    if s["drawdown_latched"] == 0 and limits["drawdown_ppm_max"] >= 0 and ledger["peak_minor"] > 0:
        share = max(limits["drawdown_ppm_max"] - 1, 0)  # the drawdown is rounded up
        level = max(level, ledger["peak_minor"] - share_ceil(ledger["peak_minor"], share, MILLION) + 1)
    if s["daily_loss_latched"] == 0:
        if limits["daily_loss_minor_max"] >= 0:
            level = max(level, ledger["day_start_minor"] - limits["daily_loss_minor_max"])
        if limits["daily_loss_ppm_max"] >= 0:
            start = max(ledger["day_start_minor"], 0)
            level = max(
                level, ledger["day_start_minor"] - share_ceil(start, limits["daily_loss_ppm_max"], MILLION)
            )
    s["alarm_minor"] = level
