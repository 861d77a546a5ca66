"""C10: the same order is not approved twice within a window.

Rule 1: the same means strategy, instrument, side, lots, prices and intent, as whoever keeps
        the memory of approvals finds them; the rule sees the age of the last one only.
Rule 2: the window slides and ends: it is no counter that somebody would have to reset.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.model.reasons import Reason
from seawall.risk.rule import Rule

__all__ = ["DUPLICATE_ORDER", "duplicate_order"]


@kernel
def duplicate_order(x: Any) -> tuple[float, float, bool]:
    """Nanoseconds still to wait until the same order may go again; nothing but 0 passes.

    An age of -1 means that there was none within memory, a smaller one that nobody knows.
    """
    window = x["limits"]["duplicate_window_ns"]
    age = x["duplicate_age_ns"]
    if window < 0 or age == -1:
        return 0.0, 0.0, True
    return float(max(window - age + 1, 0)), 0.0, age >= 0


DUPLICATE_ORDER = Rule(
    control="C10",
    slot=7,
    name="duplicate_order",
    reason=Reason.DUPLICATE_ORDER,
    blind_reason=Reason.DUPLICATE_ORDER,
    unit="ns to wait",
    reducing=False,
    limits=("duplicate_window_ns",),
    needs="a memory of the last approvals",
    meaning="the same order was not approved within the window",
    check=duplicate_order,
)
