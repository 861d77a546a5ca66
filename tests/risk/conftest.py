"""What the gate's tests share: inputs on which every rule passes, to be spoiled one at a time."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from seawall.kernels.state import GATE_INPUTS, new_state
from seawall.risk.rule import Rule

INPUTS = {
    "lots": 100, "wanted_lots": 100, "limit_ticks": 10_100, "reference_ticks": 10_000, "reference_age_ns": 0,
    "reference_age_sessions": -1, "notional_minor": 1_010_000, "fee_minor": 100, "duplicate_age_ns": -1,
    "position_lots": 0, "cash_minor": 100_000_000, "equity_minor": 100_000_000,
    "day_start_minor": 100_000_000,
    "gross_after_minor": 1_010_000, "net_after_minor": 1_010_000, "single_name_after_minor": 1_010_000,
    "volume_average_lots": 1_000_000, "overflow_bits": 40, "side": 1, "order_type": 2, "time_in_force": 2,
    "known_instrument": 1, "volume_known": 1, "day_known": 1, "shortable": 1,
}  # fmt: skip
DESK = {
    "version": 1, "cash_floor_minor": 0, "order_notional_minor_max": 25_000_000,
    "unexecuted_notional_minor_max": 100_000_000, "gross_ppm_max": 1_000_000, "net_ppm_max": 1_000_000,
    "leverage_ppm_max": 2_000_000, "initial_margin_ppm": 500_000, "daily_loss_minor_max": 5_000_000,
    "daily_loss_ppm_max": 50_000, "drawdown_ppm_max": 200_000, "duplicate_window_ns": 1_000,
    "age_ns_max": 300, "age_sessions_max": 0, "emergency_collar_ppm": 300_000, "open_orders_max": 64,
}  # fmt: skip
INSTRUMENT = {
    "collar_ppm": 100_000, "order_lots_max": 20_000, "order_volume_ppm_max": 50_000,
    "order_notional_minor_max": 25_000_000, "long_lots_max": 100_000, "short_lots_max": 100_000,
    "single_name_ppm_max": 300_000, "open_orders_max": 4, "allowed": 1,
}  # fmt: skip


def change(x: Any, changes: dict[str, int]) -> None:
    """Sets inputs; `desk__` and `instrument__` before a name mean its field of the limits."""
    for name, value in changes.items():
        table, _, field = name.rpartition("__")
        if table:
            x["limits" if table == "desk" else "instrument_limits"][field] = value
        else:
            x[name] = value


@pytest.fixture(scope="session")
def inputs() -> Callable[..., Any]:
    """Makes a GATE_INPUTS record on which every rule passes, with the changes named."""

    def make(**changes: int) -> Any:
        x = np.zeros(1, GATE_INPUTS)[0]
        change(x, INPUTS)
        change(x, {f"desk__{name}": value for name, value in DESK.items()})
        change(x, {f"instrument__{name}": value for name, value in INSTRUMENT.items()})
        change(x, changes)
        return x

    return make


@pytest.fixture(scope="session")
def judge(inputs: Callable[..., Any]) -> Callable[..., tuple[float, float, str]]:
    """(value, limit, "pass" | "block" | "blind") of one rule on inputs with the changes named."""

    def verdict(rule: Rule, **changes: int) -> tuple[float, float, str]:
        value, limit, evaluated = rule.check(inputs(**changes))
        return value, limit, "blind" if not evaluated else "pass" if value <= limit else "block"

    return verdict


@pytest.fixture(scope="session")
def a_state(inputs: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a STATE record whose gate inputs are `inputs(...)`."""

    def make(**changes: int) -> Any:
        s = new_state()[0]
        s["gate_inputs"] = inputs(**changes)
        return s

    return make
