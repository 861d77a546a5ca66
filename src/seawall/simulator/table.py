"""The venue's order table: how an order leaves it.

Rule 1: working orders stand in the order of their arrival, and keep it when one leaves.
Rule 2: an order that ends otherwise than by its last fill leaves with a report.
"""

from typing import Any

from seawall.kernels.jit import kernel
from seawall.simulator.reports import new_report

__all__ = ["end_order", "remove_order"]


@kernel
def end_order(v: Any, index: int, ts: int, kind: int, reason: int) -> None:
    """Ends a working order with a report and takes it from the table."""
    order = v["orders"][index]
    report = new_report(v, ts, order["order_id"], order["instrument"], kind, reason)
    report["cumulative_lots"] = order["cumulative_lots"]
    remove_order(v, index)


@kernel
def remove_order(v: Any, index: int) -> None:
    """Takes an order from the table; the others keep their order."""
    orders = v["orders"]
    v["instruments"][orders[index]["instrument"]]["working"] -= 1
    v["order_count"] -= 1
    for later in range(index, v["order_count"]):
        orders[later] = orders[later + 1]
