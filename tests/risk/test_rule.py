"""The description of a rule: frozen, and one meaning of each status."""

import pytest

from seawall.risk.registry import RULES
from seawall.risk.rule import FAIL, NOT_EVALUATED, PASS, PASS_REDUCING, UNUSED, Grade, Status


def test_statuses_have_the_numbers_that_runs_on_disk_carry() -> None:
    """0 to 4, the same for compiled code and for people."""
    assert [UNUSED, PASS, FAIL, NOT_EVALUATED, PASS_REDUCING] == [0, 1, 2, 3, 4] == list(Status)


def test_a_rule_cannot_be_changed_at_run_time() -> None:
    """A description is frozen; nobody makes a hard rule soft."""
    with pytest.raises(AttributeError):
        RULES[0].grade = Grade.SOFT


def test_breakers_are_latches_and_the_rest_is_hard() -> None:
    """C29 and C30 need somebody to release them; nothing of the first ring can be overridden."""
    assert {rule.control for rule in RULES if rule.grade is Grade.LATCH} == {"C29", "C30"}
    assert not [rule for rule in RULES if rule.grade is Grade.SOFT]
