"""C29: after a day's loss nothing is opened any more.

Rule 1: the loss is the equity at the session's start less the equity now, marked to market.
Rule 2: reaching the configured loss trips, so the largest loss that passes, which is the
        limit shown, is one minor unit less. Of an amount and a share the smaller counts.
Rule 3: once latched it stays so, whatever the equity does; risk/breakers.py releases it.
"""

from math import inf
from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.reasons import Reason
from seawall.model.units import share_ceil
from seawall.risk.rule import Grade, Rule

__all__ = ["DAILY_LOSS", "daily_loss"]

INF = inf
MILLION = 1_000_000


@kernel
def daily_loss(x: Any) -> tuple[float, float, bool]:
    """The loss since the session's start against the largest that has not tripped."""
    amount, share = x["limits"]["daily_loss_minor_max"], x["limits"]["daily_loss_ppm_max"]
    loss = float(x["day_loss_minor"])
    if x["daily_loss_latched"] != 0:
        return loss, -INF, True
    limit = INF
    if amount >= 0:
        limit = float(amount - 1)
    if share >= 0:
        limit = min(limit, float(share_ceil(x["day_start_minor"], share, MILLION) - 1))
    known = limit == INF or (x["day_known"] == 1 and x["day_start_minor"] > 0)
    return loss, limit, known


DAILY_LOSS = Rule(
    control="C29",
    slot=20,
    name="daily_loss",
    reason=Reason.DAILY_LOSS_LIMIT,
    blind_reason=Reason.DAILY_LOSS_LIMIT,
    grade=Grade.LATCH,
    unit="minor",
    reducing=True,
    limits=("daily_loss_minor_max", "daily_loss_ppm_max"),
    needs="the equity now and at the session's start",
    meaning="the loss since the session's start has not reached its limit, and is not latched",
    check=daily_loss,
)
