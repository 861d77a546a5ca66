"""The engine's gate: all rules, one reason, and the one door to a venue."""

from collections.abc import Callable
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from seawall.kernels.records import new_decision, new_event
from seawall.kernels.state import COMMANDS_MAX, RULES_MAX
from seawall.model.kinds import CommandKind, DecisionKind, EventKind
from seawall.model.reasons import Reason
from seawall.risk import gate
from seawall.risk.registry import RULES
from seawall.risk.rule import FAIL, NOT_EVALUATED, PASS, PASS_REDUCING, UNUSED

REFUSED, APPROVED = int(DecisionKind.REFUSED), int(DecisionKind.APPROVED)


def a_decision(s: Any, kind: int) -> Any:
    """The next decision record; compiled code hands Python a copy, so it is looked up."""
    new_decision(s, kind, 0)
    return s["decisions"][s["decision_count"] - 1]


def reviewed(s: Any) -> Any:
    """The decision that the gate makes of the state's inputs."""
    decision = a_decision(s, REFUSED)
    gate.review(s, decision)
    return decision


def test_sound_inputs_are_approved(a_state: Callable[..., Any]) -> None:
    """Every rule passes, the unused places of the arrays stay empty, and there is no reason."""
    decision = reviewed(a_state())
    statuses = [int(status) for status in decision["rule_status"]]
    assert statuses == [PASS] * len(RULES) + [UNUSED] * (RULES_MAX - len(RULES))
    assert decision["kind"] == APPROVED
    assert decision["reason"] == Reason.NONE


@pytest.mark.parametrize("jitted", [True, False])
def test_each_rule_is_called_with_its_own_slot(jitted: bool, a_state: Callable[..., Any]) -> None:
    """The written-out calls are the registry: same value, limit and status in each slot."""
    generator = np.random.default_rng(7)
    review = gate.review if jitted else getattr(gate.review, "py_func", gate.review)
    for _ in range(50):
        s = a_state()
        x = s["gate_inputs"]
        for name in x.dtype.names:
            if name not in ("limits", "instrument_limits", "reducing"):
                x[name] = generator.integers(-2, 2_000_000) if generator.random() < 0.5 else x[name]
        decision = s["decisions"][0]
        failed = review(s, decision)
        expected = []
        for rule in RULES:
            value, limit, evaluated = rule.check(x)
            status = NOT_EVALUATED if not evaluated else PASS if value <= limit else FAIL
            expected.append((float(value), float(limit), status))
        arrays = (decision["rule_value"], decision["rule_limit"], decision["rule_status"])
        assert list(zip(*(array[: len(RULES)].tolist() for array in arrays), strict=True)) == expected
        assert failed == sum(status != PASS for _, _, status in expected)


def test_the_reason_is_the_first_in_order_of_precedence(a_state: Callable[..., Any]) -> None:
    """Six rules fail; the reason is the one with the lowest number, and all six are recorded."""
    s = a_state(limit_ticks=20_000, lots=30_000, drawdown_latched=1, gross_after_minor=10**9)
    decision = reviewed(s)
    failed = {rule.name for rule in RULES if decision["rule_status"][rule.slot] == FAIL}
    assert failed == {
        "unit_types",
        "price_collar",
        "order_quantity",
        "gross_exposure",
        "leverage",
        "drawdown",
    }
    assert decision["reason"] == Reason.UNIT_MISMATCH


def test_unknown_volume_has_a_reason_of_its_own(a_state: Callable[..., Any]) -> None:
    """A rule that could not be evaluated may be called otherwise than one that failed."""
    assert reviewed(a_state(volume_known=0))["reason"] == Reason.UNKNOWN_VOLUME
    assert reviewed(a_state(lots=50_000, wanted_lots=50_000))["reason"] == Reason.ORDER_QUANTITY


@pytest.mark.parametrize(("value", "limit"), [(nan, 1.0), (1.0, nan), (nan, nan), (nan, inf), (inf, 1.0)])
def test_what_is_not_a_number_never_passes(value: float, limit: float, a_state: Callable[..., Any]) -> None:
    """NaN compares with nothing, so it blocks."""
    s = a_state()
    decision = s["decisions"][0]
    assert gate._note(s["gate_inputs"], decision, 2, (value, limit, True)) == 1
    assert decision["rule_status"][2] == FAIL


def test_a_reducing_order_passes_a_tripped_breaker_and_is_marked(a_state: Callable[..., Any]) -> None:
    """Closing is possible on an old price, with no money, after the worst day; it is recorded."""
    s = a_state(
        side=-1, reducing=1, position_lots=100, reference_age_ns=10**15, drawdown_latched=1,
        daily_loss_latched=1, cash_minor=0, equity_minor=-5,
    )  # fmt: skip
    decision = reviewed(s)
    marked = {rule.control for rule in RULES if decision["rule_status"][rule.slot] == PASS_REDUCING}
    assert marked == {"C16", "C18", "C19", "C26", "C29", "C30"}
    assert (decision["kind"], decision["reason"], decision["reducing"]) == (APPROVED, 0, 1)


def an_order(s: Any, decision: Any, /, **changes: int) -> int:
    """The slot of an order as the order manager leaves it after an approval."""
    decision["order_id"] = 7
    order = s["orders"][0]
    event = new_event(s, int(EventKind.COMMAND_NEW), decision["sequence"])
    order["order_id"], order["decision"], order["last_event"] = 7, decision["sequence"], event["sequence"]
    order["quantity_lots"], order["limit_ticks"], order["side"] = 100, 10_100, 1
    order["order_type"], order["time_in_force"] = 2, 2
    for name, value in changes.items():
        order[name] = value
    return 0


def test_release_writes_the_command_of_an_approved_order(a_state: Callable[..., Any]) -> None:
    """The command is the order, and carries the number of its COMMAND_NEW event."""
    s = a_state()
    s["now_ns"], s["group_phase"] = 5_000, 2
    gate.release(s, an_order(s, reviewed(s), expires_ts=9_000))
    command = s["commands"][0]
    assert s["command_count"] == 1
    assert (command["kind"], command["order_id"], command["sequence"]) == (CommandKind.NEW, 7, 2)
    assert (command["quantity_lots"], command["limit_ticks"], command["side"]) == (100, 10_100, 1)
    assert (command["ts_sent"], command["phase"], command["expires_ts"]) == (5_000, 3, 9_000)


@pytest.mark.parametrize("changes", [
    {"quantity_lots": 101}, {"limit_ticks": 10_101}, {"side": -1}, {"order_type": 1}, {"order_id": 8},
    {"stop_ticks": 1}, {"instrument": 1}, {"decision": 99}, {"decision": 0}, {"last_event": 0},
])  # fmt: skip
def test_an_order_other_than_the_approved_one_is_never_released(
    changes: dict[str, int], a_state: Callable[..., Any]
) -> None:
    """One lot, one tick or another number: our own bug, which halts."""
    s = a_state()
    slot = an_order(s, reviewed(s), **changes)
    with pytest.raises(AssertionError):
        gate.release(s, slot)
    assert s["command_count"] == 0


def test_a_refused_order_is_never_released(a_state: Callable[..., Any]) -> None:
    """Nor is one whose decision nobody reviewed, whatever kind it claims to have."""
    s = a_state(drawdown_latched=1)
    with pytest.raises(AssertionError):
        gate.release(s, an_order(s, reviewed(s)))
    unreviewed = a_decision(s, APPROVED)
    unreviewed["lots"], unreviewed["limit_ticks"], unreviewed["side"] = 100, 10_100, 1
    unreviewed["order_type"] = 2
    with pytest.raises(AssertionError):
        gate.release(s, an_order(s, unreviewed))


def test_one_approval_lets_one_command_out(a_state: Callable[..., Any]) -> None:
    """The same order is not released twice, and the command table has an end."""
    s = a_state()
    slot = an_order(s, reviewed(s))
    gate.release(s, slot)
    with pytest.raises(AssertionError):
        gate.release(s, slot)
    s["command_count"] = COMMANDS_MAX
    with pytest.raises(AssertionError):
        gate.release(s, an_order(s, reviewed(s), order_id=7))
