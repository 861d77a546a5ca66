"""What each rule said, for people: from the arrays of a decision to sentences.

Rule: made from the decision record alone, so that a run on disk explains itself.
"""

from collections.abc import Callable
from math import inf
from typing import Any

import msgspec

from seawall.risk.registry import RULES
from seawall.risk.rule import Rule, Status
from seawall.risk.rules.input_sanity import INPUT_SANITY, fault_names

__all__ = ["Verdict", "read_verdicts"]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One rule on one order; headroom = limit - value, in `unit`; cause is empty if it passed."""

    control: str
    rule: str
    status: Status
    value: float
    limit: float
    unit: str
    cause: str

    @property
    def headroom(self) -> float:
        """How much more would have passed; below zero by how much it did not."""
        return self.limit - self.value


def read_verdicts(decision: Any) -> tuple[Verdict, ...]:
    """The verdicts of a DECISION record, in the order of the rules' slots.

    >>> from seawall.kernels.state import new_state
    >>> from seawall.risk.gate import review
    >>> s = new_state()[0]
    >>> _ = review(s, s["decisions"][0])
    >>> read_verdicts(s["decisions"][0])[19].cause
    'not evaluated: needs a reference price and its age'
    """
    return tuple(_verdict(rule, decision) for rule in RULES)


def _verdict(rule: Rule, decision: Any) -> Verdict:
    value = float(decision["rule_value"][rule.slot])
    limit = float(decision["rule_limit"][rule.slot])
    status = Status(int(decision["rule_status"][rule.slot]))
    return Verdict(
        control=rule.control,
        rule=rule.name,
        status=status,
        value=value,
        limit=limit,
        unit=rule.unit,
        cause=_CAUSES[status](rule, value, limit),
    )


def _failed(rule: Rule, value: float, limit: float) -> str:
    if rule is INPUT_SANITY:
        return ", ".join(fault_names(value))
    if limit == -inf:
        return "latched: the breaker tripped and has not been released"
    return f"{value:,.15g} {rule.unit} is above {limit:,.15g}"


def _not_evaluated(rule: Rule, value: float, limit: float) -> str:
    return f"not evaluated: needs {rule.needs}"


def _reducing(rule: Rule, value: float, limit: float) -> str:
    over = _failed(rule, value, limit) if value > limit else _not_evaluated(rule, value, limit)
    return f"passes because the order only reduces; {over}"


def _nothing(rule: Rule, value: float, limit: float) -> str:
    return ""


_CAUSES: dict[Status, Callable[[Rule, float, float], str]] = {
    Status.UNUSED: _nothing,
    Status.PASS: _nothing,
    Status.FAIL: _failed,
    Status.NOT_EVALUATED: _not_evaluated,
    Status.PASS_REDUCING: _reducing,
}
