"""Verdicts in words, made from a decision record alone."""

from collections.abc import Callable
from math import inf
from typing import Any

from seawall.risk.gate import review
from seawall.risk.rule import Status
from seawall.risk.verdicts import Verdict, read_verdicts


def by_rule(s: Any) -> dict[str, Verdict]:
    """The verdicts of the state's inputs, by the name of the rule."""
    decision = s["decisions"][0]
    review(s, decision)
    return {verdict.rule: verdict for verdict in read_verdicts(decision)}


def test_a_failure_says_how_much_of_what(a_state: Callable[..., Any]) -> None:
    """Value, limit, headroom and unit, and the same as a sentence."""
    verdict = by_rule(a_state(lots=20_001))["order_quantity"]
    assert (verdict.control, verdict.status, verdict.headroom) == ("C6", Status.FAIL, -1.0)
    assert verdict.cause == "20,001 lots is above 20,000"


def test_a_pass_says_nothing_and_shows_its_headroom(a_state: Callable[..., Any]) -> None:
    """Without a limit the headroom has no end."""
    verdicts = by_rule(a_state(desk__gross_ppm_max=-1))
    assert verdicts["order_quantity"].cause == ""
    assert verdicts["order_quantity"].headroom == 19_900.0
    assert (verdicts["gross_exposure"].headroom, verdicts["gross_exposure"].status) == (inf, Status.PASS)


def test_invalid_input_is_named_fault_by_fault(a_state: Callable[..., Any]) -> None:
    """The bits of C1 are told in words."""
    assert by_rule(a_state(lots=0, side=0))["input_sanity"].cause == "lots not above 0, unknown side"


def test_what_was_missing_is_named(a_state: Callable[..., Any]) -> None:
    """NOT_EVALUATED says what it needed."""
    verdict = by_rule(a_state(volume_known=0))["volume_share"]
    assert (verdict.status, verdict.cause) == (
        Status.NOT_EVALUATED,
        "not evaluated: needs the average volume",
    )


def test_a_latch_is_told_from_a_limit(a_state: Callable[..., Any]) -> None:
    """The drawdown is 0 now; the latch is what blocks."""
    assert by_rule(a_state(drawdown_latched=1))["drawdown"].cause.startswith("latched: the breaker tripped")


def test_a_reducing_order_says_what_it_was_let_past(a_state: Callable[..., Any]) -> None:
    """An old price and no price read differently."""
    past = by_rule(a_state(reducing=1, reference_age_ns=301))["stale_data"]
    assert past.status is Status.PASS_REDUCING
    assert past.cause.startswith("passes because the order only reduces; 301 ns")
    blind = by_rule(a_state(reducing=1, reference_ticks=0))["price_collar"]
    assert blind.cause.endswith("not evaluated: needs a worst price and a reference price")
