"""The conformance suite: what every rule of the gate has to be, whatever it checks."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.kernels.state import GATE_INPUTS, INSTRUMENT_LIMITS, LIMITS
from seawall.model.reasons import Reason
from seawall.risk.gate import review
from seawall.risk.registry import RULES
from seawall.risk.rule import FAIL, NOT_EVALUATED, PASS_REDUCING, Rule

# Changes that put a rule at its limit, and those that put it one unit beyond.
EDGES: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "input_sanity": ({"overflow_bits": 62}, {"overflow_bits": 63}),
    "unit_types": ({"wanted_lots": 100}, {"wanted_lots": 101}),
    "price_collar": ({"limit_ticks": 11_000}, {"limit_ticks": 11_001}),
    "market_protection": (
        {"order_type": 1, "limit_ticks": 9_000},
        {"order_type": 1, "limit_ticks": 8_999},
    ),
    "order_quantity": ({"lots": 20_000}, {"lots": 20_001}),
    "volume_share": (
        {"lots": 49, "volume_average_lots": 999},
        {"lots": 50, "volume_average_lots": 999},
    ),
    "order_notional": ({"notional_minor": 25_000_000}, {"notional_minor": 25_000_001}),
    "duplicate_order": ({"duplicate_age_ns": 1_001}, {"duplicate_age_ns": 1_000}),
    "open_orders": ({"open_orders": 63}, {"open_orders": 64}),
    "open_orders_instrument": ({"open_orders_instrument": 3}, {"open_orders_instrument": 4}),
    "unexecuted_notional": ({"unexecuted_minor": 98_990_000}, {"unexecuted_minor": 98_990_001}),
    "capital": ({"cash_minor": 1_010_100}, {"cash_minor": 1_010_099}),
    "position_limit": ({"position_lots": 99_900}, {"position_lots": 99_901}),
    "short_sale": ({"side": -1, "position_lots": 100}, {"side": -1, "position_lots": 99}),
    "gross_exposure": ({"gross_after_minor": 100_000_000}, {"gross_after_minor": 100_000_001}),
    "net_exposure": ({"net_after_minor": 100_000_000}, {"net_after_minor": 100_000_001}),
    "single_name": ({"single_name_after_minor": 30_000_000}, {"single_name_after_minor": 30_000_001}),
    "leverage": ({"gross_after_minor": 200_000_000}, {"gross_after_minor": 200_000_001}),
    "position_existence": (
        {"reduce_only": 1, "side": -1, "position_lots": 100},
        {"reduce_only": 1, "side": -1, "position_lots": 99},
    ),
    "stale_data": ({"reference_age_ns": 300}, {"reference_age_ns": 301}),
    "daily_loss": ({"day_loss_minor": 4_999_999}, {"day_loss_minor": 5_000_000}),
    "drawdown": ({"drawdown_ppm": 199_999}, {"drawdown_ppm": 200_000}),
    "book_state": ({"book_state": 0}, {"book_state": 1}),
}

NO_PRICE = [{"reference_ticks": 0}, {"reference_ticks": -1}]
NO_NOTIONAL = [{"notional_minor": -1}, {"notional_minor": 0}]
NO_EQUITY = [{"equity_minor": 0}, {"equity_minor": -1}]
# Inputs that nobody knows; each has to fail the rule that looks at it.
UNKNOWN: dict[str, list[dict[str, int]]] = {
    "input_sanity": [{"known_instrument": 0}, {"limit_ticks": 0}, {"lots": 0}, {"overflow_bits": -1}],
    "unit_types": [{"wanted_lots": -1}],
    "price_collar": [*NO_PRICE, {"limit_ticks": 0}],
    "market_protection": [{"order_type": 1, **change} for change in [*NO_PRICE, {"limit_ticks": 0}]],
    "order_quantity": [{"lots": 0}, {"lots": -1}],
    "volume_share": [{"volume_known": 0}, {"volume_average_lots": 0}, {"volume_average_lots": -1}],
    "order_notional": NO_NOTIONAL,
    "duplicate_order": [{"duplicate_age_ns": -2}],
    "open_orders": [{"open_orders": -1}],
    "open_orders_instrument": [{"open_orders_instrument": -1}],
    "unexecuted_notional": [{"unexecuted_minor": -1}, *NO_NOTIONAL],
    "capital": [{"cash_minor": -1}, {"reserved_minor": -1}, {"fee_minor": -1}, *NO_NOTIONAL]
    + [{"margin_account": 1, **change} for change in [*NO_EQUITY, {"gross_after_minor": -1}]],
    "position_limit": [{"open_buy_lots": -1}, {"side": -1, "open_sell_lots": -1}],
    "short_sale": [{"side": -1, "open_sell_lots": -1, "position_lots": 1_000}],
    "gross_exposure": [{"gross_after_minor": -1}, *NO_EQUITY],
    "net_exposure": [{"net_after_minor": -1}, *NO_EQUITY],
    "single_name": [{"single_name_after_minor": -1}, *NO_EQUITY],
    "leverage": [{"gross_after_minor": -1}, *NO_EQUITY],
    "position_existence": [{"reduce_only": 1, "side": -1, "position_lots": 100, "open_sell_lots": -1}],
    "stale_data": [*NO_PRICE, {"reference_age_ns": -1}],
    "daily_loss": [{"day_known": 0}, {"day_start_minor": 0}, {"day_start_minor": -1}],
    "drawdown": [{"drawdown_ppm": -1}],
    "book_state": [{"book_state": -1}, {"book_state": 2}],
}

# CONTROLS.md section 1, "Applies to": the controls that orders which only reduce may pass.
PASSED_BY_REDUCING = {"C3", "C4", "C6", "C7", "C14", "C15", "C16", "C17", "C18", "C19", "C26", "C29", "C30"}

GROWS_TIGHTER = {"duplicate_window_ns", "cash_floor_minor", "initial_margin_ppm"}
NO_SWITCH = {"age_ns_max", "age_sessions_max"}
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def passes(rule: Rule, x: Any) -> bool:
    """The one meaning that all rules share."""
    value, limit, evaluated = rule.check(x)
    return bool(evaluated and value <= limit)


@every_rule
def test_at_the_limit_it_passes_and_one_unit_beyond_it_blocks(rule: Rule, inputs: Callable[..., Any]) -> None:
    """Headroom is exactly 0 at the edge, and less than 0 one unit further."""
    at, beyond = EDGES[rule.name]
    value, limit, evaluated = rule.check(inputs(**at))
    assert (limit - value, evaluated) == (0.0, True)
    value, limit, evaluated = rule.check(inputs(**beyond))
    assert limit - value < 0.0
    assert evaluated


@every_rule
def test_it_passes_sound_inputs(rule: Rule, inputs: Callable[..., Any]) -> None:
    """The suite spoils one input at a time, so the unspoiled ones must pass."""
    assert passes(rule, inputs())


@every_rule
def test_what_nobody_knows_fails_closed(rule: Rule, inputs: Callable[..., Any]) -> None:
    """Missing, zero and negative inputs block; none is read as a harmless number."""
    for unknown in UNKNOWN[rule.name]:
        assert not passes(rule, inputs(**unknown)), unknown


@every_rule
def test_a_record_of_zeros_passes_no_rule_that_has_a_limit(rule: Rule) -> None:
    """Limits that were never filled in allow nothing."""
    x = np.zeros(1, GATE_INPUTS)[0]
    x["side"], x["reduce_only"], x["order_type"] = -1, 1, 1
    x["lots"], x["book_state"] = 1, 1
    assert not passes(rule, x)


@every_rule
def test_reducing_orders_pass_as_the_controls_say(rule: Rule, a_state: Callable[..., Any]) -> None:
    """A failing or blind rule lets an order that only reduces through if its control says so."""
    assert rule.reducing == (rule.control in PASSED_BY_REDUCING)
    beyond = dict(EDGES[rule.name][1])
    if rule.name in {"price_collar", "market_protection"}:
        beyond["limit_ticks"] = 13_001  # reducing orders have the emergency collar first
    for spoiled in [beyond, *UNKNOWN[rule.name]]:
        s = a_state(**{**spoiled, "reducing": 1})
        decision = s["decisions"][0]
        review(s, decision)
        status = int(decision["rule_status"][rule.slot])
        assert status in ({PASS_REDUCING} if rule.reducing else {FAIL, NOT_EVALUATED}), spoiled


@every_rule
def test_it_keeps_no_state(rule: Rule, inputs: Callable[..., Any]) -> None:
    """Asked again, or after another order, it says the same; it writes nothing."""
    x = inputs(**EDGES[rule.name][1])
    before, first = x.tobytes(), rule.check(x)
    rule.check(inputs())
    assert rule.check(x) == first
    assert x.tobytes() == before


@every_rule
def test_its_description_is_whole(rule: Rule) -> None:
    """Control, unit, meaning and reasons stand there; its limits are fields that exist."""
    assert rule.control.startswith("C")
    assert rule.meaning
    assert rule.unit
    assert rule.reason is not Reason.NONE
    assert rule.blind_reason is not Reason.NONE
    for limit in rule.limits:
        assert limit in (*LIMITS.names, *INSTRUMENT_LIMITS.names)


NUMBERS = st.one_of(
    st.integers(-2, 3),
    st.sampled_from([100, 999_999, 1_000_000, 100_000_000]),
    st.integers(0, 10**12),
)
FLAGS = st.integers(0, 1)


@st.composite
def any_inputs(draw: st.DrawFn) -> Any:
    """Gate inputs of all kinds, impossible ones included."""
    x = np.zeros(1, GATE_INPUTS)[0]
    for name in GATE_INPUTS.names or ():
        kind = GATE_INPUTS.fields[name][0]
        if kind.names:
            for limit in kind.names:
                x[name][limit] = draw(FLAGS if kind[limit] == np.int32 else NUMBERS)
        else:
            x[name] = draw(FLAGS if kind == np.int32 else NUMBERS)
    x["side"] = draw(st.sampled_from([1, -1]))
    x["order_type"] = draw(st.integers(0, 4))
    return x


@settings(max_examples=150, deadline=None)
@given(any_inputs())
def test_compiled_and_plain_rules_agree(x: Any) -> None:
    """Machine code and its Python twin give the same three answers, to the bit."""
    for rule in RULES:
        plain = getattr(rule.check, "py_func", rule.check)
        assert tuple(rule.check(x)) == tuple(plain(x)), rule.name


@settings(max_examples=200, deadline=None)
@given(any_inputs(), st.data())
def test_tightening_a_limit_never_allows_what_was_blocked(x: Any, data: st.DataObject) -> None:
    """For every rule and each of its limits: blocked before means blocked after (A26)."""
    for rule in RULES:
        allowed = passes(rule, x)
        for field in rule.limits:
            for table in ("limits", "instrument_limits"):
                if field not in x[table].dtype.names:
                    continue
                tighter = x.copy()
                tighter[table][field] = _tightened(field, int(x[table][field]), data.draw(NUMBERS))
                assert allowed or not passes(rule, tighter), (rule.name, field)


def _tightened(field: str, limit: int, other: int) -> int:
    """The stricter of two limits; -1 is the loosest where it means that there is none."""
    if field in GROWS_TIGHTER:
        return max(limit, other)
    if field in NO_SWITCH:
        return min(limit, other)
    return min((limit, other), key=lambda number: number if number >= 0 else 2**62)
