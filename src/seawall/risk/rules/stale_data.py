"""C26: no risk is opened on a price that is older than the limit, or on none.

Rule 1: daily instruments count the age in sessions, others in nanoseconds. Whoever gathers
        the inputs leaves the other one at -1 where it does not apply.
Rule 2: an age that nobody knows is no age: NOT_EVALUATED. There is no switch: a limit of
        -1 refuses all.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.reasons import Reason
from seawall.risk.rule import Rule

__all__ = ["STALE_DATA", "stale_data"]


@kernel
def stale_data(x: Any) -> tuple[float, float, bool]:
    """The age of the reference price against the largest allowed one."""
    known = x["reference_ticks"] > 0
    if x["reference_age_sessions"] >= 0:
        return float(x["reference_age_sessions"]), float(x["limits"]["age_sessions_max"]), known
    age = x["reference_age_ns"]
    return float(age), float(x["limits"]["age_ns_max"]), known and age >= 0


STALE_DATA = Rule(
    control="C26",
    slot=19,
    name="stale_data",
    reason=Reason.STALE_DATA,
    blind_reason=Reason.STALE_DATA,
    unit="ns, or sessions of daily data",
    reducing=True,
    limits=("age_ns_max", "age_sessions_max"),
    needs="a reference price and its age",
    meaning="the reference price is young enough",
    check=stale_data,
)
